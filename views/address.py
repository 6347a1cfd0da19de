"""What the URL says: network, area, kind, and the one thing that is chosen.

The URL is the only place this is kept, so a link shows a colleague the same, the browser's
back button works, and list and map cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

NETWORK = "network"
AREA = "area"
RULE = "rule"
FINDING = "finding"
GRID = "grid"
PAGE = "page"

CHOSEN = (FINDING, GRID)


@dataclass(frozen=True, slots=True)
class Address:
    """The parameters of the coverage page; None where the URL does not say."""

    network: str | None
    area: str | None
    rule: str | None
    finding: str | None
    grid: str | None
    page: int

    @property
    def chosen(self) -> tuple[str, str] | None:
        """Kind and key of what is chosen; the finding where a careless link names both."""
        if self.finding:
            return FINDING, self.finding
        return (GRID, self.grid) if self.grid else None


def read() -> Address:
    """Read the URL of this run."""
    asked = st.query_params
    page = asked.get(PAGE, "1")
    return Address(
        network=asked.get(NETWORK) or None,
        area=asked.get(AREA) or None,
        rule=asked.get(RULE) or None,
        finding=asked.get(FINDING) or None,
        grid=asked.get(GRID) or None,
        page=int(page) if page.isdecimal() and int(page[:9]) > 0 else 1,
    )


def choose(kind: str, key: str) -> None:
    """Choose a finding or a grid: what was chosen before is let go."""
    for other in CHOSEN:
        if other != kind:
            st.query_params.pop(other, None)
    st.query_params[kind] = key


def let_go() -> None:
    """Choose nothing."""
    for kind in CHOSEN:
        st.query_params.pop(kind, None)


def narrow(name: str, value: str | None) -> None:
    """Set or drop a filter; the list begins at its first page again."""
    st.query_params.pop(PAGE, None)
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def turn(page: int) -> None:
    """Go to a page of the list."""
    if page > 1:
        st.query_params[PAGE] = str(page)
    else:
        st.query_params.pop(PAGE, None)
