"""The backups that were made, for the list of them; making and checking one is left to ``backup``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from psycopg.rows import class_row

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

NEWEST = (
    "SELECT id, at, file, bytes, sha256, counts, checked_at, actor FROM atlas.backup ORDER BY at DESC, id DESC LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One backup that was made.

    Attributes
    ----------
    counts : dict
        Rows by table.
    checked_at : datetime or None
        When it was last restored and compared; None: never.
    """

    id: int
    at: datetime
    file: str
    bytes: int
    sha256: str
    counts: dict[str, Any]
    checked_at: datetime | None
    actor: str


def listing(conn: psycopg.Connection[Any], most: int = 50) -> list[Kept]:
    """Give the backups the actor may see, newest first."""
    with conn.cursor(row_factory=class_row(Kept)) as cursor:
        return cursor.execute(NEWEST, (most,)).fetchall()
