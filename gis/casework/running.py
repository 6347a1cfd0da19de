"""Which clocks of a case run, as a pure function of its events.

Each open state has its stage (:data:`STAGE_OF`); the stage's clock runs from the event that leads
into it to the one that leads out, and ``total`` from the report to the end. A return or a reopening
begins a new round; rework goes on with the clock of the handling, which stood still while the answer
was checked. A suspended case's clocks stand still, except those whose end is printed on an order or
set as a date. Enforcement cases, agreements and major hazards have clocks of their own
(:func:`_kind`). :func:`replay` is the definition, the rows of ``case_clock`` a copy that a test
compares; the writing is in :mod:`gis.casework.timing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import ROUND_CEILING
from decimal import Decimal
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol
from typing import cast

from gis.casework import clocks
from gis.casework import flow
from gis.casework.calendar import ONE
from gis.casework.calendar import local
from gis.casework.calendar import midnight
from gis.casework.forms import OFFICE
from gis.vocabulary import Act
from gis.vocabulary import CaseState
from gis.vocabulary import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from gis.casework.calendar import Calendar
    from gis.casework.clocks import Kind
    from gis.casework.clocks import Pause
    from gis.casework.flow import State
    from gis.casework.limits import Table

STAGE_OF = {
    CaseState.REPORTED: "accept",
    CaseState.VERIFYING: "accept",
    CaseState.FILED: "dispatch",
    CaseState.DISPATCHED: "handle",
    CaseState.HANDLING: "handle",
    CaseState.ANSWERED: "check",
    CaseState.CHECKED: "close",
}
FIXED = "fixed"
OUTLIVING = frozenset({"confirm"})
"""Clocks that run on when the case is closed: they are the parties', not the office's."""
EXTENDED = ("handle", "decide")
FINEST = Decimal("0.000000001")
SECOND = timedelta(seconds=1)
SHARE = Decimal("0.8")


FILED = frozenset({CaseState.FILED, CaseState.DISPATCHED, CaseState.HANDLING})
"""States of an enforcement case that came with a file in which its 90 days run."""


class Event(Protocol):
    """What has to be known of an event."""

    @property
    def act(self) -> str:
        """Word of the act."""

    @property
    def at(self) -> datetime:
        """When it happened."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What it keeps."""


class Kept(Event, Protocol):
    """An event as it is stored: for a replay."""

    @property
    def state(self) -> str:
        """State after it."""

    @property
    def actor(self) -> str:
        """Who did it."""

    @property
    def note(self) -> str:
        """What was said."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of a case: a row of ``case_clock``.

    ``kind`` is one of :data:`gis.casework.clocks.KINDS`, ``fixed`` for an end that was given, or None
    where no limit is known; ``amount`` what the limit allows, ``extra`` what was granted on top.
    """

    stage: str
    round: int
    starts_at: datetime
    kind: str | None = None
    amount: Decimal | None = None
    extra: Decimal = Decimal(0)
    warn_share: Decimal = SHARE
    source: str = ""
    due_at: datetime | None = None
    warn_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    ended_at: datetime | None = None
    provisional: bool = False
    id: int | None = None

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return any(until is None for _since, until in self.pauses)


@dataclass(frozen=True, slots=True)
class Case:
    """What the clocks have to know of a case: how its flow stands, and its small class."""

    state: State
    category: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What is measured by: the limits and the calendar of the office."""

    limits: Table
    calendar: Calendar


def step(
    known: Sequence[Clock],
    before: Case | None,
    after: Case,
    event: Event,
    rules: Rules,
    closed_at: datetime | None = None,
) -> list[Clock]:
    """Give the clocks of a case after an event.

    Parameters
    ----------
    known : sequence of Clock
        As they were.
    before, after : Case
        The case before and after it; None before its first event.
    event : Event
        What happened, and when.
    rules : Rules
        Limits of the day a clock starts on, and the calendar.
    closed_at : datetime, optional
        When a case that came in closed was closed, as the file says.
    """
    run = _Run(list(known), after, event.at, rules)
    was = STAGE_OF.get(before.state.state) if before else None
    now = STAGE_OF.get(after.state.state)
    if before is not None and before.state.suspended and not after.state.suspended:
        run.each(lambda clock: clock.paused, _resumed(event.at))
    if was is not None and (was != now or _other_unit(before, after, event)):
        run.end(was, event.at)
    if now is None:
        if before is None and after.state.state is CaseState.CLOSED and closed_at is not None:
            run.start("total")
            run.end("total", max(closed_at, event.at))
        for stage in {clock.stage for clock in run.clocks} - OUTLIVING:
            run.end(stage, event.at)
    else:
        run.ensure("total")
        if was == "check" and now == "handle" and run.last("handle") is not None:
            run.go_on("handle")
        for stage in stages(after.state.kind, after.state.state) if before is None else (now,):
            run.ensure(stage)
    _kind(run, before, after, event)
    if event.data.get("due"):
        run.fix("total", _moment(event.data["due"]))
    if event.act == Act.EXTEND and event.data.get("result") == "granted":
        run.extend(event.data.get("until"))
    if before is not None and (before.category, before.state.level) != (after.category, after.state.level):
        run.refit()
    if after.state.suspended and not (before is not None and before.state.suspended):
        run.each(lambda clock: clock.runs and not clock.paused, _paused(event.at))
    return run.clocks


def replay(
    events: Iterable[Kept], kind: str, channel: str, category: str, rules: Rules, closed_at: datetime | None = None
) -> list[Clock]:
    """Give the clocks that a case's events say, oldest first.

    Parameters
    ----------
    events : iterable of Kept
        All of them.
    kind, channel, category : str
        Of the case as it is now; a corrected small class is taken back to what it was.
    rules : Rules
        Limits and calendar.
    closed_at : datetime, optional
        When it was closed, as the file says.
    """
    events = list(events)
    for event in reversed(events):
        if event.act == Act.CHANGE:
            category = (event.data.get("was") or {}).get("category", category)
    case: Case | None = None
    found: list[Clock] = []
    for event in events:
        state = flow.apply(
            case.state if case else flow.State(kind=kind, channel=channel),
            flow.Event(Act(event.act), event.actor, event.note, event.data, CaseState(event.state)),
        )
        if event.act == Act.CHANGE:
            category = (event.data.get("is") or {}).get("category", category)
        after = Case(state, category)
        found = step(found, case, after, event, rules, closed_at)
        case = after
    return found


def stages(kind: str, state: CaseState) -> tuple[str, ...]:
    """Give the stages that begin with a case that came in this state, besides the whole."""
    stage = STAGE_OF.get(state)
    decide = ("decide",) if kind == IncidentKind.ENFORCEMENT and state in FILED else ()
    return decide if stage is None else (stage, *decide)


def settled(clock: Clock, calendar: Calendar) -> Clock:
    """Give a clock with its end and warning as its limit, pauses and extension say.

    The end is a whole second; a day that ends at midnight ends at 23:59:59, so that its date is its
    own. Nothing while it stands still or without a limit.
    """
    if clock.kind == FIXED:
        assert clock.due_at is not None
        span = (clock.due_at - clock.starts_at) * float(clock.warn_share)
        return replace(clock, warn_at=clock.starts_at + max(span, timedelta()), provisional=False)
    if clock.kind is None or clock.amount is None:
        return replace(clock, due_at=None, warn_at=None, provisional=False)
    kind = cast("Kind", clock.kind)
    whole = clock.amount + clock.extra
    due = clocks.due(clock.starts_at, whole, kind, calendar, clock.pauses)
    if due is None:
        return replace(clock, due_at=None, warn_at=None)
    warn = clocks.due(clock.starts_at, whole * clock.warn_share, kind, calendar, clock.pauses)
    unknown = kind.startswith("work") and not calendar.covers(clock.starts_at, due)
    return replace(
        clock, due_at=ending(due, kind), warn_at=warn, provisional=unknown
    )  # fmt: skip


def ending(due: datetime, kind: str) -> datetime:
    """Give the end of a clock as it is stored and shown: a whole second, of the day it belongs to."""
    if due.microsecond:
        due = due.replace(microsecond=0)
    return due - SECOND if kind == "natural_day" and due == midnight(local(due)) else due


class _Run:
    """The clocks of a case while an event is worked in."""

    def __init__(self, known: list[Clock], case: Case, at: datetime, rules: Rules) -> None:
        self.clocks = known
        self.case = case
        self.at = at
        self.rules = rules

    def last(self, stage: str) -> int | None:
        """Place of the last round of a stage."""
        rounds = [(clock.round, n) for n, clock in enumerate(self.clocks) if clock.stage == stage]
        return max(rounds)[1] if rounds else None

    def running(self, stage: str) -> int | None:
        """Place of the round of a stage that runs."""
        n = self.last(stage)
        return n if n is not None and self.clocks[n].runs else None

    def start(self, stage: str, at: datetime | None = None) -> None:
        """Begin a new round of a stage."""
        at = self.at if at is None else at
        n = self.last(stage)
        fresh = Clock(stage, 1 if n is None else self.clocks[n].round + 1, at)
        self.clocks.append(settled(self._limited(fresh), self.rules.calendar))

    def ensure(self, stage: str) -> None:
        """Begin a stage that does not run."""
        if self.running(stage) is None:
            self.start(stage)

    def end(self, stage: str, at: datetime) -> None:
        """End the round that runs, if one does; an end is never before the start."""
        n = self.running(stage)
        if n is not None:
            clock = _resumed(at)(self.clocks[n])
            at = max(at, clock.starts_at)
            self.clocks[n] = replace(settled(clock, self.rules.calendar), ended_at=at)

    def correct(self, stage: str, *, starts_at: datetime | None = None, ended_at: datetime | None = None) -> bool:
        """Let the last round of a stage start or end at another time; whether there is one."""
        n = self.last(stage)
        if n is None:
            return False
        clock = self.clocks[n] if ended_at is None else _resumed(ended_at)(self.clocks[n])
        starts = clock.starts_at if starts_at is None else starts_at
        ends = clock.ended_at if ended_at is None else ended_at
        changed = replace(clock, starts_at=starts, ended_at=None if ends is None else max(starts, ends))
        self.clocks[n] = settled(changed, self.rules.calendar)
        return True

    def go_on(self, stage: str) -> None:
        """Let the last round go on; the time since it ended is a pause."""
        n = self.last(stage)
        assert n is not None
        clock = self.clocks[n]
        if clock.ended_at is None:
            return
        pauses = (*clock.pauses, (clock.ended_at, self.at)) if self.at > clock.ended_at else clock.pauses
        self.clocks[n] = settled(replace(clock, ended_at=None, pauses=pauses), self.rules.calendar)

    def fix(self, stage: str, due: datetime, source: str = "") -> None:
        """Give the clock that runs an end."""
        n = self.running(stage)
        if n is not None:
            clock = replace(
                self.clocks[n], kind=FIXED, amount=None, extra=Decimal(0), due_at=due.astimezone(UTC), source=source
            )
            self.clocks[n] = settled(clock, self.rules.calendar)

    def extend(self, until: object) -> None:
        """Grant more time: until a day or moment, or as much again; the whole case gets as much more."""
        moved: timedelta | None = None
        for stage in EXTENDED:
            n = self.running(stage)
            if n is None or (self.clocks[n].kind is None and (until is None or stage != EXTENDED[0])):
                continue
            clock = self.clocks[n]
            longer = self._longer(clock, None if until is None else self._until(until, clock.kind))
            if clock.due_at is not None and longer.due_at is not None:
                moved = max(moved or timedelta(), longer.due_at - clock.due_at)
            self.clocks[n] = longer
        n = self.running("total")
        if n is not None and moved and (due := self.clocks[n].due_at) is not None:
            self.clocks[n] = self._longer(self.clocks[n], due + moved)

    def refit(self) -> None:
        """Measure what runs by the limits of the corrected class and level, from where it started."""
        for n, clock in enumerate(self.clocks):
            if clock.runs and clock.kind != FIXED:
                self.clocks[n] = settled(self._limited(clock), self.rules.calendar)

    def each(self, which: Any, change: Any) -> None:  # noqa: ANN401  a predicate and a function of clocks
        """Change some of them."""
        self.clocks = [settled(change(clock), self.rules.calendar) if which(clock) else clock for clock in self.clocks]

    def _limited(self, clock: Clock) -> Clock:
        state = self.case.state
        found = self.rules.limits.find(
            state.kind, self.case.category, state.level, state.channel, local(clock.starts_at)
        ).get(clock.stage)
        if found is None:
            return replace(clock, kind=None, amount=None, extra=Decimal(0), source="")
        extra = clock.extra if clock.kind == found.clock else Decimal(0)
        return replace(
            clock, kind=found.clock, amount=found.amount, extra=extra, warn_share=found.warn_share, source=found.source
        )

    def _longer(self, clock: Clock, until: datetime | None) -> Clock:
        if clock.kind in {None, FIXED}:
            if until is None or (clock.due_at is not None and until <= clock.due_at):
                return clock
            return settled(replace(clock, kind=FIXED, amount=None, due_at=until), self.rules.calendar)
        assert clock.amount is not None
        if until is None:
            extra = clock.extra + clock.amount
        else:
            counted = clocks.used(clock.starts_at, until, cast("Kind", clock.kind), self.rules.calendar, clock.pauses)
            wanted = Decimal(counted.numerator) / Decimal(counted.denominator) - clock.amount
            extra = max(clock.extra, wanted.quantize(FINEST, ROUND_CEILING))
        return settled(replace(clock, extra=extra), self.rules.calendar)

    def _until(self, until: object, kind: str | None) -> datetime:
        """Give the moment an extension lasts to: the end of the day, of office hours where those count."""
        found = _moment(until)
        if isinstance(until, datetime) or (isinstance(until, str) and len(until) > len("2026-01-01")):
            return found
        day = local(found)
        spans = self.rules.calendar.spans(day) if kind in {"work_hour", "work_day"} else ()
        return spans[-1][1] if spans else midnight(day + ONE) - SECOND


def _kind(run: _Run, before: Case | None, after: Case, event: Event) -> None:
    """Start and end the clocks that one kind of case has of its own."""
    data = event.data
    kind = after.state.kind
    if kind == IncidentKind.ENFORCEMENT:
        filed = before is not None and before.state.state is not after.state.state is CaseState.FILED
        if filed and event.act == Act.ACCEPT:
            run.ensure("decide")
        elif event.act == Act.STAGE and data.get("on"):
            _enforcement(run, str(data.get("stage")), _moment(data["on"]), set(data.get("measures") or ()))
    elif kind == IncidentKind.DISPUTE:
        if event.act == Act.AGREE and data.get("signed_on"):
            run.end("confirm", event.at)
            if data.get("form") == "written":
                run.start("confirm", _moment(data["signed_on"]))
        elif event.act == Act.CONFIRM:
            run.end("confirm", _moment(data["on"]) if data.get("on") else event.at)
    elif kind == IncidentKind.HAZARD and event.act == Act.MEASURES and data.get("deadline"):
        run.fix("handle", midnight(local(_moment(data["deadline"])) + ONE) - SECOND)


def _enforcement(run: _Run, stage: str, on: datetime, measures: set[str]) -> None:
    """Follow the stages of an enforcement case; a stage said again is a correction."""
    if stage == "file":
        run.correct("decide", starts_at=on)
    elif stage == "decide":
        run.correct("decide", ended_at=on)
        if measures and measures <= {"none", "transfer"}:
            run.end("deliver", on)
        elif not run.correct("deliver", starts_at=on):
            run.start("deliver", on)
    elif stage == "deliver":
        run.correct("deliver", ended_at=on)


def _other_unit(before: Case | None, after: Case, event: Event) -> bool:
    """Whether a case was given to another lead while somebody had it."""
    return (
        event.act == Act.DISPATCH
        and before is not None
        and before.state.state is CaseState.DISPATCHED
        and before.state.units[:1] != after.state.units[:1]
    )


def _paused(at: datetime) -> Any:  # noqa: ANN401  a function of clocks
    return lambda clock: replace(clock, pauses=(*clock.pauses, (at, None)))


def _resumed(at: datetime) -> Any:  # noqa: ANN401  a function of clocks
    def resume(clock: Clock) -> Clock:
        ends = ((since, at if until is None else until) for since, until in clock.pauses)
        return replace(clock, pauses=tuple((since, until) for since, until in ends if until > since))

    return resume


def _moment(given: object) -> datetime:
    """Read a day (its beginning) or a moment of an event's data."""
    if isinstance(given, datetime):
        return given
    if isinstance(given, date):
        return midnight(given)
    found = datetime.fromisoformat(str(given))
    return found if found.tzinfo else found.replace(tzinfo=OFFICE)
