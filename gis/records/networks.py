"""Networks (网): the nets that lie side by side over one street, and their limits.

The usual ones and their limits come from ``data/reference/networks.csv``, a table an
office may edit; they enter the database the first time records do.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.errors import NotFound
from gis.i18n import joined
from gis.i18n import translate as _
from gis.settings import CHECKOUT

if TYPE_CHECKING:
    import psycopg

TABLE = CHECKOUT / "data" / "reference" / "networks.csv"

_queries = aiosql.from_path(Path(__file__).with_name("networks.sql"), "psycopg", mandatory_parameters=False)


class NetworkUnknown(NotFound):
    """No network has this code."""

    template = "没有编码为 {code} 的网,已知的有:{known}。"
    cure = "请改正编码,或先在 data/reference/networks.csv 里加上这张网。"


@dataclass(frozen=True, slots=True)
class Network:
    """One network.

    Attributes
    ----------
    households_min, households_max : int or None
        Size a grid of it shall have; None: not limited.
    border_distance_m, sliver_width_m : float
        Nearer than this a building counts as on the border; narrower than this a gap is a sliver.
    grids : int
        Grids in force.
    """

    id: int
    code: str
    name: str
    kind: str
    households_min: int | None
    households_max: int | None
    border_distance_m: float
    sliver_width_m: float
    grids: int


def defaults() -> dict[str, dict[str, Any]]:
    """Give the networks of the reference table, by code."""
    return _read(TABLE)


def ensure_defaults(conn: psycopg.Connection[Any]) -> None:
    """Add the networks of the reference table that the database does not have yet."""
    known = {network.code for network in listing(conn)}
    for code, row in defaults().items():
        # Even an insert of no row counts as a change of the table: only what is missing is added.
        if code not in known:
            conn.execute(_queries.add.sql, row)


def ensure(conn: psycopg.Connection[Any], code: str) -> Network:
    """Give the network with this code, adding it from the reference table where it is missing.

    Raises
    ------
    NetworkUnknown
        Neither the database nor the reference table has it.
    """
    found = _get(conn, code)
    if found is None and code in defaults():
        conn.execute(_queries.add.sql, defaults()[code])
        found = _get(conn, code)
    if found is None:
        known = {*defaults(), *(network.code for network in listing(conn))}
        raise NetworkUnknown(code=code, known=joined(sorted(known)) or _("(无)"))
    return found


def get(conn: psycopg.Connection[Any], code: str) -> Network:
    """Give the network with this code.

    Raises
    ------
    NetworkUnknown
        The database does not have it.
    """
    found = _get(conn, code)
    if found is None:
        raise NetworkUnknown(code=code, known=joined(n.code for n in listing(conn)) or _("(无)"))
    return found


def listing(conn: psycopg.Connection[Any]) -> list[Network]:
    """Give all networks in the order they came in, with their numbers of grids in force."""
    with conn.cursor(row_factory=class_row(Network)) as cursor:
        return cursor.execute(_queries.listing.sql, {"code": None}).fetchall()


def _get(conn: psycopg.Connection[Any], code: str) -> Network | None:
    with conn.cursor(row_factory=class_row(Network)) as cursor:
        return cursor.execute(_queries.listing.sql, {"code": code}).fetchone()


@cache
def _read(path: Path) -> dict[str, dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    return {
        row["code"]: {
            **row,
            "households_min": int(row["households_min"]) if row["households_min"] else None,
            "households_max": int(row["households_max"]) if row["households_max"] else None,
            "border_distance_m": float(row["border_distance_m"]),
            "sliver_width_m": float(row["sliver_width_m"]),
        }
        for row in rows
    }
