"""The rules about people, visits, venues and time, on a small office with known answers.

Two communities side by side, each a square of 0.01 degrees, with two grids; ten houses of ten households
in each grid, more than two hundred metres apart. Everything that matters to a rule is set by the test itself, relative to the day it runs on.
"""

from __future__ import annotations

import math

import pytest

from gis.coverage import findings
from gis.coverage import refresh
from gis.db.connection import session
from gis.vocabulary import Actor

JOB = Actor.job("test")

OFFICE = """
INSERT INTO area (code, name, level, geom) VALUES ('S', '街道', 'street', ST_Multi(ST_MakeEnvelope(120, 30, 120.02, 30.01, 4490)));
INSERT INTO area (code, name, level, parent_id, geom)
SELECT c, c, 'community', s.id, ST_Multi(ST_MakeEnvelope(x, 30, x + 0.01, 30.01, 4490))
FROM (VALUES ('A', 120.0), ('B', 120.01)) AS v (c, x), area AS s WHERE s.code = 'S';
INSERT INTO network (code, name, kind) VALUES ('comprehensive', '综合网格', 'comprehensive');
INSERT INTO grid (network_id, code, name, area_id, geom, valid_from)
SELECT n.id, g, g, a.id, ST_Multi(ST_MakeEnvelope(x, 30, x + 0.005, 30.01, 4490)), today() - 400
FROM (VALUES ('A1', 'A', 120.0), ('A2', 'A', 120.005), ('B1', 'B', 120.01), ('B2', 'B', 120.015)) AS v (g, c, x)
JOIN area a ON a.code = c CROSS JOIN network n;
INSERT INTO building (code, kind, households, people, built_on, geom)
SELECT g || '-' || n, 'residential', 10, 25, today() - 5000, ST_SetSRID(ST_Point(x + 0.001 + (n % 2) * 0.0025, 30.001 + (n / 2) * 0.002), 4490)
FROM (VALUES ('A1', 120.0), ('A2', 120.005), ('B1', 120.01), ('B2', 120.015)) AS v (g, x), generate_series(0, 9) AS n;
"""

PEOPLE = """
INSERT INTO person (code, name) SELECT p || g, '某人' FROM unnest(ARRAY['chief-', 'worker-']) AS p, unnest(ARRAY['A1', 'A2', 'B1', 'B2']) AS g;
INSERT INTO post (code, person_id, duty, network_id, grid_code, valid_from)
SELECT p.code, p.id, split_part(p.code, '-', 1), n.id, split_part(p.code, '-', 2), today() - 300 FROM person p, network n;
"""

VISITS = """
INSERT INTO visit (code, person_id, network_id, grid_code, visited_at, geom)
SELECT 'first-' || g.code, p.id, g.network_id, g.code, now() - interval '390 days', ST_PointOnSurface(g.geom)
FROM grid g JOIN person p ON p.code = 'worker-' || g.code;
INSERT INTO visit (code, person_id, network_id, grid_code, visited_at, geom)
SELECT 'last-' || g.code, p.id, g.network_id, g.code, now() - interval '1 day', ST_PointOnSurface(g.geom)
FROM grid g JOIN person p ON p.code = 'worker-' || g.code;
"""

CALLS = """
INSERT INTO visit (code, person_id, network_id, grid_code, building_id, visited_at, geom)
SELECT 'call-' || b.code, p.id, n.id, split_part(b.code, '-', 1), b.id, now() - make_interval(days => 10, mins => row_number() OVER (ORDER BY b.id)::integer * 20), b.geom
FROM building b JOIN person p ON p.code = 'worker-' || split_part(b.code, '-', 1), network n;
"""

pytestmark = pytest.mark.usefixtures("database")


def office(*more):
    """Write the office and what a test adds to it."""
    with session(JOB) as conn:
        conn.execute("SET LOCAL search_path = atlas, public")
        for statement in (OFFICE, *more):
            conn.execute(statement)


def found(rule):
    """Judge the office and give what one rule found."""
    refresh.refresh(JOB, "comprehensive")
    with session(JOB) as conn:
        return findings.listing(conn, "comprehensive", rules=[rule], limit=None)


def told(rule):
    """The same, as (severity, kind, grids)."""
    return sorted((f.severity, f.subjects.get("kind"), *f.grids) for f in found(rule))


def change(statement):
    with session(JOB) as conn:
        conn.execute("SET LOCAL search_path = atlas, public")
        conn.execute(statement)


# people -----------------------------------------------------------------------------------


def test_an_office_without_posts_is_not_judged_for_staff():
    office()
    assert found("unstaffed_grid") == []


def test_a_grid_is_staffed_to_the_last_day_of_a_post_and_not_a_day_longer():
    office(PEOPLE, "UPDATE post SET valid_to = today() WHERE grid_code = 'A1'")
    assert found("unstaffed_grid") == []
    change("UPDATE post SET valid_to = today() - 1 WHERE grid_code = 'A1'")
    (finding,) = found("unstaffed_grid")
    assert (finding.severity, finding.subjects["kind"], finding.grids) == ("blind", "nobody", ["A1"])
    assert (finding.measure["buildings"], finding.measure["households"]) == (10, 100)
    assert finding.remedies[0] == {"action": "appoint", "grid": "A1", "from": "A2", "households": 100}
    assert "A1" in finding.reason
    with session(JOB) as conn:
        assert finding.subjects["since"] == conn.execute("SELECT atlas.today()::text").fetchone()[0]


def test_one_half_of_the_staff_missing_is_a_warning():
    office(PEOPLE, "DELETE FROM post WHERE code IN ('chief-A1', 'worker-B2')")
    assert told("unstaffed_grid") == [("warn", "no_chief", "A1"), ("warn", "no_worker", "B2")]


def test_leave_is_long_from_the_day_the_table_says_or_without_an_end():
    leave = "INSERT INTO leave (person_id, begins, ends) SELECT id, today() - 3, {} FROM person WHERE code LIKE '%-B1'"
    office(PEOPLE, leave.format("today() + 10"))  # 14 days
    assert found("unstaffed_grid") == []
    change("UPDATE leave SET ends = today() + 11")  # 15 days
    assert told("unstaffed_grid") == [("blind", "leave", "B1")]
    change("UPDATE leave SET ends = NULL")
    assert told("unstaffed_grid") == [("blind", "leave", "B1")]
    change("UPDATE leave SET begins = today() + 1")
    assert found("unstaffed_grid") == []
    change(
        "UPDATE leave SET begins = today() - 3; DELETE FROM leave WHERE person_id = (SELECT id FROM person WHERE code = 'chief-B1')"
    )
    assert found("unstaffed_grid") == [], "somebody is there"
    change("DELETE FROM leave")
    change(leave.format("today() + 3"))  # 7 days
    change(leave.format("today() + 11").replace("today() - 3", "today() + 5"))
    assert found("unstaffed_grid") == [], "a day between them"
    change("UPDATE leave SET begins = today() + 4 WHERE begins > today()")
    assert told("unstaffed_grid") == [("blind", "leave", "B1")], "one leave of 15 days in two papers"


def test_a_worker_with_more_grids_than_allowed_is_told_once_in_each_community_and_never_by_name():
    all_of_them = "UPDATE post SET person_id = (SELECT id FROM person WHERE code = 'worker-A1') WHERE duty = 'worker'"
    office(PEOPLE, all_of_them)
    assert told("unstaffed_grid") == [("warn", "stretched", "A1", "A2"), ("warn", "stretched", "B1", "B2")]
    for finding in found("unstaffed_grid"):
        assert finding.measure["grids"] == 4
        assert "某人" not in finding.reason
    change("DELETE FROM post WHERE code = 'worker-B2'")  # three are allowed
    assert told("unstaffed_grid") == [("warn", "no_worker", "B2")]


# visits -----------------------------------------------------------------------------------


def test_an_office_without_visits_is_not_judged_for_them():
    office(PEOPLE)
    assert found("overdue_visit") == []
    assert found("untouched_area") == []


def test_a_grid_is_overdue_the_day_after_interval_and_grace():
    when = "UPDATE visit SET visited_at = now() - interval '{} days' WHERE code = 'last-A1'"
    office(PEOPLE, VISITS, when.format(9))  # 7 + 2
    assert found("overdue_visit") == []
    change(when.format(10))
    (finding,) = found("overdue_visit")
    assert (finding.severity, finding.grids, finding.measure["late_days"]) == ("blind", ["A1"], 1)
    assert finding.measure["households"] == 100
    change("UPDATE visit SET visited_at = now() - interval '1 day', doubts = '{outside}' WHERE code = 'last-A1'")
    (finding,) = found("overdue_visit")
    assert finding.measure["late_days"] == 390 - 9, "what is in doubt does not count"
    change("UPDATE visit SET answer = '去过', answered_by = 'test' WHERE code = 'last-A1'")
    assert found("overdue_visit") == []


def test_a_grid_never_visited_counts_from_its_beginning_or_that_of_the_records():
    office(
        PEOPLE,
        VISITS,
        "DELETE FROM visit WHERE grid_code = 'B2'",
        "UPDATE grid SET valid_from = today() - 20 WHERE code = 'B2'",
    )
    (finding,) = found("overdue_visit")
    assert (finding.grids, finding.measure["late_days"]) == (["B2"], 20 - 9)
    assert "last" not in finding.subjects
    change(
        "WITH old AS (UPDATE grid SET valid_to = today() WHERE code = 'B2' RETURNING *) INSERT INTO grid (network_id, code, version, name, area_id, geom)"
        " SELECT network_id, code, version + 1, name, area_id, geom FROM old"
    )
    (redrawn,) = found("overdue_visit")
    assert redrawn.measure["late_days"] == 20 - 9, "a new border visits nobody"


def test_overdue_buildings_are_one_warning_for_a_grid():
    office(PEOPLE, VISITS, CALLS)
    assert found("overdue_visit") == []
    change("UPDATE visit SET visited_at = now() - interval '215 days' WHERE code IN ('call-A2-0', 'call-A2-1')")
    (finding,) = found("overdue_visit")
    assert (finding.severity, finding.subjects["kind"], finding.grids) == ("warn", "buildings", ["A2"])
    assert sorted(finding.buildings) == ["A2-0", "A2-1"]
    assert (finding.measure["late_days"], finding.measure["households"], finding.measure["never"]) == (1, 20, 0)


def test_land_is_untouched_where_people_live_and_nobody_came():
    office(
        PEOPLE, VISITS, CALLS, "UPDATE visit SET visited_at = now() - interval '91 days' WHERE code LIKE 'call-A1-%'"
    )
    places = found("untouched_area")
    assert {f.severity for f in places} == {"blind"}
    assert {code for f in places for code in f.buildings} == {f"A1-{n}" for n in range(10)}
    assert {f.area_code for f in places} == {"A"}
    change(
        "INSERT INTO incident (code, occurred_at, geom) SELECT 'i' || code, now() - interval '5 days', geom FROM building WHERE code LIKE 'A1-%' AND code <> 'A1-3'"
    )
    (place,) = found("untouched_area")
    assert place.buildings == ["A1-3"]
    walked = "ST_MakeLine(ST_SetSRID(ST_MakePointM(ST_X(b.geom) - 0.0005, ST_Y(b.geom), 0), 4490), ST_SetSRID(ST_MakePointM(ST_X(b.geom) + 0.0005, ST_Y(b.geom), 60), 4490))"
    change(
        "INSERT INTO track (code, person_id, started_at, ended_at, geom, counted) "
        f"SELECT 't', p.id, now() - interval '1 day', now() - interval '1439 minutes', {walked}, ST_Multi(ST_Force2D({walked})) "
        "FROM building b, person p WHERE b.code = 'A1-3' AND p.code = 'worker-A1'"
    )
    assert found("untouched_area") == []


def test_a_new_border_or_a_planned_demolition_lets_nobody_wait_longer():
    office(
        PEOPLE, VISITS, CALLS, "DELETE FROM visit WHERE building_id IN (SELECT id FROM building WHERE code = 'A2-3')"
    )
    change("UPDATE visit SET visited_at = now() - interval '300 days' WHERE code IN ('call-B1-0', 'call-B1-1')")
    change(
        "UPDATE grid SET valid_from = today() - 5; UPDATE building SET demolished_on = today() + 60 WHERE code = 'B1-0'"
    )
    change("UPDATE building SET demolished_on = today() WHERE code = 'B1-1'")
    late = {f.grids[0]: f for f in found("overdue_visit")}
    assert late["A2"].buildings == ["A2-3"], "the records begin 300 days ago, not with the new border"
    assert late["A2"].subjects["latest"] == [{"building": "A2-3", "late_days": 300 - 214}]
    assert late["B1"].buildings == ["B1-0"], "it still stands; the other one is gone"


def test_what_happens_across_the_border_touches_nobody_on_this_side():
    here, there = "ST_SetSRID(ST_Point(120.00999, 30.005), 4490)", "ST_SetSRID(ST_Point(120.01001, 30.005), 4490)"
    visit = "INSERT INTO visit (code, person_id, network_id, grid_code, visited_at, geom) SELECT '{0}' || n.id, p.id, n.id, '{0}', now() - interval '5 days', {1} FROM network n JOIN person p ON p.code = 'worker-{0}'"
    office(
        PEOPLE, f"UPDATE building SET geom = {here} WHERE code = 'A2-0'", VISITS, CALLS,
        "UPDATE visit SET visited_at = now() - interval '91 days' WHERE code = 'call-A2-0'", visit.format("B1", there),
        f"INSERT INTO incident (code, occurred_at, geom) VALUES ('i', now() - interval '5 days', {there})",
    )  # fmt: skip
    (place,) = found("untouched_area")
    assert (place.area_code, place.buildings, place.grids) == ("A", ["A2-0"], ["A2"])
    change(visit.format("A2", here))
    assert found("untouched_area") == []


def test_a_walk_through_the_corner_of_a_cell_touches_it_also_where_nobody_made_a_visit():
    office(PEOPLE, "UPDATE building SET households = 0 WHERE code <> 'A1-3'")
    assert found("untouched_area") == [], "neither visits nor tracks"
    with session(JOB) as conn:
        x, y = conn.execute("SELECT ST_X(geom), ST_Y(geom) FROM building WHERE code = 'A1-3'").fetchone()
    high = 100 / 110574
    row = math.floor(y / high)
    wide = 100 / (111320 * math.cos(math.radians((row // 100 * 100 + 50) * high)))
    west, south = math.floor(x / wide) * wide, row * high
    line = f"ST_MakeLine(ST_SetSRID(ST_MakePointM({west - 1e-4}, {south + 2e-4}, 0), 4490), ST_SetSRID(ST_MakePointM({west + 2e-4}, {south - 1e-4}, 60), 4490))"
    track = "INSERT INTO track (code, person_id, started_at, ended_at, geom, counted) SELECT 't', p.id, now() - interval '{days} days 1 minute', now() - interval '{days} days', {line}, ST_Multi(ST_Force2D({line})) FROM person p WHERE p.code = 'worker-A1'"
    change(track.format(days=91, line=line))
    assert [f.buildings for f in found("untouched_area")] == [["A1-3"]]
    change("DELETE FROM track")
    change(track.format(days=3, line=line))
    assert found("untouched_area") == []


def test_few_households_are_not_pointed_at():
    office(PEOPLE, VISITS, CALLS, "UPDATE visit SET visited_at = now() - interval '91 days' WHERE code = 'call-A1-3'")
    assert len(found("untouched_area")) == 1
    change("UPDATE building SET households = 4 WHERE code = 'A1-3'")
    assert found("untouched_area") == []


# venues and borders -------------------------------------------------------------------------


def test_a_venue_is_covered_by_a_dedicated_grid_only():
    towers = "INSERT INTO building (code, kind, floors, geom) VALUES ('T1', 'office', {}, ST_SetSRID(ST_Point(120.002, 30.008), 4490))"
    office(
        towers.format(9),
        "INSERT INTO building (code, kind, floors, geom) VALUES ('shop', 'commercial', 2, ST_SetSRID(ST_Point(120.012, 30.008), 4490))",
    )
    assert found("uncovered_venue") == [], "one low building is no venue, and a shop is none"
    change("UPDATE building SET floors = 10 WHERE code = 'T1'")
    assert told("uncovered_venue") == [("warn", "office", "A1")]
    change(
        "UPDATE building SET floors = 9 WHERE code = 'T1'; INSERT INTO building (code, kind, floors, geom) VALUES ('T2', 'office', 3, ST_SetSRID(ST_Point(120.0025, 30.008), 4490))"
    )
    (finding,) = found("uncovered_venue")  # 48 m apart
    assert finding.buildings == ["T1", "T2"]
    change("UPDATE grid SET kind = 'dedicated' WHERE code = 'A1'")
    assert found("uncovered_venue") == []


def test_a_border_is_outdated_by_what_was_built_or_taken_down_after_it():
    office("UPDATE building SET built_on = today() - 399, households = 49 WHERE code = 'A1-0'")
    assert found("outdated_boundary") == [], "one house of 49 households"
    change("UPDATE building SET households = 50 WHERE code = 'A1-0'")
    assert told("outdated_boundary") == [("warn", "new", "A1")]
    change("UPDATE building SET built_on = today() - 400 WHERE code = 'A1-0'")
    assert found("outdated_boundary") == [], "finished the day the grid was drawn"
    change("UPDATE building SET demolished_on = today() - 30, households = 0 WHERE code IN ('B1-0', 'B1-1')")
    (finding,) = found("outdated_boundary")  # two of ten
    assert (finding.grids, finding.measure["gone"], finding.measure["share"]) == (["B1"], 2, 0.2)
    change("UPDATE building SET demolished_on = today() - 401 WHERE code IN ('B1-0', 'B1-1')")
    assert found("outdated_boundary") == [], "gone before the grid was drawn"


def test_a_seam_is_long_thin_along_a_line_and_between_two_communities():
    narrow = "UPDATE grid SET geom = ST_Multi(ST_MakeEnvelope(120.005, 30, {}, 30.01, 4490)) WHERE code = 'A2'"
    road = "INSERT INTO road (code, name, kind, geom) VALUES ('r', '界河路', 'primary', ST_Multi(ST_SetSRID(ST_MakeLine(ST_Point({0}, 30), ST_Point({0}, 30.01)), 4490)))"
    office(narrow.format(120.0098))  # 19 m by 1 100 m
    assert found("seam") == [], "no line along it"
    change(road.format(120.01))
    (finding,) = found("seam")
    assert (finding.severity, finding.area_code, finding.subjects["other"]) == ("warn", "A", "B")
    assert finding.measure["width_m"] == pytest.approx(19.3, abs=0.3)
    assert "界河路" in finding.reason
    change("UPDATE road SET geom = ST_Translate(geom, -0.003, 0)")
    assert found("seam") == [], "the road is elsewhere"
    change("UPDATE road SET geom = ST_Translate(geom, 0.003, 0)")
    change(narrow.format(120.009))  # 96 m wide
    assert found("seam") == [], "too wide"
