"""Enforcement cases (综合执法): legal basis, two officers, stages with dates, and what was decided.

Rules of 行政处罚法 (2021): two officers with cards (art. 42), facts and the right to be heard told
before a decision (44), a hearing where it was asked for (63, 64), a legal review where it is
needed (58), fines on the spot up to a limit (51), no penalty after two years (36), the whole
process on record (47); of 行政强制法: a reminder before execution (35), none at night or on a
public holiday unless it is urgent (43). The clocks (90 days to decide, 7 to deliver) run in
:mod:`gis.casework.timing`. Whoever is penalised stands in :mod:`gis.casework.parties`.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.casework import law
from gis.casework import places
from gis.casework import policy
from gis.casework import stages
from gis.casework.calendar import Calendar
from gis.casework.forms import OFFICE
from gis.casework.forms import Ask
from gis.casework.forms import FieldMissing
from gis.casework.forms import values
from gis.casework.officers import Officer
from gis.casework.officers import appoint
from gis.casework.officers import lapsed
from gis.casework.officers import of_case
from gis.i18n import joined
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    import psycopg

    from gis.casework.kinds import Case
    from gis.casework.kinds import Event

_queries = aiosql.from_path(Path(__file__).with_name("enforcement.sql"), "psycopg", mandatory_parameters=False)

AHEAD = timedelta(minutes=10)
"""Clocks of phones differ: so far ahead is not yet the future."""
ON_THE_SPOT = frozenset({"warning", "fine"})
NO_PENALTY = frozenset({"none", "correct", "transfer"})
NOTHING_TO_DELIVER = frozenset({"none", "transfer"})
NOTHING_TO_PERFORM = frozenset({"none", "transfer", "warning"})


@dataclass(frozen=True, slots=True)
class Stand:
    """How an enforcement case stands: what its rules ask; ``stages`` maps a stage to when it was reached."""

    procedure: str = "ordinary"
    cause: str = ""
    basis: str = ""
    offender: str | None = None
    acted_on: date | None = None
    grave: bool = False
    reviewed: bool = False
    hearing: str | None = None
    measures: list[str] = field(default_factory=list)
    amount: Decimal | None = None
    stages: dict[str, datetime] = field(default_factory=dict)
    officers: int = 0


@dataclass(frozen=True, slots=True)
class Enforcement:
    """An enforcement case as its page shows it, with its officers and the record of the whole process."""

    procedure: str
    source: str
    cause: str
    basis: str
    item: str
    offender: str | None
    acted_on: date | None
    grave: bool
    reviewed: bool
    hearing: str | None
    decision: str
    measures: list[str]
    amount: Decimal | None
    officers: list[Officer] = field(default_factory=list)
    record: list[stages.Step] = field(default_factory=list)


def measures() -> tuple[tuple[str, str], ...]:
    """Give what may be decided, in the language in force (domain facts §2.4)."""
    return (
        ("warning", _("警告")), ("fine", _("罚款")), ("confiscate", _("没收")), ("correct", _("责令改正")),
        ("demolish", _("拆除")), ("transfer", _("移送")), ("none", _("不予处罚")),
    )  # fmt: skip


def procedures() -> tuple[tuple[str, str], ...]:
    """Give the procedures, in the language in force."""
    return (("simple", _("简易程序(当场处罚)")), ("ordinary", _("普通程序")))


def offenders() -> tuple[tuple[str, str], ...]:
    """Give who may be penalised, in the language in force: the limits differ."""
    return (("person", _("公民")), ("organisation", _("法人或其他组织")))


def asks(act: str) -> tuple[Ask, ...]:
    """Give what an act of an enforcement case asks besides what the flow asks."""
    officers = Ask("officers", "list", _("执法人员(执法证号)"), hint=_("至少两人,须先登记"))
    if act in {"report", "accept", "change"}:
        return (
            Ask("cause", "text", _("案由"), required=act == "accept"),
            Ask("basis", "text", _("处罚依据"), hint=_("法规名称和条款")),
            Ask("item", "text", _("清单事项编号")),
            Ask("procedure", "choice", _("程序"), choices=procedures()),
            Ask("offender", "choice", _("当事人类型"), choices=offenders()),
            officers,
            Ask("source", "text", _("线索来源(隐患、事件或吹哨编号)")),
            Ask("acted_on", "date", _("违法行为终了之日")),
            Ask("grave", "flag", _("涉及生命健康安全、金融安全且有危害后果"), hint=_("追究期限五年,其他两年")),
        )  # fmt: skip
    if act == "note":
        return (Ask("stage", "choice", _("归入阶段"), choices=stages.names(), hint=_("随附的文书归入这个阶段的案卷")),)
    if act == "suspend":
        reasons = (
            ("hearing", _("听证")),
            ("test", _("检测、检验、鉴定")),
            ("notice", _("公告")),
            ("other", _("其他法定事由")),
        )
        return (Ask("reason", "choice", _("不计入办案期限的事由"), choices=reasons),)
    if act != "stage":
        return ()
    hearings = (
        ("none", _("无听证权利")),
        ("told", _("已告知听证权利")),
        ("asked", _("已申请听证")),
        ("waived", _("放弃听证")),
    )
    chosen = tuple(pair for pair in stages.names() if pair[0] != "close")
    return (
        Ask("stage", "choice", _("阶段"), required=True, choices=chosen),
        Ask("on", "moment", _("时间"), required=True),
        Ask("paper", "text", _("文书号")),
        officers,
        Ask("reviewed", "flag", _("须经法制审核"), when=("stage", ("investigate",))),
        Ask("hearing", "choice", _("听证"), choices=hearings, when=("stage", ("notify", "hear"))),
        Ask("measures", "choices", _("处理措施"), required=True, choices=measures(), when=("stage", ("decide",))),
        Ask("amount", "number", _("罚款金额(元)"), when=("stage", ("decide",))),
        Ask(
            "dunned_on",
            "date",
            _("催告日期"),
            required=True,
            when=("stage", ("execute",)),
            hint=_("行政强制法第三十五条"),
        ),
        Ask("urgent", "text", _("夜间或节假日执行的紧急理由"), when=("stage", ("execute",))),
    )


def check(conn: psycopg.Connection[Any], case: Case, act: str, found: Mapping[str, Any]) -> None:
    """Refuse what the rules of enforcement forbid now.

    Raises
    ------
    StageEarly, StageDate, OfficersFew, CardsLapsed, BasisMissing, HearingOpen, SpotLimit, TooOld,
    MeasuresUnfit, NotAtNight, DecisionMissing, SourceUnknown, FieldMissing, CardUnknown
        The first rule that forbids it.
    """
    stand = standing(conn, case.incident_id)
    if found.get("source"):
        _source(conn, case.incident_id, found["source"])
    if act == "stage":
        _in_order(stand, found["stage"], found["on"])
        _stage(conn, case.incident_id, stand, found)
    if act in {"answer", "close"}:
        missing = ending(stand, closing=act == "close")
        if missing:
            words = {"answer": _("反馈"), "close": _("结案")}
            raise law.DecisionMissing(act=words[act], missing=joined(stages.name(stage) for stage in missing))


def write(conn: psycopg.Connection[Any], case: Case, event: Event) -> None:
    """Keep what an event says of an enforcement case."""
    found = values(asks(event.act), event.data)
    incident = case.incident_id
    conn.execute(_queries.open.sql, {"incident": incident})
    given: dict[str, Any] = {"incident": incident, "event": event.id, "paper": None, "urgent": None, "on": event.at}
    given |= {ask.name: None for ask in asks(event.act)} | found
    if event.act in {"report", "accept", "change"}:
        conn.execute(_queries.settle.sql, given)
        if found.get("source"):
            for other in _source(conn, incident, found["source"]):
                conn.execute(_queries.unlink.sql, {"incident": incident, "other": other})
                conn.execute(_queries.link.sql, {"incident": incident, "other": other})
    if found.get("officers"):
        appoint(conn, incident, found["officers"])
    if event.act in {"accept", "close"}:
        conn.execute(
            _queries.stage.sql, given | {"stage": "file" if event.act == "accept" else "close", "on": event.at}
        )
    if event.act == "stage":
        conn.execute(_queries.stage.sql, given)
        conn.execute(_queries.note.sql, given)
        if found["stage"] == "decide":
            conn.execute(_queries.decide.sql, given)


def standing(conn: psycopg.Connection[Any], incident_id: int) -> Stand:
    """Give how an enforcement case stands; an empty one where nothing was said of it yet."""
    with conn.cursor(row_factory=class_row(_Row)) as cursor:
        row = cursor.execute(_queries.stand.sql, {"incident": incident_id}).fetchone()
    return Stand() if row is None else row.stand()


def ending(stand: Stand, *, closing: bool) -> list[str]:
    """Name the stages a case lacks for being answered, or closed.

    A decision is always needed; what it orders has to be delivered, and before closing it has to
    be performed or executed (a warning is performed by being delivered).
    """
    decided = set(stand.measures)
    missing = [] if "decide" in stand.stages else ["decide"]
    if "deliver" not in stand.stages and not (decided and decided <= NOTHING_TO_DELIVER):
        missing.append("deliver")
    done = {"perform", "execute"} & set(stand.stages)
    if closing and not done and not (decided and decided <= NOTHING_TO_PERFORM):
        missing.append("perform")
    return missing


def detail(conn: psycopg.Connection[Any], incident_id: int) -> Enforcement | None:
    """Give an enforcement case as its page shows it; None where nothing was said, or it is not the actor's to see."""
    with conn.cursor(row_factory=class_row(Enforcement)) as cursor:
        row = cursor.execute(_queries.detail.sql, {"incident": incident_id}).fetchone()
    if row is None:
        return None
    kept = conn.execute(_queries.record.sql, {"incident": incident_id}).fetchall()
    row.officers.extend(of_case(conn, incident_id))
    row.record.extend(
        stages.record(
            {stage: stages.Kept(*rest) for stage, *rest in kept}, procedure=row.procedure, reviewed=row.reviewed,
            hearing=row.hearing == "asked", measures=row.measures,
        )
    )  # fmt: skip
    return row


@dataclass(frozen=True, slots=True)
class _Row:
    procedure: str
    cause: str
    basis: str
    offender: str | None
    acted_on: date | None
    grave: bool
    reviewed: bool
    hearing: str | None
    measures: list[str]
    amount: Decimal | None
    stages: dict[str, str]
    officers: int

    def stand(self) -> Stand:
        reached = {stage: datetime.fromisoformat(at) for stage, at in self.stages.items()}
        return Stand(
            self.procedure, self.cause, self.basis, self.offender, self.acted_on, self.grave, self.reviewed,
            self.hearing, self.measures, self.amount, reached, self.officers,
        )  # fmt: skip


def _in_order(stand: Stand, stage: str, on: datetime) -> None:
    """Refuse a date in the future, before an earlier stage or after a later one."""
    at = on.astimezone(OFFICE).strftime("%Y-%m-%d %H:%M")
    if on > datetime.now(UTC) + AHEAD:
        raise law.StageDate(stage=stages.name(stage), at=at, why=_("还没有到"))
    for other, reached in stand.stages.items():
        before = stages.rank(other) < stages.rank(stage)
        if (
            other not in {stage, "close"}
            and stages.rank(other) != stages.rank(stage)
            and (on < reached if before else on > reached)
        ):
            why = _("早于“{stage}”") if before else _("晚于“{stage}”")
            raise law.StageDate(stage=stages.name(stage), at=at, why=why.format(stage=stages.name(other)))


def _stage(conn: psycopg.Connection[Any], incident_id: int, stand: Stand, found: Mapping[str, Any]) -> None:
    stage, on = found["stage"], found["on"]
    needed = stages.before(stage, procedure=stand.procedure, reviewed=stand.reviewed, hearing=stand.hearing == "asked")
    missing = [stages.name(other) for other in needed if other not in stand.stages]
    if missing:
        raise law.StageEarly(stage=stages.name(stage), missing=joined(missing))
    if stage == "decide":
        _decide(conn, incident_id, stand, found)
    if stage == "execute":
        _execute(conn, on, found)


def _decide(conn: psycopg.Connection[Any], incident_id: int, stand: Stand, found: Mapping[str, Any]) -> None:
    day = found["on"].astimezone(OFFICE).date()
    _measures(found)
    wanting = [label for label, text in ((_("案由"), stand.cause), (_("处罚依据"), stand.basis)) if not text]
    if wanting:
        raise law.BasisMissing(labels=joined(wanting))
    _officers(conn, incident_id, stand, found, day)
    decided = set(found["measures"])
    if stand.procedure == "simple":
        _on_the_spot(stand, found, day)
    elif stand.hearing == "told" and "hear" not in stand.stages:
        last = law.hearing_until(stand.stages["notify"].astimezone(OFFICE).date(), Calendar.of(conn))
        if day <= last:
            raise law.HearingOpen(day=last.isoformat())
    if stand.acted_on and not decided <= NO_PENALTY:
        known = _known_on(conn, incident_id)
        years = law.too_old(stand.acted_on, known, grave=stand.grave)
        if years is not None:
            raise law.TooOld(acted=stand.acted_on.isoformat(), years=years)


def _measures(found: Mapping[str, Any]) -> None:
    decided, amount = set(found["measures"]), found.get("amount")
    if "none" in decided and len(decided) > 1:
        raise law.MeasuresUnfit(why=_("“不予处罚”与其他措施并用"))
    if ("fine" in decided) != bool(amount):
        raise law.MeasuresUnfit(why=_("罚款没有金额") if "fine" in decided else _("没有罚款却有金额"))


def _officers(
    conn: psycopg.Connection[Any], incident_id: int, stand: Stand, found: Mapping[str, Any], day: date
) -> None:
    least, cards = policy.amount("officers", day), found.get("officers")
    number = len(cards) if cards else stand.officers
    if number < least:
        raise law.OfficersFew(least=least, number=number)
    gone = lapsed(conn, incident_id, day, cards)
    if gone:
        raise law.CardsLapsed(cards=joined(gone), day=day.isoformat())


def _on_the_spot(stand: Stand, found: Mapping[str, Any], day: date) -> None:
    if stand.offender is None:
        raise FieldMissing(labels=_("当事人类型"))
    most = law.fine_limit(stand.offender, day)
    if not set(found["measures"]) <= ON_THE_SPOT or (found.get("amount") or 0) > most:
        raise law.SpotLimit(who=dict(offenders())[stand.offender], most=most)


def _execute(conn: psycopg.Connection[Any], on: datetime, found: Mapping[str, Any]) -> None:
    if found["dunned_on"] > on.astimezone(OFFICE).date():
        raise law.StageDate(
            stage=_("催告"),
            at=found["dunned_on"].isoformat(),
            why=_("晚于“{stage}”").format(stage=stages.name("execute")),
        )
    when = law.forbidden_hour(on, Calendar.of(conn))
    if when is not None and not found.get("urgent"):
        raise law.NotAtNight(when=when)


def _known_on(conn: psycopg.Connection[Any], incident_id: int) -> date:
    """Day the act became known: of the case's first event."""
    row = conn.execute(_queries.known_on.sql, {"incident": incident_id}).fetchone()
    day: date = places.today(conn) if row is None else row[0]
    return day


def _source(conn: psycopg.Connection[Any], incident_id: int, code: str) -> list[int]:
    """Give the cases a source stands for: the case itself, or the one a whistle was blown for."""
    rows = conn.execute(_queries.found.sql, {"code": code, "incident": incident_id}).fetchall()
    if not rows:
        raise law.SourceUnknown(code=code)
    return [other for (other,) in rows if other is not None]
