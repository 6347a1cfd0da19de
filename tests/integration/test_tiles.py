"""Tiles hold the rows of their box, as GDAL reads them: compared with the tables by shapely and pyproj."""

from __future__ import annotations

import math
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from gis.db.connection import session
from gis.vocabulary import Actor
from layers.catalog import catalog
from tests.visitor import Visitor

WORLD = 40_075_016.685578488
CENTRE = (121.4119, 31.2119)
EDGE = (121.4001, 31.2001)
"""Lon/lat inside the corner of the street: tiles there are partly outside it."""
TO_WEB = pyproj.Transformer.from_crs(4490, 3857, always_xy=True)
CELL_ZOOMS = range(6, 14)

SHAPES = {
    "area": (("id", "code", "name", "level"), (6, 10, 11, 14, 15)),
    "grid": (("id", "code", "name", "kind"), (12, 14, 15)),
    "excluded": (("id", "code", "name", "reason"), (9, 13, 16)),
    "finding": (("id", "rule", "severity", "buildings", "households"), (14, 16)),
    "building": (("id", "code", "name", "address", "kind", "households"), (16, 18)),
    "incident": (("id", "code", "kind", "category", "title"), (16,)),
    "whistle": (("id", "code", "title", "state"), (14, 16)),
}
"""Layers whose features are rows: attributes to compare, and zooms at which they are."""
POINTS = {"building": ("households",), "incident": ("kind",)}
MERGED = {"water": ("kind", (8, 13, 15)), "green": ("kind", (8, 13, 15)), "road": ("class", (8, 12, 13, 14, 16))}
"""Layers whose features have no id: what they are told apart by, and zooms."""


@pytest.fixture(scope="module")
def visitor(street):
    with Visitor() as asking:
        yield asking


def place(zoom, lonlat=CENTRE):
    lon, lat = lonlat
    n = 2**zoom
    return zoom, int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)


def places(zoom):
    """All tiles that the street and what lies around it touch."""
    _, left, low = place(zoom, (121.389, 31.189))
    _, right, high = place(zoom, (121.451, 31.251))
    return [(zoom, x, y) for x in range(left, right + 1) for y in range(high, low + 1)]


def box(tile):
    zoom, column, row = tile
    side = WORLD / 2**zoom
    west, north = column * side - WORLD / 2, WORLD / 2 - row * side
    return shapely.box(west, north - side, west + side, north)


def unit(zoom):
    return WORLD / 2**zoom / 4096


@cache
def table(name, columns="*"):
    """A table of the street with its shapes in Web Mercator, by pyproj; rows without a place left out."""
    with session(Actor.job("test")) as conn:
        shape = "coalesce(footprint, geom)" if name == "building" else "geom"
        cursor = conn.execute(f"SELECT {columns}, ST_AsBinary({shape}) AS shape FROM {name} ORDER BY id")
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
    frame = gpd.GeoDataFrame(rows)
    frame = frame[frame["shape"].notna()]
    shapes = shapely.from_wkb(frame["shape"].map(bytes).to_numpy())
    web = shapely.transform(shapes, lambda xy: np.column_stack(TO_WEB.transform(xy[:, 0], xy[:, 1])))
    return frame.drop(columns="shape").set_geometry(web, crs=3857)


def truth(layer, zoom):
    """Rows a layer draws at a zoom, before the box."""
    rows = table(layer)
    if layer == "grid":
        rows = rows[rows["network_id"] == 1]
    if layer == "whistle":
        rows = rows[rows["state"] != "rated"]
    if layer == "area" and zoom < 11:
        rows = rows[rows["level"] != "community"]
    if layer in ("area", "excluded", "water", "green"):
        bounds = rows.geometry.bounds
        extent = np.maximum(bounds["maxx"] - bounds["minx"], bounds["maxy"] - bounds["miny"])
        rows = rows[extent > WORLD / 512 / 2**zoom]
    if layer == "road":
        ranks = ("motorway", "trunk", "primary", "secondary", "tertiary")
        drawn = {8: 2, 9: 2, 10: 3, 11: 4, 12: 5}.get(zoom)
        if drawn:
            rows = rows[rows["kind"].isin(ranks[:drawn])]
        elif zoom < 15:
            rows = rows[rows["kind"] != "path"]
        rows = rows.assign(**{"class": rows["kind"]})
    return rows


def split(rows, tile):
    """Rows that must be in a tile, and those that may be: within its rim."""
    inner = rows[rows.intersects(box(tile).buffer(-2 * unit(tile[0])))]
    outer = rows[rows.intersects(box(tile).buffer(2 * unit(tile[0])))]
    return inner, outer


def drawn(visitor, layer, zoom, **filters):
    """What all tiles of a zoom hold together."""
    there = [
        tile
        for tile in places(zoom)
        if visitor.ask(f"/tiles/{layer}/{zoom}/{tile[1]}/{tile[2]}.pbf", params=filters).status_code == 200
    ]
    return pd.concat([visitor.tile(layer, tile, **filters) for tile in there], ignore_index=True)


def test_every_layer_is_looked_at():
    assert set(catalog()) == {*SHAPES, *POINTS, *MERGED, "label"}


@pytest.mark.parametrize("where", [CENTRE, EDGE], ids=["centre", "edge"])
@pytest.mark.parametrize(("layer", "zoom"), [(layer, zoom) for layer, (_, zooms) in SHAPES.items() for zoom in zooms])
def test_a_tile_holds_the_rows_of_its_box(visitor, layer, zoom, where):
    tile = place(zoom, where)
    must, may = split(truth(layer, zoom), tile)
    response = visitor.ask(f"/tiles/{layer}/{zoom}/{tile[1]}/{tile[2]}.pbf")
    if response.status_code == 204:
        assert len(must) == 0
        return
    got = visitor.tile(layer, tile).set_index("id")
    assert set(must["id"]) <= set(got.index) <= set(may["id"])
    assert got.index.is_unique
    wanted = must.set_index("id")
    for name in SHAPES[layer][0][1:]:
        assert got.loc[wanted.index, name].tolist() == wanted[name].tolist(), name
    clipped = wanted.geometry.intersection(box(tile))
    for row, shape in clipped.items():
        here = got.geometry.loc[row].intersection(box(tile))
        assert shapely.hausdorff_distance(here, shape) < 2 * unit(zoom), (row, shape.wkt, here.wkt)


def test_the_fields_of_the_tooltip_are_in_the_tiles(visitor):
    for key, layer in catalog().items():
        seen = set()
        for zoom in range(layer.start, layer.detail + 1):
            for tile in (place(zoom), place(zoom, EDGE), place(zoom, (121.4185, 31.2180))):
                if visitor.ask(f"/tiles/{key}/{zoom}/{tile[1]}/{tile[2]}.pbf").status_code == 200:
                    seen |= set(visitor.tile(key, tile).columns)
        # The page makes the label of a rule from its key; what a wall is told has tests of its own.
        assert {name.removesuffix("_label") for name, _ in layer.fields} - {"told"} <= seen, key


@pytest.mark.parametrize("zoom", [14, 15])
@pytest.mark.parametrize("layer", POINTS)
def test_points_are_each_in_one_tile(visitor, layer, zoom):
    rows = table(layer).set_index("id")
    at = shapely.centroid(rows.geometry.to_numpy())
    rows = rows.set_geometry(at)
    got = drawn(visitor, layer, zoom)
    # A point on the common border of two tiles is drawn by both.
    twice = got[got["mvt_id"].duplicated(keep=False)]
    assert len(twice) < 6
    for _, same in twice.groupby("mvt_id"):
        assert same.geometry.iloc[0].distance(same.geometry.iloc[1]) < unit(zoom)
    got = got.drop_duplicates("mvt_id").set_index("mvt_id")
    assert sorted(got.index) == sorted(rows.index)
    for name in POINTS[layer]:
        assert got.loc[rows.index, name].tolist() == rows[name].tolist()
    assert got.geometry.loc[rows.index].distance(rows.geometry, align=True).max() < unit(zoom)


@pytest.mark.parametrize(("layer", "zoom"), [(layer, zoom) for layer, (_, zooms) in MERGED.items() for zoom in zooms])
def test_the_basemap_covers_what_the_tables_cover(visitor, layer, zoom):
    by = MERGED[layer][0]
    tile = place(zoom, (121.4130, 31.2116))
    rows = truth(layer, zoom)
    must, _ = split(rows, tile)
    wanted = {kind: part.geometry.union_all().intersection(box(tile)) for kind, part in must.groupby(by)}
    assert wanted
    got = visitor.tile(layer, tile)
    assert got[by].is_unique
    for kind, shape in wanted.items():
        here = got.loc[got[by] == kind].geometry.union_all().intersection(box(tile))
        assert shapely.hausdorff_distance(here, shape) < 2 * unit(zoom), kind
    rest = set(got[by]) - set(wanted)
    assert rest <= set(split(rows, tile)[1][by])


def cells(frame, zoom, by=()):
    """Count points per cell of 1/64 tile with numpy: the truth of the aggregated layers."""
    side = WORLD / 2 ** (zoom + 6)
    column = np.floor((shapely.get_x(frame.geometry) + WORLD / 2) / side).astype(int)
    row = np.floor((WORLD / 2 - shapely.get_y(frame.geometry)) / side).astype(int)
    counted = frame.assign(column=column, row=row, n=1)
    return counted.groupby([*by, "column", "row"])


def points_of(layer):
    with session(Actor.job("test")) as conn:
        columns = "households" if layer == "building" else "kind"
        rows = conn.execute(f"SELECT {columns}, ST_X(geom), ST_Y(geom) FROM {layer} WHERE geom IS NOT NULL").fetchall()
    values, lon, lat = zip(*rows, strict=True)
    x, y = TO_WEB.transform(lon, lat)
    return gpd.GeoDataFrame({columns: values}, geometry=shapely.points(x, y), crs=3857)


def drawn_cells(visitor, layer, zoom, **filters):
    frame = drawn(visitor, layer, zoom, **filters)
    side = WORLD / 2 ** (zoom + 6)
    return frame.assign(
        column=np.floor((shapely.get_x(frame.geometry) + WORLD / 2) / side).astype(int),
        row=np.floor((WORLD / 2 - shapely.get_y(frame.geometry)) / side).astype(int),
    )


@pytest.mark.parametrize("zoom", CELL_ZOOMS)
def test_buildings_far_out_are_counted_exactly(visitor, zoom):
    points = points_of("building")
    got = drawn_cells(visitor, "building", zoom)
    assert got["buildings"].sum() == len(points) == 600
    assert got["households"].sum() == points["households"].sum()
    wanted = cells(points, zoom)[["n", "households"]].sum()
    counted = got.set_index(["column", "row"])[["buildings", "households"]].sort_index()
    assert counted.index.tolist() == wanted.index.tolist()
    assert counted.to_numpy().tolist() == wanted.to_numpy().tolist()
    classes = np.searchsorted([1, 4, 16, 64, 256], got["buildings"], side="right") - 1
    assert got["size"].tolist() == classes.tolist()


@pytest.mark.parametrize("zoom", CELL_ZOOMS)
def test_incidents_far_out_are_counted_exactly_by_kind(visitor, zoom):
    points = points_of("incident")
    got = drawn_cells(visitor, "incident", zoom)
    assert got["incidents"].sum() == len(points) == 200
    wanted = cells(points, zoom, by=("kind",))["n"].sum()
    counted = got.set_index(["kind", "column", "row"])["incidents"].sort_index()
    assert counted.to_dict() == wanted.to_dict()
    hazards = drawn_cells(visitor, "incident", zoom, kind="hazard")
    assert set(hazards["kind"]) == {"hazard"}
    assert hazards["incidents"].sum() == (points["kind"] == "hazard").sum()


def cases():
    """Incidents with a place, their case files, and how each stands with its clock by the words of the contract."""
    with session(Actor.job("test")) as conn:
        now = conn.execute("SELECT now()").fetchone()[0]
        files = conn.execute("SELECT incident_id, state, level, due_at, warn_at FROM casefile").fetchall()
    files = pd.DataFrame(files, columns=["id", "stage", "level", "due_at", "warn_at"])
    rows = (
        table("incident").drop(columns=["level", "due_at"], errors="ignore").merge(files, on="id")
    )  # as the file says
    rows["clock"] = [
        "ended" if row.stage == "closed"
        else "none" if pd.isna(row.due_at)
        else "late" if row.due_at < now
        else "near" if row.warn_at <= now
        else "running"
        for row in rows.itertuples()
    ]  # fmt: skip
    rows["day"] = rows["occurred_at"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m-%d")
    return rows


CHOICES = {
    "open": ({"state": "reported"}, lambda rows: rows["stage"] == "reported"),
    "closed": ({"state": "closed,rejected"}, lambda rows: rows["stage"] == "closed"),
    "late": ({"clock": "late"}, lambda rows: rows["clock"] == "late"),
    "near hazards": (
        {"clock": "near,late", "kind": "hazard"},
        lambda rows: rows["clock"].isin(["near", "late"]) & (rows["kind"] == "hazard"),
    ),
    "grave": ({"level": "1,2"}, lambda rows: rows["level"].isin([1, 2])),
    "category": ({"category": "06010"}, lambda rows: rows["category"] == "06010"),
    "a month": (
        {"since": "2026-03-01", "until": "2026-03-31"},
        lambda rows: (rows["day"] >= "2026-03-01") & (rows["day"] <= "2026-03-31"),
    ),
    "since": ({"since": "2026-06-30"}, lambda rows: rows["day"] >= "2026-06-30"),
    "until, closed": (
        {"until": "2026-02-10", "state": "closed"},
        lambda rows: (rows["day"] <= "2026-02-10") & (rows["stage"] == "closed"),
    ),
}


@pytest.mark.parametrize("zoom", [7, 12, 13])
@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_among_cases_is_counted_exactly(visitor, choice, zoom):
    filters, holds = CHOICES[choice]
    rows = cases()
    wanted = rows[holds(rows)]
    assert 0 < len(wanted) < len(rows) or choice == "category"
    got = drawn_cells(visitor, "incident", zoom, **filters)
    assert got["incidents"].sum() == len(wanted)
    counted = got.set_index(["kind", "column", "row"])["incidents"].sort_index().to_dict()
    assert counted == cells(wanted, zoom, by=("kind",))["n"].sum().to_dict()


@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_among_cases_near_by(visitor, choice):
    filters, holds = CHOICES[choice]
    rows = cases()
    wanted = set(rows[holds(rows)]["code"])
    got = pd.concat(
        [visitor.tile("incident", (16, x, y), **filters) for x, y in tiles_around(16) if _there(visitor, x, y, filters)]
    )
    assert set(got["code"]) == wanted
    by_code = rows.set_index("code")["clock"]
    assert {row.code: row.clock for row in got.itertuples()} == {code: by_code[code] for code in wanted}


def _there(visitor, x, y, filters):
    return visitor.ask(f"/tiles/incident/16/{x}/{y}.pbf", params=filters).status_code == 200


def tiles_around(zoom):
    """Tiles of a zoom that hold the street."""
    _, west, north = place(zoom, (121.3999, 31.2245))
    _, east, south = place(zoom, (121.4245, 31.1999))
    return [(x, y) for x in range(west, east + 1) for y in range(north, south + 1)]


@pytest.mark.parametrize(
    "wrong", [{"since": "2026-02-30"}, {"until": "yesterday"}, {"level": "5"}, {"clock": "soon"}, {"state": "open"}]
)
def test_a_choice_that_cannot_be_is_refused(visitor, wrong):
    answer = visitor.ask("/tiles/incident/12/{}/{}.pbf".format(*place(12)[1:]), params=wrong)
    assert answer.status_code == 400
    assert answer.json()["remedy"]


def test_names_stand_once_and_inside_their_shape(visitor):
    for zoom, level in ((9, "district"), (11, "street"), (13, "community"), (15, "grid")):
        got = drawn(visitor, "label", zoom).set_index("code")
        if level == "grid":
            rows = table("grid")
            rows = rows[rows["network_id"] == 1].set_index("code")
        else:
            rows = table("area")
            rows = rows[rows["level"] == level].set_index("code")
        room = (rows.geometry.bounds["maxx"] - rows.geometry.bounds["minx"]) / unit(zoom) / 8
        wide = [sum(1 if "\u4e00" <= letter <= "\u9fff" else 0.5 for letter in name) for name in rows["name"]]
        named = rows[room > (12 if level == "grid" else 14) * np.array(wide)]
        assert sorted(got.index) == sorted(named.index), level
        for code, row in got.iterrows():
            assert row["level"] == level
            assert row["name"] == rows.loc[code, "name"]
            assert rows.geometry[code].buffer(unit(zoom)).covers(row.geometry)


@pytest.mark.parametrize("zoom", [6, 8, 11, 12, 13])
def test_findings_far_out_are_all_counted(visitor, zoom):
    rows = table("finding")
    if zoom < 12:
        rows = rows[rows["severity"].isin(["block", "blind"])]
    counted = {}
    for tile in places(zoom):
        if visitor.ask(f"/tiles/finding/{zoom}/{tile[1]}/{tile[2]}.pbf").status_code != 200:
            continue
        for row in visitor.tile("finding", tile).itertuples():
            if row.geometry.geom_type == "Point" or row.id not in counted:
                counted[row.id] = (row.rule, row.severity, row.findings, row.households)
    sums = pd.DataFrame(counted.values(), columns=["rule", "severity", "n", "households"])
    sums = sums.groupby(["rule", "severity"])[["n", "households"]].sum()
    wanted = rows.assign(n=1).groupby(["rule", "severity"])[["n", "households"]].sum()
    assert sums.to_dict() == wanted.to_dict()


def test_grids_carry_what_they_hold_and_the_worst_found(visitor):
    with session(Actor.job("test")) as conn:
        held = {
            code: (buildings, households)
            for code, buildings, households in conn.execute(
                "SELECT g.code, count(b.id), coalesce(sum(b.households), 0) FROM grid g "
                "LEFT JOIN assignment a ON a.grid_id = g.id LEFT JOIN building b ON b.id = a.building_id "
                "WHERE g.network_id = 1 GROUP BY 1"
            )
        }
    got = drawn(visitor, "grid", 12).drop_duplicates("code").set_index("code")
    assert {code: (row.buildings, row.households) for code, row in got.iterrows()} == held
    assert len(held) == 143
    assert got.loc["310000001001077", ["state", "severity"]].tolist() == ["blind", "blind"]
    assert got.loc["310000001001014", ["state", "severity"]].tolist() == ["warn", "block"]
    assert got.loc["310000001001100", ["state", "severity"]].tolist() == ["warn", "warn"]
    assert set(got["state"]) == {"covered", "blind", "warn"}


def test_far_out_communities_stand_for_grids_too_small_to_see(visitor):
    got = visitor.tile("grid", place(7)).set_index("code")
    assert set(got["level"]) == {"community"}
    near = drawn(visitor, "grid", 12).drop_duplicates("code")
    assert got[["buildings", "households"]].sum().tolist() == near[["buildings", "households"]].sum().tolist()
    assert got.loc["310000001004", "state"] == "blind"


def test_far_out_shapes_are_good_to_ten_metres(visitor):
    rows = table("grid").set_index("code").geometry
    rows = rows[rows.within(box(place(11)))].iloc[:60]
    far = visitor.tile("grid", place(11), code=",".join(rows.index)).set_index("code")
    assert set(far.index) == set(rows.index)
    assert set(far["level"]) == {"grid"}
    assert far.geometry.is_valid.all()
    for code, shape in far.geometry.items():
        assert shapely.hausdorff_distance(shape.boundary, rows[code].boundary) < 10 + 2 * unit(11), code


def test_coarse_shapes_follow_the_true_ones_and_lose_nothing_small():
    bent = shapely.Point(13_500_000, 3_600_000).buffer(900, quad_segs=250)
    yard = shapely.box(13_520_000, 3_600_000, 13_520_003, 3_600_002)
    both = shapely.transform(
        shapely.MultiPolygon([bent, yard]), lambda xy: np.column_stack(TO_WEB.transform(*xy.T, direction="INVERSE"))
    )
    worst = "ST_HausdorffDistance(ST_Boundary(geom_far), ST_Boundary(geom_web))"
    with session(Actor.job("test")) as conn:
        for relation in ("area", "grid"):
            assert conn.execute(f"SELECT max({worst}) <= 10 FROM {relation}").fetchone() == (True,)
        far, points, off = conn.execute(
            "INSERT INTO area (code, name, level, geom) VALUES ('999999', 'yard', 'district', ST_GeomFromText(%s, 4490)) "
            f"RETURNING ST_NumGeometries(geom_far), ST_NPoints(geom_far), {worst}",
            (both.wkt,),
        ).fetchone()
        assert far == 2, "a part three metres wide stays"
        assert points < 60, "a thousand points for a shape of some pixels"
        assert 1 < off <= 10
        moved = conn.execute(
            f"UPDATE area SET geom = ST_Multi(ST_GeomFromText(%s, 4490)) WHERE code = '999999' RETURNING {worst}",
            (both.centroid.buffer(0.1).wkt,),
        )
        assert moved.fetchone()[0] <= 10
        kept = conn.execute("SELECT row FROM history WHERE relation = 'area' ORDER BY id DESC LIMIT 1").fetchone()[0]
        assert kept["code"] == "999999"
        assert not {"geom_web", "geom_far"} & set(kept), "what is derived has no history"
        conn.rollback()


def test_another_network_shows_its_own_grids_and_findings(visitor):
    ours = visitor.tile("grid", place(13), network="jw")
    assert set(ours["code"]) == {"J0", "J1"}
    assert set(ours["state"]) == {"unknown"}
    assert set(visitor.tile("finding", place(13), network="jw")["rule"]) == {"unlocated_record"}
    assert set(visitor.tile("label", place(15), network="jw")["code"]) <= {"J0", "J1"}
    assert set(visitor.tile("building", place(16), network="jw")["state"]) == {"unknown"}
    assert visitor.ask("/tiles/grid/13/{}/{}.pbf".format(*place(13)[1:]), params={"network": "none"}).status_code == 204


def test_filters_choose_rows(visitor):
    tile = place(13)
    both = visitor.tile("finding", tile, severity="warn,block")
    assert set(both["severity"]) == {"warn", "block"}
    assert set(visitor.tile("finding", tile, rule="contested_land")["rule"]) == {"contested_land"}
    assert visitor.tile("finding", tile, code="1")["id"].tolist() == [1]
    assert set(visitor.tile("grid", tile, code="310000001001077,310000001001014")["code"]) == {
        "310000001001014",
        "310000001001077",
    }
    assert visitor.tile("grid", place(7), code="310000001001077")["level"].tolist() == ["grid"]
    assert len(visitor.tile("grid", tile, kind="general")) == len(visitor.tile("grid", tile))
    assert visitor.ask("/tiles/grid/13/{}/{}.pbf".format(*tile[1:]), params={"kind": "micro"}).status_code == 204
    assert set(visitor.tile("incident", place(15), kind="matter,dispute")["kind"]) == {"matter", "dispute"}


def test_buildings_close_by_say_who_covers_them(visitor):
    with session(Actor.job("test")) as conn:
        wanted = dict(
            conn.execute(
                "SELECT b.code, g.code FROM building b LEFT JOIN assignment a ON a.building_id = b.id AND a.network_id = 1 "
                "LEFT JOIN grid g ON g.id = a.grid_id"
            ).fetchall()
        )
    hole = place(16, (121.4130, 31.2130))
    got = visitor.tile("building", hole).set_index("code")
    assert {code: row["grid"] for code, row in got.iterrows() if row["state"] == "covered"} == {
        code: wanted[code] for code in got.index if wanted[code]
    }
    outside = got[got["state"] == "outside"]
    assert len(outside) > 0
    assert all(wanted[code] is None for code in outside.index)
