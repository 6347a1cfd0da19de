"""Grids (网格): the one in force, its facts for a panel, its versions, finding one by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pypinyin import Style
from pypinyin import lazy_pinyin

from gis.errors import BadInput
from gis.errors import NotFound

if TYPE_CHECKING:
    from datetime import date

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("grids.sql"), "psycopg", mandatory_parameters=False)

FOUND = 20
"""Grids a search gives at most."""


class GridUnknown(NotFound):
    """No grid in force has this code."""

    template = "没有编码为 {code} 的在用网格。"
    cure = "请检查编码;停用的网格在历史版本里查看。"


class DateBeforeBegin(BadInput):
    """A grid cannot end before it began."""

    template = "网格 {code} 自 {begin} 起启用,不能在 {end} 停用。"
    cure = "请选启用日期当天或之后的日期。"


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid in a list."""

    id: int
    code: str
    name: str
    kind: str
    network: str
    area: str | None
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a panel shows of one grid.

    Attributes
    ----------
    area : str or None
        Name of the community (or wider area) it belongs to.
    area_m2, perimeter_m : float
        On the ellipsoid.
    households, buildings : int or None
        Of the buildings the last coverage refresh gave to it; None: outside the actor's scope.
    people, incidents : int or None
        Of these buildings; incidents in it of the last 365 days. None also for a wall.
    """

    id: int
    code: str
    name: str
    kind: str
    network: str
    area: str | None
    area_m2: float
    perimeter_m: float
    households: int | None
    people: int | None
    buildings: int | None
    incidents: int | None
    valid_from: date
    version: int
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a grid; ``valid_to`` is None for the one in force."""

    version: int
    name: str
    valid_from: date
    valid_to: date | None
    area_m2: float


def in_force(conn: psycopg.Connection[Any], network: str) -> list[Grid]:
    """Give the grids of a network that are in force, by code."""
    with conn.cursor(row_factory=class_row(Grid)) as cursor:
        return cursor.execute(_queries.in_force.sql, {"network": network}).fetchall()


def facts(conn: psycopg.Connection[Any], code: str, network: str = "comprehensive") -> Facts:
    """Give the facts of the grid in force with this code.

    Raises
    ------
    GridUnknown
        No grid in force has the code.
    """
    with conn.cursor(row_factory=class_row(Facts)) as cursor:
        found = cursor.execute(_queries.facts.sql, {"code": code, "network": network}).fetchone()
    if found is None:
        raise GridUnknown(code=code)
    return found


def versions(conn: psycopg.Connection[Any], code: str, network: str = "comprehensive") -> list[Version]:
    """Give all versions of a grid, newest first; empty where the code was never used."""
    with conn.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(_queries.versions.sql, {"code": code, "network": network}).fetchall()


def search(conn: psycopg.Connection[Any], text: str, network: str | None = None) -> list[Grid]:
    """Find grids in force by code, name, or the name's pinyin (whole or initials), best first.

    Parameters
    ----------
    text : str
        What was typed; case and blanks do not matter.
    network : str, optional
        Code of the network to look in; default: all of them.
    """
    wanted = "".join(text.split()).casefold()
    if not wanted:
        return []
    with conn.cursor(row_factory=class_row(Grid)) as cursor:
        grids = cursor.execute(_queries.in_force.sql, {"network": network}).fetchall()
    ranked = [(rank, grid.code, grid) for grid in grids if (rank := _rank(grid, wanted)) is not None]
    return [grid for _rank_, _code, grid in sorted(ranked, key=lambda item: item[:2])[:FOUND]]


def retire(conn: psycopg.Connection[Any], code: str, network: str, on: date, reason: str) -> None:
    """Take a grid out of use; its code is never used again.

    Raises
    ------
    GridUnknown, DateBeforeBegin
        No such grid is in force, or it began later.
    """
    given = {"code": code, "network": network, "on": on}
    found = conn.execute(_queries.beginning.sql, given).fetchone()
    if found is None:
        raise GridUnknown(code=code)
    if on < found[1]:
        raise DateBeforeBegin(code=code, begin=found[1], end=on)
    conn.execute(_queries.retire.sql, {**given, "id": found[0]})
    conn.execute(
        _queries.audit_retirement.sql, {"code": code, "reason": reason, "after": Jsonb({"valid_to": on.isoformat()})}
    )


def _rank(grid: Grid, wanted: str) -> int | None:
    """How well a grid fits: 0 best; None not at all."""
    code, name = grid.code.casefold(), "".join(grid.name.split()).casefold()
    if wanted in (code, name):
        return 0
    if code.startswith(wanted) or name.startswith(wanted):
        return 1
    if wanted in name or code.endswith(wanted):
        return 2
    if wanted.isascii() and not wanted.isdigit():
        spelled = "".join(lazy_pinyin(name))
        initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
        if spelled.startswith(wanted) or initials.startswith(wanted):
            return 3
        if wanted in spelled or wanted in initials:
            return 4
    return 5 if wanted in code else None
