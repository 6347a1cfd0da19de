"""What stands under the list once something is chosen: an entry of the ledger, or a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import GridKind
from views import acts
from views import address
from views import board
from views import evidence
from views import format as written
from views import headline
from views import listing
from views import posts
from views import repair
from views import ways

if TYPE_CHECKING:
    from gis.coverage.ledger import Entry
    from gis.coverage.ledger import Event
    from gis.records.grids import Facts
    from views.source import Desk

PART = "entry-part"
STAFF = 3
"""People named of each post at most."""
FACTS, REPAIR, PAST = "facts", "repair", "past"


def draw(desk: Desk) -> None:
    """Draw the facts of what is chosen; nothing where nothing is."""
    if desk.entry is None and desk.grid is None and not desk.missing:
        return
    with st.container(key="detail"):
        if desk.entry is not None:
            _entry(desk, desk.entry)
        elif desk.grid is not None:
            _grid(desk, desk.grid, desk.of_grid)
        else:
            board.head(_("找不到了"), address.let_go)
            st.markdown(_("链接里的网格或条目已经不在,或不在你的管辖范围内。请在列表里另选一条。"))


def _entry(desk: Desk, entry: Entry) -> None:
    badge = ":orange-badge" if entry.overdue else ":gray-badge"
    state = _("逾期") if entry.overdue else entry.state_text
    severity = f":gray-badge[{written.plain(entry.severity_text)}]"
    board.head(f"{written.plain(entry.title)} {severity} {badge}[{written.plain(state)}]", address.let_go)
    names = {
        FACTS: _("情况"),
        REPAIR: _("怎么办"),
        PAST: _("经过 {number}").format(number=len(desk.history)),
    }
    part = st.segmented_control(
        _("部分"), list(names), default=FACTS, format_func=names.__getitem__, key=PART, label_visibility="collapsed"
    )
    if part == PAST:
        _past(desk.history)
    elif part == REPAIR:
        repair.draw(entry, desk.people)
    else:
        st.markdown(written.plain(entry.reason))
        headline.facts(_numbers(entry))
        evidence.method(entry)
        _ways(desk, entry)
    acts.draw(desk, entry)


def _numbers(entry: Entry) -> list[tuple[str, str]]:
    measure = entry.measure
    known = (
        (_("面积"), "area_m2", written.area),
        (_("最宽处"), "width_m", written.length),
        (_("相距"), "distance_m", written.length),
        (_("涉及户数"), "households", written.number),
        (_("涉及楼栋"), "buildings", written.number),
        (_("涉及事件"), "incidents", written.number),
    )
    rows = [(name, write(measure[key])) for name, key, write in known if measure.get(key)]
    rows += evidence.numbers(entry)
    if entry.people:
        rows.append((_("涉及人数"), written.number(entry.people)))
    rows.append((_("所在"), entry.area_name or entry.area_code or written.NO_FIGURE))
    rows.append((_("责任人"), entry.owner or written.NO_FIGURE))
    rows.append((_("期限"), written.calendar(entry.due_on)))
    rows.append((_("首次发现"), written.moment(entry.first_seen)))
    if entry.gone_at is not None:
        rows.append((_("原因消除"), written.moment(entry.gone_at)))
    else:
        rows.append((_("最近确认"), written.moment(entry.last_seen)))
    if entry.returns:
        rows.append((_("再次出现"), _("{number} 次").format(number=entry.returns)))
    if entry.exception_until is not None:
        rows.append((_("例外至"), written.calendar(entry.exception_until)))
        rows.append((_("例外理由"), entry.exception_reason or ""))
    rows.append((_("台账编号"), f"#{entry.id}"))
    return rows


def _past(history: list[Event]) -> None:
    """Draw what happened, newest first."""
    lines = "".join(
        f"<li><b>{written.html(event.act_text)}</b> "
        f"<span>{written.html(event.who)} · {written.html(written.moment(event.at))}</span>"
        + (f"<p>{written.html(event.note)}</p>" if event.note else "")
        + "</li>"
        for event in reversed(history)
    )
    st.html(f'<ol class="ga-past">{lines}</ol>')


def _ways(desk: Desk, entry: Entry) -> None:
    """Draw what else there is to look at: the grids it names, and the week it is about."""
    area = evidence.hours_of(entry)
    if area is not None:
        ways.draw(
            "trend", _("看这个社区一周各时段的事件与到岗"), ":material/calendar_view_week:",
            network=desk.network, area=area,
        )  # fmt: skip
    codes = entry.grids
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


def _grid(desk: Desk, grid: Facts, found: list[Entry]) -> None:
    board.head(
        f"{written.plain(grid.name or grid.code, 30)} :gray-badge[{written.plain(kind(grid.kind))}]", address.let_go
    )
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
            *_served(desk),
        ]
    )
    if grid.buildings is None:
        st.markdown(_("这个网格不在你的管辖范围内,不显示它的数字和问题。"))
        return
    ways.draw("trend", _("看这个网格的覆盖走势"), ":material/trending_up:", network=desk.network, grid=grid.code)
    if not found:
        st.markdown(_("这个网格没有盲区,也没有其他问题。"))
        return
    st.markdown(_("**这个网格的问题**(最多列 {number} 条)").format(number=len(found)))
    with st.container(key="of-grid"):
        for entry in found:
            listing.row(entry, group="row-of-grid")


def _served(desk: Desk) -> list[tuple[str, str]]:
    """Say who holds which post in the chosen grid, who of them is away, and when somebody was there last."""
    rows: dict[str, list[str]] = {}
    for post in desk.staff:
        away = _("(请假)") if post.on_leave else ""
        rows.setdefault(posts.name(post.duty), []).append(f"{post.name}{away}")
    said = [(duty, joined(names[:STAFF])) for duty, names in rows.items()]
    if desk.visit is not None:
        who = f" {desk.visit.name}" if desk.visit.name else ""
        said.append((_("最近有效走访"), f"{written.moment(desk.visit.visited_at)}{who}"))
    return said


def kind(word: str) -> str:
    """Name a type of grid."""
    names = {
        GridKind.GENERAL: _("基础网格"),
        GridKind.DEDICATED: _("专属网格"),
        GridKind.MICRO: _("微网格"),
        GridKind.UNIT: _("单元网格"),
    }
    return names.get(GridKind(word), word) if word in set(GridKind) else word
