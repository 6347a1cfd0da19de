"""Makes geometry out of columns: a pair of numbers, WKT, or one column holding both numbers."""

from __future__ import annotations

import re
import warnings as python_warnings
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from pyarrow import compute
from shapely.errors import GEOSException

from gis.i18n import translate as _
from gis.intake import angles
from gis.intake import values
from gis.intake.encodings import clean_text
from gis.intake.fields import LAT
from gis.intake.fields import LON
from gis.intake.fields import POINT
from gis.intake.fields import WKT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

pc: Any = compute  # its stubs know no chunked arrays
Column: TypeAlias = Any

HEX = r"^\s*0[01][0-9A-Fa-f]{16,}\s*$"
CURVED = re.compile(r"CURVE|CIRCULAR|MULTISURFACE", re.IGNORECASE)
_PAIR = r"^\s*[(\[]?\s*(?P<a>[+-]?\d+(?:\.\d+)?)\s*[,，;\s]\s*(?P<b>[+-]?\d+(?:\.\d+)?)\s*[)\]]?\s*$"


@dataclass
class Places:
    """Geometry made from columns: index -> (key, words) of what failed or was mended."""

    geometry: NDArray[np.object_]
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)
    repaired: dict[int, tuple[str, str]] = field(default_factory=dict)


def is_placed(mapping: Mapping[str, str]) -> bool:
    """Say whether a mapping names where the place of a row stands."""
    return WKT in mapping or POINT in mapping or (LON in mapping and LAT in mapping)


def build(
    table: pa.Table,
    mapping: Mapping[str, str],
    rows: NDArray[np.int64],
    warnings: list[str],
) -> Places:
    """Make the geometry of a table from its columns, in the file's own coordinates.

    Parameters
    ----------
    table : pyarrow.Table
        The file's rows.
    mapping : mapping
        Field -> column, with ``@lon`` and ``@lat``, ``@wkt`` or ``@point``.
    rows : ndarray of int, (n,)
        Source row of each row.
    warnings : list of str
        Takes what the user should know.

    Returns
    -------
    Places
        Geometry, None where there is no place, with the reasons.
    """
    if WKT in mapping:
        return _from_wkt(table.column(mapping[WKT]))
    if POINT in mapping:
        x, y = _from_pairs(table.column(mapping[POINT]), mapping[POINT], warnings)
        columns = [mapping[POINT]]
    else:
        x, y = _degrees(table.column(mapping[LON])), _degrees(table.column(mapping[LAT]))
        columns = [mapping[LON], mapping[LAT]]
    known = ~(np.isnan(x) | np.isnan(y))
    given = np.zeros(len(x), dtype=bool)
    for name in columns:
        given |= ~np.asarray(values.text_column(table.column(name)).is_null())
    finite = known & np.isfinite(x) & np.isfinite(y)
    out = Places(np.full(len(rows), None, dtype=object))
    out.geometry[finite] = shapely.points(x[finite], y[finite])
    for at in np.flatnonzero(~given):
        out.bad[int(at)] = ("no_position", _("坐标是空的"))
    for at in np.flatnonzero(given & ~known):
        out.bad[int(at)] = ("bad_number", _("坐标不是数字"))
    for at in np.flatnonzero(known & ~finite):
        out.bad[int(at)] = ("not_finite", _("坐标不是有限的数(NaN、无穷大或 ±1.8e308)"))
    return out


def _degrees(column: Column) -> NDArray[np.float64]:
    """Read numbers; also degrees, minutes and seconds where a table of text has them."""
    found = values.numbers(column)
    return angles.read(values.text_column(column), found) if _has_marks(column) else found


def _has_marks(column: Column) -> bool:
    """Say whether any cell has a sign of degrees or a colon: without it a number is a number."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    return bool(pc.any(pc.match_substring_regex(column, "[°º度:]")).as_py())


def written_srid(column: Column) -> int | None:
    """Read which reference system the cells of a geometry column name (EWKT, EWKB); None where they differ."""
    cells = values.text_column(column).drop_null()
    named = pc.struct_field(pc.extract_regex(cells, r"(?i)^\s*SRID=(?P<n>\d+);"), 0)
    found = {srid for srid in named.unique().to_pylist() if srid}
    head = [c for c in cells.slice(0, 1).to_pylist() if re.match(HEX, c)]
    if head:
        shapes = _from_hex(cells.to_pandas().to_numpy(dtype=object, na_value=None)).geometry
        found = {str(n) for n in np.unique(shapely.get_srid(shapes[~shapely.is_missing(shapes)])) if n > 0}
    return int(found.pop()) if len(found) == 1 else None


def _from_hex(cells: NDArray[np.object_]) -> Places:
    """Read WKB or EWKB written in hexadecimal, as PostGIS gives geometry in a CSV."""
    out = Places(np.full(len(cells), None, dtype=object))
    for at, cell in enumerate(cells):
        if cell is None:
            continue
        try:
            with np.errstate(invalid="ignore"):
                out.geometry[at] = shapely.from_wkb(cell.strip())
        except (GEOSException, NotImplementedError, ValueError):
            out.bad[at] = ("bad_wkt", _("WKB 文本无法读取"))
    return out


def _from_wkt(column: Column) -> Places:
    first = values.text_column(column).drop_null().slice(0, 1).to_pylist()
    if first and re.match(HEX, first[0]):
        return _from_hex(values.text_column(column).to_pandas().to_numpy(dtype=object, na_value=None))
    text = pc.replace_substring_regex(values.text_column(column), r"(?i)^SRID=\d+;", "")
    cells = text.to_pandas().to_numpy(dtype=object, na_value=None)
    try:
        return Places(shapely.from_wkt(cells))
    except (GEOSException, NotImplementedError):
        return _one_by_one(cells)


def _one_by_one(cells: NDArray[np.object_]) -> Places:
    out = Places(np.full(len(cells), None, dtype=object))
    for at, cell in enumerate(cells):
        if cell is None:
            continue
        if CURVED.search(cell):
            out.bad[at] = ("curve", _("含有曲线,请先转成折线(例如 ogr2ogr -nlt CONVERT_TO_LINEAR)"))
            continue
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            try:
                out.geometry[at] = shapely.from_wkt(cell)
            except (GEOSException, NotImplementedError):
                out.geometry[at] = shapely.from_wkt(cell, on_invalid="fix")
                if out.geometry[at] is None:
                    out.bad[at] = ("bad_wkt", _("WKT 文本无法读取"))
                else:
                    out.repaired[at] = ("ring_closed", _("环没有闭合,已补上终点"))
    return out


def _from_pairs(column: Column, name: str, warnings: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read ``116.39, 39.91`` or ``(39.91, 116.39)``: the numbers tell the order, else the header."""
    found = pc.extract_regex(values.text_column(column), _PAIR)
    a, b = (np.array(pc.struct_field(found, i).cast(pa.float64()).to_numpy(), dtype=float) for i in (0, 1))
    with np.errstate(invalid="ignore"):
        first_is_lon = int((np.abs(a) > 90).sum())  # noqa: PLR2004 - no latitude
        second_is_lon = int((np.abs(b) > 90).sum())  # noqa: PLR2004 - no latitude
    if first_is_lon != second_is_lon:
        return (a, b) if first_is_lon > second_is_lon else (b, a)
    key = clean_text(name)
    if key.startswith(("lat", "纬", "緯", "location", "geo")):
        return b, a
    warnings.append(_("“{name}”列的两个数按“经度, 纬度”读取;若相反,请拆成两列。").format(name=name))
    return a, b
