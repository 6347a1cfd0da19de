"""What can be done about an entry of the ledger, by its rule.

A boundary offer is an edit that :mod:`gis.coverage.remedies.planning` computes; a record offer
is a repair of one record that is sure; a task goes to somebody. Only what fits is offered: land
is never offered to a grid of another community.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

from gis.coverage.remedies import edits
from gis.coverage.remedies import land
from gis.coverage.remedies import words
from gis.coverage.remedies.errors import OfferUnknown
from gis.coverage.remedies.errors import Unrepairable
from gis.vocabulary import RuleKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    import psycopg

MOST = 3
"""Neighbours that are offered the same land at most."""


class Kind(StrEnum):
    """What an offer leads to."""

    BOUNDARY = "boundary"
    RECORD = "record"
    TASK = "task"


class Listed(Protocol):
    """What is needed of an entry: any object with these members (``gis.coverage.ledger.Entry`` has them)."""

    id: Any
    network: str
    rule: str
    subjects: dict[str, Any]
    grids: list[str]
    buildings: list[str]
    remedies: list[dict[str, Any]]

    @property
    def geometry(self) -> Any:  # noqa: ANN401
        """Its place."""


@dataclass(frozen=True)
class Offer:
    """One thing that can be done about an entry.

    Attributes
    ----------
    kind : Kind
        ``boundary``: preview, propose, apply; ``record``: repair at once; ``task``: give it to somebody.
    action : str
        What it does; of a task: its kind.
    fields : dict
        What the action needs to know (``grid``, ``into``, ``pieces`` …).
    needs : tuple of str
        What whoever takes it has to give: ``reason``, ``owner``, ``due``, ``note``.
    """

    kind: Kind
    action: str
    fields: dict[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name within its entry, the same from reading to reading."""
        return ":".join([self.kind, self.action, *(str(self.fields[name]) for name in sorted(self.fields))])

    @property
    def title(self) -> str:
        """One sentence, in the language in force."""
        return words.offer(self.kind, self.action, self.fields)

    def as_json(self) -> dict[str, Any]:
        """Give it as it is stored with a proposal."""
        return {"kind": str(self.kind), "action": self.action, "fields": self.fields}


def offers(conn: psycopg.Connection[Any], entry: Listed) -> list[Offer]:
    """Give what can be done about an entry, best first.

    Parameters
    ----------
    conn : Connection
        Of a session; of grids and areas everybody sees all.
    entry : Entry
        An entry of the ledger.
    """
    rule = RuleKey(entry.rule)
    found: list[Offer] = []
    # Where the land is another one by now, the tasks are left; the next run of the rules closes the entry.
    with suppress(Unrepairable):
        found += _BOUNDARY[rule](conn, entry) if rule in _BOUNDARY else []
    found += [
        Offer(Kind.TASK, kind, _task_fields(entry), ("owner", "due", "note")) for kind in _tasks(rule, entry.subjects)
    ]
    return found


def find(conn: psycopg.Connection[Any], entry: Listed, key: str) -> Offer:
    """Give the offer of this name.

    Raises
    ------
    OfferUnknown
        The entry has no such offer (any more).
    """
    chosen = next((offer for offer in offers(conn, entry) if offer.key == key), None)
    if chosen is None:
        raise OfferUnknown
    return chosen


def _boundary(action: str, **fields: Any) -> Offer:  # noqa: ANN401
    return Offer(Kind.BOUNDARY, action, fields)


def _task_fields(entry: Listed) -> dict[str, Any]:
    return {"grid": entry.grids[0]} if entry.grids else {}


def _tasks(rule: RuleKey, subjects: Mapping[str, Any]) -> Sequence[str]:
    if rule is RuleKey.UNASSIGNED_BUILDING:
        return ("correct",) if subjects.get("kind") == "declared" else ("verify", "correct")
    if rule is RuleKey.STRAY_PART:
        return ("verify",) if subjects.get("kind") == "detached" else ("claim",)
    return _TASKS[rule]


_TASKS: dict[RuleKey, tuple[str, ...]] = {
    RuleKey.UNCLAIMED_LAND: ("verify",),
    RuleKey.CONTESTED_LAND: ("claim",),
    RuleKey.BOUNDARY_BUILDING: ("verify",),
    RuleKey.UNSTAFFED_GRID: ("appoint",),
    RuleKey.GRID_SIZE: ("verify",),
    RuleKey.OVERDUE_VISIT: ("visit",),
    RuleKey.UNTOUCHED_AREA: ("visit", "patrol"),
    RuleKey.SILENT_CATEGORY: ("verify", "patrol"),
    RuleKey.HOTLINE_ONLY: ("patrol", "verify"),
    RuleKey.UNCOVERED_VENUE: ("appoint", "claim"),
    RuleKey.UNOWNED_MATTER: ("claim",),
    RuleKey.UNCOVERED_HOURS: ("patrol", "appoint"),
    RuleKey.UNLOCATED_RECORD: ("correct",),
    RuleKey.OUTDATED_BOUNDARY: ("verify", "correct"),
    RuleKey.SEAM: ("claim", "verify"),
}


def _gap(conn: psycopg.Connection[Any], entry: Listed) -> Iterator[Offer]:
    """Offer unclaimed land to each neighbour, to all of them, to a grid of its own, or as an allowed gap."""
    net = land.network(conn, entry.network)
    able = edits.takers(land.around(conn, net.id, entry.geometry).partition, entry.geometry)
    best = sorted(able, key=lambda code: (-round(able[code], 2), code))
    for code in best[:MOST]:
        yield _boundary("give_gap", grid=code, shared_m=round(able[code], 1))
    if len(best) > 1:
        yield _boundary("share_gap")
    yield _boundary("cover_gap")
    yield Offer(Kind.RECORD, "exclude", needs=("reason",))


def _seam(conn: psycopg.Connection[Any], entry: Listed) -> Iterator[Offer]:
    """Offer a strip between two communities to the grids on each side of it."""
    net = land.network(conn, entry.network)
    partition = land.around(conn, net.id, entry.geometry).partition
    if edits.open_land(partition, entry.geometry):
        yield _boundary("share_gap")
        yield Offer(Kind.RECORD, "exclude", needs=("reason",))


def _overlap(conn: psycopg.Connection[Any], entry: Listed) -> Iterator[Offer]:
    """Offer contested land to one of the two grids, or to each what lies in its community."""
    one, other = entry.grids[:2]
    net = land.network(conn, entry.network)
    partition = land.around(conn, net.id, codes=[one, other]).partition
    able = edits.winners(partition, one, other)
    if partition.homes.get(one) != partition.homes.get(other):
        yield _boundary("share_overlap", one=one, other=other)
    ranked = [(item["grid"], item["action"]) for item in entry.remedies if item.get("grid") in able]
    why: dict[str, str] = {}
    for grid, action in [*ranked, *((grid, "") for grid in able)]:
        why.setdefault(grid, action)
    for grid, action in why.items():
        yield _boundary("settle_overlap", grid=grid, loser=other if grid == one else one, why=action)


def _stray(conn: psycopg.Connection[Any], entry: Listed) -> Iterator[Offer]:
    """Offer to cut back a grid that reaches out of its community, or to give a detached piece away."""
    grid = entry.grids[0]
    if entry.subjects.get("kind") != "detached":
        yield _boundary("cut_back", grid=grid)
        return
    net = land.network(conn, entry.network)
    partition = land.around(conn, net.id, entry.geometry, [grid]).partition
    able = edits.joiners(partition, entry.geometry, grid)
    for code in sorted(able, key=lambda code: (-round(able[code], 2), code))[:MOST]:
        yield _boundary("join_piece", grid=grid, into=code)
    yield _boundary("free_piece", grid=grid)


def _size(conn: psycopg.Connection[Any], entry: Listed) -> Iterator[Offer]:
    """Offer to split a grid with too many households, to merge one with too few."""
    grid = entry.grids[0]
    net = land.network(conn, entry.network)
    if entry.subjects.get("kind") == "large":
        pieces = next((int(item["pieces"]) for item in entry.remedies if item.get("pieces")), 2)
        households = int(land.loads(conn, net.id, [grid]).get(grid, {}).get("households", 0))
        yield _boundary("split", grid=grid, pieces=max(pieces, 2))
        if households / (pieces + 1) >= (net.households_min or 0):
            yield _boundary("split", grid=grid, pieces=max(pieces, 2) + 1)
        return
    around = land.around(conn, net.id, codes=[grid])
    able = edits.touching(around.partition, grid)
    held = land.loads(conn, net.id, [grid, *able])
    same = [code for code in able if around.kinds[code] == around.kinds[grid]]
    most = net.households_max or float("inf")

    def order(code: str) -> tuple[bool, float, str]:
        return int(held[code]["households"]) + int(held[grid]["households"]) > most, -round(able[code], 1), code

    for code in sorted(same, key=order)[:MOST]:
        yield _boundary("merge", grid=grid, into=code)


def _building(conn: psycopg.Connection[Any], entry: Listed) -> Iterator[Offer]:
    """Offer a building on a border wholly to each of the grids it touches."""
    net = land.network(conn, entry.network)
    shape, _others = land.house(conn, net, entry.buildings[0])
    if shape is None:
        return
    around = land.around(conn, net.id, shape)
    for grid in [code for code in entry.grids if edits.may_hold(around.partition, shape, code)][:MOST]:
        yield _boundary("move_border", grid=grid, building=entry.buildings[0])


def _unassigned(conn: psycopg.Connection[Any], entry: Listed) -> Iterator[Offer]:
    """Offer the land around a building to a grid, or to correct the grid its record names."""
    if entry.subjects.get("kind") == "declared":
        if entry.grids:
            yield Offer(Kind.RECORD, "declare", {"building": entry.buildings[0], "grid": entry.grids[0]})
        return
    if entry.geometry is None:
        return
    net = land.network(conn, entry.network)
    gap = land.gap_at(conn, net.id, entry.geometry)
    if gap is not None:
        able = edits.takers(land.around(conn, net.id, gap).partition, gap)
        for code in sorted(able, key=lambda code: (code not in entry.grids, -round(able[code], 2), code))[:MOST]:
            yield _boundary("give_gap", grid=code, shared_m=round(able[code], 1))


_BOUNDARY = {
    RuleKey.UNCLAIMED_LAND: _gap,
    RuleKey.SEAM: _seam,
    RuleKey.CONTESTED_LAND: _overlap,
    RuleKey.STRAY_PART: _stray,
    RuleKey.GRID_SIZE: _size,
    RuleKey.BOUNDARY_BUILDING: _building,
    RuleKey.UNASSIGNED_BUILDING: _unassigned,
}
