"""What the rules measure against in a network: its limits, and what there is at all."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from gis.coverage import parameters as tables
from gis.coverage.engine import DEFAULTS

if TYPE_CHECKING:
    import psycopg

NO_LIMIT = 1e9
"""A size without a limit is never exceeded."""


def parameters(
    conn: psycopg.Connection[Any], network: int, *, households_known: bool, pointlike: bool
) -> dict[str, float]:
    """Give the parameters of a network for ``cov_param``.

    Parameters
    ----------
    conn : Connection
        Of the run.
    network : int
        Id of the network.
    households_known, pointlike : bool
        Whether any building has households, and whether any has no footprint.
    """
    row = conn.execute(
        "SELECT code, sliver_width_m, border_distance_m, households_min, households_max"
        " FROM atlas.network WHERE id = %s",
        (network,),
    ).fetchone()
    assert row is not None
    code, sliver, border, low, high = row
    return {
        **DEFAULTS,
        **tables.values(code),
        "sliver_width_m": float(sliver),
        "border_distance_m": float(border),
        "households_min": 0.0 if low is None else float(low),
        "households_max": NO_LIMIT if high is None else float(high),
        "households_known": float(households_known),
        "pointlike": float(pointlike),
    }


def policy(conn: psycopg.Connection[Any], network: int) -> list[tuple[str, str, int, int]]:
    """Give the visit policy of a network: grid kind, object, interval and grace in days."""
    row = conn.execute("SELECT code FROM atlas.network WHERE id = %s", (network,)).fetchone()
    return [] if row is None else list(tables.policy(row[0]))
