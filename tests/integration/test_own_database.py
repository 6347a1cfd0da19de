"""An office's own PostgreSQL: an account without special rights, and a DBA who is told line by line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg
import pytest

from gis.db import cluster
from gis.db import migrations
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.errors import DatabaseUnavailable
from gis.errors import RightMissing
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind

ACCOUNT = "office_account"
ROLES = ("atlas_owner", "atlas_app", "atlas_read")


@pytest.fixture(scope="module")
def office():
    """Run a server that is not ours, with an empty database and an ordinary account."""
    folder = Path(tempfile.mkdtemp(prefix="gridatlas-office-"))
    folder.chmod(0o755)
    theirs = cluster.Cluster(folder)
    cluster.start(theirs)
    with psycopg.connect(f"host={theirs.socket} user=postgres dbname=postgres", autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {ACCOUNT} LOGIN")
        conn.execute("CREATE DATABASE office")
    with (
        pytest.MonkeyPatch.context() as patch,
        psycopg.connect(f"host={theirs.socket} user=postgres dbname=office", autocommit=True) as conn,
    ):
        patch.setenv("GRIDATLAS_DATABASE_URL", f"postgresql://{ACCOUNT}@/office?host={theirs.socket}")
        yield conn
        close_pools()
    cluster.destroy(theirs)


def test_the_dba_is_told_each_line_and_then_it_works(office):
    def refused():
        with pytest.raises(RightMissing) as caught:
            migrations.migrate()
        return caught.value.remedy

    assert "CREATE EXTENSION postgis;" in refused()
    office.execute("CREATE EXTENSION postgis")
    for role in ROLES:
        assert f"CREATE ROLE {role}; GRANT {role} TO {ACCOUNT};" in refused()
        office.execute(f"CREATE ROLE {role} NOLOGIN")
        office.execute(f"GRANT {role} TO {ACCOUNT}")
    assert "CREATE SCHEMA atlas AUTHORIZATION atlas_owner;" in refused()
    before = outside(office)
    office.execute("CREATE SCHEMA atlas AUTHORIZATION atlas_owner")

    assert migrations.migrate() == [migration.name for migration in migrations.available()]
    assert migrations.pending() == []
    assert outside(office) == before, "something outside schema atlas was touched"

    with session(Actor("job:test", ActorKind.JOB)) as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("atlas_owner",)
    with session(Actor("someone", ActorKind.PERSON)) as conn:
        assert conn.execute("SELECT current_user").fetchone() == ("atlas_app",)
        assert conn.execute("SELECT count(*) FROM atlas.grid").fetchone() == (0,)

    migrations.migrate("0")
    assert outside(office) == before


def test_a_server_that_stops_is_one_sentence(office):
    folder = Path(office.execute("SHOW unix_socket_directories").fetchone()[0]).parents[1]
    cluster.stop(cluster.Cluster(folder))
    with pytest.raises(DatabaseUnavailable) as caught:
        migrations.migrate()
    assert "GRIDATLAS_DATABASE_URL" in caught.value.remedy


def outside(conn):
    """Everything in the database that is not in schema atlas, and what it looks like."""
    query = """
        SELECT n.nspname, c.relname, c.relkind::text, c.relacl::text FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT IN ('atlas', 'pg_toast') AND n.nspname NOT LIKE 'pg_temp%%'
        UNION ALL
        SELECT n.nspname, p.oid::regprocedure::text, p.proleakproof::text, p.proacl::text FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname <> 'atlas'
        UNION ALL
        SELECT nspname, '', '', nspacl::text FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_t%%' AND nspname <> 'atlas'
        ORDER BY 1, 2, 3
    """
    return conn.execute(query.replace("%%", "%")).fetchall()
