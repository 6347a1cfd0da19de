"""Limits: how long each stage of a case may take, from dated tables, never from code.

``data/reference/limits.csv`` is what is shipped, each row with its source; table ``time_limit`` holds
the office's own. For a stage of a kind the office's rows that fit a case go before all shipped ones;
among rows of one table the nearest goes first: by small class, then by level, then by channel, then
the newest. A row without an amount says that there is no limit.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

import aiosql
from psycopg.rows import class_row

from gis.i18n import translate as _
from gis.settings import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    import psycopg

    from gis.casework.clocks import Kind

_queries = aiosql.from_path(Path(__file__).with_name("limits.sql"), "psycopg", mandatory_parameters=False)

SHIPPED = CHECKOUT / "data" / "reference" / "limits.csv"
STAGES = ("accept", "dispatch", "handle", "check", "close", "total", "decide", "deliver", "confirm")
"""accept: reported to filed; dispatch: to given out; handle: to answered; check: to found done; close: to
closed; total: reported to closed. decide, deliver: of an enforcement case; confirm: of an agreement."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One row: how long a stage may take.

    Attributes
    ----------
    standard : str
        Rules the row belongs to.
    kind, category, level, channel : str, str, int or None, str
        Which cases; an empty member fits all.
    stage, clock : str
        One of :data:`STAGES`, and the kind of clock (:data:`gis.casework.clocks.KINDS`).
    amount : Decimal or None
        Hours or days; None says that there is no limit.
    warn_share : Decimal
        Part of it after which a case is near its end (yellow).
    valid_from, valid_to : date, date or None
        First and last day it is in force: the day the clock starts counts.
    source : str
        Paper it stands in.
    own : bool
        Whether the office itself says so.
    """

    standard: str
    kind: str
    category: str
    level: int | None
    channel: str
    stage: str
    clock: Kind
    amount: Decimal | None
    warn_share: Decimal
    valid_from: date
    valid_to: date | None
    source: str
    own: bool = False

    def fits(self, category: str, level: int | None, channel: str, day: date) -> bool:
        """Whether it is said of such a case on that day."""
        return (
            self.category in {"", category}
            and self.level in {None, level}
            and self.channel in {"", channel}
            and self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
        )

    @property
    def nearness(self) -> tuple[bool, bool, bool, bool, date]:
        """Order of rows that fit one case: the greatest holds."""
        return self.own, self.category != "", self.level is not None, self.channel != "", self.valid_from


class Table:
    """All limits, to look many cases up in."""

    def __init__(self, own: Iterable[Limit] = ()) -> None:
        self._rows: dict[str, list[Limit]] = {}
        for row in (*shipped(), *own):
            self._rows.setdefault(row.kind, []).append(row)
        self._found: dict[tuple[str, str, int | None, str, date], dict[str, Limit]] = {}

    @classmethod
    def of(cls, conn: psycopg.Connection[Any]) -> Table:
        """Read the limits in force or once in force."""
        with conn.cursor(row_factory=class_row(Limit)) as cursor:
            return cls(cursor.execute(_queries.limits.sql).fetchall())

    def find(self, kind: str, category: str, level: int | None, channel: str, day: date) -> Mapping[str, Limit]:
        """Give the limits of a case by stage; stages without one are left out."""
        asked = (kind, category, level, channel, day)
        found = self._found.get(asked)
        if found is None:
            nearest: dict[str, Limit] = {}
            for row in self._rows.get(kind, ()):
                if row.fits(category, level, channel, day):
                    known = nearest.get(row.stage)
                    if known is None or row.nearness > known.nearness:
                        nearest[row.stage] = row
            found = {stage: row for stage, row in nearest.items() if row.amount is not None}
            self._found[asked] = found
        return found


def of(
    conn: psycopg.Connection[Any], kind: str, category: str, level: int | None, channel: str, day: date
) -> Mapping[str, Limit]:
    """Give the limits of a case by stage, as they are on a day.

    Parameters
    ----------
    conn : psycopg.Connection
        Of whoever asks.
    kind, category, level, channel
        Of the case; a level of None fits only rows that name none.
    day : date
        Of the office.
    """
    return Table.of(conn).find(kind, category.strip(), level, channel, day)


@cache
def shipped() -> tuple[Limit, ...]:
    """Give the limits that are shipped."""
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        return tuple(
            Limit(
                row["standard"], row["kind"], row["category"], int(row["level"]) if row["level"] else None,
                row["channel"], row["stage"], cast("Kind", row["clock"]),
                Decimal(row["amount"]) if row["amount"] else None, Decimal(row["warn_share"]),
                date.fromisoformat(row["valid_from"]),
                date.fromisoformat(row["valid_to"]) if row["valid_to"] else None, row["source"],
            )
            for row in csv.DictReader(file)
        )  # fmt: skip


def stage(word: str) -> str:
    """Give the name of a stage, in the language in force."""
    return {
        "accept": _("受理"),
        "dispatch": _("派遣"),
        "handle": _("处置"),
        "check": _("核查"),
        "close": _("结案"),
        "total": _("全程"),
        "decide": _("作出处罚决定"),
        "deliver": _("送达决定书"),
        "confirm": _("申请司法确认"),
    }[word]


def amount(kind: str | None, value: Decimal | float | None) -> str:
    """Say an amount of time, in the language in force; a printed end of a limit has none."""
    if kind == "fixed":
        return _("载明的期限")
    if kind is None or value is None:
        return _("无时限")
    number = f"{float(value):.2f}".rstrip("0").rstrip(".")
    return {
        "urgent_hour": _("{number} 小时"),
        "work_hour": _("{number} 工作小时"),
        "work_day": _("{number} 个工作日"),
        "natural_day": _("{number} 天"),
    }[kind].format(number=number)
