"""Bulk writing against the real PostGIS: what is new, changed, the same; grids, links, history."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis.db.connection import session
from gis.records import areas
from gis.records import basemap
from gis.records import buildings
from gis.records import bulk
from gis.records import grids
from gis.records import incidents
from gis.records import networks
from gis.records import overview
from gis.records import store
from gis.records.errors import CodeMissing
from gis.records.errors import CodeRepeated
from gis.records.errors import CodeRetired
from gis.records.errors import ColumnWrong
from gis.records.errors import NetworkNeeded
from gis.records.errors import ShapeInvalid
from gis.records.errors import ShapeWrong
from gis.records.errors import TextBroken
from gis.records.store import Counts
from gis.vocabulary import Actor

JOB = Actor.job("test")
PERSON = Actor("zhang")
X, Y = 118.7, 32.0

pytestmark = pytest.mark.usefixtures("database")


def square(column, row, size=0.01):
    """A square of the test's chessboard, degrees."""
    return shapely.box(X + column * size, Y + row * size, X + (column + 1) * size, Y + (row + 1) * size)


def frame(geometry, **columns):
    """A clean frame: rows numbered from 1."""
    index = np.arange(1, len(geometry) + 1)
    return gpd.GeoDataFrame({k: list(v) for k, v in columns.items()}, geometry=list(geometry), crs=4490, index=index)


def write(dataset, rows, actor=JOB, network=None):
    with session(actor) as conn:
        number = networks.ensure(conn, network).id if network else None
        return store.write(conn, dataset, rows, source_id=None, network_id=number)


def ask(statement, *given):
    with session(JOB) as conn:
        return conn.execute(statement, given).fetchall()


def versions_of_layers():
    return dict(ask("SELECT relation, version FROM layer_version"))


def three_buildings(**changes):
    columns = {"code": ["B1", "B2", "B3"], "name": ["一号楼", None, "三号楼"], "households": [10, None, 30]} | changes
    return frame([shapely.Point(X + k / 100, Y) for k in range(3)], **columns)


def test_rows_are_inserted_once_and_only_changes_are_written():
    assert write("buildings", three_buildings()) == Counts(3, 0, 0)
    before = versions_of_layers()
    stamps = ask("SELECT code, updated_at FROM building ORDER BY code")
    assert write("buildings", three_buildings()) == Counts(0, 0, 3)
    assert versions_of_layers() == before
    assert ask("SELECT count(*) FROM history") == [(0,)]
    assert write("buildings", three_buildings(households=[10, None, 31])) == Counts(0, 1, 2)
    assert versions_of_layers()["building"] > before["building"]
    assert ask("SELECT row->>'code', row->>'households', actor FROM history") == [("B3", "30", "job:test")]
    after = ask("SELECT code, updated_at FROM building ORDER BY code")
    assert after[:2] == stamps[:2]
    assert after[2] > stamps[2]
    assert ask("SELECT code, name, households FROM building ORDER BY code") == [
        ("B1", "一号楼", 10), ("B2", "", 0), ("B3", "三号楼", 31),
    ]  # fmt: skip


def test_a_person_may_write_as_a_job_may():
    assert write("buildings", three_buildings(), PERSON) == Counts(3, 0, 0)
    assert write("buildings", three_buildings(households=[1, 2, 3]), PERSON) == Counts(0, 3, 0)
    assert ask("SELECT DISTINCT actor FROM history") == [("zhang",)]


def test_a_column_the_file_does_not_have_keeps_its_values():
    write("buildings", three_buildings(address=["甲", "乙", "丙"]))
    rows = three_buildings(households=[10, 0, 99])
    assert write("buildings", rows) == Counts(0, 1, 2)
    assert ask("SELECT address, households FROM building ORDER BY code") == [("甲", 10), ("乙", 0), ("丙", 99)]
    # A column that is there and empty says so.
    assert write("buildings", three_buildings(households=[10, 0, 99], address=[None, "乙", "丙"])) == Counts(0, 1, 2)
    assert ask("SELECT address FROM building WHERE code = 'B1'") == [("",)]


def test_footprints_places_and_missing_places():
    rows = three_buildings()
    rows.loc[3, "geometry"] = None
    rows["footprint"] = gpd.GeoSeries([square(0, 0), None, None], index=rows.index, crs=4490)
    assert write("buildings", rows) == Counts(3, 0, 0)
    stored = ask("SELECT code, ST_AsText(geom), ST_GeometryType(footprint), ST_SRID(geom) FROM building ORDER BY code")
    assert stored == [
        ("B1", "POINT(118.7 32)", "ST_MultiPolygon", 4490), ("B2", "POINT(118.71000000000001 32)", None, 4490),
        ("B3", None, None, None),
    ]  # fmt: skip
    assert write("buildings", rows) == Counts(0, 0, 3)
    assert write("buildings", rows.drop(columns="footprint")) == Counts(0, 0, 3)
    with session(JOB) as conn:
        assert buildings.totals(conn) == buildings.Totals(3, 40, 0, 1)
        assert buildings.facts(conn, "B3").longitude is None


def test_coordinates_come_back_to_the_last_bit():
    rng = np.random.default_rng(4)
    x, y = rng.uniform(73, 135, 300), rng.uniform(3, 53, 300)
    write("incidents", frame(shapely.points(x, y), code=[f"I{k:03d}" for k in range(300)]))
    stored = ask("SELECT ST_X(geom), ST_Y(geom) FROM incident ORDER BY code")
    assert stored == list(zip(x.tolist(), y.tolist(), strict=True))


@pytest.mark.parametrize("text", ["a\n\\.\nb", '引"号', "逗,号", "\\N", "NULL", "行\r\n行", "=1+1", "<script>", "𠮷"])
def test_any_text_comes_back_as_it_was(text):
    rows = three_buildings(address=[text, "", None], name=[f"{text}\n\\.", text, "x"])
    write("buildings", rows)
    assert ask("SELECT address, name FROM building ORDER BY code") == [
        (text, f"{text}\n\\."), ("", text), ("", "x"),
    ]  # fmt: skip
    assert write("buildings", rows) == Counts(0, 0, 3)


@pytest.mark.parametrize(
    ("rows", "mistake"),
    [
        (three_buildings(code=["B1", None, ""]), CodeMissing),
        (three_buildings(code=["B1", "B1", "B2"]), CodeRepeated),
        (three_buildings(households=["many", 1, 2]), ColumnWrong),
        (three_buildings(address=["a\0b", "", ""]), TextBroken),
        (three_buildings().assign(address=pd.Series(["a\ud800", "", ""], index=[1, 2, 3], dtype=object)), TextBroken),
        (three_buildings(households=[-1, 1, 2]), ColumnWrong),
        (frame([square(0, 0)], code=["B1"]), ShapeWrong),
    ],
)
def test_what_cannot_be_stored_is_refused_whole(rows, mistake):
    with pytest.raises(mistake):
        write("buildings", rows)
    assert ask("SELECT count(*) FROM building") == [(0,)]


def test_polygons_must_be_valid_and_there():
    bow = shapely.Polygon([(X, Y), (X + 1, Y + 1), (X + 1, Y), (X, Y + 1)])
    with pytest.raises(ShapeInvalid):
        write("areas", frame([bow], code=["A"]))
    with pytest.raises(ShapeWrong):
        write("areas", frame([None], code=["A"]))
    with pytest.raises(NetworkNeeded):
        write("grids", frame([square(0, 0)], code=["G1"]))


def test_parents_by_code_by_place_and_in_any_order():
    street, other = square(0, 0, 0.1), square(1, 0, 0.1)
    communities = frame(
        [square(0, 0), square(5, 5), square(10, 0)],
        code=["C1", "C2", "C3"], name=["一", "二", "三"], level=["community"] * 3, parent_code=["S2", None, None],
    )  # fmt: skip
    assert write("areas", communities) == Counts(3, 0, 0)
    streets = frame([street, other], code=["S1", "S2"], name=["甲", "乙"], level=["street"] * 2)
    assert write("areas", streets) == Counts(2, 0, 0)
    # The children came first: they are given to the streets that hold them …
    parents = "SELECT c.code, p.code FROM area c LEFT JOIN area p ON p.id = c.parent_id ORDER BY c.code"
    assert ask(parents) == [("C1", "S1"), ("C2", "S1"), ("C3", "S2"), ("S1", None), ("S2", None)]
    # … and when their own file comes again, its declared parent counts.
    assert write("areas", communities) == Counts(0, 1, 2)
    assert ask(parents)[0] == ("C1", "S2")
    assert write("areas", communities) == Counts(0, 0, 3)
    both = pd.concat(
        [communities.assign(code=["C7", "C8", "C9"]), frame([square(0, 0, 1)], code=["D"], level=["district"])]
    )
    both.index = range(1, 5)
    assert write("areas", both) == Counts(4, 0, 0)
    assert ask(parents)[-2:] == [("S1", "D"), ("S2", "D")]
    with session(PERSON) as conn:
        assert [a.code for a in areas.listing(conn)][:3] == ["D", "S1", "S2"]
        assert areas.lowest_level(conn) == "community"
        assert areas.listing(conn, "street")[0].area_m2 == pytest.approx(104_500_000, rel=0.01)
        assert areas.extent(conn) == pytest.approx((X, Y, X + 1, Y + 1))


def two_grids(**changes):
    columns = {"code": ["G1", "G2"], "name": ["东门", "西门"], "valid_from": [dt.date(2025, 1, 1)] * 2} | changes
    geometry = columns.pop("geometry", [square(0, 0), square(1, 0)])
    return frame(geometry, **columns)


def test_a_changed_grid_gets_a_new_version_and_the_old_one_ends():
    today = ask("SELECT CURRENT_DATE")[0][0]
    assert write("grids", two_grids(), network="comprehensive") == Counts(2, 0, 0)
    assert write("grids", two_grids(), network="comprehensive") == Counts(0, 0, 2)
    changed = two_grids(geometry=[square(0, 0), square(1, 0, 0.009)])
    assert write("grids", changed, network="comprehensive") == Counts(0, 1, 1)
    every = "SELECT code, version, valid_from, valid_to FROM grid ORDER BY code, version"
    begun = dt.date(2025, 1, 1)
    assert ask(every) == [("G1", 1, begun, None), ("G2", 1, begun, today), ("G2", 2, today, None)]
    assert write("grids", changed, network="comprehensive") == Counts(0, 0, 2)
    # A later day in the file is the day of the change.
    later = two_grids(name=["东门", "南门"], geometry=changed.geometry, valid_from=[begun, today + dt.timedelta(9)])
    assert write("grids", later, network="comprehensive") == Counts(0, 1, 1)
    assert ask(every)[2:] == [
        ("G2", 2, today, today + dt.timedelta(9)), ("G2", 3, today + dt.timedelta(9), None),
    ]  # fmt: skip
    assert write("grids", later, network="comprehensive") == Counts(0, 0, 2)
    # The stored old versions are what they were: only their end was written.
    assert ask("SELECT ST_Equals(geom, ST_GeomFromText(%s, 4490)) FROM grid WHERE code = 'G2' AND version = 1",
               square(1, 0).wkt) == [(True,)]  # fmt: skip
    assert ask("SELECT count(*) FROM history WHERE relation = 'grid'") == [(2,)]
    with session(PERSON) as conn:
        assert [v.version for v in grids.versions(conn, "G2")] == [3, 2, 1]
        assert [g.code for g in grids.in_force(conn, "comprehensive")] == ["G1", "G2"]
        assert networks.get(conn, "comprehensive").grids == 2


def test_networks_lie_side_by_side():
    write("grids", two_grids(), network="comprehensive")
    assert write("grids", two_grids(), network="police") == Counts(2, 0, 0)
    assert ask("SELECT count(*) FROM grid WHERE valid_to IS NULL") == [(4,)]
    with session(PERSON) as conn:
        limits = networks.get(conn, "comprehensive")
        assert (limits.households_min, limits.households_max) == (300, 500)
        with pytest.raises(networks.NetworkUnknown, match="comprehensive、police"):
            networks.get(conn, "fire")
        with pytest.raises(networks.NetworkUnknown):
            networks.ensure(conn, "fire")


def test_a_retired_code_never_comes_back():
    write("grids", two_grids(), network="comprehensive")
    with session(PERSON) as conn:
        grids.retire(conn, "G2", "comprehensive", dt.date(2026, 1, 1), "并入 G1")
    with pytest.raises(CodeRetired, match="G2"):
        write("grids", two_grids(), network="comprehensive")
    assert write("grids", two_grids().iloc[:1], network="comprehensive") == Counts(0, 0, 1)
    assert ask("SELECT action, subject, reason, actor FROM audit WHERE relation = 'grid'") == [
        ("retire", "G2", "并入 G1", "zhang")
    ]
    with session(PERSON) as conn, pytest.raises(grids.DateBeforeBegin):
        grids.retire(conn, "G1", "comprehensive", dt.date(2024, 1, 1), "")
    with session(PERSON) as conn, pytest.raises(grids.GridUnknown):
        grids.facts(conn, "G2")


def test_grids_know_their_community():
    rows = two_grids(area_code=["C2", "nobody"])
    write("grids", rows, network="comprehensive")
    belongs = "SELECT g.code, a.code FROM grid g LEFT JOIN area a ON a.id = g.area_id ORDER BY g.code, g.version"
    assert ask(belongs) == [("G1", None), ("G2", None)]
    communities = frame([square(0, 0), square(1, 0)], code=["C1", "C2"], level=["community"] * 2)
    write("areas", communities)
    assert ask(belongs) == [("G1", "C2"), ("G2", "C2")]
    write("areas", frame([square(0, 0, 1)], code=["S"], level=["street"]))
    moved = two_grids(area_code=[None, None], geometry=[shapely.union(square(0, 0), square(1, 0, 0.004)), square(9, 9)])
    assert write("grids", moved, network="comprehensive") == Counts(0, 2, 0)
    assert ask(belongs) == [("G1", "C2"), ("G1", "C1"), ("G2", "C2"), ("G2", None)]


def incident(code, column, row, day, **more):
    place = shapely.Point(X + (column + 0.5) / 100, Y + (row + 0.5) / 100)
    return frame([place], code=[code], occurred_at=[day and f"{day}T10:00:00"], **more)


def grid_of(code):
    return ask("SELECT g.code, g.version FROM incident i LEFT JOIN grid g ON g.id = i.grid_id WHERE i.code = %s", code)[
        0
    ]


def test_an_incident_keeps_the_grid_of_its_day():
    write("grids", two_grids(valid_from=[dt.date(2025, 1, 1)] * 2), network="comprehensive")
    write("grids", two_grids(valid_from=[dt.date(2026, 1, 1)] * 2, geometry=[square(1, 0), square(0, 0)]),
          network="comprehensive")  # fmt: skip
    write("incidents", incident("old", 0, 0, "2025-06-01"))
    write("incidents", incident("new", 0, 0, "2026-01-01"))
    write("incidents", incident("before", 0, 0, "2019-01-01"))
    write("incidents", incident("undated", 0, 0, None))
    write("incidents", incident("outside", 7, 7, "2026-06-01"))
    assert grid_of("old") == ("G1", 1)
    assert grid_of("new") == ("G2", 2)
    # Before the grids' versions begin, the one in force now stands in.
    assert grid_of("before") == ("G2", 2)
    assert grid_of("undated") == ("G2", 2)
    assert grid_of("outside") == (None, None)
    # A new plan moves nothing, and neither does the record's own file with other words in it …
    write("grids", frame([square(7, 7)], code=["G3"]), network="comprehensive")
    assert write("incidents", incident("outside", 7, 7, "2026-06-01", title=["噪音"])) == Counts(0, 1, 0)
    assert grid_of("outside") == (None, None)
    assert write("incidents", incident("old", 0, 0, "2025-06-01", title=["漏水"])) == Counts(0, 1, 0)
    assert grid_of("old") == ("G1", 1)
    # … a new point does.
    assert write("incidents", incident("outside", 1, 0, "2026-06-01", title=["噪音"])) == Counts(0, 1, 0)
    assert grid_of("outside") == ("G1", 2)
    with session(PERSON) as conn:
        assert incidents.get(conn, "old").occurred_at == dt.datetime(2025, 6, 1, 2, tzinfo=dt.UTC)
        assert grids.facts(conn, "G2").incidents == sum(
            happened for happened, in conn.execute(
                "SELECT count(*) FROM incident WHERE code IN ('old', 'new', 'before')"
                " AND occurred_at >= now() - interval '365 days'"
            )
        )  # fmt: skip


def test_incidents_that_came_before_any_grid_get_theirs_once():
    write("incidents", incident("early", 0, 0, "2025-06-01"))
    write("incidents", incident("gap", 5, 5, "2025-06-01"))
    assert grid_of("early") == (None, None)
    write("grids", two_grids(), network="comprehensive")
    assert grid_of("early") == ("G1", 1)
    assert grid_of("gap") == (None, None)
    write("grids", frame([square(5, 5)], code=["G9"]), network="comprehensive")
    assert grid_of("gap") == (None, None)


def test_the_basemap_and_what_is_excluded():
    line = shapely.LineString([(X, Y), (X + 0.1, Y)])
    assert write("roads", frame([line], code=["R"], name=["路"], kind=["primary"])) == Counts(1, 0, 0)
    assert write("water", frame([square(0, 0)], code=["W"])) == Counts(1, 0, 0)
    assert write("green", frame([square(0, 0)], code=["P"], name=["公园"])) == Counts(1, 0, 0)
    assert write("excluded", frame([square(0, 0)], code=["X"], reason=["铁路"])) == Counts(1, 0, 0)
    assert write("roads", frame([line], code=["R"], name=["大路"], kind=["primary"])) == Counts(0, 1, 0)
    with session(PERSON) as conn:
        assert [(k.relation, k.kind) for k in basemap.kinds(conn)] == [
            ("green", ""),
            ("road", "primary"),
            ("water", ""),
        ]
        found = overview.counts(conn)
    assert (found.basemap, found.excluded, found.empty) == (3, 1, True)


def test_grids_are_found_by_code_name_and_pinyin():
    write("grids", frame([square(0, 0), square(1, 0), square(2, 0)], code=["320102001001001", "320102001001002", "X"],
                         name=["东门第一网格", "西门网格", "重庆路"]), network="comprehensive")  # fmt: skip
    with session(PERSON) as conn:

        def found(text):
            return [g.name for g in grids.search(conn, text)]

        assert found("西门") == ["西门网格"]
        assert found("ximen") == ["西门网格"]
        assert found("dmd") == ["东门第一网格"]
        assert found("CQL") == ["重庆路"]
        assert found("网格") == ["东门第一网格", "西门网格"]
        assert found("320102001001001") == ["东门第一网格"]
        assert found("1001002") == ["西门网格"]
        assert found("  ") == []
        assert found("无此") == []


def test_one_writer_of_a_dataset_at_a_time():
    with session(JOB) as first:
        store.take_turn(first, "buildings")
        with session(JOB) as second:
            tried = "SELECT pg_try_advisory_xact_lock(7041975, %s)"
            assert second.execute(tried, (list(store.TABLES).index("buildings"),)).fetchone() == (False,)
            assert second.execute(tried, (list(store.TABLES).index("grids"),)).fetchone() == (True,)


def test_many_rows_lie_in_spatial_order_and_keep_their_indexes(monkeypatch):
    monkeypatch.setattr(store, "LARGE", 1000)
    monkeypatch.setattr(bulk, "CHUNK", 700)
    rng = np.random.default_rng(1)
    places = shapely.points(rng.uniform(X, X + 1, 5000), rng.uniform(Y, Y + 1, 5000))
    definitions = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'atlas' AND tablename = 'building' ORDER BY 1"
    before = ask(definitions)
    shares = []
    rows = frame(places, code=[f"B{k}" for k in range(5000)])
    with session(JOB) as conn:
        staged = store.stage(conn, "buildings", rows, progress=shares.append)
        store.apply(conn, staged, source_id=None)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert ask(definitions) == before
    # Neighbours on disk are neighbours on the ground: steps from row to row are far shorter than at random.
    steps = "SELECT avg(ST_Distance(a.geom, b.geom)) FROM building a JOIN building b ON b.id = a.id + 1"
    assert ask(steps)[0][0] < 0.05
    assert ask("SELECT count(*) FROM building") == [(5000,)]


CODES = st.sampled_from(["A", "B", "C", "D", "E"])
ROW = st.tuples(st.integers(0, 3), st.sampled_from(["", "甲", "乙"]), st.integers(0, 2) | st.none())
FRAMES = st.lists(st.dictionaries(CODES, ROW, min_size=1), min_size=1, max_size=5)


@given(FRAMES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_the_table_is_the_last_word(frames):
    """Table = last frame per code; history = exactly the superseded versions; counts add up."""
    with session(JOB) as conn:
        conn.execute("TRUNCATE building, history CASCADE")
    known, superseded = {}, []
    for wanted in frames:
        rows = frame(
            [None if place is None else shapely.Point(X + place, Y) for _, _, place in wanted.values()],
            code=wanted.keys(), households=[h for h, _, _ in wanted.values()], name=[n for _, n, _ in wanted.values()],
        )  # fmt: skip
        counts = write("buildings", rows)
        changed = [code for code in wanted if code in known and known[code] != wanted[code]]
        assert counts == Counts(
            sum(code not in known for code in wanted), len(changed),
            sum(known.get(code) == wanted[code] for code in wanted),
        )  # fmt: skip
        superseded += [(code, *known[code]) for code in changed]
        known |= wanted
    stored = ask("SELECT code, households, name, round(ST_X(geom) - %s)::int FROM building", X)
    assert {code: tuple(rest) for code, *rest in stored} == known
    history = ask("SELECT row->>'code', (row->>'households')::int, row->>'name',"
                  " round((row->'geom'->'coordinates'->>0)::numeric - %s)::int FROM history", X)  # fmt: skip
    assert sorted(history, key=str) == sorted(superseded, key=str)
