"""Why is this late: what each stage of a case was allowed, used, stood still, and took too long.

Yellow from the moment a limit is near its end, red from its end on (``mark``); whoever supervises
turns that into a card with the act ``card``, :func:`wanting` says where one is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal
from typing import cast

import aiosql
from psycopg.rows import class_row

from gis.casework import clocks
from gis.casework import limits
from gis.casework import running
from gis.casework import timing
from gis.casework.calendar import Calendar
from gis.i18n import joined
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from gis.casework.clocks import Kind
    from gis.casework.running import Clock

_queries = aiosql.from_path(Path(__file__).with_name("late.sql"), "psycopg", mandatory_parameters=False)

Mark = Literal["yellow", "red"]
ORDER = {stage: n for n, stage in enumerate(limits.STAGES)}


@dataclass(frozen=True, slots=True)
class StageTime:
    """What one stage, in one round, took.

    Attributes
    ----------
    stage, name, round : str, str, int
        Word, label in the language in force, which time.
    kind : str
        Clock it is measured by; round the clock where no limit is known, days where the end was given.
    limit : float or None
        Hours or days allowed, what was granted on top included; None without a limit.
    granted : float
        Of which granted on top.
    used, over : float
        Hours or days the clock counted, and how many of them beyond the limit.
    paused : timedelta
        How long it stood still, nights included.
    starts_at, due_at, ended_at : datetime, or None
        From when to when; a clock without an end runs.
    mark : str or None
        ``yellow`` near the end of its limit, ``red`` beyond it.
    provisional : bool
        Whether its end lies beyond the published holidays.
    source : str
        Paper the limit stands in.
    """

    stage: str
    name: str
    round: int
    kind: Kind
    limit: float | None
    granted: float
    used: float
    over: float
    paused: timedelta
    starts_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    mark: Mark | None
    provisional: bool
    source: str


@dataclass(frozen=True, slots=True)
class Wanting:
    """A case whose clock says more than its card.

    ``mark`` is what its clock says, ``card`` what it has.
    """

    id: int
    code: str
    seq: int
    stage: str | None
    due_at: datetime
    mark: Mark
    card: str | None


def why(conn: psycopg.Connection[Any], incident_id: int, at: datetime | None = None) -> list[StageTime]:
    """Give what each stage of a case took, in the order they began; the whole last.

    Parameters
    ----------
    conn : psycopg.Connection
        Of whoever asks: what he may not see gives nothing.
    incident_id : int
        Which case.
    at : datetime, optional
        Until when clocks that run are looked at; now by default.
    """
    at = datetime.now(UTC) if at is None else at
    calendar = Calendar.of(conn)
    found = timing.of(conn, [incident_id]).get(incident_id, [])
    found.sort(key=lambda clock: (clock.stage == "total", clock.starts_at, ORDER[clock.stage]))
    return [judged(clock, calendar, at) for clock in found]


def judged(clock: Clock, calendar: Calendar, at: datetime) -> StageTime:
    """Give what a clock allowed, counted and stood still until a moment."""
    until = at if clock.ended_at is None else clock.ended_at
    kind = _measure(clock)
    pauses = () if clock.kind == running.FIXED else clock.pauses
    counted = clocks.used(clock.starts_at, until, kind, calendar, pauses)
    limit = _allowed(clock, kind, calendar)
    late = limit is not None and clock.due_at is not None and until > clock.due_at
    over = max(float(counted - limit), 0.0) if late and limit is not None else 0.0
    still = ((since, until if to is None else min(to, until)) for since, to in clock.pauses)
    return StageTime(
        stage=clock.stage, name=limits.stage(clock.stage), round=clock.round, kind=kind,
        limit=None if limit is None else float(limit), granted=float(clock.extra), used=float(counted),
        over=over, paused=sum((to - since for since, to in still if to > since), timedelta()),
        starts_at=clock.starts_at, due_at=clock.due_at, ended_at=clock.ended_at,
        mark=mark(clock.warn_at, clock.due_at, until), provisional=clock.provisional, source=clock.source,
    )  # fmt: skip


def mark(warn_at: datetime | None, due_at: datetime | None, at: datetime) -> Mark | None:
    """Give the mark of a clock at a moment: as ``clock_of`` in the database judges, late is after the end."""
    if due_at is None:
        return None
    if at > due_at:
        return "red"
    return "yellow" if warn_at is not None and warn_at <= at else None


def told(stages: Iterable[StageTime]) -> str:
    """Say in one sentence why a case is late, in the language in force; empty where no stage is."""
    parts = [_told(stage) for stage in stages if stage.over > 0 and stage.stage != "total"]
    return joined(parts)


def wanting(conn: psycopg.Connection[Any], most: int = 200) -> list[Wanting]:
    """Give open cases whose clock asks for a card they do not have, the latest first."""
    with conn.cursor(row_factory=class_row(Wanting)) as cursor:
        return cursor.execute(_queries.wanting.sql, {"most": most}).fetchall()


def _measure(clock: Clock) -> Kind:
    if clock.kind == running.FIXED:
        return "natural_day"
    return "urgent_hour" if clock.kind is None else cast("Kind", clock.kind)


def _allowed(clock: Clock, kind: Kind, calendar: Calendar) -> Fraction | None:
    if clock.kind == running.FIXED:
        assert clock.due_at is not None
        return clocks.used(clock.starts_at, clock.due_at, kind, calendar)
    return None if clock.amount is None else Fraction(clock.amount + clock.extra)


def _told(stage: StageTime) -> str:
    words = _("{stage}允许 {limit},用了 {used},超出 {over}").format(
        stage=stage.name
        if stage.round == 1
        else _("{stage}(第 {round} 次)").format(stage=stage.name, round=stage.round),
        limit=limits.amount(stage.kind, stage.limit),
        used=limits.amount(stage.kind, stage.used),
        over=limits.amount(stage.kind, stage.over),
    )
    hours = stage.paused.total_seconds() / 3600
    return words + _(",其间暂停 {hours} 小时").format(hours=f"{hours:.1f}") if hours else words
