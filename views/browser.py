"""The small pieces of the pages that run in the browser.

``frame`` carries the theme switch, the key ``/``, the document's language and the window's size; ``beside_map``
writes tooltips as text and keeps the chosen row of a list in sight; ``place`` asks the device where it is; ``spot``
says where on the map somebody clicked. None of them fetches anything.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).resolve().parent


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


frame = st.components.v2.component(
    "gridatlas_frame", html='<button type="button"></button>', css=_text("frame.css"), js=_text("frame.js")
)

beside_map = st.components.v2.component("gridatlas_map", html="<span></span>", js=_text("map.js"))

place = st.components.v2.component(
    "gridatlas_place",
    html='<div><button type="button"></button><span></span></div>',
    css=_text("place.css"),
    js=_text("place.js"),
)

spot = st.components.v2.component("gridatlas_spot", html="<span></span>", js=_text("spot.js"))
