"""Whatever comes in: shifts undone within a centimetre, repairs valid and within the hull, text as written."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import numpy as np
import shapely
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis import crs
from gis.datasets import Dataset
from gis.intake import checks
from gis.intake.prepare import prepare

CENTIMETRE = 0.01 / 111_195
INSIDE = st.tuples(st.floats(73.6, 135.0), st.floats(18.1, 53.5))
RINGS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=12)


@settings(deadline=None, max_examples=200)
@given(st.lists(INSIDE, min_size=1, max_size=20))
def test_shifts_are_undone_within_a_centimetre(places):
    lon, lat = np.array(places).T
    for there, back in (
        (crs.gcj02_from_wgs84, crs.wgs84_from_gcj02),
        (crs.bd09_from_wgs84, crs.wgs84_from_bd09),
        (crs.bd09_from_gcj02, crs.gcj02_from_bd09),
    ):
        x, y = back(*there(lon, lat))
        assert np.abs(x - lon).max() < CENTIMETRE
        assert np.abs(y - lat).max() < CENTIMETRE


@settings(deadline=None, max_examples=50)
@given(st.floats(-180, 180), st.floats(-90, 90))
def test_shifts_give_finite_numbers_everywhere(lon, lat):
    for change in (crs.gcj02_from_wgs84, crs.wgs84_from_gcj02, crs.bd09_from_wgs84, crs.wgs84_from_bd09):
        x, y = change([lon], [lat])
        assert np.isfinite([x, y]).all()
        assert max(abs(x[0] - lon), abs(y[0] - lat)) < 0.03


@settings(deadline=None, max_examples=200)
@given(st.lists(RINGS, min_size=1, max_size=3), st.booleans())
def test_a_repair_is_valid_and_stays_within_the_hull(rings, several):
    closed = [[*ring, ring[0]] for ring in rings]
    shape = (
        shapely.multipolygons([shapely.Polygon(r) for r in closed])
        if several
        else shapely.Polygon(closed[0], closed[1:])
    )
    hull = shapely.convex_hull(shapely.multipoints(shapely.get_coordinates(shape)))  # holes outside their shell too
    out = checks.usable_numbers(np.array([shape], dtype=object))
    checks.as_polygons(out)
    found = out.geometry[0]
    assert (found is None) == (0 in out.bad)
    if found is None:
        return
    assert shapely.is_valid(found)
    assert found.geom_type in {"Polygon", "MultiPolygon"}
    assert found.area > 0
    assert shapely.difference(found, hull).area < 1e-9
    if shapely.is_valid(shape):
        assert shapely.equals(found, shape)
        assert 0 not in out.repaired
    else:
        assert out.repaired[0][-1][0] == "made_valid"


@settings(deadline=None, max_examples=100)
@given(st.lists(RINGS, min_size=1, max_size=2))
def test_a_footprint_covers_its_point(rings):
    shape = shapely.Polygon([*rings[0], rings[0][0]], [[*r, r[0]] for r in rings[1:]])
    out = checks.usable_numbers(np.array([shape], dtype=object))
    checks.as_points(out, footprints=True)
    if out.geometry[0] is not None:
        assert out.geometry[0].geom_type == "Point"
        assert shapely.covers(out.footprint[0], out.geometry[0])


WORDS = st.text(alphabet="南苑北街道社区小号楼甲乙丙丁东西国地市<>&=+@-'\" ,;\t|\n", min_size=1, max_size=12).filter(
    lambda s: s.strip(" '\"\t\n-") and s == s.strip()
)
SURE = "北京市海淀区中关村街道办事处"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(WORDS, min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    st.sampled_from(["\r\n", "\n"]),
)
def test_a_table_reads_the_same_however_it_was_written(names, separator, encoding, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        with path.open("w", encoding=encoding, newline="") as out:
            writer = csv.writer(out, delimiter=separator, lineterminator=ending)
            writer.writerow(["编码", "名称", "地址", "经度", "纬度"])
            for at, name in enumerate(names):
                writer.writerow([f"c{at}", name, SURE, "121.5", "25.0"])
        frame = prepare(path, Dataset.BUILDINGS).frame
    assert frame["code"].tolist() == [f"c{i}" for i in range(len(names))]
    assert frame["name"].tolist() == names
    assert frame["address"].tolist() == [SURE] * len(names)
