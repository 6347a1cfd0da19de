"""Tables an office writes itself: columns by any of their names, rows judged before any is written.

For calendars, limits and categories; what a file holds is read by whoever calls (the intake).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING
from typing import TypeVar

from gis.errors import BadInput
from gis.i18n import joined
from gis.i18n import translate as _
from gis.settings import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

T = TypeVar("T")
SHOWN = 5
WORDS = CHECKOUT / "data" / "reference" / "tables.csv"
"""What columns and cells may be called, by table."""


class TableUnfit(BadInput):
    """A table lacks a column, or has rows that say nothing usable."""

    template = "{what}不能导入:{detail}。"
    cure = "请改正后整表重新导入;没有写入任何内容。"


@dataclass(slots=True)
class Reading:
    """Rows of a table on their way, and what is wrong with them."""

    what: str
    wrong: list[tuple[int, str]] = field(default_factory=list)

    def cell(self, row: int, label: str, text: str, read: Callable[[str], T], default: T) -> T:
        """Read a cell; an empty one is the default, one that cannot be read is noted."""
        if not text:
            return default
        try:
            return read(text)
        except ValueError:
            self.wrong.append((row, _("{label}“{text}”").format(label=label, text=text[:40])))
            return default

    def fault(self, row: int, why: str) -> None:
        """Note what is wrong with a row."""
        self.wrong.append((row, why))

    def end(self) -> None:
        """Refuse the table where something is wrong.

        Raises
        ------
        TableUnfit
            Names the first rows and what is wrong with them.
        """
        if self.wrong:
            shown = [_("第 {row} 行{why}").format(row=row, why=why) for row, why in sorted(self.wrong)[:SHOWN]]
            more = _("等 {count} 处").format(count=len(self.wrong)) if len(self.wrong) > SHOWN else ""
            raise TableUnfit(what=self.what, detail=joined(shown) + more)


def rows(
    what: str,
    table: str,
    headers: Sequence[str],
    body: Iterable[tuple[int, Mapping[str, object]]],
    needed: Iterable[str],
) -> list[tuple[int, dict[str, str]]]:
    """Give the rows of a table by the names of its columns, cells as trimmed texts; blank rows are left out.

    Parameters
    ----------
    what, table : str
        What the table is called by people, and in :data:`WORDS`.
    headers : sequence of str
        Its headings.
    body : iterable of (int, mapping)
        Number of the row in the file, and its cells by heading.
    needed : iterable of str
        Columns it cannot do without.

    Raises
    ------
    TableUnfit
        A needed column is missing; the table has no row.
    """
    called = words(table, "column")
    found: dict[str, str] = {}
    for header in headers:
        name = called.get("".join(header.split()).lower())
        if name is not None:
            found.setdefault(name, header)
    first: dict[str, str] = {}
    for word, name in called.items():
        first.setdefault(name, word)
    missing = [first[name] for name in needed if name not in found]
    if missing:
        raise TableUnfit(what=what, detail=_("缺少列:{columns}").format(columns=joined(missing)))
    given = []
    for number, cells in body:
        row = {name: _text(cells.get(header)) for name, header in found.items()}
        if any(row.values()):
            given.append((number, {name: row.get(name, "") for name in first}))
    if not given:
        raise TableUnfit(what=what, detail=_("表里没有内容"))
    return given


@cache
def words(table: str, part: str) -> dict[str, str]:
    """Give what words of a column, or of headings, mean: word, lower case, to meaning."""
    with WORDS.open(encoding="utf-8", newline="") as file:
        found = {
            row["word"].lower(): row["meaning"]
            for row in csv.DictReader(file)
            if (row["table"], row["part"]) == (table, part)
        }
    return found | {meaning: meaning for meaning in found.values()}


def reader(table: str, part: str, known: Iterable[str]) -> Callable[[str], str]:
    """Give a reader of the cells of a column: a known word, or what means one; ValueError otherwise."""
    allowed = frozenset(known)

    def read(text: str) -> str:
        meaning = words(table, part).get(text.lower(), text.lower())
        if meaning not in allowed:
            raise ValueError
        return meaning

    return read


def day(text: str) -> date:
    """Read a day in the ways offices write it; ValueError otherwise."""
    plain = text.strip().split(" ")[0].split("T")[0]
    if len(plain) == 8 and plain.isdigit():  # noqa: PLR2004  20270101
        plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
    year, month, number = (int(part) for part in re.findall(r"\d+", plain))
    return date(year, month, number)


def _text(value: object) -> str:
    text = "" if value is None or value != value else str(value).strip()  # noqa: PLR0124  NaN
    return text.removesuffix(".0") if text.endswith(".0") and text[:-2].isdigit() else text
