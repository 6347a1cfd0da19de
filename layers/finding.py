"""Findings of the rules: blind ones hatched, so that they show without colour."""

from __future__ import annotations

from typing import Any

from gis.vocabulary import RuleKey
from gis.vocabulary import Severity
from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import rgba

PATTERNS = {
    "hatch": {"type": "hatch", "strokeWidth": 2.2, "gap": 5, "angle": 45},
    "cross": {"type": "cross-hatch", "strokeWidth": 1.4, "gap": 6},
    "dots": {"type": "dots", "radius": 1.4, "gap": 5},
}
"""Fill patterns by name, in pixels: hatched is blind, crossed is blocking, dotted is a warning."""


def _by_severity(blocking: str, blind: str, rest: str) -> str:
    return f"properties.severity == 'block' ? {blocking} : properties.severity == 'blind' ? {blind} : {rest}"


def _deck(theme: Theme) -> dict[str, Any]:
    warn = rgba("warn", theme)
    blind = rgba("blind", theme)
    return {
        "get_fill_color": _by_severity(str(warn), str(blind), str(warn)),
        "get_line_color": _by_severity(str(warn), str(blind), str(warn)),
        "get_line_width": _by_severity("2", "2", "1"),
        "line_width_units": "'pixels'",
        "stroked": True,
        "get_point_radius": "properties.findings > 1 ? 7 : 5",
        "point_radius_units": "'pixels'",
        "pattern": _by_severity("'cross'", "'hatch'", "'dots'"),
        "patterns": PATTERNS,
        "background": _by_severity(
            str(rgba("warn", theme, 0.18)), str(rgba("blind", theme, 0.22)), str(rgba("warn", theme, 0.12))
        ),
        "unique_id_property": "'id'",
    }


LAYER = Layer(
    key="finding",
    label="盲区与问题",
    steps=(Step(6, "marks"), Step(14, "shapes")),
    detail=16,
    relations=("finding", "network"),
    filters=frozenset({"network", "rule", "severity", "code"}),
    fields=(("rule_label", "类型"), ("households", "涉及户数"), ("buildings", "涉及楼栋")),
    legend=(
        Entry("盲区", "blind", "hatch"),
        Entry("阻断:须先改正", "warn", "cross"),
        Entry("提醒", "warn", "dots"),
    ),
    values={"rule": frozenset(RuleKey), "severity": frozenset(Severity)},
    deck=_deck,
)
