"""Taking the list along as a file, as it is filtered: why first, then the file; the deed is audited."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import extract
from gis.db.connection import session
from gis.i18n import translate as _
from views import actor
from views import format as written
from views import fragment

if TYPE_CHECKING:
    from views.docket.source import Desk

READY = "cases-extract"


def draw(desk: Desk) -> None:
    """Draw the way to a file of the list, where there is something in it."""
    if not desk.total:
        return
    st.markdown(f"**{_('导出')}**")
    with st.form("take", border=False):
        reason = st.text_input(_("导出事由"), placeholder=_("写进文件,也进审计"), max_chars=200)
        with st.container(horizontal=True):
            excel = st.form_submit_button(_("导出 Excel"), icon=":material/download:")
            package = st.form_submit_button(_("导出 GeoPackage"), icon=":material/download:")
        if excel or package:
            st.session_state.pop(READY, None)
            fragment.tell("take", lambda: _write(desk, ".xlsx" if excel else ".gpkg", reason))
    fragment.told("take")
    if READY in st.session_state:
        name, content = st.session_state[READY]
        st.download_button(_("保存文件"), content, file_name=name, key="cases-file")


def _write(desk: Desk, ending: str, reason: str) -> str:
    with tempfile.TemporaryDirectory(prefix="gridatlas-") as folder, session(actor.current()) as conn:
        path = Path(folder) / f"cases{ending}"
        number = extract.export(conn, desk.query, path, reason)
        st.session_state[READY] = (f"cases-{written.today():%Y%m%d}{ending}", path.read_bytes())
    return _("文件已备好:{number} 件。").format(number=written.number(number))
