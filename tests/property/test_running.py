"""Whatever is done with a case, its clocks stay what they are: one stage at a time, the whole from report to end."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis.casework import flow
from gis.casework import late
from gis.casework import running
from gis.casework import starting
from gis.casework.calendar import Calendar
from gis.casework.files import Event
from gis.casework.limits import Table
from gis.vocabulary import Act
from gis.vocabulary import CaseState
from gis.vocabulary import IncidentKind

RULES = running.Rules(Table(), Calendar())
START = datetime(2026, 9, 17, 1, tzinfo=UTC)
NOTHING = timedelta()
STAGES = set(running.STAGE_OF.values())


def event(n, act, state, at, data):
    return Event(n, n, str(act), str(state), at, "x", "x", "", "说明", data, None, None, at, [])


@st.composite
def stories(draw):
    """Draw a case and its events: any act the flow allows, at any later minute."""
    kind = draw(st.sampled_from([kind.value for kind in IncidentKind]))
    channel = draw(st.sampled_from(["patrol", "hotline"]))
    at, opening = START, flow.opening(channel)
    state = flow.State(kind=kind, channel=channel, state=opening)
    events = [event(1, Act.REPORT, opening, at, {})]
    for n in range(2, 2 + draw(st.integers(0, 14))):
        acts = [act for act in flow.possible(state, flow.HOUSE, "x") if act is not Act.NOTE]
        act = draw(st.sampled_from(acts))
        data = {}
        if act in flow.RESULTS:
            data["result"] = draw(st.sampled_from(flow.RESULTS[act]))
        if act is Act.DISPATCH:
            data["units"] = [draw(st.sampled_from(["甲", "乙"]))]
        if act is Act.EXTEND and draw(st.booleans()):
            data["until"] = "2026-12-01"
        if act is Act.MERGE:
            data["into"] = 9
        if act is Act.CHANGE:
            data |= {"was": {"level": state.level}, "is": {"level": draw(st.integers(1, 4))}}
        if act is Act.STAGE:
            data |= {"stage": draw(st.sampled_from(["decide", "deliver"])), "on": at.isoformat()}
        if act is Act.MEASURES:
            data["deadline"] = "2026-10-09"
        if act is Act.AGREE:
            data |= {"form": "written", "signed_on": "2026-09-18"}
        try:
            after = flow.apply(state, flow.Event(act, "x", "说明", data))
        except flow.StepRefused:  # more time asked for twice
            continue
        at += timedelta(minutes=draw(st.integers(0, 4000)))
        events.append(event(n, act, after.state, at, data))
        state = after
    return kind, channel, state, events, at


@settings(max_examples=150, deadline=None)
@given(stories())
def test_one_stage_runs_and_the_stages_of_a_case_make_up_its_whole(story):
    kind, channel, state, events, now = story
    found = running.replay(events, kind, channel, "类", RULES)
    own = [clock for clock in found if clock.stage in STAGES]
    total = [clock for clock in found if clock.stage == "total"]
    assert [clock.stage for clock in own if clock.runs] == ([running.STAGE_OF[state.state]] if state.open else [])
    assert [clock.runs for clock in total] == [False] * (len(total) - state.open) + [True] * state.open
    assert len(total) == 1 + state.reopened
    for clock in found:
        assert clock.ended_at is None or clock.ended_at >= clock.starts_at
        assert not clock.paused or clock.runs
        assert clock.kind != "fixed" or clock.due_at is not None
        if clock.runs and clock.stage != "confirm":
            assert clock.paused is state.suspended
            assert (clock.due_at is None) is (clock.kind is None or (clock.paused and clock.kind != "fixed")) or (
                clock.paused and clock.due_at <= now  # it was over before it stood still
            )
    # The checks between two stretches of one handling are pauses of it: what is left adds up to the whole.
    spent = sum(((c.ended_at or now) - c.starts_at for c in own), NOTHING)
    checked = sum(
        (c.ended_at - c.starts_at for c in own if c.stage == "check" and c.ended_at is not None and _failed(c, events)),
        NOTHING,
    )
    whole = sum(((c.ended_at or now) - c.starts_at for c in total), NOTHING)
    assert spent - checked == whole
    assert len({(clock.stage, clock.round) for clock in found}) == len(found)


def _failed(clock, events):
    """Whether an answer failed its check at the end of a clock: the time of the check lies within the handling, too."""
    return any(e.act == "check" and e.data["result"] == "fail" and e.at == clock.ended_at for e in events)


@settings(max_examples=60, deadline=None)
@given(stories())
def test_marks_and_overrun_say_the_same(story):
    kind, channel, _state, events, now = story
    for clock in running.replay(events, kind, channel, "类", RULES):
        told = late.judged(clock, RULES.calendar, now)
        assert (told.mark == "red") is (clock.due_at is not None and (clock.ended_at or now) > clock.due_at)
        assert told.over == 0 or told.mark == "red"
        assert told.used >= 0
        assert NOTHING <= told.paused <= max((clock.ended_at or now) - clock.starts_at, NOTHING)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([kind.value for kind in IncidentKind]), st.sampled_from(list(CaseState)), st.sampled_from(["patrol", "hotline"]),
    st.sampled_from(["暴露垃圾", "类"]), st.one_of(st.none(), st.integers(1, 4)), st.integers(0, 50_000), st.booleans(), st.booleans(),
)  # fmt: skip
def test_many_cases_of_a_file_get_what_each_would_get_alone(
    kind, state, channel, category, level, minutes, printed, ended
):
    at = START + timedelta(minutes=minutes)
    due = at + timedelta(days=3) if printed else None
    closed_at = at + timedelta(hours=7) if ended and state is CaseState.CLOSED else None
    data = {key: value for key, value in (("level", level), ("due", due and due.isoformat())) if value is not None}
    alone = running.replay([event(1, Act.IMPORT, state, at, data)], kind, channel, category, RULES, closed_at)
    case = starting.Fresh(7, kind, channel, category, level, str(state), at, due, closed_at)
    together = [clock for _id, clock in starting.opening([case], RULES)]
    assert sorted(together, key=lambda c: c.stage) == sorted(alone, key=lambda c: c.stage)
