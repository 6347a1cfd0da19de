"""Disputes (矛盾纠纷): one id from the first report through mediation to the last visit.

Rules of 人民调解法: who was refused does not mediate on (art. 17), who fails tells of other ways
(26), an oral agreement is written down (28), the committee looks after its performance (31), and
both apply for judicial confirmation within 30 days (33). The colour of a dispute's level says who
owns it and how often it is visited, while it is open and after it was settled
(``data/reference/colours.csv``). What breaks out again is taken up under its old id. Persons
stand in :mod:`gis.casework.parties` and nowhere here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.casework import places
from gis.casework import policy
from gis.casework.forms import OFFICE
from gis.casework.forms import Ask
from gis.casework.forms import values
from gis.errors import BadInput
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    import psycopg

    from gis.casework.kinds import Case
    from gis.casework.kinds import Event

_queries = aiosql.from_path(Path(__file__).with_name("disputes.sql"), "psycopg", mandatory_parameters=False)

SETTLED = "settled"
FAILED = ("failed", "refused")
"""Outcomes after which the parties have to be told of other ways."""


class ColourMissing(BadInput):
    """A dispute without a level."""

    template = "纠纷还没有定级(颜色)。"
    cure = "请选定等级;颜色决定由谁负责、多久回访一次。"
    http_status = 409


class Refused(BadInput):
    """Mediation goes on though a party refused it."""

    template = "当事人已明确拒绝调解,不能继续调解(人民调解法第十七条)。"
    cure = "请告知其他途径;双方重新同意时,勾选“双方重新同意调解”。"
    http_status = 409


class NotMediated(BadInput):
    """An agreement without a mediation."""

    template = "还没有调解记录,不能登记协议。"
    cure = "请先登记一次调解:方式、调解员和进展。"
    http_status = 409


class DayUnfit(BadInput):
    """A day that cannot be."""

    template = "日期 {day} 不合适:{why}。"
    cure = "请改日期。"


class ConfirmationLate(BadInput):
    """Judicial confirmation is applied for after its 30 days."""

    template = "申请司法确认的期限已过:最晚是 {last}(协议生效起 {days} 日内共同申请,人民调解法第三十三条)。"
    cure = "请告知当事人可以另行起诉;确有必要时重新调解、另立协议。"
    http_status = 409


class NoAgreement(BadInput):
    """Performance or confirmation of an agreement that is not there."""

    template = "没有登记调解协议,不能登记履行或司法确认。"
    cure = "请先用“达成协议”登记协议。"
    http_status = 409


class NotApplied(BadInput):
    """The court decided on what nobody applied for."""

    template = "还没有登记司法确认的申请。"
    cure = "请先登记申请日期,再登记法院的结果。"
    http_status = 409


class AgreementStands(BadInput):
    """There is an agreement, and it is to be mediated on or to end otherwise."""

    template = "这起纠纷已经达成协议。"
    cure = "没有履行或只部分履行的,先登记履行情况,再重新调解;协议有误的,重新登记协议。"
    http_status = 409


class OutcomeMissing(BadInput):
    """A dispute is to end without an outcome."""

    template = "纠纷还没有化解结果。"
    cure = "请先登记:达成协议、调解不成、拒绝调解、转其他途径或撤回。"
    http_status = 409


class WaysMissing(BadInput):
    """Mediation failed and nobody told the parties of other ways."""

    template = "没有写明告知了当事人哪些其他途径(人民调解法第二十六条)。"
    cure = "请写明仲裁、行政、司法等途径,并告知当事人。"


class NotPerformed(BadInput):
    """A dispute is to be closed though nobody looked whether the agreement was performed."""

    template = "协议的履行情况还没有登记(履行期限 {day})。"
    cure = "请先登记履行:已履行、部分履行或未履行;协议已获司法确认的除外。"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Stand:
    """How a dispute stands: what its rules ask."""

    mediations: int = 0
    outcome: str | None = None
    ways: str = ""
    form: str | None = None
    signed_on: date | None = None
    perform_by: date | None = None
    performed: str | None = None
    confirm_by: date | None = None
    confirm: str | None = None
    applied_on: date | None = None
    visits: int = 0

    @property
    def agreed(self) -> bool:
        """Whether there is an agreement, written or oral."""
        return self.form in {"written", "oral"}


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute as its page shows it; texts are masked for whoever must not read them."""

    level: int | None
    people: int | None
    amount: Decimal | None
    involved: str
    major: bool
    method: str | None
    mediator: str
    organisation: str
    mediations: int
    mediated_at: datetime | None
    police_at: datetime | None
    outcome: str | None
    ended_on: date | None
    ways: str
    form: str | None
    agreement: str
    signed_on: date | None
    terms: str
    perform_by: date | None
    performed: str | None
    performed_on: date | None
    confirm_by: date | None
    confirm: str | None
    applied_on: date | None
    confirmed_on: date | None
    ruling: str
    visit_by: date | None
    visits: int
    visited_on: date | None
    relapses: int
    building: str | None
    relapse: str | None

    @property
    def band(self) -> policy.Band | None:
        """Scale band by people; None where they were not counted."""
        return None if self.people is None else policy.band(self.people)

    def colour(self, day: date) -> policy.Colour | None:
        """Colour of its level with owner and intervals, as the office has it on a day."""
        return None if self.level is None else policy.colour(self.level, day)


def methods() -> tuple[tuple[str, str], ...]:
    """Give the ways of mediation, in the language in force (domain facts §3.4)."""
    return (
        ("people", _("人民调解")), ("administrative", _("行政调解")), ("judicial", _("司法调解")),
        ("arbitration", _("仲裁")), ("petition", _("信访")), ("persuasion", _("劝导")),
    )  # fmt: skip


def outcomes() -> tuple[tuple[str, str], ...]:
    """Give how a dispute may end, in the language in force."""
    return (
        (SETTLED, _("化解")), ("failed", _("调解不成")), ("refused", _("拒绝调解")),
        ("transferred", _("转其他途径")), ("withdrawn", _("撤回")),
    )  # fmt: skip


def asks(act: str) -> tuple[Ask, ...]:  # noqa: PLR0911
    """Give what an act of a dispute asks besides what the flow asks."""
    ways = Ask(
        "ways", "long", _("告知的其他途径"), hint=_("调解不成时告知仲裁、行政、司法等途径(人民调解法第二十六条)")
    )
    if act in {"report", "accept", "change"}:
        return (
            Ask("level", "choice", _("等级(颜色)"), choices=policy.dispute_levels(datetime.now(OFFICE).date())),
            Ask("people", "integer", _("涉及人数")),
            Ask("amount", "number", _("涉及金额(元)")),
            Ask("involved", "text", _("涉及单位"), hint=_("当事人另行登记,不写在这里")),
            Ask("major", "flag", _("重大矛盾纠纷")),
        )
    if act == "mediate":
        results = (("going", _("继续调解")), *(pair for pair in outcomes() if pair[0] != SETTLED))
        return (
            Ask("method", "choice", _("化解方式"), required=True, choices=methods()),
            Ask("result", "choice", _("进展"), required=True, choices=results),
            Ask("mediator", "text", _("调解员")),
            Ask("organisation", "text", _("化解组织")),
            Ask("consent", "flag", _("双方重新同意调解")),
            Ask("police", "flag", _("有犯罪危险,已报告公安机关"), hint=_("人民调解法第二十五条")),
            ways,
        )
    if act == "agree":
        forms = (("written", _("书面协议")), ("oral", _("口头协议")), ("none", _("当场和解,无协议")))
        return (
            Ask("form", "choice", _("协议形式"), required=True, choices=forms),
            Ask("signed_on", "date", _("达成日期"), required=True),
            Ask("agreement", "text", _("协议编号"), required=True, when=("form", ("written",))),
            Ask(
                "terms", "long", _("协议内容和履行方式"), required=True, when=("form", ("written", "oral")),
                hint=_("不写当事人姓名;口头协议须记录内容(人民调解法第二十八条)"),
            ),
            Ask("perform_by", "date", _("履行期限"), when=("form", ("written", "oral"))),
        )  # fmt: skip
    if act == "perform":
        done = (("yes", _("已履行")), ("partly", _("部分履行")), ("no", _("未履行")))
        return (
            Ask("performed", "choice", _("履行情况"), required=True, choices=done),
            Ask("on", "date", _("日期"), required=True),
            ways,
        )
    if act == "confirm":
        steps = (("applied", _("已共同申请")), ("confirmed", _("法院确认有效")), ("refused", _("法院不予确认")))
        return (
            Ask("confirm", "choice", _("司法确认"), required=True, choices=steps),
            Ask("on", "date", _("日期"), required=True),
            Ask("ruling", "text", _("裁定书文号")),
        )
    if act == "revisit":
        results = (("stable", _("平稳")), ("watch", _("需关注")), ("relapsed", _("反复")))
        return (
            Ask("on", "date", _("回访日期"), required=True),
            Ask("result", "choice", _("回访结果"), required=True, choices=results),
        )
    if act == "answer":
        return (Ask("outcome", "choice", _("化解结果"), choices=outcomes(), hint=_("已登记协议的不必再填")), ways)
    return ()


def check(conn: psycopg.Connection[Any], case: Case, act: str, found: Mapping[str, Any]) -> None:
    """Refuse what the rules of disputes forbid now.

    Raises
    ------
    ColourMissing, Refused, NotMediated, DayUnfit, ConfirmationLate, NoAgreement, NotApplied,
    AgreementStands, OutcomeMissing, WaysMissing, NotPerformed
        The first rule that forbids it.
    """
    stand = standing(conn, case.incident_id)
    day = places.today(conn)
    _past(found.get("on"), day)
    if act == "accept" and not found.get("level") and case.level is None:
        raise ColourMissing
    if act == "mediate":
        if stand.outcome == "refused" and not found.get("consent"):
            raise Refused
        if stand.agreed and stand.performed not in {"partly", "no"}:
            raise AgreementStands
        _told(found["result"], found.get("ways"))
    if act == "agree":
        _agree(stand, found, day)
    if act in {"perform", "confirm"} and not stand.agreed:
        raise NoAgreement
    if act == "perform" and stand.signed_on and found["on"] < stand.signed_on:
        raise DayUnfit(day=found["on"].isoformat(), why=_("早于协议"))
    if act == "confirm":
        _confirm(stand, found, day)
    if act == "answer":
        _answer(stand, found)
    if act == "close":
        _close(stand)


def write(conn: psycopg.Connection[Any], case: Case, event: Event) -> None:
    """Keep what an event says of a dispute, and until when the next visit is due."""
    found = values(asks(event.act), event.data)
    incident = case.incident_id
    conn.execute(_queries.open.sql, {"incident": incident, "building": places.building(conn, incident)})
    given: dict[str, Any] = {"incident": incident, "at": event.at} | {ask.name: None for ask in asks(event.act)} | found
    if event.act in {"report", "accept", "change"}:
        conn.execute(_queries.settle.sql, given)
    elif event.act in {"mediate", "perform", "confirm"}:
        conn.execute(getattr(_queries, event.act).sql, given)
    elif event.act == "agree":
        given["confirm_by"] = confirm_by(found["signed_on"]) if found["form"] == "written" else None
        conn.execute(_queries.agree.sql, given)
    elif event.act == "answer" and found.get("outcome", SETTLED) != SETTLED:
        conn.execute(_queries.finish.sql, given)
    elif event.act == "reopen":
        conn.execute(_queries.relapse.sql, given)
    elif event.act == "revisit":
        conn.execute(_queries.visit.sql, given)
    if event.act in {"report", "import"}:
        places.relapses(conn, [incident])
    _next_visit(conn, incident, event, found)


def confirm_by(signed_on: date) -> date:
    """Give the last day of a joint application for judicial confirmation: the 30th after the agreement."""
    return signed_on + timedelta(days=policy.amount("confirm_days", signed_on))


def standing(conn: psycopg.Connection[Any], incident_id: int) -> Stand:
    """Give how a dispute stands; an empty one where nothing was said of it yet."""
    with conn.cursor(row_factory=class_row(Stand)) as cursor:
        return cursor.execute(_queries.stand.sql, {"incident": incident_id}).fetchone() or Stand()


def detail(conn: psycopg.Connection[Any], incident_id: int) -> Dispute | None:
    """Give a dispute as its page shows it; None where nothing was said of it yet, or it is not the actor's to see."""
    with conn.cursor(row_factory=class_row(Dispute)) as cursor:
        return cursor.execute(_queries.detail.sql, {"incident": incident_id}).fetchone()


def _past(on: date | None, day: date) -> None:
    if on is not None and on > day:
        raise DayUnfit(day=on.isoformat(), why=_("还没有到"))


def _told(result: str, ways: str | None) -> None:
    if result in FAILED and not ways:
        raise WaysMissing


def _agree(stand: Stand, found: Mapping[str, Any], day: date) -> None:
    if not stand.mediations:
        raise NotMediated
    _past(found["signed_on"], day)
    if found.get("perform_by") and found["perform_by"] < found["signed_on"]:
        raise DayUnfit(day=found["perform_by"].isoformat(), why=_("早于协议"))


def _confirm(stand: Stand, found: Mapping[str, Any], day: date) -> None:
    if stand.signed_on and found["on"] < stand.signed_on:
        raise DayUnfit(day=found["on"].isoformat(), why=_("早于协议"))
    if found["confirm"] != "applied":
        if stand.applied_on is None:
            raise NotApplied
        if found["on"] < stand.applied_on:
            raise DayUnfit(day=found["on"].isoformat(), why=_("早于申请"))
        return
    if stand.confirm_by is None:
        raise NoAgreement
    if found["on"] > stand.confirm_by:
        raise ConfirmationLate(last=stand.confirm_by.isoformat(), days=policy.amount("confirm_days", day))


def _answer(stand: Stand, found: Mapping[str, Any]) -> None:
    outcome = found.get("outcome") or stand.outcome
    if outcome is None:
        raise OutcomeMissing
    if outcome == SETTLED and stand.form is None:
        raise OutcomeMissing  # settled by what? the agreement, or that there is none, comes first
    if outcome != SETTLED and stand.form is not None:
        raise AgreementStands
    _told(outcome, found.get("ways") or stand.ways)


def _close(stand: Stand) -> None:
    if stand.outcome is None:
        raise OutcomeMissing
    if stand.agreed and stand.perform_by is not None and stand.performed is None and stand.confirm != "confirmed":
        raise NotPerformed(day=stand.perform_by.isoformat())


def _next_visit(conn: psycopg.Connection[Any], incident: int, event: Event, found: Mapping[str, Any]) -> None:
    """Move the next visit's day: after what counts as one, and when colour or phase changed."""
    if event.act not in {"accept", "change", "mediate", "agree", "revisit", "reopen", "reject", "merge", "close"}:
        return
    row = conn.execute(_queries.phase.sql, {"incident": incident}).fetchone()
    if row is None:
        return
    level, state, visits, settled = row
    day = found.get("signed_on") or found.get("on") or event.at.astimezone(OFFICE).date()
    conn.execute(
        _queries.visit_by.sql, {"incident": incident, "by": visit_by(level, state, visits, day, settled=settled)}
    )


def visit_by(level: int | None, state: str, visits: int, day: date, *, settled: bool) -> date | None:
    """Give the day until which the next visit is due.

    Parameters
    ----------
    level : int or None
        Without one there is no colour and no visit.
    state : str
        Of the flow.
    visits : int
        Made since it was settled (or since it was taken up).
    day : date
        The interval counts from here: a visit, a mediation, the agreement.
    settled : bool
        Whether it was settled: then so many visits follow as the colour asks, and no more.
    """
    if level is None or state in {"rejected", "merged", "reported", "verifying"}:
        return None
    colour = policy.colour(level, day)
    if settled:
        return day + timedelta(days=colour.revisit_days) if visits < colour.revisits else None
    return None if state == "closed" else day + timedelta(days=colour.visit_days)
