"""Part 会话 of 系统管理: who is signed in, from where, since when; ending a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.access import scope
from gis.access import sessions
from gis.db.connection import session
from gis.i18n import translate as _
from gis.vocabulary import Role
from views import format as written
from views import table

if TYPE_CHECKING:
    from gis.vocabulary import Actor

MOST = 500


def draw(person: Actor) -> None:
    """Draw the live sessions."""
    with session(person) as conn:
        found = sessions.listing(conn, MOST)
    st.caption(_("当前 {count} 个会话").format(count=written.number(len(found))))
    head = (_("编号"), _("账号"), _("称呼"), _("登录于"), _("最近活动"), _("到期"), _("地址"), _("浏览器"))
    rows = [
        (
            live.id,
            live.name,
            live.display,
            written.moment(live.created_at),
            written.moment(live.seen_at),
            written.moment(live.expires_at),
            live.address,
            live.agent,
        )
        for live in found
    ]
    if Role.ADMIN in scope.roles(person):
        names = {live.id: f"{live.id} · {live.name} · {live.address}" for live in found}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            number = st.selectbox(
                _("结束会话"), [None, *names], format_func=lambda n: _("选择一个会话") if n is None else names[n]
            )
            if st.button(_("立即结束"), key="session-end", disabled=number is None) and number is not None:
                with session(person) as conn:
                    sessions.revoke(conn, number)
                st.rerun(scope="fragment")
    table.draw(head, rows, numbers=(0,))
