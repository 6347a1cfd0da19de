"""Adding, correcting and taking out the parties of a case: for those who read them in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import parties
from gis.i18n import translate as _
from views import actor
from views import format as written
from views import fragment
from views.docket import forms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.casework.files import Casefile
    from gis.casework.parties import Party

PLACE = "parties"
OPEN = "parties-open"
"""Session key: (number of a case, ``add`` or ``edit``) whose form is open. Inline: what is drawn
while a popover is closed never reaches the fields that show it later."""


def draw(case: Casefile, found: Sequence[Party]) -> None:
    """Draw the ways to add a party, and to correct or take out one of those there are."""
    number, opened = st.session_state.get(OPEN, (None, ""))
    opened = opened if number == case.incident_id else ""
    with st.container(key="parties", horizontal=True, gap="small"):
        st.button(
            _("登记当事人"), icon=":material/person_add:", key="party-add", on_click=_turn, args=(case, opened, "add")
        )
        if found:
            st.button(_("更正"), icon=":material/edit:", key="party-edit", on_click=_turn, args=(case, opened, "edit"))
    fragment.told(PLACE)
    if opened == "add":
        form = f"party-{case.incident_id}"
        forms.draw(parties.asks(), form)
        st.button(_("登记"), key="party-send", type="primary", on_click=_add, args=(case, form))
    elif opened and found:
        _edit(found)


def _turn(case: Casefile, opened: str, wanted: str) -> None:
    """Open a form, or close the one that is open."""
    st.session_state[OPEN] = (case.incident_id, "" if opened == wanted else wanted)


def _edit(found: Sequence[Party]) -> None:
    by = {party.id: party for party in found}
    names = {number: written.plain(party.name) for number, party in by.items()}
    chosen = st.selectbox(
        _("当事人"), list(by), key="party-which", format_func=lambda number: names.get(number, str(number))
    )
    party = by[chosen]
    form = f"party-of-{party.id}"
    for ask in parties.asks():
        st.session_state.setdefault(f"{form}.{ask.name}", getattr(party, ask.name) or None)
    forms.draw(parties.asks(), form)
    st.button(_("更正"), key="party-change", type="primary", on_click=_change, args=(party.id, form))
    st.text_input(_("除名理由"), key="party-why", max_chars=200)
    st.button(_("除名"), key="party-drop", on_click=_drop, args=(party.id, form))


def _add(case: Casefile, form: str) -> None:
    def act() -> str:
        parties.add(actor.current(), case.incident_id, forms.read(parties.asks(), form))
        return _("已登记当事人。")

    fragment.speak()
    if fragment.tell(PLACE, act):
        _done(form)


def _change(party_id: int, form: str) -> None:
    def act() -> str:
        given = forms.read(parties.asks(), form)
        empty = {ask.name: "" for ask in parties.asks() if ask.name not in given and not ask.required}
        parties.change(actor.current(), party_id, empty | given)
        return _("已更正当事人。")

    fragment.speak()
    if fragment.tell(PLACE, act):
        _done(form)


def _drop(party_id: int, form: str) -> None:
    def act() -> str:
        parties.drop(actor.current(), party_id, st.session_state["party-why"])
        return _("已除名。")

    fragment.speak()
    if fragment.tell(PLACE, act):
        _done(form)


def _done(form: str) -> None:
    forms.forget(form)
    st.session_state.pop("party-why", None)
    st.session_state.pop(OPEN, None)
