"""Ways from one page to another that keep the language and say what to look at there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.i18n import language
from views import fragment

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = "ways"


def know(pages: Mapping[str, st.Page]) -> None:
    """Keep the pages of this run by the name of their module."""
    st.session_state[KEPT] = dict(pages)


def draw(module: str, label: str, icon: str, **query: str | None) -> None:
    """Draw a link to a page with these parameters; nothing where the visitor has no such page."""
    page = st.session_state.get(KEPT, {}).get(module)
    if page is None:
        return
    asked = {name: value for name, value in query.items() if value}
    if language() == "en":
        asked[fragment.LANGUAGE] = "en"
    st.page_link(page, label=label, icon=icon, query_params=asked)
