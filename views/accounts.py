"""Part 账号 of 系统管理: find an account, change it, make one, take many in from a file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gis.access import accounts
from gis.access import passwords
from gis.access import scope
from gis.access import sessions
from gis.db.connection import session
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.intake import roster
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind
from gis.vocabulary import Role
from views import format as written
from views import fragment
from views import speech

if TYPE_CHECKING:
    from gis.access.accounts import Account

PAGE = 50
ONCE = "admin-once"
CHOSEN = "account"
NEW = "+"
LARGEST_MB = 5


def draw(person: Actor) -> None:
    """Draw the list beside the account that is chosen."""
    _once()
    left, right = st.columns([5, 7], gap="medium")
    with left:
        chosen = _listing(person)
    with right:
        if chosen == NEW:
            _new(person)
        elif chosen:
            with session(person) as conn:
                account = accounts.get(conn, chosen)
            _form(person, account)
        else:
            _many(person)


def _once() -> None:
    """Show what is shown only once: a password, or many."""
    given = st.session_state.get(ONCE)
    if not given:
        return
    with st.container(key="once"):
        st.markdown(_("**初始密码只显示这一次。** 请当面交给本人;首次登录时必须修改。"))
        for name, password in list(given.items())[:PAGE]:
            st.markdown(f"{written.plain(name)} `{password}`")
        lines = "".join(f"{name}\t{password}\n" for name, password in given.items())
        with st.container(horizontal=True):
            if len(given) > 1:
                st.download_button(_("下载全部"), lines, file_name="accounts.tsv", key="once-file")
            if st.button(_("已记下,不再显示"), key="once-done"):
                del st.session_state[ONCE]
                st.rerun()


def _listing(person: Actor) -> str:
    words = st.text_input(
        _("查找账号"), key="admin-words", placeholder=_("账号名或称呼"), label_visibility="collapsed"
    ).strip()
    place = st.session_state.get("admin-place", 0) if st.session_state.get("admin-found") == words else 0
    st.session_state["admin-found"] = words
    with session(person) as conn:
        count = accounts.number(conn, words)
        found = accounts.listing(conn, words, skip=place, most=PAGE)
    chosen = str(st.query_params.get(CHOSEN, ""))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("共 {count} 个账号").format(count=written.number(count)))
        st.space("stretch")
        if st.button(_("新建"), key="admin-new", icon=":material/person_add:"):
            chosen = NEW
        if st.button(_("从文件导入"), key="admin-many", icon=":material/upload_file:"):
            chosen = ""
    with st.container(key="roster"):
        for account in found:
            if st.button(
                _line(account),
                key=f"roster-{account.id}",
                type="primary" if account.name == chosen else "secondary",
                width="stretch",
            ):
                chosen = account.name
    if count > PAGE:
        with st.container(horizontal=True):
            if st.button(_("上一页"), key="roster-back", disabled=place == 0):
                st.session_state["admin-place"] = max(0, place - PAGE)
                st.rerun(scope="fragment")
            if st.button(_("下一页"), key="roster-on", disabled=place + PAGE >= count):
                st.session_state["admin-place"] = place + PAGE
                st.rerun(scope="fragment")
    if chosen != st.query_params.get(CHOSEN, ""):
        if chosen:
            st.query_params[CHOSEN] = chosen
        else:
            st.query_params.pop(CHOSEN, None)
        st.rerun(scope="fragment")
    return chosen


def _line(account: Account) -> str:
    marks = "" if account.active else f" :gray[{_('已停用')}]"
    roles = "、".join(speech.role(name) for name in account.roles) or _("没有角色")
    return f"**{written.plain(account.shown, 30)}** :gray[{written.plain(account.name, 40)}]{marks} · {roles}"


def _form(person: Actor, account: Account) -> None:
    """Change one account."""
    st.html(f"<h3>{written.html(account.shown)}</h3>")
    seen = written.moment(account.seen_at) if account.seen_at else _("从未登录")
    st.caption(_("账号 {name} · 最近活动 {seen}").format(name=written.plain(account.name), seen=seen))
    with st.form(f"account-{account.id}", border=False):
        display = st.text_input(_("称呼"), account.display, max_chars=80)
        roles, scopes = _rights(account.roles, account.scopes)
        units = _units(account.units)
        sent = st.form_submit_button(_("保存"), type="primary")
        if sent and _save(person, account, display, roles, scopes, units):
            st.toast(_("已保存。"), icon=":material/check:")
            st.rerun(scope="fragment")
    with st.container(horizontal=True):
        if account.source == "local" and st.button(_("重置密码"), key="account-reset", icon=":material/key:"):
            scope.require(person, Role.ADMIN)
            st.session_state[ONCE] = {account.name: sessions.reset_password(person, account.name)}
            st.rerun(scope="fragment")
        word = _("停用") if account.active else _("启用")
        if st.button(word, key="account-switch"):
            try:
                with session(person) as conn:
                    accounts.set_active(conn, account.name, active=not account.active)
            except GridAtlasError as error:
                _beside(error)
            else:
                st.rerun(scope="fragment")
    st.caption(_("停用后,它的会话和令牌立即失效;可随时重新启用。"))


def _rights(roles: list[str], scopes: list[str]) -> tuple[list[str], list[str]]:
    chosen = st.multiselect(
        _("角色"), [role.value for role in Role], roles, format_func=speech.role, placeholder=_("选择角色")
    )
    text = st.text_input(
        _("管辖范围"),
        "、".join(speech.scope(word) for word in scopes),
        placeholder=_("全街道"),
        help=_("写“全街道”,或“辖区:编码”“网格:编码”;可写多个,用顿号分开;空着则什么都看不到。"),
    )
    return chosen, [roster.scope_from(part) for part in _parts(text)]


def _units(units: list[str]) -> list[str]:
    text = st.text_input(
        _("承办单位"),
        "、".join(units),
        help=_("部门账号只看得到这些单位牵头或配合的案件;名称与权责清单一致,用顿号分开。"),
    )
    return _parts(text)


def _parts(text: str) -> list[str]:
    for sign in "、,;;":
        text = text.replace(sign, ",")
    return [part.strip() for part in text.split(",") if part.strip()]


def _save(person: Actor, account: Account, display: str, roles: list[str], scopes: list[str], units: list[str]) -> bool:
    try:
        with session(person) as conn:
            if display != account.display:
                accounts.set_display(conn, account.name, display)
            if sorted(roles) != sorted(account.roles):
                accounts.set_roles(conn, account.name, roles)
            if sorted(scopes) != sorted(account.scopes):
                accounts.set_scopes(conn, account.name, scopes)
            if units != account.units:
                accounts.set_units(conn, account.name, units)
    except GridAtlasError as error:
        _beside(error)
        return False
    return True


def _new(person: Actor) -> None:
    """Make one account."""
    st.html(f"<h3>{written.html(_('新建账号'))}</h3>")
    with st.form("account-new", border=False):
        name = st.text_input(_("账号名"), max_chars=64, help=_("小写字母、数字和 . _ - @,以字母或数字开头。"))
        display = st.text_input(_("称呼"), max_chars=80)
        roles, scopes = _rights([], [])
        sent = st.form_submit_button(_("建立账号"), type="primary")
    if not sent:
        return
    password = passwords.random()
    try:
        with session(person) as conn:
            account = accounts.add(conn, name.strip().lower(), display=display, roles=roles, scopes=scopes)
        with session(Actor(person.name, ActorKind.JOB, person.origin)) as conn:
            accounts.set_password(conn, account.name, password, must_change=True)
    except GridAtlasError as error:
        _beside(error)
        return
    st.session_state[ONCE] = {account.name: password}
    st.query_params[CHOSEN] = account.name
    st.rerun(scope="fragment")


def _many(person: Actor) -> None:
    """Take accounts in from a file: all, or none."""
    st.html(f"<h3>{written.html(_('从文件导入账号'))}</h3>")
    st.markdown(
        _("CSV 或 Excel,一行一个账号,表头:账号、姓名、角色、范围、有效期至。整表检查通过才会写入,否则一个都不建。")
    )
    file = st.file_uploader(_("账号表"), type=["csv", "xlsx", "xls"], key="admin-file", label_visibility="collapsed")
    if file is None or not st.button(_("导入"), type="primary", key="admin-load"):
        return
    if file.size > LARGEST_MB * 2**20:
        st.error(_("账号表超过 {size} MB。请检查是不是选错了文件。").format(size=LARGEST_MB))
        return
    try:
        with tempfile.TemporaryDirectory(prefix="gridatlas-") as folder:
            path = Path(folder) / f"roster{Path(file.name).suffix.lower()}"
            path.write_bytes(file.getvalue())
            entries = roster.read(path)
        with session(person) as conn:
            made = roster.load(conn, entries)
        with session(Actor(person.name, ActorKind.JOB, person.origin)) as conn:
            roster.set_passwords(conn, made)
    except GridAtlasError as error:
        _beside(error)
        return
    st.session_state[ONCE] = made.passwords
    st.rerun(scope="fragment")


def _beside(error: GridAtlasError) -> None:
    fragment.refused(error.message, error.remedy)
