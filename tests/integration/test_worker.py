"""Changes leave marks, marks wake the worker, and the plans of a local run read no large table whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from gis.coverage import local
from gis.coverage.engine import statement
from gis.coverage.local import Desk
from gis.coverage.refresh import refresh
from gis.coverage.refresh import refresh_dirty
from gis.db import migrations
from gis.db.connection import OWNER
from gis.db.connection import conninfo
from gis.vocabulary import Actor

JOB = Actor.job("test")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def office(street):
    """The small street, judged once; a connection of a job."""
    with psycopg.connect(conninfo(OWNER), autocommit=True) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', false), set_config('atlas.everywhere', 'on', false)")
        conn.execute("DELETE FROM finding WHERE key IS NULL OR network_id IS NULL")
        for code in ("zh", "jw"):
            refresh(JOB, code)
        yield conn


def marks(conn):
    return conn.execute(
        "SELECT n.code, d.kind, d.everything, d.ids, d.codes FROM dirty d JOIN network n ON n.id = d.network_id ORDER BY d.id"
    ).fetchall()


def test_the_queue_is_the_one_procrastinate_ships():
    [ours] = [m for m in migrations.available() if m.name == "0011_jobs"]
    assert SchemaManager.get_schema().strip() in ours.text
    assert version("procrastinate") == "3.10.0", "a newer one brings steps of its own: write a migration with them"


def test_a_change_marks_its_place_in_the_same_transaction(office):
    office.execute("DELETE FROM dirty")
    with office.transaction(force_rollback=True):
        number = office.execute(
            "UPDATE building SET households = households + 1 WHERE code = 'B7' RETURNING id"
        ).fetchone()[0]
        assert marks(office) == [(n, "building", False, [number], []) for n in ("zh", "jw")]
    assert marks(office) == []
    with office.transaction(force_rollback=True):
        office.execute("UPDATE building SET name = 'no rule reads it' WHERE code = 'B7'")
        assert marks(office) == []
        office.execute("UPDATE grid SET geom = ST_Multi(ST_Translate(geom, 0.0001, 0)) WHERE code = '310000001001003'")
        assert marks(office) == [("zh", "grid", False, [], ["310000001001003"])]
    with office.transaction(force_rollback=True):
        office.execute(
            "INSERT INTO building (code, geom) SELECT 'many' || i, ST_SetSRID(ST_Point(121.41, 31.21), 4490) FROM generate_series(1, 2001) AS i"
        )
        assert marks(office) == [(n, "building", True, [], []) for n in ("zh", "jw")]


def wait(conn, text, seconds=40):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if conn.execute(text).fetchone() == (True,):
            return
        time.sleep(0.05)
    pytest.fail(text)


def start():
    return subprocess.Popen([sys.executable, "-c", "from gis.jobs import main; main()"], cwd=ROOT, env=dict(os.environ))


CLEAN = "SELECT NOT EXISTS (SELECT FROM dirty WHERE kind <> 'statistics')"


def test_the_worker_follows_changes_by_itself_and_a_killed_one_loses_nothing(office):
    worker = start()
    try:
        wait(office, "SELECT EXISTS (SELECT FROM procrastinate_workers)")
        office.execute(
            "UPDATE building SET geom = ST_SetSRID(ST_Point(121.39, 31.19), 4490), footprint = NULL WHERE code = 'B11'"
        )
        wait(
            office,
            "SELECT EXISTS (SELECT FROM finding f JOIN network n ON n.id = f.network_id WHERE n.code = 'zh' AND f.building_codes = '{B11}' AND f.rule = 'unassigned_building')",
        )
        wait(office, CLEAN)
        # Killed while it waits for a run somebody else holds back: the marks are still there.
        with psycopg.connect(conninfo(OWNER)) as other:
            other.execute("SELECT pg_advisory_xact_lock(7041976, id::integer) FROM network")
            office.execute("UPDATE building SET geom = ST_SetSRID(ST_Point(121.405, 31.205), 4490) WHERE code = 'B11'")
            wait(office, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            assert marks(office)
        worker = start()
        wait(office, CLEAN)
        wait(
            office,
            "SELECT NOT EXISTS (SELECT FROM finding f JOIN network n ON n.id = f.network_id WHERE n.code = 'zh' AND f.building_codes = '{B11}' AND f.rule = 'unassigned_building')",
        )
        assert office.execute(
            "SELECT count(*) FROM ledger l JOIN network n ON n.id = l.network_id WHERE n.code = 'zh' AND l.building_codes = '{B11}' AND l.rule = 'unassigned_building'"
        ).fetchone() == (1,)
        assert office.execute("SELECT count(*) = count(DISTINCT (network_id, rule, key)) FROM finding").fetchone() == (
            True,
        )
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0


def test_no_local_run_reads_a_large_table_whole(office):
    """Of every statement of a local run and every rule, as the lasting connection plans them."""
    with psycopg.connect(conninfo(None), autocommit=True) as conn:
        conn.execute("SET search_path = atlas, public")
        conn.execute("SELECT set_config('atlas.actor', 'job:test', false)")
        conn.execute(
            "INSERT INTO building (code, households, geom) SELECT 'far' || i, 1, ST_SetSRID(ST_Point(121.5 + i %% 200 / 1000.0, 31.3 + i / 200000.0), 4490)"
            " FROM generate_series(1, 20000) AS i".replace("%%", "%")
        )
        conn.execute(
            "INSERT INTO incident (code, occurred_at, geom) SELECT code, now(), geom FROM building WHERE code LIKE 'far%'"
        )
        conn.execute(
            "INSERT INTO grid (network_id, code, name, geom) SELECT id, 'FAR', 'far', ST_Multi(ST_MakeEnvelope(121.4999, 31.2999, 121.7001, 31.4001, 4490))"
            " FROM network WHERE code = 'zh'"
        )
        conn.execute("ANALYZE")
    refresh(JOB, "zh")
    office.execute("UPDATE grid SET geom = ST_Multi(ST_Translate(geom, 0.0001, 0)) WHERE code = '310000001001003'")
    whole: dict[str, set[str]] = {}

    def walk(node):
        yield node
        for child in node.get("Plans", []):
            yield from walk(child)

    class Looking(local.Local):
        def ask(self, name, **more):
            text = statement(local.FILE, name)
            if name not in {"households", "witness"} and text.lstrip().split("\n", 1)[1].lstrip().startswith(
                ("INSERT", "WITH", "SELECT")
            ):
                look(self.conn, name, text, {**self.given, **more})
            return super().ask(name, **more)

    def look(conn, name, text, given):
        plan = conn.execute("EXPLAIN (FORMAT JSON) " + text, given if "%(" in text else None, prepare=False).fetchone()[
            0
        ][0]["Plan"]
        for node in walk(plan):
            if node["Node Type"] == "Seq Scan" and node.get("Relation Name") in {"building", "incident", "assignment"}:
                whole.setdefault(name, set()).add(node["Relation Name"])

    desk = Desk()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gis.coverage.refresh.Local", Looking)
            assert refresh_dirty(desk, JOB, "zh") is not None
        assert whole == {}
    finally:
        desk.close()
