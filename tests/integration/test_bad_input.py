"""Bad input through ``script/gis import``: one sentence and a remedy in either language, and the database as it was."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import psycopg
import pyogrio
import pytest
import shapely

from gis.cli import main
from gis.db.connection import conninfo

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
CODE = "110105001001001"


def ring(x, y=39.9, size=0.01):
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def collection(*features):
    made = [
        {"type": "Feature", "properties": properties, "geometry": geometry and {"type": kind, "coordinates": geometry}}
        for kind, geometry, properties in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": made}, ensure_ascii=False).encode()


def square(x, code, name="a"):
    return "Polygon", [ring(x)], {"code": code, "name": name}


def cut_package(path):
    frame = gpd.GeoDataFrame(
        {"code": [str(k) for k in range(900)]}, geometry=[shapely.box(k, 0, k + 1, 1) for k in range(100)] * 9, crs=4326
    )
    pyogrio.write_dataframe(frame, path)
    path.write_bytes(path.read_bytes()[:-9000])


def shapefile_without_prj(path):
    frame = gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(116.3, 39.9, 116.31, 39.91)])
    parts = path.parent / "parts"
    parts.mkdir()
    pyogrio.write_dataframe(frame.set_crs(4326), parts / "a.shp", encoding="utf-8")
    (parts / "a.prj").unlink()
    with zipfile.ZipFile(path, "w") as archive:
        for part in parts.iterdir():
            archive.write(part, part.name)


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 40_000_000)


def huge(path):
    with path.open("wb") as out:
        out.write("编码,经度,纬度\n".encode())
        out.truncate(3 * 2**30)  # takes no room on the disk


GBK = "编码,名称,经度,纬度\n1,朝阳里,116.3,39.9\n".encode("gbk")
POINT = ("Point", [116.3, 39.9], {"code": "1"})
REFUSED = {
    "wrong encoding": ("buildings", "a.csv", GBK, ("--encoding", "utf-8", "--datum", "wgs84"), "utf-8"),
    "no such encoding": ("buildings", "a.csv", GBK, ("--encoding", "klingon"), "klingon"),
    "unclear encoding": ("buildings", "a.csv", b"code,name,lon,lat\n1,\x81\x8d\x9d,116.3,39.9\n", (), "--encoding"),
    "empty table": ("buildings", "a.csv", b"", (), "a.csv"),
    "empty collection": ("grids", "a.geojson", b"", (), "a.geojson"),
    "a header alone": ("buildings", "a.csv", "编码,名称,经度,纬度".encode(), (), "a.csv"),
    "no geometry": ("grids", "a.csv", "编码,名称\n1,甲\n".encode(), (), "--map"),
    "points for grids": ("grids", "a.geojson", collection(POINT), (), "a.geojson"),
    "only flat rings": ("grids", "a.geojson", collection(("Polygon", [[[1, 1], [2, 2], [3, 3], [1, 1]]], {})), (), "1"),
    "lon lat of no datum": ("buildings", "a.csv", "编码,经度,纬度\n1,116.3,39.9\n".encode(), (), "--datum"),
    "truncated GeoPackage": ("grids", "a.gpkg", cut_package, (), "a.gpkg"),
    "no .prj": ("grids", "a.zip", shapefile_without_prj, (), "--datum"),
    "zip bomb": ("buildings", "a.zip", bomb, (), "200"),
    "too large": ("buildings", "a.csv", huge, (), "GRIDATLAS_INTAKE_MAX_FILE_MB"),
    "codes that all break the pattern": (
        "grids",
        "a.geojson",
        collection(square(116.3, "X1")),
        ("--strict",),
        r"\d{15}",
    ),
}


@pytest.fixture
def run(database, monkeypatch, capsys):
    """Run the command as the shell would, in a language: status, stdout, stderr."""

    def call(language, *words):
        monkeypatch.setenv("GRIDATLAS_LANGUAGE", language)
        monkeypatch.setattr(sys, "argv", ["gis", "import", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def everything(database):
    """Give all rows of all tables, as they stand in the database."""

    def rows():
        with psycopg.connect(conninfo(None, database), autocommit=True) as conn:
            names = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'atlas' ORDER BY 1").fetchall()
            return {t: conn.execute(f"SELECT r.xmin, r::text FROM atlas.{t} r ORDER BY 2").fetchall() for (t,) in names}

    return rows


def put(path, content):
    if callable(content):
        content(path)
    else:
        path.write_bytes(content)
    return path


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_one_sentence_with_a_remedy(run, everything, tmp_path, case):
    dataset, name, content, words, told = REFUSED[case]
    path = put(tmp_path / name, content)
    before = everything()
    for language in ("zh_CN", "en"):
        status, out, err = run(language, dataset, path, "--rejects", tmp_path / "rejects.csv", *words)
        assert (status, out) == (2, "")
        sentence, remedy = err.splitlines()
        assert told in err
        assert name in sentence or "--encoding" in words
        assert bool(CHINESE.search(sentence)) == bool(CHINESE.search(remedy)) == (language == "zh_CN")
        assert sentence.endswith("。" if language == "zh_CN" else ".")
        assert str(tmp_path) not in err
    assert everything() == before
    assert not (tmp_path / "rejects.csv").exists()


BOW = ("Polygon", [[[116.4, 39.9], [116.41, 39.91], [116.41, 39.9], [116.4, 39.91], [116.4, 39.9]]], {"code": "bow"})
NAN = ("Polygon", [[[116.3, 39.9], [float("nan"), 39.9], [116.31, 39.91], [116.3, 39.9]]], {"code": "nan"})
ZERO = ("Polygon", [[[0, 0], [0, 0], [0, 0], [0, 0]]], {"code": "zero"})
TAKEN = {
    # dataset, file, content, words; codes kept, rows refused, rows repaired
    "mixed types": (
        "grids", "a.geojson",
        collection(square(116.3, "1"), POINT, ("LineString", [[1, 1], [2, 2]], {"code": "3"}), ("Polygon", None, {"code": "4"})),
        (), ["1"], ["2", "3", "4"], 0,
    ),
    "self-crossing ring": ("grids", "a.geojson", collection(BOW, square(116.3, "2")), (), ["2", "bow"], [], 1),
    "NaN and null island": ("grids", "a.geojson", collection(NAN, ZERO, square(116.3, "3")), (), ["3"], ["1", "2"], 0),
    "points at NaN and (0, 0)": (
        "buildings", "a.csv", b"code,lon,lat\n1,116.3,39.9\n2,NaN,NaN\n3,0,0\n4,1e309,39.9\n5,116.3,139.9\n",
        ("--datum", "wgs84"), ["1", "2", "3", "4", "5"], [], 4,
    ),
    "duplicate codes": (
        "grids", "a.geojson", collection(square(116.3, CODE), square(116.4, CODE), square(116.5, "9")),
        (), [CODE, "9"], ["2"], 0,
    ),
    "a code that breaks its pattern": (
        "grids", "a.geojson", collection(square(116.3, CODE), square(116.4, CODE[:-1] + "X")),
        ("--strict",), [CODE], ["2"], 0,
    ),
    "formulas": (
        "buildings", "a.csv",
        '编码,名称,经度,纬度\n=1+1,"=HYPERLINK(""http://x"")",116.3,39.9\n=1+1,@SUM(1),116.4,39.9\n'.encode(),
        ("--datum", "wgs84"), ["=1+1"], ["2"], 0,
    ),
    "a name with <script>": (
        "grids", "a.geojson", collection(square(116.3, "<script>alert(1)</script>", "<img src=x onerror=alert(1)>")),
        (), ["<script>alert(1)</script>"], [], 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_bad_rows_are_listed_and_the_others_go_in(run, everything, database, tmp_path, case):
    dataset, name, content, words, kept, refused, repaired = TAKEN[case]
    path, listed = put(tmp_path / name, content), tmp_path / "rejects.csv"
    before = everything()
    for language in ("zh_CN", "en"):
        status, out, err = run(language, dataset, path, "--dry-run", "--rejects", listed, *words)
        assert (status, err) == (0, "")
        assert everything() == before
        assert listed.exists() == bool(refused)
        if refused:
            with listed.open(encoding="utf-8-sig", newline="") as source:
                head, *rows = csv.reader(source)
            assert [row[0] for row in rows] == refused
            assert all(row[1] and bool(CHINESE.search(row[1])) == (language == "zh_CN") for row in rows)
            assert bool(CHINESE.search(head[1])) == (language == "zh_CN")
            assert not any(cell.startswith(("=", "@", "+")) for row in rows for cell in row)
            listed.unlink()
        assert "Traceback" not in out
    status, out, _err = run("en", dataset, path, "--json", "-", *words)
    account = json.loads(out)["rows"]
    assert (account["inserted"], account["rejected"], account["repaired"]) == (len(kept), len(refused), repaired)
    with psycopg.connect(conninfo(None, database)) as conn:
        found = conn.execute(f'SELECT code FROM atlas.{dataset.removesuffix("s")} ORDER BY code COLLATE "C"').fetchall()
    assert [code for (code,) in found] == sorted(kept)


def test_the_command_itself_says_the_same(database, tmp_path):
    """The shell's own way: nothing on stdout, two lines on stderr, status 2, no warning of a library."""
    path = put(tmp_path / "a.geojson", collection(NAN))
    for language, words in (("zh_CN", "没有一行可用"), ("en", "row")):
        done = subprocess.run(
            [sys.executable, "-m", "gis.cli", "import", "grids", str(path)],
            check=False, capture_output=True, text=True, cwd=ROOT,
            env={**os.environ, "GRIDATLAS_LANGUAGE": language},
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 2, done.stderr
        assert words in done.stderr
