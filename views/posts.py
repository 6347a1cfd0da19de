"""Posts of the grids, who is away, and the forms that appoint somebody, end a post and record leave."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import streamlit as st

from gis.db.connection import session
from gis.i18n import joined
from gis.i18n import translate as _
from gis.records import networks
from gis.records import people
from gis.vocabulary import Duty
from gis.vocabulary import Role
from views import actor
from views import format as written
from views import fragment
from views import table

if TYPE_CHECKING:
    from datetime import date

    from gis.records.people import Staff

LISTED = 300
IN_GRID = (Duty.CHIEF, Duty.WORKER, Duty.PART_TIME, Duty.GUIDE)
"""Posts a form gives: the others come with buildings and organisations, by import."""


def name(duty: str) -> str:
    """Name a post."""
    return {
        Duty.CHIEF: _("网格长"),
        Duty.WORKER: _("专职网格员"),
        Duty.PART_TIME: _("兼职网格员"),
        Duty.GUIDE: _("网格指导员"),
        Duty.BUILDING_HEAD: _("楼栋长"),
        Duty.HOUSEHOLD_HEAD: _("党员中心户"),
        Duty.SECRETARY: _("书记"),
    }[Duty(duty)]


def draw() -> None:
    """Draw who is away, the posts of the grids, and the forms for those who appoint."""
    leads = Role.SUPERVISOR in actor.visitor().roles
    with session(actor.current()) as conn:
        known = [item for item in networks.listing(conn) if item.grids]
        if not known:
            st.markdown(_("还没有网格。请先在“数据接入”导入网格,或载入示例街道。"))
            return
        network = known[0].code
        absent = people.on_leave(conn)
        rows = people.staff(conn, network=network)
    if leads:
        _forms(network, rows)
    fragment.told("posts")
    st.markdown(f"##### {_('今天不在岗 {number} 人').format(number=len(absent))}")
    if absent:
        table.draw(
            (_("姓名"), _("工号"), _("自"), _("至"), _("涉及网格")),
            [
                (
                    item.name,
                    item.code,
                    written.calendar(item.begins),
                    written.calendar(item.ends),
                    joined(item.grids[:4]),
                )
                for item in absent[:LISTED]
            ],
        )  # fmt: skip
    words = st.text_input(
        _("查找"), key="posts-words", placeholder=_("网格编码、姓名或工号"), label_visibility="collapsed"
    ).strip()
    shown = [row for row in rows if words in (row.grid or "") or words in row.name or words in row.code]
    st.markdown(f"##### {_('现任岗位 {number} 个').format(number=written.number(len(shown)))}")
    if not rows:
        st.markdown(_("还没有岗位。请在“数据接入”导入“人员与岗位”。"))
        return
    table.draw(
        (_("网格"), _("岗位"), _("姓名"), _("工号"), _("电话"), _("自"), _("至"), _("今天")),
        [_line(row) for row in shown[:LISTED]],
    )
    if len(shown) > LISTED:
        st.caption(_("只列出前 {number} 个,请输入查找条件。").format(number=LISTED))


def _line(row: Staff) -> tuple[object, ...]:
    away = _("请假至 {day}").format(day=written.calendar(row.leave_ends)) if row.leave_ends else _("请假,未定归期")
    return (
        row.grid or row.building or row.organisation, name(row.duty), row.name, row.code, row.phone,
        written.calendar(row.valid_from), written.calendar(row.valid_to), away if row.on_leave else _("在岗"),
    )  # fmt: skip


def _forms(network: str, rows: list[Staff]) -> None:
    with st.container(key="posts-forms", horizontal=True):
        with st.popover(_("任命"), icon=":material/person_add:", key="posts-appoint"), st.form("appoint", border=False):
            person = st.text_input(_("工号"), max_chars=40)
            duty = st.selectbox(_("岗位"), list(IN_GRID), format_func=name)
            grid = st.text_input(_("网格编码"), max_chars=40)
            begins = st.date_input(_("自"), value=written.today(), format="YYYY-MM-DD")
            if st.form_submit_button(_("任命"), type="primary"):
                _do(lambda: _appointed(network, person, duty, grid, begins))  # type: ignore[arg-type]
        with st.popover(_("请假"), icon=":material/event_busy:", key="posts-leave"), st.form("leave", border=False):
            person = st.text_input(_("工号"), max_chars=40, key="leave-person")
            begins = st.date_input(_("自"), value=written.today(), format="YYYY-MM-DD", key="leave-begins")
            ends = st.date_input(
                _("至(含当天;不填为未定)"),
                value=written.today() + timedelta(days=1),
                format="YYYY-MM-DD",
                key="leave-ends",
            )
            if st.form_submit_button(_("登记请假"), type="primary"):
                _do(lambda: _left(person, begins, ends))  # type: ignore[arg-type]
        with st.popover(_("免去"), icon=":material/person_remove:", key="posts-end"), st.form("end", border=False):
            names = {
                row.post: f"{row.grid} {name(row.duty)} {row.name} {row.code}" for row in rows if row.grid is not None
            }
            post = st.selectbox(
                _("岗位"), list(names), index=None, format_func=lambda key: names.get(key, ""), placeholder=_("请选择")
            )
            last = st.date_input(_("最后一天"), value=written.today(), format="YYYY-MM-DD")
            if st.form_submit_button(_("免去")):
                if post is None:
                    st.warning(_("请先选岗位。"))
                else:
                    _do(lambda: _ended(post, last))  # type: ignore[arg-type]


def _do(act: object) -> None:
    if fragment.tell("posts", act):  # type: ignore[arg-type]
        st.rerun(scope="fragment")


def _appointed(network: str, person: str, duty: str, grid: str, begins: date) -> str:
    people.appoint(actor.current(), person, duty, grid.strip(), begins, network=network)
    return _("已任命。")


def _left(person: str, begins: date, ends: date | None) -> str:
    people.record_leave(actor.current(), person, begins, ends)
    return _("已登记请假。")


def _ended(post: int, last: date) -> str:
    people.end_post(actor.current(), post, last)
    return _("已免去,最后一天照常算在岗。")
