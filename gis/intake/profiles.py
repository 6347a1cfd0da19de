"""Kinds of export whose headers mean something of their own: orders of the hotline, cases of city management, ledgers.

A header alone may mislead: 类别 is the small class in a ledger of hazards and the kind elsewhere,
联系电话 is a party's in a ledger of disputes. A profile (``data/reference/profiles.csv``) is known by its
signs, the headers it has; it says what a header fills there (nothing, where its cell is empty), and
what holds for all rows where the file is silent: a ledger of hazards does not say in each row that it is one.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from gis import i18n
from gis.datasets import Dataset
from gis.intake.encodings import clean_text
from gis.settings import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLE = CHECKOUT / "data" / "reference" / "profiles.csv"

ENOUGH = 4
"""Weight of the signs from which on a profile is known; the next one has to have less."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of export.

    Attributes
    ----------
    key, chinese, english : str
        What it is called.
    signs : mapping
        Cleaned header -> weight.
    fields : mapping
        Cleaned header -> field; empty: none.
    defaults : mapping
        Field -> value where the file says nothing.
    """

    key: str
    chinese: str = ""
    english: str = ""
    signs: dict[str, int] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, in the language in force."""
        return self.chinese if i18n.language().startswith("zh") else self.english


@cache
def profiles() -> tuple[Profile, ...]:
    """Read the table."""
    found: dict[str, Profile] = {}
    with TABLE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            one = found.setdefault(row["profile"], Profile(row["profile"]))
            if row["role"] == "name":
                found[one.key] = Profile(one.key, row["word"], row["value"], one.signs, one.fields, one.defaults)
            elif row["role"] == "sign":
                one.signs[clean_text(row["word"])] = int(row["value"])
            elif row["role"] == "field":
                one.fields[clean_text(row["word"])] = row["value"]
            else:
                one.defaults[row["word"]] = row["value"]
    return tuple(found.values())


def of(columns: Iterable[str], dataset: Dataset) -> Profile | None:
    """Say which kind of export a file is, by its headers; None where none or several fit."""
    if dataset is not Dataset.INCIDENTS:
        return None
    heads = {clean_text(column) for column in columns}
    weights = sorted(((sum(w for s, w in p.signs.items() if s in heads), p) for p in profiles()), key=lambda x: -x[0])
    (most, first), (next_most, _second) = weights[:2]
    return first if most >= ENOUGH and most > next_most else None


def complete(frame: pd.DataFrame, profile: Profile | None) -> None:
    """Fill in what holds for all rows of such an export, where the row is silent; in place."""
    for name, value in profile.defaults.items() if profile else ():
        known = frame[name] if name in frame else pd.Series([None] * len(frame), index=frame.index, dtype="str")
        frame[name] = known.fillna(value)
