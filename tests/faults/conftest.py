"""Servers of the faults' own, to be killed, filled and starved; never the one other tests use."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis.datasets import Dataset
from gis.db import cluster
from gis.db import migrations
from gis.db.connection import close_pools
from gis.intake.parts import Prepared
from gis.intake.parts import Source

ROWS = 30_000


@pytest.fixture
def folder():
    """A folder every user can enter, gone afterwards together with a server in it."""
    made = Path(tempfile.mkdtemp(prefix="gridatlas-fault-"))
    made.chmod(0o755)
    yield made
    cluster.destroy(cluster.Cluster(made))
    cluster.shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def victim():
    """A migrated server that the tests of a module kill again and again."""
    made = Path(tempfile.mkdtemp(prefix="gridatlas-victim-"))
    made.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDATLAS_HOME", str(made))
        patch.setenv("GRIDATLAS_POOL_WAIT_S", "2")
        patch.delenv("GRIDATLAS_DATABASE_URL", raising=False)
        patch.delenv("GRIDATLAS_DATABASE_NAME", raising=False)
        theirs = cluster.Cluster(made)
        cluster.start(theirs)
        migrations.migrate()
        yield theirs
        close_pools()
    cluster.destroy(theirs)
    cluster.shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def file():
    """Many buildings, prepared as the intake does, with one rejected row."""
    rng = np.random.default_rng(7)
    places = shapely.points(rng.uniform(118.7, 118.72, ROWS), rng.uniform(32, 32.02, ROWS))
    frame = gpd.GeoDataFrame(
        {"code": [f"B{k:06d}" for k in range(ROWS)]}, geometry=places, crs=4490, index=np.arange(1, ROWS + 1)
    )
    rejects = pd.DataFrame([(ROWS + 1, "坐标缺失", "no_place", "{}")], columns=["row", "reason", "code", "original"])
    repairs = pd.DataFrame(columns=["row", "repair", "code"])
    source = Source(
        "many.csv", None, "a" * 64, None, "cgcs2000", {"how": "given"}, {"code": "code"}, ROWS + 1, "f" * 64
    )
    return Prepared(Dataset.BUILDINGS, frame, rejects, repairs, source)
