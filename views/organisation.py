"""The tree 街道党工委 — 社区党总支 — 小区党支部 — 楼栋长 — 党员中心户, with what each is tied to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.db.connection import session
from gis.i18n import joined
from gis.i18n import translate as _
from gis.records import people
from gis.vocabulary import OrganisationLevel
from views import actor
from views import format as written

if TYPE_CHECKING:
    from gis.records.people import Node

OPENED = 1
"""Levels that are open at first."""


def level(word: str) -> str:
    """Name a level of the tree."""
    return {
        OrganisationLevel.STREET: _("街道党工委"),
        OrganisationLevel.COMMUNITY: _("社区党总支"),
        OrganisationLevel.ESTATE: _("小区党支部"),
        OrganisationLevel.BUILDING: _("楼栋"),
        OrganisationLevel.HOUSEHOLD: _("党员中心户"),
    }[OrganisationLevel(word)]


def draw() -> None:
    """Draw the tree; each branch opens on a tap."""
    with session(actor.current()) as conn:
        nodes = people.tree(conn)
    if not nodes:
        st.markdown(_("还没有组织架构。请在“数据接入”导入。"))
        return
    counted = " · ".join(
        f"{level(kind)} {written.number(sum(node.level == kind for node in nodes))}"
        for kind in OrganisationLevel
        if any(node.level == kind for node in nodes)
    )
    st.caption(counted)
    st.html(f'<div class="ga-tree">{_branches(nodes)}</div>')


def _branches(nodes: list[Node]) -> str:
    """Write the tree as nested details; the nodes come each after the one above it."""
    children: dict[str | None, list[Node]] = {}
    for node in nodes:
        children.setdefault(node.parent, []).append(node)

    def branch(node: Node) -> str:
        below = children.get(node.code, [])
        head = _head(node, len(below))
        if not below:
            return f"<p>{head}</p>"
        opened = " open" if node.depth < OPENED else ""
        return f"<details{opened}><summary>{head}</summary>{''.join(map(branch, below))}</details>"

    return "".join(branch(node) for node in children.get(None, []))


def _head(node: Node, below: int) -> str:
    tied = node.building or node.grid or node.area or ""
    who = joined(node.people[:3]) if node.people else _("无人")
    under = f" <i>{written.number(below)}</i>" if below else ""
    return (
        f"<b>{written.html(node.name)}</b> <span>{written.html(level(node.level))} · {written.html(who)}"
        f"{' · ' + written.html(tied) if tied else ''}</span>{under}"
    )
