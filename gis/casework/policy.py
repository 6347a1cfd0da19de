"""What the kinds measure against: limits of the law and of practice, colours, bands, from dated tables.

``data/reference/kinds.csv`` (one number per key and time), ``colours.csv`` (colour of a dispute's
level, who owns it, how often it is visited) and ``bands.csv`` (scale of a dispute by people).
Each row says where it comes from; an office replaces them with its own. Clocks are not here but
in :mod:`gis.casework.limits`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache

from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.settings import CHECKOUT

FOLDER = CHECKOUT / "data" / "reference"
FOREVER = date.max


class PolicyMissing(GridAtlasError):
    """The office's table lacks a row."""

    template = "参考表 {file} 里没有 {day} 有效的“{key}”。"
    cure = "请在 data/reference 中补上这一行,写明数值、有效期和来源。"


@dataclass(frozen=True, slots=True)
class Colour:
    """A level of disputes.

    Attributes
    ----------
    level : int
        1 gravest … 4 least.
    colour : str
        Its word (``red`` …), for symbols.
    name, owner : str
        As the office calls it, and who takes it.
    visit_days : int
        Between two visits while the dispute is open.
    revisit_days, revisits : int
        Between visits after it was settled, and how many there are.
    """

    level: int
    colour: str
    name: str
    owner: str
    visit_days: int
    revisit_days: int
    revisits: int


@dataclass(frozen=True, slots=True)
class Band:
    """A scale band of the provincial form: from ``least`` people to below ``below`` (None: no end)."""

    band: int
    name: str
    least: int
    below: int | None


def amount(key: str, day: date) -> int:
    """Give the number in force on a day.

    Raises
    ------
    PolicyMissing
        No row of the table holds on that day.
    """
    for row in _rows("kinds.csv"):
        if row["key"] == key and _holds(row, day):
            return int(row["value"])
    raise PolicyMissing(file="kinds.csv", key=key, day=day.isoformat())


def colour(level: int, day: date) -> Colour:
    """Give the colour of a dispute's level as it was on a day. Raises as :func:`amount`."""
    for found in colours(day):
        if found.level == level:
            return found
    raise PolicyMissing(file="colours.csv", key=str(level), day=day.isoformat())


def colours(day: date) -> list[Colour]:
    """Give the colours in force on a day, gravest first: three or four, as the office has them."""
    rows = sorted((row for row in _rows("colours.csv") if _holds(row, day)), key=lambda row: int(row["level"]))
    return [
        Colour(
            int(row["level"]), row["colour"], _shown(row["name"]), _shown(row["owner"]),
            int(row["visit_days"]), int(row["revisit_days"]), int(row["revisits"]),
        )
        for row in rows
    ]  # fmt: skip


def bands() -> list[Band]:
    """Give the scale bands, smallest first."""
    rows = _rows("bands.csv")
    return [
        Band(
            int(row["band"]),
            row["name"],
            int(row["people_from"]),
            int(row["people_below"]) if row["people_below"] else None,
        )
        for row in rows
    ]


def band(people: int) -> Band:
    """Give the band of so many people; a border belongs to the wider band."""
    return next(found for found in reversed(bands()) if people >= found.least)


def hazard_levels() -> tuple[tuple[str, str], ...]:
    """Give the levels of hazards, gravest first, in the language in force (domain facts §4)."""
    return (("1", _("重大")), ("2", _("较大")), ("3", _("一般")), ("4", _("低")))


def dispute_levels(day: date) -> tuple[tuple[str, str], ...]:
    """Give the levels of disputes with their colours, gravest first."""
    return tuple((str(found.level), found.name) for found in colours(day))


def _shown(text: str) -> str:
    """Give a name of the shipped tables in the language in force; an office's own as it is written."""
    shipped = {
        "红色": _("红色"),
        "橙色": _("橙色"),
        "黄色": _("黄色"),
        "蓝色": _("蓝色"),
        "街道党工委书记包案": _("街道党工委书记包案"),
        "分管领导牵头、部门联动": _("分管领导牵头、部门联动"),
        "片区工作组": _("片区工作组"),
        "社区、网格": _("社区、网格"),
        "50人以下": _("50人以下"),
        "50至100人": _("50至100人"),
        "100至500人": _("100至500人"),
        "500人以上": _("500人以上"),
    }
    return shipped.get(text, text)


def _holds(row: dict[str, str], day: date) -> bool:
    ends = date.fromisoformat(row["valid_to"]) if row["valid_to"] else FOREVER
    return date.fromisoformat(row["valid_from"]) <= day <= ends


@cache
def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
