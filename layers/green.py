"""Parks and green land of the basemap."""

from __future__ import annotations

from typing import Any

from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import colour


def _paint(theme: Theme) -> list[dict[str, Any]]:
    return [{"id": "green", "type": "fill", "paint": {"fill-color": colour("green", theme)}}]


LAYER = Layer(
    key="green",
    label="绿地",
    steps=(Step(8, "polygons"),),
    detail=15,
    relations=("green",),
    legend=(Entry("绿地", "green"),),
    paint=_paint,
)
