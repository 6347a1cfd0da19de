"""The statistical rules: hand examples beside scipy and statsmodels, planted flaws, and how often chance fools them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from gis.coverage.rules import hours
from gis.coverage.rules import passive
from gis.coverage.rules import silent

SILENT = {
    "silent_days": 365, "silent_peers_min": 8, "silent_expected_min": 5, "silent_ratio_max": 0.25, "silent_weight": 1, "silent_fdr": 0.05,
}  # fmt: skip
PASSIVE = {
    "hotline_days": 365,
    "hotline_peers_min": 8,
    "hotline_incidents_min": 30,
    "hotline_ratio_max": 0.5,
    "hotline_fdr": 0.05,
}
HOURS = {
    "hours_days": 364, "hours_incidents_min": 10, "hours_presence_min": 100, "hours_absence_share": 0.05, "hours_fdr": 0.05,
}  # fmt: skip
EVENING = hours.cells([5, 6], 19, 4)
"""Saturday and Sunday, 19 to 23 o'clock."""


def grid(n, **given):
    return {
        "grid": f"g{n:02d}", "grid_kind": "general", "street": 1, "area_id": 7, "geom": b"", "area_m2": 1.0, "buildings": 2,
        "households": 3, **given,
    }  # fmt: skip


def reports(counts, **given):
    """Rows of silent_category: grids × categories."""
    return [
        grid(
            n, kinds=["matter"] * int((row > 0).sum()), categories=[f"c{c:02d}" for c in np.flatnonzero(row)],
            counts=row[row > 0].tolist(), **given,
        )
        for n, row in enumerate(np.asarray(counts, dtype=int))
    ]  # fmt: skip


def channels(patrol, total):
    """Rows of hotline_only: grids × kinds."""
    return [
        grid(n, kinds=[f"k{k}" for k in range(len(t))], patrols=list(p), totals=list(t))
        for n, (p, t) in enumerate(zip(np.asarray(patrol, int), np.asarray(total, int), strict=True))
    ]


def places(rows):
    """Rows of uncovered_hours from pairs of 168 numbers."""
    return [
        grid(n, area=f"a{n}", slots=list(range(168)), incidents=list(map(int, i)), presence=list(map(int, p)))
        for n, (i, p) in enumerate(rows)
    ]


def named(found):
    return {(f.grid_codes[0], f.subjects["category"]) for f in found}


# silent_category ----------------------------------------------------------------------------


def uneven(rng, grids=24, shares=(0.5, 0.2, 0.15, 0.1, 0.05), size=300, spread=0.004):
    """Counts of grids that differ as much as ``spread`` says."""
    alpha = np.array(shares) * (1 - spread) / spread
    return np.array([rng.multinomial(size, rng.dirichlet(alpha)) for _ in range(grids)])


def test_a_silent_grid_is_found_with_its_evidence_and_agrees_with_a_second_opinion():
    counts = uneven(np.random.default_rng(5))
    counts[3, 0] += counts[3, 2]
    counts[3, 2] = 0
    found = silent.judge(reports(counts), SILENT)
    assert named(found) == {("g03", "c02")}
    told = found[0].measure
    total, exposure = counts.sum(), counts.sum(axis=1)
    share = counts[:, 2].sum() / (total - exposure[3])
    assert (told["observed"], told["exposure"], told["peers"]) == (0, 300, 23)
    assert told["expected"] == pytest.approx(300 * share, rel=5e-3)
    assert told["street_share"] == pytest.approx(share, rel=5e-3)
    assert told["ratio"] == pytest.approx(1 / (300 * share + 1), rel=5e-3)
    assert told["ratio_most"] == pytest.approx(stats.gamma.ppf(0.95, 1, scale=1 / (300 * share + 1)), rel=5e-3)
    chances = []
    for i in range(len(counts)):
        rest = np.delete(np.arange(len(counts)), i)
        for c in range(counts.shape[1]):
            p, all_share = counts[rest, c].sum() / exposure[rest].sum(), counts[:, c].sum() / total
            if p * exposure[i] < 5:
                continue
            fits = [
                sum(
                    stats.betabinom.logpmf(
                        counts[j, c], exposure[j], all_share * (1 - s) / s, (1 - all_share) * (1 - s) / s
                    )
                    if s
                    else stats.binom.logpmf(counts[j, c], exposure[j], all_share)
                    for j in rest
                )
                for s in silent.SPREADS
            ]
            s = max(
                s
                for s, fit in zip(silent.SPREADS, fits, strict=True)
                if fit >= max(fits) - stats.norm.ppf(0.9) ** 2 / 2
            )
            low = (
                stats.betabinom.cdf(counts[i, c], exposure[i], p * (1 - s) / s, (1 - p) * (1 - s) / s)
                if s
                else stats.binom.cdf(counts[i, c], exposure[i], p)
            )
            chances.append((i, c, low))
    q = multipletests([low for *_place, low in chances], method="fdr_bh")[1]
    mine = next(n for n, (i, c, _low) in enumerate(chances) if (i, c) == (3, 2))
    assert told["p"] == pytest.approx(chances[mine][2], rel=5e-3)
    assert told["q"] == pytest.approx(q[mine], rel=5e-3)
    assert (q < 0.05).sum() == 1


@pytest.mark.parametrize(("spread", "grids"), [(0.0, 40), (0.01, 40), (0.1, 40), (0.02, 12)])
def test_chance_alone_makes_hardly_any_grid_silent(spread, grids):
    """Of many streets without any flaw at most the nominal share has a finding (with three standard errors of room)."""
    rng = np.random.default_rng(11)
    runs = 60
    fooled = 0
    for _ in range(runs):
        shares = rng.dirichlet(np.ones(20))
        counts = [
            rng.multinomial(rng.integers(50, 500), rng.dirichlet(shares * (1 - spread) / spread) if spread else shares)
            for _ in range(grids)
        ]
        fooled += bool(silent.judge(reports(counts), {**SILENT, "silent_ratio_max": 9}))
    assert fooled / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_planted_silence_is_found_among_many_without_false_ones():
    rng = np.random.default_rng(2)
    true = false = 0
    for _ in range(20):
        counts = rng.multinomial(300, [0.5, 0.2, 0.1, 0.1, 0.1], size=40)
        planted = {
            (int(n), int(c)) for n, c in zip(rng.choice(40, 4, replace=False), rng.integers(1, 5, 4), strict=True)
        }
        for n, c in planted:
            counts[n, c] = 0
        found = named(silent.judge(reports(counts), SILENT))
        right = {(f"g{n:02d}", f"c{c:02d}") for n, c in planted}
        true, false = true + len(found & right), false + len(found - right)
    assert true >= 78
    assert false <= 0.05 * (true + false)


def test_silence_needs_enough_to_be_expected_and_enough_peers():
    counts = np.tile([80, 20], (20, 1))
    counts[0] = [100, 0]
    assert named(silent.judge(reports(counts), SILENT)) == {("g00", "c01")}
    assert silent.judge(reports(counts), {**SILENT, "silent_expected_min": 21}) == []
    assert silent.judge(reports(counts), {**SILENT, "silent_peers_min": 20}) == []
    few = np.tile([12, 3], (60, 1))
    few[0] = [15, 0]  # three to be expected: nobody can tell
    assert silent.judge(reports(few), {**SILENT, "silent_ratio_max": 9}) == []
    assert silent.judge([], SILENT) == []


def test_grids_are_compared_with_their_own_kind_and_street_only():
    homes, market = np.tile([80, 20, 0], (20, 1)), np.tile([10, 0, 90], (20, 1))
    rows = [*reports(homes), *reports(market, grid_kind="dedicated"), *reports(market, street=2)]
    assert silent.judge(rows, SILENT) == []


def test_what_clusters_by_nature_is_no_silence():
    """Stalls stand around a few markets: that a grid without one has none says nothing."""
    rng = np.random.default_rng(4)
    stalls = np.where(np.arange(40) % 5 == 0, rng.integers(60, 120, 40), 0)
    counts = np.column_stack([rng.multinomial(300, [0.7, 0.3], size=40), stalls])
    assert silent.judge(reports(counts), SILENT) == []


# hotline_only -------------------------------------------------------------------------------


def test_a_grid_only_the_hotline_tells_of_agrees_with_a_second_opinion():
    total = np.full((12, 1), 60)
    patrol = np.array([[36 + n % 3] for n in range(12)])
    patrol[4] = 3
    (found,) = passive.judge(channels(patrol, total), PASSIVE)
    told = found.measure
    assert found.grid_codes == ["g04"]
    assert (told["patrol"], told["hotline"], told["peers"]) == (3, 57, 11)
    low, high = proportion_confint(3, 60, method="wilson")
    assert (told["share_low"], told["share_high"]) == (pytest.approx(low, rel=5e-3), pytest.approx(high, rel=5e-3))
    rest = (patrol.sum() - patrol[:, 0]) / (total.sum() - 60)
    chances = [
        stats.binomtest(int(k), 60, 0.5 * r, alternative="less").pvalue for k, r in zip(patrol[:, 0], rest, strict=True)
    ]
    assert told["p"] == pytest.approx(chances[4], rel=5e-3)
    assert told["q"] == pytest.approx(multipletests(chances, method="fdr_bh")[1][4], rel=5e-3)
    assert told["street_share"] == pytest.approx(rest[4], rel=5e-3)


def test_few_reports_are_never_judged_and_like_shares_are_never_found():
    total, patrol = np.full((20, 1), 60), np.full((20, 1), 36)
    total[0], patrol[0] = 29, 0
    assert passive.judge(channels(patrol, total), PASSIVE) == []
    total[0] = 30
    assert [f.grid_codes for f in passive.judge(channels(patrol, total), PASSIVE)] == [["g00"]]
    rng = np.random.default_rng(3)
    fooled = sum(
        len(passive.judge(channels(rng.binomial(n, 0.5 * 0.6), n), PASSIVE))
        > 0  # just at the limit: the worst that is right
        for n in (rng.integers(30, 200, (60, 1)) for _ in range(100))
    )
    assert fooled <= 5 + 3 * (100 * 0.05 * 0.95) ** 0.5
    assert passive.judge([], PASSIVE) == []


def test_a_grid_of_disputes_is_not_compared_with_grids_of_litter():
    """Disputes come by the hotline everywhere; a grid that has little else is as good as any."""
    total = np.tile([90, 40], (20, 1))
    patrol = np.tile([80, 4], (20, 1))
    total[0], patrol[0] = [2, 100], [2, 10]
    assert passive.judge(channels(patrol, total), PASSIVE) == []
    patrol[1] = [8, 4]
    assert [f.grid_codes for f in passive.judge(channels(patrol, total), PASSIVE)] == [["g01"]]


# uncovered_hours ----------------------------------------------------------------------------


def test_an_evening_nobody_covers_is_one_finding_and_agrees_with_fishers_test():
    incidents, presence = np.full(168, 10), np.full(168, 12)
    presence[EVENING] = 0
    (found,) = hours.judge(places([(incidents, presence)]), HOURS)
    assert (found.subjects["days"], found.subjects["begins"], found.subjects["hours"]) == ([6, 7], 19, 4)
    assert found.subjects["part"] == "weekend-evening"
    told = found.measure
    assert (told["incidents"], told["presence"], told["slots"]) == (80, 0, 416)
    fisher = stats.fisher_exact([[0, 80], [12 * 160, 1600]], alternative="less").pvalue
    assert told["p"] == pytest.approx(fisher * hours.CANDIDATES, rel=5e-3)
    assert told["q"] == told["p"]
    assert told["expected"] == pytest.approx(1920 * 80 / 1680, rel=5e-3)


def test_a_night_is_one_block_over_midnight_and_one_stray_visit_does_not_cover_it():
    incidents, presence = np.full(168, 4), np.full(168, 30)
    presence[hours.cells(range(7), 22, 8)] = 0
    presence[hours.cells([2], 23, 1)] = 2
    (found,) = hours.judge(places([(incidents, presence)]), HOURS)
    assert (found.subjects["days"], found.subjects["begins"], found.subjects["hours"]) == ([1, 2, 3, 4, 5, 6, 7], 22, 8)
    assert (found.measure["presence"], found.subjects["part"]) == (2, "week-night")
    presence[hours.cells([2], 23, 1)] = (
        3  # of 52: this hour is covered, the night from Wednesday to Thursday falls apart
    )
    found = hours.judge(places([(incidents, presence)]), HOURS)
    blocks = {(*f.subjects["days"], f.subjects["begins"], f.subjects["hours"]): f.measure["presence"] for f in found}
    assert blocks[1, 2, 4, 5, 6, 7, 22, 8] == 0
    assert set(blocks) <= {(1, 2, 4, 5, 6, 7, 22, 8), (4, 0, 6)}


def test_what_happens_at_no_hour_or_hardly_ever_is_no_block():
    incidents, presence = np.full(168, 10), np.full(168, 12)
    incidents[EVENING], presence[EVENING] = 1, 0
    assert hours.judge(places([(incidents, presence)]), HOURS) == []  # eight incidents: less than ten
    incidents[EVENING] = 0
    assert hours.judge(places([(incidents, presence)]), {**HOURS, "hours_incidents_min": 0}) == []
    incidents[EVENING], presence[:] = 10, 0
    presence[:9] = 11
    assert hours.judge(places([(incidents, presence)]), HOURS) == []  # presence is hardly recorded at all: 99 hours
    assert hours.judge([], HOURS) == []


@pytest.mark.parametrize(("happened", "present"), [(1500, 1500), (300, 2000), (2000, 250)])
def test_presence_that_follows_the_incidents_leaves_no_hours_uncovered(happened, present):
    rng = np.random.default_rng(8)
    runs = 60
    fooled = 0
    for _ in range(runs):
        law = rng.dirichlet(np.full(168, 0.7))  # hours differ much
        rows = [(rng.multinomial(happened, law), rng.multinomial(present, law)) for _ in range(3)]
        fooled += bool(hours.judge(places(rows), HOURS))
    assert fooled / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_no_hour_is_in_two_blocks():
    rng = np.random.default_rng(6)
    for _ in range(30):
        empty = rng.random(168) < 0.4
        seen = np.zeros(168, dtype=int)
        for days, begins, length in hours.blocks(rng.poisson(3, 168), empty, 1):
            seen[hours.cells(days, begins, length)] += 1
        assert seen.max() <= 1
        assert not (seen.astype(bool) & ~empty).any()
