"""Reads files without geometry of their own: CSV and its kin, workbooks, Parquet.

Text files and workbooks become Arrow tables of text columns, so what a cell means is
decided in one place (``values``), never by a parser's guess: ``001`` stays ``001``.
Rows a parser cannot read are kept apart with their number, not lost.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import Counter
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv
from python_calamine import CalamineError
from python_calamine import CalamineWorkbook
from python_calamine import PasswordError
from python_calamine import ZipError

from gis.i18n import translate as _
from gis.intake import encodings
from gis.intake.errors import FileBroken
from gis.intake.errors import FileEmpty
from gis.intake.errors import FileTooLarge
from gis.intake.errors import FormatUnknown
from gis.intake.parts import Note
from gis.settings import IntakeSettings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from gis.intake.staging import Stage
    from gis.intake.staging import Staged

SEPARATORS = ",;\t|"
HEADER_DEPTH = 15
"""Rows looked through for the header; those above it are titles."""

BATCH = 50_000
LARGEST_CELL = 8 * 1024 * 1024


@dataclass
class Sheet:
    """A table as read: text columns, the source row of each, and rows that failed."""

    table: pa.Table
    rows: NDArray[np.int64]
    rows_read: int
    encoding: encodings.Verdict | None = None
    rejects: list[tuple[Note, dict[str, Any]]] = field(default_factory=list)


# text ------------------------------------------------------------------------------------------


def read_text(stage: Stage, staged: Staged, encoding: str | None = None) -> Sheet:
    """Read a CSV, TSV or similar text file.

    Parameters
    ----------
    stage : Stage
        Where a recoded copy may be put.
    staged : Staged
        The file.
    encoding : str, optional
        What the user says it is in.

    Raises
    ------
    EncodingAmbiguous, EncodingWrong, FileEmpty, FileBroken, FileTooLarge, FormatUnknown
        The file cannot be read as a table.
    """
    sample = encodings.sample_file(staged.path)
    verdict = encodings.detect(sample, staged.name, given=encoding)
    path = staged.path
    if verdict.codec not in {"utf-8", "utf-8-sig", "ascii"}:
        path = _recode(stage, path, verdict.codec)
        sample = encodings.sample_file(path)
    text = sample.decode("utf-8-sig", errors="replace")
    layout = _layout(text, staged.name)
    try:
        return _parse(path, layout, staged.name, verdict)
    except pa.ArrowInvalid as error:
        if "Could not skip" in str(error) and path.stat().st_size < LARGEST_CELL:
            raise FileEmpty(name=staged.name) from None  # a header, and not even a line break after it
        if "UTF8" not in str(error):
            raise FileBroken(name=staged.name, detail=_("有没有收尾的引号,或某一格过长")) from None
    return _parse(_recode(stage, path, "utf-8"), layout, staged.name, verdict)


def _recode(stage: Stage, path: Path, codec: str) -> Path:
    """Write a UTF-8 copy; what does not decode becomes U+FFFD, and its row is refused later."""
    target = stage.folder / f"{path.stem}.utf8"
    with (
        path.open("rb") as raw,
        io.TextIOWrapper(raw, encoding=codec, errors="replace", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        while block := source.read(1 << 20):
            out.write(block)
    return target


@dataclass(frozen=True)
class _Layout:
    separator: str
    names: list[str]
    skip: int


def _layout(text: str, name: str) -> _Layout:
    """Find separator, header row and column names from the first lines."""
    text = text[: 1 << 16]
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise FileEmpty(name=name)
    if len(lines) > 1 and len(text) == 1 << 16:
        text = text[: text.rfind("\n") + 1]
    best, best_score = ",", -1.0
    for separator in SEPARATORS:
        widths = [len(row) for row in _rows(text, separator) if row][:40]
        common, times = Counter(widths).most_common(1)[0]
        score = (times / len(widths)) * min(common - 1, 20) if common > 1 else 0.0
        if score > best_score:
            best, best_score = separator, score
    if best_score <= 0 and not re.search(r"\w", lines[0]):
        raise FormatUnknown(name=name, detail=_("看不出列"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=best, strict=False)
    heads: list[tuple[list[str], int]] = []
    for row in reader:
        if any(cell.strip() for cell in row):
            heads.append((row, reader.line_num))
        if len(heads) > HEADER_DEPTH + 20:
            break
    at = header_row([row for row, _line in heads])
    width = Counter(len(row) for row, _line in heads[at:]).most_common(1)[0][0]
    header, line = heads[at]
    if merged := stacked([row for row, _line in heads[at : at + 3]]):
        header, line = merged, heads[at + 1][1]
    if is_data(header) and (at or len(heads) > 1):
        return _Layout(best, unique_names([""] * width), heads[at - 1][1] if at else 0)
    padded = header + [""] * (width - len(header))
    if len(padded) > width and all(not cell.strip() for cell in padded[width:]):
        padded = padded[:width]
    return _Layout(best, unique_names(padded), line)


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error:
        return


def _parse(path: Path, layout: _Layout, name: str, verdict: encodings.Verdict) -> Sheet:
    limit = IntakeSettings().max_rows
    bad: list[tuple[int | None, str]] = []

    def refuse(row: arrow_csv.InvalidRow) -> Literal["skip", "error"]:
        bad.append((row.number, row.text))
        return "skip"

    keys = [f"f{i}" for i in range(len(layout.names))]
    stream = arrow_csv.open_csv(
        path,
        read_options=arrow_csv.ReadOptions(
            use_threads=False, block_size=LARGEST_CELL, skip_rows=layout.skip, column_names=keys
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.separator, newlines_in_values=True, invalid_row_handler=refuse
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(keys, pa.string()), strings_can_be_null=False
        ),
    )
    batches, count = [], 0
    with stream:
        for batch in stream:
            batches.append(batch)
            count += batch.num_rows
            if count > limit:
                raise FileTooLarge(name=name, detail=_("超过 {rows} 行").format(rows=limit))
    table = pa.Table.from_batches(batches, schema=stream.schema).rename_columns(layout.names)
    total = table.num_rows + len(bad)
    _refuse_open_quote(path, table, name)
    # pyarrow counts the lines it skipped, then the rows from 1; empty lines are no rows
    bad = [(n and n - layout.skip, text) for n, text in bad]
    numbers = np.array([n for n, _text in bad if n], dtype=np.int64)
    rows = np.arange(1, total + 1, dtype=np.int64)
    rows = np.setdiff1d(rows, numbers, assume_unique=True)[: table.num_rows]
    words = _("列数与表头不一致")
    rejects = [(Note(int(n or 0), "ragged_row", words), {"line": text[:2000]}) for n, text in bad]
    return Sheet(table, rows, total, verdict, rejects)


def _refuse_open_quote(path: Path, table: pa.Table, name: str) -> None:
    """Refuse a file whose last cell runs to the end because a quote was never closed."""
    if not table.num_rows:
        return
    last = table.slice(table.num_rows - 1).to_pylist()[0]
    if not any(text and "\n" in text for text in last.values()):
        return
    with path.open("rb") as source:
        quotes = sum(block.count(b'"') for block in iter(lambda: source.read(1 << 22), b""))
    if quotes % 2:
        raise FileBroken(name=name, detail=_("有没有收尾的引号,或某一格过长"))


# headers -------------------------------------------------------------------------------------


def header_row(rows: list[list[str]]) -> int:
    """Find which of the first rows is the header: titles above it fill a cell or two only.

    Parameters
    ----------
    rows : list of list of str
        First rows of the table that are not empty.

    Returns
    -------
    int
        Index into ``rows``.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    widest = max(filled, default=0)
    for at, count in enumerate(filled[:HEADER_DEPTH]):
        if count >= max(2, 0.6 * widest) or widest <= 1:
            return at
    return 0


def stacked(rows: list[list[str]]) -> list[str]:
    """Join a header of two rows, as merged cells leave it (``位置`` above ``经度`` and ``纬度``).

    Parameters
    ----------
    rows : list of list of str
        The header row and the two after it.

    Returns
    -------
    list of str
        The joined header; empty where the second row is none.
    """
    if len(rows) < 3:  # noqa: PLR2004 - two of header, one of data
        return []
    width = max(map(len, rows))
    first, second, data = ([cell.strip() for cell in row] + [""] * (width - len(row)) for row in rows)
    filled = [at for at in range(width) if second[at]]
    spanned = [at for at in filled if not first[at] or (at + 1 < width and not first[at + 1])]
    if len(filled) < 2 or spanned != filled or all(first[at] for at in filled):  # noqa: PLR2004 - a pair at least
        return []
    under = [at for at in filled if is_data([data[at]])]
    if not under or is_data(second) or not any(first[at] and not second[at] for at in range(width)):
        return []
    return [second[at] or first[at] for at in range(width)]


def is_data(row: list[str]) -> bool:
    """Say whether a row can be no header: most of its cells are numbers."""
    cells = [cell.strip() for cell in row if cell.strip()]
    numbers = sum(bool(re.fullmatch(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?", cell)) for cell in cells)
    return bool(cells) and numbers * 2 > len(cells)


def unique_names(names: Iterable[str]) -> list[str]:
    """Make column names usable: trimmed, not empty, no two alike (``户数``, ``户数_2``)."""
    seen: set[str] = set()
    out = []
    for at, raw in enumerate(names, 1):
        base = re.sub(r"\s+", " ", raw.replace("\ufeff", "")).strip() or _("第{at}列").format(at=at)
        name, turn = base, 2
        while name in seen:
            name, turn = f"{base}_{turn}", turn + 1
        seen.add(name)
        out.append(name)
    return out


# workbooks -------------------------------------------------------------------------------------


def open_workbook(staged: Staged) -> CalamineWorkbook:
    """Open a workbook (xlsx, xls, xlsb, ods).

    Raises
    ------
    FileBroken
        Damaged, or locked by a password.
    """
    try:
        return CalamineWorkbook.from_path(staged.path)
    except PasswordError:
        raise FileBroken(name=staged.name, detail=_("工作簿有密码")) from None
    except (CalamineError, ZipError, OSError, ValueError) as error:
        raise FileBroken(name=staged.name, detail=str(error)[:120]) from None


def read_sheet(staged: Staged, layer: str) -> Sheet:
    """Read one sheet of a workbook as text columns.

    Whole numbers keep no ``.0``, dates become ISO text, formulas give the value stored with
    them (they are never evaluated).

    Raises
    ------
    FileBroken, FileEmpty, FileTooLarge
        The sheet cannot be read, has no row, or has too many.
    """
    try:
        sheet = open_workbook(staged).get_sheet_by_name(layer)
    except (CalamineError, ZipError) as error:
        raise FileBroken(name=staged.name, detail=str(error)[:120]) from None
    rows = _Rows(staged.name)
    for cells in sheet.iter_rows():
        rows.take([_cell(cell) for cell in cells])
    return rows.finish()


class _Rows:
    """Turns the rows of a sheet into Arrow columns, a batch at a time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._limit = IntakeSettings().max_rows
        self._head: list[list[str]] = []
        self._names: list[str] = []
        self._columns: list[list[pa.Array[Any]]] = []
        self._pending: list[list[str]] = []
        self._kept: list[int] = []
        self._number = 0

    def take(self, row: list[str]) -> None:
        """Take the next row of the sheet, empty ones included."""
        if not any(row):
            self._number += bool(self._names)
        elif self._names:
            self._add(row)
        else:
            self._head.append(row)
            if len(self._head) >= HEADER_DEPTH:
                self._start()

    def finish(self) -> Sheet:
        """Give everything taken as one table."""
        if not self._names and self._head:
            self._start()
        if not self._head:
            raise FileEmpty(name=self._name)
        self._flush()
        table = pa.table([pa.chunked_array(c, pa.string()) for c in self._columns], names=self._names)
        return Sheet(table, np.array(self._kept, dtype=np.int64), self._number)

    def _start(self) -> None:
        at = header_row(self._head)
        if merged := stacked(self._head[at : at + 3]):
            self._head[at : at + 2] = [merged]
        width = max(len(row) for row in self._head[at:])
        headless = is_data(self._head[at]) and len(self._head) > 1
        header = [] if headless else self._head[at]
        self._names = unique_names(header + [""] * (width - len(header)))
        self._columns = [[] for _name in self._names]
        for row in self._head[at if headless else at + 1 :]:
            self._add(row)

    def _add(self, row: list[str]) -> None:
        self._number += 1
        if self._number > self._limit:
            raise FileTooLarge(name=self._name, detail=_("超过 {rows} 行").format(rows=self._limit))
        self._kept.append(self._number)
        self._pending.append(row)
        if len(self._pending) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        for at, column in enumerate(self._columns):
            column.append(pa.array([row[at] if at < len(row) else None for row in self._pending], pa.string()))
        self._pending.clear()


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004 - exact to here
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return "" if value is None else str(value)
