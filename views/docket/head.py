"""The first line of what stands beside the map, with the way to close it."""

from __future__ import annotations

import streamlit as st

from gis.i18n import translate as _
from views.docket import address


def draw(title: str) -> None:
    """Draw the line.

    Parameters
    ----------
    title : str
        Markdown: foreign text has to be made plain before.
    """
    with st.container(key="detail-head", horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {title}", width="stretch")
        st.button(
            ":material/close:",
            key="close",
            type="tertiary",
            shortcut="Esc",
            help=_("关闭(Esc)"),
            on_click=address.let_go,
        )
