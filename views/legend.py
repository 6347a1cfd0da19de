"""The legend on the map: one line per meaning, made from the layers that are switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st

from gis.i18n import translate as _
from layers.catalog import layer as described
from views import format as written

if TYPE_CHECKING:
    from layers.layer import Entry
    from layers.palette import Theme

BASEMAP = ("area",)
SIGNS_PX = 16


def draw(shown: list[str], theme: Theme, *, unused: frozenset[str] = frozenset()) -> None:
    """Draw the legend of the layers that are shown and of the basemap's outlines.

    Parameters
    ----------
    shown : list of str
        Keys of the layers that are switched on.
    theme : Theme
        Which colours.
    unused : frozenset of str
        Keys of layers that hold nothing, and ``layer.role`` of lines that stand for nothing here.
    """
    lines = "".join(
        f"<div>{swatch(entry, theme)}<span>{written.html(_(entry.label))}</span></div>"
        for key in (*shown, *BASEMAP)
        if key not in unused
        for entry in described(key).legend
        if f"{key}.{entry.role}" not in unused
    )
    st.html(f'<details class="ga-legend" open><summary>{_("图例")}</summary>{lines}</details>')


def swatch(entry: Entry, theme: Theme) -> str:
    """Draw the sign of a line as it stands on the map."""
    colour = entry.colour(theme)
    box = f'<rect x="1" y="1" width="14" height="14" rx="2" fill="{colour}"'
    edge = f'<rect x="1" y="1" width="14" height="14" rx="2" fill="none" stroke="{colour}" stroke-width="1.6"'
    strokes = f'stroke="{colour}" stroke-width="1.6"'
    drawings = {
        "fill": f'{box} fill-opacity=".45" stroke="{colour}" stroke-width="1.2"/>',
        "hatch": f'{edge}/><path d="M1 7 7 1M1 15 15 1M9 15l6-6" {strokes}/>',
        "cross": f'{edge}/><path d="M1 8 8 1M1 15 15 1M8 15l7-7M8 1l7 7M1 1l14 14M1 8l7 7" {strokes}/>',
        "dots": f'{edge}/><g fill="{colour}"><circle cx="5" cy="5" r="1.4"/><circle cx="11" cy="5" r="1.4"/>'
        '<circle cx="5" cy="11" r="1.4"/><circle cx="11" cy="11" r="1.4"/></g>',
        "line": f'<path d="M0 8h16" {strokes}/>',
        "dotted": f'{edge} stroke-dasharray="2 2"/>',
    }
    drawn = drawings.get(entry.sign) or (
        f'<text x="8" y="13" text-anchor="middle" font-size="{(entry.size or 12) + 3}" fill="{colour}">'
        f"{written.html(entry.sign)}</text>"
    )
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{drawn}</svg>'
    return f'<img alt="" width="{SIGNS_PX}" height="{SIGNS_PX}" src="data:image/svg+xml,{quote(picture)}">'
