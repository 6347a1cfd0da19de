"""The page 事件处置: my cases by their clock, the map, and beside it the chosen case or whose a place is.

It answers the first question without a click: what is late, what soon will be, and whose turn
it is. List, map and URL choose the same case.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import words
from gis.casework.whistle import words as whistle_words
from gis.i18n import translate as _
from gis.vocabulary import WhistleState
from layers.palette import Theme
from views import board
from views import browser
from views import format as written
from views import legend
from views import map as atlas
from views import palette
from views import player
from views import window
from views import work
from views.docket import address
from views.docket import bulk
from views.docket import file
from views.docket import filters
from views.docket import owner
from views.docket import rows
from views.docket import signs
from views.docket import source

if TYPE_CHECKING:
    from views.docket.address import Address
    from views.docket.source import Desk

FOLDER = Path(__file__).resolve().parent
MAP = "cases-map"
PREFIX = "cases-"
"""What the names of the map's switches begin with."""
LAYERS = ("grid", "building", "incident", "whistle", "label")
AT_FIRST = ("grid", "incident", "whistle", "label")
CLICKABLE = ("incident",)
LIST_PX, CASE_PX = 400, 440
"""Widths of list and case; these numbers and the next stand in ``cases.css`` as well."""
MEDIUM_PX, MEDIUM_LIST_PX, LOW_SHARE = 1240, 360, 0.34
"""Width up to which what is chosen stands below the map, width of the list then, and the map's share of the height."""
CLOSE_UP = 16.6
AROUND = 0.0022
"""Degrees around a chosen place that the map shows at least."""


def page() -> None:
    """Draw the page."""
    choose = _("选择文件")
    sheet = (FOLDER / "cases.css").read_text(encoding="utf-8")
    st.html(f"<style>:root{{--ga-choose:'{choose}'}}\n{sheet}</style>")
    player.part(MAP, _body)()


def _body() -> None:
    player.settled(MAP)
    at = address.read()
    desk = source.load(at)
    if desk.ground.extent is None:
        _empty()
        return
    _look(desk, at)
    with st.container(key="docket"):
        with st.container(key="panel"):
            filters.search(at)
            rows.tabs(desk, at)
            filters.draw(desk, at)
            rows.draw(desk, at)
            bulk.draw(desk)
        with st.container(key="stage"):
            _stage(desk, at)
        if at.case is not None:
            file.draw(desk)
        elif at.who is not None:
            owner.draw(desk, at)


def _chosen(desk: Desk, at: Address) -> tuple[float, float, str] | None:
    """Give the place the map marks, and its sign."""
    if desk.case is not None:
        if desk.case.longitude is None or desk.case.latitude is None:
            return None
        return desk.case.longitude, desk.case.latitude, signs.sign(desk.case.kind)
    return (*at.place, "＋") if at.case is None and at.place else None


def _look(desk: Desk, at: Address) -> None:
    """Send the camera where the address points, once for each address."""
    stage = _room(chosen=bool(at.case or at.who))
    pin = _chosen(desk, at)
    sight = (at.area, pin[:2] if pin else None)
    before = st.session_state.get("cases-sight")
    if before == sight and atlas.camera(MAP) is not None:
        return
    st.session_state["cases-sight"] = sight
    still = st.session_state.pop("cases-still", False)
    if pin is not None:
        lon, lat = pin[:2]
        if not still:
            box = (lon - AROUND, lat - AROUND, lon + AROUND, lat + AROUND)
            atlas.fly(MAP, box, closest=CLOSE_UP, stage=stage)
    elif before is None or before[0] != at.area:
        area = next((item for item in desk.ground.areas if item.code == at.area), None)
        atlas.fly(MAP, area.bounds if area else desk.ground.extent, margin=1.08, stage=stage)
    if atlas.camera(MAP) is None:
        atlas.fly(MAP, desk.ground.extent, margin=1.08, stage=stage)


def _room(*, chosen: bool) -> window.Stage:
    """Give the size of the map: beside what is chosen, in narrower windows above it."""
    wide, high = window.size()
    if not chosen:
        return window.split(wide, high, LIST_PX)
    if wide <= MEDIUM_PX:
        list_px = 0 if wide <= window.NARROW else MEDIUM_LIST_PX
        return window.Stage(wide - list_px, round(high * LOW_SHARE), 0)
    return window.split(wide, high, LIST_PX + CASE_PX)


def _stage(desk: Desk, at: Address) -> None:
    shown = board.shown(PREFIX, AT_FIRST)
    with st.container(key="tools"), st.container(key="tools-row", horizontal=True, gap="small"):
        st.button(
            _("谁来管?"), key="ask-who", icon=":material/help_center:", on_click=address.ask,
            help=_("在地图上点一处,或输入地址和小类,看归谁管"),
        )  # fmt: skip
        board.switches(PREFIX, LAYERS)
    last = desk.newest or written.today()
    days = player.span(MAP, last)
    theme = Theme(palette.theme())
    grid = desk.case.grid if desk.case is not None else desk.answer and desk.answer.grid and desk.answer.grid.code
    atlas.show(
        MAP,
        theme,
        shown,
        network=desk.network,
        versions=desk.versions,
        clickable=() if owner.picking(at) else CLICKABLE,
        on_pick=_pick,
        chosen=("grid", grid) if grid else None,
        filters={"incident": filters.on_map(desk, days), "whistle": filters.in_days(days)},
        pin=_chosen(desk, at),
        bare=frozenset({"grid"}),
        alt=_("案件地图:{number} 件").format(number=desk.total),
    )
    player.controls(MAP, last)
    with st.container(key="legend"):
        legend.draw([key for key in shown if key != "grid"], theme)
    browser.beside_map(key="beside-map", data=_hints(desk, shown), height=1)
    owner.listen(at)


def _hints(desk: Desk, shown: list[str]) -> dict[str, object]:
    """Give what the browser needs to write tooltips and to keep the chosen row in sight."""
    case, told = desk.case, words.tooltips()
    return {
        "mark": atlas.MARK,
        "lines": atlas.words(shown),
        "rules": {},
        "values": {**told, "state": told["state"] | {state: whistle_words.state(state) for state in WhistleState}},
        "more": _("点击查看"),
        "row": "" if case is None else f"row-{case.kind}-{case.level or 0}-{case.incident_id}",
    }


def _pick(picked: atlas.Picked) -> None:
    """Choose the case that was clicked; the camera stays where it is."""
    code = picked.properties.get("code")
    if code not in (None, ""):
        address.choose(str(code))
        st.session_state["cases-still"] = True


def _empty() -> None:
    with st.container(key="empty"):
        st.markdown(f"### {_('还没有辖区')}")
        st.markdown(_("案件落在辖区和网格里。先导入辖区、网格和事件,或从示例街道开始。"))
        work.demo_button()
