"""The words of a finding, made when it is read, in the language in force.

:func:`title` names a rule, :func:`reason` says in one sentence what is wrong and how much,
:func:`remedy` says what one of the computed repairs would do. Nothing is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

from gis.coverage.rules import RULES
from gis.i18n import translate as _
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

SQUARE_KILOMETRE = 1_000_000
SEVERAL = 1000
SMALL = 10
LISTED = 5


class Judged(Protocol):
    """What the words are made of: any object with these members."""

    @property
    def rule(self) -> str:
        """Key of the rule."""

    @property
    def measure(self) -> Mapping[str, Any]:
        """Numbers."""

    @property
    def subjects(self) -> Mapping[str, Any]:
        """What it is about, besides grids and buildings."""

    @property
    def grids(self) -> Sequence[str]:
        """Codes of the grids concerned."""

    @property
    def buildings(self) -> Sequence[str]:
        """Codes of the buildings concerned."""

    @property
    def area_code(self) -> str | None:
        """Code of the area it lies in."""

    @property
    def area_name(self) -> str | None:
        """Name of that area."""


def title(rule: str) -> str:
    """Name of a rule, for lists and legends."""
    return _(RULES[RuleKey(rule)].title)


def severity(word: str) -> str:
    """Name of a severity."""
    return {
        Severity.BLOCK: _("禁止发布"),
        Severity.BLIND: _("盲区"),
        Severity.WARN: _("警告"),
        Severity.HINT: _("提示"),
    }[Severity(word)]


def reason(finding: Judged) -> str:
    """Say in one sentence what is wrong, where, and how much of it."""
    return _SENTENCES[RuleKey(finding.rule)](finding)


def remedy(item: Mapping[str, Any]) -> str:
    """Say what one computed repair would do."""
    grid = item.get("grid", "")
    texts = {
        "give_to": _("划给网格 {grid}(共用边界 {shared})。"),
        "new_grid": _("新设一个网格来覆盖。"),
        "exclude": _("确属湖面、铁路等无需覆盖的土地,登记为允许空白并写明理由。"),
        "longest_border": _("重叠部分划给包围它最多的网格 {grid}。"),
        "larger": _("重叠部分划给面积较大的网格 {grid}。"),
        "smaller": _("重叠部分划给面积较小的网格 {grid}。"),
        "assign_to": _("归入网格 {grid}。"),
        "correct_place": _("核对并更正位置。"),
        "move_border": _("调整边界,绕开这栋楼。"),
        "join_piece": _("用相邻土地把各部分连成一片,或划给相邻网格。"),
        "cut_back": _("把网格 {grid} 收回到所属社区边界之内。"),
        "ask_division": _("与相邻社区商定,调整社区边界或网格归属。"),
        "split": _("把网格 {grid} 拆分为 {pieces} 个。"),
        "merge": _("把网格 {grid} 与同一社区的相邻网格合并。"),
        "check_datum": _("若大批记录如此,请核对坐标系。"),
    }
    return texts[str(item["action"])].format(
        grid=grid, shared=_length(item.get("shared_m", 0)), pieces=int(item.get("pieces", 0))
    )


def square(value: float) -> str:
    """Area for people: m² or km²."""
    if value >= SQUARE_KILOMETRE:
        return _("{value:,.2f} 平方公里").format(value=value / SQUARE_KILOMETRE)
    return _("{value:,.2f} 平方米" if value < SMALL else "{value:,.0f} 平方米").format(value=value)


def _length(value: float) -> str:
    if value >= SEVERAL:
        return _("{value:,.2f} 公里").format(value=value / SEVERAL)
    return _("{value:,.2f} 米" if value < SMALL else "{value:,.0f} 米").format(value=value)


def _place(finding: Judged) -> str:
    name = finding.area_name or finding.area_code
    return _("{name}境内").format(name=name) if name else _("辖区内")


def _codes(codes: Sequence[str]) -> str:
    shown = _("、").join(codes[:LISTED])
    return _("{shown} 等 {count} 个").format(shown=shown, count=len(codes)) if len(codes) > LISTED else shown


def _touched(finding: Judged) -> str:
    buildings, households = finding.measure.get("buildings", 0), finding.measure.get("households", 0)
    if not buildings:
        return _("其中没有楼栋。")
    if not households:
        return _("涉及楼栋 {buildings} 栋。").format(buildings=buildings)
    return _("涉及楼栋 {buildings} 栋、{households} 户。").format(buildings=buildings, households=households)


def _unclaimed(finding: Judged) -> str:
    text = (
        _("{place}有一道宽 {width}、面积 {area}的缝隙不属于任何网格,多半是边界没有对齐。")
        if finding.measure.get("sliver")
        else _("{place}有 {area}土地不属于任何网格,最宽处 {width}。")
    )
    return text.format(
        place=_place(finding), width=_length(finding.measure["width_m"]), area=square(finding.measure["area_m2"])
    ) + _touched(finding)


def _contested(finding: Judged) -> str:
    text = (
        _("网格 {a} 与 {b} 的边界没有对齐,重叠成宽 {width}、面积 {area}的窄条。")
        if finding.measure.get("sliver")
        else _("网格 {a} 与 {b} 都包含同一块 {area}的土地,最宽处 {width}。")
    )
    return text.format(
        a=finding.grids[0],
        b=finding.grids[1],
        width=_length(finding.measure["width_m"]),
        area=square(finding.measure["area_m2"]),
    ) + _touched(finding)


def _unassigned(finding: Judged) -> str:
    code = finding.buildings[0] if finding.buildings else ""
    if finding.subjects.get("kind") == "declared":
        return _("楼栋 {code} 登记在网格 {declared},实际位于网格 {actual}。").format(
            code=code, declared=finding.subjects["declared_grid"], actual=_codes(finding.grids)
        )
    if not finding.grids:
        return _("楼栋 {code} 不在任何网格内。").format(code=code)
    return _("楼栋 {code} 不在任何网格内,离它最近的网格是 {grid},相距 {distance}。").format(
        code=code, grid=finding.grids[0], distance=_length(finding.measure.get("distance_m") or 0)
    )


def _boundary(finding: Judged) -> str:
    code = finding.buildings[0] if finding.buildings else ""
    if finding.subjects.get("kind") == "cut":
        shares = _("、").join(
            _("{grid} 占 {share:.1%}").format(grid=part["grid"], share=float(part["share"]))
            for part in finding.subjects["shares"][:LISTED]
        )
        return _("楼栋 {code} 被网格边界切开:{shares}。").format(code=code, shares=shares)
    return _("楼栋 {code} 离网格边界只有 {distance},容易归错网格(涉及网格 {grids})。").format(
        code=code, distance=_length(finding.measure["distance_m"]), grids=_codes(finding.grids)
    )


def _stray(finding: Judged) -> str:
    if finding.subjects.get("kind") == "detached":
        return _("网格 {grid} 由 {parts} 块互不相连的土地组成,这一块面积 {area}。").format(
            grid=finding.grids[0], parts=finding.measure["parts"], area=square(finding.measure["area_m2"])
        ) + _touched(finding)
    others = finding.subjects.get("area_names") or finding.subjects.get("areas") or []
    home = finding.area_name or finding.area_code
    where = _("伸入 {areas}").format(areas=_codes(others)) if others else _("不在任何社区之内")
    text = (
        _("网格 {grid} 有 {area}在所属社区 {home} 之外({where}),宽 {width}。")
        if home
        else _("网格 {grid} 有 {area}在所有社区之外({where}),宽 {width}。")
    )
    return text.format(
        grid=finding.grids[0],
        area=square(finding.measure["area_m2"]),
        home=home,
        where=where,
        width=_length(finding.measure["width_m"]),
    ) + _touched(finding)


def _size(finding: Judged) -> str:
    large = finding.subjects.get("kind") == "large"
    text = (
        _("网格 {grid} 有 {households} 户,超过上限 {limit} 户。")
        if large
        else _("网格 {grid} 只有 {households} 户,低于下限 {limit} 户。")
    )
    limit = finding.measure["households_max" if large else "households_min"]
    return text.format(grid=finding.grids[0], households=finding.measure["households"], limit=int(limit))


def _unlocated(finding: Judged) -> str:
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


_SENTENCES = {
    RuleKey.UNCLAIMED_LAND: _unclaimed,
    RuleKey.CONTESTED_LAND: _contested,
    RuleKey.UNASSIGNED_BUILDING: _unassigned,
    RuleKey.BOUNDARY_BUILDING: _boundary,
    RuleKey.STRAY_PART: _stray,
    RuleKey.GRID_SIZE: _size,
    RuleKey.UNLOCATED_RECORD: _unlocated,
}
