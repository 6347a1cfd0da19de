"""The flow of a case under any sequence of acts: alone, and against the database.

What may follow what, and who may do what, is written down here anew, so that no mistake in the
flow's own table can hide.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import initialize
from hypothesis.stateful import invariant
from hypothesis.stateful import rule
from hypothesis.stateful import run_state_machine_as_test

from gis.casework import acts
from gis.casework import files
from gis.casework import flow
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import GridAtlasError
from gis.errors import NotAllowed
from gis.errors import NotFound
from gis.vocabulary import Act
from gis.vocabulary import Actor
from gis.vocabulary import CaseState
from gis.vocabulary import Channel
from gis.vocabulary import IncidentKind
from gis.vocabulary import Role
from tests.rights import OFFICE

WAY = {
    "verify": "reported>reported reported>verifying verifying>reported verifying>verifying",
    "accept": "reported>filed",
    "reject": "reported>rejected verifying>rejected filed>rejected",
    "dispatch": "filed>dispatched dispatched>dispatched",
    "return": "dispatched>filed handling>filed",
    "begin": "dispatched>handling",
    "interim": "dispatched>dispatched handling>handling",
    "answer": "dispatched>answered handling>answered",
    "check": "answered>checked answered>handling answered>answered",
    "close": "checked>closed",
    "rate": "closed>closed",
    "suspend": "filed>filed dispatched>dispatched handling>handling",
    "resume": "filed>filed dispatched>dispatched handling>handling",
    "extend": "dispatched>dispatched handling>handling",
    "reopen": "closed>filed rejected>reported merged>reported",
    "merge": "reported>merged verifying>merged filed>merged dispatched>merged handling>merged",
}
"""Ways of the acts that lead somewhere, or that only some states know; the others stay where they are."""
SOMEWHERE = {(act, *step.split(">")) for act, steps in WAY.items() for step in steps.split()}
NEVER = {
    Role.PLANNER: set(Act), Role.WALL: set(Act), Role.AUDITOR: set(Act), Role.ADMIN: set(Act),
    Role.LEADER: set(Act) - {Act.NOTE, Act.CARD, Act.DECIDE},
    Role.DEPARTMENT: {Act.REPORT, Act.VERIFY, Act.ACCEPT, Act.REJECT, Act.DISPATCH, Act.CHECK, Act.CLOSE, Act.RATE, Act.SUSPEND, Act.RESUME,
        Act.CARD, Act.DECIDE, Act.REOPEN, Act.LINK, Act.MERGE, Act.CHANGE, Act.IMPORT, Act.REVISIT},
    Role.WORKER: {Act.ACCEPT, Act.REJECT, Act.DISPATCH, Act.CLOSE, Act.SUSPEND, Act.RESUME, Act.CARD, Act.DECIDE, Act.REOPEN, Act.MERGE, Act.CHANGE, Act.IMPORT},
    Role.SUPERVISOR: {Act.APPEAL, Act.IMPORT},
}  # fmt: skip
"""What a role never does with a case."""

DATA = {
    Act.VERIFY: st.sampled_from(["exist", "not_exist", "unable", "?"]).map(lambda r: {"result": r}),
    Act.CHECK: st.sampled_from(["pass", "pass", "fail", "unable", None]).map(lambda r: {"result": r}),
    Act.EXTEND: st.sampled_from(["asked", "granted", "refused"]).map(lambda r: {"result": r}),
    Act.DECIDE: st.sampled_from(["upheld", "dismissed"]).map(lambda r: {"result": r}),
    Act.CARD: st.sampled_from(["yellow", "red", "none"]).map(lambda r: {"result": r}),
    Act.RATE: st.sampled_from(["good", "fair", "bad"]).map(lambda r: {"result": r}),
    Act.DISPATCH: st.sampled_from([{"units": ["u"]}, {"units": ["u", "v"]}, {"handler_id": 7}, {}]),
    Act.MERGE: st.sampled_from([{"into": 2}, {}]),
    Act.CHANGE: st.sampled_from([{"is": {"level": 2}}, {"is": {"category": "x"}}]),
    Act.ACCEPT: st.sampled_from([{}, {"level": 1}]),
}
NOTES = st.sampled_from(["好", "好", "好", ""])
LIKELY = (Act.ACCEPT, Act.DISPATCH, Act.BEGIN, Act.ANSWER, Act.CHECK, Act.CLOSE, Act.VERIFY)
"""Acts drawn more often than others, so that a run also comes far."""


class Alone(RuleBasedStateMachine):
    """The pure flow: a state, and the events that led to it."""

    @initialize(
        kind=st.sampled_from(IncidentKind),
        channel=st.sampled_from(Channel),
        by_self=st.booleans(),
        who=st.sampled_from("ab"),
    )
    def report(self, kind, channel, by_self, who):
        self.kind, self.channel = kind, channel
        self.events = [flow.Event(Act.REPORT, who, data={"self": by_self})]
        self.state = flow.replay(self.events, kind, channel)

    @rule(
        data=st.data(),
        act=st.sampled_from([*Act, *LIKELY * 4]),
        role=st.sampled_from(Role),
        who=st.sampled_from("abc"),
        note=NOTES,
    )
    def step(self, data, act, role, who, note):
        given = data.draw(DATA.get(act, st.just({})))
        event = flow.Event(act, who, note, given)
        before = self.state
        able = act in flow.possible(before, [role], who)
        if act in {Act.REPORT, Act.IMPORT}:
            assert not able
            return
        try:
            flow.permit(before, act, [role], who)
            flow.check(before, act)
        except GridAtlasError:
            assert not able
            return
        assert able
        assert act not in NEVER[role]
        try:
            after = flow.apply(before, event)
        except GridAtlasError:  # it lacks a note, a result or a receiver
            assert before == self.state
            return
        assert (act.value, before.state.value, after.state.value) in SOMEWHERE or (
            act.value not in WAY and before.state == after.state != CaseState.MERGED
        )
        assert not (
            act is Act.CHECK and who == before.answered_by and (before.kind == "hazard" or role is not Role.SUPERVISOR)
        )
        assert not (act is Act.ACCEPT and before.public and before.verified != "exist")
        self.state = after
        self.events.append(event)

    @rule(word=st.sampled_from([s for s in CaseState if s is not CaseState.MERGED]))
    def import_(self, word):
        """A file says how it stands; it never says so of a merged case."""
        if self.state.state is not CaseState.MERGED:
            self.events.append(flow.Event(Act.IMPORT, "job", state=word))
            self.state = flow.apply(self.state, self.events[-1])
            assert self.state.state is word

    @invariant()
    def holds(self):
        possible_state(self.state)
        assert flow.replay(self.events, self.kind, self.channel) == self.state
        assert flow.possible(self.state, list(Role)), "nobody can do anything any more"

    def teardown(self):
        # What was told once cannot be taken away: without any one event the rest says something else, or nothing.
        acts_that_count = [n for n, e in enumerate(self.events) if e.act in {Act.RETURN, Act.REOPEN}]
        for n in acts_that_count:
            try:
                assert flow.replay(self.events[:n] + self.events[n + 1 :], self.kind, self.channel) != self.state
            except GridAtlasError:
                continue


def possible_state(state):
    """What no case may ever be."""
    assert (state.into is not None) == (state.state is CaseState.MERGED)
    assert not state.suspended or state.state in {CaseState.FILED, CaseState.DISPATCHED, CaseState.HANDLING}
    assert not state.asking or state.state in {CaseState.DISPATCHED, CaseState.HANDLING}
    assert state.rating is None or state.state is CaseState.CLOSED
    assert state.open or state.card is None
    assert min(state.returns, state.reworked, state.reopened, state.extended) >= 0
    assert state.level in {None, 1, 2, 3, 4}


def test_no_sequence_of_acts_reaches_an_impossible_state():
    run_state_machine_as_test(Alone, settings=settings(max_examples=150, stateful_step_count=40, deadline=None))


def test_every_state_can_be_reached_and_left():
    """From a report on, acts alone lead to each state, and from each one there is a way back to work."""
    seen, todo = set(), [flow.State(), flow.State(channel="hotline", state=CaseState.VERIFYING)]
    graph = {}
    while todo:
        state = todo.pop()
        key = replace(state, returns=0, reworked=0, reopened=0, extended=0, level=None)
        if key in seen:
            continue
        seen.add(key)
        for act in flow.possible(state, list(Role)):
            for given in ({"result": r, "units": ["u"], "into": 2, "is": {}} for r in flow.RESULTS.get(act, ("",))):
                try:
                    after = flow.apply(state, flow.Event(act, "a", "x", given))
                except GridAtlasError:
                    continue
                graph.setdefault(state.state, set()).add(after.state)
                todo.append(replace(after, units=(), card=None, rating=None, appeal=None))
    assert {s.state for s in seen} == set(CaseState)
    for start in CaseState:
        reach, todo = set(), [start]
        while todo:
            now = todo.pop()
            if now not in reach:
                reach.add(now)
                todo += graph[now]
        assert reach == set(CaseState), start


PEOPLE = """
INSERT INTO account (name, units) VALUES ('head', '{}'), ('worker', '{}'), ('mate', '{}'), ('unit', '{u}'), ('leader', '{}'), ('far', '{}'), ('planner', '{}');
INSERT INTO account_role (account_id, role) SELECT id, CASE name WHEN 'head' THEN 'supervisor' WHEN 'unit' THEN 'department' WHEN 'leader' THEN 'leader'
    WHEN 'planner' THEN 'planner' ELSE 'worker' END FROM account WHERE name IN ('head', 'worker', 'mate', 'unit', 'leader', 'far', 'planner');
INSERT INTO account_scope (account_id, reach, area_id) SELECT a.id, 'area', r.id FROM account a JOIN area r ON r.code = CASE a.name WHEN 'far' THEN 'B' ELSE 'A' END
    WHERE a.name IN ('head', 'worker', 'mate', 'unit', 'leader', 'far', 'planner');
"""
ROLE = {
    "head": Role.SUPERVISOR,
    "worker": Role.WORKER,
    "mate": Role.WORKER,
    "unit": Role.DEPARTMENT,
    "leader": Role.LEADER,
    "far": Role.WORKER,
    "planner": Role.PLANNER,
}
JOB = Actor.job("test")


@pytest.fixture(scope="module")
def office(shared_database):
    with session(JOB) as conn:
        conn.execute(OFFICE)
        conn.execute(PEOPLE)
    yield shared_database
    close_pools()


class Kept(RuleBasedStateMachine):
    """Two cases in the database, acted on by everybody: what is stored is what the events say."""

    @initialize(channel=st.sampled_from(["patrol", "hotline"]))
    def report(self, channel):
        made = [
            acts.report(Actor("worker"), acts.Draft("matter", "占道", "摆摊", point=(120.02, 30.05), channel=channel))
            for _ in range(2)
        ]
        self.ids, self.codes = [c.incident_id for c in made], [c.code for c in made]
        self.count = {c.incident_id: 1 for c in made}

    @rule(
        data=st.data(), act=st.sampled_from([*(a for a in Act if a is not Act.REPORT), *LIKELY * 4]), who=st.sampled_from(["head", "head", *ROLE]),
        which=st.integers(0, 1), note=NOTES, stale=st.sampled_from([False] * 6 + [True]),
    )  # fmt: skip
    def step(self, data, act, who, which, note, stale):
        given = data.draw(DATA.get(act, st.just({})))
        if act in {Act.MERGE, Act.LINK}:
            given = {"into": self.codes[1 - which], "other": self.codes[1 - which]}
        elif act is Act.CHANGE:
            given = {"level": data.draw(st.integers(1, 4))}
        elif act is Act.DISPATCH:
            given = {"units": ["u", "v"]} if given.get("units") else {"handler": "mate"}
        with session(JOB) as conn:
            before = files.get(conn, self.ids[which])
        able = act in flow.possible(before.flow, [ROLE[who]], who)
        try:
            after = acts.act(Actor(who), self.ids[which], act, expected=before.seq - stale, note=note, data=given)
        except (BadInput, NotAllowed, NotFound):
            with session(JOB) as conn:
                assert files.get(conn, self.ids[which]) == before
            return
        assert able
        assert not stale
        assert who not in {"far", "planner"}
        assert who != "unit" or "u" in before.units
        assert act not in NEVER[ROLE[who]]
        assert after.seq == before.seq + 1
        self.count[self.ids[which]] += 1
        if act is Act.MERGE:
            self.count[self.ids[1 - which]] += 1

    @rule(which=st.integers(0, 1), word=st.sampled_from(["处置中", "已办结", "待核查", "作废", "立案"]))
    def a_file_comes(self, which, word):
        with session(JOB) as conn:
            before = files.get(conn, self.ids[which])
            conn.execute("UPDATE incident SET state = %s, closed_at = NULL WHERE id = %s", (word, self.ids[which]))
            self.count[self.ids[which]] += files.get(conn, self.ids[which]).seq - before.seq

    @invariant()
    def holds(self):
        with session(JOB) as conn:
            for number in getattr(self, "ids", ()):
                case, events = files.get(conn, number), files.history(conn, number)
                told = [flow.Event(Act(e.act), e.actor, e.note, e.data, CaseState(e.state)) for e in events]
                assert flow.replay(told, case.kind, case.channel) == case.flow
                assert [e.seq for e in events] == list(range(1, case.seq + 1))
                assert len(events) == self.count[number]
                possible_state(case.flow)
                assert (case.state == "closed") == (case.closed_at is not None) or events[-1].act == "import"


@pytest.mark.usefixtures("office")
def test_what_is_stored_is_what_the_events_say():
    chosen = settings(max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Kept, settings=chosen)
