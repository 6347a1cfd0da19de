"""Runs the rules again around an edit, within the transaction that makes it.

Nothing here knows how a run works: :mod:`gis.coverage.local` judges the marks the edit left.
"""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

import psycopg

from gis.coverage import refresh
from gis.coverage.local import Desk
from gis.coverage.local import Local
from gis.coverage.local import WholeNeeded
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.coverage.remedies.land import Network

Result = TypeVar("Result")


def within(
    actor: Actor,
    net: Network,
    work: Callable[[psycopg.Connection[Any], Callable[[], None]], Result],
    *,
    lasting: bool,
) -> Result:
    """Do some work as a job in an actor's name, on findings that are up to date.

    Parameters
    ----------
    actor : Actor
        In whose name.
    net : Network
        Its lock is held until the transaction ends: no run of the worker comes between.
    work : callable
        Gets a connection, and what judges anew what was written on it.
    lasting : bool
        Whether what was done stands; otherwise all of it is taken back.
    """
    job = Actor(actor.name, ActorKind.JOB, actor.origin)
    desk = Desk()
    try:
        # What others left to be judged comes first, and stands: it is not this edit's doing.
        refresh.refresh_dirty(desk, job, net.code)
        try:
            return _once(desk, job, net, work, lasting=lasting)
        except WholeNeeded:
            refresh.refresh(job, net.code)
            return _once(desk, job, net, work, lasting=lasting)
    finally:
        desk.close()


def settle(actor: Actor, net: Network) -> None:
    """Judge anew what changed in a network."""
    desk = Desk()
    try:
        refresh.refresh_dirty(desk, Actor(actor.name, ActorKind.JOB, actor.origin), net.code)
    finally:
        desk.close()


def _once(
    desk: Desk,
    job: Actor,
    net: Network,
    work: Callable[[psycopg.Connection[Any], Callable[[], None]], Result],
    *,
    lasting: bool,
) -> Result:
    with desk.transaction(job) as conn:
        conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (refresh.LOCK_SPACE, net.id))
        result = work(conn, lambda: _judge(conn, net))
        if not lasting:
            raise psycopg.Rollback
    return result


def _judge(conn: psycopg.Connection[Any], net: Network) -> None:
    Local(conn, net.id, net.code, datetime.now(UTC)).run()
