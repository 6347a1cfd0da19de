"""The list meeting (清单会商): what has no owner, or several, is put on its agenda from where it was noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import meeting
from gis.db.connection import session
from gis.i18n import translate as _
from gis.vocabulary import Role
from views import actor
from views import format as written
from views import fragment

if TYPE_CHECKING:
    from gis.casework.resolver import Answer

PLACE = "agenda"
LONGEST = 500


def draw(answer: Answer, case: str | None = None) -> None:
    """Draw what becomes of a matter whose owner the list does not tell: on the agenda, or the way onto it."""
    with session(actor.current()) as conn:
        found = meeting.entries(conn, kind=answer.kind, category=answer.category)
    areas = {None, *(area.code for area in (answer.area, answer.community) if area is not None)}
    entry = next((entry for entry in found if entry.area in areas), None)
    if entry is not None:
        since = written.moment(entry.first_seen)
        st.markdown(
            _("已列入清单会商:{since} 起,涉及未结 {number} 件。").format(since=since, number=written.number(entry.open))
        )
    elif Role.SUPERVISOR in actor.visitor().roles:
        _put(answer, case)
    else:
        st.markdown(_("请网格主管把它列入清单会商。"))
    fragment.told(PLACE)


def _put(answer: Answer, case: str | None) -> None:
    with st.popover(_("列入清单会商"), icon=":material/gavel:", key="agenda"), st.form("agenda-form", border=False):
        st.caption(_("每月的清单会商逐项确定由谁牵头;决定写回权责清单。"))
        st.text_area(_("说明"), key="agenda-note", max_chars=LONGEST, height=76)
        st.form_submit_button(_("列入清单会商"), type="primary", on_click=_do, args=(answer, case))


def _do(answer: Answer, case: str | None) -> None:
    fragment.speak()

    def doing() -> str:
        meeting.put(
            actor.current(), answer.kind, answer.category, st.session_state["agenda-note"],
            problem=answer.problem or "disputed", units=answer.leads, case=case,
        )  # fmt: skip
        return _("已列入清单会商。")

    fragment.tell(PLACE, doing)
