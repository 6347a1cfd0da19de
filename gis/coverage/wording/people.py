"""Sentences about people, visits, venues and borders that time has passed by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.coverage.wording import phrases
from gis.i18n import translate as _
from gis.vocabulary import BuildingKind
from gis.vocabulary import RuleKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from typing import Any


def _unstaffed(finding: phrases.Judged) -> str:
    measure, since = finding.measure, finding.subjects.get("since")
    kind = finding.subjects["kind"]
    if kind == "stretched":
        return _("同一名网格员兼管 {grids} 个网格({codes}),超过 {most} 个的上限。").format(
            grids=measure["grids"], codes=phrases.listed(finding.grids), most=int(measure["grids_max"])
        ) + phrases.touched(finding)
    text = {
        "nobody": _("网格 {grid} 没有在岗的网格长和网格员(自 {since} 起)。")
        if since
        else _("网格 {grid} 没有在岗的网格长和网格员。"),
        "leave": _("网格 {grid} 的 {people} 名在岗人员全部长期请假,最晚一人自 {since} 起离岗。"),
        "no_worker": _("网格 {grid} 只有网格长,没有网格员。"),
        "no_chief": _("网格 {grid} 有网格员,没有网格长。"),
    }[str(kind)]
    return text.format(grid=finding.grids[0], since=since, people=measure["staff"]) + phrases.touched(finding)


def _overdue(finding: phrases.Judged) -> str:
    measure, last = finding.measure, finding.subjects.get("last")
    if finding.subjects["kind"] == "grid":
        text = (
            _("网格 {grid} 最近一次有效走访是 {last},按每 {interval} 天一次、宽限 {grace} 天,已超期 {late} 天。")
            if last
            else _("网格 {grid} 没有任何有效走访记录,按每 {interval} 天一次、宽限 {grace} 天,已超期 {late} 天。")
        )
        return text.format(
            grid=finding.grids[0],
            last=last,
            interval=measure["interval_days"],
            grace=measure["grace_days"],
            late=measure["late_days"],
        ) + phrases.touched(finding)
    return _(
        "网格 {grid} 有 {buildings} 栋楼超过走访期限,最久的是楼栋 {code},超期 {late} 天;"
        "其中 {never} 栋从未走访,涉及 {households} 户。"
    ).format(
        grid=finding.grids[0],
        buildings=measure["buildings"],
        code=finding.subjects["latest"][0]["building"],
        late=measure["late_days"],
        never=measure["never"],
        households=measure["households"],
    )


def _untouched(finding: phrases.Judged) -> str:
    return _(
        "{place}有 {cells} 个 {side} 米见方的地块(共 {area})住着人,近 {days} 天里没有走访、没有轨迹,也没有任何事件。"
    ).format(
        place=phrases.place(finding),
        cells=finding.measure["cells"],
        side=int(finding.measure["cell_m"]),
        area=phrases.square(finding.measure["area_m2"]),
        days=int(finding.measure["days"]),
    ) + phrases.touched(finding)


def _venue(finding: phrases.Judged) -> str:
    kind = {
        BuildingKind.OFFICE: _("写字楼"),
        BuildingKind.COMMERCIAL: _("商业楼宇"),
        BuildingKind.MARKET: _("市场"),
        BuildingKind.INDUSTRIAL: _("园区厂房"),
    }[BuildingKind(finding.subjects["kind"])]
    return _("{place}的一处{kind}(共 {size} 栋)有 {buildings} 栋在普通网格 {grids} 内,没有专属网格。").format(
        place=phrases.place(finding),
        kind=kind,
        size=finding.measure["size"],
        buildings=finding.measure["buildings"],
        grids=phrases.listed(finding.grids),
    )


def _outdated(finding: phrases.Judged) -> str:
    text = {
        "new": _(
            "网格 {grid} 自 {drawn} 划定后新建 {fresh} 栋、{households} 户,占全部楼栋的 {share:.0%},边界没有重新核定。"
        ),
        "demolished": _("网格 {grid} 自 {drawn} 划定后拆除 {gone} 栋,占全部楼栋的 {share:.0%},边界没有重新核定。"),
        "both": _(
            "网格 {grid} 自 {drawn} 划定后新建 {fresh} 栋({households} 户)、拆除 {gone} 栋,"
            "合占全部楼栋的 {share:.0%},边界没有重新核定。"
        ),
    }[str(finding.subjects["kind"])]
    return text.format(
        grid=finding.grids[0],
        drawn=finding.subjects["drawn"],
        fresh=finding.measure["fresh"],
        gone=finding.measure["gone"],
        households=finding.measure["households"],
        share=float(finding.measure["share"]),
    )


SENTENCES: dict[RuleKey, Callable[[phrases.Judged], str]] = {
    RuleKey.UNSTAFFED_GRID: _unstaffed,
    RuleKey.OVERDUE_VISIT: _overdue,
    RuleKey.UNTOUCHED_AREA: _untouched,
    RuleKey.UNCOVERED_VENUE: _venue,
    RuleKey.OUTDATED_BOUNDARY: _outdated,
}
"""The sentence of each rule of this family."""


def _appoint(item: Mapping[str, Any]) -> str:
    if item.get("from"):
        return _("给网格 {grid} 派人;邻近网格 {other}({households} 户)的网格员负担较轻,可以兼管。").format(
            grid=item["grid"], other=item["from"], households=item["households"]
        )
    return _("给网格 {grid} 任命网格长和网格员。").format(grid=item["grid"])


def _visit(item: Mapping[str, Any]) -> str:
    if item.get("buildings"):
        return _("安排走访网格 {grid} 超期的 {number} 栋楼。").format(grid=item["grid"], number=item["buildings"])
    return _("安排一次网格 {grid} 的走访。").format(grid=item["grid"])


REMEDIES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "appoint": _appoint,
    "relieve": lambda _item: _("把其中几个网格交给别人,使一人兼管的网格不超过上限。"),
    "visit": _visit,
    "patrol": lambda _item: _("安排一次巡查,走到这些地块;确实有人去过而没有记录的,补上轨迹或走访。"),
    "dedicate": lambda _item: _("为它设一个专属网格,由属地和行业主管部门双重管理。"),
    "redraw": lambda item: _("重新核定网格 {grid} 的边界和规模。").format(grid=item["grid"]),
    "agree": lambda _item: _("由街道召集两个社区商定这一条带归谁,写进边界。"),
}
"""What each action of this family's remedies would do."""
