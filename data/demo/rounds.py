"""A year of rounds: patrols of each grid, visits to its buildings, some walks; and what cannot be true.

Each grid is patrolled three times a week on turning weekdays, at hours spread as the year's
incidents are; each building is called on twice a year; in the last weeks somebody walks past
every house. Planted: who was not visited, where nobody comes, and the hours nobody sees.
Visits that cannot be true fill some of these holes: they are questions, and no coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.demo import year
from data.demo.lapses import MARGIN
from data.demo.plan import lonlat
from data.demo.staff import ABSENT_SINCE
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.demo.land import Work
    from data.demo.lapses import Lapses
    from data.demo.staff import Staff

WEEKS = 52
DAY, HOUR, MINUTE = 86_400, 3_600, 60
HOURS = np.array([0, 0, 0, 0, 0, 1, 4, 8, 14, 15, 14, 10, 5, 6, 12, 14, 12, 9, 8, 9, 8, 6, 4, 2], dtype=float)
"""Weights of the hours at which a grid is patrolled, midnight first."""
CALLS = ((12, 140), (198, 352))
"""First and last day of the year of each round through the buildings."""
EARLY = (205, 214)
"""Days of the last calls on the block nobody touches since."""
SESSION = 16
"""Buildings called on in one afternoon."""
LAPSED = 318
"""Day of the last patrol of the grid that is overdue: 2026-07-16."""
WALK_MS = 1.1
"""Walking speed, metres per second."""
PASSED = 60
"""Houses passed in one walk at most."""
APART = 90.0
"""Metres between positions of a walk at most."""
EVENING = (18, 22)
"""Hours of the weekend nobody sees in the dark community: from, to (not included)."""
MONTHLY = ("office", "market")
"""Kinds of buildings called on every four weeks."""
SLOW = 285
"""Day from which the buildings of a grid that is no longer patrolled were called on."""


@dataclass(frozen=True)
class Size:
    """How much there is of each.

    Attributes
    ----------
    patrols : int
        Patrols of a grid a week.
    walks : int
        Last weeks with a walk through each grid.
    """

    patrols: int = 3
    walks: int = 3


@dataclass
class Rounds:
    """Visits and tracks as clean frames; the visits that cannot be true by kind."""

    visits: gpd.GeoDataFrame
    tracks: gpd.GeoDataFrame
    doubtful: dict[str, tuple[str, ...]]


class Walker:
    """Goes round a street for a year.

    Parameters
    ----------
    work, staff, lapses : Work, Staff, Lapses
        The street, its people, what fails.
    stock : geopandas.GeoDataFrame
        Buildings.
    cell : array of int
        Grid of each building.
    at : array of shape (n, 2)
        Ground metres of each building; not a number where its record has no place or a false one.
    size : Size
        How much.
    limits : dict
        Days a ``grid`` or a ``household`` may be without a visit, grace included: the traps were visited so long ago.
    rng : numpy.random.Generator
        Source of chance.
    """

    def __init__(
        self,
        work: Work,
        staff: Staff,
        lapses: Lapses,
        stock: gpd.GeoDataFrame,
        cell: NDArray[np.int64],
        at: NDArray[np.float64],
        size: Size,
        limits: dict[str, int],
        rng: np.random.Generator,
    ) -> None:
        self.work, self.staff, self.lapses, self.stock, self.rng = work, staff, lapses, stock, rng
        self.cell, self.at, self.size, self.limits = cell, at, size, limits
        self.book: list[pd.DataFrame] = []
        self.known: NDArray[np.bool_] = np.asarray(np.isfinite(at).all(axis=1), dtype=np.bool_)
        near = lapses.block.buffer(MARGIN) if lapses.block is not None else shapely.Polygon()
        self.barred = self.known & shapely.contains_xy(near, np.nan_to_num(at))
        self.near = near
        order = np.argsort(cell, kind="stable")
        bounds = np.searchsorted(cell[order], np.arange(work.planter.count + 1))
        self.members: list[NDArray[np.int64]] = np.split(order[bounds[0] : bounds[-1]], bounds[1:-1] - bounds[0])
        self.seen = [rows[self.known[rows] & ~self.barred[rows]] for rows in self.members]
        self.last = np.full(work.planter.count, year.DAYS - 1)
        self.last[list(lapses.cells.get("unvisited_grid", ()))] = LAPSED
        self.last[list(lapses.cells.get("last_day_of_grace", ()))] = year.DAYS - 1 - limits["grid"]

    def go(self) -> Rounds:
        """Make all rounds and write them down in order of time."""
        self._patrols()
        self._calls()
        if self.lapses.cells:
            self._impossible()
        visits, doubtful = self._visits()
        return Rounds(visits, self._walks(), doubtful)

    def _enter(
        self,
        at: NDArray[np.int64],
        person: NDArray[np.object_],
        cell: NDArray[np.int64],
        row: NDArray[np.int64],
        place: NDArray[np.float64],
        doubt: str = "",
    ) -> None:
        """Write down visits: seconds of the year, row -1 for a visit of the grid and not of a building."""
        columns = {"at": at, "person": person, "cell": cell, "row": row, "x": place[:, 0], "y": place[:, 1]}
        self.book.append(pd.DataFrame({**columns, "doubt": doubt}))

    def _scatter(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Where somebody stands who is at a building: a few metres beside its point."""
        return np.asarray(self.at[rows] + self.rng.uniform(-2.5, 2.5, (len(rows), 2)), dtype=np.float64)

    def _patrols(self) -> None:
        """Patrol each grid on turning weekdays, at a house of it."""
        count, per = self.work.planter.count, self.size.patrols
        grid = np.repeat(np.arange(count), WEEKS * per)
        week = np.tile(np.repeat(np.arange(WEEKS), per), count)
        turn = np.tile(np.arange(per), count * WEEKS)
        day = week * 7 + (grid + week + turn * (7 // per)) % 7
        trap = self.lapses.one("last_day_of_grace")
        if trap >= 0:
            grid, day, turn = np.append(grid, trap), np.append(day, self.last[trap]), np.append(turn, 1)
        keep = (day <= self.last[grid]) & np.array([len(rows) > 0 for rows in self.seen])[grid]
        grid, day, turn = grid[keep], day[keep], turn[keep]
        seconds = day * DAY + self._hours(grid, day) * HOUR + self.rng.integers(0, HOUR, len(grid))
        lots = self.rng.integers(0, 1 << 30, len(grid)).tolist()
        row = np.array([self.seen[i][n % len(self.seen[i])] for i, n in zip(grid.tolist(), lots, strict=True)])
        who = self._who(grid, day + turn)
        self._enter(seconds, who, grid, np.full(len(grid), -1), self._scatter(row))

    def _hours(self, grid: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
        """Hours of the patrols of each community: evenly through the weights, so that every hour has its share."""
        community = self.work.planter.community[grid]
        weekday = day % 7
        hour = np.empty(len(grid), dtype=np.int64)
        for c in range(len(self.work.community_codes)):
            for w in range(7):
                which = np.flatnonzero((community == c) & (weekday == w))
                weights = HOURS.copy()
                if c == self.lapses.dark and w >= 5:  # noqa: PLR2004 - Saturday and Sunday
                    weights[slice(*EVENING)] = 0
                share = np.cumsum(weights) / weights.sum()
                even = (self.rng.permutation(len(which)) + self.rng.random(len(which))) / max(len(which), 1)
                hour[which] = np.searchsorted(share, even, side="right")
        return hour

    def _who(self, grid: NDArray[np.int64], turn: NDArray[np.int64]) -> NDArray[np.object_]:
        """Those of a grid in turn."""
        people = self.staff.rounds
        return np.array(
            [people[i][n % len(people[i])] for i, n in zip(grid.tolist(), turn.tolist(), strict=True)], dtype=object
        )

    def _calls(self) -> None:
        """Call on each building twice, an afternoon's worth at a time, in the order they stand."""
        for round_, (first, last) in enumerate(CALLS):
            for i, members in enumerate(self.members):
                rows = self._along(members[self.known[members]])
                end = min(last, int(self.last[i]))
                if len(rows):
                    self._afternoons(i, rows, SLOW if round_ == 1 and end < last else first, end, round_)
        self._monthly()
        late, trap = (self.lapses.rows.get(kind) for kind in ("unvisited_buildings", "last_day_of_grace"))
        if late is not None:
            self._skip(late, CALLS[1][0])
        if trap is not None:
            self._skip(trap, CALLS[1][0])
            at = np.full(len(trap), (year.DAYS - 1 - self.limits["household"]) * DAY + 15 * HOUR)
            self._enter(at, self._who(self.cell[trap], 0 * trap), self.cell[trap], trap, self._scatter(trap))

    def _monthly(self) -> None:
        """Call on office towers and markets every four weeks."""
        kinds = self.stock["kind"].to_numpy()
        rows = np.flatnonzero(np.isin(kinds, MONTHLY) & self.known & (self.cell >= 0))
        for first in range(7, year.DAYS, 28):
            day = np.minimum(first + self.cell[rows] % 5, year.DAYS - 1)
            rank = np.arange(len(rows)) % SESSION
            at = day * DAY + 10 * HOUR + rank * 9 * MINUTE + self.rng.integers(0, 4 * MINUTE, len(rows))
            ready = day <= self.last[self.cell[rows]]
            some, cell = rows[ready], self.cell[rows][ready]
            self._enter(at[ready], self._who(cell, 0 * cell + first), cell, some, self._scatter(some))

    def _along(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Order buildings in bands from west to east and back."""
        if not len(rows):
            return rows
        band = ((self.at[rows, 1].max() - self.at[rows, 1]) // 45.0).astype(np.int64)
        return np.asarray(rows[np.lexsort((np.where(band % 2, -1, 1) * self.at[rows, 0], band))], dtype=np.int64)

    def _afternoons(self, i: int, rows: NDArray[np.int64], first: int, last: int, round_: int) -> None:
        """Share a round out over afternoons of the time it has."""
        sessions = -(-len(rows) // SESSION)
        session = np.arange(len(rows)) // SESSION
        days = first + ((np.arange(sessions) + self.rng.random(sessions)) * (last - first) / sessions).astype(np.int64)
        day = days[session]
        if round_ == 1:
            day = np.where(self.barred[rows], self.rng.integers(*EARLY), day)
        start = 14 * HOUR + self.rng.integers(0, 30 * MINUTE, sessions)
        gap = self.rng.integers(5 * MINUTE, 11 * MINUTE, len(rows))
        within = np.arange(len(rows)) % SESSION
        passed = np.cumsum(gap) - np.cumsum(gap)[np.arange(len(rows)) - within]
        who = self._who(np.full(len(rows), i), np.full(len(rows), 1 + round_))
        self._enter(day * DAY + start[session] + passed, who, np.full(len(rows), i), rows, self._scatter(rows))

    def _skip(self, rows: NDArray[np.int64], since: int) -> None:
        """Take the calls on some buildings away again."""
        self.book = [page[~(page["row"].isin(rows) & (page["at"] >= since * DAY))] for page in self.book]

    def _impossible(self) -> None:
        """Write down visits nobody can have made, where a true one would take a planted flaw away."""
        day = (year.DAYS - 12) * DAY
        grid = self.lapses.one("unvisited_grid")
        if grid >= 0:
            often = 4
            at = day + np.arange(often) * 2 * DAY + 9 * HOUR + self.rng.integers(0, HOUR, often)
            place = self.at[self._far(grid)] + self.rng.uniform(-2, 2, (often, 2))
            cell, none = np.full(often, grid), np.full(often, -1)
            self._enter(at, self._who(cell, none + 1), cell, none, place, "outside")
        late = self.lapses.rows.get("unvisited_buildings")
        if late is not None:
            cell = self.cell[late]
            at = day + 23 * HOUR + 59 * MINUTE + 5 * np.arange(len(late))
            self._enter(at, self._who(cell, 0 * cell), cell, late, self._scatter(late), "same_minute")
        block, grid = self.lapses.rows.get("untouched_block"), self.lapses.one("untouched_block")
        if block is not None:
            far = self._far(grid)
            at = day + 10 * HOUR + 20 * np.arange(2)
            who = self._who(np.full(2, grid), np.zeros(2, dtype=np.int64))
            place = np.vstack((self.at[block[0]], self.at[far]))
            self._enter(at, who, np.array([grid, self.cell[far]]), np.full(2, -1), place, "speed")

    def _far(self, cell: int) -> int:
        """Find a building far from a grid."""
        middle = np.nanmean(self.at[self.members[cell]], axis=0)
        good = self.known & (self.cell >= 0) & ~np.isin(self.cell, list(self.lapses.cells.get("dark_hours", ())))
        distance = np.where(good, np.hypot(*(np.nan_to_num(self.at) - middle).T), -1.0)
        return int(np.argmax(distance))

    def _visits(self) -> tuple[gpd.GeoDataFrame, dict[str, tuple[str, ...]]]:
        book = pd.concat(self.book, ignore_index=True).sort_values(["at", "cell", "row"], kind="stable")
        at, cell, row = (book[name].to_numpy(dtype=np.int64) for name in ("at", "cell", "row"))
        keep = self._stands(row, at)
        book, at, cell, row = book[keep], at[keep], cell[keep], row[keep]
        doubt = book["doubt"].to_numpy()
        codes = np.array([f"{self.work.code}V{n:06d}" for n in range(1, len(at) + 1)], dtype=object)
        grids = np.array(self.work.grid_codes, dtype=object)
        buildings = self.stock["code"].to_numpy()
        frame = gpd.GeoDataFrame(
            {
                "code": codes,
                "person_code": self._deputised(book["person"].to_numpy(dtype=object), cell, at),
                "visited_at": _moments(at),
                "grid_code": grids[cell],
                "building_code": np.where(row >= 0, buildings[row], None),
                "note": np.where(row >= 0, "入户走访", "日常巡查"),
            },
            geometry=lonlat(np.asarray(shapely.points(book["x"], book["y"]), dtype=np.object_)),
            crs=SRID,
        )
        frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
        return frame, {kind: tuple(codes[doubt == kind].tolist()) for kind in sorted(set(doubt.tolist()) - {""})}

    def _deputised(
        self, person: NDArray[np.object_], cell: NDArray[np.int64], at: NDArray[np.int64]
    ) -> NDArray[np.object_]:
        """Send the guide where a grid's people are all on leave."""
        first = int((np.datetime64(ABSENT_SINCE) - year.FIRST_DAY.astype("datetime64[D]")).astype(int))
        for kind, since in (("all_on_leave", first - 20), ("short_leave", year.DAYS - 5)):
            i = self.lapses.one(kind)
            if i >= 0:
                guide = self.staff.guides[int(self.work.planter.community[i])]
                person = np.where((cell == i) & (at >= since * DAY), guide, person)
        return person

    def _stands(self, row: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the building was there on the day of the call."""
        built = np.array(self.stock["built_on"].to_numpy(), dtype="datetime64[D]")
        never = np.datetime64("2100-01-01")
        gone = np.array([never if day is None else day for day in self.stock["demolished_on"]], dtype="datetime64[D]")
        day = (year.FIRST_DAY + at.astype("timedelta64[s]")).astype("datetime64[D]")
        return np.asarray((row < 0) | ((built[row] <= day) & (day < gone[row])), dtype=np.bool_)

    def _walks(self) -> gpd.GeoDataFrame:
        """Walk past every house of each grid in each of its last weeks, on a weekday morning."""
        owner = self.cell.copy()
        for n, deed in enumerate(self.work.planter.deeds):
            owner[self.cell == -2 - n] = deed.owner
        lines, people, times = [], [], []
        for i in range(self.work.planter.count):
            rows = np.flatnonzero((owner == i) & self.known & ~self.barred)
            for path in self._paths(self._along(rows)):
                for week in range(self.size.walks):
                    line, at = self._walk(path, int(self.last[i]) // 7 - 1 - week, i)
                    lines.append(line)
                    times.append(at)
                    people.append(self.staff.rounds[i][-1])
        return self._tracks(lines, people, times)

    def _paths(self, rows: NDArray[np.int64]) -> list[NDArray[np.float64]]:
        """Ways past houses; where one would cross the untouched block it ends, and another begins."""
        xy = self.at[rows]
        if len(xy) < 2:  # noqa: PLR2004 - a way has two ends
            return []
        steps = shapely.linestrings(np.stack((xy[:-1], xy[1:]), axis=1))
        cuts = np.flatnonzero(shapely.intersects(steps, self.near)) + 1
        parts = [part for way in np.split(xy, cuts) for part in np.array_split(way, -(-len(way) // PASSED))]
        return [part for part in parts if len(part) > 1]

    def _walk(self, path: NDArray[np.float64], week: int, i: int) -> tuple[shapely.LineString, NDArray[np.float64]]:
        line = shapely.segmentize(shapely.LineString(path), APART)
        xy = shapely.get_coordinates(line)
        step = np.hypot(*np.diff(xy, axis=0).T) / WALK_MS + self.rng.uniform(4, 40, len(xy) - 1)
        start = (week * 7 + 1 + (i + week) % 4) * DAY + 8 * HOUR + int(self.rng.integers(0, 90 * MINUTE))
        return line, np.round(start + np.concatenate(([0.0], np.cumsum(step))))

    def _tracks(
        self, lines: list[shapely.LineString], people: list[str], times: list[NDArray[np.float64]]
    ) -> gpd.GeoDataFrame:
        epoch = float((year.FIRST_DAY - year.BEIJING).astype(np.int64))
        order = np.argsort([at[0] for at in times], kind="stable") if times else np.array([], dtype=np.int64)
        stamps = [times[n] + epoch for n in order]
        shapes = lonlat(np.array([lines[n] for n in order], dtype=object))
        frame = gpd.GeoDataFrame(
            {
                "code": [f"{self.work.code}T{n:05d}" for n in range(1, len(order) + 1)],
                "person_code": [people[n] for n in order],
                "started_at": pd.to_datetime([at[0] for at in stamps], unit="s", utc=True),
                "ended_at": pd.to_datetime([at[-1] for at in stamps], unit="s", utc=True),
            },
            geometry=shapes,
            crs=SRID,
        )
        column = np.empty(len(stamps), dtype=object)
        column[:] = stamps
        frame["times"] = column
        frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
        return frame


def _moments(seconds: NDArray[np.int64]) -> pd.DatetimeIndex:
    """Seconds from the beginning of the year, Beijing time, as moments."""
    return pd.DatetimeIndex(year.FIRST_DAY + seconds.astype("timedelta64[s]") - year.BEIJING).tz_localize("UTC")
