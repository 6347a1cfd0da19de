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
from gis.db.connection import close_pools
from gis.db.connection import conninfo

ROOT = Path(__file__).resolve().parent.parent
REALDATA = ROOT.parent / "shared" / "realdata"
TEMPLATE = "gridatlas_template"


def pytest_collection_modifyitems(items):
    """Put the browser last: while it is open its event loop runs, and no other may be started beside it."""
    items.sort(key=lambda item: "tests/browser/" in item.nodeid)


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


@pytest.fixture(scope="session")
def server(home):
    """Run the embedded server, with a migrated template database."""
    cluster.start(cluster.Cluster(home))
    os.environ["GRIDATLAS_DATABASE_NAME"] = TEMPLATE
    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(TEMPLATE)))
    migrations.migrate()
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
