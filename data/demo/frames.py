"""Clean frames (docs/architecture.md) from the land of a street: areas, grids, basemap, incidents."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import LineString
from shapely import Polygon

from data.demo import names
from data.demo import people
from data.demo.lapses import MARGIN
from data.demo.plan import lonlat
from data.demo.reports import misreport
from data.demo.year import Scene
from data.demo.year import incidents as draw_incidents
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.demo.houses import Houses
    from data.demo.land import Work
    from data.demo.lapses import Lapses

TWO_BEATS = 8
"""Grids from which on a community has two police beats."""


def frame(columns: dict[str, object], geometry: NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Make a clean frame of columns and shapes in degrees, numbered from 1."""
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=SRID)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame


def many(geometry: shapely.Geometry) -> shapely.MultiPolygon:
    """Give a polygon as a multipolygon of one."""
    return shapely.MultiPolygon([Polygon(part) for part in shapely.get_parts(geometry)])


def areas(work: Work) -> gpd.GeoDataFrame:
    """Give the street and its communities, and its district as far as this street is concerned."""
    street_ = many(shapely.coverage_union_all(work.degrees))
    order = np.argsort(work.community_codes)
    parts = [many(shapely.coverage_union_all(work.degrees[work.faces.community == i])) for i in order]
    county = work.code[:6]
    return frame(
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


def grids(work: Work, plain: tuple[int, ...] = ()) -> gpd.GeoDataFrame:
    """Grids of the comprehensive network, in the order of their codes; those in ``plain`` are no dedicated ones."""
    order = np.argsort(work.grid_codes)
    geometry = [many(shapely.coverage_union_all(work.degrees[work.claims[work.claims[:, 1] == i, 0]])) for i in order]
    codes = [work.grid_codes[i] for i in order]
    quarter = dict(zip(work.community_codes, work.community_names, strict=True))
    uses = [{use for _part, use in work.cells[i].blocks} for i in order]
    return frame(
        {
            "code": codes,
            "name": [f"{work.name} · {quarter[code[:12]]}社区 · 第{int(code[12:])}网格" for code in codes],
            "kind": [
                "dedicated" if use & {"office", "mall", "market", "works"} and i not in plain else "general"
                for i, use in zip(order.tolist(), uses, strict=True)
            ],
            "area_code": [code[:12] for code in codes],
            "valid_from": [date(2025, 1, 1)] * len(codes),
        },
        np.array(geometry, dtype=object),
    )


def roads(work: Work) -> gpd.GeoDataFrame:
    """Roads for the basemap; those on a border have the code of the lattice, the same on both sides."""
    at = work.plan.tile
    border = {
        -2: f"H{at.row + 1:02d}{at.column:02d}", -3: f"H{at.row:02d}{at.column:02d}",
        -4: f"V{at.row:02d}{at.column:02d}", -5: f"V{at.row:02d}{at.column + 1:02d}",
    }  # fmt: skip
    numbers, first = np.unique(work.road_ids, return_index=True)
    dry = work.roads
    if len(work.river):
        lanes = np.isin(work.road_kinds, ("residential", "path"))
        dry = np.where(lanes, shapely.difference(work.roads, shapely.union_all(work.river)), work.roads)
    # A lane that ran wholly along the river's bed is gone.
    left = np.isin(numbers, work.road_ids[shapely.length(dry) > 0])
    numbers, first = numbers[left], first[left]
    order = np.argsort(first, kind="stable")
    degrees = lonlat(dry)
    geometry = [_lines(degrees[work.road_ids == numbers[i]]) for i in order]
    return frame(
        {
            "code": [border.get(int(numbers[i]), f"{work.code}R{int(numbers[i]) % 1000:03d}") for i in order],
            "name": [work.road_names[first[i]] for i in order],
            "kind": [str(work.road_kinds[first[i]]) for i in order],
        },
        np.array(geometry, dtype=object),
    )


def _lines(pieces: NDArray[np.object_]) -> shapely.MultiLineString:
    return shapely.MultiLineString([LineString(part) for part in shapely.get_parts(pieces) if part.length > 0])


def water(work: Work) -> gpd.GeoDataFrame:
    """Give the river and the lake."""
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
    return frame(
        {"code": [r[0] for r in rows], "name": [r[1] for r in rows], "kind": [r[2] for r in rows]},
        np.array([many(r[3]) for r in rows], dtype=object),
    )


def green(work: Work) -> gpd.GeoDataFrame:
    """Give parks, gardens and the green banks."""
    which = np.flatnonzero(np.isin(work.faces.use, ("garden", "park")))
    kind = {"garden": "游园", "park": "公园"}
    rows = [
        (
            f"{work.community_names[work.faces.community[i]]}{kind[str(work.faces.use[i])]}",
            str(work.faces.use[i]),
            shape,
        )
        for i, shape in zip(which, shapely.buffer(work.faces.polygons[which], -9.0, quad_segs=2), strict=True)
    ]
    bank = work.faces.use == "bank"
    for c, name in enumerate(work.community_names):
        if (bank & (work.faces.community == c)).any():
            shape = shapely.buffer(work.faces.union(bank & (work.faces.community == c)), -9.0, quad_segs=2)
            rows.append((f"{name}滨江绿带", "bank", shapely.difference(shape, shapely.union_all(work.river))))
    rows = [row for row in rows if not row[2].is_empty]
    return frame(
        {
            "code": [f"{work.code}G{n + 1:03d}" for n in range(len(rows))],
            "name": [row[0] for row in rows],
            "kind": [row[1] for row in rows],
        },
        np.array([many(shape) for shape in lonlat(np.array([row[2] for row in rows], dtype=object))], dtype=object),
    )


def excluded(work: Work) -> gpd.GeoDataFrame:
    """Give the land no grid has to claim, each with its reason."""
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
    return frame(
        {
            "code": [f"{work.code}X{r[0]:02d}" for r in rows],
            "name": [r[1] for r in rows],
            "reason": [r[2] for r in rows],
        },
        np.array([many(r[3]) for r in rows], dtype=object),
    )


def police(work: Work, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Draw a coarser network: one or two beats for each community, across the grids of the first.

    Each beat grows from a face to its neighbours, so it is in one piece.
    """
    polygons, community = work.faces.polygons, work.faces.community
    a, b = shapely.STRtree(polygons).query(polygons, predicate="touches")
    same = community[a] == community[b]
    a, b = a[same], b[same]
    shared = shapely.length(shapely.intersection(polygons[a], polygons[b])) > 1.0
    near: list[list[int]] = [[] for _ in polygons]
    for i, j in sorted(zip(a[shared].tolist(), b[shared].tolist(), strict=True)):
        near[i].append(j)
    owner = np.full(len(polygons), -1)
    rows: list[tuple[str, int]] = []
    for c in np.argsort(work.community_codes).tolist():
        members = np.flatnonzero(community == c)
        beats = 2 if np.count_nonzero(work.planter.community == c) >= TWO_BEATS else 1
        front = [int(i) for i in rng.choice(members, size=beats, replace=False, p=_shares(polygons[members]))]
        for n, i in enumerate(front):
            owner[i] = len(rows)
            rows.append((work.community_codes[c], n + 1))
        _grow(owner, front, near)
    return frame(
        {
            "code": [f"{code}{900 + n}" for code, n in rows],
            "name": [f"{work.name} · 第{n + 1}警格" for n in range(len(rows))],
            "kind": ["general"] * len(rows),
            "area_code": [code for code, _n in rows],
            "valid_from": [date(2025, 1, 1)] * len(rows),
        },
        np.array([many(shapely.coverage_union_all(work.degrees[owner == n])) for n in range(len(rows))], dtype=object),
    )


def _grow(owner: NDArray[np.int64], front: list[int], near: list[list[int]]) -> None:
    """Give each face to the one it is reached from first."""
    while front:
        following = []
        for i in front:
            for j in near[i]:
                if owner[j] < 0:
                    owner[j] = owner[i]
                    following.append(j)
        front = following


def _shares(polygons: NDArray[np.object_]) -> NDArray[np.float64]:
    area = np.asarray(shapely.area(polygons), dtype=np.float64)
    return np.asarray(area / area.sum(), dtype=np.float64)


def incidents(
    work: Work, houses: Houses, stock: gpd.GeoDataFrame, count: int, lapses: Lapses, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Draw a year of incidents, near the roads, the market and the houses, and leave out what ``lapses`` hides."""
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
    scene = Scene(at, 0.3 + np.sqrt(stock["households"].to_numpy()), work.roads[real], lengths, markets)
    table, places = draw_incidents(scene, count, work.code, rng)
    whole = shapely.union_all(work.faces.polygons).buffer(-3.0)
    shapely.prepare(whole)
    outside = ~shapely.contains_xy(whole, places)
    places[outside] = at[rng.integers(0, len(at), int(outside.sum()))]
    free = at if lapses.block is None else at[~shapely.contains_xy(lapses.block.buffer(2 * MARGIN), at)]
    places = misreport(table, places, work, lapses, free, rng)
    points = np.asarray(shapely.points(places), dtype=np.object_)
    named = work.road_kinds != "rail"
    road, number = people.addresses(points, work.roads[named], work.road_names[named])
    table.insert(4, "address", [f"{work.name}{r}{n}号附近" for r, n in zip(road, number, strict=True)])
    return frame(dict(table), lonlat(points))
