"""The monthly table: disputes by the 19 classes of the provincial form and by community, with scale bands.

Which small class falls under which of the 19 stands in ``data/reference/disputes.csv``: the same name,
else the first row one of whose words is in it, else 其他. The month's indicators stand beside it, so
that their formulas are frozen with it. Source: domain facts §3.1.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING
from typing import Any

from psycopg.rows import dict_row

from gis.casework import policy
from gis.casework.reporting import bodies
from gis.casework.reporting import figures
from gis.casework.reporting.errors import PeriodUnfit
from gis.vocabulary import CaseState

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    import psycopg

    from gis.casework.reporting.bodies import Body
    from gis.casework.reporting.bodies import Span

FILE = policy.FOLDER / "disputes.csv"
UNKNOWN = "band_unknown"


def fit(span: Span) -> None:
    """Let pass a month, from its first day to its last.

    Raises
    ------
    PeriodUnfit
    """
    first, after = span.since.replace(day=1), span.until + timedelta(days=1)
    if span.since != first or after.day != 1 or (after - timedelta(days=1)).replace(day=1) != first:
        raise PeriodUnfit(since=span.since, until=span.until)


@cache
def classes() -> tuple[tuple[str, str, str], ...]:
    """Give the classes of the provincial form: number, name, words as a pattern."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple((row["number"], row["name"], row["words"]) for row in csv.DictReader(file))


def class_of(category: str) -> str:
    """Give the number of the class a small class falls under; the last (其他) where none says so."""
    same = next((number for number, name, _words in classes() if name == category), None)
    if same is not None:
        return same
    return next(
        (number for number, _name, words in classes() if words and re.search(words, category)), classes()[-1][0]
    )


def body(conn: psycopg.Connection[Any], span: Span) -> Body:
    """Give the table of a month."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(bodies.queries.disputes.sql, span.given).fetchall()
    (forms, nothing) = conn.execute(bodies.queries.weekly_forms.sql, span.given).fetchone() or (0, 0)
    for row in rows:
        row["class"] = class_of(row["category"])
    places = dict(sorted({row["area"]: row["area_name"] for row in rows}.items()))
    whole = figures.groups(conn, span.since, span.until, area=span.area)[0]
    return bodies.Body(
        {**_counts(rows), "forms": forms, "forms_zero": nothing},
        {
            "classes": [
                {"id": number, "code": number, "name": name, **_counts(row for row in rows if row["class"] == number)}
                for number, name, _words in classes()
            ],
            "areas": [
                {"id": code or "-", "code": code, "name": name, **_counts(row for row in rows if row["area"] == code)}
                for code, name in places.items()
            ],
            "cross": _cross(rows, places),
            "other": _other(rows),
            "indicators": [
                {
                    "id": one.indicator.key, "code": one.indicator.key, "numerator": one.numerator,
                    "denominator": one.denominator, "share": None if one.denominator is None else one.shown,
                    "grade": one.grade, "rule": one.rule,
                }
                for one in whole.figures
            ],
        },
    )  # fmt: skip


def _counts(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    rows = list(rows)
    fresh = [row for row in rows if row["found"]]
    scale = Counter(UNKNOWN if row["people"] is None else f"band{policy.band(row['people']).band}" for row in fresh)
    month = [row for row in rows if row["found"] or row["carried"] or row["again"]]
    count: Callable[[str], int] = lambda key: sum(bool(row[key]) for row in rows)  # noqa: E731
    return {
        "found": len(fresh), "carried": count("carried"), "again": count("again"),
        "ended": sum(row["state"] == CaseState.CLOSED for row in month),
        "open": sum(row["state"] != CaseState.CLOSED for row in month), "year": count("year"),
        "major": sum(row["major"] for row in fresh),
        **{f"band{band.band}": scale[f"band{band.band}"] for band in policy.bands()}, UNKNOWN: scale[UNKNOWN],
    }  # fmt: skip


def _cross(rows: list[dict[str, Any]], places: dict[str, str]) -> list[dict[str, Any]]:
    """Give the disputes found, one line per class and community that has any."""
    found = Counter((row["class"], row["area"]) for row in rows if row["found"])
    names = {number: name for number, name, _words in classes()}
    return [
        {
            "id": f"{number}/{area}", "code": number, "name": names[number], "area": places[area],
            "found": found[number, area],
        }
        for number in names for area in places if found[number, area]
    ]  # fmt: skip


def _other(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Name the small classes that count as 其他 because no row of the table takes them."""
    last = classes()[-1]
    found = Counter(row["category"] for row in rows if row["class"] == last[0] and row["found"])
    return [
        {"id": name, "code": "", "name": name, "found": number}
        for name, number in sorted(found.items())
        if name != last[1]
    ]
