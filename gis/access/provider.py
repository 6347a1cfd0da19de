"""Accounts that come from an identity provider: who may come in, as what.

The provider says who a person is and which groups he is in; ``GRIDATLAS_OIDC_ROLES`` says
what a group may do here. Roles follow the groups at every sign-in. How the provider is
asked, and whether its answer is genuine, is left to ``server``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from gis.access import accounts
from gis.access import audit
from gis.access import sessions
from gis.access.errors import AccountOff
from gis.access.errors import AccountUnknown
from gis.access.errors import OutsiderRefused
from gis.db.connection import session
from gis.settings import OidcSettings
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind

if TYPE_CHECKING:
    import psycopg

    from gis.errors import GridAtlasError
    from gis.vocabulary import Role

SOURCE = "oidc"
LONGEST_NAME = 64
LONGEST_DISPLAY = 80
UNFIT = re.compile(r"[^a-z0-9._@-]+")


@dataclass(frozen=True, slots=True)
class Person:
    """What the provider says of a person, checked.

    Attributes
    ----------
    issuer, subject : str
        Together they name the person for good; nothing else does.
    name, display : str
        What he is called; may change, may be empty.
    groups : tuple of str
        Groups of now.
    """

    issuer: str
    subject: str
    name: str
    display: str
    groups: tuple[str, ...]

    @property
    def key(self) -> str:
        """What the account keeps."""
        return f"{self.issuer}|{self.subject}"


def admit(person: Person, *, origin: str = "", agent: str = "") -> str:
    """Let a person in: make or follow up his account and start a session.

    Returns
    -------
    str
        The token for the cookie.

    Raises
    ------
    OutsiderRefused, AccountOff
        No group of his has a role; his account was switched off. Audited.
    RolesClash, LastAdmin, ScopeWrong
        The groups or the settings do not fit together; nothing changed.
    """
    settings = OidcSettings()
    roles = sorted({settings.roles[group] for group in person.groups if group in settings.roles})
    refused: GridAtlasError | None = None
    token = ""
    with session(Actor(sessions.GATE, ActorKind.JOB, origin)) as conn:
        row = conn.execute(accounts.queries.find_subject.sql, {"subject": person.key}).fetchone()
        if not roles:
            refused = OutsiderRefused()
        elif row is not None and not row[1]:
            refused = AccountOff()
        if refused is not None:
            called = row[0] if row else person.name[:LONGEST_NAME]
            why = {"why": type(refused).__name__, "way": SOURCE}
            audit.note(conn, "sign_in_failed", "login_session", called, after=why)
        else:
            name = row[0] if row else _free(conn, person)
            conn.execute("SELECT set_config('atlas.actor', %s, true)", (name,))
            account = _kept(conn, name, person, roles, known=row is not None)
            token = sessions.start(conn, account.id, name, origin=origin, agent=agent, way=SOURCE)
    if refused is not None:
        raise refused
    return token


def _kept(
    conn: psycopg.Connection[Any], name: str, person: Person, roles: list[Role], *, known: bool
) -> accounts.Account:
    """Make the account, or bring roles and display of the one there is up to date."""
    display = person.display.strip()[:LONGEST_DISPLAY]
    if not known:
        scope = OidcSettings().scope
        alone = any(role in accounts.ALONE for role in roles)
        scopes = [] if alone or scope == "none" else [scope]
        return accounts.add(conn, name, display=display, roles=roles, scopes=scopes, source=SOURCE, subject=person.key)
    account = accounts.get(conn, name)
    if set(account.roles) != set(roles):
        accounts.set_roles(conn, name, roles)
    if display and account.display != display:
        accounts.set_display(conn, name, display)
    return account


def _free(conn: psycopg.Connection[Any], person: Person) -> str:
    """Find an account name nobody has: the one he is called by, else with some of his key behind it."""
    mark = hashlib.sha256(person.key.encode()).hexdigest()
    wanted = UNFIT.sub("-", person.name.strip().lower()).strip("-._@")[:LONGEST_NAME]
    tries = [wanted, *(f"{(wanted or 'u')[:40]}-{mark[:length]}" for length in (6, 16))]
    for name in tries:
        if not accounts.NAME.fullmatch(name):
            continue
        try:
            accounts.get(conn, name)
        except AccountUnknown:
            return name
    return f"u-{mark[:32]}"
