"""The real cities, where they are at hand: the command against shapely alone, figure by figure.

What the README of the folder gives as known answers is asserted too. Overlay runs in the
stored longitude and latitude, on both sides.
"""

from __future__ import annotations

import json
import sys
from functools import cache

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.cli import main
from tests.board import area_m2
from tests.board import polygons
from tests.conftest import REALDATA

NYC = {
    "areas": "nyc/nyc_nta_acs0812.gpkg",
    "grids": "nyc/nyc_tracts_acs0812.gpkg",
    "incidents": "nyc/nyc_311_20181021.csv.gz",
}
TAIPEI = {"areas": "taipei/taipei_partitions.gpkg:district"}
LI, POLICE = "taipei/taipei_partitions.gpkg:village_li", "taipei/taipei_partitions.gpkg:police_patrol_area"
CASES = {
    "nyc_footprints": ({**NYC, "buildings": "nyc/nyc_buildings.parquet"}, 2417),
    "nyc_addresses": ({"grids": NYC["grids"], "buildings": "nyc/nyc_addresses.parquet"}, 340),
    "taipei_shelters": (
        {**TAIPEI, "grids": LI, "buildings": "taipei/taipei_poi.gpkg:air_raid_shelter",
         "incidents": "taipei/taipei_cases.gpkg:dispatch_case_1999"}, 8,
    ),
    "taipei_trucks": ({**TAIPEI, "grids": POLICE, "buildings": "taipei/taipei_poi.gpkg:garbage_truck_stop"}, 18),
    "beijing_streets": (
        {"areas": "cn/beijing_streets_331.gpkg", "grids": "cn/beijing_streets_331.gpkg",
         "buildings": "cn/beijing_tsinghua_buildings_osm2025.geojson"}, 0,
    ),
}  # fmt: skip
PRESENT = [name for name in CASES if REALDATA.exists()]


@pytest.fixture(scope="module")
def ran(shared_database):
    """Give what the command says of a city; each is run once."""
    known = {}

    def call(name, capture):
        if name not in known:
            words = [word for option, file in CASES[name][0].items() for word in (f"--{option}", str(REALDATA / file))]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", ["gis", "check", *words, "--datum", "wgs84", "--json", "-"])
                capture.readouterr()
                with pytest.raises(SystemExit) as ended:
                    main()
                said = capture.readouterr()
            assert said.err == ""
            known[name] = json.loads(said.out)
            blocked = known[name]["summary"]["by_severity"]["block"] > 0
            assert ended.value.code == int(blocked)
        return known[name]

    return call


def shapes(file):
    """Valid polygons, or points, of a file, read without the product."""
    path, _colon, layer = str(REALDATA / file).partition(":")
    frame = gpd.read_parquet(path) if path.endswith("parquet") else gpd.read_file(path, layer=layer or None)
    found = np.asarray(frame.geometry.to_crs(4326).force_2d().array)
    found = found[~(shapely.is_missing(found) | shapely.is_empty(found))]
    bad = ~shapely.is_valid(found)
    found[bad] = shapely.make_valid(found[bad])
    return found


@cache
def network(file):
    """Grids of a file, their union, and the land two of them claim."""
    grids = shapes(file)
    a, b = shapely.STRtree(grids).query(grids, predicate="overlaps")
    twice = [polygons(g) for g in shapely.intersection(grids[a[a < b]], grids[b[a < b]])]
    return grids, shapely.union_all(grids), polygons(shapely.union_all(np.array(twice, dtype=object)))


def in_any(points, polygons_):
    hit = np.zeros(len(points), dtype=bool)
    hit[shapely.STRtree(points).query(polygons_, predicate="covers")[1]] = True
    return hit


def representative(found):
    areal = np.isin(shapely.get_type_id(found), (3, 6))
    return np.where(areal, shapely.point_on_surface(found), shapely.centroid(found))


@pytest.mark.parametrize("name", PRESENT)
def test_a_city_agrees_with_shapely(name, ran, capsys):
    files, known_loose = CASES[name]
    found = ran(name, capsys)
    summary, findings = found["summary"], found["findings"]
    grids, union, twice = network(files["grids"])
    houses = shapes(files["buildings"])
    assert summary["grids"] == len(grids)

    inside = in_any(representative(houses), grids)
    assert np.count_nonzero(~inside) == known_loose
    loose = [f for f in findings if f["rule"] == "unassigned_building"]
    assert len(loose) == known_loose
    assert summary["assigned_buildings"] == np.count_nonzero(inside)
    blind = {code for f in findings if f["severity"] == "blind" for code in f["buildings"]}
    assert summary["covered_buildings_share"] == pytest.approx(1 - len(blind) / summary["buildings"])
    assert summary["blind_buildings"] == len(blind)

    assert summary["contested_area_m2"] == pytest.approx(area_m2(twice), abs=0.02 + 0.001 * len(grids))
    if "areas" not in files:
        land = shapely.union_all([shapely.Polygon(p.exterior) for p in shapely.get_parts(union)])
    else:
        areas = shapes(files["areas"])
        assert summary["areas"] == len(areas)
        land = shapely.union_all(areas)
    gaps = polygons(shapely.difference(land, union))
    dust = 0.01 * len(shapely.get_parts(gaps))
    assert summary["unclaimed_area_m2"] == pytest.approx(area_m2(gaps), abs=dust + 0.1)
    assert summary["area_m2"] == pytest.approx(area_m2(land), rel=1e-6)

    pieces = shapely.get_num_geometries(np.array([polygons(g) for g in grids], dtype=object))
    detached = [f for f in findings if f["subjects"].get("kind") == "detached"]
    assert len(detached) == int((pieces - 1).sum())


if PRESENT:

    def test_the_known_answers_of_new_york(ran, capsys):
        found = ran("nyc_footprints", capsys)
        assert found["summary"]["unclaimed_area_m2"] == pytest.approx(5882, abs=1)
        assert found["summary"]["by_rule"]["contested_land"] == 0
        several = {f["grids"][0] for f in found["findings"] if f["subjects"].get("kind") == "detached"}
        assert len(several) == 41
        lost = [f for f in found["findings"] if f["subjects"].get("dataset") == "incident"]
        assert sum(f["subjects"]["kind"] == "none" for f in lost) == 115

    def test_the_known_answers_of_taipei(ran, capsys):
        found = ran("taipei_shelters", capsys)
        lost = [f for f in found["findings"] if f["subjects"].get("dataset") == "incident"]
        assert (found["summary"]["incidents"], lost) == (2817, [])
        assert found["summary"]["buildings"] - 3 == 5914

    def test_the_known_answers_of_beijing(ran, capsys):
        found = ran("beijing_streets", capsys)
        assert (found["summary"]["areas"], found["summary"]["grids"]) == (331, 331)
        assert found["summary"]["by_rule"]["contested_land"] == found["summary"]["by_rule"]["unclaimed_land"] == 0
        assert [f["reason"] for f in found["findings"] if f["severity"] in {"block", "blind"}] == []
