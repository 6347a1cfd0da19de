"""Dividing zones into grids and grids into blocks, by streets that run from side to side.

Everything here is in flat metres of one tile. The pieces overlap or gape by rounding; the
exact partition is made later, from the lines alone (:mod:`data.demo.ground`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import LineString
from shapely import Polygon

from data.demo.plan import STEP
from data.demo.plan import Line
from data.demo.plan import split_along

if TYPE_CHECKING:
    from data.demo.plan import Plan
    from data.demo.plan import Zone


OVER = 0.06
"""Metres by which a street runs over the line it ends at; what sticks out closes no face and is lost."""


@dataclass(frozen=True)
class Theme:
    """What a kind of quarter looks like.

    Attributes
    ----------
    density : float
        Grids per area against the other themes.
    block : float
        Area a block is cut down to, m2.
    homes : tuple of str
        Uses of its residential blocks.
    others : tuple of str
        Uses of some other blocks, in turn.
    share : float
        Share of the blocks that are something else than homes.
    waterside : bool
        Whether the others lie by the river where there is one.
    """

    density: float
    block: float
    homes: tuple[str, ...]
    others: tuple[str, ...] = ()
    share: float = 0.25
    waterside: bool = False


THEMES = {
    "old": Theme(1.5, 13_000, ("houses", "houses", "walkup"), ("school", "walkup", "houses", "garden")),
    "docks": Theme(1.2, 15_000, ("houses", "houses", "walkup"), ("store", "walkup", "garden"), waterside=True),
    "market": Theme(1.4, 16_000, ("houses", "walkup"), ("market", "walkup", "market")),
    "office": Theme(0.9, 26_000, ("towers", "slabs"), ("office", "office", "mall", "office"), share=0.5),
    "estate": Theme(
        1.15, 30_000, ("slabs", "slabs", "towers", "walkup"), ("school", "garden", "slabs", "kindergarten")
    ),
    "river": Theme(
        1.0, 32_000, ("slabs", "towers", "slabs"), ("hospital", "garden", "school", "slabs"), waterside=True
    ),
    "lake": Theme(0.8, 34_000, ("slabs", "villas", "villas"), ("park", "garden", "school")),
    "works": Theme(0.4, 52_000, ("dormitory",), ("works", "works", "works"), share=0.7),
    "depot": Theme(0.65, 34_000, ("houses", "walkup", "dormitory"), ("store", "garden", "works")),
}


@dataclass
class Cell:
    """A grid to be: its land and its blocks, flat metres."""

    polygon: Polygon
    community: tuple[int, int]
    theme: str
    blocks: list[tuple[Polygon, str]]


def divide(plan: Plan, grids: int, rng: np.random.Generator) -> list[Cell]:
    """Divide a plan's zones into ``grids`` cells and these into blocks; the streets join its lines."""
    _share_out(plan.zones, grids)
    cells = []
    small = []
    for zone in plan.zones:
        if zone.grids == 0:
            small.append(zone)
            continue
        kind = "tertiary" if zone.grids > 3 else "residential"  # noqa: PLR2004 - big zones get wider streets
        cells += [
            Cell(part, zone.community, zone.theme, []) for part in _cut(zone.polygon, zone.grids, kind, plan, rng)
        ]
    for number, cell in enumerate(cells):
        theme = THEMES[cell.theme]
        count = max(2 if theme.others else 1, round(cell.polygon.area / theme.block))
        parts = _cut(cell.polygon, count, "residential" if theme.block > 20_000 else "path", plan, rng)  # noqa: PLR2004 - big blocks, wider lanes
        cell.blocks = list(zip(parts, _uses(theme, parts, number, plan, rng), strict=True))
    for zone in small:
        _attach(zone, cells)
    return cells


def _share_out(zones: list[Zone], grids: int) -> None:
    """Give each zone its number of grids by area and density (largest remainders)."""
    weights = np.array([zone.polygon.area * THEMES[zone.theme].density for zone in zones])
    exact = weights / weights.sum() * grids
    counts = np.floor(exact).astype(int)
    counts[(counts == 0) & (exact > 0.6)] = 1  # noqa: PLR2004 - below, a zone joins its neighbour
    lone = [
        i for i, zone in enumerate(zones) if not any(o is not zone and o.community == zone.community for o in zones)
    ]
    counts[lone] = np.maximum(counts[lone], 1)
    order = np.argsort(-(exact - counts), kind="stable")
    for step in range(grids - int(counts.sum())):
        counts[[i for i in order if counts[i] > 0][step % 8]] += 1
    for step in range(int(counts.sum()) - grids):
        counts[np.argsort(-counts, kind="stable")[step]] -= 1
    for zone, count in zip(zones, counts, strict=True):
        zone.grids = int(count)


def _cut(polygon: Polygon, count: int, kind: str, plan: Plan, rng: np.random.Generator) -> list[Polygon]:
    """Cut a polygon into ``count`` parts of like area, halving and halving again."""
    if count <= 1:
        return [polygon]
    first = count // 2
    found = bisect(polygon, first / count, plan, rng)
    if found is None:
        return [polygon]
    left, right, chords = found
    plan.lines += [Line(kind, chord, plan.roads) for chord in chords]
    plan.roads += 1
    lesser = "residential" if kind == "tertiary" and count <= 6 else kind  # noqa: PLR2004 - the last streets are narrow
    return _cut(left, first, lesser, plan, rng) + _cut(right, count - first, lesser, plan, rng)


def bisect(
    polygon: Polygon, share: float, plan: Plan, rng: np.random.Generator
) -> tuple[Polygon, Polygon, list[LineString]] | None:
    """Cut a polygon across its longer side so that one part has about ``share`` of its area.

    A chord that ends on the street's border ends at one of its vertices. None when no chord
    gives two pieces without islands.
    """
    box = shapely.get_coordinates(shapely.minimum_rotated_rectangle(polygon))
    sides = box[1:3] - box[0:2]
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    for long in (int(np.argmax(lengths)), int(np.argmin(lengths))):
        along = sides[long] / lengths[long]
        across = np.array([-along[1], along[0]])
        across = across + along * rng.normal(0, 0.035)
        low, high = np.sort([box[0] @ along, box[2] @ along])
        cut = _locate(polygon, along, across, low, high, share)
        found = _halves(polygon, cut, plan)
        if found is not None:
            left, right, chords = found
            if (left.centroid.x - right.centroid.x) * along[0] + (left.centroid.y - right.centroid.y) * along[1] > 0:
                left, right = right, left
            return left, right, chords
    return None


def _locate(
    polygon: Polygon, along: np.ndarray, across: np.ndarray, low: float, high: float, share: float
) -> LineString:
    """Find the chord behind which ``share`` of the area lies (false position, at most eight steps)."""
    wanted = share * polygon.area
    ends = [(low, 0.0), (high, polygon.area)]
    aside = across * float(np.array(polygon.centroid.coords[0]) @ np.array([-along[1], along[0]]))
    normal = np.array([across[1], -across[0]])
    normal = normal if normal @ along > 0 else -normal
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    heights = [ring @ normal for ring in rings]
    middle = aside
    for _step in range(8):
        (a, fa), (b, fb) = ends
        at = a + (b - a) * float(np.clip((wanted - fa) / (fb - fa), 0.05, 0.95))
        middle = along * at + aside
        areas = [_area_below(ring, height - middle @ normal) for ring, height in zip(rings, heights, strict=True)]
        behind = areas[0] - sum(areas[1:])
        if abs(behind - wanted) < 0.02 * polygon.area:
            break
        ends = [(at, behind), (b, fb)] if behind < wanted else [(a, fa), (at, behind)]
    return LineString([middle - across * 5000, middle + across * 5000])


def _area_below(ring: np.ndarray, height: np.ndarray) -> float:
    """Area of the part of a closed ring whose height is negative (Sutherland and Hodgman's clip)."""
    p, q, hp, hq = ring[:-1], ring[1:], height[:-1], height[1:]
    crosses = (hp < 0) != (hq < 0)
    t = np.where(crosses, hp / np.where(hp == hq, 1.0, hp - hq), 0.0)[:, None]
    cut = p + t * (q - p)
    inside = np.stack((hp < 0, crosses), axis=1).ravel()
    xy = np.stack((p, cut), axis=1).reshape(-1, 2)[inside]
    if len(xy) < 3:  # noqa: PLR2004 - corners of an area
        return 0.0
    xy = xy - xy[0]
    return abs(float(xy[:-1, 0] @ xy[1:, 1] - xy[1:, 0] @ xy[:-1, 1])) / 2


def _halves(polygon: Polygon, line: LineString, plan: Plan) -> tuple[Polygon, Polygon, list[LineString]] | None:
    """Cut along a line once its ends on the border are moved to a vertex of it."""
    inside = shapely.get_coordinates(polygon.intersection(line))
    if len(inside) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    direction = np.array(line.coords[1]) - np.array(line.coords[0])
    order = np.argsort(inside @ direction)
    ends = [_at_vertex(inside[order[0]], plan), _at_vertex(inside[order[-1]], plan)]
    chord = LineString(ends)
    parts = split_along(polygon, chord)
    if len(parts) != 2:  # noqa: PLR2004 - two halves, no islands
        return None
    pieces = [part for part in shapely.get_parts(polygon.intersection(chord)) if part.length > 1]
    return parts[0], parts[1], [_overshoot(piece, plan) for piece in pieces or [chord]]


def _overshoot(line: LineString, plan: Plan) -> LineString:
    """Lengthen a line by ``OVER`` at each end that is not on the border, so that it surely crosses what it meets."""
    xy = shapely.get_coordinates(line)[[0, -1]]
    way = (xy[1] - xy[0]) / np.hypot(*(xy[1] - xy[0])) * OVER
    ends = [_at_vertex(end, plan) for end in xy]
    loose = [not _on_border(end, plan) for end in xy]
    return LineString([ends[0] - way if loose[0] else ends[0], ends[1] + way if loose[1] else ends[1]])


def _on_border(end: np.ndarray, plan: Plan) -> bool:
    x, y = float(end[0]), float(end[1])
    return min(abs(x), abs(y), abs(x - plan.tile.width), abs(y - plan.tile.height)) < 0.05  # noqa: PLR2004 - metres


def _at_vertex(end: np.ndarray, plan: Plan) -> tuple[float, float]:
    x, y = float(end[0]), float(end[1])
    if min(abs(y), abs(y - plan.tile.height)) < 0.05:  # noqa: PLR2004 - on the south or north border
        return float(round(x / STEP) * STEP), 0.0 if y < 1 else float(plan.tile.height)
    if min(abs(x), abs(x - plan.tile.width)) < 0.05:  # noqa: PLR2004 - on the west or east border
        return 0.0 if x < 1 else float(plan.tile.width), float(round(y / STEP) * STEP)
    return x, y


def _uses(theme: Theme, parts: list[Polygon], number: int, plan: Plan, rng: np.random.Generator) -> list[str]:
    """Give each block its use: one kind of home per grid, and one or a few blocks of something else."""
    homes = theme.homes[number % len(theme.homes)]
    uses = [homes] * len(parts)
    if theme.others and len(parts) > 1:
        share = theme.share
        if theme.waterside and (plan.tile.river_south or plan.tile.river_north):
            shore = 0.0 if plan.tile.river_south else plan.tile.height
            order = np.argsort([abs(part.centroid.y - shore) for part in parts], kind="stable")
        elif share > 0.5:  # noqa: PLR2004 - most blocks are something else
            order = rng.permutation(len(parts))
        else:
            order = np.argsort([part.area for part in parts], kind="stable")
        for turn, i in enumerate(order[: min(max(1, round(share * len(parts))), len(parts) - 1)]):
            uses[int(i)] = theme.others[(number + turn) % len(theme.others)]
    return uses


def _attach(zone: Zone, cells: list[Cell]) -> None:
    """Give a zone too small for a grid to the neighbour of its community with the longest common side."""
    near = zone.polygon.buffer(1.0)
    mine = [cell for cell in cells if cell.community == zone.community]
    cell = max(mine, key=lambda cell: cell.polygon.intersection(near).area)
    cell.blocks.append((zone.polygon, "garden" if zone.polygon.area < 8000 else cell.blocks[0][1]))  # noqa: PLR2004 - m2
