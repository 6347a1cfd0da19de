"""What narrows the ledger: net, place, kind, state, owner, words; filters somebody saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.coverage import ledger
from gis.coverage import wording
from gis.db.connection import session
from gis.i18n import translate as _
from views import actor
from views import address
from views import board
from views import bulk
from views import format as written
from views import fragment

if TYPE_CHECKING:
    from views.address import Address
    from views.source import Desk

LONGEST_NAME = 60


def draw(desk: Desk, at: Address) -> None:
    """Draw the filters in two rows."""
    names = {item.code: item.name for item in desk.networks}
    with st.container(key="filters", horizontal=True):
        if len(names) > 1:
            _choice(address.NETWORK, _("网"), names, desk.network)
        _choice(address.AREA, _("范围"), _places(desk), desk.area.code if desk.area else "")
        _choice(address.RULE, _("种类"), _kinds(desk, at), at.rule or "")
    with st.container(key="filters-more", horizontal=True):
        _choice(address.STATE, _("状态"), _states(desk), at.state or "")
        _choice(address.OWNER, _("责任人"), _owners(desk, at), at.owner or "")
        with st.popover(_("更多"), icon=":material/tune:", key="more"):
            _more(desk, at)


def _places(desk: Desk) -> dict[str, str]:
    return {"": _("全部范围")} | {
        item.code: item.name or item.code for item in desk.ground.areas if item.level != "district"
    }


def _kinds(desk: Desk, at: Address) -> dict[str, str]:
    kinds = {"": _("全部种类")} | {
        rule: f"{wording.title(rule)} {written.number(sum(of.values()))}" for rule, of in sorted(desk.counts.items())
    }
    if at.rule:
        kinds.setdefault(at.rule, wording.title(at.rule))
    return kinds


def _states(desk: Desk) -> dict[str, str]:
    held = desk.states
    names = {"": _("未关闭"), address.LATE: _("逾期")} | {state: ledger.state_name(state) for state in ledger.STATES}
    numbers = {"": sum(held[state] for state in ledger.OPEN), address.LATE: held["overdue"], **held}
    named = {key: f"{name} {written.number(numbers[key])}" for key, name in names.items()}
    return named | {address.RETURNED: _("再次出现"), address.EVERY: _("全部状态")}


def _owners(desk: Desk, at: Address) -> dict[str, str]:
    owners = {"": _("全部责任人"), address.ME: _("我的"), address.NOBODY: _("尚未分派")}
    owners |= {person.name: person.label for person in desk.people}
    if at.owner:
        owners.setdefault(at.owner, at.owner)
    return owners


def _orders(desk: Desk) -> dict[str, str]:
    """Name what the list may begin with."""
    counted = desk.headline is None or desk.headline["households"] is not None
    return {
        "": _("按涉及户数排序") if counted else _("没有户数,按涉及楼栋排序"),
        "due": _("按期限,最近的在前"),
        "first_seen": _("按发现时间,最新的在前"),
        "oldest": _("按发现时间,最早的在前"),
        "returns": _("按再次出现的次数"),
        "area": _("按社区"),
        "rule": _("按种类"),
    }


def order(desk: Desk, at: Address) -> str:
    """Say what the list begins with."""
    return _orders(desk)["" if at.order == address.USUAL else at.order]


def _choice(name: str, label: str, options: dict[str, str], value: str) -> None:
    board.choice(name, label, options, value, _narrow)


def _narrow(name: str, value: str) -> None:
    address.let_go()
    address.narrow(name, value)


def _more(desk: Desk, at: Address) -> None:
    """Draw what is needed less often: words, saved filters, acts on the whole list, files."""

    def searched() -> None:
        address.let_go()
        address.narrow(address.WORDS, st.session_state["filter-words"].strip())

    _choice(address.ORDER, _("排序"), _orders(desk), "" if at.order == address.USUAL else at.order)
    st.session_state["filter-words"] = at.words or ""
    st.text_input(
        _("在台账里找"),
        key="filter-words",
        placeholder=_("编码、社区、种类,或 #编号"),
        on_change=searched,
        max_chars=80,
    )
    _saved(desk)
    bulk.draw(desk)


def _saved(desk: Desk) -> None:
    with session(actor.current()) as conn:
        saved = ledger.filters(conn)
    st.markdown(f"**{_('我的筛选')}**")
    for place, (name, query) in enumerate(saved.items()):
        with st.container(horizontal=True, vertical_alignment="center", key=f"saved-{place}"):
            st.button(
                written.plain(name, 40),
                key=f"saved-go-{place}",
                type="tertiary",
                width="stretch",
                on_click=address.apply,
                args=(query,),
            )
            st.button(
                ":material/delete:",
                key=f"saved-drop-{place}",
                type="tertiary",
                help=_("删除这个筛选"),
                on_click=_drop,
                args=(name,),
            )
    with (
        st.form("save-filter", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input(_("把现在的筛选存为"), max_chars=LONGEST_NAME, placeholder=_("起个名字"))
        if st.form_submit_button(_("保存")) and fragment.tell("saved", lambda: _save(name, desk)):
            st.rerun(scope="fragment")
    fragment.told("saved")


def _save(name: str, desk: Desk) -> str:
    with session(actor.current()) as conn:
        ledger.save_filter(conn, name, desk.query)
    return _("筛选已保存。")


def _drop(name: str) -> None:
    with session(actor.current()) as conn:
        ledger.drop_filter(conn, name)
