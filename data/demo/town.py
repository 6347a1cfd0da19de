"""One demo street, whole: land, houses, a year, and the flaws planted in them."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from data.demo import frames as make
from data.demo import lapses as fail
from data.demo import lists
from data.demo import people
from data.demo import slips
from data.demo import truth
from data.demo.flaws import Flaw
from data.demo.flaws import table
from data.demo.houses import USES
from data.demo.houses import Houses
from data.demo.houses import build
from data.demo.land import lay
from data.demo.plan import lonlat
from data.demo.plan import metres
from data.demo.rounds import Size
from data.demo.rounds import Walker
from data.demo.staff import TERM
from data.demo.staff import staff
from gis.coverage.parameters import policy
from gis.datasets import Dataset
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.demo.land import Work
    from data.demo.slips import Slip

BUILDINGS = 6000
"""Buildings of the demo street; the others of a district or city have fewer."""
INCIDENTS = 12_600
"""Incidents of the demo street in its year."""
LAND_FLAWS = (
    "estate_gap", "rail_gap", "stray_bulge", "road_gap", "hole_gap", "block_overlap", "detached_block", "strip_overlap",
    "corner_overlap", "sliver_gap", "sliver_gap", "sliver_overlap", "long_gap", "short_gap",
)  # fmt: skip
"""Flaws of land of the demo street; another street of a city has three of them, by lot."""
NETWORKS = {
    "comprehensive": ("综合网格", "comprehensive", 300, 500),
    "police": ("警格", "police", None, None),
}
"""Name, kind and limits of households of the networks, by code."""


@dataclass
class Demo:
    """One street as clean frames (docs/architecture.md) and the flaws planted in it.

    Attributes
    ----------
    code, name : str
        Of the street.
    frames : dict
        A clean frame for each dataset; grids are those of the comprehensive network.
    police : geopandas.GeoDataFrame
        Grids of the police network.
    flaws : list of Flaw
        What was planted.
    doubtful : dict
        Codes of the visits that cannot be true, by the question they raise.
    """

    code: str
    name: str
    frames: dict[Dataset, gpd.GeoDataFrame]
    police: gpd.GeoDataFrame
    flaws: list[Flaw] = field(default_factory=list)
    doubtful: dict[str, tuple[str, ...]] = field(default_factory=dict)


def street(
    seed: int = 1, index: int = 0, *, buildings: int = BUILDINGS, incidents: int = INCIDENTS, planted: bool = True
) -> Demo:
    """Make one street of the demo city.

    Parameters
    ----------
    seed : int
        Seed of the city; the same seed gives the same bytes.
    index : int
        Number of the street, 0 to 199; 0 is the demo street with all kinds of flaws.
    buildings, incidents : int
        How many to make; a street that has no room for so many buildings gets fewer.
    planted : bool
        Whether flaws are planted.

    Returns
    -------
    Demo
        Clean frames in EPSG:4490 and the list of flaws.
    """
    rng = np.random.default_rng([seed, 100 + index])
    some = tuple(rng.choice(LAND_FLAWS, 3, replace=False).tolist()) if index else LAND_FLAWS
    work = lay(seed, index, rng, some if planted else ())
    special, kinds = slips.on_borders(work.planter, *((4, 4) if index == 0 else (2, 1))) if planted else (None, [])
    barred = [shapely.buffer(work.river, 25.0)] if len(work.river) else []
    if special is not None:
        special.face = shapely.STRtree(work.faces.polygons).nearest(
            np.asarray(shapely.points(special.x, special.y), dtype=np.object_)
        )
        barred.append(shapely.buffer(special.footprint, 4.0))
    houses = build(work.faces, work.roads, work.road_kinds, np.concatenate([*barred, np.array([], dtype=object)]), rng)
    houses = _trim(houses, buildings - len(kinds), rng)
    if special is not None:
        houses = Houses.join([houses, special])
    places = make.areas(work)
    stock, cell, found = _buildings(work, houses, planted, rng)
    notes = _border_notes(stock, kinds)
    heap = _heap(work, places, found) if planted else None
    sized = {c for c, _k in found}
    lapses = _lapses(work, houses, stock, cell, sized, heap[0] if heap else -1, planted=planted)
    fail.settle(stock, cell, lapses, TERM)
    if planted:
        used = [
            *work.planter.used,
            *sized,
            *(c for kind, cells in lapses.cells.items() if kind != "dark_hours" for c in cells),
        ]
        free = (cell >= 0) & ~np.isin(cell, used)
        free[len(free) - len(kinds) :] = False
        notes += slips.misplace_buildings(stock, cell, heap, free, rng)
    happenings = make.incidents(work, houses, stock, incidents, lapses, rng)
    if planted:
        notes += slips.misplace_incidents(happenings, heap[1] if heap else None, rng)
    frames = {
        Dataset.AREAS: places,
        Dataset.GRIDS: make.grids(work, lapses.cells.get("plain_venue", ())),
        Dataset.BUILDINGS: stock,
        Dataset.INCIDENTS: happenings,
        Dataset.ROADS: make.roads(work),
        Dataset.WATER: make.water(work),
        Dataset.GREEN: make.green(work),
        Dataset.EXCLUDED: make.excluded(work),
    }
    demo = Demo(work.code, work.name, frames, make.police(work, rng))
    _life(demo, work, cell, houses, lapses, notes, Size() if index == 0 else Size(1, 1))
    if planted:
        sizes = [(work.grid_codes[c], kind) for c, kind in found]
        demo.flaws = [*table(work, frames, sizes, notes), *truth.table(work, frames, cell, lapses, demo.doubtful)]
    return demo


def _lapses(
    work: Work,
    houses: Houses,
    stock: gpd.GeoDataFrame,
    cell: NDArray[np.int64],
    sized: set[int],
    heap: int,
    *,
    planted: bool,
) -> fail.Lapses:
    """Choose where people, time and duty fail: all kinds in the demo street, three by lot in the others."""
    rng = np.random.default_rng([work.seed, 300 + work.index])
    kinds: tuple[str, ...] = ()
    if planted:
        some = [kind for kind in fail.KINDS if kind not in fail.BUSY]
        kinds = fail.KINDS if work.index == 0 else tuple(rng.choice(some, 3, replace=False).tolist())
    taken = {*work.planter.used, *sized, *({heap} if heap >= 0 else set())}
    return fail.Chooser(work, houses, stock, cell, taken, heap, rng).choose(kinds)


def _life(
    demo: Demo,
    work: Work,
    cell: NDArray[np.int64],
    houses: Houses,
    lapses: fail.Lapses,
    notes: list[Slip],
    size: Size,
) -> None:
    """Appoint the people, let them go round for a year, and write the list of duties."""
    rng = np.random.default_rng([work.seed, 600 + work.index])
    stock = demo.frames[Dataset.BUILDINGS]
    crew = staff(work, stock, cell, lapses, rng)
    rounds = Walker(work, crew, lapses, stock, cell, _stand(stock, houses, notes), size, _limits(), rng).go()
    demo.frames |= {
        **crew.frames,
        Dataset.VISITS: rounds.visits,
        Dataset.TRACKS: rounds.tracks,
        Dataset.DUTIES: lists.duties(min(work.community_codes), planted=work.index == 0 and bool(lapses.cells)),
    }
    demo.doubtful = rounds.doubtful


def _limits() -> dict[str, int]:
    """Give the days without a visit the policy allows in an ordinary grid, grace included."""
    rows = policy("comprehensive")
    return {thing: interval + grace for kind, thing, interval, grace in rows if kind == "*"}


def _stand(stock: gpd.GeoDataFrame, houses: Houses, notes: list[Slip]) -> NDArray[np.float64]:
    """Ground metres of the buildings as recorded; not a number where the record has no place or one far away."""
    at = np.column_stack((houses.x, houses.y))
    for slip in notes:
        if slip.dataset == "buildings" and slip.kind in ("no_place", "null_island", "elsewhere", "centroid_heap"):
            rows = stock.index.get_indexer(slip.rows)
            at[rows] = np.nan
            if slip.kind == "centroid_heap":
                at[rows] = shapely.get_coordinates(metres(stock.geometry.to_numpy()[rows]))
    return at


def _trim(houses: Houses, wanted: int, rng: np.random.Generator) -> Houses:
    """Leave out small houses and shops by lot until only ``wanted`` houses are left."""
    surplus = len(houses) - wanted
    if surplus <= 0:
        return houses
    spare = np.flatnonzero(np.isin(houses.use, ("houses", "front")))
    gone = rng.choice(spare, size=min(surplus, len(spare)), replace=False)
    return houses.take(np.setdiff1d(np.arange(len(houses)), gone))


def _buildings(
    work: Work, houses: Houses, planted: bool, rng: np.random.Generator
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64], list[tuple[int, str]]]:
    """Turn houses into records; also the grid of each, and the grids of a wrong size."""
    cell = work.faces.cell[houses.face]
    count = work.planter.count
    estate = np.where(cell >= 0, cell, count - 2 - cell)
    target = np.concatenate((rng.integers(335, 465, count), [deed.households for deed in work.planter.deeds]))
    home = np.array([USES[str(use)].home for use in houses.use])
    found = _wrong_sizes(work, np.bincount(cell[home & (cell >= 0)], minlength=count)) if planted else []
    for number, kind in found:
        target[number] = 940 if kind == "large_grid" else 62
    households = people.share_households(houses, estate, target, rng)
    for deed, face in zip(work.planter.deeds, work.deeds, strict=True):
        if deed.kind == "block_overlap":
            both = int(households[houses.face == face].sum())
            target[deed.taker] = int(np.clip(target[deed.taker], 320 - both, 470 - both))
            again = people.share_households(houses, estate, target, rng)
            households = np.where(cell == deed.taker, again, households)
    ground = np.asarray(shapely.points(houses.x, houses.y), dtype=np.object_)
    named = work.road_kinds != "rail"
    road, doors = people.addresses(ground, work.roads[named], work.road_names[named])
    place = np.array([f"{name}{n}号" for name, n in zip(road, doors, strict=True)], dtype=np.object_)
    community = work.faces.community[houses.face]
    quarter = np.array(work.community_names, dtype=object)[community]
    order = np.argsort(community, kind="stable")
    first = np.searchsorted(community[order], np.arange(len(work.community_codes)))
    rank = np.empty(len(houses), dtype=int)
    rank[order] = np.arange(len(houses)) - first[community[order]]
    built = people.years(houses, cell, rng)
    built[cell < 0] = np.datetime64("2025-05-20", "D").astype(object)
    frame = make.frame(
        {
            "code": [f"{work.community_codes[c]}{r + 1:05d}" for c, r in zip(community, rank, strict=True)],
            "name": people.house_names(
                houses, estate, place, quarter, work.name.removesuffix("街道"), work.seed + work.index
            ),
            "address": [f"{work.name}{q}社区{p}" for q, p in zip(quarter, place, strict=True)],
            "kind": [USES[str(use)].kind for use in houses.use],
            "households": households,
            "people": households + rng.poisson(households * 1.55),
            "floors": people.floors(houses, households, rng),
            "built_on": built,
            "declared_grid": np.array([work.grid_codes[c] if c >= 0 else None for c in cell], dtype=object),
        },
        lonlat(ground),
    )
    frame["footprint"] = gpd.GeoSeries(lonlat(houses.footprint), index=frame.index, crs=SRID)
    return frame, cell, found


def _wrong_sizes(work: Work, homes: NDArray[np.int64]) -> list[tuple[int, str]]:
    """Grids that get far too many or far too few households: two of each, where no other flaw is."""
    free = [int(i) for i in np.argsort(homes, kind="stable") if int(i) not in work.planter.used]
    some = [i for i in free if homes[i] >= 5]  # noqa: PLR2004 - homes
    each = 2 if work.index == 0 else 1
    return [*((i, "small_grid") for i in some[:each]), *((i, "large_grid") for i in some[::-1][:each])]


def _border_notes(frame: gpd.GeoDataFrame, kinds: list[str]) -> list[Slip]:
    """Note the houses on borders (the last rows); those only near one lose their footprint."""
    rows = frame.index[len(frame) - len(kinds) :]
    for row, kind in zip(rows, kinds, strict=True):
        if kind == "near_building":
            frame.at[row, "footprint"] = None
    return [
        slips.Slip(kind, "buildings", tuple(int(r) for r, k in zip(rows, kinds, strict=True) if k == kind))
        for kind in dict.fromkeys(kinds)
    ]


def _heap(work: Work, places: gpd.GeoDataFrame, found: list[tuple[int, str]]) -> tuple[int, shapely.Point] | None:
    """Find a community whose centroid lies well inside a grid that no other flaw concerns."""
    tree = shapely.STRtree(work.planter.segments)
    taken = work.planter.used | {c for c, _kind in found}
    for middle in shapely.centroid(places.geometry[places["level"] == "community"].to_numpy()):
        at = metres(np.array([middle]))[0]
        inside = shapely.STRtree(work.planter.cells).query(at, predicate="intersects")
        line = work.planter.segments[tree.nearest(at)]
        if len(inside) and int(inside[0]) not in taken and line.distance(at) > 6:  # noqa: PLR2004 - metres
            return int(inside[0]), shapely.Point(np.round(shapely.get_coordinates(middle)[0], 8))
    return None
