"""The list of findings beside the map: how many, filtered by what, as of when; paging and stepping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.coverage import wording
from gis.i18n import joined
from gis.i18n import translate as _
from views import address
from views import format as written
from views import source

if TYPE_CHECKING:
    from gis.coverage.findings import Finding
    from views.address import Address
    from views.source import Desk

NAME_LENGTH = 90


def draw(desk: Desk, at: Address) -> None:
    """Draw the list's head, its rows and its pages."""
    _head(desk, at)
    with st.container(key="list"):
        for finding in desk.rows:
            row(finding, chosen=desk.finding is not None and desk.finding.id == finding.id)
        if not desk.rows:
            _nothing(desk, at)
        pages = -(-desk.total // source.PAGE_SIZE)
        if pages > 1:
            with st.container(key="pages", horizontal=True):
                _pages(desk, pages)


def row(finding: Finding, *, chosen: bool = False, group: str = "row") -> None:
    """Draw one finding as a row that can be chosen."""
    st.button(
        label(finding),
        key=f"{group}-{finding.severity}-{finding.id}",
        type="primary" if chosen else "secondary",
        width="stretch",
        on_click=address.choose,
        args=(address.FINDING, str(finding.id)),
    )


def label(finding: Finding) -> str:
    """Write a row: kind and households in the first line, place and size in the second."""
    households, buildings = finding.measure.get("households") or 0, finding.measure.get("buildings") or 0
    if households:
        touched = _("{number} 户").format(number=written.number(households)) if households > 1 else _("1 户")
    elif buildings:
        touched = _("{number} 栋").format(number=written.number(buildings)) if buildings > 1 else _("1 栋")
    else:
        touched = ""
    parts = [finding.area_name or finding.area_code or (_("辖区外") if finding.bbox else ""), *_what(finding)]
    details = written.plain(" · ".join(str(part) for part in parts if part), NAME_LENGTH)
    end = f" :gray[{written.plain(touched)}]" if touched else ""
    return f"**{written.plain(finding.title)}** *{details}*{end}"


def step(desk: Desk, at: Address, by: int) -> None:
    """Choose the finding before or after the chosen one; the first where none is chosen."""
    place = 0 if desk.place is None else desk.place + by
    found = source.neighbour(desk.network, at, min(max(place, 0), desk.total - 1))
    if found is not None:
        address.choose(address.FINDING, str(found.id))


def _what(finding: Finding) -> list[str]:
    """Say what a finding is about: its land, or its grid, or its building."""
    said = []
    if finding.buildings and finding.rule in {"unassigned_building", "boundary_building", "unlocated_record"}:
        said.append(_("楼栋 {code}").format(code=finding.buildings[0]))
    elif finding.grids and finding.rule != "unclaimed_land":
        said.append(_("网格 {codes}").format(codes=joined(finding.grids[:2])))
    if (finding.measure.get("area_m2") or 0) > 0 and finding.rule.endswith(("land", "part")):
        said.append(written.area(finding.measure["area_m2"]))
    return said


def _head(desk: Desk, at: Address) -> None:
    as_of = desk.headline["finished_at"] if desk.headline else None
    said = [_("共 {number} 条").format(number=written.number(desk.total))]
    if desk.area is not None:
        said.append(desk.area.name)
    if at.rule:
        said.append(wording.title(at.rule))
    counted = desk.headline is None or desk.headline["households"] is not None
    said.append(_("按涉及户数排序") if counted else _("没有户数,按涉及楼栋排序"))
    said.append(_("截至 {moment}").format(moment=written.moment(as_of)))
    with st.container(key="count", horizontal=True, vertical_alignment="center"):
        st.markdown(written.plain(" · ".join(said)), width="stretch")
        for name, by, icon, shortcut, hint in (
            ("before", -1, ":material/arrow_upward:", "Up", _("上一条(↑)")),
            ("after", 1, ":material/arrow_downward:", "Down", _("下一条(↓)")),
        ):
            st.button(
                icon,
                key=f"step-{name}",
                type="tertiary",
                shortcut=shortcut,
                help=hint,
                disabled=not desk.total,
                on_click=step,
                args=(desk, at, by),
            )


def _nothing(desk: Desk, at: Address) -> None:
    with st.container(key="nothing"):
        if desk.headline is None:
            st.markdown(_("还没有计算过覆盖情况。点“重新计算”开始。"))
        elif at.rule or desk.area is not None:
            st.markdown(_("这个范围内没有这类问题。可以放宽上面的筛选。"))
        else:
            st.markdown(_("没有发现盲区,也没有其他问题。网格或楼栋有变动后请重新计算。"))


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
