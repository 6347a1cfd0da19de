"""Where the houses stand: rows inside each block, shops along the streets; ground metres.

Every block has one direction, that of its own sides; rows face south as closely as it
allows. Shops stand along the wider roads and take the road's direction. A house never comes
nearer than ``CLEAR`` metres to the edge of a face, so no grid border can touch one by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import shapely

from data.demo.plan import HALF_WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.demo.ground import Faces

    Numbers = NDArray[np.float64]

CLEAR = 3.0
"""Least distance of a footprint from the edge of its face, metres."""
KERB = {"primary": 7.0, "secondary": 6.0, "tertiary": 4.0, "residential": 3.0, "path": 1.0, "rail": 12.0}
"""Metres between kerb and house, by kind of road."""


@dataclass(frozen=True)
class Use:
    """How a block of one use is built up.

    Attributes
    ----------
    kind : str
        ``BuildingKind`` of its buildings.
    long, deep : tuple of float
        Least and greatest length and depth of a house, metres.
    beside, behind : float
        Metres between houses of a row, and between rows.
    kept : float
        Share of the places that are built on.
    floors : tuple of int
        Least and greatest number of floors.
    shapes : tuple of float
        Shares of plain, stepped, L-shaped and cross-shaped houses.
    home : bool
        Whether households live there.
    """

    kind: str
    long: tuple[float, float]
    deep: tuple[float, float]
    beside: float
    behind: float
    kept: float
    floors: tuple[int, int]
    shapes: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    home: bool = False


USES = {
    "houses": Use("residential", (8.5, 12.5), (8.5, 11), 0.9, 3.9, 0.96, (1, 4), (0.85, 0.0, 0.15, 0.0), home=True),
    "walkup": Use("residential", (28, 44), (10.5, 12.0), 6, 12, 0.95, (5, 7), (0.75, 0.25, 0.0, 0.0), home=True),
    "slabs": Use("residential", (38, 58), (12.5, 14.5), 10, 21, 0.95, (6, 18), (0.5, 0.4, 0.1, 0.0), home=True),
    "towers": Use("residential", (27, 33), (19, 23), 17, 27, 0.95, (18, 33), (0.25, 0.0, 0.0, 0.75), home=True),
    "villas": Use("residential", (15, 19), (11, 13), 9, 15, 0.9, (2, 4), (0.6, 0.4, 0.0, 0.0), home=True),
    "dormitory": Use("residential", (44, 58), (12.5, 13.5), 12, 18, 0.6, (4, 6), home=True),
    "works": Use("industrial", (58, 105), (30, 46), 15, 15, 0.85, (1, 3), (0.8, 0.1, 0.1, 0.0)),
    "store": Use("warehouse", (36, 58), (18, 26), 9, 12, 0.85, (1, 2)),
    "office": Use("office", (32, 42), (28, 34), 18, 20, 0.95, (12, 32), (0.5, 0.0, 0.0, 0.5)),
    "mall": Use("commercial", (70, 95), (44, 56), 22, 24, 0.9, (3, 6)),
    "market": Use("market", (46, 62), (9, 11), 6, 5.5, 0.97, (1, 2)),
    "school": Use("public", (50, 64), (13, 15), 12, 26, 0.55, (3, 5), (0.6, 0.0, 0.4, 0.0)),
    "kindergarten": Use("public", (26, 34), (14, 16), 10, 20, 0.45, (2, 3), (0.5, 0.0, 0.5, 0.0)),
    "hospital": Use("public", (52, 74), (18, 22), 16, 22, 0.8, (4, 15), (0.6, 0.1, 0.3, 0.0)),
    "garden": Use("public", (8, 12), (7, 9), 55, 55, 0.35, (1, 1)),
    "park": Use("public", (10, 14), (8, 10), 70, 70, 0.3, (1, 1)),
    "front": Use("commercial", (16, 34), (9, 12), 3, 0, 0.8, (2, 4)),
}
"""Uses of land that carry buildings."""

FRONTED = ("houses", "walkup", "slabs", "towers", "store", "market", "office", "dormitory")
"""Uses whose blocks have shops along the street."""


@dataclass
class Houses:
    """Houses as columns of equal length; ``x``, ``y`` in ground metres, ``angle`` in radians."""

    face: NDArray[np.int64]
    use: NDArray[np.str_]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    angle: NDArray[np.float64]
    long: NDArray[np.float64]
    deep: NDArray[np.float64]
    shape: NDArray[np.int64]
    footprint: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.x)

    def take(self, which: NDArray[np.generic]) -> Houses:
        """Give some of the houses, in the order asked."""
        return Houses(**{f.name: getattr(self, f.name)[which] for f in fields(self)})

    @classmethod
    def join(cls, parts: list[Houses]) -> Houses:
        """Put several together."""
        return cls(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)})


def build(
    faces: Faces,
    roads: NDArray[np.object_],
    kinds: NDArray[np.str_],
    taken: NDArray[np.object_],
    rng: np.random.Generator,
) -> Houses:
    """Build up all faces.

    Parameters
    ----------
    faces : Faces
        The partition; faces of a use without buildings stay empty.
    roads, kinds : arrays
        Middle lines of the roads (ground metres) and their kinds.
    taken : array of Polygon
        Land that must stay free: river banks, places reserved for planted flaws.
    rng : numpy.random.Generator
        Source of chance.
    """
    widths = np.array([HALF_WIDTH[kind] + KERB[kind] for kind in kinds])
    barriers = np.concatenate((shapely.buffer(roads, widths - 0.5, quad_segs=3, cap_style="flat"), taken))
    land = _buildable(faces, barriers)
    shops = _free(_fronts(faces, roads, kinds, rng), land)
    rows = _free(_rows(faces, land, rng), land)
    if len(shops):
        yards = shapely.STRtree(shapely.buffer(shops.footprint, 4.0, quad_segs=1))
        near, _shop = yards.query(rows.footprint, predicate="intersects")
        rows = rows.take(np.setdiff1d(np.arange(len(rows)), near))
    return _apart(Houses.join([rows, shops]))


def _buildable(faces: Faces, barriers: NDArray[np.object_]) -> NDArray[np.object_]:
    """Land of each face that is off the roads and away from its edge."""
    inner = shapely.buffer(faces.polygons, -CLEAR, quad_segs=2)
    face, barrier = shapely.STRtree(barriers).query(inner, predicate="intersects")
    for i in np.unique(face):
        if str(faces.use[i]) in USES:
            inner[i] = shapely.difference(inner[i], shapely.union_all(barriers[barrier[face == i]]))
    shapely.prepare(inner)
    return inner


def _free(houses: Houses, land: NDArray[np.object_]) -> Houses:
    """Keep what lies wholly on the buildable land of its face, in its plain shape if it must be."""
    fits = shapely.contains_properly(land[houses.face], houses.footprint)
    again = np.flatnonzero(~fits & (houses.shape > 0))
    if len(again):
        houses.shape[again] = 0
        one = houses.take(again)
        houses.footprint[again] = footprints(one.x, one.y, one.angle, one.long, one.deep, one.shape)
        fits[again] = shapely.contains_properly(land[houses.face[again]], houses.footprint[again])
    return houses.take(np.flatnonzero(fits))


def _apart(houses: Houses) -> Houses:
    """Of two that touch keep the first."""
    a, b = shapely.STRtree(houses.footprint).query(houses.footprint, predicate="intersects")
    keep = np.ones(len(houses), dtype=bool)
    for first, second in sorted(zip(a[a < b].tolist(), b[a < b].tolist(), strict=True)):
        if keep[first]:
            keep[second] = False
    return houses.take(keep)


def _rows(faces: Faces, land: NDArray[np.object_], rng: np.random.Generator) -> Houses:
    """Lay rows of houses over the buildable land of each face, in the direction of its sides."""
    parts = []
    for i in range(len(faces.polygons)):
        use = USES.get(str(faces.use[i]))
        if use is None or land[i].area < 60:  # noqa: PLR2004 - m2, the smallest house
            continue
        box = shapely.get_coordinates(shapely.oriented_envelope(land[i]))
        centre, side = box[:4].mean(axis=0), box[1] - box[0]
        way = (np.arctan2(side[1], side[0]) + np.pi / 4) % (np.pi / 2) - np.pi / 4
        cos, sin = np.cos(way), np.sin(way)
        offset = box[:4] - centre
        half = float(np.abs(offset @ (-sin, cos)).max()) - 0.3
        depth = rng.uniform(*use.deep)
        lines = int((2 * half + use.behind) / (depth + use.behind))
        if lines == 0:
            continue
        spread = (2 * half - lines * depth) / max(lines - 1, 1)
        rows = np.arange(lines) * (depth + min(spread, 1.5 * use.behind)) + depth / 2 - half
        left, right = _reach(land[i], centre, float(cos), float(sin), rows, depth)
        count = int(max(0.0, (right - left).max()) / (use.long[0] + use.beside)) + 1
        small = use.long[1] < 20  # noqa: PLR2004 - small houses differ, those of an estate do not
        long = rng.uniform(*use.long, (lines, count)) if small else np.full((lines, count), rng.uniform(*use.long))
        step = long + use.beside
        end = np.cumsum(step, axis=1)
        fits = end - use.beside <= (right - left)[:, None]
        slack = right - left + use.beside - np.where(fits, end, 0).max(axis=1, initial=0.0)
        u = end - step + long / 2 + (left + slack * rng.uniform(0.3, 0.7, lines))[:, None]
        v = rows[:, None] + 0 * u
        kept = (rng.random(u.shape) < use.kept) & fits
        number = int(kept.sum())
        x, y = centre[0] + u * cos - v * sin, centre[1] + u * sin + v * cos
        parts.append((np.full(number, i), x[kept], y[kept], np.full(number, way), long[kept], np.full(number, depth)))
    face, x, y, turn, long, deep = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _raise(face, faces.use[face], x, y, turn, long, deep, rng)


def _reach(
    land: shapely.Geometry,
    centre: NDArray[np.float64],
    cos: float,
    sin: float,
    v: NDArray[np.floating[Any]],
    deep: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far rows at heights ``v`` and ``deep`` metres deep can run to the left and right on a piece of land."""
    parts = shapely.get_parts(land)
    xy = shapely.get_coordinates(shapely.get_exterior_ring(parts[int(np.argmax(shapely.area(parts)))])) - centre
    p, q = xy @ (cos, sin), xy @ (-sin, cos)
    height = np.concatenate((v - deep / 2, v + deep / 2))[:, None]
    crosses = (q[:-1] - height) * (q[1:] - height) <= 0
    slope = (p[1:] - p[:-1]) / np.where(q[1:] == q[:-1], 1e-9, q[1:] - q[:-1])
    at = np.clip(p[:-1] + (height - q[:-1]) * slope, np.minimum(p[:-1], p[1:]), np.maximum(p[:-1], p[1:]))
    low = np.where(crosses, at, np.inf).min(axis=1).reshape(2, -1).max(axis=0)
    high = np.where(crosses, at, -np.inf).max(axis=1).reshape(2, -1).min(axis=0)
    empty = ~(np.isfinite(low) & np.isfinite(high))
    return np.where(empty, 0.0, low + 0.2), np.where(empty, 0.0, high - 0.2)


def _fronts(faces: Faces, roads: NDArray[np.object_], kinds: NDArray[np.str_], rng: np.random.Generator) -> Houses:
    """Line the wider roads with shops on both sides."""
    use = USES["front"]
    parts = []
    for road, kind in zip(roads, kinds, strict=True):
        if kind not in ("primary", "secondary", "tertiary"):
            continue
        length = road.length
        long = rng.uniform(*use.long, (2, int(length / use.long[0]) + 1))
        at = np.cumsum(long + use.beside + 18 * (rng.random(long.shape) < 0.25), axis=1) - long / 2 + 10  # noqa: PLR2004 - a gap after every fourth
        for side, sign in enumerate((1.0, -1.0)):
            kept = (at[side] < length - 10) & (rng.random(len(at[side])) < use.kept)
            d = at[side][kept]
            before = shapely.get_coordinates(shapely.line_interpolate_point(road, d - 5))
            after = shapely.get_coordinates(shapely.line_interpolate_point(road, d + 5))
            turn = np.arctan2(after[:, 1] - before[:, 1], after[:, 0] - before[:, 0])
            deep = rng.uniform(*use.deep, len(d))
            off = sign * (HALF_WIDTH[kind] + KERB[kind] + deep / 2 + rng.uniform(0, 1.5))
            middle = (before + after) / 2
            parts.append(
                (middle[:, 0] - off * np.sin(turn), middle[:, 1] + off * np.cos(turn), turn, long[side][kept], deep)
            )
    x, y, turn, long, deep = (np.concatenate(column) for column in zip(*parts, strict=True))
    point, face = shapely.STRtree(faces.polygons).query(shapely.points(x, y), predicate="within")
    fronted = np.isin(faces.use[face], FRONTED) & (
        rng.random(len(face)) < np.where(faces.use[face] == "slabs", 0.45, 0.85)
    )
    point, face = point[fronted], face[fronted]
    return _raise(face, np.full(len(face), "front"), x[point], y[point], turn[point], long[point], deep[point], rng)


def _raise(
    face: NDArray[np.int64],
    use: NDArray[np.str_],
    x: Numbers,
    y: Numbers,
    angle: Numbers,
    long: Numbers,
    deep: Numbers,
    rng: np.random.Generator,
) -> Houses:
    """Choose each house's shape and draw its footprint."""
    names, number = np.unique(use, return_inverse=True)
    chance = np.cumsum(np.array([USES[str(name)].shapes for name in names]), axis=1)[number]
    shape = (rng.random(len(x))[:, None] > chance).sum(axis=1)
    return Houses(face, use.astype("U12"), x, y, angle, long, deep, shape, footprints(x, y, angle, long, deep, shape))


def footprints(
    x: Numbers, y: Numbers, angle: Numbers, long: Numbers, deep: Numbers, shape: NDArray[np.int64]
) -> NDArray[np.object_]:
    """Draw houses: 0 plain, 1 stepped, 2 L-shaped (a wing at the back), 3 cross-shaped."""
    out = np.empty(len(x), dtype=object)
    for number in range(4):
        which = np.flatnonzero(shape == number)
        if len(which) == 0:
            continue
        wing = deep[which] / long[which]
        u, v = _outline(number, wing)
        u, v = u * long[which, None], v * deep[which, None]
        cos, sin = np.cos(angle[which])[:, None], np.sin(angle[which])[:, None]
        xy = np.stack((x[which, None] + u * cos - v * sin, y[which, None] + u * sin + v * cos), axis=2)
        out[which] = shapely.polygons(xy)
    return out


def _outline(number: int, wing: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of a shape in shares of length and depth, one row per house, not closed."""
    one = np.ones(len(wing))
    if number == 0:
        corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
    elif number == 1:
        corners = [(-0.5, -0.5), (0, -0.5), (0, -0.25), (0.5, -0.25), (0.5, 0.5), (0, 0.5), (0, 0.25), (-0.5, 0.25)]
    elif number == 2:  # noqa: PLR2004 - the L
        inner = np.maximum(0.5 - wing, 0.1)
        u = np.stack((-0.5 * one, 0.5 * one, 0.5 * one, inner, inner, -0.5 * one), axis=1)
        v = np.stack((-0.5 * one, -0.5 * one, 1.2 * one, 1.2 * one, 0.5 * one, 0.5 * one), axis=1)
        return u, v
    else:
        corners = [(-0.5, -0.2), (-0.2, -0.2), (-0.2, -0.5), (0.2, -0.5), (0.2, -0.2), (0.5, -0.2)]
        corners += [(0.5, 0.25), (0.2, 0.25), (0.2, 0.5), (-0.2, 0.5), (-0.2, 0.25), (-0.5, 0.25)]
    table = np.array(corners, dtype=float)
    return one[:, None] * table[:, 0], one[:, None] * table[:, 1]
