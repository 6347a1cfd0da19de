"""Cases that may be one and the same: found by place, time, category and words, shown, never dropped.

A pair gets a sum from 0 to 1 of four parts: how near, how soon after each other, whether of one
small class, how alike the words (rapidfuzz's ratio of characters in order). From
``least`` on it is kept as a link ``duplicate`` between the cases, for a person to look at and to
merge or not. Radius, days and weights are rows of ``data/reference/duplicates.csv``. Orders without
a place are compared by their address, written the same but for spaces and punctuation. What an import
brings is compared all at once in :mod:`gis.casework.twins`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
import numpy as np
from psycopg.rows import dict_row
from rapidfuzz import fuzz
from rapidfuzz import process
from rapidfuzz import utils

from gis.i18n import joined
from gis.i18n import translate as _
from gis.settings import CHECKOUT

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

queries = aiosql.from_path(Path(__file__).with_name("duplicates.sql"), "psycopg", mandatory_parameters=False)

TABLE = CHECKOUT / "data" / "reference" / "duplicates.csv"
DEGREE_M = 111_195.0
"""Length of a degree of latitude on the sphere of 6 371 km."""

DAY_S = 86_400
ALIKE = 0.5
"""From this share on the words count as alike when the reasons are told."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts how much; see the table."""

    radius_m: float
    days: float
    place_share: float
    time_share: float
    category_share: float
    words_share: float
    least: float
    nearest: float
    shown: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that may be the one somebody is about to report; the title as the actor may read it."""

    id: int
    code: str
    category: str
    title: str
    state: str
    occurred_at: datetime
    distance_m: float
    score: float
    why: str


@cache
def policy() -> Policy:
    """Read the table."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return Policy(**{row["key"]: float(row["value"]) for row in csv.DictReader(lines)})


def scores(distance_m: Real, apart_s: Real, same: NDArray[np.bool_], words: Real, by: Policy) -> Real:
    """Sum up pairs.

    Parameters
    ----------
    distance_m, apart_s : ndarray of float, (n,)
        Metres and seconds between the two.
    same : ndarray of bool, (n,)
        Whether of one small class.
    words : ndarray of float, (n,)
        How alike their words are, 0 to 1; NaN where one of them has none: the others count for it.

    Returns
    -------
    ndarray of float, (n,)
        0 to 1.
    """
    near = np.clip(1 - distance_m / by.radius_m, 0, 1)
    soon = np.clip(1 - apart_s / (by.days * DAY_S), 0, 1)
    silent = np.isnan(words)
    total = by.place_share * near + by.time_share * soon + by.category_share * same
    spoken: Real = total + by.words_share * np.where(silent, 0, words)
    return np.where(silent, total / (1 - by.words_share), spoken)


def alike(ones: list[str], others: list[str]) -> Real:
    """Say how alike texts are, pair by pair: 0 to 1, NaN where one is empty."""
    found = process.cpdist(ones, others, scorer=fuzz.ratio, processor=utils.default_process, dtype=np.float64) / 100
    empty = [not one.strip() or not other.strip() for one, other in zip(ones, others, strict=True)]
    out: Real = np.where(empty, np.nan, found)
    return out


def find(
    conn: psycopg.Connection[Any],
    point: tuple[float, float] | None,
    at: datetime,
    kind: str,
    category: str,
    title: str,
    *,
    address: str = "",
    radius_m: float | None = None,
    days: float | None = None,
    limit: int = 5,
    without: int = 0,
) -> list[Candidate]:
    """Give the cases that a report may be of, likeliest first.

    Parameters
    ----------
    conn : Connection
        Of a session: the actor is shown what he may see.
    point : (float, float) or None
        Longitude and latitude (CGCS2000) of what is reported; without one its address counts.
    at : datetime
        When it happened.
    kind, category, title : str
        What it is.
    address : str
        Where, in words.
    radius_m, days : float, optional
        How far and how long to look; default: the table.
    limit : int
        At most so many.
    without : int
        Number of the case itself, where there is one already.
    """
    by = policy()
    radius, span = radius_m or by.radius_m, days or by.days
    if point is None and not address.strip():
        return []
    where = queries.around.sql if point is not None else queries.addressed.sql
    x, y = point or (0.0, 0.0)
    given = {"x": x, "y": y, "radius": radius, "days": int(np.ceil(span)), "at": at, "address": address}
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(queries.near.sql.replace("{where}", where).encode(), given).fetchall()
    found = [row for row in found if row["id"] != without]
    if not found:
        return []
    words = alike([title] * len(found), [row["title"] for row in found])
    distance = np.array([row["distance_m"] if point is not None else 0.0 for row in found])
    apart = np.array([abs((row["occurred_at"] - at).total_seconds()) for row in found])
    same = np.array([(row["kind"], row["category"]) == (kind, category) for row in found])
    total = scores(distance, apart, same, words, by)
    order = [int(n) for n in np.argsort(-total, kind="stable") if total[n] >= by.least][:limit]
    return [
        Candidate(
            id=found[n]["id"], code=found[n]["code"], category=found[n]["category"], title=found[n]["title"],
            state=found[n]["state"], occurred_at=found[n]["occurred_at"], distance_m=float(distance[n]),
            score=float(total[n]), why=why(distance[n], apart[n], bool(same[n]), words[n], placed=point is not None),
        )
        for n in order
    ]  # fmt: skip


def why(distance_m: float, apart_s: float, same: bool, words: float, *, placed: bool = True) -> str:
    """Say in words what two cases have in common."""
    parts = [_("相距 {distance} 米").format(distance=round(float(distance_m))) if placed else _("地址相同")]
    parts.append(_("相隔 {days} 天").format(days=f"{float(apart_s) / DAY_S:.1f}"))
    if same:
        parts.append(_("同一小类"))
    if words >= ALIKE:
        parts.append(_("描述相似 {share}").format(share=f"{words:.0%}"))
    return joined(parts)


def note(
    conn: psycopg.Connection[Any],
    incident_id: int,
    point: tuple[float, float] | None,
    at: datetime,
    kind: str,
    category: str,
    title: str,
    address: str = "",
) -> list[Candidate]:
    """Keep the possible duplicates of a case that was just reported as links; which."""
    found = find(
        conn, point, at, kind, category, title, address=address, limit=int(policy().shown), without=incident_id
    )
    if found:
        conn.execute(queries.link.sql, {"ones": [incident_id] * len(found), "others": [one.id for one in found]})
    return found
