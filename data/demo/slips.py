"""Planting flaws of records: houses on a border, without a place, in the wrong register.

Works on finished houses and frames; what is planted here is noted as ``(kind, row labels)``
and becomes the table of flaws in :mod:`data.demo.flaws`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely import Point

from data.demo.houses import Houses
from data.demo.houses import footprints

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from data.demo.plant import Planter

CUT_SHARE = 0.7
"""Share of a cut footprint on the side of its point."""
NEAR_M = 1.2
"""Metres of a pressed point from the border."""
ELSEWHERE = (113.264385, 23.129112)
"""Longitude and latitude of a place in another province."""
LENGTH, DEPTH = 20.0, 11.0
"""Footprint of a cut house, metres: the length lies across the border."""


@dataclass(frozen=True)
class Slip:
    """Records one kind of flaw was planted in.

    Attributes
    ----------
    kind : str
        One of the kinds of ``docs/demo.md``.
    dataset : str
        ``buildings`` or ``incidents``.
    rows : tuple of int
        Row labels in the frame.
    """

    kind: str
    dataset: str
    rows: tuple[int, ...]


def on_borders(planter: Planter, cut: int, near: int) -> tuple[Houses | None, list[str]]:
    """Make houses that a border cuts, and points that lie within two metres of one.

    Parameters
    ----------
    planter : Planter
        The partition with its planted lines; the grids taken here are marked as used.
    cut, near : int
        How many of each.

    Returns
    -------
    houses : Houses or None
        The houses; those of kind ``near`` lose their footprint later.
    kinds : list of str
        ``cut_building`` or ``near_building``, one for each house.
    """
    wanted = ["cut_building"] * cut + ["near_building"] * near
    lines = planter.segments
    tree = shapely.STRtree(lines)
    rows: list[tuple[float, float, float]] = []
    for a, b in planter.near[planter.rng.permutation(len(planter.near))].tolist():
        if len(rows) == len(wanted):
            break
        if {a, b} & planter.used or planter.community[a] != planter.community[b]:
            continue
        spot = _spot(planter, a, b, wanted[len(rows)], tree)
        if spot is not None:
            rows.append(spot)
            planter.used |= {a, b}
    if not rows:
        return None, []
    x, y, angle = (np.array(column) for column in zip(*rows, strict=True))
    long, deep, shape = np.full(len(x), LENGTH), np.full(len(x), DEPTH), np.zeros(len(x), dtype=np.int64)
    use = np.full(len(x), "houses", dtype="U12")
    houses = Houses(
        np.zeros(len(x), dtype=np.int64),
        use,
        x,
        y,
        angle,
        long,
        deep,
        shape,
        footprints(x, y, angle, long, deep, shape),
    )
    return houses, wanted[: len(rows)]


def _spot(planter: Planter, a: int, b: int, kind: str, tree: shapely.STRtree) -> tuple[float, float, float] | None:
    """Middle and direction of a house on the border of two grids, its point in ``b``."""
    common = shapely.intersection(planter.cells[a], planter.cells[b])
    for part in shapely.get_parts(common):
        if part.geom_type != "LineString":
            continue
        xy = shapely.get_coordinates(part)
        for p, q in pairwise(xy):
            length = float(np.hypot(*(q - p)))
            if length < 30:  # noqa: PLR2004 - metres of straight border a house needs
                continue
            normal = np.array([-(q - p)[1], (q - p)[0]]) / length
            if not planter.cells[b].contains(Point((p + q) / 2 + normal)):
                normal = -normal
            off = LENGTH * (CUT_SHARE - 0.5) if kind == "cut_building" else NEAR_M
            at = (p + q) / 2 + normal * off
            if len(tree.query(Point((p + q) / 2).buffer(14.0), predicate="intersects")) == 1:
                return float(at[0]), float(at[1]), float(np.arctan2(normal[1], normal[0]))
    return None


def misplace_buildings(
    frame: gpd.GeoDataFrame,
    cell: NDArray[np.int64],
    heap: tuple[int, Point] | None,
    free: NDArray[np.bool_],
    rng: np.random.Generator,
) -> list[Slip]:
    """Take the place from some buildings, or give them a wrong one; in place.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Buildings, changed in place.
    cell : array of int
        Grid of each building.
    heap : (int, shapely.Point) or None
        A grid, and the centroid of its community, degrees: eight of its houses go there.
    free : array of bool
        Buildings that no other flaw concerns.
    rng : numpy.random.Generator
        Source of chance.
    """
    small = free & (frame["households"].to_numpy() <= 6) & (frame["households"].to_numpy() > 0)  # noqa: PLR2004 - houses, so that grids keep their size
    lone = _one_each(np.flatnonzero(small), cell, rng)
    slips = []
    for kind, take, place in (
        ("no_place", 3, None),
        ("null_island", 2, Point(0.0, 0.0)),
        ("elsewhere", 1, Point(*ELSEWHERE)),
    ):
        rows, lone = frame.index[lone[:take]], lone[take:]
        _move(frame, rows, place)
        slips.append(Slip(kind, "buildings", tuple(int(r) for r in rows)))
    rows = frame.index[lone[:5]]
    others = np.array(sorted(frame["declared_grid"].dropna().unique()), dtype=object)
    for row in rows:
        own = str(frame.at[row, "declared_grid"])
        same = [code for code in others if code[:12] == own[:12] and code != own]
        frame.loc[row, "declared_grid"] = same[0]
    slips.append(Slip("wrong_register", "buildings", tuple(int(r) for r in rows)))
    if heap is not None:
        members = np.flatnonzero(free & (cell == heap[0]) & (frame["kind"].to_numpy() != "industrial"))
        members = members[~np.isin(members, [frame.index.get_loc(r) for slip in slips for r in slip.rows])][-8:]
        rows = frame.index[members]
        _move(frame, rows, heap[1])
        frame.loc[rows, "declared_grid"] = None
        slips.append(Slip("centroid_heap", "buildings", tuple(int(r) for r in rows)))
    return slips


def _one_each(candidates: NDArray[np.int64], cell: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    shuffled = rng.permutation(candidates)
    _cells, first = np.unique(cell[shuffled], return_index=True)
    return shuffled[np.sort(first)]


def _move(frame: gpd.GeoDataFrame, rows: object, place: Point | None) -> None:
    for row in rows:  # type: ignore[attr-defined]
        frame.at[row, "geometry"] = place
        frame.at[row, "footprint"] = None


def misplace_incidents(frame: gpd.GeoDataFrame, heap: Point | None, rng: np.random.Generator) -> list[Slip]:
    """Do the same to incidents: none, (0,0), another province, forty on a centroid."""
    chosen = rng.choice(len(frame), size=78, replace=False)
    slips = []
    for kind, take, place in (
        ("no_place", 20, None),
        ("null_island", 12, Point(0.0, 0.0)),
        ("elsewhere", 6, Point(*ELSEWHERE)),
        ("centroid_heap", 40, heap),
    ):
        at, chosen = np.sort(chosen[:take]), chosen[take:]
        if kind == "centroid_heap" and heap is None:
            continue
        geometry = frame.geometry.to_numpy().copy()
        geometry[at] = place
        frame["geometry"] = geometry
        slips.append(Slip(kind, "incidents", tuple(int(r) for r in frame.index[at])))
    return slips
