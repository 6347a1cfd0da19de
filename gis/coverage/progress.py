"""How far a run is, written where everybody can read it while the run is not yet kept.

One row per network in ``run``, written in transactions of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from psycopg.rows import dict_row

from gis.db.connection import session

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from gis.vocabulary import Actor

BEGIN = """
    INSERT INTO atlas.run AS r (network_id, task, steps) VALUES (%(network)s, %(task)s, %(steps)s)
    ON CONFLICT (network_id) DO UPDATE SET task = EXCLUDED.task, stage = '', step = 0, steps = EXCLUDED.steps,
        actor = EXCLUDED.actor, error = NULL, started_at = now(), seen_at = now(), finished_at = NULL
"""
STEP = "UPDATE atlas.run SET stage = %(stage)s, step = step + 1, seen_at = now() WHERE network_id = %(network)s"
FAIL = """
    UPDATE atlas.run AS r SET error = %(error)s, seen_at = now(), finished_at = now()
    FROM atlas.network AS n WHERE n.id = r.network_id AND n.code = %(network)s
"""
NEWEST = """
    SELECT r.task, r.stage, r.step, r.steps, r.error, r.started_at, r.seen_at, r.finished_at FROM atlas.run AS r
    JOIN atlas.network AS n ON n.id = r.network_id WHERE n.code = %(network)s
"""


class Progress:
    """Tells of one run of one network."""

    def __init__(
        self, actor: Actor, network: int, task: str, steps: int, also: Callable[[str], None] | None = None
    ) -> None:
        self.actor = actor
        self.network = network
        self.also = also
        self._write(BEGIN, task=task, steps=steps)

    def __call__(self, stage: str) -> None:
        """Say which step begins."""
        self._write(STEP, stage=stage)
        if self.also:
            self.also(stage)

    def _write(self, text: str, **given: Any) -> None:  # noqa: ANN401 - parameters of a statement
        with session(self.actor) as conn:
            conn.execute(text.encode(), {"network": self.network, **given})


def failed(actor: Actor, network: str, error: str) -> None:
    """Say what stood in the way of the newest run of a network (by its code)."""
    with session(actor) as conn:
        conn.execute(FAIL, {"network": network, "error": error[:500]})


def newest(conn: psycopg.Connection[Any], network: str) -> dict[str, Any] | None:
    """Give the newest run of a network: task, stage, step of steps, error, when; None where none ran yet."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(NEWEST, {"network": network}).fetchone()
