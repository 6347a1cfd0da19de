"""Frozen reports on the page 报表: make one, look through the list, take one along, see what differs by now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from gis.casework.reporting import excel
from gis.casework.reporting import frozen
from gis.casework.reporting import labels
from gis.casework.reporting import paper
from gis.casework.reporting import word
from gis.casework.reporting.errors import ReportMissing
from gis.db.connection import session
from gis.i18n import language
from gis.i18n import translate as _
from gis.vocabulary import Role
from views import actor
from views import format as written
from views import fragment
from views import table

if TYPE_CHECKING:
    from datetime import date

    import psycopg

    from gis.casework.reporting.frozen import Report

CHOSEN = "report"
MAKERS = frozenset({Role.LEADER, Role.SUPERVISOR})
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_ROWS = 100
SHORT = 12


def draw(conn: psycopg.Connection[Any], places: dict[str, str]) -> None:
    """Draw the part of the frozen reports."""
    st.markdown(f"##### {_('定稿报表')}")
    makes = bool(frozenset(actor.visitor().roles) & MAKERS)
    if makes:
        with st.expander(_("做一份报表"), icon=":material/add:"):
            _form(places)
    fragment.told("report-make")
    found = frozen.listing(conn)
    chosen = st.query_params.get(CHOSEN, "")
    if not found:
        st.caption(_("还没有定稿的报表。"))
        return
    table.draw(
        (_("报表"), _("范围"), _("时段"), _("编号"), _("定稿"), _("差异说明"), "SHA-256"),
        [
            (
                labels.kind(one.kind), one.area_name or _("全部范围"), f"{one.since} – {one.until}", one.id,
                f"{written.moment(one.created_at)} {one.who}", one.notes, one.sha256[:SHORT],
            )
            for one in found
        ],
        numbers=(3, 5),
        chosen=next((at for at, one in enumerate(found) if str(one.id) == chosen), None),
        links=[_way(one.id) for one in found],
    )  # fmt: skip
    if chosen.isdecimal() and len(chosen) < SHORT:
        _report(conn, int(chosen), makes=makes)


def _way(number: int) -> str:
    """Give the address of a report, with all that is chosen besides."""
    asked = {key: st.query_params[key] for key in st.query_params} | {CHOSEN: str(number)}
    if language() == "en":
        asked[fragment.LANGUAGE] = "en"
    return f"?{urlencode(asked)}"


def _form(places: dict[str, str]) -> None:
    kinds = {kind: labels.kind(kind) for kind in frozen.MAKERS}
    kind = st.selectbox(_("报表"), list(kinds), key="report-kind", format_func=lambda word: kinds[word])
    since, until = _usual(kind)
    with st.form("report-make", border=False):
        columns = st.columns(3)
        first = columns[0].date_input(_("从"), value=since, key=f"report-since-{kind}", format="YYYY-MM-DD")
        last = columns[1].date_input(_("到"), value=until, key=f"report-until-{kind}", format="YYYY-MM-DD")
        spots = {"": _("全部范围")} | places
        area = columns[2].selectbox(_("范围"), list(spots), key="report-area", format_func=lambda code: spots[code])
        given: dict[str, Any] = {}
        if kind == frozen.WEEKLY:
            given["organiser"] = columns[0].text_input(labels.entered("organiser"), max_chars=100)
            given["places"] = columns[1].text_input(labels.entered("places"), max_chars=500)
            given["signature"] = columns[2].text_input(labels.entered("signature"), max_chars=100)
            given["participants"] = st.text_area(
                labels.entered("participants"), max_chars=2000, height=68, placeholder=_("每行一人:角色:姓名")
            )
            given["problems"] = st.text_area(labels.entered("problems"), max_chars=2000, height=68)
            given["measures"] = st.text_area(labels.entered("measures"), max_chars=2000, height=68)
            given["zero"] = st.checkbox(_("零报告:排查没有发现纠纷"))
        given["remark"] = st.text_input(labels.entered("remark"), max_chars=500)
        st.caption(_("定稿后不能再改;以后再做一次,只列出与定稿的差异。自由文字里的电话、证件号等会被遮蔽。"))
        if st.form_submit_button(_("定稿"), icon=":material/lock:", type="primary"):
            fragment.tell("report-make", lambda: _make(kind, first, last, area or None, frozen.Entered(**given)))
            st.rerun(scope="app")


def _usual(kind: str) -> tuple[date, date]:
    """Give the last span of a kind that has ended: a week, else a month."""
    today = written.today()
    if kind == frozen.WEEKLY:
        monday = today - timedelta(days=today.weekday() + 7)
        return monday, monday + timedelta(days=6)
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def _make(kind: str, since: date, until: date, area: str | None, entered: frozen.Entered) -> str:
    made = frozen.make(actor.current(), kind, since, until, area, entered)
    st.query_params[CHOSEN] = str(made.report.id)
    if made.new:
        return _("已定稿,编号 {number}。").format(number=made.report.id)
    if made.note is None:
        return _("早已定稿,记录没有新的变化。")
    return _("早已定稿,没有改动;差异说明第 {seq} 号列出 {count} 处不同。").format(
        seq=made.note.seq, count=len(made.note.differences)
    )


def _report(conn: psycopg.Connection[Any], number: int, *, makes: bool) -> None:
    try:
        found = frozen.get(conn, number)
    except ReportMissing as error:
        fragment.refused(error.message, error.remedy)
        return
    printed = paper.paper(found)
    holds = frozen.verify(conn, number).holds
    st.markdown(f"##### {printed.title}")
    st.caption(" · ".join(written.plain(line) for line in printed.head))
    st.caption(
        f"SHA-256 `{found.sha256}` "
        + (_("✓ 内容与哈希值一致") if holds else _("✗ 内容与哈希值不一致,请告诉系统管理员"))
    )
    with st.container(key="reports-acts", horizontal=True):
        for ending, media, draw_as in (("docx", WORD, word.document), ("xlsx", EXCEL, excel.workbook)):
            st.download_button(
                {"docx": "Word", "xlsx": "Excel"}[ending], draw_as(printed),
                file_name=f"{found.kind}-{found.until:%Y%m%d}-{number}.{ending}", mime=media,
                key=f"report-{ending}", icon=":material/download:", on_click=_taken, args=(found, ending),
            )  # fmt: skip
        if makes:
            st.button(
                _("与现在的记录对比"), key="report-again", icon=":material/difference:", on_click=_again, args=(found,),
                help=_("定稿不变;有不同就写一份差异说明"),
            )  # fmt: skip
    st.markdown(
        "  \n".join(
            f"**{written.plain(label)}** {written.plain(value)}" for label, value in printed.facts if value.strip()
        )
    )
    for part in printed.tables:
        st.markdown(f"**{written.plain(part.title)}**")
        if part.rows:
            table.draw(part.heads, part.rows[:SHOWN_ROWS])
        else:
            st.caption(_("无"))
        if len(part.rows) > SHOWN_ROWS:
            st.caption(_("另有 {number} 行,见文件。").format(number=len(part.rows) - SHOWN_ROWS))
    for note in printed.notes:
        st.caption(written.plain(note))


def _again(report: Report) -> None:
    fragment.speak()
    fragment.tell("report-make", lambda: _make(report.kind, report.since, report.until, report.area, frozen.Entered()))


def _taken(report: Report, form: str) -> None:
    with session(actor.current()) as conn:
        frozen.record(conn, report, form)
