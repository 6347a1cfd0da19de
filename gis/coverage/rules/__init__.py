"""The rules: one SQL file beside this module and one entry below for each.

A rule is a SELECT over unqualified relations (``cov_area, cov_grid, cov_building,
cov_declared, cov_incident, cov_excluded, cov_param`` and what
``gis/coverage/steps`` derives from them; people, visits and duties for the stored office
only), so it judges files and the stored office alike.
It gives ``(severity, geom, measure, subjects, grid_codes, building_ids, area_id, remedies)``,
or, for a statistical rule, the counts that the module of the same name judges.
The sentences are made by :mod:`gis.coverage.wording` when a finding is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Any

from gis.coverage.rules import hours
from gis.coverage.rules import passive
from gis.coverage.rules import silent
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from gis.coverage.raw import Raw

    Statistic = Callable[[Sequence[Mapping[str, Any]], Mapping[str, float]], list[Raw]]

FOLDER = Path(__file__).resolve().parent


class Unit(StrEnum):
    """How far a rule has to look to judge one thing."""

    AREA = "area"
    """Records in, touching or near the area (community) a finding belongs to."""
    NETWORK = "network"
    """All of the network: each grid is compared with the others."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the registry.

    Attributes
    ----------
    key : RuleKey
        Also the name of the SQL file.
    severities : tuple of Severity
        What a finding of it may weigh; the first is that of its main case.
    title : str
        Chinese source string.
    reads : tuple of str
        Relations the SQL reads.
    parameters : tuple of str
        Keys of ``cov_param`` the SQL reads.
    identity : tuple of str
        What makes a finding the same from run to run: ``grids``, ``buildings`` or names of
        ``subjects``; empty for a place, which is known again by overlap.
    unit : Unit
        What has to be judged anew when something changes.
    statistic : callable, optional
        Judges the rows of the SQL; without one the rows are findings.
    method, assumption : str
        Of a rule that weighs or looks up: how it judges, and what would mislead it; Chinese source strings.
    files : bool
        Whether ``script/gis check`` runs it: the rules that need land and buildings only.
    """

    key: RuleKey
    severities: tuple[Severity, ...]
    title: str
    reads: tuple[str, ...]
    parameters: tuple[str, ...]
    identity: tuple[str, ...] = ()
    unit: Unit = Unit.AREA
    statistic: Statistic | None = None
    method: str = ""
    assumption: str = ""
    files: bool = False

    @property
    def sql(self) -> str:
        """Text of the rule."""
        return _text(self.key)


@cache
def _text(key: str) -> str:
    return (FOLDER / f"{key}.sql").read_text(encoding="utf-8")


_ENTRIES = (
    Rule(
        RuleKey.UNCLAIMED_LAND,
        (Severity.BLIND, Severity.HINT),
        "无网格覆盖的土地",
        ("cov_gap", "cov_grid", "cov_loose", "cov_incident", "cov_param"),
        ("sliver_width_m", "dust_m2"),
        files=True,
    ),
    Rule(
        RuleKey.CONTESTED_LAND,
        (Severity.BLOCK, Severity.HINT),
        "多个网格重叠的土地",
        ("cov_grid", "cov_building", "cov_home", "cov_param"),
        ("sliver_width_m", "dust_m2"),
        identity=("grids",),
        files=True,
    ),
    Rule(
        RuleKey.UNASSIGNED_BUILDING,
        (Severity.BLIND, Severity.WARN),
        "没有归属网格的楼栋",
        ("cov_loose", "cov_border", "cov_grid", "cov_declared", "cov_building", "cov_assignment", "cov_home"),
        (),
        identity=("buildings",),
        files=True,
    ),
    Rule(
        RuleKey.BOUNDARY_BUILDING,
        (Severity.WARN,),
        "压在网格边界上的楼栋",
        ("cov_grid", "cov_building", "cov_loose", "cov_border", "cov_assignment", "cov_home", "cov_param"),
        ("border_distance_m", "dust_m2", "pointlike"),
        identity=("buildings",),
        files=True,
    ),
    Rule(
        RuleKey.STRAY_PART,
        (Severity.BLOCK, Severity.WARN, Severity.HINT),
        "越界或分离的网格部分",
        ("cov_grid", "cov_area", "cov_home", "cov_building", "cov_param"),
        ("sliver_width_m", "dust_m2"),
        files=True,
    ),
    Rule(
        RuleKey.GRID_SIZE,
        (Severity.WARN,),
        "户数超出或不足的网格",
        ("cov_grid", "cov_assignment", "cov_building", "cov_home", "cov_param"),
        ("households_min", "households_max", "households_known"),
        identity=("grids",),
        files=True,
    ),
    Rule(
        RuleKey.UNLOCATED_RECORD,
        (Severity.BLIND, Severity.WARN),
        "位置不明或不可信的记录",
        ("cov_building", "cov_incident", "cov_area", "cov_grid", "cov_loose"),
        (),
        identity=("dataset", "buildings", "incident"),
        files=True,
    ),
    Rule(
        RuleKey.UNSTAFFED_GRID,
        (Severity.BLIND, Severity.WARN),
        "无人或缺人的网格",
        ("cov_grid", "cov_home", "cov_post", "cov_leave", "cov_assignment", "cov_building", "cov_now", "cov_param"),
        ("leave_days_min", "grids_per_worker_max"),
        identity=("grid", "worker", "area"),
    ),
    Rule(
        RuleKey.OVERDUE_VISIT,
        (Severity.BLIND, Severity.WARN),
        "走访超期的网格和楼栋",
        ("cov_grid", "cov_home", "cov_visit", "cov_policy", "cov_assignment", "cov_building", "cov_now"),
        (),
        identity=("grids", "kind"),
    ),
    Rule(
        RuleKey.UNTOUCHED_AREA,
        (Severity.BLIND,),
        "有人居住而无迹可循的地块",
        (
            "cov_area",
            "cov_grid",
            "cov_home",
            "cov_visit",
            "cov_track",
            "cov_incident",
            "cov_assignment",
            "cov_building",
            "cov_now",
            "cov_param",
        ),
        ("cell_m", "untouched_days", "untouched_households_min"),
    ),
    Rule(
        RuleKey.UNCOVERED_VENUE,
        (Severity.WARN,),
        "没有专属网格的楼宇、园区和市场",
        ("cov_grid", "cov_home", "cov_assignment", "cov_building", "cov_param"),
        ("venue_judged", "venue_gap_m", "venue_buildings_min", "venue_floors_min", "venue_mall_m2"),
    ),
    Rule(
        RuleKey.OUTDATED_BOUNDARY,
        (Severity.WARN,),
        "划定之后变了样的网格",
        ("cov_grid", "cov_home", "cov_assignment", "cov_building", "cov_now", "cov_param"),
        ("estate_households_min", "demolished_min", "changed_share_min"),
        identity=("grids",),
    ),
    Rule(
        RuleKey.SEAM,
        (Severity.WARN,),
        "两个社区之间沿线无人认领的条带",
        ("cov_gap", "cov_area", "cov_grid", "cov_road", "cov_water", "cov_excluded", "cov_loose", "cov_param"),
        ("seam_width_max_m", "seam_ratio_min", "seam_line_m", "sliver_width_m"),
    ),
    Rule(
        RuleKey.SILENT_CATEGORY,
        (Severity.HINT,),
        "从不上报某类事件的网格",
        (
            "cov_incident",
            "cov_grid",
            "cov_home",
            "cov_division",
            "cov_assignment",
            "cov_building",
            "cov_now",
            "cov_param",
        ),
        (
            "silent_days",
            "silent_peers_min",
            "silent_expected_min",
            "silent_ratio_max",
            "silent_weight",
            "silent_fdr",
        ),
        identity=("grids", "kind", "category"),
        unit=Unit.NETWORK,
        statistic=silent.judge,
        method=silent.METHOD,
        assumption=silent.ASSUMPTION,
    ),
    Rule(
        RuleKey.HOTLINE_ONLY,
        (Severity.WARN,),
        "只靠热线发现问题的网格",
        (
            "cov_incident",
            "cov_grid",
            "cov_home",
            "cov_division",
            "cov_assignment",
            "cov_building",
            "cov_now",
            "cov_param",
        ),
        ("hotline_days", "hotline_peers_min", "hotline_incidents_min", "hotline_ratio_max", "hotline_fdr"),
        identity=("grids",),
        unit=Unit.NETWORK,
        statistic=passive.judge,
        method=passive.METHOD,
        assumption=passive.ASSUMPTION,
    ),
    Rule(
        RuleKey.UNCOVERED_HOURS,
        (Severity.WARN,),
        "有事无人的时段",
        (
            "cov_incident",
            "cov_visit",
            "cov_track",
            "cov_area",
            "cov_grid",
            "cov_home",
            "cov_assignment",
            "cov_building",
            "cov_now",
            "cov_param",
        ),
        ("hours_days", "hours_incidents_min", "hours_presence_min", "hours_absence_share", "hours_fdr"),
        identity=("area", "part"),
        unit=Unit.NETWORK,
        statistic=hours.judge,
        method=hours.METHOD,
        assumption=hours.ASSUMPTION,
    ),
    Rule(
        RuleKey.UNOWNED_MATTER,
        (Severity.WARN,),
        "无人牵头或多头牵头的事项",
        ("cov_incident", "cov_duty", "cov_area", "cov_grid", "cov_home", "cov_division", "cov_now", "cov_param"),
        ("unowned_days", "unowned_incidents_min"),
        identity=("kind", "category"),
        unit=Unit.NETWORK,
        method=(
            "逐件查对权责清单:取事件发生当日有效的条目,本社区的条目优先,其次街道、区和全域;"
            "没有条目、条目没有牵头单位,或同级条目写了两个不同的牵头单位,即计入。"
            "清单的每一版按各自的有效期查对,当日还没有任何清单生效的事件不判断。这是逐件清点,不是推断。"
        ),
        assumption=(
            "假定事件的小类与清单的小类写法一致,清单的生效、失效日期如实。小类写法不一会被当作没有牵头单位;没有小类的事件不计入。"
        ),
    ),
)

RULES = MappingProxyType({rule.key: rule for rule in _ENTRIES})
"""All rules by key, in the order they run."""

FILES = tuple(key for key, rule in RULES.items() if rule.files)
"""The rules that judge files as well."""
