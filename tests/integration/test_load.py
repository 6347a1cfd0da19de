"""Loading a prepared file: all or nothing, once, with its rejects and its audit row."""

from __future__ import annotations

import csv
import resource
import threading

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis.datasets import Dataset
from gis.db.connection import session
from gis.errors import DiskFull
from gis.errors import RightMissing
from gis.intake.load import load
from gis.intake.parts import Prepared
from gis.intake.parts import Source
from gis.records import imports
from gis.records import store
from gis.records.errors import ColumnWrong
from gis.records.errors import RecordsBusy
from gis.records.store import Counts
from gis.vocabulary import Actor

JOB = Actor.job("test")
PERSON = Actor("zhang")

pytestmark = pytest.mark.usefixtures("database")


def prepared(dataset=Dataset.BUILDINGS, geometry=None, rejects=(), repairs=(), sha="a" * 64, **columns):
    geometry = geometry or [shapely.Point(118.7 + k / 100, 32) for k in range(3)]
    columns = columns or {"code": [f"K{k}" for k in range(len(geometry))]}
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=4490, index=np.arange(1, len(geometry) + 1))
    refused = pd.DataFrame(list(rejects), columns=["row", "reason", "code", "original"])
    mended = pd.DataFrame(list(repairs), columns=["row", "repair", "code"])
    evidence = {"how": "control", "median_m": np.float64(1.5), "other": float("nan"), "points": np.array([1, 2])}
    source = Source("楼栋.csv", None, sha, "gb18030", "gcj02", evidence, {"code": "编码"},
                    len(frame) + len(refused), "f" * 64)  # fmt: skip
    return Prepared(dataset, frame, refused, mended, source)


REJECTS = [
    (4, "坐标缺失", "no_place", '{"编码": "=cmd|x", "户数": "-3", "说明": "-a"}'),
    (5, "@公式", "no_place", '{"编码": "甲,乙", "户数": "+1.5e3", "另一列": "\\tx"}'),
]


def ask(statement, *given):
    with session(JOB) as conn:
        return conn.execute(statement, given).fetchall()


def everything():
    """All that a load may leave: rows of every table, versions of layers included."""
    tables = [name for (name,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'atlas' ORDER BY 1")]
    with session(JOB) as conn:
        return {t: conn.execute(f"SELECT r::text FROM atlas.{t} r ORDER BY 1").fetchall() for t in tables}


def test_a_load_keeps_its_import_its_records_and_its_audit_row(home):
    shares = []
    report = load(PERSON, prepared(rejects=REJECTS, repairs=[(1, "闭合", "closed")]), reason="年度更新",
                  progress=shares.append)  # fmt: skip
    assert (report.counts, report.rejected, report.repaired) == (Counts(3, 0, 0), 2, 1)
    assert (report.refresh_due, report.changed, report.already, report.network) == (True, True, None, None)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    with session(PERSON) as conn:
        kept = imports.get(conn, report.import_id)
        assert imports.listing(conn) == [kept]
    assert (kept.filename, kept.rows_read, kept.rows_inserted, kept.rows_rejected) == ("楼栋.csv", 5, 3, 2)
    assert kept.datum_evidence == {"how": "control", "median_m": 1.5, "other": None, "points": [1, 2]}
    assert (kept.actor, kept.encoding, kept.datum) == ("zhang", "gb18030", "gcj02")
    assert kept.rejects_file == str(report.rejects_path)
    assert report.rejects_path.parent == home / "rejects"
    assert ask("SELECT DISTINCT source_id FROM building") == [(report.import_id,)]
    assert ask("SELECT source_row FROM building ORDER BY code") == [(1,), (2,), (3,)]
    ((actor, action, relation, subject, after, reason),) = ask(
        "SELECT actor, action, relation, subject, after, reason FROM audit WHERE relation = 'building'"
    )
    assert (actor, action, relation, subject, reason) == (
        "zhang", "import", "building", str(report.import_id), "年度更新",
    )  # fmt: skip
    assert after["rows_inserted"] == 3


def test_the_rejects_file_is_for_a_spreadsheet_and_runs_nothing(tmp_path):
    path = tmp_path / "deep" / "rejects.csv"
    report = load(JOB, prepared(rejects=REJECTS), rejects_path=path)
    assert report.rejects_path == path
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    assert rows == [
        ["源文件行号", "剔除原因", "编码", "户数", "说明", "另一列"],
        ["4", "坐标缺失", "'=cmd|x", "-3", "'-a", ""],
        ["5", "'@公式", "甲,乙", "+1.5e3", "", "'\tx"],
    ]
    assert [p.name for p in path.parent.iterdir()] == ["rejects.csv"]


def test_the_same_file_twice_changes_nothing_and_says_so():
    first = load(JOB, prepared())
    before = everything()
    again = load(PERSON, prepared())
    assert (again.counts, again.already, again.import_id) == (Counts(0, 0, 3), first.import_id, None)
    assert (again.changed, again.refresh_due) == (False, False)
    assert everything() == before
    other = load(JOB, prepared(sha="b" * 64))
    assert (other.counts, other.already) == (Counts(0, 0, 3), None)
    assert everything() == before


def test_a_dry_run_counts_the_same_and_keeps_nothing(tmp_path):
    load(JOB, prepared())
    before = everything()
    changed = prepared(code=["K0", "K1", "NEW"], households=[7, 0, 1], rejects=REJECTS)
    path = tmp_path / "rejects.csv"
    dry = load(JOB, changed, dry_run=True)
    assert (dry.dry_run, dry.import_id, dry.rejects_path, dry.refresh_due) == (True, None, None, False)
    assert everything() == before
    asked = load(JOB, changed, dry_run=True, rejects_path=path)
    assert (asked.import_id, asked.rejects_path) == (None, path)
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 1 + len(REJECTS)
    assert everything() == before
    path.unlink()
    wet = load(JOB, changed, rejects_path=path)
    assert wet.counts == dry.counts == Counts(1, 1, 1)
    assert path.exists()


def test_a_load_that_fails_leaves_nothing_not_even_a_rejects_file(tmp_path):
    before = everything()
    with pytest.raises(ColumnWrong):
        load(JOB, prepared(code=["A", "B", "C"], households=[1, -5, 2], rejects=REJECTS),
             rejects_path=tmp_path / "r.csv")  # fmt: skip
    assert everything() == before
    assert list(tmp_path.iterdir()) == []


def test_a_rejects_file_that_cannot_be_written_undoes_the_load(tmp_path):
    before = everything()
    (tmp_path / "file").write_text("x")
    with pytest.raises(RightMissing, match=r"r\.csv"):
        load(JOB, prepared(rejects=REJECTS), rejects_path=tmp_path / "file" / "r.csv")
    assert everything() == before


def test_no_room_for_the_rejects_file_undoes_the_load(tmp_path):
    before = everything()
    many = [(k, "坐标缺失", "no_place", '{"编码": "0123456789"}') for k in range(20_000)]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(DiskFull, match=r"r\.csv"):
            load(JOB, prepared(rejects=many), rejects_path=tmp_path / "r.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert everything() == before
    assert list(tmp_path.iterdir()) == []


def test_grids_go_to_their_network():
    geometry = [shapely.box(118, 32, 118.01, 32.01)]
    first = load(JOB, prepared(Dataset.GRIDS, geometry, code=["G"]), network="police")
    assert first.network == "police"
    assert ask("SELECT n.code FROM grid g JOIN network n ON n.id = g.network_id") == [("police",)]
    other = load(JOB, prepared(Dataset.GRIDS, geometry, code=["G"]))
    assert other.counts == Counts(1, 0, 0)
    again = load(JOB, prepared(Dataset.GRIDS, geometry, code=["G"]), network="police")
    assert again.already == first.import_id
    assert {code for (code,) in ask("SELECT code FROM network")} == {
        "comprehensive", "city_management", "police", "party",
    }  # fmt: skip


def test_a_file_wholly_outside_the_street_is_pointed_out():
    load(JOB, prepared(Dataset.AREAS, [shapely.box(118, 31, 119, 33)], code=["A"], name=["甲"], level=["street"]))
    assert load(JOB, prepared()).warnings == ()
    (warning,) = load(JOB, prepared(geometry=[shapely.Point(32, 118.5 - 90)], code=["far"])).warnings
    assert "坐标系" in warning


def test_two_loads_of_one_dataset_do_not_meet(monkeypatch):
    monkeypatch.setenv("GRIDATLAS_LOCK_TIMEOUT_S", "1")
    with session(JOB) as conn:
        store.take_turn(conn, Dataset.BUILDINGS)
        with pytest.raises(RecordsBusy, match="1 秒"):
            load(PERSON, prepared())
        geometry = [shapely.Point(118, 32)]
        assert load(PERSON, prepared(Dataset.INCIDENTS, geometry, code=["I"])).counts == Counts(1, 0, 0)
    assert load(PERSON, prepared()).counts == Counts(3, 0, 0)


def test_loads_that_wait_for_each_other_both_come_through():
    reports = {}

    def run(name):
        codes = [f"{name}{k}" for k in range(300)]
        points = [shapely.Point(118 + k / 1000, 32) for k in range(300)]
        reports[name] = load(PERSON, prepared(geometry=points, code=[*codes[:-1], "both"]))

    threads = [threading.Thread(target=run, args=(name,)) for name in "AB"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.counts.inserted for r in reports.values()) == [299, 300]
    assert ask("SELECT count(*) FROM building") == [(599,)]
