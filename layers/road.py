"""Roads of the basemap, by class, wider the closer one looks."""

from __future__ import annotations

from typing import Any

from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import colour

_WIDTHS: dict[str, tuple[float, float, float]] = {
    "path": (0.0, 0.6, 1.5),
    "residential": (0.3, 2.0, 9.0),
    "tertiary": (0.6, 3.0, 12.0),
    "secondary": (0.8, 4.0, 15.0),
    "primary": (1.2, 5.0, 18.0),
    "trunk": (1.6, 6.0, 20.0),
    "motorway": (1.8, 6.0, 22.0),
}
"""Pixels at zooms 11, 15 and 18, narrow classes first: the wide ones are drawn above."""


def _line(name: str, theme: Theme, role: str, extra: float) -> dict[str, Any]:
    far, middle, near = _WIDTHS[name]
    width = ["interpolate", ["exponential", 1.4], ["zoom"], 11, far + extra / 2, 15, middle + extra, 18, near + extra]
    return {
        "id": f"road-{name}{'-edge' if extra else ''}",
        "type": "line",
        "filter": ["==", ["get", "class"], name],
        "layout": {"line-cap": "round", "line-join": "round"},
        "paint": {"line-color": colour(role, theme), "line-width": width},
        **({"minzoom": 13} if extra else {}),
    }


def _paint(theme: Theme) -> list[dict[str, Any]]:
    edges = [_line(name, theme, "road_edge", 1.2) for name in _WIDTHS if name != "path"]
    major = ("motorway", "trunk", "primary")
    bodies = [_line(name, theme, "road_major" if name in major else "road", 0.0) for name in _WIDTHS]
    return edges + bodies


LAYER = Layer(
    key="road",
    label="道路",
    steps=(Step(8, "major"), Step(13, "minor"), Step(15, "every")),
    detail=15,
    relations=("road",),
    legend=(Entry("道路", "road_major", "line"),),
    paint=_paint,
)
