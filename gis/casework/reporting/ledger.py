"""The hazard ledger 隐患台账: every hazard that was open in a span or found in it, one line each, as at its end.

Fields as in domain facts §4: found when and how, item, description, class, level, what is demanded, until when,
by whom, done, checked again, struck off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from psycopg.rows import dict_row

from gis.casework.reporting import bodies
from gis.casework.reporting.errors import PeriodUnfit
from gis.vocabulary import CaseState

if TYPE_CHECKING:
    import psycopg

    from gis.casework.reporting.bodies import Body
    from gis.casework.reporting.bodies import Span

LONGEST_DAYS = 366
GRAVE = 1


def fit(span: Span) -> None:
    """Let pass a span of up to a year.

    Raises
    ------
    PeriodUnfit
    """
    if not 0 <= (span.until - span.since).days < LONGEST_DAYS:
        raise PeriodUnfit(since=span.since, until=span.until)


def body(conn: psycopg.Connection[Any], span: Span) -> Body:
    """Give the ledger of a span."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = [bodies.line(row) for row in cursor.execute(bodies.queries.hazards.sql, span.given)]
    still = [row for row in rows if row["state"] != CaseState.CLOSED]
    last = span.until.isoformat()
    figures = {
        "found": sum(row["new"] for row in rows),
        "carried": sum(not row["new"] for row in rows),
        "ended": len(rows) - len(still),
        "open": len(still),
        "grave": sum(row["level"] == GRAVE for row in still),
        "listed": sum(row["listed_on"] is not None and row["listed_on"] <= last for row in still),
        "late": sum(row["deadline"] is not None and row["deadline"] < last and not row["answered_on"] for row in still),
    }
    return bodies.Body(figures, {"hazards": rows})
