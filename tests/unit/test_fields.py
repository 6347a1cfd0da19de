"""Headers to fields: synonyms in both languages, checked against content, corrected by the user."""

from __future__ import annotations

import csv

import pyarrow as pa
import pytest

from gis.datasets import FIELDS
from gis.datasets import Dataset
from gis.intake import fields
from gis.intake.errors import ColumnMissing
from gis.intake.errors import FieldUnknown
from gis.vocabulary import AreaLevel
from gis.vocabulary import BuildingKind
from gis.vocabulary import CaseLevel
from gis.vocabulary import Channel
from gis.vocabulary import Duty
from gis.vocabulary import GridKind
from gis.vocabulary import IncidentKind
from gis.vocabulary import Listing
from gis.vocabulary import OrganisationLevel


def chosen(columns, dataset, *, placed=False, given=None):
    table = pa.table(columns)
    return fields.decide(fields.propose(table, dataset, placed=placed), table.column_names, dataset, given)


def test_chinese_headers():
    found = chosen(
        {
            "楼栋编码": ["a", "b"],
            "小区名称": ["x", "y"],
            "详细地址": ["1", "2"],
            "户数(户)": ["3", "4"],
            "所属网格": ["g", "h"],
            "经度": ["116.1", "116.2"],
            "纬度": ["39.1", "39.2"],
            "备用": ["", ""],
        },
        Dataset.BUILDINGS,
    )
    assert found == {
        "code": "楼栋编码",
        "name": "小区名称",
        "address": "详细地址",
        "households": "户数(户)",
        "declared_grid": "所属网格",
        "@lon": "经度",
        "@lat": "纬度",
    }


def test_traditional_and_english_headers():
    cases = {"案件編號": ["1", "2"], "案件類型": ["a", "b"], "成案時間": ["2023-01-01", "2023-01-02"]}
    found = chosen(cases, Dataset.INCIDENTS, placed=True)
    assert found == {"code": "案件編號", "category": "案件類型", "occurred_at": "成案時間"}
    requests = {
        "Unique Key": [1, 2],
        "Created Date": ["10/21/18", "10/22/18"],
        "Complaint Type": ["a", "a"],
        "Latitude": [40.1, 40.2],
        "Longitude": [-73.9, -73.8],
        "X Coordinate (State Plane)": ["1,017,901", "1"],
    }
    found = chosen(requests, Dataset.INCIDENTS)
    assert found["code"] == "Unique Key"
    assert found["category"] == "Complaint Type"
    assert (found["@lon"], found["@lat"]) == ("Longitude", "Latitude")


def test_a_code_column_has_to_tell_rows_apart():
    roads = {"code": ["5153"] * 50, "osm_id": list(range(50)), "fclass": ["footway"] * 50}
    assert chosen(roads, Dataset.ROADS, placed=True)["code"] == "osm_id"


def test_content_overrules_a_header():
    found = chosen({"户数": ["多", "少", "中"], "households": ["1", "2", "3"]}, Dataset.BUILDINGS, placed=True)
    assert found["households"] == "households"


def test_the_user_corrects_and_takes_away():
    columns = {"编码": ["a", "b"], "别名": ["x", "y"], "名称": ["p", "q"]}
    assert chosen(columns, Dataset.GRIDS, placed=True, given={"name": "别名"})["name"] == "别名"
    assert chosen(columns, Dataset.GRIDS, placed=True, given={"名称": "别名"})["name"] == "别名"
    assert "name" not in chosen(columns, Dataset.GRIDS, placed=True, given={"name": ""})
    moved = chosen(columns, Dataset.GRIDS, placed=True, given={"name": "编码"})
    assert moved == {"name": "编码"}  # one column fills one field


def test_places_by_hand():
    columns = {"东": ["1", "2"], "北": ["3", "4"], "wkt": ["POINT (1 2)", "POINT (3 4)"]}
    assert chosen(columns, Dataset.BUILDINGS) == {"@wkt": "wkt"}
    assert chosen(columns, Dataset.BUILDINGS, given={"x": "东", "y": "北"}) == {"@lon": "东", "@lat": "北"}


def test_wrong_pairs_are_named():
    with pytest.raises(ColumnMissing, match="没有这列"):
        chosen({"名称": ["a"]}, Dataset.GRIDS, placed=True, given={"name": "没有这列"})
    with pytest.raises(FieldUnknown, match="households"):
        chosen({"名称": ["a"]}, Dataset.GRIDS, placed=True, given={"households": "名称"})


def test_the_reference_tables_name_what_exists():
    with (fields.REFERENCE / "fields.csv").open(encoding="utf-8") as source:
        for row in csv.DictReader(source):
            if row["dataset"] == "*":
                assert row["field"] in {*fields.PLACES, "code", "name"}
            else:
                assert row["field"] in {f.name for f in FIELDS[Dataset(row["dataset"])]}, row
            assert 0 < float(row["weight"]) <= 100
    kinds = (AreaLevel, BuildingKind, CaseLevel, Channel, Dataset, Duty, GridKind, IncidentKind, Listing)
    enums = {e.__name__: set(e) for e in (*kinds, OrganisationLevel)}
    with (fields.REFERENCE / "words.csv").open(encoding="utf-8") as source:
        for row in csv.DictReader(source):
            assert row["value"] in enums[row["enum"]], row
    for name, values in enums.items():
        assert values <= set(fields.enum_words(name).values())
