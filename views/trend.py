"""The page 覆盖走势: how the headline moved, what changed since last week, who stands where, when nobody looks.

Every figure carries its formula; every table says since when. What is chosen stands in the URL.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from gis.coverage import hours
from gis.coverage import summary
from gis.coverage import trend
from gis.coverage import wording
from gis.db.connection import session
from gis.errors import NotFound
from gis.i18n import language
from gis.i18n import translate as _
from gis.records import areas
from gis.records import grids
from gis.records import networks
from views import actor
from views import address
from views import charts
from views import format as written
from views import fragment
from views import table

if TYPE_CHECKING:
    import psycopg

    from gis.coverage.trend import Change
    from gis.coverage.trend import Day
    from gis.coverage.trend import Standing

FOLDER = Path(__file__).resolve().parent
SPAN = "span"
SPANS = (30, 90, 365)
WEEK = 7
LISTED = 40
NAMED = 24


def page() -> None:
    """Draw the page."""
    st.html(f"<style>{(FOLDER / 'trend.css').read_text(encoding='utf-8')}</style>")
    with st.container(key="trend"):
        _body()


@fragment.part
def _body() -> None:
    with session(actor.current()) as conn:
        known = [item for item in networks.listing(conn) if item.grids]
        if not known:
            st.markdown(_("还没有网格。请先在“数据接入”导入网格,或载入示例街道。"))
            return
        places = [item for item in areas.listing(conn) if item.level != "district"]
        network, area, span = _choose(known, places)
        grid = _grid(conn, network)
        days = trend.history(conn, network, span, area=area, grid=grid)
        _headline(days, _place(places, area, grid))
        with st.container(key="trend-pair", horizontal=True):
            with st.container(key="trend-line"):
                _line(days)
            with st.container(key="trend-change"):
                _changes(trend.changes(conn, network, WEEK, area=area, grid=grid), days, network, area)
        if grid is None:
            _standings(conn, network, area)
        _hours(conn, network, area, grid)


def _grid(conn: psycopg.Connection[Any], network: str) -> str | None:
    """Give the grid the URL narrows the page to, with a way back to all; None where there is none."""
    wanted = st.query_params.get(address.GRID)
    if not wanted:
        return None
    try:
        facts = grids.facts(conn, wanted, network)
    except NotFound:
        address.narrow(address.GRID, None)
        return None
    st.button(
        _("只看网格 {grid}").format(grid=written.plain(facts.name or facts.code, NAMED)),
        key="trend-grid",
        icon=":material/close:",
        help=_("不再只看这个网格"),
        on_click=address.narrow,
        args=(address.GRID, None),
    )
    return facts.code


def _place(places: list[Any], area: str | None, grid: str | None) -> str:
    """Name what the figures are about."""
    if grid is not None:
        return _("网格 {codes}").format(codes=grid)
    return next((item.name for item in places if item.code == area), _("全部"))


def _choose(known: list[Any], places: list[Any]) -> tuple[str, str | None, int]:
    """Let net, place and span be chosen; the URL names them."""
    asked = st.query_params
    codes = [item.code for item in known]
    names = {item.code: item.name for item in known}
    spots = {"": _("全部范围")} | {item.code: item.name or item.code for item in places}
    span = asked.get(SPAN, "")
    with st.container(key="trend-choice", horizontal=True):
        network = _pick(_("网"), names, asked.get(address.NETWORK, ""), codes[0], address.NETWORK)
        area = _pick(_("范围"), spots, asked.get(address.AREA, ""), "", address.AREA)
        spans = {str(days): _("最近 {days} 天").format(days=days) for days in SPANS}
        chosen = _pick(_("时段"), spans, span, str(SPANS[0]), SPAN)
    return network, area or None, int(chosen)


def _pick(label: str, options: dict[str, str], asked: str, usual: str, name: str) -> str:
    def changed() -> None:
        address.narrow(name, st.session_state[f"trend-{name}"])
        address.narrow(address.GRID, None)

    st.session_state[f"trend-{name}"] = asked if asked in options else usual
    return str(
        st.selectbox(
            label,
            list(options),
            key=f"trend-{name}",
            format_func=lambda code: options.get(code, code),
            label_visibility="collapsed",
            on_change=changed,
        )
    )


def _headline(days: list[Day], place: str) -> None:
    """Draw the two shares as they are now, with what they were a week ago."""
    if not days:
        st.markdown(_("还没有计算过覆盖情况。到“覆盖与盲区”点“重新计算”,之后每天的数字都会留下来。"))
        return
    last = days[-1]
    past = days[-1 - WEEK] if len(days) > WEEK else None
    rows = (
        (
            "covered_households_share", _("户已覆盖"), last.households_share, past and past.households_share,
            last.households - last.blind_households, last.households,
        ),
        (
            "covered_buildings_share", _("楼栋已覆盖"), last.buildings_share, past and past.buildings_share,
            last.buildings - last.blind_buildings, last.buildings,
        ),
    )  # fmt: skip
    with st.container(key="trend-figures", horizontal=True):
        for key, caption, now, before, part, whole in rows:
            said = _since(now, before)
            with st.popover(f"**{written.share(part, whole)}** {caption} {said}", key=f"trend-figure-{key}"):
                st.markdown(f"**{caption} {written.share(part, whole)}**")
                st.caption(_("算法:{formula}").format(formula=summary.formula(key)))
                st.caption(
                    _("{place}:{part} ÷ {whole};对比的是 {day} 当天结束时。").format(
                        place=place,
                        part=written.number(part),
                        whole=written.number(whole),
                        day=written.calendar(past.day) if past else _("(还没有一周前的记录)"),
                    )
                )


def _since(now: float | None, before: float | None) -> str:
    """Write the change in percentage points against a week ago."""
    if now is None or before is None:
        return ""
    points = 100 * (now - before)
    sign = "▲" if points > 0 else "▼" if points < 0 else "="
    return _("{sign} {points} 个百分点(较一周前)").format(sign=sign, points=f"{abs(points):.2f}")


def _line(days: list[Day]) -> None:
    st.markdown(f"##### {_('每天结束时的覆盖率')}")
    if not days:
        st.caption(_("还没有记录。"))
        return
    charts.shares(days)
    st.caption(_("户数覆盖率与楼栋覆盖率,百分比;纵轴不从零开始。没有变动的日子与前一天相同。"))


def _way(asked: dict[str, str | None]) -> str:
    """Give the address of the coverage page with these parameters, in the language in force."""
    named = {**asked, fragment.LANGUAGE: "en" if language() == "en" else None}
    return "./?" + urlencode({name: value for name, value in named.items() if value})


def _changes(changes: list[Change], days: list[Day], network: str, area: str | None) -> None:
    st.markdown(f"##### {_('比一周前,变了什么')}")
    if not days:
        st.caption(_("还没有记录。"))
        return
    if not changes:
        st.caption(_("这一周没有新增、再现或消除的盲区。"))
        return
    table.draw(
        (_("种类"), _("新增"), _("再现"), _("消除"), _("新涉及户数"), _("解除户数")),
        [
            (
                wording.title(item.key or ""), item.new, item.returned, item.gone,
                written.number(item.new_households + item.returned_households), written.number(item.gone_households),
            )
            for item in changes
        ],
        numbers=(1, 2, 3, 4, 5),
        links=[
            _way({address.NETWORK: network, address.AREA: area, address.RULE: item.key, address.STATE: address.EVERY})
            for item in changes
        ],
    )  # fmt: skip
    st.caption(
        _("{new}。{returned}。{gone}。").format(
            new=summary.formula("new"), returned=summary.formula("returned"), gone=summary.formula("gone")
        )
    )


def _standings(conn: psycopg.Connection[Any], network: str, area: str | None) -> None:
    """Draw how communities stand; of one community its grids."""
    rows = trend.standing(conn, network, WEEK, by="grid" if area else "area", area=area)
    st.markdown(f"##### {_('各网格') if area else _('各社区')}")
    if not rows:
        st.caption(_("没有可以列出的范围。"))
        return
    table.draw(
        (
            _("网格") if area else _("社区"), _("户已覆盖"), _("较一周前"), _("涉及盲区的户数"), _("全部户数"),
            _("涉及盲区的楼栋"), _("全部楼栋"),
        ),
        [_standing(row) for row in rows[:LISTED]],
        numbers=(1, 2, 3, 4, 5, 6),
        links=[
            _way({address.NETWORK: network, address.GRID if area else address.AREA: row.code}) for row in rows[:LISTED]
        ],
    )  # fmt: skip
    more = len(rows) - LISTED
    tail = _("另有 {number} 个没有列出。").format(number=more) if more > 0 else ""
    st.caption(_("按涉及盲区的户数从多到少;点名称,到地图和台账里看。{tail}").format(tail=tail))


def _standing(row: Standing) -> tuple[str, ...]:
    return (
        row.name or row.code,
        written.share(row.households - row.blind_households, row.households),
        _since(row.households_share, row.past_households_share) or written.NO_FIGURE,
        written.number(row.blind_households),
        written.number(row.households),
        written.number(row.blind_buildings),
        written.number(row.buildings),
    )


def _hours(conn: psycopg.Connection[Any], network: str, area: str | None, grid: str | None) -> None:
    """Draw when things happen, and in which hours nobody is there."""
    st.markdown(f"##### {_('一周各时段:事件与到岗')}")
    found = hours.matrix(conn, network, area=area, grid=grid)
    top = max(map(max, found.incidents))
    if not top:
        st.caption(_("这段时间没有记录到带时间的事件。"))
        return
    bare = [
        (day, hour)
        for day in range(WEEK)
        for hour in range(24)
        if found.incidents[day][hour] and not found.presence[day][hour]
    ]
    counted = _("共 {number} 个社区").format(number=found.places) if grid is None else _("只这一个网格")
    charts.week(found.incidents, marks=bare, top=top)
    st.caption(
        _(
            "走访、轨迹、巡查发现都算到岗。"
            "北京时间,截至 {moment} 的 {weeks} 周,{places}。是否构成时段盲区由规则按统计检验判断,见台账。"
        ).format(moment=written.moment(found.until), weeks=found.days // max(found.places, 1), places=counted)
    )
