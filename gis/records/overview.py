"""How much of everything there is: what a page shows when it is empty, and what is missing next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

if TYPE_CHECKING:
    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("overview.sql"), "psycopg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class Overview:
    """Numbers of records; ``grids`` counts those in force, ``basemap`` roads, water and green."""

    areas: int
    networks: int
    grids: int
    buildings: int
    incidents: int
    basemap: int
    excluded: int
    imports: int
    findings: int
    refreshes: int

    @property
    def empty(self) -> bool:
        """Whether no record of the street is there at all."""
        return not (self.areas or self.grids or self.buildings or self.incidents)


def counts(conn: psycopg.Connection[Any]) -> Overview:
    """Count the records of every kind."""
    with conn.cursor(row_factory=class_row(Overview)) as cursor:
        found = cursor.execute(_queries.counts.sql).fetchone()
    assert found is not None
    return found
