"""Who covers the grids of a demo street: people, posts, leave, and the chain of organisations.

A chief and a worker for each grid, a second worker for every third, a guide from the street
for each community; heads for the larger buildings and party-member households in some of
them. All persons are invented; nobody can be called at their phones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from data.demo import names
from gis.datasets import Dataset
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.demo.land import Work
    from data.demo.lapses import Lapses

TERM = date(2025, 1, 1)
"""Day the posts of the grids begin: that of the grids themselves."""
END = date(2026, 8, 31)
"""Last day of the demo year: the one that is judged."""
ABSENT_SINCE = date(2026, 5, 18)
"""Day from which everybody of one grid is on leave, until further notice."""
SECOND = 3
"""Every so many grids one has a second worker."""
HEADS = 3
"""Building heads of a grid at most, for the buildings with most households."""


@dataclass
class Staff:
    """People of a street as clean frames, and who goes where.

    Attributes
    ----------
    frames : dict
        ``people`` (a row per post), ``leaves``, ``organisations``.
    rounds : list of list of str
        Codes of those who go round each grid; the guide where the grid has nobody.
    guides : list of str
        Code of the guide of each community.
    """

    frames: dict[Dataset, gpd.GeoDataFrame]
    rounds: list[list[str]]
    guides: list[str]


def table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> gpd.GeoDataFrame:
    """Make a clean frame of a dataset without places."""
    frame = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=list(columns), dtype=object), geometry=np.full(len(rows), None), crs=SRID
    )
    frame.index = pd.RangeIndex(1, len(rows) + 1, name="row")
    return frame


class Office:
    """Appoints people and founds organisations, one after the other.

    Parameters
    ----------
    work : Work
        The street.
    lapses : Lapses
        Who is missing where.
    rng : numpy.random.Generator
        Source of chance.
    """

    def __init__(self, work: Work, lapses: Lapses, rng: np.random.Generator) -> None:
        self.work, self.lapses, self.rng = work, lapses, rng
        self.people: list[dict[str, Any]] = []
        self.leaves: list[dict[str, Any]] = []
        self.organisations: list[dict[str, Any]] = []
        self.count = 0
        self.stretched = ""
        self.names: dict[str, tuple[str, str]] = {}

    def person(self) -> str:
        """Invent a person and give the staff number."""
        self.count += 1
        code = f"{self.work.code}{self.count:04d}"
        self.names[code] = (
            names.person_name(self.count + 97 * self.work.index + 13 * self.work.seed),
            names.phone(self.work.index, self.count),
        )
        return code

    def appoint(self, code: str, duty: str, begin: date = TERM, end: date | None = None, **where: str) -> None:
        """Give a person a post."""
        name, phone = self.names[code]
        self.people.append(
            {"code": code, "name": name, "phone": phone, "duty": duty, "valid_from": begin, "valid_to": end, **where}
        )

    def absent(self, code: str, begins: date, ends: date | None) -> None:
        """Let a person be on leave."""
        self.leaves.append({"person_code": code, "begins": begins, "ends": ends})

    def found(self, code: str, name: str, level: str, parent: str | None, **where: str) -> str:
        """Found an organisation."""
        self.organisations.append({"code": code, "name": name, "level": level, "parent_code": parent, **where})
        return code


def staff(
    work: Work, stock: gpd.GeoDataFrame, cell: NDArray[np.int64], lapses: Lapses, rng: np.random.Generator
) -> Staff:
    """Appoint the people of a street.

    Parameters
    ----------
    work : Work
        The street.
    stock : geopandas.GeoDataFrame
        Buildings with their final households.
    cell : array of int
        Grid of each.
    lapses : Lapses
        Which grids have nobody, or nobody who is there.
    rng : numpy.random.Generator
        Source of chance.
    """
    office = Office(work, lapses, rng)
    guides = _street(office)
    rounds = [_grid(office, i, guides[int(work.planter.community[i])]) for i in range(work.planter.count)]
    _buildings(office, stock, cell)
    frames = {
        Dataset.ORGANISATIONS: table(
            office.organisations, ("code", "name", "level", "parent_code", "area_code", "grid_code", "building_code")
        ),
        Dataset.PEOPLE: table(
            office.people,
            (
                "code",
                "name",
                "phone",
                "duty",
                "grid_code",
                "building_code",
                "organisation_code",
                "valid_from",
                "valid_to",
            ),
        ),
        Dataset.LEAVES: table(office.leaves, ("person_code", "begins", "ends")),
    }
    return Staff(frames, rounds, guides)


def _street(office: Office) -> list[str]:
    """Found the street's and the communities' organisations, with a secretary; give the guide of each community."""
    work = office.work
    root = office.found(f"{work.code}D", f"{work.name}党工委", "street", None, area_code=work.code)
    office.appoint(office.person(), "secretary", organisation_code=root)
    guides = [""] * len(work.community_codes)
    for i in np.argsort(work.community_codes).tolist():
        code = work.community_codes[i]
        own = office.found(f"{code}D", f"{work.community_names[i]}社区党总支", "community", root, area_code=code)
        office.appoint(office.person(), "secretary", organisation_code=own)
        guides[i] = office.person()
    return guides


def _grid(office: Office, i: int, guide: str) -> list[str]:
    """Appoint who belongs to a grid; those who go round it."""
    work, lapses = office.work, office.lapses
    code = work.grid_codes[i]
    branch = office.found(
        f"{code}D", f"{work.community_names[int(work.planter.community[i])]}第{int(code[12:])}网格党支部", "estate",
        f"{code[:12]}D", grid_code=code,
    )  # fmt: skip
    office.appoint(guide, "guide", grid_code=code)
    if i == lapses.one("nobody"):
        before = office.person()
        office.appoint(before, "worker", date(2025, 1, 1), date(2026, 2, 28), grid_code=code)
        return [guide]
    chief = office.person()
    office.appoint(chief, "chief", grid_code=code)
    office.appoint(chief, "secretary", organisation_code=branch)
    stretched = lapses.cells.get("stretched_worker", ())
    own = [chief]
    if i in stretched:
        office.stretched = office.stretched or office.person()
        office.appoint(office.stretched, "worker", grid_code=code)
        return own
    workers = 2 if i % SECOND == 0 else 1
    for n in range(workers):
        one = office.person()
        begin = TERM if office.rng.random() < 0.7 else TERM + timedelta(days=int(office.rng.integers(20, 500)))  # noqa: PLR2004 - three in ten came later
        office.appoint(one, "worker" if n == 0 else "part_time", TERM if n == 0 else begin, grid_code=code)
        own.append(one)
    _leave(office, i, own)
    return own


def _leave(office: Office, i: int, own: list[str]) -> None:
    """Holidays for some; everybody of one grid for long (planted), everybody of another for a week (trap)."""
    if i == office.lapses.one("all_on_leave"):
        for n, code in enumerate(own):
            office.absent(code, ABSENT_SINCE - timedelta(days=9 * n), None)
    elif i == office.lapses.one("short_leave"):
        for code in own:
            office.absent(code, END - timedelta(days=3), END)
    elif office.rng.random() < 0.3:  # noqa: PLR2004 - three grids in ten have somebody who was away
        begins = date(2025, 9, 1) + timedelta(days=int(office.rng.integers(0, 330)))
        office.absent(own[-1], begins, begins + timedelta(days=int(office.rng.integers(2, 12))))


def _buildings(office: Office, stock: gpd.GeoDataFrame, cell: NDArray[np.int64]) -> None:
    """Heads for the largest buildings of each grid, party-member households for the largest of all."""
    households = stock["households"].to_numpy()
    codes, titles = stock["code"].to_numpy(), stock["name"].to_numpy()
    order = np.lexsort((np.arange(len(stock)), -households))
    standing = stock["demolished_on"].isna().to_numpy()
    for i, grid in enumerate(office.work.grid_codes):
        mine = [n for n in order[cell[order] == i].tolist() if standing[n] and households[n] >= 8][:HEADS]  # noqa: PLR2004 - households a head is worth
        for rank, n in enumerate(mine):
            code = str(codes[n])
            above = office.found(f"{code}L", f"{titles[n]}楼栋长", "building", f"{grid}D", building_code=code)
            office.appoint(office.person(), "building_head", building_code=code, organisation_code=above)
            if rank == 0:
                home = office.found(f"{code}H", f"{titles[n]}党员中心户", "household", above, building_code=code)
                office.appoint(office.person(), "household_head", building_code=code, organisation_code=home)
