"""Rows: geometry mended or refused, codes and duplicates, positions that cannot be used."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from gis.datasets import Dataset
from gis.intake.errors import NothingUsable
from gis.intake.errors import PlaceMissing
from gis.intake.prepare import inspect
from gis.intake.prepare import prepare

SQUARE = [[[121.5, 25], [121.51, 25], [121.51, 25.01], [121.5, 25.01], [121.5, 25]]]
BOWTIE = [[[121.5, 25], [121.51, 25.01], [121.51, 25], [121.5, 25.01], [121.5, 25]]]


def collection(path, *shapes, **columns):
    features = []
    for at, shape in enumerate(shapes):
        properties = {name: cells[at] for name, cells in columns.items()}
        features.append({"type": "Feature", "properties": properties, "geometry": shape})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def polygon(rings):
    return {"type": "Polygon", "coordinates": rings}


def point(x, y):
    return {"type": "Point", "coordinates": [x, y]}


def table(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_polygons_are_mended_and_it_is_told(tmp_path):
    shapes = [
        polygon(SQUARE),
        polygon(BOWTIE),
        polygon([SQUARE[0][:-1]]),
        polygon([[[121.5, 25, 3], [121.51, 25, 3], [121.51, 25.01, 3], [121.5, 25, 3]]]),
        {"type": "GeometryCollection", "geometries": [polygon(SQUARE), point(121.5, 25)]},
    ]
    found = prepare(collection(tmp_path / "a.geojson", *shapes), Dataset.GRIDS)
    assert len(found.frame) == 5
    assert found.frame.geometry.is_valid.all()
    assert not found.frame.geometry.has_z.any()
    told = dict(zip(found.repairs["row"], found.repairs["code"], strict=True))
    assert told == {2: "made_valid", 3: "ring_closed", 5: "collection_opened"}
    assert "平方米" in found.repairs["repair"].iloc[0]


def test_what_cannot_be_a_polygon_is_refused_row_by_row(tmp_path):
    flat = polygon([[[121.5, 25], [121.51, 25], [121.5, 25], [121.5, 25]]])
    line = {"type": "LineString", "coordinates": [[121.5, 25], [121.6, 25]]}
    huge = polygon([[[1.8e308, 25], [121.51, 25], [121.51, 25.01], [1.8e308, 25]]])
    shapes = [polygon(SQUARE), None, line, point(121.5, 25), flat, huge, polygon([])]
    found = prepare(collection(tmp_path / "a.geojson", *shapes, name=list("abcdefg")), Dataset.AREAS, level="street")
    assert found.frame["name"].tolist() == ["a"]
    reasons = dict(zip(found.rejects["row"], found.rejects["code"], strict=True))
    assert reasons == {
        2: "no_geometry",
        3: "wrong_type",
        4: "wrong_type",
        5: "collapsed",
        6: "not_finite",
        7: "empty_geometry",
    }
    assert json.loads(found.rejects["original"].iloc[0]) == {"name": "b"}
    assert "线" in found.rejects["reason"].iloc[1]


def test_buildings_without_a_usable_place_are_kept_and_told(tmp_path):
    text = "编码,经度,纬度\na,121.5,25\nb,0,0\nc,,\nd,不详,25\ne,25.1,121.5\nf,121.5,999\ng,nan,25\nh,inf,25\n"
    found = prepare(table(tmp_path / "a.csv", text), Dataset.BUILDINGS)
    assert found.frame["code"].tolist() == list("abcdefgh")
    assert found.frame.geometry.isna().tolist() == [False, True, True, True, False, True, True, True]
    told = dict(zip(found.repairs["row"], found.repairs["code"], strict=True))
    assert told[2] == "null_island"
    assert told[4] == "bad_number"
    assert told[5] == "axes_swapped"
    assert told[6] == "latitude_range"
    assert set(told) == {2, 3, 4, 5, 6, 7, 8}
    assert (found.frame.geometry[5].x, found.frame.geometry[5].y) == (121.5, 25.1)


def test_buildings_without_any_place_at_all(tmp_path):
    found = prepare(table(tmp_path / "a.csv", "编码,地址\na,甲\nb,乙\n"), Dataset.BUILDINGS)
    assert found.frame.geometry.isna().all()
    assert found.source.datum == "none"
    assert found.warnings
    with pytest.raises(PlaceMissing):
        prepare(tmp_path / "a.csv", Dataset.GRIDS)


def test_footprints_give_a_point_inside_themselves(tmp_path):
    crescent = polygon([[[0, 0], [4, 0], [4, 4], [0, 4], [0, 3], [3, 3], [3, 1], [0, 1], [0, 0]]])
    found = prepare(collection(tmp_path / "a.geojson", crescent, point(1, 1), polygon(BOWTIE)), Dataset.BUILDINGS)
    inside = shapely.covers(found.frame["footprint"].to_numpy(), found.frame.geometry.to_numpy())
    assert inside.tolist() == [True, False, True]
    assert found.frame["footprint"].isna().tolist() == [False, True, False]
    assert found.frame["footprint"].is_valid.all() or found.frame["footprint"].dropna().is_valid.all()


def test_codes_that_repeat_are_refused_and_name_the_first(tmp_path):
    text = "编码,名称,经度,纬度\na,甲,121.5,25\nb,乙,121.5,25\na,丙,121.5,25\nb,乙,121.5,25\n,丁,121.5,25\n"
    path = table(tmp_path / "a.csv", text)
    found = prepare(path, Dataset.BUILDINGS)
    assert found.frame["code"].tolist() == ["a", "b", f"{found.source.sha256[:8]}-5"]
    assert found.rejects["row"].tolist() == [3, 4]
    assert found.rejects["code"].tolist() == ["duplicate_code", "duplicate_row"]
    assert "第 1 行" in found.rejects["reason"].iloc[0]
    kept = prepare(path, Dataset.BUILDINGS, keep_duplicates=True, row_codes=True)
    assert kept.frame["code"].tolist() == ["a", "b", "a#3", "b#4", "5"]
    assert kept.frame["code"].is_unique


def test_rows_without_codes_that_repeat_wholly_are_refused(tmp_path):
    shapes = [point(121.5, 25), point(121.5, 25), point(121.6, 25), point(121.5, 25)]
    path = collection(tmp_path / "a.geojson", *shapes, address=["x", "x", "x", "y"])
    found = prepare(path, Dataset.INCIDENTS)
    assert found.rejects["row"].tolist() == [2]
    assert found.rejects["code"].tolist() == ["duplicate_row"]


def test_grid_codes_that_break_the_pattern(tmp_path, monkeypatch):
    path = collection(tmp_path / "a.geojson", polygon(SQUARE), polygon(SQUARE), code=["110105001001001", "G-1"])
    found = prepare(path, Dataset.GRIDS)
    assert len(found.frame) == 2
    assert "G-1" in found.warnings[0]
    strict = prepare(path, Dataset.GRIDS, strict=True)
    assert strict.rejects["code"].tolist() == ["code_pattern"]
    monkeypatch.setenv("GRIDATLAS_CODE_GRID_PATTERN", r"G-\d|\d{15}")
    assert prepare(path, Dataset.GRIDS).warnings == []


def test_levels_by_code_by_column_and_by_word(tmp_path):
    path = collection(
        tmp_path / "a.geojson", *[polygon(SQUARE)] * 4, code=["110105", "110105001", "110105001001", "110106000000"]
    )
    assert prepare(path, Dataset.AREAS).frame["level"].tolist() == ["district", "street", "community", "district"]
    named = collection(tmp_path / "b.geojson", *[polygon(SQUARE)] * 2, 层级=["街道", None])
    found = prepare(named, Dataset.AREAS, level="district")
    assert found.frame["level"].tolist() == ["street", "district"]


def test_excluded_land_needs_its_reason(tmp_path):
    path = collection(tmp_path / "a.geojson", polygon(SQUARE), polygon(SQUARE), 理由=["湖面", None])
    found = prepare(path, Dataset.EXCLUDED)
    assert found.frame["reason"].tolist() == ["湖面"]
    assert found.rejects["code"].tolist() == ["reason_missing"]


def test_longitudes_wound_once_round_and_shapes_over_the_antimeridian(tmp_path):
    wound = polygon([[[x + 360, y] for x, y in SQUARE[0]]])
    crossing = polygon([[[179, 50], [181, 50], [181, 51], [179, 51], [179, 50]]])
    found = prepare(collection(tmp_path / "a.geojson", wound, crossing), Dataset.GRIDS)
    assert found.frame.geometry[1].bounds == pytest.approx((121.5, 25, 121.51, 25.01))
    assert found.frame.geometry[2].bounds == (-180, 50, 180, 51)
    assert found.frame.geometry[2].area == pytest.approx(2)
    assert found.repairs["code"].tolist() == ["longitude_unwound", "antimeridian_split"]


def test_text_that_did_not_decode_is_refused_not_stored(tmp_path):
    data = "编码,名称,经度,纬度\n".encode() + b"".join(f"{i},第{i}号楼,121.5,25\n".encode() for i in range(200))
    (tmp_path / "a.csv").write_bytes(data + b"x,\xff\xfe,121.5,25\n")
    found = prepare(tmp_path / "a.csv", Dataset.BUILDINGS)
    assert found.rejects["row"].tolist() == [201]
    assert found.rejects["code"].tolist() == ["undecodable"]


def test_wkt_columns(tmp_path):
    text = "编码\twkt\na\tSRID=4326;POLYGON ((0 0, 1 0, 1 1, 0 0))\nb\tCURVEPOLYGON (CIRCULARSTRING (0 0, 1 1, 2 0, 1 -1, 0 0))\nc\tPOLYGON ((0 0\nd\t\n"
    found = prepare(table(tmp_path / "a.tsv", text), Dataset.GRIDS)
    assert found.frame["code"].tolist() == ["a"]
    assert found.rejects["code"].tolist() == ["curve", "bad_wkt", "no_geometry"]


@pytest.mark.parametrize("header", ["location", "坐标"])
def test_both_numbers_in_one_column(tmp_path, header):
    cells = ['"(40.71, -73.99)"', '"(40.72, -73.98)"'] if header == "location" else ['"121.5,25.0"', '"121.6,25.1"']
    text = f"编码,{header}\na,{cells[0]}\nb,{cells[1]}\n"
    found = prepare(table(tmp_path / "a.csv", text), Dataset.BUILDINGS)
    assert found.frame.geometry.x.tolist() == ([-73.99, -73.98] if header == "location" else [121.5, 121.6])


def test_nothing_usable_says_the_first_reason(tmp_path):
    with pytest.raises(NothingUsable, match="几何类型是点"):
        prepare(collection(tmp_path / "a.geojson", point(1, 1)), Dataset.GRIDS)


def test_inspect_shows_and_does_not_decide(tmp_path):
    text = "编码,名称,经度,纬度\na,甲,116.39,39.91\nb,乙,116.40,39.92\n"
    found = inspect(table(tmp_path / "a.csv", text), Dataset.BUILDINGS)
    assert found.ambiguous
    assert found.datum is None
    assert [c.datum for c in found.candidates] == ["wgs84", "gcj02", "bd09"]
    assert set(found.preview) == {"wgs84", "gcj02", "bd09"}
    away = np.abs(found.preview["wgs84"] - found.preview["bd09"]).max()
    assert 0.004 < away < 0.02
    assert found.sample["名称"].tolist() == ["甲", "乙"]
    assert {p.field: p.column for p in found.mapping if p.column}["@lon"] == "经度"
    assert inspect(tmp_path / "a.csv", Dataset.BUILDINGS, datum="gcj02").datum == "gcj02"


def test_the_same_file_has_the_same_fingerprint_until_it_is_read_otherwise(tmp_path):
    path = table(tmp_path / "a.csv", "编码,名称,别名,经度,纬度\na,甲,乙,121.5,25\n")
    first, again = prepare(path, Dataset.BUILDINGS).source, prepare(path, Dataset.BUILDINGS).source
    assert first == again
    other = prepare(path, Dataset.BUILDINGS, mapping={"name": "别名"}).source
    assert other.sha256 == first.sha256
    assert other.fingerprint != first.fingerprint
