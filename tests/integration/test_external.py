"""An office's own server at work: a cautious DBA, no LEAKPROOF mark, and no trace left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import psycopg
import pytest
import shapely

from gis.access import accounts
from gis.db import cluster
from gis.db import migrations
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.errors import RightMissing
from gis.records import grids
from gis.records import networks
from gis.records import overview
from gis.records import store
from gis.records.store import Counts
from gis.vocabulary import Actor

ACCOUNT = "gridatlas"
JOB = Actor.job("test")
PERSON = Actor("zhang")

GRANTS = """
CREATE ROLE gridatlas LOGIN;
CREATE ROLE atlas_owner NOLOGIN;
CREATE ROLE atlas_app NOLOGIN;
CREATE ROLE atlas_read NOLOGIN;
GRANT atlas_owner, atlas_app, atlas_read TO gridatlas;
"""

OUTSIDE = """
SELECT 'relation', n.nspname, c.relname, c.relacl::text, c.relowner::regrole::text FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg_t%' AND n.nspname NOT IN ('atlas', 'pg_catalog')
UNION ALL SELECT 'function', p.pronamespace::regnamespace::text, p.oid::regprocedure::text, p.proleakproof::text,
                 p.proacl::text
FROM pg_proc p WHERE p.pronamespace <> coalesce(to_regnamespace('atlas')::oid, 0)
UNION ALL SELECT 'type', t.typnamespace::regnamespace::text, t.typname, t.typowner::regrole::text, ''
FROM pg_type t WHERE t.typnamespace <> coalesce(to_regnamespace('atlas')::oid, 0)
                 AND t.typnamespace::regnamespace::text NOT LIKE 'pg_t%'
UNION ALL SELECT 'schema', nspname, nspacl::text, nspowner::regrole::text, '' FROM pg_namespace
WHERE nspname <> 'atlas' AND nspname NOT LIKE 'pg_t%'
UNION ALL SELECT 'extension', extname, extversion, '', '' FROM pg_extension
UNION ALL SELECT 'role', rolname, rolsuper::text || rolcreaterole || rolcreatedb || rolcanlogin || rolbypassrls, '', ''
FROM pg_roles
UNION ALL SELECT 'setting', setdatabase::text, setrole::text, setconfig::text, '' FROM pg_db_role_setting
UNION ALL SELECT 'database', datname, datacl::text, datdba::regrole::text, '' FROM pg_database
ORDER BY 1, 2, 3, 4, 5
"""


@pytest.fixture(scope="module")
def dba():
    """A server that is not ours, as its DBA sees it; ours is told its address only."""
    folder = Path(tempfile.mkdtemp(prefix="gridatlas-dba-"))
    folder.chmod(0o755)
    theirs = cluster.Cluster(folder)
    cluster.start(theirs)
    with psycopg.connect(f"host={theirs.socket} user=postgres dbname=postgres", autocommit=True) as conn:
        conn.execute("CREATE DATABASE office")
    with (
        pytest.MonkeyPatch.context() as patch,
        psycopg.connect(f"host={theirs.socket} user=postgres dbname=office", autocommit=True) as conn,
    ):
        conn.execute("CREATE EXTENSION postgis")
        conn.execute(GRANTS)
        conn.execute("REVOKE ALL ON DATABASE office FROM PUBLIC")
        conn.execute("GRANT CONNECT ON DATABASE office TO gridatlas")
        conn.execute("CREATE SCHEMA atlas AUTHORIZATION atlas_owner")
        patch.setenv("GRIDATLAS_DATABASE_URL", f"postgresql://{ACCOUNT}@/office?host={theirs.socket}")
        close_pools()
        yield conn
        close_pools()
    cluster.destroy(theirs)
    cluster.shutil.rmtree(folder, ignore_errors=True)


def frame(geometry, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(geometry), crs=4490, index=np.arange(1, len(geometry) + 1))


def test_a_cautious_dba_an_import_and_no_trace(dba):
    with pytest.raises(RightMissing) as caught:
        migrations.migrate()
    assert "GRANT TEMPORARY ON DATABASE office TO atlas_owner, atlas_app;" in caught.value.remedy
    dba.execute("GRANT TEMPORARY ON DATABASE office TO atlas_owner, atlas_app")
    before = dba.execute(OUTSIDE).fetchall()
    migrations.migrate()
    assert dba.execute("SELECT proleakproof FROM pg_proc WHERE proname = 'geometry_overlaps'").fetchall() == [(False,)]

    rng = np.random.default_rng(3)
    x, y = rng.uniform(118.7, 118.72, 20_000), rng.uniform(32, 32.02, 20_000)
    buildings = frame(shapely.points(x, y), code=[f"B{k}" for k in range(20_000)])
    squares = [shapely.box(118.7, 32, 118.71, 32.02), shapely.box(118.71, 32, 118.72, 32.02)]
    with session(JOB) as conn:
        assert store.write(conn, "buildings", buildings, source_id=None) == Counts(20_000, 0, 0)
        accounts.add(conn, PERSON.name, roles=["planner", "supervisor"], scopes=["office"])
    with session(PERSON) as conn:
        number = networks.ensure(conn, "comprehensive").id
        areas = frame([shapely.box(118.6, 31.9, 118.8, 32.1)], code=["S"], level=["street"])
        assert store.write(conn, "areas", areas, source_id=None) == Counts(1, 0, 0)
        rows = frame(squares, code=["G1", "G2"], name=["东", "西"])
        assert store.write(conn, "grids", rows, source_id=None, network_id=number) == Counts(2, 0, 0)
        assert store.write(conn, "buildings", buildings, source_id=None) == Counts(0, 0, 20_000)
        assert [g.code for g in grids.search(conn, "dong")] == ["G1"]
        assert overview.counts(conn).buildings == 20_000

    # Without the mark a person's box gives the same rows, and a job's box still uses the index.
    box = "SELECT code FROM building WHERE geom && ST_MakeEnvelope(118.7, 32, 118.701, 32.001, 4490) ORDER BY code"
    dba.execute("ANALYZE atlas.building")
    inside = sorted(f"B{k}" for k in np.flatnonzero((x <= 118.701) & (y <= 32.001)))
    assert inside
    for actor in (JOB, PERSON):
        with session(actor) as conn:
            assert [code for (code,) in conn.execute(box)] == inside
    with session(JOB) as conn:
        assert "building_geom" in str(conn.execute(f"EXPLAIN {box}").fetchall())

    assert dba.execute(OUTSIDE).fetchall() == before
    close_pools()
    migrations.migrate("0")
    dba.execute("DROP SCHEMA atlas CASCADE")
    assert dba.execute(OUTSIDE).fetchall() == before
