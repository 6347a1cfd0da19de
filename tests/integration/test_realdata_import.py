"""Real files through ``script/gis import``: every usable file of three cities, with its counts, its datum, and twice."""

from __future__ import annotations

import json
import sys

import psycopg
import pytest

from gis.cli import main
from gis.db.connection import conninfo
from tests.conftest import REALDATA

TAIPEI = "taipei/taipei_partitions.gpkg"
FILES = [
    # dataset, file, rows read, repaired, rejects by reason, how the datum is known
    ("areas", "nyc/nyc_nta_acs0812.gpkg", 195, 0, {}, "declared"),
    ("grids", "nyc/nyc_tracts_acs0812.gpkg", 2166, 0, {}, "declared"),
    ("buildings", "nyc/nyc_buildings.parquet", 102_034, 0, {}, "declared"),
    ("incidents", "nyc/nyc_311_20181021.csv.gz", 6765, 115, {}, "outside_china"),
    ("incidents", "nyc/nyc_shootings_2011_2021.csv.gz", 15_955, 0, {"duplicate_row": 1068}, "outside_china"),
    ("roads", "nyc/nyc_roads.parquet", 53_340, 0, {}, "declared"),
    ("areas", f"{TAIPEI}:district", 12, 0, {}, "declared"),
    ("grids", f"{TAIPEI}:village_li", 456, 2, {}, "declared"),
    ("grids", f"{TAIPEI}:police_patrol_area", 90, 11, {}, "declared"),
    ("buildings", "taipei/taipei_poi.gpkg:air_raid_shelter", 5917, 3, {"duplicate_row": 65}, "declared"),
    ("incidents", "taipei/taipei_cases.gpkg:dispatch_case_1999", 2817, 0, {}, "declared"),
    ("incidents", "taipei/taipei_cases.gpkg:disaster_report", 3314, 0, {}, "declared"),
    ("green", "taipei/taipei_basemap.gpkg:green", 505, 7, {}, "declared"),
    ("roads", "taipei/taipei_basemap.gpkg:bike_path", 1218, 0, {"no_geometry": 17, "collapsed": 2}, "declared"),
    ("areas", "cn/beijing_streets_331.gpkg", 331, 0, {"duplicate_code": 3}, "declared"),
    ("buildings", "cn/beijing_tsinghua_buildings_osm2025.geojson", 626, 0, {}, "declared"),
    ("buildings", "cn/beijing_bupt_osm2025.gpkg:buildings", 111, 0, {}, "declared"),
    ("roads", "cn/beijing_tsinghua_roads_osm2025.geojson", 931, 0, {"wrong_type": 28}, "declared"),
    ("green", "cn/beijing_tsinghua_osm2017.gpkg:landcover", 125, 0, {}, "declared"),
]
PRESENT = [f for f in FILES if (REALDATA / f[1].split(":")[0]).exists()]
TABLES = {"areas": "area", "grids": "grid", "buildings": "building", "incidents": "incident", "roads": "road"}


@pytest.fixture
def take(database, monkeypatch, capsys):
    """Run the command as the shell would; its account."""
    monkeypatch.setenv("GRIDATLAS_LANGUAGE", "zh_CN")

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["gis", "import", *map(str, words), "--json", "-"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert not ended.value.code, said.err
        return json.loads(said.out)

    return call


@pytest.fixture
def state(database):
    """Give what a table holds, versions of its rows included."""

    def fingerprint(table):
        query = f"SELECT count(*), md5(string_agg(t.xmin::text || t.id, ',' ORDER BY t.id)) FROM atlas.{table} t"
        with psycopg.connect(conninfo(None, database), autocommit=True) as conn:
            return conn.execute(query).fetchone()

    return fingerprint


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("dataset", "file", "read", "repaired", "rejects", "how"), PRESENT, ids=[f[1] for f in PRESENT]
)
def test_a_file_of_a_real_city_goes_in_whole_and_once(
    take, state, tmp_path, dataset, file, read, repaired, rejects, how
):
    listed = tmp_path / "rejects.csv"
    account = take(dataset, REALDATA / file, "--rejects", listed)
    refused = sum(rejects.values())
    assert account["rows"] == {
        "read": read,
        "inserted": read - refused,
        "updated": 0,
        "unchanged": 0,
        "repaired": repaired,
        "rejected": refused,
    }
    assert {r["code"] for r in account["rejects"]} <= set(rejects)
    if refused <= len(account["rejects"]):
        found = [r["code"] for r in account["rejects"]]
        assert {key: found.count(key) for key in rejects} == rejects
    assert (account["datum"], account["datum_evidence"]["how"]) == ("wgs84", how)
    assert listed.exists() == bool(refused)
    if refused:
        lines = listed.read_text(encoding="utf-8-sig").splitlines()
        assert len(lines) >= 1 + refused
    table = TABLES.get(dataset, dataset)
    before = state(table)
    assert before[0] == read - refused
    imports = state("import")
    again = take(dataset, REALDATA / file)
    assert again["rows"]["unchanged"] == read - refused
    assert (again["already"], again["import_id"]) == (account["import_id"], None)
    assert state(table) == before
    assert state("import") == imports


POI = REALDATA / "taipei/taipei_poi.gpkg"


@pytest.mark.parametrize("path", [POI] if POI.exists() else [])
def test_rows_without_a_code_of_two_layers_of_a_file_stay_apart(take, state, path):
    for layer in ("police_station", "fire_station"):
        account = take("buildings", f"{path}:{layer}")
        assert account["rows"]["updated"] == 0
        assert account["rows"]["inserted"] == account["rows"]["read"]
    assert "code" not in account["mapping"]
    assert state("building")[0] > account["rows"]["read"]
