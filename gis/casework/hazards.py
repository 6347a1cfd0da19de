"""Hazards (隐患): a loop that cannot close on paper.

Found → told → put right → looked at again by somebody else → struck off. A major one needs the
five things settled (责任 时限 措施 资金 预案) before anybody may say it is done, and whatever stays
open longer needs a measure that protects people meanwhile. It is struck off only with a picture
before and one after, taken at the same place, and after a re-check by another person than whoever
handled it. Under listed supervision (挂牌督办) more time is asked for early enough. The same
category at the same place within 90 days is a relapse (:mod:`gis.casework.places`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.casework import places
from gis.casework import policy
from gis.casework.calendar import Calendar
from gis.casework.forms import Ask
from gis.casework.forms import values
from gis.errors import BadInput
from gis.i18n import joined
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from datetime import datetime
    from decimal import Decimal

    import psycopg

    from gis.casework.kinds import Case
    from gis.casework.kinds import Event

_queries = aiosql.from_path(Path(__file__).with_name("hazards.sql"), "psycopg", mandatory_parameters=False)

MAJOR = 1
WIDEST_M = 10_000
GRAVE = (1, 2)
"""Levels that stay open only under an interim measure."""
FIVE = ("duty", "deadline", "means", "funds", "plan")


class LevelMissing(BadInput):
    """A hazard without a level."""

    template = "隐患还没有定级。"
    cure = "请选定重大、较大、一般或低;等级决定要落实什么、由谁督办。"
    http_status = 409


class FiveMissing(BadInput):
    """A major hazard is said to be done while the five things are not settled."""

    template = "重大隐患还没有“五落实”:{labels}。"
    cure = "请先用“五落实”写明责任、时限、措施、资金和预案,再反馈。"
    http_status = 409


class InterimMissing(BadInput):
    """A grave hazard is to stay open, and nothing protects people meanwhile."""

    template = "重大、较大隐患没有临时防护措施,不能延期或挂起。"
    cure = "请先记录临时措施(警戒、停用、疏散等),再申请。"
    http_status = 409


class SamePerson(BadInput):
    """Whoever handled it wants to find it removed."""

    template = "隐患复查须由另一个人完成:{who} 处置过这条隐患。"
    cure = "请让没有参与处置的人到场复查、拍照。"
    http_status = 409


class PicturesMissing(BadInput):
    """There is no picture before, or none after."""

    template = "缺少{what}照片。"
    cure = "请在现场补拍并上传;返工或重新立案之前的“整改后”照片不算数。"
    http_status = 409


class PictureNowhere(BadInput):
    """The picture after has no place."""

    template = "“整改后”照片没有位置,无法证明是在同一地点拍的。"
    cure = "请在现场打开定位后重新拍摄上传,或在提交时允许浏览器读取位置。"
    http_status = 409


class PicturesApart(BadInput):
    """The pictures were not taken at the same place, or the one after is not the later one."""

    template = "整改前后的照片不在同一地点:最近的一对相距 {metres} 米,最多 {most} 米。"
    cure = "请在发现隐患的地点重新拍摄“整改后”照片。"
    http_status = 409


class PicturesAlike(BadInput):
    """The same picture twice, or the one after is older."""

    template = "“整改后”照片与整改前是同一张,或者拍得更早。"
    cure = "请上传整改完成后拍摄的照片。"
    http_status = 409


class NotRechecked(BadInput):
    """It is to be struck off without a re-check."""

    template = "隐患还没有经另一人复查通过,不能销号。"
    cure = "请先核查,并附整改前后的照片。"
    http_status = 409


class TooLate(BadInput):
    """An extension is asked for too late."""

    template = "挂牌督办的隐患须在期限({deadline})前至少 {days} 个工作日申请延期,最晚是 {last}。"
    cure = "期限不能再延;请按期整改,或由领导研究处置。"
    http_status = 409


class DeadlineUnfit(BadInput):
    """A deadline that cannot be."""

    template = "期限 {day} 不合适。"
    cure = "期限须从今天起;挂牌督办最长一年;延期须晚于原期限。"


@dataclass(frozen=True, slots=True)
class Stand:
    """How a hazard stands: what its rules ask."""

    duty: str = ""
    deadline: date | None = None
    means: str = ""
    funds: Decimal | None = None
    funding: str = ""
    plan: str = ""
    settled: bool = False
    interim: str = ""
    listed_on: date | None = None
    extended_to: date | None = None
    checked_by: str | None = None

    @property
    def until(self) -> date | None:
        """Last day, with the extension."""
        return self.extended_to or self.deadline


@dataclass(frozen=True, slots=True)
class Hazard:
    """A hazard as its page shows it; texts are masked for whoever must not read them.

    ``apart_m`` is the distance in metres between the pictures before and after, ``radius_m`` how
    far its effect reaches, ``relapse`` the code of the case it is a relapse of.
    """

    radius_m: Decimal | None
    demand: str
    duty: str
    deadline: date | None
    means: str
    funds: Decimal | None
    funding: str
    plan: str
    measured_at: datetime | None
    interim: str
    interim_at: datetime | None
    listed_on: date | None
    extended_to: date | None
    checked_by: str | None
    checked_at: datetime | None
    apart_m: float | None
    building: str | None
    relapse: str | None


def asks(act: str) -> tuple[Ask, ...]:
    """Give what an act of a hazard asks besides what the flow asks."""
    if act in {"report", "accept", "change"}:
        return (
            Ask("level", "choice", _("隐患等级"), choices=policy.hazard_levels()),
            Ask("radius_m", "number", _("影响半径(米)"), most=WIDEST_M),
            Ask("demand", "long", _("整改要求")),
            Ask("interim", "long", _("临时措施"), hint=_("整改完成前怎样防止伤人:警戒、停用、疏散等")),
        )
    if act == "measures":
        return (
            Ask("duty", "text", _("责任(单位和岗位)"), required=True),
            Ask("deadline", "date", _("时限"), required=True),
            Ask("means", "long", _("措施"), required=True),
            Ask("funds", "number", _("资金(元)"), required=True),
            Ask("funding", "text", _("资金来源"), required=True),
            Ask("plan", "long", _("预案"), required=True),
            Ask("radius_m", "number", _("影响半径(米)"), most=WIDEST_M),
            Ask("listed", "flag", _("挂牌督办"), hint=_("挂牌督办最长一年,延期须提前 20 个工作日申请")),
        )
    return ()


def check(conn: psycopg.Connection[Any], case: Case, act: str, found: Mapping[str, Any]) -> None:
    """Refuse what the rules of hazards forbid now.

    Raises
    ------
    LevelMissing, FiveMissing, InterimMissing, SamePerson, NotRechecked, TooLate, DeadlineUnfit
        The first rule that forbids it.
    """
    level = _level(case, found)
    stand = standing(conn, case.incident_id)
    interim = found.get("interim") or stand.interim
    if act == "accept" and level is None:
        raise LevelMissing
    if act in {"answer", "report"} and level == MAJOR and not stand.settled and (act == "answer" or found.get("self")):
        raise FiveMissing(labels=joined(missing(stand)))
    if act in {"extend", "suspend"} and level in GRAVE and not interim:
        raise InterimMissing
    if act == "measures":
        _deadline(conn, found)
    if act == "extend":
        _extend(conn, stand, found)
    if act == "check" and found.get("result") == "pass":
        _other(conn, case.incident_id)
    if act == "close" and stand.checked_by is None:
        raise NotRechecked


def write(conn: psycopg.Connection[Any], case: Case, event: Event) -> None:
    """Keep what an event says of a hazard; a re-check that passes needs its pictures.

    Raises
    ------
    PicturesMissing, PictureNowhere, PicturesApart, PicturesAlike
        The pictures do not show that it was removed.
    """
    found = values(asks(event.act), event.data)
    given = {"incident": case.incident_id, "at": event.at}
    _open(conn, case.incident_id)
    if event.act in {"report", "accept", "change", "interim"}:
        told = {key: found.get(key) for key in ("demand", "radius_m", "interim")}
        if event.act == "interim":
            told["interim"] = event.note
        conn.execute(_queries.settle.sql, given | told)
    if event.act in {"report", "import"}:
        places.relapses(conn, [case.incident_id])
    if event.act == "measures":
        conn.execute(_queries.measures.sql, given | {"radius_m": None, "listed": False} | found)
    if event.act == "extend" and event.data.get("result") == "granted":
        conn.execute(_queries.extend.sql, given | {"until": event.data.get("until")})
    if event.act == "check" and event.data.get("result") == "pass":
        apart = pictures(conn, case.incident_id)
        row = conn.execute("SELECT atlas.actor_name()").fetchone()
        conn.execute(_queries.checked.sql, given | {"by": row and row[0], "apart": apart})
    elif event.act in {"reopen", "check"}:
        conn.execute(_queries.checked.sql, given | {"by": None, "at": None, "apart": None})


def standing(conn: psycopg.Connection[Any], incident_id: int) -> Stand:
    """Give how a hazard stands; an empty one where nothing was said of it yet."""
    with conn.cursor(row_factory=class_row(Stand)) as cursor:
        return cursor.execute(_queries.stand.sql, {"incident": incident_id}).fetchone() or Stand()


def missing(stand: Stand) -> list[str]:
    """Name the things of the five that are not settled, in the language in force."""
    labels = dict(zip(FIVE, (_("责任"), _("时限"), _("措施"), _("资金"), _("预案")), strict=True))
    return [labels[name] for name in FIVE if getattr(stand, name) in {None, ""}]


def pictures(conn: psycopg.Connection[Any], incident_id: int) -> float:
    """Give the distance in metres between the pictures before and after; they have to be at the same place.

    A picture is where the camera noted, else where the person stood when it was sent; one before
    without either is where the case lies, and so is one that never came because the case was
    imported. Pictures after that were taken before the last rework
    do not count, nor does the same picture twice.

    Raises
    ------
    PicturesMissing, PictureNowhere, PicturesAlike, PicturesApart
    """
    row = conn.execute(_queries.pair.sql, {"incident": incident_id}).fetchone()
    assert row is not None
    before, after, placed, pairs, apart = row
    if not before or not after:
        raise PicturesMissing(what=joined(word for word, n in ((_("整改前"), before), (_("整改后"), after)) if not n))
    if not placed:
        raise PictureNowhere
    if not pairs:
        raise PicturesAlike
    most = policy.amount("photo_apart_m", places.today(conn))
    if apart > most:
        raise PicturesApart(metres=round(apart), most=most)
    return float(apart)


def detail(conn: psycopg.Connection[Any], incident_id: int) -> Hazard | None:
    """Give a hazard as its page shows it; None where nothing was said of it yet, or it is not the actor's to see."""
    with conn.cursor(row_factory=class_row(Hazard)) as cursor:
        return cursor.execute(_queries.detail.sql, {"incident": incident_id}).fetchone()


def last_request(calendar: Calendar, deadline: date, days: int) -> date:
    """Give the last day on which more time may be asked for.

    Parameters
    ----------
    calendar : Calendar
        Of the office.
    deadline : date
        Last day of the term.
    days : int
        Work-days that have to lie after the day of the request, the deadline included.
    """
    day, left = deadline, days
    while left > 0:
        left -= calendar.is_workday(day)
        day -= timedelta(days=1)
    return day


def _open(conn: psycopg.Connection[Any], incident_id: int) -> None:
    conn.execute(_queries.open.sql, {"incident": incident_id, "building": places.building(conn, incident_id)})


def _level(case: Case, found: Mapping[str, Any]) -> int | None:
    return int(found["level"]) if found.get("level") else case.level


def _deadline(conn: psycopg.Connection[Any], found: Mapping[str, Any]) -> None:
    day = places.today(conn)
    longest = day + timedelta(days=policy.amount("listed_days", day))
    if found["deadline"] < day or (found.get("listed") and found["deadline"] > longest):
        raise DeadlineUnfit(day=found["deadline"].isoformat())


def _extend(conn: psycopg.Connection[Any], stand: Stand, found: Mapping[str, Any]) -> None:
    until, result = found.get("until"), found.get("result")
    if stand.until is None or result == "refused":
        return
    if until is not None and until <= stand.until:
        raise DeadlineUnfit(day=until.isoformat())
    if stand.listed_on is None or result != "asked":  # whoever asked in time may be answered later
        return
    day = places.today(conn)
    days = policy.amount("listed_extension_work_days", day)
    last = last_request(Calendar.of(conn), stand.until, days)
    if day > last:
        raise TooLate(deadline=stand.until.isoformat(), days=days, last=last.isoformat())


def _other(conn: psycopg.Connection[Any], incident_id: int) -> None:
    row = conn.execute("SELECT atlas.actor_name()").fetchone()
    assert row is not None
    handlers = {name for (name,) in conn.execute(_queries.handlers.sql, {"incident": incident_id})}
    if row[0] in handlers:
        raise SamePerson(who=row[0])
