"""Cuts a grid that is too large into connected parts with about as many households each.

The cut follows roads where that gives balanced parts, else it is the best of many straight
lines; a building the line would cut stays whole on the side of its point. No optimiser: the
planner's workbench redraws whole communities, this repairs one grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import shapely

from gis.coverage.remedies.errors import CannotSplit
from gis.coverage.remedies.partition import STEP
from gis.coverage.remedies.partition import Mesh
from gis.coverage.remedies.partition import multi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gis.coverage.remedies.partition import Edit
    from gis.coverage.remedies.partition import Partition

ANGLES = 12
"""Directions of straight cuts that are tried."""

OFFSETS = 5
"""Cuts that are tried in each direction, those nearest to balance."""

TREES = 40
"""Random spanning trees of the blocks between roads; each edge of one is a cut."""

LATTICE = 15
"""Lines each way where no straight cut leaves two connected parts."""

CUT = 0.001
"""A building of which less than this share lies on the other side is not cut."""

OVER = 1.0
"""What a part costs that is still too large."""

MISSED = 0.25
"""What cutting a building costs, as a share of the households on the wrong side."""

ROAD_BONUS = 0.1
"""How much worse balanced a cut along roads may be than a straight one."""

LENGTH = 0.05
"""What a cut as long as the grid's whole border costs."""


@dataclass(frozen=True, slots=True)
class House:
    """A building as it weighs here: its point, footprint (or None) and households."""

    point: Any
    footprint: Any
    households: int


@dataclass(frozen=True, slots=True)
class _Cut:
    """Two parts of a polygon and what is wrong with them (0: nothing)."""

    cost: float
    first: Any
    second: Any


def split(
    partition: Partition,
    grid: str,
    codes: Sequence[str],
    houses: Sequence[House],
    roads: Sequence[Any] = (),
    most: float = float("inf"),
) -> Edit:
    """Cut a grid into ``len(codes) + 1`` connected parts, balanced by households.

    Parameters
    ----------
    partition : Partition
        The land around.
    grid : str
        Which grid; the part with most households keeps its code.
    codes : sequence of str
        Codes of the parts that become grids of their own.
    houses : sequence of House
        Buildings in the grid.
    roads : sequence of LineString or MultiLineString
        Roads to cut along where that is balanced.
    most : float
        Households a part should hold at most.

    Raises
    ------
    CannotSplit
        No cut leaves households on both sides.
    """
    land = partition.grids[grid]
    parts = _parts(land, list(houses), len(codes) + 1, roads, grid, most)
    points = np.array([house.point for house in houses], dtype=object)
    weights = np.array([house.households for house in houses], dtype=float)
    held = [float(weights[shapely.intersects(part, points)].sum()) for part in parts]
    parts = [parts[i] for i in sorted(range(len(parts)), key=lambda i: -held[i])]
    mesh = Mesh(partition, [shapely.boundary(part) for part in parts])
    own = mesh.owned(grid)
    inside = shapely.point_on_surface(mesh.faces[own])
    for code, part in zip(codes, parts[1:], strict=True):
        mesh.add(code, mesh.homes.get(grid), grid)
        for i in np.flatnonzero(shapely.intersects(part, inside)):
            face = own[i]
            if grid in mesh.owners[face]:
                mesh.owners[face] = mesh.owners[face] - {grid} | {code}
    mesh.heal(grid, *codes)
    return mesh.edit()


def _parts(
    land: Any,  # noqa: ANN401
    houses: list[House],
    number: int,
    roads: Sequence[Any],
    grid: str,
    most: float,
) -> list[Any]:
    """Cut in two again and again."""
    if number == 1:
        return [land]
    cut = _best(_Judge(land, houses, number // 2, number, most), roads)
    if cut is None:
        raise CannotSplit(grid=grid)
    sides = ((cut.first, number // 2), (cut.second, number - number // 2))
    return [
        part
        for side, count in sides
        for part in _parts(side, [h for h in houses if shapely.intersects(side, h.point)], count, roads, grid, most)
    ]


def _best(judge: _Judge, roads: Sequence[Any]) -> _Cut | None:
    """Give the best cut into a part with its share of the households and the rest."""
    if judge.total <= 0:
        return None
    straight = min((judge.weigh(*sides) for sides in judge.straight()), key=lambda cut: cut.cost, default=None)
    along = min((judge.weigh(*sides) for sides in judge.along(roads)), key=lambda cut: cut.cost, default=None)
    if not any(cut is not None and np.isfinite(cut.cost) for cut in (straight, along)):
        # A shape so crooked that every line cuts bits off it: any way through a lattice will do.
        along = min((judge.weigh(*sides) for sides in judge.along(judge.lattice())), key=lambda c: c.cost, default=None)
    able = [cut for cut in (straight, along) if cut is not None and np.isfinite(cut.cost)]
    if along is not None and straight is not None and along.cost <= straight.cost + ROAD_BONUS < float("inf"):
        return along
    return min(able, key=lambda cut: cut.cost, default=None)


class _Judge:
    """Makes cuts of one polygon and says how good they are."""

    def __init__(self, land: Any, houses: list[House], first: int, number: int, most: float) -> None:  # noqa: ANN401
        self.land = land
        self.squeeze = float(np.cos(np.radians(land.centroid.y)))
        self.points = np.array([house.point for house in houses], dtype=object)
        self.prints = np.array([h.footprint for h in houses if h.footprint is not None], dtype=object)
        self.standing = np.array([h.point for h in houses if h.footprint is not None], dtype=object)
        self.weights = np.array([house.households for house in houses], dtype=float)
        self.total = float(self.weights.sum())
        self.share = first / number
        self.most = (most * first, most * (number - first))
        self.parts = len(multi(land).geoms)

    def weigh(self, first: Any, second: Any) -> _Cut:  # noqa: ANN401
        """Keep buildings whole, see that both parts are connected, and give the cost."""
        first, second = self._whole(first, second)
        here = float(self.weights[shapely.intersects(first, self.points)].sum())
        pieces = [len(multi(part).geoms) for part in (first, second)]
        if here in (0.0, self.total) or sum(pieces) > self.parts + 1:
            return _Cut(float("inf"), first, second)
        # Either part may be the one with the share: which one is named first is chance.
        if self.share != 0.5 and abs(here - (1 - self.share) * self.total) < abs(here - self.share * self.total):  # noqa: PLR2004
            first, second, here = second, first, self.total - here
        off = abs(here - self.share * self.total) / self.total
        seam = shapely.length(first) + shapely.length(second) - shapely.length(self.land)
        missed = self._missed(first, second)
        over = here > self.most[0] or self.total - here > self.most[1]
        return _Cut(
            off + over * OVER + MISSED * missed + LENGTH * seam / (2 * shapely.length(self.land)), first, second
        )

    def _missed(self, first: Any, second: Any) -> int:  # noqa: ANN401
        """Count the buildings that lie on both sides, by more than the rounding of coordinates."""
        near = self.prints[shapely.intersects(first, self.prints) & shapely.intersects(second, self.prints)]
        held = [shapely.area(shapely.intersection(side, near)) for side in (first, second)]
        return int(np.sum(np.minimum(*held) > CUT * shapely.area(near)))

    def straight(self) -> Iterator[tuple[Any, Any]]:
        """Give the two sides of straight lines."""
        at = shapely.get_coordinates(self.points) * [self.squeeze, 1]
        for angle in np.linspace(0, np.pi, ANGLES, endpoint=False):
            along, normal = np.array([-np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), np.sin(angle)])
            heights = at @ normal
            order = np.argsort(heights)
            sums = np.cumsum(self.weights[order])[:-1]
            gaps = np.diff(heights[order]) > 10 * STEP
            places = np.flatnonzero(gaps)
            near = places[np.argsort(np.abs(sums[places] - self.share * self.total), kind="stable")[:OFFSETS]]
            for place in near:
                height = float(heights[order][place : place + 2].mean())
                yield from self._sides(height, along, normal)

    def _sides(self, height: float, along: NDArray[Any], normal: NDArray[Any]) -> Iterator[tuple[Any, Any]]:
        middle = np.array(self.land.centroid.coords[0]) * [self.squeeze, 1]
        foot = middle + normal * (height - middle @ normal)
        west, south, east, north = self.land.bounds
        reach = 2 * float(np.hypot(east - west, north - south))
        corners = [
            foot - along * reach,
            foot + along * reach,
            foot + (along + normal) * reach,
            foot + (normal - along) * reach,
        ]
        half = shapely.Polygon(np.array(corners) / [self.squeeze, 1])
        above = _polygons(shapely.intersection(self.land, half, grid_size=STEP))
        below = _polygons(shapely.difference(self.land, half, grid_size=STEP))
        if not above or not below:
            return
        # Where the line cuts off several bits, all but the largest one of a side go to the other side.
        high, low = [max(side, key=shapely.area) for side in (above, below)]
        yield _union([high, *[p for p in below if p is not low]]), _union([low, *[p for p in above if p is not high]])
        if len(above) + len(below) > 2:  # noqa: PLR2004
            yield high, _union([*below, *[p for p in above if p is not high]])
            yield _union([*above, *[p for p in below if p is not low]]), low

    def along(self, roads: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """Give the two sides of lines that follow roads."""
        lines = [shapely.intersection(road, self.land) for road in roads]
        lines = [line for line in lines if shapely.length(line) > 0]
        if not lines:
            return
        noded = shapely.union_all([shapely.boundary(self.land), *lines], grid_size=STEP)
        blocks = shapely.get_parts(shapely.polygonize(shapely.get_parts([noded])))
        blocks = blocks[shapely.intersects(self.land, shapely.point_on_surface(blocks))]
        if len(blocks) < 2:  # noqa: PLR2004
            return
        beside = _beside(blocks)
        held = np.array([self.weights[shapely.intersects(block, self.points)].sum() for block in blocks])
        rng = np.random.default_rng(len(blocks))
        seen: set[frozenset[int]] = set()
        for _try in range(TREES):
            side = _balanced(beside, held, self.share * float(held.sum()), rng)
            if side and side not in seen:
                seen.add(side)
                rest = [i for i in range(len(blocks)) if i not in side]
                yield _union(blocks[sorted(side)]), _union(blocks[rest])

    def lattice(self) -> list[Any]:
        """Give lines to and fro across the polygon."""
        west, south, east, north = self.land.bounds
        steps = np.linspace(0, 1, LATTICE + 2)[1:-1]
        return [
            *(shapely.LineString([(x, south), (x, north)]) for x in west + steps * (east - west)),
            *(shapely.LineString([(west, y), (east, y)]) for y in south + steps * (north - south)),
        ]

    def _whole(self, first: Any, second: Any) -> tuple[Any, Any]:  # noqa: ANN401
        """Move the cut around the buildings it goes through, each to the side of its point."""
        if not len(self.prints):
            return first, second
        for n in np.flatnonzero(shapely.intersects(first, self.prints) & shapely.intersects(second, self.prints)):
            house = shapely.intersection(self.prints[n], self.land, grid_size=STEP)
            keeper, loser = (first, second) if shapely.intersects(first, self.standing[n]) else (second, first)
            wider = shapely.union(keeper, house, grid_size=STEP)
            narrower = shapely.difference(loser, house, grid_size=STEP)
            if min(shapely.area(narrower), shapely.area(wider)) <= 0:
                continue
            first, second = (wider, narrower) if keeper is first else (narrower, wider)
        return first, second


def _polygons(shape: Any) -> list[Any]:  # noqa: ANN401
    return list(multi(shape).geoms)


def _union(parts: Any) -> Any:  # noqa: ANN401
    return shapely.union_all(np.asarray(parts, dtype=object), grid_size=STEP)


def _beside(blocks: NDArray[Any]) -> list[tuple[int, int]]:
    """Give pairs of blocks with a common edge."""
    one, other = shapely.STRtree(blocks).query(blocks, predicate="touches")
    pairs = [(int(i), int(j)) for i, j in zip(one, other, strict=True) if i < j]
    return [
        (i, j)
        for i, j in pairs
        if shapely.length(shapely.intersection(shapely.boundary(blocks[i]), shapely.boundary(blocks[j]))) > 0
    ]


def _balanced(
    beside: list[tuple[int, int]], held: NDArray[Any], wanted: float, rng: np.random.Generator
) -> frozenset[int]:
    """Give the side of the edge of a random spanning tree that holds most nearly what is wanted."""
    group = list(range(len(held)))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    tree: dict[int, list[int]] = {}
    for n in rng.permutation(len(beside)):
        i, j = beside[n]
        a, b = root(i), root(j)
        if a != b:
            group[a] = b
            tree.setdefault(i, []).append(j)
            tree.setdefault(j, []).append(i)
    parent, order = {0: -1}, [0]
    for i in order:
        for j in tree.get(i, []):
            if j != parent[i]:
                parent[j] = i
                order.append(j)
    below = {i: float(held[i]) for i in order}
    members = {i: {i} for i in order}
    for i in reversed(order[1:]):
        below[parent[i]] += below[i]
        members[parent[i]] |= members[i]
    if len(order) < len(held) or len(order) < 2:  # noqa: PLR2004
        return frozenset()
    total = below[0]
    best = min(order[1:], key=lambda i: min(abs(below[i] - wanted), abs(total - below[i] - wanted)))
    return frozenset(members[best])
