"""Tables an office writes itself: columns by any of their names, rows judged before any is written.

For calendars, limits and categories; what a file holds is read by whoever calls (the intake).
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from typing import TYPE_CHECKING
from typing import TypeVar

from gis.errors import BadInput
from gis.i18n import joined
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

T = TypeVar("T")
SHOWN = 5
YES = frozenset({"1", "true", "yes", "y", "是", "上班", "补班", "调休上班", "工作", "工作日", "班", "working"})
NO = frozenset({"0", "false", "no", "n", "否", "放假", "休息", "休", "假", "节假日", "holiday", "off"})


class TableUnfit(BadInput):
    """A table lacks a column, or has rows that say nothing usable."""

    template = "{what}不能导入:{detail}。"
    cure = "请改正后整表重新导入;没有写入任何内容。"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what else it may be called, and whether a row needs it."""

    name: str
    called: tuple[str, ...]
    needed: bool = False


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
    what: str, headers: Sequence[str], body: Iterable[tuple[int, Mapping[str, object]]], columns: Sequence[Column]
) -> list[tuple[int, dict[str, str]]]:
    """Give the rows of a table by the names of its columns, cells as trimmed texts; blank rows are left out.

    Parameters
    ----------
    what : str
        What the table is, for people.
    headers : sequence of str
        Its headings.
    body : iterable of (int, mapping)
        Number of the row in the file, and its cells by heading.
    columns : sequence of Column
        What is looked for.

    Raises
    ------
    TableUnfit
        A needed column is missing; the table has no row.
    """
    found: dict[str, str] = {}
    plain = {"".join(header.split()).lower(): header for header in headers}
    for column in columns:
        for name in (column.name, *column.called):
            if name.lower() in plain:
                found[column.name] = plain[name.lower()]
                break
    missing = [(column.called or (column.name,))[0] for column in columns if column.needed and column.name not in found]
    if missing:
        raise TableUnfit(what=what, detail=_("缺少列:{columns}").format(columns=joined(missing)))
    given = []
    for number, cells in body:
        row = {name: _text(cells.get(header)) for name, header in found.items()}
        if any(row.values()):
            given.append((number, {column.name: row.get(column.name, "") for column in columns}))
    if not given:
        raise TableUnfit(what=what, detail=_("表里没有内容"))
    return given


def day(text: str) -> date:
    """Read a day in the ways offices write it; ValueError otherwise."""
    plain = text.strip().split(" ")[0].split("T")[0]
    for sign in "年月/.":
        plain = plain.replace(sign, "-")
    parts = plain.replace("日", "").split("-")
    if len(parts) == 1 and len(plain) == 8:  # noqa: PLR2004  20270101
        return datetime.strptime(plain, "%Y%m%d").date()  # noqa: DTZ007  a day
    year, month, number = (int(part) for part in parts)
    return date(year, month, number)


def flag(text: str) -> bool:
    """Read yes or no, worked or off; ValueError otherwise."""
    plain = text.strip().lower()
    if plain in YES:
        return True
    if plain in NO:
        return False
    raise ValueError


def _text(value: object) -> str:
    text = "" if value is None or value != value else str(value).strip()  # noqa: PLR0124  NaN
    return text.removesuffix(".0") if text.endswith(".0") and text[:-2].isdigit() else text
