"""Whistles in the database: blown, approved, refused, decided, signed in to, handled, rated; by whom, and by whom not."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest

from gis.casework import whistle
from gis.casework.errors import MomentUnfit
from gis.casework.whistle import flow
from gis.casework.whistle.errors import DraftUnfit
from gis.casework.whistle.errors import NotYours
from gis.casework.whistle.errors import Overtaken
from gis.casework.whistle.errors import OwnWhistle
from gis.casework.whistle.errors import WhistleMissing
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.vocabulary import Actor

JOB = Actor.job("test")
WORKER, OTHER, SUPERVISOR, LEADER, HOUSING, FIRE, WALL = (
    Actor(name) for name in ("worker", "other", "supervisor", "leader", "housing", "fire", "wall")
)
HERE, FAR = (120.02, 30.05), (120.03, 30.05)

STREET = """
INSERT INTO area (code, name, level, geom) VALUES ('S', '街道', 'street', ST_Multi(ST_MakeEnvelope(120, 30, 120.2, 30.1, 4490)));
INSERT INTO area (code, name, level, parent_id, geom)
SELECT c, c || '社区', 'community', 1, ST_Multi(ST_MakeEnvelope(x, 30, x + 0.1, 30.1, 4490)) FROM (VALUES ('A', 120.0), ('B', 120.1)) AS v (c, x);
INSERT INTO network (code, name, kind) VALUES ('comprehensive', '网', 'comprehensive');
INSERT INTO grid (network_id, code, name, area_id, geom, valid_from) SELECT 1, code || '1', '', id, geom, '2026-01-01' FROM area WHERE level = 'community';
INSERT INTO incident (code, kind, category, title, geom) VALUES ('I1', 'hazard', '燃气', '管道漏气', ST_SetSRID(ST_Point(120.02, 30.05), 4490));
INSERT INTO account (name, units) SELECT n, u::text[] FROM (VALUES ('worker', '{}'), ('other', '{}'), ('supervisor', '{}'), ('leader', '{}'),
    ('housing', '{住建局}'), ('fire', '{消防队}'), ('wall', '{}')) AS v (n, u);
INSERT INTO account_role (account_id, role) SELECT id, CASE name WHEN 'other' THEN 'worker' WHEN 'housing' THEN 'department' WHEN 'fire' THEN 'department' ELSE name END
FROM account WHERE name NOT IN ('zhang', 'test');
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name IN ('leader', 'housing', 'fire', 'wall');
INSERT INTO account_scope (account_id, reach, area_id) SELECT c.id, 'area', a.id FROM account c JOIN area a ON a.code = CASE c.name WHEN 'other' THEN 'B' ELSE 'A' END
WHERE c.name IN ('worker', 'other', 'supervisor');
"""


@pytest.fixture(scope="module")
def street(shared_database):
    with session(JOB) as conn:
        conn.execute(STREET)
    return shared_database


pytestmark = pytest.mark.usefixtures("street")


def draft(**more):
    said = {
        "kind": "street", "occasion": "emergency", "title": "管道漏气", "effort": "已疏散,已关阀", "lead": "住建局",
        "assists": ("消防队",), "incident": "I1",
    }  # fmt: skip
    return whistle.Draft(**{**said, **more})


def step(actor, called, act, note="说明", **more):
    return whistle.act(actor, called.id, act, expected=called.seq, note=note, **more)


def seen(actor, called):
    try:
        with session(actor) as conn:
            return whistle.get(conn, called.code).id == called.id
    except (WhistleMissing, NotAllowed):
        return False


def may(actor, called):
    with session(actor) as conn:
        return {act.value for act in whistle.possible(conn, whistle.get(conn, called.code))}


def test_a_whistle_from_call_to_rating():
    with pytest.raises(NotYours):
        whistle.blow(WORKER, draft())  # the street's whistle is not a worker's to blow
    called = whistle.blow(SUPERVISOR, draft())
    assert (called.state, called.area, called.grid, called.matter, called.category) == (
        "drafted",
        "A",
        "A1",
        "hazard",
        "燃气",
    )
    assert timedelta(minutes=29) < called.wanted_at - datetime.now(UTC) <= timedelta(minutes=30)
    assert may(SUPERVISOR, called) == {"note", "drop"}
    with pytest.raises(NotYours):
        step(SUPERVISOR, called, "approve")
    called = step(LEADER, called, "approve")
    assert (called.state, called.approver) == ("called", "leader")
    assert {name: seen(who, called) for name, who in (("fire", FIRE), ("other", OTHER), ("wall", WALL))} == {
        "fire": True, "other": False, "wall": False,
    }  # fmt: skip

    # one winner, and the other is told who, when and what
    stale = called
    called = step(FIRE, called, "arrive", geom=HERE)
    with pytest.raises(Overtaken, match=r"fire.*报到"):
        step(HOUSING, stale, "refuse")
    with pytest.raises(NotYours):
        step(FIRE, called, "refuse", unit="住建局")
    called = step(HOUSING, called, "refuse", "管道不归我局")
    assert (called.state, called.units[0].refusal) == ("refused", "管道不归我局")
    assert may(SUPERVISOR, called) == {"measure", "arrive", "explain", "note", "drop"} - {"arrive"}
    called = step(LEADER, called, "arbitrate", data={"result": "must"})
    assert called.state == "called"

    # far away is a question, not a penalty
    called = step(HOUSING, called, "arrive", geom=FAR)
    lead = called.units[0]
    assert (called.state, lead.doubts, lead.asked) == ("arrived", ["far"], True)
    assert lead.away_m == pytest.approx(964, abs=5)
    called = step(HOUSING, called, "explain", "在气站关总阀", unit="住建局")
    assert not called.units[0].asked
    with pytest.raises(NotYours):
        step(FIRE, called, "handle")  # the lead says that all is done
    called = step(HOUSING, step(HOUSING, called, "measure", "已换阀"), "handle", "已修好")
    with pytest.raises(NotYours):
        step(LEADER, called, "rate", data={"result": "good"})  # the blower rates
    called = step(SUPERVISOR, called, "rate", data={"result": "good"})
    assert (called.state, called.rating, called.returns) == ("rated", "good", 0)

    with session(JOB) as conn:
        events = whistle.history(conn, called.id)
        steps = [flow.Event(flow.Act(e.act), e.unit, e.note, e.data) for e in events]
        assert flow.replay(steps) == called.flow
        assert [e.seq for e in events] == list(range(1, called.seq + 1))
        assert [w.code for w in whistle.of_case(conn, "I1")] == [called.code]
        audit = conn.execute(
            "SELECT array_agg(action ORDER BY id) FROM audit WHERE subject = %s", (called.code,)
        ).fetchone()
    assert audit[0] == [e.act for e in events]


def test_a_grid_whistles_for_street_and_community_and_a_new_lead_takes_over():
    called = whistle.blow(
        WORKER, draft(kind="grid", occasion="problem", lead="平安办", assists=("A社区",), incident=None, point=HERE)
    )
    with pytest.raises(NotYours):
        step(WORKER, called, "approve")
    called = step(SUPERVISOR, called, "approve")
    called = step(SUPERVISOR, called, "arrive", unit="A社区", geom=HERE)
    assert called.units[1].doubts == ["behalf"]  # written down by another: a question, too
    called = step(SUPERVISOR, called, "refuse", unit="平安办")
    called = step(SUPERVISOR, called, "arbitrate", unit="平安办", data={"result": "excused", "lead": "物业办"})
    assert (called.state, called.names) == ("called", ["物业办", "A社区"])
    called = step(WORKER, called, "arrive", unit="物业办")
    assert (called.state, called.units[0].doubts) == ("arrived", ["no_place", "behalf"])
    called = step(WORKER, step(SUPERVISOR, called, "handle"), "back", "还在漏")
    assert (called.state, called.returns, called.handled_at) == ("arrived", 1, None)
    with session(WORKER) as conn:
        assert [w.code for w in whistle.listing(conn, whistle.Query(mine=True))] == [called.code]
        assert whistle.listing(conn, whistle.Query(area="B")) == []


def test_what_a_leader_blows_is_called_at_once_and_nobody_approves_his_own():
    assert whistle.blow(LEADER, draft()).state == "called"
    own = whistle.blow(SUPERVISOR, draft())
    with session(JOB) as conn:
        conn.execute(
            "INSERT INTO account_role (account_id, role) SELECT id, 'leader' FROM account WHERE name = 'supervisor'"
        )
    with pytest.raises(OwnWhistle):
        step(SUPERVISOR, own, "approve")
    with session(JOB) as conn:
        conn.execute(
            "DELETE FROM account_role WHERE role = 'leader' AND account_id = (SELECT id FROM account WHERE name = 'supervisor')"
        )


@pytest.mark.parametrize(
    ("wrong", "mistake"),
    [
        ({"effort": " "}, DraftUnfit),
        ({"lead": ""}, DraftUnfit),
        ({"assists": ("住建局",)}, DraftUnfit),
        ({"incident": None}, DraftUnfit),
        ({"incident": "I9"}, DraftUnfit),
        ({"wanted_at": datetime(2020, 1, 1, tzinfo=UTC)}, DraftUnfit),
        ({"incident": None, "point": (120.15, 30.05)}, NotAllowed),
    ],
)
def test_what_no_whistle_is_blown_for(wrong, mistake):
    with pytest.raises(mistake):
        whistle.blow(SUPERVISOR, draft(**wrong))


def test_a_sign_in_is_neither_in_the_future_nor_before_the_call():
    called = whistle.blow(LEADER, draft())
    for at in (datetime.now(UTC) + timedelta(hours=1), called.created_at - timedelta(minutes=1)):
        with pytest.raises(MomentUnfit):
            step(HOUSING, called, "arrive", at=at)


@pytest.mark.parametrize(
    ("who", "statement"),
    [
        (HOUSING, "UPDATE whistle_event SET note = ''"),
        (HOUSING, "INSERT INTO whistle_event (whistle_id, seq, act, state, actor) SELECT id, 99, 'note', 'called', 'fire' FROM whistle LIMIT 1"),
        (FIRE, "DELETE FROM whistle"),
        (SUPERVISOR, "UPDATE whistle SET geom = ST_SetSRID(ST_Point(120.15, 30.05), 4490)"),
    ],
)  # fmt: skip
def test_what_the_pages_refuse_the_database_refuses_too(who, statement):
    with pytest.raises(NotAllowed), session(who) as conn:
        conn.execute(statement)


def test_of_two_at_once_one_wins_and_the_other_is_told():
    called = whistle.blow(LEADER, draft())
    gate = threading.Barrier(2)

    def arrive(who):
        gate.wait()
        try:
            step(who, called, "arrive", geom=HERE)
        except Overtaken as told:
            return told.message
        return ""

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(arrive, (HOUSING, FIRE)))
    assert told[0] == ""
    assert "报到" in told[1]
    with session(JOB) as conn:
        assert [e.act for e in whistle.history(conn, called.id)] == ["blow", "arrive"]
