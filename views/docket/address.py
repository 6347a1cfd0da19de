"""What the URL says: which clock, what narrows the list, where the list begins, and the one case that is chosen.

The URL is the only place this is kept, so a link shows a colleague the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from gis.casework import listing
from gis.vocabulary import CaseState
from gis.vocabulary import IncidentKind

CASE = "case"
WHO = "who"
"""Parameters that choose: a case by its code; a place (``lon,lat``) or nothing yet, to ask whose it is."""
OF = "of"
WHAT = "what"
"""Kind and category of the matter whose owner is asked for."""
CLOCK = "clock"
KIND = "kind"
STATE = "state"
LEVEL = "level"
CATEGORY = "category"
UNIT = "unit"
AREA = "area"
WHOSE = "whose"
WORDS = "words"
ORDER = "order"
AFTER = "after"

FILTERS = (KIND, STATE, LEVEL, CATEGORY, UNIT, AREA, WHOSE, WORDS, ORDER)
ENDS = "ended"
"""Word of the clock for cases that have come to their end: these have none any more."""
ME = "me"
NOWHERE = "any"
"""Word of ``who`` before a place was named."""
LEVELS = ("1", "2", "3", "4")
HALF_TURN, QUARTER_TURN = 180, 90


@dataclass(frozen=True, slots=True)
class Address:
    """The parameters of the page; None where the URL does not say."""

    case: str | None
    who: str | None
    of: str
    what: str
    clock: str | None
    kind: str | None
    state: str | None
    level: int | None
    category: str | None
    unit: str | None
    area: str | None
    mine: bool
    words: str | None
    order: str | None
    after: listing.Place | None

    @property
    def narrowed(self) -> bool:
        """Whether something but the clock narrows the list."""
        return self.mine or any((self.kind, self.state, self.level, self.category, self.unit, self.area, self.words))

    @property
    def place(self) -> tuple[float, float] | None:
        """Place whose owner is asked for."""
        return coordinates(self.who or "")

    def query(self, *, every_clock: bool = False) -> listing.Query:
        """Give the cases the address asks for.

        Parameters
        ----------
        every_clock : bool
            Leave the clock open, to count what each would give.
        """
        clock = None if every_clock else self.clock
        standing = listing.ENDED if clock == ENDS else listing.OPEN
        states = (self.state,) if self.state else standing
        return listing.Query(
            kinds=(self.kind,) if self.kind else None,
            states=None if every_clock else states,
            level=self.level,
            clock=clock,
            category=self.category,
            unit=self.unit,
            mine=self.mine,
            area=self.area,
            text=self.words,
            order=self.order or listing.ORDERS[0],
        )


def read() -> Address:
    """Read the URL of this run; what is no word of ours is left out."""
    asked = st.query_params

    def one_of(name: str, known: object) -> str | None:
        value = asked.get(name)
        return value if value and value in known else None  # type: ignore[operator]

    level = one_of(LEVEL, LEVELS)
    return Address(
        case=asked.get(CASE) or None,
        who=asked.get(WHO) or None,
        of=one_of(OF, set(IncidentKind)) or IncidentKind.MATTER.value,
        what=asked.get(WHAT, "").strip(),
        clock=one_of(CLOCK, listing.CLOCKS),
        kind=one_of(KIND, set(IncidentKind)),
        state=one_of(STATE, set(CaseState)),
        level=int(level) if level else None,
        category=asked.get(CATEGORY) or None,
        unit=asked.get(UNIT) or None,
        area=asked.get(AREA) or None,
        mine=asked.get(WHOSE) == ME,
        words=asked.get(WORDS) or None,
        order=one_of(ORDER, listing.ORDERS),
        after=_place(asked.get(AFTER)),
    )


def choose(code: str) -> None:
    """Choose a case."""
    st.query_params.pop(WHO, None)
    st.query_params[CASE] = code


def ask(place: tuple[float, float] | None = None) -> None:
    """Ask whose a place is."""
    st.query_params.pop(CASE, None)
    st.query_params[WHO] = NOWHERE if place is None else f"{place[0]:.6f},{place[1]:.6f}"


def about(name: str, value: str) -> None:
    """Say what the matter is whose owner is asked for: its kind or its category."""
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def let_go() -> None:
    """Choose nothing."""
    for name in (CASE, WHO, OF, WHAT):
        st.query_params.pop(name, None)


def narrow(name: str, value: str | None) -> None:
    """Set or drop a filter; the list begins at its first row again, and nothing is chosen."""
    let_go()
    begin()
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def widen() -> None:
    """Drop all that narrows the list."""
    for name in (*FILTERS, CLOCK):
        st.query_params.pop(name, None)
    begin()


def begin(after: listing.Place | None = None) -> None:
    """Begin the list after a row; at its first one by default."""
    if after is None:
        st.query_params.pop(AFTER, None)
    else:
        st.query_params[AFTER] = "~".join((str(after.part), after.at.isoformat() if after.at else "", str(after.id)))


def coordinates(text: str) -> tuple[float, float] | None:
    """Read ``lon,lat``; None where the text says no place."""
    parts = text.split(",")
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError:
        return None
    return (lon, lat) if abs(lon) <= HALF_TURN and abs(lat) <= QUARTER_TURN else None


def _place(text: str | None) -> listing.Place | None:
    """Read where a list begins; None where the text says no such place."""
    found = re.fullmatch(r"([0-3])~([0-9T:.+-]*)~([0-9]{1,18})", text or "", re.ASCII)
    if found is None:
        return None
    try:
        return listing.Place(int(found[1]), datetime.fromisoformat(found[2]) if found[2] else None, int(found[3]))
    except ValueError:
        return None
