"""Judges ``uncovered_hours``: hours of the week in which things happen and nobody is there.

The unit is the area (community): a grid has one incident or two an hour of the week in a year,
a community enough to judge. An hour counts as empty when somebody was there on hardly any of its days.
Empty hours that hang together, on one weekday or on several, are one block, and a block is a
finding when presence avoids it more than chance allows.
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

    Ints = NDArray[np.int64]

METHOD = (
    "以社区为单位,按北京时间把一年的事件与在场(走访、轨迹、巡查发现)计入 7 × 24 格;"
    "几乎无人在场的相邻小时合并为时段。用超几何(Fisher 精确)检验判断该时段的在场次数相对事件是否过少,"
    "以可能时段总数作 Bonferroni 校正,再对全部社区按 Benjamini–Hochberg 控制误报率。"
)
ASSUMPTION = (
    "假定在场都有记录(走访、轨迹或巡查上报),事件时间即发生时间。只有日期没有钟点的记录不计入;"
    "若夜间值守没有留下任何记录,或热线把来电时间当作发生时间,结论会失准。网格一级件数太少,不作判断。"
)
WEEK = 168
DAY = 24
CANDIDATES = DAY * DAY * (2**7 - 1)
"""Blocks that could be picked: begin × length × set of weekdays. The chance of each is multiplied by it."""
MOST_BLOCKS = 5
"""Of one area."""
NIGHT, MORNING, AFTERNOON, EVENING = "night", "morning", "afternoon", "evening"


def judge(rows: Sequence[Mapping[str, Any]], parameters: Mapping[str, float]) -> list[Raw]:
    """Find the hours of the week nobody covers.

    Parameters
    ----------
    rows : sequence of mapping
        One per area: ``area, area_id, geom, area_m2, buildings, households`` and the parallel lists ``slots``
        (hour of the week), ``incidents, presence``.
    parameters : mapping
        ``hours_days`` looked back, ``hours_incidents_min`` in a block, ``hours_presence_min`` in the area,
        ``hours_absence_share`` of its days at most on which an empty hour saw somebody, ``hours_fdr``.
    """
    if not rows:
        return []
    weeks = parameters["hours_days"] / 7
    found: list[tuple[Mapping[str, Any], dict[str, Any]]] = []
    chances: list[float] = []
    for row in rows:
        incidents, presence = week(row, "incidents"), week(row, "presence")
        if presence.sum() < parameters["hours_presence_min"]:
            continue
        empty = presence <= parameters["hours_absence_share"] * weeks
        picked = blocks(incidents, empty, parameters["hours_incidents_min"])
        for days, begins, length in picked:
            figures = _figures(incidents, presence, days, begins, length)
            found.append((row, {**figures, "slots": round(weeks * len(days)) * length}))
            chances.append(figures["p"])
        if not picked:
            chances.append(1.0)  # was looked at as well
            found.append((row, {}))
    adjusted = chance.adjusted(np.array(chances))
    return [
        _finding(row, figures, float(q))
        for (row, figures), q in zip(found, adjusted, strict=True)
        if figures and q < parameters["hours_fdr"]
    ]


def week(row: Mapping[str, Any], name: str) -> Ints:
    """Give the 168 hours of the week, Monday 0 o'clock first, of a row that lists only some."""
    hours = np.zeros(WEEK, dtype=np.int64)
    hours[row["slots"]] = row[name]
    return hours


def cells(days: Sequence[int], begins: int, length: int) -> Ints:
    """Hours of the week in a block; past midnight it goes on into the next day."""
    return np.concatenate([(day * DAY + begins + np.arange(length)) % WEEK for day in days])


def blocks(incidents: Ints, empty: NDArray[np.bool_], least: float) -> list[tuple[list[int], int, int]]:
    """Pick the blocks of empty hours with the most incidents, one after the other.

    Parameters
    ----------
    incidents, empty : arrays of shape (168,)
        Per hour of the week.
    least : float
        Incidents a block must have.

    Returns
    -------
    list of (days, begins, length)
        Days from 0 (Monday), first hour, number of hours; no hour is in two blocks.
    """
    free = empty.copy()
    picked: list[tuple[list[int], int, int]] = []
    while len(picked) < MOST_BLOCKS:
        days, begins, length, times = _largest(np.where(free, incidents, 0), free)
        if times < max(least, 1):
            break
        picked.append((days, begins, length))
        free[cells(days, begins, length)] = False
    return picked


def _largest(incidents: Ints, free: NDArray[np.bool_]) -> tuple[list[int], int, int, int]:
    """Find the block of free hours with the most incidents; the shortest, then earliest, of equals."""
    start = np.arange(7)[:, None, None] * DAY + np.arange(DAY)[None, :, None]
    end = start + np.arange(1, DAY + 1)[None, None, :]
    room = np.concatenate([[0], np.cumsum(np.tile(free, 2))])
    load = np.concatenate([[0], np.cumsum(np.tile(incidents, 2))])
    whole = room[end] - room[start] == end - start
    times = np.where(whole, load[end] - load[start], 0)  # day × begin × length
    total = times.sum(axis=0)
    length, begins = np.unravel_index(int(total.T.argmax()), (DAY, DAY))
    days = np.nonzero(times[:, begins, length])[0]
    return days.tolist(), int(begins), int(length) + 1, int(total[begins, length])


def _figures(incidents: Ints, presence: Ints, days: list[int], begins: int, length: int) -> dict[str, Any]:
    """Count a block, and say how likely so little presence is if it went where the incidents are."""
    inside = cells(days, begins, length)
    happened, present = int(incidents[inside].sum()), int(presence[inside].sum())
    all_happened, all_present = int(incidents.sum()), int(presence.sum())
    tail = chance.stats().hypergeom.cdf(present, all_happened + all_present, all_present, happened + present)
    return {
        "days": [day + 1 for day in days], "begins": begins, "hours": length,
        "incidents": happened, "presence": present, "all_incidents": all_happened, "all_presence": all_present,
        "expected": all_present * happened / all_happened, "p": min(1.0, float(tail) * CANDIDATES),
    }  # fmt: skip


def part(days: Sequence[int], begins: int, length: int) -> str:
    """Name the part of the week a block lies in: what stays the same when it grows by an hour.

    Parameters
    ----------
    days : sequence of int
        1 (Monday) … 7.
    """
    weekend = {6, 7}
    which = "weekend" if set(days) <= weekend else "workdays" if not set(days) & weekend else "week"
    middle = (begins + length / 2) % DAY
    return f"{which}-{(NIGHT, MORNING, AFTERNOON, EVENING)[int(middle // 6)]}"


def _finding(row: Mapping[str, Any], figures: dict[str, Any], q: float) -> Raw:
    days, begins, length = figures["days"], figures["begins"], figures["hours"]
    numbers = {key: figures[key] for key in ("incidents", "presence", "all_incidents", "all_presence", "slots")}
    block = {"days": days, "begins": begins, "hours": length}
    return Raw(
        RuleKey.UNCOVERED_HOURS,
        Severity.WARN.value,
        row["geom"],
        {
            **chance.size(row), **numbers, "expected": chance.short(figures["expected"]),
            "p": chance.short(figures["p"]), "q": chance.short(q),
        },
        {"area": row["area"], "part": part(days, begins, length), **block},
        [],
        [],
        row["area_id"],
        [{"action": "patrol_hours", **block}],
    )  # fmt: skip
