"""Entries of the ledger as the house hands them out, and how they are looked for.

An entry is a finding with a memory: when it was first and last seen, whose it is, until when,
in which state. What people do with it is the business of :mod:`gis.coverage.ledger`, what the
rules do with it that of :mod:`gis.coverage.keeping`.
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import fields
from typing import TYPE_CHECKING
from typing import Any
from typing import Self

from psycopg.rows import class_row

from gis.coverage import wording
from gis.coverage.engine import statement
from gis.coverage.findings import Finding
from gis.coverage.rules import RULES
from gis.errors import NotFound
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from datetime import datetime

    import psycopg

FILE = "ledger.sql"
OPEN = ("new", "assigned", "doing", "checked")
"""States of an entry that counts: its cause is there and nobody accepted it."""

STATES = (*OPEN, "excepted", "closed")
ORDERS = {
    "households": "",
    "due": "l.due_on NULLS LAST,",
    "first_seen": "l.first_seen DESC,",
    "oldest": "l.first_seen,",
    "returns": "l.returns DESC,",
    "area": "a.code NULLS LAST,",
    "rule": "l.rule,",
}
"""What a list may begin with; most households first among equals."""


class EntryMissing(NotFound):
    """An entry is not there, or is not the actor's to see."""

    template = "台账里没有第 {ids} 条,或它不在你的管辖范围内。"
    cure = "请检查编号,或换一个有权限的账号。"


@dataclass(kw_only=True)
class Entry(Finding):
    """One entry of the ledger; what the rules said of it last, and what became of it.

    Attributes
    ----------
    id : int
        Number of the entry.
    network : str
        Code of the network.
    finding_id : int or None
        Its finding as it stands; None when its cause is gone.
    people : int
        People in the buildings it touches.
    first_seen, last_seen, gone_at : datetime
        When it was found first, when its cause was there last, when it was gone.
    returns : int
        How often it came back.
    state : str
        ``new``, ``assigned``, ``doing``, ``checked``, ``excepted``, ``closed``.
    owner_id, owner : int, str, or None
        Account, and what to call it.
    mine : bool
        Whether it is the actor's own.
    due_on, overdue : date or None, bool
        Last day; whether it is over and the entry still stands.
    exception_reason, exception_until : str, date, or None
        Why it is accepted, and until which day.
    updated_at : datetime
        When somebody last acted on it: give it back to the acts, so that nobody overtakes unseen.
    """

    id: int
    network: str
    finding_id: int | None
    people: int
    first_seen: datetime
    last_seen: datetime
    gone_at: datetime | None
    returns: int
    state: str
    owner_id: int | None
    owner: str | None
    mine: bool
    due_on: date | None
    overdue: bool
    exception_reason: str | None
    exception_until: date | None
    updated_at: datetime

    @property
    def state_text(self) -> str:
        """Name of the state, in the language in force."""
        return state_name(self.state)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an entry's history; ``who`` is what to call the account, ``data`` the numbers of that moment."""

    at: datetime
    who: str
    act: str
    before: str | None
    after: str | None
    note: str
    data: dict[str, Any]

    @property
    def act_text(self) -> str:
        """What happened, in the language in force."""
        return act_name(self.act)


@dataclass(frozen=True, slots=True)
class Query:
    """Which entries; None leaves a member open.

    Attributes
    ----------
    rules, severities, states : tuple of str or None
        Keep only these; :data:`OPEN` for what counts.
    area : str or None
        Code of an area; those below it belong to it.
    grid : str or None
        Code of a grid they name.
    owner : str or None
        Name of an account, or what it is called; empty for entries without an owner.
    mine, overdue, returned : bool
        The actor's own; past their day; those that came back.
    text : str or None
        In a code, the name of an area or of a rule, or ``#`` and the number.
    order : str
        One of :data:`ORDERS`.
    """

    rules: tuple[str, ...] | None = None
    severities: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    area: str | None = None
    grid: str | None = None
    owner: str | None = None
    mine: bool = False
    overdue: bool = False
    returned: bool = False
    text: str | None = None
    order: str = "households"

    def as_json(self) -> dict[str, Any]:
        """Give what differs from an empty query, to be stored or told."""
        plain = asdict(Query())
        return {key: value for key, value in asdict(self).items() if value != plain[key]}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Take what was stored; what this version does not know is left aside."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in given.items() if key in known
        }
        if values.get("order", "households") not in ORDERS:
            values.pop("order")
        return cls(**values)


def entries(
    conn: psycopg.Connection[Any], network: str, query: Query, limit: int | None = 200, offset: int = 0
) -> list[Entry]:
    """Give entries of a network that fit, most households first unless the query says otherwise.

    Parameters
    ----------
    conn : Connection
        Of a session (row-level security applies).
    network : str
        Code of the network.
    query : Query
        Which ones, in which order.
    limit, offset : int
        A page of the list; no limit with None.
    """
    return _listing(conn, "where", ORDERS[query.order], {**_given(network, query), "limit": limit, "offset": offset})


def count(conn: psycopg.Connection[Any], network: str, query: Query) -> int:
    """Count the entries that fit."""
    row = conn.execute(_text("count"), _given(network, query)).fetchone()
    return int(row[0]) if row else 0


def counts(conn: psycopg.Connection[Any], network: str, query: Query) -> dict[str, dict[str, int]]:
    """Count the entries that fit: ``{rule: {severity: number}}``."""
    found: dict[str, dict[str, int]] = {}
    for rule, severity, number in conn.execute(_text("counts"), _given(network, query)):
        found.setdefault(rule, {})[severity] = number
    return found


def seen(conn: psycopg.Connection[Any], network: str, query: Query) -> dict[int, datetime]:
    """Give the numbers of the entries that fit, each with when somebody last acted on it: what a bulk act is given."""
    return dict(conn.execute(_text("seen"), _given(network, query)).fetchall())


def position(conn: psycopg.Connection[Any], network: str, query: Query, entry_id: int) -> int | None:
    """Say where an entry stands in the list of those that fit, from 0; None where it does not fit."""
    text = _text("position", order=ORDERS[query.order])
    row = conn.execute(text, {**_given(network, query), "id": entry_id}).fetchone()
    return None if row is None else int(row[0])


def get(conn: psycopg.Connection[Any], entry_id: int) -> Entry:
    """Give one entry.

    Raises
    ------
    EntryMissing
        There is none of this number, or it is not the actor's to see.
    """
    found = _listing(conn, "one", "", {"id": entry_id, "area": None, "owner": None, "limit": 1, "offset": 0})
    if not found:
        raise EntryMissing(ids=entry_id)
    return found[0]


def history(conn: psycopg.Connection[Any], entry_id: int) -> list[Event]:
    """Give what happened to an entry, oldest first."""
    with conn.cursor(row_factory=class_row(Event)) as cursor:
        return cursor.execute(statement(FILE, "history").encode(), {"id": entry_id}).fetchall()


def states(conn: psycopg.Connection[Any], network: str) -> dict[str, int]:
    """Count a network's entries by state, and how many are ``overdue``."""
    rows = conn.execute(statement(FILE, "states").encode(), {"network": network}).fetchall()
    return (
        dict.fromkeys(STATES, 0)
        | {state: n for state, n, _late in rows}
        | {"overdue": sum(late for _state, _n, late in rows)}
    )


def state_name(state: str) -> str:
    """Name of a state, in the language in force."""
    return {
        "new": _("待分派"),
        "assigned": _("已分派"),
        "doing": _("处理中"),
        "checked": _("已核查"),
        "excepted": _("已接受例外"),
        "closed": _("已关闭"),
    }[state]


def act_name(act: str) -> str:
    """Name of what happened to an entry, in the language in force."""
    return {
        "found": _("发现"),
        "changed": _("情况有变"),
        "gone": _("原因消除,自动关闭"),
        "returned": _("再次出现,重新打开"),
        "assigned": _("分派"),
        "begun": _("开始处理"),
        "checked": _("核查完成"),
        "excepted": _("接受为例外"),
        "expired": _("例外到期"),
        "resumed": _("撤销例外"),
        "due": _("调整期限"),
        "comment": _("留言"),
        "task": _("任务"),
        "proposal": _("方案"),
    }[act]


def _listing(conn: psycopg.Connection[Any], where: str, order: str, given: dict[str, Any]) -> list[Entry]:
    with conn.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(_text("entries", where, order), given).fetchall()


def _text(name: str, where: str = "where", order: str = "") -> bytes:
    """Put a statement together: what is given, among which entries, which of them, in which order."""
    text = statement(FILE, name)
    for part, value in (
        ("{given}", statement(FILE, "given").rstrip()),
        ("{among}", statement(FILE, "among").rstrip()),
        ("{where}", statement(FILE, where)),
        ("{order}", order),
    ):
        text = text.replace(part, value)
    return text.encode()


def _given(network: str, query: Query) -> dict[str, Any]:
    text = None if query.text is None or not query.text.strip() else query.text.strip()
    return {
        "network": network,
        "rules": None if query.rules is None else list(query.rules),
        "severities": None if query.severities is None else list(query.severities),
        "states": None if query.states is None else list(query.states),
        "area": query.area,
        "grid": query.grid,
        "owner": query.owner or None,
        "unowned": query.owner == "",
        "mine": query.mine,
        "overdue": query.overdue,
        "returned": query.returned,
        "text": text,
        "titles": [] if text is None else [key for key in RULES if text.lower() in wording.title(key).lower()],
    }
