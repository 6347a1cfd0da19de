"""A report as Word, in the layout offices print: A4, ruled tables, Chinese fonts by name, hash in the footer."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm
from docx.shared import Pt

from gis.casework.reporting import fonts
from gis.i18n import translate as _

if TYPE_CHECKING:
    from gis.casework.reporting.paper import Paper
    from gis.casework.reporting.paper import Table

A4_MM = (210, 297)
MARGIN_MM = 18
TITLE_PT, BODY_PT, CELL_PT, FOOT_PT = 20, 12, 9, 8


def document(paper: Paper) -> bytes:
    """Give a report as a ``.docx`` file."""
    book = Document()
    section = book.sections[0]
    width, height = reversed(A4_MM) if paper.wide else A4_MM
    section.orientation = WD_ORIENT.LANDSCAPE if paper.wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(width), Mm(height)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(MARGIN_MM)
    _font(book.styles["Normal"].font, book.styles["Normal"].element, fonts.BODY, BODY_PT)
    _paragraph(book, paper.title, TITLE_PT, font=fonts.TITLE, middle=True)
    _paragraph(book, "    ".join(paper.head), CELL_PT, middle=True)
    _facts(book, paper, width - 2 * MARGIN_MM)
    for table in paper.tables:
        _paragraph(book, table.title, BODY_PT, bold=True)
        _rule(book, table, width - 2 * MARGIN_MM)
    for note in paper.notes:
        _paragraph(book, note, CELL_PT)
    _paragraph(book, paper.signature, BODY_PT)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _write(foot, paper.footer, FOOT_PT)
    out = io.BytesIO()
    book.core_properties.author = ""
    book.core_properties.title = paper.title
    book.save(out)
    return out.getvalue()


def _facts(book: Any, paper: Paper, width: float) -> None:  # noqa: ANN401  python-docx has no types
    grid = book.add_table(rows=0, cols=2)
    grid.style = "Table Grid"
    grid.autofit = False
    for label, value in paper.facts:
        cells = grid.add_row().cells
        for cell, share, text in ((cells[0], 0.2, label), (cells[1], 0.8, value)):
            cell.width = Mm(width * share)
            _write(cell.paragraphs[0], text, BODY_PT - 1, bold=cell is cells[0])


def _rule(book: Any, table: Table, width: float) -> None:  # noqa: ANN401
    grid = book.add_table(rows=1, cols=len(table.heads))
    grid.style = "Table Grid"
    grid.autofit = False
    whole = sum(table.widths)
    head = grid.rows[0]
    # The heads stand again on every page.
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    head._tr.get_or_add_trPr().append(repeat)  # noqa: SLF001  there is no other way to it
    _cells(head, table.heads, table.widths, whole, width, bold=True)
    for row in table.rows:
        _cells(grid.add_row(), row, table.widths, whole, width)
    if not table.rows:
        cells = grid.add_row().cells
        _write(cells[0].merge(cells[-1]).paragraphs[0], _("无"), CELL_PT)


def _cells(row: Any, texts: Any, widths: Any, whole: int, width: float, *, bold: bool = False) -> None:  # noqa: ANN401
    for cell, text, part in zip(row.cells, texts, widths, strict=True):
        cell.width = Mm(width * part / whole)
        _write(cell.paragraphs[0], text, CELL_PT, bold=bold)


def _paragraph(
    book: Any,  # noqa: ANN401
    text: str,
    size: int,
    *,
    font: str = fonts.BODY,
    middle: bool = False,
    bold: bool = False,
) -> None:
    line = book.add_paragraph()
    line.paragraph_format.space_after = Pt(4)
    if middle:
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _write(line, text, size, font=font, bold=bold)


def _write(line: Any, text: str, size: int, *, font: str = fonts.BODY, bold: bool = False) -> None:  # noqa: ANN401
    run = line.add_run(_clean(text))
    run.bold = bold
    _font(run.font, run._element, font, size)  # noqa: SLF001


def _font(style: Any, element: Any, name: str, size: int) -> None:  # noqa: ANN401
    style.name = fonts.LATIN
    style.size = Pt(size)
    # The font of Chinese characters is named apart.
    element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def _clean(text: str) -> str:
    """Leave out what a Word file cannot hold."""
    return "".join(sign for sign in text if sign >= " " or sign in "\n\t")
