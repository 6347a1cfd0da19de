"""The seven rules on small boards with known numbers."""

from __future__ import annotations

import pytest
import shapely

from gis.coverage.check import points_from
from gis.coverage.points import Borders
from tests.board import block
from tests.board import frame
from tests.board import judge
from tests.board import of
from tests.board import point
from tests.board import shape

pytestmark = pytest.mark.usefixtures("shared_database")

LAND = [("C1", block(0, 0, 200, 100), {"name": "东里社区"})]
HALVES = [("A", block(0, 0, 100, 100)), ("B", block(100, 0, 200, 100))]
M2 = 3e-3
"""Relative tolerance of an area: what a degree is worth changes over the board."""


def near(value, tolerance=M2):
    return pytest.approx(value, rel=tolerance)


def houses(*rows):
    """Buildings ``(code, x, y, households)``."""
    return [(code, point(x, y), {"households": households}) for code, x, y, households in rows]


def test_a_board_without_flaws_has_no_finding():
    filled = [(f"b{i}", point(50 + 100 * (i % 2), 10 + i), {"households": 200}) for i in range(4)]
    result = judge(HALVES, LAND, buildings=filled)
    assert result.findings == []
    assert not result.blocked
    assert result.summary["area_m2"] == near(20_000)
    assert result.summary["assigned_buildings"] == 4
    assert result.summary["covered_buildings_share"] == 1
    assert result.summary["covered_households_share"] == 1


# unclaimed_land ------------------------------------------------------------------------------


@pytest.mark.parametrize(("wide", "severity"), [(0.4, "hint"), (0.97, "hint"), (1.03, "blind"), (12, "blind")])
def test_a_gap_is_a_sliver_or_real_by_its_width(wide, severity):
    grids = [("A", block(0, 0, 100, 100)), ("B", block(100 + wide, 0, 200, 100))]
    result = judge(grids, LAND)
    (gap,) = result.findings
    assert (gap.rule, gap.severity) == ("unclaimed_land", severity)
    assert gap.measure["width_m"] == near(wide, 0.02)
    assert gap.measure["sliver"] is (severity == "hint")
    assert gap.measure["area_m2"] == near(100 * wide)
    assert result.summary["unclaimed_area_m2"] == gap.measure["area_m2"]
    assert (gap.area_code, gap.area_name) == ("C1", "东里社区")
    assert gap.grids == ["A", "B"]
    assert "东里社区" in gap.reason
    assert ("缝隙" in gap.reason) is (severity == "hint")


def test_the_width_of_a_wedge_is_its_largest_circle():
    """A triangle 2 m by 100 m: twice its area over its perimeter is the radius."""
    grids = [("A", block(0, 0, 100, 100)), ("B", shape((102, 0), (200, 0), (200, 100), (100, 100)))]
    (gap,) = judge(grids, LAND).findings
    radius = 2 * 100 / (2 + 100 + (100**2 + 2**2) ** 0.5)
    assert gap.measure["width_m"] == near(2 * radius, 0.02)


def test_a_hole_in_a_grid_is_found_with_what_stands_in_it():
    grids = [("A", block(0, 0, 100, 100, holes=[(40, 40, 60, 60)])), HALVES[1]]
    result = judge(grids, LAND, buildings=houses(("h", 50, 50, 12), ("k", 10, 10, 30)))
    (gap,) = of(result, "unclaimed_land")
    assert gap.severity == "blind"
    assert gap.measure["area_m2"] == near(400)
    assert gap.measure["width_m"] == near(20, 0.01)
    assert (gap.buildings, gap.measure["buildings"], gap.measure["households"]) == (["h"], 1, 12)
    assert gap.remedies == [{"action": "give_to", "grid": "A", "shared_m": near(80)}]
    assert "12 户" in gap.reason


def test_without_areas_what_the_grids_enclose_is_the_land():
    grids = [("A", block(0, 0, 100, 100, holes=[(40, 40, 60, 60)])), HALVES[1]]
    result = judge(grids)
    assert [f.rule for f in result.findings] == ["unclaimed_land"]
    assert result.summary["notes"] == ["no_areas", "no_buildings"]
    assert result.summary["area_m2"] == near(20_000)


def test_an_allowed_gap_is_no_finding_and_only_the_rest_of_a_gap_is():
    grids = [("A", block(0, 0, 100, 100, holes=[(40, 40, 60, 60)])), HALVES[1]]
    lake = [("X", block(40, 40, 60, 60), {"reason": "湖面"})]
    assert judge(grids, LAND, excluded=lake).findings == []
    half = [("X", block(30, 30, 50, 70), {"reason": "湖面"})]
    (rest,) = judge(grids, LAND, excluded=half).findings
    assert rest.measure["area_m2"] == near(200)


def test_the_neighbour_with_the_longest_shared_border_comes_first_and_no_more_than_three():
    grids = [
        ("W", block(0, 0, 100, 100)),
        ("E1", block(130, 0, 200, 40)),
        ("E2", block(130, 40, 200, 100)),
        ("N", block(0, 100, 200, 120)),
        ("S", block(0, -20, 200, 0)),
    ]
    land = [("C1", block(0, -20, 200, 120))]
    (gap,) = judge(grids, land).findings
    assert [(r["action"], r["grid"]) for r in gap.remedies] == [("give_to", "W"), ("give_to", "E2"), ("give_to", "E1")]
    assert [r["shared_m"] for r in gap.remedies] == [near(100), near(60), near(40)]
    assert gap.grids == ["W", "E2", "E1"]


def test_two_gaps_are_two_findings_and_a_gap_over_two_areas_too():
    land = [("C1", block(0, 0, 100, 100)), ("C2", block(100, 0, 200, 100))]
    grids = [("A", block(0, 0, 90, 100)), ("B", block(110, 0, 150, 100)), ("C", block(160, 0, 200, 100))]
    found = judge(grids, land).findings
    assert [(f.area_code, f.measure["area_m2"]) for f in sorted(found, key=lambda f: f.geometry.centroid.x)] == [
        ("C1", near(1000)),
        ("C2", near(1000)),
        ("C2", near(1000)),
    ]


def test_an_area_without_any_grid_wants_a_new_one():
    land = [*LAND, ("C2", block(500, 0, 600, 100))]
    (gap,) = judge(HALVES, land).findings
    assert (gap.area_code, gap.grids, gap.severity) == ("C2", [], "blind")
    assert [r["action"] for r in gap.remedies] == ["new_grid", "exclude"]


def test_only_the_lowest_level_of_areas_is_the_land():
    land = [
        ("D", block(-1000, -1000, 1000, 1000), {"level": "street"}),
        ("C1", block(0, 0, 200, 100), {"level": "community"}),
    ]
    result = judge(HALVES, land)
    assert result.findings == []
    assert result.summary["areas"] == 1
    nameless = [*LAND, ("D", block(-1000, -1000, 1000, 1000), {"level": "street"})]
    assert judge(HALVES, nameless).summary["areas"] == 2


# contested_land ------------------------------------------------------------------------------


@pytest.mark.parametrize(("wide", "severity"), [(0.4, "hint"), (1.03, "block"), (10, "block")])
def test_an_overlap_is_a_sliver_or_real_by_its_width(wide, severity):
    grids = [("A", block(0, 0, 100 + wide, 100)), ("B", block(100, 0, 200, 100))]
    result = judge(grids, LAND, buildings=houses(("b", 100 + wide / 2, 50, 7), ("c", 20, 20, 9)))
    (overlap,) = of(result, "contested_land")
    assert overlap.severity == severity
    assert overlap.measure["width_m"] == near(wide, 0.02)
    assert overlap.measure["area_m2"] == near(100 * wide)
    assert overlap.grids == ["A", "B"]
    assert (overlap.buildings, overlap.measure["households"]) == (["b"], 7)
    assert result.summary["contested_area_m2"] == near(100 * wide)
    assert result.blocked is (severity == "block")
    actions = [(r["action"], r["grid"]) for r in overlap.remedies]
    assert actions[1:] == [("larger", "A"), ("smaller", "B")]


def test_an_overlap_goes_first_to_the_grid_that_surrounds_it_most():
    grids = [("A", block(0, 0, 110, 60)), ("B", block(100, 0, 200, 100)), ("D", block(0, 60, 100, 100))]
    (overlap,) = judge(grids, LAND).findings
    # A's nose, 10 m by 60 m, reaches into B: its edge is 80 m of A's border and 70 m of B's.
    assert overlap.remedies[0] == {"action": "longest_border", "grid": "B"}


def test_three_grids_over_one_place_are_three_pairs_counted_once():
    grids = [
        ("A", block(0, 0, 110, 100)),
        ("B", block(90, 0, 200, 100)),
        ("C", block(95, 40, 105, 60)),
    ]
    result = judge(grids, LAND)
    pairs = {tuple(f.grids): f.measure["area_m2"] for f in of(result, "contested_land")}
    assert pairs == {("A", "B"): near(2000), ("A", "C"): near(200), ("B", "C"): near(200)}
    assert result.summary["contested_area_m2"] == near(2000)


def test_the_same_grid_twice_is_contested_all_over():
    result = judge([*HALVES, ("A2", block(0, 0, 100, 100))], LAND)
    (overlap,) = of(result, "contested_land")
    assert overlap.measure["area_m2"] == near(10_000)
    assert overlap.grids == ["A", "A2"]


# unassigned_building -------------------------------------------------------------------------


def test_a_building_in_no_grid_is_blind_with_its_nearest_grid():
    grids = [("A", block(0, 0, 100, 100)), ("B", block(130, 0, 200, 100))]
    result = judge(grids, LAND, buildings=houses(("b", 118, 50, 21), ("c", 50, 50, 79)))
    (loose,) = of(result, "unassigned_building")
    assert (loose.severity, loose.buildings, loose.grids) == ("blind", ["b"], ["B"])
    assert loose.measure["distance_m"] == near(12)
    assert (loose.area_code, loose.measure["households"]) == ("C1", 21)
    assert loose.remedies[0]["action"] == "assign_to"
    figures = result.summary
    assert (figures["assigned_buildings"], figures["blind_buildings"], figures["blind_households"]) == (1, 1, 21)
    assert figures["covered_buildings_share"] == 0.5
    assert figures["covered_households_share"] == near(0.79)
    assert (figures["buildings"], figures["households"]) == (2, 100)


def test_the_nearest_grid_is_nearest_in_metres_not_in_degrees():
    """At 40° north a degree of longitude is three quarters of a degree of latitude."""
    grids = [("E", block(114, 40, 200, 60)), ("N", block(90, 62.5, 110, 100))]
    (loose,) = of(judge(grids, LAND, buildings=houses(("b", 100, 50, 1))), "unassigned_building")
    assert loose.grids == ["N"]
    assert loose.measure["distance_m"] == near(12.5)
    grids = [("E", block(112, 40, 200, 60)), ("N", block(90, 62.5, 110, 100))]
    (loose,) = of(judge(grids, LAND, buildings=houses(("b", 100, 50, 1))), "unassigned_building")
    assert loose.grids == ["E"]
    assert loose.measure["distance_m"] == near(12)


def test_a_point_on_a_border_is_inside():
    result = judge(HALVES, LAND, buildings=houses(("b", 100, 50, 1), ("c", 0, 0, 1)))
    assert of(result, "unassigned_building") == []
    assert result.summary["assigned_buildings"] == 2


def test_a_building_registered_elsewhere_is_a_warning():
    rows = [
        ("ok", point(50, 50), {"declared_grid": "A"}),
        ("wrong", point(50, 20), {"declared_grid": "B"}),
        ("gone", point(150, 20), {"declared_grid": "Z9"}),
        ("border", point(100, 50), {"declared_grid": "B"}),
        ("silent", point(150, 50), {"declared_grid": None}),
    ]
    result = judge(HALVES, LAND, buildings=rows)
    found = {f.buildings[0]: f for f in of(result, "unassigned_building")}
    assert set(found) == {"wrong", "gone"}
    wrong = found["wrong"]
    assert (wrong.severity, wrong.grids, wrong.subjects["declared_grid"]) == ("warn", ["A"], "B")
    assert [(r["action"], r["grid"]) for r in wrong.remedies] == [("assign_to", "A"), ("correct_place", "B")]
    assert result.summary["covered_buildings_share"] == 1


# boundary_building ---------------------------------------------------------------------------


def cut(code, west, south, east, north, at, households=0):
    return (code, point(*at), {"households": households, "footprint": block(west, south, east, north)})


def test_a_footprint_cut_thirty_to_seventy_is_proposed_to_the_seventy():
    rows = [cut("b", 94, 40, 114, 60, (104, 50), 44), cut("c", 20, 20, 40, 40, (30, 30), 1)]
    result = judge(HALVES, LAND, buildings=rows)
    (found,) = of(result, "boundary_building")
    assert (found.severity, found.grids, found.buildings) == ("warn", ["B", "A"], ["b"])
    assert found.measure["share"] == near(0.7)
    assert found.measure["area_m2"] == near(400)
    assert found.measure["outside_m2"] == near(120)
    assert found.measure["households"] == 44
    assert found.subjects["shares"] == [{"grid": "B", "share": near(0.7)}, {"grid": "A", "share": near(0.3)}]
    assert found.remedies[0] == {"action": "assign_to", "grid": "B", "share": near(0.7)}
    assert [r["action"] for r in found.remedies] == ["assign_to", "move_border"]
    assert result.summary["buildings"] == 2


def test_a_footprint_that_only_touches_a_border_is_not_cut():
    rows = [cut("b", 80, 40, 100, 60, (90, 50)), cut("c", 0, 0, 20, 20, (10, 10))]
    assert of(judge(HALVES, LAND, buildings=rows), "boundary_building") == []


def test_a_footprint_half_in_no_grid_is_cut_and_its_loose_point_blind():
    grids = [("A", block(0, 0, 100, 100)), ("B", block(130, 0, 200, 100))]
    result = judge(grids, LAND, buildings=[cut("b", 96, 40, 116, 60, (106, 50))])
    (found,) = of(result, "boundary_building")
    assert found.grids == ["A"]
    assert found.measure["share"] == near(0.2)
    assert [f.buildings for f in of(result, "unassigned_building")] == [["b"]]


def test_points_close_to_a_border_are_warned_of_only_without_a_footprint():
    rows = [
        ("near", point(101.5, 50), {"footprint": None}),
        ("far", point(102.5, 50), {"footprint": None}),
        ("edge", point(150, 1.5), {"footprint": None}),
        cut("shaped", 100.5, 20, 102.5, 22, (101.5, 21)),
    ]
    result = judge(HALVES, LAND, buildings=rows)
    found = {f.buildings[0]: f for f in of(result, "boundary_building")}
    assert set(found) == {"near", "edge"}
    assert found["near"].grids == ["B", "A"]
    assert found["near"].measure["distance_m"] == near(1.5, 0.01)
    assert found["near"].remedies[0] == {"action": "assign_to", "grid": "B"}
    assert of(judge(HALVES, LAND, buildings=rows, parameters={"border_distance_m": 0}), "boundary_building") == []


@pytest.mark.parametrize("slices", [1, 3])
def test_a_building_with_a_cut_footprint_is_written_once(slices):
    """Cut buildings go in by a way of their own; whole and in stretches, each is there once."""
    from gis.coverage.check import check
    from gis.coverage.points import Points

    rows = [cut(f"b{i}", 90 + i, 2 + 8 * i, 104 + i, 6 + 8 * i, (97 + i, 4 + 8 * i), 10 + i) for i in range(9)]
    rows += [(f"p{i}", point(20 + i, 50), {"households": 3, "footprint": None}) for i in range(5)]
    rows += [("lost", None, {"households": 1, "footprint": None})]
    grids, land, table = frame(HALVES), frame(LAND), frame(rows)
    borders = Borders(grids.geometry.to_numpy())
    step = -(-len(table) // slices)
    parts = [points_from(table.iloc[at : at + step], borders) for at in range(0, len(table), step)]
    result = check(grids, land, Points.joined(parts))
    assert result.summary["buildings"] == len(rows)
    assert result.summary["households"] == sum(r[2]["households"] for r in rows)
    assert result.summary["assigned_buildings"] == 14
    assert sorted(f.buildings[0] for f in of(result, "boundary_building")) == [f"b{i}" for i in range(9)]
    assert [f.buildings for f in of(result, "unlocated_record")] == [["lost"]]


# stray_part ----------------------------------------------------------------------------------

TWO = [("C1", block(0, 0, 100, 100), {"name": "东里"}), ("C2", block(100, 0, 200, 100), {"name": "西里"})]


@pytest.mark.parametrize(("over", "severity"), [(0.4, "hint"), (3, "block")])
def test_a_grid_over_its_community_is_stray_not_contested(over, severity):
    grids = [
        ("A", block(0, 0, 100 + over, 100), {"area_code": "C1"}),
        ("B", block(100 + over, 0, 200, 100), {"area_code": "C2"}),
    ]
    result = judge(grids, TWO, buildings=houses(("b", 100 + over / 2, 50, 5), ("c", 150, 50, 5)))
    (stray,) = of(result, "stray_part")
    assert of(result, "contested_land") == of(result, "unclaimed_land") == []
    assert (stray.severity, stray.grids, stray.area_code) == (severity, ["A"], "C1")
    assert stray.subjects["kind"] == "outside"
    assert stray.subjects["areas"] == ["C2"]
    assert "西里" in stray.reason
    assert stray.measure["area_m2"] == near(100 * over)
    assert stray.measure["width_m"] == near(over, 0.02)
    assert (stray.buildings, stray.measure["households"]) == (["b"], 5)
    assert [(r["action"], r.get("grid")) for r in stray.remedies] == [("cut_back", "A"), ("ask_division", None)]


def test_home_is_where_most_of_a_grid_lies_when_none_is_declared():
    grids = [("A", block(0, 0, 60, 100)), ("B", block(60, 0, 200, 100))]
    (stray,) = judge(grids, TWO).findings
    assert (stray.grids, stray.area_code, stray.subjects["areas"]) == (["B"], "C2", ["C1"])
    assert stray.measure["area_m2"] == near(4000)


def test_a_grid_in_no_area_at_all_is_stray():
    result = judge([*HALVES, ("Z", block(500, 0, 520, 20))], LAND)
    (stray,) = of(result, "stray_part")
    assert (stray.severity, stray.grids, stray.area_code) == ("block", ["Z"], None)
    assert stray.measure["area_m2"] == near(400)


def test_a_grid_in_several_pieces_names_all_but_the_largest():
    pieces = shapely.MultiPolygon([block(0, 0, 10, 100), block(20, 0, 100, 100), block(10, 0, 15, 50)])
    grids = [
        ("A", shapely.union_all([pieces])),
        ("B", block(100, 0, 200, 100)),
        ("D", shape((10, 50), (15, 50), (15, 0), (20, 0), (20, 100), (10, 100))),
    ]
    found = of(judge(grids, LAND, buildings=houses(("b", 5, 50, 8))), "stray_part")
    (piece,) = found
    assert (piece.severity, piece.subjects["kind"], piece.grids) == ("warn", "detached", ["A"])
    assert piece.measure["parts"] == 2
    assert piece.measure["area_m2"] == near(1250)
    assert (piece.buildings, piece.measure["households"]) == (["b"], 8)
    assert [r["action"] for r in piece.remedies] == ["join_piece", "new_grid"]


# grid_size -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("households", "kind", "pieces"),
    [
        (299, "small", None),
        (300, None, None),
        (500, None, None),
        (501, "large", 2),
        (1001, "large", 3),
        (0, "small", None),
    ],
)
def test_a_grid_has_as_many_households_as_its_network_allows(households, kind, pieces):
    rows = houses(("a", 20, 50, households - households // 2), ("b", 40, 50, households // 2), ("c", 150, 50, 400))
    result = judge(HALVES, LAND, buildings=rows)
    found = of(result, "grid_size")
    assert [f.subjects["kind"] for f in found] == ([kind] if kind else [])
    if kind:
        assert (found[0].severity, found[0].grids, found[0].measure["households"]) == ("warn", ["A"], households)
        assert found[0].measure["area_m2"] == near(10_000)
        assert found[0].measure["buildings"] == 2
        assert found[0].remedies[0].get("pieces") == pieces
        assert f"{households} 户" in found[0].reason


def test_other_limits_and_no_households_at_all():
    rows = houses(("a", 20, 50, 40), ("c", 150, 50, 400))
    assert of(judge(HALVES, LAND, buildings=rows, parameters={"households_min": 40}), "grid_size") == []
    unknown = judge(HALVES, LAND, buildings=[("a", point(20, 50)), ("c", point(150, 50))])
    assert of(unknown, "grid_size") == []
    assert unknown.summary["notes"] == ["no_households"]
    assert unknown.summary["households"] is unknown.summary["covered_households_share"] is None


# unlocated_record ----------------------------------------------------------------------------


def test_records_without_a_true_place():
    rows = [
        ("none", None, {"households": 3}),
        ("zero", shapely.Point(0, 0), {"households": 4}),
        ("away", point(9000, 9000), {"households": 5}),
        ("fine", point(50, 50), {"households": 88}),
    ]
    cases = [("i1", None), ("i2", shapely.Point(0, 0)), ("i3", point(9000, 0)), ("i4", point(50, 50))]
    result = judge(HALVES, LAND, buildings=rows, incidents=cases)
    found = of(result, "unlocated_record")
    about = {
        (f.buildings[0] if f.buildings else f.subjects["incident"]): (f.subjects["kind"], f.severity) for f in found
    }
    assert about == {
        "none": ("none", "blind"),
        "zero": ("null_island", "blind"),
        "away": ("outside", "warn"),
        "i1": ("none", "warn"),
        "i2": ("null_island", "warn"),
        "i3": ("outside", "warn"),
    }
    assert {f.subjects["dataset"] for f in found if not f.buildings} == {"incident"}
    assert [f.geometry for f in found if f.subjects["kind"] == "none"] == [None, None]
    assert result.summary["assigned_buildings"] == 1
    assert result.summary["blind_buildings"] == 3
    assert result.summary["covered_households_share"] == near(0.88)
    assert [f.buildings for f in of(result, "unassigned_building")] == [["away"]]


@pytest.mark.parametrize(("count", "found"), [(5, 0), (6, 6)])
def test_six_records_on_the_middle_of_a_community_are_a_pile(count, found):
    rows = houses(*((f"b{i}", 100 + 0.1 * i, 50, 1) for i in range(count)), ("beside", 102, 50, 1))
    cases = [(f"i{i}", point(100, 50)) for i in range(count)]
    piled = of(judge(HALVES, LAND, buildings=rows, incidents=cases), "unlocated_record")
    assert len(piled) == 2 * found
    for finding in piled:
        assert (finding.severity, finding.subjects["kind"], finding.area_code) == ("warn", "heaped", "C1")
        assert finding.measure["heap"] == count
        assert "另外 5 条" in finding.reason


# all together --------------------------------------------------------------------------------


def test_nothing_is_kept(shared_database):
    import psycopg

    from gis.db.connection import conninfo

    judge(HALVES, LAND, buildings=houses(("a", 20, 50, 3)))
    with psycopg.connect(conninfo(None, shared_database)) as conn:
        left = conn.execute(
            "SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE relname LIKE 'cov\\_%' OR nspname NOT IN "
            "('atlas', 'public', 'information_schema') AND nspname NOT LIKE 'pg\\_%'"
        ).fetchone()
        rows = conn.execute("SELECT (SELECT count(*) FROM atlas.finding) + (SELECT count(*) FROM atlas.building)")
        assert (left, rows.fetchone()) == ((0,), (0,))


def test_heaviest_first_then_most_households():
    grids = [
        ("A", block(0, 0, 90, 100)),
        ("B", block(100, 0, 160, 100)),
        ("D", block(150, 0, 190, 100)),
    ]
    rows = houses(("a", 95, 50, 30), ("b", 195, 50, 90), ("c", 155, 50, 2), ("d", 20, 20, 200))
    result = judge(grids, LAND, buildings=rows)
    told = [(f.severity, f.measure["households"]) for f in result.findings]
    assert told[0] == ("block", 2)
    assert [h for s, h in told if s == "blind"] == [90, 90, 30, 30]
