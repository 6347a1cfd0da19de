"""The stored office judged anew: the same as ``check`` on the same records, and the same a second time."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from data.demo.load import load
from data.demo.town import street
from gis.coverage import engine
from gis.coverage import findings as stored
from gis.coverage import moment
from gis.coverage import summary
from gis.coverage.check import check
from gis.coverage.moment import NetworkMissing
from gis.coverage.refresh import refresh
from gis.coverage.rules import FILES
from gis.datasets import Dataset
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.vocabulary import Actor
from tests.board import whole

JOB = Actor.job("test")
NETWORK = "comprehensive"
SAME = (
    "digest", "inputs", "notes", "by_rule", "by_severity", "blind_buildings", "blind_households",
    "covered_buildings_share", "covered_households_share",
)  # fmt: skip
"""Figures one of the two has alone, that say what was given, or that the rules about people move."""


@pytest.fixture(scope="module")
def office(shared_database):
    """The demo street in a database; the summary of its first refresh."""
    return load(Actor.job("demo"), "street", 1).summaries[NETWORK]


@pytest.fixture(scope="module")
def judged(shared_database):
    """The same street judged as files."""
    frames = street(1, 0).frames
    return check(
        frames[Dataset.GRIDS], frames[Dataset.AREAS], frames[Dataset.BUILDINGS], frames[Dataset.INCIDENTS],
        frames[Dataset.EXCLUDED],
    )  # fmt: skip


def ask(text):
    with psycopg.connect(conninfo(None)) as conn:
        return conn.execute(text).fetchall()


def kept():
    with session(JOB) as conn:
        return stored.listing(conn, NETWORK, limit=None)


def told(finding):
    """What a finding says, to be compared: numbers to a millimetre, names as they are."""
    numbers = {k: round(v, 3) if isinstance(v, float) else v for k, v in finding.measure.items()}
    remedies = [{k: round(float(v), 2) if k.endswith("_m") else v for k, v in r.items()} for r in finding.remedies]
    return json.dumps(
        [
            finding.rule, finding.severity, numbers, finding.subjects, finding.grids, sorted(finding.buildings), remedies,
            finding.area_code, finding.area_name, finding.reason,
        ],
        sort_keys=True, ensure_ascii=False, default=float,
    )  # fmt: skip


def test_the_office_finds_what_check_finds_in_the_same_files(office, judged):
    here, there = sorted(map(told, (f for f in kept() if f.rule in FILES))), sorted(map(told, judged.findings))
    assert len(here) > 100
    assert here == there
    figures = {k: v for k, v in judged.summary.items() if k not in SAME}
    rounded = {k: round(v, 6) if isinstance(v, float) else v for k, v in figures.items()}
    assert {k: round(office[k], 6) if isinstance(office[k], float) else office[k] for k in rounded} == rounded
    assert {rule: office["by_rule"][rule] for rule in judged.summary["by_rule"]} == judged.summary["by_rule"]
    assert office["blind_buildings"] > judged.summary["blind_buildings"], "people and visits count in the office only"


def test_stored_findings_are_whole(office):
    for finding in kept():
        whole(finding)
        assert finding.id


def test_the_list_is_the_one_with_most_households_first_and_can_be_narrowed(office):
    with session(JOB) as conn:
        everything = stored.listing(conn, NETWORK, limit=None)
        order = ["blind", "block", "warn", "hint"]
        weights = [
            (-f.measure["households"], -f.measure["buildings"], order.index(f.severity), -f.measure["area_m2"])
            for f in everything
        ]
        assert weights == sorted(weights)
        blind = stored.listing(conn, NETWORK, severities=["blind"], limit=None)
        assert {f.severity for f in blind} == {"blind"}
        assert len(blind) == office["by_severity"]["blind"]
        page = stored.listing(conn, NETWORK, limit=7, offset=3)
        assert [f.id for f in page] == [f.id for f in everything[3:10]]
        code = next(f.area_code for f in everything if f.area_code)
        within = stored.listing(conn, NETWORK, area=code, limit=None)
        assert [f.id for f in within] == [f.id for f in everything if f.area_code == code]
        street_code = ask("SELECT code FROM atlas.area WHERE level = 'street'")[0][0]
        below = stored.listing(conn, NETWORK, area=street_code, limit=None)
        assert [f.id for f in below] == [f.id for f in everything if f.area_code]
        counted = stored.counts(conn, NETWORK)
        assert {rule: sum(counts.values()) for rule, counts in counted.items()} == {
            rule: count for rule, count in office["by_rule"].items() if count
        }
        assert told(stored.get(conn, everything[0].id)) == told(everything[0])


def test_a_community_sums_up_its_grids_and_findings(office):
    with session(JOB) as conn:
        rows = summary.communities(conn, NETWORK)
        newest = summary.headline(conn, NETWORK)
    assert sum(row["grids"] for row in rows) == office["grids"]
    assert sum(row["buildings"] for row in rows) == office["assigned_buildings"]
    for weight in ("block", "blind", "warn", "hint"):
        assert sum(row[weight] for row in rows) == sum(
            1 for f in kept() if f.severity == weight and f.area_code is not None
        )
    assert newest["covered_households_share"] == office["covered_households_share"]


def test_a_second_refresh_finds_the_same_and_leaves_the_findings_alone(office):
    before = ask("SELECT id, xmin::text FROM atlas.finding ORDER BY id")
    placed = ask("SELECT building_id, grid_id, xmin::text FROM atlas.assignment ORDER BY network_id, building_id")
    runs = ask("SELECT count(*) FROM atlas.refresh")[0][0]
    again = refresh(JOB, NETWORK)
    assert {**again, "digest": None} == {**office, "digest": None}
    assert again["digest"] == office["digest"]
    assert ask("SELECT id, xmin::text FROM atlas.finding ORDER BY id") == before
    assert (
        ask("SELECT building_id, grid_id, xmin::text FROM atlas.assignment ORDER BY network_id, building_id") == placed
    )
    assert ask("SELECT count(*) FROM atlas.refresh")[0][0] == runs + 1
    assert ask("SELECT count(*) FROM pg_class WHERE relname LIKE 'cov\\_%'") == [(0,)]


def test_where_nothing_but_the_own_schema_may_be_made_the_same_is_found_network_after_network(office, shared_database):
    """An office's own server gives no right to make schemas: tables are temporary, and gone after each network."""
    name = sql.Identifier(shared_database)
    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("REVOKE CREATE ON DATABASE {} FROM atlas_owner").format(name))
    try:
        police = [refresh(JOB, "police")["digest"] for _turn in range(2)]
        assert refresh(JOB, NETWORK)["digest"] == office["digest"]
    finally:
        with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
            conn.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO atlas_owner").format(name))
    assert police == [refresh(JOB, "police")["digest"]] * 2


def test_a_moved_building_changes_its_grid_and_back(office):
    (building, grid), = ask(
        "SELECT s.building_id, s.grid_id FROM atlas.assignment s JOIN atlas.network n ON n.id = s.network_id "
        f"WHERE n.code = '{NETWORK}' ORDER BY building_id LIMIT 1"
    )  # fmt: skip
    with session(JOB) as conn:
        geom, outline = conn.execute("SELECT geom, footprint FROM atlas.building WHERE id = %s", (building,)).fetchone()
        conn.execute("UPDATE atlas.building SET geom = NULL, footprint = NULL WHERE id = %s", (building,))
    moved = refresh(JOB, NETWORK)
    assert moved["assigned_buildings"] == office["assigned_buildings"] - 1
    assert moved["blind_buildings"] == office["blind_buildings"] + 1
    assert (
        ask(
            f"SELECT grid_id FROM atlas.assignment a JOIN atlas.network n ON n.id = network_id WHERE code = '{NETWORK}' AND building_id = {building}"
        )
        == []
    )
    with session(JOB) as conn:
        conn.execute("UPDATE atlas.building SET geom = %s, footprint = %s WHERE id = %s", (geom, outline, building))
    back = refresh(JOB, NETWORK)
    assert back["digest"] == office["digest"]
    assert ask(
        f"SELECT grid_id FROM atlas.assignment a JOIN atlas.network n ON n.id = network_id WHERE code = '{NETWORK}' AND building_id = {building}"
    ) == [(grid,)]


def test_a_network_that_is_not_there_is_refused(shared_database):
    with pytest.raises(NetworkMissing):
        refresh(JOB, "nothing")


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def test_buildings_are_assigned_by_the_spatial_index(office):
    """Among many buildings the plan reads each grid's neighbourhood from the index, never the whole table."""
    with session(JOB) as conn:
        conn.execute(
            "INSERT INTO atlas.building (code, name, households, geom) "
            "SELECT 'Z' || i, '', 1, ST_SetSRID(ST_Point(100 + (i % 300) / 100.0, 20 + (i / 300) / 100.0), 4490) "
            "FROM generate_series(1, 60000) AS i"
        )
        conn.execute("ANALYZE atlas.building")
        network = conn.execute("SELECT id FROM atlas.network WHERE code = %s", (NETWORK,)).fetchone()[0]
        space = engine.Workspace(conn)
        space.run("scratch.sql", "office", network=sql.Literal(network))
        explain = sql.SQL("EXPLAIN (FORMAT JSON) ") + sql.SQL(engine.step_text("assignment"))
        plan = conn.execute(explain).fetchone()[0][0]["Plan"]
        conn.rollback()
    seen = [(node["Node Type"], node.get("Relation Name"), node.get("Index Name")) for node in nodes(plan)]
    assert any(
        kind in {"Index Scan", "Bitmap Index Scan"} and "geom" in (index or "") for kind, _table, index in seen
    ), seen
    assert not any("Seq Scan" in kind and table == "building" for kind, table, _index in seen), seen


@pytest.mark.usefixtures("office")
def test_an_office_says_up_to_which_day_its_records_are_complete():
    with session(JOB) as conn:
        code, today = conn.execute("SELECT code, today() FROM network ORDER BY id LIMIT 1").fetchone()
        conn.execute("DELETE FROM dirty")
    for wrong in (moment.DayAhead, moment.NetworkMissing):
        with pytest.raises(wrong):
            moment.set_complete_until(JOB, code if wrong is moment.DayAhead else "nix", today)
    for day in (today - timedelta(days=3), None):
        moment.set_complete_until(JOB, code, day)
        with session(JOB) as conn:
            assert moment.complete_until(conn, code) == day
            assert conn.execute("SELECT bool_and(everything) FROM dirty WHERE kind = 'network'").fetchone() == (True,)
    with session(JOB) as conn:
        deeds = conn.execute(
            "SELECT after ->> 'complete_until' FROM audit WHERE action = 'until' ORDER BY id"
        ).fetchall()
    assert deeds == [((today - timedelta(days=3)).isoformat(),), (None,)]
