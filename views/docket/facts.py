"""What is known of a case: what, where, whose, how grave; who is on the other side, and its full text on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import files
from gis.casework import parties
from gis.casework import words
from gis.db.connection import session
from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import IncidentKind
from gis.vocabulary import Role
from views import actor
from views import format as written
from views import fragment
from views import headline
from views import posts
from views.docket import address
from views.docket import kinds
from views.docket import sides
from views.docket import signs

if TYPE_CHECKING:
    from gis.casework.files import Casefile
    from gis.casework.files import Link
    from gis.casework.parties import Mask
    from gis.casework.parties import Party
    from gis.records.people import Staff

FULL = "docket-full"
"""Session key: number of a case and what was shown of it in full; gone when another one is chosen."""
STAFF = 4


def draw(case: Casefile) -> None:
    """Draw what is known of a case, its people, and what belongs to it."""
    me = actor.current()
    with session(me) as conn:
        staff = files.staff(conn, case)
        links = files.linked(conn, case.incident_id)
        detail = kinds.rows(conn, case)
    headline.facts(_rows(case))
    if detail:
        st.markdown(f"##### {written.plain(signs.kind(case.kind))}")
        headline.facts(detail)
    st.markdown(f"##### {_('人员')}")
    _people(case, staff)
    _parties(case)
    if links:
        st.markdown(f"##### {_('关联案件')}")
        _links(links)


def full(case: Casefile) -> dict[str, str]:
    """Give the text of a case that was shown in full at this visit; empty before."""
    number, texts, _found = st.session_state.get(FULL, (None, {}, []))
    return texts if number == case.incident_id else {}


def _rows(case: Casefile) -> list[tuple[str, str]]:
    shown = full(case)
    place = case.area_name or case.area or written.NO_FIGURE
    grid = " ".join(part for part in (case.grid_name, case.grid) if part) or _("不在网格内")
    rows = [
        (_("编号"), case.code),
        (_("种类"), " · ".join(part for part in (signs.kind(case.kind), case.category) if part)),
        (_("来源"), words.channel(case.channel)),
        (_("发生"), written.moment(case.occurred_at)),
        (_("登记时间"), written.moment(case.created_at)),
        (_("地址"), shown.get("address") or case.address or written.NO_FIGURE),
        (_("所在"), place),
        (_("当时网格"), grid),
        (_("牵头单位"), case.units[0] if case.units else written.NO_FIGURE),
    ]
    if case.units[1:]:
        rows.append((_("配合单位"), joined(case.units[1:])))
    more = (
        (_("经办人"), case.handler),
        (_("等级"), signs.level(case.kind, case.level)),
        (_("退回"), _("{number} 次").format(number=case.returns) if case.returns else ""),
        (_("返工"), _("{number} 次").format(number=case.reworked) if case.reworked else ""),
        (_("重新立案"), _("{number} 次").format(number=case.reopened) if case.reopened else ""),
        (_("延期"), _("{number} 次").format(number=case.extended) if case.extended else ""),
        (_("评价"), words.result(case.rating) if case.rating else ""),
        (_("申诉"), _("申诉中") if case.appeal == "open" else words.result(case.appeal) if case.appeal else ""),
        (_("已并入"), case.into_code),
        (_("办结"), written.moment(case.closed_at) if case.closed_at else ""),
    )
    return rows + [(name, value) for name, value in more if value]


def _people(case: Casefile, staff: list[Staff]) -> None:
    rows = [
        (
            posts.name(person.duty),
            " ".join(part for part in (person.name, person.phone, _("(请假)") if person.on_leave else "") if part),
        )
        for person in staff[:STAFF]
    ]
    if not rows:
        why = _("这个网格没有在岗人员,或你的角色不显示人员。") if case.grid else _("案件不在任何网格内,没有网格员。")
        st.markdown(why)
        return
    headline.facts(rows)


def _parties(case: Casefile) -> None:
    """Draw the parties as the visitor may read them, and the way to the full text."""
    roles = frozenset(actor.visitor().roles)
    with session(actor.current()) as conn:
        open_to = roles & {Role.SUPERVISOR, Role.WORKER}
        found: list[Party] | list[Mask] = (
            parties.listing(conn, case.incident_id)
            if open_to
            else parties.masks(conn, case.incident_id)
            if roles & {Role.LEADER, Role.DEPARTMENT}
            else []
        )
    number, texts, revealed = st.session_state.get(FULL, (None, {}, []))
    if number == case.incident_id and revealed:
        found = revealed
    may_add = open_to and case.kind != IncidentKind.MATTER
    if found or may_add:
        st.markdown(f"##### {_('当事人')}")
    if found:
        headline.facts([_party(party) for party in found])
    if may_add:
        sides.draw(case, [party for party in found if isinstance(party, parties.Party)])
    if not open_to and not (number == case.incident_id and texts):
        _reveal(case)


def _party(party: Party | Mask) -> tuple[str, str]:
    part = dict(parties.parts()).get(party.part, party.part)
    return part, " ".join(text for text in (party.name, party.phone, party.address) if text)


def _reveal(case: Casefile) -> None:
    with st.popover(_("显示全文"), icon=":material/visibility:", key="reveal"), st.form("reveal-form", border=False):
        st.caption(_("显示标题、地址和当事人的全文。你的账号、时间和理由会记入审计。"))
        fragment.told("reveal")
        st.text_input(_("理由"), key="reveal-why", max_chars=200)
        st.form_submit_button(_("显示全文"), type="primary", on_click=_show, args=(case,))


def _show(case: Casefile) -> None:
    def act() -> str:
        me, why = actor.current(), st.session_state["reveal-why"]
        texts = files.reveal(me, case.incident_id, why)
        found: list[Party] = []
        if frozenset(actor.visitor().roles) & {Role.LEADER, Role.DEPARTMENT}:
            found = parties.reveal(me, case.incident_id, why)
        st.session_state[FULL] = (case.incident_id, texts, found)
        return _("已显示全文,并记入审计。")

    fragment.speak()
    fragment.tell("reveal", act)


def _links(links: list[Link]) -> None:
    with st.container(key="links"):
        for link in links:
            rest = written.plain(" · ".join((link.category, words.state(link.state))), 40)
            relation = written.plain(words.relation(link.relation))
            st.button(
                f"{signs.sign(link.kind)} {written.plain(link.code)} **{relation}** :gray[{rest}]",
                key=f"link-{link.id}-{link.relation}-{link.outward}",
                type="tertiary",
                on_click=address.choose,
                args=(link.code,),
            )
