"""The repairs of an entry: what each would do, before anybody does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.i18n import translate as _
from views import format as written

if TYPE_CHECKING:
    from gis.coverage.ledger import Entry


def draw(entry: Entry) -> None:
    """Draw the repairs the rule computed."""
    if not entry.remedies:
        st.markdown(_("这一类没有能算出来的办法,请按情况处理。"))
        return
    st.markdown("\n".join(f"{place}. {written.plain(text)}" for place, text in enumerate(entry.remedies_text, 1)))
