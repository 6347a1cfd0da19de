"""The audit: who did what, as a chain of hashes nobody can mend.

Rows are written in the transaction of the deed; a trigger gives each its place, its time and
its hash over the one before. Changing, deleting or reordering rows breaks the chain, and
:func:`verify` says where. The newest hash, kept elsewhere, also proves that the end is there.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gis.errors import BadInput

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("audit.sql"), "psycopg", mandatory_parameters=False)


class HashWrong(BadInput):
    """What shall be found in the chain is no hash."""

    template = "{hash} 不是审计链的哈希值。"
    cure = "哈希值是 64 位十六进制数,由 script/gis audit verify 显示。"


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
        Place and ``missing`` (rows before it are gone), ``changed`` (its content or its order),
        ``cut`` (the end is gone) or ``rewritten`` (the expected hash is not there); empty when it holds.
    rows : int
        Rows looked at.
    found : int or None
        Place of the expected hash.
    """

    seq: int
    hash: str
    base: int
    faults: list[tuple[int, str]]
    rows: int
    found: int | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


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
    """Write one row in the transaction of ``conn``, in the name of its actor.

    The chain has one writer at a time until he commits: write it late in a long transaction.
    """
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


def verify(
    conn: psycopg.Connection[Any], most: int = 20, *, expect: str | None = None, last: int | None = None
) -> Verdict:
    """Recompute the chain here, outside the database.

    Parameters
    ----------
    conn : psycopg.Connection
        Of a job.
    most : int
        Faults named at most.
    expect : str, optional
        A hash (hex) written down earlier: the chain must still contain it. Only this tells of a
        chain that somebody with all rights computed anew.
    last : int, optional
        Look at so many of the newest rows only.

    Raises
    ------
    HashWrong
        ``expect`` is no hash.
    """
    wanted = _hash(expect)
    walk = _Walk(base=0 if last is None else None)
    with conn.cursor(name="audit_chain") as cursor:
        cursor.itersize = 5000
        for link in cursor.execute(_queries.chain.sql, {"last": last}):
            walk.step(link, wanted)
    return walk.verdict(most, wanted)


@dataclass(slots=True)
class _Walk:
    """One pass over the chain: what was seen so far."""

    base: int | None
    head: tuple[int, bytes] | None = None
    rows: int = 0
    seq: int = 0
    hash: bytes = b""
    found: int | None = None
    forgot: bool = True
    faults: list[tuple[int, str]] = field(default_factory=list)

    def step(self, link: tuple[Any, ...], wanted: bytes | None) -> None:
        head_seq, head_hash, base_seq, base_hash, seq, stored, is_forget, parts = link
        if self.head is None and head_seq is not None:
            self.head = (head_seq, head_hash)
            self._begin(base_seq, base_hash, seq, wanted)
        if seq is None:
            return
        anchor = self.base is None and not self.rows
        computed = hashlib.sha256(self.hash + "\x1f".join(parts).encode()).digest()
        if not anchor and seq != self.seq + 1:
            self.faults.append((seq, "missing"))
        elif not anchor and computed != stored:
            self.faults.append((seq, "changed"))
        if is_forget and parts[5] == str(self.base):
            self.forgot = True
        if wanted == stored:
            self.found = seq
        self.rows, self.seq, self.hash = self.rows + 1, seq, stored

    def _begin(self, base_seq: int, base_hash: bytes, first: int | None, wanted: bytes | None) -> None:
        if self.base is None and first is not None and first > base_seq + 1:
            return  # not from the beginning: the first row seen is taken as it is
        self.base, self.seq, self.hash, self.forgot = base_seq, base_seq, base_hash, base_seq == 0
        if wanted == base_hash:
            self.found = base_seq

    def verdict(self, most: int, wanted: bytes | None) -> Verdict:
        if not self.forgot:  # the beginning went, and no row says that the retention took it
            self.faults.insert(0, ((self.base or 0) + 1, "missing"))
        if self.head != (self.seq, self.hash):
            self.faults.append((self.head[0] if self.head else self.seq, "cut"))
        if wanted is not None and self.found is None:
            self.faults.append((self.seq, "rewritten"))
        return Verdict(self.seq, self.hash.hex(), self.base or 0, self.faults[:most], self.rows, self.found)


def _hash(text: str | None) -> bytes | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text.strip()):
        raise HashWrong(hash=text[:80])
    return bytes.fromhex(text.strip())


def forget(conn: psycopg.Connection[Any], days: int) -> int:
    """Retention: drop rows older than ``days``; how many. The chain begins after them, and says so."""
    found = conn.execute(_queries.forget.sql, {"days": days}).fetchone()
    return int(found[0]) if found else 0
