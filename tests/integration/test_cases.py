"""The list of cases: by clock, a page after another without loss or repeat, each only what he may see."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import openpyxl
import pytest

from gis.casework import extract
from gis.casework import listing
from gis.casework.listing import Query
from gis.casework.sheets import FormatUnknown
from gis.coverage.extract import PurposeMissing
from gis.db.connection import session
from gis.vocabulary import Actor
from tests.conftest import fill_street

JOB = Actor.job("test")
SUPERVISOR, WORKER, DEPARTMENT, WALL = (Actor(name) for name in ("sun", "wang", "bu", "wall"))
PEOPLE = """
INSERT INTO account (name, display, units) VALUES ('sun', '孙督导', '{}'), ('wang', '王网格员', '{}'), ('bu', '城管', '{城管中队}'), ('wall', '', '{}');
INSERT INTO account_role (account_id, role) SELECT a.id, r.role FROM account a JOIN (VALUES ('sun', 'supervisor'), ('wang', 'worker'),
    ('bu', 'department'), ('wall', 'wall')) AS r (name, role) USING (name);
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name = 'wall';
INSERT INTO account_scope (account_id, reach, area_id) SELECT a.id, 'area', 3 FROM account a WHERE name IN ('sun', 'bu', 'wang');
DELETE FROM incident;
INSERT INTO incident (code, kind, category, title, address, channel, state, occurred_at, area_id, grid_id, geom)
SELECT 'C' || lpad(n::text, 4, '0'), (ARRAY['matter', 'hazard', 'dispute', 'enforcement'])[1 + n % 4], (ARRAY['暴露垃圾', '消防'])[1 + n % 2],
    CASE WHEN n % 7 = 0 THEN '楼下半夜施工噪音扰民,联系人张先生13812345678' ELSE '路面破损' END, '枫树路' || n || '号',
    (ARRAY['hotline', 'patrol'])[1 + n % 2], CASE WHEN n % 3 = 0 THEN '结案' ELSE '处置中' END,
    CASE WHEN n % 11 > 0 THEN timestamptz '2026-11-01 00:00+08' + n * interval '1 hour' END, 3 + n % 2, NULL,
    ST_SetSRID(ST_Point(121.40 + n / 1e5, 31.20), 4490)
FROM generate_series(1, 200) AS n;
UPDATE casefile SET due_at = now() + (incident_id % 7 - 3) * interval '1 day' + interval '12 hours',
    warn_at = now() + (incident_id % 7 - 4) * interval '1 day' + interval '12 hours'
WHERE state = 'handling' AND incident_id % 5 > 0;
UPDATE casefile SET suspended = true, due_at = NULL WHERE state = 'handling' AND incident_id % 10 = 0;
UPDATE casefile SET units = '{城管中队,市政所}', level = 2 WHERE incident_id % 4 IN (1, 2);
UPDATE casefile SET handler_id = (SELECT id FROM account WHERE name = 'wang') WHERE incident_id % 6 = 1;
"""


@pytest.fixture(scope="module")
def office(shared_database):
    """Two hundred cases in two communities, in every clock."""
    fill_street()
    with session(JOB) as conn:
        conn.execute(PEOPLE)
    return shared_database


def everything(conn, query, page):
    """All pages of a list, one after another."""
    found, after = [], None
    while rows := listing.cases(conn, query, after, page):
        assert len(rows) <= page
        found += rows
        after = rows[-1].place
    return found


@pytest.mark.parametrize("order", listing.ORDERS)
def test_pages_put_together_are_the_whole_list_once(office, order):
    with session(JOB) as conn:
        query = Query(order=order)
        rows = everything(conn, query, 7)
        assert [r.id for r in rows] == [r.id for r in listing.cases(conn, query, limit=500)]
        assert len({r.id for r in rows}) == len(rows) == 200 == listing.count(conn, query)
    moments = [r.occurred_at for r in rows if r.occurred_at]
    if order == "due":
        running = [r for r in rows if r.clock != "ended"]
        assert rows[: len(running)] == running
        dated = [r.due_at for r in running if r.due_at]
        assert [r.due_at for r in running[: len(dated)]] == dated == sorted(dated)
    else:
        assert moments == sorted(moments, reverse=order == "newest")
        assert all(r.occurred_at is None for r in rows[len(moments) :])


QUERIES = {
    "kind": (Query(kinds=("hazard", "dispute")), lambda r: r.kind in {"hazard", "dispute"}),
    "state": (Query(states=("handling",)), lambda r: r.state == "handling"),
    "level": (Query(level=2), lambda r: r.level == 2),
    "category": (Query(category="消防"), lambda r: r.category == "消防"),
    "unit": (Query(unit="市政所"), lambda r: "市政所" in r.units),
    "handler": (Query(handler="王网格员"), lambda r: r.handler == "王网格员"),
    "nobody": (Query(handler=""), lambda r: r.handler is None),
    "channel": (Query(channel="patrol"), lambda r: r.channel == "patrol"),
    "community": (Query(area="310000001002"), lambda r: r.area_code == "310000001002"),
    "text": (Query(text="施工噪音"), lambda r: "施工噪音" in r.title),
    "code": (Query(text="C0077"), lambda r: r.code == "C0077"),
    "address": (Query(text="枫树路19"), lambda r: "枫树路19" in r.address),
    "days": (
        Query(since=date(2026, 11, 3), until=date(2026, 11, 4)),
        lambda r: (
            r.occurred_at and date(2026, 11, 3) <= r.occurred_at.astimezone(listing.OFFICE).date() <= date(2026, 11, 4)
        ),
    ),
    **{clock: (Query(clock=clock), lambda r, clock=clock: r.clock == clock) for clock in listing.CLOCKS},
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_filter_keeps_those_that_fit_and_no_others(office, name):
    query, fits = QUERIES[name]
    with session(JOB) as conn:
        all_of_them = listing.cases(conn, Query(), limit=500)
        found = everything(conn, query, 11)
        assert listing.count(conn, query) == len(found)
    assert {r.id for r in found} == {r.id for r in all_of_them if fits(r)} != set()


def test_everybody_counts_what_he_sees_and_reads_what_he_may(office):
    seen = {}
    for actor in (JOB, SUPERVISOR, WORKER, DEPARTMENT, WALL):
        with session(actor) as conn:
            rows = everything(conn, Query(), 50)
            counts = listing.counts(conn, Query())
            assert counts.open == sum(r.clock != "ended" for r in rows)
            assert {c: n for c, n in counts.clocks.items() if c != "ended"} == {
                c: sum(r.clock == c for r in rows) for c in listing.CLOCKS if c != "ended"
            }
            assert not counts.more
            seen[actor.name] = rows
    assert [len(seen[name]) for name in ("job:test", "sun", "wang", "wall")] == [200, 100, 100, 0]
    assert {r.area_code for r in seen["sun"]} == {"310000001001"}
    assert seen["bu"]
    assert all("城管中队" in r.units and r.mine for r in seen["bu"])
    titles = {name: [r.title for r in rows if "联系人" in r.title] for name, rows in seen.items()}
    assert all("13812345678" in title for title in titles["sun"])
    assert titles["bu"]
    assert all("138****5678" in title for title in titles["bu"])
    with session(DEPARTMENT) as conn:
        assert listing.cases(conn, Query(text="13812345678")) == []
        assert listing.cases(conn, Query(text="施工噪音")) != []
    with session(WORKER) as conn:
        mine = everything(conn, Query(mine=True), 50)
        assert mine == [r for r in seen["wang"] if r.handler == "王网格员"]


def test_a_query_goes_through_json():
    query = Query(kinds=("hazard",), clock="late", since=date(2026, 11, 1), twins=True)
    assert Query.from_json(query.as_json()) == query
    assert Query.from_json({"clock": "gone", "order": "gone", "more": 1}) == Query()


def test_a_list_taken_along_says_who_took_it_and_shows_no_more_than_he_may_read(office, tmp_path):
    with session(DEPARTMENT) as conn:
        with pytest.raises(PurposeMissing):
            extract.export(conn, Query(), tmp_path / "cases.xlsx", " ")
        with pytest.raises(FormatUnknown):
            extract.export(conn, Query(), tmp_path / "cases.csv", "核对")
        number = extract.export(conn, Query(), tmp_path / "cases.xlsx", "核对")
        assert extract.export(conn, Query(clock="late"), tmp_path / "late.gpkg", "核对") < number
        rows = listing.cases(conn, Query(), limit=500)
    book = openpyxl.load_workbook(tmp_path / "cases.xlsx")
    about, sheet = (list(found.values) for found in book)
    assert dict(about)["事由"] == "核对"
    assert [row[0] for row in sheet[1:]] == [row.code for row in rows]
    assert number == len(rows)
    assert not any("13812345678" in str(cell) for row in sheet for cell in row)
    frame = gpd.read_file(tmp_path / "late.gpkg", layer="cases")
    assert set(frame["clock"]) == {"已超期"}
    assert frame.crs.to_epsg() == 4490
    with session(JOB) as conn:
        told = conn.execute(
            "SELECT actor, reason, after ->> 'rows' FROM audit WHERE action = 'export' ORDER BY seq"
        ).fetchall()
    assert told == [("bu", "核对", str(number)), ("bu", "核对", str(len(frame)))]
