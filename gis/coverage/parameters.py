"""What the rules measure against, per network: thresholds and the visit policy, read from dated tables.

The tables are ``data/reference/coverage.csv`` and ``data/reference/visits.csv``; each row says
where its number comes from, and an office replaces them with its own. A row of a network goes
before a row for any (``*``).
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "data" / "reference"
ANY = "*"


@cache
def values(network: str) -> dict[str, float]:
    """Give the thresholds of a network by name; the names are unique over the rules.

    Parameters
    ----------
    network : str
        Code of the network; one the table does not name gets what holds for any.
    """
    rows = _rows("coverage.csv")
    return {
        row["parameter"]: float(row["value"]) for wanted in (ANY, network) for row in rows if row["network"] == wanted
    }


@cache
def policy(network: str) -> tuple[tuple[str, str, int, int], ...]:
    """Give the visit policy of a network: kind of grid, object, interval and grace in days.

    Parameters
    ----------
    network : str
        Code of the network. A network without rows of its own has no policy: nobody patrols it.

    Returns
    -------
    tuple of (str, str, int, int)
        ``grid_kind`` is a ``GridKind`` or ``*``; ``object`` is ``grid`` (somebody walks it),
        ``household`` (a building with households) or a ``BuildingKind``.
    """
    return tuple(
        (row["grid_kind"], row["object"], int(row["interval_days"]), int(row["grace_days"]))
        for row in _rows("visits.csv")
        if row["network"] == network
    )


@cache
def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
