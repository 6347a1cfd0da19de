"""What stands under the list once something is chosen: the facts of a finding or of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.i18n import translate as _
from gis.vocabulary import GridKind
from views import address
from views import format as written
from views import headline
from views import listing

if TYPE_CHECKING:
    from datetime import datetime

    from gis.coverage.findings import Finding
    from gis.records.grids import Facts
    from views.source import Desk


def draw(desk: Desk) -> None:
    """Draw the facts of what is chosen; nothing where nothing is."""
    if desk.finding is None and desk.grid is None and not desk.missing:
        return
    with st.container(key="detail"):
        if desk.finding is not None:
            _finding(desk.finding, desk.headline["finished_at"] if desk.headline else None)
        elif desk.grid is not None:
            _grid(desk.grid, desk.of_grid)
        else:
            _head(_("找不到了"))
            st.markdown(
                _("链接里的网格或问题已不在最新结果中:它可能已经解决,或在重新计算后换了编号。请在列表里另选一条。")
            )


def _head(title: str) -> None:
    with st.container(key="detail-head", horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {title}", width="stretch")
        st.button(
            ":material/close:",
            key="close",
            type="tertiary",
            shortcut="Esc",
            help=_("关闭(Esc)"),
            on_click=address.let_go,
        )


def _finding(finding: Finding, as_of: datetime | None) -> None:
    _head(f"{written.plain(finding.title)} :gray-badge[{written.plain(finding.severity_text)}]")
    st.markdown(written.plain(finding.reason))
    headline.facts(_numbers(finding, as_of))
    if finding.remedies:
        st.markdown(
            f"**{_('怎么办')}**\n\n"
            + "\n".join(f"{place}. {written.plain(text)}" for place, text in enumerate(finding.remedies_text, 1))
        )
    _grids(finding.grids)


def _numbers(finding: Finding, as_of: datetime | None) -> list[tuple[str, str]]:
    measure = finding.measure
    known = (
        (_("面积"), "area_m2", written.area),
        (_("最宽处"), "width_m", written.length),
        (_("相距"), "distance_m", written.length),
        (_("涉及户数"), "households", written.number),
        (_("涉及楼栋"), "buildings", written.number),
        (_("涉及事件"), "incidents", written.number),
    )
    rows = [(name, write(measure[key])) for name, key, write in known if measure.get(key) is not None]
    rows.append((_("所在"), finding.area_name or finding.area_code or written.NO_FIGURE))
    rows.append((_("发现于"), written.moment(as_of)))
    return rows


def _grids(codes: list[str]) -> None:
    if not codes:
        return
    with st.container(key="grids", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(_("涉及网格"), width="content")
        for code in codes[:4]:
            st.button(
                written.plain(code, 24),
                key=f"grid-{code}",
                type="tertiary",
                on_click=address.choose,
                args=(address.GRID, code),
            )


def _grid(grid: Facts, found: list[Finding]) -> None:
    _head(f"{written.plain(grid.name or grid.code, 30)} :gray-badge[{written.plain(kind(grid.kind))}]")
    headline.facts(
        [
            (_("编码"), grid.code),
            (_("社区"), grid.area or written.NO_FIGURE),
            (_("户数"), written.number(grid.households)),
            (_("人数"), written.number(grid.people)),
            (_("楼栋"), written.number(grid.buildings)),
            (_("面积"), written.area(grid.area_m2)),
            (_("一年内事件"), written.number(grid.incidents)),
            (_("启用于"), written.calendar(grid.valid_from)),
        ]
    )
    if grid.buildings is None:
        st.markdown(_("这个网格不在你的管辖范围内,不显示它的数字和问题。"))
        return
    if not found:
        st.markdown(_("这个网格没有盲区,也没有其他问题。"))
        return
    st.markdown(_("**这个网格的问题**(最多列 {number} 条)").format(number=len(found)))
    with st.container(key="of-grid"):
        for finding in found:
            listing.row(finding, group="row-of-grid")


def kind(word: str) -> str:
    """Name a type of grid."""
    names = {
        GridKind.GENERAL: _("基础网格"),
        GridKind.DEDICATED: _("专属网格"),
        GridKind.MICRO: _("微网格"),
        GridKind.UNIT: _("单元网格"),
    }
    return names.get(GridKind(word), word) if word in set(GridKind) else word
