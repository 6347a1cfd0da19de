"""How large the reader's window is, so that the map is fitted before it is drawn and never jumps afterwards.

The browser leaves the size in a cookie of this origin (``frame.js``); until it has, a
desk's or a phone's usual window is assumed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import streamlit as st

COOKIE = "gridatlas-window"
DESK = (1366, 768)
PHONE = (390, 780)
NARROW = 900
"""Width up to which the page is one column; the same number stands in ``style.css``."""

BAR_PX = 48
PANEL_PX = 440
LEGEND_PX = 178
TALLEST_SHARE = 0.6
LARGEST = 10_000


@dataclass(frozen=True, slots=True)
class Stage:
    """The part of the window that shows the map, in pixels; ``left`` is covered by the legend."""

    width: int
    height: int
    left: int


def stage() -> Stage:
    """Give the size of the map of the coverage page."""
    return split(*size())


def size() -> tuple[int, int]:
    """Give width and height of the reader's window, pixels."""
    return _size(st.context.cookies.get(COOKIE), st.context.headers.get("User-Agent"))


def split(width: int, height: int, beside: int = PANEL_PX) -> Stage:
    """Give the size of the map in a window.

    Parameters
    ----------
    width, height : int
        Of the window, pixels.
    beside : int
        Width of what stands beside the map, pixels.
    """
    if width <= NARROW:
        return Stage(width, max(round(height * TALLEST_SHARE), 1), 0)
    return Stage(max(width - beside, 1), max(height - BAR_PX, 1), LEGEND_PX)


def _size(cookie: str | None, agent: str | None) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", cookie or "", re.ASCII)
    if found:
        return min(int(found[1]), LARGEST), min(int(found[2]), LARGEST)
    return PHONE if "Mobile" in (agent or "") else DESK
