"""A report as Excel, in the same layout: A4, one page wide, ruled tables, Chinese fonts by name, hash in the footer."""

from __future__ import annotations

import io
from itertools import accumulate
from typing import TYPE_CHECKING
from typing import Any

import xlsxwriter

from gis.casework.reporting import fonts
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.casework.reporting.paper import Paper
    from gis.casework.reporting.paper import Table

A4_PAPER = 9
COLUMNS, LETTERS = 32, 4.2
"""Narrow columns of the sheet, and how wide each is: cells of a table are merged over several."""
LONGEST_CELL = 32_000
LINE = 16


def workbook(paper: Paper) -> bytes:
    """Give a report as an ``.xlsx`` file; what looks like a formula stays a word."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        _fill(book, paper)
    return out.getvalue()


def _fill(book: Any, paper: Paper) -> None:  # noqa: ANN401  xlsxwriter has no types
    page = book.add_worksheet(paper.title[:31])
    page.set_paper(A4_PAPER)
    (page.set_landscape if paper.wide else page.set_portrait)()
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    page.set_footer(f'&C&"{fonts.SHEET_BODY}"&8{paper.footer.replace("&", "&&")}')
    page.hide_gridlines(2)
    page.set_column(0, COLUMNS - 1, LETTERS)
    base = {"font_name": fonts.SHEET_BODY, "font_size": 10, "valign": "vcenter", "text_wrap": True}
    plain = book.add_format(base)
    cell = book.add_format({**base, "border": 1})
    bold = book.add_format({**base, "border": 1, "bold": True, "align": "center"})
    head = book.add_format({**base, "bold": True})
    title = book.add_format({"font_name": fonts.SHEET_TITLE, "font_size": 18, "bold": True, "align": "center"})
    row = _line(page, 0, [paper.title], [COLUMNS], title)
    row = _line(page, row, ["    ".join(paper.head)], [COLUMNS], plain)
    for label, value in paper.facts:
        _cells(page, row, [label], [6], bold)
        _cells(page, row, [value], [COLUMNS - 6], cell, start=6)
        page.set_row(row, _height([value], [COLUMNS - 6]))
        row += 1
    for table in paper.tables:
        row = _table(page, row + 1, table, head, bold, cell)
    for note in paper.notes:
        row = _line(page, row + 1, [note], [COLUMNS], plain)
    _line(page, row + 1, [paper.signature], [COLUMNS], plain)


def _table(page: Any, row: int, table: Table, head: Any, bold: Any, cell: Any) -> int:  # noqa: ANN401
    spans = _spans(table.widths)
    row = _line(page, row, [table.title], [COLUMNS], head)
    row = _line(page, row, table.heads, spans, bold)
    for texts in table.rows:
        row = _line(page, row, texts, spans, cell)
    return row if table.rows else _line(page, row, [_("无")], [COLUMNS], cell)


def _spans(widths: Sequence[int]) -> list[int]:
    """Give each column of a table its narrow columns, at least one, all of them together."""
    whole = sum(widths)
    ends = [round(COLUMNS * end / whole) for end in accumulate(widths)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _line(page: Any, row: int, texts: Sequence[str], spans: Sequence[int], form: Any) -> int:  # noqa: ANN401
    _cells(page, row, texts, spans, form)
    page.set_row(row, _height(texts, spans))
    return row + 1


def _cells(page: Any, row: int, texts: Sequence[str], spans: Sequence[int], form: Any, start: int = 0) -> None:  # noqa: ANN401
    for text, span in zip(texts, spans, strict=True):
        if span > 1:
            page.merge_range(row, start, row, start + span - 1, "", form)
        page.write_string(row, start, text[:LONGEST_CELL], form)
        start += span


def _height(texts: Sequence[str], spans: Sequence[int]) -> float:
    """Give the height of a row in points: merged cells do not grow by themselves."""
    lines = 1
    for text, span in zip(texts, spans, strict=True):
        wide = sum(2 if ord(sign) > 0x2E80 else 1 for sign in text)  # noqa: PLR2004  Chinese is as wide as two letters
        lines = max(lines, -(-wide // max(int(span * LETTERS), 1)), text.count("\n") + 1)
    return min(lines * LINE, 400)
