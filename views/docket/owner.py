"""Whose is it (谁来管): a point or an address and a category give grid, people, item of the list, lead, limits, basis.

None or several owners is said plainly, with the way onto the list meeting. Beside a case the
frozen terms stand next to what the list says now.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import categories
from gis.casework import limits
from gis.casework import resolver
from gis.db.connection import session
from gis.i18n import joined
from gis.i18n import translate as _
from gis.records import buildings
from gis.vocabulary import IncidentKind
from gis.vocabulary import Listing
from views import actor
from views import board
from views import browser
from views import format as written
from views import headline
from views import posts
from views.docket import address
from views.docket import agenda
from views.docket import signs

if TYPE_CHECKING:
    from gis.casework.files import Casefile
    from gis.casework.resolver import Answer
    from gis.records.duties import Item
    from views.docket.address import Address
    from views.docket.source import Desk

STAFF = 4
CLASSES = 6


def draw(desk: Desk, at: Address) -> None:
    """Draw the panel that asks: where, what, and the answer."""
    with st.container(key="detail"):
        board.head(_("谁来管?"), address.let_go)
        with st.container(key="part"):
            _where(at)
            _what(at)
            unclear = _classes(at)
            if desk.answer is not None:
                _answer(replace(desk.answer, category="", items=[], limits={}, basis="") if unclear else desk.answer)


def of_case(case: Casefile) -> None:
    """Draw whose a case is: as it was frozen, and what the list says today where that differs."""
    terms = case.terms
    if terms:
        st.markdown(f"##### {written.plain(_('立案时的权责清单'))}")
        _sentence(terms.get("problem"), terms.get("lead") or "", list(terms.get("assists") or ()), ())
        headline.facts(
            [*(_item_row(item) for item in terms.get("items") or ()), *_basis(str(terms.get("basis") or ""))]
        )
    point = None if case.longitude is None or case.latitude is None else (case.longitude, case.latitude)
    with session(actor.current()) as conn:
        now = resolver.resolve(conn, point, case.kind, case.category, written.today(), case.area)
    if not terms or (now.lead, now.problem) != (terms.get("lead") or "", terms.get("problem")):
        st.markdown(f"##### {written.plain(_('现在的权责清单'))}")
        _answer(now, case.code)
    elif now.problem:
        agenda.draw(now, case.code)


def picking(at: Address) -> bool:
    """Whether a click on the map asks whose the place is."""
    return at.case is None and at.who is not None


def listen(at: Address) -> None:
    """Take a click on the map for the place that is asked for."""

    def spotted() -> None:
        spot = getattr(st.session_state.get("spot"), "spot", None)
        if spot:
            address.ask((spot[0], spot[1]))
            st.session_state["cases-still"] = True

    browser.spot(key="spot", data={"on": picking(at)}, on_spot_change=spotted, height=1)


def _where(at: Address) -> None:
    if at.place is None:
        st.markdown(_("在地图上点一处,或输入地址、楼栋。"))
    text = st.text_input(
        _("地址或楼栋"), key="who-address", placeholder=_("地址、楼名或楼栋编码"), max_chars=80,
        label_visibility="collapsed",
    )  # fmt: skip
    if not text.strip():
        return
    with session(actor.current()) as conn:
        found = buildings.search(conn, text)
    with st.container(key="who-hits"):
        for building in found:
            name = (
                " · ".join(dict.fromkeys(part for part in (building.address, building.name) if part)) or building.code
            )
            st.button(
                written.plain(name, 40), key=f"who-{building.code}", type="tertiary", on_click=_go,
                args=((building.longitude, building.latitude),),
            )  # fmt: skip
        if not found:
            st.caption(_("没有找到这个地址。可以少输几个字,或直接在地图上点。"))


def _go(place: tuple[float, float]) -> None:
    address.ask(place)
    st.session_state["who-address"] = ""


def _what(at: Address) -> None:
    names = {word.value: f"{signs.sign(word)} {signs.kind(word)}" for word in IncidentKind}
    st.session_state["who-kind"] = at.of
    st.session_state["who-category"] = at.what
    st.segmented_control(
        _("种类"), list(names), key="who-kind", format_func=names.__getitem__, label_visibility="collapsed",
        on_change=lambda: address.about(address.OF, st.session_state["who-kind"] or ""),
    )  # fmt: skip
    st.text_input(
        _("小类"), key="who-category", placeholder=_("小类:名称、俗称或拼音"), max_chars=60,
        label_visibility="collapsed",
        on_change=lambda: address.about(address.WHAT, st.session_state["who-category"].strip()),
    )  # fmt: skip


def _classes(at: Address) -> bool:
    """Offer the classes called like what was typed, by word, synonym, pinyin or code; whether there are any."""
    if not at.what:
        return False
    with session(actor.current()) as conn:
        found = categories.search(conn, at.what, at.of, limit=CLASSES)
    if not found or any(one.name == at.what for one in found):
        return False
    with st.container(key="who-classes", horizontal=True, gap="small"):
        for one in found:
            st.button(
                written.plain(one.name, 24),
                key=f"class-{one.name}",
                type="tertiary",
                on_click=address.about,
                args=(address.WHAT, one.name),
            )
    return True


def _answer(answer: Answer, case: str | None = None) -> None:
    """Write the answer: first the sentence, then what it rests on."""
    if answer.category:
        _sentence(answer.problem, answer.lead, list(answer.assists), answer.leads)
    else:
        st.markdown(_("写明小类,就能看到牵头和配合单位、时限与依据。"))
    grid = answer.grid
    rows = [
        (_("网格"), " ".join(part for part in (grid.name, grid.code) if part) if grid else _("没有网格覆盖这里")),
        (_("社区"), answer.community.name if answer.community else written.NO_FIGURE),
    ]
    for person in answer.people[:STAFF]:
        away = _("(请假)") if person.on_leave else ""
        rows.append((posts.name(person.duty), f"{person.name} {person.phone}{away}".strip()))
    rows += [_item(item) for item in answer.items]
    rows += [
        (_("时限·{stage}").format(stage=limits.stage(stage)), limits.amount(limit.clock, limit.amount))
        for stage, limit in answer.limits.items()
    ]
    headline.facts([*rows, *_basis(answer.basis)])
    if answer.category and answer.problem:
        agenda.draw(answer, case)


def _sentence(problem: str | None, lead: str, assists: list[str], leads: tuple[str, ...]) -> None:
    """Say whose it is, or plainly that the list names nobody or several."""
    if problem == "none":
        st.markdown(f":orange[**{_('权责清单没有写明由谁牵头。')}**]")
    elif problem == "several":
        named = (
            _("清单上有多个牵头单位:{units}。").format(units=joined(leads)) if leads else _("清单上有多个牵头单位。")
        )
        st.markdown(f":orange[**{written.plain(named)}**]")
    elif assists:
        st.markdown(
            _("**{lead}** 牵头,{assists} 配合。").format(
                lead=written.plain(lead), assists=written.plain(joined(assists))
            )
        )
    else:
        st.markdown(_("**{lead}** 牵头。").format(lead=written.plain(lead)))


def _item(item: Item) -> tuple[str, str]:
    return _item_row({"listing": item.listing, "code": item.code, "name": item.name})


def _item_row(item: dict[str, str]) -> tuple[str, str]:
    names = {Listing.STREET: _("基本履职"), Listing.SHARED: _("配合履职"), Listing.DEPARTMENT: _("上级收回")}
    kind = (
        names.get(Listing(item["listing"]), item["listing"]) if item.get("listing") in set(Listing) else _("清单事项")
    )
    return kind, item.get("name") or item.get("code") or written.NO_FIGURE


def _basis(text: str) -> list[tuple[str, str]]:
    return [(_("依据"), text)] if text else []
