"""What the URL says: network, area, kind, state, owner, and the one thing that is chosen.

The URL is the only place this is kept, so a link shows a colleague the same, the browser's
back button works, and list and map cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from gis.coverage.ledger import OPEN
from gis.coverage.ledger import ORDERS
from gis.coverage.ledger import STATES
from gis.coverage.ledger import Query

NETWORK = "network"
AREA = "area"
RULE = "rule"
STATE = "state"
OWNER = "owner"
WORDS = "words"
ORDER = "order"
ENTRY = "entry"
FINDING = "finding"
GRID = "grid"
PAGE = "page"

CHOSEN = (ENTRY, FINDING, GRID)
FILTERS = (AREA, RULE, STATE, OWNER, WORDS, ORDER)
"""What narrows the list, and what it begins with."""
USUAL = "households"
"""What a list begins with unless the address says otherwise."""

EVERY = "all"
LATE = "late"
RETURNED = "returned"
"""Words of the state that are more, or less, than a state."""
ME = "me"
NOBODY = "none"
"""Words of the owner that are no account's name (those have at least two letters and are shown as such)."""


@dataclass(frozen=True, slots=True)
class Address:
    """The parameters of the coverage page; None where the URL does not say."""

    network: str | None
    area: str | None
    rule: str | None
    state: str | None
    owner: str | None
    words: str | None
    order: str
    entry: str | None
    finding: str | None
    grid: str | None
    page: int

    @property
    def chosen(self) -> tuple[str, str] | None:
        """Kind and key of what is chosen; the first where a careless link names several."""
        for kind, key in ((ENTRY, self.entry), (FINDING, self.finding), (GRID, self.grid)):
            if key:
                return kind, key
        return None

    @property
    def narrowed(self) -> bool:
        """Whether something narrows the list."""
        return any((self.area, self.rule, self.state, self.owner, self.words))

    def query(self, *, every_kind: bool = False) -> Query:
        """Give the entries of the ledger the address asks for.

        Parameters
        ----------
        every_kind : bool
            Leave the kind open, to count what each kind would give.
        """
        states = {None: OPEN, EVERY: None, LATE: OPEN, RETURNED: OPEN}
        single = (self.state,) if self.state in STATES else OPEN
        return Query(
            rules=(self.rule,) if self.rule and not every_kind else None,
            states=states.get(self.state, single),
            area=self.area,
            owner="" if self.owner == NOBODY else None if self.owner == ME else self.owner,
            mine=self.owner == ME,
            overdue=self.state == LATE,
            returned=self.state == RETURNED,
            text=self.words,
            order=self.order,
        )


def read() -> Address:
    """Read the URL of this run."""
    asked = st.query_params
    page = asked.get(PAGE, "1")
    return Address(
        network=asked.get(NETWORK) or None,
        area=asked.get(AREA) or None,
        rule=asked.get(RULE) or None,
        state=asked.get(STATE) or None,
        owner=asked.get(OWNER) or None,
        words=asked.get(WORDS) or None,
        order=order if (order := asked.get(ORDER, "")) in ORDERS else USUAL,
        entry=asked.get(ENTRY) or None,
        finding=asked.get(FINDING) or None,
        grid=asked.get(GRID) or None,
        page=int(page) if page.isdecimal() and int(page[:9]) > 0 else 1,
    )


def choose(kind: str, key: str) -> None:
    """Choose an entry, a finding or a grid: what was chosen before is let go."""
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


def apply(query: Query) -> None:
    """Set the filters to a saved query; nothing is chosen then."""
    let_go()
    states = query.states
    named = {
        AREA: query.area,
        RULE: query.rules[0] if query.rules else None,
        STATE: LATE if query.overdue else RETURNED if query.returned else EVERY if states is None else states[0],
        OWNER: ME if query.mine else NOBODY if query.owner == "" else query.owner,
        WORDS: query.text,
        ORDER: None if query.order == USUAL else query.order,
    }
    if states == OPEN and not query.overdue and not query.returned:
        named[STATE] = None
    for name in FILTERS:
        narrow(name, named[name])


def turn(page: int) -> None:
    """Go to a page of the list."""
    if page > 1:
        st.query_params[PAGE] = str(page)
    else:
        st.query_params.pop(PAGE, None)
