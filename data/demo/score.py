"""Holding the findings against the truth: which planted flaw was found, and what was found elsewhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from data.demo.flaws import RULES as LAND
from data.demo.flaws import area_m2
from data.demo.truth import RULES as LIFE
from gis.vocabulary import RuleKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence

    from data.demo.flaws import Flaw
    from gis.coverage.findings import Finding

RULES = {**LAND, **LIFE}
"""Rule that has to find each kind; those without one are traps."""
SAME = 0.01
"""Share of the land by which a finding may differ from what was planted."""
LEAST_M2 = 2.0
"""The same for small land, m2."""


def same_land(a: shapely.Geometry, b: shapely.Geometry) -> bool:
    """Whether two shapes in degrees are the same land."""
    apart = _land(shapely.symmetric_difference(a, b))
    return apart < max(SAME * _land(b), LEAST_M2)


def _land(shape: shapely.Geometry) -> float:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return sum(area_m2(part) for part in parts if part.geom_type == "Polygon")


def _on_land(flaw: Flaw, finding: Finding) -> bool:
    return finding.geometry is not None and flaw.where is not None and same_land(finding.geometry, flaw.where)


def _at(flaw: Flaw, finding: Finding) -> bool:
    return finding.geometry is not None and bool(shapely.intersects(finding.geometry, flaw.where))


def _of_record(flaw: Flaw, finding: Finding) -> bool:
    code = flaw.subjects[0]
    return finding.buildings == [code] or finding.subjects.get("incident") == code


def _of_grids(flaw: Flaw, finding: Finding) -> bool:
    return finding.grids == list(flaw.subjects)


def _of_grid(flaw: Flaw, finding: Finding) -> bool:
    return finding.grids == list(flaw.subjects[:1])


def _of_visits(flaw: Flaw, finding: Finding) -> bool:
    """Whether it names the grid that was not visited, or exactly these of its buildings."""
    buildings = list(flaw.subjects[1:])
    if not buildings:
        return _of_grid(flaw, finding) and finding.subjects.get("kind") == "grid"
    return _of_grid(flaw, finding) and sorted(finding.buildings) == sorted(buildings)


def _named(flaw: Flaw, finding: Finding) -> bool:
    """Whether it names the same kind and category."""
    return (finding.subjects.get("kind"), finding.subjects.get("category")) == flaw.subjects[-2:]


ANSWERS: dict[str, Callable[[Flaw, Finding], bool]] = {
    RuleKey.UNCLAIMED_LAND: _on_land,
    RuleKey.SEAM: _on_land,
    RuleKey.CONTESTED_LAND: lambda flaw, f: set(f.grids) == set(flaw.subjects) and _on_land(flaw, f),
    RuleKey.STRAY_PART: lambda flaw, f: _of_grids(flaw, f) and _on_land(flaw, f),
    RuleKey.UNASSIGNED_BUILDING: _of_record,
    RuleKey.BOUNDARY_BUILDING: _of_record,
    RuleKey.UNLOCATED_RECORD: _of_record,
    RuleKey.GRID_SIZE: _of_grids,
    RuleKey.UNSTAFFED_GRID: _of_grids,
    RuleKey.OVERDUE_VISIT: _of_visits,
    RuleKey.UNTOUCHED_AREA: _at,
    RuleKey.SILENT_CATEGORY: lambda flaw, f: _of_grid(flaw, f) and _named(flaw, f),
    RuleKey.HOTLINE_ONLY: _of_grid,
    RuleKey.UNCOVERED_VENUE: lambda flaw, f: _of_grid(flaw, f) and f.subjects.get("kind") == flaw.subjects[1],
    RuleKey.UNOWNED_MATTER: _named,
    RuleKey.UNCOVERED_HOURS: lambda flaw, f: f.subjects.get("area") == flaw.subjects[0],
    RuleKey.OUTDATED_BOUNDARY: _of_grid,
}
"""When a finding of a rule names what was planted."""


def answers(flaw: Flaw, found: Sequence[Finding]) -> list[Finding]:
    """Give the findings that name what was planted: rule, subjects, place."""
    if not flaw.rule:
        return []
    return [f for f in found if f.rule == flaw.rule and ANSWERS[flaw.rule](flaw, f)]


@dataclass(frozen=True)
class Line:
    """One row of the table of ``docs/demo.md``.

    Attributes
    ----------
    rule, kind : str
        The kind of blind spot, and the kind of flaw planted; a rule without a kind is its last row.
    planted, found : int
        Flaws planted, and those of them that were found.
    false : int
        Findings of the rule that name nothing planted; counted in its last row.
    """

    rule: str
    kind: str
    planted: int
    found: int
    false: int


def score(flaws: Sequence[Flaw], found: Sequence[Finding]) -> list[Line]:
    """Count what was planted, found, and found elsewhere, by kind, in the order of the rules.

    Traps are the kinds without a rule: findings that name their place or subjects would stand
    among the false ones of a rule.
    """
    planted = Counter(flaw.kind for flaw in flaws)
    hit: Counter[str] = Counter()
    explained: set[int] = set()
    for flaw in flaws:
        answered = answers(flaw, found)
        hit[flaw.kind] += bool(answered)
        explained |= {id(f) for f in answered}
    false = Counter(f.rule for f in found if id(f) not in explained)
    lines = []
    for rule in RuleKey:
        kinds = [kind for kind, key in RULES.items() if key == rule and planted[kind]]
        lines += [Line(rule, kind, planted[kind], hit[kind], 0) for kind in kinds]
        lines.append(Line(rule, "", sum(planted[k] for k in kinds), sum(hit[k] for k in kinds), false[rule]))
    return [*lines, *(Line("", kind, planted[kind], 0, 0) for kind, key in RULES.items() if not key and planted[kind])]


def page(lines: Sequence[Line]) -> str:
    """Write the table of ``docs/demo.md``: a row per kind, and what each rule found elsewhere."""
    rows = ["| rule | what was planted | planted | found | found elsewhere |", "|---|---|---:|---:|---:|"]
    false = {line.rule: line.false for line in lines if line.rule and not line.kind}
    shown: set[str] = set()
    for line in lines:
        if line.kind and line.rule:
            elsewhere = "" if line.rule in shown else str(false[line.rule])
            rows.append(f"| `{line.rule}` | `{line.kind}` | {line.planted} | {line.found} | {elsewhere} |")
            shown.add(line.rule)
        elif line.rule and not line.planted:
            rows.append(f"| `{line.rule}` | – | 0 | 0 | {line.false} |")
    rows += [f"| trap | `{line.kind}` | {line.planted} | – | – |" for line in lines if not line.rule]
    whole = [line for line in lines if line.rule and not line.kind]
    total = (sum(line.planted for line in whole), sum(line.found for line in whole), sum(false.values()))
    return "\n".join([*rows, f"| all | | {total[0]} | {total[1]} | {total[2]} |"]) + "\n"
