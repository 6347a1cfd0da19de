"""The demo street as truth: each planted flaw is found by its rule, at its place, and nothing heavy elsewhere."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
import shapely

from data.demo import truth
from data.demo.flaws import RULES
from data.demo.town import street
from gis.coverage.check import check
from gis.vocabulary import Dataset
from gis.vocabulary import RuleKey
from tests.board import area_m2
from tests.board import polygons

pytestmark = pytest.mark.usefixtures("shared_database")

KINDS = sorted(RULES)
HEAVY = {"block", "blind"}
SLIVERS = {"sliver_gap", "sliver_overlap"}


@pytest.fixture(scope="module")
def demo():
    return street(1, 0)


@pytest.fixture(scope="module")
def result(demo, shared_database):
    frames = demo.frames
    return check(
        frames[Dataset.GRIDS], frames[Dataset.AREAS], frames[Dataset.BUILDINGS], frames[Dataset.INCIDENTS],
        frames[Dataset.EXCLUDED],
    )  # fmt: skip


def same_land(a, b):
    """Whether two shapes are the same land, to 1 % or 2 m²."""
    apart = area_m2(polygons(shapely.symmetric_difference(a, b)))
    return apart < max(0.01 * area_m2(polygons(b)), 2)


def answers(flaw, found):
    """Findings that name what was planted: rule, subjects, place, figures."""
    about = [f for f in found if f.rule == flaw.rule]
    if flaw.rule in {"unassigned_building", "boundary_building", "unlocated_record"}:
        code = flaw.subjects[0]
        return [f for f in about if f.buildings == [code] or f.subjects.get("incident") == code]
    if flaw.rule == "grid_size":
        return [f for f in about if f.grids == list(flaw.subjects)]
    if flaw.rule == "stray_part":
        about = [f for f in about if f.grids == list(flaw.subjects)]
    if flaw.rule == "contested_land":
        about = [f for f in about if set(f.grids) == set(flaw.subjects)]
    return [f for f in about if same_land(f.geometry, flaw.where)]


def test_there_is_a_flaw_of_every_kind(demo):
    planted = Counter(flaw.kind for flaw in demo.flaws)
    assert sorted(planted) == sorted({*RULES, *truth.RULES})
    assert {flaw.rule for flaw in demo.flaws} - {""} == set(RuleKey)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if RULES[kind]])
def test_each_flaw_is_found_by_its_rule_at_its_place(demo, result, kind):
    for flaw in (f for f in demo.flaws if f.kind == kind):
        found = answers(flaw, result.findings)
        if kind == "road_gap":  # along a border of communities: the land of one, the border of both
            assert len(found) in {1, 2}
        else:
            assert len(found) == 1, flaw
        finding = found[0]
        assert (finding.severity == "hint") == (kind in SLIVERS)
        if kind in {"estate_gap", "rail_gap", "road_gap", "hole_gap", "no_place", "loose_building"}:
            assert finding.severity == (
                "warn" if flaw.subjects and finding.subjects.get("dataset") == "incident" else "blind"
            )
        if kind in {"block_overlap", "strip_overlap", "corner_overlap", "stray_bulge"}:
            assert finding.severity == "block"
        for name in ("buildings", "households"):
            if name in flaw.measure:
                assert finding.measure[name] == flaw.measure[name], (kind, name)
        if "area_m2" in flaw.measure and finding.measure["area_m2"]:
            assert finding.measure["area_m2"] == pytest.approx(flaw.measure["area_m2"], rel=0.01)
        if "share" in flaw.measure:
            assert finding.measure["share"] == pytest.approx(flaw.measure["share"], abs=0.02)
        if "distance_m" in flaw.measure:
            assert finding.measure["distance_m"] == pytest.approx(flaw.measure["distance_m"], abs=0.05)


def test_nothing_heavy_is_found_that_was_not_planted(demo, result):
    heavy = [f for f in result.findings if f.severity in HEAVY]
    explained = {id(f) for flaw in demo.flaws if flaw.rule for f in answers(flaw, heavy)}
    assert [f.reason for f in heavy if id(f) not in explained] == []


def test_little_else_is_found_at_all(demo, result):
    """What is left over are warnings that follow from the planted flaws."""
    explained = {id(f) for flaw in demo.flaws if flaw.rule for f in answers(flaw, result.findings)}
    left = Counter((f.rule, f.severity) for f in result.findings if id(f) not in explained)
    assert left.keys() <= {("unassigned_building", "warn"), ("stray_part", "warn")}, left
    assert sum(left.values()) < 0.02 * len(demo.frames[Dataset.BUILDINGS])


def test_allowed_gaps_are_no_finding(demo, result):
    allowed = shapely.union_all(demo.frames[Dataset.EXCLUDED].geometry.to_numpy())
    gaps = [f.geometry for f in result.findings if f.rule == "unclaimed_land"]
    assert area_m2(polygons(shapely.intersection(shapely.union_all(gaps), allowed))) < 1


def digest(demo):
    parts = hashlib.sha256(demo.code.encode())
    for dataset, frame in demo.frames.items():
        parts.update(str(dataset).encode())
        for name in frame.columns:
            column = frame[name]
            if column.dtype.name == "geometry":
                parts.update(b"|".join(x or b"-" for x in shapely.to_wkb(column.to_numpy())))
            else:
                parts.update(column.astype(str).str.cat(sep="|").encode())
    parts.update(repr(demo.flaws).encode())
    return parts.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_street(demo):
    assert digest(street(1, 0)) == digest(demo)
    assert digest(street(2, 0)) != digest(demo)


def test_the_street_is_believable(demo, result):
    figures = result.summary
    assert 12 <= figures["areas"] <= 16
    assert 100 <= figures["grids"] <= 140
    assert 5500 <= figures["buildings"] <= 6500
    assert 0.95 < figures["covered_households_share"] < 1
    stock = demo.frames[Dataset.BUILDINGS]
    kinds = stock["kind"].value_counts(normalize=True)
    assert kinds["residential"] > 0.5
    assert {"office", "commercial", "market", "industrial", "public"} <= set(kinds.index)
    per_grid = stock.groupby("declared_grid")["households"].sum()
    assert 300 <= per_grid.median() <= 500
    assert np.mean((per_grid >= 300) & (per_grid <= 500)) > 0.9
    happened = demo.frames[Dataset.INCIDENTS]["occurred_at"]
    assert (happened.max() - happened.min()).days > 350
    for dataset in (Dataset.ROADS, Dataset.WATER, Dataset.GREEN):
        assert len(demo.frames[dataset])
    outlines = stock["footprint"].dropna()
    assert len(outlines) > 0.9 * len(stock)
    a, _b = shapely.STRtree(outlines.to_numpy()).query(outlines.to_numpy(), predicate="overlaps")
    assert len(a) < 0.01 * len(outlines)
