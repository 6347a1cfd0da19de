"""Turns cells into canonical types: text, numbers, dates, times, the words of an enum.

Works on whole columns. What cannot be understood becomes null and is told, row by row;
nothing is guessed: ``03/04/2026`` in a column that never shows which number is the month
stays empty. Times without a zone are Asia/Shanghai.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute

from gis.i18n import translate as _
from gis.intake.encodings import clean_text
from gis.intake.fields import enum_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

pc: Any = compute  # its stubs know no chunked arrays
Column: TypeAlias = Any

HEADING = re.compile(
    r"[（(]?[一二三四五六七八九十百]+[、.．）)]\s*(?P<words>\S.*?)\s*(?:[（(]\s*(?:共\s*)?\d+\s*[项条]\s*[）)])?"
)
"""A line between the items of a duty list: 一、党的建设（17项）."""

ZONE = "Asia/Shanghai"
NOTHING = (
    *("", "nan", "NaN", "NAN", "null", "NULL", "None", "none", "n/a", "N/A", "#N/A", "NA", "<NA>", "NaT", "\\N", "\\n"),
    *("无", "無", "-", "--", "/"),
)
"""Cells that mean nothing; exactly so, because ``Nan`` is also a name."""

LARGEST_INTEGER = 2**31 - 1
REPLACEMENT = "\ufffd"


@dataclass
class Converted:
    """A column in its canonical type.

    Attributes
    ----------
    series : pandas.Series
        Same length as the input; null where a cell was empty or not understood.
    failed : dict of int to str
        Index -> reason, for cells that held something but were not understood.
    unknown : dict of str to int
        Words of an enum that are not known, with how often each occurs.
    """

    series: pd.Series[Any]
    failed: NDArray[np.bool_]
    reason: str = ""
    unknown: dict[str, int] = field(default_factory=dict)


def text_column(column: Column) -> Column:
    """Bring any Arrow column to trimmed text, with null for what means nothing.

    Whole numbers that a driver gives as floats lose their ``.0``: codes stay codes.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_floating(kind):
        whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 1e15))
        text = pc.if_else(
            whole,
            pc.if_else(whole, column, 0.0).cast(pa.int64(), safe=False).cast(pa.string()),
            column.cast(pa.string()),
        )
        return pc.if_else(pc.is_finite(column), text, pa.scalar(None, pa.string()))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_nested(kind):
        return pa.chunked_array([pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())])
    text = column if pa.types.is_string(kind) else column.cast(pa.string())
    text = pc.utf8_trim(text, " \t\r\n\u3000\u00a0\ufeff\u200b")
    empty = pc.is_in(text, pa.array(NOTHING))
    return pc.if_else(empty, pa.scalar(None, pa.string()), text)


def to_text(column: Column, *, code: bool = False) -> Converted:
    """Text; for codes also without the quotes and apostrophes spreadsheets leave behind."""
    text = text_column(column)
    if code:
        text = pc.replace_substring_regex(text, "^['‘`]+|['’`]+$", "")
        text = pc.if_else(
            pc.match_substring_regex(text, r"^\d+\.0+$"), pc.replace_substring_regex(text, r"\.0+$", ""), text
        )
    values = text.to_pandas().astype("str").reset_index(drop=True)
    return Converted(values, np.zeros(len(values), dtype=bool))


def numbers(column: Column, *, decimal_comma: bool | None = None) -> NDArray[np.float64]:
    """Read numbers, NaN where there is none: thousands separators, full-width digits, a unit behind.

    Parameters
    ----------
    column : pyarrow array
        Any type.
    decimal_comma : bool, optional
        Whether ``39,9042`` means 39.9042; found out from the column when not given.

    Returns
    -------
    ndarray of float, (n,)
    """
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        out: NDArray[np.float64] = np.array(column.cast(pa.float64()).to_numpy(), dtype=float)
        return out
    text = text_column(column)
    plain = pc.match_substring_regex(text, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
    if not pc.all(pc.fill_null(plain, True)).as_py():
        text = pc.utf8_normalize(text, "NFKC")
        text = pc.replace_substring_regex(text, r"[\s'°]|(户|戶|人|层|層|楼|樓|栋|棟|幢|套|间|间|米|度|m|F|E|N)$", "")
        if decimal_comma is None:
            decimal_comma = _has_decimal_comma(text)
        text = pc.replace_substring_regex(text, ",", "." if decimal_comma else "")
        plain = pc.match_substring_regex(text, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
        text = pc.if_else(plain, text, pa.scalar(None, pa.string()))
    result: NDArray[np.float64] = np.array(pc.cast(text, pa.float64()).to_numpy(), dtype=float)
    return result


def _has_decimal_comma(text: Column) -> bool:
    """Take a comma for decimal where no cell has a point and some comma is not before three digits."""
    pointed = pc.any(pc.match_substring(text, ".")).as_py()
    comma = pc.match_substring_regex(text, r"^[+-]?\d+,\d+$")
    thousands = pc.match_substring_regex(text, r"^[+-]?\d{1,3}(,\d{3})+$")
    return not pointed and bool(pc.any(pc.and_(comma, pc.invert(thousands))).as_py())


def to_integer(column: Column) -> Converted:
    """Give counts: rounded to whole, null where negative, too large or no number."""
    found = numbers(column, decimal_comma=False if _is_text(column) else None)
    given = ~np.asarray(text_column(column).is_null())
    good = np.isfinite(found) & (found >= 0) & (found <= LARGEST_INTEGER)
    values = pd.array(np.where(good, np.rint(np.where(good, found, 0)), 0).astype(np.int64), dtype="Int64")
    values[~good] = pd.NA
    return Converted(pd.Series(values), given & ~good, _("不是可用的非负整数"))


def _is_text(column: Column) -> bool:
    return pa.types.is_string(column.type) or pa.types.is_large_string(column.type)


def _encode(text: Column) -> Column:
    """Give a text column as one dictionary-encoded array."""
    whole: Column = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    return whole.dictionary_encode()


def to_enum(column: Column, enum: str) -> Converted:
    """Words of an enum, by the table of words; unknown words become null and are counted."""
    words = enum_words(enum)
    encoded = _encode(text_column(column))
    keys = encoded.dictionary.to_pylist()
    known = np.array([words.get(clean_text(k)) for k in keys] + [None], dtype=object)
    codes = np.asarray(pc.fill_null(encoded.indices, len(keys)).to_numpy(zero_copy_only=False), dtype=np.int64)
    values = pd.Series(known[codes], dtype="str")
    counts = np.bincount(codes, minlength=len(keys) + 1)
    unknown = {keys[i]: int(counts[i]) for i in range(len(keys)) if known[i] is None}
    return Converted(values, np.zeros(len(values), dtype=bool), "", unknown)


# dates and times -------------------------------------------------------------------------------

_ISO = "ISO8601"


def to_timestamp(column: Column) -> Converted:
    """Moments, UTC; without a zone they are Asia/Shanghai.

    Understands ISO 8601, ``2026/11/23 9:41``, ``2026年11月23日9时41分``, ``20261123``,
    ``20261123094100``, 民國112年3月5日 and ``112/3/5``, 11/23/2026 where the column shows which
    number is the month, Excel serial numbers, and seconds or milliseconds since 1970.
    """
    if pa.types.is_timestamp(column.type):
        zone = column.type.tz
        stamps = pd.Series(column.cast(pa.timestamp("us", zone)).to_pandas().to_numpy())
        return Converted(_utc(stamps), np.zeros(len(stamps), dtype=bool))
    text = text_column(column.cast(pa.string()) if pa.types.is_date(column.type) else column)
    encoded = _encode(text)
    unique = pd.Series(encoded.dictionary.to_pandas().to_numpy(), dtype="str")
    parsed = _parse(unique)
    codes = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    stamps = parsed.reindex(codes).reset_index(drop=True) if len(parsed) else pd.Series(pd.NaT, index=range(len(codes)))
    values = stamps.astype("datetime64[us, UTC]")
    return Converted(values, np.asarray((codes >= 0) & values.isna().to_numpy()), _("看不懂的日期或时间"))


def to_date(column: Column) -> Converted:
    """Days, as ``datetime64`` at midnight; a bare year means its first day."""
    if _is_text(column) or pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        text = text_column(column)
        text = pc.replace_substring_regex(text, r"^(1[89]\d\d|20\d\d)年?$", r"\1-01-01")
        column = pc.replace_substring_regex(text, r"^(1[89]\d\d|20\d\d)[-/.年](\d{1,2})月?$", r"\1-\2-01")
    found = to_timestamp(column)
    local = found.series.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
    return Converted(local.astype("datetime64[s]"), found.failed, found.reason)


def _utc(stamps: pd.Series[Any]) -> pd.Series[Any]:
    if stamps.dt.tz is None:
        stamps = stamps.dt.tz_localize(ZONE, ambiguous="NaT", nonexistent="shift_forward")
    moments: pd.Series[Any] = stamps.dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    return moments


def _parse(text: pd.Series[Any]) -> pd.Series[Any]:
    """Parse different texts into moments, the most common forms first, each on what is left."""
    out = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us, UTC]")
    text = text.str.normalize("NFKC").str.strip()
    for word, half in (("上午", "AM"), ("下午", "PM")):
        text = text.str.replace(word + r"\s*(\d{1,2}[:时時]\d{1,2}(?::\d{1,2})?)", r"\1 " + half, regex=True)
    text = text.str.replace(r"\s*(星期|周|礼拜)[一二三四五六日天]\s*", " ", regex=True).str.strip()
    text = _taiwan(text)
    text = text.str.replace(r"(\d)[年/.](\d{1,2})[月/.](\d{1,2})日?(?=\D|$)", r"\1-\2-\3", regex=True)
    text = text.str.replace(r"(\d{1,2})[时時点點](\d{1,2})分?((?<=分)\d{1,2})?秒?", r"\1:\2", regex=True)
    text = text.str.replace(r"^(\d{4})-(\d)(?=-)", r"\1-0\2", regex=True)
    text = text.str.replace(r"^(\d{4}-\d\d)-(\d)(?=\D|$)", r"\1-0\2", regex=True)
    text = text.str.replace(r"^(\d{4}-\d\d-\d\d)[\sT]+(\d)(?=:)", r"\1 0\2", regex=True)
    text = text.str.replace(r"^(\d{4}-\d\d-\d\d \d\d:\d\d):(\d)$", r"\1:0\2", regex=True)
    for pattern, layout in (
        (r"^\d{4}-\d\d-\d\d", _ISO),
        (r"^\d{4}-\d\d-\d\d \d{1,2}:\d\d [AP]M$", "%Y-%m-%d %I:%M %p"),
        (r"^\d{4}-\d\d-\d\d \d{1,2}:\d\d:\d\d [AP]M$", "%Y-%m-%d %I:%M:%S %p"),
        (r"^(19|20)\d{6}$", "%Y%m%d"),
        (r"^(19|20)\d{10}$", "%Y%m%d%H%M"),
        (r"^(19|20)\d{12}$", "%Y%m%d%H%M%S"),
        (r"^(19|20)\d{6}[ T]\d\d:?\d\d", None),
    ):
        _fill(out, text, pattern, layout)
    _fill_numbers(out, text)
    _fill_by_months(out, text)
    return out


def _taiwan(text: pd.Series[Any]) -> pd.Series[Any]:
    """Turn years of the Republic (民國 n = n + 1911) into common ones where they are plain."""

    def common(match: re.Match[str]) -> str:
        return f"{int(match.group(1)) + 1911}-{match.group(2)}-{match.group(3)}"

    marked = r"^(?:中華)?(?:民國|民国)\s*(\d{1,3})[年/.-](\d{1,2})[月/.-](\d{1,2})日?"
    bare = r"^(1[0-4]\d)[/.-](\d{1,2})[/.-](\d{1,2})(?=\D|$)"
    packed = r"^(1[0-4]\d)(\d{2})(\d{2})$"
    for pattern in (marked, bare, packed):
        hit = text.str.contains(
            pattern.replace("(?:", "(").replace("(", "(?:").replace("(?:?", "(?"), regex=True, na=False
        )
        if hit.any():
            text = text.where(~hit, text[hit].str.replace(pattern, common, regex=True))
    return text


def _fill(out: pd.Series[Any], text: pd.Series[Any], pattern: str, layout: str | None) -> None:
    todo = out.isna() & text.str.match(pattern, na=False)
    if not todo.any():
        return
    part = text[todo]
    zoned = part.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True, na=False) & part.str.contains(":", regex=False)
    for these, aware in ((part[zoned], True), (part[~zoned], False)):
        if not len(these):
            continue
        if layout is None:
            found = pd.to_datetime(
                these.str.replace(r"\D", "", regex=True).str[:14], format="%Y%m%d%H%M%S", errors="coerce"
            )
        else:
            found = pd.to_datetime(these, format=layout, errors="coerce", utc=aware)
        out[these.index] = _utc(found)


def _fill_numbers(out: pd.Series[Any], text: pd.Series[Any]) -> None:
    """Excel serial numbers (days since 1899-12-30, local time) and Unix times."""
    for pattern, unit, origin in (
        (r"^[2-7]\d{4}(\.\d+)?$", "D", "1899-12-30"),
        (r"^1\d{9}(\.\d+)?$", "s", None),
        (r"^1\d{12}$", "ms", None),
    ):
        todo = out.isna() & text.str.match(pattern, na=False)
        if todo.any():
            value = text[todo].astype("float64")
            if origin:
                stamps = pd.Timestamp(origin) + pd.to_timedelta(value, unit="D")
                out[todo] = _utc(stamps.dt.round("s"))
            else:
                out[todo] = pd.to_datetime(value, unit=unit, utc=True).astype("datetime64[us, UTC]")  # type: ignore[call-overload]


def _fill_by_months(out: pd.Series[Any], text: pd.Series[Any]) -> None:
    """``10/21/2018 12:00 AM`` and ``21.10.2018``: the column has to show which is the month."""
    parts = text.str.extract(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:[ T]+(.*))?$")
    todo = out.isna() & parts[0].notna()
    if not todo.any():
        return
    first, second = parts[0][todo].astype(int), parts[1][todo].astype(int)
    month_first, day_first = bool((second > 12).any()), bool((first > 12).any())  # noqa: PLR2004 - months
    if month_first == day_first:
        return
    month, day = (first, second) if month_first else (second, first)
    year = parts[2][todo].astype(int)
    year = year.where(year > 99, year + 2000)  # noqa: PLR2004 - two digits
    clock = parts[3][todo].fillna("00:00").str.upper().str.strip().where(lambda s: s != "", "00:00")
    clock = clock.str.replace(r"^(\d):", r"0\1:", regex=True)
    clock = clock.str.replace(r"(?<=\d)\s*([AP]M)$", r" \1", regex=True)
    days = year.astype(str) + "-" + month.astype(str).str.zfill(2) + "-" + day.astype(str).str.zfill(2)
    both = days + " " + clock
    for layout in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S %p"):
        left = out[both.index].isna()
        found = pd.to_datetime(both[left], format=layout, errors="coerce").dropna()
        out[found.index] = _utc(found)


def broken_text(table: pa.Table) -> NDArray[np.bool_]:
    """Say which rows hold characters that did not decode (U+FFFD)."""
    hit = np.zeros(table.num_rows, dtype=bool)
    for column in table.columns:
        if _is_text(column):
            found = pc.fill_null(pc.match_substring(column, REPLACEMENT), False)
            hit |= np.asarray(found.to_numpy())
    return hit
