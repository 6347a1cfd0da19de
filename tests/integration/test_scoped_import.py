"""Files taken in by persons: what lies in their scope, whole, or nothing at all."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis.coverage import refresh
from gis.datasets import Dataset
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.intake.load import load
from gis.intake.parts import Prepared
from gis.intake.parts import Source
from gis.vocabulary import Actor
from gis.vocabulary import Role

JOB = Actor.job("test")
TABLES = ("building", "grid", "area", "incident", "import", "audit", "history", "network")


@pytest.fixture(autouse=True)
def office(database):
    """Two communities, a person of each role for the first one, a building of the second."""
    with session(JOB) as conn:
        conn.execute("INSERT INTO area (code, name, level, geom) SELECT c, c, 'community', ST_Multi(ST_MakeEnvelope(x, 30, x + 0.1, 30.1, 4490))"
                     " FROM (VALUES ('A', 120.0), ('B', 120.1)) AS v (c, x)")  # fmt: skip
        conn.execute("INSERT INTO network (code, name, kind) VALUES ('comprehensive', 'zh', 'comprehensive')")
        conn.execute("INSERT INTO building (code, geom) VALUES ('theirs', ST_SetSRID(ST_Point(120.15, 30.05), 4490))")
        for role in Role:
            conn.execute("INSERT INTO account (name) VALUES (%s)", (f"{role}.a",))
            conn.execute(
                "INSERT INTO account_role (account_id, role) SELECT id, %s FROM account WHERE name = %s",
                (role, f"{role}.a"),
            )
            conn.execute("INSERT INTO account_scope (account_id, reach, area_id) SELECT c.id, 'area', a.id FROM account c, area a"
                         " WHERE c.name = %s AND a.code = 'A'", (f"{role}.a",))  # fmt: skip
    return database


def file(dataset, shapes, codes, **columns):
    frame = gpd.GeoDataFrame({"code": codes, **columns}, geometry=shapes, crs=4490, index=np.arange(1, len(shapes) + 1))
    refused = pd.DataFrame([], columns=["row", "reason", "code", "original"])
    mended = pd.DataFrame([], columns=["row", "repair", "code"])
    source = Source("f.csv", None, "a" * 64, "utf-8", "cgcs2000", {}, {}, len(frame), "f" * 64)
    return Prepared(dataset, frame, refused, mended, source)


def kept():
    with session(JOB) as conn:
        return {table: conn.execute(f"SELECT count(*) FROM {table}").fetchone() for table in TABLES}


HOME = [shapely.Point(120.02, 30.02), shapely.Point(120.05, 30.03)]
AWAY = shapely.Point(120.15, 30.02)
SQUARE = shapely.MultiPolygon([shapely.box(120.0, 30.0, 120.05, 30.1)])
OTHERS = shapely.MultiPolygon([shapely.box(120.1, 30.0, 120.15, 30.1)])


@pytest.mark.parametrize(
    ("who", "dataset"),
    [("planner", Dataset.BUILDINGS), ("supervisor", Dataset.BUILDINGS), ("supervisor", Dataset.INCIDENTS)],
)
def test_a_file_that_lies_in_the_scope_is_kept(who, dataset):
    report = load(Actor(f"{who}.a"), file(dataset, HOME, ["x", "y"]))
    assert report.counts.inserted == 2
    with session(JOB) as conn:
        table = "building" if dataset is Dataset.BUILDINGS else "incident"
        rows = conn.execute(
            f"SELECT a.code FROM {table} t JOIN area a ON a.id = t.area_id WHERE t.code IN ('x', 'y')"
        ).fetchall()
        assert rows == [("A",), ("A",)]
        assert conn.execute("SELECT actor FROM import").fetchall() == [(f"{who}.a",)]
    again = load(Actor(f"{who}.a"), file(dataset, HOME, ["x", "y"]))
    assert (again.changed, again.already) == (False, report.import_id)


def test_a_grid_of_the_scope_is_kept():
    assert load(Actor("planner.a"), file(Dataset.GRIDS, [SQUARE], ["G1"], name=["G1"])).counts.inserted == 1


@pytest.mark.parametrize(
    ("who", "prepared"),
    [
        ("planner", file(Dataset.BUILDINGS, [*HOME, AWAY], ["x", "y", "z"])),
        ("supervisor", file(Dataset.BUILDINGS, [*HOME, AWAY], ["x", "y", "z"])),
        ("supervisor", file(Dataset.INCIDENTS, [*HOME, AWAY], ["x", "y", "z"])),
        ("planner", file(Dataset.BUILDINGS, HOME, ["x", "theirs"])),
        ("planner", file(Dataset.GRIDS, [SQUARE, OTHERS], ["G1", "G2"], name=["a", "b"])),
        ("planner", file(Dataset.GRIDS, [OTHERS], ["G2"], name=["b"], area_code=["A"])),
        ("planner", file(Dataset.AREAS, [SQUARE], ["A"], name=["A"], level=["community"])),
    ],
)
def test_one_row_outside_the_scope_and_nothing_is_kept(who, prepared):
    before = kept()
    with pytest.raises(NotAllowed):
        load(Actor(f"{who}.a"), prepared)
    assert kept() == before


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.PLANNER, Role.SUPERVISOR}])
@pytest.mark.parametrize("dry_run", [False, True])
def test_other_roles_take_nothing_in(role, dry_run):
    before = kept()
    for dataset, shapes in ((Dataset.BUILDINGS, HOME[:1]), (Dataset.GRIDS, [SQUARE]), (Dataset.INCIDENTS, HOME[:1])):
        with pytest.raises(NotAllowed):
            load(Actor(f"{role}.a"), file(dataset, shapes, ["x"]), dry_run=dry_run)
    assert kept() == before


@pytest.mark.parametrize(
    ("role", "dataset", "shape"), [("planner", Dataset.INCIDENTS, HOME[0]), ("supervisor", Dataset.GRIDS, SQUARE)]
)
def test_each_writes_his_own_kind(role, dataset, shape):
    with pytest.raises(NotAllowed):
        load(Actor(f"{role}.a"), file(dataset, [shape], ["x"]))


@pytest.mark.parametrize("role", list(Role))
def test_the_coverage_is_computed_for_the_whole_office_only(role):
    with pytest.raises(NotAllowed):
        refresh.refresh(Actor(f"{role}.a"), "comprehensive")
