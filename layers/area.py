"""Districts, streets and communities: outlines of the basemap."""

from __future__ import annotations

from typing import Any

from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import colour

_WIDTHS = {"district": 2.5, "street": 1.6, "community": 0.9}


def _paint(theme: Theme) -> list[dict[str, Any]]:
    return [
        {
            "id": f"area-{level}",
            "type": "line",
            "filter": ["==", ["get", "level"], level],
            "layout": {"line-join": "round"},
            "paint": {
                "line-color": colour("border", theme),
                "line-opacity": 0.9 if level == "district" else 0.7,
                "line-width": ["interpolate", ["linear"], ["zoom"], 9, width * 0.6, 15, width * 1.4],
                **({} if level == "district" else {"line-dasharray": [4, 2] if level == "street" else [2, 2]}),
            },
        }
        for level, width in _WIDTHS.items()
    ]


LAYER = Layer(
    key="area",
    label="区划边界",
    steps=(Step(0, "wide"), Step(11, "all_levels")),
    detail=15,
    relations=("area",),
    fields=(("name", "名称"), ("code", "编码"), ("level", "层级")),
    legend=(Entry("区划边界", "border", "line"),),
    paint=_paint,
)
