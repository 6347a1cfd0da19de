"""The page 系统管理: accounts, sessions, tokens, backups for the administrator; the audit for the auditor.

What each may do is decided in the database; here only what they may do is offered.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gis.access import scope
from gis.i18n import translate as _
from gis.vocabulary import Role
from views import accounts
from views import actor as who
from views import audit
from views import backups
from views import fragment
from views import signed
from views import tokens
from views.parts import choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.vocabulary import Actor

FOLDER = Path(__file__).resolve().parent


def page() -> None:
    """Draw the page."""
    st.html(f"<style>{(FOLDER / 'admin.css').read_text(encoding='utf-8')}</style>")
    person = who.current()
    parts = _parts(scope.roles(person))
    with st.container(key="admin"):
        if not parts:
            st.info(_("这一页只给系统管理员和审计员使用。"), icon=":material/lock:")
            return
        chosen = choose({key: name for key, (name, _draw) in parts.items()}, "admin-section")
        fragment.part(parts[chosen][1])(person)


def _parts(roles: frozenset[str]) -> dict[str, tuple[str, Callable[[Actor], None]]]:
    """Give the parts a person with these roles is offered, by key."""
    parts: dict[str, tuple[str, Callable[[Actor], None]]] = {}
    if Role.ADMIN in roles:
        parts["accounts"] = (_("账号"), accounts.draw)
    if Role.AUDITOR in roles:
        parts["audit"] = (_("审计"), audit.draw)
    if parts:
        parts["sessions"] = (_("会话"), signed.draw)
        parts["tokens"] = (_("令牌"), tokens.draw)
        parts["backups"] = (_("备份"), backups.draw)
    return parts
