"""The list by clock: tabs with their counts, how many there are as of when, a row per case, paging and stepping."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import listing
from gis.casework import words
from gis.i18n import translate as _
from views import board
from views import format as written
from views.docket import address
from views.docket import signs
from views.docket import source

if TYPE_CHECKING:
    from gis.casework.listing import Place
    from gis.casework.listing import Row
    from views.docket.address import Address
    from views.docket.source import Desk

NAME_LENGTH = 60
UNIT_LENGTH = 10
SEQUENCE = 12
"""Digits of a grid's code that name its community (domain facts §1.4)."""
TRAIL = "docket-trail"
"""Session key: where the pages before this one began."""
PICKED = "docket-picked"
"""Session key: numbers of the cases that are ticked for an act on several."""


def draw(desk: Desk, at: Address) -> None:
    """Draw the list's head, its rows and its pages."""
    _head(desk, at)
    ticking = st.session_state.get("docket-bulk", False)
    with st.container(key="list"):
        for row in desk.rows:
            _row(row, chosen=desk.case is not None and desk.case.incident_id == row.id, ticking=ticking)
        if not desk.rows:
            _nothing(at)
        _pages(desk, at)


def tabs(desk: Desk, at: Address) -> None:
    """Draw the states of the clock as figures that narrow the list."""
    names = {"": _("未结")} | signs.clocks() | {address.ENDS: words.clock("ended")}
    with st.container(key="clocks", horizontal=True):
        for key, name in names.items():
            number = desk.counts.get(key, 0)
            if key == "none" and not number and at.clock != key:
                continue
            chosen = (at.clock or "") == key
            st.button(
                f"**{_many(number)}** {name}",
                key=f"clock-{key or 'open'}",
                type="primary" if chosen else "secondary",
                help=_("近 {days} 天发生、已经结束的").format(days=listing.RECENT_DAYS)
                if key == address.ENDS
                else None,
                on_click=address.narrow,
                args=(address.CLOCK, key or None),
            )


def label(row: Row) -> str:
    """Write a row: what it is and its time in the first line, where and whose in the second."""
    place = row.area_name or row.area_code or (_("辖区外") if row.lon is not None else _("位置不明"))
    whose = row.handler or (row.units[0] if row.units else "")
    details = [place, _short(row.grid_code), whose if len(whose) <= UNIT_LENGTH else f"{whose[: UNIT_LENGTH - 1]}…"]
    title = row.title if not row.category or row.category in row.title else f"{row.category} · {row.title}"
    late = "orange" if row.clock == "late" else "gray"
    marks = [signs.card(row.card), _("退回 {number} 次").format(number=row.returns) if row.returns else ""]
    marks += [_("返工") if row.reworked else "", _("申请延期") if row.asking else "", _("疑似重复") if row.twin else ""]
    stands = " · ".join([*(mark for mark in marks if mark), words.standing(row.state, suspended=row.suspended)])
    return (
        f"**{written.plain(title or row.code, NAME_LENGTH)}** "
        f"*{written.plain(' · '.join(part for part in details if part), NAME_LENGTH)}*"
        f" :{late}[{written.plain(signs.left(row))}] :gray[{written.plain(stands)}]"
    )


def step(desk: Desk, at: Address, by: int) -> None:
    """Choose the case before or after the chosen one, on the next page too; the first where none is chosen."""
    codes = [row.code for row in desk.rows]
    chosen = at.case
    if not codes:
        return
    if chosen not in codes:
        address.choose(codes[0])
        return
    place = codes.index(chosen) + by
    if place >= len(codes) and desk.more is not None:
        found = source.first(desk, desk.more)
        if found is not None:
            turn(at, desk.more)
            address.choose(found.code)
        return
    address.choose(codes[min(max(place, 0), len(codes) - 1)])


def turn(at: Address, after: Place | None) -> None:
    """Go to the page that begins after a row, and remember where this one began."""
    st.session_state.setdefault(TRAIL, []).append(at.after)
    address.begin(after)


def _row(row: Row, *, chosen: bool, ticking: bool) -> None:
    name = f"row-{row.kind}-{row.level or 0}-{row.id}"
    if not ticking:
        _button(row, name, chosen=chosen)
        return
    with st.container(key=f"ticked-{row.id}", horizontal=True, vertical_alignment="center"):
        picked = st.session_state.setdefault(PICKED, {})
        st.session_state.setdefault(f"tick-{row.id}", row.id in picked)
        st.checkbox(
            row.code,
            key=f"tick-{row.id}",
            label_visibility="collapsed",
            on_change=_tick,
            args=(row,),
        )
        _button(row, name, chosen=chosen)


def _button(row: Row, name: str, *, chosen: bool) -> None:
    st.button(
        label(row),
        key=name,
        type="primary" if chosen else "secondary",
        width="stretch",
        on_click=address.choose,
        args=(row.code,),
    )


def _tick(row: Row) -> None:
    """Take a case in, as it stands on the screen, or leave it out."""
    picked = st.session_state.setdefault(PICKED, {})
    if st.session_state[f"tick-{row.id}"]:
        picked[row.id] = row.seq
    else:
        picked.pop(row.id, None)


def _head(desk: Desk, at: Address) -> None:
    said = [_("共 {number} 件").format(number=_many(desk.total))]
    if at.area:
        said.append(desk.places.get(at.area, at.area))
    said.append(_("截至 {moment}").format(moment=written.moment(desk.as_of)))
    hints = _("上一件(↑)"), _("下一件(↓)")
    board.steps(" · ".join(said), hints, partial(step, desk, at), empty=not desk.rows)


def _nothing(at: Address) -> None:
    with st.container(key="nothing"):
        if at.narrowed or at.clock or at.after:
            st.markdown(_("没有符合这些条件的案件。"))
            st.button(_("显示全部未结案件"), key="widen", type="tertiary", on_click=address.widen)
        else:
            st.markdown(_("没有未结的案件。新的上报和导入会自动出现在这里。"))


def _pages(desk: Desk, at: Address) -> None:
    if at.after is None and desk.more is None:
        return

    def back() -> None:
        trail = st.session_state.get(TRAIL) or [None]
        address.let_go()
        address.begin(trail.pop())

    def on() -> None:
        address.let_go()
        turn(at, desk.more)

    with st.container(key="pages", horizontal=True):
        st.button(_("上一页"), key="page-before", type="tertiary", disabled=at.after is None, on_click=back)
        st.button(_("下一页"), key="page-after", type="tertiary", disabled=desk.more is None, on_click=on)


def _many(number: int) -> str:
    """Write a number of cases: what is not counted further is said to be more."""
    if number <= listing.TALLIED:
        return written.number(number)
    return _("1 万+")


def _short(grid: str | None) -> str:
    """Say which grid by the last digits of its code: the community stands beside it."""
    if not grid:
        return _("不在网格内")
    return _("网格 {code}").format(code=grid[-3:] if grid.isdecimal() and len(grid) > SEQUENCE else grid)
