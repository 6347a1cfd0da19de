"""Visits: those that raise a question and wait for an answer, and the form that records one."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from gis.db.connection import session
from gis.i18n import translate as _
from gis.records import visits
from gis.vocabulary import Datum
from gis.vocabulary import Role
from views import actor
from views import browser
from views import format as written
from views import fragment

if TYPE_CHECKING:
    from gis.records.visits import Visit

LISTED = 30
LONGEST = 500
METRES = 5
HITS = 8


def questions() -> None:
    """Draw the visits in doubt, each with its question and a place for the answer."""
    with session(actor.current()) as conn:
        counted = visits.waiting(conn)
        rows = visits.listing(conn, waiting=True, limit=LISTED)
    fragment.told("visits")
    if not rows:
        st.markdown(_("没有待核实的走访。定位、时间和速度都说得通的走访直接计入覆盖。"))
        return
    said = " · ".join(f"{written.plain(visits.question(doubt))} {number}" for doubt, number in counted.items())
    st.caption(_("下面的走访有说不通的地方,核实之前不计入覆盖;这是提问,不是处分。{said}").format(said=said))
    for visit in rows:
        _question(visit)
    if len(rows) == LISTED:
        st.caption(_("只列出最近的 {number} 条,核实之后其余的会接上来。").format(number=LISTED))


def _question(visit: Visit) -> None:
    with st.container(key=f"visit-{visit.id}"):
        who = visit.name or visit.person or written.NO_FIGURE
        where = " · ".join(part for part in (visit.area, visit.grid, visit.building) if part)
        rest = f"{written.moment(visit.visited_at)} · {where}"
        st.markdown(f"**{written.plain(who)}** :gray[{written.plain(rest)}]")
        for doubt in visit.doubts:
            st.markdown(f":orange[{written.plain(visits.question(doubt))}]")
        if visit.note:
            st.markdown(written.plain(visit.note, 200))
        with st.popover(_("核实"), key=f"visit-answer-{visit.id}"), st.form(f"answer-{visit.id}", border=False):
            text = st.text_area(_("核实情况"), max_chars=LONGEST, height=80, placeholder=_("向谁、怎样核实的"))
            with st.container(horizontal=True):
                real = st.form_submit_button(_("确有走访,计入"), type="primary")
                wrong = st.form_submit_button(_("记录有误,不计"))
            if (real or wrong) and fragment.tell("visits", lambda: _answered(visit.id, text, counts=real)):
                st.rerun(scope="fragment")


def _answered(number: int, text: str, *, counts: bool) -> str:
    visits.answer_visit(actor.current(), number, text, counts=counts)
    return _("已核实,计入覆盖。") if counts else _("已核实,不计入覆盖。")


def form() -> None:
    """Draw the form of a visit: who, where, when; what cannot be true comes back as a question."""
    leads = Role.SUPERVISOR in actor.visitor().roles
    st.markdown(_("现场走访后在这里登记;也可以在“数据接入”成批导入。"))
    found = browser.place(
        key="visit-place",
        data={
            "ask": _("用当前位置"),
            "waiting": _("正在定位"),
            "none": _("没有取得定位,可以只填网格或楼栋。"),
            "known": _place_text(st.session_state.get("visit-place")),
        },
        default={"place": None},
        on_place_change=lambda: None,
    )
    place = getattr(found, "place", None)
    with st.form("visit", border=False):
        person = _person() if leads else None
        grid = st.text_input(_("网格编码"), placeholder=_("有定位时可以不填"), max_chars=40)
        building = st.text_input(_("楼栋编码"), placeholder=_("走访住户或单位时填写"), max_chars=60)
        with st.container(horizontal=True):
            day = st.date_input(_("日期"), value=written.today(), max_value=written.today(), format="YYYY-MM-DD")
            hour = st.time_input(_("时间"), value=datetime.now(UTC).astimezone(written.ZONE).time(), step=300)
        note = st.text_area(_("情况"), max_chars=LONGEST, height=80)
        if st.form_submit_button(_("登记走访"), type="primary", icon=":material/check:"):
            at = datetime.combine(day, hour, written.ZONE)  # type: ignore[arg-type]
            fragment.tell("visit", lambda: _recorded(at, person, grid.strip(), building.strip(), place, note))
    fragment.told("visit")
    _latest()


def _person() -> str | None:
    text = st.text_input(_("谁的走访(工号)"), placeholder=_("不填则是自己的"), max_chars=40)
    return text.strip() or None


def _place_text(state: object) -> str:
    place = getattr(state, "place", None)
    if not place:
        return ""
    return _("已定位,误差约 {metres} 米").format(metres=max(round(place[2]), METRES))


def _recorded(at: datetime, person: str | None, grid: str, building: str, place: list[float] | None, note: str) -> str:
    visit = visits.record_visit(
        actor.current(),
        at=at,
        person=person,
        grid=grid or None,
        building=building or None,
        place=(place[0], place[1]) if place else None,
        datum=Datum.WGS84,
        note=note,
    )
    if visit.doubts:
        asked = "".join(visits.question(doubt) for doubt in visit.doubts)
        return _("已登记,但有疑问:{asked}核实之前不计入覆盖。").format(asked=asked)
    return _("已登记:网格 {grid}。").format(grid=visit.grid or written.NO_FIGURE)


def _latest() -> None:
    with session(actor.current()) as conn:
        rows = visits.listing(conn, limit=HITS)
    if rows:
        st.markdown(f"##### {_('最近登记的走访')}")
        for visit in rows:
            stands = _("计入") if visit.counts else _("待核实") if visit.answer is None else _("不计入")
            where = " · ".join(part for part in (visit.grid, visit.building) if part)
            who = written.plain(visit.name or visit.person or "")
            when = written.plain(written.moment(visit.visited_at))
            st.markdown(f"{when} **{who}** :gray[{written.plain(where)}] {stands}")
