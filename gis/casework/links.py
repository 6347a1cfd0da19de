"""Cases that belong together: related, a relapse, a cause, a duplicate; and one merged into another.

A merge ends one case in favour of the other of the same kind; both keep their history, the
other's says what came in. It can be opened again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.types.json import Jsonb

from gis.casework import files
from gis.casework import words
from gis.casework.errors import LinkUnfit
from gis.casework.errors import ResultMissing
from gis.i18n import translate as _
from gis.vocabulary import Act
from gis.vocabulary import CaseState

if TYPE_CHECKING:
    import psycopg

    from gis.casework.files import Casefile

_queries = aiosql.from_path(Path(__file__).with_name("links.sql"), "psycopg", mandatory_parameters=False)

RELATIONS = ("related", "relapse", "cause", "duplicate")
APART = "none"
"""Relation that takes a link away."""


def prepared(conn: psycopg.Connection[Any], case: Casefile, act: Act, data: dict[str, Any]) -> dict[str, Any]:
    """Look up the other case of a link or merge and say whether it fits; the data of the event.

    Raises
    ------
    ResultMissing, CaseMissing, LinkUnfit
    """
    key = "other" if act is Act.LINK else "into"
    code = str(data.get(key) or "").strip()
    if not code:
        raise ResultMissing(act=words.act(act), choices=words.another())
    other = files.get(conn, code)
    if other.incident_id == case.incident_id:
        raise LinkUnfit(code=code, reason=_("这就是它自己"))
    if act is Act.LINK:
        relation = str(data.get("relation") or "related")
        if relation not in {*RELATIONS, APART}:
            raise ResultMissing(act=words.act(act), choices=words.relations())
        return {**data, "other": other.code, "other_id": other.incident_id, "relation": relation}
    if other.kind != case.kind:
        raise LinkUnfit(code=code, reason=_("两个案件不是同一类"))
    if other.state in {CaseState.MERGED, CaseState.REJECTED}:
        raise LinkUnfit(code=code, reason=words.state(other.state))
    return {**data, "into": other.incident_id, "into_code": other.code}


def tie(conn: psycopg.Connection[Any], case: Casefile, event: files.Event) -> None:
    """Write a link, or take it away."""
    given = {"id": case.incident_id, "other": event.data["other_id"], "relation": event.data["relation"]}
    conn.execute(_queries.unlink.sql, given)
    if given["relation"] != APART:
        conn.execute(_queries.link.sql, given)


def join(conn: psycopg.Connection[Any], case: Casefile, event: files.Event) -> None:
    """Tie a merged case to the one it went into, whose history says so too."""
    into = event.data["into"]
    given = {"id": case.incident_id, "other": into, "relation": "duplicate"}
    conn.execute(_queries.unlink.sql, given)
    conn.execute(_queries.link.sql, given)
    conn.execute(
        _queries.told.sql,
        {"id": into, "data": Jsonb({"merged": case.code, "merged_id": case.incident_id}), "at": event.at},
    )
