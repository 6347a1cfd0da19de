"""What a visitor may do with the chosen entry: give it, begin, check, except, comment.

Only what his role and the entry's state allow is offered; the database decides once more.
What was typed stays where an act is refused.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import streamlit as st

from gis.coverage import ledger
from gis.i18n import translate as _
from gis.vocabulary import Role
from views import actor
from views import format as written
from views import fragment

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.coverage.ledger import Entry
    from gis.coverage.ledger import Person
    from views.source import Desk

DUE_DAYS = 7
EXCEPTION_DAYS = 90
LONGEST = 500


def supervises() -> bool:
    """Whether the visitor gives entries to others and accepts exceptions."""
    return Role.SUPERVISOR in actor.visitor().roles


def draw(desk: Desk, entry: Entry) -> None:
    """Draw the acts on an entry as a row of buttons."""
    leads = supervises()
    with st.container(key="acts", horizontal=True, gap="small"):
        if entry.mine and entry.state == "assigned":
            st.button(
                _("开始处理"),
                key="act-begin",
                type="primary",
                on_click=_do,
                args=(_begin, entry),
                icon=":material/play_arrow:",
            )
        if entry.mine and entry.state in {"assigned", "doing"}:
            _noted(entry)
        if leads and entry.state in ledger.OPEN:
            _give(desk.people, entry)
            _except(entry)
        if leads and entry.state == "excepted":
            st.button(_("撤销例外"), key="act-resume", on_click=_do, args=(_resume, entry), icon=":material/undo:")
        if leads or entry.mine:
            _say(entry)
    fragment.told("acts")


def fields(people: list[Person], key: str) -> tuple[str | None, object]:
    """Draw the two fields of giving: to whom, until when."""
    names = {person.name: person.label for person in people}
    owner = st.selectbox(
        _("责任人"),
        list(names),
        index=None,
        format_func=lambda name: names.get(name, name),
        placeholder=_("请选择"),
        key=f"{key}-owner",
    )
    due = st.date_input(
        _("期限"),
        value=written.today() + timedelta(days=DUE_DAYS),
        min_value=written.today(),
        key=f"{key}-due",
        format="YYYY-MM-DD",
    )
    return owner, due


def _give(people: list[Person], entry: Entry) -> None:
    with st.popover(_("分派…") if entry.owner is None else _("改派…"), icon=":material/person_add:", key="act-give"):
        with st.form("give", border=False):
            owner, due = fields(people, "give")
            if st.form_submit_button(_("分派"), type="primary"):
                if owner is None:
                    st.warning(_("请先选责任人。"))
                else:
                    _now(
                        lambda me: ledger.assign(me, [entry.id], owner, due, seen={entry.id: entry.updated_at}),
                        _("已分派。"),
                    )  # type: ignore[arg-type]
        if not people:
            st.caption(_("还没有可以分派的人:请系统管理员给督导员、网格员或部门建立账号。"))


def _except(entry: Entry) -> None:
    with st.popover(_("接受例外"), icon=":material/verified:", key="act-except"), st.form("except", border=False):
        st.caption(_("在期限之前它不再计入盲区;到期后自动恢复。理由写进台账和审计。"))
        reason = st.text_area(_("理由"), max_chars=LONGEST, key="except-reason", height=80)
        until = st.date_input(
            _("有效至"),
            value=written.today() + timedelta(days=EXCEPTION_DAYS),
            min_value=written.today(),
            key="except-until",
            format="YYYY-MM-DD",
        )
        if st.form_submit_button(_("接受为例外"), type="primary"):
            _now(
                lambda me: ledger.accept(me, [entry.id], reason, until, seen={entry.id: entry.updated_at}),
                _("已接受为例外。"),
            )


def _noted(entry: Entry) -> None:
    with st.popover(_("核查完成"), icon=":material/task_alt:", key="act-check"), st.form("check", border=False):
        st.caption(_("核查完成不等于销号:规则再算一遍,原因确实消除才会关闭。"))
        note = st.text_area(_("核查情况"), max_chars=LONGEST, key="check-note", height=80)
        if st.form_submit_button(_("核查完成"), type="primary"):
            _now(lambda me: ledger.check(me, entry.id, note, seen=entry.updated_at), _("已记为核查完成。"))


def _say(entry: Entry) -> None:
    with (
        st.popover(_("留言"), icon=":material/chat:", key="act-say"),
        st.form("say", border=False, clear_on_submit=False),
    ):
        text = st.text_area(_("留言"), max_chars=LONGEST, key="say-text", height=80, label_visibility="collapsed")
        if st.form_submit_button(_("留言"), type="primary"):
            _now(lambda me: ledger.comment(me, entry.id, text), _("已留言。"))


def _begin(entry: Entry) -> str:
    ledger.begin(actor.current(), entry.id, seen=entry.updated_at)
    return _("已开始处理。")


def _resume(entry: Entry) -> str:
    ledger.resume(actor.current(), [entry.id], seen={entry.id: entry.updated_at})
    return _("例外已撤销。")


def _do(act: Callable[[Entry], str], entry: Entry) -> None:
    """Run an act of one button; what it says is shown at the next run."""
    fragment.speak()
    fragment.tell("acts", lambda: act(entry))


def _now(act: Callable[..., object], said: str) -> None:
    """Run an act of a form, and show the entry as it is now."""
    if fragment.tell("acts", lambda: (act(actor.current()), said)[1]):
        st.rerun(scope="fragment")
    fragment.told("acts")
