"""What only one kind of case has: its rows beside the facts that all have."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from gis.casework.disputes import Dispute
from gis.casework.enforcement import Enforcement
from gis.casework.hazards import Hazard
from gis.casework.kinds import KINDS
from gis.casework.kinds import fields
from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import Act
from views import format as written

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from gis.casework.files import Casefile

Rows = list[tuple[str, str]]


def rows(conn: psycopg.Connection[Any], case: Casefile) -> Rows:
    """Give the rows of a case's own kind; none where nothing was said yet."""
    found = KINDS[case.kind].detail(conn, case.incident_id)
    if isinstance(found, Hazard):
        return _known(_hazard(found))
    if isinstance(found, Dispute):
        return _known(_dispute(found))
    return _known(_enforcement(found)) if isinstance(found, Enforcement) else []


def _known(pairs: Iterable[tuple[str, str | None]]) -> Rows:
    return [(name, value) for name, value in pairs if value and value != written.NO_FIGURE]


def _hazard(found: Hazard) -> Iterable[tuple[str, str | None]]:
    yield _("影响半径"), written.length(float(found.radius_m)) if found.radius_m is not None else None
    yield _("整改要求"), found.demand
    yield _("临时措施"), _at(found.interim, found.interim_at)
    yield _("五落实·责任"), found.duty
    yield _("五落实·时限"), written.calendar(found.deadline)
    yield _("五落实·措施"), found.means
    yield _("五落实·资金"), _money(found.funds, found.funding)
    yield _("五落实·预案"), found.plan
    yield _("挂牌督办"), written.calendar(found.listed_on)
    yield _("延期至"), written.calendar(found.extended_to)
    yield _("复查"), _at(found.checked_by or "", found.checked_at)
    yield _("前后照片相距"), written.length(found.apart_m)
    yield _("所在楼栋"), found.building
    yield _("复发自"), found.relapse


def _dispute(found: Dispute) -> Iterable[tuple[str, str | None]]:
    said = _answers("dispute")
    yield _("涉及人数"), _("{number} 人").format(number=found.people) if found.people is not None else None
    yield _("规模"), found.band.name if found.band else None
    yield _("涉及金额"), _money(found.amount, "")
    yield _("涉及单位"), found.involved
    yield _("重大矛盾纠纷"), _("是") if found.major else None
    yield _("调解"), _("{number} 次").format(number=found.mediations) if found.mediations else None
    yield _("化解方式"), said("method", found.method)
    yield _("调解员"), joined(part for part in (found.mediator, found.organisation) if part)
    yield _("化解结果"), said("outcome", found.outcome)
    yield _("协议"), joined(part for part in (said("form", found.form), found.agreement) if part)
    yield _("达成日期"), written.calendar(found.signed_on)
    yield _("履行期限"), written.calendar(found.perform_by)
    yield _("履行情况"), said("performed", found.performed)
    yield _("司法确认期限"), written.calendar(found.confirm_by)
    yield _("司法确认"), said("confirm", found.confirm)
    yield _("下次回访"), written.calendar(found.visit_by)
    yield _("已回访"), _("{number} 次").format(number=found.visits) if found.visits else None
    yield _("再次发生"), _("{number} 次").format(number=found.relapses) if found.relapses else None
    yield _("复发自"), found.relapse


def _enforcement(found: Enforcement) -> Iterable[tuple[str, str | None]]:
    said = _answers("enforcement")
    yield _("程序"), said("procedure", found.procedure)
    yield _("案由"), found.cause
    yield _("处罚依据"), found.basis
    yield _("清单事项编号"), found.item
    yield _("违法行为发生"), written.calendar(found.acted_on)
    yield _("执法人员"), joined(f"{officer.name}({officer.card})" for officer in found.officers)
    yield _("决定"), found.decision
    yield _("措施"), joined(said("measures", word) or word for word in found.measures)
    yield _("金额"), _money(found.amount, "")
    for step in found.record:
        if step.kept is not None:
            bare = _("没有文书") if step.gap == "paperless" else ""
            yield step.name, joined(part for part in (written.moment(step.kept.at), step.kept.paper, bare) if part)
        elif step.needed:
            yield step.name, _("缺少") if step.gap == "missing" else _("待办")


def _answers(kind: str) -> Any:  # noqa: ANN401  a function
    """Give what writes an answer of this kind by its label."""
    names = {
        ask.name: dict(ask.choices) for act in Act if act is not Act.IMPORT for ask in fields(kind, act) if ask.choices
    }
    return lambda field, value: None if value is None else names.get(field, {}).get(str(value), str(value))


def _at(text: str, at: Any) -> str:  # noqa: ANN401  a moment or None
    return joined(part for part in (text, written.moment(at) if at else "") if part)


def _money(amount: Any, source: str) -> str | None:  # noqa: ANN401  a Decimal or None
    if amount is None:
        return None
    said = _("{amount} 元").format(amount=f"{amount:,.2f}".removesuffix(".00"))
    return f"{said}({source})" if source else said
