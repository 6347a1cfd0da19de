"""Taking a list along as Excel: a sheet about the file, then the lists; what looks like a formula stays a word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from datetime import date
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

import xlsxwriter

from gis.casework.forms import OFFICE
from gis.coverage import extract
from gis.coverage.report import OutputRefused
from gis.coverage.report import require_folder
from gis.errors import BadInput
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import psycopg

LONGEST_CELL = 32_000
WIDEST, SAMPLE = 60, 200
"""Widest column, letters; rows its width is taken from."""


class FormatUnknown(BadInput):
    """Lists are written as Excel only."""

    template = "不能导出为 {path} 这种格式。"
    cure = "请把文件名的后缀改为 .xlsx。"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One list: its title, its heads, its rows of texts, numbers, days and moments."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]


def purpose(path: Path, reason: str) -> str:
    """Give the purpose as it is kept, before the work is done.

    Raises
    ------
    PurposeMissing, FormatUnknown, OutputRefused
    """
    why = extract.purpose(reason)
    if path.suffix.lower() != ".xlsx":
        raise FormatUnknown(path=path)
    require_folder(path)
    return why


def write(conn: psycopg.Connection[Any], path: Path, reason: str, sheets: Sequence[Sheet]) -> None:
    """Write the lists to a file that says who took it, when and for what purpose.

    Raises
    ------
    OutputRefused
        It cannot be written there.
    """
    who = conn.execute("SELECT atlas.called(atlas.actor_name())").fetchone() or ("",)
    rows = [
        (_("导出人"), who[0]),
        (_("导出时间"), datetime.now(UTC)),
        (_("事由"), reason),
        *((sheet.title, _("{count} 行").format(count=len(sheet.rows))) for sheet in sheets),
    ]
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with path.open("wb") as target, xlsxwriter.Workbook(target, options) as book:
            for sheet in (Sheet(_("说明"), (), rows), *sheets):
                _fill(book, sheet)
    except OSError as error:
        raise OutputRefused(path=path, detail=error.strerror or error) from error
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise OutputRefused(path=path, detail=str(error).splitlines()[0]) from error


def _fill(book: Any, sheet: Sheet) -> None:  # noqa: ANN401  xlsxwriter has no types
    bold = book.add_format({"bold": True})
    page = book.add_worksheet(sheet.title[:31])
    texts: list[list[str | float]] = [[_text(value) for value in row] for row in sheet.rows]
    sample: list[list[str | float]] = [list(sheet.heads), *texts[:SAMPLE]]
    for column in range(max(len(row) for row in [*sample, []])):
        cells = [row[column] for row in sample if column < len(row)]
        # A Chinese character is as wide as two letters.
        widths = [sum(2 if ord(sign) > 0x2E80 else 1 for sign in str(cell)) for cell in cells]  # noqa: PLR2004
        page.set_column(column, column, min(WIDEST, max(widths, default=8) + 2))
    for column, head in enumerate(sheet.heads):
        page.write_string(0, column, head, bold)
    if sheet.heads:
        page.freeze_panes(1, 0)
    for line, row in enumerate(texts, start=1 if sheet.heads else 0):
        for column, value in enumerate(row):
            if isinstance(value, str):
                page.write_string(line, column, value[:LONGEST_CELL])
            else:
                page.write_number(line, column, value)


def _text(value: Any) -> str | float:  # noqa: ANN401
    if isinstance(value, datetime):
        return value.astimezone(OFFICE).isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "、".join(map(str, value))
    return "" if value is None else value if isinstance(value, int | float) else str(value)
