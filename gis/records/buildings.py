"""Buildings: one building's facts for a panel, and the street's totals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.errors import NotFound

if TYPE_CHECKING:
    from datetime import date

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("buildings.sql"), "psycopg", mandatory_parameters=False)


class BuildingUnknown(NotFound):
    """No building has this code."""

    template = "没有编码为 {code} 的楼栋。"
    cure = "请检查编码。"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a panel shows of one building.

    Attributes
    ----------
    grids : list of str
        Codes of the grids in force that cover its point, all networks; empty: nobody does.
    longitude, latitude : float or None
        EPSG:4490, degrees; None without a usable place.
    """

    id: int
    code: str
    name: str
    address: str
    kind: str
    households: int
    people: int
    floors: int | None
    built_on: date | None
    declared_grid: str | None
    grids: list[str]
    longitude: float | None
    latitude: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Buildings, households and people of the whole database; ``placeless`` have no point."""

    buildings: int
    households: int
    people: int
    placeless: int


def facts(conn: psycopg.Connection[Any], code: str) -> Facts:
    """Give the facts of the building with this code.

    Raises
    ------
    BuildingUnknown
        There is none.
    """
    with conn.cursor(row_factory=class_row(Facts)) as cursor:
        found = cursor.execute(_queries.facts.sql, {"code": code}).fetchone()
    if found is None:
        raise BuildingUnknown(code=code)
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """A building somebody looked for; texts as the actor may read them, place in degrees (EPSG:4490)."""

    code: str
    name: str
    address: str
    longitude: float
    latitude: float


def search(conn: psycopg.Connection[Any], text: str, limit: int = 8) -> list[Found]:
    """Give the buildings with a place whose code, name or address holds a text, shortest first."""
    words = text.strip()
    if not words:
        return []
    with conn.cursor(row_factory=class_row(Found)) as cursor:
        return cursor.execute(_queries.search.sql, {"text": words, "limit": limit}).fetchall()


def totals(conn: psycopg.Connection[Any]) -> Totals:
    """Give the totals over all buildings."""
    with conn.cursor(row_factory=class_row(Totals)) as cursor:
        found = cursor.execute(_queries.totals.sql).fetchone()
    assert found is not None
    return found
