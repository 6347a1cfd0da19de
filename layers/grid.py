"""Grids of one network, coloured by whether somebody in them is not covered."""

from __future__ import annotations

from typing import Any

from gis.vocabulary import GridKind
from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import rgba


def _by_state(theme: Theme, alpha: dict[str, float], roles: dict[str, str]) -> str:
    """Write the choice of a colour as an expression of deck.gl's JSON."""
    choice = str(rgba(roles["unknown"], theme, alpha["unknown"]))
    for state in ("warn", "blind", "covered"):
        choice = f"properties.state == '{state}' ? {rgba(roles[state], theme, alpha[state])} : {choice}"
    return choice


def _deck(theme: Theme) -> dict[str, Any]:
    fill = {"covered": 0.35, "blind": 0.30, "warn": 0.28, "unknown": 0.25}
    solid = dict.fromkeys(fill, 0.9)
    inside = {"covered": "covered", "blind": "blind", "warn": "warn", "unknown": "unknown"}
    border = {**inside, "covered": "covered_border"}
    return {
        "get_fill_color": _by_state(theme, fill, inside),
        "get_line_color": _by_state(theme, solid, border),
        "get_line_width": "properties.state == 'blind' ? 2 : 1",
        "line_width_units": "'pixels'",
        "unique_id_property": "'code'",
    }


LAYER = Layer(
    key="grid",
    label="网格",
    steps=(Step(6, "mosaic"), Step(12, "polygons")),
    detail=15,
    relations=("area", "grid", "grid_figure", "grid_finding", "network", "refresh"),
    filters=frozenset({"network", "kind", "code"}),
    fields=(("name", "网格"), ("code", "编码"), ("households", "户数"), ("buildings", "楼栋数")),
    legend=(
        Entry("网格:已覆盖", "covered"),
        Entry("网格:有盲区", "blind"),
        Entry("网格:需留意", "warn"),
        Entry("网格:尚未计算", "unknown", "dotted"),
    ),
    values={"kind": frozenset(GridKind)},
    deck=_deck,
)
