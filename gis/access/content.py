"""What a database holds, as figures that can be compared: rows and a hash for every table.

The hash of a table does not depend on the order of its rows; columns that the database
computes by itself are left out, so another version of its libraries gives the same hash.
The structure (columns, policies, rights, functions, triggers, indexes) has a hash as well.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg import sql

if TYPE_CHECKING:
    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("content.sql"), "psycopg", mandatory_parameters=False)

FIXED = "SET LOCAL extra_float_digits = 1; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'iso_8601';"
"""How values are written must not depend on the server's settings."""


@dataclass(frozen=True, slots=True)
class Content:
    """Figures of a database.

    Attributes
    ----------
    tables : dict of str to (int, str)
        Rows and hash of each table of schema ``atlas``.
    structure : str
        Hash of everything that is not a row.
    """

    tables: dict[str, tuple[int, str]]
    structure: str

    def differs(self, other: Content, *, structure: bool = True) -> list[str]:
        """Give the names of tables (and ``structure``) in which two databases are not the same."""
        names = sorted(self.tables.keys() | other.tables.keys())
        found = [name for name in names if self.tables.get(name) != other.tables.get(name)]
        return [*found, "structure"] if structure and self.structure != other.structure else found


def measure(conn: psycopg.Connection[Any]) -> Content:
    """Read all of schema ``atlas`` once; needs a connection that sees every row."""
    conn.execute(FIXED)
    tables = {}
    for name, columns in conn.execute(_queries.tables.sql).fetchall():
        row = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(column)) for column in columns)
        query = sql.SQL(_queries.hashed.sql).format(row=row, table=sql.Identifier("atlas", name))
        found = conn.execute(query).fetchone()
        assert found is not None
        tables[str(name)] = (int(found[0]), str(found[1]))
    return Content(tables, _structure(conn))


def loose_sequences(conn: psycopg.Connection[Any]) -> list[str]:
    """Give the tables whose next number was given out already."""
    found = []
    for table, column, sequence in conn.execute(_queries.identities.sql).fetchall():
        query = sql.SQL(
            "SELECT coalesce((SELECT max({column}) FROM {table}), 0) < last_value + is_called::int FROM {sequence}"
        ).format(
            column=sql.Identifier(column),
            table=sql.Identifier("atlas", table),
            sequence=sql.Identifier("atlas", sequence),
        )
        if conn.execute(query).fetchone() != (True,):
            found.append(str(table))
    return found


def _structure(conn: psycopg.Connection[Any]) -> str:
    before = conn.execute("SELECT current_setting('search_path')").fetchone()
    conn.execute("SET LOCAL search_path = pg_catalog")
    lines = sorted("\x1f".join(str(part) for part in row) for row in conn.execute(_queries.structure.sql))
    conn.execute("SELECT set_config('search_path', %s, true)", before)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
