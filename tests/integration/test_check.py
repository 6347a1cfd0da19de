"""``script/gis check`` as an analyst's script uses it: its JSON, its files, its exit status, its refusals."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import openpyxl
import psycopg
import pytest
import shapely

from gis.cli import main
from gis.coverage import summary
from gis.db.connection import conninfo
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity
from tests.board import block
from tests.board import frame
from tests.board import place
from tests.board import point

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
COUNTS = ("areas", "grids", "buildings", "incidents", "assigned_buildings", "blind_buildings")
NUMBERS = ("area_m2", "unclaimed_area_m2", "contested_area_m2", "covered_buildings_share", "covered_households_share")


class Done:
    def __init__(self, status, said):
        self.status, self.out, self.err = status, said.out, said.err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(shared_database, monkeypatch, capsys):
    """Run ``check`` as the shell would, without paying for a new interpreter each time."""
    monkeypatch.setenv("GRIDATLAS_LANGUAGE", "zh_CN")

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["gis", "check", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), capsys.readouterr())

    return call


@pytest.fixture
def files(tmp_path):
    """Give files of a board with flaws of every rule, as ``(option, path)`` words."""
    land = frame([("110101001001", block(0, 0, 200, 100), {"name": "东里社区"})])
    grids = frame([
        ("A", block(0, 0, 103, 100)), ("B", block(100, 0, 180, 100)), ("C", block(190, 0, 202, 100)),
    ])  # fmt: skip
    lines = ["楼栋编码,户数,登记网格,经度,纬度"]
    for code, households, declared, x, y in (
        ("h1", 320, "A", 50, 50), ("h2", 30, "A", 150, 50), ("h3", 12, "", 185, 50), ("h4", 1, "", 100.5, 20),
    ):  # fmt: skip
        lon, lat = place(x, y)
        lines.append(f"{code},{households},{declared},{lon:.9f},{lat:.9f}")
    lines.append("h5,4,,,")
    (tmp_path / "楼栋.csv").write_text("\n".join(lines), encoding="gb18030")
    land.to_file(tmp_path / "land.gpkg", layer="社区", driver="GPKG")
    grids.to_file(tmp_path / "land.gpkg", layer="网格", driver="GPKG")
    spots = gpd.GeoDataFrame({"id": [1, 2]}, geometry=[point(50, 50), point(9000, 0)], crs=4326)
    spots.to_file(tmp_path / "cases.geojson", driver="GeoJSON")
    package = tmp_path / "land.gpkg"
    return (
        "--areas", f"{package}:社区", "--grids", f"{package}:网格", "--buildings", tmp_path / "楼栋.csv",
        "--incidents", tmp_path / "cases.geojson", "--datum", "cgcs2000",
    )  # fmt: skip


def keys_of(value):
    """Every key of an object and the objects in it."""
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in keys_of(inner)}
    if isinstance(value, list):
        return {key for inner in value for key in keys_of(inner)}
    return set()


def test_the_object_is_what_the_page_says(run, files):
    done = run(*files, "--json", "-")
    assert done.status == 1, done.err
    found = done.json
    assert set(found) == {"summary", "findings"}
    summary = found["summary"]
    assert all(type(summary[key]) is int for key in COUNTS)
    assert all(type(summary[key]) in {float, int} for key in NUMBERS)
    assert set(summary) == {
        *COUNTS, *NUMBERS, "households", "blind_households", "by_rule", "by_severity", "notes", "inputs",
    }  # fmt: skip
    assert summary["by_severity"].keys() == {s.value for s in Severity}
    assert sum(summary["by_rule"].values()) == len(found["findings"])
    assert (summary["areas"], summary["grids"], summary["buildings"], summary["incidents"]) == (1, 3, 5, 2)
    assert (summary["households"], summary["assigned_buildings"], summary["blind_buildings"]) == (367, 3, 2)
    assert summary["covered_households_share"] == pytest.approx(1 - 16 / 367)
    assert set(summary["inputs"]) == {"areas", "grids", "buildings", "incidents"}
    assert summary["inputs"]["grids"]["layer"] == "网格"
    assert {f["rule"] for f in found["findings"]} == {key for key, count in summary["by_rule"].items() if count}
    assert len([key for key, count in summary["by_rule"].items() if count]) == 7
    for finding in found["findings"]:
        assert set(finding) == {
            "rule", "severity", "title", "reason", "measure", "subjects", "grids", "buildings", "area", "remedies",
            "geometry",
        }  # fmt: skip
        assert finding["rule"] in set(RuleKey)
        assert finding["measure"].keys() >= {"area_m2", "buildings", "households"}
        assert 1 <= len(finding["remedies"]) <= 3
        assert all(remedy["text"] and remedy["action"] for remedy in finding["remedies"])
        assert finding["area"] is None or set(finding["area"]) == {"code", "name"}
        if finding["geometry"] is None:
            assert finding["subjects"]["kind"] == "none"
            continue
        west, south, east, north = shapely.geometry.shape(finding["geometry"]).bounds
        assert (west > 116, south > 39, east < 117, north < 40) == (True, True, True, True)


def test_every_key_and_word_is_on_the_page(run, files):
    page = set(re.findall(r"`([a-z_0-9]+)`", PAGE))
    found = run(*files, "--json", "-").json
    geometry = {"type", "coordinates"}
    assert keys_of(found) - geometry - set(RuleKey) - page == set()
    words = {f["subjects"]["kind"] for f in found["findings"] if "kind" in f["subjects"]}
    words |= {remedy["action"] for f in found["findings"] for remedy in f["remedies"]}
    assert words - page == set()
    source = (ROOT / "gis" / "coverage" / "wording" / "__init__.py").read_text(encoding="utf-8")
    actions = set(re.findall(r'^        "([a-z_]+)": _\(', source, re.MULTILINE)) - {
        "none", "null_island", "outside", "heaped",
    }  # fmt: skip
    assert len(actions) > 10
    assert actions - page == set()


def test_json_is_alone_on_the_output_and_status_tells_what_was_found(files, shared_database, tmp_path):
    """The real command, once: what a script sees."""
    environment = {**os.environ, "GRIDATLAS_LANGUAGE": "en"}
    command = [sys.executable, "-m", "gis.cli", "check", *map(str, files), "--json", "-"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["findings"][0]["title"].isascii()
    with psycopg.connect(conninfo(None, shared_database)) as conn:
        assert conn.execute(
            "SELECT (SELECT count(*) FROM atlas.import) + (SELECT count(*) FROM atlas.audit)"
        ).fetchone() == (0,)


def test_clean_files_end_with_zero_and_an_empty_list(run, tmp_path):
    land = frame([("x", block(0, 0, 200, 100))])
    land.to_file(tmp_path / "a.geojson", driver="GeoJSON")
    frame([("A", block(0, 0, 100, 100)), ("B", block(100, 0, 200, 100))]).to_file(
        tmp_path / "g.geojson", driver="GeoJSON"
    )
    done = run(
        "--areas", tmp_path / "a.geojson", "--grids", tmp_path / "g.geojson", "--datum", "cgcs2000", "--json", "-"
    )
    assert (done.status, done.json["findings"]) == (0, [])
    assert done.json["summary"]["notes"] == ["no_buildings"]
    assert done.json["summary"]["covered_buildings_share"] is None
    for ending in ("gpkg", "geojson", "xlsx"):
        out = tmp_path / f"none.{ending}"
        assert (
            run(
                "--areas",
                tmp_path / "a.geojson",
                "--grids",
                tmp_path / "g.geojson",
                "--datum",
                "cgcs2000",
                "--out",
                out,
            ).status
            == 0
        )
        assert out.exists()


def test_findings_are_read_back_from_every_kind_of_file(run, files, tmp_path):
    target = tmp_path / "all.json"
    shown = run(*files, "--json", target, "--out", tmp_path / "a.gpkg")
    assert shown.status == 1
    findings = json.loads(target.read_text(encoding="utf-8"))["findings"]
    assert run(*files, "--out", tmp_path / "a.geojson").status == 1
    assert run(*files, "--out", tmp_path / "a.xlsx").status == 1
    for path in (tmp_path / "a.gpkg", tmp_path / "a.geojson"):
        back = gpd.read_file(path)
        assert len(back) == len(findings)
        assert back["rule"].tolist() == [f["rule"] for f in findings]
        assert back["reason"].tolist() == [f["reason"] for f in findings]
        assert back["area_m2"].tolist() == pytest.approx([f["measure"]["area_m2"] for f in findings])
        assert back["grids"].fillna("").tolist() == [",".join(f["grids"]) for f in findings]
        for one, finding in zip(back.geometry, findings, strict=True):
            if finding["geometry"] is None:
                assert one is None or one.is_empty
            else:
                assert one.distance(shapely.geometry.shape(finding["geometry"])) < 1e-6
    assert gpd.read_file(tmp_path / "a.gpkg").crs.to_epsg() == 4490
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0][:3] == ("规则", "程度", "问题")
    assert [line[3] for line in lines[1:]] == [f["reason"] for f in findings]
    assert lines[1][1] == "禁止发布"
    assert all(116 < line[-2] < 117 for line in lines[1:] if line[-2] is not None)


def test_the_terminal_shows_each_rule_with_its_heaviest_findings(run, files):
    done = run(*files)
    heads = [line for line in done.out.splitlines() if re.match(r"^\S.*:\d+\(", line)]
    assert len(heads) == 7
    assert heads[0].startswith("多个网格重叠的土地")
    assert "禁止发布 1" in heads[0]
    shown = [line for line in done.out.splitlines() if line.startswith("  [")]
    assert 7 <= len(shown) <= 21
    assert shown[0].startswith("  [禁止发布]")
    assert f"{summary.formula('covered_buildings_share')}:60.00%" in done.out


def test_files_without_attributes_get_row_numbers(run, tmp_path):
    def bare(name, shapes):
        gpd.GeoDataFrame(geometry=shapes, crs=4326).to_file(tmp_path / name, driver="GeoJSON")
        return tmp_path / name

    areas = bare("a.geojson", [block(0, 0, 200, 100)])
    grids = bare("g.geojson", [block(0, 0, 100, 100), block(95, 0, 150, 100), block(150, 0, 180, 100)])
    houses = bare("b.geojson", [point(20, 20), point(190, 50)])
    found = run("--areas", areas, "--grids", grids, "--buildings", houses, "--datum", "wgs84", "--json", "-").json
    by_rule = {f["rule"]: f for f in found["findings"]}
    assert by_rule["contested_land"]["grids"] == ["1", "2"]
    assert by_rule["unclaimed_land"]["area"]["code"] == "1"
    assert by_rule["unassigned_building"]["buildings"] == ["2"]
    assert by_rule["unassigned_building"]["grids"] == ["3"]


def test_one_row_without_a_code_does_not_become_the_only_land(run, tmp_path):
    """Of four streets one has a code of another length: all four are judged."""
    names = ["110105001", "110105002", "110105003", "110105"]
    streets = frame([(code, block(100 * i, 0, 100 * i + 100, 100)) for i, code in enumerate(names)])
    streets.to_file(tmp_path / "a.geojson", driver="GeoJSON")
    words = ("--areas", tmp_path / "a.geojson", "--grids", tmp_path / "a.geojson", "--datum", "cgcs2000")
    assert run(*words, "--json", "-").json["summary"]["areas"] == 3
    streets["code"] = [*names[:3], None]
    streets.to_file(tmp_path / "a.geojson", driver="GeoJSON")
    found = run(*words, "--json", "-").json
    assert (found["summary"]["areas"], found["findings"]) == (4, [])
    assert any("1 行看不出辖区层级" in text for text in found["summary"]["inputs"]["areas"]["warnings"])


def test_wrong_use_and_bad_input_are_one_sentence_and_a_remedy(run, files, tmp_path):
    _areas, areas, _grids, grids, *_rest = files
    (tmp_path / "empty.geojson").write_text("")
    (tmp_path / "broken.gpkg").write_bytes(b"SQLite format 3\0" + b"\0" * 200)
    (tmp_path / "words.csv").write_text("a,b\n1,2\n")
    gpd.GeoDataFrame(geometry=[point(1, 1)], crs=4326).to_file(tmp_path / "points.geojson", driver="GeoJSON")
    for words in (
        ("--grids", grids),
        ("--areas", areas),
        ("--areas", areas, "--grids", tmp_path / "none.gpkg"),
        ("--areas", areas, "--grids", f"{tmp_path / 'land.gpkg'}:没有"),
        ("--areas", areas, "--grids", tmp_path / "empty.geojson"),
        ("--areas", areas, "--grids", tmp_path / "broken.gpkg"),
        ("--areas", areas, "--grids", tmp_path / "words.csv"),
        ("--areas", areas, "--grids", tmp_path / "points.geojson", "--datum", "wgs84"),
        ("--areas", areas, "--grids", grids, "--datum", "mars"),
        ("--areas", areas, "--grids", grids, "--out", tmp_path / "a.docx"),
        ("--areas", areas, "--grids", grids, "--datum", "cgcs2000", "--out", tmp_path / "no" / "a.gpkg"),
        ("--areas", areas, "--grids", grids, "--datum", "cgcs2000", "--out", tmp_path / "no" / "a.xlsx"),
        ("--areas", areas, "--grids", grids, "--datum", "cgcs2000", "--json", tmp_path / "no" / "a.json"),
        ("--areas", areas, "--grids", grids, "--households-min", "600"),
        ("--areas", areas, "--grids", grids, "--sliver-width", "wide"),
    ):
        done = run(*words)
        assert (done.status, done.out) == (2, ""), words
        lines = done.err.strip().splitlines()
        assert len(lines) == 2, (words, done.err)
        assert all(line and "Traceback" not in line and "Error" not in line for line in lines), (words, lines)
