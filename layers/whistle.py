"""Whistles: where units were called to, with the star of their own; live ones unless others are chosen."""

from __future__ import annotations

from typing import Any

from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import rgba

SIGN = "★"
STATES = frozenset({"drafted", "called", "arrived", "handled", "rated", "refused", "dropped"})


def _deck(theme: Theme) -> dict[str, Any]:
    return {
        "point_type": "'text'",
        "get_text": f"properties.late ? '{SIGN}!' : '{SIGN}'",
        "text_character_set": "'auto'",
        "get_text_color": rgba("whistle", theme),
        "get_text_size": "properties.size > 0 ? 15 + properties.size * 3 : 15",
        "text_size_units": "'pixels'",
        "text_font_settings": {"sdf": True, "fontSize": 32, "buffer": 6, "radius": 6},
        "text_outline_width": 2,
        "text_outline_color": rgba("halo", theme),
    }


LAYER = Layer(
    key="whistle",
    label="吹哨",
    steps=(Step(6, "cells"), Step(14, "records")),
    detail=16,
    relations=("whistle", "grid", "network"),
    filters=frozenset({"state", "code", "since", "until"}),
    ages_s=300,
    fields=(
        ("title", "描述"),
        ("state", "状态"),
        ("lead", "牵头单位"),
        ("wanted_at", "要求到场"),
        ("whistles", "件数"),
    ),
    legend=(Entry("吹哨", "whistle", SIGN, 13),),
    values={"state": STATES},
    deck=_deck,
)
