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

from gis.coverage import findings
from gis.coverage import summary
from gis.db.connection import APP
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import NotFound
from gis.records import areas
from gis.records import grids
from gis.records import networks
from gis.records import overview
from views import actor
from views.address import FINDING
from views.address import GRID

if TYPE_CHECKING:
    import psycopg

    from gis.coverage.findings import Finding
    from gis.records.overview import Overview
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
    behind : bool
        Whether a file came in after that refresh.
    counts : dict
        Findings of the network and area by rule and severity.
    total : int
        Length of the list under the filters of the address.
    page : int
        Page of the list, from 1.
    rows : list of Finding
        Findings on that page.
    place : int or None
        Where the chosen finding stands in the list, from 0.
    finding, grid : what is chosen, or None
    missing : bool
        Whether the address chose something that is not there any more.
    of_grid : list of Finding
        Findings that name the chosen grid.
    versions : dict
        Version of each table.
    """

    ground: Ground
    networks: list[networks.Network]
    network: str
    area: areas.Area | None
    headline: dict[str, Any] | None
    behind: bool
    counts: dict[str, dict[str, int]]
    total: int
    page: int
    rows: list[Finding]
    place: int | None
    finding: Finding | None
    grid: grids.Facts | None
    missing: bool
    of_grid: list[Finding]
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
        versions = dict(conn.execute(_queries().versions.sql).fetchall())
        ground = _ground(conninfo(APP), me, network, tuple(sorted(versions.items())))
        chosen_area = next((item for item in ground.areas if item.code == address.area), None)
        area = chosen_area.code if chosen_area else None
        rules = [address.rule] if address.rule else None
        counts = _counts(conn, network, area)
        total = sum(n for rule, of in counts.items() if not rules or rule in rules for n in of.values())
        newest = summary.headline(conn, network)
        imported = conn.execute(_queries().newest_import.sql).fetchone()
        finding, grid, missing = _chosen(conn, network, address)
        place = _place(conn, network, area, rules, finding)
        page = place // PAGE_SIZE + 1 if place is not None else min(address.page, max(-(-total // PAGE_SIZE), 1))
        return Desk(
            ground=ground,
            networks=known,
            network=network,
            area=chosen_area,
            headline=newest,
            behind=bool(newest and imported and imported[0] and imported[0] > newest["finished_at"]),
            counts=counts,
            total=total,
            page=page,
            rows=findings.listing(
                conn, network, rules=rules, area=area, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE
            ),
            place=place,
            finding=finding,
            grid=grid,
            missing=missing,
            of_grid=_of_grid(conn, network, grid),
            versions=versions,
        )


def neighbour(network: str, address: Address, place: int) -> Finding | None:
    """Give the finding at a place of the list, from 0; None beyond its ends."""
    if place < 0:
        return None
    with session(actor.current()) as conn:
        rules = [address.rule] if address.rule else None
        found = findings.listing(conn, network, rules=rules, area=address.area, limit=1, offset=place)
    return found[0] if found else None


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


def _counts(conn: psycopg.Connection[Any], network: str, area: str | None) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for rule, severity, number in conn.execute(_queries().listed.sql, {"network": network, "area": area}):
        found.setdefault(rule, {})[severity] = number
    return found


def _place(
    conn: psycopg.Connection[Any], network: str, area: str | None, rules: list[str] | None, finding: Finding | None
) -> int | None:
    if finding is None:
        return None
    row = conn.execute(
        _queries().position.sql, {"network": network, "area": area, "rules": rules, "id": finding.id}
    ).fetchone()
    return None if row is None else int(row[0])


def _chosen(
    conn: psycopg.Connection[Any], network: str, address: Address
) -> tuple[Finding | None, grids.Facts | None, bool]:
    kind, key = address.chosen or (None, "")
    try:
        if kind == FINDING:
            number = int(key) if key.isdecimal() and len(key) < LONGEST_ID else -1
            return findings.get(conn, number), None, False
        if kind == GRID:
            return None, grids.facts(conn, key, network), False
    except NotFound:
        return None, None, True
    return None, None, False


def _of_grid(conn: psycopg.Connection[Any], network: str, grid: grids.Facts | None) -> list[Finding]:
    if grid is None:
        return []
    ids = conn.execute(_queries().of_grid.sql, {"network": network, "grid": grid.code, "limit": OF_GRID}).fetchall()
    return [findings.get(conn, row[0]) for row in ids]
