"""The flow of a whistle: whatever is tried in whatever order, one unit leads and the state is what the units say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.casework.whistle import flow
from gis.casework.whistle.errors import DraftUnfit
from gis.casework.whistle.errors import StepRefused
from gis.casework.whistle.errors import UnitUnfit
from gis.casework.whistle.errors import WordsMissing
from gis.vocabulary import WhistleAct as Act
from gis.vocabulary import WhistleState as State

UNITS = ("城管局", "住建局", "消防队", "电力公司")
STEPS = st.builds(
    flow.Event,
    act=st.sampled_from([act for act in Act if act is not Act.BLOW]),
    unit=st.sampled_from(["", *UNITS]),
    note=st.sampled_from(["", "说明"]),
    data=st.fixed_dictionaries(
        {"result": st.sampled_from(["must", "excused", "good", "bad", "?"]), "lead": st.sampled_from(["", *UNITS])}
    ),
)


def sound(state):
    leads = [u for u in state.units if u.part == "lead" and u.standing != "excused"]
    assert len(leads) == 1
    assert len({u.unit for u in state.units}) == len(state.units)
    assert set(state.names) == {u.unit for u in state.units if u.standing != "excused"}
    assert state.names[0] == leads[0].unit
    refusing = [u for u in state.units if u.standing == "refused"]
    assert not any(u.bound for u in refusing)
    if state.state in flow.OUT:
        expected = State.REFUSED if refusing else State.ARRIVED if leads[0].standing == "arrived" else State.CALLED
        assert state.state is expected
    if state.state in {State.HANDLED, State.RATED}:
        assert leads[0].standing == "arrived"
        assert not refusing
    if state.state is State.DRAFTED:
        assert all(u.standing == "called" for u in state.units)
    assert (state.rating is not None) == (state.state is State.RATED)


@given(
    st.lists(st.sampled_from(UNITS), min_size=1, max_size=3, unique=True), st.booleans(), st.lists(STEPS, max_size=40)
)
def test_no_sequence_of_acts_reaches_an_impossible_state_or_loses_an_event(units, approved, steps):
    state = flow.blown(units, approved=approved)
    told = [flow.Event(Act.BLOW, data={"units": units, "approved": approved})]
    sound(state)
    for step in steps:
        before = state
        try:
            state = flow.apply(state, step)
        except StepRefused:
            assert step.act not in flow.possible(state)
        except (UnitUnfit, WordsMissing):
            assert step.act in flow.possible(state)
        else:
            assert step.act in flow.possible(before)
            told.append(step)
            gone = {u.unit for u in before.units} - {u.unit for u in state.units}
            assert not gone  # whoever was called stays on record
            assert not [u for u in before.units if u.standing == "arrived" and state.unit(u.unit).standing != "arrived"]
            assert not [u for u in before.units if u.bound and not state.unit(u.unit).bound]
        sound(state)
    assert flow.replay(told) == state
    if state.state in {State.RATED, State.DROPPED}:
        assert set(flow.possible(state)) <= {Act.EXPLAIN}


def test_who_refuses_waits_for_a_ruling_and_another_unit_may_take_the_lead():
    def step(state, act, unit="", **data):
        return flow.apply(state, flow.Event(act, unit, "因为", data))

    state = step(flow.blown(["住建局", "消防队"], approved=False), Act.APPROVE)
    state = step(state, Act.ARRIVE, "消防队")
    assert state.state is State.CALLED  # the lead is not there
    state = step(state, Act.REFUSE, "住建局")
    with pytest.raises(StepRefused, match="裁定"):
        step(state, Act.HANDLE)
    with pytest.raises(WordsMissing):
        step(state, Act.ARBITRATE, "住建局", result="excused")  # nobody would lead
    must = step(state, Act.ARBITRATE, "住建局", result="must")
    assert must.state is State.CALLED
    with pytest.raises(StepRefused):
        step(must, Act.REFUSE, "住建局")
    with pytest.raises(UnitUnfit):
        step(state, Act.ARBITRATE, "住建局", result="excused", lead="住建局")
    promoted = step(state, Act.ARBITRATE, "住建局", result="excused", lead="消防队")
    assert (promoted.state, promoted.names) == (State.ARRIVED, ("消防队",))
    fresh = step(state, Act.ARBITRATE, "住建局", result="excused", lead="应急局")
    assert (fresh.state, fresh.names) == (State.CALLED, ("应急局", "消防队"))
    done = step(step(promoted, Act.HANDLE), Act.BACK)
    assert (done.state, done.returns) == (State.ARRIVED, 1)
    assert step(step(done, Act.HANDLE), Act.RATE, result="fair").rating == "fair"


@pytest.mark.parametrize("units", [[], [""], ["城管局", ""], ["城管局", "城管局"]])
def test_a_whistle_calls_units_and_none_of_them_twice(units):
    with pytest.raises(DraftUnfit):
        flow.blown(units, approved=True)
