"""The office's calendar: which days are worked, at which hours, and how far ahead that is known.

Three sources, the office's own word before what is shipped: rows of table ``holiday`` (a day the
office works or rests, 调休 included), the days that the State Council publishes each year (package
``chinesecalendar``), and Monday to Friday where neither says anything. Hours come from table
``office_hours``, or from ``data/reference/hours.csv`` while the office has none of its own in force.
Times are the office's (Asia/Shanghai); what is given back carries UTC.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from chinese_calendar import constants
from psycopg.rows import class_row

from gis.casework.forms import OFFICE
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.settings import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("calendar.sql"), "psycopg", mandatory_parameters=False)

SHIPPED = CHECKOUT / "data" / "reference" / "hours.csv"
PUBLISHED = frozenset(day.year for day in constants.holidays)
"""Years whose days off the package knows."""
SATURDAY = 5
ONE = timedelta(days=1)

Span = tuple[datetime, datetime]


class HoursMissing(GridAtlasError):
    """No office hours, or no workday, for so long that a clock would never end."""

    template = "从 {day} 起很长时间没有办公时间,时限无法计算。"
    cure = "请用 script/gis calendar hours 检查作息时间,用 script/gis calendar show 检查节假日表。"


@dataclass(frozen=True, slots=True)
class Hours:
    """One stretch of office hours.

    Attributes
    ----------
    begins, ends : time
        Of the day, in the office's zone.
    season_from, season_to : str
        First and last day of the part of the year it holds, ``MM-DD``; may go over New Year.
    valid_from, valid_to : date, date or None
        First and last day it is in force.
    source : str
        Who says so.
    """

    begins: time
    ends: time
    season_from: str
    season_to: str
    valid_from: date
    valid_to: date | None
    source: str

    def holds(self, day: date) -> bool:
        """Whether these are hours of a day."""
        told = f"{day:%m-%d}"
        inside = (
            self.season_from <= told <= self.season_to
            if self.season_from <= self.season_to
            else told >= self.season_from or told <= self.season_to
        )
        return inside and self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Mark:
    """What the office says of one day.

    Attributes
    ----------
    day : date
        Which.
    working : bool
        Worked or not.
    name : str
        Of the holiday it belongs to; a worked day may bear it too (调休).
    source : str
        Notice it stands in.
    """

    day: date
    working: bool
    name: str
    source: str


class Calendar:
    """Days and hours an office works.

    Parameters
    ----------
    marks : iterable of Mark
        The office's own days.
    hours : sequence of Hours
        Its own hours; on days on which none is in force the shipped ones hold.
    """

    def __init__(self, marks: Iterable[Mark] = (), hours: Sequence[Hours] = ()) -> None:
        self._marks = {mark.day: mark for mark in marks}
        self._hours = tuple(hours)
        self._years = frozenset(day.year for day in self._marks)
        self._spans: dict[date, tuple[Span, ...]] = {}

    @classmethod
    def of(cls, conn: psycopg.Connection[Any]) -> Calendar:
        """Read the calendar of the office."""
        with conn.cursor(row_factory=class_row(Mark)) as cursor:
            marks = cursor.execute(_queries.marks.sql).fetchall()
        with conn.cursor(row_factory=class_row(Hours)) as cursor:
            hours = cursor.execute(_queries.hours.sql).fetchall()
        return cls(marks, hours)

    def known(self, day: date) -> bool:
        """Whether the days off of that year are known; beyond them Monday to Friday count as worked."""
        return day.year in PUBLISHED or day.year in self._years

    def covers(self, begins: datetime, ends: datetime) -> bool:
        """Whether the days off of both moments' years are known."""
        if begins >= FIRST and ends < BEYOND:
            return True
        return self.known(local(begins)) and self.known(local(ends))

    @property
    def until(self) -> date:
        """Last day of the last year whose days off are known."""
        return date(max(PUBLISHED | self._years), 12, 31)

    def is_workday(self, day: date) -> bool:
        """Whether the office works: a Sunday may be worked (调休), a Monday may not."""
        mark = self._marks.get(day)
        if mark is not None:
            return mark.working
        if day in constants.holidays:
            return False
        return day in constants.workdays or day.weekday() < SATURDAY

    def is_holiday(self, day: date) -> bool:
        """Whether it belongs to a public holiday, swapped days off included; a plain weekend does not."""
        mark = self._marks.get(day)
        if mark is not None:
            return not mark.working and mark.name != ""
        return day in constants.holidays

    def name(self, day: date) -> str:
        """Give the holiday a day belongs to, or makes up for; empty for others. In the language in force."""
        mark = self._marks.get(day)
        if mark is not None:
            return mark.name
        return _names().get(constants.holidays.get(day) or constants.workdays.get(day) or "", "")

    def spans(self, day: date) -> tuple[Span, ...]:
        """Give the office hours of a day, in order, in UTC; none on a day off."""
        found = self._spans.get(day)
        if found is None:
            found = self._spans[day] = self._worked(day) if self.is_workday(day) else ()
        return found

    def hours(self, day: date) -> tuple[Hours, ...]:
        """Give the hours in force on a day, whether it is worked or not, in order."""
        own = [hours for hours in self._hours if hours.holds(day)]
        return tuple(sorted(own or [hours for hours in shipped() if hours.holds(day)], key=lambda hours: hours.begins))

    def _worked(self, day: date) -> tuple[Span, ...]:
        spans: list[Span] = []
        for hours in self.hours(day):
            begins, ends = moment(day, hours.begins), moment(day, hours.ends)
            if spans and begins <= spans[-1][1]:  # hours that overlap count once
                spans[-1] = (spans[-1][0], max(spans[-1][1], ends))
            else:
                spans.append((begins, ends))
        return tuple(spans)


@cache
def shipped() -> tuple[Hours, ...]:
    """Give the hours that hold while an office has none of its own."""
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        return tuple(
            Hours(
                time.fromisoformat(row["begins"]), time.fromisoformat(row["ends"]),
                row["season_from"], row["season_to"], date.fromisoformat(row["valid_from"]),
                date.fromisoformat(row["valid_to"]) if row["valid_to"] else None, row["source"],
            )
            for row in csv.DictReader(file)
        )  # fmt: skip


def local(at: datetime) -> date:
    """Give the office's day of a moment."""
    return at.astimezone(OFFICE).date()


def moment(day: date, at: time) -> datetime:
    """Give a moment of the office's day, in UTC."""
    return datetime.combine(day, at, OFFICE).astimezone(UTC)


def midnight(day: date) -> datetime:
    """Give the moment a day of the office begins, in UTC."""
    return moment(day, time())


def _names() -> dict[str, str]:
    return {
        "New Year's Day": _("元旦"),
        "Spring Festival": _("春节"),
        "Tomb-sweeping Day": _("清明节"),
        "Labour Day": _("劳动节"),
        "Dragon Boat Festival": _("端午节"),
        "Mid-autumn Festival": _("中秋节"),
        "National Day": _("国庆节"),
        "Anti-Fascist 70th Day": _("抗战胜利70周年纪念日"),
    }


FIRST, BEYOND = midnight(date(min(PUBLISHED), 1, 1)), midnight(date(max(PUBLISHED) + 1, 1, 1))
"""Between these moments every year is published."""
