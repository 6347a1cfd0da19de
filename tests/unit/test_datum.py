"""The datum: declared, given, recognised by its numbers, settled by buildings, or asked."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import CRS
from pyproj import Transformer

from gis import crs
from gis.intake import datum
from gis.intake.errors import DatumContradicted
from gis.intake.errors import DatumUnknown
from gis.intake.parts import Control

RNG = np.random.default_rng(7)
HANGZHOU = np.column_stack([RNG.uniform(120.10, 120.20, 600), RNG.uniform(30.22, 30.32, 600)])
TAIPEI = np.column_stack([RNG.uniform(121.5, 121.6, 50), RNG.uniform(25.0, 25.1, 50)])
NEW_YORK = np.column_stack([RNG.uniform(-74.0, -73.9, 50), RNG.uniform(40.6, 40.8, 50)])


def shifted(points, change):
    return np.column_stack(change(points[:, 0], points[:, 1]))


def projected(points, code):
    return np.column_stack(Transformer.from_crs(4490, code, always_xy=True).transform(points[:, 0], points[:, 1]))


def test_mainland_degrees_without_a_declaration_are_asked():
    with pytest.raises(DatumUnknown) as caught:
        datum.settle(HANGZHOU, name="f.csv")
    assert all(word in caught.value.message for word in ("wgs84", "gcj02", "bd09"))
    assert "--datum" in caught.value.remedy


@pytest.mark.parametrize(
    "points",
    [
        TAIPEI,
        NEW_YORK,
        np.array([[114.17, 22.30]]),
        np.array([[113.55, 22.19]]),
        np.array([[126.98, 37.56]]),
        np.array([[105.85, 21.02]]),
    ],
)
def test_degrees_elsewhere_are_wgs84_and_say_so(points):
    found = datum.settle(points, name="f.csv")
    assert found.datum == "wgs84"
    assert found.evidence["how"] == "outside_china"


@pytest.mark.parametrize(
    "place",
    [
        (116.4, 39.9),
        (113.93, 22.48),
        (113.57, 22.27),
        (118.1, 24.5),
        (131.0, 46.6),
        (75.99, 39.47),
        (98.58, 24.43),
        (110.3, 20.0),
    ],
)
def test_the_mainland_is_the_mainland(place):
    assert datum.in_mainland(np.array([place[0]]), np.array([place[1]]))[0]


@pytest.mark.parametrize(
    ("name", "change"), [("gcj02", crs.gcj02_from_wgs84), ("bd09", crs.bd09_from_wgs84), ("wgs84", lambda x, y: (x, y))]
)
@pytest.mark.parametrize("by_code", [True, False])
def test_buildings_settle_the_datum(name, change, by_code):
    codes = np.array([f"b{i}" for i in range(len(HANGZHOU))], dtype=object)
    control = Control(HANGZHOU, codes if by_code else None)
    found = datum.settle(shifted(HANGZHOU, change), name="f", control=control, codes=codes)
    assert found.datum == name
    assert found.evidence["how"] == "control"
    assert found.evidence["median_m"][name] < 0.1
    assert found.evidence["matched_by"] == ("code" if by_code else "nearest")


def test_buildings_that_match_nothing_leave_the_question():
    control = Control(HANGZHOU + RNG.normal(0, 0.003, HANGZHOU.shape))
    with pytest.raises(DatumUnknown):
        datum.settle(HANGZHOU, name="f", control=control)
    with pytest.raises(DatumUnknown, match="附近也没有"):
        datum.settle(HANGZHOU, name="f", control=Control(NEW_YORK))


def test_a_declaration_is_taken_at_its_word():
    found = datum.settle(HANGZHOU, name="f", declared=CRS.from_epsg(4326), declared_by="file")
    assert (found.datum, found.evidence["how"], found.evidence["by"]) == ("wgs84", "declared", "file")
    utm = projected(NEW_YORK, 32618)
    assert datum.settle(utm, name="f", declared=CRS.from_epsg(32618), declared_by="file").datum == "EPSG:32618"


def test_a_declaration_the_buildings_contradict_is_complained_about():
    points = shifted(HANGZHOU, crs.gcj02_from_wgs84)
    with pytest.raises(DatumContradicted) as caught:
        datum.settle(points, name="f", declared=CRS.from_epsg(4326), declared_by="format", control=Control(HANGZHOU))
    assert caught.value.fields["better"] == "gcj02"
    assert float(caught.value.fields["better_m"]) < 1
    found = datum.settle(points, name="f", declared=CRS.from_epsg(4326), given="wgs84", control=Control(HANGZHOU))
    assert found.datum == "wgs84"  # the user insists


def test_degrees_declared_but_metres_written():
    with pytest.raises(DatumUnknown, match="米制"):
        datum.settle(projected(TAIPEI, 3826), name="f", declared=CRS.from_epsg(4326), declared_by="format")


@pytest.mark.parametrize(
    ("code", "place"), [(4528, (120.0, 30.0)), (4527, (116.5, 39.9)), (4498, (117.0, 39.9)), (4513, (75.5, 39.5))]
)
def test_zone_numbers_are_recognised(code, place):
    points = projected(np.array([place] * 5) + RNG.uniform(0, 0.05, (5, 2)), code)
    found = datum.settle(points, name="f")
    assert found.datum == f"EPSG:{code}"
    assert found.evidence["how"] == "prefix"
    assert "西安 80" in "".join(found.warnings)
    turned = datum.settle(points[:, ::-1], name="f")
    assert (turned.datum, turned.swapped) == (f"EPSG:{code}", True)


def test_shanghai_in_web_mercator_is_not_taken_for_zone_13():
    points = projected(np.array([[121.47, 31.23]] * 5), 3857)
    with pytest.raises(DatumUnknown) as caught:
        datum.settle(points, name="f")
    assert "EPSG:3857" in caught.value.message
    assert "EPSG:4491" in caught.value.message


def test_metres_without_a_zone_are_asked_for_the_meridian():
    with pytest.raises(DatumUnknown) as caught:
        datum.settle(projected(HANGZHOU, 4549), name="f")
    assert "EPSG:4534-4554" in caught.value.message
    found = datum.settle(projected(HANGZHOU, 4549), name="f", control=Control(HANGZHOU))
    assert (found.datum, found.evidence["how"]) == ("EPSG:4549", "control")
    found = datum.settle(projected(HANGZHOU, 4549)[:, ::-1], name="f", control=Control(HANGZHOU))
    assert (found.datum, found.swapped) == ("EPSG:4549", True)


def test_utm_without_a_declaration_is_asked():
    with pytest.raises(DatumUnknown, match="EPSG:326"):
        datum.settle(projected(np.array([[-123.1, 49.28]] * 5), 32610), name="f")


@pytest.mark.parametrize("points", [TAIPEI, HANGZHOU, NEW_YORK])
def test_swapped_degrees_are_seen_and_told(points):
    found = datum.settle(points[:, ::-1], name="f", declared=CRS.from_epsg(4326), declared_by="format")
    assert found.swapped
    assert found.evidence["swapped"] is True
    assert found.warnings


def test_what_cannot_testify_is_left_out():
    noise = np.array([[0, 0], [np.nan, 1], [1.8e308, 5]])
    assert datum.settle(np.vstack([TAIPEI, noise]), name="f").datum == "wgs84"
    assert datum.settle(noise, name="f").datum == "none"
