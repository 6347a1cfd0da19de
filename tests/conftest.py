"""Shared fixtures: the real embedded PostGIS, one template database, one copy per test."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
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
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
"""Name of this process where several share the tests (``script/test`` without arguments); empty when it is alone."""
LONGEST = (
    "tests/integration/test_commands.py",
    "tests/property/test_partition_figures.py",
)
"""Files begun first: a long one begun late would have a worker finish it while the other has nothing left to do."""
UNSAFE = ("fsync", "synchronous_commit", "full_page_writes")
"""What guards a server against the loss of power, off here: this one goes with its data, and each test makes
a database. The servers that ``tests/faults`` kills are others, and keep it.
"""


def _turn(item):
    """Place of a test in the run: the longest files, the others as they were found, the browser."""
    file = item.nodeid.split("::")[0]
    if file in LONGEST:
        return LONGEST.index(file)
    return len(LONGEST) + file.startswith("tests/browser/")


def pytest_collection_modifyitems(items):
    """Begin with the longest files, and put the browser last.

    While the browser is open its event loop runs, and no other may be started beside it in the same
    process. Workers take the files in this order, so in each of them no other file follows the browser.
    """
    items.sort(key=_turn)


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Home folder of the tests' own server, reachable by the server's user; one for each worker."""
    given = os.environ.get("GRIDATLAS_TEST_HOME")
    folder = Path(given) / WORKER if given else Path(tempfile.mkdtemp(prefix="gridatlas-test-"))
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
        for setting in UNSAFE:
            conn.execute(f"ALTER SYSTEM SET {setting} = off")
        conn.execute("SELECT pg_reload_conf()")
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(TEMPLATE)))
    migrations.migrate()
    _add_accounts()
    close_pools()
    yield home
    cluster.stop(cluster.Cluster(home))


@contextmanager
def copy_of_template(label):
    """Make an empty, migrated database; it is gone afterwards."""
    name = f"t{os.getpid()}_{abs(hash(label)) % 10**9}"
    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        # Rights on a database are not copied with it; the migrations gave this one.
        conn.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO atlas_owner").format(sql.Identifier(name)))
    yield name
    close_pools()
    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database(server, request, monkeypatch):
    """Give one test an empty, migrated database of its own; its name."""
    with copy_of_template(request.node.nodeid) as name:
        monkeypatch.setenv("GRIDATLAS_DATABASE_NAME", name)
        yield name


@pytest.fixture(scope="module")
def shared_database(server, request):
    """Give the tests of one module a database they have in common; its name. For tests that keep nothing in it."""
    with copy_of_template(request.node.nodeid) as name, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDATLAS_DATABASE_NAME", name)
        yield name


@pytest.fixture(scope="module")
def street(shared_database):
    """Give the tests of a module a database with the small street of ``tests/data/tiles.sql``; its name."""
    fill_street()
    return shared_database


def fill_street():
    """Write the small street of ``tests/data/tiles.sql`` into the database in force."""
    with psycopg.connect(conninfo("atlas_owner")) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', true)")
        conn.execute((ROOT / "tests" / "data" / "tiles.sql").read_text(encoding="utf-8"))
