"""Buttons that set the house to work, with what is being done and how far it is.

The refresh runs here; the demo street is made by the command line in a process of its
own, so that the pages stay quick meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

import streamlit as st

from gis.access import scope
from gis.coverage import moment
from gis.coverage import progress
from gis.coverage import refresh
from gis.coverage import wording
from gis.coverage.engine import STEPS
from gis.coverage.rules import RULES
from gis.db.connection import session
from gis.i18n import language
from gis.i18n import translate as _
from gis.settings import CHECKOUT
from gis.vocabulary import Role
from gis.vocabulary import RuleKey
from views import actor
from views import format as written
from views import fragment

LINES_KEPT = 6
LOOK_AGAIN_S = 2.0
SILENT = timedelta(minutes=2)
"""How long a run says nothing before it is taken for dead: one step of a large city takes less."""


def freshness(network: str, as_of: datetime | None, run: dict[str, Any] | None) -> None:
    """Say as of when the figures are, what a run that is under way does, or what stood in its way."""
    if _running(run):
        fragment.every(LOOK_AGAIN_S, _watch)(network, as_of)
    else:
        st.markdown(_as_of(as_of, run), width="content")


def judged(network: str) -> None:
    """Say which day the rules judge, where that is not the running one."""
    with session(actor.current()) as conn:
        day = moment.complete_until(conn, network)
    if day is not None:
        st.caption(
            _("按 {day} 判断:走访、事件和岗位资料齐全到这一天,其后的记录计入当天。").format(day=written.calendar(day)),
            width="content",
        )


def _watch(network: str, as_of: datetime | None) -> None:
    """Tell how far a run is; when it has ended, draw the page with what it found."""
    with session(actor.current()) as conn:
        run = progress.newest(conn, network)
    if not _running(run):
        st.rerun()
    st.markdown(_as_of(as_of, run), width="content")


def _running(run: dict[str, Any] | None) -> bool:
    """Whether a run is under way: one that has said nothing for long was killed, and will be made again."""
    if run is None or run["finished_at"] is not None:
        return False
    return bool(datetime.now(UTC) - run["seen_at"] < SILENT)


def _as_of(as_of: datetime | None, run: dict[str, Any] | None) -> str:
    said = _("数据截至 {moment}").format(moment=written.moment(as_of)) if as_of else _("还没有计算过")
    if run is None or (run["finished_at"] is not None and not run["error"]):
        return said
    if run["error"]:
        return f":orange[{said} · {_('上次更新没有完成,稍后自动重试')}]"
    if not _running(run):
        return f":orange[{said} · {_('更新中断,稍后自动重来')}]"
    far = _("正在更新:{step}({done}/{steps})").format(step=_step(run["stage"]), done=run["step"], steps=run["steps"])
    return f"{said} · {far}"


def refresh_button(network: str) -> None:
    """Offer to compute the coverage of a network anew, to those who may; show each step while it runs."""
    person = actor.current()
    if not refresh.may(person):
        return
    place = st.empty()
    if not place.button(
        _("重新计算"),
        key="refresh",
        type="tertiary",
        icon=":material/refresh:",
        help=_("按现在的网格、楼栋和规则重新查找盲区"),
    ):
        return
    steps = len(STEPS) + len(RULES)
    done: list[str] = []

    def tell(name: str) -> None:
        done.append(name)
        place.progress(min(len(done) / (steps + 1), 1.0), text=_("正在计算:{step}").format(step=_step(name)))

    place.progress(0.0, text=_("正在计算:{step}").format(step=_("读取数据")))
    found = refresh.refresh(person, network, progress=tell)
    st.toast(refresh.describe(found), icon=":material/check:")
    st.rerun(scope="fragment")


def demo_button() -> None:
    """Offer to load the demo street, to those who bring records in; show what the command says while it runs."""
    if scope.roles(actor.current()).isdisjoint({Role.PLANNER, Role.SUPERVISOR}):
        return
    if not st.button(_("载入示例街道"), key="demo", type="primary", icon=":material/map:"):
        return
    with st.status(_("正在生成示例街道,约需半分钟"), expanded=True) as shown:
        place, said = st.empty(), []
        with subprocess.Popen(
            [sys.executable, "-m", "gis.cli", "demo"],
            cwd=CHECKOUT,
            env={**os.environ, "GRIDATLAS_LANGUAGE": language()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process:
            for line in process.stdout or ():
                said.append(line.rstrip())
                place.text("\n".join(said[-LINES_KEPT:]))
        shown.update(state="error" if process.returncode else "complete")
    if process.returncode:
        fragment.trouble(_("示例街道没有载入。"), _("请按上面的提示处理后重试;原有数据没有变动。"))
        return
    for key in ("sight", "camera-coverage-map"):
        st.session_state.pop(key, None)
    st.rerun(scope="fragment")


def _step(name: str) -> str:
    """Name a step of the refresh for people."""
    if name in set(RuleKey):
        return wording.title(name)
    known = {
        "assignment": _("楼栋归属"),
        "home": _("网格所属社区"),
        "loose": _("没有归属的楼栋"),
        "border": _("网格边界"),
    }
    return known.get(name, _("整理结果"))
