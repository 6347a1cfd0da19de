"""People (人员): who holds which post where, who is on leave, the chain of organisations.

Names and phones come as the actor may read them (``shown_name``, ``shown``). Each form
writes its deed and its audit row in one transaction, under row-level security.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import NotAllowed
from gis.errors import NotFound
from gis.records.grids import GridUnknown
from gis.vocabulary import Duty

if TYPE_CHECKING:
    from datetime import date

    import psycopg

    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("people.sql"), "psycopg", mandatory_parameters=False)

FOUND = 20
"""Persons a search gives at most."""


class PersonUnknown(NotFound):
    """Nobody has this staff number, or he is outside the actor's scope."""

    template = "没有工号为 {code} 的人员,或他不在你的管辖范围内。"
    cure = "请检查工号;新来的人请先导入人员名册。"


class PersonThere(BadInput):
    """The staff number is taken."""

    template = "工号 {code} 已经有人。"
    cure = "请换一个工号,或直接给这个人安排岗位。"
    http_status = 409


class PostThere(BadInput):
    """The person holds this very post at that time."""

    template = "{code} 在这个网格的同一岗位从 {begins} 起已经在任。"
    cure = "请先结束原来的岗位,或改日期。"
    http_status = 409


class ChiefThere(BadInput):
    """The grid has another chief at that time."""

    template = "网格 {grid} 从 {begins} 起已有网格长(工号 {code}),同一时间只能有一位。"
    cure = "请先结束原网格长的岗位,或把开始日期改到其后。"
    http_status = 409


class PostUnknown(NotFound):
    """No post has this number, or it is outside the actor's scope."""

    template = "没有这个岗位,或它不在你的管辖范围内。"
    cure = "请在列表里重新选择。"


class EndsEarly(BadInput):
    """Something would end before it begins."""

    template = "结束日期 {ends} 早于开始日期 {begins}。"
    cure = "请选开始当天或之后的日期。"


class LeaveOverlaps(BadInput):
    """Another leave of the same person touches this time."""

    template = "{code} 从 {begins} 开始已有请假,日期重叠。"
    cure = "请改那一次请假的结束日期,或改这次的日期。"
    http_status = 409


class AccountTaken(BadInput):
    """The account stands for somebody else."""

    template = "账号 {account} 已对应到工号 {code}。"
    cure = "一个账号只能对应一个人;请先用 script/gis user person {account} 解除原来的对应。"
    http_status = 409


class AccountUnknown(NotFound):
    """No account has this name."""

    template = "没有名为 {account} 的账号。"
    cure = "请检查账号名,或先由系统管理员新增账号。"


@dataclass(frozen=True, slots=True)
class Staff:
    """One post on one day.

    Attributes
    ----------
    name, phone : str
        As the actor may read them.
    on_leave : bool
        Whether the person is away that day; ``leave_ends`` is the last day of it (None: open).
    """

    post: int
    person_id: int
    code: str
    name: str
    phone: str
    duty: str
    grid: str | None
    building: str | None
    organisation: str | None
    valid_from: date
    valid_to: date | None
    on_leave: bool
    leave_ends: date | None


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody with a post who is on leave, and the grids that concerns."""

    person_id: int
    code: str
    name: str
    begins: date
    ends: date | None
    grids: list[str]


@dataclass(frozen=True, slots=True)
class Node:
    """One organisation of the tree; ``depth`` 0 is the top, ``people`` hold a post in it today."""

    id: int
    code: str
    name: str
    level: str
    depth: int
    parent: str | None
    area: str | None
    grid: str | None
    building: str | None
    people: list[str]


@dataclass(frozen=True, slots=True)
class Person:
    """A person in a list."""

    id: int
    code: str
    name: str
    phone: str
    account: str | None


# reading ----------------------------------------------------------------------------------------


def staff(
    conn: psycopg.Connection[Any],
    *,
    network: str | None = None,
    grid: str | None = None,
    person: str | None = None,
    day: date | None = None,
) -> list[Staff]:
    """Give the posts of a grid, of a network or of a person on a day (today by default), chiefs first."""
    with conn.cursor(row_factory=class_row(Staff)) as cursor:
        given = {"network": network, "grid": grid, "person": person, "day": day}
        return cursor.execute(_queries.staff.sql, given).fetchall()


def on_leave(conn: psycopg.Connection[Any], day: date | None = None) -> list[Absence]:
    """Give those with a post who are on leave on a day, those away longest first."""
    with conn.cursor(row_factory=class_row(Absence)) as cursor:
        return cursor.execute(_queries.on_leave.sql, {"day": day}).fetchall()


def tree(conn: psycopg.Connection[Any]) -> list[Node]:
    """Give the organisations, each after the one above it."""
    with conn.cursor(row_factory=class_row(Node)) as cursor:
        return cursor.execute(_queries.tree.sql).fetchall()


def find(conn: psycopg.Connection[Any], words: str = "", limit: int = FOUND) -> list[Person]:
    """Find persons by part of their number or name, or by their whole phone."""
    with conn.cursor(row_factory=class_row(Person)) as cursor:
        return cursor.execute(_queries.find.sql, {"words": words.strip(), "limit": limit}).fetchall()


def person_id(conn: psycopg.Connection[Any], code: str) -> int:
    """Give the id of a person by staff number.

    Raises
    ------
    PersonUnknown
        Nobody has it, or nobody the actor sees.
    """
    found = conn.execute(_queries.person.sql, {"code": code.strip()}).fetchone()
    if found is None:
        raise PersonUnknown(code=code)
    return int(found[0])


# writing ----------------------------------------------------------------------------------------


def note(
    conn: psycopg.Connection[Any],
    action: str,
    relation: str,
    subject: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Write the audit row of a deed, in its transaction; write it last, the chain has one writer at a time."""
    given = {"action": action, "relation": relation, "subject": subject, "reason": reason}
    conn.execute(
        _queries.note.sql,
        {
            **given,
            "before": None if before is None else Jsonb(before),
            "after": None if after is None else Jsonb(after),
        },
    )


def add_person(actor: Actor, code: str, name: str, phone: str = "") -> None:
    """Add a person; whole-office supervisors only.

    Raises
    ------
    PersonThere, NotAllowed
    """
    with session(actor) as conn:
        if conn.execute(_queries.person.sql, {"code": code.strip()}).fetchone():
            raise PersonThere(code=code)
        conn.execute(_queries.add_person.sql, {"code": code.strip(), "name": name.strip(), "phone": phone.strip()})
        note(conn, "insert", "person", code.strip(), after={"name": name.strip()})


def appoint(
    actor: Actor,
    person: str,
    duty: Duty | str,
    grid: str,
    begins: date,
    *,
    network: str = "comprehensive",
    ends: date | None = None,
    reason: str | None = None,
) -> int:
    """Give a person a post in a grid.

    Parameters
    ----------
    actor : Actor
        A supervisor in whose scope grid and person lie.
    person : str
        Staff number.
    duty : Duty
        The post.
    grid, network : str
        Code of a grid in force, and of its network.
    begins, ends : date, optional
        First and last day; no last day: until further notice.
    reason : str, optional
        For the audit.

    Returns
    -------
    int
        Number of the post.

    Raises
    ------
    PersonUnknown, GridUnknown, PostThere, ChiefThere, EndsEarly, NotAllowed
    """
    duty = Duty(duty)
    _check_span(begins, ends)
    with session(actor) as conn:
        number = person_id(conn, person)
        found = conn.execute(_queries.grid.sql, {"network": network, "grid": grid}).fetchone()
        if found is None or not found[1]:
            raise GridUnknown(code=grid)
        given = {
            "person": number, "duty": duty.value, "network": found[0], "grid": grid, "begins": begins, "ends": ends,
            "code": f"{person}/{duty.value}/{network}:{grid}/-/-/{begins.isoformat()}",
        }  # fmt: skip
        held = conn.execute(_queries.held.sql, given).fetchone()
        if held is not None:
            raise PostThere(code=person, begins=held[1])
        if duty is Duty.CHIEF:
            _check_alone(conn, given)
        made = conn.execute(_queries.appoint.sql, given).fetchone()
        assert made is not None
        after = {"person": person, "duty": duty.value, "network": network, "grid": grid, **_span(begins, ends)}
        note(conn, "appoint", "post", str(made[0]), after=after, reason=reason)
        return int(made[0])


def _check_alone(conn: psycopg.Connection[Any], given: dict[str, Any]) -> None:
    """Refuse a second chief; of two that are appointed at once the second waits for the first."""
    conn.execute(_queries.chiefs_turn.sql, given)
    other = conn.execute(_queries.chief.sql, given).fetchone()
    if other is not None:
        raise ChiefThere(grid=given["grid"], code=other[0], begins=other[1])


def end_post(actor: Actor, post: int, last_day: date, *, reason: str | None = None) -> None:
    """Say which day of a post is its last.

    Raises
    ------
    PostUnknown, EndsEarly, NotAllowed
    """
    with session(actor) as conn:
        found = conn.execute(_queries.post.sql, {"id": post}).fetchone()
        if found is None:
            raise PostUnknown
        _check_span(found[2], last_day)
        if conn.execute(_queries.end_post.sql, {"id": post, "ends": last_day}).rowcount != 1:
            raise NotAllowed  # seen, and not his to change
        before, after = _span(found[2], found[3]), _span(found[2], last_day)
        note(conn, "end", "post", str(post), before=before, after=after, reason=reason)


def record_leave(actor: Actor, person: str, begins: date, ends: date | None = None) -> None:
    """Record that somebody is away from a day to a day; the same first day again moves the last one.

    Raises
    ------
    PersonUnknown, LeaveOverlaps, EndsEarly, NotAllowed
    """
    _check_span(begins, ends)
    with session(actor) as conn:
        given = {"person": person_id(conn, person), "begins": begins, "ends": ends}
        other = conn.execute(_queries.leave.sql, given).fetchone()
        if other is not None:
            raise LeaveOverlaps(code=person, begins=other[0])
        made = conn.execute(_queries.record_leave.sql, given).fetchone()
        assert made is not None
        note(conn, "record", "leave", str(made[0]), after={"person": person, **_span(begins, ends)})


def link(actor: Actor, person: str, account: str) -> None:
    """Say with which account a person signs in, so that his visits are his own; a job's or an admin's work.

    Raises
    ------
    PersonUnknown, AccountUnknown, AccountTaken
    """
    with session(actor) as conn:
        person_id(conn, person)
        other = _holder(conn, account)
        if other is not None and other != person:
            raise AccountTaken(account=account, code=other)
        found = conn.execute(_queries.link.sql, {"code": person, "account": account}).fetchone()
        if found is None:
            raise NotAllowed
        note(conn, "link", "person", person, after={"account": account})


def unlink(actor: Actor, account: str) -> None:
    """Say that an account stands for nobody any more; a job's or an admin's work.

    Raises
    ------
    AccountUnknown
    """
    with session(actor) as conn:
        holder = _holder(conn, account)
        if holder is not None:
            conn.execute(_queries.unlink.sql, {"code": holder})
            note(conn, "unlink", "person", holder, before={"account": account})


def _holder(conn: psycopg.Connection[Any], account: str) -> str | None:
    """Give the staff number an account stands for."""
    found = conn.execute(_queries.holder.sql, {"account": account}).fetchone()
    if found is None:
        raise AccountUnknown(account=account)
    return None if found[0] is None else str(found[0])


def forget_tracks(conn: psycopg.Connection[Any], days: int) -> int:
    """Retention: delete tracks that ended so many days ago, and say so in the audit; how many. Jobs only."""
    found = conn.execute(_queries.forget.sql, {"days": days}).fetchone()
    gone = int(found[0]) if found else 0
    if gone:
        note(conn, "forget", "track", "", after={"rows": gone, "days": days})
    return gone


def _check_span(begins: date, ends: date | None) -> None:
    if ends is not None and ends < begins:
        raise EndsEarly(begins=begins, ends=ends)


def _span(begins: date, ends: date | None) -> dict[str, str | None]:
    return {"from": begins.isoformat(), "to": ends.isoformat() if ends else None}
