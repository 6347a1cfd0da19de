"""The truth about people, time and duty: what the ten rules of these have to find, and may not find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from data.demo import lists
from data.demo.flaws import Flaw
from data.demo.flaws import area_m2
from data.demo.lapses import MARGIN
from data.demo.plan import lonlat
from gis.datasets import Dataset

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from data.demo.land import Work
    from data.demo.lapses import Lapses

RULES = {
    "nobody": "unstaffed_grid",
    "all_on_leave": "unstaffed_grid",
    "stretched_worker": "unstaffed_grid",
    "unvisited_grid": "overdue_visit",
    "unvisited_buildings": "overdue_visit",
    "untouched_block": "untouched_area",
    "silent_category": "silent_category",
    "hotline_only": "hotline_only",
    "dark_hours": "uncovered_hours",
    "plain_venue": "uncovered_venue",
    "no_lead": "unowned_matter",
    "two_leads": "unowned_matter",
    "new_estate": "outdated_boundary",
    "demolished_block": "outdated_boundary",
    "border_strip": "seam",
    "short_leave": "",
    "last_day_of_grace": "",
    "lone_house": "",
    "old_demolition": "",
    "local_lead": "",
    "former_lead": "",
    "short_strip": "",
    "impossible_visit": "",
}
"""Rule that has to find each kind; those without one are traps."""

MALL_M2 = 10_000.0
"""Floors from which a commercial building is a mall (data/reference/coverage.csv, ``venue_mall_m2``)."""
VENUES = {"office": "office", "mall": "commercial", "market": "market", "works": "industrial"}
"""Kind of building a venue is of, by the use of its land."""
NEAR = 40.0
"""Metres within which the other community lies (data/reference/coverage.csv, ``seam_line_m``)."""
STRIPS = ("road_gap", "long_gap", "rail_gap")
"""Gaps of land that are seams as well: long strips along a road or railway between two communities."""


def table(
    work: Work,
    frames: dict[Dataset, gpd.GeoDataFrame],
    cell: NDArray[np.int64],
    lapses: Lapses,
    doubtful: dict[str, tuple[str, ...]],
) -> list[Flaw]:
    """Put down what was planted about people, time and duty.

    Parameters
    ----------
    work : Work
        The land.
    frames : dict
        The finished frames.
    cell : array of int
        Grid of each building.
    lapses : Lapses
        What was chosen.
    doubtful : dict
        Codes of the visits that cannot be true, by the question they raise.
    """
    flaws = [flaw for kind in lapses.cells for flaw in _of_cells(kind, work, frames, cell, lapses)]
    if work.index == 0:
        flaws += _of_duties(min(work.community_codes))
    flaws += _of_strips(work)
    for codes in doubtful.values():
        flaws += [_of_visit(code, frames[Dataset.VISITS]) for code in codes]
    return flaws


def _of_cells(
    kind: str, work: Work, frames: dict[Dataset, gpd.GeoDataFrame], cell: NDArray[np.int64], lapses: Lapses
) -> list[Flaw]:
    """Give the flaws of one kind: of grids, of some buildings, or of a community."""
    stock = frames[Dataset.BUILDINGS]
    shapes = frames[Dataset.GRIDS].set_index("code").geometry
    cells = lapses.cells[kind]
    codes = [work.grid_codes[i] for i in cells]
    if kind == "plain_venue":
        return _venues(work, stock, shapes, cell, cells)
    if kind == "untouched_block":
        return [_untouched(work, stock, lapses)]
    if kind in lapses.rows:
        return [_of_rows(kind, stock, lapses.rows[kind], codes[0])]
    if kind == "dark_hours":
        area = frames[Dataset.AREAS].set_index("code").geometry[work.community_codes[lapses.dark]]
        return [Flaw(RULES[kind], kind, area, (work.community_codes[lapses.dark],), {})]
    if kind == "stretched_worker":
        return [
            Flaw(
                RULES[kind],
                kind,
                shapely.union_all(shapes[codes].to_numpy()),
                tuple(sorted(codes)),
                {"count": float(len(codes))},
            )
        ]
    return [
        Flaw(
            RULES[kind],
            kind,
            shapes[code],
            (code, *(lapses.category if kind == "silent_category" else ())),
            _load(stock, cell == i),
        )
        for i, code in zip(cells, codes, strict=True)
    ]


def _venues(
    work: Work, stock: gpd.GeoDataFrame, shapes: gpd.GeoSeries, cell: NDArray[np.int64], cells: tuple[int, ...]
) -> list[Flaw]:
    """Give a flaw for each kind of venue of grids that are no dedicated ones: offices may have a mall beside them."""
    flaws = []
    kinds = stock["kind"].to_numpy()
    for i in cells:
        uses = {use for _part, use in work.cells[i].blocks}
        for use, kind in VENUES.items():
            here = stock.iloc[np.flatnonzero((cell == i) & (kinds == kind))]
            if use in uses and len(here) and (kind != "commercial" or _largest(here) >= MALL_M2):
                code = work.grid_codes[i]
                flaws.append(Flaw(RULES["plain_venue"], "plain_venue", shapes[code], (code, kind), {}))
    return flaws


def _largest(some: gpd.GeoDataFrame) -> float:
    """Floors of the largest building, m2."""
    plain = some.dropna(subset="footprint")
    return max((area_m2(row.footprint) * row.floors for row in plain.itertuples()), default=0.0)


def _untouched(work: Work, stock: gpd.GeoDataFrame, lapses: Lapses) -> Flaw:
    """Give the land around the block in which nobody was: no building outside of it may be named."""
    kind = "untouched_block"
    block = lonlat(np.array([shapely.buffer(lapses.block, MARGIN)], dtype=object))[0]
    some = stock.iloc[lapses.rows[kind]]
    return Flaw(
        RULES[kind], kind, block, (work.grid_codes[lapses.one(kind)], *some["code"]), {"count": float(len(some))}
    )


def _load(stock: gpd.GeoDataFrame, which: NDArray[np.bool_]) -> dict[str, float]:
    return {"buildings": float(which.sum()), "households": float(stock["households"].to_numpy()[which].sum())}


def _of_rows(kind: str, stock: gpd.GeoDataFrame, rows: NDArray[np.int64], grid: str) -> Flaw:
    some = stock.iloc[rows]
    where = shapely.union_all(some.geometry.to_numpy())
    measure = {"count": float(len(rows)), "households": float(some["households"].sum())}
    return Flaw(RULES[kind], kind, where, (grid, *some["code"]), measure)


def _of_duties(community: str) -> list[Flaw]:
    return [
        Flaw(RULES["no_lead"], "no_lead", None, lists.BLANK, {}),
        Flaw(RULES["two_leads"], "two_leads", None, lists.DOUBLE, {}),
        Flaw("", "former_lead", None, lists.EXPIRED, {}),
        Flaw("", "local_lead", None, (*lists.LOCAL, community), {}),
    ]


def _of_strips(work: Work) -> list[Flaw]:
    """Give the strips of unclaimed land between two communities; a short one is none."""
    flaws = []
    for deed, face in zip(work.planter.deeds, work.deeds, strict=True):
        between = _between(work, face)
        if between and (deed.kind in STRIPS or deed.kind == "short_gap"):
            kind = "border_strip" if deed.kind in STRIPS else "short_strip"
            shape = work.degrees[face]
            flaws.append(Flaw(RULES[kind], kind, shape, (), {"area_m2": area_m2(shape)}))
    return flaws


def _between(work: Work, face: int) -> bool:
    """Whether more than half of a strip lies near the land of another community."""
    strip, faces = work.faces.polygons[face], work.faces
    beside = faces.community != faces.community[face]
    beside[beside] = shapely.dwithin(faces.polygons[beside], strip, NEAR)
    others = shapely.buffer(shapely.union_all(faces.polygons[beside]), NEAR)
    return bool(shapely.intersection(strip, others).area > strip.area / 2)


def _of_visit(code: str, visits: gpd.GeoDataFrame) -> Flaw:
    row = visits[visits["code"] == code].iloc[0]
    return Flaw("", "impossible_visit", row["geometry"], (code,), {})
