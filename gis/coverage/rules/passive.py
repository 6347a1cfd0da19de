"""Judges ``hotline_only``: places where the hotline finds things and the patrol does not.

The share ``patrol / (patrol + hotline)`` of each grid is compared with the share its peers would
have with the same mix of incidents (a grid full of disputes is not compared with one full of
litter). The question is not whether it is a little lower but whether it is below a part
(``hotline_ratio_max``) of what is to be expected.
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

METHOD = (
    "主动发现率 = 巡查 ÷(巡查 + 热线)。按事件类别分层,用同街道同类型其他网格的主动发现率算出本网格应有的比例,"
    "以精确二项检验判断实际比例是否低于应有比例的一半(倍数见参数),"
    "对全部网格按 Benjamini–Hochberg 控制误报率;所列区间为 95% Wilson 区间。"
)
ASSUMPTION = (
    "假定各网格的群众拨打热线的意愿大体相近、来源登记如实,且各件事件相互独立。"
    "若某处有人反复投诉同一件事,或巡查结果没有录入,结论会失准;件数不足时不作判断。它说明的是渠道,不评价任何人。"
)
CONFIDENCE = 0.95


def judge(rows: Sequence[Mapping[str, Any]], parameters: Mapping[str, float]) -> list[Raw]:
    """Find the grids that only the hotline tells about.

    Parameters
    ----------
    rows : sequence of mapping
        One per grid: ``grid, grid_kind, street, area_id, geom, area_m2, buildings, households`` and the
        parallel lists ``kinds, patrols, totals``.
    parameters : mapping
        ``hotline_days`` looked back, ``hotline_peers_min`` other grids, ``hotline_incidents_min`` of both
        channels, ``hotline_ratio_max``, ``hotline_fdr``.
    """
    if not rows:
        return []
    tests = []
    for group in chance.peers(rows, parameters["hotline_peers_min"]):
        patrols, _kinds = chance.table(group, ("kinds",), "patrols")
        totals, _kinds = chance.table(group, ("kinds",), "totals")
        others = totals.sum(axis=0) - totals
        rate = (patrols.sum(axis=0) - patrols) / np.maximum(others, 1)
        judged = np.where(others > 0, totals, 0)  # a kind that nobody else has cannot be compared
        patrol, total = np.where(others > 0, patrols, 0).sum(axis=1), judged.sum(axis=1)
        share = (judged * rate).sum(axis=1) / np.maximum(total, 1)
        tail = chance.stats().binom.cdf(patrol, total, parameters["hotline_ratio_max"] * share)
        tests += [
            (group[n], int(patrol[n]), int(total[n]), float(share[n]), float(tail[n]), len(group) - 1)
            for n in np.nonzero(total >= parameters["hotline_incidents_min"])[0]
        ]
    adjusted = chance.adjusted(np.array([test[4] for test in tests]))
    days = int(parameters["hotline_days"])
    return [
        _finding(*test, float(q), days)
        for test, q in zip(tests, adjusted, strict=True)
        if q < parameters["hotline_fdr"]
    ]


def _finding(
    row: Mapping[str, Any], patrol: int, total: int, share: float, p: float, others: int, q: float, days: int
) -> Raw:
    interval = chance.stats().binomtest(patrol, total).proportion_ci(CONFIDENCE, method="wilson")
    return Raw(
        RuleKey.HOTLINE_ONLY,
        Severity.WARN.value,
        row["geom"],
        {
            **chance.size(row), "patrol": patrol, "hotline": total - patrol, "share": chance.short(patrol / total),
            "share_low": chance.short(interval.low), "share_high": chance.short(interval.high),
            "street_share": chance.short(share), "p": chance.short(p), "q": chance.short(q), "peers": others,
            "days": days,
        },
        {},
        [row["grid"]],
        [],
        row["area_id"],
        [{"action": "patrol_grid", "grid": row["grid"]}],
    )  # fmt: skip
