"""Which moment a run judges: now, or the end of the last day a network's records are complete for.

An office that gets its visits by the month, and a demo whose year is over, would otherwise be
told that everything is overdue. What was recorded since that day counts as of it, so that a
person appointed or a grid visited today takes a finding away at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from datetime import datetime

    from gis.coverage.engine import Workspace


def stand(space: Workspace, network: int, now: datetime) -> datetime:
    """Fix the moment that is judged, and let the office's views count what came since as of it.

    Parameters
    ----------
    space : Workspace
        With the views of the office.
    network : int
        Which network.
    now : datetime
        When the run began.

    Returns
    -------
    datetime
        What ``cov_now`` holds.
    """
    row = space.conn.execute("SELECT atlas.judged_at(%s, %s)", (network, now)).fetchone()
    assert row is not None
    at: datetime = row[0]
    if at < now:
        space.run("scratch.sql", "standing", network=sql.Literal(network), at=sql.Literal(at), now=sql.Literal(now))
    space.moment(at)
    return at
