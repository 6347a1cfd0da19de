"""The hours of the week of an area or a grid: what happened, and on how many days somebody was there.

The counting is that of the rule ``uncovered_hours``, word for word, so the matrix on a page and the
findings beside it cannot differ. What the actor may not read is not counted (tracks are for
supervisors, see ``docs/access.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
from psycopg import sql
from psycopg.rows import dict_row

from gis.coverage import parameters
from gis.coverage.engine import statement
from gis.coverage.moment import NetworkMissing
from gis.coverage.rules import RULES
from gis.coverage.rules.hours import DAY
from gis.coverage.rules.hours import week
from gis.vocabulary import RuleKey

if TYPE_CHECKING:
    import psycopg

FILE = "hours.sql"
NOTHING = np.zeros((7, DAY), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Seven weekdays (Monday first) by 24 hours of Beijing time.

    Attributes
    ----------
    incidents : list of list of int
        Incidents that happened in the hour.
    presence : list of list of int
        Days on which somebody was there in the hour: a visit, a track, an incident the patrol found.
    days : int
        Days there were of each weekday, over all places.
    places : int
        Areas (or the one grid) that are counted together.
    until : datetime
        The moment it looks back from.
    """

    incidents: list[list[int]]
    presence: list[list[int]]
    days: int
    places: int
    until: datetime


def matrix(
    conn: psycopg.Connection[Any],
    network: str,
    *,
    area: str | None = None,
    grid: str | None = None,
    now: datetime | None = None,
) -> Matrix:
    """Count the hours of the week.

    Parameters
    ----------
    conn : Connection
        Of a session (row-level security applies).
    network : str
        Code of the network.
    area, grid : str, optional
        Code of an area (with all in it) or of a grid in force; with neither, the whole network.
    now : datetime, optional
        Moment to look back from, when the network's records are not complete until earlier.

    Raises
    ------
    NetworkMissing
        No such network.
    """
    row = conn.execute(statement(FILE, "network"), {"network": network, "now": now or datetime.now(UTC)}).fetchone()
    if row is None:
        raise NetworkMissing(code=network)
    number, at = row
    days = parameters.values(network)["hours_days"]
    text = f"WITH {statement(FILE, 'areas' if grid is None else 'grid')}, {statement(FILE, 'records')} "
    query = sql.SQL(text) + sql.SQL(
        "SELECT p.places, r.slots, r.incidents, r.presence FROM (SELECT count(*)::int AS places FROM cov_area) AS p "
        "LEFT JOIN ({}) AS r ON true"
    ).format(sql.SQL(RULES[RuleKey.UNCOVERED_HOURS].sql))
    given = {"id": number, "at": at, "days": days, "area": area, "grid": grid}
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, given).fetchall()
    happened, present = NOTHING, NOTHING
    for found in rows:
        if found["slots"] is not None:
            happened = happened + week(found, "incidents").reshape(7, DAY)
            present = present + week(found, "presence").reshape(7, DAY)
    places = rows[0]["places"]
    return Matrix(happened.tolist(), present.tolist(), round(days / 7) * places, places, at)
