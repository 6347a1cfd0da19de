"""Quiet tables: plain HTML in which every cell is foreign text.

The toolkit's own tables carry menus in English and read cells as Markdown; these do neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from views import format as written

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

LONGEST = 80
"""Characters of a cell; the whole text is in its title."""


def draw(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[int] = (),
    chosen: int | None = None,
    links: Sequence[str | None] = (),
) -> None:
    """Draw a table.

    Parameters
    ----------
    head : sequence of str
        Names of the columns.
    rows : iterable of sequences
        Cells; None is drawn as a dash.
    numbers : sequence of int
        Columns that are set to the right.
    chosen : int, optional
        Row that is marked as chosen.
    links : sequence of str or None
        Where the first cell of each row leads, of this house.
    """
    top = "".join(f"<th{_right(at, numbers)}>{written.html(name)}</th>" for at, name in enumerate(head))
    body = "".join(
        f"<tr{' class=chosen' if line == chosen else ''}>"
        + "".join(
            _cell(value, _right(at, numbers), links[line] if at == 0 and line < len(links) else None)
            for at, value in enumerate(row)
        )
        + "</tr>"
        for line, row in enumerate(rows)
    )
    shown = f'<table class="ga-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    st.html(f'<div class="ga-scroll">{shown}</div>')


def _right(at: int, numbers: Sequence[int]) -> str:
    return " class=number" if at in numbers else ""


def _cell(value: object, kind: str, link: str | None = None) -> str:
    if value is None:
        return f"<td{kind}>{written.NO_FIGURE}</td>"
    text = str(value)
    shown = written.html(text) if len(text) <= LONGEST else f"{written.html(text[:LONGEST])}…"
    title = "" if len(text) <= LONGEST else f' title="{written.html(text[:600])}"'
    if link is not None:
        shown = f'<a href="{written.html(link)}" target="_self">{shown}</a>'
    return f"<td{kind}{title}>{shown}</td>"
