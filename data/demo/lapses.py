"""Choosing where people, time and duty fail: grids, blocks and a community for the ten kinds of blind spot.

What is chosen here is carried out by :mod:`data.demo.staff` (who has no post), by
:mod:`data.demo.rounds` (who is not visited), by :mod:`data.demo.year` (what is not reported) and
on the stock of buildings. Each grid takes part in one flaw at most, so that none hides another.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    from numpy.typing import NDArray

    from data.demo.houses import Houses
    from data.demo.land import Work

KINDS = (
    "nobody", "all_on_leave", "stretched_worker", "unvisited_grid", "unvisited_buildings", "untouched_block",
    "silent_category", "hotline_only", "dark_hours", "plain_venue", "new_estate", "demolished_block",
)  # fmt: skip
"""Kinds planted once each in the demo street; another street of a city has three of them, by lot."""
BUSY = ("silent_category", "hotline_only")
"""Kinds that need as many incidents as only the demo street has."""
TRAPS = ("short_leave", "last_day_of_grace", "lone_house", "old_demolition")
"""What looks like one of them and is none."""

STRETCHED = 6
"""Grids of the worker who has too many."""
NEW = date(2025, 10, 18)
"""Day the new estate was finished: after its grid was drawn (2025-01-01)."""
GONE = date(2026, 3, 12)
"""Day the demolished block was taken down."""
LONG_GONE = date(2024, 6, 30)
"""Day a house was taken down before its grid was drawn (trap)."""
MARGIN = 95.0
"""Metres around the untouched block where nobody comes either."""
SMALL = 40
"""Households a single house has less than: with more it is an estate."""
LEFT = 3
"""Buildings of its grid at least where somebody still comes."""
DEPTH = 50.0
"""Metres the untouched block reaches to all sides somewhere, so that whole cells lie in it."""


@dataclass
class Lapses:
    """What fails where; numbers are cells (grids), rows are positions in the stock of buildings.

    Attributes
    ----------
    cells : dict
        Cells of each kind that was planted.
    rows : dict
        Buildings of each kind that concerns some of a grid's buildings.
    block : shapely.Polygon or None
        Land nobody touches, ground metres.
    dark : int
        Community whose weekend evenings nobody sees; -1: none.
    category : tuple of str
        Kind and category one grid is silent about.
    """

    cells: dict[str, tuple[int, ...]] = field(default_factory=dict)
    rows: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    block: shapely.Polygon | None = None
    dark: int = -1
    category: tuple[str, str] = ("matter", "暴露垃圾")

    def one(self, kind: str) -> int:
        """Give the cell of a kind that has one; -1 where it was not planted."""
        return self.cells.get(kind, (-1,))[0]


class Chooser:
    """Finds a place for each kind.

    Parameters
    ----------
    work, houses, stock : Work, Houses, geopandas.GeoDataFrame
        The street, with its buildings.
    cell : array of int
        Grid of each building.
    taken : set of int
        Grids that have a flaw already.
    heap : int
        Grid on which records without a place are heaped, so that its community cannot be the dark one.
    rng : numpy.random.Generator
        Source of chance.
    """

    def __init__(
        self,
        work: Work,
        houses: Houses,
        stock: gpd.GeoDataFrame,
        cell: NDArray[np.int64],
        taken: set[int],
        heap: int,
        rng: np.random.Generator,
    ) -> None:
        self.work, self.houses, self.stock, self.cell, self.rng = work, houses, stock, cell, rng
        self.taken, self.heap = set(taken), heap
        self.lapses = Lapses()
        self.at = np.column_stack((houses.x, houses.y))
        self.venue = {
            i for i, c in enumerate(work.cells) if {u for _p, u in c.blocks} & {"office", "mall", "market", "works"}
        }
        self.home = stock["households"].to_numpy()

    def choose(self, kinds: tuple[str, ...]) -> Lapses:
        """Choose for the kinds given and for the traps; a kind that finds no place is left out."""
        ways = {
            "dark_hours": self._dark, "untouched_block": self._untouched, "demolished_block": self._demolished,
            "new_estate": self._estate, "unvisited_buildings": self._buildings, "hotline_only": self._busy,
            "silent_category": self._busy, "stretched_worker": self._stretched, "plain_venue": self._venues,
        }  # fmt: skip
        wanted = [*(k for k in ways if k in kinds), *(k for k in KINDS if k in kinds and k not in ways)]
        for kind in wanted:
            ways.get(kind, self._plain)(kind)
        if kinds:
            for trap in TRAPS:
                self._plain(trap)
            for trap in ("lone_house", "old_demolition", "last_day_of_grace"):
                self._houses(trap, 1)
        return self.lapses

    def _free(self) -> Iterator[int]:
        """Ordinary grids without a flaw, by lot."""
        for i in self.rng.permutation(self.work.planter.count).tolist():
            if i not in self.taken and i not in self.venue:
                yield i

    def _take(self, kind: str, *cells: int) -> None:
        self.lapses.cells[kind] = cells
        self.taken |= set(cells)

    def _plain(self, kind: str) -> None:
        """Take any ordinary grid with people in it, in a community that is not dark."""
        for i in self._free():
            if self.home[self.cell == i].sum() > 200 and self.work.planter.community[i] != self.lapses.dark:  # noqa: PLR2004 - households
                return self._take(kind, i)
        return None

    def _busy(self, kind: str) -> None:
        """Take a large grid, where much happens."""
        free = [i for i in self._free() if self.work.planter.community[i] != self.lapses.dark][:12]
        if free:
            self._take(kind, max(free, key=lambda i: (int(self.home[self.cell == i].sum()), i)))

    def _blocks(
        self, uses: tuple[str, ...], least: float, most: float, houses: int
    ) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Blocks of homes in ordinary grids without a flaw, with the rows of their houses."""
        faces = self.work.faces
        area = shapely.area(faces.polygons)
        good = np.isin(faces.use, uses) & (area >= least) & (area <= most) & (faces.cell >= 0)
        free = set(self._free())
        for face in self.rng.permutation(np.flatnonzero(good)).tolist():
            rows = np.flatnonzero((self.houses.face == face) & (self.home > 0))
            if int(faces.cell[face]) in free and len(rows) >= houses:
                yield face, rows

    def _untouched(self, kind: str) -> None:
        for face, rows in self._blocks(("slabs", "towers", "walkup", "houses"), 16_000, 60_000, 6):
            cell = int(self.work.faces.cell[face])
            shape = self.work.faces.polygons[face]
            rest = self.at[self.cell == cell]
            off = ~shapely.contains_xy(shape.buffer(MARGIN), rest)
            if np.count_nonzero(off) >= LEFT and shape.buffer(-DEPTH).area > 0:
                self.lapses.rows[kind], self.lapses.block = rows, shape
                return self._take(kind, cell)
        return None

    def _demolished(self, kind: str) -> None:
        for face, rows in self._blocks(("houses", "walkup"), 4_000, 30_000, 6):
            cell = int(self.work.faces.cell[face])
            if self.home[rows].sum() < 0.4 * self.home[self.cell == cell].sum():
                self.lapses.rows[kind] = rows
                return self._take(kind, cell)
        return None

    def _estate(self, kind: str) -> None:
        for face, rows in self._blocks(("slabs", "towers"), 9_000, 60_000, 4):
            self.lapses.rows[kind] = rows
            return self._take(kind, int(self.work.faces.cell[face]))
        return None

    def _buildings(self, kind: str) -> None:
        for face, rows in self._blocks(("houses", "walkup", "slabs"), 4_000, 60_000, 6):
            self.lapses.rows[kind] = rows[:8]
            return self._take(kind, int(self.work.faces.cell[face]))
        return None

    def _houses(self, kind: str, count: int) -> None:
        """Take the smallest homes of the trap's grid."""
        homes = np.flatnonzero((self.cell == self.lapses.one(kind)) & (self.home > 0) & (self.home < SMALL))
        self.lapses.rows[kind] = homes[np.argsort(self.home[homes], kind="stable")[:count]]
        if not len(homes):
            del self.lapses.rows[kind]
            self.lapses.cells.pop(kind, None)

    def _stretched(self, kind: str) -> None:
        """Take the community with most grids."""
        community = self.work.planter.community
        for c in np.argsort(-np.bincount(community), kind="stable").tolist():
            free = [i for i in np.flatnonzero(community == c).tolist() if i not in self.taken]
            if c != self.lapses.dark and len(free) >= STRETCHED:
                return self._take(kind, *free[:STRETCHED])
        return None

    def _venues(self, kind: str) -> None:
        """Take a grid with a market and one with office towers, which then are no dedicated grids."""
        uses = [{u for _p, u in cell.blocks} for cell in self.work.cells]
        found = []
        for use in ("market", "office"):
            found += [
                i
                for i in self.rng.permutation(len(uses)).tolist()
                if use in uses[i] and i not in self.taken and i not in found
            ][:1]
        if found:
            self._take(kind, *found)

    def _dark(self, kind: str) -> None:
        """Take a community of middling size."""
        sizes = np.bincount(self.work.planter.community)
        barred = self.work.planter.community[self.heap] if self.heap >= 0 else -1
        order = [c for c in np.argsort(sizes, kind="stable").tolist() if c != barred]
        self.lapses.dark = int(order[len(order) // 2])
        self.lapses.cells[kind] = tuple(np.flatnonzero(self.work.planter.community == self.lapses.dark).tolist())


def settle(stock: gpd.GeoDataFrame, cell: NDArray[np.int64], lapses: Lapses, begun: date) -> None:
    """Give the buildings their days, in place.

    Parameters
    ----------
    stock : geopandas.GeoDataFrame
        Buildings.
    cell : array of int
        Grid of each.
    lapses : Lapses
        What was chosen.
    begun : datetime.date
        Day the grids were drawn: no other house is newer.
    """
    built = stock["built_on"].to_numpy().copy()
    late = np.array([day >= begun for day in built])
    built[late & (cell >= 0)] = date(begun.year - 1, 11, 20)
    gone = np.full(len(stock), None, dtype=object)
    built[lapses.rows.get("new_estate", [])] = NEW
    built[lapses.rows.get("lone_house", [])] = NEW
    gone[lapses.rows.get("demolished_block", [])] = GONE
    gone[lapses.rows.get("old_demolition", [])] = LONG_GONE
    stock["built_on"] = built
    stock.insert(list(stock.columns).index("built_on") + 1, "demolished_on", gone)
    for kind in ("demolished_block", "old_demolition"):
        _move_out(stock, cell == lapses.one(kind), lapses.rows.get(kind, np.array([], dtype=np.int64)))


def _move_out(stock: gpd.GeoDataFrame, grid: NDArray[np.bool_], rows: NDArray[np.int64]) -> None:
    """Let the households of houses that are gone live in the other houses of their grid."""
    if not len(rows):
        return
    gone = np.zeros(len(stock), dtype=bool)
    gone[rows] = True
    for name in ("households", "people"):
        values = stock[name].to_numpy().copy()
        stay = grid & ~gone & (values > 0)
        lost, left = int(values[gone].sum()), int(values[stay].sum())
        values[stay] += np.round(values[stay] * lost / left).astype(values.dtype)
        values[gone] = 0
        stock[name] = values
