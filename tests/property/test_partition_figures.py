"""Whatever polygons come in: land is claimed or unclaimed, contested where two grids claim it, and counted once.

Every figure of ``check`` is computed a second time with shapely, from the same polygons.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis.coverage.check import check
from tests.board import area_m2
from tests.board import frame
from tests.board import of
from tests.board import place
from tests.board import polygons

pytestmark = pytest.mark.usefixtures("shared_database")

STEP = 20.0
"""Metres of a step of the lattice the corners lie on."""
DUST = 0.01
"""Square metres below which a piece is the rounding of coordinates (docs/rules.md)."""
CORNER = st.tuples(st.integers(0, 8), st.integers(0, 8))
RING = st.lists(CORNER, min_size=3, max_size=7, unique=True)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def corner(x, y):
    return place(x * STEP, y * STEP)


@st.composite
def lands(draw, most):
    """Valid polygons and multipolygons with corners on the lattice, as the intake hands them out."""
    made = []
    for rings in draw(st.lists(st.lists(RING, min_size=1, max_size=2), min_size=1, max_size=most)):
        rough = shapely.MultiPolygon([shapely.Polygon([corner(*c) for c in ring]) for ring in rings])
        shape = polygons(shapely.make_valid(rough))
        if not shape.is_empty and area_m2(shape) > 1:
            made.append(shape)
    return made


@st.composite
def points(draw, most=25):
    """Places on the lattice (on borders and corners), between its lines, and far outside."""
    spots = st.one_of(CORNER, st.tuples(st.floats(-1, 9), st.floats(-1, 9)))
    return [shapely.Point(corner(*spot)) for spot in draw(st.lists(spots, max_size=most))]


@st.composite
def footprints(draw, most=12):
    """Small boxes anywhere on the board, many of them across a border."""
    spot = st.tuples(st.floats(0, 8), st.floats(0, 8), st.floats(0.05, 0.8), st.floats(0.05, 0.8))
    return [
        shapely.box(*corner(x, y), *corner(x + wide, y + deep))
        for x, y, wide, deep in draw(st.lists(spot, max_size=most))
    ]


def rows(stem, shapes):
    return frame([(f"{stem}{i}", shape) for i, shape in enumerate(shapes)])


def union(shapes):
    return polygons(shapely.union_all(np.array(shapes, dtype=object))) if len(shapes) else shapely.Polygon()


def contested(grids):
    """Land in two grids or more."""
    return union([
        polygons(shapely.intersection(a, b)) for i, a in enumerate(grids) for b in grids[i + 1 :]
    ])  # fmt: skip


def slack(*shapes):
    """Square metres two computations may differ by: dust for every piece, and rounding."""
    pieces = sum(len(shapely.get_parts(shape)) for shape in shapes)
    return 0.02 + DUST * 4 * (pieces + 8) + 1e-6 * sum(area_m2(shape) for shape in shapes)


@FEW
@given(lands(3), lands(5), lands(1))
def test_land_is_claimed_or_unclaimed_and_contested_where_two_claim_it(areas, grids, allowed):
    if not areas or not grids:
        return
    result = check(rows("g", grids), rows("a", areas), excluded=rows("x", allowed) if allowed else None)
    land, taken, free = union(areas), union(grids), union(allowed)
    figures = result.summary

    unclaimed = polygons(shapely.difference(land, shapely.union(taken, free)))
    claimed = area_m2(polygons(shapely.intersection(land, shapely.union(taken, free))))
    tolerance = slack(land, taken, free, unclaimed)
    assert figures["unclaimed_area_m2"] == pytest.approx(area_m2(unclaimed), abs=tolerance)
    assert claimed + figures["unclaimed_area_m2"] == pytest.approx(area_m2(land), abs=tolerance)
    found = union([f.geometry for f in of(result, "unclaimed_land")])
    assert area_m2(polygons(shapely.symmetric_difference(found, unclaimed))) < tolerance

    twice = contested(grids)
    tolerance = slack(taken, twice) * len(grids)
    assert figures["contested_area_m2"] == pytest.approx(area_m2(twice), abs=tolerance)
    found = union([f.geometry for f in of(result, "contested_land")])
    assert area_m2(polygons(shapely.symmetric_difference(found, twice))) < tolerance
    once = sum(area_m2(g) for g in grids) - sum(
        area_m2(polygons(shapely.intersection(a, b))) for i, a in enumerate(grids) for b in grids[i + 1 :]
    )
    told = sum(f.measure["area_m2"] for f in of(result, "contested_land"))
    assert sum(area_m2(g) for g in grids) - told == pytest.approx(once, abs=tolerance)

    assert (figures["areas"], figures["grids"]) == (len(areas), len(grids))
    assert sum(figures["by_rule"].values()) == sum(figures["by_severity"].values()) == len(result.findings)


@FEW
@given(lands(4), points())
def test_buildings_are_assigned_as_brute_force_would(grids, spots):
    if not grids or not spots:
        return
    houses = frame([(f"b{i}", spot, {"households": i + 1}) for i, spot in enumerate(spots)])
    result = check(rows("g", grids), None, houses, parameters={"border_distance_m": 0})
    inside = np.array([[grid.covers(spot) for grid in grids] for spot in spots])
    # Where a point lies on a slanted border is a matter of the last bit: such points may be either.
    close = np.array([[grid.boundary.distance(spot) < 1e-12 for grid in grids] for spot in spots])
    sure = inside.any(axis=1) | ~close.any(axis=1)
    loose = {f.buildings[0] for f in of(result, "unassigned_building")}
    expected = {f"b{i}" for i in np.flatnonzero(~inside.any(axis=1) & sure)}
    doubtful = {f"b{i}" for i in np.flatnonzero(close.any(axis=1))}
    assert expected - doubtful == loose - doubtful
    figures = result.summary
    assert figures["assigned_buildings"] == len(spots) - len(loose)
    blind = {code for f in result.findings if f.severity == "blind" for code in f.buildings}
    assert figures["blind_buildings"] == len(blind)
    assert figures["covered_buildings_share"] == pytest.approx(1 - len(blind) / len(spots))
    everybody = len(spots) * (len(spots) + 1) / 2
    assert figures["households"] == everybody
    assert figures["covered_households_share"] == pytest.approx(1 - sum(int(b[1:]) + 1 for b in blind) / everybody)


@FEW
@given(lands(4), footprints())
def test_footprints_are_cut_where_brute_force_cuts_them_and_counted_once(grids, outlines):
    if not grids or not outlines:
        return
    houses = frame([
        (f"b{i}", outline.centroid, {"households": 1, "footprint": outline}) for i, outline in enumerate(outlines)
    ])  # fmt: skip
    result = check(rows("g", grids), None, houses)
    assert result.summary["buildings"] == result.summary["households"] == len(outlines)
    found = {f.buildings[0]: f for f in of(result, "boundary_building")}
    assert len(found) == len(of(result, "boundary_building"))
    for i, outline in enumerate(outlines):
        shares = {f"g{j}": area_m2(polygons(shapely.intersection(outline, grid))) for j, grid in enumerate(grids)}
        size = area_m2(outline)
        parts = sorted(share for share in shares.values() if share > 2 * DUST)
        if any(0 < share < 2 * DUST or size - 2 * DUST < share < size - DUST / 50 for share in shares.values()):
            continue  # so near the dust that rounding decides
        cut = any(size - share > DUST for share in parts)
        assert (f"b{i}" in found) == cut
        if cut:
            finding = found[f"b{i}"]
            assert finding.measure["share"] == pytest.approx(parts[-1] / size, abs=1e-4)
            assert finding.remedies[0]["grid"] == finding.grids[0]
            assert shares[finding.grids[0]] == pytest.approx(parts[-1], abs=1e-3)
            assert {g for g, share in shares.items() if share > 2 * DUST} == set(finding.grids)
