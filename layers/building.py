"""Buildings: counts per cell from afar, points closer, footprints close by."""

from __future__ import annotations

from typing import Any

from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import BUILDING_CLASSES
from layers.palette import Theme
from layers.palette import rgba


def _deck(theme: Theme) -> dict[str, Any]:
    steps = [rgba(value, theme, 0.85) for value in BUILDING_CLASSES[theme]]
    cell = str(steps[4])
    for size in (3, 2, 1, 0):
        cell = f"properties.size == {size} ? {steps[size]} : {cell}"
    single = f"properties.state == 'outside' ? {rgba('building_outside', theme, 0.9)} : {rgba('building', theme, 0.75)}"
    return {
        "get_fill_color": f"properties.buildings ? ({cell}) : ({single})",
        "get_line_color": rgba("land", theme),
        "get_line_width": "properties.state == 'outside' ? 2 : properties.state || properties.buildings ? 1 : 0.5",
        "line_width_units": "'pixels'",
        "stroked": True,
        "get_point_radius": "properties.buildings ? 1.4 + properties.size * 0.9 : properties.state ? 3 : 2.2",
        "point_radius_units": "'pixels'",
        "unique_id_property": "'id'",
    }


LAYER = Layer(
    key="building",
    label="楼栋",
    steps=(Step(6, "cells"), Step(14, "points"), Step(16, "footprints")),
    detail=16,
    relations=("building", "assignment", "grid", "network", "refresh"),
    filters=frozenset({"network"}),
    fields=(
        ("name", "楼栋"),
        ("address", "地址"),
        ("households", "户数"),
        ("grid_name", "所属网格"),
        ("buildings", "楼栋数"),
    ),
    legend=(
        Entry("楼栋", "building", "●", 6),
        Entry("楼栋:不在任何网格内", "building_outside", "●", 6),
    ),
    deck=_deck,
)
