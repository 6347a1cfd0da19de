"""The land of one street: partition, owners of each face, roads, names and codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.demo import names
from data.demo.ground import NOBODY
from data.demo.ground import bend
from data.demo.ground import faces as close_faces
from data.demo.ground import segments
from data.demo.partition import divide
from data.demo.plan import DISTRICT
from data.demo.plan import HALF_WIDTH
from data.demo.plan import RIVER_HALF
from data.demo.plan import draw
from data.demo.plan import lonlat
from data.demo.plan import tile
from data.demo.plant import Planter
from data.demo.plant import plant_land

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.demo.ground import Faces
    from data.demo.partition import Cell
    from data.demo.plan import Plan

PER_DISTRICT = DISTRICT[0] * DISTRICT[1]
GRIDS = 120
"""Grids of a street."""
BANK = 115.0
"""Depth of the green bank from the middle of the river, metres."""


@dataclass
class Work:
    """What the steps of :func:`street` hand to each other, ground metres."""

    seed: int
    index: int
    code: str
    name: str
    plan: Plan
    cells: list[Cell]
    faces: Faces
    claims: NDArray[np.int64]
    """Pairs (face, cell): which face belongs to which grid."""
    deeds: list[int]
    """Face of each deed of the planter."""
    planter: Planter
    roads: NDArray[np.object_]
    road_kinds: NDArray[np.str_]
    road_ids: NDArray[np.int64]
    road_names: NDArray[np.object_]
    river: NDArray[np.object_]
    community_names: list[str]
    community_codes: list[str]
    degrees: NDArray[np.object_]
    grid_codes: list[str]


def lay(seed: int, index: int, rng: np.random.Generator, flaws: tuple[str, ...] = ()) -> Work:
    """Make the land of street ``index`` and plant flaws of land in it.

    Parameters
    ----------
    seed, index : int
        Seed of the city, number of the street.
    rng : numpy.random.Generator
        Source of chance.
    flaws : tuple of str
        Kinds of flaws of land (:func:`data.demo.plant.plant_land`).
    """
    plan = draw(tile(seed, index), rng)
    cells = divide(plan, GRIDS, rng)
    lines = segments(plan, seed)
    faces = close_faces(plan, cells, seed, lines)
    code, name = names.street_code(index, PER_DISTRICT), names.street_name(index)
    roads, kinds, ids = _middle_lines(plan, seed)
    river = _river(plan, seed)
    community_names, order = _name_communities(faces, cells)
    codes = [f"{code}{int(np.flatnonzero(order == i)[0]) + 1:03d}" for i in range(len(order))]
    _green_bank(faces, river)
    planter = Planter(faces, lines, rng)
    grid_codes = _number_grids(planter, codes)
    plant_land(planter, flaws)
    if planter.added:
        faces = close_faces(plan, cells, seed, planter.segments)
        _green_bank(faces, river)
    claims, deeds = _settle(faces, planter)
    work = Work(
        seed, index, code, name, plan, cells, faces, claims, deeds, planter, roads, kinds, ids, np.array([]), river,
        community_names, codes, lonlat(faces.polygons), grid_codes,
    )  # fmt: skip
    work.road_names = _name_roads(work)
    return work


def _green_bank(faces: Faces, river: NDArray[np.object_]) -> None:
    """Make the land between the river and the road along it a green bank."""
    if len(river):
        middle = shapely.point_on_surface(faces.polygons)
        near = shapely.distance(middle, shapely.union_all(river)) < BANK - RIVER_HALF
        faces.use[near & (faces.cell != NOBODY)] = "bank"


def _settle(faces: Faces, planter: Planter) -> tuple[NDArray[np.int64], list[int]]:
    """Give each face to its grid, or to nobody or two where a flaw says so; faces of the deeds."""
    tree = shapely.STRtree(faces.polygons)
    extra, found = [], []
    for number, deed in enumerate(planter.deeds):
        face = int(tree.query(deed.probe, predicate="intersects")[0])
        found.append(face)
        faces.cell[face] = deed.owner
        faces.community[face] = planter.community[deed.owner]
        faces.use[face] = deed.use or faces.use[face]
        if deed.act == "drop":
            faces.cell[face] = -2 - number
        elif deed.act == "move":
            faces.cell[face] = deed.taker
        else:
            extra.append((face, deed.taker))
    held = np.flatnonzero(faces.cell >= 0)
    return np.vstack([np.column_stack((held, faces.cell[held])), *[np.array([pair]) for pair in extra]]), found


def _middle_lines(plan: Plan, seed: int) -> tuple[NDArray[np.object_], NDArray[np.str_], NDArray[np.int64]]:
    """Roads on the ground: middle line, kind, number (borders have negative numbers)."""
    at = plan.tile
    lines = [(line.geometry, line.kind, line.name) for line in plan.lines if line.kind in HALF_WIDTH and line.name >= 0]
    for number, (kind, along) in enumerate((("south", 0), ("north", 0), ("west", 1), ("east", 1))):
        if (kind == "south" and at.river_south) or (kind == "north" and at.river_north):
            continue
        grade = "primary" if (at.row if along == 0 else at.column) % 3 == 2 else "secondary"  # noqa: PLR2004 - every third
        border = [line for line in plan.lines if line.kind == "border"][number]
        lines.append((border.geometry, grade, -2 - number))
    rail = shapely.LineString(
        [(0.0, (plan.rail.exterior.coords[0][1] + plan.rail.exterior.coords[3][1]) / 2),
         (float(at.width), (plan.rail.exterior.coords[1][1] + plan.rail.exterior.coords[2][1]) / 2)]
    )  # fmt: skip
    lines.append((rail, "rail", -9))
    geometry = bend(plan, seed, shapely.segmentize(np.array([line for line, _k, _n in lines]), 30.0))
    return geometry, np.array([kind for _l, kind, _n in lines]), np.array([number for _l, _k, number in lines])


def _river(plan: Plan, seed: int) -> NDArray[np.object_]:
    """River along the south or north border, both halves of it."""
    at = plan.tile
    lines = [
        shapely.LineString([(x, y) for x in np.arange(0, at.width + 1, 10.0)])
        for y, there in ((0, at.river_south), (at.height, at.river_north))
        if there
    ]
    return (
        shapely.buffer(bend(plan, seed, np.array(lines, dtype=object)), RIVER_HALF, quad_segs=8)
        if lines
        else np.array([])
    )


def _name_communities(faces: Faces, cells: list[Cell]) -> tuple[list[str], NDArray[np.int64]]:
    """Name communities by what they are like, and order them by rows from north to south, west to east."""
    keys = sorted({cell.community for cell in cells})
    used: set[str] = set()
    result = []
    for key in keys:
        theme = next(cell.theme for cell in cells if cell.community == key)
        pool = [*names.COMMUNITIES[theme], *names.COMMUNITIES["estate"], *names.COMMUNITIES["river"]]
        result.append(next(name for name in pool if name not in used))
        used.add(result[-1])
    centre = np.array(
        [shapely.get_coordinates(shapely.centroid(faces.union(faces.community == i)))[0] for i in range(len(keys))]
    )
    return result, reading_order(centre, 700.0)


def reading_order(centre: NDArray[np.float64], row: float) -> NDArray[np.int64]:
    """Order points from west to east in rows of a given height, the rows from north to south."""
    band = ((centre[:, 1].max() - centre[:, 1]) / row).round()
    return np.lexsort((centre[:, 0], band))


def _number_grids(planter: Planter, community_codes: list[str]) -> list[str]:
    """Fifteen digits; within a community from west to east, then from north to south."""
    codes = [""] * planter.count
    centre = shapely.get_coordinates(shapely.centroid(planter.cells))
    for c, code in enumerate(community_codes):
        members = np.flatnonzero(planter.community == c)
        for place, member in enumerate(members[reading_order(centre[members], 250.0)]):
            codes[member] = f"{code}{place + 1:03d}"
    return codes


def _name_roads(work: Work) -> NDArray[np.object_]:
    """Avenues, roads and streets by lot from the list, lanes after their community."""
    at = work.plan.tile
    words = [f"{names.ROADS[i % 80]}{('', '东', '西', '南', '北', '中')[i // 80]}" for i in range(480)]
    order = np.random.default_rng([work.seed, 5000 + work.index]).permutation(80)
    tree = shapely.STRtree(work.faces.polygons)
    chosen: dict[int, str] = {}
    lanes: dict[int, int] = {}
    wide = 0
    for line, kind, number in zip(work.roads, work.road_kinds, work.road_ids.tolist(), strict=True):
        if number in chosen:
            continue
        if number < 0:
            level = {-2: at.row + 1, -3: at.row, -4: at.column, -5: at.column + 1, -9: 0}[number]
            axis = "云岭铁路" if number == -9 else f"{names.ROADS[(level * 7 + (40 if number < -3 else 0)) % 80]}大道"  # noqa: PLR2004 - the rail
            chosen[number] = axis
        elif kind == "path":
            face = int(tree.nearest(shapely.line_interpolate_point(line, 0.5, normalized=True)))
            quarter = int(work.faces.community[face])
            lanes[quarter] = lanes.get(quarter, 0) + 1
            chosen[number] = f"{work.community_names[quarter]}{names.numeral(lanes[quarter])}巷"
        else:
            word = words[int(order[wide % 80]) + 80 * (wide // 80)]
            chosen[number] = word + {"primary": "大道", "secondary": "路", "tertiary": "路"}.get(str(kind), "街")
            wide += 1
    return np.array([chosen[number] for number in work.road_ids.tolist()], dtype=object)
