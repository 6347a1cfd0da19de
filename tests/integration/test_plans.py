"""Tiles use their indexes for a person under row-level security, at every zoom, however they are planned."""

from __future__ import annotations

import math
import re

import psycopg
import pytest
from psycopg import sql

from gis.db.connection import conninfo
from gis.db.reading import async_fetch
from gis.db.reading import close_async_pools
from gis.vocabulary import Actor
from layers.catalog import catalog

BUILDINGS = 60_000
LARGE = {"building", "building_cell", "incident", "incident_cell", "casefile", "assignment"}
"""Tables never read whole for a tile. A far-out tile of grids reads all grids of its network,
which are few beside these."""
WIDE = {"road", "water", "green", "finding"}
"""Tables read whole only where one tile holds the whole town."""
TOWN_ZOOM = 9
TYPES = {"z": "integer", "x": "integer", "y": "integer", "network": "text", "since": "date", "until": "date"}
DERIVED = {"building_cell": "building", "incident_cell": "incident"}
"""Tables kept by triggers on another one, whose version they share."""
BANDS = [(key, zoom) for key, layer in catalog().items() for zoom in range(layer.start, 19)]

GROW = """
INSERT INTO building (code, name, households, geom)
SELECT 'G' || i, '', i % 9, ST_SetSRID(ST_Point(120.9 + (i * 7919 % 30011) / 30011.0, 30.7 + (i * 104729 % 30013) / 30013.0), 4490)
FROM generate_series(1::bigint, {many}) AS i;
INSERT INTO incident (code, kind, state, occurred_at, geom)
SELECT 'G' || i, (ARRAY['matter', 'hazard'])[(i % 2 + 1)::integer],
    CASE WHEN i % 20 = 0 THEN '处置中' ELSE '已结案' END, timestamptz '2026-09-01' - make_interval(mins => (i * 17)::integer),
    ST_SetSRID(ST_Point(120.9 + (i * 6007 % 30011) / 30011.0, 30.7 + (i * 7001 % 30013) / 30013.0), 4490)
FROM generate_series(1::bigint, {many} / 2) AS i;
INSERT INTO road (code, kind, geom)
SELECT 'G' || i, CASE WHEN i % 60 = 0 THEN 'primary' ELSE 'residential' END,
    ST_Multi(ST_MakeLine(geom, ST_Translate(geom, 0.001, 0.0007))) FROM building JOIN generate_series(1, {many} / 4) AS i ON code = 'G' || i;
INSERT INTO water (code, geom) SELECT code, ST_Multi(ST_Buffer(geom, 0.0002, 2)) FROM road WHERE code LIKE 'G%0';
INSERT INTO green (code, geom) SELECT code, ST_Multi(ST_Buffer(geom, 0.0002, 2)) FROM road WHERE code LIKE 'G%5';
INSERT INTO finding (network_id, rule, severity, geom)
SELECT 1, 'boundary_building', (ARRAY['blind', 'warn'])[(id % 2 + 1)::integer], geom FROM building WHERE code LIKE 'G%1' OR code LIKE 'G%2';
INSERT INTO assignment (network_id, building_id, grid_id)
SELECT 1, id, 1 + id % 140 FROM building WHERE code LIKE 'G%';
"""


@pytest.fixture(scope="module")
def town(street):
    """The street within a town of many buildings, whose statistics the planner knows."""
    with psycopg.connect(conninfo("atlas_owner")) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', true)")
        conn.execute(GROW.replace("{many}", str(BUILDINGS)))
    with psycopg.connect(conninfo(None), autocommit=True) as conn:
        conn.execute("ANALYZE")
    return street


def place(zoom, lon=121.412, lat=31.212):
    n = 2**zoom
    return zoom, int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)


def prepared(key, zoom, **filters):
    """A layer's statement as the server prepares it, and the values of a tile in the middle of the street."""
    names = []

    def numbered(found):
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    statement = re.sub(r"%\((\w+)\)s", numbered, catalog()[key].statement(zoom))
    types = ", ".join(TYPES.get(name, "text[]") for name in names)
    values = dict(zip("zxy", place(zoom), strict=True)) | filters
    return f"PREPARE tile ({types}) AS {statement}", [values.get(name) for name in names]


def walk(node):
    """Give the nodes that can run: not what stands under a filter that is false from the start."""
    if node.get("One-Time Filter") == "false":
        return
    yield node
    for child in node.get("Plans", []):
        yield from walk(child)


def plan(conn, key, zoom, mode, **filters):
    statement, values = prepared(key, zoom, **filters)
    conn.execute(f"SET plan_cache_mode = {mode}")
    conn.execute("DEALLOCATE ALL")
    conn.execute(statement)
    literals = sql.SQL(", ").join(sql.Literal(value) for value in values)
    query = sql.SQL("EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE tile ({})").format(literals)
    return list(walk(conn.execute(query).fetchone()[0][0]["Plan"]))


@pytest.fixture(scope="module")
def person(town):
    """A connection as a person has it: atlas_app, with an actor."""
    with psycopg.connect(conninfo("atlas_app"), autocommit=True, prepare_threshold=None) as conn:
        conn.execute("SELECT atlas.enter('zhang')")
        yield conn


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(("key", "zoom"), BANDS)
def test_no_tile_reads_a_large_table_whole(person, key, zoom, mode):
    nodes = plan(person, key, zoom, mode)
    whole = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    assert not whole & (LARGE if zoom < TOWN_ZOOM else LARGE | WIDE)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(
    ("key", "zoom", "index"),
    [
        ("building", 6, "building_cell_pkey"), ("building", 13, "building_cell_pkey"),
        ("building", 14, "building_geom_web"), ("building", 16, "building_geom_web"),
        ("incident", 9, "incident_cell_pkey"), ("incident", 14, "incident_geom_web"), ("incident", 18, "incident_geom_web"),
        ("road", 12, "road_major"), ("road", 14, "road_geom_web"), ("road", 15, "road_geom_web"),
        ("finding", 14, "finding_geom_web"), ("water", 13, "water_geom_web"), ("green", 13, "green_geom_web"),
    ],
)  # fmt: skip
def test_tiles_use_the_index_made_for_them(person, key, zoom, index, mode):
    used = {node["Index Name"]: node for node in plan(person, key, zoom, mode) if "Index Name" in node}
    assert index in used
    assert used[index].get("Index Cond")


OPEN = {"states": ["reported", "handling"]}
MONTH = {"since": "2026-08-01", "until": "2026-08-31"}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(
    ("zoom", "chosen", "index"),
    [
        (8, OPEN, "casefile_open_quad"), (12, OPEN, "casefile_open_quad"), (12, {"clocks": ["late"]}, "casefile_open_quad"),
        (8, MONTH, "casefile_occurred"), (13, MONTH, "casefile_occurred"), (12, {"states": ["closed"]}, "casefile_quad"),
        (14, OPEN, "incident_geom_web"), (17, MONTH, "incident_geom_web"),
    ],
)  # fmt: skip
def test_a_choice_among_cases_reads_no_more_than_its_place_or_its_time(person, zoom, chosen, index, mode):
    nodes = plan(person, "incident", zoom, mode, **chosen)
    assert not {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"} & LARGE
    used = {node["Index Name"]: node for node in nodes if "Index Name" in node}
    assert used[index].get("Index Cond")


def test_the_policies_are_in_force_in_these_plans(person):
    assert person.execute("SELECT current_user").fetchone() == ("atlas_app",)
    nodes = plan(person, "building", 14, "force_custom_plan")
    assert any("actor_is_known" in str(node) or node.get("Parent Relationship") == "InitPlan" for node in nodes)


@pytest.mark.parametrize("key", catalog())
def test_the_tag_of_a_tile_knows_every_table_it_is_cut_from(person, key):
    layer = catalog()[key]
    read = set()
    for step in layer.steps:
        for node in plan(person, key, step.zoom, "force_generic_plan"):
            if "Relation Name" in node:
                read.add(DERIVED.get(node["Relation Name"], node["Relation Name"]))
    assert read <= set(layer.relations)


@pytest.mark.parametrize("key", catalog())
def test_nobody_sees_a_row_without_an_actor(town, key):
    layer = catalog()[key]
    with psycopg.connect(conninfo("atlas_app"), autocommit=True) as conn:
        for zoom in range(layer.start, layer.detail + 1):
            values = dict.fromkeys(("network", "rules", "severities", "kinds", "codes", "states", "levels", "clocks"))
            values |= dict.fromkeys(("categories", "since", "until"))
            values |= dict(zip("zxy", place(zoom), strict=True))
            seen = conn.execute(layer.statement(zoom), values).fetchone()
            assert seen is None or not seen[0], zoom
        conn.execute("BEGIN")  # the name ends with its transaction
        conn.execute("SELECT atlas.enter('zhang')")
        zoom = layer.detail
        seen = [
            conn.execute(
                layer.statement(zoom), values | dict(zip("zxy", place(zoom, lon, lat), strict=True))
            ).fetchone()
            for lon, lat in ((121.412, 31.212), (121.4185, 31.2180), (121.414, 31.213))
        ]
        assert any(row and row[0] for row in seen), "with an actor there is something to see"


def test_the_actor_of_one_question_does_not_stay_on_the_connection(town, monkeypatch):
    import asyncio

    monkeypatch.setenv("GRIDATLAS_POOL_SIZE", "2")

    async def ask():
        statement = "SELECT count(*), current_setting('atlas.actor', true) FROM building"
        named = [await async_fetch(Actor("zhang"), statement, {}) for _ in range(4)]
        nobody = [await async_fetch(Actor(""), statement, {}) for _ in range(4)]
        await close_async_pools()
        return named, nobody

    named, nobody = asyncio.run(ask())
    assert set(named) == {(BUILDINGS + 601, "zhang")}
    assert set(nobody) == {(0, "")}
