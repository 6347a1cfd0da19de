"""Who lives where: households, floors, years, names and addresses of the houses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from data.demo import names
from data.demo.houses import USES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.demo.houses import Houses

BUILT = {
    "houses": (1968, 1994), "walkup": (1984, 2002), "slabs": (2000, 2018), "towers": (2011, 2024), "villas": (2004, 2015),
    "dormitory": (1996, 2019), "works": (1992, 2020), "store": (1988, 2016), "office": (2008, 2024), "mall": (2006, 2022),
    "market": (1994, 2012), "school": (1978, 2019), "kindergarten": (1995, 2020), "hospital": (1982, 2021), "garden": (1990, 2022),
    "park": (1985, 2020), "front": (1983, 2012),
}  # fmt: skip
"""First and last year in which houses of a use were built."""


def share_households(
    houses: Houses, cell: NDArray[np.int64], target: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Give each grid its number of households, shared out over its homes.

    Parameters
    ----------
    houses : Houses
        All houses.
    cell : array of int
        Grid each stands in; negative: in none.
    target : array of int
        Households of each grid.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    array of int
        Households of each house; they sum up to ``target`` in each grid that has a home.
    """
    home = np.array([USES[str(use)].home for use in houses.use])
    storeys = np.array([sum(USES[str(use)].floors) / 2 for use in houses.use])
    weight = np.where(home, houses.long * houses.deep * storeys * rng.uniform(0.8, 1.2, len(houses)), 0.0)
    result = np.zeros(len(houses), dtype=np.int64)
    order = np.argsort(cell, kind="stable")
    bounds = np.searchsorted(cell[order], np.arange(len(target) + 1))
    for number, wanted in enumerate(target):
        members = order[bounds[number] : bounds[number + 1]]
        members = members[weight[members] > 0]
        if len(members) == 0:
            continue
        base = 1 if wanted >= 2 * len(members) else 0
        exact = weight[members] / weight[members].sum() * (wanted - base * len(members))
        whole = np.floor(exact).astype(np.int64)
        whole[np.argsort(-(exact - whole), kind="stable")[: wanted - base * len(members) - int(whole.sum())]] += 1
        result[members] = whole + base
    return result


def floors(houses: Houses, households: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Storeys: what the households of a home need, what is usual for other houses."""
    low = np.array([USES[str(use)].floors[0] for use in houses.use])
    high = np.array([USES[str(use)].floors[1] for use in houses.use])
    usual = rng.integers(low, high + 1)
    doors = np.where(houses.use == "towers", 6, np.maximum(1, np.round(houses.long / 11).astype(int)))
    needed = np.ceil(households / doors).astype(np.int64)
    home = np.array([USES[str(use)].home for use in houses.use])
    return np.where(home, np.clip(needed, np.minimum(low, 6), 34), usual)


def years(houses: Houses, cell: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.object_]:
    """Day each house was finished: houses of one use in one grid within a few years."""
    names_, number = np.unique(houses.use, return_inverse=True)
    span = np.array([BUILT[str(name)] for name in names_])
    spread = rng.integers(0, 1000, (len(names_), int(cell.max()) + 2)) / 1000
    first, last = span[number, 0], span[number, 1]
    year = first + np.round(spread[number, cell] * (last - first)).astype(int) + rng.integers(0, 2, len(houses))
    days = np.datetime64("1970-01-01", "D") + ((year - 1970) * 365.2425 + rng.integers(0, 365, len(houses))).astype(int)
    return np.asarray(days.astype("datetime64[D]").astype(object), dtype=np.object_)


def addresses(
    points: NDArray[np.object_], roads: NDArray[np.object_], road_names: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Nearest road of each point and the number along it: odd on the left, even on the right."""
    xy, owner = shapely.get_coordinates(roads, return_index=True)
    same = np.flatnonzero(owner[1:] == owner[:-1])
    short = np.asarray(shapely.linestrings(np.stack((xy[same], xy[same + 1]), axis=1)), dtype=np.object_)
    near = owner[same[shapely.STRtree(short).nearest(points)]]
    along = shapely.line_locate_point(roads[near], points)
    foot = shapely.get_coordinates(shapely.line_interpolate_point(roads[near], along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(roads[near], along + 1.0))
    at = shapely.get_coordinates(points)
    cross = (ahead[:, 0] - foot[:, 0]) * (at[:, 1] - foot[:, 1]) - (ahead[:, 1] - foot[:, 1]) * (at[:, 0] - foot[:, 0])
    return road_names[near], 2 * (along / 9).astype(np.int64) + np.where(cross > 0, 1, 2)


def house_names(
    houses: Houses,
    cell: NDArray[np.int64],
    place: NDArray[np.object_],
    community: NDArray[np.object_],
    street: str,
    seed: int,
) -> list[str]:
    """Call each house by what is written on it: estate and number, firm and shed, road and number.

    Parameters
    ----------
    houses : Houses
        All houses.
    cell : array of int
        Grid each stands in.
    place : array of str
        Road and number of each.
    community : array of str
        Name of its community, without 社区.
    street : str
        Name of the street, without 街道.
    seed : int
        What the choice of names starts from.
    """
    group = pd.Series(houses.use.astype(str)) + pd.Series(cell.astype(str))
    number = group.groupby(group, sort=False).cumcount() + 1
    out = []
    for use, c, n, where, quarter in zip(
        houses.use.tolist(), cell.tolist(), number.tolist(), place, community, strict=True
    ):
        pick = (c * 7 + seed * 13) % 32
        if use in names.ENDINGS:
            ending = names.ENDINGS[use][(c + seed) % len(names.ENDINGS[use])]
            out.append(f"{names.ESTATES[pick]}{ending}{n}号楼")
        elif use == "works":
            out.append(f"{names.FIRMS[pick % 10]}厂{n}号厂房")
        elif use == "store":
            out.append(f"{quarter}仓库{n}号库")
        elif use == "office":
            out.append(f"{names.TOWERS[(pick + n) % 10]}大厦{'' if n <= 10 else n}")  # noqa: PLR2004 - ten names
        elif use == "mall":
            out.append(f"{names.TOWERS[pick % 10]}广场{numeral_letter(n)}座")
        elif use == "market":
            out.append(f"{quarter}农贸市场{n}号棚")
        elif use == "school":
            out.append(f"{street}第{names.numeral(c % 20 + 1)}小学{n}号楼")
        elif use == "kindergarten":
            out.append(f"{quarter}幼儿园{n}号楼")
        elif use == "hospital":
            out.append(f"{street}医院{('门诊楼', '住院楼', '医技楼', '行政楼')[n % 4]}{n}")
        elif use in ("garden", "park"):
            out.append(f"{quarter}游园管理房{n}")
        else:
            out.append(str(where))
    return out


def numeral_letter(number: int) -> str:
    """Letter of a wing: A, B, C and so on."""
    return chr(ord("A") + (number - 1) % 26)
