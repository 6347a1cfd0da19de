"""The time slider of a map: a window of days over the cases, moved by hand or played day by day.

The page asks :func:`span` what to draw and puts :func:`controls` under its map. While it
plays, the part of the page that holds the map draws itself again every :data:`BEAT_S`
seconds (:func:`part`) and moves one day on; at the end it stops.
"""

from __future__ import annotations

from datetime import date
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.i18n import translate as _
from views import format as written
from views import fragment

if TYPE_CHECKING:
    from collections.abc import Callable

BEAT_S = 0.9
WINDOWS = (1, 7, 30)
"""Days that are seen at a time."""
MONTH = 31


def _key(page: str, name: str) -> str:
    return f"player-{page}-{name}"


def _get(page: str, name: str, otherwise: Any) -> Any:  # noqa: ANN401  whatever was kept
    return st.session_state.get(_key(page, name), otherwise)


def on(page: str) -> bool:
    """Whether the map of a page is limited to a window of days."""
    return bool(_get(page, "on", False))


def part(page: str, draw: Callable[..., Any]) -> Callable[..., Any]:
    """Make the part of a page that holds its map: while it plays it comes back by itself."""
    return fragment.every(BEAT_S, draw) if on(page) and _get(page, "playing", False) else fragment.part(draw)


def span(page: str, last: date) -> tuple[date, date] | None:
    """Give the first and last day the map shows; None where it shows all.

    Called once in each run of the part, before the map: while it plays it moves on.

    Parameters
    ----------
    page : str
        Name of the page.
    last : date
        Newest day there is; the slider covers the month that ends with it.
    """
    if not on(page):
        return None
    wide = int(_get(page, "window", WINDOWS[0]))
    day = min(max(_get(page, "day", last), last - timedelta(days=MONTH - 1)), last)
    if _get(page, "playing", False) and not st.session_state.pop(_key(page, "moved"), False):
        if day >= last:
            st.session_state[_key(page, "playing")] = False
            st.rerun()
        day += timedelta(days=1)
    st.session_state[_key(page, "day")] = day
    return day - timedelta(days=wide - 1), day


def controls(page: str, last: date) -> None:
    """Draw the switch and, when it is on, the slider with its button and its window."""
    with st.container(key="time", horizontal=True, vertical_alignment="center", gap="small"):
        st.toggle(_("按时间看"), key=_key(page, "switch"), value=on(page), on_change=_switch, args=(page, last))
        if not on(page):
            return
        playing = bool(_get(page, "playing", False))
        st.button(
            _("暂停") if playing else _("播放一个月"),
            key=_key(page, "play"),
            icon=":material/pause:" if playing else ":material/play_arrow:",
            on_click=_play,
            args=(page, last),
        )
        if playing:  # no field that could answer with the day before
            passed = (_get(page, "day", last) - (last - timedelta(days=MONTH - 1))).days
            st.progress(min(max(passed / (MONTH - 1), 0.0), 1.0))
        else:
            _slider(page, last)
        st.segmented_control(
            _("一次看几天"),
            WINDOWS,
            default=_get(page, "window", WINDOWS[0]),
            key=_key(page, "wide"),
            format_func=lambda days: _("{days} 天").format(days=days),
            label_visibility="collapsed",
            on_change=_widen,
            args=(page,),
        )
        st.caption(span_text(page, last))


def _slider(page: str, last: date) -> None:
    key = _key(page, "slider")
    st.session_state[key] = _get(page, "day", last)
    st.slider(
        _("日期"),
        last - timedelta(days=MONTH - 1),
        last,
        key=key,
        format="MM-DD",
        label_visibility="collapsed",
        on_change=_move,
        args=(page, key),
    )


def span_text(page: str, last: date) -> str:
    """Say which days are seen."""
    if not on(page):
        return ""
    wide = int(_get(page, "window", WINDOWS[0]))
    day = _get(page, "day", last)
    first = day - timedelta(days=wide - 1)
    return written.short_day(day) if wide == 1 else f"{written.short_day(first)} – {written.short_day(day)}"


def _switch(page: str, last: date) -> None:
    st.session_state[_key(page, "on")] = not on(page)
    st.session_state[_key(page, "playing")] = False
    st.session_state[_key(page, "day")] = last


def _play(page: str, last: date) -> None:
    playing = not _get(page, "playing", False)
    st.session_state[_key(page, "playing")] = playing
    if playing and _get(page, "day", last) >= last:
        st.session_state[_key(page, "day")] = last - timedelta(days=MONTH - 1)
    st.session_state[_key(page, "moved")] = True
    st.session_state[_key(page, "again")] = True


def _move(page: str, slider: str) -> None:
    st.session_state[_key(page, "day")] = st.session_state[slider]
    st.session_state[_key(page, "moved")] = True


def _widen(page: str) -> None:
    st.session_state[_key(page, "window")] = st.session_state[_key(page, "wide")] or WINDOWS[0]
    st.session_state[_key(page, "moved")] = True


def settled(page: str) -> None:
    """Draw the whole page again after playing began or ended: only then does its part (not) come back by itself."""
    if st.session_state.pop(_key(page, "again"), False):
        st.rerun()
