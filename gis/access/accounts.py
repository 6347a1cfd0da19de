"""Accounts, their roles and their scope.

Changes made here leave audit rows with before and after (triggers of the tables). Which
account may call what is decided by the session's actor: the policies let an ``admin`` write.
Passwords are set and checked by jobs: no role of persons reads a hash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
import psycopg
from psycopg.rows import class_row

from gis.access import passwords
from gis.access.errors import AccountUnknown
from gis.access.errors import LastAdmin
from gis.access.errors import NameTaken
from gis.access.errors import NameWrong
from gis.access.errors import RolesClash
from gis.access.errors import ScopeWrong
from gis.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from datetime import datetime

queries = aiosql.from_path(Path(__file__).with_name("accounts.sql"), "psycopg", mandatory_parameters=False)

NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
ALONE = (Role.ADMIN, Role.AUDITOR)
"""Roles that stand alone on an account: who gives rights neither reads records nor checks himself."""

MOST = 10_000
MOST_UNITS, LONGEST_UNIT = 50, 200


@dataclass(frozen=True, slots=True)
class Account:
    """One account as people see it.

    Attributes
    ----------
    roles : list of str
        In force today.
    scopes : list of str
        ``office``, ``area:CODE``, ``grid:CODE``; in force today.
    units : list of str
        Units of the duty list it works for: a department sees the cases these lead or assist.
    seen_at : datetime or None
        Last sign of life; None before the first sign-in.
    """

    id: int
    name: str
    display: str
    source: str
    active: bool
    demo: bool
    created_at: datetime
    roles: list[str]
    scopes: list[str]
    units: list[str]
    seen_at: datetime | None

    @property
    def shown(self) -> str:
        """What to call it."""
        return self.display or self.name


def listing(
    conn: psycopg.Connection[Any], words: str | None = None, *, skip: int = 0, most: int = MOST
) -> list[Account]:
    """Give the accounts the actor may see, by name; ``words`` picks by name or display name."""
    given = {"name": None, "words": words or None, "skip": skip, "most": most}
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(queries.listing.sql, given).fetchall()


def number(conn: psycopg.Connection[Any], words: str | None = None) -> int:
    """How many accounts the words fit."""
    found = conn.execute(queries.number.sql, {"words": words or None}).fetchone()
    return int(found[0]) if found else 0


def get(conn: psycopg.Connection[Any], name: str) -> Account:
    """Give one account.

    Raises
    ------
    AccountUnknown
        There is none, or it is not the actor's to see.
    """
    given = {"name": name, "words": None, "skip": 0, "most": 1}
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        found = cursor.execute(queries.listing.sql, given).fetchone()
    if found is None:
        raise AccountUnknown(name=name[:64])
    return found


def add(
    conn: psycopg.Connection[Any],
    name: str,
    *,
    display: str = "",
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    valid_to: date | None = None,
    demo: bool = False,
    source: str = "local",
    subject: str | None = None,
) -> Account:
    """Make an account; it has no password yet.

    Parameters
    ----------
    conn : psycopg.Connection
        Of an ``admin``, or of a job.
    name : str
        As :data:`NAME`; lower case.
    roles, scopes : iterable of str
        See :func:`set_roles`, :func:`set_scopes`.
    valid_to : date, optional
        Last day of roles and scopes.

    Raises
    ------
    NameWrong, NameTaken, RolesClash, ScopeWrong
        Nothing was kept; the transaction goes on.
    """
    if not NAME.fullmatch(name):
        raise NameWrong(name=name[:64])
    try:
        with conn.transaction():
            given = {"name": name, "display": display.strip(), "source": source, "subject": subject, "demo": demo}
            found = conn.execute(queries.add.sql, given).fetchone()
            assert found is not None
            set_roles(conn, name, roles, valid_to=valid_to)
            set_scopes(conn, name, scopes, valid_to=valid_to)
    except psycopg.errors.UniqueViolation as error:
        raise NameTaken(name=name) from error
    return get(conn, name)


def set_roles(conn: psycopg.Connection[Any], name: str, roles: Iterable[str], *, valid_to: date | None = None) -> None:
    """Give an account these roles instead of those it has.

    Raises
    ------
    RolesClash
        ``admin`` or ``auditor`` with another role.
    LastAdmin
        It is the last who may manage accounts.
    """
    wanted = sorted({Role(role) for role in roles})
    for role in ALONE:
        if role in wanted and len(wanted) > 1:
            raise RolesClash(role=role)
    account = get(conn, name)
    if Role.ADMIN in account.roles and Role.ADMIN not in wanted:
        _keep_one_admin(conn, account)
    conn.execute(queries.end_roles.sql, {"account": account.id})
    for role in wanted:
        given = {"account": account.id, "role": role, "valid_from": None, "valid_to": valid_to}
        conn.execute(queries.add_role.sql, given)


def set_scopes(
    conn: psycopg.Connection[Any], name: str, scopes: Iterable[str], *, valid_to: date | None = None
) -> None:
    """Give an account this scope instead of the one it has.

    Parameters
    ----------
    scopes : iterable of str
        ``office``; ``area:CODE``; ``grid:CODE`` or ``grid:NETWORK/CODE``. None: it sees no record.

    Raises
    ------
    ScopeWrong
        An unknown word, or a code nothing has.
    """
    account = get(conn, name)
    conn.execute(queries.end_scopes.sql, {"account": account.id})
    for scope in sorted(set(scopes)):
        kind, _colon, code = scope.partition(":")
        given: dict[str, Any] = {"account": account.id, "valid_to": valid_to, "code": code, "network": None}
        if scope == "office":
            conn.execute(queries.scope_office.sql, given)
            continue
        if kind == "grid" and "/" in code:
            given["network"], _slash, given["code"] = code.partition("/")
        query = {"area": queries.scope_area, "grid": queries.scope_grid}.get(kind)
        if query is None or not code or conn.execute(query.sql, given).fetchone() is None:
            raise ScopeWrong(detail=scope[:80])


def set_active(conn: psycopg.Connection[Any], name: str, *, active: bool) -> None:
    """Let an account sign in, or no more; its sessions and tokens stop at once."""
    account = get(conn, name)
    if not active and Role.ADMIN in account.roles:
        _keep_one_admin(conn, account)
    conn.execute(queries.set_active.sql, {"account": account.id, "active": active})


def set_display(conn: psycopg.Connection[Any], name: str, display: str) -> None:
    """Change what an account is called."""
    conn.execute(queries.set_display.sql, {"account": get(conn, name).id, "display": display.strip()})


def set_units(conn: psycopg.Connection[Any], name: str, units: Iterable[str]) -> list[str]:
    """Say which units of the duty list an account works for; those it works for then.

    Parameters
    ----------
    units : iterable of str
        As the duty list writes them, at most :data:`MOST_UNITS`. None: a department then sees no case.
    """
    wanted = list(dict.fromkeys(word for word in (" ".join(unit.split())[:LONGEST_UNIT] for unit in units) if word))
    given = {"account": get(conn, name).id, "units": wanted[:MOST_UNITS]}
    conn.execute(queries.set_units.sql, given)
    return wanted[:MOST_UNITS]


def set_password(conn: psycopg.Connection[Any], name: str, password: str, *, must_change: bool = False) -> None:
    """Set a password that meets the rules; only a job's connection may.

    Raises
    ------
    AccountUnknown, PasswordWeak
    """
    row = conn.execute(queries.credential.sql, {"name": name}).fetchone()
    if row is None:
        raise AccountUnknown(name=name[:64])
    account, _active, _demo, stored, former = row[:5]
    passwords.check(password, name=name, former=[*(former or []), *([stored] if stored else [])])
    given = {"account": account, "hash": passwords.hashed(password), "must_change": must_change}
    conn.execute(queries.set_password.sql, given)


def _keep_one_admin(conn: psycopg.Connection[Any], account: Account) -> None:
    found = conn.execute(queries.other_admins.sql, {"account": account.id}).fetchone()
    if not account.demo and (found is None or found[0] == 0):
        raise LastAdmin(name=account.name)
