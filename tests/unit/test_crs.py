"""Reference systems: known vectors, zones, names, the metric zone of any place."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import CRS
from pyproj import Transformer

from gis import crs

# Published vectors of the open libraries (WGS84 lon, lat -> GCJ-02 lon, lat), six decimals.
VECTORS = [
    (121.5272106, 31.1774276, 121.531541859, 31.175303984),
    (113.912316, 22.543847, 113.917176481, 22.540796132),
    (116.377817, 39.911954, 116.384047225, 39.913345455),
]


@pytest.mark.parametrize(("lon", "lat", "there_lon", "there_lat"), VECTORS)
def test_gcj02_gives_the_published_vectors(lon, lat, there_lon, there_lat):
    x, y = crs.gcj02_from_wgs84([lon], [lat])
    assert x[0] == pytest.approx(there_lon, abs=2e-7)  # the libraries differ by 1.4e-7 in their ellipsoid
    assert y[0] == pytest.approx(there_lat, abs=2e-7)


@pytest.mark.parametrize(
    ("lon", "lat"), [(-104.9903, 39.7392), (153.0251, -27.4698), (-43.1729, -22.9068), (2.35, 48.86)]
)
def test_nothing_shifts_outside_the_box(lon, lat):
    for change in (crs.gcj02_from_wgs84, crs.wgs84_from_gcj02, crs.bd09_from_wgs84, crs.wgs84_from_bd09):
        x, y = change([lon], [lat])
        assert (x[0], y[0]) == (lon, lat)


def test_shift_has_the_size_it_is_known_for():
    cities = {"乌鲁木齐": (87.62, 43.82, 265), "杭州": (120.15, 30.27, 520), "北京": (116.40, 39.90, 555)}
    for lon, lat, metres in cities.values():
        x, y = crs.gcj02_from_wgs84([lon], [lat])
        away = np.hypot((x[0] - lon) * np.cos(np.radians(lat)), y[0] - lat) * 111_195
        assert away == pytest.approx(metres, rel=0.05)


def test_zone_codes_name_the_zones_epsg_means():
    for number in range(13, 24):
        assert CRS.from_epsg(crs.zone_epsg(number)).name == f"CGCS2000 / Gauss-Kruger zone {number}"
    for number in range(25, 46):
        assert CRS.from_epsg(crs.zone_epsg(number)).name == f"CGCS2000 / 3-degree Gauss-Kruger zone {number}"
    for meridian in range(75, 136, 3):
        assert f"CM {meridian}E" in CRS.from_epsg(crs.meridian_epsg(meridian)).name
    for meridian in range(75, 136, 6):
        assert f"CM {meridian}E" in CRS.from_epsg(crs.meridian_epsg(meridian, 6)).name


@pytest.mark.parametrize("number", [12, 24, 46, 0])
def test_zones_that_do_not_exist_are_refused(number):
    with pytest.raises(crs.DatumInvalid):
        crs.zone_epsg(number)
    with pytest.raises(crs.DatumInvalid):
        crs.meridian_epsg(76)


def test_zone_with_prefix_and_without_lead_to_the_same_place():
    lon, lat = 116.39, 39.91
    for code in (4548, 4527, crs.meridian_epsg(117, 6), crs.zone_epsg(20)):
        x, y = Transformer.from_crs(4490, code, always_xy=True).transform(lon, lat)
        back_lon, back_lat = crs.to_cgcs2000(f"EPSG:{code}", [x], [y])
        assert back_lon[0] == pytest.approx(lon, abs=1e-9)
        assert back_lat[0] == pytest.approx(lat, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("WGS84", "wgs84"),
        ("GCJ-02", "gcj02"),
        ("bd_09", "bd09"),
        ("EPSG:4490", "cgcs2000"),
        ("4326", "wgs84"),
        ("epsg:4547", "EPSG:4547"),
        ("百度", "bd09"),
    ],
)
def test_names_have_one_spelling(text, name):
    assert crs.parse_datum(text) == name


@pytest.mark.parametrize("text", ["", "mars", "EPSG:1", "EPSG:99999999", "EPSG:5773", "CRS84;DROP"])
def test_unknown_names_are_refused(text):
    with pytest.raises(crs.DatumInvalid):
        crs.parse_datum(text)


@pytest.mark.parametrize("lon", [-179.9, -73.98, 0.0, 24.9, 74.9, 116.4, 135.9, 179.9])
def test_metric_zone_measures_truly_anywhere(lon):
    zone = crs.metric_crs(lon)
    forward = Transformer.from_crs(4490, zone, always_xy=True)
    (x0, y0), (x1, y1) = forward.transform(lon, 40.0), forward.transform(lon, 40.001)
    assert np.hypot(x1 - x0, y1 - y0) == pytest.approx(111.035, rel=3e-4)


def test_long_projected_edges_bend_as_they_should():
    """A border of 20 km and a neighbour with a vertex in its middle stay together."""
    long = shapely.Polygon([(500000, 4400000), (520000, 4400000), (520000, 4401000), (500000, 4401000)])
    half = shapely.Polygon(
        [(500000, 4399000), (520000, 4399000), (520000, 4400000), (510000, 4400000), (500000, 4400000)]
    )
    plain = crs.transform_geometries(np.array([long, half]), "EPSG:4548", densify=False)
    bent = crs.transform_geometries(np.array([long, half]), "EPSG:4548")
    overlap = [shapely.area(shapely.intersection(a, b)) + _gap(a, b) for a, b in (plain, bent)]
    assert overlap[1] < overlap[0] / 1000


def _gap(a, b):
    both = shapely.union(a, b)
    return sum(shapely.area(shapely.Polygon(ring)) for ring in getattr(both, "interiors", []))


def test_geometries_keep_their_nulls():
    shapes = np.array([shapely.Point(116.4, 39.9), None], dtype=object)
    moved = crs.transform_geometries(shapes, "gcj02")
    assert moved[1] is None
    assert moved[0].x == pytest.approx(116.39376, abs=1e-4)
