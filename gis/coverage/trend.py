"""The headline over time: its days, what changed since a day, and how areas and grids stand.

The days are written with each refresh, whole or local, and with each exception
(``settle_day`` in the database). A day without a change is as the one before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal
from zoneinfo import ZoneInfo

from psycopg.rows import class_row

from gis.coverage.engine import statement

if TYPE_CHECKING:
    import psycopg

FILE = "trend.sql"
OFFICE_ZONE = ZoneInfo("Asia/Shanghai")


def _share(blind: int, all_of_them: int) -> float | None:
    return 1 - blind / all_of_them if all_of_them else None


@dataclass(frozen=True, slots=True)
class Day:
    """The headline at the end of a day; ``open`` counts open findings by rule, exceptions left out."""

    day: date
    buildings: int
    households: int
    blind_buildings: int
    blind_households: int
    open: dict[str, int] = field(default_factory=dict)

    @property
    def buildings_share(self) -> float | None:
        """Share of buildings free of open blind findings."""
        return _share(self.blind_buildings, self.buildings)

    @property
    def households_share(self) -> float | None:
        """Share of households free of open blind findings; None where no household is known."""
        return _share(self.blind_households, self.households)


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since a day, of one rule, area or grid (``key``; ``name`` of an area), with households touched."""

    key: str | None
    name: str | None
    new: int
    returned: int
    gone: int
    new_households: int
    returned_households: int
    gone_households: int


@dataclass(frozen=True, slots=True)
class Standing:
    """An area or grid now, and on a day before (``past_*``; None where nothing is known of it)."""

    code: str
    name: str
    area_code: str | None
    buildings: int
    households: int
    blind_buildings: int
    blind_households: int
    past_buildings: int | None
    past_households: int | None
    past_blind_buildings: int | None
    past_blind_households: int | None

    @property
    def buildings_share(self) -> float | None:
        """Share of buildings free of open blind findings."""
        return _share(self.blind_buildings, self.buildings)

    @property
    def households_share(self) -> float | None:
        """Share of households free of open blind findings."""
        return _share(self.blind_households, self.households)

    @property
    def past_households_share(self) -> float | None:
        """The same on the day before."""
        return _share(self.past_blind_households or 0, self.past_households or 0)


def history(
    conn: psycopg.Connection[Any], network: str, days: int = 30, *, area: str | None = None, grid: str | None = None
) -> list[Day]:
    """Give the headline of the last days, today last; days before the first refresh are left out.

    Parameters
    ----------
    conn : Connection
        Of a session: without ``area`` and ``grid`` the sum of what the actor's scope reaches.
    network : str
        Code of the network.
    days : int
        How many.
    area, grid : str, optional
        Code of an area (with those below it) or of a grid.
    """
    today, wide = conn.execute(statement(FILE, "wide").encode()).fetchone() or (datetime.now(OFFICE_ZONE).date(), False)
    since = today - timedelta(days=days - 1)
    given = {"network": network, "area": area, "grid": grid, "since": since, "until": today, "wide": wide}
    rows = conn.execute(statement(FILE, "days").encode(), given).fetchall()
    result: list[Day] = []
    last: dict[str, tuple[int, int, int, int, dict[str, int]]] = {}
    place = 0
    for step in range(days):
        day = since + timedelta(days=step)
        while place < len(rows) and rows[place][1] <= day:
            last[rows[place][0]] = rows[place][2:]
            place += 1
        if last:
            rows_now = list(last.values())
            found: Counter[str] = Counter()
            for row in rows_now:
                found.update(row[4])
            result.append(
                Day(
                    day,
                    buildings=sum(row[0] for row in rows_now),
                    households=sum(row[1] for row in rows_now),
                    blind_buildings=sum(row[2] for row in rows_now),
                    blind_households=sum(row[3] for row in rows_now),
                    open=dict(sorted(found.items())),
                )
            )
    return result


def changes(
    conn: psycopg.Connection[Any],
    network: str,
    days: int = 7,
    *,
    by: Literal["rule", "area", "grid"] = "rule",
    area: str | None = None,
    grid: str | None = None,
) -> list[Change]:
    """Compare the ledger now with how it stood at the end of the day ``days`` ago.

    What appeared and went again in between is no change. A finding that names two grids stands
    with both when asked ``by`` grid.
    """
    today, _wide = conn.execute(statement(FILE, "wide").encode()).fetchone() or (
        datetime.now(OFFICE_ZONE).date(),
        False,
    )
    since = datetime.combine(today - timedelta(days=days - 1), time(), OFFICE_ZONE)
    with conn.cursor(row_factory=class_row(Change)) as cursor:
        return cursor.execute(
            statement(FILE, "changes").encode(),
            {"network": network, "since": since, "by": by, "area": area, "grid": grid},
        ).fetchall()


def standing(
    conn: psycopg.Connection[Any],
    network: str,
    days: int = 7,
    *,
    by: Literal["area", "grid"] = "area",
    area: str | None = None,
) -> list[Standing]:
    """Give areas or grids as they stand now and stood ``days`` ago, most blind households first."""
    today, _wide = conn.execute(statement(FILE, "wide").encode()).fetchone() or (
        datetime.now(OFFICE_ZONE).date(),
        False,
    )
    given = {"network": network, "grids": by == "grid", "day": today - timedelta(days=days), "area": area}
    with conn.cursor(row_factory=class_row(Standing)) as cursor:
        return cursor.execute(statement(FILE, "standing").encode(), given).fetchall()
