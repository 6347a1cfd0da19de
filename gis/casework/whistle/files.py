"""Whistles as people read them: one with its units and its history, lists of them, what the actor may do."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row
from psycopg.rows import dict_row

from gis.casework.whistle import flow
from gis.casework.whistle import words
from gis.casework.whistle.errors import NotYours
from gis.casework.whistle.errors import OwnWhistle
from gis.casework.whistle.errors import WhistleMissing
from gis.vocabulary import Role
from gis.vocabulary import WhistleAct
from gis.vocabulary import WhistleKind
from gis.vocabulary import WhistleState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("files.sql"), "psycopg", mandatory_parameters=False)

BLOWERS = {
    WhistleKind.GRID: frozenset({Role.WORKER, Role.SUPERVISOR, Role.LEADER}),
    WhistleKind.STREET: frozenset({Role.SUPERVISOR, Role.LEADER}),
}
"""Who may blow which whistle."""
APPROVERS = {
    WhistleKind.GRID: frozenset({Role.SUPERVISOR, Role.LEADER}),
    WhistleKind.STREET: frozenset({Role.LEADER}),
}
"""Who approves it, and decides when a unit refuses; what they blow themselves needs no approval."""

BLOWER, APPROVER, UNIT = "blower", "approver", "unit"
WHO: dict[WhistleAct, frozenset[str]] = {
    WhistleAct.APPROVE: frozenset({APPROVER}),
    WhistleAct.DECLINE: frozenset({APPROVER}),
    WhistleAct.ARRIVE: frozenset({UNIT, BLOWER, APPROVER}),
    WhistleAct.REFUSE: frozenset({UNIT, APPROVER}),
    WhistleAct.ARBITRATE: frozenset({APPROVER}),
    WhistleAct.MEASURE: frozenset({UNIT, BLOWER, APPROVER}),
    WhistleAct.HANDLE: frozenset({UNIT, APPROVER}),
    WhistleAct.BACK: frozenset({BLOWER}),
    WhistleAct.RATE: frozenset({BLOWER}),
    WhistleAct.EXPLAIN: frozenset({UNIT, BLOWER, APPROVER}),
    WhistleAct.NOTE: frozenset({UNIT, BLOWER, APPROVER}),
    WhistleAct.DROP: frozenset({BLOWER}),
}
"""Who does what. A unit without an account of its own is recorded by the blower or the approver."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit a whistle calls: who came when, how far from the place, what is asked about it.

    Attributes
    ----------
    part, standing, bound : str, str, bool
        As in :class:`gis.casework.whistle.flow.Called`.
    away_m : float or None
        Metres between the sign-in and the place of the whistle.
    doubts, answer : list of str, str
        Questions about the sign-in (``far``, ``no_place``, ``behalf``), and what was found out: no penalty.
    refusal : str
        Why it refused, whatever the arbitration said.
    """

    unit: str
    part: str
    standing: str
    bound: bool
    arrived_at: datetime | None
    longitude: float | None
    latitude: float | None
    away_m: float | None
    doubts: list[str]
    answer: str
    refusal: str

    @property
    def asked(self) -> bool:
        """Whether its sign-in raises a question nobody has answered."""
        return bool(self.doubts) and not self.answer


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a whistle; ``who`` is what to call the account, ``created_at`` when it was written."""

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

    @property
    def act_text(self) -> str:
        """What was done, in the language in force."""
        return words.act(self.act)


@dataclass(frozen=True, slots=True)
class Whistle:
    """One whistle as it stands.

    Attributes
    ----------
    seq : int
        Number of its last event: give it back to the acts, so that nobody overtakes unseen.
    title, effort, address : str
        What it is about, what the caller did himself before, where; as the actor may read them.
    matter, category, incident, duty_id : str, str, str, int, or None
        Kind and small class; code of its case; item of the duty list.
    names : list of str
        Lead first, then those that assist; who was excused is not among them.
    wanted_at, late : datetime or None, bool
        Until when the units are wanted; whether that is over and the lead is not there.
    units : tuple of Unit
        All that were called.
    """

    id: int
    code: str
    kind: str
    occasion: str
    state: str
    seq: int
    title: str
    effort: str
    address: str
    matter: str | None
    category: str
    incident: str | None
    duty_id: int | None
    names: list[str]
    blower_id: int | None
    blower: str | None
    approver: str | None
    approved_at: datetime | None
    wanted_at: datetime | None
    handled_at: datetime | None
    rating: str | None
    returns: int
    late: bool
    area: str | None
    area_name: str | None
    grid: str | None
    grid_name: str | None
    longitude: float | None
    latitude: float | None
    created_at: datetime
    updated_at: datetime
    units: tuple[Unit, ...] = ()

    @property
    def lead(self) -> str:
        """Unit that leads."""
        return self.names[0]

    @property
    def state_text(self) -> str:
        """Name of the state, in the language in force."""
        return words.state(self.state)

    @property
    def flow(self) -> flow.State:
        """What the flow knows of it."""
        called = tuple(flow.Called(u.unit, u.part, u.standing, u.bound) for u in self.units)
        return flow.State(WhistleState(self.state), called, self.returns, self.rating)


@dataclass(frozen=True, slots=True)
class Query:
    """Which whistles; None leaves a member open.

    Attributes
    ----------
    states : tuple of str or None
        Keep only these; ``flow.LIVE`` by default.
    kind, unit, area : str or None
        ``grid`` or ``street``; a unit that is called; code of an area, those below belong to it.
    mine, late : bool
        Blown by the actor or calling a unit of his; wanted before now and nobody there.
    text : str
        In the code, the title, the category or a unit.
    """

    states: tuple[str, ...] | None = flow.LIVE
    kind: str | None = None
    unit: str | None = None
    area: str | None = None
    mine: bool = False
    late: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, as far as whistles ask.

    Attributes
    ----------
    account : int or None
        Account; None for a job.
    house : bool
        A job of the house: may do all there is.
    roles, units : frozenset of str
        Roles today; units he works for.
    """

    account: int | None
    house: bool
    roles: frozenset[str]
    units: frozenset[str]

    def to(self, whistle: Whistle) -> frozenset[str]:
        """Give what he is to a whistle: blower, approver, unit."""
        if self.house:
            return frozenset({BLOWER, APPROVER, UNIT})
        found = set()
        if self.account is not None and whistle.blower_id == self.account:
            found.add(BLOWER)
        if self.roles & APPROVERS[WhistleKind(whistle.kind)]:
            found.add(APPROVER)
        if self.units & set(whistle.names):
            found.add(UNIT)
        return frozenset(found)


def get(conn: psycopg.Connection[Any], code: str | int) -> Whistle:
    """Give one whistle by code or number.

    Raises
    ------
    WhistleMissing
        There is none, or it is not the actor's to see.
    """
    number = code if isinstance(code, int) else None
    found = _read(conn, "one", "w.id", {"id": number, "code": None if number else str(code).strip(), "limit": 1})
    if not found:
        raise WhistleMissing(code=code)
    return found[0]


def of_case(conn: psycopg.Connection[Any], incident: str) -> list[Whistle]:
    """Give the whistles of a case, by its code, the newest first."""
    return _read(conn, "incident", "w.id DESC", {"code": incident, "limit": None})


def listing(conn: psycopg.Connection[Any], query: Query | None = None, limit: int = 200) -> list[Whistle]:
    """Give the whistles that fit: those wanted first come first, then the newest."""
    query = query or Query()
    given = {
        "states": None if query.states is None else list(query.states), "kind": query.kind, "unit": query.unit,
        "area": query.area, "mine": query.mine, "late": query.late, "text": query.text.strip(), "limit": limit,
    }  # fmt: skip
    live = "CASE WHEN w.state IN ('drafted', 'called', 'arrived', 'handled', 'refused') THEN w.wanted_at END"
    return _read(conn, "where", f"{live} NULLS LAST, w.id DESC", given)


def history(conn: psycopg.Connection[Any], whistle_id: int) -> list[Event]:
    """Give what happened to a whistle, oldest first."""
    with conn.cursor(row_factory=class_row(Event)) as cursor:
        return cursor.execute(_queries.history.sql, {"id": whistle_id}).fetchall()


def person(conn: psycopg.Connection[Any]) -> Person:
    """Give who acts."""
    row = conn.execute(_queries.relation.sql).fetchone()
    assert row is not None
    account, house, roles, units = row
    return Person(account, bool(house), frozenset(roles), frozenset(units))


def possible(conn: psycopg.Connection[Any], whistle: Whistle) -> dict[WhistleAct, tuple[str, ...]]:
    """Give what the actor may do with a whistle now: each act with the units it may be about (none: about no unit)."""
    who, state = person(conn), whistle.flow
    found: dict[WhistleAct, tuple[str, ...]] = {}
    for act in flow.possible(state):
        about = flow.units(state, act)
        free = tuple(unit for unit in about or ("",) if _may(who, whistle, act, unit))
        if free:
            found[act] = free if about else ()
    return found


def permit(who: Person, whistle: Whistle, act: WhistleAct, unit: str) -> None:
    """Let pass who may do this.

    Raises
    ------
    NotYours
        Somebody else does it.
    OwnWhistle
        He blew it himself, or his own unit refused.
    """
    told = words.act(act)
    found = who.to(whistle)
    if not found & WHO[act]:
        raise NotYours(act=told)
    if who.house:
        return
    if act in {WhistleAct.APPROVE, WhistleAct.DECLINE} and BLOWER in found:
        raise OwnWhistle(act=told)
    if act is WhistleAct.ARBITRATE and unit in who.units:
        raise OwnWhistle(act=told)
    # One unit does not speak for another, and only the lead says that all is done.
    speaks = whistle.names[:1] if act is WhistleAct.HANDLE else [unit] if unit else whistle.names
    if found & WHO[act] == {UNIT} and not who.units & set(speaks):
        raise NotYours(act=told)


def _may(who: Person, whistle: Whistle, act: WhistleAct, unit: str) -> bool:
    try:
        permit(who, whistle, act, unit)
    except (NotYours, OwnWhistle):
        return False
    return True


def _read(conn: psycopg.Connection[Any], where: str, order: str, given: dict[str, Any]) -> list[Whistle]:
    text = _queries.whistle.sql.replace("{where}", getattr(_queries, where).sql.rstrip("; \n")).replace(
        "{order}", order
    )
    with conn.cursor(row_factory=class_row(Whistle)) as cursor:
        found = cursor.execute(text.encode(), given).fetchall()
    called = _units(conn, [whistle.id for whistle in found])
    return [replace(whistle, units=called.get(whistle.id, ())) for whistle in found]


def _units(conn: psycopg.Connection[Any], ids: Iterable[int]) -> dict[int, tuple[Unit, ...]]:
    found: dict[int, list[Unit]] = {}
    with conn.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_queries.units.sql, {"ids": list(ids)}):
            found.setdefault(row.pop("whistle_id"), []).append(Unit(**row))
    return {whistle: tuple(units) for whistle, units in found.items()}
