"""The exact partition: lines noded once, bent onto the ground, closed to faces.

Whatever becomes a grid, a community or a street is a union of faces, so neighbours share
every vertex by construction; a planted gap is a face nobody owns, an overlap one owned twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.demo.plan import SNAP
from data.demo.plan import STEP
from data.demo.plan import warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.demo.partition import Cell
    from data.demo.plan import Plan

NOBODY = -1
"""Cell number of land that belongs to no grid."""


@dataclass
class Faces:
    """The smallest pieces of a street, ground metres.

    Attributes
    ----------
    polygons : array of Polygon
        The pieces.
    cell : array of int
        Grid-to-be each lies in; ``NOBODY`` for railway and lake.
    use : array of str
        What stands on it.
    community : array of int
        Number of its community.
    """

    polygons: NDArray[np.object_]
    cell: NDArray[np.int64]
    use: NDArray[np.str_]
    community: NDArray[np.int64]

    def union(self, which: NDArray[np.bool_]) -> shapely.Geometry:
        """Union of some faces; shared vertices stay."""
        return shapely.coverage_union_all(self.polygons[which])


def bend(plan: Plan, seed: int, geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Carry flat geometries of a tile onto the ground."""
    corner = np.array([plan.tile.x0, plan.tile.y0], dtype=float)
    return shapely.transform(geometries, lambda xy: warp(seed, xy + corner))


def segments(plan: Plan, seed: int) -> NDArray[np.object_]:
    """Node all lines of a plan, bend them, and give their two-point segments on the ground."""
    noded = shapely.union_all(np.array([line.geometry for line in plan.lines]), grid_size=SNAP)
    fine = shapely.segmentize(shapely.get_parts(noded), STEP + 5.0)
    return pairs(bend(plan, seed, fine))


def pairs(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """Cut lines into their two-point segments."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    same = owner[1:] == owner[:-1]
    return np.asarray(shapely.linestrings(np.stack((xy[:-1][same], xy[1:][same]), axis=1)), dtype=np.object_)


def faces(plan: Plan, cells: list[Cell], seed: int, lines: NDArray[np.object_]) -> Faces:
    """Close segments to faces and say for each whose it is and what stands on it."""
    polygons = shapely.get_parts(shapely.polygonize(lines))
    points = shapely.point_on_surface(polygons)
    order = np.lexsort((np.round(shapely.get_y(points), 3), np.round(shapely.get_x(points), 3)))
    polygons, points = polygons[order], points[order]
    blocks = [(number, part, use) for number, cell in enumerate(cells) for part, use in cell.blocks]
    ground = bend(plan, seed, shapely.segmentize(np.array([part for _n, part, _u in blocks]), 20.0))
    at, block = shapely.STRtree(ground).query(points, predicate="intersects")
    owner = np.full(len(polygons), -1)
    owner[at[::-1]] = block[::-1]
    missing = _not_settled(plan, seed, points, owner)
    owner[missing] = shapely.STRtree(ground).nearest(points[missing])
    names = sorted({cell.community for cell in cells})
    held = owner >= 0
    cell = np.where(held, np.array([number for number, _p, _u in blocks])[owner], NOBODY)
    use = np.where(held, np.array([use for _n, _p, use in blocks])[owner], "none").astype("U12")
    of_cell = np.array([names.index(cell.community) for cell in cells])
    community = np.where(held, of_cell[cell], -1)
    result = Faces(polygons, cell, use, community)
    _give_the_rest(result, plan, seed, points)
    return result


def _not_settled(plan: Plan, seed: int, points: NDArray[np.object_], owner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Find faces that lie in no block although they are neither railway nor lake (rounding at a block's edge)."""
    special = [plan.rail] + ([plan.lake] if plan.lake is not None else [])
    ground = bend(plan, seed, shapely.segmentize(np.array(special), 20.0))
    in_special = np.zeros(len(points), dtype=bool)
    for shape in ground:
        in_special |= shapely.contains_xy(shape, shapely.get_x(points), shapely.get_y(points))
    owner[in_special] = -1
    return ~in_special & (owner < 0)


def _give_the_rest(result: Faces, plan: Plan, seed: int, points: NDArray[np.object_]) -> None:
    """Railway and lake belong to a community although to no grid; name what they are."""
    rest = result.community < 0
    if not rest.any():
        return
    lake = bend(plan, seed, np.array([plan.lake]))[0] if plan.lake is not None else None
    tree = shapely.STRtree(result.polygons)
    for i in np.flatnonzero(rest):
        in_lake = lake is not None and lake.contains(points[i])
        result.use[i] = "lake" if in_lake else "rail"
        near = [j for j in tree.query(result.polygons[i], predicate="touches") if not rest[j]]
        south = [j for j in near if in_lake or shapely.get_y(points[j]) < shapely.get_y(points[i])] or near
        shared = shapely.length(shapely.intersection(result.polygons[i], result.polygons[south]))
        result.community[i] = result.community[south[int(np.argmax(shared))]]
