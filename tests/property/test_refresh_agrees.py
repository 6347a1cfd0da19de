"""Whatever changes, in whatever order: the local run keeps what a whole run at that moment would keep."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis.coverage.local import Desk
from gis.coverage.refresh import refresh
from gis.coverage.refresh import refresh_dirty
from gis.coverage.refresh import refresh_statistics
from gis.db.connection import OWNER
from gis.db.connection import conninfo
from gis.vocabulary import Actor

JOB = Actor.job("test")
NETWORKS = ("comprehensive", "police")

OFFICE = """
INSERT INTO area (code, name, level, geom) VALUES ('S', 'street', 'street', ST_Multi(ST_MakeEnvelope(120, 30, 120.04, 30.02, 4490)));
INSERT INTO area (code, name, level, parent_id, geom)
SELECT 'C' || i, 'community ' || i, 'community', a.id, ST_Multi(ST_MakeEnvelope(120 + 0.01 * i, 30, 120.01 + 0.01 * i, 30.01 + 0.01 * (i % 2), 4490))
FROM area a, generate_series(0, 3) AS i WHERE a.code = 'S';
INSERT INTO network (code, name, kind, households_min, households_max) VALUES ('comprehensive', 'z', 'comprehensive', 20, 90), ('police', 'p', 'police', NULL, NULL);
INSERT INTO grid (network_id, code, name, kind, area_code, geom)
SELECT n.id, 'G' || x || y, 'g', CASE WHEN x = 3 THEN 'dedicated' ELSE 'general' END, CASE WHEN x % 3 > 0 THEN 'C' || x / 2 END,
    ST_Multi(ST_MakeEnvelope(120 + 0.005 * x, 30 + 0.005 * y, 120.005 + 0.005 * x, 30.005 + 0.005 * y, 4490))
FROM network n, generate_series(0, 7) AS x, generate_series(0, 1) AS y WHERE n.code = 'comprehensive' AND (x, y) <> (4, 1);
INSERT INTO grid (network_id, code, name, geom)
SELECT n.id, 'P' || x, 'p', ST_Multi(ST_MakeEnvelope(120 + 0.02 * x, 30, 120.02 + 0.02 * x, 30.02, 4490)) FROM network n, generate_series(0, 1) AS x WHERE n.code = 'police';
INSERT INTO building (code, kind, households, people, declared_grid, geom, footprint)
SELECT 'b' || i, CASE WHEN i % 9 = 0 THEN 'office' ELSE 'residential' END, i % 20, 2 * (i % 20), CASE WHEN i % 5 = 0 THEN 'G' || (i % 8) || '0' END, p, CASE WHEN i % 3 > 0 THEN ST_Multi(ST_Expand(p, 0.0002)) END
FROM generate_series(1, 60) AS i, LATERAL (SELECT ST_SetSRID(ST_Point(120 + 0.041 * ((i * 37) % 101) / 101, 30 + 0.0105 * ((i * 53) % 97) / 97), 4490) AS p) AS q;
INSERT INTO incident (code, kind, category, channel, occurred_at, geom, grid_id)
SELECT 'i' || i, 'matter', 'c' || i % 3, (ARRAY['patrol', 'hotline'])[i % 2 + 1], now() - i * interval '1 day', p,
    (SELECT g.id FROM grid g WHERE g.network_id = 1 AND ST_Covers(g.geom, p) ORDER BY g.id LIMIT 1)
FROM generate_series(1, 40) AS i, LATERAL (SELECT ST_SetSRID(ST_Point(120 + 0.042 * ((i * 41) % 101) / 101, 30 + 0.0105 * ((i * 59) % 97) / 97), 4490) AS p) AS q;
INSERT INTO excluded (code, reason, geom) VALUES ('x0', 'water', ST_Multi(ST_MakeEnvelope(120.021, 30.006, 120.024, 30.009, 4490)));
INSERT INTO person (code, name) SELECT 'w' || i, 'w' FROM generate_series(0, 7) AS i;
INSERT INTO post (code, person_id, duty, network_id, grid_code, valid_from)
SELECT 'p' || x || y, p.id, CASE WHEN y = 0 THEN 'worker' ELSE 'chief' END, n.id, 'G' || x || y, DATE '2020-01-01'
FROM network n, generate_series(0, 7) AS x, generate_series(0, 1) AS y, person p WHERE n.code = 'comprehensive' AND p.code = 'w' || (x + y) % 7;
INSERT INTO visit (code, person_id, network_id, grid_code, visited_at, geom)
SELECT 'v' || i, p.id, n.id, 'G' || (i % 8) || '0', now() - i * interval '9 days', ST_SetSRID(ST_Point(120.0025 + 0.005 * (i % 8), 30.0025), 4490)
FROM generate_series(1, 24) AS i, network n, person p WHERE n.code = 'comprehensive' AND p.code = 'w' || i % 8;
INSERT INTO track (code, person_id, started_at, ended_at, geom, counted)
SELECT 't0', p.id, now() - interval '2 days', now() - interval '47 hours', ST_SetSRID(ST_MakeLine(ST_MakePointM(120.001, 30.001, 1), ST_MakePointM(120.012, 30.004, 2)), 4490),
    ST_SetSRID(ST_Multi(ST_MakeLine(ST_Point(120.001, 30.001), ST_Point(120.012, 30.004))), 4490) FROM person p WHERE p.code = 'w1';
INSERT INTO duty (code, name, category, lead) VALUES ('d0', 'd', 'c0', 'unit');
INSERT INTO road (code, kind, geom) VALUES ('r0', 'primary', ST_Multi(ST_SetSRID(ST_MakeLine(ST_Point(120.01, 30), ST_Point(120.01, 30.02)), 4490)));
"""

HERE = "ST_SetSRID(ST_Point(120 + 0.043 * %(x)s, 30 + 0.012 * %(y)s), 4490)"
NEW_VERSION = """
    WITH old AS (UPDATE grid SET valid_to = today() WHERE network_id = %(net)s AND code = %(grid)s AND valid_to IS NULL RETURNING *)
    INSERT INTO grid (network_id, code, version, name, kind, area_id, area_code, geom)
    SELECT network_id, code, version + 1, name, kind, area_id, area_code, ST_Multi({shape}) FROM old
    WHERE NOT ST_IsEmpty({shape}) AND ST_IsValid(ST_Multi({shape})) AND GeometryType(ST_Multi({shape})) = 'MULTIPOLYGON'
"""
ONE = "SELECT id FROM building ORDER BY id OFFSET %(n)s %% (SELECT greatest(count(*), 1) FROM building) LIMIT 1"
CHANGES = {
    "grid shifted": NEW_VERSION.format(shape="ST_Translate(geom, 0.004 * (%(x)s - 0.5), 0.002 * (%(y)s - 0.5))"),
    "grid cut": NEW_VERSION.format(shape="ST_Difference(geom, ST_Expand(" + HERE + ", 0.001))"),
    "grid grown": NEW_VERSION.format(shape="ST_Union(geom, ST_Expand(ST_PointN(ST_ExteriorRing(ST_GeometryN(geom, 1)), 1), 0.0005 + 0.001 * %(x)s))"),
    "grid edited in place": "UPDATE grid SET geom = ST_Multi(ST_Translate(geom, 0.001 * (%(x)s - 0.5), 0)), updated_at = now() WHERE network_id = %(net)s AND code = %(grid)s AND valid_to IS NULL",
    "grid moved home": "UPDATE grid SET area_code = CASE WHEN %(n)s %% 5 < 4 THEN 'C' || %(n)s %% 5 END WHERE network_id = %(net)s AND code = %(grid)s AND valid_to IS NULL",
    "grid kind": "UPDATE grid SET kind = CASE kind WHEN 'general' THEN 'dedicated' ELSE 'general' END WHERE network_id = %(net)s AND code = %(grid)s AND valid_to IS NULL",
    "grid retired": "UPDATE grid SET valid_to = today() WHERE network_id = %(net)s AND code = %(grid)s AND valid_to IS NULL",
    "grid added": "INSERT INTO grid (network_id, code, name, geom) SELECT %(net)s, CASE WHEN %(n)s %% 3 = 0 THEN 'N' ELSE 'G' || %(n)s %% 8 || '0' END || CASE WHEN EXISTS (SELECT FROM grid WHERE network_id = %(net)s AND code = CASE WHEN %(n)s %% 3 = 0 THEN 'N' ELSE 'G' || %(n)s %% 8 || '0' END) THEN (SELECT '-' || max(id) FROM grid) ELSE '' END, 'n', ST_Multi(ST_Expand(" + HERE + ", 0.0015))",
    "area redrawn": "UPDATE area SET geom = ST_Multi(CASE WHEN %(n)s %% 2 = 0 THEN ST_Union(geom, ST_Expand(" + HERE + ", 0.001)) ELSE ST_Buffer(ST_Envelope(geom), 0) END) WHERE code = 'C' || %(n)s %% 4",
    "street redrawn": "UPDATE area SET geom = ST_Multi(ST_MakeEnvelope(120, 30, 120.02 + 0.03 * %(x)s, 30.005 + 0.015 * %(y)s, 4490)) WHERE code = 'S'",
    "area renamed": "UPDATE area SET name = name || 'x' WHERE code = 'C' || %(n)s %% 4",
    "building moved": f"UPDATE building SET geom = {HERE}, footprint = CASE WHEN footprint IS NOT NULL THEN ST_Multi(ST_Expand({HERE}, 0.0002 + 0.001 * %(x)s)) END WHERE id = ({ONE})",
    "building sent away": f"UPDATE building SET geom = ST_SetSRID(ST_Point(120.06 + 0.01 * %(x)s, 30.05), 4490), footprint = NULL WHERE id = ({ONE})",
    "building brought back": f"UPDATE building SET geom = {HERE}, households = %(n)s WHERE id = (SELECT min(id) FROM building WHERE area_id IS NULL)",
    "building lost its place": f"UPDATE building SET geom = NULL, footprint = NULL WHERE id = ({ONE})",
    "building added": "INSERT INTO building (code, kind, households, geom, declared_grid) SELECT 'n' || coalesce(max(id), 0) + 1, 'office', %(n)s, " + HERE + ", 'G10' FROM building",
    "building removed": f"DELETE FROM building WHERE id = ({ONE})",
    "households": f"UPDATE building SET households = (households + %(n)s) %% 60 WHERE id = ({ONE})",
    "demolished": f"UPDATE building SET demolished_on = today(), kind = 'market' WHERE id = ({ONE})",
    "declared": f"UPDATE building SET declared_grid = (ARRAY['G10', 'P0', 'nowhere', NULL])[%(n)s %% 4 + 1] WHERE id = ({ONE})",
    "incident": f"INSERT INTO incident (code, category, channel, occurred_at, geom) SELECT 'n' || coalesce(max(id), 0) + 1, 'c1', 'hotline', now() - interval '1 day', {HERE} FROM incident",
    "incident moved": f"UPDATE incident SET geom = CASE WHEN %(n)s %% 4 > 0 THEN {HERE} END, state = 'x' WHERE id = (SELECT min(id) + %(n)s FROM incident)",
    "incident removed": "DELETE FROM incident WHERE id = (SELECT min(id) + %(n)s FROM incident)",
    "excluded": f"INSERT INTO excluded (code, reason, geom) SELECT 'x' || max(id), 'w', ST_Multi(ST_Expand({HERE}, 0.0005)) FROM excluded",
    "included again": "DELETE FROM excluded WHERE id = (SELECT max(id) FROM excluded HAVING count(*) > 1)",
    "post begins": "INSERT INTO post (code, person_id, duty, network_id, grid_code) SELECT 'n' || coalesce(max(p.id), 0) + 1, (SELECT min(id) + %(n)s %% 8 FROM person), 'worker', 1, %(grid)s FROM post p",
    "post ends": "UPDATE post SET valid_to = today() - 1 WHERE id = (SELECT min(id) + %(n)s FROM post) AND valid_from < today()",
    "post removed": "DELETE FROM post WHERE id = (SELECT min(id) + %(n)s FROM post)",
    "leave": "INSERT INTO leave (person_id, begins, ends) SELECT min(id) + %(n)s %% 8, today() - 20 - %(n)s, today() + 40 FROM person ON CONFLICT DO NOTHING",
    "back from leave": "UPDATE leave SET ends = today() - 1 WHERE id = (SELECT max(id) FROM leave) AND begins < today()",
    "visit": f"INSERT INTO visit (code, person_id, network_id, grid_code, visited_at, geom) SELECT 'n' || coalesce(max(v.id), 0) + 1, (SELECT min(id) + %(n)s %% 8 FROM person), 1, %(grid)s, now() - interval '1 hour', {HERE} FROM visit v",
    "house visit": f"INSERT INTO visit (code, person_id, building_id, visited_at) SELECT 'n' || coalesce(max(v.id), 0) + 1, (SELECT min(id) FROM person), ({ONE}), now() - interval '1 hour' FROM visit v",
    "visit doubted": "UPDATE visit SET doubts = CASE doubts WHEN '{}' THEN '{outside}'::text[] ELSE '{}' END WHERE id = (SELECT min(id) + %(n)s FROM visit)",
    "track": f"INSERT INTO track (code, started_at, ended_at, geom, counted) SELECT 'n' || coalesce(max(t.id), 0) + 1, now() - interval '3 hours', now() - interval '2 hours', ST_SetSRID(ST_MakeLine(ST_MakePointM(120, 30, 1), ST_MakePointM(120.01, 30.01, 2)), 4490), ST_Multi(ST_MakeLine({HERE}, ST_Translate({HERE}, 0.002, 0.001))) FROM track t",
    "duty": "UPDATE duty SET lead = CASE lead WHEN '' THEN 'unit' ELSE '' END",
    "road beside a border": "UPDATE road SET geom = ST_Multi(ST_SetSRID(ST_MakeLine(ST_Point(120.01 + 0.0008 * (%(x)s - 0.5), 30), ST_Point(120.01 + 0.0008 * (%(x)s - 0.5), 30.02)), 4490))",
    "strip along a border": NEW_VERSION.format(shape="ST_Difference(geom, ST_MakeEnvelope(120.0099, 29.9, 120.01, 30.1, 4490))").replace("%(grid)s", "'G1' || %(n)s %% 2"),
    "excepted": "UPDATE ledger SET state = 'excepted', exception_reason = 'x', exception_until = today() + 1 WHERE id = (SELECT min(id) + %(n)s FROM ledger WHERE finding_id IS NOT NULL) AND state <> 'closed'",
    "no longer excepted": "UPDATE ledger SET state = 'new', exception_reason = NULL, exception_until = NULL WHERE id = (SELECT min(id) FROM ledger WHERE state = 'excepted')",
    "road": f"UPDATE road SET geom = ST_Multi(ST_MakeLine({HERE}, ST_Translate({HERE}, 0.01, 0.003)))",
    "limits": "UPDATE network SET border_distance_m = 1 + %(n)s %% 5 WHERE id = 1",
}  # fmt: skip

PART = st.integers(0, 10_000).map(lambda n: n / 10_000)
"""Part of the way across: in steps, since the database refuses products too small to be told from zero."""

CHANGE = st.fixed_dictionaries({
    "what": st.sampled_from(sorted(CHANGES)), "n": st.integers(0, 40), "x": PART, "y": PART,
    "grid": st.sampled_from([f"G{x}{y}" for x in range(8) for y in range(2)] + ["N"]), "net": st.just(1) | st.sampled_from([1, 2]),
})  # fmt: skip

STATE = {
    "findings": """
        SELECT rule, key !~ '^[0-9]+$' AND rule <> '' AS named, severity, area_id, grid_codes, building_codes, subjects, accepted,
            ST_AsText(ST_Normalize(ST_SnapToGrid(geom, 1e-9)), 8) AS shape, buildings, households, measure, remedies
        FROM finding WHERE network_id = %(net)s
    """,
    "assignment": "SELECT building_id, grid_id FROM assignment WHERE network_id = %(net)s",
    "touched": "SELECT f.rule, f.grid_codes, f.building_codes, x.building_id FROM finding_building x JOIN finding f ON f.id = x.finding_id WHERE f.network_id = %(net)s",
    "figures": "SELECT summary FROM refresh WHERE network_id = %(net)s ORDER BY id DESC LIMIT 1",
    "day": "SELECT a.code, d.grid_code, d.buildings, d.households, d.blind_buildings, d.blind_households, d.open FROM coverage_day d LEFT JOIN area a ON a.id = d.area_id WHERE d.network_id = %(net)s AND d.grid_code IS NULL",
    "outside": "SELECT building_id, households, blind FROM outside WHERE network_id = %(net)s",
    "outside sum": "SELECT sum(buildings), sum(households), sum(blind_buildings), sum(blind_households) FROM outside_sum WHERE network_id = %(net)s",
    "open entries": "SELECT rule, key FROM ledger WHERE network_id = %(net)s AND finding_id IS NOT NULL",
}  # fmt: skip


def plain(value):
    """A value to be compared: numbers to a millionth, and without what only says how it was computed."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in sorted(value.items()) if k not in {"digest", "inputs"}}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float) and value == int(value):
        return int(value)
    return float(f"{value:.7g}") if isinstance(value, float) else value


def state(conn, network):
    return {
        what: sorted((plain(row) for row in conn.execute(text, {"net": network}).fetchall()), key=repr)
        for what, text in STATE.items()
    }


@pytest.fixture(scope="module")
def office(shared_database):
    with psycopg.connect(conninfo(OWNER), autocommit=True) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', false), set_config('atlas.everywhere', 'on', false)")
        conn.execute(OFFICE)
        for network in NETWORKS:
            refresh(JOB, network)
        desk = Desk()
        yield conn, desk
        desk.close()


def agree(conn, desk):
    """Run locally, then whole: both leave the same."""
    for network in NETWORKS:
        refresh_dirty(desk, JOB, network)
    left = conn.execute("SELECT DISTINCT n.code, d.kind FROM dirty d JOIN network n ON n.id = d.network_id").fetchall()
    assert {kind for _code, kind in left} <= {"statistics"}
    for code, _kind in left:
        refresh_statistics(JOB, code)
    here = {code: state(conn, number) for number, code in enumerate(NETWORKS, 1)}
    for network in NETWORKS:
        refresh(JOB, network)
    there = {code: state(conn, number) for number, code in enumerate(NETWORKS, 1)}
    for code in NETWORKS:
        for what in STATE:
            assert here[code][what] == there[code][what], (code, what)
    return here


# The office goes on from one example to the next, so that there is nothing to shrink to.
@settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(CHANGE, min_size=1, max_size=3), min_size=1, max_size=3))
def test_a_local_run_keeps_what_a_whole_run_would(office, rounds):
    conn, desk = office
    for changes in rounds:
        with conn.transaction():
            for change in changes:
                conn.execute(CHANGES[change["what"]], change)
        for network in NETWORKS:
            refresh_dirty(desk, JOB, network)
    agree(conn, desk)


ROAD = "UPDATE road SET geom = ST_Multi(ST_SetSRID(ST_MakeLine(ST_Point(%(x)s, 30), ST_Point(%(x)s, 30.02)), 4490))"
SEAMS = "SELECT count(*) FROM finding WHERE network_id = 1 AND rule = 'seam'"


def test_a_line_is_felt_as_far_as_a_strip_may_lie_along_it(office):
    """A road 25 m across the border makes the strip on this side a seam, and it stays one whatever else changes there."""
    conn, desk = office
    for grid in ("G10", "G11"):
        conn.execute(CHANGES["strip along a border"], {"net": 1, "n": int(grid[2])})
    conn.execute(ROAD, {"x": 120.035})
    agree(conn, desk)
    before = conn.execute(SEAMS).fetchone()[0]
    conn.execute(ROAD, {"x": 120.01026})
    agree(conn, desk)
    assert conn.execute(SEAMS).fetchone()[0] > before
    conn.execute(CHANGES["grid cut"], {"net": 1, "grid": "G00", "x": 0.02, "y": 0.2})
    agree(conn, desk)
    assert conn.execute(SEAMS).fetchone()[0] > before


def test_what_names_a_grid_elsewhere_counts_there(office):
    """A visit in the south of C0 that names a grid of C3 touches nobody in C0, for a local run too."""
    conn, desk = office
    conn.execute(
        "INSERT INTO visit (code, person_id, network_id, grid_code, visited_at, geom) SELECT 'far' || b.id, p.id, 1, 'G70',"
        " now() - interval '1 hour', b.geom FROM building b, (SELECT min(id) AS id FROM person) AS p WHERE b.geom && ST_MakeEnvelope(120, 30, 120.01, 30.01, 4490)"
    )
    refresh(JOB, "comprehensive")
    conn.execute("UPDATE grid SET kind = kind || 'x' WHERE network_id = 1 AND code LIKE 'G0%' AND valid_to IS NULL")
    found = agree(conn, desk)["comprehensive"]["findings"]
    assert any(row[0] == "untouched_area" and row[4][0].startswith("G0") for row in found)
