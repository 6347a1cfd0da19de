"""The colours of the map: few, each with one meaning, the same in both themes' roles.

The hues of findings and incidents are Okabe and Ito's, told apart by people with
colour-blindness; every kind has a sign as well. This module owns colours only; which
layer uses which is said in the layer's own file.
"""

from __future__ import annotations

from enum import StrEnum


class Theme(StrEnum):
    """The two sets of colours."""

    LIGHT = "light"
    DARK = "dark"


COLOURS: dict[str, dict[Theme, str]] = {
    "covered": {Theme.DARK: "#1f6f78", Theme.LIGHT: "#8fc7cc"},
    "covered_border": {Theme.DARK: "#4fb3bf", Theme.LIGHT: "#2b7f88"},
    "blind": {Theme.DARK: "#D55E00", Theme.LIGHT: "#D55E00"},
    "warn": {Theme.DARK: "#E69F00", Theme.LIGHT: "#B87700"},
    "unknown": {Theme.DARK: "#6b7785", Theme.LIGHT: "#9aa5b1"},
    "matter": {Theme.DARK: "#c8d0d8", Theme.LIGHT: "#4a5560"},
    "hazard": {Theme.DARK: "#F0E442", Theme.LIGHT: "#8a7f00"},
    "dispute": {Theme.DARK: "#CC79A7", Theme.LIGHT: "#a3527d"},
    "enforcement": {Theme.DARK: "#56B4E9", Theme.LIGHT: "#0072B2"},
    "whistle": {Theme.DARK: "#ffffff", Theme.LIGHT: "#000000"},
    "chosen": {Theme.DARK: "#ffffff", Theme.LIGHT: "#000000"},
    "building": {Theme.DARK: "#8a97a5", Theme.LIGHT: "#76828e"},
    "building_outside": {Theme.DARK: "#D55E00", Theme.LIGHT: "#D55E00"},
    "land": {Theme.DARK: "#14191f", Theme.LIGHT: "#eef0ed"},
    "water": {Theme.DARK: "#1b2c3a", Theme.LIGHT: "#cfdfe8"},
    "green": {Theme.DARK: "#1a2620", Theme.LIGHT: "#e0eadb"},
    "road": {Theme.DARK: "#333d48", Theme.LIGHT: "#ffffff"},
    "road_major": {Theme.DARK: "#46525f", Theme.LIGHT: "#fdeecb"},
    "road_edge": {Theme.DARK: "#10151a", Theme.LIGHT: "#bcc3c4"},
    "border": {Theme.DARK: "#8d9aa8", Theme.LIGHT: "#59636e"},
    "text": {Theme.DARK: "#e8edf2", Theme.LIGHT: "#1d242b"},
    "halo": {Theme.DARK: "#14191f", Theme.LIGHT: "#ffffff"},
}
"""Colour of each role, ``#rrggbb``."""

BUILDING_CLASSES: dict[Theme, tuple[str, ...]] = {
    Theme.LIGHT: ("#c3cbd3", "#a2adb8", "#80909e", "#5f7183", "#3f5265"),
    Theme.DARK: ("#4b5968", "#66778a", "#8496aa", "#a5b7c9", "#cbdae8"),
}
"""Five steps of one hue for how many buildings a cell holds, few to many."""


def colour(role: str, theme: Theme) -> str:
    """Give the colour of a role as ``#rrggbb``."""
    return COLOURS[role][theme]


def rgba(role: str, theme: Theme, alpha: float = 1.0) -> list[int]:
    """Give the colour of a role as deck.gl wants it.

    Parameters
    ----------
    role : str
        A key of :data:`COLOURS`, or a literal ``#rrggbb``.
    theme : Theme
        Which set.
    alpha : float
        Opacity, 0 to 1.

    Returns
    -------
    list of int
        Red, green, blue, alpha, each 0 to 255.
    """
    value = role if role.startswith("#") else colour(role, theme)
    return [int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16), round(alpha * 255)]
