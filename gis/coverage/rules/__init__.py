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
        ("cov_area", "cov_grid", "cov_excluded", "cov_loose", "cov_incident", "cov_param"),
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
)

RULES = MappingProxyType({rule.key: rule for rule in _ENTRIES})
"""All rules by key, in the order they run."""

FILES = tuple(key for key, rule in RULES.items() if rule.files)
"""The rules that judge files as well."""
