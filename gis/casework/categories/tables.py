"""The rows: shipped ones, those of the office, and which of two standards are the same."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.casework.categories.pinyin import spoken
from gis.i18n import translate as _
from gis.settings import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    import psycopg

queries = aiosql.from_path(Path(__file__).with_name("categories.sql"), "psycopg", mandatory_parameters=False)

SHIPPED = CHECKOUT / "data" / "reference" / "categories.csv"
SHIPPED_MATCHES = CHECKOUT / "data" / "reference" / "matches.csv"
DIGITS = {"GB/T 30428": (2, 4), "CJ/T 214": (2, 4), "GB/T 47678": (2, 5)}
"""Digits of the codes of large and small classes: 2+2 before, 2+3 now."""
OPPOSITE = {"same": "same", "wider": "narrower", "narrower": "wider", "near": "near"}


@dataclass(frozen=True, slots=True)
class Category:
    """One category.

    Attributes
    ----------
    standard, kind, code, version : str
        What it is known by; the kind is one of ``IncidentKind``, or ``part`` (部件).
    name, parent : str
        Name; code of its large class, empty for one.
    synonyms : tuple of str
        What people call it.
    pinyin : str
        Of the name and the synonyms, syllables apart, ``|`` between.
    example : bool
        Whether the code is one seen in use and not read in the printed standard.
    valid_from, valid_to : date, date or None
        First and last day.
    source : str
        Where the row comes from.
    own : bool
        Whether the office imported it.
    """

    standard: str
    kind: str
    code: str
    version: str
    name: str
    parent: str
    synonyms: tuple[str, ...]
    pinyin: str
    example: bool
    valid_from: date
    valid_to: date | None
    source: str
    own: bool = False

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Match:
    """A category of another standard, and how the one asked for relates to it: same, wider, narrower, near."""

    standard: str
    code: str
    name: str
    relation: str
    source: str

    @property
    def relation_text(self) -> str:
        """How they relate, in the language in force."""
        return relation(self.relation)


def relation(word: str) -> str:
    """Name of how a category relates to another, in the language in force."""
    return {"same": _("相同"), "wider": _("范围更宽"), "narrower": _("范围更窄"), "near": _("相近")}[word]


def everything(conn: psycopg.Connection[Any]) -> list[Category]:
    """Give all rows that hold or once held: the office's, and shipped ones of standards and kinds it has none of."""
    with conn.cursor(row_factory=class_row(_Row)) as cursor:
        own = [row.category() for row in cursor.execute(queries.categories.sql)]
    taken = {(row.standard, row.kind) for row in own}
    return [*own, *(row for row in shipped() if (row.standard, row.kind) not in taken)]


def stamp(conn: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """Give what changes whenever the office's rows do."""
    row = conn.execute(queries.stamp.sql).fetchone()
    assert row is not None
    return (conn.info.dbname, conn.info.port, *row)


def listing(
    conn: psycopg.Connection[Any], kind: str | None = None, standard: str | None = None, day: date | None = None
) -> list[Category]:
    """Give categories by standard, kind and code, of one day or of all."""
    found = [
        row
        for row in everything(conn)
        if (kind is None or row.kind == kind)
        and (standard is None or row.standard == standard)
        and (day is None or row.holds(day))
    ]
    return sorted(found, key=lambda row: (row.kind, row.standard, row.code, row.valid_from))


def small(rows: Iterable[Category]) -> list[Category]:
    """Leave out large classes: nobody reports one."""
    rows = list(rows)
    named = above(rows)
    return [row for row in rows if not large(row, named)]


def above(rows: Iterable[Category]) -> frozenset[tuple[str, str, str]]:
    """Give standard, kind and code of what rows name as their large class."""
    return frozenset((row.standard, row.kind, row.parent) for row in rows if row.parent)


def large(row: Category, named: frozenset[tuple[str, str, str]]) -> bool:
    """Whether a row is a large class: named as one, or by the digits of its standard."""
    digits = next((lengths[0] for known, lengths in DIGITS.items() if row.standard.startswith(known)), 0)
    return len(row.code) == digits or (row.standard, row.kind, row.code) in named


def matches(conn: psycopg.Connection[Any]) -> list[tuple[str, str, str, str, str, str, str]]:
    """Give the cross-walk: kind, standard, code, other standard, other code, relation, source.

    Shipped rows between two standards are left out where the office has rows of that kind between them.
    """
    own = [tuple(row) for row in conn.execute(queries.matches.sql)]
    taken = {(row[0], frozenset((row[1], row[3]))) for row in own}
    return [*own, *(row for row in shipped_matches() if (row[0], frozenset((row[1], row[3]))) not in taken)]


def across(conn: psycopg.Connection[Any], standard: str, code: str, kind: str = "matter") -> list[Match]:
    """Give what a category is in other standards.

    Parameters
    ----------
    standard, code, kind : str
        Which category.
    """
    names = {(row.standard, row.code): row.name for row in everything(conn) if row.kind == kind}
    found = []
    for its, one, number, other, other_number, word, source in matches(conn):
        if its != kind:
            continue
        if (one, number) == (standard, code):
            found.append(Match(other, other_number, names.get((other, other_number), ""), word, source))
        elif (other, other_number) == (standard, code):
            found.append(Match(one, number, names.get((one, number), ""), OPPOSITE[word], source))
    return found


@cache
def shipped() -> tuple[Category, ...]:
    """Give the rows that are shipped."""
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        return tuple(_shipped(row) for row in csv.DictReader(file))


@cache
def shipped_matches() -> tuple[tuple[str, str, str, str, str, str, str], ...]:
    """Give the cross-walk that is shipped."""
    with SHIPPED_MATCHES.open(encoding="utf-8", newline="") as file:
        return tuple(tuple(row) for row in list(csv.reader(file))[1:])  # type: ignore[misc]


def words(name: str, synonyms: Iterable[str]) -> str:
    """Give the pinyin of a name and its synonyms."""
    return "|".join(spoken(text) for text in (name, *synonyms))


def several(text: str) -> tuple[str, ...]:
    """Read a cell of several words."""
    for sign in "、,,;;/\n":
        text = text.replace(sign, "|")
    return tuple(dict.fromkeys(part.strip() for part in text.split("|") if part.strip()))


def _shipped(row: dict[str, str]) -> Category:
    synonyms = several(row["synonyms"])
    return Category(
        row["standard"], row["kind"], row["code"], row["version"], row["name"], row["parent"], synonyms,
        words(row["name"], synonyms), row["example"] == "yes", date.fromisoformat(row["valid_from"]),
        date.fromisoformat(row["valid_to"]) if row["valid_to"] else None, row["source"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    standard: str
    kind: str
    code: str
    version: str
    name: str
    parent: str
    synonyms: Sequence[str]
    pinyin: str
    example: bool
    valid_from: date
    valid_to: date | None
    source: str

    def category(self) -> Category:
        return Category(
            self.standard, self.kind, self.code, self.version, self.name, self.parent, tuple(self.synonyms),
            self.pinyin, self.example, self.valid_from, self.valid_to, self.source, own=True,
        )  # fmt: skip
