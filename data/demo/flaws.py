"""What is planted wrong in the demo street, as a table: the truth the tests hold the rules to."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Geod

from data.demo.slips import CUT_SHARE
from data.demo.slips import NEAR_M
from gis.datasets import Dataset

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from data.demo.land import Work
    from data.demo.slips import Slip


@dataclass(frozen=True)
class Flaw:
    """One planted flaw.

    Attributes
    ----------
    rule : str
        Key of the rule that has to find it; empty for a trap no rule may fall into.
    kind : str
        Short name of what was done, one row of ``docs/demo.md``.
    where : shapely.Geometry or None
        Where, longitude and latitude (EPSG:4490); None for records without a place.
    subjects : tuple of str
        Codes of the grids, buildings or incidents concerned.
    measure : dict
        What is expected: ``area_m2``, ``width_m``, ``buildings``, ``households``, ``share``,
        ``distance_m``, ``count`` as far as they make sense.
    """

    rule: str
    kind: str
    where: shapely.Geometry | None
    subjects: tuple[str, ...]
    measure: dict[str, float] = field(default_factory=dict)


RULES = {
    "estate_gap": "unclaimed_land",
    "rail_gap": "unclaimed_land",
    "road_gap": "unclaimed_land",
    "hole_gap": "unclaimed_land",
    "long_gap": "unclaimed_land",
    "short_gap": "unclaimed_land",
    "sliver_gap": "unclaimed_land",
    "block_overlap": "contested_land",
    "strip_overlap": "contested_land",
    "corner_overlap": "contested_land",
    "sliver_overlap": "contested_land",
    "stray_bulge": "stray_part",
    "detached_block": "stray_part",
    "loose_building": "unassigned_building",
    "wrong_register": "unassigned_building",
    "cut_building": "boundary_building",
    "near_building": "boundary_building",
    "large_grid": "grid_size",
    "small_grid": "grid_size",
    "no_place": "unlocated_record",
    "null_island": "unlocated_record",
    "elsewhere": "unlocated_record",
    "centroid_heap": "unlocated_record",
    "lake": "",
    "railway": "",
}
"""Rule that has to find each kind of flaw; the last two are traps: allowed gaps."""

SEVERITIES = {
    "unclaimed_land": "blind", "contested_land": "block", "stray_part": "block", "unassigned_building": "blind",
    "boundary_building": "warn", "grid_size": "warn", "unlocated_record": "warn",
}  # fmt: skip

_GEOD = Geod(ellps="GRS80")


def area_m2(shape: shapely.Geometry) -> float:
    """Area on the ellipsoid of CGCS2000 (as GRS80), m2."""
    return abs(float(_GEOD.geometry_area_perimeter(shape)[0]))


def table(
    work: Work, frames: dict[Dataset, gpd.GeoDataFrame], sizes: list[tuple[str, str]], slips: list[Slip]
) -> list[Flaw]:
    """Put down what was planted.

    Parameters
    ----------
    work : Work
        The land, with the planter's deeds.
    frames : dict
        The finished frames.
    sizes : list of (grid code, kind)
        Grids of a wrong size.
    slips : list of Slip
        Flawed records.

    Returns
    -------
    list of Flaw
        One entry for each thing a rule has to find, and the traps.
    """
    stock = frames[Dataset.BUILDINGS]
    points = stock.geometry.to_numpy()
    flaws = []
    for deed, face in zip(work.planter.deeds, work.deeds, strict=True):
        shape = work.degrees[face]
        inside = np.flatnonzero(shapely.contains(shape, points))
        measure = {
            "area_m2": area_m2(shape),
            "buildings": float(len(inside)),
            "households": float(stock["households"].to_numpy()[inside].sum()),
        }
        owner = work.grid_codes[deed.owner]
        codes = {
            "drop": (),
            "share": (owner, *work.grid_codes[deed.taker : deed.taker + 1]),
            "move": (work.grid_codes[deed.taker],),
        }
        flaws.append(Flaw(RULES[deed.kind], deed.kind, shape, tuple(sorted(codes[deed.act])), measure))
        if deed.act == "drop":
            flaws += [_of_building(stock.iloc[i], "loose_building", {}) for i in inside]
    loads = stock.dropna(subset="declared_grid").groupby("declared_grid")["households"].sum()
    for code, kind in sizes:
        shape = frames[Dataset.GRIDS].set_index("code").geometry[code]
        flaws.append(Flaw(RULES[kind], kind, shape, (code,), {"households": float(loads[code])}))
    for slip in slips:
        flaws += _of_slip(slip, frames[Dataset(slip.dataset)])
    for row in frames[Dataset.EXCLUDED].itertuples():
        flaws.append(
            Flaw(
                "",
                "lake" if row.code.endswith("X02") else "railway",
                row.geometry,
                (row.code,),
                {"area_m2": area_m2(row.geometry)},
            )
        )
    return flaws


def _of_building(row: pd.Series, kind: str, measure: dict[str, float]) -> Flaw:
    return Flaw(RULES[kind], kind, row["geometry"], (row["code"],), {"households": float(row["households"]), **measure})


def _of_slip(slip: Slip, frame: gpd.GeoDataFrame) -> list[Flaw]:
    """One entry per record; a building in another province lies in no grid as well."""
    extra = {"cut_building": {"share": CUT_SHARE}, "near_building": {"distance_m": NEAR_M}}.get(slip.kind, {})
    flaws = []
    for label in slip.rows:
        row = frame.loc[label]
        if slip.dataset == "incidents":
            flaws.append(Flaw(RULES[slip.kind], slip.kind, row["geometry"], (row["code"],), {}))
            continue
        flaws.append(_of_building(row, slip.kind, extra))
        if slip.kind == "elsewhere":
            flaws.append(_of_building(row, "loose_building", {}))
    return flaws
