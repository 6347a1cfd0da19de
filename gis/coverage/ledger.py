"""What people do with the entries of the ledger: give, begin, check, except, comment.

::

    new → assigned → doing → checked → closed
      ↖______↑__________________↓ (given again)
    any of them ⇄ excepted, until a day

The supervisor of the place gives entries to somebody, accepts them as exceptions and comments;
the owner begins, checks and comments; leaders read. Nobody closes: the rules do, when the cause
is gone (:mod:`gis.coverage.keeping`). Each act is one transaction with an event for every entry
and an audit row. An act goes through only where the entry still is as the person saw it: of two
who act at once one wins, and the other is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gis.coverage.engine import statement
from gis.coverage.entries import FILE
from gis.coverage.entries import OPEN
from gis.coverage.entries import ORDERS
from gis.coverage.entries import STATES
from gis.coverage.entries import Entry
from gis.coverage.entries import EntryMissing
from gis.coverage.entries import Event
from gis.coverage.entries import Query
from gis.coverage.entries import act_name
from gis.coverage.entries import count
from gis.coverage.entries import counts
from gis.coverage.entries import entries
from gis.coverage.entries import get
from gis.coverage.entries import history
from gis.coverage.entries import position
from gis.coverage.entries import seen
from gis.coverage.entries import state_name
from gis.coverage.entries import states
from gis.coverage.extract import export
from gis.coverage.saved import drop_filter
from gis.coverage.saved import filters
from gis.coverage.saved import save_filter
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from datetime import date
    from datetime import datetime

    import psycopg

    from gis.vocabulary import Actor

__all__ = [
    "OPEN", "ORDERS", "STATES", "Entry", "EntryMissing", "Event", "Person", "Query", "accept", "act_name", "assign",
    "begin", "check", "comment", "count", "counts", "drop_filter", "entries", "export", "filters", "get", "history",
    "people", "position", "resume", "save_filter", "seen", "state_name", "states",
]  # fmt: skip

LONGEST_EXCEPTION_DAYS = 366
LONGEST_WORDS = 1000
TOLD = 5
"""Numbers named in a message at most."""


class Overtaken(BadInput):
    """Somebody acted on it in between."""

    template = "第 {ids} 条刚刚被别人改动过,你的操作没有写入。"
    cure = "请刷新后看看它现在的状态,再决定怎么做。"
    http_status = 409


class WrongStep(BadInput):
    """An entry in this state does not take this step."""

    template = "第 {ids} 条现在的状态是“{state}”,不能这样操作。"
    cure = "已关闭的条目只在原因再次出现时重新打开;例外须先撤销;核查由责任人在分派之后进行。"
    http_status = 409


class NotYours(NotAllowed):
    """Another role does this."""

    template = "这项操作不是你的:分派和例外由该辖区的督导员决定,开始处理和核查由责任人完成。"
    cure = "请联系督导员或责任人;没有写入任何内容。"


class OwnerUnfit(BadInput):
    """Nobody by this name may be given entries here."""

    template = "不能分派给 {owner}:没有这个账号,或它在这个辖区没有督导员、网格员或部门的角色。"
    cure = "请从可分派的人员中选择。"


class DayUnfit(BadInput):
    """The day is over, or too far."""

    template = "日期 {day} 不合适:须从今天起,例外最长一年。"
    cure = "请改日期。"


class WordsMissing(BadInput):
    """Something has to be said."""

    template = "没有写明内容或理由。"
    cure = "请写一句话;它会进入台账和审计。"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody an entry may be given to; ``label`` is what to call the account."""

    id: int
    name: str
    label: str
    roles: list[str]


@dataclass(frozen=True, slots=True)
class _Stand:
    """How an entry stands that somebody acts on."""

    id: int
    state: str
    owner_id: int | None
    due_on: date | None
    exception_reason: str | None
    exception_until: date | None
    updated_at: datetime
    mine: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """How an act leaves an entry, and what its history calls it."""

    state: str
    owner_id: int | None
    due_on: date | None
    act: str


def people(conn: psycopg.Connection[Any]) -> list[Person]:
    """Give whom the actor may give entries to: workers, departments and supervisors who work where he does."""
    with conn.cursor(row_factory=class_row(Person)) as cursor:
        return cursor.execute(statement(FILE, "people").encode()).fetchall()


def assign(
    actor: Actor, ids: Sequence[int], owner: str, due: date | None, *, seen: Mapping[int, datetime] | None = None
) -> int:
    """Give entries to somebody until a day; how many.

    Parameters
    ----------
    actor : Actor
        A supervisor of the place, or the house.
    ids : sequence of int
        Entries; all of them are given, or none.
    owner : str
        Name of the account.
    due : date or None
        Last day.
    seen : mapping of int to datetime, optional
        ``updated_at`` of the entries as the person saw them.

    Raises
    ------
    NotYours, EntryMissing, OwnerUnfit, DayUnfit
        Nothing was written.
    WrongStep
        One of them is closed or excepted.
    Overtaken
        Somebody was faster.
    """
    with session(actor) as conn:
        _supervise(conn)
        chosen = next((p for p in people(conn) if p.name == owner), None)
        if chosen is None:
            raise OwnerUnfit(owner=owner)
        _from_today(conn, due)

        def step(entry: _Stand) -> _Step:
            kept = entry.owner_id == chosen.id and entry.state in {"assigned", "doing"}
            return _Step(entry.state if kept else "assigned", chosen.id, due, "due" if kept else "assigned")

        data = {"owner": chosen.name, "due": None if due is None else due.isoformat()}
        return _act(conn, "assign", ids, OPEN, step, seen, data=data)


def begin(actor: Actor, entry_id: int, *, seen: datetime | None = None) -> None:
    """Say that the owner began. Raises as :func:`assign`."""
    with session(actor) as conn:
        _act(
            conn, "begin", [entry_id], ("assigned",), lambda e: _Step("doing", e.owner_id, e.due_on, "begun"),
            _one(entry_id, seen), owner_only=True,
        )  # fmt: skip


def check(actor: Actor, entry_id: int, note: str = "", *, seen: datetime | None = None) -> None:
    """Say that the owner is done; the entry closes when the rules find its cause gone. Raises as :func:`assign`."""
    with session(actor) as conn:
        _act(
            conn, "check", [entry_id], ("assigned", "doing"),
            lambda e: _Step("checked", e.owner_id, e.due_on, "checked"), _one(entry_id, seen),
            note=_words(note), owner_only=True,
        )  # fmt: skip


def accept(
    actor: Actor, ids: Sequence[int], reason: str, until: date, *, seen: Mapping[int, datetime] | None = None
) -> int:
    """Accept entries as exceptions until a day, at most a year ahead; how many. They count nowhere until then.

    Raises as :func:`assign`, and WordsMissing without a reason.
    """
    why = _words(reason)
    if not why:
        raise WordsMissing
    with session(actor) as conn:
        _supervise(conn)
        _from_today(conn, until, at_most=LONGEST_EXCEPTION_DAYS)
        return _act(
            conn, "except", ids, (*OPEN, "excepted"),
            lambda e: _Step("excepted", e.owner_id, e.due_on, "excepted"), seen,
            note=why, data={"until": until.isoformat()}, exception=(why, until),
        )  # fmt: skip


def resume(actor: Actor, ids: Sequence[int], *, seen: Mapping[int, datetime] | None = None) -> int:
    """Take exceptions back; how many. They count again and go back to their owner. Raises as :func:`assign`."""
    with session(actor) as conn:
        _supervise(conn)
        return _act(
            conn, "resume", ids, ("excepted",),
            lambda e: _Step("new" if e.owner_id is None else "assigned", e.owner_id, e.due_on, "resumed"), seen,
        )  # fmt: skip


def comment(actor: Actor, entry_id: int, text: str) -> None:
    """Say something about an entry, whatever state it is in: its owner, or a supervisor of the place.

    Raises
    ------
    WordsMissing, EntryMissing, NotYours
        Nothing was written.
    """
    words = _words(text)
    if not words:
        raise WordsMissing
    with session(actor) as conn:
        (entry,) = _stand(conn, [entry_id])
        if not entry.mine:
            _supervise(conn)
        conn.execute(statement(FILE, "comment").encode(), {"id": entry_id, "note": words})
        _audit(conn, "comment", [entry_id], None, None, words)


def _act(
    conn: psycopg.Connection[Any],
    action: str,
    ids: Sequence[int],
    allowed: Sequence[str],
    step: Callable[[_Stand], _Step],
    seen: Mapping[int, datetime] | None,
    *,
    note: str = "",
    data: dict[str, Any] | None = None,
    exception: tuple[str, date] | None = None,
    owner_only: bool = False,
) -> int:
    """Take one step with entries, all of them or none; how many."""
    standing = _stand(conn, ids)
    if owner_only and not all(entry.mine for entry in standing):
        raise NotYours
    if seen is not None:
        _refuse(Overtaken, [entry for entry in standing if seen.get(entry.id, entry.updated_at) != entry.updated_at])
    _refuse(WrongStep, [entry for entry in standing if entry.state not in allowed])
    steps = [step(entry) for entry in standing]
    why, until = exception or (None, None)
    done = conn.execute(
        statement(FILE, "act").encode(),
        {
            "ids": [entry.id for entry in standing],
            "seen": [entry.updated_at for entry in standing],
            "was": [entry.state for entry in standing],
            "states": [s.state for s in steps],
            "owners": [s.owner_id for s in steps],
            "dues": [s.due_on for s in steps],
            "acts": [s.act for s in steps],
            "reason": why,
            "until": until,
            "note": note,
            "data": Jsonb(data or {}),
        },
    ).fetchall()
    _refuse(Overtaken, [entry for entry in standing if (entry.id,) not in set(done)])
    states_before = {str(entry.id): entry.state for entry in standing}
    _audit(conn, action, [entry.id for entry in standing], {"states": states_before}, data, note or None)
    return len(done)


def _stand(conn: psycopg.Connection[Any], ids: Sequence[int]) -> list[_Stand]:
    with conn.cursor(row_factory=class_row(_Stand)) as cursor:
        found = cursor.execute(statement(FILE, "stand").encode(), {"ids": list(ids)}).fetchall()
    missing = sorted(set(ids) - {entry.id for entry in found})
    if missing or not found:
        raise EntryMissing(ids=_numbers(missing))
    return found


def _refuse(mistake: type[BadInput], wrong: list[_Stand]) -> None:
    if wrong:
        raise mistake(ids=_numbers([entry.id for entry in wrong]), state=state_name(wrong[0].state))


def _numbers(ids: Sequence[int]) -> str:
    return "、".join(map(str, ids[:TOLD])) + ("…" if len(ids) > TOLD else "")


def _supervise(conn: psycopg.Connection[Any]) -> None:
    if conn.execute(
        b"SELECT atlas.has_role('{supervisor}') OR atlas.account_id() IS NULL AND atlas.everywhere()"
    ).fetchone() != (True,):
        raise NotYours


def _from_today(conn: psycopg.Connection[Any], day: date | None, at_most: int | None = None) -> None:
    if day is None:
        return
    (today,) = conn.execute(statement(FILE, "today").encode()).fetchone() or (day,)
    if day < today or (at_most is not None and day > today + timedelta(days=at_most)):
        raise DayUnfit(day=day.isoformat())


def _audit(
    conn: psycopg.Connection[Any],
    action: str,
    ids: Sequence[int],
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    reason: str | None,
) -> None:
    conn.execute(
        statement(FILE, "audit").encode(),
        {
            "action": action,
            "subject": str(ids[0]) if len(ids) == 1 else "",
            "before": None if before is None else Jsonb(before),
            "after": Jsonb({"entries": list(ids), **(after or {})}),
            "reason": reason,
        },
    )


def _words(text: str) -> str:
    return " ".join(text.split())[:LONGEST_WORDS]


def _one(entry_id: int, seen: datetime | None) -> Mapping[int, datetime] | None:
    return None if seen is None else {entry_id: seen}
