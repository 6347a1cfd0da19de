"""Buttons that set the house to work, with what is being done and how far it is."""

from __future__ import annotations

import streamlit as st

from gis.i18n import translate as _


def refresh_button(network: str) -> None:
    """Offer to compute the coverage of a network anew."""
    st.button(_("重新计算"), key="refresh", type="tertiary", icon=":material/refresh:")


def demo_button() -> None:
    """Offer to load the demo street."""
    st.button(_("载入示例街道"), key="demo", type="primary")
