"""The chosen case beside the map: what it is and how much time is left, then one part of it at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.i18n import translate as _
from views import board
from views import format as written
from views.docket import acts
from views.docket import address
from views.docket import clock
from views.docket import facts
from views.docket import owner
from views.docket import pictures
from views.docket import signs
from views.docket import timeline
from views.docket import whistles

if TYPE_CHECKING:
    from gis.casework.files import Casefile
    from views.docket.source import Desk

PART = "case-part"
PAST, FACTS, CLOCK, OWNER, WHISTLES, PHOTOS = "past", "facts", "clock", "owner", "whistles", "photos"
TITLE_LENGTH = 160


def draw(desk: Desk) -> None:
    """Draw the chosen case; a sentence where the link names one that is not there."""
    with st.container(key="detail"):
        if desk.case is None:
            board.head(_("找不到了"), address.let_go)
            st.markdown(_("链接里的案件不存在,或不在你的管辖范围内。请在列表里另选一件。"))
            return
        _case(desk, desk.case)


def _case(desk: Desk, case: Casefile) -> None:
    board.head(f"{signs.sign(case.kind)} {written.plain(case.category or signs.kind(case.kind))}", address.let_go)
    _standing(case)
    title = facts.full(case).get("title") or case.title
    if title:
        st.markdown(written.plain(title, TITLE_LENGTH))
    names = {
        PAST: _("经过"),
        FACTS: _("情况"),
        CLOCK: _("时限"),
        OWNER: _("谁来管"),
        WHISTLES: _("吹哨"),
        PHOTOS: _("照片 {number}").format(number=len(desk.photos)) if desk.photos else _("照片"),
    }
    part = st.segmented_control(
        _("部分"), list(names), default=PAST, format_func=names.__getitem__, key=PART, label_visibility="collapsed"
    )
    with st.container(key="part"):
        if part == FACTS:
            facts.draw(case)
        elif part == CLOCK:
            clock.draw(case)
        elif part == OWNER:
            owner.of_case(case)
        elif part == WHISTLES:
            whistles.draw(desk, case)
        elif part == PHOTOS:
            pictures.draw(desk.photos)
        else:
            timeline.draw(desk, case)
    acts.draw(desk, case)


def _standing(case: Casefile) -> None:
    """Say in badges how it stands: state, time left, level, card."""
    badges = [(case.state_text, "gray"), (signs.left(case), "orange" if case.clock == "late" else "gray")]
    if case.clock == "ended":
        badges.pop()
    if case.level:
        badges.append((signs.level(case.kind, case.level), "gray"))
    if case.card:
        badges.append((signs.card(case.card), "orange" if case.card == "yellow" else "red"))
    if case.asking:
        badges.append((_("申请延期"), "gray"))
    if case.appeal == "open":
        badges.append((_("申诉中"), "gray"))
    st.markdown(" ".join(f":{colour}-badge[{written.plain(text)}]" for text, colour in badges if text))
