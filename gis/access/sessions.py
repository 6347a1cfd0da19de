"""Signing in and what follows: sessions that live in the database and end there.

A session is an opaque random token; only its hash is stored. It ends by signing out, by
being revoked, after its idle or absolute time, when the account is switched off, or when the
password changes. All of this works as jobs: persons read neither hashes nor tokens.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.access import accounts
from gis.access import audit
from gis.access import passwords
from gis.access.errors import AccountLocked
from gis.access.errors import PasswordElsewhere
from gis.access.errors import SignInFailed
from gis.db.connection import session
from gis.settings import AccessSettings
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind
from gis.vocabulary import Role

if TYPE_CHECKING:
    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("sessions.sql"), "psycopg", mandatory_parameters=False)

GATE = "job:gate"
LONGEST_AGENT = 200
NOBODY: tuple[Any, ...] = (None,) * 9


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who stands behind a live session or token.

    Attributes
    ----------
    session : int
        Number of the session; 0 for a machine's token.
    roles : tuple of str
        In force today.
    must_change : bool
        The password has to be changed before anything else.
    permits : tuple of str or None
        Uses a machine's token is limited to; None for a person's session.
    """

    session: int
    account: int
    name: str
    display: str
    roles: tuple[str, ...]
    must_change: bool = False
    demo: bool = False
    permits: tuple[str, ...] | None = None

    def actor(self, origin: str = "") -> Actor:
        """Give the actor that works for this visitor."""
        return Actor(self.name, origin=origin)


@dataclass(frozen=True, slots=True)
class Live:
    """One live session, for the list of them."""

    id: int
    name: str
    display: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


def digest(token: str) -> bytes:
    """Hash a token the way it is stored (SHA-256: tokens are random, not guessed)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _gate(origin: str, name: str = GATE) -> Actor:
    return Actor(name, ActorKind.JOB, origin)


def _rests(locked: datetime | None) -> AccountLocked | None:
    """Say that an account rests after too many failures, when it does."""
    if locked is None or locked <= datetime.now(UTC):
        return None
    return AccountLocked(minutes=math.ceil((locked - datetime.now(UTC)).total_seconds() / 60))


def _count(conn: psycopg.Connection[Any], account: int) -> None:
    """Count a failure; enough of them lock the account, each time for longer."""
    settings = AccessSettings()
    limits = {"after": settings.lock_after, "first": settings.lock_first_s, "most": settings.lock_most_s}
    conn.execute(accounts.queries.failed.sql, {"account": account, **limits})


def sign_in(name: str, password: str, *, origin: str = "", agent: str = "", demo: bool = False) -> str:
    """Check name and password and start a session.

    Parameters
    ----------
    name, password : str
        As typed; the name's case does not matter.
    origin, agent : str
        Network address and browser, for the list of sessions and the audit.
    demo : bool
        Whether demo accounts may come in here (a request from this machine itself).

    Returns
    -------
    str
        The token for the cookie.

    Raises
    ------
    SignInFailed, AccountLocked
        The failure is counted and audited.
    """
    name = name.strip().lower()[:64]
    refused: SignInFailed | AccountLocked | None = None
    token = ""
    with session(_gate(origin, name if accounts.NAME.fullmatch(name) else GATE)) as conn:
        row = conn.execute(accounts.queries.credential.sql, {"name": name}).fetchone()
        account, active, is_demo, stored, _former, _must, _changed, failures, locked = row or NOBODY
        refused = _rests(locked)
        if refused is None and (not passwords.matches(stored, password) or not active or (is_demo and not demo)):
            refused = SignInFailed()
            if account is not None and stored is not None:
                _count(conn, account)
        if refused is not None:
            why = "locked" if isinstance(refused, AccountLocked) else "refused"
            audit.note(conn, "sign_in_failed", "login_session", name, after={"why": why, "failures": failures})
        else:
            rehash = passwords.hashed(password) if passwords.outdated(stored) else None
            conn.execute(accounts.queries.succeeded.sql, {"account": account, "rehash": rehash})
            token = start(conn, account, name, origin=origin, agent=agent)
    if refused is not None:
        raise refused
    return token


def start(
    conn: psycopg.Connection[Any], account: int, name: str, *, origin: str, agent: str, way: str = "password"
) -> str:
    """Start a session for an account that proved itself; the token."""
    settings = AccessSettings()
    roles = accounts.get(conn, name).roles
    wall = roles == [Role.WALL]
    life = settings.wall_days * 86_400 if wall else settings.session_hours * 3600
    token = secrets.token_urlsafe(32)
    given = {
        "token": digest(token),
        "account": account,
        "idle_s": life if wall else settings.idle_minutes * 60,
        "life_s": life,
        "address": origin[:64],
        "agent": agent[:LONGEST_AGENT],
    }
    row = conn.execute(_queries.start.sql, given).fetchone()
    assert row is not None
    audit.note(conn, "sign_in", "login_session", name, after={"session": row[0], "way": way})
    return token


def find(token: str, *, alive: bool = True) -> Visitor | None:
    """Give who stands behind a token; None when the session is over.

    Parameters
    ----------
    token : str
        From the cookie.
    alive : bool
        Whether this is a sign of life of the person, or only the house looking after an open page.
    """
    if not token or len(token) > 128:  # noqa: PLR2004 - ours are 43 characters
        return None
    with session(Actor(GATE, ActorKind.JOB)) as conn:
        given = {"token": digest(token), "password_days": AccessSettings().password_days}
        row = conn.execute(_queries.find.sql, given).fetchone()
        if row is None:
            return None
        number, account, name, display, roles, must_change, stale, demo = row
        if stale and alive:
            conn.execute(_queries.seen.sql, {"id": number})
    return Visitor(number, account, name, display, tuple(roles), must_change, demo)


def end(token: str, *, origin: str = "", ending: str = "signed_out") -> None:
    """End a session; nothing happens when it is over already."""
    with session(_gate(origin)) as conn:
        row = conn.execute(_queries.end.sql, {"token": digest(token), "ending": ending}).fetchone()
        if row:
            conn.execute("SELECT set_config('atlas.actor', %s, true)", (row[0],))
            audit.note(conn, "sign_out", "login_session", row[0])


def change_password(visitor: Visitor, old: str, new: str, *, origin: str = "") -> None:
    """Change one's own password; every other session of the account ends.

    Raises
    ------
    SignInFailed
        The old one is wrong; counted like a failed sign-in, so an unattended page is no place to guess.
    AccountLocked
        Too many failures before.
    PasswordWeak
        The new one breaks a rule; nothing changed.
    PasswordElsewhere
        The account has none here, or it is a demo account.
    """
    refused: SignInFailed | AccountLocked | None = None
    with session(_gate(origin, visitor.name)) as conn:
        row = conn.execute(accounts.queries.credential.sql, {"name": visitor.name}).fetchone()
        account, _active, demo, stored, _former, _must, _changed, _failures, locked = row or NOBODY
        if stored is None or demo:
            raise PasswordElsewhere
        refused = _rests(locked)
        if refused is None and not passwords.matches(stored, old):
            refused = SignInFailed()
            _count(conn, account)
        if refused is not None:
            audit.note(conn, "password_refused", "credential", visitor.name)
        else:
            accounts.set_password(conn, visitor.name, new)
            conn.execute(_queries.end_others.sql, {"name": visitor.name, "keep": visitor.session, "ending": "password"})
            audit.note(conn, "password", "credential", visitor.name)
    if refused is not None:
        raise refused


def reset_password(admin: Actor, name: str) -> str:
    """Give an account a new random password, to be changed at the next sign-in; the password.

    The caller must have made sure that ``admin`` is one (``require``).
    """
    new = passwords.random()
    with session(Actor(admin.name, ActorKind.JOB, admin.origin)) as conn:
        accounts.set_password(conn, name, new, must_change=True)
        conn.execute(_queries.end_others.sql, {"name": name, "keep": None, "ending": "password"})
        audit.note(conn, "password_reset", "credential", name)
    return new


def listing(conn: psycopg.Connection[Any], most: int = 1000) -> list[Live]:
    """Give the live sessions the actor may see."""
    with conn.cursor(row_factory=class_row(Live)) as cursor:
        return cursor.execute(_queries.listing.sql, {"most": most}).fetchall()


def revoke(conn: psycopg.Connection[Any], number: int) -> bool:
    """End a session by its number, as the actor of ``conn`` may; whether there was one."""
    row = conn.execute(_queries.revoke.sql, {"id": number}).fetchone()
    if row:
        audit.note(conn, "revoke", "login_session", row[0], after={"session": number})
    return row is not None
