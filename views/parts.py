"""Pages in several parts, one of which is shown: chosen by a tap, named by the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION = "section"
"""Query parameter: which part of the page is shown."""


def choose(names: Mapping[str, str], key: str) -> str:
    """Let one of the parts be chosen, the first by default; its key.

    Parameters
    ----------
    names : mapping of str to str
        What each part is called, by its key.
    key : str
        Name of the widget.
    """
    keys = list(names)
    asked = st.query_params.get(SECTION)
    chosen = st.segmented_control(
        _("部分"),
        keys,
        default=asked if asked in keys else keys[0],
        format_func=names.__getitem__,
        key=key,
        label_visibility="collapsed",
    )
    part = str(chosen or keys[0])
    if part != asked:
        st.query_params[SECTION] = part
    return part
