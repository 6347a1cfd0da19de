"""Geometry that stays in its file: the same stretches, the same rows, the same buildings."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import shapely
from pyarrow import parquet

from gis import crs
from gis.datasets import Dataset
from gis.intake import checks
from gis.intake import slices
from gis.intake.columns import Filed
from gis.intake.columns import Held
from gis.intake.columns import read_filed
from gis.intake.errors import FileBroken
from gis.intake.prepare import prepare


@pytest.fixture
def values() -> pa.Array:
    shapes = shapely.points(np.arange(1000.0), np.arange(1000.0) / 7)
    wkb = list(shapely.to_wkb(shapes))
    wkb[500] = None
    return pa.array(wkb, pa.binary())


@pytest.mark.parametrize("group", [1, 7, 64, 333, 5000])
@pytest.mark.parametrize("size", [1, 64, 100, 999, 1000, 4000])
def test_a_column_in_its_file_reads_as_one_in_memory(values, tmp_path, group, size):
    path = tmp_path / "column.parquet"
    parquet.write_table(pa.table({"geometry": values}), path, row_group_size=group)
    filed, held = Filed(read_filed(path), "geometry", path.name), Held(pa.chunked_array([values]))
    path.unlink()  # a copy out of an archive is gone by the time it is read
    stretches = [stretch.to_pylist() for stretch in filed.stretches(size)]
    assert stretches == [stretch.to_pylist() for stretch in held.stretches(size)]
    rows = np.unique(np.linspace(0, 999, 40).astype(np.int64))
    assert filed.some(rows).to_pylist() == held.some(rows).to_pylist() == [values[int(row)].as_py() for row in rows]


def test_a_page_cut_out_of_the_file_is_told(values, tmp_path):
    path = tmp_path / "cut.parquet"
    parquet.write_table(pa.table({"geometry": values}), path, compression="zstd")
    whole = bytearray(path.read_bytes())
    whole[4:400] = b"\xff" * 396
    path.write_bytes(whole)
    with pytest.raises(FileBroken):
        list(Filed(read_filed(path), "geometry", path.name).stretches(100))


@pytest.fixture
def houses() -> gpd.GeoDataFrame:
    """Crooked footprints in UTM 18N, small as houses are."""
    rng = np.random.default_rng(3)
    angles = np.arange(9) * (2 * np.pi / 9) + rng.uniform(0, 0.6, (300, 9))
    radii = rng.uniform(2, 20, (300, 9))
    centres = rng.uniform((560_000, 4_480_000), (600_000, 4_530_000), (300, 2))
    rings = centres[:, None, :] + np.dstack([np.cos(angles) * radii, np.sin(angles) * radii])
    shapes = shapely.polygons(rings)
    assert shapely.is_valid(shapes).all()
    return gpd.GeoDataFrame({"code": [f"h{i}" for i in range(300)]}, geometry=shapes, crs=32618)


def test_the_point_of_a_footprint_is_taken_in_the_coordinates_of_its_file(houses, tmp_path):
    path = tmp_path / "houses.parquet"
    houses.to_parquet(path)
    frame = prepare(path, Dataset.BUILDINGS).frame
    there = crs.transform_geometries(np.asarray(houses.geometry.array), "EPSG:32618")
    expected = crs.transform_geometries(shapely.point_on_surface(np.asarray(houses.geometry.array)), "EPSG:32618")
    assert shapely.equals_exact(np.asarray(frame.geometry.array), expected, tolerance=0).all()
    # In degrees other points come out: the test would not notice a difference otherwise.
    assert not shapely.equals_exact(shapely.point_on_surface(there), expected, tolerance=1e-9).all()


def test_a_mended_footprint_gets_a_point_of_what_it_became(houses):
    bowtie = shapely.polygons([(0, 0), (0.001, 0.001), (0.001, 0), (0, 0.002), (0, 0)])
    far = shapely.points(5.0, 5.0)
    checked = checks.usable_numbers(np.array([bowtie], dtype=object))
    checks.as_points(checked, footprints=True, inner=np.array([far], dtype=object))
    assert checked.repaired
    assert checked.footprint is not None
    assert shapely.covers(checked.footprint[0], checked.geometry[0])


def test_stretches_of_a_file_are_the_whole_file(houses, tmp_path, monkeypatch):
    path = tmp_path / "houses.parquet"
    houses.to_parquet(path, row_group_size=41)
    whole = prepare(path, Dataset.BUILDINGS, keep_duplicates=True, row_codes=True).frame
    monkeypatch.setattr(slices, "LARGE", 100)
    monkeypatch.setattr(slices, "STRETCH", 64)
    monkeypatch.setattr(slices, "SAMPLE", 50)
    parts = list(slices.prepare_slices(path, Dataset.BUILDINGS))
    assert [len(part.frame) for part in parts] == [64, 64, 64, 64, 44]
    for at, part in zip(range(0, 300, 64), parts, strict=True):
        same = whole.iloc[at : at + 64]
        assert list(part.frame.index) == list(same.index)
        assert list(part.frame["code"]) == list(same["code"])
        for name in ("geometry", "footprint"):
            assert shapely.equals_exact(np.asarray(part.frame[name].array), np.asarray(same[name].array)).all()
