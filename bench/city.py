"""Files for the benchmarks: New York copied k times, or generated parcels where it is missing.

Each copy is moved by 60 km (more than the whole set is wide) in UTM 18N, so that k copies
hold k times everything and nothing touches. The files stay in UTM:
in degrees each copy is turned a little differently, and of two footprints that reach over a
border another inner point comes out in some copies, on the other side. Written once into a
folder and used by every contender.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

STEP_M = 60_000
UTM = 32618
KINDS = ("areas", "grids", "buildings")
REALDATA = Path(__file__).resolve().parent.parent.parent / "shared" / "realdata"


def make(folder: Path, copies: int = 10) -> dict[str, Path]:
    """Give the paths of ``areas``, ``grids`` and ``buildings``, written when missing."""
    source = REALDATA / "nyc"
    name = f"nyc{copies}" if source.is_dir() else f"parcels{copies}"
    paths = {
        "areas": folder / f"{name}_areas.gpkg",
        "grids": folder / f"{name}_grids.gpkg",
        "buildings": folder / f"{name}_buildings.parquet",
    }
    if not all(path.exists() for path in paths.values()):
        folder.mkdir(parents=True, exist_ok=True)
        frames = _copied(source, copies) if source.is_dir() else _parcels(copies)
        frames["areas"].to_file(paths["areas"])
        frames["grids"].to_file(paths["grids"])
        frames["buildings"].to_parquet(paths["buildings"])
    return paths


def _copied(source: Path, copies: int) -> dict[str, gpd.GeoDataFrame]:
    areas = gpd.read_file(source / "nyc_nta_acs0812.gpkg")[["ntacode", "geometry"]]
    grids = gpd.read_file(source / "nyc_tracts_acs0812.gpkg")[["ctlabel", "boroct2010", "geometry"]]
    buildings = gpd.read_parquet(source / "nyc_buildings.parquet")[["osm_id", "geometry"]]
    return {
        "areas": _repeat(areas, copies, "ntacode").rename(columns={"ntacode": "code"}),
        "grids": _repeat(grids.drop(columns="ctlabel"), copies, "boroct2010").rename(columns={"boroct2010": "code"}),
        "buildings": _repeat(buildings, copies, "osm_id").rename(columns={"osm_id": "code"}),
    }


def _repeat(frame: gpd.GeoDataFrame, copies: int, key: str) -> gpd.GeoDataFrame:
    metric = frame.to_crs(UTM)
    parts = []
    for copy in range(copies):
        part = metric.copy()
        part["geometry"] = metric.geometry.translate(xoff=copy * STEP_M)
        if pd.api.types.is_integer_dtype(frame[key]):
            part[key] = frame[key].astype("int64") * 16 + copy
        else:
            part[key] = frame[key].astype(str).str.replace(".0", "") + f"-{copy}"
        parts.append(part)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=UTM)


def _parcels(copies: int, per_side: int = 32) -> dict[str, gpd.GeoDataFrame]:
    """Make ``copies`` squares of 32 x 32 grids with crooked borders and 100 000 buildings each."""
    rng = np.random.default_rng(7)
    areas, grids, points = [], [], []
    for copy in range(copies):
        x0 = 113.0 + copy * 0.6
        xs, ys = np.meshgrid(np.arange(per_side + 1), np.arange(per_side + 1))
        knots = np.dstack([x0 + xs * 0.01, 23.0 + ys * 0.01])
        knots[1:-1, 1:-1] += rng.uniform(-0.003, 0.003, knots[1:-1, 1:-1].shape)
        cells = np.stack([knots[:-1, :-1], knots[:-1, 1:], knots[1:, 1:], knots[1:, :-1], knots[:-1, :-1]], axis=2)
        polygons = shapely.segmentize(shapely.polygons(cells.reshape(-1, 5, 2)), 0.0005)
        kept = polygons[rng.random(len(polygons)) > 0.003]
        grids.append(pd.DataFrame({"code": [f"{copy}-{i}" for i in range(len(kept))], "geometry": kept}))
        areas.append(pd.DataFrame({"code": [f"{copy}"], "geometry": [shapely.union_all(polygons)]}))
        centres = rng.uniform((x0, 23.0), (x0 + per_side * 0.01, 23.0 + per_side * 0.01), (100_000, 2))
        half = rng.uniform(0.00003, 0.0001, (100_000, 2))
        boxes = shapely.box(*(centres - half).T, *(centres + half).T)
        points.append(pd.DataFrame({"code": np.arange(100_000) + copy * 100_000, "geometry": boxes}))
    return {
        kind: gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=4326)
        for kind, parts in (("areas", areas), ("grids", grids), ("buildings", points))
    }
