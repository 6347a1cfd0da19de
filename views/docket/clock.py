"""The clocks of a case: what each stage was allowed, used and stood still, and in one sentence why it is late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.casework import late
from gis.casework import limits
from gis.db.connection import session
from gis.i18n import translate as _
from views import actor
from views import format as written
from views.docket import signs

if TYPE_CHECKING:
    from gis.casework.files import Casefile
    from gis.casework.late import StageTime

FULL = 100
ROUND = 10
"""Amounts from here on are written without decimals."""
LEAST = 2
"""Per cent of a bar that is drawn at least, so that it is seen."""


def draw(case: Casefile) -> None:
    """Draw the stages of a case, the whole last, each as a bar of its limit."""
    with session(actor.current()) as conn:
        stages = late.why(conn, case.incident_id)
    why = late.told(stages)
    if why:
        st.markdown(f"**{written.plain(_('为什么超期'))}** {written.plain(why)}")
    if case.due_at is not None:
        stage = limits.stage(case.stage) if case.stage else ""
        st.markdown(
            written.plain(
                _("{stage}最先到期:{moment},{left}。").format(
                    stage=stage, moment=written.moment(case.due_at), left=signs.left(case)
                )
            )
        )
    elif case.flow.open:
        st.markdown(_("现在没有在走的时限:案件已挂起,或时限表没有这一类。"))
    if stages:
        st.html(f'<div class="ga-stages">{"".join(_stage(stage) for stage in stages)}</div>')


def _stage(stage: StageTime) -> str:
    name = stage.name if stage.round == 1 else _("{stage}(第 {round} 次)").format(stage=stage.name, round=stage.round)
    used = _amount(stage, stage.used)
    said = [_("已用 {used} / 限 {limit}").format(used=used, limit=limits.amount(stage.kind, stage.limit))]
    if stage.limit is None:
        said = [_("已用 {used},没有时限").format(used=used)]
    if stage.over:
        said.append(_("超出 {over}").format(over=_amount(stage, stage.over)))
    if stage.granted:
        said.append(_("含延期 {granted}").format(granted=limits.amount(stage.kind, stage.granted)))
    if stage.paused:
        said.append(_("暂停 {span}").format(span=signs.span(stage.paused)))
    if stage.ended_at is None:
        said.append(_("在走"))
    if stage.provisional:
        said.append(_("节假日尚未公布,暂按周末计"))
    when = f"{written.moment(stage.starts_at)} – {written.moment(stage.ended_at or stage.due_at)}"
    return (
        f'<div class="{stage.mark or ""}"><b>{written.html(name)}</b><span>{written.html(when)}</span>'
        f"{_bar(stage)}<p>{written.html(' · '.join(said))}</p></div>"
    )


def _amount(stage: StageTime, value: float) -> str:
    """Write an amount of time no finer than it is worth."""
    return limits.amount(stage.kind, round(value) if value >= ROUND else round(value, 1))


def _bar(stage: StageTime) -> str:
    """Draw how much of its limit a stage has used; what is beyond is hatched."""
    if not stage.limit:
        return ""
    whole = max(stage.used, stage.limit)
    used = max(min(stage.used, stage.limit) / whole * FULL, LEAST)
    over = stage.over / whole * FULL
    return f'<i><u style="width:{used:.1f}%"></u><s style="width:{min(over, FULL - used):.1f}%"></s></i>'
