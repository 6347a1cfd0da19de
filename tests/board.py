"""A board of land with known numbers, for the tests of the rules: metres in, clean frames out.

Rectangles run along meridians and parallels, so neighbours share their edges exactly and an
area of ``a`` by ``b`` metres measures that (to a few parts in ten thousand) on the ellipsoid.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod

from gis.coverage import wording
from gis.coverage.check import check
from gis.i18n import speaking
from gis.vocabulary import SRID
from gis.vocabulary import Severity

LON, LAT = 116.3, 39.9
GEOD = Geod(ellps="GRS80")
EAST = 0.001 / GEOD.inv(LON, LAT, LON + 0.001, LAT)[2]
NORTH = 0.001 / GEOD.inv(LON, LAT, LON, LAT + 0.001)[2]
"""Degrees to a metre."""


def place(x, y):
    """Longitude and latitude of a place on the board, metres east and north of its corner."""
    return LON + x * EAST, LAT + y * NORTH


def shape(*corners, holes=()):
    """Polygon with these corners, metres."""
    return shapely.Polygon([place(*c) for c in corners], [[place(*c) for c in hole] for hole in holes])


def block(west, south, east, north, holes=()):
    """Rectangle, metres; ``holes`` are such rectangles too."""
    corners = [[(w, s), (e, s), (e, n), (w, n)] for w, s, e, n in ((west, south, east, north), *holes)]
    return shape(*corners[0], holes=corners[1:])


def point(x, y):
    """Point, metres."""
    return shapely.Point(place(x, y))


def frame(rows):
    """Clean frame of ``(code, shape, {field: value})``; rows numbered from 1."""
    table = pd.DataFrame([{"code": row[0], **(row[2] if len(row) > 2 else {})} for row in rows])
    geometry = gpd.GeoSeries([row[1] for row in rows], crs=SRID)
    made = gpd.GeoDataFrame(table, geometry=geometry.to_numpy(), crs=SRID)
    made.index = pd.RangeIndex(1, len(made) + 1, name="row")
    if "footprint" in made:
        made["footprint"] = gpd.GeoSeries(made["footprint"].tolist(), index=made.index, crs=SRID)
    return made


def judge(grids, areas=None, **others):
    """Run ``check`` on rows and see that every finding is whole, in both languages."""
    given = {name: frame(value) if isinstance(value, list) else value for name, value in others.items()}
    result = check(frame(grids), None if areas is None else frame(areas), **given)
    for finding in result.findings:
        whole(finding)
    order = [list(Severity).index(Severity(f.severity)) for f in result.findings]
    assert order == sorted(order)
    return result


def whole(finding):
    """A finding names land, buildings, households, grids; says why; and offers one to three remedies."""
    assert finding.measure["area_m2"] >= 0
    assert isinstance(finding.measure["buildings"], int)
    assert isinstance(finding.measure["households"], int)
    assert all(isinstance(code, str) for code in [*finding.grids, *finding.buildings])
    assert 1 <= len(finding.remedies) <= 3
    for language in ("zh_CN", "en"):
        with speaking(language):
            said = [finding.reason, finding.title, finding.severity_text, *map(wording.remedy, finding.remedies)]
        assert all(text and "{" not in text and "None" not in text for text in said), said
        assert language == "zh_CN" or not any("一" <= letter <= "鿿" for letter in said[1])


def of(result, rule):
    """Findings of one rule."""
    return [finding for finding in result.findings if finding.rule == rule]


def area_m2(geometry):
    """Area on the ellipsoid, m²; 0 for what has none."""
    parts = [p for p in shapely.get_parts(shapely.get_parts([geometry])) if p.geom_type == "Polygon"]
    return float(sum(abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(p))[0]) for p in parts))


def polygons(geometry):
    """Only what has an area of a shape: one polygon or multipolygon."""
    parts = [p for p in shapely.get_parts(geometry) if p.geom_type in {"Polygon", "MultiPolygon"}]
    return shapely.union_all(np.array(parts, dtype=object))
