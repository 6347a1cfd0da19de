"""What every desk has, a list beside a map: steps through the list, the line above what is chosen, filters, layers.

Pages say what happens; the looks and the keyboard are the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.i18n import translate as _
from layers.catalog import layer as described
from views import format as written

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence


def steps(said: str, hints: tuple[str, str], step: Callable[[int], None], *, empty: bool) -> None:
    """Draw the line above a list: what it holds, and the two steps through it (↑↓).

    Parameters
    ----------
    said : str
        How many, filtered by what, as of when.
    hints : (str, str)
        What the steps are called.
    step : callable
        Called with -1 or 1.
    empty : bool
        Whether there is nothing to step through.
    """
    with st.container(key="count", horizontal=True, vertical_alignment="center"):
        st.markdown(written.plain(said), width="stretch")
        for name, by, icon, shortcut, hint in (
            ("before", -1, ":material/arrow_upward:", "Up", hints[0]),
            ("after", 1, ":material/arrow_downward:", "Down", hints[1]),
        ):
            st.button(
                icon,
                key=f"step-{name}",
                type="tertiary",
                shortcut=shortcut,
                help=hint,
                disabled=empty,
                on_click=step,
                args=(by,),
            )


def head(title: str, let_go: Callable[[], None]) -> None:
    """Draw the first line of what is chosen, with the way to close it (Esc).

    Parameters
    ----------
    title : str
        Markdown: foreign text has to be made plain before.
    let_go : callable
        Chooses nothing.
    """
    with st.container(key="detail-head", horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### {title}", width="stretch")
        st.button(
            ":material/close:",
            key="close",
            type="tertiary",
            shortcut="Esc",
            help=_("关闭(Esc)"),
            on_click=let_go,
        )


def choice(
    name: str,
    label: str,
    options: dict[str, str],
    value: str | None,
    narrow: Callable[[str, str], None],
    *,
    bare: bool = True,
) -> None:
    """Draw a filter that is one of several words.

    Parameters
    ----------
    name : str
        Parameter of the URL it stands for.
    label : str
        Read out, and shown unless ``bare``.
    options : dict of str
        What each word is called; the empty word leaves the filter open.
    value : str or None
        The word in force.
    narrow : callable
        Called with name and word.
    """

    def changed() -> None:
        narrow(name, st.session_state[f"filter-{name}"])

    st.session_state[f"filter-{name}"] = value if value in options else ""
    st.selectbox(
        label,
        list(options),
        key=f"filter-{name}",
        format_func=lambda code: options.get(code, code),
        label_visibility="collapsed" if bare else "visible",
        on_change=changed,
    )


def shown(page: str, at_first: Sequence[str]) -> list[str]:
    """Give the layers that are switched on."""
    found: list[str] = st.session_state.setdefault(f"{page}layers", list(at_first))
    return found


def switches(page: str, layers: Sequence[str]) -> None:
    """Draw the switches of a map's layers.

    Parameters
    ----------
    page : str
        What the names of the page's widgets begin with; may be empty.
    layers : sequence of str
        Keys of the layers, from below.
    """

    def switch(key: str) -> None:
        kept = [other for other in st.session_state[f"{page}layers"] if other != key]
        if st.session_state[f"{page}layer-{key}"]:
            kept.append(key)
        st.session_state[f"{page}layers"] = [other for other in layers if other in kept]

    with st.popover(_("图层"), icon=":material/layers:"):
        for key in layers:
            st.checkbox(
                _(described(key).label),
                key=f"{page}layer-{key}",
                value=key in st.session_state[f"{page}layers"],
                on_change=switch,
                args=(key,),
            )
