"""The ledger beside the map: how many, filtered by what, as of when; paging and stepping."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from gis.coverage import wording
from gis.i18n import joined
from gis.i18n import translate as _
from views import address
from views import board
from views import filters
from views import format as written
from views import source

if TYPE_CHECKING:
    from gis.coverage.ledger import Entry
    from views.address import Address
    from views.source import Desk

NAME_LENGTH = 90
OWNER_LENGTH = 8
BY_BUILDING = frozenset({"unassigned_building", "boundary_building", "unlocated_record"})


def draw(desk: Desk, at: Address) -> None:
    """Draw the list's head, its rows and its pages."""
    _head(desk, at)
    with st.container(key="list"):
        for entry in desk.rows:
            row(entry, chosen=desk.entry is not None and desk.entry.id == entry.id)
        if not desk.rows:
            _nothing(desk, at)
        pages = -(-desk.total // source.PAGE_SIZE)
        if pages > 1:
            with st.container(key="pages", horizontal=True):
                _pages(desk, pages)


def row(entry: Entry, *, chosen: bool = False, group: str = "row") -> None:
    """Draw one entry as a row that can be chosen."""
    st.button(
        label(entry),
        key=f"{group}-{entry.severity}-{entry.id}",
        type="primary" if chosen else "secondary",
        width="stretch",
        on_click=address.choose,
        args=(address.ENTRY, str(entry.id)),
    )


def label(entry: Entry) -> str:
    """Write a row: kind and households in the first line, place and whose it is in the second."""
    parts = [entry.area_name or entry.area_code or (_("辖区外") if entry.bbox else ""), *_what(entry)]
    details = written.plain(" · ".join(str(part) for part in parts if part), NAME_LENGTH)
    touched = _touched(entry)
    end = f" :gray[{written.plain(touched)}]" if touched else " :gray[ ]"
    return f"**{written.plain(entry.title)}** *{details}*{end}{_stands(entry)}"


def _touched(entry: Entry) -> str:
    households, buildings = entry.measure.get("households") or 0, entry.measure.get("buildings") or 0
    if households:
        return _("{number} 户").format(number=written.number(households)) if households > 1 else _("1 户")
    if buildings:
        return _("{number} 栋").format(number=written.number(buildings)) if buildings > 1 else _("1 栋")
    return ""


def _stands(entry: Entry) -> str:
    """Write whose it is and until when: overdue stands out, what waits for an owner is left to the state."""
    if entry.state in {"closed", "excepted"} or entry.owner is None:
        return f" :gray[{written.plain(entry.state_text)}]"
    whose = entry.owner if len(entry.owner) <= OWNER_LENGTH else f"{entry.owner[: OWNER_LENGTH - 1]}…"
    parts = [whose, written.short_day(entry.due_on) if entry.due_on else entry.state_text]
    colour = "orange" if entry.overdue else "gray"
    return f" :{colour}[{written.plain(' · '.join(parts))}]"


def step(desk: Desk, by: int) -> None:
    """Choose the entry before or after the chosen one; the first where none is chosen."""
    place = 0 if desk.place is None else desk.place + by
    found = source.neighbour(desk, min(max(place, 0), desk.total - 1))
    if found is not None:
        address.choose(address.ENTRY, str(found.id))


def _what(entry: Entry) -> list[str]:
    """Say what an entry is about: its land, or its grid, or its building."""
    said = []
    if entry.buildings and entry.rule in BY_BUILDING:
        said.append(_("楼栋 {code}").format(code=entry.buildings[0]))
    elif entry.subjects.get("category"):
        said.append(str(entry.subjects["category"]))
    elif entry.grids and entry.rule != "unclaimed_land":
        said.append(_("网格 {codes}").format(codes=joined(entry.grids[:2])))
    if (entry.measure.get("area_m2") or 0) > 0 and entry.rule.endswith(("land", "part")):
        said.append(written.area(entry.measure["area_m2"]))
    return said


def _head(desk: Desk, at: Address) -> None:
    as_of = desk.headline["finished_at"] if desk.headline else None
    said = [_("共 {number} 条").format(number=written.number(desk.total))]
    if desk.area is not None:
        said.append(desk.area.name)
    if at.rule:
        said.append(wording.title(at.rule))
    said.append(filters.order(desk, at))
    said.append(_("截至 {moment}").format(moment=written.moment(as_of)))
    board.steps(" · ".join(said), (_("上一条(↑)"), _("下一条(↓)")), partial(step, desk), empty=not desk.total)


def _nothing(desk: Desk, at: Address) -> None:
    with st.container(key="nothing"):
        if desk.headline is None:
            st.markdown(_("还没有计算过覆盖情况。点“重新计算”开始。"))
        elif at.narrowed:
            st.markdown(_("没有符合这些条件的条目。可以放宽上面的筛选。"))
        else:
            st.markdown(_("没有发现盲区,也没有其他问题。网格或楼栋有变动后会自动重新计算。"))


def _pages(desk: Desk, pages: int) -> None:
    def turn(to: int) -> None:
        address.let_go()
        address.turn(to)

    st.button(
        _("上一页"), key="page-before", type="tertiary", disabled=desk.page <= 1, on_click=turn, args=(desk.page - 1,)
    )
    st.markdown(_("第 {page} / {pages} 页").format(page=desk.page, pages=pages), width="content")
    st.button(
        _("下一页"),
        key="page-after",
        type="tertiary",
        disabled=desk.page >= pages,
        on_click=turn,
        args=(desk.page + 1,),
    )
