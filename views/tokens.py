"""Part 令牌 of 系统管理: tokens for machines; each is shown once, when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.access import scope
from gis.access import tokens
from gis.db.connection import session
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.vocabulary import Role
from views import format as written
from views import fragment
from views import table

if TYPE_CHECKING:
    from gis.vocabulary import Actor

ONCE = "token-once"
DAYS = 90


def draw(person: Actor) -> None:
    """Draw the tokens and, for the administrator, the ways to make and end one."""
    given = st.session_state.get(ONCE)
    if given:
        with st.container(key="once"):
            st.markdown(_("**令牌只显示这一次:** ") + f"`{given}`")
            if st.button(_("已记下,不再显示"), key="token-done"):
                del st.session_state[ONCE]
                st.rerun(scope="fragment")
    with session(person) as conn:
        found = tokens.listing(conn)
    if Role.ADMIN in scope.roles(person):
        _new(person)
        _end(person, found)
    st.caption(_("共 {count} 个令牌").format(count=written.number(len(found))))
    head = (_("名称"), _("账号"), _("用途"), _("建立于"), _("到期"), _("最近使用"), _("状态"))
    table.draw(head, [_row(token) for token in found])


def _row(token: tokens.Token) -> tuple[object, ...]:
    return (
        token.label,
        token.account,
        "、".join(_use(use) for use in token.permits),
        written.moment(token.created_at),
        written.moment(token.expires_at),
        written.moment(token.used_at),
        _("已作废") if token.revoked_at else _("有效"),
    )


def _use(use: str) -> str:
    return {"tiles": _("地图瓦片"), "findings": _("盲区清单"), "metrics": _("运行指标")}.get(use, use)


def _new(person: Actor) -> None:
    with st.form("token-new", border=False):
        columns = st.columns([3, 3, 4, 2], vertical_alignment="bottom")
        name = columns[0].text_input(_("账号"), help=_("令牌能看到的,就是这个账号能看到的。"))
        label = columns[1].text_input(_("名称"), max_chars=80)
        uses = columns[2].multiselect(
            _("用途"), list(tokens.USES), ["tiles"], format_func=_use, placeholder=_("选择用途")
        )
        days = columns[3].number_input(_("有效天数"), 1, 3650, DAYS)
        sent = st.form_submit_button(_("建立令牌"))
    if sent:
        try:
            with session(person) as conn:
                st.session_state[ONCE] = tokens.add(conn, name.strip().lower(), label, uses, int(days))
        except GridAtlasError as error:
            fragment.refused(error.message, error.remedy)
        else:
            st.rerun(scope="fragment")


def _end(person: Actor, found: list[tokens.Token]) -> None:
    live = {token.id: f"{token.label} · {token.account}" for token in found if not token.revoked_at}
    if not live:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            _("作废令牌"), [None, *live], format_func=lambda n: _("选择一个令牌") if n is None else live[n]
        )
        if st.button(_("作废"), key="token-end", disabled=number is None) and number is not None:
            with session(person) as conn:
                tokens.revoke(conn, number)
            st.rerun(scope="fragment")
