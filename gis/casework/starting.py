"""Clocks of many cases at once: what came with a file, and what nobody gave its clocks yet.

A case that has only its first event begins its stage and the whole with it, so that clocks of one
limit are computed together (:func:`gis.casework.clocks.dues`); a test compares them with what
:func:`gis.casework.running.replay` says. Everything else is replayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql

from gis.casework import clocks
from gis.casework import running
from gis.casework import timing
from gis.casework.calendar import local
from gis.casework.flow import ENDED
from gis.casework.running import Clock
from gis.db.connection import session
from gis.vocabulary import CaseState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    import psycopg

    from gis.casework.clocks import Kind
    from gis.casework.limits import Limit
    from gis.casework.running import Rules
    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("starting.sql"), "psycopg", mandatory_parameters=False)

CHUNK = 20_000
"""Cases worked on at once."""
NEW = ("stage", "starts_at", "kind", "amount", "warn_share", "source", "due_at", "warn_at", "ended_at", "provisional")
"""Columns of a new clock, besides its case, in the order they are copied."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A case of one event and no clock."""

    id: int
    kind: str
    channel: str
    category: str
    level: int | None
    state: str
    at: datetime
    due: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Past:
    """An event, as a replay wants it."""

    act: str
    state: str
    at: datetime
    actor: str
    note: str
    data: dict[str, Any]


@dataclass(slots=True)
class _Batch:
    """Clocks of one limit: which case, stage, from when, until when if it ended."""

    limit: Limit | None
    rows: list[tuple[int, str, datetime, datetime | None]] = field(default_factory=list)


def start_many(conn: psycopg.Connection[Any], incident_ids: Iterable[int]) -> int:
    """Give cases the clocks their events say, however many they are; the number of cases.

    What a limit said of a clock that ended stays as it was. Case files then say which clock runs
    out first.
    """
    ids = list(dict.fromkeys(incident_ids))
    by = timing.rules(conn)
    for n in range(0, len(ids), CHUNK):
        part = ids[n : n + CHUNK]
        fresh = [Fresh(*row) for row in conn.execute(_queries.fresh.sql, {"ids": part})]
        _insert(conn, opening(fresh, by))
        done = {case.id for case in fresh}
        _replay(conn, [number for number in part if number not in done], by)
        conn.execute(timing.queries.tell.sql, {"ids": part})
    return len(ids)


def imported(actor: Actor, import_id: int) -> int:
    """Give the cases of an import the clocks their new events say; the number of cases."""
    with session(actor) as conn:
        return start_many(conn, [number for (number,) in conn.execute(_queries.imported.sql, {"import": import_id})])


def catch_up(actor: Actor, most: int = CHUNK) -> int:
    """Give cases that have no clock theirs, at most so many; the number of cases."""
    with session(actor) as conn:
        return start_many(conn, [number for (number,) in conn.execute(_queries.bare.sql, {"most": most})])


def again(conn: psycopg.Connection[Any], *, provisional: bool = False) -> int:
    """Compute the ends of running clocks anew: after the office changed its days or hours; their number.

    Parameters
    ----------
    conn : psycopg.Connection
        Of whoever changed them.
    provisional : bool
        Only those that were computed beyond the published holidays.
    """
    calendar = timing.rules(conn).calendar
    ids = [number for (number,) in conn.execute(_queries.running.sql, {"provisional": provisional})]
    changed = 0
    for n in range(0, len(ids), CHUNK):
        part = ids[n : n + CHUNK]
        changed += timing.write(
            conn,
            [
                (incident, known, [running.settled(clock, calendar) if clock.runs else clock for clock in known])
                for incident, known in timing.of(conn, part).items()
            ],
        )
        conn.execute(timing.queries.tell.sql, {"ids": part})
    return changed


def opening(cases: Iterable[Fresh], by: Rules) -> list[tuple[int, Clock]]:
    """Give the clocks of cases that have only their first event, by the number of the case."""
    batches: dict[tuple[str, Decimal, Decimal, str] | None, _Batch] = {}
    found: list[tuple[int, Clock]] = []
    for case in cases:
        state = CaseState(case.state)
        ended = max(case.closed_at, case.at) if state is CaseState.CLOSED and case.closed_at else None
        if state in ENDED and ended is None:
            continue  # nobody knows when
        limits = by.limits.find(case.kind, case.category, case.level, case.channel, local(case.at))
        for name in ("total", *running.stages(case.kind, state)):
            if name == "total" and case.due is not None and ended is None:
                clock = Clock(
                    name, 1, case.at, kind=running.FIXED, due_at=case.due, warn_share=_share(limits.get(name))
                )
                found.append((case.id, running.settled(clock, by.calendar)))
                continue
            limit = limits.get(name)
            assert limit is None or limit.amount is not None
            key = None if limit is None else (limit.clock, limit.amount, limit.warn_share, limit.source)
            batches.setdefault(key, _Batch(limit)).rows.append((case.id, name, case.at, ended))  # type: ignore[arg-type]
    for batch in batches.values():
        found += _timed(batch, by)
    return found


def _share(limit: Limit | None) -> Decimal:
    return running.SHARE if limit is None else limit.warn_share


def _timed(batch: _Batch, by: Rules) -> list[tuple[int, Clock]]:
    limit = batch.limit
    if limit is None:
        return [(case, Clock(stage, 1, at, ended_at=ended)) for case, stage, at, ended in batch.rows]
    assert limit.amount is not None
    starts = [at for _case, _stage, at, _ended in batch.rows]
    kind: Kind = limit.clock
    dues = clocks.dues(starts, limit.amount, kind, by.calendar)
    warns = clocks.dues(starts, limit.amount * limit.warn_share, kind, by.calendar)
    works = kind.startswith("work")
    return [
        (
            case,
            Clock(
                stage, 1, at, kind=kind, amount=limit.amount, warn_share=limit.warn_share, source=limit.source,
                due_at=running.ending(due, kind), warn_at=warn, ended_at=ended,
                provisional=works and not by.calendar.covers(at, due),
            ),
        )
        for (case, stage, at, ended), due, warn in zip(batch.rows, dues, warns, strict=True)
    ]  # fmt: skip


def _insert(conn: psycopg.Connection[Any], found: Sequence[tuple[int, Clock]]) -> None:
    """Write new clocks, without pauses: copied in, for arrays of so many take psycopg longer than the server."""
    conn.execute(_queries.tray.sql)
    with conn.cursor() as cursor, cursor.copy(_queries.fill.sql) as copy:
        for case, clock in found:
            copy.write_row((case, *(getattr(clock, name) for name in NEW)))
    conn.execute(_queries.insert.sql)


def _replay(conn: psycopg.Connection[Any], ids: list[int], by: Rules) -> None:
    if not ids:
        return
    known = timing.of(conn, ids)
    events: dict[int, list[_Past]] = {}
    for case, *row in conn.execute(_queries.events.sql, {"ids": ids}):
        events.setdefault(case, []).append(_Past(*row))
    written = []
    for case, kind, channel, category, closed_at in conn.execute(_queries.cases.sql, {"ids": ids}):
        stood = known.get(case, [])
        frozen = {(clock.stage, clock.round): clock for clock in stood if not clock.runs}
        now = running.replay(events[case], kind, channel, category, by, closed_at)
        written.append((case, stood, [_frozen(clock, frozen, by) for clock in now]))
    timing.write(conn, written)


def _frozen(clock: Clock, ended: dict[tuple[str, int], Clock], by: Rules) -> Clock:
    """Give a clock that ended the limit it was measured by."""
    old = ended.get((clock.stage, clock.round))
    if old is None or clock.runs or running.FIXED in {old.kind, clock.kind}:
        return clock
    kept = replace(clock, kind=old.kind, amount=old.amount, warn_share=old.warn_share, source=old.source)
    return running.settled(kept, by.calendar)
