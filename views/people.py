"""The page 人员与走访: whom the grids have, who is away, visits that raise a question, and a form for a visit.

A visit in doubt is a question to somebody, never a penalty: it does not count until it is answered.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gis.i18n import translate as _
from gis.vocabulary import Role
from views import actor
from views import fragment
from views import organisation
from views import posts
from views import visiting
from views.parts import choose

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).resolve().parent


def page() -> None:
    """Draw the page."""
    st.html(f"<style>{(FOLDER / 'people.css').read_text(encoding='utf-8')}</style>")
    parts = _parts(frozenset(actor.visitor().roles))
    with st.container(key="people"):
        chosen = choose({key: name for key, (name, _draw) in parts.items()}, "people-section")
        fragment.part(parts[chosen][1])()


def _parts(roles: frozenset[str]) -> dict[str, tuple[str, Callable[[], None]]]:
    """Give the parts a person with these roles is offered."""
    parts: dict[str, tuple[str, Callable[[], None]]] = {}
    if Role.SUPERVISOR in roles:
        parts["questions"] = (_("待核实走访"), visiting.questions)
    if roles & {Role.SUPERVISOR, Role.WORKER}:
        parts["visit"] = (_("登记走访"), visiting.form)
    parts["posts"] = (_("岗位与请假"), posts.draw)
    parts["tree"] = (_("组织架构"), organisation.draw)
    return parts
