"""Taking an extract of the audit along as a file: why first, then the file; the deed is audited."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.access import extract
from gis.db.connection import session
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from views import fragment

if TYPE_CHECKING:
    from gis.vocabulary import Actor

MOST = 100_000
READY = "audit-extract"


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
