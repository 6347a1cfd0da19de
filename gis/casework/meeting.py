"""The list meeting (清单会商): matters without an owner are collected, settled, and become items of the list.

Collected are cases that came in without a unit or with several, findings of the rule
``unowned_matter``, and what units refused or sent back; as long as today's list does not answer
for them. A decision is an item of the list (:func:`gis.records.duties.give`) and closes the entry;
an entry the list answers for by now closes by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row
from psycopg.rows import dict_row

from gis.access import audit
from gis.casework import sheets
from gis.coverage.wording.statistics import kind as kind_name
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import NotAllowed
from gis.errors import NotFound
from gis.i18n import translate as _
from gis.records import duties
from gis.vocabulary import IncidentKind
from gis.vocabulary import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from datetime import datetime

    import psycopg

    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("meeting.sql"), "psycopg", mandatory_parameters=False)

SINCE_DAYS = 365
"""How far back refusals and returns are looked at."""
SHOWN = 5
LONGEST = 2000
SOURCES = ("case", "coverage", "whistle", "hand")
PROBLEMS = ("none", "several", "disputed")


class EntryMissing(NotFound):
    """No entry of this number."""

    template = "议题清单里没有第 {id} 条。"
    cure = "请用 script/gis duties meeting agenda 查看现有的议题。"


class EntrySettled(BadInput):
    """Somebody settled it already."""

    template = "第 {id} 条议题已经办结:{decision}"
    cure = "请刷新后查看;如有异议,请重新提交议题。"
    http_status = 409


class WordsMissing(BadInput):
    """A decision or a reason has to be said."""

    template = "没有写明决定或理由。"
    cure = "请写一句话;它进入会商记录和审计。"


class MeetingMissing(NotFound):
    """No meeting of this number, or it was held already."""

    template = "没有第 {id} 次会商,或它已经开过。"
    cure = "请用 script/gis duties meeting list 查看。"


@dataclass(frozen=True, slots=True)
class Entry:
    """One matter without an owner.

    Attributes
    ----------
    problem : str
        ``none`` (no unit leads), ``several`` (the list names more than one), ``disputed`` (units
        refused or sent back what the list gives them).
    sources : list of str
        Of :data:`SOURCES`.
    incidents, open, examples : int, int, list of str
        Cases (or whistles) it stands for, those not closed, codes of a few.
    units : list of str
        Units that contradict each other, refused, or led it before.
    lead : str or None
        Unit the decision gave it to, with ``duty_id`` its item.
    held_on : date or None
        Day of the meeting it is on the agenda of.
    """

    id: int
    kind: str
    category: str
    area: str | None
    problem: str
    sources: list[str]
    incidents: int
    open: int
    examples: list[str]
    units: list[str]
    note: str
    state: str
    meeting_id: int | None
    held_on: date | None
    decision: str
    duty_id: int | None
    lead: str | None
    decided_at: datetime | None
    first_seen: datetime
    last_seen: datetime
    updated_at: datetime

    @property
    def problem_text(self) -> str:
        """What is wrong, in the language in force."""
        return problem_name(self.problem)


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting; ``entries`` are on its agenda, ``settled`` of them decided or dropped."""

    id: int
    held_on: date
    place: str
    chair: str
    attendees: str
    minutes: str
    state: str
    entries: int
    settled: int


@dataclass(frozen=True, slots=True)
class Collected:
    """What collecting did: entries that are new, counted anew, and closed because the list answers by now."""

    added: int
    renewed: int
    settled: int


@dataclass(slots=True)
class _Heap:
    """What was found of one kind and category."""

    problem: str = ""
    sources: set[str] = field(default_factory=set)
    incidents: int = 0
    open: int = 0
    examples: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)

    def take(self, source: str, problem: str, found: dict[str, Any], *, more: bool) -> None:
        """Take in what one source found; ``more``: of other cases than those so far."""
        self.sources.add(source)
        # Of the same cases counted again the larger figure holds, not the sum.
        counts = [(self.incidents, found["incidents"]), (self.open, found["open"])]
        self.incidents, self.open = (was + now if more else max(was, now) for was, now in counts)
        self.examples = list(dict.fromkeys([*self.examples, *found["examples"]]))[:SHOWN]
        self.units = list(dict.fromkeys([*self.units, *found["units"]]))
        if PROBLEMS.index(problem) > PROBLEMS.index(self.problem or "none") or not self.problem:
            self.problem = problem


def problem_name(word: str) -> str:
    """Name of what is wrong, in the language in force."""
    return {"none": _("无人牵头"), "several": _("多头牵头"), "disputed": _("单位有异议")}[word]


def source_name(word: str) -> str:
    """Name of where an entry comes from."""
    return {"case": _("事件"), "coverage": _("盲区"), "whistle": _("吹哨"), "hand": _("人工提交")}[word]


def state_name(word: str) -> str:
    """Name of an entry's state."""
    return {"open": _("待会商"), "decided": _("已明确"), "dropped": _("不再上会")}[word]


def collect(actor: Actor) -> Collected:
    """Collect the matters without an owner; what is on the agenda already is counted anew.

    Parameters
    ----------
    actor : Actor
        A supervisor of the whole office, or a job.

    Raises
    ------
    NotAllowed
    """
    with session(actor) as conn:
        _require(conn)
        heaps = _found(conn)
        added = renewed = 0
        for (kind, category), heap in sorted(heaps.items()):
            given = {
                "kind": kind, "category": category, "problem": heap.problem, "sources": sorted(heap.sources),
                "incidents": heap.incidents, "open": heap.open, "examples": heap.examples, "units": heap.units,
            }  # fmt: skip
            row = conn.execute(_queries.keep.sql, given).fetchone()
            new = row is not None and bool(row[0])
            added, renewed = added + new, renewed + (not new)
        settled = _settle(conn)
        audit.note(conn, "collect", "agenda", after={"added": added, "renewed": renewed, "settled": settled})
        return Collected(added, renewed, settled)


def put(
    actor: Actor,
    kind: IncidentKind | str,
    category: str,
    note: str,
    *,
    area: str | None = None,
    problem: str = "disputed",
    units: Sequence[str] = (),
    case: str | None = None,
) -> int:
    """Put a matter on the agenda by hand; where it is there, the note goes to it. Its number.

    Raises
    ------
    WordsMissing, NotAllowed
    """
    if not category.strip() or not note.strip():
        raise WordsMissing
    with session(actor) as conn:
        given = {
            "kind": IncidentKind(kind).value, "category": category.strip(), "area": area or None,
            "problem": problem if problem in PROBLEMS else "disputed", "examples": [case] if case else [],
            "units": list(units), "note": note.strip()[:LONGEST],
        }  # fmt: skip
        row = conn.execute(_queries.put.sql, given).fetchone()
        assert row is not None
        audit.note(conn, "put", "agenda", str(row[0]), after={"kind": given["kind"], "category": given["category"]})
        return int(row[0])


def entries(
    conn: psycopg.Connection[Any],
    states: Sequence[str] | None = ("open",),
    *,
    meeting: int | None = None,
    kind: str | None = None,
    category: str | None = None,
) -> list[Entry]:
    """Give entries of the agenda, those that concern most open cases first."""
    given = {"id": None, "states": None if states is None else list(states), "meeting": meeting}
    return _entries(conn, {**given, "kind": kind, "category": category})


def get(conn: psycopg.Connection[Any], entry_id: int) -> Entry:
    """Give one entry.

    Raises
    ------
    EntryMissing
    """
    found = _entries(conn, {"id": entry_id, "states": None, "meeting": None, "kind": None, "category": None})
    if not found:
        raise EntryMissing(id=entry_id)
    return found[0]


def plan(actor: Actor, held_on: date, *, place: str = "", chair: str = "", attendees: str = "") -> Meeting:
    """Call a meeting; every open entry that is on no agenda yet goes on its.

    Raises
    ------
    NotAllowed
    """
    with session(actor) as conn:
        given = {"held_on": held_on, "place": place.strip(), "chair": chair.strip(), "attendees": attendees.strip()}
        row = conn.execute(_queries.plan.sql, given).fetchone()
        assert row is not None
        tabled = len(conn.execute(_queries.table.sql, {"meeting": row[0]}).fetchall())
        audit.note(
            conn, "plan", "meeting", str(row[0]), after={"held_on": held_on.isoformat(), "entries": tabled}
        )  # fmt: skip
        return _meeting(conn, int(row[0]))


def hold(actor: Actor, meeting_id: int, minutes: str, *, attendees: str = "") -> Meeting:
    """Say that a meeting was held, and what was said; entries nobody settled stay open and go to the next one.

    Raises
    ------
    WordsMissing, MeetingMissing, NotAllowed
    """
    if not minutes.strip():
        raise WordsMissing
    with session(actor) as conn:
        _require(conn)
        given = {"id": meeting_id, "minutes": minutes.strip(), "attendees": attendees.strip()}
        row = conn.execute(_queries.hold.sql, given).fetchone()
        if row is None:
            raise MeetingMissing(id=meeting_id)
        audit.note(conn, "hold", "meeting", str(meeting_id), after={"held_on": row[0].isoformat()})
        return _meeting(conn, meeting_id)


def meetings(conn: psycopg.Connection[Any]) -> list[Meeting]:
    """Give the meetings, the latest first."""
    with conn.cursor(row_factory=class_row(Meeting)) as cursor:
        return cursor.execute(_queries.meetings.sql, {"id": None}).fetchall()


def decide(
    actor: Actor,
    entry_id: int,
    lead: str,
    decision: str,
    *,
    begins: date | None = None,
    area: str | None = None,
    which: Listing | str = Listing.STREET,
    assists: str = "",
    task: str = "",
    basis: str = "",
) -> Entry:
    """Settle an entry: the unit leads from a day on, as an item of the list.

    Parameters
    ----------
    actor : Actor
        A supervisor of the whole office.
    entry_id : int
        Which entry.
    lead, assists, task, basis : str
        Unit that leads; units that assist, what exactly they do; legal basis.
    decision : str
        What was decided, for the minutes.
    begins : date, optional
        First day; today by default.
    area : str, optional
        Code of an area, where it holds there alone; that of the entry by default.
    which : Listing
        Which of the three lists it stands on.

    Raises
    ------
    WordsMissing, EntryMissing, EntrySettled, LeadMissing, NotAllowed
        Nothing was written.
    """
    with session(actor) as conn:
        entry = _open(conn, entry_id, decision)
        row = conn.execute(_queries.today.sql).fetchone()
        first = begins or (row[0] if row else None)
        assert first is not None
        duty = duties.give(
            conn, entry.category, lead, first, kind=entry.kind, area=area or entry.area, which=which,
            assists=assists, task=task, basis=basis, reason=decision.strip()[:LONGEST],
        )  # fmt: skip
        _close(conn, entry, "decided", decision, duty)
        return get(conn, entry_id)


def drop(actor: Actor, entry_id: int, reason: str) -> Entry:
    """Take an entry off the agenda with a reason. Raises as :func:`decide`."""
    with session(actor) as conn:
        _close(conn, _open(conn, entry_id, reason), "dropped", reason, None)
        return get(conn, entry_id)


def export(conn: psycopg.Connection[Any], path: Path, reason: str, meeting: int | None = None) -> int:
    """Write the agenda (of one meeting, or all that is open) and what was decided to Excel; how many entries.

    Raises
    ------
    PurposeMissing, FormatUnknown, OutputRefused, MeetingMissing
        Nothing was written.
    """
    why = sheets.purpose(path, reason)
    found = entries(conn, None if meeting else ("open",), meeting=meeting)
    heads = (
        _("编号"), _("类别"), _("小类"), _("辖区"), _("问题"), _("来源"), _("事件数"), _("未办结"), _("举例"),
        _("有关单位"), _("说明"), _("状态"), _("牵头单位"), _("决定"), _("决定时间"), _("首次提出"),
    )  # fmt: skip
    rows = [
        (
            e.id, kind_name(e.kind), e.category, e.area or "", e.problem_text, [source_name(s) for s in e.sources],
            e.incidents, e.open, e.examples, e.units, e.note, state_name(e.state), e.lead or "", e.decision,
            e.decided_at, e.first_seen,
        )
        for e in found
    ]  # fmt: skip
    about = []
    if meeting:
        held = _meeting(conn, meeting)
        told = (held.held_on, held.place, held.chair, held.attendees, held.minutes)
        heads_of = (_("日期"), _("地点"), _("主持人"), _("参加单位"), _("纪要"))
        about = [sheets.Sheet(_("会议"), (), list(zip(heads_of, told, strict=True)))]
    sheets.write(conn, path, why, [*about, sheets.Sheet(_("议题"), heads, rows)])
    audit.note(conn, "export", "agenda", str(meeting or ""), after={"rows": len(rows)}, reason=why)
    return len(rows)


def _found(conn: psycopg.Connection[Any]) -> dict[tuple[str, str], _Heap]:
    """Give what the sources found and today's list does not answer."""
    heaps: dict[tuple[str, str], _Heap] = {}
    with conn.cursor(row_factory=dict_row) as cursor:
        asked = [("case", row) for row in cursor.execute(_queries.cases.sql).fetchall()]
        asked += [("coverage", row) for row in cursor.execute(_queries.findings.sql).fetchall()]
        given = {
            "kinds": [row["kind"] for _source, row in asked],
            "categories": [row["category"] for _source, row in asked],
            "areas": [row["area"] for _source, row in asked],
        }
        now = {
            (row["kind"], row["category"], row["area"]): row["several"]
            for row in cursor.execute(_queries.unowned.sql, given)
        }
        for source, row in asked:
            several = now.get((row["kind"], row["category"], row["area"]))
            if several is not None:
                heap = heaps.setdefault((row["kind"], row["category"]), _Heap())
                heap.take(source, "several" if several else "none", row, more=source == "case")
        for source, name in (("case", "returned"), ("whistle", "refused")):
            text = getattr(_queries, name).sql
            for row in cursor.execute(text.encode(), {"days": SINCE_DAYS}).fetchall():
                heap = heaps.setdefault((row["kind"], row["category"]), _Heap())
                heap.take(source, "disputed", row, more=source == "whistle")
    return heaps


def _settle(conn: psycopg.Connection[Any]) -> int:
    """Close the collected entries that the list answers by now; how many."""
    waiting = [e for e in entries(conn) if e.area is None and "hand" not in e.sources and e.problem != "disputed"]
    given = {"kinds": [e.kind for e in waiting], "categories": [e.category for e in waiting]}
    left = conn.execute(_queries.unowned.sql, {**given, "areas": [None for _entry in waiting]}).fetchall()
    unowned = {(kind, category) for kind, category, _area, _several in left}
    answered = [e for e in waiting if (e.kind, e.category) not in unowned]
    for entry in answered:
        _close(conn, entry, "dropped", _("现行清单已有唯一的牵头单位,不再上会。"), None)
    return len(answered)


def _entries(conn: psycopg.Connection[Any], given: dict[str, Any]) -> list[Entry]:
    with conn.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(_queries.entries.sql, given).fetchall()


def _open(conn: psycopg.Connection[Any], entry_id: int, words: str) -> Entry:
    """Lock an entry that is still open."""
    if not words.strip():
        raise WordsMissing
    locked = conn.execute(_queries.lock.sql, {"id": entry_id}).fetchone()
    entry = get(conn, entry_id)
    if locked is None:
        raise NotAllowed
    if entry.state != "open":
        raise EntrySettled(id=entry_id, decision=entry.decision)
    return entry


def _close(conn: psycopg.Connection[Any], entry: Entry, state: str, decision: str, duty: int | None) -> None:
    said = decision.strip()[:LONGEST]
    conn.execute(_queries.decide.sql, {"id": entry.id, "state": state, "decision": said, "duty": duty})
    after = {"kind": entry.kind, "category": entry.category, "duty": duty}
    audit.note(conn, state, "agenda", str(entry.id), before={"state": "open"}, after=after, reason=said)


def _meeting(conn: psycopg.Connection[Any], meeting_id: int) -> Meeting:
    with conn.cursor(row_factory=class_row(Meeting)) as cursor:
        found = cursor.execute(_queries.meetings.sql, {"id": meeting_id}).fetchone()
    if found is None:
        raise MeetingMissing(id=meeting_id)
    return found


def _require(conn: psycopg.Connection[Any]) -> None:
    row = conn.execute("SELECT atlas.everywhere() AND (atlas.has_role('{supervisor}') OR atlas.account_id() IS NULL)")
    if row.fetchone() != (True,):
        raise NotAllowed
