"""Frozen reports: made once with a hash, never changed; made again, they only say what differs.

The hash covers the kind, area, span, content and versions of the formulas as canonical JSON; it is
printed in the footer and stands in the audit, whose rows are chained. Who makes a report sees all it
is about: row-level security lets only leaders and supervisors of the whole area write one.
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import date
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

import aiosql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gis.casework.forms import OFFICE
from gis.casework.reporting import bodies
from gis.casework.reporting import canon
from gis.casework.reporting import figures
from gis.casework.reporting import indicators
from gis.casework.reporting import ledger
from gis.casework.reporting import monthly
from gis.casework.reporting import weekly
from gis.casework.reporting.errors import AlreadyFrozen
from gis.casework.reporting.errors import MakerUnfit
from gis.casework.reporting.errors import PeriodOpen
from gis.casework.reporting.errors import ReportMissing
from gis.db.connection import session
from gis.errors import BadInput

if TYPE_CHECKING:
    import psycopg

    from gis.casework.reporting.bodies import Body
    from gis.casework.reporting.bodies import Span
    from gis.casework.reporting.canon import Difference
    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("frozen.sql"), "psycopg", mandatory_parameters=False)


class _Maker(Protocol):
    def fit(self, span: Span) -> None: ...

    def body(self, conn: psycopg.Connection[Any], span: Span) -> Body: ...


WEEKLY, HAZARDS, MONTHLY = "weekly", "hazards", "monthly"
MAKERS: dict[str, _Maker] = {WEEKLY: weekly, HAZARDS: ledger, MONTHLY: monthly}
LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Entered:
    """What people write into a weekly form; of the others only ``remark``.

    Attributes
    ----------
    organiser, participants, places, problems, measures, signature, remark : str
        In words; participants with their roles, one a line. Masked before they are kept.
    zero : bool
        The tick 零报告: nothing was found in the rounds.
    """

    organiser: str = ""
    participants: str = ""
    places: str = ""
    problems: str = ""
    measures: str = ""
    signature: str = ""
    remark: str = ""
    zero: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing was written."""
        return self == Entered()


@dataclass(frozen=True, slots=True)
class Note:
    """What the records say otherwise than a report: its differences, a remark, hash, maker, time."""

    seq: int
    content: dict[str, Any]
    sha256: str
    who: str
    created_at: datetime

    @property
    def differences(self) -> list[Difference]:
        """Which figures and lines, from what to what; empty: the records are again as they were frozen."""
        return list(self.content["differences"])


@dataclass(frozen=True, slots=True)
class Report:
    """A frozen report with its notes."""

    id: int
    kind: str
    area: str | None
    since: date
    until: date
    content: dict[str, Any]
    formulas: dict[str, dict[str, str]]
    sha256: str
    actor: str
    created_at: datetime
    notes: tuple[Note, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Entry:
    """A report in a list."""

    id: int
    kind: str
    area: str | None
    area_name: str | None
    since: date
    until: date
    sha256: str
    who: str
    created_at: datetime
    notes: int


@dataclass(frozen=True, slots=True)
class Made:
    """What making a report came to: the report; whether it is new; the note that was written, if one was."""

    report: Report
    new: bool
    note: Note | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a report is as it was made.

    Attributes
    ----------
    holds : bool
        Its hash and those of its notes are those of what they hold.
    audited : bool or None
        Whether the audit kept the same hash; None where the reader may not read that row.
    broken : tuple of str
        What is not as it was: ``report``, or the number of a note.
    """

    holds: bool
    audited: bool | None
    broken: tuple[str, ...]


def make(
    actor: Actor, kind: str, since: date, until: date, area: str | None = None, entered: Entered | None = None
) -> Made:
    """Make a report; of one that is made already only say what differs by now.

    Parameters
    ----------
    actor : Actor
        A leader or supervisor of all the area.
    kind : str
        ``weekly``, ``hazards`` or ``monthly``.
    since, until : date
        First and last day; a span that has ended.
    area : str, optional
        Code of an area, with those below it; the whole office without.
    entered : Entered, optional
        What people write into it; only the first time, later a remark for the note.

    Raises
    ------
    PeriodUnfit, PeriodOpen, AreaUnknown
        Nothing was written.
    MakerUnfit
        The actor does not see all it is about.
    AlreadyFrozen
        It is made, and something was to be written into it.
    """
    entered = entered or Entered()
    with session(actor) as conn:
        span = _span(conn, kind, since, until, area)
        known = conn.execute(_queries.one.sql, {**span.given, "kind": kind, "area": span.area_id}).fetchone()
        if known is None and (number := _freeze(conn, actor, kind, span, entered)) is not None:
            return Made(get(conn, number), new=True, note=None)
        known = known or conn.execute(_queries.one.sql, {**span.given, "kind": kind, "area": span.area_id}).fetchone()
        if known is None:
            raise MakerUnfit
        if entered != Entered(remark=entered.remark):
            raise AlreadyFrozen(number=known[0])
        return _compare(conn, get(conn, known[0]), span, entered.remark)


def preview(conn: psycopg.Connection[Any], kind: str, since: date, until: date, area: str | None = None) -> Body:
    """Give what a report would hold if it were made now; nothing is kept.

    Raises
    ------
    PeriodUnfit, AreaUnknown
    """
    span = bodies.spanned(conn, since, until, area)
    _maker(kind).fit(span)
    return _maker(kind).body(conn, span)


def get(conn: psycopg.Connection[Any], number: int) -> Report:
    """Give a report with its notes.

    Raises
    ------
    ReportMissing
    """
    with conn.cursor(row_factory=class_row(Report)) as cursor:
        found = cursor.execute(_queries.get.sql, {"id": number}).fetchone()
    if found is None:
        raise ReportMissing(number=number)
    with conn.cursor(row_factory=class_row(Note)) as cursor:
        notes = tuple(cursor.execute(_queries.notes.sql, {"id": number}).fetchall())
    return Report(**{**{name: getattr(found, name) for name in Report.__slots__}, "notes": notes})


def listing(conn: psycopg.Connection[Any], kind: str | None = None, limit: int = 200) -> list[Entry]:
    """Give the reports in reach, the newest span first."""
    with conn.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(_queries.listing.sql, {"kind": kind, "limit": limit}).fetchall()


def verify(conn: psycopg.Connection[Any], number: int) -> Verdict:
    """Say whether a report and its notes are as they were made.

    Raises
    ------
    ReportMissing
    """
    found = get(conn, number)
    broken = [] if canon.digest(_whole(found)) == found.sha256 else ["report"]
    broken += [str(note.seq) for note in found.notes if canon.digest(note.content) != note.sha256]
    kept = conn.execute(_queries.audited.sql, {"subject": str(number)}).fetchone()
    return Verdict(not broken, None if kept is None else kept[0] == found.sha256, tuple(broken))


def record(conn: psycopg.Connection[Any], report: Report, form: str, reason: str = "") -> None:
    """Leave an audit row of a report that is taken along as a file."""
    after = {"form": form, "sha256": report.sha256}
    conn.execute(_queries.audit.sql, _deed("export", report.id, after, reason))


def _maker(kind: str) -> _Maker:
    if kind not in MAKERS:
        raise BadInput(detail=kind)
    return MAKERS[kind]


def _span(conn: psycopg.Connection[Any], kind: str, since: date, until: date, area: str | None) -> Span:
    figures.spanned(since, until)
    span = bodies.spanned(conn, since, until, area)
    _maker(kind).fit(span)
    if until >= datetime.now(OFFICE).date():
        raise PeriodOpen(until=until)
    (may,) = conn.execute(
        "SELECT atlas.account_id() IS NULL OR atlas.has_role('{leader,supervisor}')"
        " AND (atlas.everywhere() OR %s::bigint = ANY (atlas.scope_areas()))", (span.area_id,)
    ).fetchone() or (False,)  # fmt: skip
    if not may:
        raise MakerUnfit
    return span


def _freeze(conn: psycopg.Connection[Any], actor: Actor, kind: str, span: Span, entered: Entered) -> int | None:
    found = _maker(kind).body(conn, span)
    words = {key: str(value)[:LONGEST_TEXT] for key, value in asdict(entered).items() if key != "zero"}
    hushed = dict(zip(words, bodies.hushed(conn, words.values()), strict=True))
    content = {
        "head": {
            "kind": kind, "area": span.area or "", "area_name": span.area_name, "since": span.since.isoformat(),
            "until": span.until.isoformat(), "made_by": actor.name,
            "made_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
        },
        "entered": {**hushed, "zero": entered.zero},
        "figures": found.figures,
        "tables": found.tables,
    }  # fmt: skip
    formulas = indicators.formulas() if kind == MONTHLY else {}
    sha256 = canon.digest({"content": content, "formulas": formulas})
    given = {"kind": kind, "area": span.area_id, "since": span.since, "until": span.until, "sha256": sha256}
    row = conn.execute(
        _queries.insert.sql, {**given, "content": Jsonb(content), "formulas": Jsonb(formulas)}
    ).fetchone()
    if row is None:  # somebody else made it at the same moment
        return None
    conn.execute(_queries.audit.sql, _deed("freeze", row[0], {"kind": kind, "sha256": sha256}, ""))
    return int(row[0])


def _compare(conn: psycopg.Connection[Any], report: Report, span: Span, remark: str) -> Made:
    found = _maker(report.kind).body(conn, span)
    differ = canon.differences(report.content, {"figures": found.figures, "tables": found.tables})
    last = report.notes[-1].differences if report.notes else []
    if canon.text(differ) == canon.text(last) and not remark.strip():
        return Made(report, new=False, note=None)
    content = {
        "report": report.sha256, "differences": differ,
        "remark": bodies.hushed(conn, [remark.strip()[:LONGEST_TEXT]])[0],
        "made_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
    }  # fmt: skip
    sha256 = canon.digest(content)
    conn.execute(_queries.note.sql, {"id": report.id, "content": Jsonb(content), "sha256": sha256})
    conn.execute(_queries.audit.sql, _deed("note", report.id, {"sha256": sha256, "differences": len(differ)}, remark))
    after = get(conn, report.id)
    return Made(after, new=False, note=after.notes[-1])


def _whole(report: Report) -> dict[str, Any]:
    """Give what the hash covers; what columns say otherwise than the head breaks it."""
    head = {
        **report.content["head"], "kind": report.kind, "area": report.area or "", "since": report.since.isoformat(),
        "until": report.until.isoformat(), "made_by": report.actor,
    }  # fmt: skip
    return {"content": {**report.content, "head": head}, "formulas": report.formulas}


def _deed(action: str, number: int, after: dict[str, Any], reason: str) -> dict[str, Any]:
    return {"action": action, "subject": str(number), "after": Jsonb(after), "reason": reason or None}
