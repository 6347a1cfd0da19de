"""What the page reads in one session per run: the list under the address, and the chosen case.

What changes only with tables (areas, units, how far the land reaches) is kept under the
versions of the tables; the rest is read at the moment of showing, so nothing can be stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import Any

from gis.casework import files
from gis.casework import listing
from gis.casework import resolver
from gis.casework.errors import CaseMissing
from gis.db.connection import APP
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.records import areas
from gis.records import duties
from gis.records import networks
from views import actor
from views.source import versions

if TYPE_CHECKING:
    from datetime import date

    from gis.casework.files import Casefile
    from gis.casework.files import Event
    from gis.casework.files import Photo
    from gis.casework.resolver import Answer
    from gis.vocabulary import Act
    from gis.vocabulary import Actor
    from views.docket.address import Address

PAGE_SIZE = 40
MOST_DUTIES = 2000
OWN_UNITS = "SELECT unnest(atlas.account_units())"


@dataclass(frozen=True, slots=True)
class Ground:
    """What changes only with the tables: areas, how far they reach, units of the duty list."""

    areas: list[areas.Area]
    extent: tuple[float, float, float, float] | None
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """All that one run of the page shows.

    Attributes
    ----------
    as_of : datetime
        When it was read.
    counts : dict
        Cases under the filters by state of the clock; ``""`` all that are open, ``ended`` those that ended.
    states : dict
        The same cases by state.
    total : int
        Length of the list; of very long ones no more is counted than the list can tell.
    rows : list of Row
        Cases on this page.
    more : Place or None
        Where the next page begins; None: there is none.
    case : Casefile or None
        The chosen case; ``missing``: the address chose one that is not there.
    acts : tuple of Act
        What the visitor can do with it now.
    units : tuple of str
        Units the visitor works for.
    answer : Answer or None
        Whose the place is that the address asks for.
    newest : date or None
        Day the latest case occurred on.
    versions : dict
        Version of each table.
    """

    as_of: datetime
    ground: Ground
    network: str
    query: listing.Query
    counts: dict[str, int]
    states: dict[str, int]
    total: int
    rows: list[listing.Row]
    more: listing.Place | None
    case: Casefile | None
    missing: bool
    history: list[Event]
    photos: list[Photo]
    acts: tuple[Act, ...]
    units: tuple[str, ...]
    answer: Answer | None
    newest: date | None
    versions: dict[str, int]

    @property
    def places(self) -> dict[str, str]:
        """Names of the areas by code."""
        return {item.code: item.name or item.code for item in self.ground.areas}


def load(at: Address) -> Desk:
    """Read all that the page shows under an address.

    Raises
    ------
    GridAtlasError
        The database cannot be asked.
    """
    me = actor.current()
    with session(me) as conn:
        known = networks.listing(conn)
        now = versions(conn)
        ground = _ground(conninfo(APP), me, tuple(sorted(now.items())))
        query = at.query()
        rows = listing.cases(conn, query, after=at.after, limit=PAGE_SIZE + 1)
        tally = listing.counts(conn, at.query(every_clock=True))
        case, missing = _chosen(conn, at)
        return Desk(
            as_of=datetime.now(UTC),
            ground=ground,
            network=next((item.code for item in known if item.grids), "comprehensive"),
            query=query,
            counts={"": tally.open, **tally.clocks},
            states=tally.states,
            total=listing.count(conn, query, listing.TALLIED + 1),
            rows=rows[:PAGE_SIZE],
            more=rows[PAGE_SIZE - 1].place if len(rows) > PAGE_SIZE else None,
            case=case,
            missing=missing,
            history=files.history(conn, case.incident_id) if case else [],
            photos=files.photos(conn, case.incident_id) if case else [],
            acts=files.acts(conn, case, me) if case else (),
            units=tuple(unit for (unit,) in conn.execute(OWN_UNITS)),
            answer=resolver.resolve(conn, at.place, at.of, at.what, datetime.now(UTC)) if at.place else None,
            newest=files.newest(conn),
            versions=now,
        )


def first(desk: Desk, after: listing.Place) -> listing.Row | None:
    """Give the first case after a row of the list."""
    with session(actor.current()) as conn:
        found = listing.cases(conn, desk.query, after=after, limit=1)
    return found[0] if found else None


def _chosen(conn: Any, at: Address) -> tuple[Casefile | None, bool]:  # noqa: ANN401  a connection of psycopg
    if at.case is None:
        return None, False
    try:
        return files.get(conn, at.case), False
    except CaseMissing:
        return None, True


@lru_cache(maxsize=16)
def _ground(database: str, me: Actor, versions: tuple[tuple[str, int], ...]) -> Ground:  # noqa: ARG001  the key
    with session(me) as conn:
        items = duties.listing(conn, limit=MOST_DUTIES)
        units = (unit for item in items for unit in (item.lead.strip(), *duties.units(item.assists)))
        return Ground(
            areas=areas.listing(conn),
            extent=areas.extent(conn),
            units=tuple(dict.fromkeys(unit for unit in units if unit)),
        )
