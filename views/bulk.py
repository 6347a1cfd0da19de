"""Acts on the whole list as it is filtered: give all of it to somebody, take it along as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.coverage import ledger
from gis.db.connection import session
from gis.i18n import translate as _
from views import actor
from views import acts
from views import format as written
from views import fragment
from views import takeaway

if TYPE_CHECKING:
    from datetime import date

    from views.source import Desk

MOST = 5000


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
    takeaway.offer(
        "ledger",
        lambda conn, path, reason: ledger.export(conn, desk.network, desk.query, path, reason),
        lambda number: _("文件已备好:{number} 条。").format(number=written.number(number)),
    )
