"""Sentences of the rules that compare: what was expected, what was seen, how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from gis.coverage.wording import phrases
from gis.i18n import translate as _
from gis.vocabulary import RuleKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence

DAY = 24
RUN = 3
"""Weekdays in a row that are named from–to."""
SHOWN = 3
"""Units that are named at most."""


def kind(word: str) -> str:
    """Name a kind of incident."""
    return {"matter": _("事项"), "hazard": _("隐患"), "dispute": _("纠纷"), "enforcement": _("执法")}.get(word, word)


def hours(days: Sequence[int], begins: int, length: int) -> str:
    """Name a block of hours: 周六、周日 19–23 时.

    Parameters
    ----------
    days : sequence of int
        Weekdays on which it begins, 1 (Monday) … 7.
    begins, length : int
        First hour, and how many.
    """
    end = begins + length
    if length == DAY and begins == 0:
        text = _("{days}全天")
    elif end <= DAY:
        text = _("{days} {begins}–{end} 时")
    else:
        text = _("{days} {begins} 时至次日 {end} 时")
    return text.format(days=_weekdays(days), begins=begins, end=end if end <= DAY else end - DAY)


def _weekdays(days: Sequence[int]) -> str:
    names = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))
    if len(days) == len(names):
        return _("每天")
    if len(days) >= RUN and days[-1] - days[0] == len(days) - 1:
        return _("{first}至{last}").format(first=names[days[0] - 1], last=names[days[-1] - 1])
    return _("、").join(names[day - 1] for day in days)


def _silent(finding: phrases.Judged) -> str:
    told = finding.measure
    text = (
        _("网格 {grid} 近 {days} 天只报过 {observed} 件“{category}”({kind}),")
        if told["observed"]
        else _("网格 {grid} 近 {days} 天从未报过“{category}”({kind}),")
    ) + _(
        "而它共报了 {exposure} 件事,按同街道 {peers} 个同类网格的占比({share:.1%})应有约 {expected:.0f} 件;"
        "收缩后的比值 {ratio:.2f}(至多 {most:.2f}),校正后的 q {q}。"
    )
    return text.format(
        grid=finding.grids[0],
        days=told["days"],
        observed=told["observed"],
        category=finding.subjects["category"],
        kind=kind(finding.subjects["kind"]),
        exposure=told["exposure"],
        peers=told["peers"],
        share=told["street_share"],
        expected=told["expected"],
        ratio=told["ratio"],
        most=told["ratio_most"],
        q=_small(told["q"]),
    )


def _hotline(finding: phrases.Judged) -> str:
    told = finding.measure
    return _(
        "网格 {grid} 近 {days} 天由热线反映 {hotline} 件、巡查发现 {patrol} 件:主动发现率 {share:.1%}"
        "(95% 区间 {low:.1%}–{high:.1%}),按同街道 {peers} 个同类网格应有 {street:.1%},校正后的 q {q}。"
    ).format(
        grid=finding.grids[0],
        days=told["days"],
        hotline=told["hotline"],
        patrol=told["patrol"],
        share=told["share"],
        low=told["share_low"],
        high=told["share_high"],
        peers=told["peers"],
        street=told["street_share"],
        q=_small(told["q"]),
    )


def _hours(finding: phrases.Judged) -> str:
    told, block = finding.measure, finding.subjects
    text = (
        _("{place} {when}发生了 {incidents} 件事(全周 {all} 件),这些时段共 {slots} 个小时,")
        + (
            _("其中只有 {presence} 个小时有人在场(走访、轨迹或巡查发现);")
            if told["presence"]
            else _("没有一个小时有人在场(走访、轨迹或巡查发现);")
        )
        + _("按事件的比例应有约 {expected:.0f} 个小时,校正后的 q {q}。")
    )
    return text.format(
        place=phrases.place(finding),
        when=hours(block["days"], block["begins"], block["hours"]),
        incidents=told["incidents"],
        all=told["all_incidents"],
        slots=told["slots"],
        presence=told["presence"],
        expected=told["expected"],
        q=_small(told["q"]),
    )


def _unowned(finding: phrases.Judged) -> str:
    told, about = finding.measure, finding.subjects
    units, items = _("、").join(about["units"][:SHOWN]), phrases.listed(about["items"])
    text = (
        _("{first} 至 {last} 发生的 {incidents} 件“{category}”({kind},未办结 {open} 件)找不到唯一的牵头单位:")
        + {
            "missing": _("当日有效的权责清单没有这一事项。"),
            "blank": _("清单条目 {items} 没有写明牵头单位。"),
            "several": _("清单条目 {items} 分别写了 {units} 牵头。"),
            "mixed": _("有的没有牵头单位,有的写了不止一个({units})。"),
        }[str(about["fault"])]
    )
    return text.format(
        first=about["first_day"],
        last=about["last_day"],
        incidents=told["incidents"],
        category=about["category"],
        kind=kind(about["kind"]),
        open=told["open"],
        items=items,
        units=units,
    )


def _small(value: float) -> str:
    """Write a probability: what is too small to be read is only said to be below a limit."""
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"  # noqa: PLR2004 - the limit that is written


def _meeting(item: Mapping[str, Any]) -> str:
    units = _("、").join(item.get("units", [])[:SHOWN])
    if not units:
        return _("提交权责清单月度会商,为“{category}”明确一个牵头单位。").format(category=item["category"])
    return _("提交权责清单月度会商,在 {units} 中为“{category}”明确一个牵头单位。").format(
        units=units, category=item["category"]
    )


SENTENCES: dict[RuleKey, Callable[[phrases.Judged], str]] = {
    RuleKey.SILENT_CATEGORY: _silent,
    RuleKey.HOTLINE_ONLY: _hotline,
    RuleKey.UNCOVERED_HOURS: _hours,
    RuleKey.UNOWNED_MATTER: _unowned,
}
"""The sentence of each rule of this family."""

REMEDIES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "ask_category": lambda item: _("到网格 {grid} 核实“{category}”是没有发生,还是没有上报。").format(
        grid=item["grid"], category=item["category"]
    ),
    "patrol_grid": lambda item: _("在网格 {grid} 安排巡查,先到热线反映过的地点。").format(grid=item["grid"]),
    "patrol_hours": lambda item: _("在{when}安排巡查或值守。").format(
        when=hours(item["days"], item["begins"], item["hours"])
    ),
    "list_meeting": _meeting,
}
"""What each action of this family's remedies would do."""
