"""Rivers and lakes of the basemap."""

from __future__ import annotations

from typing import Any

from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import colour


def _paint(theme: Theme) -> list[dict[str, Any]]:
    return [{"id": "water", "type": "fill", "paint": {"fill-color": colour("water", theme)}}]


LAYER = Layer(
    key="water",
    label="水系",
    steps=(Step(6, "polygons"),),
    detail=15,
    relations=("water",),
    legend=(Entry("水系", "water"),),
    paint=_paint,
)
