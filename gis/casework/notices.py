"""What an office itself says of days, hours and limits: whole tables, judged before anything is written.

Its word goes before what is shipped. Days and hours change the ends of clocks that run
(:func:`gis.casework.starting.again`); a limit holds for clocks that start from its first day on.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from datetime import time
from datetime import timedelta
from decimal import Decimal
from decimal import InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql

from gis.access import audit
from gis.casework import cells
from gis.casework import clocks
from gis.casework import limits
from gis.casework import starting
from gis.db.connection import session
from gis.i18n import translate as _
from gis.vocabulary import Channel
from gis.vocabulary import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from gis.vocabulary import Actor

    Body = Iterable[tuple[int, Mapping[str, object]]]

_queries = aiosql.from_path(Path(__file__).with_name("notices.sql"), "psycopg", mandatory_parameters=False)

LONGEST = 31
"""Days a line of a notice may span."""
NEEDED = ("kind", "stage", "clock", "amount")
KNOWN: dict[str, tuple[str, ...]] = {
    "kind": tuple(kind.value for kind in IncidentKind),
    "stage": limits.STAGES,
    "clock": clocks.KINDS,
    "channel": tuple(channel.value for channel in Channel),
}
READERS = {part: cells.reader("limits", part, known) for part, known in KNOWN.items()}
WORKED = cells.reader("days", "working", ("yes", "no"))


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a notice did: rows written, rows it ended, running clocks whose ends moved."""

    rows: int
    ended: int
    clocks: int


def take_days(actor: Actor, headers: Sequence[str], body: Body, *, source: str, dry_run: bool = False) -> Noticed:
    """Take in days the office works or rests: a year's notice, or a few days of its own.

    Parameters
    ----------
    actor : Actor
        A supervisor of the whole office.
    headers, body
        Headings; numbers of the rows and their cells by heading.
    source : str
        Paper, where a row does not say.
    dry_run : bool
        Judge and count, and keep nothing.

    Raises
    ------
    TableUnfit
        Nothing was written.
    NotAllowed
        Somebody else does this.
    """
    reading = cells.Reading(_("节假日表"))
    given: dict[date, dict[str, Any]] = {}
    for number, row in cells.rows(reading.what, "days", headers, body, ("day", "working")):
        first = reading.cell(number, _("日期"), row["day"], cells.day, date.min)
        last = reading.cell(number, _("结束日期"), row["until"], cells.day, first)
        working = reading.cell(number, _("是否上班"), row["working"], WORKED, "no") == "yes"
        if not row["day"] or not row["working"]:
            reading.fault(number, _("缺少日期或上班、放假"))
        if not first <= last < first + timedelta(days=LONGEST):
            reading.fault(number, _("起止日期不合适"))
            continue
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            if given.get(day, {"working": working})["working"] is not working:
                reading.fault(number, _("{day} 既上班又放假").format(day=day.isoformat()))
            given[day] = {"day": day, "working": working, "name": row["name"], "source": row["source"] or source}
    reading.end()
    return _written(actor, "holiday", _queries.day.sql, list(given.values()), source, dry_run=dry_run)


def take_hours(
    actor: Actor, headers: Sequence[str], body: Body, *, begins: date, source: str, dry_run: bool = False
) -> Noticed:
    """Take in office hours, all of them: the office's own in force end the day before. As :func:`take_days`."""
    reading = cells.Reading(_("作息时间表"))
    given = []
    for number, row in cells.rows(reading.what, "hours", headers, body, ("begins", "ends")):
        opens = reading.cell(number, _("上班"), row["begins"], _clock, time.min)
        shuts = reading.cell(number, _("下班"), row["ends"], _clock, time.max)
        if opens >= shuts:
            reading.fault(number, _("下班不晚于上班"))
        season = [
            reading.cell(number, _("季节"), row[name], _season, default)
            for name, default in (("season_from", "01-01"), ("season_to", "12-31"))
        ]
        given.append(
            {
                "begins": opens, "ends": shuts, "season_from": season[0], "season_to": season[1], "from": begins,
                "source": row["source"] or source,
            }
        )  # fmt: skip
    reading.end()
    return _written(
        actor,
        "office_hours",
        _queries.hours.sql,
        given,
        source,
        dry_run=dry_run,
        end=(_queries.end_hours.sql, [{"from": begins}]),
    )


def take_limits(
    actor: Actor,
    headers: Sequence[str],
    body: Body,
    *,
    begins: date,
    source: str,
    standard: str = "",
    dry_run: bool = False,
) -> Noticed:
    """Take in limits: of the kinds named, the office's own in force end the day before. As :func:`take_days`."""
    reading = cells.Reading(_("时限表"))
    given = []
    for number, row in cells.rows(reading.what, "limits", headers, body, NEEDED):
        line: dict[str, Any] = {"from": begins, "standard": standard, "category": row["category"]}
        for name, label in (
            ("kind", _("类型")),
            ("stage", _("环节")),
            ("clock", _("计时")),
            ("channel", _("来源渠道")),
        ):
            line[name] = reading.cell(number, label, row[name], READERS[name], "")
            if not row[name] and name != "channel":
                reading.fault(number, _("缺少{label}").format(label=label))
        if not row["amount"]:
            reading.fault(number, _("缺少{label}").format(label=_("时限")))
        free = cells.words("limits", "amount").get(row["amount"].lower()) == "free"
        line["amount"] = None if free else reading.cell(number, _("时限"), row["amount"], _amount, None)
        line["level"] = reading.cell(number, _("等级"), row["level"], _level, None)
        line["warn_share"] = reading.cell(number, _("预警比例"), row["warn_share"], _share, Decimal("0.8"))
        given.append(line | {"source": row["source"] or source})
    reading.end()
    kinds = [{"from": begins, "kind": kind} for kind in sorted({line["kind"] for line in given})]
    return _written(
        actor, "time_limit", _queries.limit.sql, given, source, dry_run=dry_run, end=(_queries.end_limits.sql, kinds)
    )


def _written(
    actor: Actor,
    table: str,
    statement: str,
    given: Sequence[dict[str, Any]],
    source: str,
    *,
    dry_run: bool,
    end: tuple[str, Sequence[dict[str, Any]]] | None = None,
) -> Noticed:
    """End what was in force, write the rows, compute running clocks anew, audit; all or nothing."""
    with session(actor) as conn:
        ended = sum(conn.execute(end[0], line).rowcount for line in end[1]) if end else 0
        with conn.cursor() as cursor:
            cursor.executemany(statement, given)
        moved = 0 if table == "time_limit" else starting.again(conn)
        audit.note(conn, "import", table, after={"rows": len(given), "ended": ended, "clocks": moved}, reason=source)
        if dry_run:
            conn.rollback()
    return Noticed(len(given), ended, moved)


def _clock(text: str) -> time:
    hour, minute = (int(part) for part in unicodedata.normalize("NFKC", text).split(":")[:2])
    return time(hour, minute)


def _season(text: str) -> str:
    month, day = (int(part) for part in re.findall(r"\d+", text))
    return f"{date(2024, month, day):%m-%d}"  # a leap year: the 29th of February is a day


def _amount(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise ValueError from None
    if not 0 < found < 100_000:  # noqa: PLR2004  also refuses NaN
        raise ValueError
    return found


def _share(text: str) -> Decimal:
    found = _amount(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if found > 1:
        raise ValueError
    return found


def _level(text: str) -> int:
    if text not in {"1", "2", "3", "4"}:
        raise ValueError
    return int(text)
