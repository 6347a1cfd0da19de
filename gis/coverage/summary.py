"""The headline figures: how much is covered, with the formula of each.

The headline is the share of buildings, and of households, free of an open blind finding,
never the share of area (a lake would count like a housing estate).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from typing import Any

import shapely
from psycopg import sql
from psycopg.rows import dict_row
from pyproj import Geod

from gis.coverage.engine import statement
from gis.coverage.rules import RULES
from gis.i18n import translate as _
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from gis.coverage.raw import Raw

ELLIPSOID = Geod(ellps="GRS80")
NEEDS = {
    RuleKey.UNSTAFFED_GRID: ("no_posts", "cov_post WHERE grid_code IS NOT NULL"),
    RuleKey.OVERDUE_VISIT: ("no_visits", "cov_visit"),
    RuleKey.SILENT_CATEGORY: ("no_incidents", "cov_incident WHERE grid_code IS NOT NULL"),
    RuleKey.UNOWNED_MATTER: ("no_duties", "cov_duty"),
}
"""What a rule goes by, with the note that says that there is none."""


def figures(
    conn: psycopg.Connection[Any],
    found: Sequence[Raw],
    *,
    households_known: bool,
    notes: Sequence[str] = (),
    rules: Sequence[RuleKey] = tuple(RULES),
) -> dict[str, Any]:
    """Sum up a run; the relations of the run are still in the search path.

    Parameters
    ----------
    conn : Connection
        Of the run.
    found : sequence of Raw
        What the rules found.
    households_known : bool
        Without households their figures are null.
    notes : sequence of str
        Keys of :func:`note` to carry along.
    rules : sequence of RuleKey
        The rules that ran.

    Returns
    -------
    dict
        See ``docs/check.md``.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        row: dict[str, Any] = cursor.execute(statement("summary.sql", "figures")).fetchone() or {}
    blind = sorted({i for raw in found if raw.severity == Severity.BLIND for i in raw.building_ids})
    result: dict[str, Any] = {key: int(value) for key, value in row.items() if key != "area_m2"}
    result["area_m2"] = float(row["area_m2"])
    result["unclaimed_area_m2"] = sum(r.measure["area_m2"] for r in found if r.rule == RuleKey.UNCLAIMED_LAND)
    result["contested_area_m2"] = contested_m2(found)
    result["blind_buildings"] = len(blind)
    result["covered_buildings_share"] = 1 - len(blind) / result["buildings"] if result["buildings"] else None
    result["blind_households"] = None
    result["covered_households_share"] = None
    if households_known:
        answer = conn.execute(statement("summary.sql", "households_of"), {"ids": blind}).fetchone()
        result["blind_households"] = int(answer[0]) if answer else 0
        if result["households"]:
            result["covered_households_share"] = 1 - result["blind_households"] / result["households"]
    else:
        result["households"] = None
    result["by_rule"] = {key.value: 0 for key in rules} | dict(Counter(str(raw.rule) for raw in found))
    result["by_severity"] = {key.value: 0 for key in Severity} | dict(Counter(raw.severity for raw in found))
    result["notes"] = [*notes, *absent(conn, rules)]
    return result


def absent(conn: psycopg.Connection[Any], rules: Sequence[RuleKey] = tuple(RULES)) -> list[str]:
    """Give the notes of the rules that judged nothing, since what they go by was never recorded."""
    asked = dict.fromkeys(NEEDS[key] for key in rules if key in NEEDS)
    return [
        note
        for note, found in asked
        if conn.execute(sql.SQL("SELECT NOT EXISTS (SELECT FROM {})").format(sql.SQL(found))).fetchone() == (True,)
    ]


def uncovered(conn: psycopg.Connection[Any], network: int, figures: dict[str, Any]) -> dict[str, Any]:
    """Give the figures of a run that depend on exceptions: what is accepted does not count as a blind spot.

    Parameters
    ----------
    conn : Connection
        Of the run, its findings kept.
    network : int
        Id of the network.
    figures : dict
        Those of :func:`figures`.
    """
    blind, households, accepted = conn.execute(
        statement("summary.sql", "uncovered"), {"network": network}
    ).fetchone() or (0, 0, 0)
    result: dict[str, Any] = {"blind_buildings": int(blind), "accepted": int(accepted)}
    if figures["buildings"]:
        result["covered_buildings_share"] = 1 - blind / figures["buildings"]
    if figures["blind_households"] is not None:
        result["blind_households"] = int(households)
        if figures["households"]:
            result["covered_households_share"] = 1 - households / figures["households"]
    return result


def contested_m2(found: Sequence[Raw]) -> float:
    """Give the land under two grids or more, counted once, in m² on the ellipsoid."""
    return union_m2([raw.geom for raw in found if raw.rule == RuleKey.CONTESTED_LAND and raw.geom is not None])


def union_m2(shapes: Sequence[bytes]) -> float:
    """Give the land under polygons (WKB in longitude/latitude), counted once, in m² on the ellipsoid."""
    if not shapes:
        return 0.0
    merged = shapely.union_all(shapely.from_wkb(shapes))
    return float(abs(ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(merged))[0]))


def note(key: str) -> str:
    """Give the sentence of a note of the summary."""
    return {
        "no_households": _("没有任何楼栋填写户数:不计算按户数的覆盖率,也不检查网格规模。"),
        "no_buildings": _("没有楼栋数据:只检查土地。"),
        "no_posts": _("没有任何岗位:不检查无人负责的网格。"),
        "no_visits": _("没有任何有效走访:不检查走访超期。"),
        "no_incidents": _("没有任何归入本网格网络的事件:不检查从不上报、只靠热线和有事无人的时段。"),
        "no_duties": _("没有权责清单:不检查无人牵头的事项。"),
        "no_areas": _("没有辖区数据:把网格外缘以内(含空洞)的土地当作应覆盖的土地。"),
    }[key]


def formula(key: str) -> str:
    """Say how a headline figure is made, to be shown beside it."""
    return {
        "covered_buildings_share": _(
            "楼栋覆盖率 = 1 − 涉及未消除盲区的楼栋数(每栋只计一次,已接受的例外不计)÷ 全部楼栋数"
        ),
        "covered_households_share": _(
            "户数覆盖率 = 1 − 涉及未消除盲区的楼栋户数(每栋只计一次,已接受的例外不计)÷ 全部户数"
        ),
        "assigned_buildings": _("已归属楼栋 = 坐标落在某个现行网格之内(含边界)的楼栋数"),
        "unclaimed_area_m2": _("无网格土地 = 最低一级辖区 − 全部现行网格 − 允许空白,在椭球面上量算"),
        "new": _("新增 = 该日之后首次发现、现在仍在的条目"),
        "returned": _("再现 = 该日时原因已消除、现在又存在的条目"),
        "gone": _("消除 = 该日时存在、现在原因已消除的条目(规则重新计算后确认,不靠人工关闭)"),
        "contested_area_m2": _("重叠土地 = 被两个及以上现行网格覆盖的土地,重叠处只计一次"),
    }[key]


def headline(conn: psycopg.Connection[Any], network: str) -> dict[str, Any] | None:
    """Give the figures of a network as they stand now, with ``finished_at``; None before the first refresh.

    Whoever reads the office's refreshes gets what the newest one stored, with whatever local
    refreshes and exceptions changed since; everybody else the same figures of his own scope
    (``areas`` to ``area_m2`` and the shares).
    """
    row = conn.execute(statement("summary.sql", "newest"), {"network": network}).fetchone()
    if row is None:
        return _own(conn, network)
    return {**row[0], **_live(conn, network, row[0]), "finished_at": row[1]}


def _live(conn: psycopg.Connection[Any], network: str, stored: dict[str, Any]) -> dict[str, Any]:
    row = conn.execute(statement("summary.sql", "live"), {"network": network}).fetchone()
    if row is None or row[0] is None:
        return {}
    day, found, assigned, grids = row
    by_rule, by_severity = dict.fromkeys(stored["by_rule"], 0), dict.fromkeys(stored["by_severity"], 0)
    for of in found:
        by_rule[of["rule"]] = by_rule.get(of["rule"], 0) + of["n"]
        by_severity[of["severity"]] = by_severity.get(of["severity"], 0) + of["n"]
    known = stored["households"] is not None
    return {
        **_shares(
            day["buildings"], day["households"] if known else None, day["blind_buildings"], day["blind_households"]
        ),
        "assigned_buildings": assigned,
        "grids": grids,
        "unclaimed_area_m2": float(sum(of["unclaimed_m2"] for of in found)),
        "by_rule": by_rule,
        "by_severity": by_severity,
        "accepted": sum(of["accepted"] for of in found),
    }


def _shares(buildings: int, households: int | None, blind_buildings: int, blind_households: int) -> dict[str, Any]:
    return {
        "buildings": buildings,
        "blind_buildings": blind_buildings,
        "covered_buildings_share": 1 - blind_buildings / buildings if buildings else None,
        "households": households,
        "blind_households": None if households is None else blind_households,
        "covered_households_share": 1 - blind_households / households if households else None,
    }


def _own(conn: psycopg.Connection[Any], network: str) -> dict[str, Any] | None:
    row = conn.execute(statement("summary.sql", "own"), {"network": network}).fetchone()
    if row is None:
        return None
    areas, grids, assigned, buildings, households, blind_buildings, blind_households, unclaimed, land, at = row
    return {
        "areas": areas,
        "grids": grids,
        "assigned_buildings": assigned,
        **_shares(buildings, households or None, blind_buildings, blind_households),
        "area_m2": float(land),
        "unclaimed_area_m2": float(unclaimed),
        "finished_at": at,
    }


def communities(conn: psycopg.Connection[Any], network: str) -> list[dict[str, Any]]:
    """Give one row per area of a network: grids and what they hold, buildings in it, open findings by severity."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(statement("summary.sql", "communities"), {"network": network}))
