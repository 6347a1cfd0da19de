"""The colours of the chrome, and the sheet of styles that carries them.

The map's own colours live in ``layers``; here are only the surfaces, lines and texts
around it, in the two themes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from pathlib import Path

THEMES = ("light", "dark")

_CHROME = {
    "light": {
        "surface": "#ffffff",
        "raised": "#ffffff",
        "quiet": "#f2f4f5",
        "line": "#d9dfe3",
        "text": "#1c2329",
        "soft": "#55626d",
        "accent": "#1f6f78",
        "accent-soft": "#e3f1f2",
        "blind": "#b04a00",
        "mark-block": "#b87700",
        "mark-blind": "#d55e00",
        "mark-warn": "#b87700",
        "mark-hint": "#9aa5b1",
        "matter": "#4a5560",
        "hazard": "#8a7f00",
        "dispute": "#a3527d",
        "enforcement": "#0072b2",
        "shadow": "0 1px 4px rgba(20, 30, 40, .18)",
    },
    "dark": {
        "surface": "#12171c",
        "raised": "#1b2229",
        "quiet": "#1b2229",
        "line": "#2f3942",
        "text": "#e6ebef",
        "soft": "#a3b0bb",
        "accent": "#6cc5cf",
        "accent-soft": "#173338",
        "blind": "#ff9a4d",
        "mark-block": "#e69f00",
        "mark-blind": "#d55e00",
        "mark-warn": "#e69f00",
        "mark-hint": "#6b7785",
        "matter": "#c8d0d8",
        "hazard": "#f0e442",
        "dispute": "#cc79a7",
        "enforcement": "#56b4e9",
        "shadow": "0 1px 4px rgba(0, 0, 0, .6)",
    },
}


def theme() -> str:
    """Theme the reader's browser shows: ``light`` or ``dark``."""
    kind = st.context.theme.type
    return kind if kind in THEMES else "light"


def sheet(path: Path) -> str:
    """Style element with the colours of the theme in force and the rules of the file."""
    colours = "".join(f"--ga-{name}:{value};" for name, value in _CHROME[theme()].items())
    return f"<style>:root{{{colours}}}\n{path.read_text(encoding='utf-8')}</style>"
