"""What the law and the office's tables say at their edges; no database."""

from __future__ import annotations

from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.casework import disputes
from gis.casework import enforcement
from gis.casework import forms
from gis.casework import hazards
from gis.casework import law
from gis.casework import policy
from gis.casework import stages
from gis.casework.forms import Ask
from gis.casework.kinds import KINDS
from gis.casework.kinds import fields
from gis.casework.parties import identity
from gis.vocabulary import Act

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Week:
    """A calendar of the plain week with one holiday and one worked Sunday."""

    HOLIDAY, WORKED = date(2026, 10, 1), date(2026, 10, 11)

    def is_workday(self, day):
        return day == self.WORKED or (day.weekday() < 5 and day != self.HOLIDAY)

    def is_holiday(self, day):
        return day == self.HOLIDAY


WEEK = Week()


@pytest.mark.parametrize(
    ("day", "person", "organisation"),
    [(date(2021, 7, 14), 50, 1000), (date(2021, 7, 15), 200, 3000), (date(2026, 11, 1), 200, 3000)],
)
def test_fines_on_the_spot_follow_the_law_of_their_day(day, person, organisation):
    assert (law.fine_limit("person", day), law.fine_limit("organisation", day)) == (person, organisation)


def test_an_amount_outside_its_years_is_said_to_be_missing():
    with pytest.raises(policy.PolicyMissing, match=r"penalty_years_grave"):
        policy.amount("penalty_years_grave", date(2021, 7, 14))


@pytest.mark.parametrize(
    ("acted", "known", "grave", "years"),
    [
        (date(2024, 3, 1), date(2026, 3, 1), False, None), (date(2024, 3, 1), date(2026, 3, 2), False, 2),
        (date(2024, 2, 29), date(2026, 2, 28), False, None), (date(2024, 2, 29), date(2026, 3, 1), False, 2),
        (date(2021, 8, 1), date(2026, 8, 1), True, None), (date(2021, 8, 1), date(2026, 8, 2), True, 5),
    ],
)  # fmt: skip
def test_an_act_is_penalised_within_its_years(acted, known, grave, years):
    assert law.too_old(acted, known, grave=grave) == years


@pytest.mark.parametrize(
    ("at", "forbidden"),
    [
        ("2026-09-30 21:59", False), ("2026-09-30 22:00", True), ("2026-10-02 05:59", True), ("2026-10-02 06:00", False),
        ("2026-10-01 10:00", True), ("2026-10-03 10:00", False),  # a Saturday is no public holiday
    ],
)  # fmt: skip
def test_nothing_is_executed_at_night_or_on_a_holiday(at, forbidden):
    moment = datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)
    assert (law.forbidden_hour(moment.astimezone(UTC), WEEK) is not None) is forbidden


def test_a_hearing_is_asked_for_within_five_work_days():
    # Monday 28 September; 1 October is a holiday: Tue, Wed, Fri, Mon, Tue.
    assert law.hearing_until(date(2026, 9, 28), WEEK) == date(2026, 10, 6)


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(1, 30))
def test_the_last_day_to_ask_for_more_time_leaves_so_many_work_days(deadline, days):
    last = hazards.last_request(WEEK, deadline, days)
    after = [last + timedelta(days=n) for n in range(1, (deadline - last).days + 1)]
    assert sum(WEEK.is_workday(day) for day in after) == days
    assert WEEK.is_workday(after[0])  # a day later would be too late


@pytest.mark.parametrize(
    ("people", "band"), [(0, 1), (49, 1), (50, 2), (99, 2), (100, 3), (499, 3), (500, 4), (10_000, 4)]
)
def test_a_border_belongs_to_the_wider_band(people, band):
    assert policy.band(people).band == band


def test_colours_say_how_often_a_dispute_is_visited():
    day = date(2026, 7, 1)
    red, blue = policy.colour(1, day), policy.colour(4, day)
    assert (red.colour, blue.colour) == ("red", "blue")
    assert red.owner != blue.owner
    due = {
        (settled, visits): disputes.visit_by(1, "handling", visits, day, settled=settled)
        for settled in (False, True) for visits in (0, red.revisits - 1, red.revisits)
    }  # fmt: skip
    assert due[False, red.revisits] == day + timedelta(days=red.visit_days)
    assert due[True, red.revisits - 1] == day + timedelta(days=red.revisit_days)
    assert due[True, red.revisits] is None
    assert disputes.visit_by(None, "handling", 0, day, settled=False) is None
    assert disputes.visit_by(1, "closed", 0, day, settled=False) is None
    assert disputes.visit_by(1, "closed", 0, day, settled=True) is not None
    with pytest.raises(policy.PolicyMissing):
        policy.colour(5, day)


def test_confirmation_is_asked_for_until_the_thirtieth_day():
    assert disputes.confirm_by(date(2026, 7, 1)) == date(2026, 7, 31)
    assert disputes.confirm_by(date(2028, 1, 31)) == date(2028, 3, 1)


def test_what_an_enforcement_case_lacks_for_its_end():
    def stand(measures, *reached):
        return enforcement.Stand(measures=list(measures), stages=dict.fromkeys(reached, datetime.now(UTC)))

    assert enforcement.ending(stand(()), closing=False) == ["decide", "deliver"]
    assert enforcement.ending(stand(("fine",), "decide"), closing=False) == ["deliver"]
    assert enforcement.ending(stand(("fine",), "decide", "deliver"), closing=False) == []
    assert enforcement.ending(stand(("fine",), "decide", "deliver"), closing=True) == ["perform"]
    assert enforcement.ending(stand(("fine",), "decide", "deliver", "execute"), closing=True) == []
    assert enforcement.ending(stand(("warning",), "decide", "deliver"), closing=True) == []
    assert enforcement.ending(stand(("warning", "correct"), "decide", "deliver"), closing=True) == ["perform"]
    assert enforcement.ending(stand(("none",), "decide"), closing=True) == []


def test_the_record_shows_its_gaps():
    def kept(papers):
        return stages.Kept(datetime.now(UTC), "", "", "x", papers)

    reached = {"file": kept(1), "investigate": kept(0), "decide": kept(2)}
    told = {"procedure": "ordinary", "reviewed": True, "hearing": False, "measures": ["fine"]}
    found = {step.stage: (step.needed, step.gap) for step in stages.record(reached, **told)}
    assert found == {
        "file": (True, ""), "investigate": (True, "paperless"), "review": (True, "missing"), "notify": (True, "missing"),
        "decide": (True, ""), "deliver": (True, ""), "perform": (True, ""), "close": (True, ""),
    }  # fmt: skip
    simple = {
        step.stage for step in stages.record({}, procedure="simple", reviewed=False, hearing=True, measures=["none"])
    }
    assert simple == {"file", "notify", "hear", "decide", "close"}


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("11010119900307123X", False), ("11010519491231002X", True), ("110105194912310021", False),
        ("440524188001010014", True), ("11010519491331002X", False), ("1101051949123100", False), ("", False),
    ],
)  # fmt: skip
def test_an_identity_number_has_a_day_and_a_check_digit(number, right):
    assert identity(number) is right


ASKS = (
    Ask("n", "integer", "数", required=True), Ask("m", "number", "额"), Ask("d", "date", "日"), Ask("t", "moment", "时"),
    Ask("c", "choice", "选", choices=(("a", "甲"), ("b", "乙"))), Ask("cs", "choices", "多选", choices=(("a", "甲"), ("b", "乙"))),
    Ask("f", "flag", "是否"), Ask("l", "list", "多个"), Ask("x", "text", "文"), Ask("w", "number", "限", most=10), Ask("s", "text", "短", most=3),
)  # fmt: skip


def test_answers_become_values_and_go_back_into_json():
    given = {
        "n": "7", "m": "1.50", "d": "2026-07-01", "t": "2026-07-01 09:30", "c": "乙", "cs": "甲,b", "f": "是", "l": " A 、B,,A", "x": " 一  二 ",
        "other": 1, "empty": "",
    }  # fmt: skip
    found = forms.values(ASKS, given)
    assert found == {
        "n": 7, "m": Decimal("1.50"), "d": date(2026, 7, 1), "t": datetime(2026, 7, 1, 9, 30, tzinfo=SHANGHAI), "c": "b",
        "cs": ["a", "b"], "f": True, "l": ["A", "B"], "x": "一 二", "other": 1,
    }  # fmt: skip
    again = forms.values(ASKS, forms.plain(found))
    assert again == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", "-1"), ("n", "1.5"), ("n", 2**31), ("m", "NaN"), ("m", "-0.01"), ("m", "Infinity"), ("m", "1e30"), ("d", "2026-02-30"), ("t", "gestern"),
        ("c", "丙"), ("cs", "甲,丙"), ("f", "vielleicht"), ("l", ","), ("x", "字" * 2001), ("x", "   "), ("d", 7), ("d", "9999-12-31"), ("d", "0001-01-01"), ("t", "9999-12-31 23:59"), ("x", "a\0b"), ("x", "\ud800"), ("l", "a,\0"),
        ("l", ["\ud800"]), ("w", 11), ("s", "四个字了"),
    ],
)  # fmt: skip
def test_what_is_no_such_thing_is_refused_with_a_hint(name, value):
    with pytest.raises(forms.FieldUnfit) as refused:
        forms.values(ASKS, {"n": 1} | {name: value})
    assert refused.value.remedy
    refused.value.message.encode()


def test_all_that_is_missing_is_named_at_once():
    with pytest.raises(forms.FieldMissing, match=r"责任.*预案"):
        forms.values(hazards.asks("measures"), {"deadline": "2026-01-01"})


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        ("written", ["协议编号", "协议内容"]),
        ("书面协议", ["协议编号", "协议内容"]),
        ("oral", ["协议内容"]),
        ("none", []),
    ],
)
def test_a_field_that_hangs_on_another_is_missing_only_where_it_is_asked(form, missing):
    given = {"form": form, "signed_on": "2026-07-01"}
    if not missing:
        assert forms.values(disputes.asks("agree"), given)["form"] == "none"
        return
    with pytest.raises(forms.FieldMissing) as refused:
        forms.values(disputes.asks("agree"), given)
    assert ("协议编号" in refused.value.message) is ("协议编号" in missing)


def test_every_act_of_every_kind_can_be_drawn():
    for kind in KINDS:
        for act in Act:
            asked = fields(kind, act)
            assert len({ask.name for ask in asked}) == len(asked), (kind, act)
            for ask in asked:
                assert ask.type in forms.READERS
                assert ask.label
                assert bool(ask.choices) is (ask.type in {"choice", "choices"})
                assert ask.when is None or ask.when[0] in {other.name for other in asked}
