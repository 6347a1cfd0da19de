"""Which moment a run judges: now, or the end of the last day a network's records are complete for.

An office that gets its visits by the month, and a demo whose year is over, would otherwise be
told that everything is overdue. What was recorded since that day counts as of it, so that a
person appointed or a grid visited today takes a finding away at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import NotAllowed
from gis.errors import NotFound

if TYPE_CHECKING:
    from datetime import date
    from datetime import datetime

    import psycopg

    from gis.coverage.engine import Workspace
    from gis.vocabulary import Actor


class NetworkMissing(NotFound):
    """No network has this code."""

    template = "没有编码为 {code} 的网格网络。"
    cure = "请先导入网格,或检查网络编码。"


class DayAhead(BadInput):
    """Records cannot be complete for a day that is not over."""

    template = "{day} 还没有过完,资料不可能已经齐全。"
    cure = "请写今天以前的日期;要按当天判断,请用 --running。"


def complete_until(conn: psycopg.Connection[Any], network: str) -> date | None:
    """Give the last day the records of a network are complete for; None while the running day is judged."""
    row = conn.execute("SELECT complete_until FROM atlas.network WHERE code = %s", (network,)).fetchone()
    return None if row is None else row[0]


def set_complete_until(actor: Actor, network: str, day: date | None) -> None:
    """Say up to which day the records of a network are complete (资料截止日): rules judge that day from then on.

    The whole network is marked to be judged anew in the same transaction, and the deed is audited.

    Parameters
    ----------
    actor : Actor
        A job, or a planner of the whole office.
    network : str
        Code of the network.
    day : date or None
        A day that is over; None: judge the running day again.

    Raises
    ------
    NetworkMissing, DayAhead, NotAllowed
    """
    with session(actor) as conn:
        row = conn.execute(
            "SELECT id, complete_until, atlas.today() FROM atlas.network WHERE code = %s", (network,)
        ).fetchone()
        if row is None:
            raise NetworkMissing(code=network)
        number, before, today = row
        if day is not None and day >= today:
            raise DayAhead(day=day)
        if day == before:
            return
        changed = conn.execute(
            "UPDATE atlas.network SET complete_until = %s, updated_at = now() WHERE id = %s", (day, number)
        )
        if changed.rowcount != 1:
            raise NotAllowed
        conn.execute(
            "INSERT INTO atlas.audit (action, relation, subject, before, after)"
            " VALUES ('until', 'network', %s, %s, %s)",
            (network, *(Jsonb({"complete_until": None if d is None else d.isoformat()}) for d in (before, day))),
        )


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
