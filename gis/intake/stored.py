"""Buildings already stored, as control points for the datum of a file that comes in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
import numpy as np

from gis.intake.parts import Control

if TYPE_CHECKING:
    import psycopg

Bounds = tuple[float, float, float, float]

MOST = 300_000
"""Points taken at most; where more are stored, only those near the file are asked for."""

_queries = aiosql.from_path(Path(__file__).with_name("stored.sql"), "psycopg", mandatory_parameters=False)


def many(conn: psycopg.Connection[Any]) -> bool:
    """Say whether more buildings with a place are stored than are taken at once."""
    found = conn.execute(_queries.counted.sql, {"most": MOST + 1}).fetchone()
    return found is not None and int(found[0]) > MOST


def control(conn: psycopg.Connection[Any], bounds: Bounds | None = None, most: int = MOST) -> Control | None:
    """Read the points of stored buildings.

    Parameters
    ----------
    conn : psycopg.Connection
        From ``session(actor)``: only what the actor may see is compared with.
    bounds : tuple of float, optional
        West, south, east, north in degrees (EPSG:4490).
    most : int
        Points taken at most.

    Returns
    -------
    Control or None
        None where there are none.
    """
    west, south, east, north = bounds or (None, None, None, None)
    rows = conn.execute(
        _queries.control.sql, {"west": west, "south": south, "east": east, "north": north, "most": most}
    ).fetchall()
    if not rows:
        return None
    return Control(
        np.array([(x, y) for _code, x, y in rows], dtype=float),
        np.array([code for code, _x, _y in rows], dtype=object),
    )
