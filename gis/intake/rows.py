"""Rows: their canonical columns, their codes, and the book of what was wrong with each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gis.datasets import FIELDS
from gis.datasets import Dataset
from gis.i18n import translate as _
from gis.intake import staff
from gis.intake import values
from gis.intake.parts import Note
from gis.settings import CodeSettings
from gis.vocabulary import AreaLevel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gis.intake.parts import Raw

LEVEL_BY_LENGTH = {6: AreaLevel.DISTRICT, 9: AreaLevel.STREET, 12: AreaLevel.COMMUNITY}
"""Level of an area by the digits of its code (GB/T 2260 + GB/T 10114), zeros at the end off."""

NUMBERS = ("declared_grid", "phone", "source_number", "number")
"""Fields besides codes that a spreadsheet takes for numbers and that are none."""

SHOWN = 5
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Book:
    """The account of one file: rejected rows, repaired rows, warnings.

    Parameters
    ----------
    raw : Raw
        The file; rows are named by their index into it and told by their source row.
    """

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self.rejects: list[Note] = [note for note, _original in raw.rejects]
        self.rejected = np.zeros(len(raw.rows), dtype=bool)
        self.warnings: list[str] = []
        self._originals = {note.row: original for note, original in raw.rejects}
        self._repairs: list[tuple[int, str, str]] = []
        at = {int(row): i for i, row in enumerate(raw.rows)} if raw.repairs else {}
        for note in raw.repairs:
            if note.row in at:
                self._repairs.append((at[note.row], note.code, note.words))

    def reject(self, at: int, key: str, words: str) -> None:
        """Refuse a row; the first reason stays."""
        if not self.rejected[at]:
            self.rejected[at] = True
            self.rejects.append(Note(int(self._raw.rows[at]), key, words))

    def repair(self, at: int, key: str, words: str) -> None:
        """Note what was mended in a row that is kept."""
        self._repairs.append((int(at), key, words))

    def take_broken_text(self, table: pa.Table) -> None:
        """Refuse rows whose text did not decode: a wrong character is not stored silently."""
        for at in np.flatnonzero(values.broken_text(table)):
            self.reject(int(at), "undecodable", _("文字解码后有乱码(U+FFFD)"))

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give rejects and repairs as the tables of :class:`gis.intake.parts.Prepared`."""
        rejects = sorted(self.rejects, key=lambda note: note.row)
        wanted = [n.row for n in rejects if n.row not in self._originals]
        originals = {**self._originals, **self.originals_of(wanted)}
        rejected = pd.DataFrame(
            {
                "row": pd.Series([n.row for n in rejects], dtype="int64"),
                "reason": pd.Series([n.words for n in rejects], dtype="str"),
                "code": pd.Series([n.code for n in rejects], dtype="str"),
                "original": pd.Series(
                    [json.dumps(originals.get(n.row, {}), ensure_ascii=False, default=str) for n in rejects],
                    dtype="str",
                ),
            }
        )
        rejected.index = pd.Index(rejected["row"].to_numpy())
        told = sorted((r for r in self._repairs if not self.rejected[r[0]]), key=lambda item: item[0])
        repaired = pd.DataFrame(
            {
                "row": pd.Series([int(self._raw.rows[at]) for at, _key, _words in told], dtype="int64"),
                "repair": pd.Series([words for _at, _key, words in told], dtype="str"),
                "code": pd.Series([key for _at, key, _words in told], dtype="str"),
            }
        )
        return rejected, repaired

    def originals_of(self, rows: list[int]) -> dict[int, dict[str, Any]]:
        """Give rows as they stand in the file, by their source row."""
        if not rows:
            return {}
        at = np.searchsorted(self._raw.rows, rows)
        return dict(zip(rows, self._raw.table.take(at).to_pylist(), strict=True))


def canonical(
    raw: Raw, chosen: Mapping[str, str], dataset: Dataset, book: Book, *, level: str | None = None
) -> pd.DataFrame:
    """Convert the mapped columns to their types.

    Parameters
    ----------
    raw : Raw
        The file.
    chosen : mapping
        Field -> column.
    dataset : Dataset
        What the rows are.
    book : Book
        Takes cells that were not understood.
    level : str, optional
        Level of areas whose row names none.

    Returns
    -------
    DataFrame
        One column per mapped field, plus ``code``; index 0 … n-1.
    """
    frame = pd.DataFrame(index=pd.RangeIndex(len(raw.rows)))
    for field in FIELDS[dataset]:
        column = chosen.get(field.name)
        if column is None:
            continue
        cells = raw.table.column(column)
        if field.type == "text":
            found = values.to_text(cells, code=field.name.endswith("code") or field.name in NUMBERS)
        elif field.type == "integer":
            found = values.to_integer(cells)
        elif field.type == "date":
            found = values.to_date(cells)
        elif field.type == "timestamp":
            found = values.to_timestamp(cells)
        else:
            found = values.to_enum(cells, field.type)
            if field.type == "CaseLevel":
                found.series = found.series.astype("Int64")
        frame[field.name] = found.series.to_numpy() if field.type == "none" else found.series.set_axis(frame.index)
        _tell_failed(found, _(field.label), field.name, cells, book, strict=dataset in staff.STRICT)
    if "code" not in frame:
        frame["code"] = pd.Series([None] * len(frame), index=frame.index, dtype="str")
    if dataset is Dataset.AREAS:
        _fill_level(frame, level, book)
    return frame


def _tell_failed(
    found: values.Converted,
    label: str,
    name: str,
    cells: Any,  # noqa: ANN401 - a pyarrow column
    book: Book,
    *,
    strict: bool,
) -> None:
    failed = np.flatnonzero(found.failed)
    if len(failed):
        shown = values.text_column(cells.take(pa.array(failed))).to_pylist()
        for at, text in zip(failed, shown, strict=True):
            if strict:
                words = _("{label}“{text}”{reason};请改正").format(
                    label=label, text=str(text)[:40], reason=found.reason
                )
                book.reject(int(at), f"bad_{name}", words)
                continue
            words = _("{label}“{text}”{reason},留空").format(label=label, text=str(text)[:40], reason=found.reason)
            book.repair(int(at), f"bad_{name}", words)
    if found.unknown:
        common = sorted(found.unknown.items(), key=lambda item: -item[1])
        listed = "、".join(f"{word[:20]}({count})" for word, count in common[:SHOWN])
        words = _("{label}中有 {count} 个词不认识,按未填处理:{listed}。")
        book.warnings.append(words.format(label=label, count=len(common), listed=listed))


def _fill_level(frame: pd.DataFrame, level: str | None, book: Book) -> None:
    """Fill in what level an area is: as told, by the digits of its code, else like most rows of the file."""
    known = frame["level"] if "level" in frame else pd.Series([None] * len(frame), index=frame.index, dtype="str")
    if level:
        frame["level"] = known.fillna(AreaLevel(level).value)
        return
    bare = frame["code"].str.replace(r"(?<=^.{9})000$|(?<=^.{6})000000$", "", regex=True)
    digits = bare.str.len().where(bare.str.fullmatch(r"\d+", na=False))
    frame["level"] = known.fillna(digits.map({k: v.value for k, v in LEVEL_BY_LENGTH.items()})).astype("str")
    missing = int(frame["level"].isna().sum())
    if missing and missing == len(frame):
        book.warnings.append(_("文件没有写明辖区层级,按社区处理;若是区或街道,请用 --level 指明。"))
    elif missing:
        # One row without a code must not count as a community among streets: it would be the only land judged.
        frame["level"] = frame["level"].fillna(str(frame["level"].mode().iloc[0]))
        words = _("有 {count} 行看不出辖区层级,按文件中最多的层级处理;若不对,请补上层级,或用 --level 指明。")
        book.warnings.append(words.format(count=missing))


# codes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shapes:
    """The geometry of the rows, to tell whether two rows are the same.

    Attributes
    ----------
    geometry, footprint : ndarray of shapely geometry, (n,)
        After the checks; no footprint where the dataset has none.
    lost : ndarray of bool, (n,)
        Rows whose place could not be used: they equal no other row.
    """

    geometry: NDArray[np.object_]
    footprint: NDArray[np.object_] | None
    lost: NDArray[np.bool_]


def settle_codes(
    frame: pd.DataFrame,
    raw: Raw,
    shapes: Shapes,
    dataset: Dataset,
    book: Book,
    *,
    stem: str | None,
    keep_duplicates: bool,
) -> None:
    """Give every row a code of its own, or refuse it; in place.

    Parameters
    ----------
    frame : DataFrame
        Canonical columns.
    raw : Raw
        The file.
    shapes : Shapes
        Geometry of the rows.
    dataset : Dataset
        What the rows are.
    book : Book
        Takes the duplicates.
    stem : str, optional
        Rows without a code get ``<stem>-<row>``, or their row number when there is no stem.
    keep_duplicates : bool
        Keep rows whose code occurred before, as ``<code>#<row>``.
    """
    if dataset is Dataset.PEOPLE:
        return  # the code is the person's, who may hold several posts
    missing = frame["code"].isna().to_numpy()
    rows = pd.Series(raw.rows, index=frame.index).astype("str")
    own = rows if stem is None else stem + "-" + rows
    known = staff.own_codes(frame, dataset)
    if known is not None and stem is not None:
        own = known.fillna(own)
    codes = frame["code"].where(~missing, own).astype("str")
    live = ~book.rejected
    repeated = (codes.where(live, own).duplicated(keep="first") & live & ~missing).to_numpy()
    if keep_duplicates:
        if repeated.any():
            codes = codes.where(~repeated, codes + "#" + rows)
            words = _("有 {count} 行的编码与前面的行重复,已在编码后加 #行号 区分。").format(count=int(repeated.sum()))
            book.warnings.append(words)
    else:
        whole = dataset in {Dataset.BUILDINGS, Dataset.INCIDENTS, Dataset.VISITS}
        same = _repeats(raw, shapes, missing & live) if whole and missing.any() else {}
        for at, first in same.items():
            book.reject(at, "duplicate_row", _("整行与第 {first} 行完全相同").format(first=int(raw.rows[first])))
        _reject_repeated(codes, repeated, raw, book, shapes=shapes if whole else None)
    frame["code"] = codes
    if "name" in frame and dataset in {Dataset.AREAS, Dataset.GRIDS}:
        frame["name"] = frame["name"].fillna(codes)


def _reject_repeated(
    codes: pd.Series[Any], repeated: NDArray[np.bool_], raw: Raw, book: Book, *, shapes: Shapes | None
) -> None:
    if not repeated.any():
        return
    live = codes[~book.rejected]
    first_of = dict(zip(live[~live.duplicated()], live.index[~live.duplicated()], strict=True))
    again = np.flatnonzero(repeated)
    involved = np.zeros(len(codes), dtype=bool)
    involved[again] = True
    involved[[first_of[codes.iloc[at]] for at in again]] = True
    same = _repeats(raw, shapes, involved) if shapes is not None else {}
    for at in map(int, again):
        first = first_of[codes.iloc[at]]
        row = int(raw.rows[first])
        if same.get(at) is not None:
            book.reject(at, "duplicate_row", _("整行与第 {first} 行完全相同").format(first=int(raw.rows[same[at]])))
        else:
            words = _("编码 {code} 与第 {first} 行重复").format(code=codes.iloc[at], first=row)
            book.reject(at, "duplicate_code", words)


def _repeats(raw: Raw, shapes: Shapes, among: NDArray[np.bool_]) -> dict[int, int]:
    """Find rows that equal an earlier one wholly, geometry included: index -> index of the first."""
    at = np.flatnonzero(among & ~shapes.lost)
    table = raw.table.take(at)
    mixed = np.zeros(len(at), dtype=np.uint64)
    columns: list[Any] = [c for c in table.columns if not pa.types.is_nested(c.type)]
    drawn = [shapes.geometry] if shapes.footprint is None else [shapes.geometry, shapes.footprint]
    columns += [pa.chunked_array([pa.array(shapely.to_wkb(shape[at]), pa.binary())]) for shape in drawn]
    with np.errstate(over="ignore"):
        for column in columns:
            whole: Any = column.combine_chunks()
            encoded: Any = (
                whole.dictionary_encode()
                if not isinstance(whole, pa.ChunkedArray)
                else whole.chunk(0).dictionary_encode()
            )
            index = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
            mixed = (mixed ^ (index.astype(np.uint64) + np.uint64(1))) * _MIX
            mixed ^= mixed >> np.uint64(29)
    seen = pd.Series(mixed)
    again = seen.duplicated(keep="first").to_numpy()
    if not again.any():
        return {}
    firsts = dict(zip(seen[~again], at[~again], strict=True))
    return {int(at[i]): int(firsts[seen.iloc[i]]) for i in np.flatnonzero(again)}


def judge(frame: pd.DataFrame, dataset: Dataset, book: Book, *, strict: bool) -> None:
    """Apply what a dataset asks of its rows beyond geometry: patterns, reasons.

    Parameters
    ----------
    frame : DataFrame
        Canonical columns with codes.
    dataset : Dataset
        What the rows are.
    book : Book
        Takes rejects and warnings.
    strict : bool
        Refuse grid codes that break the pattern, instead of warning.
    """
    staff.judge(frame, dataset, book)
    if dataset is Dataset.GRIDS:
        pattern = CodeSettings().grid_pattern
        odd = ~frame["code"].str.fullmatch(re.compile(pattern)).to_numpy(dtype=bool) & ~book.rejected
        if odd.any() and strict:
            for at in np.flatnonzero(odd):
                book.reject(int(at), "code_pattern", _("网格编码不符合规则 {pattern}").format(pattern=pattern))
        elif odd.any():
            listed = "、".join(frame["code"][odd].head(SHOWN))
            words = _(
                "有 {count} 个网格编码不符合规则 {pattern},仍按原样收下:{listed}。"
                "可用 GRIDATLAS_CODE_GRID_PATTERN 调整规则。"
            )
            book.warnings.append(words.format(count=int(odd.sum()), pattern=pattern, listed=listed))
    if dataset is Dataset.EXCLUDED:
        reason = (
            frame["reason"] if "reason" in frame else pd.Series([None] * len(frame), index=frame.index, dtype="str")
        )
        for at in np.flatnonzero(reason.isna()):
            book.reject(int(at), "reason_missing", _("缺少排除的理由(可用 --map reason=列名 指明)"))
