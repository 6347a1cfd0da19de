"""When a visit or a track can be true: the limits, and asking the questions anew.

The limits are rows of ``data/reference/presence.csv``, each with its source; the questions
themselves are asked by the database (``question_visits``, ``count_tracks``), which judges
neighbours again, because later imports may come between earlier ones.
"""

from __future__ import annotations

import csv
from functools import cache
from typing import TYPE_CHECKING
from typing import Any

from psycopg.types.json import Jsonb

from gis.settings import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    import psycopg

TABLE = CHECKOUT / "data" / "reference" / "presence.csv"


@cache
def limits() -> Mapping[str, float]:
    """Read the limits: key -> value, in the unit the file names."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return {row["key"]: float(row["value"]) for row in csv.DictReader(lines)}


def question(conn: psycopg.Connection[Any], visits: Iterable[int]) -> int:
    """Ask anew what cannot be true of these visits and of those beside them; how many changed."""
    found = conn.execute("SELECT atlas.question_visits(%s, %s)", (list(visits), Jsonb(dict(limits())))).fetchone()
    return int(found[0]) if found else 0


def neighbours(conn: psycopg.Connection[Any], visits: Iterable[int]) -> list[int]:
    """Give these visits and those whose questions depend on them, before they are moved."""
    found = conn.execute("SELECT atlas.visit_neighbours(%s)", (list(visits),)).fetchone()
    return list(found[0]) if found else []


def count(conn: psycopg.Connection[Any], tracks: Iterable[int]) -> int:
    """Split these tracks at gaps and at impossible speed and keep what counts; how many."""
    found = conn.execute("SELECT atlas.count_tracks(%s, %s)", (list(tracks), Jsonb(dict(limits())))).fetchone()
    return int(found[0]) if found else 0
