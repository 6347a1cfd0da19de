"""What narrows the list: words, kind, state; behind "more" level, category, unit, place, whose; the list as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.casework import listing
from gis.casework import words
from gis.i18n import translate as _
from gis.vocabulary import IncidentKind
from gis.vocabulary import WhistleState
from views import board
from views import format as written
from views.docket import address
from views.docket import export
from views.docket import signs

if TYPE_CHECKING:
    from datetime import date

    from views.docket.address import Address
    from views.docket.source import Desk

LONGEST = 80


def search(at: Address) -> None:
    """Draw the field that finds cases by code, title or address; ``/`` goes there."""

    def searched() -> None:
        address.narrow(address.WORDS, st.session_state["search"].strip())

    st.session_state["search"] = at.words or ""
    with st.container(key="find"):
        st.text_input(
            _("找案件"),
            key="search",
            type="search",
            placeholder=_("找案件:编号、描述、地址( / )"),
            label_visibility="collapsed",
            max_chars=LONGEST,
            on_change=searched,
        )


def draw(desk: Desk, at: Address) -> None:
    """Draw the filters in one row; what is needed less often stands behind the last."""
    kinds = {"": _("全部种类")} | {word.value: f"{signs.sign(word)} {signs.kind(word)}" for word in IncidentKind}
    states = {"": _("全部状态")} | {
        state: f"{words.state(state)} {written.number(desk.states.get(state, 0))}"
        for state in (listing.ENDED if at.clock == address.ENDS else listing.OPEN)
    }
    with st.container(key="filters", horizontal=True):
        _choice(address.KIND, _("种类"), kinds, at.kind)
        _choice(address.STATE, _("状态"), states, at.state)
        number = _hidden(at)
        name = _("更多 ({number})").format(number=number) if number else _("更多")
        with st.popover(name, icon=":material/tune:", key="more"):
            _more(desk, at)


def on_map(desk: Desk, days: tuple[date, date] | None = None) -> dict[str, list[str]]:
    """Give the filters of the list that the map's layer of cases takes.

    Under a window of days the map shows all that occurred then, whatever became of it.
    """
    query = desk.query
    found: dict[str, Any] = {
        "kind": query.kinds or (),
        "level": (str(query.level),) if query.level else (),
        "category": (query.category,) if query.category else (),
    }
    if days is not None:
        found |= {"since": (days[0].isoformat(),), "until": (days[1].isoformat(),)}
    else:
        found |= {
            "state": query.states or (),
            "clock": (query.clock,) if query.clock and query.clock != address.ENDS else (),
        }
    return {name: [str(value) for value in values] for name, values in found.items() if values}


def in_days(days: tuple[date, date] | None) -> dict[str, list[str]]:
    """Give the filters of whistles under a window of days: those blown then, whatever became of them."""
    if days is None:
        return {}
    return {
        "since": [days[0].isoformat()],
        "until": [days[1].isoformat()],
        "state": [state.value for state in WhistleState],
    }


def _hidden(at: Address) -> int:
    """Count the filters that stand behind "more" and are set."""
    return sum(bool(part) for part in (at.level, at.category, at.unit, at.area, at.mine))


def _more(desk: Desk, at: Address) -> None:
    whose = {"": _("管辖范围内全部"), address.ME: _("我经办或我单位的")}
    places = {"": _("全部范围")} | {
        item.code: item.name or item.code for item in desk.ground.areas if item.level != "district"
    }
    units = {"": _("全部单位")} | {unit: unit for unit in desk.ground.units}
    if at.unit:
        units.setdefault(at.unit, at.unit)
    levels = {"": _("全部等级")} | {
        number: " / ".join(
            dict.fromkeys(name for of in _levelled(at) for value, name in signs.levels(of).items() if value == number)
        )
        or number
        for number in address.LEVELS
    }
    _choice(address.WHOSE, _("谁的"), whose, address.ME if at.mine else "", bare=False)
    _choice(address.AREA, _("范围"), places, at.area, bare=False)
    _choice(address.UNIT, _("单位"), units, at.unit, bare=False)
    _choice(address.LEVEL, _("等级"), levels, str(at.level or ""), bare=False)
    _category(at)
    orders = {"": _("按剩余时间"), "newest": _("按发生时间,最新的在前"), "oldest": _("按发生时间,最早的在前")}
    _choice(address.ORDER, _("排序"), orders, at.order, bare=False)
    if at.narrowed:
        st.button(_("清除全部筛选"), key="clear", on_click=address.widen, icon=":material/filter_alt_off:")
    export.draw(desk)


def _levelled(at: Address) -> tuple[str, ...]:
    """Give the kinds with levels that the list may hold."""
    known = (IncidentKind.HAZARD, IncidentKind.DISPUTE)
    return tuple(kind for kind in known if at.kind in {None, kind}) or known


def _category(at: Address) -> None:
    def changed() -> None:
        address.narrow(address.CATEGORY, st.session_state["filter-category"].strip())

    st.session_state["filter-category"] = at.category or ""
    st.text_input(_("小类"), key="filter-category", max_chars=LONGEST, placeholder=_("小类全名"), on_change=changed)


def _choice(name: str, label: str, options: dict[str, str], value: str | None, *, bare: bool = True) -> None:
    board.choice(name, label, options, value, address.narrow, bare=bare)
