"""Reads the land around a place from the stored office, as a remedy needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import shapely
from psycopg.rows import dict_row

from gis.coverage.engine import statement
from gis.coverage.moment import NetworkMissing
from gis.coverage.remedies.partition import DEGREE_M
from gis.coverage.remedies.partition import Partition
from gis.coverage.remedies.split import House

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    import psycopg

FILE = "remedies/remedies.sql"
BEYOND = 1.5
"""How much farther than the network's ``border_distance_m`` a border is led around a point."""

DIGITS = 3
"""Digits of the running number at the end of a grid's code (GB/T 47678.3)."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network and its limits."""

    id: int
    code: str
    households_min: int | None
    households_max: int | None
    border_distance_m: float


@dataclass(frozen=True, slots=True)
class Land:
    """What lies around a place.

    Attributes
    ----------
    partition : Partition
        Grids, areas, allowed gaps.
    versions, names, kinds : dict of str
        Of the grids in it, by code.
    """

    partition: Partition
    versions: dict[str, int]
    names: dict[str, str]
    kinds: dict[str, str]


def read(wkb: bytes | None) -> Any:  # noqa: ANN401 - shapely has no types
    """Give the shape of a column."""
    return None if wkb is None else shapely.from_wkb(wkb)


def run(conn: psycopg.Connection[Any], name: str, /, **given: Any) -> psycopg.Cursor[Any]:  # noqa: ANN401
    """Execute a named block of this package."""
    return conn.execute(statement(FILE, name).encode(), given)


def rows(conn: psycopg.Connection[Any], name: str, /, **given: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Give the rows of a named block by column."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement(FILE, name).encode(), given).fetchall()


def network(conn: psycopg.Connection[Any], code: str) -> Network:
    """Give a network by its code.

    Raises
    ------
    NetworkMissing
        There is none.
    """
    found = run(conn, "network", network=code).fetchone()
    if found is None:
        raise NetworkMissing(code=code)
    return Network(*found)


def around(conn: psycopg.Connection[Any], net: int, place: Any = None, codes: Iterable[str] = ()) -> Land:  # noqa: ANN401
    """Give the land around a place (a shape, or None) and around grids."""
    found = rows(conn, "around", network=net, codes=list(codes), place=None if place is None else shapely.to_wkb(place))
    grids = {row["code"]: shapely.from_wkb(row["geom"]) for row in found}
    shapes = [*grids.values(), *([] if place is None else [place])]
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object)) if shapes else np.zeros(4)
    box = {"west": float(west), "south": float(south), "east": float(east), "north": float(north)}
    areas = {row["id"]: shapely.from_wkb(row["geom"]) for row in rows(conn, "areas", **box)}
    holes = [shapely.from_wkb(wkb) for (wkb,) in run(conn, "holes", **box)]
    return Land(
        Partition(grids, {row["code"]: row["home"] for row in found}, areas, holes),
        {row["code"]: row["version"] for row in found},
        {row["code"]: row["name"] for row in found},
        {row["code"]: row["kind"] for row in found},
    )


def houses(conn: psycopg.Connection[Any], net: int, grid: str) -> list[House]:
    """Give the buildings in a grid in force."""
    return [
        House(shapely.from_wkb(point), None if outline is None else shapely.from_wkb(outline), households)
        for point, outline, households in run(conn, "houses", network=net, grid=grid)
    ]


def house(conn: psycopg.Connection[Any], net: Network, code: str) -> tuple[Any, list[Any]]:
    """Give the footprint of a building, or a disc around its point, and the footprints beside it."""
    found = run(conn, "house", code=code).fetchone()
    if found is None or found[1] is None:
        return None, []
    point, outline = read(found[1]), read(found[2])
    shape = disc(point, BEYOND * net.border_distance_m) if outline is None else outline
    beside = run(conn, "beside", place=shapely.to_wkb(shape), code=code)
    return shape, [read(wkb) for (wkb,) in beside]


def disc(point: Any, metres: float) -> Any:  # noqa: ANN401
    """Give a disc around a point."""
    squeeze = float(np.cos(np.radians(point.y)))
    circle = shapely.buffer(shapely.Point(0, 0), metres / DEGREE_M, quad_segs=4)
    return shapely.transform(circle, lambda xy: xy / [squeeze, 1] + [point.x, point.y])


def gap_at(conn: psycopg.Connection[Any], net: int, point: Any) -> Any:  # noqa: ANN401
    """Give the unclaimed land around a point as the rule found it; None where there is none."""
    found = run(conn, "gap_at", network=net, place=shapely.to_wkb(point)).fetchone()
    return None if found is None else read(found[0])


def roads(conn: psycopg.Connection[Any], net: int, grid: str) -> list[Any]:
    """Give the roads through a grid in force."""
    return [shapely.from_wkb(line) for (line,) in run(conn, "roads", network=net, grid=grid)]


def fresh_codes(conn: psycopg.Connection[Any], net: int, home: int | None, number: int, like: str = "") -> list[str]:
    """Give codes that were never used: those of the community, after the last one.

    Parameters
    ----------
    conn : Connection
        Of a job.
    net, home : int, int or None
        Network and community.
    number : int
        How many.
    like : str
        Code of a grid of the community, whose beginning stands in for that of a grid without community.
    """
    named = run(conn, "area_named", id=home).fetchone()
    prefix = named[0] if named else like[:-DIGITS]
    used = {code for (code,) in run(conn, "used_codes", network=net, prefix=prefix)}
    numbers = [int(rest) for code in used if (rest := code[len(prefix) :]).isdigit() and len(rest) == DIGITS]
    first = max(numbers, default=0) + 1
    free = (f"{prefix}{n:0{DIGITS}d}" for n in [*range(first, 10**DIGITS), *range(1, first), *range(10**DIGITS, 10**6)])
    return [code for code, _count in zip((c for c in free if c not in used), range(number), strict=False)]


def loads(conn: psycopg.Connection[Any], net: int, codes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Give land, buildings, households and people of grids in force, by code."""
    return {row["code"]: row for row in rows(conn, "loads", network=net, codes=list(codes))}
