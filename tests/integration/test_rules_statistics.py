"""The statistical rules on records with known numbers: what they count, from when, where, and what they say."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest
from psycopg import sql

from gis.casework import resolver
from gis.coverage import engine
from gis.coverage import parameters
from gis.coverage.findings import Finding
from gis.coverage.hours import matrix
from gis.coverage.summary import absent
from gis.db.connection import session
from gis.vocabulary import Actor
from gis.vocabulary import RuleKey
from tests.board import whole

JOB = Actor.job("test")
NOW = datetime(2026, 9, 1, 4, tzinfo=UTC)
"""Noon of a Tuesday in Beijing."""
GRIDS = 12

OFFICE = """
INSERT INTO area (code, name, level, geom) VALUES ('S1', '东街道', 'street', ST_Multi(ST_MakeEnvelope(116, 39, 116.24, 39.02, 4490)));
INSERT INTO area (code, name, level, parent_id, geom)
SELECT 'C' || c, (ARRAY['东里社区', '西里社区'])[c], 'community', (SELECT id FROM area WHERE code = 'S1'),
    ST_Multi(ST_MakeEnvelope(116 + 0.12 * (c - 1), 39, 116 + 0.12 * c, 39.02, 4490))
FROM generate_series(1, 2) AS c;
INSERT INTO network (code, name, kind) VALUES ('zh', '综合网', 'comprehensive');
INSERT INTO grid (network_id, code, name, kind, area_id, area_code, valid_from, geom)
SELECT n.id, 'g' || lpad(i::text, 2, '0'), '', 'general', a.id, a.code, '2020-01-01',
    ST_Multi(ST_MakeEnvelope(116 + 0.02 * i, 39, 116.02 + 0.02 * i, 39.02, 4490))
FROM network n, generate_series(0, 11) AS i JOIN area a ON a.code = 'C' || (i / 6 + 1);
INSERT INTO building (code, households, geom)
SELECT 'b' || i, 40, ST_SetSRID(ST_Point(116.01 + 0.02 * i, 39.01), 4490) FROM generate_series(0, 11) AS i;
"""


@pytest.fixture(scope="module")
def office(shared_database):
    """Two communities of one street with six grids each; the number of the network."""
    with session(JOB) as conn:
        conn.execute(OFFICE)
        return conn.execute("SELECT id FROM network").fetchone()[0]


@pytest.fixture
def conn(office):
    """Give a transaction of the office that keeps nothing."""
    with session(JOB) as connection:
        yield connection
        connection.rollback()


def judge(conn, network, rule, now=NOW, **changed):
    """Run one rule on the office as a refresh would."""
    space = engine.Workspace(conn)
    space.run("scratch.sql", "forget")
    space.run("scratch.sql", "office", network=sql.Literal(network))
    space.moment(now)
    space.parameters({**parameters.values("zh"), **changed})
    for name, keys, spatial in engine.STEPS:
        if name in {"inner", "home", "group", "assignment"}:
            space.table(f"cov_{name}", engine.step_text(name), keys, spatial=spatial)
    found = engine.one_rule(conn, RuleKey(rule))
    names = dict(conn.execute("SELECT id, name FROM atlas.area").fetchall())
    for raw in found:
        assert raw.building_ids == []
        whole(told(raw, names))
    return found


def told(raw, names):
    """The finding as people read it."""
    return Finding(
        raw.rule,
        raw.severity,
        raw.geom,
        raw.measure,
        raw.subjects,
        raw.grid_codes,
        [],
        raw.remedies,
        None,
        names.get(raw.area_id),
    )


def incidents(conn, rows):
    """Write incidents ``(grid, kind, category, channel, when in Beijing, how many)``."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO incident (code, kind, category, channel, occurred_at, closed_at, grid_id, geom) "
            "SELECT 'i' || gen_random_uuid(), %s, %s, %s, t.at, t.at + interval '1 day', g.id, ST_PointOnSurface(g.geom) "
            "FROM grid g, generate_series(1, %s), (SELECT %s::timestamp AT TIME ZONE 'Asia/Shanghai' AS at) AS t WHERE g.code = %s",
            [(kind, category, channel, times, when, grid) for grid, kind, category, channel, when, times in rows],
        )


def code(n):
    return f"g{n:02d}"


# silent_category, hotline_only ----------------------------------------------------------------


def test_a_silent_category_is_counted_over_the_last_year_in_the_grids_of_their_day(conn, office):
    day, old = "2026-05-05 10:00", NOW - timedelta(days=366)
    rows = [(code(n), "matter", "路灯", "patrol", day, 40) for n in range(1, GRIDS)]
    rows += [(code(n), "matter", "垃圾", "patrol", day, 60) for n in range(1, GRIDS)]
    rows += [("g00", "matter", "垃圾", "patrol", day, 100), ("g00", "hazard", "路灯", "patrol", day, 40)]
    rows += [
        ("g00", "matter", "路灯", "patrol", old.strftime("%F 12:00"), 90),
        ("g00", "matter", "路灯", "patrol", "2026-09-01 13:00", 90),
    ]
    rows += [("g05", "matter", "", "patrol", day, 500)]
    incidents(conn, rows)
    (found,) = judge(conn, office, "silent_category")
    assert (found.severity, found.grid_codes, found.subjects) == (
        "hint",
        ["g00"],
        {"kind": "matter", "category": "路灯"},
    )
    told = found.measure
    assert (told["observed"], told["expected"], told["exposure"], told["peers"]) == (0, 56, 140, 11)
    assert (told["buildings"], told["households"]) == (1, 40)
    assert told["q"] < 0.05
    assert found.area_id == conn.execute("SELECT id FROM area WHERE code = 'C1'").fetchone()[0]
    conn.execute("UPDATE area SET parent_id = NULL WHERE code = 'C2'")
    assert judge(conn, office, "silent_category") == []  # five peers are left in its street


def test_only_patrol_and_hotline_say_who_found_it(conn, office):
    rows = []
    for n in range(GRIDS):
        rows += [(code(n), "matter", "垃圾", "patrol", "2026-05-05 10:00", 30 if n else 1)]
        rows += [
            (code(n), "matter", "垃圾", "hotline", "2026-05-05 11:00", 20),
            (code(n), "matter", "垃圾", "public", "2026-05-05 12:00", 300),
        ]
    incidents(conn, rows)
    assert judge(conn, office, "hotline_only") == []  # 21 reports are too few
    incidents(conn, [("g00", "matter", "垃圾", "hotline", "2026-05-05 11:00", 20)])
    (found,) = judge(conn, office, "hotline_only")
    assert (found.severity, found.grid_codes) == ("warn", ["g00"])
    assert (found.measure["patrol"], found.measure["hotline"], found.measure["street_share"]) == (1, 40, 0.6)
    assert found.remedies[0] == {"action": "patrol_grid", "grid": "g00"}


# uncovered_hours --------------------------------------------------------------------------------


def cell(hours, day, hour):
    return hours[day - 1][hour]


def test_hours_are_those_of_beijing_and_presence_is_whatever_shows_that_somebody_was_there(conn, office):
    incidents(conn, [
        ("g00", "matter", "垃圾", "hotline", "2026-08-29 06:30", 3),   # Saturday, Friday in UTC
        ("g01", "matter", "垃圾", "patrol", "2026-08-29 07:30", 2),    # presence of one hour
        ("g00", "matter", "垃圾", "hotline", "2026-08-29 00:00", 50),  # a day without an hour
        ("g00", "matter", "垃圾", "hotline", "2025-08-30 06:30", 9),   # too long ago
        ("g00", "matter", "垃圾", "hotline", "2026-09-01 13:00", 9),   # to come
        ("g07", "matter", "垃圾", "hotline", "2026-08-29 06:30", 5),   # the other community
    ])  # fmt: skip
    conn.execute(
        "UPDATE incident SET grid_id = NULL WHERE code IN (SELECT code FROM incident WHERE occurred_at = '2026-08-28 22:30+00' LIMIT 2)"
    )
    visit = "INSERT INTO visit (code, network_id, grid_code, building_id, visited_at, geom) "
    conn.execute(visit + "SELECT 'v1', %s, 'g02', NULL, '2026-08-29 09:15+08', NULL", (office,))
    conn.execute(visit + "SELECT 'v2', NULL, NULL, id, '2026-08-29 10:15+08', NULL FROM building WHERE code = 'b3'")
    conn.execute(
        visit + "SELECT 'v3', NULL, NULL, NULL, '2026-08-29 11:15+08', ST_SetSRID(ST_Point(116.05, 39.01), 4490)"
    )
    conn.execute(
        visit + "SELECT 'v4', NULL, NULL, NULL, '2026-08-29 11:45+08', ST_SetSRID(ST_Point(116.07, 39.01), 4490)"
    )
    conn.execute("UPDATE visit SET doubts = '{}'")
    conn.execute(visit + "SELECT 'v5', %s, 'g02', NULL, '2026-08-29 12:15+08', NULL", (office,))
    conn.execute("UPDATE visit SET doubts = '{speed}' WHERE code = 'v5'")
    conn.execute(
        "INSERT INTO track (code, started_at, ended_at, geom, counted) SELECT 't', '2026-08-29 14:50+08', '2026-08-29 16:10+08', "
        "ST_AddMeasure(l, 0, 1), ST_Multi(l) FROM (SELECT 'SRID=4490;LINESTRING(116.01 39.01, 116.02 39.01)'::geometry AS l) AS t"
    )
    east = matrix(conn, "zh", area="C1", now=NOW)
    assert [sum(map(sum, east.incidents)), cell(east.incidents, 6, 6), cell(east.incidents, 6, 7)] == [5, 3, 2]
    hours = [(day, hour) for day in range(1, 8) for hour in range(24) if cell(east.presence, day, hour)]
    assert hours == [(6, h) for h in (7, 9, 10, 11, 14, 15, 16)]
    assert max(map(max, east.presence)) == 1
    assert (east.days, east.places) == (52, 1)
    west, both = matrix(conn, "zh", area="C2", now=NOW), matrix(conn, "zh", area="S1", now=NOW)
    assert cell(west.incidents, 6, 6) == 5
    assert cell(both.incidents, 6, 6) == 8
    assert (both.places, both.days) == (2, 104)
    assert both == matrix(conn, "zh", now=NOW)
    one = matrix(conn, "zh", grid="g02", now=NOW)
    assert [(d, h) for d in range(1, 8) for h in range(24) if cell(one.presence, d, h)] == [(6, 9), (6, 11)]
    assert one.incidents[5][6] == 0
    assert matrix(conn, "zh", grid="nowhere", now=NOW).places == 0


def test_an_evening_without_presence_is_found_and_the_matrix_is_what_was_judged(conn, office):
    conn.execute(
        "INSERT INTO incident (code, channel, occurred_at, grid_id) SELECT 'h' || g.code || row_number() OVER (), "
        "CASE WHEN extract(isodow FROM t) >= 6 AND extract(hour FROM t) BETWEEN 19 AND 22 THEN 'hotline' ELSE 'patrol' END, "
        "t AT TIME ZONE 'Asia/Shanghai', g.id "
        "FROM generate_series(timestamp '2025-10-01 08:10', '2026-08-30 22:10', '1 hour') AS t JOIN grid g ON g.code = 'g00' "
        "WHERE extract(hour FROM t) BETWEEN 8 AND 22"
    )
    (found,) = judge(conn, office, "uncovered_hours")
    assert found.subjects == {"area": "C1", "part": "weekend-evening", "days": [6, 7], "begins": 19, "hours": 4}
    assert found.grid_codes == []
    seen = matrix(conn, "zh", area="C1", now=NOW)
    block = [(d, h) for d in (6, 7) for h in range(19, 23)]
    assert found.measure["incidents"] == sum(cell(seen.incidents, *c) for c in block) == 8 * 48
    assert found.measure["presence"] == sum(cell(seen.presence, *c) for c in block) == 0
    assert found.measure["all_incidents"] == sum(map(sum, seen.incidents))
    assert found.measure["all_presence"] == sum(map(sum, seen.presence))
    conn.execute("INSERT INTO visit (code, network_id, grid_code, visited_at) SELECT 'w' || t, %s, 'g03', t AT TIME ZONE 'Asia/Shanghai' "
        "FROM generate_series(timestamp '2026-05-02 19:20', '2026-08-30 22:20', '1 hour') AS t "
        "WHERE extract(isodow FROM t) >= 6 AND extract(hour FROM t) BETWEEN 19 AND 22", (office,))  # fmt: skip
    conn.execute("UPDATE visit SET doubts = '{}'")
    assert judge(conn, office, "uncovered_hours") == []


# unowned_matter -----------------------------------------------------------------------------------


def duty(conn, category, lead, area=None, begins="2025-01-01", ends=None, kind="matter", assists=""):
    conn.execute(
        "INSERT INTO duty (code, name, kind, category, area_code, lead, assists, valid_from, valid_to) "
        "SELECT 'd' || count(*), %s, %s, %s, %s, %s, %s, %s, %s FROM duty",
        (category, kind, category, area, lead, assists, begins, ends),
    )


def test_what_the_list_gives_to_nobody_or_to_two_units_is_unowned(conn, office):
    day = "2026-05-05 10:00"
    incidents(conn, [("g00", "matter", "无主", "patrol", day, 3)])
    assert judge(conn, office, "unowned_matter") == []  # without a list nothing is judged
    assert absent(conn) == ["no_posts", "no_visits", "no_duties"]
    duty(conn, "有主", "城管")
    duty(conn, "空白", " ", assists="街道办、物业")
    duty(conn, "争议", "城管")
    duty(conn, "争议", "环保")
    duty(conn, "同一", "城管")
    duty(conn, "同一", "城管 ")
    duty(conn, "本地", "城管")
    duty(conn, "本地", "社区", area="C1")
    duty(conn, "街道", "", area=None)
    duty(conn, "街道", "街道办", area="S1")
    duty(conn, "各地", "城管", area="C1")
    duty(conn, "各地", "环保", area="C2")
    duty(conn, "到期", "老城管", ends="2026-05-04")
    duty(conn, "未到", "新城管", begins="2026-05-06")
    duty(conn, "当天", "城管", begins="2026-05-05", ends="2026-05-05")
    duty(conn, "一半", "城管", area="C1")
    duty(conn, "另类", "城管", kind="hazard")
    for category in (
        "有主",
        "空白",
        "争议",
        "同一",
        "本地",
        "街道",
        "各地",
        "到期",
        "未到",
        "当天",
        "一半",
        "另类",
        "",
    ):
        incidents(conn, [("g00", "matter", category, "patrol", day, 1), ("g07", "matter", category, "patrol", day, 2)])
    found = {f.subjects["category"]: f for f in judge(conn, office, "unowned_matter")}
    assert absent(conn) == ["no_posts", "no_visits"]
    assert {name: (f.subjects["fault"], f.measure["incidents"]) for name, f in found.items()} == {
        "无主": ("missing", 3), "空白": ("blank", 3), "争议": ("several", 3), "到期": ("missing", 3), "未到": ("missing", 3),
        "一半": ("missing", 2), "另类": ("missing", 3),
    }  # fmt: skip
    assert found["争议"].subjects["units"] == ["城管", "环保"]
    assert len(found["争议"].subjects["items"]) == 2
    assert found["空白"].remedies[0]["units"] == ["物业", "街道办"]
    assert found["到期"].remedies[0]["units"] == ["老城管"]
    assert found["无主"].remedies[0]["units"] == []
    areas = dict(conn.execute("SELECT code, id FROM area").fetchall())
    assert (found["无主"].area_id, found["一半"].area_id, found["争议"].area_id) == (areas["C1"], areas["C2"], None)
    assert len(found["争议"].subjects["examples"]) == 3


def test_what_was_closed_long_ago_is_not_asked_and_what_is_still_open_is(conn, office):
    duty(conn, "有主", "城管")
    incidents(
        conn,
        [
            ("g00", "matter", "旧案", "patrol", "2025-06-01 10:00", 1),
            ("g00", "matter", "悬案", "patrol", "2025-06-01 10:00", 2),
        ],
    )
    conn.execute("UPDATE incident SET closed_at = NULL WHERE category = '悬案'")
    (found,) = judge(conn, office, "unowned_matter")
    assert (found.subjects["category"], found.measure["incidents"], found.measure["open"]) == ("悬案", 2, 2)
    assert judge(conn, office, "unowned_matter", unowned_incidents_min=3) == []
    assert len(judge(conn, office, "unowned_matter", unowned_days=500)) == 2
    assert judge(conn, office, "unowned_matter", now=datetime(2025, 1, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_rule_and_the_resolver_give_every_incident_the_same_answer(conn, office, seed):
    """Random lists of two versions, items of one or several categories, of an area or the whole office, ended or void."""
    dice = random.Random(seed)
    categories = ["暴露垃圾", "积存垃圾", "噪声", "犬只"]
    for number in range(40):
        begins = datetime(2026, 1, 1, tzinfo=UTC).date() + timedelta(days=dice.randrange(30, 200))
        lasts = dice.choice([None, -1, dice.randrange(90)])
        conn.execute(
            "INSERT INTO duty (code, name, kind, category, area_code, lead, valid_from, valid_to) VALUES (%s, '', 'matter', %s, %s, %s, %s, %s)",
            (
                str(number), "、".join(dice.sample(categories, dice.choice([1, 1, 2]))), dice.choice([None, None, "S1", "C1", "C2"]),
                dice.choice(["", "城管", "环保"]), begins, None if lasts is None else begins + timedelta(days=lasts),
            ),
        )  # fmt: skip
    days = [f"2026-{dice.randrange(1, 9):02d}-{dice.randrange(1, 29):02d} 23:30" for _ in range(60)]
    incidents(
        conn, [(code(dice.randrange(GRIDS)), "matter", dice.choice(categories), "patrol", day, 1) for day in days]
    )
    expected: Counter[str] = Counter()
    rows = conn.execute("SELECT category, ST_X(geom), ST_Y(geom), occurred_at FROM incident").fetchall()
    for category, x, y, at in rows:
        answer = resolver.resolve(conn, (x, y), "matter", category, at)
        ruled = conn.execute(
            "SELECT EXISTS (SELECT FROM duty WHERE valid_from <= %(d)s AND (valid_to IS NULL OR valid_to >= %(d)s))", {"d": answer.day}
        ).fetchone()[0]  # fmt: skip
        expected[category] += bool(answer.problem) and ruled
    found = {f.subjects["category"]: f.measure["incidents"] for f in judge(conn, office, "unowned_matter")}
    assert found == {category: count for category, count in expected.items() if count}
    assert sum(found.values()) > 0
