"""Clocks of cases in the database: started, paused, extended and ended by the events of the flow.

:func:`after` runs inside the transaction of an act; what came with a file gets its clocks by
:mod:`gis.casework.starting`. What a clock is and when it runs is said in
:mod:`gis.casework.running`; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import fields
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from gis.casework import files
from gis.casework import running
from gis.casework.calendar import Calendar
from gis.casework.limits import Table
from gis.casework.running import Case
from gis.casework.running import Clock
from gis.casework.running import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    import psycopg

    from gis.casework.clocks import Pause
    from gis.casework.files import Casefile
    from gis.casework.files import Event

queries = aiosql.from_path(Path(__file__).with_name("timing.sql"), "psycopg", mandatory_parameters=False)


def rules(conn: psycopg.Connection[Any]) -> Rules:
    """Read limits and calendar of the office."""
    return Rules(Table.of(conn), Calendar.of(conn))


def after(conn: psycopg.Connection[Any], before: Casefile | None, after: Casefile, event: Event) -> None:
    """Let the clocks of a case follow an event that was written.

    Parameters
    ----------
    conn : psycopg.Connection
        In the transaction of the act.
    before, after : Casefile
        The case before and after the event; None before a report.
    event : Event
        What happened: the last one of the case.
    """
    known = of(conn, [after.incident_id]).get(after.incident_id, [])
    stood = None if before is None else Case(before.flow, before.category)
    if stood is None or known:
        now = running.step(known, stood, Case(after.flow, after.category), event, rules(conn))
    else:  # a case from before it had clocks
        events = files.history(conn, after.incident_id)
        now = running.replay(events, after.kind, after.channel, after.category, rules(conn), after.closed_at)
    write(conn, [(after.incident_id, known, now)])
    conn.execute(queries.tell.sql, {"ids": [after.incident_id]})


def of(conn: psycopg.Connection[Any], ids: Iterable[int]) -> dict[int, list[Clock]]:
    """Give the clocks of cases by number, in the order they started."""
    found: dict[int, list[Clock]] = {}
    for incident, *row in conn.execute(queries.clocks.sql, {"ids": list(ids)}):
        values = dict(zip(COLUMNS, row, strict=True))
        values["pauses"] = tuple((part.lower, part.upper) for part in values["pauses"])
        found.setdefault(incident, []).append(Clock(**values))
    return found


COLUMNS = (
    "stage", "round", "starts_at", "kind", "amount", "extra", "warn_share", "source", "due_at", "warn_at", "pauses",
    "ended_at", "provisional", "id",
)  # fmt: skip


def write(conn: psycopg.Connection[Any], cases: Iterable[tuple[int, Sequence[Clock], Sequence[Clock]]]) -> int:
    """Write the clocks of cases as they are now; how many are new or changed.

    Parameters
    ----------
    conn : psycopg.Connection
        Of whoever acts.
    cases : iterable of (int, sequence of Clock, sequence of Clock)
        Number of the case, its clocks as they are stored, and as they are now.
    """
    fresh, turned = [], []
    for incident_id, known, now in cases:
        stood = {(clock.stage, clock.round): clock for clock in known}
        for clock in now:
            old = stood.get((clock.stage, clock.round))
            given = {field.name: getattr(clock, field.name) for field in fields(clock)}
            given |= {"incident": incident_id, "pauses": _ranges(clock.pauses)}
            if old is None:
                fresh.append(given)
            elif old != replace(clock, id=old.id):
                turned.append(given | {"id": old.id})
    with conn.cursor() as cursor:
        for statement, rows in ((queries.start.sql, fresh), (queries.turn.sql, turned)):
            if rows:
                cursor.executemany(statement, rows)
    return len(fresh) + len(turned)


def _ranges(pauses: Iterable[Pause]) -> Multirange[Any]:
    return Multirange(Range(since, until, "[)") for since, until in pauses)
