"""Clocks as pure functions: when so much time is used up, and how much was used between two moments.

Four kinds (domain facts §1.8). ``urgent_hour`` runs round the clock; ``work_hour`` in office hours;
``work_day`` and ``natural_day`` count days as 民法典 art. 201 and 203 do: the day a period begins on
does not count, its last day counts to the end of office hours, or to midnight. A natural-day period
that ends on a day off is not prolonged: it warns rather early than late. A pause takes out what the
clock would have counted meanwhile, to the moment: half a working morning is that part of a working
day. No database here.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING
from typing import Literal

import numpy as np

from gis.casework.calendar import ONE
from gis.casework.calendar import HoursMissing
from gis.casework.calendar import local
from gis.casework.calendar import midnight

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from datetime import date
    from datetime import datetime
    from decimal import Decimal

    import numpy.typing as npt

    from gis.casework.calendar import Calendar

Kind = Literal["urgent_hour", "work_hour", "work_day", "natural_day"]
KINDS: tuple[Kind, ...] = ("urgent_hour", "work_hour", "work_day", "natural_day")
Pause = tuple["datetime", "datetime | None"]
"""From a moment to a moment; None while it lasts."""
Amount = int | Fraction | float
"""Hours or days; :class:`decimal.Decimal` too."""

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
LONGEST = 366 * 40
"""Days after which a clock that has not ended is taken for one that never will."""


def due(
    start: datetime, amount: Amount | Decimal, kind: Kind, calendar: Calendar, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """Give the first moment at which so much time is used up.

    Parameters
    ----------
    start : datetime
        When the clock starts, with a zone.
    amount : number
        Hours or days, by the kind; not negative.
    kind : str
        One of :data:`KINDS`.
    calendar : Calendar
        Of the office.
    pauses : sequence of (datetime, datetime or None)
        When it stood still; they may overlap, or lie before the start.

    Returns
    -------
    datetime or None
        In UTC; None while the clock stands still before its end.

    Raises
    ------
    HoursMissing
        The office does not work for decades.
    """
    left = Fraction(amount)
    last = start
    if left <= 0:
        return start
    for begins, ends, worth in _counted(start, kind, calendar, pauses):
        if left <= worth:
            return begins + TICK * -(-(((ends - begins) // TICK) * left) // worth)
        left -= worth
        last = ends
    if any(until is None for _since, until in pauses):
        return None
    raise HoursMissing(day=local(last).isoformat())


def used(start: datetime, end: datetime, kind: Kind, calendar: Calendar, pauses: Sequence[Pause] = ()) -> Fraction:
    """Give how much time a clock counted between two moments, in hours or days by its kind.

    Parameters
    ----------
    start, end : datetime
        From when to when; nothing where the end comes first.
    kind, calendar, pauses
        As for :func:`due`.
    """
    total = Fraction(0)
    for begins, ends, worth in _counted(start, kind, calendar, pauses):
        if begins >= end:
            break
        if ends > end:
            worth = worth * ((end - begins) // TICK) / ((ends - begins) // TICK)  # noqa: PLW2901
        total += worth
    return total


def dues(starts: Sequence[datetime], amount: Amount | Decimal, kind: Kind, calendar: Calendar) -> list[datetime]:
    """Give what :func:`due` gives for many starts of one limit without pauses, at a fraction of the cost.

    Clocks of days depend on the day they start on alone; hours are looked up in one running sum.
    """
    if Fraction(amount) <= 0:
        return list(starts)
    if kind == "urgent_hour":
        whole = TICK * -(-(HOUR // TICK) * Fraction(amount) // 1)
        return [start + whole for start in starts]
    if kind == "work_hour":
        return _work_hours(starts, amount, calendar)
    by_day: dict[date, datetime] = {}
    found = []
    for start in starts:
        day = local(start)
        if day not in by_day:
            by_day[day] = _ends(start, amount, kind, calendar)
        found.append(by_day[day])
    return found


def _ends(start: datetime, amount: Amount | Decimal, kind: Kind, calendar: Calendar) -> datetime:
    found = due(start, amount, kind, calendar)
    assert found is not None  # only a pause that lasts gives none
    return found


def _work_hours(starts: Sequence[datetime], amount: Amount | Decimal, calendar: Calendar) -> list[datetime]:
    """Look up where so much office time is over: positions on one axis of worked time, in microseconds."""
    if not starts:
        return []
    first, last = min(starts), max(starts)
    until = _ends(last, amount, "work_hour", calendar)
    begins, ends = [], []
    day = local(first)
    while midnight(day) <= until:
        for begin, end in calendar.spans(day):
            begins.append(begin)
            ends.append(end)
        day += ONE
    opens, shuts = _ticks(begins, first), _ticks(ends, first)
    worked = np.concatenate([[0], np.cumsum(shuts - opens)])  # before each span
    at = _ticks(starts, first)
    span = np.searchsorted(shuts, at, side="right")  # the one running, or the next to come
    target = worked[span] + np.maximum(at - opens[span], 0) + -(-(HOUR // TICK) * Fraction(amount) // 1)
    ending = np.searchsorted(worked[1:], target, side="left")
    moments = opens[ending] + (target - worked[ending])
    return [first + TICK * int(tick) for tick in moments]


def _ticks(moments: Sequence[datetime], origin: datetime) -> npt.NDArray[np.int64]:
    return np.array([(moment - origin) // TICK for moment in moments], dtype=np.int64)


def _counted(
    start: datetime, kind: Kind, calendar: Calendar, pauses: Sequence[Pause]
) -> Iterator[tuple[datetime, datetime, Fraction]]:
    """Give the stretches a clock counts, in order, each with what it is worth; up to a pause that lasts."""
    still = sorted(((since, until) for since, until in pauses if until is None or until > since), key=lambda p: p[0])
    for begins, ends, worth in _stretches(start, kind, calendar):
        size = (ends - begins) // TICK
        at = begins
        for since, until in still:
            if since >= ends:
                break
            if since > at:
                yield at, since, worth * ((since - at) // TICK) / size
            if until is None:
                return
            at = max(at, until)
        if at < ends:
            yield at, ends, worth * ((ends - at) // TICK) / size
        while still and still[0][1] is not None and still[0][1] <= ends:
            still.pop(0)


def _stretches(start: datetime, kind: Kind, calendar: Calendar) -> Iterator[tuple[datetime, datetime, Fraction]]:
    """Give the stretches a clock would count without pauses, day by day, with their worth in its unit."""
    day = local(start)
    if kind in {"work_day", "natural_day"}:
        day += ONE  # the day it begins on does not count
    for _each in range(LONGEST):
        spans = calendar.spans(day) if kind in {"work_hour", "work_day"} else ((midnight(day), midnight(day + ONE)),)
        whole = sum((ends - begins for begins, ends in spans), timedelta())
        for opens, ends in spans:
            begins = max(opens, start)
            if begins < ends:
                size = (ends - begins) // TICK
                unit = HOUR if kind.endswith("hour") else whole
                yield begins, ends, Fraction(size, unit // TICK)
        day += ONE
