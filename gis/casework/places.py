"""Where a case lies, for rules that ask whether two cases are at the same place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql

from gis.casework import policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("places.sql"), "psycopg", mandatory_parameters=False)


def today(conn: psycopg.Connection[Any]) -> date:
    """Give the day of the office."""
    row = conn.execute("SELECT atlas.today()").fetchone()
    assert row is not None
    day: date = row[0]
    return day


def building(conn: psycopg.Connection[Any], incident_id: int) -> int | None:
    """Give the building a case lies in: by footprint, else the nearest one very near; None where none is."""
    given = {"incident": incident_id, "metres": policy.amount("building_m", today(conn))}
    row = conn.execute(_queries.building.sql, given).fetchone()
    return None if row is None else int(row[0])


def arrived(conn: psycopg.Connection[Any], import_id: int) -> list[int]:
    """Give the cases of an import that may be relapses: its hazards and disputes."""
    return [number for (number,) in conn.execute(_queries.arrived.sql, {"import": import_id})]


def relapses(conn: psycopg.Connection[Any], incident_ids: Sequence[int]) -> dict[int, int]:
    """Link cases to the earlier one each is a relapse of, and flag them.

    Hazards and disputes of the same category, at the same place (in one building, or within
    ``relapse_m`` on the ground), reported at most ``relapse_days`` days after the earlier one
    was closed (the last day counts). A case still open is no relapse but perhaps a duplicate.
    The actor's scope holds: what he may not see is not linked.

    Parameters
    ----------
    conn : psycopg.Connection
        Of whoever reports, or of an import.
    incident_ids : sequence of int
        The later cases.

    Returns
    -------
    dict of int to int
        Later case → earlier one.
    """
    day = today(conn)
    given = {
        "incidents": list(incident_ids),
        "days": policy.amount("relapse_days", day),
        "metres": policy.amount("relapse_m", day),
    }
    return dict(conn.execute(_queries.relapses.sql, given).fetchall())
