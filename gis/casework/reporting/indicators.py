"""Indicators: what is counted of casework, each with its formula in words, version and source; and grades.

A formula that changes gets a new version; frozen reports keep the one they were made with. A rate
without anything to divide by is no figure, and a grade is taken of the exact fraction, never of the
rounded number that is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from gis.i18n import speaking
from gis.i18n import translate as _

if TYPE_CHECKING:
    from decimal import Decimal

REPORTED, DUE = "reported", "due"
RULES = (REPORTED, DUE)
"""Which cases a period takes: those reported in it, or those whose limit ends in it."""
GRADES = ((90, "A"), (75, "B"), (60, "C"), (40, "D"))
LOWEST = "E"
HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that is counted.

    Attributes
    ----------
    key : str
        Its word, for programs and reports.
    name, formula : str
        In the language in force.
    numerator : str
        Count of :mod:`gis.casework.reporting.figures` above the line.
    denominator : str or None
        Count below it; None where it is a plain number.
    rules : tuple of str
        Rules of the period that make sense for it; the first is used where another is asked for.
    graded : bool
        Whether more is better, so that it has a grade.
    version : str
        Of the formula.
    source : str
        Where it is from.
    """

    key: str
    name: str
    formula: str
    numerator: str
    denominator: str | None
    rules: tuple[str, ...]
    graded: bool
    version: str
    source: str

    def rule(self, wanted: str) -> str:
        """Give the rule of the period it is counted by."""
        return wanted if wanted in self.rules else self.rules[0]


def catalogue() -> tuple[Indicator, ...]:
    """Give all indicators in their order, in the language in force."""
    both, one = RULES, (REPORTED,)
    standard = _("数字城管系统的指标表(数字政通、联通城管)")
    own = _("厂商的指标表没有写明分母,由本系统定")
    return (
        Indicator("reported", _("上报"), _("期内首次上报的案件数"), "reported", None, one, False, "1", standard),
        Indicator(
            "filed", _("立案"), _("期内上报、到期末已立案的案件数(不含不予受理和并案)"), "filed", None, one,
            False, "1", standard,
        ),
        Indicator(
            "handled", _("处置率"), _("已处置 ÷ 应处置。应处置:已派遣或已自行处置,不含不予受理和并案"),
            "handled", "should_handle", both, True, "1", standard,
        ),
        Indicator(
            "handled_in_time", _("按期处置率"), _("期限内处置 ÷ 应处置中有处置时限的"),
            "handled_in_time", "should_handle_limited", both, True, "1", standard,
        ),
        Indicator(
            "closed", _("结案率"), _("已结案 ÷ 应结案。应结案:已立案,不含不予受理和并案"),
            "closed", "should_close", both, True, "1", standard,
        ),
        Indicator(
            "closed_in_time", _("按期结案率"), _("期限内结案 ÷ 应结案中有总时限的"),
            "closed_in_time", "should_close_limited", both, True, "1", standard,
        ),
        Indicator(
            "closed_in_time_of_closed", _("按期结案率(占已结案)"), _("期限内结案 ÷ 已结案中有总时限的"),
            "closed_in_time", "closed_limited", both, True, "1",
            _("联通城管:以已结案的为分母"),
        ),
        Indicator(
            "closed_in_time_not_suspended", _("按期结案率(不计缓办)"),
            _("期限内结案 ÷ (应结案中有总时限的 − 期末挂起的)"),
            "closed_in_time", "should_close_running", both, True, "1", _("金华的考核办法:不计缓办的"),
        ),
        Indicator(
            "closed_late", _("超期结案率"), _("超过期限才结案 ÷ 应结案中有总时限的"),
            "closed_late", "should_close_limited", both, False, "1", standard,
        ),
        Indicator(
            "unclosed", _("未结案率"), _("期末仍未办结 ÷ 上报"), "unclosed", "reported", one, False, "1", standard
        ),
        Indicator(
            "dispatched_right", _("准确派遣率"), _("派遣后未被退回、未改派 ÷ 已受理立案的"),
            "dispatched_right", "should_dispatch", one, True, "1", standard,
        ),
        Indicator(
            "reworked", _("返工率"), _("核查不通过过的 ÷ 核查过的(通过或不通过)"), "reworked", "checked", one,
            False, "1", own,
        ),
        Indicator(
            "valid", _("有效上报率"), _("立案 ÷ 上报"), "filed", "reported", one, True, "1", standard
        ),
        Indicator(
            "checked_in_time", _("按期核查率"), _("期限内完成的核查 ÷ 有时限的核查(次)"),
            "checks_in_time", "checks", both, True, "1", standard,
        ),
        Indicator(
            "satisfied", _("满意率"), _("满意和基本满意 ÷ 有评价的"), "satisfied", "rated", one, True, "1", own
        ),
        Indicator(
            "found", _("主动发现率"), _("巡查发现 ÷ (巡查发现 + 热线)"), "patrol", "told", one, False, "1",
            _("巡查占巡查与热线之和,由本系统定"),
        ),
    )  # fmt: skip


def formulas() -> dict[str, dict[str, str]]:
    """Give the formula of each indicator with its version, in the language of the house: as reports keep them."""
    with speaking("zh_CN"):
        return {one.key: {"version": one.version, "formula": one.formula} for one in catalogue()}


def grade(score: Fraction | Decimal | int) -> str:
    """Give the grade of an exact score in hundredths: A from 90, B from 75, C from 60, D from 40, else E.

    Parameters
    ----------
    score : Fraction, Decimal or int
        Never a float and never a rounded number: 89.996 is a B even where 90.00 is shown.

    Raises
    ------
    TypeError
        A float, whose last digits are not its own.
    """
    if isinstance(score, float):
        message = "a grade is taken of an exact number"
        raise TypeError(message)
    return next((letter for least, letter in GRADES if score >= least), LOWEST)


def share(numerator: int, denominator: int) -> Fraction | None:
    """Give a rate in hundredths, exactly; None without anything to divide by."""
    return Fraction(numerator * HUNDRED, denominator) if denominator else None


def written(score: Fraction | None) -> str | None:
    """Write a rate with two decimals, cut off and not rounded: what is shown never reaches a better grade."""
    if score is None:
        return None
    cut = score.numerator * HUNDRED // score.denominator
    return f"{cut // HUNDRED}.{cut % HUNDRED:02d}"
