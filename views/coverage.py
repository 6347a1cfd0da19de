"""The page 覆盖与盲区: who is not covered, where, and what would repair it.

It answers the first question without a click: the share of households and of buildings
free of an open blind finding. Map, list and URL choose the same thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import words
from gis.coverage import wording
from gis.i18n import translate as _
from layers.palette import Theme
from views import address
from views import board
from views import browser
from views import detail
from views import filters
from views import format as written
from views import fragment
from views import headline
from views import legend
from views import listing
from views import map as atlas
from views import palette
from views import repair
from views import source
from views import work

if TYPE_CHECKING:
    from gis.records.grids import Grid
    from views.address import Address
    from views.source import Desk

MAP = "coverage-map"
LAYERS = ("grid", "excluded", "finding", "building", "incident", "label")
AT_FIRST = ("grid", "excluded", "finding", "building", "label")
CLICKABLE = ("grid", "finding")
PICKED = {"grid": (address.GRID, "code"), "finding": (address.ENTRY, "id"), "building": (address.GRID, "grid")}
"""What a click on a layer chooses, and the property that names it."""
CLOSE_UP = 17.0
HITS = 8


def page() -> None:
    """Draw the page."""
    _body()


@fragment.part
def _body() -> None:
    at = address.read()
    desk = source.load(at)
    if desk.ground.overview.empty:
        _empty()
        return
    _look(desk, at)
    with st.container(key="body"):
        with st.container(key="stage"):
            _stage(desk, at)
        with st.container(key="panel"):
            _panel(desk, at)


def _look(desk: Desk, at: Address) -> None:
    """Send the camera where the address points, once for each address."""
    chosen = _chosen(desk)
    sight = (desk.network, at.area, chosen)
    before = st.session_state.get("sight")
    if atlas.camera(MAP) is None:
        atlas.fly(MAP, desk.ground.extent, margin=1.08)
    if before == sight and atlas.camera(MAP) is not None:
        return
    st.session_state["sight"] = sight
    if st.session_state.pop("picked", None) == chosen and chosen is not None:
        return
    if desk.entry is not None and desk.entry.bbox is not None:
        atlas.fly(MAP, desk.entry.bbox, closest=CLOSE_UP, margin=2.5)
    elif desk.grid is not None:
        atlas.fly(MAP, desk.grid.bounds, margin=1.6)
    elif before is None or before[:2] != sight[:2]:
        atlas.fly(MAP, desk.area.bounds if desk.area is not None else desk.ground.extent, margin=1.08)


def _chosen(desk: Desk) -> tuple[str, str] | None:
    """Give what is chosen, by the name it has in the address when it was clicked."""
    if desk.entry is not None:
        return address.ENTRY, str(desk.entry.id)
    return None if desk.grid is None else (address.GRID, desk.grid.code)


def _marked(desk: Desk) -> tuple[str, str] | None:
    """Give what the map marks: the finding of the chosen entry, or the grid."""
    if desk.entry is not None:
        return None if desk.entry.finding_id is None else (address.FINDING, str(desk.entry.finding_id))
    return None if desk.grid is None else (address.GRID, desk.grid.code)


def _stage(desk: Desk, at: Address) -> None:
    shown = board.shown("", AT_FIRST)
    with st.container(key="tools"):
        _tools(desk)
    theme = Theme(palette.theme())
    atlas.show(
        MAP,
        theme,
        shown,
        network=desk.network,
        versions=desk.versions,
        clickable=CLICKABLE,
        on_pick=_pick,
        chosen=_marked(desk),
        draft=repair.overlay(desk.entry),
        filters={"finding": {"rule": [at.rule]}} if at.rule else None,
        alt=_("网格与盲区地图:{grids} 个网格,{findings} 个问题").format(
            grids=desk.ground.overview.grids, findings=desk.total
        ),
    )
    with st.container(key="legend"):
        legend.draw(shown, theme, unused=_unused(desk))
    browser.beside_map(key="beside-map", data=_hints(desk, shown), height=1)


def _unused(desk: Desk) -> frozenset[str]:
    """Name the lines of the legend that stand for nothing on this map."""
    held = desk.ground.overview
    empty = {"excluded": not held.excluded, "building": not held.buildings, "incident": not held.incidents}
    names = {key for key, without in empty.items() if without}
    return frozenset(names | ({"grid.unknown"} if desk.headline is not None else set()))


def _hints(desk: Desk, shown: list[str]) -> dict[str, object]:
    """Give what the browser needs to write tooltips and to keep the chosen row in sight."""
    return {
        "mark": atlas.MARK,
        "lines": atlas.words(shown),
        "rules": {rule: wording.title(rule) for rule in desk.counts},
        "values": words.tooltips(),
        "more": _("点击查看"),
        "row": "" if desk.entry is None else f"row-{desk.entry.severity}-{desk.entry.id}",
    }


def _pick(picked: atlas.Picked) -> None:
    """Choose what was clicked on the map (of a building, its grid); the camera stays where it is."""
    kind, name = PICKED.get(picked.layer, ("", ""))
    key = picked.properties.get(name)
    if kind == address.ENTRY and key not in (None, ""):
        key = source.entry_of(str(key))
    if key in (None, ""):
        return
    address.choose(kind, str(key))
    st.session_state["picked"] = (kind, str(key))


def _tools(desk: Desk) -> None:
    with st.container(key="tools-row", horizontal=True, gap="small"):
        text = st.text_input(
            _("找网格"),
            key="search",
            type="search",
            live=True,
            placeholder=_("找网格:编码、名称或拼音( / )"),
            label_visibility="collapsed",
            width=312,
        )
        board.switches("", LAYERS)
    if text:
        with st.container(key="hits"):
            found = source.search(text, desk.network)[:HITS]
            for grid in found:
                st.button(_hit(grid), key=f"hit-{grid.code}", type="tertiary", on_click=_go, args=(grid.code,))
            if not found:
                st.caption(_("没有找到。可以换编码的后几位,或拼音首字母。"))


def _hit(grid: Grid) -> str:
    rest = " · ".join(part for part in (grid.code, grid.area) if part)
    return f"**{written.plain(grid.name or grid.code, 32)}** :gray[{written.plain(rest, 40)}]"


def _go(code: str) -> None:
    address.choose(address.GRID, code)
    st.session_state["search"] = ""


def _panel(desk: Desk, at: Address) -> None:
    with st.container(key="headline"):
        as_of = desk.headline["finished_at"] if desk.headline else None
        if desk.headline is not None:
            headline.draw(headline.figures(*_sum(desk)), as_of)
        with st.container(key="fresh", horizontal=True, vertical_alignment="center"):
            work.freshness(desk.network, as_of, desk.run)
            work.refresh_button(desk.network)
        work.judged(desk.network)
    filters.draw(desk, at)
    listing.draw(desk, at)
    detail.draw(desk)


def _sum(desk: Desk) -> tuple[headline.Sum, str]:
    assert desk.headline is not None
    if desk.area is None:
        return headline.of_network(desk.headline, desk.standing), _("全部")
    row = next((item for item in desk.ground.communities if item["code"] == desk.area.code), None)
    known = desk.headline["households"] is not None
    return headline.of_area(row, desk.area.area_m2, desk.standing, known=known), desk.area.name


def _empty() -> None:
    with st.container(key="empty"):
        st.markdown(f"### {_('还没有网格')}")
        st.markdown(_("导入文件,或从示例街道开始:一个编造的街道,带道路、楼栋、一年的事件和埋好的盲区。"))
        work.demo_button()
