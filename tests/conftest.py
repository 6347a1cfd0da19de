"""Shared fixtures: the real embedded PostGIS, one template database, one copy per test."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from gis.db import cluster
from gis.db import migrations
from gis.db.connection import OWNER
from gis.db.connection import close_pools
from gis.db.connection import conninfo

ROOT = Path(__file__).resolve().parent.parent
REALDATA = ROOT.parent / "shared" / "realdata"
TEMPLATE = "gridatlas_template"


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Home folder of the tests' own server, reachable by the server's user."""
    given = os.environ.get("GRIDATLAS_TEST_HOME")
    folder = Path(given) if given else Path(tempfile.mkdtemp(prefix="gridatlas-test-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    os.environ["GRIDATLAS_HOME"] = str(folder)
    os.environ.pop("GRIDATLAS_DATABASE_URL", None)
    yield folder
    if not given:
        cluster.destroy(cluster.Cluster(folder))
        subprocess.run(["rm", "-rf", str(folder)], check=False)


def _add_accounts():
    """Two persons who may do all there is to do with records, anywhere in the office."""
    with psycopg.connect(conninfo(OWNER)) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', true)")
        conn.execute("INSERT INTO account (name) VALUES ('zhang'), ('test')")
        conn.execute(
            "INSERT INTO account_role (account_id, role) SELECT id, r FROM account, unnest(ARRAY['planner', 'supervisor']) r"
        )
        conn.execute("INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account")
        conn.execute("DELETE FROM audit")  # a test begins with an empty chain
        conn.execute("UPDATE audit_head SET seq = 0, hash = ''")


@pytest.fixture(scope="session")
def server(home):
    """Run the embedded server, with a migrated template database."""
    cluster.start(cluster.Cluster(home))
    os.environ["GRIDATLAS_DATABASE_NAME"] = TEMPLATE
    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(TEMPLATE)))
    migrations.migrate()
    _add_accounts()
    close_pools()
    yield home
    cluster.stop(cluster.Cluster(home))


@pytest.fixture
def database(server, request, monkeypatch):
    """Give one test an empty, migrated database of its own; its name."""
    name = f"t{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**9}"
    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    monkeypatch.setenv("GRIDATLAS_DATABASE_NAME", name)
    yield name
    close_pools()
    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
