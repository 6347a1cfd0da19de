"""Case files as people read them: one case, its history, its pictures, what belongs to it.

Free text comes masked by the reader's role; :func:`reveal` gives one case in full, with a
reason and an audit row. Acting on a case is :mod:`gis.casework.acts`, lists are
:mod:`gis.casework.listing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.access import masking
from gis.casework import words
from gis.casework.errors import CaseMissing
from gis.casework.errors import PhotoMissing
from gis.casework.flow import HOUSE
from gis.casework.flow import State
from gis.casework.flow import possible
from gis.records import people
from gis.vocabulary import CaseState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from datetime import datetime

    import psycopg

    from gis.records.people import Staff
    from gis.vocabulary import Act
    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("files.sql"), "psycopg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class Casefile:
    """One case as it stands.

    Attributes
    ----------
    incident_id, code : int, str
        Number and code of its incident.
    state, seq : str, int
        Where it stands; number of its last event: give it back to the acts, so that nobody overtakes unseen.
    units : list of str
        Lead unit first.
    handler : str or None
        What to call whom it was given to.
    terms : dict
        What the duty list said when it was taken in, frozen.
    stage, due_at, warn_at : str, datetime, datetime, or None
        Stage whose clock runs out first, when, and from when on it is near.
    clock : str
        ``late``, ``near``, ``running``, ``paused``, ``none``, ``ended``.
    title, address : str
        As the actor may read them.
    area, area_name, grid, grid_name, network : str or None
        Where it lies; the grid is that of its day, in its network.
    longitude, latitude : float or None
        CGCS2000, degrees.
    """

    incident_id: int
    code: str
    kind: str
    state: str
    seq: int
    suspended: bool
    verified: str
    level: int | None
    card: str | None
    units: list[str]
    handler_id: int | None
    handler: str | None
    answered_by: str
    duty_id: int | None
    terms: dict[str, Any]
    stage: str | None
    due_at: datetime | None
    warn_at: datetime | None
    clock: str
    returns: int
    reworked: int
    reopened: int
    extended: int
    asking: bool
    rating: str | None
    appeal: str | None
    into_id: int | None
    into_code: str | None
    category: str
    title: str
    address: str
    channel: str
    occurred_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    area_id: int | None
    area: str | None
    area_name: str | None
    grid_id: int | None
    grid: str | None
    grid_name: str | None
    network: str | None
    longitude: float | None
    latitude: float | None
    updated_at: datetime

    @property
    def flow(self) -> State:
        """What the flow knows of it."""
        return State(
            kind=self.kind, state=CaseState(self.state), channel=self.channel, suspended=self.suspended,
            verified=self.verified, level=self.level, card=self.card, units=tuple(self.units),
            handler_id=self.handler_id, answered_by=self.answered_by, returns=self.returns, reworked=self.reworked,
            reopened=self.reopened, extended=self.extended, asking=self.asking, rating=self.rating,
            appeal=self.appeal, into=self.into_id,
        )  # fmt: skip

    @property
    def state_text(self) -> str:
        """Name of the state, in the language in force."""
        return words.standing(self.state, suspended=self.suspended)


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a case; ``who`` is what to call the account, ``photos`` the numbers of its pictures.

    ``at`` is when it happened, ``created_at`` when it was written.
    """

    id: int
    seq: int
    act: str
    state: str
    at: datetime
    actor: str
    who: str
    unit: str
    note: str
    data: dict[str, Any]
    longitude: float | None
    latitude: float | None
    created_at: datetime
    photos: list[int]

    @property
    def act_text(self) -> str:
        """What was done, in the language in force."""
        return words.act(self.act)

    @property
    def state_text(self) -> str:
        """State after it, in the language in force."""
        return words.state(self.state)


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture or paper of a case, without its bytes.

    ``again`` names other cases that hold the very same file: a question to somebody, not a verdict.
    """

    id: int
    event_id: int | None
    role: str
    name: str
    media: str
    sha256: str
    bytes: int
    taken_at: datetime | None
    longitude: float | None
    latitude: float | None
    who: str
    created_at: datetime
    again: list[str]


@dataclass(frozen=True, slots=True)
class Link:
    """A case that belongs to another; ``outward``: the one asked for names this one."""

    relation: str
    outward: bool
    id: int
    code: str
    kind: str
    state: str
    category: str
    title: str
    occurred_at: datetime | None
    created_at: datetime
    who: str


def get(conn: psycopg.Connection[Any], which: int | str) -> Casefile:
    """Give one case by number or code.

    Raises
    ------
    CaseMissing
        There is none, or it is not the actor's to see.
    """
    given = {"ids": [which], "code": None} if isinstance(which, int) else {"ids": [], "code": which.strip()}
    with conn.cursor(row_factory=class_row(Casefile)) as cursor:
        found = cursor.execute(_queries.file.sql, given).fetchone()
    if found is None:
        raise CaseMissing(code=str(which)[:64])
    return found


def several(conn: psycopg.Connection[Any], ids: Iterable[int]) -> list[Casefile]:
    """Give cases by number; those the actor does not see are left out."""
    with conn.cursor(row_factory=class_row(Casefile)) as cursor:
        return cursor.execute(_queries.file.sql, {"ids": list(ids), "code": None}).fetchall()


def newest(conn: psycopg.Connection[Any]) -> date | None:
    """Give the day the latest case occurred on, of those the actor sees; None: there is none."""
    row = conn.execute(_queries.newest.sql).fetchone()
    return None if row is None else row[0]


def history(conn: psycopg.Connection[Any], incident_id: int) -> list[Event]:
    """Give what happened to a case, oldest first."""
    with conn.cursor(row_factory=class_row(Event)) as cursor:
        return cursor.execute(_queries.history.sql, {"id": incident_id}).fetchall()


def staff(conn: psycopg.Connection[Any], case: Casefile) -> list[Staff]:
    """Give the people of the case's grid today, chiefs first; none without a grid, or for roles that see no posts."""
    return people.staff(conn, network=case.network, grid=case.grid) if case.grid else []


def photos(conn: psycopg.Connection[Any], incident_id: int) -> list[Photo]:
    """Give the pictures and papers of a case, oldest first, without their bytes."""
    with conn.cursor(row_factory=class_row(Photo)) as cursor:
        return cursor.execute(_queries.photos.sql, {"id": incident_id}).fetchall()


def photo(conn: psycopg.Connection[Any], photo_id: int) -> tuple[bytes, str]:
    """Give the bytes of a picture or paper, and their media type.

    Raises
    ------
    PhotoMissing
        There is none, or its case is not the actor's to see.
    """
    found = conn.execute(_queries.photo.sql, {"id": photo_id}).fetchone()
    if found is None:
        raise PhotoMissing(id=photo_id)
    return bytes(found[0]), str(found[1])


def linked(conn: psycopg.Connection[Any], incident_id: int) -> list[Link]:
    """Give the cases that belong to a case, either way round; those the actor does not see are left out."""
    with conn.cursor(row_factory=class_row(Link)) as cursor:
        return cursor.execute(_queries.linked.sql, {"id": incident_id}).fetchall()


def merged(conn: psycopg.Connection[Any], incident_id: int) -> list[int]:
    """Give the numbers of the cases merged into one."""
    return [number for (number,) in conn.execute(_queries.merged.sql, {"id": incident_id})]


def roles(conn: psycopg.Connection[Any]) -> frozenset[str]:
    """Give the roles of whoever the connection works for; all of them for the house's own jobs."""
    found = conn.execute(_queries.roles.sql).fetchone()
    held = found[0] if found else []
    return frozenset(map(str, HOUSE)) if held is None else frozenset(part for part in held if part)


def acts(conn: psycopg.Connection[Any], case: Casefile, actor: Actor) -> tuple[Act, ...]:
    """Give what this actor can do with the case now, in the order of the vocabulary."""
    return possible(case.flow, roles(conn), actor.name)


def reveal(actor: Actor, incident_id: int, reason: str) -> dict[str, str]:
    """Give title and address of a case in full; the audit row comes first (:mod:`gis.access.masking`).

    Raises
    ------
    NotAllowed, ReasonMissing, RecordUnknown
        Nothing was shown.
    """
    return masking.reveal(actor, "incident", incident_id, reason)
