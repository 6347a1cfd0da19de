"""Processes and servers killed in the middle of an act: the case stands as it stood, or as the act leaves it."""

from __future__ import annotations

import io
import os
import signal

import psycopg
import pytest
from PIL import Image

from gis.access import audit
from gis.casework import acts
from gis.casework import files
from gis.casework import flow
from gis.casework import timing
from gis.casework import writing
from gis.casework.photos import Picture
from gis.db import cluster
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import DatabaseUnavailable
from gis.vocabulary import Act
from gis.vocabulary import Actor
from gis.vocabulary import CaseState
from tests.victims import gone
from tests.victims import postmaster

JOB = Actor.job("test")
POINTS = [(writing, "pictures"), (writing, "freeze"), (writing, "stand"), (timing, "after"), (audit, "note")]
"""Where an act or a report is cut off: before its pictures, the frozen terms, the case file, the clocks, the audit row."""

pytestmark = pytest.mark.usefixtures("up")


@pytest.fixture
def up(victim):
    cluster.start(victim)
    yield
    close_pools()


def picture():
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return [Picture(out.getvalue(), "a.png", "before")]


def draft(key=""):
    return acts.Draft("matter", "占道", "摆摊", point=(120.0, 30.0), photos=picture(), key=key)


def everything():
    """All that acts write, as one text to compare."""
    tables = ("incident", "casefile", "case_event", "photo", "case_clock", "case_link", "audit")
    with session(JOB) as conn:
        return [
            conn.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {t} AS t").fetchone()
            for t in tables
        ]


def holds():
    """Each case is what its events say, and each event has its audit row."""
    with session(JOB) as conn:
        ids = [number for (number,) in conn.execute("SELECT incident_id FROM casefile")]
        for case in files.several(conn, ids):
            events = files.history(conn, case.incident_id)
            told = [flow.Event(Act(e.act), e.actor, e.note, e.data, CaseState(e.state)) for e in events]
            assert flow.replay(told, case.kind, case.channel) == case.flow
            deeds = conn.execute(
                "SELECT count(*) FROM audit WHERE relation = 'casefile' AND subject = %s", (case.code,)
            ).fetchone()
            assert deeds == (len(events),)
    return ids


def cut(monkeypatch, where, deed, on=1):
    """Do the deed instead of the step, the so-and-so-manieth time it is reached."""
    module, name = where
    step, seen = getattr(module, name), []

    def instead(*given, **more):
        seen.append(1)
        if len(seen) == on:
            deed()
        return step(*given, **more)

    monkeypatch.setattr(module, name, instead)


def killed(work):
    """Do the work in a child that kills itself on the way."""
    close_pools()
    child = os.fork()
    if child == 0:
        work()
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def by_itself():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("where", POINTS, ids=[name for _module, name in POINTS])
def test_a_process_is_killed_in_the_middle_of_an_act(monkeypatch, where):
    case = acts.act(JOB, acts.report(JOB, draft()).incident_id, "accept", expected=1)
    before = everything()

    def dispatch():
        return acts.act(JOB, case.incident_id, "dispatch", expected=2, data={"units": ["u"]}, photos=picture())

    with monkeypatch.context() as patch:
        cut(patch, where, by_itself)
        if where[1] != "freeze":
            killed(dispatch)
        if where[1] != "stand":
            killed(lambda: acts.report(JOB, draft(where[1])))
    assert everything() == before
    after = dispatch()
    assert (after.state, after.seq) == ("dispatched", 3)
    holds()


def test_a_bulk_act_is_killed_between_two_cases(monkeypatch):
    cases = [acts.report(JOB, draft()) for _ in range(3)]
    with monkeypatch.context() as patch:
        cut(patch, (writing, "stand"), by_itself, on=2)
        killed(lambda: acts.bulk(JOB, [(c.incident_id, c.seq) for c in cases], "accept"))
    holds()
    with session(JOB) as conn:
        assert [c.state for c in files.several(conn, [c.incident_id for c in cases])] == [
            "filed",
            "reported",
            "reported",
        ]
    done = acts.bulk(JOB, [(c.incident_id, c.seq) for c in cases], "accept")  # the same again finishes it
    assert (done.done, [code for code, _why in done.refused]) == ([c.code for c in cases[1:]], [cases[0].code])


def test_the_server_is_killed_in_the_middle_of_an_act(victim, monkeypatch):
    case = acts.report(JOB, draft())
    before, number = everything(), postmaster(victim)

    def kill():
        os.kill(number, signal.SIGKILL)
        gone(number)

    with monkeypatch.context() as patch:
        cut(patch, (timing, "after"), kill)
        with pytest.raises(DatabaseUnavailable):
            acts.act(JOB, case.incident_id, "accept", expected=1)
    cluster.start(victim)
    assert everything() == before
    assert acts.act(JOB, case.incident_id, "accept", expected=1).state == "filed"
    holds()


def test_a_connection_is_cut_and_the_actor_is_told(monkeypatch):
    case = acts.report(JOB, draft())
    before = everything()

    def cut_off():
        with psycopg.connect(conninfo(None), autocommit=True) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'atlas_owner' AND state = 'idle in transaction'"
            )

    with monkeypatch.context() as patch:
        cut(patch, (audit, "note"), cut_off)
        with pytest.raises(DatabaseUnavailable):
            acts.act(JOB, case.incident_id, "accept", expected=1)
    assert everything() == before
