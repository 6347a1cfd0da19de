"""Questions about visits, answers, and the forms that write people, leave, visits and duties."""

from __future__ import annotations

from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta

import pytest

from gis.db.connection import close_pools
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.records import duties
from gis.records import people
from gis.records import presence
from gis.records import visits
from gis.records.buildings import BuildingUnknown
from gis.records.grids import GridUnknown
from gis.vocabulary import Actor
from gis.vocabulary import Duty
from server import daily

JOB = Actor.job("test")
BOSS, CHIEF, WORKER, LEADER, PLANNER, WALL = (
    Actor(name) for name in ("boss", "chief", "worker", "leader", "planner", "wall")
)

STREET = """
INSERT INTO area (code, name, level, geom) SELECT c, c, 'community', ST_Multi(ST_MakeEnvelope(x, 30, x + 0.02, 30.02, 4490)) FROM (VALUES ('A', 120.0), ('B', 120.02)) AS v (c, x);
INSERT INTO network (code, name, kind) VALUES ('comprehensive', '综合网', 'comprehensive');
INSERT INTO grid (network_id, code, name, area_id, geom, valid_from)
SELECT 1, g, g, (SELECT id FROM area WHERE code = c), ST_Multi(ST_MakeEnvelope(x, 30, x + 0.01, 30.02, 4490)), '2020-01-01'
FROM (VALUES ('A1', 'A', 120.0), ('A2', 'A', 120.01), ('B1', 'B', 120.02)) AS v (g, c, x);
INSERT INTO building (code, households, geom) SELECT 'b' || g.code, 9, ST_PointOnSurface(g.geom) FROM grid g;
INSERT INTO account (name) VALUES ('boss'), ('chief'), ('worker'), ('leader'), ('planner'), ('wall');
INSERT INTO account_role (account_id, role) SELECT id, CASE name WHEN 'boss' THEN 'supervisor' WHEN 'chief' THEN 'supervisor' ELSE name END FROM account
WHERE name IN ('boss', 'chief', 'worker', 'leader', 'planner', 'wall');
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name IN ('boss', 'leader', 'planner', 'wall');
INSERT INTO account_scope (account_id, reach, area_id) SELECT c.id, 'area', a.id FROM account c, area a WHERE c.name = 'chief' AND a.code = 'A';
INSERT INTO account_scope (account_id, reach, network_id, grid_code) SELECT id, 'grid', 1, 'A1' FROM account WHERE name = 'worker';
INSERT INTO person (code, name, phone) VALUES ('W1', '王一一', '13800138000'), ('W2', '李二二', '13900139000');
INSERT INTO post (code, person_id, duty, network_id, grid_code, valid_from) SELECT p.code, p.id, 'worker', 1, CASE p.code WHEN 'W1' THEN 'A1' ELSE 'B1' END, '2024-01-01' FROM person p;
"""

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def office(shared_database):
    with session(JOB) as conn:
        conn.execute(STREET)
    people.link(JOB, "W1", "worker")
    yield shared_database
    close_pools()


@pytest.fixture(autouse=True)
def _clean(office):
    yield
    with session(JOB) as conn:
        conn.execute("DELETE FROM visit; DELETE FROM track; DELETE FROM leave; DELETE FROM duty")
        conn.execute("DELETE FROM post WHERE duty <> 'worker'")


def ask(statement, *given):
    with session(JOB) as conn:
        return conn.execute(statement, given).fetchall()


def visit(minutes, x=120.005, *, person="W1", y=30.01, actor=JOB, **more):
    return visits.record_visit(
        actor, person=person, at=NOON + timedelta(minutes=minutes), place=(x, y) if x else None, **more
    )


def doubts():
    return [found for (found,) in ask("SELECT doubts FROM visit ORDER BY visited_at, id")]


def test_a_visit_is_questioned_where_it_cannot_be_and_not_where_a_phone_errs():
    assert visit(0, 120.0104, grid="A1").doubts == []  # 40 m outside: the street in front
    assert visit(60, 120.0114, grid="A1").doubts == ["outside"]
    assert visit(120, 120.0065, building="bA1").doubts == []
    far = visit(180, 120.008, building="bA1")
    assert (far.doubts, far.grid, far.counts) == (["outside"], "A1", False)
    assert visit(240, None, grid="A1").doubts == ["no_place"]
    assert visit(300, None, building="bA1").doubts == []
    ahead = visits.record_visit(JOB, person="W1", at=datetime.now(UTC) + timedelta(hours=2), place=(120.005, 30.01))
    assert ahead.doubts == ["future"]


def test_a_stray_is_questioned_and_those_beside_it_are_not_whatever_order_they_come_in():
    visit(0)
    visit(10, 120.025)  # 2 km in ten minutes: 12 km/h
    assert doubts() == [[], []]
    visit(1, 120.155)  # 14 km in a minute, and back
    assert doubts() == [[], ["speed"], []]
    # only two: nobody knows which one is wrong
    visit(0, person="W2")
    visit(1, 120.155, person="W2")
    assert sorted(doubts(), key=len) == [[], [], ["speed"], ["speed"], ["speed"]]
    # one that comes in later shows which
    visit(2, person="W2")
    found = ask(
        "SELECT visited_at, doubts FROM visit v JOIN person p ON p.id = v.person_id WHERE p.code = 'W2' ORDER BY 1"
    )
    assert [d for _at, d in found] == [[], ["speed"], []]


def test_many_visits_in_one_minute_are_questioned_together():
    least = int(presence.limits()["same_minute_visits"])
    for turn in range(least):
        assert doubts() == [[]] * turn
        visit(turn / 10, note=str(turn))
    assert doubts() == [["same_minute"]] * least


def test_an_answer_lets_it_count_until_a_new_question_arises_and_a_wrong_record_troubles_nobody():
    one = visit(0, 120.0114, grid="A1")
    with pytest.raises(visits.AnswerShort):
        visits.answer_visit(BOSS, one.id, "好")
    with pytest.raises(NotAllowed):
        visits.answer_visit(LEADER, one.id, "站在门口,定位偏了")
    answered = visits.answer_visit(BOSS, one.id, "站在门口,定位偏了")
    assert (answered.counts, answered.answered_by) == (True, "boss")
    two = visit(1, 120.125)
    assert doubts() == [["outside", "speed"], ["speed"]]
    assert ask("SELECT answer, counts FROM visit WHERE id = %s", one.id) == [(None, False)]  # new: speed
    assert not visits.answer_visit(BOSS, two.id, "手机借给了别人", counts=False).counts
    assert doubts()[0] == ["outside"]
    assert visits.answer_visit(BOSS, one.id, "站在门口,定位偏了").counts
    with pytest.raises(visits.NothingAsked):
        visits.answer_visit(BOSS, visit(400).id, "没有什么可问的")
    deeds = ask("SELECT action, actor FROM audit WHERE relation = 'visit' AND action = 'answer' ORDER BY seq")
    assert deeds == [("answer", "boss")] * 3
    assert ask(
        "SELECT row->>'answer' FROM history WHERE relation = 'visit' AND row_id = %s AND row->>'answer' IS NOT NULL",
        one.id,
    )


def test_everybody_writes_what_is_his_and_sees_no_more():
    own = visits.record_visit(WORKER, at=NOON, place=(120.0114, 30.01), grid="A1")
    assert (own.person, own.doubts) == ("W1", ["outside"])
    with pytest.raises(visits.OwnVisit):
        visits.answer_visit(WORKER, own.id, "我真的去过那里")
    with pytest.raises(people.PersonUnknown):
        visits.record_visit(WORKER, person="W2", at=NOON, place=(120.025, 30.01))
    with pytest.raises(people.PersonUnknown):
        visit(0, 120.025, person="W2", actor=CHIEF)
    with pytest.raises(visits.WhoseVisit):
        visits.record_visit(BOSS, at=NOON, place=(120.005, 30.01))
    with pytest.raises(visits.VisitThere):
        visits.record_visit(WORKER, at=NOON, place=(120.0114, 30.01), grid="A1")
    with pytest.raises(GridUnknown):
        visit(1, grid="Z")
    with pytest.raises(BuildingUnknown):
        visit(1, building="Z")
    visit(0, 120.025, person="W2")
    for actor, count in ((BOSS, 2), (CHIEF, 1), (WORKER, 1), (LEADER, 2)):
        with session(actor) as conn:
            assert len(visits.listing(conn)) == count, actor.name
    with session(BOSS) as conn:
        assert visits.waiting(conn) == {"outside": 1}
        assert [v.code for v in visits.listing(conn, waiting=True)] == [own.code]
    # what a writer says of his own questions is not believed
    with session(WORKER) as conn:
        conn.execute("INSERT INTO visit (code, person_id, visited_at, doubts, answer, dismissed)"
                     " SELECT 'x', id, now(), '{outside}', 'ok', true FROM person")  # fmt: skip
    assert ask("SELECT doubts, answer, dismissed FROM visit WHERE code = 'x'") == [([], None, False)]
    with pytest.raises(NotAllowed), session(BOSS) as conn:
        conn.execute("UPDATE visit SET doubts = '{}'")


def test_names_and_phones_are_told_to_those_who_need_them():
    told = {}
    for actor in (BOSS, LEADER, PLANNER, WORKER):
        with session(actor) as conn:
            told[actor.name] = [(p.name, p.phone) for p in people.find(conn)]
    assert told["boss"] == [("王一一", "13800138000"), ("李二二", "13900139000")]
    assert told["leader"] == [("王一一", "138****8000"), ("李二二", "139****9000")]
    assert told["planner"] == [("王**", "138****8000"), ("李**", "139****9000")]
    assert told["worker"] == [("王一一", "13800138000")]
    with session(WALL) as conn:
        assert people.find(conn) == people.staff(conn) == people.tree(conn) == people.on_leave(conn) == []
        assert visits.listing(conn) == visits.tracks(conn) == []


def test_appointments_leave_and_duties_by_form():
    day = date(2026, 3, 1)
    with pytest.raises(people.PersonUnknown):
        people.appoint(CHIEF, "W2", Duty.CHIEF, "A1", day)  # works in the other community
    with pytest.raises(NotAllowed):
        people.appoint(CHIEF, "W1", Duty.CHIEF, "B1", day)
    with pytest.raises(GridUnknown):
        people.appoint(BOSS, "W2", Duty.CHIEF, "Z", day)
    post = people.appoint(BOSS, "W2", Duty.CHIEF, "A1", day, reason="补缺")
    with pytest.raises(people.PostThere):
        people.appoint(BOSS, "W2", Duty.CHIEF, "A1", date(2026, 5, 1))
    with pytest.raises(people.ChiefThere, match="W2"):
        people.appoint(BOSS, "W1", Duty.CHIEF, "A1", date(2026, 5, 1))
    with session(BOSS) as conn:
        assert [(s.code, s.duty) for s in people.staff(conn, grid="A1", day=day)] == [("W2", "chief"), ("W1", "worker")]
        assert [s.code for s in people.staff(conn, grid="A1", day=date(2026, 2, 28))] == ["W1"]
    people.record_leave(BOSS, "W1", day, date(2026, 3, 9))
    people.record_leave(BOSS, "W1", day, date(2026, 3, 5))
    with pytest.raises(people.LeaveOverlaps):
        people.record_leave(BOSS, "W1", date(2026, 3, 4), None)
    with pytest.raises(people.EndsEarly):
        people.record_leave(BOSS, "W1", day, date(2026, 2, 1))
    with session(BOSS) as conn:
        away = people.on_leave(conn, date(2026, 3, 5))
        assert [(a.code, a.grids) for a in away] == [("W1", ["A1"])]
        assert people.on_leave(conn, date(2026, 3, 6)) == []
        assert [s.on_leave for s in people.staff(conn, grid="A1", day=day)] == [False, True]
    with pytest.raises(people.EndsEarly):
        people.end_post(BOSS, post, date(2026, 2, 1))
    people.end_post(BOSS, post, date(2026, 6, 30), reason="调离")
    with pytest.raises(people.ChiefThere):
        people.appoint(BOSS, "W1", Duty.CHIEF, "A1", date(2026, 6, 30))
    people.appoint(BOSS, "W1", Duty.CHIEF, "A1", date(2026, 7, 1))
    with pytest.raises(people.PostUnknown):
        people.end_post(CHIEF, ask("SELECT id FROM post WHERE grid_code = 'B1'")[0][0], day)
    with pytest.raises(NotAllowed):
        people.end_post(LEADER, post, day)
    duties.claim(BOSS, "占道经营", "城管所", day)
    duties.claim(BOSS, "占道经营", "执法队", date(2026, 7, 1))
    with session(LEADER) as conn:
        assert [(d.lead, d.valid_to) for d in duties.listing(conn, day=day)] == [("城管所", date(2026, 6, 30))]
        assert [d.lead for d in duties.listing(conn, category="占道经营", day=date(2026, 8, 1))] == ["执法队"]
    with pytest.raises(duties.LeadMissing):
        duties.claim(BOSS, "占道经营", " ", day)
    deeds = {(a, r) for a, r in ask("SELECT action, relation FROM audit WHERE actor = 'boss'")}
    assert {("appoint", "post"), ("end", "post"), ("record", "leave"), ("claim", "duty")} <= deeds


def test_links_come_whichever_side_is_first_and_follow_what_moves():
    with session(JOB) as conn:
        conn.execute(
            "INSERT INTO post (code, person_id, duty, building_code) SELECT 'head', min(id), 'building_head', 'later' FROM person"
        )
        conn.execute("INSERT INTO organisation (code, name, level, area_code) VALUES ('o', 'o', 'community', 'later')")
        assert conn.execute("SELECT building_id, area_id FROM post WHERE code = 'head'").fetchone() == (None, None)
        conn.execute("INSERT INTO building (code, geom) VALUES ('later', ST_SetSRID(ST_Point(120.005, 30.01), 4490))")
        link = "SELECT b.code, a.code FROM post p JOIN building b ON b.id = p.building_id JOIN area a ON a.id = p.area_id WHERE p.code = 'head'"
        assert conn.execute(link).fetchone() == ("later", "A")
        conn.execute("UPDATE building SET geom = ST_SetSRID(ST_Point(120.025, 30.01), 4490) WHERE code = 'later'")
        assert conn.execute(link).fetchone() == ("later", "B")
        conn.execute(
            "INSERT INTO area (code, name, level, geom) VALUES ('later', '', 'community', ST_Multi(ST_MakeEnvelope(120.5, 30, 120.6, 30.1, 4490)))"
        )
        assert conn.execute("SELECT a.code FROM organisation o JOIN area a ON a.id = o.area_id").fetchone() == (
            "later",
        )
        # a grid that goes to another community takes its posts along, and no history is written of that
        before = conn.execute("SELECT count(*) FROM history WHERE relation = 'post'").fetchone()
        conn.execute("UPDATE grid SET area_id = (SELECT id FROM area WHERE code = 'A') WHERE code = 'B1'")
        assert conn.execute(
            "SELECT a.code FROM post p JOIN area a ON a.id = p.area_id WHERE grid_code = 'B1'"
        ).fetchone() == ("A",)
        assert conn.execute("SELECT count(*) FROM history WHERE relation = 'post'").fetchone() == before
        conn.rollback()


def test_tracks_are_forgotten_after_their_days_and_leave_nothing(monkeypatch):
    line = "ST_SetSRID('LINESTRING M (120 30 0, 120.1 30 9)'::geometry, 4490)"
    with session(JOB) as conn:
        for code, days in (("old", 40), ("new", 20)):
            conn.execute(f"INSERT INTO track (code, started_at, ended_at, geom) VALUES (%s, now() - make_interval(days => %s), now() - make_interval(days => %s), {line})",
                         (code, days, days))  # fmt: skip
    monkeypatch.setenv("GRIDATLAS_PEOPLE_TRACK_DAYS", "30")
    daily.tick(datetime.now(UTC))
    assert ask("SELECT code FROM track") == [("new",)]
    assert ask("SELECT count(*) FROM history WHERE relation = 'track'") == [(0,)]
    assert ask("SELECT after->>'rows' FROM audit WHERE action = 'forget' AND relation = 'track'") == [("1",)]
    with pytest.raises(NotAllowed), session(BOSS) as conn:
        conn.execute("SELECT atlas.forget_tracks(1)")
