"""Whatever polygons come in: after a remedy nobody has a new gap or overlap, and the finding's own is gone.

Each is computed a second time with plain unions and intersections of the shapes before and after.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis.coverage.remedies import edits
from gis.coverage.remedies.errors import NoNeighbour
from gis.coverage.remedies.errors import NothingLeft
from gis.coverage.remedies.errors import OutsideCommunity
from gis.coverage.remedies.errors import Unrepairable
from gis.coverage.remedies.partition import Partition
from gis.coverage.remedies.partition import square_metres
from gis.coverage.remedies.split import House
from gis.coverage.remedies.split import split
from tests.board import block
from tests.board import place
from tests.board import polygons

STEP = 20.0
DUST = 0.01
FINE = 1e-12
"""Degrees: overlays on a grid of coordinates are sure; without one GEOS now and then loses land of these wild shapes."""
SIZE = 8
AREAS = {1: block(0, 0, 80, 160), 2: block(80, 0, 160, 160)}
CORNER = st.tuples(st.integers(-1, SIZE + 1), st.integers(-1, SIZE + 1))
WILD = st.lists(st.tuples(st.floats(0, SIZE), st.floats(0, SIZE)), min_size=3, max_size=6)
FEW = settings(max_examples=30, deadline=None)


def ring(corners):
    return polygons(shapely.make_valid(shapely.Polygon([place(x * STEP, y * STEP) for x, y in corners])))


@st.composite
def towns(draw):
    """Two communities of four cells each, then wild rings taken from or added to single grids, and a lake."""
    homes, grids = {}, {}
    for number, (i, j) in enumerate(itertools.product(range(2), range(4))):
        grids[f"g{number}"] = block(i * 80, j * 40, i * 80 + 80, j * 40 + 40)
        homes[f"g{number}"] = i + 1
    for code, corners, wide in draw(
        st.lists(st.tuples(st.sampled_from(sorted(grids)), WILD, st.booleans()), max_size=4)
    ):
        lasso = ring(corners)
        shape = polygons((shapely.union if wide else shapely.difference)(grids[code], lasso))
        if square_metres(shape) > 10:
            grids[code] = shape
    lakes = [ring(draw(WILD))] if draw(st.booleans()) else []
    return Partition(grids, homes, AREAS, lakes)


def land(shapes):
    """Union of the polygons among shapes."""
    parts = [part for shape in shapes for part in shapely.get_parts(shapely.get_parts([shape]))]
    flat = [p for p in parts if p.geom_type == "Polygon"]
    return shapely.union_all(flat, grid_size=FINE) if flat else shapely.MultiPolygon()


def minus(one, other):
    """What of one shape lies outside another: its polygons."""
    return land([shapely.difference(land([one]), land([other]), grid_size=FINE)])


def common(one, other):
    """What two shapes have in common: its polygons."""
    return land([shapely.intersection(land([one]), land([other]), grid_size=FINE)])


def gaps(town, grids):
    """Unclaimed pieces of each community."""
    taken = land([*grids.values(), *town.excluded])
    found = [minus(area, taken) for area in town.areas.values()]
    return [p for p in shapely.get_parts(shapely.get_parts(found)) if square_metres(p) > 0]


def after(town, edit):
    changed = {**town.grids, **edit.shapes}
    return {code: shape for code, shape in changed.items() if shape is not None}


def sound(town, edit, points=()):
    """Nothing is torn: no new gap, no new overlap, nothing newly outside its community."""
    now = after(town, edit)
    homes = {**town.homes, **{code: town.homes.get(source) for code, source in edit.made.items()}}
    for shape in now.values():
        assert shape.is_valid
        assert not shape.is_empty
    lost = minus(land(gaps(town, now)), land(gaps(town, town.grids)))
    assert square_metres(lost) <= DUST
    contested = land([common(a, b) for a, b in itertools.combinations(town.grids.values(), 2)])
    for one, other in itertools.combinations(now, 2):
        new = minus(common(now[one], now[other]), contested)
        assert square_metres(new) <= DUST
    for code in edit.shapes:
        if code in now and homes.get(code):
            stray = minus(now[code], town.areas[homes[code]])
            source = town.grids.get(code) or town.grids.get(edit.made.get(code), shapely.MultiPolygon())
            was = minus(source, town.areas[homes[code]])
            assert square_metres(minus(stray, was)) <= DUST
    for point in points:
        held = sum(shapely.contains(shape, point) for shape in now.values())
        assert held <= max(1, sum(shapely.contains(shape, point) for shape in town.grids.values()))
    return now


@FEW
@given(towns(), st.data())
def test_a_gap_given_away_is_gone_and_adds_up(town, data):
    found = [g for g in gaps(town, town.grids) if square_metres(g) > 1]
    assume(found)
    gap = data.draw(st.sampled_from(found))
    able = edits.takers(town, gap)
    assume(able)
    to = data.draw(st.sampled_from(sorted(able)))
    now = sound(town, edits.give_gap(town, gap, to))
    assert square_metres(minus(gap, land(now.values()))) <= DUST
    grown = square_metres(land(now.values())) - square_metres(land(town.grids.values()))
    assert grown == pytest.approx(square_metres(gap), abs=0.05)
    assert len(shapely.get_parts(now[to])) <= len(shapely.get_parts(town.grids[to]))


@FEW
@given(towns(), st.data())
def test_a_gap_shared_or_made_a_grid_of_its_own_is_gone(town, data):
    found = [g for g in gaps(town, town.grids) if square_metres(g) > 1]
    assume(found)
    gap = data.draw(st.sampled_from(found))
    home = next(n for n, area in AREAS.items() if shapely.intersects(area, shapely.point_on_surface(gap)))
    made = edits.cover_gap(town, gap, "new", home)
    now = sound(town, made)
    assert square_metres(shapely.symmetric_difference(now["new"], gap)) <= DUST
    try:
        now = sound(town, edits.share_gap(town, gap))
    except NoNeighbour:
        assert not edits.takers(town, gap)
    else:
        assert square_metres(minus(gap, land(now.values()))) <= DUST


@FEW
@given(towns(), st.data())
def test_a_settled_overlap_is_gone_and_the_land_stays(town, data):
    pairs = [
        (a, b)
        for a, b in itertools.combinations(sorted(town.grids), 2)
        if square_metres(common(town.grids[a], town.grids[b])) > 1
    ]
    assume(pairs)
    a, b = data.draw(st.sampled_from(pairs))
    to = data.draw(st.sampled_from([a, b]))
    try:
        now = sound(town, edits.settle_overlap(town, a, b, to))
    except NothingLeft:
        loser = town.grids[b if to == a else a]
        assert square_metres(minus(loser, town.grids[to])) <= DUST
        return
    assert square_metres(common(now[a], now[b])) <= DUST
    assert square_metres(land(now.values())) == pytest.approx(square_metres(land(town.grids.values())), abs=0.05)


@FEW
@given(towns(), st.data())
def test_a_stray_part_is_cut_back(town, data):
    stray = {
        code: minus(shape, AREAS[town.homes[code]])
        for code, shape in town.grids.items()
        if square_metres(minus(shape, AREAS[town.homes[code]])) > 1
    }
    assume(stray)
    grid = data.draw(st.sampled_from(sorted(stray)))
    try:
        now = sound(town, edits.cut_back(town, grid))
    except (NothingLeft, NoNeighbour):
        return
    assert square_metres(minus(now[grid], AREAS[town.homes[grid]])) <= DUST
    inside = common(land(town.grids.values()), land(AREAS.values()))
    allowed = land(town.excluded)
    assert square_metres(minus(inside, shapely.union(land(now.values()), allowed))) <= DUST


@FEW
@given(towns(), st.data())
def test_a_detached_piece_goes_to_a_neighbour(town, data):
    split_ones = [code for code, shape in town.grids.items() if len(shapely.get_parts(shape)) > 1]
    assume(split_ones)
    grid = data.draw(st.sampled_from(split_ones))
    piece = min(shapely.get_parts(town.grids[grid]), key=shapely.area)
    assume(square_metres(piece) > 1)
    try:
        edit = edits.join_piece(town, piece, grid)
    except (NoNeighbour, OutsideCommunity):
        return
    except NothingLeft:
        assert any(shapely.touches(piece, other) for other in shapely.get_parts(town.grids[grid]))  # by a hair
        return
    now = sound(town, edit)
    assert square_metres(common(now[grid], piece)) <= DUST
    assert square_metres(land(now.values())) == pytest.approx(square_metres(land(town.grids.values())), abs=0.05)


@FEW
@given(towns(), st.floats(0.3, 7.5), st.floats(0.3, 7.5), st.floats(0.1, 0.9), st.data())
def test_a_border_led_around_a_building_leaves_it_whole(town, x, y, size, data):
    house = ring([(x, y), (x + size, y), (x + size, y + size), (x, y + size)])
    cut = [code for code, shape in town.grids.items() if shapely.intersects(shape, house)]
    assume(len(cut) > 1)
    to = data.draw(st.sampled_from(cut))
    try:
        edit = edits.move_border(town, house, to)
    except OutsideCommunity:
        assert square_metres(minus(house, AREAS[town.homes[to]])) > 0
        return
    except (NothingLeft, Unrepairable):
        return
    now = sound(town, edit)
    for code, shape in now.items():
        if code != to:
            was = square_metres(common(town.grids.get(code, shape), house))
            assert min(was, square_metres(common(shape, house))) <= DUST


@FEW
@given(towns(), st.data())
def test_a_merged_grid_is_gone_and_its_land_is_the_neighbours(town, data):
    grid = data.draw(st.sampled_from(sorted(town.grids)))
    able = edits.touching(town, grid)
    assume(able)
    into = data.draw(st.sampled_from(sorted(able)))
    try:
        edit = edits.merge(town, grid, into)
    except OutsideCommunity:
        assert square_metres(minus(town.grids[grid], AREAS[town.homes[grid]])) > 0
        return
    assert edit.shapes[grid] is None
    now = sound(town, edit)
    assert square_metres(minus(town.grids[grid], now[into])) <= DUST + square_metres(
        land([common(town.grids[grid], s) for c, s in town.grids.items() if c not in {grid, into}])
    )


@settings(max_examples=25, deadline=None)
@given(towns(), st.integers(2, 4), st.integers(0, 2**32 - 1), st.booleans())
def test_a_split_grid_is_connected_balanced_and_cuts_no_building(town, pieces, seed, roads):
    grid = "g1"
    assume(len(shapely.get_parts(town.grids[grid])) == 1)
    rng = np.random.default_rng(seed)
    west, south, east, north = town.grids[grid].bounds
    spots = shapely.points(rng.uniform(west, east, 60), rng.uniform(south, north, 60))
    spots = spots[shapely.contains(town.grids[grid], spots)]
    assume(len(spots) >= 20)
    houses = [House(p, None, int(rng.integers(5, 15))) for p in spots]
    lines = [
        shapely.LineString([place(-9, y), place(99, y)]) for y in (50, 60, 70)
    ] + [shapely.LineString([place(x, 20), place(x, 99)]) for x in (20, 40, 60)] if roads else []  # fmt: skip
    codes = [f"n{i}" for i in range(pieces - 1)]
    edit = split(town, grid, codes, houses, lines)
    now = sound(town, edit, spots)
    assert all(len(shapely.get_parts(now[code])) == 1 for code in [grid, *codes])
    held = [sum(h.households for h in houses if shapely.intersects(now[code], h.point)) for code in [grid, *codes]]
    total = sum(h.households for h in houses)
    assert sum(held) == total
    assert max(held) == held[0]
    assert min(held) > 0
    assert square_metres(land(now.values())) == pytest.approx(square_metres(land(town.grids.values())), abs=0.05)
