"""Areas: districts, streets and communities, the land that has to be covered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

if TYPE_CHECKING:
    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("areas.sql"), "psycopg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class Area:
    """One area.

    Attributes
    ----------
    area_m2 : float
        Area on the ellipsoid, m².
    bounds : tuple of float
        West, south, east, north in degrees (EPSG:4490).
    """

    id: int
    code: str
    name: str
    level: str
    parent_code: str | None
    area_m2: float
    bounds: tuple[float, float, float, float]


def listing(conn: psycopg.Connection[Any], level: str | None = None) -> list[Area]:
    """Give the areas (of one level), widest first, then by code."""
    with conn.cursor(row_factory=class_row(Area)) as cursor:
        return cursor.execute(_queries.listing.sql, {"level": level}).fetchall()


def lowest_level(conn: psycopg.Connection[Any]) -> str | None:
    """Name the lowest level present: its land is what has to be covered; None without areas."""
    found = conn.execute(_queries.lowest.sql).fetchone()
    return found[0] if found else None


def extent(conn: psycopg.Connection[Any]) -> tuple[float, float, float, float] | None:
    """Give the box of all areas (of grids, of buildings where there are none), degrees; None when empty."""
    found = conn.execute(_queries.extent.sql).fetchone()
    return (found[0], found[1], found[2], found[3]) if found else None
