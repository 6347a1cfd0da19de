"""The first accounts of an office: its administrator, and accounts for looking around.

The administrator's password is made at random and given back once. Demo accounts (one per
role) are for the machine itself: :func:`refuse_demo` keeps a server that others can reach
from starting with them.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from gis.access import accounts
from gis.access import passwords
from gis.access.errors import DemoElsewhere
from gis.i18n import translate as _
from gis.vocabulary import Role

if TYPE_CHECKING:
    import psycopg

ADMIN = "admin"
DEMO_PASSWORD = "Demo-street-1"  # noqa: S105 - announced on the sign-in page, accepted from this machine only


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo account: name, what it is called, role."""

    name: str
    display: str
    role: Role


def demo_accounts() -> tuple[Demo, ...]:
    """One for each role, in the order of the sign-in page."""
    return (
        Demo("demo-leader", _("示例·街道领导"), Role.LEADER),
        Demo("demo-planner", _("示例·网格规划员"), Role.PLANNER),
        Demo("demo-supervisor", _("示例·网格主管"), Role.SUPERVISOR),
        Demo("demo-worker", _("示例·网格员"), Role.WORKER),
        Demo("demo-department", _("示例·部门"), Role.DEPARTMENT),
        Demo("demo-wall", _("示例·指挥大屏"), Role.WALL),
        Demo("demo-auditor", _("示例·审计员"), Role.AUDITOR),
        Demo("demo-admin", _("示例·系统管理员"), Role.ADMIN),
    )


def ensure_admin(conn: psycopg.Connection[Any]) -> str | None:
    """Make the administrator where there is no account yet; the password, or None.

    ``conn`` is a job's. Demo accounts do not count as accounts.
    """
    row = conn.execute(accounts.queries.any.sql).fetchone()
    if row is None or row[0]:
        return None
    accounts.add(conn, ADMIN, display=_("系统管理员"), roles=[Role.ADMIN])
    password = passwords.random()
    accounts.set_password(conn, ADMIN, password, must_change=True)
    return password


def ensure_demo(conn: psycopg.Connection[Any]) -> list[str]:
    """Make the demo accounts that are missing; their names.

    The worker gets the first three grids in force and is the person who works in the first of
    them, everybody else the whole office; the department works for the unit outside the street
    that leads for most categories.
    """
    grids = [
        f"grid:{network}/{code}"
        for network, code in conn.execute(
            "SELECT n.code, g.code FROM atlas.grid g JOIN atlas.network n ON n.id = g.network_id"
            " WHERE g.valid_to IS NULL ORDER BY n.kind = 'comprehensive' DESC, n.id, g.code LIMIT 3"
        )
    ]
    known = {account.name for account in accounts.listing(conn)}
    made = []
    for demo in demo_accounts():
        if demo.name in known:
            continue
        scopes = grids if demo.role is Role.WORKER else ["office"]
        if demo.role in accounts.ALONE:
            scopes = []
        accounts.add(conn, demo.name, display=demo.display, roles=[demo.role], scopes=scopes, demo=True)
        if demo.role is Role.DEPARTMENT:
            accounts.set_units(conn, demo.name, _busiest(conn))
        if demo.role is Role.WORKER:
            _embody(conn, demo.name)
        accounts.set_password(conn, demo.name, DEMO_PASSWORD)
        made.append(demo.name)
    return made


def _embody(conn: psycopg.Connection[Any], name: str) -> None:
    """Let an account be the worker in the first of its grids that has one, so that what he records is his own."""
    conn.execute(
        "UPDATE atlas.person SET updated_at = now(),"
        " account_id = (SELECT a.id FROM atlas.account a WHERE a.name = %(name)s)"
        " WHERE id = (SELECT p.id FROM atlas.account a"
        " JOIN atlas.account_scope s ON s.account_id = a.id AND s.reach = 'grid'"
        " JOIN atlas.post t ON t.network_id = s.network_id AND t.grid_code = s.grid_code AND t.duty = 'worker'"
        " AND (t.valid_to IS NULL OR t.valid_to >= atlas.today())"
        " JOIN atlas.person p ON p.id = t.person_id AND p.account_id IS NULL"
        " WHERE a.name = %(name)s ORDER BY s.grid_code, t.valid_from, p.code LIMIT 1)",
        {"name": name},
    )


def _busiest(conn: psycopg.Connection[Any]) -> list[str]:
    rows = conn.execute(
        "SELECT d.lead FROM atlas.duty d WHERE d.lead <> '' AND d.valid_to IS NULL"
        " GROUP BY d.lead ORDER BY bool_or(d.listing <> 'street') DESC, count(*) DESC, d.lead LIMIT 1"
    )
    return [lead for (lead,) in rows]


def remove_demo(conn: psycopg.Connection[Any]) -> list[str]:
    """Take the demo accounts away; their names. ``conn`` is a job's."""
    return sorted(name for (name,) in conn.execute(accounts.queries.remove_demo.sql))


def has_demo(conn: psycopg.Connection[Any]) -> bool:
    """Whether there is any demo account."""
    row = conn.execute(accounts.queries.any.sql).fetchone()
    return bool(row and row[1])


def is_loopback(address: str) -> bool:
    """Whether an address can be reached from this machine only."""
    host = address.strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_demo(conn: psycopg.Connection[Any], address: str) -> None:
    """Refuse to serve demo accounts to others.

    Raises
    ------
    DemoElsewhere
        There are some, and ``address`` is not loopback.
    """
    if not is_loopback(address) and has_demo(conn):
        raise DemoElsewhere(address=address)
