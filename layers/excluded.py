"""Allowed gaps: land that no grid has to claim, each with its reason."""

from __future__ import annotations

from typing import Any

from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import rgba


def _deck(theme: Theme) -> dict[str, Any]:
    return {
        "get_fill_color": rgba("unknown", theme, 0.5),
        "get_line_color": rgba("unknown", theme),
        "line_width_min_pixels": 1,
        "pattern": "'dots'",
        "patterns": {"dots": {"type": "dots", "radius": 1.2, "gap": 6}},
    }


LAYER = Layer(
    key="excluded",
    label="不计入的土地",
    steps=(Step(9, "polygons"),),
    detail=16,
    relations=("excluded",),
    fields=(("name", "名称"), ("reason", "理由")),
    legend=(Entry("不计入的土地", "unknown", "dots"),),
    deck=_deck,
)
