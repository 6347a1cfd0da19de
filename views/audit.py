"""Part 审计 of 系统管理: the deeds, filtered, with before and after; an extract as a file.

For the auditor. Taking an extract needs a reason and is itself a deed.
"""

from __future__ import annotations

import json
from datetime import datetime
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.access import audit
from gis.db.connection import session
from gis.i18n import translate as _
from views import format as written
from views import speech
from views import takeaway
from views.format import ZONE

if TYPE_CHECKING:
    from gis.access.audit import Row
    from gis.vocabulary import Actor

PAGE = 100
LONGEST_LINE = 60


def draw(person: Actor) -> None:
    """Draw filters, rows and the way to an extract."""
    chosen = _filters()
    below = st.session_state.get("audit-below") if st.session_state.get("audit-for") == chosen else None
    st.session_state["audit-for"] = chosen
    with session(person) as conn:
        rows = audit.listing(conn, **chosen, below=below, most=PAGE + 1)
    _listing(rows[:PAGE])
    with st.container(horizontal=True):
        if below is not None and st.button(_("回到最新"), key="audit-top"):
            st.session_state.pop("audit-below")
            st.rerun(scope="fragment")
        if len(rows) > PAGE and st.button(_("更早的"), key="audit-older"):
            st.session_state["audit-below"] = rows[PAGE - 1].seq
            st.rerun(scope="fragment")
    takeaway.draw(person, chosen)


def action(word: str) -> str:
    """Name a deed."""
    return {
        "sign_in": _("登录"),
        "sign_in_failed": _("登录失败"),
        "sign_out": _("退出"),
        "revoke": _("结束会话"),
        "password": _("修改密码"),
        "password_reset": _("重置密码"),
        "password_refused": _("修改密码被拒"),
        "insert": _("新增"),
        "update": _("修改"),
        "delete": _("删除"),
        "import": _("导入"),
        "refresh": _("重新计算"),
        "retire": _("停用网格"),
        "redraw": _("调整网格边界"),
        "create": _("新设"),
        "propose": _("提出方案"),
        "apply": _("方案生效"),
        "withdraw": _("撤回方案"),
        "correct": _("更正记录"),
        "finish": _("完成任务"),
        "reveal": _("查看全文"),
        "export": _("导出"),
        "backup": _("备份"),
        "restore": _("恢复"),
        "forget": _("到期清除"),
        "migrate": _("更新表结构"),
        "demo": _("载入示例"),
        "reset": _("清空"),
    }.get(word, word)


def _filters() -> dict[str, Any]:
    columns = st.columns([2, 2, 3, 2, 2], vertical_alignment="bottom")
    actor = columns[0].text_input(_("谁"), key="audit-actor", placeholder=_("账号名")).strip()
    deeds = ("sign_in", "sign_in_failed", "import", "refresh", "reveal", "export", "insert", "update", "delete")
    deed = columns[1].selectbox(
        _("做了什么"), [None, *deeds], format_func=lambda w: _("全部") if w is None else action(w), key="audit-action"
    )
    subject = columns[2].text_input(_("对象"), key="audit-subject", placeholder=_("编号或账号")).strip()
    since = columns[3].date_input(_("从"), None, key="audit-since", format="YYYY-MM-DD")
    until = columns[4].date_input(_("到"), None, key="audit-until", format="YYYY-MM-DD")
    return {
        "actor": actor or None,
        "action": deed,
        "subject": subject or None,
        "since": _midnight(since),
        "until": None if (end := _midnight(until)) is None else end + timedelta(days=1),
    }


def _midnight(day: Any) -> datetime | None:  # noqa: ANN401 - whatever the toolkit's field gives
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) if day else None


def _listing(rows: list[Row]) -> None:
    if not rows:
        st.markdown(_("没有符合条件的记录。"))
        return
    for row in rows:
        about = f"{written.plain(speech.relation(row.relation))} {written.plain(row.subject, LONGEST_LINE)}"
        what = f"{action(row.action)} · {about}"
        where = f" :gray[{written.plain(row.origin)}]" if row.origin else ""
        title = f":gray[{row.seq}]  {written.moment(row.at)}  **{written.plain(row.actor, 40)}**  {what}{where}"
        with st.expander(title):
            if row.reason:
                st.markdown(_("理由:") + written.plain(row.reason))
            left, right = st.columns(2)
            _side(left, _("之前"), row.before)
            _side(right, _("之后"), row.after)


def _side(column: Any, title: str, value: dict[str, Any] | None) -> None:  # noqa: ANN401 - a column of the toolkit
    column.caption(title)
    if value is None:
        column.markdown(written.NO_FIGURE)
    else:
        column.code(json.dumps(value, ensure_ascii=False, indent=1, default=str), language=None, wrap_lines=True)
