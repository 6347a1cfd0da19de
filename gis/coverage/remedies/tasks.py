"""Tasks: what somebody has to do about an entry of the ledger, and records that are put right at once.

Finishing a task never closes its entry: the rule does, when it finds the cause gone. A record
repair is sure (the building stands where it stands, the lake is a lake); it is written by who may
write that record, and the rules run again there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import shapely
from psycopg.rows import class_row

from gis.coverage import ledger
from gis.coverage.engine import statement
from gis.coverage.remedies import judging
from gis.coverage.remedies import land
from gis.coverage.remedies import words
from gis.coverage.remedies import writing
from gis.coverage.remedies.errors import NothingLeft
from gis.coverage.remedies.errors import OfferUnknown
from gis.coverage.remedies.errors import OwnerBlind
from gis.coverage.remedies.errors import ReasonMissing
from gis.coverage.remedies.errors import TaskOver
from gis.coverage.remedies.errors import WhoMissing
from gis.coverage.remedies.offers import Kind
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.vocabulary import Actor

if TYPE_CHECKING:
    from datetime import date
    from datetime import datetime

    import psycopg

    from gis.coverage.remedies.offers import Listed
    from gis.coverage.remedies.offers import Offer

LONGEST = 1000
"""Letters of a note, a result or a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Task:
    """What somebody has to do.

    Attributes
    ----------
    id, entry_id : int
        Its number, and that of the entry.
    kind : str
        ``appoint``, ``visit``, ``patrol``, ``verify``, ``claim``, ``correct``.
    owner, person : str or None
        What to call the account it is given to, and the person of the staff it is about (None also
        for who may not read names).
    overdue, mine : bool
        Whether its day is over and it is not done; whether it is the actor's.
    """

    id: int
    entry_id: int
    kind: str
    owner: str | None
    person: str | None
    grid: str | None
    buildings: list[str]
    due_on: date | None
    note: str
    done_at: datetime | None
    result: str
    actor: str
    created_at: datetime
    overdue: bool
    mine: bool

    @property
    def title(self) -> str:
        """What it asks for, in the language in force."""
        return words.task(self.kind, self.grid or "")


def make_task(
    actor: Actor,
    entry: Listed,
    offer: Offer,
    owner: str | None = None,
    due: date | None = None,
    note: str = "",
    *,
    person: str | None = None,
) -> int:
    """Give somebody a task; its number.

    Parameters
    ----------
    actor : Actor
        A supervisor of the place.
    entry : Entry
        An entry of the ledger.
    offer : Offer
        One of its task offers.
    owner : str, optional
        Name of the account that has to do it, one of :func:`gis.coverage.ledger.people`.
    due : date, optional
        Last day.
    note : str
        What else there is to say.
    person : str, optional
        Code of the person of the staff it is about, who may have no account.

    Raises
    ------
    WhoMissing, OwnerUnfit, PersonUnknown
        Nobody to do it, or not one who may.
    NotAllowed
        The actor does not supervise there.
    """
    if offer.kind is not Kind.TASK:
        raise OfferUnknown
    if owner is None and person is None:
        raise WhoMissing
    with session(actor) as conn:
        if (land.run(conn, "may_give").fetchone() or (False,))[0] is not True:
            raise NotAllowed
        who = None if owner is None else _owner(conn, owner, int(entry.id))
        staff = None if person is None else _person(conn, person)
        given = {"kind": offer.action, "owner": who, "person": staff, "grid": offer.fields.get("grid")}
        row = land.run(conn, "add_task", entry=int(entry.id), due=due, note=_short(note), **given).fetchone()
        if row is None:
            raise NotAllowed
        told = {"task": int(row[0]), "kind": offer.action, "owner": owner, "due": due.isoformat() if due else None}
        writing.event(conn, int(entry.id), "task", None, "open", _short(note), told)
        writing.note(conn, "create", "task", str(row[0]), after={"entry": int(entry.id), **told})
    return int(row[0])


def finish_task(actor: Actor, task_id: int, result: str) -> None:
    """Say that a task is done and what came of it: its owner, or a supervisor of the place.

    Raises
    ------
    ReasonMissing
        Nothing was said.
    TaskOver
        There is no such task of the actor's, or it is done.
    """
    if not result.strip():
        raise ReasonMissing
    with session(actor) as conn:
        row = land.run(conn, "finish_task", id=task_id, result=_short(result)).fetchone()
        if row is None:
            raise TaskOver(id=task_id)
        entry, kind = row
        writing.event(conn, entry, "task", "open", "done", _short(result), {"task": task_id, "kind": kind})
        writing.note(conn, "finish", "task", str(task_id), after={"entry": entry, "kind": kind})


def tasks(conn: psycopg.Connection[Any], entry_id: int | None = None, *, mine: bool = False) -> list[Task]:
    """Give the tasks of an entry, or the actor's own open ones: those due first."""
    with conn.cursor(row_factory=class_row(Task)) as cursor:
        return cursor.execute(statement(land.FILE, "tasks").encode(), {"entry": entry_id, "mine": mine}).fetchall()


def correct(actor: Actor, entry: Listed, offer: Offer, reason: str = "") -> None:
    """Put a record right and run the rules again there.

    Parameters
    ----------
    actor : Actor
        Who may write that record.
    entry : Entry
        An entry of the ledger.
    offer : Offer
        One of its record offers.
    reason : str
        Why; an allowed gap needs one.

    Raises
    ------
    ReasonMissing, OfferUnknown, NothingLeft, NotAllowed
        Nothing was written.
    """
    if offer.kind is not Kind.RECORD:
        raise OfferUnknown
    if "reason" in offer.needs and not reason.strip():
        raise ReasonMissing
    with session(actor) as conn:
        net = land.network(conn, entry.network)
        if offer.action == "declare":
            _declare(conn, entry, offer, reason)
        else:
            _exclude(conn, entry, reason)
    judging.settle(actor, net)


def _declare(conn: psycopg.Connection[Any], entry: Listed, offer: Offer, reason: str) -> None:
    code, grid = offer.fields["building"], offer.fields["grid"]
    found = land.run(conn, "house", code=code).fetchone()
    if found is None:
        raise NothingLeft
    if land.run(conn, "declare", code=code, grid=grid).fetchone() is None:
        raise NotAllowed
    before, after = {"declared_grid": found[3]}, {"declared_grid": grid, "entry": int(entry.id)}
    writing.note(conn, "correct", "building", code, before=before, after=after, reason=_short(reason) or None)
    writing.event(conn, int(entry.id), "comment", None, "correct", offer.title, {"building": code, "grid": grid})


def _exclude(conn: psycopg.Connection[Any], entry: Listed, reason: str) -> None:
    if entry.geometry is None:
        raise NothingLeft
    code = f"gap-{int(entry.id)}"
    used = {word for (word,) in land.run(conn, "holes_named", prefix=code)}
    code = next(name for name in (code, *(f"{code}-{n}" for n in range(2, 10**6))) if name not in used)
    wkb = shapely.to_wkb(entry.geometry)
    land.run(conn, "exclude", code=code, name="", reason=_short(reason), geom=wkb)
    writing.note(conn, "create", "excluded", code, after={"entry": int(entry.id)}, reason=_short(reason))
    writing.event(conn, int(entry.id), "comment", None, "exclude", _short(reason), {"excluded": code})


def _owner(conn: psycopg.Connection[Any], name: str, entry: int) -> int:
    chosen = next((person.id for person in ledger.people(conn) if person.name == name), None)
    if chosen is None:
        raise ledger.OwnerUnfit(owner=name)
    with session(Actor(name)) as his:
        if land.run(his, "still", entry=entry).fetchone() is None:
            raise OwnerBlind(owner=name)
    return chosen


def _person(conn: psycopg.Connection[Any], code: str) -> int:
    found = land.run(conn, "person", code=code).fetchone()
    if found is None:
        raise WhoMissing
    return int(found[0])


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
