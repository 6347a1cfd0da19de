"""The list meeting: what nobody owns is collected once, decided, and owned from then on."""

from __future__ import annotations

from datetime import date

import openpyxl
import pytest
from psycopg.types.json import Jsonb

from gis.casework import duties as looking
from gis.casework import meeting
from gis.casework import resolver
from gis.casework import whistle
from gis.coverage.extract import PurposeMissing
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.records import duties
from gis.vocabulary import Actor

JOB = Actor.job("test")
BOSS = Actor("zhang")
HERE = (120.02, 30.05)

STREET = """
INSERT INTO area (code, name, level, geom) VALUES ('A', 'A社区', 'community', ST_Multi(ST_MakeEnvelope(120, 30, 120.1, 30.1, 4490)));
INSERT INTO network (code, name, kind) VALUES ('comprehensive', '网', 'comprehensive');
INSERT INTO grid (network_id, code, name, area_id, geom, valid_from) VALUES (1, 'A1', '', 1, ST_Multi(ST_MakeEnvelope(120, 30, 120.1, 30.1, 4490)), '2026-01-01');
INSERT INTO duty (code, name, category, lead, valid_from) VALUES ('1', '', '噪声', '城管办', '2026-01-01'), ('2', '', '噪声', '派出所', '2026-01-01'),
    ('3', '', '渣土', '市城管局', '2026-01-01');
INSERT INTO incident (code, category, geom, occurred_at)
SELECT 'I' || n, CASE WHEN n < 4 THEN '噪声' WHEN n < 6 THEN '犬只' ELSE '渣土' END, ST_SetSRID(ST_Point(120.02, 30.05), 4490), now() FROM generate_series(1, 7) AS n;
INSERT INTO account (name) VALUES ('local');
INSERT INTO account_role (account_id, role) SELECT id, 'supervisor' FROM account WHERE name = 'local';
INSERT INTO account_scope (account_id, reach, area_id) SELECT id, 'area', 1 FROM account WHERE name = 'local';
"""


@pytest.fixture(scope="module")
def street(shared_database):
    with session(JOB) as conn:
        conn.execute(STREET)
        for number, category in conn.execute("SELECT id, category FROM incident").fetchall():
            told = resolver.resolve(conn, HERE, "matter", category, date(2026, 6, 1))
            conn.execute("UPDATE casefile SET terms = %s WHERE incident_id = %s", (Jsonb(resolver.terms(told)), number))
    return shared_database


def agenda(states=("open",)):
    with session(BOSS) as conn:
        return {e.category: e for e in meeting.entries(conn, states)}


@pytest.mark.usefixtures("street")
def test_a_matter_goes_from_the_cases_to_the_meeting_to_the_list(tmp_path):
    with pytest.raises(NotAllowed):
        meeting.collect(Actor("local"))
    assert meeting.collect(BOSS) == meeting.Collected(2, 0, 0)
    found = agenda()
    assert {name: (e.problem, e.open, e.sources, sorted(e.units)) for name, e in found.items()} == {
        "噪声": ("several", 3, ["case"], ["城管办", "派出所"]),
        "犬只": ("none", 2, ["case"], []),
    }
    # a refusal puts in question what the list says; collecting again adds nothing twice
    called = whistle.blow(
        JOB,
        whistle.Draft("street", "problem", "渣土", "劝过", "市城管局", point=HERE, matter="matter", category="渣土"),
    )
    whistle.act(JOB, called.id, "refuse", expected=called.seq, note="不归我局")
    assert meeting.collect(BOSS) == meeting.Collected(1, 2, 0)
    assert (agenda()["渣土"].problem, agenda()["渣土"].units) == ("disputed", ["市城管局"])

    planned = meeting.plan(BOSS, date(2026, 7, 1), chair="主任")
    assert (planned.entries, planned.settled) == (3, 0)
    with pytest.raises(NotAllowed):
        meeting.decide(Actor("local"), found["噪声"].id, "城管办", "归城管办")
    done = meeting.decide(BOSS, found["噪声"].id, "城管办", "归城管办", assists="派出所", task="出警", which="shared")
    assert (done.state, done.lead) == ("decided", "城管办")
    with pytest.raises(meeting.EntrySettled):
        meeting.decide(BOSS, found["噪声"].id, "派出所", "归派出所")
    with session(BOSS) as conn:
        today = conn.execute("SELECT today()").fetchone()[0]
        answer = resolver.resolve(conn, HERE, "matter", "噪声", today)
        assert (answer.lead, answer.problem, answer.items[0].task) == ("城管办", None, "出警")
    meeting.drop(BOSS, agenda()["渣土"].id, "清单无误")
    duties.claim(BOSS, "犬只", "派出所", today)  # settled elsewhere: no matter for the meeting any more
    assert meeting.collect(BOSS) == meeting.Collected(0, 0, 1)
    assert agenda() == {}
    held = meeting.hold(BOSS, planned.id, "议定三项")
    assert (held.state, held.settled) == ("held", 3)
    with pytest.raises(meeting.MeetingMissing):
        meeting.hold(BOSS, planned.id, "再开一次")

    with session(BOSS) as conn:
        history = looking.disputes(conn, "matter", ["渣土"])
        assert [(d.source, d.units, d.outcome) for d in history] == [
            ("meeting", ["市城管局"], "清单无误"), ("whistle", ["市城管局"], ""),
        ]  # fmt: skip
        assert meeting.export(conn, tmp_path / "agenda.xlsx", "会商", planned.id) == 3
        assert looking.export(conn, tmp_path / "list.xlsx", "核对") == 3
        with pytest.raises(PurposeMissing):
            looking.export(conn, tmp_path / "list.xlsx", " ")
    book = openpyxl.load_workbook(tmp_path / "agenda.xlsx")
    assert {cell.value for cell in book["议题"]["C"][1:]} == {"噪声", "犬只", "渣土"}
    assert {row[0].value: row[1].value for row in book["会议"].iter_rows()}["纪要"] == "议定三项"


@pytest.mark.usefixtures("street")
def test_a_matter_is_put_on_the_agenda_by_hand_and_stays_until_somebody_settles_it():
    number = meeting.put(BOSS, "hazard", "电线杆倾斜", "供电与通信都说不是自己的", case="I1")
    assert meeting.put(BOSS, "hazard", "电线杆倾斜", "又来一起", case="I2") == number
    meeting.collect(BOSS)
    entry = agenda()["电线杆倾斜"]
    assert (entry.sources, sorted(entry.examples), entry.note) == (
        ["hand"],
        ["I1", "I2"],
        "供电与通信都说不是自己的\n又来一起",
    )
    with pytest.raises(meeting.WordsMissing):
        meeting.drop(BOSS, number, " ")
