"""What a visitor may do with the chosen entry: give it, begin, check, except, comment.

Only what his role and the entry's state allow is offered; the database decides once more.
What was typed stays where an act is refused.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import streamlit as st

from gis.coverage import ledger
from gis.errors import BadInput
from gis.i18n import translate as _
from gis.vocabulary import Role
from views import actor
from views import format as written
from views import fragment

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.delta_generator import DeltaGenerator

    from gis.coverage.ledger import Entry
    from gis.coverage.ledger import Person
    from views.source import Desk

DUE_DAYS = 7
EXCEPTION_DAYS = 90
LONGEST = 500
DONE = "acts-done"
"""Session key: how many acts this visitor did; the forms are numbered by it."""
FORMS = ("give", "except", "check", "say")
FIELDS = ("give-owner", "give-due", "except-reason", "except-until", "check-note", "say-text")


class OwnerMissing(BadInput):
    """Nobody was chosen."""

    template = "还没有选责任人。"
    cure = "请先选责任人。"


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
    for place in ("acts", *(f"acts-{form}" for form in FORMS)):
        fragment.told(place)


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
    with _opened("give", _("分派…") if entry.owner is None else _("改派…"), ":material/person_add:"):
        with st.form("give", border=False):
            fragment.told("acts-give")
            fields(people, "give")
            st.form_submit_button(_("分派"), type="primary", on_click=_do, args=(_given, entry, "give"))
        if not people:
            st.caption(_("还没有可以分派的人:请系统管理员给督导员、网格员或部门建立账号。"))


def _except(entry: Entry) -> None:
    with _opened("except", _("接受例外"), ":material/verified:"), st.form("except", border=False):
        fragment.told("acts-except")
        st.caption(_("在期限之前它不再计入盲区;到期后自动恢复。理由写进台账和审计。"))
        st.text_area(_("理由"), max_chars=LONGEST, key="except-reason", height=80)
        st.date_input(
            _("有效至"),
            value=written.today() + timedelta(days=EXCEPTION_DAYS),
            min_value=written.today(),
            key="except-until",
            format="YYYY-MM-DD",
        )
        st.form_submit_button(_("接受为例外"), type="primary", on_click=_do, args=(_excepted, entry, "except"))


def _noted(entry: Entry) -> None:
    with _opened("check", _("核查完成"), ":material/task_alt:"), st.form("check", border=False):
        fragment.told("acts-check")
        st.caption(_("核查完成不等于销号:规则再算一遍,原因确实消除才会关闭。"))
        st.text_area(_("核查情况"), max_chars=LONGEST, key="check-note", height=80)
        st.form_submit_button(_("核查完成"), type="primary", on_click=_do, args=(_checked, entry, "check"))


def _say(entry: Entry) -> None:
    with _opened("say", _("留言"), ":material/chat:"), st.form("say", border=False):
        fragment.told("acts-say")
        st.text_area(_("留言"), max_chars=LONGEST, key="say-text", height=80, label_visibility="collapsed")
        st.form_submit_button(_("留言"), type="primary", on_click=_do, args=(_said, entry, "say"))


def _opened(name: str, label: str, icon: str) -> DeltaGenerator:
    """Open the form of an act: one that was done is drawn anew, so that it closes; a refused one stays as it is."""
    with st.container(key=f"act-{name}", width="content"):
        return st.popover(label, icon=icon, key=f"act-{name}-{st.session_state.get(DONE, 0)}")


def _given(entry: Entry) -> str:
    owner, due = st.session_state["give-owner"], st.session_state["give-due"]
    if owner is None:
        raise OwnerMissing
    ledger.assign(actor.current(), [entry.id], owner, due, seen={entry.id: entry.updated_at})
    return _("已分派。")


def _excepted(entry: Entry) -> str:
    reason, until = st.session_state["except-reason"], st.session_state["except-until"]
    ledger.accept(actor.current(), [entry.id], reason, until, seen={entry.id: entry.updated_at})
    return _("已接受为例外。")


def _checked(entry: Entry) -> str:
    ledger.check(actor.current(), entry.id, st.session_state["check-note"], seen=entry.updated_at)
    return _("已记为核查完成。")


def _said(entry: Entry) -> str:
    ledger.comment(actor.current(), entry.id, st.session_state["say-text"])
    return _("已留言。")


def _begin(entry: Entry) -> str:
    ledger.begin(actor.current(), entry.id, seen=entry.updated_at)
    return _("已开始处理。")


def _resume(entry: Entry) -> str:
    ledger.resume(actor.current(), [entry.id], seen={entry.id: entry.updated_at})
    return _("例外已撤销。")


def _do(act: Callable[[Entry], str], entry: Entry, form: str = "") -> None:
    """Act on an entry as the person saw it; what it says is shown at the run that follows, beside its form.

    The toolkit calls this before it draws anything anew, with the entry that was on the screen:
    so somebody else's act in between is told, not overwritten.
    """
    fragment.speak()
    if fragment.tell(f"acts-{form}" if form else "acts", lambda: act(entry)):
        st.session_state[DONE] = st.session_state.get(DONE, 0) + 1
        for name in FIELDS:
            st.session_state.pop(name, None)
