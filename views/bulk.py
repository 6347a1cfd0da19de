"""Acts on the whole list as it is filtered: give all of it to somebody, take it along as a file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gis.coverage import ledger
from gis.db.connection import session
from gis.i18n import translate as _
from views import actor
from views import acts
from views import format as written
from views import fragment

if TYPE_CHECKING:
    from datetime import date

    from views.source import Desk

MOST = 5000
READY = "ledger-extract"


def draw(desk: Desk) -> None:
    """Draw both, where there is something in the list."""
    if not desk.total:
        return
    if acts.supervises() and desk.total <= MOST:
        _give(desk)
    _take(desk)


def _give(desk: Desk) -> None:
    st.markdown(f"**{_('批量分派')}**")
    with st.form("bulk", border=False):
        st.caption(
            _("把筛选出的全部 {number} 条分给一个人;已关闭和例外的不在其中。之后可以逐条改派。").format(
                number=written.number(desk.total)
            )
        )
        owner, due = acts.fields(desk.people, "bulk")
        if st.form_submit_button(_("全部分派")):
            if owner is None:
                st.warning(_("请先选责任人。"))
            elif fragment.tell("bulk", lambda: _assign(desk, owner, due)):  # type: ignore[arg-type]
                st.rerun(scope="fragment")
    fragment.told("bulk")


def _assign(desk: Desk, owner: str, due: date) -> str:
    person = actor.current()
    query = desk.query
    with session(person) as conn:
        seen = ledger.seen(conn, desk.network, query)
        closed = ledger.seen(conn, desk.network, _resting(query))
    wanted = {number: at for number, at in seen.items() if number not in closed}
    given = ledger.assign(person, list(wanted), owner, due, seen=wanted) if wanted else 0
    return _("已分派 {number} 条。").format(number=written.number(given))


def _resting(query: ledger.Query) -> ledger.Query:
    """Give the closed and excepted ones of a query."""
    return ledger.Query.from_json({**query.as_json(), "states": ["closed", "excepted"]})


def _take(desk: Desk) -> None:
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
        st.download_button(_("保存文件"), content, file_name=name, key="ledger-file")


def _write(desk: Desk, ending: str, reason: str) -> str:
    with tempfile.TemporaryDirectory(prefix="gridatlas-") as folder, session(actor.current()) as conn:
        path = Path(folder) / f"ledger{ending}"
        number = ledger.export(conn, desk.network, desk.query, path, reason)
        st.session_state[READY] = (f"ledger-{written.today():%Y%m%d}{ending}", path.read_bytes())
    return _("文件已备好:{number} 条。").format(number=written.number(number))
