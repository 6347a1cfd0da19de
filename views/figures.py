"""The page 报表: indicators of a period, each with its formula on tap, and the reports that are frozen.

Period, rule, grouping, area and the chosen report stand in the URL. Frozen reports are drawn by
:mod:`views.freezing`; nothing is counted here.
"""

from __future__ import annotations

from datetime import date
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.casework.reporting import figures
from gis.casework.reporting import indicators
from gis.casework.reporting import labels
from gis.casework.reporting.errors import SpanWrong
from gis.db.connection import session
from gis.i18n import translate as _
from gis.records import areas
from gis.vocabulary import IncidentKind
from views import actor
from views import address
from views import format as written
from views import fragment
from views import freezing
from views import table

if TYPE_CHECKING:
    import psycopg

    from gis.casework.reporting.figures import Figure
    from gis.casework.reporting.figures import Group

FOLDER = Path(__file__).resolve().parent
SINCE, UNTIL, COUNT, BY = "since", "until", "count", "by"
USUAL_DAYS = 30
LISTED = 60


def page() -> None:
    """Draw the page."""
    st.html(f"<style>{(FOLDER / 'figures.css').read_text(encoding='utf-8')}</style>")
    with st.container(key="reports"):
        _body()


@fragment.part
def _body() -> None:
    with session(actor.current()) as conn:
        places = {item.code: item.name or item.code for item in areas.listing(conn) if item.level != "district"}
        st.markdown(f"##### {_('指标')}")
        since, until, rule, by, area = _choose(places)
        _figures(conn, since, until, rule, by, area)
        freezing.draw(conn, places)


def _choose(places: dict[str, str]) -> tuple[date, date, str, str, str | None]:
    """Let period, rule, grouping and area be chosen; the URL names them."""
    today = written.today()
    until = _day(UNTIL) or today
    since = _day(SINCE) or until - timedelta(days=USUAL_DAYS - 1)
    with st.container(key="reports-choice", horizontal=True, vertical_alignment="bottom"):
        since = _date(_("从"), SINCE, since)
        until = _date(_("到"), UNTIL, until)
        rule = _pick(_("统计口径"), {word: labels.rule(word) for word in indicators.RULES}, COUNT)
        by = _pick(_("分组"), {word: figures.group_name(word) for word in figures.GROUPS}, BY)
        area = _pick(_("范围"), {"": _("全部范围")} | places, address.AREA)
    return since, until, rule, by, area or None


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        return None


def _date(label: str, name: str, value: date) -> date:
    key = f"reports-{name}"

    def changed() -> None:
        chosen = st.session_state[key]
        address.narrow(name, chosen.isoformat() if chosen else None)

    st.session_state[key] = value
    found: Any = st.date_input(label, key=key, format="YYYY-MM-DD", on_change=changed)
    return found or value


def _pick(label: str, options: dict[str, str], name: str) -> str:
    key = f"reports-{name}"

    def changed() -> None:
        address.narrow(name, st.session_state[key] or None)

    asked = st.query_params.get(name, "")
    st.session_state[key] = asked if asked in options else next(iter(options))
    return str(
        st.selectbox(
            label, list(options), key=key, format_func=lambda code: options.get(code, code), on_change=changed
        )
    )  # fmt: skip


def _figures(conn: psycopg.Connection[Any], since: date, until: date, rule: str, by: str, area: str | None) -> None:
    try:
        figures.spanned(since, until)
    except SpanWrong as error:
        fragment.refused(error.message, error.remedy)
        return
    found = figures.groups(conn, since, until, rule=rule, by=by, area=area)
    when = f"{written.calendar(since)} – {written.calendar(until)}"
    if not by:
        with st.container(key="reports-figures", horizontal=True):
            for one in found[0].figures:
                _tile(one, when)
    elif not found:
        st.caption(_("这段时间没有案件。"))
    else:
        _groups(found, by)
    st.caption(
        _(
            "截至时段结束时的情况;点数字看算法、分子、分母和版本。没有分母就没有比率。等次按精确比率评定,比率只截取两位小数。"
        )
    )


def _tile(one: Figure, when: str) -> None:
    indicator = one.indicator
    rate = written.NO_FIGURE if one.shown is None else one.shown if one.denominator is None else f"{one.shown} %"
    grade = f" {one.grade}" if one.grade else ""
    with st.popover(f"**{rate}{grade}** {indicator.name}", key=f"reports-figure-{indicator.key}"):
        st.markdown(f"**{indicator.name} {rate}{grade}**")
        st.caption(_("算法:{formula}").format(formula=written.plain(indicator.formula)))
        if one.denominator is not None:
            st.caption(
                _("分子 {part},分母 {whole}").format(
                    part=written.number(one.numerator), whole=written.number(one.denominator)
                )
            )
        st.caption(f"{when},{labels.rule(one.rule)}")
        st.caption(
            _("第 {version} 版;来源:{source}").format(version=indicator.version, source=written.plain(indicator.source))
        )


def _groups(found: list[Group], by: str) -> None:
    """Draw one line per group; the formulas stand below."""
    catalogue = indicators.catalogue()
    table.draw(
        (figures.group_name(by), *(one.name for one in catalogue)),
        [(_name(group, by), *(_cell(one) for one in group.figures)) for group in found[:LISTED]],
        numbers=tuple(range(1, len(catalogue) + 1)),
    )
    if len(found) > LISTED:
        st.caption(_("另有 {number} 个没有列出。").format(number=len(found) - LISTED))
    with st.expander(_("算法")):
        for one in catalogue:
            st.caption(
                f"**{one.name}** {written.plain(one.formula)} · {labels.rule(one.rule(indicators.RULES[0]))} · "
                + _("第 {version} 版").format(version=one.version)
            )


def _name(group: Group, by: str) -> str:
    if by == "kind":
        return labels.case_kind(IncidentKind(group.key))
    return group.name or group.key or _("未填")


def _cell(one: Figure) -> str:
    if one.shown is None:
        return written.NO_FIGURE
    if one.denominator is None:
        return written.number(one.numerator)
    return f"{one.shown} % {one.grade or ''} ({one.numerator}/{one.denominator})"
