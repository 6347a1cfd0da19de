"""The audit: who did what, as a chain of hashes nobody can mend.

Rows are written in the transaction of the deed; a trigger gives each its place, its time and
its hash over the one before. Changing, deleting or reordering rows breaks the chain, and
:func:`verify` says where. The newest hash, kept elsewhere, also proves that the end is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("audit.sql"), "psycopg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One deed."""

    seq: int
    at: datetime
    actor: str
    origin: str
    action: str
    relation: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds.

    Attributes
    ----------
    seq, hash : int, str
        Newest place and its hash (hex), to be written down elsewhere.
    base : int
        Place before the oldest row kept (0 before anything was forgotten).
    faults : list of (int, str)
        Place and ``missing``, ``changed`` or ``cut``; empty when it holds.
    """

    seq: int
    hash: str
    base: int
    faults: list[tuple[int, str]]


def note(
    conn: psycopg.Connection[Any],
    action: str,
    relation: str,
    subject: str = "",
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Write one row in the transaction of ``conn``, in the name of its actor."""
    given = {
        "action": action,
        "relation": relation,
        "subject": subject,
        "before": None if before is None else Jsonb(before),
        "after": None if after is None else Jsonb(after),
        "reason": reason,
    }
    conn.execute(_queries.note.sql, given)


def listing(
    conn: psycopg.Connection[Any],
    *,
    actor: str | None = None,
    action: str | None = None,
    relation: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    below: int | None = None,
    most: int = 200,
) -> list[Row]:
    """Give rows that fit, newest first; ``below`` pages on from a place of the chain."""
    given = {
        "actor": actor, "action": action, "relation": relation, "subject": subject,
        "since": since, "until": until, "below": below, "most": most,
    }  # fmt: skip
    with conn.cursor(row_factory=class_row(Row)) as cursor:
        return cursor.execute(_queries.listing.sql, given).fetchall()


def verify(conn: psycopg.Connection[Any], most: int = 20) -> Verdict:
    """Recompute the whole chain; needs a job's connection."""
    faults = [(int(seq), str(fault)) for seq, fault in conn.execute(_queries.faults.sql, {"most": most})]
    head = conn.execute(_queries.head.sql).fetchone()
    assert head is not None
    return Verdict(int(head[0]), str(head[1]), int(head[2]), faults)


def forget(conn: psycopg.Connection[Any], days: int) -> int:
    """Retention: drop rows older than ``days``; how many. The chain begins after them, and says so."""
    found = conn.execute(_queries.forget.sql, {"days": days}).fetchone()
    return int(found[0]) if found else 0
