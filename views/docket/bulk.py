"""Acts on several cases at once: dispatch, card, note. What one of them refuses stops no other and is listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import acts
from gis.casework import words
from gis.db.connection import session
from gis.i18n import translate as _
from gis.vocabulary import Act
from gis.vocabulary import Role
from views import actor
from views import format as written
from views import fragment
from views import table
from views.docket.rows import PICKED

if TYPE_CHECKING:
    from views.docket.source import Desk

TICKING = "docket-bulk"
REFUSED = "docket-refused"
"""Session key: (code, why) of the cases the last act on several did not take."""
OFFERED = {
    Act.DISPATCH: {Role.SUPERVISOR},
    Act.CARD: {Role.SUPERVISOR, Role.LEADER},
    Act.NOTE: {Role.SUPERVISOR, Role.LEADER, Role.WORKER, Role.DEPARTMENT},
}


def draw(desk: Desk) -> None:
    """Draw the switch to ticking, and what may be done with the ticked cases."""
    roles = frozenset(actor.visitor().roles)
    offered = [act for act, may in OFFERED.items() if roles & may]
    if not offered or not (desk.rows or st.session_state.get(TICKING)):
        return
    with st.container(key="bulk"):
        with st.container(key="bulk-head", horizontal=True, vertical_alignment="center"):
            st.toggle(_("批量"), key=TICKING, on_change=_cleared)
            if st.session_state.get(TICKING):
                number = len(st.session_state.get(PICKED, {}))
                st.markdown(_("已选 {number} 件").format(number=number), width="stretch")
                st.button(_("全选本页"), key="bulk-all", type="tertiary", on_click=_all, args=(desk,))
        if st.session_state.get(TICKING):
            _acts(desk, offered)
            fragment.told("bulk")
            _refused()


def _acts(desk: Desk, offered: list[Act]) -> None:
    with st.container(key="bulk-acts", horizontal=True, gap="small"):
        for act in offered:
            with (
                st.popover(words.act(act), key=f"bulk-{act}-{st.session_state.get('bulk-done', 0)}"),
                st.form(f"bulk-form-{act}", border=False),
            ):
                st.caption(
                    _("对选中的 {number} 件一起{act};做不了的会逐件列出原因,不影响其他。").format(
                        number=len(st.session_state.get(PICKED, {})), act=words.act(act)
                    )
                )
                _fields(desk, act)
                st.text_area(_("情况"), key=f"bulk-note-{act}", max_chars=2000, height=70)
                st.form_submit_button(words.act(act), type="primary", on_click=_do, args=(act,))


def _fields(desk: Desk, act: Act) -> None:
    if act is Act.DISPATCH:
        st.multiselect(
            _("单位(牵头在前)"), desk.ground.units, key="bulk-units", accept_new_options=True,
            placeholder=_("不选:按各案件立案时权责清单确定的单位"),
        )  # fmt: skip
        with session(actor.current()) as conn:
            people = {name: label for _number, name, label in acts.handlers(conn)}
        st.selectbox(
            _("经办人(可不填)"), list(people), key="bulk-handler", index=None,
            format_func=lambda name: people.get(name, name), placeholder=_("请选择"),
        )  # fmt: skip
    if act is Act.CARD:
        st.segmented_control(
            _("结果"), ["yellow", "red", "none"], key="bulk-card", default="yellow", format_func=words.result
        )


def _refused() -> None:
    """List what the last act on several did not take, each with its reason."""
    found = st.session_state.get(REFUSED)
    if found:
        st.markdown(f"**{_('没有办成的 {number} 件').format(number=len(found))}**")
        table.draw([_("编号"), _("原因")], found)


def _cleared() -> None:
    st.session_state.pop(PICKED, None)
    st.session_state.pop(REFUSED, None)


def _all(desk: Desk) -> None:
    picked = st.session_state.setdefault(PICKED, {})
    for row in desk.rows:
        picked[row.id] = row.seq
        st.session_state[f"tick-{row.id}"] = True


def _do(act: Act) -> None:
    fragment.speak()

    def doing() -> str:
        data = {}
        if act is Act.DISPATCH:
            data = {"units": st.session_state["bulk-units"], "handler": st.session_state["bulk-handler"]}
        if act is Act.CARD:
            data = {"result": st.session_state["bulk-card"]}
        picked = st.session_state.get(PICKED, {})
        note = st.session_state[f"bulk-note-{act}"]
        done = acts.bulk(actor.current(), list(picked.items()), act, note=note, data=data)
        st.session_state[REFUSED] = done.refused
        st.session_state["bulk-done"] = st.session_state.get("bulk-done", 0) + 1
        for number in list(picked):
            st.session_state.pop(f"tick-{number}", None)
        picked.clear()
        return _("{act}:办成 {done} 件,没有办成 {refused} 件。").format(
            act=words.act(act), done=written.number(len(done.done)), refused=written.number(len(done.refused))
        )

    fragment.tell("bulk", doing)
