"""What a wall shows of incidents: counts per grid, small ones hidden, and no way to get at them.

Two offices that differ only in what a wall must not know (how many a small count is, where in
its grid something happened, what is written about it) are the same office to it, byte for byte.
"""

from __future__ import annotations

import math

import pytest

from gis.coverage import findings
from gis.coverage import summary
from gis.db.connection import session
from gis.records import grids
from gis.records import overview
from gis.vocabulary import Actor
from gis.vocabulary import IncidentKind
from layers.catalog import catalog
from tests.visitor import Visitor
from tests.visitor import address
from tests.visitor import read

JOB = Actor.job("test")
WALL = Actor("wall")
WEST, SOUTH, SIDE = 121.40, 31.20, 0.012
ZOOMS = (6, 10, 13, 14, 16)
KINDS = list(IncidentKind)

OFFICE = f"""
INSERT INTO area (code, name, level, geom) VALUES ('S', 'S', 'street', ST_Multi(ST_MakeEnvelope({WEST}, {SOUTH}, {WEST + 3 * SIDE}, {SOUTH + SIDE}, 4490)));
INSERT INTO network (code, name, kind) VALUES ('zh', 'zh', 'comprehensive'), ('jw', 'jw', 'police');
INSERT INTO grid (network_id, code, name, area_id, geom)
SELECT 1, 'G' || i, 'G' || i, 1, ST_Multi(ST_MakeEnvelope({WEST} + {SIDE} * i, {SOUTH}, {WEST} + {SIDE} * (i + 1), {SOUTH} + {SIDE}, 4490)) FROM generate_series(0, 2) i;
INSERT INTO grid (network_id, code, name, area_id, geom) SELECT 2, 'J0', 'J0', 1, geom FROM grid WHERE code = 'G0';
INSERT INTO building (code, name, address, households, geom) VALUES ('b', '3号楼', '路1号501室', 4, ST_SetSRID(ST_Point({WEST} + 0.001, {SOUTH} + 0.001), 4490));
INSERT INTO assignment VALUES (1, 1, 1);
INSERT INTO finding (network_id, rule, severity, geom, area_id, key, measure) SELECT 1, 'unclaimed_land', 'blind', geom, 1, 'gap', '{{"area_m2": 1, "incidents": 3}}' FROM area;
INSERT INTO account (name) VALUES ('wall'), ('leader');
INSERT INTO account_role (account_id, role) SELECT id, name FROM account WHERE name IN ('wall', 'leader');
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name IN ('wall', 'leader');
"""
FIRST = {
    ("G0", "dispute"): 1,
    ("G0", "matter"): 7,
    ("G1", "dispute"): 4,
    ("G1", "hazard"): 12,
    ("G2", "dispute"): 6,
    ("G2", "enforcement"): 2,
}
SECOND = {**FIRST, ("G0", "dispute"): 4, ("G1", "dispute"): 2, ("G2", "enforcement"): 3}


def fill(numbers, shift):
    """Put so many incidents into each grid, each office with its own points and words."""
    with session(JOB) as conn:
        conn.execute("DELETE FROM incident")
        conn.execute("DELETE FROM finding WHERE rule = 'hotline_only'")
        conn.execute(
            "INSERT INTO finding (network_id, rule, severity, geom, area_id, key, measure) "
            "SELECT 1, 'hotline_only', 'warn', geom, 1, 'few', jsonb_build_object('hotline', %s::integer) FROM area",
            (numbers["G0", "dispute"],),
        )
        for (grid, kind), number in numbers.items():
            conn.execute(
                "INSERT INTO incident (code, kind, title, address, occurred_at, grid_id, geom)"
                " SELECT %(shift)s || g.code || %(kind)s || i, %(kind)s, '张三' || %(shift)s, '路1号501室', now() - i * interval '1 day', g.id,"
                " ST_Translate(ST_SetSRID(ST_Point(ST_XMin(g.geom), ST_YMin(g.geom)), 4490), 0.001 * i / %(number)s + %(shift)s * 0.002, 0.003 + %(shift)s * 0.002)"
                " FROM grid g, generate_series(1, %(number)s) i WHERE g.code = %(grid)s",
                {"grid": grid, "kind": kind, "number": number, "shift": shift},
            )


@pytest.fixture
def office(database):
    with session(JOB) as conn:
        conn.execute(OFFICE)
    fill(FIRST, 1)
    return database


def tiles(zoom):
    """Every tile of a zoom that touches the office."""
    n = 2**zoom
    across = [int((lon + 180) / 360 * n) for lon in (WEST, WEST + 3 * SIDE)]
    down = [int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n) for lat in (SOUTH + SIDE, SOUTH)]
    return [(zoom, x, y) for x in range(across[0], across[1] + 1) for y in range(down[0], down[1] + 1)]


def everything():
    """All that a wall can get: each tile of each layer under each choice of kinds, and what the pages read."""
    got = {}
    with Visitor("wall") as visitor:
        for key in catalog():
            for zoom in ZOOMS:
                for place in tiles(zoom):
                    for kinds in [None, *KINDS, "dispute,matter"] if key == "incident" else [None]:
                        answer = visitor.ask(address(key, place), params={"kind": kinds} if kinds else {})
                        assert answer.status_code in {200, 204}
                        got[key, place, kinds] = answer.content
    with session(WALL) as conn:
        got["overview"] = overview.counts(conn).incidents
        got["headline"] = summary.headline(conn, "zh")
        got["communities"] = summary.communities(conn, "zh")
        got["findings"] = [(f.rule, f.measure, f.subjects, f.wkb) for f in findings.listing(conn, "zh", limit=None)]
        got["grids"] = [grids.facts(conn, code, "zh") for code in ("G0", "G1", "G2")]
        got["counts"] = conn.execute("SELECT * FROM incident_counts() ORDER BY 1, 2").fetchall()
    return got


@pytest.mark.usefixtures("office")
def test_offices_that_differ_in_what_is_hidden_are_the_same_to_a_wall():
    one = everything()
    fill(SECOND, 2)
    other = everything()
    assert {key for key in one if one[key] != other[key]} == set()
    fill({**SECOND, ("G2", "dispute"): 9}, 2)
    third = everything()
    assert {key for key in one if one[key] != third[key]} != set(), "what may be known does show"


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("zoom", [6, 13, 14, 16])
def test_a_wall_sees_counts_in_the_middle_of_grids(zoom):
    with Visitor("wall") as visitor:
        answers = [(place, visitor.ask(address("incident", place))) for place in tiles(zoom)]
        frames = [read(answer.content, "incident", place) for place, answer in answers if answer.status_code == 200]
    rows = [row for frame in frames for _i, row in frame.iterrows()]
    assert all("id" not in row or row.get("id") is None or row["id"] != row["id"] for row in rows)
    assert all(set(frame.columns) <= {"mvt_id", "kind", "told", "size", "geometry"} for frame in frames)
    told = sorted((row["kind"], row["told"]) for row in rows)
    if zoom >= 13:
        assert told == sorted((kind, str(number) if number >= 5 else "< 5") for (_grid, kind), number in FIRST.items())
    else:
        assert ("dispute", "6+") in told


@pytest.mark.usefixtures("office")
def test_a_wall_sees_neither_incidents_nor_buildings():
    with session(WALL) as conn:
        for table in ("building", "incident", "assignment", "incident_cell", "refresh"):
            assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    with Visitor("wall") as visitor:
        for zoom in (14, 15, 16):
            assert {visitor.ask(address("building", place)).status_code for place in tiles(zoom)} == {204}


@pytest.mark.usefixtures("office")
def test_the_counts_of_a_wall_are_for_walls_only():
    with session(Actor("leader")) as conn:
        assert conn.execute("SELECT count(*) FROM incident_counts()").fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM incident").fetchone() == (sum(FIRST.values()),)


@pytest.mark.usefixtures("office")
def test_the_counts_follow_every_change():
    with session(JOB) as conn:
        conn.execute("UPDATE incident SET kind = 'hazard' WHERE kind = 'matter'")
        conn.execute("UPDATE incident SET grid_id = 2 WHERE grid_id = 3 AND kind = 'dispute'")
        conn.execute("DELETE FROM incident WHERE kind = 'enforcement'")
        conn.execute("UPDATE incident SET grid_id = NULL WHERE kind = 'hazard' AND grid_id = 1")
        kept = conn.execute(
            "SELECT network_id, grid_code, kind, incidents FROM grid_incident ORDER BY 1, 2, 3"
        ).fetchall()
        counted = conn.execute(
            "SELECT g.network_id, g.code, i.kind, count(*)::integer FROM incident i JOIN grid g ON g.id = i.grid_id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ).fetchall()
        assert kept == counted
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        conn.execute("TRUNCATE incident CASCADE")
        assert conn.execute("SELECT count(*) FROM grid_incident").fetchone() == (0,)


@pytest.mark.usefixtures("office")
def test_a_network_is_the_same_to_a_wall_and_to_a_leader():
    """The headline a wall adds up from what it may see."""
    from gis.coverage import refresh

    refresh.refresh(JOB, "zh")
    with session(Actor("leader")) as conn:
        stored = summary.headline(conn, "zh")
    with session(WALL) as conn:
        own = summary.headline(conn, "zh")
    assert "incidents" not in own
    for key in (
        "buildings",
        "households",
        "blind_buildings",
        "blind_households",
        "assigned_buildings",
        "grids",
        "areas",
        "finished_at",
    ):
        assert own[key] == stored[key], key
    for key in ("area_m2", "unclaimed_area_m2"):
        assert own[key] == pytest.approx(stored[key], rel=1e-6)
