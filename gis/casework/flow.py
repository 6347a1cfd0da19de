"""The flow of a case as a pure function: from which state which act leads where, and who may do it.

::

    reported ⇄ verifying → filed → dispatched → handling → answered → checked → closed
       ↘ rejected ↙          ↖____return____↙      ↖__rework__↙                   ↓
                             ↖_____________________reopen_________________________↙

A case's state is what its events say: :func:`replay` is the definition, the row of ``casefile``
a copy that a test compares. No database here; what a kind adds to an act is in
:mod:`gis.casework.kinds`, the writing in :mod:`gis.casework.acts`. Source: domain facts §1.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from gis.casework import words
from gis.casework.errors import PairMissing
from gis.casework.errors import ResultMissing
from gis.casework.errors import RoleUnfit
from gis.casework.errors import StepRefused
from gis.casework.errors import WordsMissing
from gis.casework.words import RESULTS
from gis.vocabulary import Act
from gis.vocabulary import CaseState
from gis.vocabulary import Channel
from gis.vocabulary import IncidentKind
from gis.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping

__all__ = [
    "ENDED", "HOUSE", "OPEN", "PUBLIC", "RESULTS", "Event", "State", "StepRefused", "apply", "check", "opening",
    "permit", "possible", "replay",
]  # fmt: skip

ENDED = frozenset({CaseState.CLOSED, CaseState.REJECTED, CaseState.MERGED})
OPEN = tuple(state for state in CaseState if state not in ENDED)
"""States of a case that somebody still has to do something with, in the order of the flow."""

PUBLIC = frozenset({Channel.HOTLINE, Channel.PUBLIC})
"""Channels whose reports are verified on site before they are filed."""

HOUSE = frozenset(Role)
"""Roles of the house's own jobs: all of them."""


@dataclass(frozen=True, slots=True)
class State:
    """All that the flow knows of a case.

    Attributes
    ----------
    kind, channel : str
        ``IncidentKind``; ``Channel`` it came by.
    state : CaseState
        Where it stands.
    suspended : bool
        Whether it waits with a reason; its clocks stand still.
    verified : str
        Last word of a verification: ``exist``, ``not_exist``, ``unable``; empty before one.
    level : int or None
        1 gravest … 4 least.
    card : str or None
        ``yellow`` or ``red``.
    units : tuple of str
        Lead unit first.
    handler_id : int or None
        Account it was given to.
    answered_by : str
        Account that said it was done: may not check it.
    returns, reworked, reopened, extended : int
        How often it came back from a unit, failed its check, was opened again, got more time.
    asking : bool
        Whether more time was asked for and nobody decided yet.
    rating, appeal : str or None
        ``good``/``fair``/``bad``; ``open``/``upheld``/``dismissed``.
    into : int or None
        Case it was merged into.
    """

    kind: str = IncidentKind.MATTER.value
    state: CaseState = CaseState.REPORTED
    channel: str = Channel.OTHER.value
    suspended: bool = False
    verified: str = ""
    level: int | None = None
    card: str | None = None
    units: tuple[str, ...] = ()
    handler_id: int | None = None
    answered_by: str = ""
    returns: int = 0
    reworked: int = 0
    reopened: int = 0
    extended: int = 0
    asking: bool = False
    rating: str | None = None
    appeal: str | None = None
    into: int | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state not in ENDED

    @property
    def public(self) -> bool:
        """Whether it came from the public and is verified before it is filed."""
        return self.channel in PUBLIC


@dataclass(frozen=True, slots=True)
class Event:
    """One step, as far as the flow looks at it.

    ``state`` is what a report or an import itself says; of every other act the flow says it.
    """

    act: Act
    actor: str = ""
    note: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    state: CaseState | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """From which states an act is possible, for whom, and what it does."""

    states: tuple[CaseState, ...]
    roles: frozenset[Role]
    turn: Callable[[State, Event], State]
    paused: bool = False  # possible while suspended, too
    told: bool = False  # needs a note
    when: Callable[[State], bool] = lambda _state: True
    kinds: tuple[str, ...] = tuple(kind.value for kind in IncidentKind)


def opening(channel: str, *, by_self: bool = False) -> CaseState:
    """State a report begins in: the public's waits for a verification, what was settled on the spot for a check."""
    if by_self:
        return CaseState.ANSWERED
    return CaseState.VERIFYING if channel in PUBLIC else CaseState.REPORTED


def apply(state: State, event: Event) -> State:
    """Give the state after an event.

    Raises
    ------
    StepRefused
        The act is not possible now; says what is.
    WordsMissing, ResultMissing, PairMissing
        The event does not say what its act has to say; or says it of the actor's own work.
    """
    if event.act in {Act.REPORT, Act.IMPORT}:
        return _told(state, event)
    check(state, event.act)
    step = STEPS[event.act]
    if step.told and not event.note.strip():
        raise WordsMissing(act=words.act(event.act))
    if event.act in RESULTS and event.data.get("result") not in RESULTS[event.act]:
        raise ResultMissing(act=words.act(event.act), choices=words.choices(event.act))
    return step.turn(state, event)


def check(state: State, act: Act) -> None:
    """Let pass what is possible in this state, whoever does it.

    Raises
    ------
    StepRefused
        Says what is possible now.
    """
    if not _fits(state, STEPS[act]):
        raise _refusal(state, act)


def permit(state: State, act: Act, roles: Iterable[str], actor: str = "") -> None:
    """Let pass who may do this with the case.

    Raises
    ------
    RoleUnfit
        None of the roles does this.
    PairMissing
        The actor answered it himself, and of two persons one answers and one checks: of hazards always,
        of the others except for supervisors.
    """
    held = set(roles)
    if act in {Act.REPORT, Act.IMPORT} or not held & STEPS[act].roles:
        raise RoleUnfit(act=words.act(act))
    own = act is Act.CHECK and actor and actor == state.answered_by
    if own and (state.kind == IncidentKind.HAZARD or Role.SUPERVISOR not in held):
        raise PairMissing


def possible(state: State, roles: Iterable[str], actor: str = "") -> tuple[Act, ...]:
    """Give the acts that these roles can do with the case now, in the order of the vocabulary."""
    held = tuple(roles)
    found = []
    for act, step in STEPS.items():
        if not _fits(state, step):
            continue
        try:
            permit(state, act, held, actor)
        except (RoleUnfit, PairMissing):
            continue
        found.append(act)
    return tuple(found)


def replay(events: Iterable[Event], kind: str = IncidentKind.MATTER, channel: str = Channel.OTHER) -> State:
    """Give the state that a case's events say, oldest first."""
    state = State(kind=str(kind), channel=str(channel))
    for event in events:
        state = apply(state, event)
    return state


def _fits(state: State, step: _Step) -> bool:
    return (
        state.state in step.states
        and (step.paused or not state.suspended)
        and state.kind in step.kinds
        and step.when(state)
    )


def _refusal(state: State, act: Act) -> StepRefused:
    acts = [a for a, step in STEPS.items() if _fits(state, step)]
    return StepRefused(
        act=words.act(act),
        state=words.standing(state.state, suspended=state.suspended),
        possible=words.listed(words.act(a) for a in acts) or words.nothing(),
    )


def _told(state: State, event: Event) -> State:
    """Take a report or a file at its word; nothing of a later step survives it."""
    units = tuple(event.data.get("units", state.units))
    if event.act is Act.IMPORT and event.state == state.state:
        return replace(state, level=_level(event, state.level), units=units)  # a file that says something besides
    now = event.state or opening(state.channel, by_self=bool(event.data.get("self")))
    done = event.actor if event.act is Act.REPORT and now is CaseState.ANSWERED else ""
    return replace(
        state, state=now, suspended=False, asking=False, answered_by=done, level=_level(event, state.level),
        units=units, rating=state.rating if now is CaseState.CLOSED else None,
        card=None if now in ENDED else state.card, into=state.into if now is CaseState.MERGED else None,
    )  # fmt: skip


def _level(event: Event, before: int | None) -> int | None:
    given = event.data.get("level", before)
    return None if given is None else int(given)


def _to(target: CaseState) -> Callable[[State, Event], State]:
    return lambda state, _event: replace(state, state=target)


def _stay(state: State, _event: Event) -> State:
    return state


def _verify(state: State, event: Event) -> State:
    result = str(event.data["result"])
    return replace(
        state, verified=result, state=CaseState.VERIFYING if result == "unable" else CaseState.REPORTED
    )  # fmt: skip


def _accept(state: State, event: Event) -> State:
    return replace(state, state=CaseState.FILED, level=_level(event, state.level))


def _dispatch(state: State, event: Event) -> State:
    units = tuple(dict.fromkeys(str(unit).strip() for unit in event.data.get("units") or () if str(unit).strip()))
    given = event.data.get("handler_id")
    if not units and given is None:
        raise ResultMissing(act=words.act(Act.DISPATCH), choices=words.receivers())
    return replace(
        state, state=CaseState.DISPATCHED, units=units, handler_id=None if given is None else int(given), asking=False
    )


def _return(state: State, _event: Event) -> State:
    return replace(state, state=CaseState.FILED, returns=state.returns + 1, asking=False)


def _answer(state: State, event: Event) -> State:
    return replace(state, state=CaseState.ANSWERED, answered_by=event.actor, asking=False)


def _check(state: State, event: Event) -> State:
    result = event.data["result"]
    if result == "pass":
        return replace(state, state=CaseState.CHECKED)
    if result == "fail":
        return replace(state, state=CaseState.HANDLING, reworked=state.reworked + 1, answered_by="")
    return state


def _close(state: State, _event: Event) -> State:
    return replace(state, state=CaseState.CLOSED, card=None)


def _reject(state: State, _event: Event) -> State:
    return replace(state, state=CaseState.REJECTED, card=None)


def _rate(state: State, event: Event) -> State:
    return replace(state, rating=str(event.data["result"]))


def _suspend(state: State, _event: Event) -> State:
    return replace(state, suspended=True)


def _resume(state: State, _event: Event) -> State:
    return replace(state, suspended=False)


def _extend(state: State, event: Event) -> State:
    result = event.data["result"]
    if (result == "asked") is state.asking:  # asked twice, or decided without having been asked
        raise _refusal(state, Act.EXTEND)
    return replace(state, asking=result == "asked", extended=state.extended + (result == "granted"))


def _card(state: State, event: Event) -> State:
    result = str(event.data["result"])
    return replace(state, card=None if result == "none" else result)


def _appeal(state: State, _event: Event) -> State:
    return replace(state, appeal="open")


def _decide(state: State, event: Event) -> State:
    return replace(state, appeal=str(event.data["result"]))


def _reopen(state: State, _event: Event) -> State:
    """Open again: what had been closed is given out anew, what had never come that far is taken in anew."""
    closed = state.state is CaseState.CLOSED
    return replace(
        state, state=CaseState.FILED if closed else CaseState.REPORTED, verified=state.verified if closed else "",
        reopened=state.reopened + 1, rating=None, appeal=None, answered_by="", into=None,
    )  # fmt: skip


def _merge(state: State, event: Event) -> State:
    into = event.data.get("into")
    if into is None:
        raise ResultMissing(act=words.act(Act.MERGE), choices=words.another())
    return replace(state, state=CaseState.MERGED, into=int(into), suspended=False, asking=False, card=None)


def _change(state: State, event: Event) -> State:
    now = event.data.get("is") or {}
    return replace(state, level=int(now["level"]) if now.get("level") is not None else state.level)


REPORTED, VERIFYING, FILED, DISPATCHED, HANDLING, ANSWERED, CHECKED, CLOSED, REJECTED, MERGED = CaseState
FIELD = frozenset({Role.WORKER, Role.SUPERVISOR})
HANDS = frozenset({Role.WORKER, Role.DEPARTMENT, Role.SUPERVISOR})
HEAD = frozenset({Role.SUPERVISOR})
CHIEFS = frozenset({Role.SUPERVISOR, Role.LEADER})
ALL = frozenset({Role.WORKER, Role.DEPARTMENT, Role.SUPERVISOR, Role.LEADER})
AT_WORK = (DISPATCHED, HANDLING)
LATER = (FILED, DISPATCHED, HANDLING, ANSWERED, CHECKED)
HAZARD, DISPUTE, ENFORCEMENT = (
    (kind.value,) for kind in (IncidentKind.HAZARD, IncidentKind.DISPUTE, IncidentKind.ENFORCEMENT)
)

STEPS: dict[Act, _Step] = {
    Act.VERIFY: _Step((REPORTED, VERIFYING), FIELD, _verify),
    Act.ACCEPT: _Step(
        (REPORTED,), HEAD, _accept, when=lambda s: s.verified != "not_exist" and (s.verified == "exist" or not s.public)
    ),
    Act.REJECT: _Step((REPORTED, VERIFYING, FILED), HEAD, _reject, told=True),
    Act.DISPATCH: _Step((FILED, DISPATCHED), HEAD, _dispatch),
    Act.RETURN: _Step(AT_WORK, HANDS, _return, told=True),
    Act.BEGIN: _Step((DISPATCHED,), HANDS, _to(HANDLING)),
    Act.INTERIM: _Step(AT_WORK, HANDS, _stay, told=True),
    Act.NOTE: _Step(tuple(s for s in CaseState if s is not MERGED), ALL, _stay, paused=True, told=True),
    Act.ANSWER: _Step(AT_WORK, HANDS, _answer, told=True),
    Act.CHECK: _Step((ANSWERED,), FIELD, _check),
    Act.CLOSE: _Step((CHECKED,), HEAD, _close),
    Act.RATE: _Step((CLOSED,), FIELD, _rate),
    Act.SUSPEND: _Step((FILED, DISPATCHED, HANDLING), HEAD, _suspend, told=True),
    Act.RESUME: _Step((FILED, DISPATCHED, HANDLING), HEAD, _resume, paused=True, when=lambda s: s.suspended),
    Act.EXTEND: _Step(AT_WORK, HANDS, _extend, told=True),
    Act.CARD: _Step(OPEN, CHIEFS, _card, paused=True),
    Act.APPEAL: _Step(
        (*LATER, CLOSED), frozenset({Role.WORKER, Role.DEPARTMENT}), _appeal, paused=True, told=True,
        when=lambda s: s.appeal is None,
    ),
    Act.DECIDE: _Step((*LATER, CLOSED), CHIEFS, _decide, paused=True, told=True, when=lambda s: s.appeal == "open"),
    Act.REOPEN: _Step((CLOSED, REJECTED, MERGED), HEAD, _reopen, told=True),
    Act.LINK: _Step(tuple(s for s in CaseState if s is not MERGED), FIELD, _stay, paused=True),
    Act.MERGE: _Step((REPORTED, VERIFYING, FILED, DISPATCHED, HANDLING), HEAD, _merge, paused=True),
    Act.CHANGE: _Step(OPEN, HEAD, _change, paused=True),
    Act.MEASURES: _Step((FILED, DISPATCHED, HANDLING), HANDS, _stay, kinds=HAZARD),
    Act.MEDIATE: _Step((FILED, DISPATCHED, HANDLING), HANDS, _stay, kinds=DISPUTE),
    Act.AGREE: _Step(AT_WORK, HANDS, _stay, kinds=DISPUTE),
    Act.PERFORM: _Step((HANDLING, ANSWERED, CHECKED, CLOSED), HANDS, _stay, kinds=DISPUTE),
    Act.CONFIRM: _Step((HANDLING, ANSWERED, CHECKED, CLOSED), HANDS, _stay, kinds=DISPUTE),
    Act.REVISIT: _Step((*LATER, CLOSED), FIELD, _stay, kinds=DISPUTE),
    Act.STAGE: _Step(LATER, HANDS, _stay, kinds=ENFORCEMENT),
}  # fmt: skip
"""Every act but report and import: they come with the record."""
