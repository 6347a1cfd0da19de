"""Visits (走访) and tracks (轨迹): recorded by form, read for pages, questioned, answered.

A question (:class:`~gis.vocabulary.Doubt`) is never a penalty: the visit does not count as
coverage until somebody says what was the matter, and whoever made it cannot answer himself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from zoneinfo import ZoneInfo

import aiosql
import numpy as np
import psycopg
from psycopg.rows import class_row

from gis import crs
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import NotAllowed
from gis.errors import NotFound
from gis.i18n import translate as _
from gis.records import people
from gis.records import presence
from gis.records.buildings import BuildingUnknown
from gis.records.bulk import LOCAL_TIME
from gis.records.grids import GridUnknown
from gis.vocabulary import Datum
from gis.vocabulary import Doubt

if TYPE_CHECKING:
    from datetime import datetime

    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("visits.sql"), "psycopg", mandatory_parameters=False)

SHORTEST, LONGEST = 4, 500
"""Characters of an answer."""


class VisitUnknown(NotFound):
    """No visit has this number, or it is outside the actor's scope."""

    template = "没有这次走访,或它不在你的管辖范围内。"
    cure = "请在列表里重新选择。"


class VisitThere(BadInput):
    """The same person was recorded at the same time and place before."""

    template = "{person} 在 {at} 的这次走访已经记录过。"
    cure = "请检查时间;同一次走访只记一次。"
    http_status = 409


class NothingAsked(BadInput):
    """The visit has no question that could be answered."""

    template = "这次走访没有疑问,不需要说明。"
    cure = "请在“待核实”列表里选择。"


class AnswerShort(BadInput):
    """An answer nobody could check later."""

    template = "说明要写 {least} 到 {most} 个字。"
    cure = "请写清核实了什么,例如向谁、怎样核实。"


class OwnVisit(BadInput):
    """Somebody would answer the question about his own visit."""

    template = "自己的走访要由别人核实。"
    cure = "请让同事或上级核实并说明。"
    http_status = 403


class WhoseVisit(BadInput):
    """Nobody was named, and the account stands for nobody."""

    template = "没有写明是谁的走访,你的账号也没有对应的人员。"
    cure = "请填工号,或请系统管理员把账号与人员对应起来。"


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit.

    Attributes
    ----------
    doubts : list of str
        Open or answered questions; :func:`question` says them in words.
    counts : bool
        Whether it counts as coverage.
    longitude, latitude : float or None
        EPSG:4490, degrees.
    """

    id: int
    code: str
    person: str | None
    name: str | None
    grid: str | None
    building: str | None
    area: str | None
    visited_at: datetime
    note: str
    doubts: list[str]
    answer: str | None
    answered_by: str | None
    dismissed: bool
    counts: bool
    longitude: float | None
    latitude: float | None


@dataclass(frozen=True, slots=True)
class Track:
    """One track: how long it is, and how much of it counts, metres."""

    id: int
    code: str
    person: str | None
    name: str | None
    started_at: datetime
    ended_at: datetime
    doubts: list[str]
    length_m: float
    counted_m: float


def question(doubt: str) -> str:
    """Say a question in one sentence, with the limit it comes from."""
    limits = presence.limits()
    told = {
        Doubt.OUTSIDE: _("定位不在所填的网格或楼栋(允许偏差 {grid:g} 米和 {building:g} 米)。"),
        Doubt.SPEED: _("与同一人的前一次或后一次相比,要走得比每小时 {kmh:g} 公里还快。"),
        Doubt.NO_PLACE: _("没有定位,也没有写明楼栋。"),
        Doubt.FUTURE: _("时间晚于录入的时刻。"),
        Doubt.SAME_MINUTE: _("同一人在同一分钟里有 {visits:g} 次或更多走访。"),
        Doubt.EVEN: _("文件没有写途中的时间,按起止时间均匀推算。"),
    }
    figures = {
        "grid": limits["grid_slack_m"], "building": limits["building_slack_m"], "kmh": limits["visit_kmh"],
        "visits": limits["same_minute_visits"],
    }  # fmt: skip
    return told[Doubt(doubt)].format(**figures)


# reading ----------------------------------------------------------------------------------------


def listing(
    conn: psycopg.Connection[Any],
    *,
    network: str | None = None,
    grid: str | None = None,
    building: str | None = None,
    person: str | None = None,
    since: datetime | None = None,
    waiting: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> list[Visit]:
    """Give visits, newest first; ``waiting``: only those with a question nobody has answered."""
    given = {
        "network": network, "grid": grid, "building": building, "person": person, "since": since, "waiting": waiting,
        "limit": limit, "offset": offset, "id": None,
    }  # fmt: skip
    with conn.cursor(row_factory=class_row(Visit)) as cursor:
        return cursor.execute(_queries.visits.sql, given).fetchall()


def get(conn: psycopg.Connection[Any], visit: int) -> Visit:
    """Give one visit.

    Raises
    ------
    VisitUnknown
        There is none, or none the actor sees.
    """
    given = dict.fromkeys(("network", "grid", "building", "person", "since"))
    with conn.cursor(row_factory=class_row(Visit)) as cursor:
        found = cursor.execute(
            _queries.visits.sql, {**given, "waiting": False, "limit": 1, "offset": 0, "id": visit}
        ).fetchone()
    if found is None:
        raise VisitUnknown
    return found


def waiting(conn: psycopg.Connection[Any]) -> dict[str, int]:
    """Count the questions that wait for an answer, by kind."""
    return dict(conn.execute(_queries.waiting.sql).fetchall())


def tracks(
    conn: psycopg.Connection[Any], *, person: str | None = None, since: datetime | None = None, limit: int = 50
) -> list[Track]:
    """Give tracks, newest first."""
    with conn.cursor(row_factory=class_row(Track)) as cursor:
        return cursor.execute(_queries.tracks.sql, {"person": person, "since": since, "limit": limit}).fetchall()


# writing ----------------------------------------------------------------------------------------


def record_visit(
    actor: Actor,
    *,
    at: datetime,
    person: str | None = None,
    grid: str | None = None,
    building: str | None = None,
    place: tuple[float, float] | None = None,
    datum: Datum | str = Datum.CGCS2000,
    network: str = "comprehensive",
    note: str = "",
) -> Visit:
    """Record a visit by form; what cannot be true comes back as its questions.

    Parameters
    ----------
    actor : Actor
        A worker, for himself; a supervisor, for the people of his scope.
    at : datetime
        When; without a zone it is local time.
    person : str, optional
        Staff number; default: whom the actor's account stands for.
    grid, building : str, optional
        Codes of what was visited; without a grid it is the one the place lies in.
    place : tuple of float, optional
        Longitude and latitude in degrees, in the given ``datum``.
    network : str
        Network of the grid.
    note : str
        What there was to say.

    Raises
    ------
    WhoseVisit, PersonUnknown, GridUnknown, BuildingUnknown, VisitThere, NotAllowed
    """
    lon, lat = _degrees(place, datum)
    at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(LOCAL_TIME))
    with session(actor) as conn:
        who = (person or "").strip() or _own(conn)
        found = conn.execute(people._queries.grid.sql, {"network": network, "grid": grid}).fetchone()  # noqa: SLF001 - one floor
        if found is None or (grid and not found[1]):
            raise GridUnknown(code=grid or network)
        if building and conn.execute(_queries.building.sql, {"code": building}).fetchone() is None:
            raise BuildingUnknown(code=building)
        parts = [who, _stamp(at), building or grid or ""]
        given = {
            "code": "/".join(part for part in parts if part),
            "person": people.person_id(conn, who), "network": found[0], "grid": grid, "building": building,
            "at": at, "note": note.strip(), "lon": lon, "lat": lat,
        }  # fmt: skip
        try:
            with conn.transaction():
                made = conn.execute(_queries.record.sql, given).fetchone()
        except psycopg.errors.UniqueViolation as error:
            raise VisitThere(person=who, at=at.isoformat(sep=" ", timespec="minutes")) from error
        assert made is not None
        presence.question(conn, [made[0]])
        visit = get(conn, made[0])
        after = {"person": who, "at": at.isoformat(), "grid": visit.grid, "building": building, "doubts": visit.doubts}
        people.note(conn, "record", "visit", visit.code, after=after)
        return visit


def answer_visit(actor: Actor, visit: int, text: str, *, counts: bool = True) -> Visit:
    """Say what was the matter with a questioned visit.

    Parameters
    ----------
    actor : Actor
        A supervisor in whose scope it lies; not whoever made it.
    visit : int
        Its number.
    text : str
        What was found out, 4 to 500 characters.
    counts : bool
        Whether it was a visit after all; False: a wrong record, which does not count.

    Raises
    ------
    AnswerShort, VisitUnknown, NothingAsked, OwnVisit, NotAllowed
    """
    words = " ".join(text.split())
    if not SHORTEST <= len(words) <= LONGEST:
        raise AnswerShort(least=SHORTEST, most=LONGEST)
    with session(actor) as conn:
        before = get(conn, visit)
        if not before.doubts:
            raise NothingAsked
        own = conn.execute(_queries.is_own.sql, {"id": visit}).fetchone()
        if own and own[0]:
            raise OwnVisit
        beside = presence.neighbours(conn, [visit])
        given = {"id": visit, "text": words, "who": actor.name, "dismissed": not counts}
        if conn.execute(_queries.answer.sql, given).rowcount != 1:
            raise NotAllowed
        presence.question(conn, beside)  # a wrong record raises no question about others
        told = {"answer": before.answer, "counts": before.counts}
        after = {"doubts": before.doubts, "answer": words, "counts": counts}
        people.note(conn, "answer", "visit", before.code, before=told, after=after)
        return get(conn, visit)


def _own(conn: psycopg.Connection[Any]) -> str:
    found = conn.execute(_queries.own.sql).fetchone()
    if found is None:
        raise WhoseVisit
    return str(found[0])


def _stamp(at: datetime) -> str:
    """Write a moment as the codes of imported visits do: the same visit by file is the same visit."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _degrees(place: tuple[float, float] | None, datum: Datum | str) -> tuple[float | None, float | None]:
    if place is None:
        return None, None
    lon, lat = crs.to_cgcs2000(str(datum), np.array([place[0]]), np.array([place[1]]))
    return float(lon[0]), float(lat[0])
