"""Judges ``silent_category``: what peers report of a category, and this grid never or far too rarely.

For each grid and category the incidents are compared with the share the category has in all
the *other* grids of the same kind in the same street. Grids differ for good reasons (a market,
a new estate), so chance is a beta-binomial with the spread the other grids show; only what is
unlikely under that spread, and by a false discovery rate over all comparisons, is a finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import numpy as np

from gis.coverage.raw import Raw
from gis.coverage.rules import chance
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

METHOD = (
    "把网格一年内某小类的件数与同街道同类型其他网格的占比相比:以本网格全部事件为基数得出应有件数,"
    "用贝塔-二项分布检验(离散程度取其他网格数据的剖面似然 90% 单侧上限),"
    "对全部“网格 × 小类”比较按 Benjamini–Hochberg 控制误报率。"
)
ASSUMPTION = (
    "假定同街道同类型网格的事件构成大体相近,差异不超过其他网格之间已有的差异,且各件事件相互独立。"
    "若网格用途特殊(如全是厂房)、小类名称在各网格写法不一,或一件事被重复登记,结论会失准;应有件数不足时不作判断。"
)
SPREADS = (0.0, *np.geomspace(1e-4, 0.5, 18).tolist())
"""Correlations within a grid that are tried; 0 is the plain binomial."""
SURENESS = 0.9


def judge(rows: Sequence[Mapping[str, Any]], parameters: Mapping[str, float]) -> list[Raw]:
    """Find the categories that grids are silent about.

    Parameters
    ----------
    rows : sequence of mapping
        One per grid: ``grid, grid_kind, street, area_id, geom, area_m2, buildings, households`` and the
        parallel lists ``kinds, categories, counts``.
    parameters : mapping
        ``silent_days`` looked back, ``silent_peers_min`` other grids, ``silent_expected_min`` incidents,
        ``silent_ratio_max``, ``silent_weight`` (of the prior, in expected incidents), ``silent_fdr``.
    """
    if not rows:
        return []
    tests: list[tuple[Mapping[str, Any], tuple[str, ...], dict[str, float], int]] = []
    chances: list[float] = []
    for group in chance.peers(rows, parameters["silent_peers_min"]):
        counts, categories = chance.table(group, ("kinds", "categories"), "counts")
        exposure = counts.sum(axis=1)
        for n, c, figures in _compared(counts, exposure, parameters["silent_expected_min"]):
            chances.append(figures["p"])
            tests.append((group[n], categories[c], figures, len(group) - 1))
    found = []
    for (row, category, figures, others), q in zip(tests, chance.adjusted(np.array(chances)), strict=True):
        if q >= parameters["silent_fdr"]:
            continue
        seen = {"peers": others, "days": int(parameters["silent_days"])}
        ratio, most = shrunken(figures["observed"], figures["expected"], parameters["silent_weight"])
        if ratio <= parameters["silent_ratio_max"]:
            found.append(_finding(row, category, {**figures, "q": float(q), "ratio": ratio, "ratio_most": most}, seen))
    return found


def _compared(counts: Floats, exposure: Floats, least: float) -> list[tuple[int, int, dict[str, float]]]:
    """Compare each grid with the others of its group, where enough incidents are to be expected."""
    others = exposure.sum() - exposure
    rate = (counts.sum(axis=0) - counts) / np.maximum(others, 1)[:, None]
    expected = rate * exposure[:, None]
    grids, columns = np.nonzero((expected >= least) & (rate < 1))
    if not len(grids):
        return []
    spread = spreads(counts, exposure)[grids, columns]
    k, n, p = counts[grids, columns], exposure[grids], rate[grids, columns]
    tail = np.asarray(chance.stats().binom.cdf(k, n, p))
    wide = spread > 0
    size = (1 - spread[wide]) / spread[wide]
    tail[wide] = chance.stats().betabinom.cdf(k[wide], n[wide], p[wide] * size, (1 - p[wide]) * size)
    tail = np.clip(tail, 0, 1)
    return [
        (int(grid), int(column), {
            "observed": float(k[i]), "expected": float(expected[grid, column]), "exposure": float(n[i]),
            "street_share": float(p[i]), "spread": float(spread[i]), "p": float(tail[i]),
        })
        for i, (grid, column) in enumerate(zip(grids, columns, strict=True))
    ]  # fmt: skip


def spreads(counts: Floats, exposure: Floats) -> Floats:
    """Estimate for each grid and category how much the *other* grids differ: as much as their counts allow.

    Returns
    -------
    array of shape (grids, categories)
        One of :data:`SPREADS`: the largest correlation of the beta-binomial that the likelihood of the
        other grids' counts does not rule out (:data:`SURENESS`, one-sided, by the profile
        likelihood). The likeliest one is too small where grids are few.
    """
    rate = counts.sum(axis=0) / max(exposure.sum(), 1)
    inside = (rate > 0) & (rate < 1)
    n, p = exposure[:, None], rate[inside]
    likelihood = np.empty((len(SPREADS), len(counts), int(inside.sum())))
    for i, spread in enumerate(SPREADS):
        size = (1 - spread) / spread if spread else 0.0
        likelihood[i] = (
            chance.stats().betabinom.logpmf(counts[:, inside], n, p * size, (1 - p) * size)
            if spread
            else chance.stats().binom.logpmf(counts[:, inside], n, p)
        )
    best = np.zeros(counts.shape)
    others = likelihood.sum(axis=1, keepdims=True) - likelihood
    allowed = others >= others.max(axis=0) - chance.stats().chi2.ppf(2 * SURENESS - 1, 1) / 2
    best[:, inside] = np.array(SPREADS)[len(SPREADS) - 1 - allowed[::-1].argmax(axis=0)]
    return best


def shrunken(observed: float, expected: float, weight: float) -> tuple[float, float]:
    """Ratio of observed to expected drawn towards 1 by a gamma prior, and what it is at most (95 %).

    Parameters
    ----------
    observed, expected : float
        Incidents.
    weight : float
        Of the prior: as many expected incidents that all happened.
    """
    posterior = chance.stats().gamma(observed + weight, scale=1 / (expected + weight))
    return float(posterior.mean()), float(posterior.ppf(0.95))


def _finding(row: Mapping[str, Any], category: tuple[str, ...], figures: dict[str, float], seen: dict[str, int]) -> Raw:
    kind, name = category
    whole = {key: int(figures[key]) for key in ("observed", "exposure")}
    parts = {
        key: chance.short(figures[key])
        for key in ("expected", "street_share", "spread", "ratio", "ratio_most", "p", "q")
    }
    return Raw(
        RuleKey.SILENT_CATEGORY,
        Severity.HINT.value,
        row["geom"],
        {**chance.size(row), **whole, **parts, **seen},
        {"kind": kind, "category": name},
        [row["grid"]],
        [],
        row["area_id"],
        [{"action": "ask_category", "grid": row["grid"], "kind": kind, "category": name}],
    )
