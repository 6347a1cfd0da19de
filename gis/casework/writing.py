"""Writing a step of a case: its event, its pictures, the case file, the frozen terms.

Each function writes inside the transaction of :func:`gis.casework.acts.act` or
:func:`gis.casework.reports.report`; none decides anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.types.json import Jsonb

from gis.casework import files
from gis.casework import resolver

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    import psycopg

    from gis.casework.files import Casefile
    from gis.casework.flow import State
    from gis.casework.given import Given
    from gis.casework.photos import Clean
    from gis.casework.photos import Picture
    from gis.vocabulary import CaseState

queries = aiosql.from_path(Path(__file__).with_name("acts.sql"), "psycopg", mandatory_parameters=False)


def event(
    conn: psycopg.Connection[Any],
    incident_id: int,
    seq: int,
    state: CaseState,
    data: Mapping[str, Any],
    given: Given,
) -> files.Event:
    """Write an event and its pictures."""
    longitude, latitude = given.point or (None, None)
    row = conn.execute(
        queries.event.sql,
        {
            "id": incident_id, "seq": seq, "act": given.act.value, "state": state.value, "at": given.at,
            "unit": given.unit, "note": given.note, "data": Jsonb(dict(data)),
            "longitude": longitude, "latitude": latitude,
        },
    ).fetchone()  # fmt: skip
    assert row is not None
    number, at, created_at, name = row
    kept = pictures(conn, incident_id, number, given.photos)
    return files.Event(
        id=number, seq=seq, act=given.act.value, state=state.value, at=at, actor=name, who=name, unit=given.unit,
        note=given.note, data=dict(data), longitude=longitude, latitude=latitude, created_at=created_at, photos=kept,
    )  # fmt: skip


def pictures(
    conn: psycopg.Connection[Any], incident_id: int, event_id: int, photos: Iterable[tuple[Picture, Clean]]
) -> list[int]:
    """Write the pictures of an event; their numbers."""
    kept = []
    for picture, one in photos:
        longitude, latitude = one.point or (None, None)
        row = conn.execute(
            queries.photo.sql,
            {
                "id": incident_id, "event": event_id, "role": picture.role, "name": picture.name[:200],
                "media": one.media, "sha256": one.sha256, "body": one.body, "taken_at": one.taken_at,
                "longitude": longitude, "latitude": latitude,
            },
        ).fetchone()  # fmt: skip
        assert row is not None
        kept.append(int(row[0]))
    return kept


def stand(conn: psycopg.Connection[Any], incident_id: int, seq: int, state: State) -> None:
    """Write how the flow leaves a case."""
    conn.execute(
        queries.stand.sql,
        {
            "id": incident_id, "seq": seq, "state": state.state.value, "suspended": state.suspended,
            "verified": state.verified, "level": state.level, "card": state.card, "units": list(state.units),
            "handler_id": state.handler_id, "answered_by": state.answered_by, "returns": state.returns,
            "reworked": state.reworked, "reopened": state.reopened, "extended": state.extended,
            "asking": state.asking, "rating": state.rating, "appeal": state.appeal, "into": state.into,
        },
    )  # fmt: skip


def freeze(conn: psycopg.Connection[Any], case: Casefile) -> Casefile:
    """Put what the duty list says of a case now into its file."""
    point = None if case.longitude is None or case.latitude is None else (case.longitude, case.latitude)
    answer = resolver.resolve(conn, point, case.kind, case.category, case.occurred_at or case.created_at, case.area)
    duty = answer.items[0].id if answer.problem is None and answer.items else None
    given = {"id": case.incident_id, "terms": Jsonb(resolver.terms(answer)), "duty": duty}
    conn.execute(queries.terms.sql, given)
    return files.get(conn, case.incident_id)
