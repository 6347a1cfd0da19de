"""Taking rows along as a file, of the audit or of a list as filtered: why first, then the file; the deed is audited."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.access import extract
from gis.db.connection import session
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from views import actor
from views import format as written
from views import fragment

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from gis.vocabulary import Actor

MOST = 100_000
READY = "audit-extract"


def offer(stem: str, export: Callable[[psycopg.Connection[Any], Path, str], int], said: Callable[[int], str]) -> None:
    """Draw the way to a list as a file.

    Parameters
    ----------
    stem : str
        What the file's name begins with.
    export : callable
        (connection, path, reason) writes the file; how many rows. It audits the deed.
    said : callable
        What to say of so many rows.
    """
    ready = f"{stem}-extract"

    def write(ending: str, reason: str) -> str:
        with tempfile.TemporaryDirectory(prefix="gridatlas-") as folder, session(actor.current()) as conn:
            path = Path(folder) / f"{stem}{ending}"
            number = export(conn, path, reason)
            st.session_state[ready] = (f"{stem}-{written.today():%Y%m%d}{ending}", path.read_bytes())
        return said(number)

    st.markdown(f"**{_('导出')}**")
    with st.form("take", border=False):
        reason = st.text_input(_("导出事由"), placeholder=_("写进文件,也进审计"), max_chars=200)
        with st.container(horizontal=True):
            excel = st.form_submit_button(_("导出 Excel"), icon=":material/download:")
            package = st.form_submit_button(_("导出 GeoPackage"), icon=":material/download:")
        if excel or package:
            st.session_state.pop(ready, None)
            fragment.tell("take", lambda: write(".xlsx" if excel else ".gpkg", reason))
    fragment.told("take")
    if ready in st.session_state:
        name, content = st.session_state[ready]
        st.download_button(_("保存文件"), content, file_name=name, key=f"{stem}-file")


def draw(person: Actor, chosen: dict[str, Any]) -> None:
    """Draw the way to an extract of the rows that are chosen."""
    with st.form("audit-export", border=False):
        columns = st.columns([6, 2], vertical_alignment="bottom")
        reason = columns[0].text_input(_("导出事由"), placeholder=_("写进文件,也进审计"), max_chars=200)
        sent = columns[1].form_submit_button(_("导出 Excel"), icon=":material/download:")
    if sent:
        st.session_state.pop(READY, None)
        try:
            with session(person) as conn:
                st.session_state[READY] = extract.export(conn, "xlsx", reason, most=MOST, **chosen)
        except GridAtlasError as error:
            fragment.refused(error.message, error.remedy)
    if READY in st.session_state:
        st.download_button(_("保存文件"), st.session_state[READY], file_name="audit.xlsx", key="audit-file")
