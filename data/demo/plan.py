"""The ground plan of a demo street: its cell of the city's lattice, main roads, railway, lake, zones.

All cells of the lattice are rectangles in a *flat* plane (metres); one smooth warp, the same
for the whole city, bends that plane into the *ground* plane (Gauss-Krüger, 3° zone of 114° E,
metres). Neighbouring streets therefore share every vertex of their common border: interior
lines may end on a border only at its vertices, one every ``STEP`` metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.enums import TransformDirection
from shapely import LineString
from shapely import Polygon

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = 40
"""Metres (flat) between the vertices of a street's border."""
SNAP = 0.01
"""Precision grid on which the lines are noded, metres (flat)."""
COLUMNS, ROWS = 20, 12
"""Streets the lattice has from west to east and from north to south."""
ORIGIN = (527_300.0, 3_389_300.0)
"""Ground coordinates (EPSG:4547) of the lattice's north-west corner, before the warp."""
TURN = np.radians(6.0)
"""How far the lattice is turned against the grid of the map, radians."""
WAVES = ((120.0, 5200.0), (55.0, 3100.0), (14.0, 1150.0), (4.0, 480.0))
"""Amplitude and length of the waves that bend the city, metres."""
DISTRICT = (4, 3)
"""Streets a district has from west to east and from north to south."""
RIVER_HALF = 62.0
"""Half the width of the river, metres (ground)."""

HALF_WIDTH = {"primary": 18.0, "secondary": 13.0, "tertiary": 9.0, "residential": 6.0, "path": 3.0, "rail": 16.0}
"""Metres from the middle of a road to its kerb, by kind."""

THEMES = (
    ("river", "docks", "river", "river"),
    ("old", "market", "office", "estate"),
    ("estate", "old", "lake", "estate"),
    ("works", "works", "depot", "estate"),
)
"""What each superblock is like, from the south row to the north row, from west to east."""
MERGED = {(3, 1): (3, 0), (0, 3): (0, 2)}
"""Superblocks that belong to the community of another one."""


@dataclass(frozen=True)
class Tile:
    """One street's rectangle of the lattice, flat metres; ``y`` grows northwards."""

    index: int
    column: int
    row: int
    x0: float
    y0: float
    width: int
    height: int

    @property
    def district(self) -> int:
        """Number of the district the street belongs to."""
        return self.index // (DISTRICT[0] * DISTRICT[1])

    @property
    def river_south(self) -> bool:
        """Whether a river runs along the south border."""
        return self.row % 4 == 0

    @property
    def river_north(self) -> bool:
        """Whether a river runs along the north border."""
        return self.row % 4 == 1


@dataclass(frozen=True)
class Line:
    """A line of the ground plan, flat metres from the tile's south-west corner."""

    kind: str
    geometry: LineString
    name: int = -1
    """Which road it belongs to: pieces of one road share the number; -1: not a road."""


@dataclass
class Zone:
    """A part of a superblock that main lines do not cut; grids are made inside one zone."""

    polygon: Polygon
    community: tuple[int, int]
    theme: str
    grids: int = 0


@dataclass
class Plan:
    """What :func:`draw` lays down before anything is divided into grids."""

    tile: Tile
    lines: list[Line]
    zones: list[Zone]
    lake: Polygon | None
    rail: Polygon
    roads: int = field(default=0)


@cache
def lattice(seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Widths of the columns and heights of the rows of the city's lattice, metres."""
    rng = np.random.default_rng([seed, 1])
    widths = rng.integers(84, 96, COLUMNS) * STEP
    heights = rng.integers(72, 80, ROWS) * STEP
    return tuple(int(v) for v in widths), tuple(int(v) for v in heights)


def tile(seed: int, index: int) -> Tile:
    """Find the rectangle of street ``index``: districts of 4 x 3 streets, five districts in a row."""
    per = DISTRICT[0] * DISTRICT[1]
    district, local = divmod(index, per)
    across = COLUMNS // DISTRICT[0]
    column = district % across * DISTRICT[0] + local % DISTRICT[0]
    row = district // across * DISTRICT[1] + local // DISTRICT[0]
    widths, heights = lattice(seed)
    return Tile(index, column, row, sum(widths[:column]), -sum(heights[: row + 1]), widths[column], heights[row])


@cache
def _waves(seed: int) -> tuple[tuple[float, ...], ...]:
    rng = np.random.default_rng([seed, 2])
    rows = []
    for amplitude, length in WAVES:
        for axis in (0, 1):
            angle, phase = rng.uniform(0, 2 * np.pi, 2)
            rows.append(
                (axis, amplitude, 2 * np.pi / length * np.cos(angle), 2 * np.pi / length * np.sin(angle), phase)
            )
    return tuple(rows)


def warp(seed: int, flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bend flat city coordinates into the ground plane.

    Parameters
    ----------
    seed : int
        Seed of the city.
    flat : array of shape (n, 2)
        Metres from the lattice's north-west corner.

    Returns
    -------
    array of shape (n, 2)
        Easting and northing in EPSG:4547, metres.
    """
    out = flat.copy()
    for axis, amplitude, kx, ky, phase in _waves(seed):
        out[:, int(axis)] += amplitude * np.sin(kx * flat[:, 0] + ky * flat[:, 1] + phase)
    cos, sin = np.cos(TURN), np.sin(TURN)
    return np.column_stack(
        (ORIGIN[0] + out[:, 0] * cos - out[:, 1] * sin, ORIGIN[1] + out[:, 0] * sin + out[:, 1] * cos)
    )


@cache
def _transformer() -> Transformer:
    return Transformer.from_crs(4547, 4490, always_xy=True)


def lonlat(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Carry ground geometries (EPSG:4547) to CGCS2000 longitude/latitude, rounded to 1e-8 degrees.

    Equal vertices stay equal, so a partition stays a partition.
    """
    return shapely.transform(geometries, _degrees)


def metres(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Carry longitude/latitude (EPSG:4490) to ground metres (EPSG:4547)."""
    back = _transformer()
    return shapely.transform(
        geometries, lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1], direction=TransformDirection.INVERSE))
    )


def _degrees(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(np.column_stack(_transformer().transform(xy[:, 0], xy[:, 1])), 8)


def draw(at: Tile, rng: np.random.Generator) -> Plan:
    """Lay down border, main roads, railway, diagonal and lake, and the zones between them."""
    wide, high = at.width // STEP, at.height // STEP
    border = [
        Line("border", LineString([(i * STEP, y) for i in range(wide + 1)]), i_) for y, i_ in ((0, -1), (at.height, -1))
    ] + [Line("border", LineString([(x, j * STEP) for j in range(high + 1)]), -1) for x in (0, at.width)]
    lines = list(border)
    plan = Plan(at, lines, [], None, Polygon())
    for i in (1, 2, 3):
        foot = round(wide * i / 4) + int(rng.integers(-2, 3))
        head = foot + int(rng.integers(-1, 2))
        _road(plan, "primary" if i == 2 else "secondary", [(foot * STEP, 0), (head * STEP, at.height)])  # noqa: PLR2004 - the middle one
    levels = [round(high * share) + int(rng.integers(-1, 2)) for share in (0.26, 0.51, 0.76)]
    for kind, level in zip(("secondary", "primary"), levels, strict=False):
        _road(plan, kind, [(0, level * STEP), (at.width, (level + int(rng.integers(-1, 2))) * STEP)])
    left, right = levels[2] * STEP, (levels[2] + int(rng.integers(-2, 3))) * STEP
    lines.extend(Line("rail", LineString([(0, left + lift), (at.width, right + lift)])) for lift in (0, STEP))
    plan.rail = Polygon([(0, left), (at.width, right), (at.width, right + STEP), (0, left + STEP)])
    superblocks = _faces([line.geometry for line in lines])
    diagonal = LineString([(0, round(high * 0.63) * STEP), (round(wide * 0.69) * STEP, 0)])
    _road(plan, "secondary", [(float(x), float(y)) for x, y in shapely.get_coordinates(diagonal)])
    for shore, there in ((0, at.river_south), (at.height, at.river_north)):
        if there:
            inland = shore + (3 * STEP if shore == 0 else -3 * STEP)
            _road(plan, "tertiary", [(0, inland), (at.width, inland)])
    _zones(plan, superblocks, levels, diagonal, rng)
    return plan


def _road(plan: Plan, kind: str, coords: list[tuple[float, float]]) -> None:
    plan.lines.append(Line(kind, LineString(coords), plan.roads))
    plan.roads += 1


def _faces(lines: list[LineString]) -> list[Polygon]:
    noded = shapely.union_all(np.array(lines), grid_size=SNAP)
    return list(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))


def _zones(
    plan: Plan, superblocks: list[Polygon], levels: list[int], diagonal: LineString, rng: np.random.Generator
) -> None:
    """Sort the superblocks into rows and columns, take the lake out, cut them along the diagonal."""
    mirrored = plan.tile.index > 0 and bool(rng.integers(0, 2))
    with_lake = plan.tile.index == 0 or rng.random() < 0.6  # noqa: PLR2004 - six streets in ten have one
    rows: dict[int, list[Polygon]] = {0: [], 1: [], 2: [], 3: []}
    for block in superblocks:
        at = block.representative_point()
        if not plan.rail.contains(at):
            rows[sum(at.y > level * STEP for level in levels)].append(block)
    for row, blocks in rows.items():
        blocks.sort(key=lambda block: block.centroid.x, reverse=mirrored)
        for column, block in enumerate(blocks):
            theme, key = THEMES[row][column], MERGED.get((row, column), (row, column))
            land = block
            if theme == "lake" and with_lake:
                plan.lake = _blob(block, rng)
                plan.lines.append(Line("shore", LineString(plan.lake.exterior.coords)))
                land = Polygon(shapely.get_exterior_ring(block), [plan.lake.exterior])
            crossing = diagonal.intersection(land).length > STEP
            for part in split_along(land, diagonal) if crossing else [land]:
                plan.zones.append(Zone(part, key, theme))


def _blob(block: Polygon, rng: np.random.Generator) -> Polygon:
    west, south, east, north = block.bounds
    centre = ((west + east) / 2 + rng.uniform(-40, 40), (south + north) / 2 + rng.uniform(-40, 40))
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    first, second = rng.uniform(0, 2 * np.pi, 2)
    radius = (
        0.2
        * min(east - west, north - south)
        * (1 + 0.22 * np.sin(2 * angles + first) + 0.1 * np.sin(3 * angles + second))
    )
    xy = np.column_stack((centre[0] + 1.25 * radius * np.cos(angles), centre[1] + radius * np.sin(angles)))
    return Polygon(np.round(xy, 2))


def split_along(polygon: Polygon, line: LineString) -> list[Polygon]:
    """Cut a polygon by the straight line through a line's two ends; the pieces that are polygons."""
    (ax, ay), (bx, by) = line.coords[0], line.coords[-1]
    length = float(np.hypot(bx - ax, by - ay))
    ux, uy = (bx - ax) / length * 9000, (by - ay) / length * 9000
    half = Polygon([(ax - ux, ay - uy), (ax + ux, ay + uy), (ax + ux - uy, ay + uy + ux), (ax - ux - uy, ay - uy + ux)])
    pieces = (polygon.intersection(half), polygon.difference(half))
    return [
        part for piece in pieces for part in shapely.get_parts(piece) if part.geom_type == "Polygon" and part.area > 1
    ]
