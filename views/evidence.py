"""The numbers behind an entry's sentence, and how the rule that found it counts: every figure with its name."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.coverage import wording
from gis.i18n import joined
from gis.i18n import translate as _
from views import format as written

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.coverage.ledger import Entry

Written = tuple[str, str, "Callable[[Any], str]"]

SURE = 0.001
"""Probabilities below are not written out."""
LISTED = 3


def numbers(entry: Entry) -> list[tuple[str, str]]:
    """Give the numbers of the finding with their names, the rule's own first."""
    measure, about = entry.measure, entry.subjects
    rows = [(name, write(measure[key])) for name, key, write in _measured(entry.rule) if _there(measure.get(key))]
    if entry.rule in {"overdue_visit", "unstaffed_grid", "outdated_boundary", "unowned_matter"}:
        rows += [(name, write(about[key])) for name, key, write in _told() if about.get(key)]
    return rows


def method(entry: Entry) -> None:
    """Draw how the rule counts and what it takes for granted, folded; nothing for a rule that measures land."""
    how, given = wording.method(entry.rule), wording.assumption(entry.rule)
    if not how:
        return
    said = f"<p>{written.html(how)}</p><p>{written.html(given)}</p>"
    st.html(f'<details class="ga-method"><summary>{written.html(_("怎么算的"))}</summary>{said}</details>')


def hours_of(entry: Entry) -> str | None:
    """Give the area whose week a finding is about; None for every other kind."""
    return entry.area_code if entry.rule == "uncovered_hours" else None


def _there(value: object) -> bool:
    """Whether there is anything to tell: a zero among what was expected is told, a missing one is not."""
    return value is not None and value != ""


def _measured(rule: str) -> tuple[Written, ...]:
    """Name what a rule measures; what land and households are is written elsewhere."""
    share = _("变动占全部楼栋") if rule == "outdated_boundary" else _("主动发现率")
    expected = _("应有人在场的小时") if rule == "uncovered_hours" else _("应有件数")
    return (
        (_("观察期"), "days", _days),
        (_("实际件数"), "observed", written.number),
        (expected, "expected", _decimal),
        (_("该网格全部事件"), "exposure", written.number),
        (_("收缩后的比值"), "ratio", _ratio),
        (_("比值上限"), "ratio_most", _ratio),
        (_("热线反映"), "hotline", written.number),
        (_("巡查发现"), "patrol", written.number),
        (share, "share", _share),
        (_("区间下限(95%)"), "share_low", _share),
        (_("区间上限(95%)"), "share_high", _share),
        (_("同类网格应有的比例"), "street_share", _share),
        (_("用来比较的网格"), "peers", written.number),
        (_("有人在场的小时"), "presence", written.number),
        (_("时段内的小时"), "slots", written.number),
        (_("p 值"), "p", _chance),
        (_("校正后的 q"), "q", _chance),
        (_("超期"), "late_days", _days),
        (_("走访周期"), "interval_days", _days),
        (_("宽限"), "grace_days", _days),
        (_("从未走访的楼栋"), "never", written.number),
        (_("在册人员"), "staff", written.number),
        (_("其中请假"), "away", written.number),
        (_("兼管网格"), "grids", written.number),
        (_("兼管上限"), "grids_max", written.number),
        (_("地块数"), "cells", written.number),
        (_("地块边长"), "cell_m", written.length),
        (_("全部栋数"), "size", written.number),
        (_("最高层数"), "floors", written.number),
        (_("新建楼栋"), "fresh", written.number),
        (_("拆除楼栋"), "gone", written.number),
        (_("条带长度"), "length_m", written.length),
        (_("未办结"), "open", written.number),
        (_("涉及社区"), "areas", written.number),
    )


def _told() -> tuple[Written, ...]:
    return (
        (_("自"), "since", _day),
        (_("最近走访"), "last", _day),
        (_("边界划定于"), "drawn", _day),
        (_("最早一件"), "first_day", _day),
        (_("最近一件"), "last_day", _day),
        (_("写明的单位"), "units", lambda units: joined(units[:LISTED])),
    )


def _days(value: float) -> str:
    return _("{number} 天").format(number=written.number(value))


def _decimal(value: float) -> str:
    return f"{value:,.1f}"


def _ratio(value: float) -> str:
    return f"{value:.2f}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _chance(value: float) -> str:
    return f"< {SURE}" if value < SURE else f"{value:.3f}"


def _day(value: str) -> str:
    try:
        return written.calendar(date.fromisoformat(str(value)[:10]))
    except ValueError:
        return str(value)
