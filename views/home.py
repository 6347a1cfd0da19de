"""The frame around every page: navigation, language, theme, and the sheet of styles.

Pages are listed once, in :data:`PAGES`; one whose file is not there is left out. What a
page shows is its own business.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gis.errors import NotAllowed
from gis.i18n import translate as _
from gis.vocabulary import Role
from views import actor
from views import browser
from views import fragment
from views import palette
from views import ways
from views import window

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: module in ``views`` (with a function ``page()``), label, icon, for whom."""

    module: str
    label: Callable[[], str]
    icon: str
    roles: frozenset[Role]


class PageClosed(NotAllowed):
    """A page that is not for the roles of whoever opens it."""

    template = "这一页不对你的角色开放。"
    cure = "请从上方选择可用的页面;没有可用的页面时,请系统管理员给账号角色和管辖范围。"


WORK = frozenset(Role) - {Role.AUDITOR, Role.ADMIN}
"""Roles that work with records: all but those who give rights, and who look after it."""

PAGES = (
    Entry("coverage", lambda: _("覆盖与盲区"), ":material/map:", WORK),
    Entry(
        "cases",
        lambda: _("事件处置"),
        ":material/assignment:",
        frozenset({Role.LEADER, Role.PLANNER, Role.SUPERVISOR, Role.WORKER, Role.DEPARTMENT}),
    ),
    Entry(
        "figures",
        lambda: _("报表"),
        ":material/summarize:",
        frozenset({Role.LEADER, Role.PLANNER, Role.SUPERVISOR}),
    ),
    Entry("trend", lambda: _("覆盖走势"), ":material/trending_up:", WORK - {Role.WALL}),
    Entry(
        "people",
        lambda: _("人员与走访"),
        ":material/groups:",
        frozenset({Role.LEADER, Role.PLANNER, Role.SUPERVISOR, Role.WORKER}),
    ),
    Entry("report", lambda: _("上报"), ":material/add_a_photo:", frozenset({Role.SUPERVISOR, Role.WORKER})),
    Entry("intake", lambda: _("数据接入"), ":material/upload_file:", frozenset({Role.PLANNER, Role.SUPERVISOR})),
    Entry("admin", lambda: _("系统管理"), ":material/admin_panel_settings:", frozenset({Role.ADMIN, Role.AUDITOR})),
)
"""All pages in the order of the navigation; the first of a person's is the start page."""


def entries() -> list[Entry]:
    """Pages for the roles of whoever is signed in; what they may do on them the database decides."""
    roles = frozenset(actor.visitor().roles)
    return [entry for entry in PAGES if roles & entry.roles]


def _open(entry: Entry) -> None:
    if entry not in entries():
        raise PageClosed
    importlib.import_module(f"views.{entry.module}").page()


def _page(entry: Entry, *, default: bool) -> st.Page:
    def run() -> None:
        fragment.guarded(_open)(entry)

    path = "start" if default else entry.module  # the toolkit serves the default page at "/" only
    return st.Page(run, title=entry.label(), icon=entry.icon, url_path=path, default=default)


def _switch_language() -> None:
    other = "zh" if st.session_state.get(fragment.LANGUAGE) == "en" else "en"
    st.session_state[fragment.LANGUAGE] = other
    if other == "en":
        st.query_params[fragment.LANGUAGE] = "en"
    else:
        st.query_params.pop(fragment.LANGUAGE, None)


def _bar(pages: list[st.Page], here: st.Page, code: str) -> None:
    dark = palette.theme() == "dark"
    with st.container(key="bar", horizontal=True, vertical_alignment="center", gap="small"):
        beside = "" if code == "en" else f"<b>{_('网格一张图')}</b>"
        st.html(f'<span class="ga-brand">GridAtlas{beside}</span>', width="content")
        for page in pages:
            with st.container(key=f"nav-{'here' if page == here else page.url_path or 'start'}", width="content"):
                st.page_link(page, label=page.title, query_params={"lang": "en"} if code == "en" else None)
        st.space("stretch")
        st.button(
            "English" if code == "zh_CN" else "中文",
            key="language",
            type="tertiary",
            on_click=_switch_language,
            help=_("切换到英文") if code == "zh_CN" else _("切换到中文"),
        )
        _who(code)
        browser.frame(
            key="theme",
            width="content",
            data={
                "label": _("浅色") if dark else _("深色"),
                "hint": _("换成浅色界面") if dark else _("换成深色界面"),
                "next": "Light" if dark else "Dark",
                "cookie": window.COOKIE,
                "language": "zh-CN" if code == "zh_CN" else "en",
                "paths": ["/", *(f"/{entry.module}" for entry in entries())],
                "over": _("登录已结束(超时、在别处退出,或账号有变动)。"),
                "wayIn": _("重新登录"),
            },
        )


def _who(code: str) -> None:
    """Say who is signed in, with the ways to another password and out."""
    me = actor.visitor()
    query = "?lang=en" if code == "en" else ""
    other = f'<a href="/auth/password{query}" target="_self">{escape(_("修改密码"))}</a>'
    st.html(
        f'<details class="ga-who"><summary translate="no">{escape(me.display or me.name)}</summary>'
        f'<form method="post" action="/auth/logout{query}">{"" if me.demo else other}'
        f'<input type="hidden" name="token" value="{actor.mark("logout")}">'
        f"<button>{escape(_('退出登录'))}</button></form></details>",
        width="content",
    )


def main() -> None:
    """Draw the frame and run the page the URL names; with nobody to be asked for, say so in the frame's look."""
    code = fragment.speak()
    st.set_page_config(page_title=_("网格一张图"), page_icon=str(FOLDER / "icon.png"), layout="wide")
    st.html(palette.sheet(FOLDER / "style.css"))
    fragment.guarded(_run)(code)


def _run(code: str) -> None:
    actor.settle()
    offered = entries()
    first = (offered or PAGES)[0]
    # Every page has its address, the start page too, so that a link to one that is closed gets a
    # sentence of ours; "/" shows the first of those that are open.
    start = _page(first, default=True)
    pages = {entry: _page(entry, default=False) for entry in PAGES}
    here = st.navigation([start, *pages.values()], position="hidden")
    if here != pages[first]:
        pages[first] = start
    ways.know({entry.module: pages[entry] for entry in offered})
    _bar([pages[entry] for entry in offered], here, code)
    here.run()


main()
