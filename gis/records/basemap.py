"""The office's own basemap: how much of roads, water and green there is, and the kinds drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

if TYPE_CHECKING:
    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("basemap.sql"), "psycopg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of road, water or green land, with its number of records."""

    relation: str
    kind: str
    records: int


def kinds(conn: psycopg.Connection[Any]) -> list[Kind]:
    """Give the kinds present in each table of the basemap, the most frequent first."""
    with conn.cursor(row_factory=class_row(Kind)) as cursor:
        return cursor.execute(_queries.kinds.sql).fetchall()
