"""``script/gis import``: from the file to the tables, its words, its JSON, its refusals."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass

import numpy as np
import psycopg
import pytest

from gis import crs
from gis.cli import main
from gis.db.connection import conninfo

RNG = np.random.default_rng(3)
POINTS = np.column_stack([RNG.uniform(116.30, 116.34, 60), RNG.uniform(39.95, 39.99, 60)])


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(database, monkeypatch, capsys):
    """Run the command as the shell would, without paying for a new interpreter each time."""
    monkeypatch.setenv("GRIDATLAS_LANGUAGE", "zh_CN")

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["gis", "import", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return call


@pytest.fixture
def ask(database):
    def query(text):
        with psycopg.connect(conninfo(None, database), autocommit=True) as conn:
            return conn.execute(text).fetchall()

    return query


def buildings(path, points, start=0, extra=""):
    lines = ["楼栋编码,名称,户数,经度,纬度"]
    lines += [f"b{start + i},第{i}栋,{i},{x:.9f},{y:.9f}" for i, (x, y) in enumerate(points)]
    path.write_text("\n".join(lines) + "\n" + extra, encoding="gb18030")
    return path


def test_a_file_goes_in_once_and_its_account_is_true(run, ask, tmp_path):
    file = buildings(tmp_path / "楼栋.csv", POINTS, extra="b0,重复,1,116.3,39.95\nx,=cmd|1,三,0,0\n")
    rejects = tmp_path / "剔除.csv"
    done = run("buildings", file, "--datum", "gcj02", "--rejects", rejects)
    assert done.returncode == 0, done.stderr
    assert "编码:gb18030" in done.stdout
    assert "坐标系:gcj02。由用户指定。" in done.stdout
    assert "户数 (households) ← 户数" in done.stdout
    assert "读取 62 行:新增 61,更新 0,未变 0,修复 1,剔除 1。" in done.stdout
    stored = ask("SELECT code, ST_X(geom), ST_Y(geom), households FROM atlas.building ORDER BY length(code), code")
    assert len(stored) == 61
    lon, lat = crs.wgs84_from_gcj02(POINTS[:, 0], POINTS[:, 1])
    by_code = {row[0]: row for row in stored}
    assert by_code["b7"][1:] == pytest.approx((lon[7], lat[7], 7), abs=1e-8)
    assert by_code["x"][1] is None
    with rejects.open(encoding="utf-8-sig") as source:
        rows = list(csv.reader(source))
    assert len(rows) == 2
    assert rows[1][0] == "61"
    assert "第 1 行" in ",".join(rows[1])
    again = run("buildings", file, "--datum", "gcj02", "--json", "-")
    account = json.loads(again.stdout)
    assert account["rows"] == {"read": 62, "inserted": 0, "updated": 0, "unchanged": 61, "repaired": 1, "rejected": 1}
    assert account["already"] == 1
    assert ask("SELECT count(*) FROM atlas.import") == [(1,)]


def test_a_dry_run_and_a_bad_file_leave_the_database_as_it_was(run, ask, tmp_path):
    file = buildings(tmp_path / "a.csv", POINTS)
    dry = run("buildings", file, "--datum", "wgs84", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "试运行" in dry.stdout
    asked = run("buildings", file)
    assert asked.returncode == 2
    assert asked.stdout == ""
    assert len(asked.stderr.strip().splitlines()) == 2
    assert "--datum" in asked.stderr
    for words in (
        ("houses", file),
        ("buildings", file, "--map", "name"),
        ("buildings", file, "--map", "name=没有"),
        ("areas", file, "--level", "galaxy"),
        ("buildings", tmp_path / "none.csv"),
        ("buildings", file, "--datum", "mars"),
    ):
        refused = run(*words)
        assert refused.returncode == 2
        assert "Traceback" not in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 2
    assert ask("SELECT (SELECT count(*) FROM atlas.building), (SELECT count(*) FROM atlas.import)") == [(0, 0)]


def test_stored_buildings_settle_the_datum_of_the_next_file(run, ask, tmp_path):
    assert run("buildings", buildings(tmp_path / "a.csv", POINTS), "--datum", "cgcs2000").returncode == 0
    shifted = np.column_stack(crs.bd09_from_wgs84(POINTS[:, 0], POINTS[:, 1]))
    done = run("buildings", buildings(tmp_path / "b.csv", shifted), "--json", "-")
    assert done.returncode == 0, done.stderr
    account = json.loads(done.stdout)
    assert account["datum"] == "bd09"
    assert account["datum_evidence"]["how"] == "control"
    assert account["datum_evidence"]["matched_by"] == "code"
    assert account["datum_evidence"]["median_m"]["bd09"] < 0.01
    away = ask(
        "SELECT max(ST_Distance(geom::geography, ST_SetSRID(ST_MakePoint(116.32, 39.97), 4490)::geography)) FROM atlas.building"
    )
    assert away[0][0] < 5000


def test_grids_of_a_network_and_areas_of_a_level(run, ask, tmp_path):
    square = {
        "type": "Polygon",
        "coordinates": [[[116.3, 39.9], [116.31, 39.9], [116.31, 39.91], [116.3, 39.91], [116.3, 39.9]]],
    }
    text = json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": {"bm": "G1", "外文": "Nan"}, "geometry": square}],
        }
    )
    (tmp_path / "g.geojson").write_text(text, encoding="utf-8")
    assert run("areas", tmp_path / "g.geojson", "--level", "street", "--map", "name=外文").returncode == 0
    assert run("grids", tmp_path / "g.geojson", "--network", "police").returncode == 0
    assert ask("SELECT name, level FROM atlas.area") == [("Nan", "street")]
    assert ask("SELECT n.code, g.code FROM atlas.grid g JOIN atlas.network n ON n.id = g.network_id") == [
        ("police", "G1")
    ]
