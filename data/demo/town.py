"""One demo street, whole: from the ground plan to clean frames and the list of planted flaws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.demo import names
from data.demo import people
from data.demo.ground import NOBODY
from data.demo.ground import bend
from data.demo.ground import faces as close_faces
from data.demo.ground import segments
from data.demo.houses import USES
from data.demo.houses import build
from data.demo.partition import divide
from data.demo.plan import DISTRICT
from data.demo.plan import HALF_WIDTH
from data.demo.plan import RIVER_HALF
from data.demo.plan import draw
from data.demo.plan import lonlat
from data.demo.plan import tile
from data.demo.year import Scene
from data.demo.year import incidents as draw_incidents
from gis.vocabulary import SRID
from gis.vocabulary import Dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.demo.flaws import Flaw
    from data.demo.ground import Faces
    from data.demo.partition import Cell
    from data.demo.plan import Plan

PER_DISTRICT = DISTRICT[0] * DISTRICT[1]
GRIDS = 120
"""Grids of a street."""
BUILDINGS = 6000
"""Buildings of the demo street; the others of a district or city have fewer."""
INCIDENTS = 12_600
"""Incidents of the demo street in its year."""
BANK = 115.0
"""Depth of the green bank from the middle of the river, metres."""
POLICE = 18
"""Cells of the police network."""
NETWORKS = {
    "comprehensive": ("综合网格", "comprehensive", 300, 500),
    "police": ("警格", "police", None, None),
}
"""Code, name, kind and limits of households of the networks."""


@dataclass
class Demo:
    """One street as clean frames (docs/architecture.md) and the flaws planted in it.

    Attributes
    ----------
    code, name : str
        Of the street.
    frames : dict
        A clean frame for each dataset; grids are those of the comprehensive network.
    police : geopandas.GeoDataFrame
        Grids of the police network.
    flaws : list of Flaw
        What was planted.
    """

    code: str
    name: str
    frames: dict[Dataset, gpd.GeoDataFrame]
    police: gpd.GeoDataFrame
    flaws: list[Flaw]


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
    roads: NDArray[np.object_]
    road_kinds: NDArray[np.str_]
    road_ids: NDArray[np.int64]
    road_names: NDArray[np.object_]
    river: NDArray[np.object_]
    community_names: list[str]
    community_codes: list[str]
    degrees: NDArray[np.object_]
    grid_codes: list[str]


def street(
    seed: int = 1, index: int = 0, *, buildings: int = BUILDINGS, incidents: int = INCIDENTS, planted: bool = True
) -> Demo:
    """Make one street of the demo city.

    Parameters
    ----------
    seed : int
        Seed of the city; the same seed gives the same bytes.
    index : int
        Number of the street, 0 to 239; 0 is the demo street.
    buildings, incidents : int
        How many to make; a street that has no room for so many buildings gets fewer.
    planted : bool
        Whether flaws are planted.

    Returns
    -------
    Demo
        Clean frames in EPSG:4490 and the list of flaws.
    """
    rng = np.random.default_rng([seed, 100 + index])
    work = _land(seed, index, rng)
    houses = build(work.faces, work.roads, work.road_kinds, _barred(work), rng)
    houses = _trim(houses, buildings, rng)
    frames = {
        Dataset.AREAS: _areas(work),
        Dataset.GRIDS: _grids(work),
        Dataset.BUILDINGS: _buildings(work, houses, rng),
        Dataset.ROADS: _roads(work),
        Dataset.WATER: _water(work),
        Dataset.GREEN: _green(work),
        Dataset.EXCLUDED: _excluded(work),
    }
    frames[Dataset.INCIDENTS] = _incidents(work, houses, frames[Dataset.BUILDINGS], incidents, rng)
    return Demo(work.code, work.name, frames, _police(work, rng), [])


def _land(seed: int, index: int, rng: np.random.Generator) -> Work:
    """Ground plan, partition, names and codes."""
    plan = draw(tile(seed, index), rng)
    cells = divide(plan, GRIDS, rng)
    faces = close_faces(plan, cells, seed, segments(plan, seed))
    code, name = names.street_code(index, PER_DISTRICT), names.street_name(index)
    roads, kinds, ids = _middle_lines(plan, seed)
    river = _river(plan, seed)
    if len(river):
        middle = shapely.point_on_surface(faces.polygons)
        bank = shapely.distance(middle[:, None], river[None, :]).min(axis=1)
        faces.use[bank < BANK - RIVER_HALF] = "bank"
    held = np.flatnonzero(faces.cell != NOBODY)
    claims = np.column_stack((held, faces.cell[held]))
    community_names, order = _name_communities(faces, cells)
    codes = [f"{code}{int(np.flatnonzero(order == i)[0]) + 1:03d}" for i in range(len(order))]
    degrees = lonlat(faces.polygons)
    work = Work(
        seed, index, code, name, plan, cells, faces, claims, roads, kinds, ids, np.array([]), river,
        community_names, codes, degrees, [],
    )  # fmt: skip
    work.road_names = _name_roads(work)
    work.grid_codes = _number_grids(work)
    return work


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


def _barred(work: Work) -> NDArray[np.object_]:
    """Land where no house may stand: the river and its bank."""
    return shapely.buffer(work.river, 25.0) if len(work.river) else np.array([], dtype=object)


def _trim(houses, wanted: int, rng: np.random.Generator):  # noqa: ANN001, ANN202 - Houses
    """Leave out small houses and shops by lot until only ``wanted`` houses are left."""
    surplus = len(houses) - wanted
    if surplus <= 0:
        return houses
    spare = np.flatnonzero(np.isin(houses.use, ("houses", "front")))
    gone = rng.choice(spare, size=surplus, replace=False)
    return houses.take(np.setdiff1d(np.arange(len(houses)), gone))


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
        [shapely.get_coordinates(faces.union(faces.community == i).centroid)[0] for i in range(len(keys))]
    )
    return result, _reading_order(centre, 700.0)


def _reading_order(centre: NDArray[np.float64], row: float) -> NDArray[np.int64]:
    """Order from west to east in rows of a given height, the rows from north to south."""
    band = ((centre[:, 1].max() - centre[:, 1]) / row).round()
    return np.lexsort((centre[:, 0], band))


def _number_grids(work: Work) -> list[str]:
    """Fifteen digits; within a community from west to east, then from north to south."""
    codes = [""] * len(work.cells)
    community = np.array([work.faces.community[work.faces.cell == i][0] for i in range(len(work.cells))])
    centre = np.array(
        [shapely.get_coordinates(work.faces.union(work.faces.cell == i).centroid)[0] for i in range(len(codes))]
    )
    for c in range(len(work.community_codes)):
        members = np.flatnonzero(community == c)
        for place, member in enumerate(members[_reading_order(centre[members], 250.0)]):
            codes[member] = f"{work.community_codes[c]}{place + 1:03d}"
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


def _frame(columns: dict[str, object], geometry: NDArray[np.object_]) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=SRID)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame


def _many(geometry: shapely.Geometry) -> shapely.MultiPolygon:
    return geometry if geometry.geom_type == "MultiPolygon" else shapely.MultiPolygon([geometry])


def _areas(work: Work) -> gpd.GeoDataFrame:
    """The street and its communities, and its district as far as this street is concerned."""
    street_ = _many(shapely.coverage_union_all(work.degrees))
    order = np.argsort(work.community_codes)
    parts = [_many(shapely.coverage_union_all(work.degrees[work.faces.community == i])) for i in order]
    county = work.code[:6]
    return _frame(
        {
            "code": [county, work.code, *(work.community_codes[i] for i in order)],
            "name": [
                names.DISTRICTS[work.plan.tile.district % len(names.DISTRICTS)],
                work.name,
                *(f"{work.community_names[i]}社区" for i in order),
            ],
            "level": ["district", "street", *["community"] * len(order)],
            "parent_code": [None, county, *[work.code] * len(order)],
        },
        np.array([street_, street_, *parts], dtype=object),
    )


def _grids(work: Work) -> gpd.GeoDataFrame:
    """Grids of the comprehensive network, in the order of their codes."""
    order = np.argsort(work.grid_codes)
    geometry = [_many(shapely.coverage_union_all(work.degrees[work.claims[work.claims[:, 1] == i, 0]])) for i in order]
    codes = [work.grid_codes[i] for i in order]
    quarter = dict(zip(work.community_codes, work.community_names, strict=True))
    uses = [{use for _part, use in work.cells[i].blocks} for i in order]
    return _frame(
        {
            "code": codes,
            "name": [f"{work.name} · {quarter[code[:12]]}社区 · 第{int(code[12:])}网格" for code in codes],
            "kind": ["dedicated" if use & {"office", "mall", "market", "works"} else "general" for use in uses],
            "area_code": [code[:12] for code in codes],
            "valid_from": [pd.Timestamp("2025-01-01").date()] * len(codes),
        },
        np.array(geometry, dtype=object),
    )


def _buildings(work: Work, houses, rng: np.random.Generator) -> gpd.GeoDataFrame:  # noqa: ANN001 - Houses
    cell = work.faces.cell[houses.face]
    target = rng.integers(335, 465, len(work.cells))
    households = people.share_households(houses, cell, target, rng)
    ground = shapely.points(houses.x, houses.y)
    road, number = people.addresses(
        ground, work.roads[work.road_kinds != "rail"], work.road_names[work.road_kinds != "rail"]
    )
    place = np.array([f"{name}{n}号" for name, n in zip(road, number, strict=True)], dtype=object)
    community = work.faces.community[houses.face]
    quarter = np.array(work.community_names, dtype=object)[community]
    order = np.argsort(community, kind="stable")
    rank = np.empty(len(houses), dtype=int)
    first = np.searchsorted(community[order], np.arange(len(work.community_codes)))
    rank[order] = np.arange(len(houses)) - first[community[order]]
    frame = _frame(
        {
            "code": [f"{work.community_codes[c]}{r + 1:05d}" for c, r in zip(community, rank, strict=True)],
            "name": people.house_names(
                houses, cell, place, quarter, work.name.removesuffix("街道"), work.seed + work.index
            ),
            "address": [f"{work.name}{q}社区{p}" for q, p in zip(quarter, place, strict=True)],
            "kind": [USES[str(use)].kind for use in houses.use],
            "households": households,
            "people": households + rng.poisson(households * 1.55),
            "floors": people.floors(houses, households, rng),
            "built_on": people.years(houses, cell, rng),
            "declared_grid": [work.grid_codes[c] if c >= 0 else None for c in cell],
        },
        lonlat(ground),
    )
    frame["footprint"] = gpd.GeoSeries(lonlat(houses.footprint), index=frame.index, crs=SRID)
    return frame


def _roads(work: Work) -> gpd.GeoDataFrame:
    """Roads for the basemap; those on a border have the code of the lattice, the same on both sides."""
    at = work.plan.tile
    border = {
        -2: f"H{at.row + 1:02d}{at.column:02d}", -3: f"H{at.row:02d}{at.column:02d}",
        -4: f"V{at.row:02d}{at.column:02d}", -5: f"V{at.row:02d}{at.column + 1:02d}",
    }  # fmt: skip
    numbers, first = np.unique(work.road_ids, return_index=True)
    order = np.argsort(first, kind="stable")
    degrees = lonlat(work.roads)
    geometry = [shapely.MultiLineString(list(degrees[work.road_ids == numbers[i]])) for i in order]
    return _frame(
        {
            "code": [border.get(int(numbers[i]), f"{work.code}R{int(numbers[i]) % 1000:03d}") for i in order],
            "name": [work.road_names[first[i]] for i in order],
            "kind": [str(work.road_kinds[first[i]]) for i in order],
        },
        np.array(geometry, dtype=object),
    )


def _water(work: Work) -> gpd.GeoDataFrame:
    at = work.plan.tile
    rows = (
        [
            (f"W{at.row + (1 if at.river_south else 0):02d}{at.column:02d}", "云江", "river", piece)
            for piece in lonlat(work.river)
        ]
        if len(work.river)
        else []
    )
    lake = work.faces.use == "lake"
    if lake.any():
        rows.append(
            (
                f"{work.code}W01",
                f"{work.name.removesuffix('街道')}湖",
                "lake",
                shapely.coverage_union_all(work.degrees[lake]),
            )
        )
    return _frame(
        {"code": [r[0] for r in rows], "name": [r[1] for r in rows], "kind": [r[2] for r in rows]},
        np.array([_many(r[3]) for r in rows], dtype=object),
    )


def _green(work: Work) -> gpd.GeoDataFrame:
    which = np.flatnonzero(np.isin(work.faces.use, ("garden", "park", "bank")))
    kind = {"garden": ("游园", "garden"), "park": ("公园", "park"), "bank": ("滨江绿带", "bank")}
    quarter = [work.community_names[c] for c in work.faces.community[which]]
    land = lonlat(shapely.buffer(work.faces.polygons[which], -9.0, quad_segs=2))
    kept = [i for i, shape in enumerate(land) if not shape.is_empty]
    return _frame(
        {
            "code": [f"{work.code}G{n + 1:03d}" for n in range(len(kept))],
            "name": [quarter[i] + kind[str(work.faces.use[which[i]])][0] for i in kept],
            "kind": [kind[str(work.faces.use[which[i]])][1] for i in kept],
        },
        np.array([_many(land[i]) for i in kept], dtype=object),
    )


def _excluded(work: Work) -> gpd.GeoDataFrame:
    rows = [
        (n + 1, name, reason, shapely.coverage_union_all(work.degrees[work.faces.use == use]))
        for n, (use, name, reason) in enumerate(
            (
                ("rail", "云岭铁路", "铁路用地,由铁路部门管理"),
                ("lake", f"{work.name.removesuffix('街道')}湖", "湖面,由水务部门管理"),
            )
        )
        if (work.faces.use == use).any()
    ]
    return _frame(
        {
            "code": [f"{work.code}X{r[0]:02d}" for r in rows],
            "name": [r[1] for r in rows],
            "reason": [r[2] for r in rows],
        },
        np.array([_many(r[3]) for r in rows], dtype=object),
    )


def _police(work: Work, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """A coarser network that takes no notice of communities: pieces grown from a few places."""
    polygons = work.faces.polygons
    a, b = shapely.STRtree(polygons).query(polygons, predicate="touches")
    shared = shapely.length(shapely.intersection(polygons[a], polygons[b])) > 1.0
    near: list[list[int]] = [[] for _ in polygons]
    for i, j in sorted(zip(a[shared].tolist(), b[shared].tolist(), strict=True)):
        near[i].append(j)
    owner = np.full(len(polygons), -1)
    front = [int(i) for i in rng.choice(len(polygons), size=POLICE, replace=False, p=_spread(polygons))]
    owner[front] = np.arange(POLICE)
    while front:
        following = []
        for i in front:
            for j in near[i]:
                if owner[j] < 0:
                    owner[j] = owner[i]
                    following.append(j)
        front = following
    geometry = [_many(shapely.coverage_union_all(work.degrees[owner == i])) for i in range(POLICE)]
    centre = np.array([shapely.get_coordinates(g.centroid)[0] * 100_000 for g in geometry])
    order = _reading_order(centre, 700.0)
    return _frame(
        {
            "code": [f"{work.code}000{n + 1:03d}" for n in range(POLICE)],
            "name": [f"{work.name} · 第{n + 1}警格" for n in range(POLICE)],
            "kind": ["general"] * POLICE,
            "area_code": [work.code] * POLICE,
            "valid_from": [pd.Timestamp("2024-06-01").date()] * POLICE,
        },
        np.array([geometry[i] for i in order], dtype=object),
    )


def _spread(polygons: NDArray[np.object_]) -> NDArray[np.float64]:
    area = shapely.area(polygons)
    return area / area.sum()


def _incidents(work: Work, houses, frame: gpd.GeoDataFrame, count: int, rng: np.random.Generator) -> gpd.GeoDataFrame:  # noqa: ANN001 - Houses
    weight = {"primary": 3.0, "secondary": 2.4, "tertiary": 1.8, "residential": 1.0, "path": 0.9}
    real = np.flatnonzero((work.road_kinds != "rail") & (work.road_ids >= 0))
    markets = shapely.get_coordinates(
        shapely.centroid(work.faces.polygons[np.isin(work.faces.use, ("market", "mall"))])
    )
    at = np.column_stack((houses.x, houses.y))
    busy = 1.0
    if len(markets):
        middle = shapely.get_coordinates(shapely.line_interpolate_point(work.roads[real], 0.5, normalized=True))
        far = np.hypot(*(middle[:, None, :] - markets[None, :, :]).transpose(2, 0, 1)).min(axis=1)
        busy = 0.6 + 2.2 * np.exp(-far / 350.0)
    lengths = shapely.length(work.roads[real]) * np.array([weight[str(k)] for k in work.road_kinds[real]]) * busy
    scene = Scene(at, 0.3 + np.sqrt(frame["households"].to_numpy()), work.roads[real], lengths, markets)
    table, places = draw_incidents(scene, count, work.code, rng)
    whole = shapely.union_all(work.faces.polygons).buffer(-3.0)
    shapely.prepare(whole)
    outside = ~shapely.contains_xy(whole, places)
    places[outside] = at[rng.integers(0, len(at), int(outside.sum()))]
    points = shapely.points(places)
    named = work.road_kinds != "rail"
    road, number = people.addresses(points, work.roads[named], work.road_names[named])
    table.insert(4, "address", [f"{work.name}{r}{n}号附近" for r, n in zip(road, number, strict=True)])
    return _frame(dict(table), lonlat(points))
