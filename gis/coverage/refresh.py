"""Judges the stored office and keeps what was found: assignments, findings, the headline.

One transaction per network. A refresh that finds what the last one found changes no finding
(their numbers stay, and tiles stay valid); it still leaves its own row and its audit row. What
changed since the last run is marked (``dirty``); :func:`refresh_dirty` judges only that, a
whole run takes all marks with it. The worker (:mod:`gis.jobs`) decides when.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

from psycopg import sql
from psycopg.types.json import Jsonb

from gis.coverage import engine
from gis.coverage import limits
from gis.coverage import moment
from gis.coverage import summary
from gis.coverage.engine import statement
from gis.coverage.keeping import Within
from gis.coverage.keeping import keep
from gis.coverage.local import Local
from gis.coverage.local import WholeNeeded
from gis.coverage.local import witness
from gis.coverage.moment import NetworkMissing
from gis.coverage.progress import Progress
from gis.coverage.progress import failed
from gis.coverage.rules import RULES
from gis.coverage.rules import Unit
from gis.db.connection import session
from gis.errors import DatabaseUnavailable
from gis.errors import GridAtlasError
from gis.errors import NotAllowed
from gis.i18n import translate as _
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from gis.coverage.keeping import Kept
    from gis.coverage.local import Desk
    from gis.coverage.raw import Raw

T = TypeVar("T")

FILE = "refresh.sql"
LOCK_SPACE = 7_041_976
ANALYSED = ("area", "grid", "building", "incident", "excluded")


def networks(actor: Actor) -> list[str]:
    """Give the codes of the networks that have grids in force."""
    with session(actor) as conn:
        rows = conn.execute(
            "SELECT n.code FROM atlas.network n WHERE EXISTS "
            "(SELECT FROM atlas.grid g WHERE g.network_id = n.id AND g.valid_to IS NULL) ORDER BY n.id"
        )
        return [code for (code,) in rows]


def refresh(
    actor: Actor, network_code: str, progress: Callable[[str], None] | None = None, *, marked: bool = False
) -> dict[str, Any]:
    """Judge one network anew and store the result.

    Parameters
    ----------
    actor : Actor
        Who asked; the work itself is done as a job in this name.
    network_code : str
        Which network.
    progress : callable, optional
        Told the name of each step.
    marked : bool
        Do nothing where no change is marked by the time it is our turn: the worker was faster.

    Returns
    -------
    dict
        The summary (see ``docs/check.md``), as stored in ``atlas.refresh``.

    Raises
    ------
    NetworkMissing
        No such network.
    NotAllowed
        A person who is neither planner nor supervisor of the whole office.
    DatabaseUnavailable, DiskFull
        Nothing was kept.
    """
    if not may(actor):
        raise NotAllowed
    job = Actor(actor.name, ActorKind.JOB, actor.origin)
    return _told(
        job, network_code, "all", lambda network, tell: _whole(job, network_code, network, tell, marked), progress
    )


def refresh_dirty(desk: Desk, actor: Actor, network_code: str) -> Kept | None:
    """Judge anew what changed in a network since the last run; whole where too much did.

    Parameters
    ----------
    desk : Desk
        Connection kept for local runs.
    actor : Actor
        A job.
    network_code : str
        Which network.

    Returns
    -------
    Kept or None
        What became of the findings of the places that changed; None where nothing was marked,
        and after a whole run.

    Raises
    ------
    NetworkMissing, DatabaseUnavailable, DiskFull, Busy
        Nothing was kept, and the marks are still there.
    """
    at = datetime.now(UTC)
    try:
        with desk.transaction(actor) as conn:
            network = _network(conn, network_code)
            conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK_SPACE, network))
            kept = Local(conn, network, network_code, at).run()
            if kept is not None:
                conn.execute(statement(FILE, "ran"), {"network": network, "task": "dirty", "at": at, "there": None})
            return kept
    except WholeNeeded:
        refresh(actor, network_code)
        return None


def refresh_statistics(actor: Actor, network_code: str) -> Kept:
    """Judge the rules anew that compare the whole network.

    Raises
    ------
    NetworkMissing, DatabaseUnavailable, DiskFull, Busy
        Nothing was kept.
    """
    return _told(actor, network_code, "statistics", lambda network, tell: _statistics(actor, network, tell), None)


def _told(
    job: Actor,
    code: str,
    task: str,
    work: Callable[[int, Callable[[str], None]], T],
    also: Callable[[str], None] | None,
) -> T:
    """Do the work of a run and tell how far it is."""
    with session(job) as conn:
        network = _network(conn, code)
    tell = Progress(job, network, task, len(engine.STEPS) + len(RULES) + 1, also)
    try:
        return work(network, tell)
    except GridAtlasError as error:
        if not isinstance(error, DatabaseUnavailable):
            failed(job, code, error.message)
        raise


def _network(conn: psycopg.Connection[Any], code: str) -> int:
    row = conn.execute("SELECT id FROM atlas.network WHERE code = %s", (code,)).fetchone()
    if row is None:
        raise NetworkMissing(code=code)
    return int(row[0])


def _whole(job: Actor, code: str, network: int, tell: Callable[[str], None], marked: bool) -> dict[str, Any]:
    with session(job) as conn:
        conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK_SPACE, network))
        done = conn.execute(statement(FILE, "unmarked"), {"network": network}).fetchone() if marked else None
        if done is not None:
            conn.execute(statement(FILE, "idle"), {"network": network})
            summed: dict[str, Any] = done[0]
            return summed
        started = datetime.now(UTC)
        # The marks go first: what is changed from here on leaves marks of its own.
        conn.execute(statement(FILE, "clean"), {"network": network})
        space, known = _open(conn, network, started)
        engine.derive(space, tell)
        found = engine.judge(space, tell)
        tell("keep")
        figures = summary.figures(conn, found, households_known=known, notes=[] if known else ["no_households"])
        moved = _assign(space, network)
        figures["digest"] = _digest(found)
        kept = keep(conn, network, found, within=None, at=started)
        figures.update(summary.uncovered(conn, network, figures))
        conn.execute(statement(FILE, "done"), {"network": network, "summary": Jsonb(figures), "started": started})
        conn.execute(
            statement(FILE, "audit"),
            {"code": code, "after": Jsonb({"findings": len(found), "replaced": kept.moved, "reassigned": moved})},
        )
        there = witness(conn)
        conn.execute(statement(FILE, "ran"), {"network": network, "task": "all", "at": started, "there": Jsonb(there)})
        space.run("scratch.sql", "forget")
        space.drop()
    return figures


def _open(conn: psycopg.Connection[Any], network: int, started: datetime) -> tuple[engine.Workspace, bool]:
    """Open a workspace over the whole network; whether any building has households."""
    for table in ANALYSED:
        conn.execute(sql.SQL("ANALYZE atlas.{}").format(sql.Identifier(table)))
    space = engine.Workspace(conn)
    space.run("scratch.sql", "forget")
    space.run("scratch.sql", "office", network=sql.Literal(network))
    moment.stand(space, network, started)
    known, pointlike = conn.execute(statement(FILE, "known")).fetchone() or (False, 0)
    space.parameters(limits.parameters(conn, network, households_known=known, pointlike=pointlike > 0))
    space.policy(limits.policy(conn, network))
    return space, known


def _statistics(job: Actor, network: int, tell: Callable[[str], None]) -> Kept:
    rules = tuple(key for key, rule in RULES.items() if rule.unit is Unit.NETWORK)
    with session(job) as conn:
        conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK_SPACE, network))
        started = datetime.now(UTC)
        conn.execute(statement(FILE, "clean_statistics"), {"network": network})
        space, _known = _open(conn, network, started)
        engine.derive(space, tell)
        found = engine.judge(space, tell, rules)
        tell("keep")
        kept = keep(conn, network, found, within=Within(whole=frozenset(map(str, rules))), at=started)
        conn.execute(statement(FILE, "recount"), {"network": network})
        conn.execute(statement(FILE, "ran"), {"network": network, "task": "statistics", "at": started, "there": None})
        space.run("scratch.sql", "forget")
        space.drop()
    return kept


def may(actor: Actor) -> bool:
    """Whether an actor may refresh: a job, or who answers for the whole office's coverage."""
    if actor.kind is ActorKind.JOB:
        return True
    with session(actor) as conn:
        row = conn.execute("SELECT atlas.has_role('{planner,supervisor}') AND atlas.everywhere()").fetchone()
    return row == (True,)


def _assign(space: engine.Workspace, network: int) -> int:
    """Bring ``atlas.assignment`` up to date; say how many rows differed."""
    space.table("cov_assigned", statement(FILE, "assigned"), ("building_id",))
    row = space.conn.execute(statement(FILE, "differences"), {"network": network}).fetchone()
    moved = int(row[0]) if row else 0
    if moved:
        space.conn.execute(statement(FILE, "drop_stale"), {"network": network})
        space.conn.execute(statement(FILE, "add_fresh"), {"network": network})
    return moved


def _digest(found: list[Raw]) -> str:
    """Hash of what was found, whatever order parallel workers gave it in."""
    lines = sorted(
        hashlib.sha256(
            json.dumps(
                [raw.rule, raw.severity, raw.measure, raw.subjects, raw.grid_codes, raw.building_ids, raw.area_id],
                sort_keys=True, default=str,
            ).encode() + (raw.geom or b"")
        ).hexdigest()
        for raw in found
    )  # fmt: skip
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def describe(figures: dict[str, Any]) -> str:
    """Say a refresh in one sentence."""
    return _("发现 {total} 个问题,其中盲区 {blind} 个、禁止发布 {block} 个。").format(
        total=sum(figures["by_severity"].values()),
        blind=figures["by_severity"]["blind"],
        block=figures["by_severity"]["block"],
    )
