"""Names on the map: areas from afar, grids close by."""

from __future__ import annotations

from typing import Any

from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import rgba

FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif'


def _deck(theme: Theme) -> dict[str, Any]:
    return {
        "point_type": "'text'",
        "get_text": "properties.name",
        "text_character_set": "'auto'",
        "text_font_family": f"'{FONT}'",
        "get_text_color": rgba("text", theme),
        "get_text_size": "properties.level == 'grid' ? 12 : 14",
        "text_size_units": "'pixels'",
        "text_font_settings": {"sdf": True, "fontSize": 32, "buffer": 6, "radius": 6},
        "text_font_weight": 600,
        "text_outline_width": 2,
        "text_outline_color": rgba("halo", theme),
        "pickable": False,
    }


LAYER = Layer(
    key="label",
    label="名称",
    steps=(Step(8, "names"),),
    detail=15,
    relations=("area", "grid", "network"),
    filters=frozenset({"network"}),
    deck=_deck,
)
