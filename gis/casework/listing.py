"""The list of cases: by clock, narrowed down, a page at a time, however many there are.

A page begins after the last row of the one before it (its :attr:`Row.place`), so the thousandth
costs what the first one does. The open cases come by the end of their clock, those without one
after them, ended ones last, the newest of these first; each part is a walk along one index.
What an actor may see is the database's business; where he works is said again in the question,
so that an index serves it.
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from typing import Self
from zoneinfo import ZoneInfo

import aiosql
from psycopg.rows import kwargs_row

from gis.vocabulary import CaseState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from datetime import datetime

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("listing.sql"), "psycopg", mandatory_parameters=False)

OFFICE = ZoneInfo("Asia/Shanghai")
ENDED = (CaseState.CLOSED, CaseState.REJECTED, CaseState.MERGED)
OPEN = tuple(state for state in CaseState if state not in ENDED)
CLOCKS = ("late", "near", "running", "paused", "none", "ended")
ORDERS = ("due", "newest", "oldest")
"""By the end of the clock; by the day it happened."""

TALLIED = 10_000
"""Ended cases are counted up to here: nobody reads further, and the whole past takes long to count."""

RECENT_DAYS = 30
"""Of ended cases those are counted, for tabs, that happened so many days back, unless the query has days of its own."""

SAYING = 500
"""A text more cases say than this is looked for from the head of the list on; a rarer one through its index."""

# By its place in the list: && could not be asked through an index under row-level security.
_UNITS = (
    "(c.units[1] = ANY (%({name})s::text[]) OR c.units[2] = ANY (%({name})s::text[])"
    " OR c.units[3] = ANY (%({name})s::text[]) OR (c.units[4] IS NOT NULL AND c.units && %({name})s::text[]))"
)

_ENDED = "c.state IN ('closed', 'rejected', 'merged')"
_RECENT = "c.occurred_at >= now() - interval '{days} days'"
_RUNS = "c.state NOT IN ('closed', 'rejected', 'merged')"
# Said as clock_of() judges, on the bare columns.
_CLOCKS = {
    "late": f"{_RUNS} AND NOT c.suspended AND c.due_at < now()",
    "near": f"{_RUNS} AND NOT c.suspended AND c.due_at >= now() AND c.warn_at <= now()",
    "running": f"{_RUNS} AND NOT c.suspended AND c.due_at >= now() AND (c.warn_at IS NULL OR c.warn_at > now())",
    "paused": f"{_RUNS} AND c.suspended",
    "none": f"{_RUNS} AND NOT c.suspended AND c.due_at IS NULL",
    "ended": _ENDED,
}


class Place(NamedTuple):
    """Where a row stands in its list: part, moment it is ordered by, number of the case."""

    part: int
    at: datetime | None
    id: int


class _Part(NamedTuple):
    """A stretch of a list that one index serves: which cases, by which moment, forwards or backwards."""

    which: str
    column: str
    dated: bool
    backwards: bool
    states: tuple[CaseState, ...]

    @property
    def order(self) -> str:
        down = " DESC" if self.backwards else ""
        return f"c.{self.column}{down}, c.incident_id{down}"

    def conditions(self, after: Place | None) -> Iterator[str]:
        if self.which:
            yield self.which
        yield f"c.{self.column} IS {'NOT ' if self.dated else ''}NULL"
        if after is not None:
            beyond = "<" if self.backwards else ">"
            if self.dated:
                yield f"(c.{self.column}, c.incident_id) {beyond} (%(after_at)s, %(after_id)s)"
            else:
                yield f"c.incident_id {beyond} %(after_id)s"


_ALL = tuple(CaseState)
_PARTS = {
    "due": (
        _Part(_RUNS, "due_at", dated=True, backwards=False, states=OPEN),
        _Part(_RUNS, "due_at", dated=False, backwards=False, states=OPEN),
        _Part(_ENDED, "occurred_at", dated=True, backwards=True, states=ENDED),
        _Part(_ENDED, "occurred_at", dated=False, backwards=True, states=ENDED),
    ),
    "newest": tuple(_Part("", "occurred_at", dated=dated, backwards=True, states=_ALL) for dated in (True, False)),
    "oldest": tuple(_Part("", "occurred_at", dated=dated, backwards=False, states=_ALL) for dated in (True, False)),
}


@dataclass(frozen=True, slots=True)
class Query:
    """Which cases; None leaves a member open.

    Attributes
    ----------
    kinds, states : tuple of str or None
        Keep only these; :data:`OPEN` for what is not ended.
    level : int or None
        1 gravest … 4 least.
    clock : str or None
        One of :data:`CLOCKS`: how a case stands with its clock.
    category : str or None
        Name of a small class.
    unit : str or None
        A unit that leads or assists.
    handler : str or None
        Name of an account, or what it is called; empty for cases nobody handles.
    mine : bool
        The actor's own, or his units'.
    area : str or None
        Code of an area; those below it belong to it.
    grid : str or None
        Code of the grid of its day.
    channel : str or None
        How it came in.
    twins : bool
        Only those a possible duplicate of is known.
    text : str or None
        In the code, the title or the address, as the actor may read these.
    since, until : date or None
        First and last day it happened on, in the office's time.
    order : str
        One of :data:`ORDERS`.
    """

    kinds: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    level: int | None = None
    clock: str | None = None
    category: str | None = None
    unit: str | None = None
    handler: str | None = None
    mine: bool = False
    area: str | None = None
    grid: str | None = None
    channel: str | None = None
    twins: bool = False
    text: str | None = None
    since: date | None = None
    until: date | None = None
    order: str = "due"

    def as_json(self) -> dict[str, Any]:
        """Give what differs from an empty query, to be stored or told."""
        plain = asdict(Query())
        return {
            key: value.isoformat() if key in {"since", "until"} else value
            for key, value in asdict(self).items()
            if value != plain[key]
        }

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Take what was stored; what this version does not know is left aside."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in given.items():
            if key in known:
                values[key] = tuple(value) if isinstance(value, list) else value
        for key in ("since", "until"):
            if isinstance(values.get(key), str):
                values[key] = date.fromisoformat(values[key])
        if values.get("order", "due") not in ORDERS:
            values.pop("order")
        if values.get("clock") not in {None, *CLOCKS}:
            values.pop("clock")
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Row:
    """One case in a list; texts as the actor may read them, moments in UTC, place in degrees (CGCS2000).

    Attributes
    ----------
    seq : int
        Number of its last event: give it back to the acts, so that nobody overtakes unseen.
    clock : str
        One of :data:`CLOCKS`.
    handler : str or None
        What to call the account that has it.
    mine : bool
        Whether it is the actor's own, or his units'.
    area_code, area_name, grid_code : str or None
        Where it belongs: division, and grid of its day.
    asking : bool
        Whether more time was asked for.
    twin : bool
        Whether a possible duplicate of it is known.
    """

    id: int
    code: str
    seq: int
    kind: str
    category: str
    title: str
    address: str
    state: str
    suspended: bool
    level: int | None
    card: str | None
    units: list[str]
    handler: str | None
    mine: bool
    area_code: str | None
    area_name: str | None
    grid_code: str | None
    channel: str
    occurred_at: datetime | None
    closed_at: datetime | None
    stage: str | None
    due_at: datetime | None
    warn_at: datetime | None
    clock: str
    returns: int
    reworked: int
    reopened: int
    asking: bool
    twin: bool
    lon: float | None
    lat: float | None
    place: Place


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of cases for tabs, by state and by clock.

    Ended ones are those of the days the query asks for, else of the last :data:`RECENT_DAYS`;
    ``more``: there are further ones than :data:`TALLIED`.
    """

    states: dict[str, int]
    clocks: dict[str, int]
    more: bool

    @property
    def open(self) -> int:
        """How many are not ended."""
        return sum(number for state, number in self.states.items() if state in OPEN)


def cases(conn: psycopg.Connection[Any], query: Query, after: Place | None = None, limit: int = 50) -> list[Row]:
    """Give a page of the cases that fit.

    Parameters
    ----------
    conn : Connection
        Of a session (row-level security applies).
    query : Query
        Which ones, in which order.
    after : Place, optional
        :attr:`Row.place` of the last row of the page before.
    limit : int
        Rows of a page.
    """
    found: list[Row] = []
    for number, part, text, given in statements(conn, query, after):

        def placed(part: _Part = part, number: int = number, **values: Any) -> Row:  # noqa: ANN401 - a row's values
            return Row(**values, place=Place(number, values[part.column], values["id"]))

        with conn.cursor(row_factory=kwargs_row(placed)) as cursor:
            found += cursor.execute(text, {**given, "limit": limit - len(found)}).fetchall()
        if len(found) == limit:
            break
    return found


def statements(
    conn: psycopg.Connection[Any], query: Query, after: Place | None = None
) -> Iterator[tuple[int, _Part, bytes, dict[str, Any]]]:
    """Give the questions a page is put together from, one per part of the list: number, part, text, values."""
    conditions, given = _given(conn, query)
    for number, part in enumerate(_PARTS[query.order]):
        if (after is not None and number < after.part) or not _reaches(query, part):
            continue
        begin = after if after is not None and after.part == number else None
        values = given if begin is None else {**given, "after_at": begin.at, "after_id": begin.id}
        which = " AND ".join([*part.conditions(begin), *conditions])
        text = _queries.page.sql.replace("{which}", which).replace("{order}", part.order)
        yield number, part, text.encode(), values


def count(conn: psycopg.Connection[Any], query: Query, most: int | None = None) -> int:
    """Count the cases that fit, up to ``most`` where it is given."""
    conditions, given = _given(conn, query)
    return sum(number for _state, _clock, number in _tally(conn, conditions or ["true"], {**given, "limit": most}))


def counts(conn: psycopg.Connection[Any], query: Query) -> Counts:
    """Count the cases that fit by state and by clock, whatever state and clock the query asks for."""
    conditions, given = _given(conn, query, tabs=True)
    rows = _tally(conn, [_RUNS, *conditions], {**given, "limit": None})
    if query.since is None and query.until is None:
        conditions = [*conditions, _RECENT.format(days=RECENT_DAYS)]
    ended = _tally(conn, [_ENDED, *conditions], {**given, "limit": TALLIED + 1})
    states = dict.fromkeys(map(str, CaseState), 0)
    clocks = dict.fromkeys(CLOCKS, 0)
    for state, clock, number in (*rows, *ended):
        states[state] += number
        clocks[clock] += number
    return Counts(states, clocks, more=clocks["ended"] > TALLIED)


def _reaches(query: Query, part: _Part) -> bool:
    """Say whether a part of the list can hold a case that fits."""
    wanted = set(query.states) if query.states is not None else set(_ALL)
    if query.clock is not None:
        wanted &= set(ENDED if query.clock == "ended" else OPEN)
    if part.column == "due_at" and query.clock in {"late", "near", "running", "none"}:
        return part.dated == (query.clock != "none")
    return bool(wanted & set(part.states))


def _tally(conn: psycopg.Connection[Any], which: list[str], given: dict[str, Any]) -> list[tuple[str, str, int]]:
    text = _queries.tally.sql.replace("{which}", " AND ".join(which))
    return conn.execute(text.encode(), given).fetchall()


def _given(conn: psycopg.Connection[Any], query: Query, *, tabs: bool = False) -> tuple[list[str], dict[str, Any]]:
    """Put together the conditions that hold, and their values; without state and clock for tabs."""
    scope = conn.execute(_queries.scope.sql, {"handler": query.handler or None}).fetchone()
    everywhere, areas, grids, me, units, bound, handler, _alone = scope or (False, [], [], None, [], False, None, "")
    given: dict[str, Any] = {"me": me, "handler": handler, "my_units": units}
    which: list[str] = []
    if not everywhere:
        which.append("(c.area_id = ANY (%(scope_areas)s::bigint[]) OR c.grid_id = ANY (%(scope_grids)s::bigint[]))")
        given |= {"scope_areas": areas, "scope_grids": grids}
    if bound and query.unit is None and not query.mine:
        which.append(_UNITS.format(name="my_units"))
    if query.states is not None and not tabs:
        which.append("c.state = ANY (%(states)s::text[])")
        given["states"] = [str(state) for state in query.states]
    if query.clock is not None and not tabs:
        which.append(_CLOCKS[query.clock])
    if query.mine:
        which.append(
            f"(c.handler_id = %(me)s OR {_UNITS.format(name='my_units')})" if units else "c.handler_id = %(me)s"
        )
    if query.handler is not None:
        which.append("c.handler_id = %(handler)s" if query.handler else "c.handler_id IS NULL")
    if query.area is not None:
        which.append("c.area_id = ANY (%(areas)s::bigint[])")
        given["areas"] = _numbers(conn, _queries.areas.sql, {"area": query.area})
    if query.grid is not None:
        which.append("c.grid_id = ANY (%(grids)s::bigint[])")
        given["grids"] = _numbers(conn, _queries.grids.sql, {"grid": query.grid})
    words = (query.text or "").strip()
    saying = conn.execute(_queries.saying.sql, {"text": words, "most": SAYING}).fetchone() if words else None
    for wanted, condition, values in (
        (query.kinds is not None, "c.kind = ANY (%(kinds)s::text[])", {"kinds": list(query.kinds or ())}),
        (query.level is not None, "c.level = %(level)s", {"level": query.level}),
        (query.category is not None, "c.category = %(category)s", {"category": query.category}),
        (query.unit is not None, _UNITS.format(name="unit"), {"unit": [query.unit]}),
        (query.channel is not None, "c.channel = %(channel)s", {"channel": query.channel}),
        (query.since is not None, f"c.occurred_at >= {_midnight('since')}", {"since": query.since}),
        (query.until is not None, f"c.occurred_at < {_midnight('until', 1)}", {"until": query.until}),
        (
            saying is not None and saying[0] is not None,
            "c.incident_id = ANY (%(saying)s)",
            {"saying": saying and saying[0]},
        ),
        (query.twins, _queries.twins.sql, {}),
        (bool(words), _queries.said.sql, {"text": words}),
    ):
        if wanted:
            which.append(condition)
            given |= values
    return which, given


def _midnight(name: str, later: int = 0) -> str:
    return f"((%({name})s::date + {later})::timestamp AT TIME ZONE '{OFFICE.key}')"


def _numbers(conn: psycopg.Connection[Any], text: str, given: dict[str, Any]) -> list[int]:
    row = conn.execute(text.encode(), given).fetchone()
    return list(row[0]) if row else []
