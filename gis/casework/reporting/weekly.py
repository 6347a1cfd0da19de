"""The weekly form 《矛盾纠纷排查工作情况记录表》: new disputes, the progress of those carried over, and 零报告.

A dispute keeps its id from week to week (:mod:`gis.casework.rounds` says which ones a week has).
A 零报告 is compared with what came by other ways: hotline, the public, files of other systems, and
cases of other kinds that speak of a dispute. Source: domain facts §3.2.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING
from typing import Any

from psycopg.rows import dict_row

from gis.casework import policy
from gis.casework import rounds
from gis.casework.reporting import bodies
from gis.casework.reporting.errors import PeriodUnfit
from gis.vocabulary import Act
from gis.vocabulary import CaseState
from gis.vocabulary import Channel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    import psycopg

    from gis.casework.reporting.bodies import Body
    from gis.casework.reporting.bodies import Span
    from gis.casework.rounds import Carried

WEEK_DAYS = 7
SHOWN = (
    Act.VERIFY, Act.ACCEPT, Act.DISPATCH, Act.MEDIATE, Act.AGREE, Act.PERFORM, Act.CONFIRM, Act.REVISIT, Act.ANSWER,
    Act.CHECK, Act.CLOSE, Act.REOPEN,
)  # fmt: skip
"""Acts that a line names as its progress."""
ELSEWHERE = (Channel.HOTLINE, Channel.PUBLIC, Channel.TRANSFER, Channel.VIDEO)
FILE = policy.FOLDER / "signs.csv"


def fit(span: Span) -> None:
    """Let pass a week, or less of one (an extra round before holidays).

    Raises
    ------
    PeriodUnfit
    """
    if not 0 <= (span.until - span.since).days < WEEK_DAYS:
        raise PeriodUnfit(since=span.since, until=span.until)


@cache
def signs() -> str:
    """Give the words in a case of another kind that speak of a dispute (``data/reference/signs.csv``), as a pattern."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return "|".join(re.escape(row["word"]) for row in csv.DictReader(file))


def body(conn: psycopg.Connection[Any], span: Span) -> Body:
    """Give what the records say of a week."""
    found = [one for one in rounds.carried(conn, span.since, span.until) if span.area is None or one.area in span.codes]
    facts = _facts(conn, [one.id for one in found])
    moved = _moved(conn, span, [one.id for one in found])
    fresh = [one for one in found if one.new]
    other = {one.id for one in fresh if facts[one.id][2] or facts[one.id][1] in ELSEWHERE}
    with conn.cursor(row_factory=dict_row) as cursor:
        spoken = cursor.execute(bodies.queries.signs.sql, {**span.given, "words": signs()}).fetchall()
    elsewhere = [_elsewhere(one, facts[one.id]) for one in fresh if one.id in other]
    figures = {
        "found": len(fresh),
        "found_own": len(fresh) - len(other),
        "found_elsewhere": len(other),
        "signs": len(spoken),
        "carried": sum(not one.new for one in found),
        "again": sum(one.again for one in found),
        "ended": sum(one.state == CaseState.CLOSED for one in found),
        "open": sum(one.state != CaseState.CLOSED for one in found),
        "mediations": sum(one.mediations for one in found),
        "visits": sum(one.visits for one in found),
    }
    return bodies.Body(
        figures,
        {
            "new": [_line(one, facts[one.id][0], moved[one.id]) for one in fresh],
            "carried": [_line(one, facts[one.id][0], moved[one.id]) for one in found if not one.new],
            "elsewhere": [*elsewhere, *(bodies.line(row) for row in spoken)],
        },
    )


def _line(one: Carried, title: str, moved: dict[str, int]) -> dict[str, Any]:
    return {
        "id": one.id, "code": one.code, "category": one.category, "title": title,
        "area": one.area_name or one.area or "",
        "grid": one.grid or "", "level": one.level, "people": one.people, "reported_on": one.reported_on.isoformat(),
        "again": one.again, "state": one.state, "progress": moved,
    }  # fmt: skip


def _elsewhere(one: Carried, facts: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": one.id, "code": one.code, "kind": "dispute", "category": one.category, "title": facts[0],
        "channel": facts[1], "reported_on": one.reported_on.isoformat(),
    }  # fmt: skip


def _facts(conn: psycopg.Connection[Any], ids: list[int]) -> dict[int, tuple[str, str, bool]]:
    rows = conn.execute(bodies.queries.masked.sql, {"ids": ids})
    return {number: (title, channel, imported) for number, title, channel, imported in rows}


def _moved(conn: psycopg.Connection[Any], span: Span, ids: Iterable[int]) -> dict[int, dict[str, int]]:
    given = {**span.given, "ids": list(ids), "acts": [act.value for act in SHOWN]}
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for number, act, times in conn.execute(bodies.queries.moved.sql, given):
        found[number][act] = times
    return found
