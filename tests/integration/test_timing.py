"""Clocks in the database: rows are what the events say, the case file names the one that runs out first."""

from __future__ import annotations

from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta

import pytest

from gis.casework import files
from gis.casework import late
from gis.casework import limits
from gis.casework import running
from gis.casework import starting
from gis.casework import timing
from gis.db.connection import close_pools
from gis.db.connection import session
from tests.handling import HEAD
from tests.handling import JOB
from tests.handling import MATE
from tests.handling import PEOPLE
from tests.handling import UNIT
from tests.handling import WORKER
from tests.handling import day
from tests.handling import do
from tests.handling import handled
from tests.handling import picture
from tests.handling import report

OFFICE = """
INSERT INTO area (code, name, level, geom) VALUES ('A', 'A', 'community', ST_Multi(ST_MakeEnvelope(120, 30, 120.1, 30.1, 4490))),
    ('B', 'B', 'community', ST_Multi(ST_MakeEnvelope(120.1, 30, 120.2, 30.1, 4490)));
"""


@pytest.fixture(scope="module")
def office(shared_database):
    with session(JOB) as conn:
        conn.execute(OFFICE)
        conn.execute(PEOPLE)
    yield shared_database
    close_pools()


def clocks(case):
    """Clocks of a case, held against what its events say and what its file tells."""
    with session(JOB) as conn:
        found = timing.of(conn, [case.incident_id])[case.incident_id]
        now = files.get(conn, case.incident_id)
        told = running.replay(
            files.history(conn, case.incident_id), now.kind, now.channel, now.category, timing.rules(conn)
        )
    plain = sorted(((c.stage, c.round, c) for c in found), key=lambda c: c[:2])
    for (_stage, _round, stored), said in zip(plain, sorted(told, key=lambda c: (c.stage, c.round)), strict=True):
        assert _bare(stored) == _bare(said)
    dues = (
        [(c.due_at, c.stage) for c in found if c.runs and c.due_at]
        if now.state != "closed" and not now.suspended
        else []
    )
    assert (now.due_at, now.stage) == (min(dues) if dues else (None, None))
    return {(c.stage, c.round): c for c in found}


def _bare(clock):
    return [getattr(clock, name) for name in timing.COLUMNS if name != "id"]


@pytest.mark.usefixtures("office")
def test_clocks_follow_a_matter_from_report_to_reopening():
    case = report("matter", category="暴露垃圾")
    assert {key: c.runs for key, c in clocks(case).items()} == {("accept", 1): True, ("total", 1): True}
    case = do(HEAD, case, "accept")
    case = do(HEAD, case, "dispatch", units=["消防所"], handler="worker")
    handle = clocks(case)["handle", 1]
    assert (handle.kind, handle.amount, case.stage) == ("work_hour", 4, "handle")  # the class's own limit
    case = do(HEAD, case, "suspend")
    assert (clocks(case)["handle", 1].due_at, case.due_at, case.clock) == (None, None, "paused")
    case = do(HEAD, case, "resume")
    assert clocks(case)["handle", 1].due_at >= handle.due_at
    case = do(UNIT, case, "extend", result="asked", until=day(40))
    case = do(HEAD, case, "extend", result="granted")
    extended = clocks(case)["handle", 1]
    assert (
        extended.due_at.astimezone(running.OFFICE).date()
        <= date.fromisoformat(day(40))
        < extended.due_at.astimezone(running.OFFICE).date() + timedelta(days=9)
    )
    case = do(UNIT, case, "answer")
    case = do(MATE, case, "check", result="fail")
    again = clocks(case)["handle", 1]
    assert again.runs  # the same round goes on: the check was a pause of it
    assert again.due_at >= extended.due_at
    case = do(UNIT, case, "return")
    case = do(HEAD, case, "dispatch", units=["市场监管所"])
    assert clocks(case)["handle", 2].extra == 0
    case = do(WORKER, do(WORKER, case, "begin"), "answer")
    case = do(HEAD, do(MATE, case, "check", result="pass"), "close")
    assert not any(clock.runs for clock in clocks(case).values())
    case = do(HEAD, case, "reopen")
    assert clocks(case)["total", 2].runs


@pytest.mark.usefixtures("office")
def test_a_corrected_class_and_level_are_measured_anew_from_where_they_began():
    case = handled("matter", category="绿地养护")
    before = clocks(case)["handle", 1]
    case = do(HEAD, case, "change", category="道路不洁")
    after = clocks(case)["handle", 1]
    assert (before.kind, before.amount, after.kind, after.amount) == ("work_day", 5, "work_hour", 2)
    assert after.starts_at == before.starts_at
    with session(JOB) as conn:
        codes = conn.execute(
            "SELECT standard, category_code FROM incident WHERE id = %s", (case.incident_id,)
        ).fetchone()
    assert codes == ("GB/T 47678.5", "06012")  # of the newest standard in force on the day


@pytest.mark.usefixtures("office")
def test_an_enforcement_case_shows_its_ninety_days_and_a_major_hazard_its_deadline():
    case = do(HEAD, report("enforcement"), "accept", cause="占道", basis="条例第十条")
    decide = clocks(case)["decide", 1]
    assert decide.due_at.astimezone(running.OFFICE).date() == decide.starts_at.astimezone(
        running.OFFICE
    ).date() + timedelta(days=90)
    hazard = handled("hazard", {"level": "1", "interim": "封闭"}, photos=[picture("before")])
    hazard = do(
        WORKER, hazard, "measures", duty="所长", deadline=day(3), means="修", funds="10", funding="自筹", plan="有"
    )
    handle = clocks(hazard)["handle", 1]
    assert (handle.kind, f"{handle.due_at.astimezone(running.OFFICE):%Y-%m-%d %H:%M:%S}") == (
        "fixed",
        f"{day(3)} 23:59:59",
    )


@pytest.mark.usefixtures("office")
def test_an_import_gives_its_cases_their_clocks_and_a_later_step_goes_on_from_there():
    with session(JOB) as conn:
        conn.execute(
            "INSERT INTO import (dataset, filename, sha256, fingerprint, datum, rows_read) VALUES ('incidents', 'f', 'x', 'x', 'wgs84', 1)"
        )
        conn.execute(
            "INSERT INTO incident (code, kind, category, channel, state, occurred_at, closed_at, geom, source_id) SELECT 'im' || n, 'matter', '暴露垃圾', 'hotline',"
            " (ARRAY['待核实', '处置中', '办结', '办结'])[n], now() - interval '9 days', CASE n WHEN 3 THEN now() END, ST_SetSRID(ST_Point(120.02, 30.05), 4490), 1"
            " FROM generate_series(1, 4) AS n"
        )
    assert starting.imported(HEAD, 1) == 4
    with session(HEAD) as conn:
        found = [files.get(conn, f"im{n}") for n in range(1, 5)]
    assert [case.clock for case in found] == ["late", "late", "ended", "ended"]
    assert [sorted(clocks(case)) for case in found[:2]] == [
        [("accept", 1), ("total", 1)],
        [("handle", 1), ("total", 1)],
    ]
    with session(JOB) as conn:
        rows = dict(timing.of(conn, [case.incident_id for case in found]))
    assert [(c.stage, c.ended_at) for c in rows[found[2].incident_id]] == [("total", found[2].closed_at)]
    assert found[3].incident_id not in rows  # closed nobody knows when
    case = do(MATE, found[1], "answer")
    assert clocks(case)["handle", 1].ended_at is not None
    with session(JOB) as conn:  # the file again: what it says is closed now has its end
        conn.execute("UPDATE incident SET state = '办结', closed_at = now() WHERE code = 'im1'")
    assert starting.imported(HEAD, 1) == 3  # that one, the one acted on, and the one without any clock
    assert sorted((c.stage, c.runs) for c in clocks(found[0]).values()) == [("accept", False), ("total", False)]
    assert starting.catch_up(JOB) == 0


@pytest.mark.usefixtures("office")
def test_why_a_case_is_late_is_said_by_stage():
    case = handled("matter", category="道路不洁")
    with session(HEAD) as conn:
        asked = datetime.now(UTC) + timedelta(days=30)
        found = late.why(conn, case.incident_id, asked)
    assert [stage.stage for stage in found] == ["accept", "dispatch", "handle", "total"]
    handle = found[2]
    assert (handle.limit, handle.mark) == (2, "red")
    assert handle.over == pytest.approx(handle.used - 2)
    assert late.told(found).startswith("处置允许 2 工作小时,用了 ")
    with session(HEAD) as conn:
        assert case.code not in [one.code for one in late.wanting(conn)]
        conn.execute(
            "UPDATE casefile SET warn_at = now() - interval '2 days', due_at = now() - interval '1 day' WHERE incident_id = %s",
            (case.incident_id,),
        )
        assert (case.code, "red") in [(one.code, one.mark) for one in late.wanting(conn)]
        conn.rollback()


@pytest.mark.usefixtures("office")
def test_the_office_may_have_days_and_limits_of_its_own():
    case = handled("matter", category="绿地养护")
    before = clocks(case)["handle", 1]
    with session(JOB) as conn:
        ahead = (before.due_at.astimezone(running.OFFICE)).date()
        conn.execute("INSERT INTO holiday (day, working, name, source) VALUES (%s, false, '停办', '通知')", (ahead,))
        assert starting.again(conn) >= 1
    after = clocks(case)["handle", 1]
    assert after.due_at > before.due_at
    with session(JOB) as conn:
        conn.execute(
            "INSERT INTO time_limit (kind, stage, clock, amount, valid_from, source) VALUES ('matter', 'handle', 'natural_day', 9, '2026-01-01', '街道通知')"
        )
        found = limits.of(conn, "matter", "绿地养护", None, "patrol", date(2026, 3, 1))
        assert (found["handle"].amount, found["handle"].own, found["accept"].own) == (
            9,
            True,
            False,
        )  # its word goes before all that is shipped
        assert limits.of(conn, "matter", "绿地养护", None, "patrol", date(2025, 3, 1))["handle"].amount == 5
        conn.rollback()
