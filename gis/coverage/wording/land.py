"""Sentences about land, borders, buildings and the places of records."""

from __future__ import annotations

from gis.coverage.wording import phrases
from gis.i18n import translate as _
from gis.vocabulary import RuleKey


def _unclaimed(finding: phrases.Judged) -> str:
    text = (
        _("{place}有一道宽 {width}、面积 {area}的缝隙不属于任何网格,多半是边界没有对齐。")
        if finding.measure.get("sliver")
        else _("{place}有 {area}土地不属于任何网格,最宽处 {width}。")
    )
    return text.format(
        place=phrases.place(finding),
        width=phrases.length(finding.measure["width_m"]),
        area=phrases.square(finding.measure["area_m2"]),
    ) + phrases.touched(finding)


def _contested(finding: phrases.Judged) -> str:
    text = (
        _("网格 {a} 与 {b} 的边界没有对齐,重叠成宽 {width}、面积 {area}的窄条。")
        if finding.measure.get("sliver")
        else _("网格 {a} 与 {b} 都包含同一块 {area}的土地,最宽处 {width}。")
    )
    return text.format(
        a=finding.grids[0],
        b=finding.grids[1],
        width=phrases.length(finding.measure["width_m"]),
        area=phrases.square(finding.measure["area_m2"]),
    ) + phrases.touched(finding)


def _unassigned(finding: phrases.Judged) -> str:
    code = finding.buildings[0] if finding.buildings else ""
    if finding.subjects.get("kind") == "declared":
        return _("楼栋 {code} 登记在网格 {declared},实际位于网格 {actual}。").format(
            code=code, declared=finding.subjects["declared_grid"], actual=phrases.listed(finding.grids)
        )
    if not finding.grids:
        return _("楼栋 {code} 不在任何网格内。").format(code=code)
    return _("楼栋 {code} 不在任何网格内,离它最近的网格是 {grid},相距 {distance}。").format(
        code=code, grid=finding.grids[0], distance=phrases.length(finding.measure.get("distance_m") or 0)
    )


def _boundary(finding: phrases.Judged) -> str:
    code = finding.buildings[0] if finding.buildings else ""
    if finding.subjects.get("kind") == "cut":
        shares = _("、").join(
            _("{grid} 占 {share:.1%}").format(grid=part["grid"], share=float(part["share"]))
            for part in finding.subjects["shares"][: phrases.LISTED]
        )
        return _("楼栋 {code} 被网格边界切开:{shares}。").format(code=code, shares=shares)
    return _("楼栋 {code} 离网格边界只有 {distance},容易归错网格(涉及网格 {grids})。").format(
        code=code, distance=phrases.length(finding.measure["distance_m"]), grids=phrases.listed(finding.grids)
    )


def _stray(finding: phrases.Judged) -> str:
    if finding.subjects.get("kind") == "detached":
        return _("网格 {grid} 由 {parts} 块互不相连的土地组成,这一块面积 {area}。").format(
            grid=finding.grids[0], parts=finding.measure["parts"], area=phrases.square(finding.measure["area_m2"])
        ) + phrases.touched(finding)
    others = finding.subjects.get("area_names") or finding.subjects.get("areas") or []
    home = finding.area_name or finding.area_code
    where = _("伸入 {areas}").format(areas=phrases.listed(others)) if others else _("不在任何社区之内")
    text = (
        _("网格 {grid} 有 {area}在所属社区 {home} 之外({where}),宽 {width}。")
        if home
        else _("网格 {grid} 有 {area}在所有社区之外({where}),宽 {width}。")
    )
    return text.format(
        grid=finding.grids[0],
        area=phrases.square(finding.measure["area_m2"]),
        home=home,
        where=where,
        width=phrases.length(finding.measure["width_m"]),
    ) + phrases.touched(finding)


def _size(finding: phrases.Judged) -> str:
    large = finding.subjects.get("kind") == "large"
    text = (
        _("网格 {grid} 有 {households} 户,超过上限 {limit} 户。")
        if large
        else _("网格 {grid} 只有 {households} 户,低于下限 {limit} 户。")
    )
    limit = finding.measure["households_max" if large else "households_min"]
    return text.format(grid=finding.grids[0], households=finding.measure["households"], limit=int(limit))


def _unlocated(finding: phrases.Judged) -> str:
    building = finding.subjects.get("dataset") == "building"
    code = finding.buildings[0] if finding.buildings else finding.subjects.get("incident", "")
    record = (_("楼栋 {code}") if building else _("事件 {code}")).format(code=code)
    text = {
        "none": _("{record} 没有坐标。"),
        "null_island": _("{record} 的坐标是 (0, 0)。"),
        "outside": _("{record} 的坐标在辖区之外,也不在任何网格内。"),
        "heaped": _("{record} 与另外 {others} 条记录一起落在{place}的中心点上,多半是按社区名称定位的。"),
    }[str(finding.subjects["kind"])]
    return text.format(record=record, others=finding.measure.get("heap", 1) - 1, place=finding.area_name or _("社区"))


def _seam(finding: phrases.Judged) -> str:
    line = {"road": _("道路{name}"), "rail": _("铁路{name}"), "river": _("河道{name}"), "excluded": "{name}"}[
        str(finding.subjects["line"])
    ].format(name=finding.subjects.get("name") or "")
    return _("{place}与{other}之间有一条沿{line}的条带无人认领,长约 {length}、最宽 {width}。").format(
        place=finding.area_name or finding.area_code or _("辖区"),
        other=finding.subjects.get("other_name") or finding.subjects["other"],
        line=line,
        length=phrases.length(finding.measure["length_m"]),
        width=phrases.length(finding.measure["width_m"]),
    ) + phrases.touched(finding)


SENTENCES = {
    RuleKey.UNCLAIMED_LAND: _unclaimed,
    RuleKey.CONTESTED_LAND: _contested,
    RuleKey.UNASSIGNED_BUILDING: _unassigned,
    RuleKey.BOUNDARY_BUILDING: _boundary,
    RuleKey.STRAY_PART: _stray,
    RuleKey.GRID_SIZE: _size,
    RuleKey.UNLOCATED_RECORD: _unlocated,
    RuleKey.SEAM: _seam,
}
"""The sentence of each rule of this family."""
