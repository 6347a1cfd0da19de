"""Writes what a remedy changes: new versions of grids, audit rows, lines in an entry's history.

Grids are versioned here and not in :mod:`gis.records` because the two stand on one floor; both
take the same lock and follow the same rules (docs/records.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import shapely
from psycopg.types.json import Jsonb

from gis.coverage.remedies import land
from gis.coverage.remedies.errors import GridMoved
from gis.datasets import Dataset
from gis.errors import NotAllowed
from gis.i18n import joined

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    import psycopg

    from gis.coverage.remedies.planning import Change
    from gis.coverage.remedies.planning import Plan


def fits(conn: psycopg.Connection[Any], net: int, changes: Sequence[Change]) -> None:
    """See that grids are in the versions an edit was made from; nobody else writes grids from here on.

    Raises
    ------
    GridMoved
        A version is not the one in force any more, or a new code was used meanwhile.
    """
    land.run(conn, "lock", dataset=list(Dataset).index(Dataset.GRIDS))
    standing = [change for change in changes if change.version is not None]
    fresh = [change for change in changes if change.version is None]
    now = dict(land.run(conn, "in_force", network=net, codes=[change.grid for change in standing]).fetchall())
    used = {code for (code,) in land.run(conn, "known", network=net, codes=[change.grid for change in fresh])}
    moved = [c.grid for c in standing if now.get(c.grid) != c.version] + [c.grid for c in fresh if c.grid in used]
    if moved:
        raise GridMoved(grids=joined(moved))


def write(conn: psycopg.Connection[Any], net: int, changes: Sequence[Change]) -> None:
    """Give grids new versions, in the transaction of ``conn``; a grid is never updated in place.

    Raises
    ------
    GridMoved
        As :func:`fits`.
    NotAllowed
        The actor may not write one of them.
    """
    fits(conn, net, changes)
    standing = [change for change in changes if change.version is not None]
    for change in standing:
        _one(land.run(conn, "close", network=net, code=change.grid, version=change.version))
    for change in standing:
        if change.geometry is not None:
            wkb = shapely.to_wkb(change.geometry)
            _one(land.run(conn, "renew", network=net, code=change.grid, version=change.version, geom=wkb))
    for change in changes:
        if change.version is None:
            given = {"network": net, "code": change.grid, "name": change.name, "kind": change.kind}
            _one(land.run(conn, "create", home=change.home, geom=shapely.to_wkb(change.geometry), **given))


def follow(conn: psycopg.Connection[Any], made: Plan) -> int:
    """Let building records that named the grid they were in name the one they are in now; how many.

    A file that still names the old grid says so again when it comes in, and the rule finds it.
    """
    done = [
        land.run(conn, "follow", before=list(before), after=after[0], place=shapely.to_wkb(geometry)).rowcount
        for before, after, geometry in made.moved
        if before and len(after) == 1
    ]
    return sum(done)


def follow_posts(conn: psycopg.Connection[Any], net: int, made: Plan) -> list[dict[str, Any]]:
    """Let the posts of grids that ended go on in the grid that has most of their land now, or end with them.

    Returns
    -------
    list of dict
        ``post``, ``grid`` (the one that ended), ``into`` (who has its land), ``goes_on`` (the new post; None: ended).
    """
    moves = []
    for change in made.changes:
        if change.geometry is not None or change.version is None:
            continue
        into = _heir(change.grid, made)
        for post, goes_on in land.run(conn, "posts", network=net, code=change.grid, into=into).fetchall():
            moves.append({"post": post, "grid": change.grid, "into": into, "goes_on": goes_on})
    return moves


def _heir(ended: str, made: Plan) -> str | None:
    """Give the grid that most of the land of an ended one went to."""
    held: dict[str, float] = {}
    for before, after, geometry in made.moved:
        if ended in before and len(after) == 1:
            held[after[0]] = held.get(after[0], 0.0) + geometry.area
    return max(held, key=lambda code: (held[code], code)) if held else None


def note(
    conn: psycopg.Connection[Any],
    action: str,
    relation: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Write an audit row in the transaction of the deed."""
    land.run(
        conn, "note", action=action, relation=relation, subject=subject, reason=reason,
        before=None if before is None else Jsonb(before), after=None if after is None else Jsonb(after),
    )  # fmt: skip


def event(
    conn: psycopg.Connection[Any],
    entry: int,
    act: str,
    before: str | None,
    after: str,
    text: str,
    data: Mapping[str, Any],
) -> None:
    """Write a line in the history of an entry."""
    land.run(conn, "event", entry=entry, act=act, before=before, after=after, note=text, data=Jsonb(data))


def _one(done: psycopg.Cursor[Any]) -> None:
    if done.rowcount != 1:
        raise NotAllowed
