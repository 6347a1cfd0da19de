"""What the coverage page reads, in one session per run of the page.

What is dear to count (:class:`Ground`) is kept under the versions of the tables it is
counted from, the rest is read at the moment of showing, so nothing can be stale. The
versions also go into the names of the map's layers, so that the map fetches its tiles
again exactly when they changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql

from gis.coverage import ledger
from gis.coverage import progress
from gis.coverage import summary
from gis.db.connection import APP
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import NotFound
from gis.records import areas
from gis.records import grids
from gis.records import networks
from gis.records import overview
from gis.records import people
from gis.records import visits
from views import actor
from views.address import ENTRY
from views.address import FINDING
from views.address import GRID

if TYPE_CHECKING:
    import psycopg

    from gis.coverage.ledger import Entry
    from gis.coverage.ledger import Event
    from gis.coverage.ledger import Person
    from gis.coverage.ledger import Query
    from gis.records.overview import Overview
    from gis.records.people import Staff
    from gis.records.visits import Visit
    from gis.vocabulary import Actor
    from views.address import Address

LONGEST_ID = 18
"""Digits every number of the database's bigint can have."""
PAGE_SIZE = 25
OF_GRID = 12


@dataclass(frozen=True, slots=True)
class Ground:
    """What changes only with the tables: how much there is, the areas, their figures."""

    overview: Overview
    areas: list[areas.Area]
    extent: tuple[float, float, float, float] | None
    communities: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Desk:
    """All that one run of the page shows.

    Attributes
    ----------
    network : str
        Code of the network shown.
    headline : dict or None
        Figures of the newest refresh; None before the first.
    run : dict or None
        The newest run: how far it is, or what stood in its way.
    query : Query
        Which entries of the ledger the address asks for.
    counts : dict
        Entries under the filters of the address, of every kind, by rule and severity.
    standing : dict
        Open entries of the network and area by rule and severity, whatever else narrows the list.
    states : dict
        Entries of the network by state, and how many are overdue.
    total : int
        Length of the list under the filters of the address.
    page : int
        Page of the list, from 1.
    rows : list of Entry
        Entries on that page.
    place : int or None
        Where the chosen entry stands in the list, from 0.
    entry, grid : what is chosen, or None
    history : list of Event
        What happened to the chosen entry.
    missing : bool
        Whether the address chose something that is not there any more.
    of_grid : list of Entry
        Open entries that name the chosen grid.
    staff : list of Staff
        Posts of the chosen grid.
    visit : Visit or None
        The newest visit of the chosen grid that counts.
    people : list of Person
        Whom the visitor may give entries to.
    versions : dict
        Version of each table.
    """

    ground: Ground
    networks: list[networks.Network]
    network: str
    area: areas.Area | None
    headline: dict[str, Any] | None
    run: dict[str, Any] | None
    query: Query
    counts: dict[str, dict[str, int]]
    standing: dict[str, dict[str, int]]
    states: dict[str, int]
    total: int
    page: int
    rows: list[Entry]
    place: int | None
    entry: Entry | None
    history: list[Event]
    grid: grids.Facts | None
    missing: bool
    of_grid: list[Entry]
    staff: list[Staff]
    visit: Visit | None
    people: list[Person]
    versions: dict[str, int]


@cache
def _queries() -> Any:  # noqa: ANN401  aiosql has no types
    return aiosql.from_path(Path(__file__).with_name("coverage.sql"), "psycopg", mandatory_parameters=False)


def load(address: Address) -> Desk:
    """Read all that the page shows under an address.

    Raises
    ------
    GridAtlasError
        The database cannot be asked.
    """
    me = actor.current()
    with session(me) as conn:
        known = networks.listing(conn)
        network = _network(known, address.network)
        now = versions(conn)
        ground = _ground(conninfo(APP), me, network, tuple(sorted(now.items())))
        area = next((item for item in ground.areas if item.code == address.area), None)
        query = address.query()
        counts = ledger.counts(conn, network, address.query(every_kind=True))
        total = sum(n for rule, of in counts.items() if not query.rules or rule in query.rules for n in of.values())
        newest = summary.headline(conn, network)
        entry, grid, missing = _chosen(conn, network, address)
        place = None if entry is None else ledger.position(conn, network, query, entry.id)
        page = place // PAGE_SIZE + 1 if place is not None else min(address.page, max(-(-total // PAGE_SIZE), 1))
        return Desk(
            ground=ground,
            networks=known,
            network=network,
            area=area,
            headline=newest,
            run=progress.newest(conn, network),
            query=query,
            counts=counts,
            standing=ledger.counts(conn, network, ledger.Query(states=ledger.OPEN, area=address.area)),
            states=ledger.states(conn, network),
            total=total,
            page=page,
            rows=ledger.entries(conn, network, query, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE),
            place=place,
            entry=entry,
            history=[] if entry is None else ledger.history(conn, entry.id),
            grid=grid,
            missing=missing,
            of_grid=[]
            if grid is None
            else ledger.entries(conn, network, ledger.Query(states=ledger.OPEN, grid=grid.code), limit=OF_GRID),
            staff=[] if grid is None else people.staff(conn, network=network, grid=grid.code),
            visit=None if grid is None else _last_visit(conn, network, grid.code),
            people=ledger.people(conn),
            versions=now,
        )


def versions(conn: psycopg.Connection[Any]) -> dict[str, int]:
    """Give the version of each table, and of the day: rights end with it."""
    return dict(conn.execute(_queries().versions.sql).fetchall())


def neighbour(desk: Desk, place: int) -> Entry | None:
    """Give the entry at a place of the list, from 0; None beyond its ends."""
    if place < 0:
        return None
    with session(actor.current()) as conn:
        found = ledger.entries(conn, desk.network, desk.query, limit=1, offset=place)
    return found[0] if found else None


def entry_of(finding: str) -> int | None:
    """Give the number of the entry behind a finding the map names; None where it is gone."""
    with session(actor.current()) as conn:
        return _entry_of(conn, finding)


def search(text: str, network: str) -> list[grids.Grid]:
    """Find grids by code, name or pinyin."""
    with session(actor.current()) as conn:
        return grids.search(conn, text, network)


@lru_cache(maxsize=16)
def _ground(database: str, me: Actor, network: str, versions: tuple[tuple[str, int], ...]) -> Ground:  # noqa: ARG001  the key
    with session(me) as conn:
        return Ground(
            overview=overview.counts(conn),
            areas=areas.listing(conn),
            extent=areas.extent(conn),
            communities=summary.communities(conn, network),
        )


def _network(known: list[networks.Network], wanted: str | None) -> str:
    codes = [item.code for item in known]
    if wanted in codes:
        return str(wanted)
    drawn = [item.code for item in known if item.grids]
    return (drawn or codes or ["comprehensive"])[0]


def _chosen(
    conn: psycopg.Connection[Any], network: str, address: Address
) -> tuple[Entry | None, grids.Facts | None, bool]:
    kind, key = address.chosen or (None, "")
    try:
        if kind in {ENTRY, FINDING}:
            number = _number(key) if kind == ENTRY else _entry_of(conn, key)
            return (None, None, True) if number is None else (ledger.get(conn, number), None, False)
        if kind == GRID:
            return None, grids.facts(conn, key, network), False
    except NotFound:
        return None, None, True
    return None, None, False


def _last_visit(conn: psycopg.Connection[Any], network: str, grid: str) -> Visit | None:
    """Give the newest visit of a grid that counts, among its latest."""
    return next((v for v in visits.listing(conn, network=network, grid=grid, limit=PAGE_SIZE) if v.counts), None)


def _entry_of(conn: psycopg.Connection[Any], finding: str) -> int | None:
    row = conn.execute(_queries().entry_of.sql, {"finding": _number(finding)}).fetchone()
    return None if row is None else int(row[0])


def _number(key: str) -> int | None:
    return int(key) if key.isdecimal() and len(key) < LONGEST_ID else None
