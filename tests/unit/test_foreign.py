"""Files as other offices' programs write them: cut names, zones, angles, folders, headers of two rows; read well."""

from __future__ import annotations

import json
import struct
import warnings
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from gis.datasets import Dataset
from gis.intake.errors import DatumUnknown
from gis.intake.errors import LayerNeeded
from gis.intake.prepare import prepare

NAMES = ["城东街道第一网格", "城东街道第二网格", "城西街道第一网格"]
CODES = ["330106001001001", "330106001001002", "330106001002001"]
BOXES = [shapely.box(120.1 + k * 0.01, 30.2, 120.11 + k * 0.01, 30.21) for k in range(3)]
POINTS = [(120.123456 + k * 0.001, 30.234567 + k * 0.001) for k in range(8)]
NEAR = 3e-8


@pytest.fixture
def grids():
    return gpd.GeoDataFrame({"网格编码": CODES, "网格名称": NAMES}, geometry=BOXES, crs=4490)


def shapefile(folder, frame, encoding="utf-8", *, prj=True, cpg=True):
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that names are cut is what is tested
        pyogrio.write_dataframe(frame, folder / "网格.shp", encoding=encoding)
    if not prj:
        (folder / "网格.prj").unlink(missing_ok=True)
    if not cpg:
        (folder / "网格.cpg").unlink()
        with (folder / "网格.dbf").open("r+b") as table:
            table.seek(29)
            table.write(b"\0")
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, part.name)
    return path


def same_boxes(found):
    assert found.frame["code"].tolist() == CODES
    assert found.frame["name"].tolist() == NAMES
    assert np.allclose(shapely.bounds(found.frame.geometry.to_numpy()), shapely.bounds(BOXES), atol=NEAR)


@pytest.mark.parametrize("cpg", [True, False])
@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
@pytest.mark.parametrize("prj", [True, False])
def test_a_shapefile_of_a_zone_with_its_prefix(tmp_path, grids, encoding, prj, cpg):
    found = prepare(
        shapefile(tmp_path / "a", grids.to_crs(4528), encoding, prj=prj, cpg=cpg), Dataset.GRIDS
    )  # a .dbf keeps ten bytes of a name: 网格编码 in UTF-8 ends in the middle of a character
    same_boxes(found)
    assert found.source.datum == "EPSG:4528"
    assert found.source.datum_evidence["how"] == ("declared" if prj else "prefix")
    assert found.source.encoding == ("utf-8" if encoding == "utf-8" else "gb18030")
    assert found.rejects.empty
    assert found.repairs.empty


def test_northing_first_and_a_zone_without_prefix(tmp_path, grids):
    turned = grids.to_crs(4528)
    turned["geometry"] = shapely.transform(turned.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    found = prepare(shapefile(tmp_path / "a", turned, prj=False), Dataset.GRIDS)
    same_boxes(found)
    assert found.source.datum_evidence["swapped"] is True
    bare = shapefile(tmp_path / "b", grids.to_crs(4549), prj=False)
    with pytest.raises(DatumUnknown, match="EPSG:4534-4554"):
        prepare(bare, Dataset.GRIDS)
    same_boxes(prepare(bare, Dataset.GRIDS, datum="EPSG:4549"))


def test_text_cut_at_the_end_of_its_field_is_kept_without_the_broken_character(tmp_path):
    frame = gpd.GeoDataFrame({"code": CODES, "name": [*NAMES[:2], "短"]}, geometry=BOXES, crs=4490)
    pyogrio.write_dataframe(frame, tmp_path / "a.shp", encoding="utf-8")
    table = tmp_path / "a.dbf"
    whole = table.read_bytes()
    start, width = struct.unpack("<HH", whole[8:12])
    first, room = whole[32 + 16], 20
    head = bytearray(whole[:start])
    head[64 + 16] = room
    head[10:12] = struct.pack("<H", 1 + first + room)
    records = [whole[start + k * width : start + k * width + 1 + first + room] for k in range(3)]
    table.write_bytes(bytes(head) + b"".join(records) + b"\x1a")
    for page in (True, False):
        if not page:
            (tmp_path / "a.cpg").unlink()
        found = prepare(tmp_path / "a.shp", Dataset.GRIDS)
        assert found.frame["name"].tolist() == ["城东街道第一", "城东街道第二", "短"]
        assert found.repairs[["row", "code"]].to_numpy().tolist() == [[1, "text_cut"], [2, "text_cut"]]
        assert found.rejects.empty


def angle(value, form):
    degrees, rest = divmod(value, 1)
    minutes, rest = divmod(rest * 60, 1)
    return form % (degrees, minutes, rest * 60)


ANGLES = {
    "signs": ("%d°%d′%.2f″E", "%d°%d′%.2f″N"),
    "words": ("%d度%d分%.2f秒", "%d度%d分%.2f秒"),
    "before": ("东经%d°%d'%.2f\"", "北纬%d°%d'%.2f\""),
    "colons": ("%d:%02d:%05.2f", "%d:%02d:%05.2f"),
}


@pytest.mark.parametrize("form", ANGLES)
def test_degrees_minutes_and_seconds(tmp_path, form):
    lon, lat = ANGLES[form]
    book = openpyxl.Workbook()
    book.active.append(["楼栋编号", "楼栋名称", "经度", "纬度"])
    for k, (x, y) in enumerate(POINTS):
        book.active.append([f"B{k}", f"{k}幢", angle(x, lon), angle(y, lat)])
    book.active.append(["B8", "8幢", "120°", "北"])
    book.save(tmp_path / "a.xlsx")
    found = prepare(tmp_path / "a.xlsx", Dataset.BUILDINGS, datum="cgcs2000").frame
    assert np.allclose(shapely.get_coordinates(found.geometry[:8].to_numpy()), POINTS, atol=2e-6)
    assert found.geometry.iloc[8] is None


def test_minutes_alone_and_the_other_half_of_the_world(tmp_path):
    text = "code,lon,lat\n1,73°58.5'W,40°45'N\n2,73°58'30\"W,40°45'0\"N\n3,-73.975,40.75\n"
    (tmp_path / "a.csv").write_text(text.replace('30"W', "30″W").replace('0"N', "0″N"), encoding="utf-8")
    found = prepare(tmp_path / "a.csv", Dataset.BUILDINGS).frame
    assert np.allclose(shapely.get_coordinates(found.geometry.to_numpy()), [[-73.975, 40.75]] * 3)


def test_a_header_of_two_rows(tmp_path):
    rows = [
        ["某街道楼栋台账(2026)"],
        [],
        ["序号", "楼栋编号", "名称", "位置", "", ""],
        ["", "", "", "经度", "纬度", "户数"],
    ]
    rows += [[k, f"B{k}", f"{k}幢", x, y, k] for k, (x, y) in enumerate(POINTS)]
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    text = "\n".join(",".join(map(str, row)) for row in rows)
    (tmp_path / "a.csv").write_text(text, encoding="gbk")
    for name in ("a.xlsx", "a.csv"):
        found = prepare(tmp_path / name, Dataset.BUILDINGS, datum="wgs84")
        assert found.frame["code"].tolist() == [f"B{k}" for k in range(8)]
        assert found.frame["households"].tolist() == list(range(8))
        assert np.allclose(shapely.get_coordinates(found.frame.geometry.to_numpy()), POINTS)
        assert found.source.rows_read == 8


def test_x_for_north_as_surveyors_write_it(tmp_path):
    north_east = [Transformer.from_crs(4490, 4528, always_xy=True).transform(*p)[::-1] for p in POINTS]
    lines = [f"B{k},{x:.3f},{y:.3f}" for k, (x, y) in enumerate(north_east)]
    (tmp_path / "a.csv").write_text("\n".join(["楼栋编号,X坐标,Y坐标", *lines]), encoding="gbk")
    found = prepare(tmp_path / "a.csv", Dataset.BUILDINGS)
    assert np.allclose(shapely.get_coordinates(found.frame.geometry.to_numpy()), POINTS, atol=2e-8)
    assert found.source.datum == "EPSG:4528"


def ring(x, y, size):
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
    return "<LinearRing><coordinates>" + " ".join(f"{a},{b},0" for a, b in corners) + "</coordinates></LinearRing>"


def polygon(x, hole=None):
    inner = f"<innerBoundaryIs>{hole}</innerBoundaryIs>" if hole else ""
    return f"<Polygon><outerBoundaryIs>{ring(x, 30.2, 0.01)}</outerBoundaryIs>{inner}</Polygon>"


KML = f"""<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>网格</name>
<Folder><name>城东</name><Folder><name>一社区</name><Placemark><name>一格</name><ExtendedData><Data name="code">
<value>{CODES[0]}</value></Data></ExtendedData>{polygon(120.1, ring(120.104, 30.204, 0.002))}</Placemark></Folder>
<Placemark><name>二格</name><MultiGeometry>{polygon(120.12)}{polygon(120.14)}</MultiGeometry></Placemark></Folder>
<Folder><name>标注</name><Placemark><name>派出所</name><Point><coordinates>120.1,30.2</coordinates></Point></Placemark></Folder>
<Folder><name>城西</name><Placemark><name>三格</name>{polygon(120.16)}</Placemark></Folder></Document></kml>"""


@pytest.mark.parametrize("ending", [".kml", ".kmz"])
def test_the_folders_of_a_kml_are_one_layer(tmp_path, ending):
    path = tmp_path / f"网格{ending}"
    path.write_text(KML, encoding="utf-8")
    if ending == ".kmz":
        path.unlink()
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("doc.kml", KML)
    found = prepare(path, Dataset.GRIDS)
    by_name = dict(zip(found.frame["name"], found.frame.geometry, strict=True))
    areas = {name: round(shape.area * 1e4, 6) for name, shape in by_name.items()}
    assert areas == {"一格": 0.96, "二格": 2.0, "三格": 1.0}
    assert len(by_name["二格"].geoms) == 2
    assert found.frame.index.is_unique
    assert len(found.frame) + len(found.rejects) == found.source.rows_read
    assert "城东" in found.warnings[0]
    assert prepare(f"{path}:城西", Dataset.GRIDS).frame["name"].tolist() == ["三格"]


def test_wkb_that_says_nothing_of_itself(tmp_path, grids):
    metres = grids.to_crs(32650)
    metres.to_parquet(tmp_path / "declared.parquet")
    same_boxes(prepare(tmp_path / "declared.parquet", Dataset.GRIDS))
    plain = pd.DataFrame({"code": CODES, "name": [n.encode() for n in NAMES], "geometry": metres.geometry.to_wkb()})
    plain["icon"] = [b"\x89PNG\xff"] * 3
    plain.to_parquet(tmp_path / "plain.parquet")
    with pytest.raises(DatumUnknown):
        prepare(tmp_path / "plain.parquet", Dataset.GRIDS)
    same_boxes(prepare(tmp_path / "plain.parquet", Dataset.GRIDS, datum="EPSG:32650"))


def test_geometry_in_the_cells_of_a_table(tmp_path, grids):
    cells = {
        "ewkt": ["SRID=4490;" + box.wkt for box in BOXES],
        "ewkb": [shapely.to_wkb(shapely.set_srid(box, 4490), hex=True, include_srid=True) for box in BOXES],
    }
    for kind, shapes in cells.items():
        path = tmp_path / f"{kind}.csv"
        grids[["网格编码", "网格名称"]].assign(geom=shapes).to_csv(path, index=False, encoding="gbk")
        found = prepare(path, Dataset.GRIDS)
        same_boxes(found)
        assert (found.source.datum, found.source.datum_evidence["how"]) == ("cgcs2000", "declared")
    broken = [BOXES[0].wkb_hex, BOXES[1].wkb_hex[:-20], None]
    grids[["网格编码", "网格名称"]].assign(geom=broken).to_csv(tmp_path / "b.csv", index=False)
    found = prepare(tmp_path / "b.csv", Dataset.GRIDS, datum="cgcs2000")
    assert found.rejects[["row", "code"]].to_numpy().tolist() == [[2, "bad_wkt"], [3, "no_geometry"]]


def test_collections_nulls_and_a_crs_of_its_own(tmp_path, grids):
    shapes = [
        BOXES[0],
        None,
        shapely.GeometryCollection([BOXES[1], BOXES[2], shapely.LineString([(120, 30), (121, 30)])]),
    ]
    shapes += [shapely.GeometryCollection(), shapely.Polygon()]
    features = [
        {
            "type": "Feature",
            "properties": {"bm": str(k), "mc": f"第{k}格"},
            "geometry": None if shape is None else json.loads(shapely.to_geojson(shape)),
        }
        for k, shape in enumerate(shapes)
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = prepare(tmp_path / "a.geojson", Dataset.GRIDS)
    assert found.frame["code"].tolist() == ["0", "2"]
    assert shapely.area(found.frame.geometry.to_numpy()).tolist() == pytest.approx([1e-4, 2e-4])
    assert found.rejects["code"].tolist() == ["no_geometry", "empty_geometry", "empty_geometry"]

    own = json.loads(grids.to_crs(4549).to_json())
    own["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}
    (tmp_path / "b.geojson").write_text(json.dumps(own))
    same_boxes(prepare(tmp_path / "b.geojson", Dataset.GRIDS))


def test_a_layer_with_a_chinese_name_is_found_and_two_that_suit_are_asked(tmp_path, grids):
    path = tmp_path / "a.gpkg"
    for layer in ("社区", "网格", "备份"):
        pyogrio.write_dataframe(grids, path, layer=layer, append=path.exists())
    found = prepare(path, Dataset.GRIDS)
    assert found.source.layer == "网格"
    same_boxes(found)
    with pytest.raises(LayerNeeded, match="社区、网格、备份"):
        prepare(path, Dataset.AREAS)


def test_a_code_that_repeats_is_doubted_aloud(tmp_path, grids):
    grids["网格编码"] = CODES[0]
    grids.to_file(tmp_path / "a.gpkg")
    found = prepare(tmp_path / "a.gpkg", Dataset.GRIDS)
    assert len(found.frame) == 3
    assert "--map code=网格编码" in found.warnings[0]
    told = prepare(tmp_path / "a.gpkg", Dataset.GRIDS, mapping={"code": "网格编码"})
    assert told.rejects["code"].tolist() == ["duplicate_code", "duplicate_code"]
