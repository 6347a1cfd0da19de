"""What of disputes comes round: the lines of a weekly form, and where somebody has to go until a day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

if TYPE_CHECKING:
    from datetime import date

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("rounds.sql"), "psycopg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class Carried:
    """One line of a weekly form.

    Attributes
    ----------
    reported_on : date
        First report; the id is the same in every week.
    new, again : bool
        Reported in this span; broke out again in it.
    state : str
        Of the flow, as at the end of the span.
    mediations, visits : int
        In this span.
    """

    id: int
    code: str
    category: str
    title: str
    area: str | None
    area_name: str | None
    grid: str | None
    level: int | None
    reported_on: date
    new: bool
    again: bool
    state: str
    mediations: int
    visits: int
    people: int | None
    outcome: str | None
    relapses: int | None


@dataclass(frozen=True, slots=True)
class Due:
    """Something a dispute needs until a day.

    ``need`` is ``visit`` (by its colour), ``perform`` (what was agreed is due, and nobody noted
    whether it was performed) or ``confirm`` (both may still apply for judicial confirmation).
    """

    id: int
    code: str
    category: str
    title: str
    area: str | None
    area_name: str | None
    grid: str | None
    level: int | None
    need: str
    by: date


def carried(conn: psycopg.Connection[Any], since: date, until: date, area: str | None = None) -> list[Carried]:
    """Give the disputes of a span of days, carried-over ones first: what a weekly form begins with.

    Parameters
    ----------
    conn : psycopg.Connection
        His scope holds.
    since, until : date
        First and last day (of the office's zone).
    area : str, optional
        Code of a community; all of them without.

    Returns
    -------
    list of Carried
        An empty one is a 零报告. Those not closed before the span, those reported in it, and those
        that broke out again in it.
    """
    with conn.cursor(row_factory=class_row(Carried)) as cursor:
        return cursor.execute(_queries.carried.sql, {"since": since, "until": until, "area": area}).fetchall()


def due(conn: psycopg.Connection[Any], until: date, area: str | None = None, limit: int = 200) -> list[Due]:
    """Give what disputes need until a day, the earliest first: what is overdue stands at the top.

    Parameters
    ----------
    conn : psycopg.Connection
        His scope holds.
    until : date
        Last day looked at.
    area : str, optional
        Code of a community; all of them without.
    limit : int
        Lines at most.
    """
    with conn.cursor(row_factory=class_row(Due)) as cursor:
        return cursor.execute(_queries.due.sql, {"until": until, "area": area, "limit": limit}).fetchall()
