"""Judges the stored office and keeps what was found: assignments, findings, the headline.

One transaction per network. A refresh that finds what the last one found changes no finding
(their numbers stay, and tiles stay valid); it still leaves its own row and its audit row.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from gis.coverage import engine
from gis.coverage import moment
from gis.coverage import summary
from gis.coverage.engine import statement
from gis.coverage.keeping import keep
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.errors import NotFound
from gis.i18n import translate as _
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.coverage.raw import Raw

FILE = "refresh.sql"
LOCK_SPACE = 7_041_976
NO_LIMIT = 1e9
ANALYSED = ("area", "grid", "building", "incident", "excluded")


class NetworkMissing(NotFound):
    """No network has this code."""

    template = "没有编码为 {code} 的网格网络。"
    cure = "请先导入网格,或检查网络编码。"


def networks(actor: Actor) -> list[str]:
    """Give the codes of the networks that have grids in force."""
    with session(actor) as conn:
        rows = conn.execute(
            "SELECT n.code FROM atlas.network n WHERE EXISTS "
            "(SELECT FROM atlas.grid g WHERE g.network_id = n.id AND g.valid_to IS NULL) ORDER BY n.id"
        )
        return [code for (code,) in rows]


def refresh(actor: Actor, network_code: str, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Judge one network anew and store the result.

    Parameters
    ----------
    actor : Actor
        Who asked; the work itself is done as a job in this name.
    network_code : str
        Which network.
    progress : callable, optional
        Told the name of each step.

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
    started = datetime.now(UTC)
    if not may(actor):
        raise NotAllowed
    with session(Actor(actor.name, ActorKind.JOB, actor.origin)) as conn:
        row = conn.execute(statement(FILE, "network"), {"network": network_code}).fetchone()
        if row is None:
            raise NetworkMissing(code=network_code)
        network, *limits = row
        conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK_SPACE, network))
        for table in ANALYSED:
            conn.execute(sql.SQL("ANALYZE atlas.{}").format(sql.Identifier(table)))
        space = engine.Workspace(conn)
        space.run("scratch.sql", "forget")
        space.run("scratch.sql", "office", network=sql.Literal(network))
        moment.stand(space, network, started)
        known, pointlike = conn.execute(statement(FILE, "known")).fetchone() or (False, 0)
        space.parameters({**_limits(limits), "households_known": float(known), "pointlike": float(pointlike)})
        engine.derive(space, progress)
        found = engine.judge(space, progress)
        figures = summary.figures(conn, found, households_known=known, notes=[] if known else ["no_households"])
        moved = _assign(space, network)
        figures["digest"] = _digest(found)
        kept = keep(conn, network, found, within=None, at=started)
        figures.update(summary.uncovered(conn, network, figures))
        conn.execute(statement(FILE, "done"), {"network": network, "summary": Jsonb(figures), "started": started})
        conn.execute(
            statement(FILE, "audit"),
            {
                "code": network_code,
                "after": Jsonb({"findings": len(found), "replaced": kept.moved, "reassigned": moved}),
            },
        )
        space.run("scratch.sql", "forget")
        space.drop()
    return figures


def may(actor: Actor) -> bool:
    """Whether an actor may refresh: a job, or who answers for the whole office's coverage."""
    if actor.kind is ActorKind.JOB:
        return True
    with session(actor) as conn:
        row = conn.execute("SELECT atlas.has_role('{planner,supervisor}') AND atlas.everywhere()").fetchone()
    return row == (True,)


def _limits(row: list[Any]) -> dict[str, float]:
    """Give the parameters of a network; a size without a limit is never exceeded."""
    sliver, border, low, high = row
    return {
        "sliver_width_m": float(sliver),
        "border_distance_m": float(border),
        "households_min": 0.0 if low is None else float(low),
        "households_max": NO_LIMIT if high is None else float(high),
    }


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
