"""Changing the year's incidents where something goes unreported: silence, hotline only, dark hours, nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from data.demo.lapses import MARGIN
from data.demo.rounds import EVENING

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from data.demo.land import Work
    from data.demo.lapses import Lapses

INSTEAD = "道路不洁"
"""What the incidents of the silent category are called in the silent grid."""
FRIDAY = 4
WEEKEND = 130
"""Incidents of the dark community that are moved to the evenings of the weekend."""


def misreport(
    frame: gpd.GeoDataFrame,
    places: NDArray[np.float64],
    work: Work,
    lapses: Lapses,
    homes: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Change a year of incidents, in place.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Incidents.
    places : array of shape (n, 2)
        Their ground metres.
    work, lapses : Work, Lapses
        The street, and what fails.
    homes : array of shape (m, 2)
        Ground metres of houses off the block nobody touches: where its incidents happen instead.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    array of shape (n, 2)
        Places after some were moved.
    """
    places = places.copy()
    if lapses.block is not None:
        near = shapely.contains_xy(lapses.block.buffer(MARGIN), places)
        places[near] = homes[rng.integers(0, len(homes), int(near.sum()))] + rng.uniform(
            -2.5, 2.5, (int(near.sum()), 2)
        )
    cell = cells(places, work)
    _silence(frame, cell, lapses)
    passive = cell == lapses.one("hotline_only")
    if lapses.one("hotline_only") >= 0:
        _unpatrolled(frame, passive)
    if lapses.dark >= 0:
        _darken(frame, np.isin(cell, lapses.cells["dark_hours"]), rng)
    return places


def cells(places: NDArray[np.float64], work: Work) -> NDArray[np.int64]:
    """Give the grid-to-be each place lies in; -1: none."""
    at, face = shapely.STRtree(work.faces.polygons).query(np.asarray(shapely.points(places)), predicate="intersects")
    found = np.full(len(places), -1)
    found[at] = work.faces.cell[face]
    return found


def _silence(frame: gpd.GeoDataFrame, cell: NDArray[np.int64], lapses: Lapses) -> None:
    i = lapses.one("silent_category")
    if i < 0:
        return
    kind, category = lapses.category
    which = (cell == i) & (frame["kind"] == kind).to_numpy() & (frame["category"] == category).to_numpy()
    frame.loc[frame.index[which], "category"] = INSTEAD
    frame.loc[frame.index[which], "title"] = "路面有积尘和落叶"


def _unpatrolled(frame: gpd.GeoDataFrame, which: NDArray[np.bool_]) -> None:
    """Let the hotline tell what the patrol had found; nothing is settled by the patrol itself."""
    rows = frame.index[which & (frame["channel"] == "patrol").to_numpy()]
    frame.loc[rows, "channel"] = "hotline"
    frame.loc[rows[frame.loc[rows, "state"] == "自行处置"], "state"] = "已结案"


def _darken(frame: gpd.GeoDataFrame, which: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Move some incidents of a community to the evenings of the weekend before, and let nobody find any of those."""
    local = frame["occurred_at"].dt.tz_convert("Asia/Shanghai")
    early = frame["occurred_at"] < frame["occurred_at"].min() + pd.Timedelta(days=7)
    midweek = np.flatnonzero(which & (local.dt.day_of_week < FRIDAY).to_numpy() & ~early.to_numpy())
    some = np.sort(rng.choice(midweek, size=min(WEEKEND, len(midweek) // 2), replace=False))
    day = local.iloc[some].dt.normalize()
    back = pd.to_timedelta(day.dt.day_of_week.to_numpy() + rng.integers(1, 3, len(some)), unit="D")
    clock = pd.to_timedelta(rng.integers(EVENING[0] * 3600, EVENING[1] * 3600, len(some)), unit="s")
    moved = (day - back + clock).dt.tz_convert("UTC")
    rows = frame.index[some]
    shift = moved - frame.loc[rows, "occurred_at"]
    frame.loc[rows, "closed_at"] = frame.loc[rows, "closed_at"] + shift
    frame.loc[rows, "occurred_at"] = moved
    local = frame["occurred_at"].dt.tz_convert("Asia/Shanghai")
    evening = (local.dt.day_of_week > FRIDAY) & local.dt.hour.between(EVENING[0], EVENING[1] - 1)
    _unpatrolled(frame, which & evening.to_numpy())
