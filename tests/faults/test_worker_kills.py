"""The worker outlives its database, and two of them do nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from gis.coverage.refresh import refresh
from gis.db import cluster
from gis.db.connection import OWNER
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.settings import CHECKOUT
from gis.vocabulary import Actor
from tests.conftest import ROOT
from tests.victims import gone
from tests.victims import postmaster

CLEAN = "SELECT NOT EXISTS (SELECT FROM atlas.dirty WHERE kind <> 'statistics')"
LOOSE = "SELECT count(*) FROM atlas.finding WHERE rule = 'unassigned_building' AND building_codes = '{B11}' AND network_id = 1"


def ask(text):
    with psycopg.connect(conninfo(OWNER)) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', true), set_config('atlas.everywhere', 'on', true)")
        return conn.execute(text).fetchone() if text.startswith("SELECT") else conn.execute(text)


def wait(text, wanted, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if ask(text) == wanted:
            return
        time.sleep(0.1)
    pytest.fail(text)


def test_two_workers_outlive_the_database_and_do_nothing_twice(victim):
    cluster.start(victim)
    with psycopg.connect(conninfo(OWNER)) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', true)")
        conn.execute("DELETE FROM network; DELETE FROM building")
        text = (ROOT / "tests" / "data" / "tiles.sql").read_text(encoding="utf-8")
        conn.execute(text[: text.index("INSERT INTO finding")])
    number = ask("SELECT min(id) FROM network WHERE code = 'zh'")[0]
    loose = LOOSE.replace("network_id = 1", f"network_id = {number}")
    for code in ("zh", "jw"):
        refresh(Actor.job("test"), code)
    close_pools()
    command = [sys.executable, "-c", "from gis.jobs import main; main()"]
    workers = [
        subprocess.Popen(command, cwd=CHECKOUT, env=dict(os.environ), stderr=subprocess.DEVNULL) for _n in range(2)
    ]
    try:
        wait("SELECT count(*) FROM atlas.procrastinate_workers", (2,))
        os.kill(postmaster(victim), signal.SIGKILL)
        gone(postmaster(victim))
        cluster.start(victim)
        ask(
            "UPDATE atlas.building SET geom = ST_SetSRID(ST_Point(121.39, 31.19), 4490), footprint = NULL WHERE code = 'B11'"
        )
        wait(loose, (1,))
        wait(CLEAN, (True,))
        assert ask("SELECT count(*) - count(DISTINCT (network_id, rule, key)) FROM atlas.finding") == (0,)
        again = ask(
            f"SELECT count(*) FROM atlas.ledger_event e JOIN atlas.ledger l ON l.id = e.ledger_id WHERE e.act = 'found' AND l.building_codes = '{{B11}}' AND l.rule = 'unassigned_building' AND l.network_id = {number}"
        )
        assert again == (1,)
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        assert [worker.wait(20) for worker in workers] == [0, 0]
