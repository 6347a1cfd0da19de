"""Lists of many cases walk their indexes for a person under row-level security, whatever is asked."""

from __future__ import annotations

import json

import aiosql
import psycopg
import pytest

from gis.casework import duplicates
from gis.casework import listing
from gis.casework.listing import Query
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.vocabulary import Actor
from tests.conftest import ROOT

MANY = 20_000
PEOPLE = ("bench-district", "bench-street", "bench-worker", "bench-unit")
AREA, GRID = "310000000044", "310000000044004"
QUERIES = {
    "open": Query(states=listing.OPEN),
    "all": Query(),
    **{clock: Query(clock=clock) for clock in listing.CLOCKS},
    "kind_late": Query(kinds=("hazard",), level=1, clock="late"),
    "unit": Query(unit="单位7"),
    "mine": Query(mine=True),
    "handler": Query(handler="bench-worker"),
    "area": Query(area=AREA),
    "grid": Query(grid=GRID, order="newest"),
    "newest": Query(order="newest"),
    "closed_area": Query(area=AREA, states=("closed",), order="newest"),
    "closed_category": Query(category="高空坠物", states=("closed",), order="newest"),
    "words": Query(text="第49路50号"),
    "many_words": Query(text="噪音"),
    "code": Query(text="E00000777"),
    "twins": Query(twins=True, states=listing.OPEN),
}
LARGE = {"casefile", "incident", "case_event"}


@pytest.fixture(scope="module")
def district(shared_database):
    """The district of the benchmark, in small, whose statistics the planner knows."""
    steps = aiosql.from_path(ROOT / "bench" / "casework.sql", "psycopg", mandatory_parameters=False)
    with session(Actor.job("test")) as conn:
        for name in ("places", "cases", "clocks"):
            conn.execute(getattr(steps, name).sql.replace("{cases}", str(MANY)).encode())
    with psycopg.connect(conninfo(None), autocommit=True) as conn:
        conn.execute("ANALYZE")
    return shared_database


def whole(node):
    """Large tables a plan reads from end to end."""
    found = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
    return found.union(*(whole(child) for child in node.get("Plans", ()))) & LARGE


@pytest.mark.parametrize("name", PEOPLE)
def test_no_list_reads_all_cases(district, name):
    with session(Actor(name)) as conn:
        for title, query in QUERIES.items():
            rows = listing.cases(conn, query, limit=5)
            for after in (None, rows[-1].place if rows else None):
                for _number, _part, text, given in listing.statements(conn, query, after):
                    plan = conn.execute(b"EXPLAIN (FORMAT JSON) " + text, {**given, "limit": 50}).fetchone()[0]
                    assert whole(plan[0]["Plan"]) == set(), (title, after, json.dumps(plan)[:4000])


@pytest.mark.parametrize("name", PEOPLE)
def test_a_unit_is_found_by_whoever_may_see_its_cases(district, name):
    with session(Actor(name)) as conn:
        found = {row.id for row in listing.cases(conn, Query(unit="单位7"), limit=MANY)}
        seen = conn.execute("SELECT array_agg(incident_id) FROM casefile WHERE '单位7' = ANY (units)").fetchone()[0]
    assert found == set(seen or ())


def test_what_is_near_a_report_is_found_by_its_cell(district):
    text = duplicates.queries.near.sql.replace("{where}", duplicates.queries.around.sql)
    given = {"x": 121.39, "y": 31.19, "radius": 50.0, "days": 7, "at": "2026-11-01"}
    with session(Actor("bench-district")) as conn:
        plan = conn.execute(("EXPLAIN (FORMAT JSON) " + text).encode(), given).fetchone()[0]
    assert whole(plan[0]["Plan"]) == set()
