"""Tokens for machines: random, stored hashed, for named uses, expiring, revocable."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.access import accounts
from gis.access.sessions import GATE
from gis.access.sessions import Visitor
from gis.access.sessions import digest
from gis.db.connection import session
from gis.errors import BadInput
from gis.settings import AccessSettings
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("tokens.sql"), "psycopg", mandatory_parameters=False)

PREFIX = "ga_"
USES = ("tiles", "findings", "metrics")


class TokenWrong(BadInput):
    """A token without a label, a use, or a sensible life."""

    template = "令牌的设置有误:{detail}。"
    cure = "名称 1 到 80 字;用途从 tiles、findings、metrics 中选;有效期 1 到 {days} 天。"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as people see it: never the token itself."""

    id: int
    account: str
    label: str
    permits: list[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def add(conn: psycopg.Connection[Any], name: str, label: str, permits: Iterable[str], days: int) -> str:
    """Make a token for an account; the token, shown this once.

    Raises
    ------
    TokenWrong, AccountUnknown
    """
    limit = AccessSettings().token_days
    wanted, label = sorted(set(permits)), label.strip()
    if not wanted or not set(wanted) <= set(USES) or not 1 <= days <= limit or not 1 <= len(label) <= 80:  # noqa: PLR2004 - the column's limit
        raise TokenWrong(detail=label[:80] or "-", days=limit)
    account = accounts.get(conn, name)
    token = PREFIX + secrets.token_urlsafe(32)
    given = {"account": account.id, "label": label, "token": digest(token), "permits": wanted, "days": days}
    conn.execute(_queries.add.sql, given)
    return token


def find(token: str) -> Visitor | None:
    """Give who stands behind a machine's token; None when it is unknown, over or revoked."""
    if not token.startswith(PREFIX) or len(token) > 128:  # noqa: PLR2004 - ours are 46 characters
        return None
    with session(Actor(GATE, ActorKind.JOB)) as conn:
        row = conn.execute(_queries.find.sql, {"token": digest(token)}).fetchone()
        if row is None:
            return None
        number, account, name, display, roles, permits, stale, demo = row
        if stale:
            conn.execute(_queries.used.sql, {"id": number})
    return Visitor(0, account, name, display, tuple(roles), demo=demo, permits=tuple(permits))


def listing(conn: psycopg.Connection[Any]) -> list[Token]:
    """Give the tokens the actor may see, newest first."""
    with conn.cursor(row_factory=class_row(Token)) as cursor:
        return cursor.execute(_queries.listing.sql).fetchall()


def revoke(conn: psycopg.Connection[Any], number: int) -> bool:
    """End a token; whether there was a live one."""
    return conn.execute(_queries.revoke.sql, {"id": number}).rowcount == 1
