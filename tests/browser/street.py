"""The small street of the browser tests: two communities, 24 grids, one of each trouble, hostile names, two networks."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import shapely

from gis.coverage import refresh
from gis.datasets import FIELDS
from gis.datasets import Dataset
from gis.db.connection import session
from gis.records import networks
from gis.records import store
from gis.vocabulary import Actor

WEST, SOUTH = 116.40, 39.90
STEP = 0.004
COLUMNS, ROWS = 6, 4
MISSING = (1, 2)
"""Column and row where no grid is."""
HOSTILE = "<script>alert(1)</script>"
HOSTILE_AT = (4, 1)
HOSTILE_CODE = "110105001002011"
JOB = Actor.job("test")
TOKENS = {}
"""Session of the usual visitor by the address of a server: here, because the fixtures' module is loaded under two names."""


def cell(column, row, wider=0.0):
    """Box of a grid."""
    west, south = WEST + column * STEP, SOUTH + row * STEP
    return shapely.box(west, south, west + STEP + wider, south + STEP)


def code(column, row):
    """Code of a grid."""
    return f"110105001{1 + column // 3:03d}{row * COLUMNS + column + 1:03d}"


def frame(dataset, rows, geometry):
    """Clean frame of a dataset; the columns no row names are null."""
    names = [field.name for field in FIELDS[dataset]]
    columns = {name: [row.get(name) for row in rows] for name in names}
    found = gpd.GeoDataFrame(columns, geometry=list(geometry), crs="EPSG:4490")
    found.index = range(1, len(rows) + 1)
    return found


def areas():
    """One street with two communities."""
    whole = shapely.box(WEST, SOUTH, WEST + COLUMNS * STEP, SOUTH + ROWS * STEP)
    halves = [
        shapely.box(WEST, SOUTH, WEST + 3 * STEP, SOUTH + ROWS * STEP),
        shapely.box(WEST + 3 * STEP, SOUTH, WEST + 6 * STEP, SOUTH + ROWS * STEP),
    ]
    rows = [
        {"code": "110105001", "name": "样板街道", "level": "street"},
        {"code": "110105001001", "name": "翠湖社区", "level": "community", "parent_code": "110105001"},
        {"code": "110105001002", "name": "锦绣里社区", "level": "community", "parent_code": "110105001"},
    ]
    return frame(Dataset.AREAS, rows, [shapely.MultiPolygon([shape]) for shape in (whole, *halves)])


def grids():
    """Grids on a chessboard: one missing, one over its neighbour's border, one with a hostile name."""
    rows, shapes = [], []
    for row in range(ROWS):
        for column in range(COLUMNS):
            if (column, row) == MISSING:
                continue
            name = HOSTILE if (column, row) == HOSTILE_AT else f"第{row * COLUMNS + column + 1}网格"
            rows.append(
                {
                    "code": code(column, row),
                    "name": name,
                    "kind": "general",
                    "area_code": f"110105001{1 + column // 3:03d}",
                    "valid_from": dt.date(2026, 1, 1),
                }
            )
            shapes.append(shapely.MultiPolygon([cell(column, row, 0.0006 if (column, row) == (3, 3) else 0.0)]))
    return frame(Dataset.GRIDS, rows, shapes)


def beats():
    """Two police grids, west and east, that leave nothing open."""
    sides = [
        shapely.box(WEST + side * 3 * STEP, SOUTH, WEST + (side + 1) * 3 * STEP, SOUTH + ROWS * STEP) for side in (0, 1)
    ]
    rows = [
        {
            "code": f"11010500100{side + 1}901",
            "name": ("西警区", "东警区")[side],
            "kind": "unit",
            "area_code": f"11010500100{side + 1}",
            "valid_from": dt.date(2026, 1, 1),
        }
        for side in (0, 1)
    ]
    return frame(Dataset.GRIDS, rows, [shapely.MultiPolygon([side]) for side in sides])


def buildings():
    """Nine buildings in each cell, sixty where no grid is; two without a place."""
    rows, points = [], []
    for row in range(ROWS):
        for column in range(COLUMNS):
            side = 8 if (column, row) == MISSING else 3
            for k in range(side * side):
                x = WEST + column * STEP + STEP * (k % side + 0.5) / side
                y = SOUTH + row * STEP + STEP * (k // side + 0.5) / side
                rows.append(
                    {
                        "code": f"B{column}{row}{k:02d}",
                        "name": f"{k + 1}号楼",
                        "address": "翠湖路*1*号",
                        "kind": "residential",
                        "households": 44,
                        "people": 120,
                        "floors": 6,
                    }
                )
                points.append(shapely.Point(x, y))
    for k in range(2):
        rows.append({"code": f"LOST{k}", "name": "无坐标", "kind": "residential", "households": 10, "people": 20})
        points.append(None)
    return frame(Dataset.BUILDINGS, rows, points)


def incidents():
    """Two incidents in each cell of the lowest row."""
    rows, points = [], []
    for k in range(2 * COLUMNS):
        rows.append(
            {
                "code": f"E{k:03d}",
                "kind": ("matter", "hazard", "dispute", "enforcement")[k % 4],
                "category": "暴露垃圾",
                "title": "路口堆放垃圾",
                "channel": "patrol",
                "state": "已结案",
                "occurred_at": dt.datetime.now(dt.UTC) - dt.timedelta(days=k + 1),
            }
        )
        points.append(shapely.Point(WEST + (k + 0.5) * STEP / 2, SOUTH + STEP / 3))
    return frame(Dataset.INCIDENTS, rows, points)


def build():
    """Write it all and compute its coverage."""
    with session(JOB) as conn:
        network = networks.ensure(conn, "comprehensive")
        store.write(conn, Dataset.AREAS, areas(), source_id=None)
        store.write(conn, Dataset.GRIDS, grids(), source_id=None, network_id=network.id)
        store.write(conn, Dataset.BUILDINGS, buildings(), source_id=None)
        store.write(conn, Dataset.INCIDENTS, incidents(), source_id=None)
        police = networks.ensure(conn, "police")
        store.write(conn, Dataset.GRIDS, beats(), source_id=None, network_id=police.id)
    refresh.refresh(JOB, "comprehensive")
    refresh.refresh(JOB, "police")
