"""Servers and processes killed in the middle of a load: nothing half-kept, and all works again."""

from __future__ import annotations

import os
import signal
import time

import psycopg
import pytest

from gis.db import cluster
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import Busy
from gis.errors import DatabaseUnavailable
from gis.errors import DiskFull
from gis.errors import TooSlow
from gis.intake.load import SHARE_SENT
from gis.intake.load import SHARE_WRITTEN
from gis.intake.load import load
from gis.records import bulk
from gis.records import store
from gis.vocabulary import Actor
from tests.victims import gone
from tests.victims import postmaster

JOB = Actor.job("test")
PERSON = Actor("zhang")

pytestmark = pytest.mark.usefixtures("emptied")


@pytest.fixture
def emptied(victim, monkeypatch):
    """Empty the victim's tables before each test; files go in by small steps."""
    monkeypatch.setattr(bulk, "CHUNK", 3000)
    cluster.start(victim)
    with psycopg.connect(conninfo(None), autocommit=True) as conn:
        conn.execute("TRUNCATE atlas.building, atlas.import, atlas.audit, atlas.history CASCADE")
    yield
    close_pools()


def kept():
    with session(JOB) as conn:
        deeds = "audit WHERE relation = 'building'"
        return [conn.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("building", "import", deeds)]


def at(share, deed):
    """A progress callback that does the deed once, when so much is done."""
    done = []

    def progress(now):
        if now >= share and not done:
            done.append(now)
            deed()

    return progress


@pytest.mark.parametrize("share", [SHARE_SENT / 2, SHARE_WRITTEN], ids=["mid-copy", "before-commit"])
def test_the_server_is_killed_in_the_middle_of_a_load(victim, file, share):
    number = postmaster(victim)
    rejects = victim.home / "rejects"
    with pytest.raises(DatabaseUnavailable):
        load(JOB, file, progress=at(share, lambda: os.kill(number, signal.SIGKILL) or gone(number)))
    assert cluster.start(victim)
    assert kept() == [0, 0, 0]
    assert not rejects.exists() or list(rejects.iterdir()) == []
    report = load(JOB, file)
    assert report.counts.inserted == len(file.frame)
    assert kept() == [len(file.frame), 1, 1]
    report.rejects_path.unlink()


def test_the_backend_is_killed_in_the_middle_of_a_load(victim, file):
    def deed():
        with psycopg.connect(conninfo(None)) as conn:
            # On the ground of what locks it holds: the one that has its turn with the buildings.
            found = conn.execute(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 7041975"
            ).fetchall()
        assert len(found) == 1
        os.kill(found[0][0], signal.SIGKILL)

    with pytest.raises(DatabaseUnavailable):
        load(JOB, file, progress=at(SHARE_SENT / 2, deed))
    again = None
    for _attempt in range(50):  # the server comes back by itself
        try:
            again = kept()
            break
        except DatabaseUnavailable:
            time.sleep(0.2)
    assert again == [0, 0, 0]
    assert cluster.start(victim) is False
    assert load(JOB, file).counts.inserted == len(file.frame)


def test_the_loading_process_is_killed(file):
    child = os.fork()
    if child == 0:
        close_pools()
        load(JOB, file, progress=at(SHARE_SENT / 2, lambda: os.kill(os.getpid(), signal.SIGKILL)))
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert kept() == [0, 0, 0]
    # Its turn ended with it: the next load does not wait.
    begun = time.monotonic()
    with session(JOB) as conn:
        store.take_turn(conn, "buildings")
    assert time.monotonic() - begun < 15
    assert load(JOB, file).counts.inserted == len(file.frame)


def test_the_database_is_gone_for_a_while_and_comes_back(victim):
    with session(PERSON) as conn:
        conn.execute("SELECT 1")
    cluster.stop(victim)
    for _attempt in range(2):
        with pytest.raises(DatabaseUnavailable) as caught, session(PERSON):
            pytest.fail("a session without a server")
        assert "script/gis db start" in caught.value.remedy
        assert "Traceback" not in str(caught.value)
    cluster.start(victim)
    begun = time.monotonic()
    with session(PERSON) as conn:
        assert conn.execute("SELECT count(*) FROM building").fetchone() == (0,)
    assert time.monotonic() - begun < 2.5


def test_a_statement_that_lasts_too_long_and_a_lock_that_is_held(monkeypatch):
    monkeypatch.setenv("GRIDATLAS_STATEMENT_TIMEOUT_S", "1")
    monkeypatch.setenv("GRIDATLAS_LOCK_TIMEOUT_S", "1")
    with pytest.raises(TooSlow), session(PERSON) as conn:
        conn.execute("SELECT pg_sleep(20)")
    with session(JOB) as holder:
        holder.execute("LOCK TABLE building IN ACCESS EXCLUSIVE MODE")
        monkeypatch.setenv("GRIDATLAS_STATEMENT_TIMEOUT_S", "30")
        with pytest.raises(Busy), session(PERSON) as conn:
            conn.execute("SELECT count(*) FROM building")


def test_a_limit_on_temporary_files_is_a_full_disk(file):
    with psycopg.connect(conninfo(None), autocommit=True) as conn:
        conn.execute("ALTER ROLE atlas_owner SET temp_file_limit = '1MB'")
        conn.execute("ALTER ROLE atlas_owner SET work_mem = '1MB'")
    close_pools()
    try:
        with pytest.raises(DiskFull):
            load(JOB, file)
    finally:
        with psycopg.connect(conninfo(None), autocommit=True) as conn:
            conn.execute("ALTER ROLE atlas_owner RESET temp_file_limit")
            conn.execute("ALTER ROLE atlas_owner RESET work_mem")
        close_pools()
    assert kept() == [0, 0, 0]
