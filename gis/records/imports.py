"""Imports: which file brought what, and how it was read."""

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

_queries = aiosql.from_path(Path(__file__).with_name("imports.sql"), "psycopg", mandatory_parameters=False)


class ImportUnknown(NotFound):
    """No import has this number."""

    template = "没有编号为 {id} 的导入记录。"
    cure = "请在导入历史里选一条。"


@dataclass(frozen=True, slots=True)
class Import:
    """One file taken in."""

    id: int
    dataset: str
    network_code: str | None
    filename: str
    layer: str | None
    sha256: str
    fingerprint: str
    encoding: str | None
    datum: str
    datum_evidence: dict[str, Any]
    mapping: dict[str, Any]
    rows_read: int
    rows_inserted: int
    rows_updated: int
    rows_unchanged: int
    rows_repaired: int
    rows_rejected: int
    rejects_file: str | None
    actor: str
    created_at: datetime


def listing(conn: psycopg.Connection[Any], limit: int = 50) -> list[Import]:
    """Give the latest imports, newest first."""
    with conn.cursor(row_factory=class_row(Import)) as cursor:
        return cursor.execute(_queries.imports.sql, {"id": None, "limit": limit}).fetchall()


def get(conn: psycopg.Connection[Any], number: int) -> Import:
    """Give one import.

    Raises
    ------
    ImportUnknown
        There is none with this number.
    """
    with conn.cursor(row_factory=class_row(Import)) as cursor:
        found = cursor.execute(_queries.imports.sql, {"id": number, "limit": 1}).fetchone()
    if found is None:
        raise ImportUnknown(id=number)
    return found


def same_file(conn: psycopg.Connection[Any], sha256: str, fingerprint: str, network_code: str | None) -> int | None:
    """Give the number of the latest import of the same file read the same way; None if there is none."""
    given = {"sha256": sha256, "fingerprint": fingerprint, "network": network_code}
    found = conn.execute(_queries.same_file.sql, given).fetchone()
    return found[0] if found else None


def add(conn: psycopg.Connection[Any], row: dict[str, Any]) -> int:
    """Write the row of an import (keys as in :class:`Import`, the actor from the session); its number."""
    found = conn.execute(_queries.add.sql, row).fetchone()
    assert found is not None
    return int(found[0])


def audit(conn: psycopg.Connection[Any], row: dict[str, Any]) -> None:
    """Write the audit row of an import: ``relation``, ``subject``, ``after`` (jsonb), ``reason``."""
    conn.execute(_queries.audit.sql, row)
