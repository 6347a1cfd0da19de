"""The flow of a whistle as a pure function; its state is what its events say.

::

    drafted → called → arrived → handled → rated
       ↓      ↑   ↓       ↑__back___↓
    dropped   refused (until arbitrated)

The state follows from the units: while one of them refuses and nobody has decided, it is
``refused``; else ``arrived`` as soon as the lead is there. Exactly one unit leads, whoever is
excused. What the arbitration bound to come does not refuse again. No database here.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

from gis.casework.whistle import words
from gis.casework.whistle.errors import DraftUnfit
from gis.casework.whistle.errors import StepRefused
from gis.casework.whistle.errors import UnitUnfit
from gis.casework.whistle.errors import WordsMissing
from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import WhistleAct as Act
from gis.vocabulary import WhistleState

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping

DRAFTED, CALLED, REFUSED, ARRIVED, HANDLED, RATED, DROPPED = WhistleState
LIVE = (DRAFTED, CALLED, REFUSED, ARRIVED, HANDLED)
OUT = (CALLED, REFUSED, ARRIVED)
"""States in which units are on their way or at work."""
RATINGS = ("good", "fair", "bad")
RULINGS = ("must", "excused")


@dataclass(frozen=True, slots=True)
class Called:
    """One unit a whistle calls.

    Attributes
    ----------
    unit, part : str
        Its name; ``lead`` or ``assist``.
    standing : str
        ``called``, ``arrived``, ``refused`` (nobody decided yet), ``excused``.
    bound : bool
        It refused once and has to come.
    """

    unit: str
    part: str
    standing: str = "called"
    bound: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """All that the flow knows of a whistle."""

    state: WhistleState = DRAFTED
    units: tuple[Called, ...] = ()
    returns: int = 0
    rating: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Units that are not excused, the lead first."""
        there = [one for one in self.units if one.standing != "excused"]
        return tuple(one.unit for one in sorted(there, key=lambda one: one.part != "lead"))

    @property
    def lead(self) -> Called:
        """The unit that leads."""
        return next(one for one in self.units if one.part == "lead" and one.standing != "excused")

    def unit(self, name: str) -> Called | None:
        """Give a unit by name."""
        return next((one for one in self.units if one.unit == name), None)


@dataclass(frozen=True, slots=True)
class Event:
    """One step, as far as the flow looks at it."""

    act: Act
    unit: str = ""
    note: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Step:
    """From which states an act is possible, which units it may be about, what it has to say, what it does."""

    states: tuple[WhistleState, ...]
    turn: Callable[[State, Event], State]
    told: str = ""
    fits: Callable[[Called], bool] | None = None


def blown(units: Iterable[str], *, approved: bool) -> State:
    """Give the state a whistle begins in: called at once where whoever blows it may approve it.

    Raises
    ------
    DraftUnfit
        No unit, or the same one twice.
    """
    names = [name.strip() for name in units]
    if not names or not all(names):
        raise DraftUnfit(detail=_("没有写明牵头单位"))
    if len(set(names)) != len(names):
        raise DraftUnfit(detail=_("同一个单位写了两次"))
    called = tuple(Called(name, "assist" if at else "lead") for at, name in enumerate(names))
    return State(CALLED if approved else DRAFTED, called)


def apply(state: State, event: Event) -> State:
    """Give the state after an event.

    Raises
    ------
    StepRefused
        Not possible in this state; says what is.
    UnitUnfit
        Not this unit.
    WordsMissing
        A reason or a result is missing.
    """
    step = STEPS.get(event.act)
    if step is None or event.act not in possible(state):
        raise StepRefused(
            act=words.act(event.act),
            state=words.state(state.state),
            possible=joined(words.act(act) for act in possible(state)) or _("无"),
        )
    if step.fits is not None:
        require(state, event.act, event.unit)
    if step.told and not event.note.strip():
        raise WordsMissing(act=words.act(event.act), what=words.what(step.told))
    return step.turn(state, event)


def possible(state: State) -> tuple[Act, ...]:
    """Give the acts that are possible now, whoever does them."""
    return tuple(
        act
        for act, step in STEPS.items()
        if state.state in step.states and (step.fits is None or any(step.fits(one) for one in state.units))
    )


def units(state: State, act: Act) -> tuple[str, ...]:
    """Give the units an act may be about now; none where it is about no unit."""
    fits = STEPS[act].fits if act in STEPS else None
    return tuple(one.unit for one in state.units if fits is not None and fits(one))


def require(state: State, act: Act, unit: str) -> Called:
    """Give the unit an act is about.

    Raises
    ------
    UnitUnfit
        It may not be about this one.
    """
    found = state.unit(unit)
    fits = STEPS[act].fits
    if found is None or (fits is not None and not fits(found)):
        raise UnitUnfit(unit=unit or _("(未写明)"), act=words.act(act), units=joined(units(state, act)) or _("无"))
    return found


def replay(events: Iterable[Event]) -> State:
    """Give the state that a whistle's events say, oldest first; the first one is that it was blown."""
    state = State()
    for event in events:
        if event.act is Act.BLOW:
            state = blown(event.data["units"], approved=bool(event.data.get("approved")))
        else:
            state = apply(state, event)
    return state


def _settled(state: State) -> State:
    """Let the state follow from the units."""
    if any(one.standing == "refused" for one in state.units):
        return replace(state, state=REFUSED)
    return replace(state, state=ARRIVED if state.lead.standing == "arrived" else CALLED)


def _with(state: State, changed: Called) -> State:
    return replace(state, units=tuple(changed if one.unit == changed.unit else one for one in state.units))


def _stand(standing: str) -> Callable[[State, Event], State]:
    def turn(state: State, event: Event) -> State:
        return _settled(_with(state, replace(require(state, event.act, event.unit), standing=standing)))

    return turn


def _arbitrate(state: State, event: Event) -> State:
    one = require(state, event.act, event.unit)
    ruling = event.data.get("result")
    if ruling not in RULINGS:
        raise WordsMissing(act=words.act(event.act), what=words.what("must"))
    if ruling == "must":
        return _settled(_with(state, replace(one, standing="called", bound=True)))
    state = _with(state, replace(one, standing="excused"))
    return _settled(_led(state, str(event.data.get("lead") or "").strip()) if one.part == "lead" else state)


def _led(state: State, name: str) -> State:
    """Let another unit lead: one that is called already, or a new one."""
    if not name:
        raise WordsMissing(act=words.act(Act.ARBITRATE), what=words.what("lead"))
    known = state.unit(name)
    if known is None:
        return replace(state, units=(*state.units, Called(name, "lead")))
    if known.standing not in {"called", "arrived"}:
        free = [one.unit for one in state.units if one.standing in {"called", "arrived"}]
        raise UnitUnfit(unit=name, act=_("接替牵头"), units=joined(free) or _("无"))
    return _with(state, replace(known, part="lead"))


def _rate(state: State, event: Event) -> State:
    rating = event.data.get("result")
    if rating not in RATINGS:
        raise WordsMissing(act=words.act(event.act), what=words.what("rating"))
    return replace(state, state=RATED, rating=str(rating))


def _to(target: WhistleState) -> Callable[[State, Event], State]:
    return lambda state, _event: replace(state, state=target)


def _stay(state: State, _event: Event) -> State:
    return state


def _waiting(one: Called) -> bool:
    return one.standing == "called"


def _free(one: Called) -> bool:
    return one.standing == "called" and not one.bound


def _refusing(one: Called) -> bool:
    return one.standing == "refused"


def _there(one: Called) -> bool:
    return one.standing == "arrived"


STEPS: dict[Act, _Step] = {
    Act.APPROVE: _Step((DRAFTED,), _to(CALLED)),
    Act.DECLINE: _Step((DRAFTED,), _to(DROPPED), told="reason"),
    Act.ARRIVE: _Step(OUT, _stand("arrived"), fits=_waiting),
    Act.REFUSE: _Step(OUT, _stand("refused"), told="reason", fits=_free),
    Act.ARBITRATE: _Step((REFUSED,), _arbitrate, told="reason", fits=_refusing),
    Act.MEASURE: _Step(OUT, _stay, told="measure", fits=_there),
    Act.HANDLE: _Step((ARRIVED,), _to(HANDLED), told="result"),
    Act.BACK: _Step(
        (HANDLED,), lambda state, _event: replace(state, state=ARRIVED, returns=state.returns + 1), told="reason"
    ),
    Act.RATE: _Step((HANDLED,), _rate),
    Act.EXPLAIN: _Step((*OUT, HANDLED, RATED), _stay, told="words", fits=_there),
    Act.NOTE: _Step(LIVE, _stay, told="words"),
    Act.DROP: _Step((DRAFTED, CALLED, REFUSED), _to(DROPPED), told="reason"),
}
"""Every act but blowing it."""
