"""What can be done about an entry: edits of borders with their effect seen first, records put right, tasks.

The effect of an edit is computed by making it, running the rules, and taking it back; what it
would do to the land is drawn on the map beside. A proposal is kept for a planner, who lets it stand.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.coverage import remedies
from gis.coverage.remedies import Kind
from gis.db.connection import session
from gis.i18n import translate as _
from gis.vocabulary import Role
from views import actor
from views import format as written
from views import fragment
from views import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.coverage.ledger import Entry
    from gis.coverage.ledger import Person
    from gis.coverage.remedies import Balance
    from gis.coverage.remedies import Effect
    from gis.coverage.remedies import Offer
    from gis.coverage.remedies import Proposal
    from gis.coverage.remedies import Task

SHOWN = "repair-preview"
DUE_DAYS = 7
LONGEST = 500
TOLD = 4


def draw(entry: Entry, people: list[Person]) -> None:
    """Draw the offers of an entry, the effect of the one that is looked at, proposals and tasks."""
    roles = actor.visitor().roles
    plans, leads = Role.PLANNER in roles, Role.SUPERVISOR in roles
    with session(actor.current()) as conn:
        offers = [] if entry.finding_id is None else remedies.offers(conn, entry)
        kept, tasks = remedies.proposals(conn, entry.id), remedies.tasks(conn, entry.id)
    if entry.finding_id is None:
        st.markdown(_("原因已经消除,不需要再做什么。"))
    elif not offers:
        st.markdown(_("这一类没有能算出来的办法,请按情况处理。"))
    for place, offer in enumerate(offers):
        _offer(entry, offer, place, people, plans=plans, leads=leads)
        _effect(entry, offer, plans=plans)
    fragment.told("repair")
    for proposal in kept:
        _proposal(proposal, plans=plans)
    for task in tasks:
        _task(task, leads=leads)


def overlay(entry: Entry | None) -> dict[str, Any] | None:
    """Give the land of the edit that is looked at, for the map: GeoJSON; None where there is none."""
    shown = _looked_at(entry)
    if shown is None:
        return None
    _key, effect = shown
    features = [
        {**feature, "properties": {**feature["properties"], "part": part}}
        for part, of in (("shape", effect.shapes), ("moved", effect.moved))
        for feature in of.get("features", ())
    ]
    return {"type": "FeatureCollection", "features": features}


def _looked_at(entry: Entry | None) -> tuple[str, Effect] | None:
    number, seen, key, effect = st.session_state.get(SHOWN, (None, None, "", None))
    if entry is None or number != entry.id or seen != entry.last_seen:
        return None
    return key, effect


def _offer(entry: Entry, offer: Offer, place: int, people: list[Person], *, plans: bool, leads: bool) -> None:
    with st.container(key=f"offer-{place}", horizontal=True, vertical_alignment="center"):
        st.markdown(f"{place + 1}. {written.plain(offer.title)}", width="stretch")
        if offer.kind is Kind.BOUNDARY and (plans or leads):
            st.button(_("看效果"), key=f"offer-look-{place}", on_click=_do, args=(_looked, entry, offer))
        elif offer.kind is Kind.RECORD and (plans or leads):
            _record(entry, offer, place)
        elif offer.kind is Kind.TASK and leads:
            _give(entry, offer, place, people)


def _record(entry: Entry, offer: Offer, place: int) -> None:
    if "reason" not in offer.needs:
        st.button(_("立即更正"), key=f"offer-record-{place}", on_click=_do, args=(_corrected, entry, offer, ""))
        return
    with st.popover(_("登记"), key=f"offer-record-{place}"), st.form(f"record-{place}", border=False):
        reason = st.text_area(_("理由"), max_chars=LONGEST, height=80)
        if st.form_submit_button(_("登记"), type="primary"):
            _do(_corrected, entry, offer, reason)
            st.rerun(scope="fragment")


def _give(entry: Entry, offer: Offer, place: int, people: list[Person]) -> None:
    names = {person.name: person.label for person in people}
    with st.popover(_("派任务"), key=f"offer-task-{place}"), st.form(f"task-{place}", border=False):
        owner = st.selectbox(
            _("交给谁"),
            list(names),
            index=None,
            format_func=lambda name: names.get(name, name),
            placeholder=_("请选择"),
        )
        due = st.date_input(
            _("期限"),
            value=written.today() + timedelta(days=DUE_DAYS),
            min_value=written.today(),
            format="YYYY-MM-DD",
        )
        note = st.text_area(_("说明"), max_chars=LONGEST, height=80)
        if st.form_submit_button(_("派任务"), type="primary") and _do(_made, entry, offer, owner, due, note):
            st.rerun(scope="fragment")


def _made(entry: Entry, offer: Offer, owner: str | None, due: Any, note: str) -> str:  # noqa: ANN401 - a day of the toolkit
    remedies.make_task(actor.current(), entry, offer, owner, due, note)
    return _("任务已派出。完成任务不会关闭这一条:规则再算一遍,原因消除才会关闭。")


def _do(act: Callable[..., str], *given: Any) -> bool:  # noqa: ANN401 - whatever the act needs
    """Run an act; what it says is shown at the run that follows. Whether it was done."""
    fragment.speak()
    return fragment.tell("repair", lambda: act(*given))


def _looked(entry: Entry, offer: Offer) -> str:
    effect = remedies.preview(actor.current(), entry, offer)
    st.session_state[SHOWN] = (entry.id, entry.last_seen, offer.key, effect)
    return ""


def _corrected(entry: Entry, offer: Offer, reason: str) -> str:
    remedies.correct(actor.current(), entry, offer, reason)
    return _("已更正,规则在这里重新算过。")


def _effect(entry: Entry, offer: Offer, *, plans: bool) -> None:
    """Draw what an edit would do, below the offer that is looked at, and the ways to keep it."""
    key, effect = _looked_at(entry) or ("", None)
    if effect is None or key != offer.key:
        return
    with st.container(key="effect"):
        st.markdown(f"**{_('效果预览')}** :gray[{_('还没有改动任何东西;地图上的虚线是改后的边界')}]")
        st.markdown(_verdict(effect))
        table.draw(
            (_("网格"), _("土地"), _("楼栋"), _("户数"), _("规模")),
            [_line(balance) for balance in effect.grids],
            numbers=(1, 2, 3),
        )
        for title, found in ((_("随之消除"), effect.gone), (_("随之出现"), effect.come)):
            if found:
                said = "".join(f"\n- {written.plain(item.reason, 120)}" for item in found[:TOLD])
                more = _("(列出前 {number} 条)").format(number=TOLD) if len(found) > TOLD else ""
                st.markdown(f"{title} {_('{number} 条').format(number=len(found))}{more}{said}")
        with st.container(horizontal=True):
            st.button(_("存为方案"), key="effect-keep", on_click=_do, args=(_kept, entry, key, False))
            if plans:
                st.button(
                    _("立即生效"),
                    key="effect-apply",
                    type="primary",
                    disabled=not effect.able,
                    help=_("为涉及的网格生成新版本,旧版本留在历史里;之后可以撤回"),
                    on_click=_do,
                    args=(_kept, entry, key, True),
                )
            st.button(_("收起"), key="effect-close", type="tertiary", on_click=_close)


def _verdict(effect: Effect) -> str:
    if effect.able:
        cases = (
            _("改动的土地上有 {number} 件未办结事件换网格。").format(number=effect.incidents)
            if effect.incidents
            else ""
        )
        return _(":green[这一条会消除,相邻网格没有新的问题。]{cases}").format(cases=cases + _staff(effect))
    if not effect.solved:
        return _(":orange[这样改,这一条不会消除。]")
    return _(":orange[这样改会带来 {number} 个新问题,不能生效。]").format(number=len(effect.against))


def _staff(effect: Effect) -> str:
    """Say what becomes of the posts of grids that end."""
    follow = sum(1 for post in effect.posts if post["goes_on"] is not None)
    end = len(effect.posts) - follow
    said = _("撤销网格的 {number} 个岗位转到接收的网格。").format(number=follow) if follow else ""
    return said + (_("{number} 个岗位随网格结束,请另行安排。").format(number=end) if end else "")


def _line(balance: Balance) -> tuple[str, ...]:
    becomes = {"made": _("(新设)"), "ended": _("(撤销)")}.get(balance.becomes, "")
    fits = {True: _("在限值内"), False: _("超出限值"), None: written.NO_FIGURE}[balance.fits]
    return (
        f"{balance.name or balance.grid}{becomes}",
        _pair(*(written.area(value) for value in balance.area_m2)),
        _pair(*(written.number(value) for value in balance.buildings)),
        _pair(*(written.number(value) for value in balance.households)),
        fits,
    )


def _pair(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _kept(entry: Entry, key: str, now: bool) -> str:
    me = actor.current()
    with session(me) as conn:
        offer = remedies.find(conn, entry, key)
    number = remedies.propose(me, entry, offer)
    if not now:
        _close()
        return _("已存为第 {number} 号方案,等规划员采纳。").format(number=number)
    remedies.apply(me, number)
    _close()
    return _("已生效,规则重新算过,这一条已经消除。")


def _close() -> None:
    st.session_state.pop(SHOWN, None)


def _proposal(proposal: Proposal, *, plans: bool) -> None:
    with st.container(key=f"proposal-{proposal.id}", horizontal=True, vertical_alignment="center"):
        st.markdown(
            _("第 {number} 号方案({state}):{title}").format(
                number=proposal.id, state=proposal.state_text, title=written.plain(proposal.title)
            ),
            width="stretch",
        )
        if plans and proposal.state == "open":
            st.button(
                _("生效"),
                key=f"proposal-apply-{proposal.id}",
                type="primary",
                on_click=_do,
                args=(_applied, proposal.id),
            )
        if proposal.state == "open":
            st.button(_("撤回"), key=f"proposal-drop-{proposal.id}", on_click=_do, args=(_withdrawn, proposal.id))
        if plans and proposal.state == "applied":
            st.button(_("恢复原状"), key=f"proposal-undo-{proposal.id}", on_click=_do, args=(_undone, proposal.id))


def _applied(number: int) -> str:
    remedies.apply(actor.current(), number)
    return _("方案已生效,规则在这里重新算过。")


def _withdrawn(number: int) -> str:
    remedies.withdraw(actor.current(), number)
    return _("方案已撤回。")


def _undone(number: int) -> str:
    back = remedies.undo(actor.current(), number)
    return _("恢复原状的方案已存为第 {number} 号,请核对后生效。").format(number=back)


def _task(task: Task, *, leads: bool) -> None:
    whose = task.owner or task.person or written.NO_FIGURE
    if task.done_at is not None:
        stands = _("已完成 {moment}").format(moment=written.moment(task.done_at))
    elif task.due_on is not None:
        stands = _("{day} 前").format(day=written.short_day(task.due_on))
    else:
        stands = _("未定期限")
    colour = "orange" if task.overdue else "gray"
    with st.container(key=f"task-{task.id}", horizontal=True, vertical_alignment="center"):
        note = f" {written.plain(task.note, 80)}" if task.note else ""
        st.markdown(
            f"{written.plain(task.title)} :{colour}[{written.plain(f'{whose} · {stands}')}]{note}", width="stretch"
        )
        if task.done_at is None and (task.mine or leads):
            with st.popover(_("完成"), key=f"task-done-{task.id}"), st.form(f"done-{task.id}", border=False):
                result = st.text_area(_("结果"), max_chars=LONGEST, height=80)
                if st.form_submit_button(_("完成"), type="primary") and _do(_finished, task.id, result):
                    st.rerun(scope="fragment")


def _finished(number: int, result: str) -> str:
    remedies.finish_task(actor.current(), number, result)
    return _("任务已记为完成。")
