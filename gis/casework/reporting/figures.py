"""Indicators of a period, counted in the database as at its end: of everything, or by kind, class, area, unit.

A case counts with what had happened by the end of the last day; clocks are those of today, so that
an extension granted later moves a figure, and a frozen report says so in a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import dict_row

from gis.casework.reporting import indicators
from gis.casework.reporting.errors import SpanWrong
from gis.errors import BadInput
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from datetime import date
    from fractions import Fraction

    import psycopg

    from gis.casework.reporting.indicators import Indicator

_queries = aiosql.from_path(Path(__file__).with_name("figures.sql"), "psycopg", mandatory_parameters=False)

GROUPS = ("", "kind", "category", "area", "unit")
"""What figures are given by; empty: everything together."""
LONGEST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Figure:
    """One indicator of one group: the counts, and the exact rate in hundredths where there is one."""

    indicator: Indicator
    rule: str
    numerator: int
    denominator: int | None

    @property
    def share(self) -> Fraction | None:
        """Rate in hundredths; None of a plain number or without anything to divide by."""
        return indicators.share(self.numerator, self.denominator or 0)

    @property
    def shown(self) -> str | None:
        """As it is written: a count, a rate cut to two decimals; None where there is no figure."""
        return str(self.numerator) if self.denominator is None else indicators.written(self.share)

    @property
    def grade(self) -> str | None:
        """A to E of the exact rate; None where it has none."""
        score = self.share
        return indicators.grade(score) if self.indicator.graded and score is not None else None


@dataclass(frozen=True, slots=True)
class Group:
    """Figures of one kind, class, area or unit: its word or code, its name, and all indicators in order."""

    key: str
    name: str
    figures: tuple[Figure, ...]


def groups(
    conn: psycopg.Connection[Any],
    since: date,
    until: date,
    *,
    rule: str = indicators.REPORTED,
    by: str = "",
    area: str | None = None,
    kinds: Sequence[str] | None = None,
) -> list[Group]:
    """Give the indicators of a period.

    Parameters
    ----------
    conn : psycopg.Connection
        His scope holds.
    since, until : date
        First and last day, of the office's zone.
    rule : str
        ``reported`` (cases reported in the period) or ``due`` (cases whose limit ends in it); an
        indicator without that rule keeps its own.
    by : str
        One of :data:`GROUPS`.
    area : str, optional
        Code of an area, with those below it; everything in reach without.
    kinds : sequence of str, optional
        Only these kinds of cases.

    Returns
    -------
    list of Group
        The largest first. Of everything together there is always one, empty periods included.

    Raises
    ------
    SpanWrong, BadInput
    """
    spanned(since, until)
    if by not in GROUPS or rule not in indicators.RULES:
        raise BadInput(detail=f"{by or rule}")
    given = {"since": since, "until": until, "by": by, "area": area, "kinds": None if kinds is None else list(kinds)}
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_queries.counts.sql, {**given, "rule": rule}).fetchall()
    if not found and not by:
        found = [{"key": "", "name": ""}]
    return [Group(row["key"], row["name"], _figures(row, rule)) for row in found]


def spanned(since: date, until: date) -> None:
    """Let pass a span of days that is one.

    Raises
    ------
    SpanWrong
        It ends before it begins, or is longer than ten years.
    """
    if until < since or (until - since).days > LONGEST_DAYS:
        raise SpanWrong(since=since, until=until)


def rule_name(rule: str) -> str:
    """Name a rule of the period, in the language in force."""
    return {indicators.REPORTED: _("按上报日期"), indicators.DUE: _("按到期日期")}[rule]


def group_name(by: str) -> str:
    """Name what figures are given by, in the language in force."""
    return {"": _("合计"), "kind": _("类别"), "category": _("小类"), "area": _("辖区"), "unit": _("牵头单位")}[by]


def _figures(row: Mapping[str, Any], rule: str) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            one, one.rule(rule), int(row.get(one.numerator, 0)),
            None if one.denominator is None else int(row.get(one.denominator, 0)),
        )
        for one in indicators.catalogue()
    )  # fmt: skip
