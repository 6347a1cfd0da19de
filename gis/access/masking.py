"""Showing one record unmasked: with a reason, and never without a trace.

Free text is masked where it leaves the database (``atlas.shown``); whoever has to read one
record in full asks for it here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aiosql
from psycopg.rows import dict_row

from gis.access import audit
from gis.access import scope
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import NotFound
from gis.vocabulary import Role

if TYPE_CHECKING:
    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("masking.sql"), "psycopg", mandatory_parameters=False)

MASKED = ("incident", "building")
"""Tables with free text."""
SHORTEST, LONGEST = 4, 200
READERS = (Role.LEADER, Role.PLANNER, Role.SUPERVISOR, Role.WORKER, Role.DEPARTMENT)


class ReasonMissing(BadInput):
    """A reveal without a reason somebody could check later."""

    template = "查看全文要写明理由。"
    cure = "理由 {least} 到 {most} 个字,会和你的账号、时间一起记入审计。"


class RecordUnknown(NotFound):
    """There is no such record, or it is outside the actor's scope."""

    template = "没有这条记录,或它不在你的管辖范围内。"
    cure = "请在列表或地图上重新选择。"


def reveal(actor: Actor, relation: str, number: int, reason: str) -> dict[str, str]:
    """Give the free text of one record unmasked; the audit row is kept before the text is given.

    Parameters
    ----------
    actor : Actor
        Who asks; the record must lie in his scope.
    relation : str
        One of :data:`MASKED`.
    number : int
        Id of the record.
    reason : str
        Why, 4 to 200 characters.

    Returns
    -------
    dict
        Column and full text.

    Raises
    ------
    NotAllowed
        A role that sees no records one by one.
    ReasonMissing, RecordUnknown
    """
    why = " ".join(reason.split())
    if not SHORTEST <= len(why) <= LONGEST:
        raise ReasonMissing(least=SHORTEST, most=LONGEST)
    if relation not in MASKED:
        raise RecordUnknown
    scope.require(actor, *READERS)
    with session(actor) as conn, conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(getattr(_queries, relation).sql, {"id": number}).fetchone()
        if row is None:
            raise RecordUnknown
        audit.note(conn, "reveal", relation, str(row.pop("code")), after={"columns": sorted(row)}, reason=why)
    return row
