"""Real files, where they are at hand: the three cities read with their known numbers, every messy file read or refused well."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest

from gis import crs
from gis.datasets import Dataset
from gis.errors import BadInput
from gis.intake.prepare import inspect
from gis.intake.prepare import prepare
from tests.conftest import REALDATA

MESSY = sorted(p for p in (REALDATA / "messy").rglob("*") if p.is_file()) if REALDATA.exists() else []
CITIES = [
    ("areas", "nyc/nyc_nta_acs0812.gpkg", 195, {"code": "ntacode", "name": "ntaname"}),
    ("grids", "nyc/nyc_tracts_acs0812.gpkg", 2166, {"code": "boroct2010"}),
    ("buildings", "nyc/nyc_buildings.parquet", 102_034, {"code": "osm_id"}),
    ("buildings", "nyc/nyc_addresses.parquet", 117_674, {"code": "osm_id", "address": "street"}),
    ("roads", "nyc/nyc_roads.parquet", 53_340, {"code": "osm_id", "kind": "fclass"}),
    ("incidents", "nyc/nyc_311_20181021.csv.gz", 6765, {"code": "Unique Key", "occurred_at": "Created Date"}),
    ("incidents", "nyc/nyc_shootings_2011_2021.csv.gz", 15_955 - 1068, {"occurred_at": "occur_date"}),
    ("areas", "taipei/taipei_partitions.gpkg:district", 12, {"name": "TNAME"}),
    ("grids", "taipei/taipei_partitions.gpkg:village_li", 456, {"code": "CPTVID"}),
    ("grids", "taipei/taipei_partitions.gpkg:police_patrol_area", 90, {"name": "full"}),
    ("buildings", "taipei/taipei_poi.gpkg:garbage_truck_stop", 4042, {"address": "地點"}),
    ("incidents", "taipei/taipei_cases.gpkg:dispatch_case_1999", 2817, {"code": "案件編號", "occurred_at": "成案時間"}),
    ("areas", "cn/beijing_streets_331.gpkg", 331 - 3, {"code": "street_code", "name": "street"}),
    ("buildings", "cn/beijing_tsinghua_buildings_osm2025.geojson", 626, {"name": "name", "floors": "levels"}),
]
PRESENT = [c for c in CITIES if (REALDATA / c[1].split(":", maxsplit=1)[0]).exists()]


def test_the_folder_is_all_there_or_not_at_all():
    assert len(PRESENT) in {0, len(CITIES)}
    assert bool(MESSY) == bool(PRESENT)


@pytest.mark.parametrize(("dataset", "file", "rows", "mapping"), PRESENT, ids=[c[1] for c in PRESENT])
def test_cities(dataset, file, rows, mapping):
    found = prepare(REALDATA / file, Dataset(dataset))
    assert len(found.frame) == rows
    assert len(found.frame) + len(found.rejects) == found.source.rows_read
    assert mapping.items() <= found.source.mapping.items()
    assert found.frame["code"].is_unique
    assert found.frame.geometry.dropna().is_valid.all()
    if dataset in {"areas", "grids"}:
        assert found.frame.geometry.notna().all()
    if "311" in file:
        assert found.frame.geometry.isna().sum() == 115
        assert found.frame["occurred_at"].notna().all()
    if dataset == "buildings" and "footprint" in found.frame:
        assert found.frame["footprint"].covers(found.frame.geometry).all()


@pytest.mark.parametrize("path", MESSY, ids=[p.name for p in MESSY])
def test_messy_files_are_read_well_or_refused_well(path):
    for dataset in (Dataset.BUILDINGS, Dataset.GRIDS, Dataset.ROADS):
        with suppress(BadInput):
            inspect(path, dataset)
        found, refused = _try(path, dataset)
        if refused is not None:
            assert refused.message.endswith("。")
            assert refused.remedy.endswith("。")
            assert str(path.parent) not in refused.message
            continue
        assert len(found.frame) + len(found.rejects) == found.source.rows_read
        shapes = found.frame.geometry.dropna()
        assert shapes.is_valid.all()
        assert (np.abs(shapes.bounds.to_numpy()) <= 180).all()


def _try(path, dataset):
    try:
        return prepare(path, dataset), None
    except BadInput as refused:
        return None, refused


NAMES = {
    "mapshaper_gb2312.dbf": ("gb18030", "简体国语"),
    "mapshaper_big5.dbf": ("big5", "繁體國語"),
    "mapshaper_cpg_big5.shp": ("big5", "國語"),
    "mapshaper_ldid_chinese.shp": ("gb18030", "简体"),
    "mapshaper_shiftjis.dbf": ("shift_jis", "ひたちなか市"),
    "mapshaper_utf8.dbf": ("utf-8", "国语國語"),
    "taipei_solar_school_raw.csv": ("big5", "臺北市溪山國民小學"),
    "taipei_solar_school_utf8.csv": ("utf-8", "臺北市溪山國民小學"),
}


@pytest.mark.parametrize("name", [n for n in NAMES if (REALDATA / "messy" / "encoding" / n).exists()])
def test_encodings(name):
    codec, first = NAMES[name]
    found = inspect(REALDATA / "messy" / "encoding" / name, Dataset.BUILDINGS)
    assert found.encoding == codec
    assert first in found.sample.iloc[0].tolist()


CROSS = REALDATA / "messy" / "coords" / "gcj02_bd09_crosscheck_1000.csv"


@pytest.mark.parametrize("path", [CROSS] if CROSS.exists() else [])
def test_a_thousand_points_of_three_libraries(path):
    table = pd.read_csv(path)
    x, y = crs.gcj02_from_wgs84(table["wgs_lon"], table["wgs_lat"])
    for library, most in (("prcoords", 1e-9), ("coordconvert", 1e-9), ("eviltransform", 2e-7)):
        assert np.abs(x - table[f"gcj_lon_{library}"]).max() < most
        assert np.abs(y - table[f"gcj_lat_{library}"]).max() < most
    x, y = crs.bd09_from_wgs84(table["wgs_lon"], table["wgs_lat"])
    assert np.abs(x - table["bd_lon_prcoords"]).max() < 1e-9
    back_x, back_y = crs.wgs84_from_bd09(x, y)
    assert np.abs(back_x - table["wgs_lon"]).max() < 1e-9
    assert np.abs(back_y - table["wgs_lat"]).max() < 1e-9


SWAPPED = REALDATA / "messy" / "coords" / "taipei_latlon_swapped_grid.geojson.gz"


@pytest.mark.parametrize("path", [SWAPPED] if SWAPPED.exists() else [])
def test_swapped_axes_are_turned_and_told(path):
    found = prepare(path, Dataset.BUILDINGS)
    west, south, east, north = found.frame.total_bounds
    assert (west > 121, south > 24, east < 122, north < 26) == (True, True, True, True)
    assert found.source.datum_evidence["swapped"] is True
