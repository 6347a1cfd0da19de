"""Files as they come: every format, every kind of damage, every trick; read well or refused well."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from gis.datasets import Dataset
from gis.intake import errors
from gis.intake import readers
from gis.intake.errors import FileBroken
from gis.intake.errors import LayerMissing
from gis.intake.errors import LayerNeeded
from gis.intake.prepare import prepare

NAMES = ["南苑街道", "北苑街道", "东风街道"]


@pytest.fixture
def frame():
    boxes = [shapely.box(116 + i * 0.01, 39, 116.01 + i * 0.01, 39.01) for i in range(3)]
    return gpd.GeoDataFrame({"name": NAMES, "code": ["001", "002", "003"]}, geometry=boxes, crs=4326)


def zipped(path, folder, prefix=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, prefix + part.name)
    return path


@pytest.mark.parametrize(
    "ending",
    [
        ".gpkg",
        ".geojson",
        ".json",
        ".geojson.gz",
        ".shp",
        ".zip",
        ".parquet",
        ".kml",
        ".fgb",
        ".gml",
        ".geojsonl",
        ".gpkg.zip",
    ],
)
def test_every_format_gives_the_same_frame(tmp_path, frame, ending):
    path = tmp_path / f"街道{ending}"
    if ending == ".parquet":
        frame.to_parquet(path)
    elif ending == ".geojson.gz":
        path.write_bytes(gzip.compress(frame.to_json().encode()))
    elif ending in {".zip", ".gpkg.zip"}:
        inner = tmp_path / "inner"
        inner.mkdir()
        pyogrio.write_dataframe(
            frame,
            inner / ("街道.shp" if ending == ".zip" else "街道.gpkg"),
            encoding="utf-8" if ending == ".zip" else None,
        )
        zipped(path, inner, "深/层/")
    elif ending in {".geojson", ".json"}:
        path.write_text(frame.to_json(), encoding="utf-8")
    elif ending == ".geojsonl":
        pyogrio.write_dataframe(frame, path, driver="GeoJSONSeq")
    elif ending == ".kml":
        pyogrio.write_dataframe(frame.rename(columns={"name": "Name"}), path, driver="KML")
    else:
        options = {"SPATIAL_INDEX": "NO"} if ending == ".fgb" else {}  # the index would reorder the rows
        pyogrio.write_dataframe(frame, path, **options)
    found = prepare(path, Dataset.AREAS)
    assert found.frame["name"].tolist() == NAMES
    assert found.frame.crs.to_epsg() == 4490
    assert found.frame.index.tolist() == [1, 2, 3]
    assert shapely.area(found.frame.geometry.to_numpy()).sum() == pytest.approx(3e-4, rel=1e-6)
    assert found.source.datum == "wgs84"
    assert found.source.datum_evidence["how"] == "declared"
    assert len(found.source.sha256) == 64


@pytest.mark.parametrize(
    ("encoding", "page"), [("gb18030", False), ("gb18030", True), ("big5", True), ("big5", False), ("utf-8", True)]
)
def test_shapefile_text(tmp_path, frame, encoding, page):
    frame["name"] = ["臺北市", "信義區", "大安區"] if encoding == "big5" else NAMES
    pyogrio.write_dataframe(frame, tmp_path / "a.shp", encoding=encoding)
    if not page:
        (tmp_path / "a.cpg").unlink()
        with (tmp_path / "a.dbf").open("r+b") as dbf:
            dbf.seek(29)
            dbf.write(b"\x00")
    found = readers.open_file(tmp_path / "a.shp")
    assert found.table.column("name").to_pylist() == frame["name"].tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_text_tables(tmp_path, encoding, separator):
    head = separator.join(["楼栋编码", "名称", "户数", "经度", "纬度"])
    rows = [
        separator.join([f"0{i}", f'"第{i}栋{separator}\n""南楼"""', str(i), f"121.{i}", f"25.0{i}"])
        for i in range(1, 6)
    ]
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join([head, *rows]).encode(encoding))
    found = prepare(path, Dataset.BUILDINGS)
    assert found.frame["code"].tolist() == ["01", "02", "03", "04", "05"]
    assert found.frame["name"][1] == f'第1栋{separator}\n"南楼"'
    assert found.frame["households"].tolist() == [1, 2, 3, 4, 5]
    assert found.frame.geometry.x.tolist() == [121.1, 121.2, 121.3, 121.4, 121.5]


def test_titles_above_the_header_and_ragged_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "某街道楼栋台账,,,\n\n编码,名称,经度,纬度\na,甲,121.5,25\nb,乙,121.5\nc,丙,121.6,25,多\nd,丁,121.7,25\n",
        encoding="utf-8",
    )
    found = prepare(path, Dataset.BUILDINGS)
    assert found.frame["code"].tolist() == ["a", "d"]
    assert found.frame.index.tolist() == [1, 4]
    assert found.rejects["row"].tolist() == [2, 3]
    assert set(found.rejects["code"]) == {"ragged_row"}
    assert found.source.rows_read == 4


def test_columns_with_the_same_name_and_decimal_commas(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("名称;名称;;经度;纬度\n甲;x;1;121,5041;25,0330\n乙;y;2;121,5042;25,0331\n", encoding="utf-8")
    raw = readers.open_file(path)
    assert raw.table.column_names == ["名称", "名称_2", "第3列", "经度", "纬度"]
    found = prepare(path, Dataset.BUILDINGS)
    assert found.frame.geometry.x.tolist() == [121.5041, 121.5042]


def test_workbooks(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "一季度"
    for row in (
        ["某街道台账"],
        [],
        ["编码", "名称", "建成日期", "户数", "经度", "纬度"],
        ["001", "=1+1", pd.Timestamp("1998-05-01"), 12.0, 121.5, 25.0],
        [110105001001001, "<script>", None, "3户", "121.6", "25.1"],
    ):
        sheet.append(row)
    book.create_sheet("Sheet2")
    path = tmp_path / "台账.xlsx"
    book.save(path)
    found = prepare(path, Dataset.BUILDINGS)
    assert found.frame["code"].tolist() == ["001", "110105001001001"]
    assert found.frame["households"].tolist() == [12, 3]
    assert found.frame["built_on"].iloc[0] == pd.Timestamp("1998-05-01")
    assert found.frame["name"].iloc[1] == "<script>"
    book["Sheet2"].append(["编码", "名称"])
    book["Sheet2"].append(["1", "2"])
    book.save(path)
    with pytest.raises(LayerNeeded, match="一季度"):
        prepare(path, Dataset.BUILDINGS)
    assert len(prepare(f"{path}:Sheet2", Dataset.BUILDINGS).frame) == 1
    sheet.title = "楼栋"
    book.save(path)
    assert prepare(path, Dataset.BUILDINGS).source.layer == "楼栋"
    with pytest.raises(LayerMissing):
        prepare(f"{path}:没有", Dataset.BUILDINGS)


def test_the_layer_that_suits_is_chosen(tmp_path, frame):
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(frame, path, layer="polys")
    points = frame.copy()
    points["geometry"] = shapely.centroid(frame.geometry.to_numpy())
    pyogrio.write_dataframe(points, path, layer="dots", append=True)
    assert prepare(path, Dataset.GRIDS).source.layer == "polys"
    with pytest.raises(LayerNeeded):
        prepare(path, Dataset.BUILDINGS)
    assert prepare(f"{path}:dots", Dataset.BUILDINGS).source.layer == "dots"


def test_a_name_a_driver_would_misread(tmp_path, frame):
    path = tmp_path / "a!b?c &.geojson"
    path.write_text(frame.to_json(), encoding="utf-8")
    assert len(prepare(path, Dataset.AREAS).frame) == 3


# refused well ----------------------------------------------------------------------------------


def write(path, data):
    path.write_bytes(data)
    return path


def bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 40_000_000)
    return out.getvalue()


def archive_with(name, data=b"x,y\n1,2\n"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


VRT = b'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/http://127.0.0.1:9/a</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
BAD = {
    "empty.csv": (b"", "FileEmpty"),
    "header.csv": ("编码,名称,经度,纬度\n".encode(), "FileEmpty"),
    "blank.csv": (b"\n\n  \n", "FileEmpty"),
    "page.csv": (b"<!DOCTYPE html><html><body>login</body></html>", "FormatUnknown"),
    "page.geojson": (b"<html></html>", "FormatUnknown"),
    "cut.geojson": (b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Po', "FileBroken"),
    "no.geojson": (b'{"type":"FeatureCollection","features":[]}', "FileEmpty"),
    "plain.json": (b'{"a": 1}', "FileBroken"),
    "text.gpkg": (b"not a database", "FileBroken"),
    "a.xlsx": (b"PK\x03\x04not a workbook", "FileBroken"),
    "a.parquet": (b"PAR1 cut", "FileBroken"),
    "a.zip": (b"PK\x03\x04cut", "FileBroken"),
    "bomb.zip": (bomb(), "ArchiveUnsafe"),
    "bomb.csv.gz": (gzip.compress(b"0" * 40_000_000), "ArchiveUnsafe"),
    "cut.csv.gz": (gzip.compress(b"a,b\n1,2\n" * 1000)[:-20], "FileBroken"),
    "climb.zip": (archive_with("../../../tmp/out.csv"), "ArchiveUnsafe"),
    "root.zip": (archive_with("/etc/out.csv"), "ArchiveUnsafe"),
    "nothing.zip": (archive_with("readme.doc"), "ArchiveWithoutData"),
    "hollow.zip": (archive_with("a.csv", b""), "ArchiveWithoutData"),
    "a.vrt": (VRT, "SourceForbidden"),
    "hidden.kml": (VRT, "SourceForbidden"),
    "hidden.csv": (VRT, "SourceForbidden"),
    "wfs.xml": (b"<OGRWFSDataSource><URL>http://127.0.0.1:9</URL></OGRWFSDataSource>", "SourceForbidden"),
    "entity.kml": (b'<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a SYSTEM "file:///etc/passwd">]><kml>&a;</kml>', "SourceForbidden"),
    "stream.json": (b'{"type":"gdal_streamed_alg","command_line":"gdal vector read http://127.0.0.1:9"}', "SourceForbidden"),
    "a.prj": (b'GEOGCS["WGS 84"]', "FormatUnknown"),
    "a.bin": (bytes(range(256)) * 4, "FormatUnknown"),
    "quote.csv": ('编码,名称\n1,"没有收尾\n'.encode() + b"2,x\n" * 3_000_000, "FileBroken"),
    "other.csv": (b"alpha,beta\n1,2\n", "FieldsUnrecognised"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_in_one_sentence_with_a_remedy(tmp_path, name):
    data, mistake = BAD[name]
    with pytest.raises(getattr(errors, mistake)) as caught:
        prepare(write(tmp_path / name, data), Dataset.BUILDINGS)
    assert caught.value.message.endswith("。")
    assert caught.value.remedy.endswith("。")
    assert str(tmp_path) not in caught.value.message
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    "path", ["http://127.0.0.1:9/a.geojson", "/vsicurl/http://127.0.0.1:9/a.gpkg", "/vsizip/a.zip", "PG:dbname=x"]
)
def test_remote_paths_are_refused(path):
    with pytest.raises(errors.SourceForbidden):
        prepare(path, Dataset.BUILDINGS)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(errors.BadInput, match="找不到文件"):
        prepare(tmp_path / "none.csv", Dataset.BUILDINGS)
    with pytest.raises(errors.FormatUnknown, match="文件夹"):
        prepare(tmp_path, Dataset.BUILDINGS)


def test_cut_databases_and_shapefiles(tmp_path, frame):
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(pd.concat([frame] * 300), path)
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(FileBroken):
        prepare(path, Dataset.AREAS)
    pyogrio.write_dataframe(frame, tmp_path / "b.shp", encoding="utf-8")
    shp = tmp_path / "b.shp"
    whole = shp.read_bytes()
    shp.write_bytes(whole[:-40])
    with pytest.raises(FileBroken):
        prepare(shp, Dataset.AREAS)
    shp.write_bytes(whole)
    (tmp_path / "b.shx").unlink()
    with pytest.raises(errors.FileIncomplete, match="shx"):
        prepare(shp, Dataset.AREAS)
    with pytest.raises(errors.FileIncomplete, match="shx"):
        prepare(tmp_path / "b.dbf", Dataset.AREAS)


def test_shapefile_without_prj_is_asked(tmp_path, frame):
    pyogrio.write_dataframe(frame, tmp_path / "a.shp", encoding="utf-8")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(errors.DatumUnknown):
        prepare(tmp_path / "a.shp", Dataset.AREAS)
    assert prepare(tmp_path / "a.shp", Dataset.AREAS, datum="cgcs2000").source.datum == "cgcs2000"


def test_limits_are_those_of_the_settings(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("编码,经度,纬度\n" + "1,121.5,25\n" * 50, encoding="utf-8")
    monkeypatch.setenv("GRIDATLAS_INTAKE_MAX_ROWS", "20")
    with pytest.raises(errors.FileTooLarge, match="20 行"):
        prepare(path, Dataset.BUILDINGS)
    monkeypatch.setenv("GRIDATLAS_INTAKE_MAX_FILE_MB", "1")
    path.write_bytes(b"a,b\n" * 300_000)
    with pytest.raises(errors.FileTooLarge):
        prepare(path, Dataset.BUILDINGS)


def test_a_deleted_comma_in_a_number_column_of_a_dbf(tmp_path):
    """GDAL cuts ``68,5`` at the comma; we read the cell itself."""
    rows = [(b" ", b"  68,5", b"a    "), (b" ", b"  66,3", b"b    ")]
    fields = struct.pack("<11sc4xBB14x", b"HOUSEHOLDS", b"N", 6, 3) + struct.pack("<11sc4xBB14x", b"NAME", b"C", 5, 0)
    head = struct.pack("<B3BIHH20x", 3, 124, 1, 1, len(rows), 32 + len(fields) + 1, 12)
    (tmp_path / "a.dbf").write_bytes(head + fields + b"\x0d" + b"".join(b"".join(r) for r in rows) + b"\x1a")
    raw = readers.open_file(tmp_path / "a.dbf")
    assert raw.table.column("HOUSEHOLDS").to_pylist() == ["68,5", "66,3"]


def test_read_is_the_short_way(tmp_path, frame):
    frame.to_parquet(tmp_path / "a.parquet")
    found = readers.read(tmp_path / "a.parquet", columns=["code"])
    assert list(found.columns) == ["code", "geometry"]
    assert found.index.tolist() == [1, 2, 3]
    assert found.crs.to_epsg() == 4326
    (tmp_path / "a.json").write_text(json.dumps({"type": "Point", "coordinates": [116, 39]}), encoding="utf-8")
    assert np.allclose(readers.read(tmp_path / "a.json").total_bounds, [116, 39, 116, 39])
