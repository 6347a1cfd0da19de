"""Incidents by kind: each kind has a colour and a sign, size says how many.

Under a choice (state, level, clock, category, time) a sign also says how the case stands: one
that is late carries a ``!``, one near its end a ``·``, and what is graver is larger.
"""

from __future__ import annotations

from typing import Any

from gis.vocabulary import CaseState
from gis.vocabulary import IncidentKind
from gis.vocabulary import Standing
from layers.layer import Entry
from layers.layer import Layer
from layers.layer import Step
from layers.palette import Theme
from layers.palette import rgba

SIGNS = {"matter": "◆", "hazard": "▲", "dispute": "●", "enforcement": "■"}
"""Sign of each kind of incident."""


def _choice(values: dict[str, str]) -> str:
    expression = values["matter"]
    for kind in ("hazard", "dispute", "enforcement"):
        expression = f"properties.kind == '{kind}' ? {values[kind]} : ({expression})"
    return expression


def _deck(theme: Theme) -> dict[str, Any]:
    signs = _choice({kind: f"'{sign}'" for kind, sign in SIGNS.items()})
    graver = "properties.level > 0 ? 20 - properties.level * 2 : 13"
    return {
        "point_type": "'text'",
        "get_text": f"({signs}) + (properties.clock == 'late' ? '!' : properties.clock == 'near' ? '·' : '')",
        "text_character_set": "'auto'",
        "get_text_color": _choice({kind: str(rgba(kind, theme)) for kind in SIGNS}),
        "get_text_size": f"properties.size >= 0 ? 8 + properties.size * 3 : {graver}",
        "text_size_units": "'pixels'",
        "text_font_settings": {"sdf": True, "fontSize": 32, "buffer": 6, "radius": 6},
        "text_outline_width": 2,
        "text_outline_color": rgba("halo", theme),
        "unique_id_property": "'id'",
    }


LAYER = Layer(
    key="incident",
    label="事件",
    steps=(Step(6, "cells"), Step(14, "points"), Step(16, "records")),
    detail=16,
    relations=("incident", "casefile", "grid", "network"),
    filters=frozenset({"kind", "code", "state", "level", "clock", "category", "since", "until"}),
    ages_s=300,
    fields=(
        ("title", "描述"),
        ("category", "小类"),
        ("state", "状态"),
        ("clock", "时限"),
        ("occurred_at", "发生时间"),
        ("due_at", "截止时间"),
        ("incidents", "件数"),
        ("told", "件数"),
    ),
    legend=(
        Entry("事项", "matter", SIGNS["matter"], 12),
        Entry("隐患", "hazard", SIGNS["hazard"], 12),
        Entry("纠纷", "dispute", SIGNS["dispute"], 12),
        Entry("执法", "enforcement", SIGNS["enforcement"], 12),
    ),
    values={
        "kind": frozenset(IncidentKind),
        "state": frozenset(CaseState),
        "clock": frozenset(Standing),
        "level": frozenset("1234"),
    },
    deck=_deck,
)
