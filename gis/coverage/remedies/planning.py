"""Turns an offer into an edit of the stored grids: which shapes, from which versions, under which codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import shapely

from gis.coverage.remedies import edits
from gis.coverage.remedies import land
from gis.coverage.remedies import words
from gis.coverage.remedies.errors import NothingLeft
from gis.coverage.remedies.errors import OfferUnknown
from gis.coverage.remedies.split import split

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence

    import psycopg

    from gis.coverage.remedies.offers import Listed
    from gis.coverage.remedies.offers import Offer
    from gis.coverage.remedies.partition import Edit
    from gis.coverage.remedies.partition import Partition


@dataclass(frozen=True)
class Change:
    """One grid as an edit leaves it.

    Attributes
    ----------
    grid : str
        Code.
    version : int or None
        The version the edit was made from; None for a grid that is not there yet.
    geometry : MultiPolygon or None
        Its land; None for a grid that ends.
    name, kind, home, source : str, str, int or None, str
        Of a grid that is not there yet: what to call it, its kind and community, and the grid it
        was part of ("" if none).
    """

    grid: str
    version: int | None
    geometry: Any
    name: str = ""
    kind: str = "general"
    home: int | None = None
    source: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give it as column ``edit`` of a proposal keeps it."""
        shape = None if self.geometry is None else shapely.geometry.mapping(self.geometry)
        told: dict[str, Any] = {"grid": self.grid, "version": self.version, "geometry": shape}
        if self.version is None:
            told |= {"name": self.name, "kind": self.kind, "home": self.home, "source": self.source}
        return told

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Change:
        """Read it from column ``edit``."""
        shape = None if told["geometry"] is None else shapely.geometry.shape(told["geometry"])
        return cls(**{**told, "geometry": shape})


@dataclass(frozen=True)
class Plan:
    """An edit of stored grids: the changes, and the land that changes hands.

    Attributes
    ----------
    changes : list of Change
        One for each grid.
    moved : list of (before, after, geometry)
        Who had it, who has it now, where.
    """

    changes: list[Change]
    moved: list[tuple[tuple[str, ...], tuple[str, ...], Any]]


def plan(conn: psycopg.Connection[Any], entry: Listed, offer: Offer) -> Plan:
    """Compute the edit of a boundary offer from the grids as they are now.

    Raises
    ------
    Unrepairable
        It does not fit the land as it is.
    """
    net = land.network(conn, entry.network)
    make = _MAKERS.get(offer.action)
    if make is None:
        raise OfferUnknown
    around, edit = make(conn, net, entry, offer.fields)
    return Plan(_changes(conn, around, edit), [(move.before, move.after, move.geometry) for move in edit.moves])


def _changes(conn: psycopg.Connection[Any], around: land.Land, edit: Edit) -> list[Change]:
    changes = []
    for code, shape in edit.shapes.items():
        if code not in edit.made:
            changes.append(Change(code, around.versions[code], shape))
            continue
        source = edit.made[code]
        home = edit.homes.get(code)
        named = land.run(conn, "area_named", id=home).fetchone()
        parent = around.names.get(source) or (named[1] if named else "")
        kind = around.kinds.get(source, "general")
        changes.append(Change(code, None, shape, words.grid_name(parent, code), kind, home, source))
    return changes


Made = tuple[land.Land, "Edit"]
Fields = dict[str, Any]


def _place(conn: psycopg.Connection[Any], net: land.Network, entry: Listed) -> Any:  # noqa: ANN401
    """Give the gap an entry is about: its own place, or the one around its building."""
    shape = entry.geometry
    if shape is not None and shapely.get_dimensions(shape) == 0:
        shape = land.gap_at(conn, net.id, shape)
    if shape is None:
        raise NothingLeft
    return shape


def _give_gap(conn: psycopg.Connection[Any], net: land.Network, entry: Listed, fields: Fields) -> Made:
    place = _place(conn, net, entry)
    around = land.around(conn, net.id, place)
    return around, edits.give_gap(around.partition, place, fields["grid"])


def _share_gap(conn: psycopg.Connection[Any], net: land.Network, entry: Listed, _fields: Fields) -> Made:
    around = land.around(conn, net.id, entry.geometry)
    return around, edits.share_gap(around.partition, entry.geometry)


def _cover_gap(conn: psycopg.Connection[Any], net: land.Network, entry: Listed, _fields: Fields) -> Made:
    around = land.around(conn, net.id, entry.geometry)
    home = edits.community(around.partition, entry.geometry)
    (code,) = land.fresh_codes(conn, net.id, home, 1)
    return around, edits.cover_gap(around.partition, entry.geometry, code, home)


def _overlap(conn: psycopg.Connection[Any], net: land.Network, entry: Listed, fields: Fields) -> Made:
    one, other = entry.grids[:2]
    around = land.around(conn, net.id, codes=[one, other])
    return around, edits.settle_overlap(around.partition, one, other, fields.get("grid"))


def _cut_back(conn: psycopg.Connection[Any], net: land.Network, _entry: Listed, fields: Fields) -> Made:
    around = land.around(conn, net.id, codes=[fields["grid"]])
    return around, edits.cut_back(around.partition, fields["grid"])


def _join_piece(conn: psycopg.Connection[Any], net: land.Network, entry: Listed, fields: Fields) -> Made:
    around = land.around(conn, net.id, entry.geometry, [fields["grid"]])
    return around, edits.join_piece(around.partition, entry.geometry, fields["grid"], fields["into"])


def _free_piece(conn: psycopg.Connection[Any], net: land.Network, entry: Listed, fields: Fields) -> Made:
    grid = fields["grid"]
    around = land.around(conn, net.id, entry.geometry, [grid])
    (code,) = land.fresh_codes(conn, net.id, around.partition.homes.get(grid), 1, grid)
    return around, edits.free_piece(around.partition, entry.geometry, grid, code)


def _split(conn: psycopg.Connection[Any], net: land.Network, _entry: Listed, fields: Fields) -> Made:
    grid = fields["grid"]
    around = land.around(conn, net.id, codes=[grid])
    _there(around.partition, grid)
    codes = land.fresh_codes(conn, net.id, around.partition.homes.get(grid), int(fields["pieces"]) - 1, grid)
    houses, roads = land.houses(conn, net.id, grid), land.roads(conn, net.id, grid)
    return around, split(around.partition, grid, codes, houses, roads, net.households_max or float("inf"))


def _merge(conn: psycopg.Connection[Any], net: land.Network, _entry: Listed, fields: Fields) -> Made:
    around = land.around(conn, net.id, codes=[fields["grid"]])
    return around, edits.merge(around.partition, fields["grid"], fields["into"])


def _move_border(conn: psycopg.Connection[Any], net: land.Network, _entry: Listed, fields: Fields) -> Made:
    shape, others = land.house(conn, net, fields["building"])
    if shape is None:
        raise NothingLeft
    around = land.around(conn, net.id, shape, [fields["grid"]])
    return around, edits.move_border(around.partition, shape, fields["grid"], others)


def _there(partition: Partition, *grids: str) -> None:
    if any(grid not in partition.grids for grid in grids):
        raise NothingLeft


_MAKERS: dict[str, Callable[[psycopg.Connection[Any], land.Network, Listed, Fields], Made]] = {
    "give_gap": _give_gap,
    "share_gap": _share_gap,
    "cover_gap": _cover_gap,
    "settle_overlap": _overlap,
    "share_overlap": _overlap,
    "cut_back": _cut_back,
    "join_piece": _join_piece,
    "free_piece": _free_piece,
    "split": _split,
    "merge": _merge,
    "move_border": _move_border,
}


def codes_of(changes: Sequence[Change]) -> list[str]:
    """Give the codes of all grids an edit changes."""
    return [change.grid for change in changes]
