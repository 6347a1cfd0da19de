"""Clocks against a reference that walks minute by minute, and at their edges."""

from __future__ import annotations

from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis.casework import clocks
from gis.casework.calendar import Calendar
from gis.casework.calendar import Hours
from gis.casework.calendar import HoursMissing
from gis.casework.calendar import Mark

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)
FRIDAY = date(2026, 9, 18)  # followed by Sunday the 20th, worked for the National Day
OFFICE = Calendar()


def at(day, clock):
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI)


def shown(moment):
    return None if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def minutes(start, calendar, kind, pauses, until):
    """Walk: for every minute from the start what it is worth to the clock, and its end."""
    here = start.astimezone(SHANGHAI).replace(tzinfo=None)
    first, days = here.date(), {}
    still = {n for since, to in pauses for n in range((since - start) // MINUTE, ((to or until) - start) // MINUTE)}
    for n in range((until - start) // MINUTE):
        day, minute = here.date(), here.hour * 60 + here.minute
        if day not in days:
            stretches = [
                (h.begins.hour * 60 + h.begins.minute, h.ends.hour * 60 + h.ends.minute) for h in calendar.hours(day)
            ]
            worked = {m for begins, ends in stretches for m in range(begins, ends)}
            days[day] = (worked if calendar.is_workday(day) else set(), len(worked))
        worked, length = days[day]
        worth = {
            "urgent_hour": (1, 60),
            "work_hour": (minute in worked, 60),
            "work_day": (minute in worked, length),
            "natural_day": (1, 1440),
        }[kind]
        counts = n not in still and not (kind.endswith("day") and day == first)
        here += MINUTE
        yield start + MINUTE * (n + 1), Fraction(*worth) if counts and worth[0] else 0


@st.composite
def stories(draw):
    """Draw a calendar, a clock, a start and pauses, all on whole minutes, around National Day and New Year."""
    noon = draw(st.integers(11 * 60, 13 * 60))
    stretches = [(draw(st.integers(7, 10)) * 60, noon), (noon + draw(st.sampled_from([0, 60, 90])), 18 * 60)]
    hours = [
        Hours(time(a // 60, a % 60), time(b // 60, b % 60), "01-01", "12-31", date(2020, 1, 1), None, "x")
        for a, b in stretches
    ]
    first = draw(st.sampled_from([date(2026, 9, 16), date(2026, 9, 29), date(2026, 12, 29)]))
    marks = [
        Mark(first + timedelta(days=n), working=draw(st.booleans()), name="", source="x")
        for n in draw(st.lists(st.integers(0, 9), max_size=3, unique=True))
    ]
    start = at(first, "00:00").astimezone(UTC) + MINUTE * draw(st.integers(0, 5 * 1440))
    pauses = []
    for _n in range(draw(st.integers(0, 3))):
        since = start + MINUTE * draw(st.integers(-600, 6 * 1440))
        pauses.append(
            (since, draw(st.one_of(st.none(), st.integers(0, 3 * 1440).map(lambda m, s=since: s + MINUTE * m))))
        )
    kind = draw(st.sampled_from(clocks.KINDS))
    amount = draw(st.integers(1, 12)) if kind.endswith("hour") else draw(st.integers(1, 3))
    return start, amount, kind, Calendar(marks, hours), pauses


@settings(max_examples=40, deadline=None)
@given(stories())
def test_clock_agrees_with_walking_minute_by_minute(story):
    start, amount, kind, calendar, pauses = story
    end = clocks.due(start, amount, kind, calendar, pauses)
    until = start + timedelta(days=14) if end is None else end + 2 * MINUTE
    total, reached = Fraction(0), None
    for now, worth in minutes(start, calendar, kind, pauses, until):
        total += worth
        if reached is None and total >= amount:
            reached = now
    assert clocks.used(start, until, kind, calendar, pauses) == total
    if end is None:
        assert total < amount
        assert any(to is None for _since, to in pauses)
    else:
        assert reached - MINUTE < end <= reached
        assert clocks.used(start, end, kind, calendar, pauses) >= amount
        assert clocks.used(start, end - timedelta(microseconds=1), kind, calendar, pauses) < amount


@settings(max_examples=40, deadline=None)
@given(stories(), st.lists(st.integers(0, 20 * 1440 * 60), min_size=1, max_size=20))
def test_many_clocks_are_each_what_one_is(story, seconds):
    start, amount, kind, calendar, _pauses = story
    starts = [start + timedelta(seconds=n, microseconds=n) for n in seconds]
    amount = Fraction(amount, 7)
    assert clocks.dues(starts, amount, kind, calendar) == [clocks.due(s, amount, kind, calendar) for s in starts]


@settings(max_examples=60, deadline=None)
@given(stories(), st.integers(1, 2000), st.integers(0, 3000))
def test_a_pause_never_brings_an_end_nearer_and_moves_it_by_its_length_at_most_in_counted_time(story, length, after):
    start, amount, kind, calendar, _pauses = story
    pause = (start + MINUTE * after, start + MINUTE * (after + length))
    plain, paused = clocks.due(start, amount, kind, calendar), clocks.due(start, amount, kind, calendar, [pause])
    assert paused >= plain
    moved = clocks.used(start, paused, kind, calendar) - clocks.used(start, plain, kind, calendar)
    limit = clocks.used(start, pause[1], kind, calendar) - clocks.used(start, pause[0], kind, calendar)
    assert 0 <= moved <= limit + Fraction(1, 10**9)


@pytest.mark.parametrize(
    ("start", "amount", "kind", "end"),
    [
        # Friday 17:30, Saturday off, Sunday worked for the National Day: half an hour, then three and a half.
        ((FRIDAY, "17:30"), 4, "work_hour", "2026-09-20 13:30"),
        ((FRIDAY, "18:00"), 4, "work_hour", "2026-09-20 14:00"),
        ((FRIDAY, "12:00"), 5, "work_hour", "2026-09-18 18:00"),  # exactly at the end of the day, not the next morning
        ((FRIDAY, "17:30"), 1, "work_day", "2026-09-20 18:00"),
        (("2026-09-30", "17:00"), 2, "work_hour", "2026-10-08 10:00"),  # over the National Day
        (("2026-09-30", "10:00"), 1, "work_day", "2026-10-08 18:00"),
        (("2026-10-08", "10:00"), 2, "work_day", "2026-10-10 18:00"),  # Saturday the 10th is worked
        (("2026-09-30", "10:00"), 1, "natural_day", "2026-10-02 00:00"),  # the first of October, to midnight
        (("2026-09-30", "23:59"), 24, "urgent_hour", "2026-10-01 23:59"),
        (("2026-02-14", "09:00"), 8, "work_hour", "2026-02-14 18:00"),  # a worked Saturday before the Spring Festival
        (("2027-10-01", "09:00"), 8, "work_hour", "2027-10-01 18:00"),  # beyond what is published: a Friday is a Friday
    ],
)
def test_edges(start, amount, kind, end):
    assert shown(clocks.due(at(*start), amount, kind, OFFICE)) == end


def test_a_pause_over_the_weekend_takes_out_what_would_have_counted():
    friday, monday = at("2026-09-11", "16:00"), at("2026-09-14", "10:00")
    assert (
        shown(clocks.due(at("2026-09-11", "15:00"), 8, "work_hour", OFFICE, [(friday, monday)])) == "2026-09-14 18:00"
    )
    # Of the day that begins the period nothing counts, of Monday the first of its eight hours is paused.
    assert shown(clocks.due(at("2026-09-11", "15:00"), 1, "work_day", OFFICE, [(friday, monday)])) == "2026-09-15 10:00"
    assert clocks.due(at("2026-09-11", "15:00"), 8, "work_hour", OFFICE, [(friday, None)]) is None


def test_beyond_the_published_years_it_says_so_until_the_office_knows():
    new_year = Mark(date(2027, 1, 1), working=False, name="元旦", source="通知")
    assert not OFFICE.known(date(2027, 1, 1))
    assert OFFICE.is_workday(date(2027, 1, 1))
    office = Calendar([new_year])
    assert office.known(date(2027, 6, 1))
    assert not office.is_workday(date(2027, 1, 1))
    assert (office.until, OFFICE.until) == (date(2027, 12, 31), date(2026, 12, 31))


def test_holidays_are_no_weekends_and_the_office_may_say_otherwise():
    assert OFFICE.is_holiday(date(2026, 10, 3))
    assert not OFFICE.is_holiday(date(2026, 9, 19))  # a plain Saturday
    duty = Calendar([Mark(date(2026, 10, 3), working=True, name="国庆节", source="值班")])
    assert duty.is_workday(date(2026, 10, 3))
    assert not duty.is_holiday(date(2026, 10, 3))


def test_seasons_change_the_hours_and_go_over_new_year():
    def hours(begins, ends, season):
        return Hours(time(begins), time(ends), *season, date(2026, 1, 1), None, "x")

    winter, summer = ("10-01", "04-30"), ("05-01", "09-30")
    office = Calendar(hours=[hours(9, 12, winter), hours(8, 11, summer), hours(10, 13, winter)])
    assert [shown(m) for m in office.spans(date(2026, 1, 5))[0]] == ["2026-01-05 09:00", "2026-01-05 13:00"]
    assert [shown(m) for m in office.spans(date(2026, 5, 6))[0]] == ["2026-05-06 08:00", "2026-05-06 11:00"]
    assert shown(Calendar(hours=[hours(9, 12, winter)]).spans(date(2026, 5, 6))[1][1]) == "2026-05-06 18:00"


def test_an_office_that_never_works_is_said_to():
    never = Calendar(hours=[Hours(time(9), time(9), "01-01", "12-31", date(2000, 1, 1), None, "x")])
    with pytest.raises(HoursMissing):
        clocks.due(at("2026-09-11", "15:00"), 1, "work_hour", never)
