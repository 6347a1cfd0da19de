"""Incidents: what happened, and in which grid of its day.

The grid is frozen when the record comes in (see ``derive_incidents`` in ``store.sql``):
redrawing grids later does not move what happened before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("incidents.sql"), "psycopg", mandatory_parameters=False)


class IncidentUnknown(NotFound):
    """No incident has this code."""

    template = "没有编号为 {code} 的事件。"
    cure = "请检查编号。"


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident; ``grid`` is the code of the grid of its day, None where nobody covered it."""

    id: int
    code: str
    kind: str
    category: str
    title: str
    address: str
    channel: str
    state: str
    occurred_at: datetime | None
    closed_at: datetime | None
    grid: str | None
    longitude: float | None
    latitude: float | None


def get(conn: psycopg.Connection[Any], code: str) -> Incident:
    """Give the incident with this code.

    Raises
    ------
    IncidentUnknown
        There is none.
    """
    with conn.cursor(row_factory=class_row(Incident)) as cursor:
        found = cursor.execute(_queries.incidents.sql, {"code": code, "grid": None, "limit": 1}).fetchone()
    if found is None:
        raise IncidentUnknown(code=code)
    return found


def of_grid(conn: psycopg.Connection[Any], grid_id: int, limit: int = 50) -> list[Incident]:
    """Give the latest incidents whose grid of the day was this one, newest first."""
    with conn.cursor(row_factory=class_row(Incident)) as cursor:
        return cursor.execute(_queries.incidents.sql, {"code": None, "grid": grid_id, "limit": limit}).fetchall()
