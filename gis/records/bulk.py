"""From a clean frame to a temporary table: the fast way in, a chunk at a time.

Rows are built column by column (shapely for the geometry, arrow for the text) and sent by
COPY; memory grows with the chunk, not with the file. What the rows mean is the business
of :mod:`gis.records.store`.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import shapely
from psycopg import sql
from pyarrow import compute
from pyarrow import csv

from gis.datasets import FIELDS
from gis.datasets import PLACELESS
from gis.datasets import SHAPES
from gis.datasets import Dataset
from gis.datasets import Field
from gis.i18n import joined
from gis.records.errors import CodeMissing
from gis.records.errors import CodeRepeated
from gis.records.errors import ColumnWrong
from gis.records.errors import ShapeWrong
from gis.records.errors import TextBroken
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence

    import geopandas as gpd

    Numbers = np.ndarray[Any, np.dtype[Any]]
    Shapes = np.ndarray[Any, np.dtype[Any]]

CHUNK = 50_000
"""Rows sent at once: some 20 MB on the way."""

POINT_WITH_SRID = 0x2000_0001
"""Type of a 2D point in EWKB, with the flag that an SRID follows."""

NAMED = 8
"""Codes or row numbers a message names at most."""

LOCAL_TIME = "Asia/Shanghai"
"""Time zone of timestamps that come without one."""

TYPES: dict[str, tuple[str, pa.DataType]] = {
    "text": ("text", pa.string()),
    "integer": ("bigint", pa.int64()),
    "number": ("double precision", pa.float64()),
    "date": ("date", pa.date32()),
    "timestamp": ("timestamptz", pa.timestamp("us", tz="UTC")),
    "CaseLevel": ("bigint", pa.int64()),
}

POLYGON, POINT, LINE, WAY = "MultiPolygon", "Point", "MultiLineString", "LineStringM"
GEOMETRY = {"polygon": POLYGON, "point": POINT, "line": LINE}

WAY_WITH_SRID = 0x6000_0002
"""Type of a line with M in EWKB, with the flag that an SRID follows."""

FOOTPRINT = "footprint"
"""Second geometry of buildings."""

TIMES, EVEN = "times", "even"
"""Of tracks: seconds since 1970 of each vertex; whether they were only spread between start and end."""

NOT_NULL: dict[Dataset, dict[str, object]] = {
    Dataset.AREAS: {"level": "community"},
    Dataset.GRIDS: {"kind": "general"},
    Dataset.BUILDINGS: {"name": "", "address": "", "kind": "other", "households": 0, "people": 0},
    Dataset.INCIDENTS: {
        "kind": "matter", "category": "", "title": "", "address": "", "channel": "other", "state": "",
        "category_code": "", "standard": "", "unit": "", "source_number": "", "reporter": "", "phone": "",
    },
    Dataset.ROADS: {"name": "", "kind": ""},
    Dataset.WATER: {"name": "", "kind": ""},
    Dataset.GREEN: {"name": "", "kind": ""},
    Dataset.EXCLUDED: {"name": "", "reason": ""},
    Dataset.PEOPLE: {"phone": ""},
    Dataset.LEAVES: {},
    Dataset.ORGANISATIONS: {},
    Dataset.VISITS: {"note": ""},
    Dataset.TRACKS: {},
    Dataset.DUTIES: {
        "number": "", "domain": "", "listing": "street", "kind": "matter", "category": "", "lead": "", "assists": "",
        "task": "", "basis": "",
    },
}  # fmt: skip
"""What stands in a column that may not be null when the file says nothing."""

NAME_IS_CODE = (Dataset.AREAS, Dataset.GRIDS)
"""Datasets whose records always have a name: the code where the file gives none."""

REPEATING = (Dataset.PEOPLE,)
"""Datasets whose code is not the row's own: a person may hold several posts."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the temporary table."""

    name: str
    type: str
    arrow: Any  # a pa.DataType; its stubs want each call's own
    given: bool


def columns_of(dataset: Dataset, frame: gpd.GeoDataFrame) -> list[Column]:
    """List the columns a frame's temporary table has besides its row number and its geometry."""
    columns = [
        Column(field.name, *TYPES.get(field.type, TYPES["text"]), field.name in frame.columns)
        for field in FIELDS[dataset]
    ]
    if dataset is Dataset.BUILDINGS:
        columns.append(Column(FOOTPRINT, f"geometry({POLYGON}, {SRID})", pa.string(), FOOTPRINT in frame.columns))
    if dataset is Dataset.TRACKS:
        columns.append(Column(EVEN, "boolean", pa.bool_(), EVEN in frame.columns))
    return columns


def geometry_of(dataset: Dataset) -> str | None:
    """Give the type of the geometry a dataset stores; None for plain tables."""
    return WAY if dataset is Dataset.TRACKS else GEOMETRY.get(SHAPES[dataset])


def fill(
    conn: psycopg.Connection[Any],
    dataset: Dataset,
    frame: gpd.GeoDataFrame,
    progress: Callable[[float], None] | None = None,
) -> list[Column]:
    """Copy a clean frame into the temporary table ``incoming``.

    Parameters
    ----------
    conn : psycopg.Connection
        Open transaction; the table goes with it.
    dataset : Dataset
        What the frame holds.
    frame : geopandas.GeoDataFrame
        Clean frame, EPSG:4490, index = row number in the source.
    progress : callable, optional
        Called with the share of the rows sent, 0 to 1.

    Returns
    -------
    list of Column
        Columns of the table besides ``source_row`` and ``geom``.

    Raises
    ------
    CodeMissing, CodeRepeated, ShapeWrong, ColumnWrong, TextBroken
        What the frame must not hold.
    """
    _check_codes(frame, dataset)
    columns = columns_of(dataset, frame)
    geometry = geometry_of(dataset)
    parts: list[sql.Composable] = [sql.SQL("source_row integer NOT NULL PRIMARY KEY")]
    parts += [sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(c.type)) for c in columns]
    if geometry:
        parts.append(sql.SQL("geom geometry({}, {})").format(sql.SQL(geometry), sql.SQL(str(SRID))))
    conn.execute("DROP TABLE IF EXISTS pg_temp.incoming")
    conn.execute(sql.SQL("CREATE TEMP TABLE incoming ({}) ON COMMIT DROP").format(sql.SQL(", ").join(parts)))
    with conn.cursor() as cursor:
        for begin in range(0, len(frame), CHUNK):
            _send(cursor, _table(dataset, columns, geometry, frame.iloc[begin : begin + CHUNK]))
            if progress:
                progress(min(1.0, (begin + CHUNK) / len(frame)))
    conn.execute("ANALYZE pg_temp.incoming")
    return columns


def _check_codes(frame: gpd.GeoDataFrame, dataset: Dataset) -> None:
    if not any(field.name == "code" for field in FIELDS[dataset]):
        return
    codes = frame["code"] if "code" in frame.columns else pd.Series(None, index=frame.index, dtype=object)
    missing = codes.isna() | (codes == "")
    if missing.any():
        rows = frame.index[missing]
        raise CodeMissing(count=len(rows), rows=_named(rows))
    repeated = codes.duplicated()
    if repeated.any() and dataset not in REPEATING:
        raise CodeRepeated(codes=_named(list(codes[repeated].unique())))


def _named(values: Sequence[object] | pd.Index[Any]) -> str:
    shown = joined(values[:NAMED])
    return shown + ("……" if len(values) > NAMED else "")


def _table(dataset: Dataset, columns: list[Column], geometry: str | None, chunk: gpd.GeoDataFrame) -> pa.Table:
    """Build an arrow table of one chunk, geometry as hexadecimal EWKB."""
    arrays: dict[str, pa.Array[Any]] = {"source_row": pa.array(chunk.index.to_numpy(), pa.int32())}
    defaults = NOT_NULL[dataset]
    for column in columns:
        if column.name == FOOTPRINT and column.given:
            arrays[FOOTPRINT] = _hex(chunk, chunk[FOOTPRINT].to_numpy(), POLYGON, needed=False)
            continue
        values = _array(column, chunk)
        if column.name in defaults:
            values = values.fill_null(defaults[column.name])
        arrays[column.name] = values
    if dataset in NAME_IS_CODE:
        arrays["name"] = compute.coalesce(arrays["name"], arrays["code"])
    if geometry == WAY:
        arrays["geom"] = _ways(chunk)
    elif geometry:
        arrays["geom"] = _hex(chunk, chunk.geometry.to_numpy(), geometry, needed=dataset not in PLACELESS)
    return pa.table(arrays)


def _ways(chunk: gpd.GeoDataFrame) -> pa.Array[Any]:
    """Hexadecimal EWKB of lines with the time of each vertex as M."""
    shapes = chunk.geometry.to_numpy()
    times = chunk[TIMES].to_numpy() if TIMES in chunk else np.full(len(chunk), None, dtype=object)
    bad = [
        row
        for row, shape, at in zip(chunk.index, shapes, times, strict=True)
        if shape is None or shape.geom_type != "LineString" or at is None or len(at) != shapely.get_num_points(shape)
    ]
    if bad:
        raise ShapeWrong(count=len(bad), rows=_named(bad), wanted=WAY)
    texts = []
    for shape, at in zip(shapes, times, strict=True):
        corners = np.column_stack([shapely.get_coordinates(shape), np.asarray(at, dtype=float)]).astype("<f8")
        texts.append((struct.pack("<BIII", 1, WAY_WITH_SRID, SRID, len(corners)) + corners.tobytes()).hex())
    return pa.array(texts, pa.string())


def _array(column: Column, chunk: gpd.GeoDataFrame) -> pa.Array[Any]:
    if not column.given:
        nothing: pa.Array[Any] = pa.nulls(len(chunk), column.arrow)
        return nothing
    series = chunk[column.name]
    if column.type == "timestamptz":
        stamps = pd.to_datetime(series)
        series = stamps.dt.tz_localize(LOCAL_TIME) if stamps.dt.tz is None else stamps
        series = series.dt.tz_convert("UTC")
    elif column.type == "date" and isinstance(series.dtype, np.dtype) and series.dtype.kind == "M":
        series = series.dt.date
    elif isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    try:
        if column.type == "text":
            return _text(series)
        return pa.Array.from_pandas(series, type=column.arrow)
    except UnicodeEncodeError as error:
        raise TextBroken(detail=f"U+{ord(error.object[error.start]):04X}") from error
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise ColumnWrong(column=column.name, detail=str(error).splitlines()[0]) from error


def _text(series: pd.Series[Any]) -> pa.Array[Any]:
    try:
        values = pa.Array.from_pandas(series, type=pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        values = pa.Array.from_pandas(series.map(str, na_action="ignore"), type=pa.string())
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _hex(chunk: gpd.GeoDataFrame, shapes: Shapes, wanted: str, *, needed: bool) -> pa.Array[Any]:
    """Hexadecimal EWKB of geometries made uniform: 2D, stored SRID, several pieces; empty ones are null."""
    shapes = np.array(shapes, dtype=object)
    shapes[shapely.is_empty(shapes)] = None
    present = ~shapely.is_missing(shapes)
    if not needed and not present.any():
        return pa.nulls(len(chunk), pa.string())
    if wanted == POINT:
        good = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    else:
        single = shapely.GeometryType.POLYGON if wanted == POLYGON else shapely.GeometryType.LINESTRING
        many = shapely.GeometryType.MULTIPOLYGON if wanted == POLYGON else shapely.GeometryType.MULTILINESTRING
        kinds = shapely.get_type_id(shapes)
        one = np.flatnonzero(kinds == single)
        good = (kinds == single) | (kinds == many)
        if len(one):
            build = shapely.multipolygons if wanted == POLYGON else shapely.multilinestrings
            shapes[one] = build(shapes[one], indices=np.arange(len(one)))
    bad = ~good if needed else ~good & present
    if bad.any():
        rows = chunk.index[bad]
        raise ShapeWrong(count=len(rows), rows=_named(rows), wanted=wanted)
    if wanted == POINT:
        return _points(shapely.get_x(shapes), shapely.get_y(shapes), present)
    shapes = shapely.set_srid(shapely.force_2d(shapes), SRID)
    return pa.array(shapely.to_wkb(shapes, hex=True, include_srid=True), pa.string())


def _points(x: Numbers, y: Numbers, present: Numbers) -> pa.Array[Any]:
    """Hexadecimal EWKB of points, all at once: 5 times as fast as one by one."""
    rows = np.empty(len(x), dtype=[("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])
    rows["order"], rows["type"], rows["srid"] = 1, POINT_WITH_SRID, SRID
    rows["x"], rows["y"] = x, y
    digits = rows.tobytes().hex().encode()
    ends = np.arange(len(x) + 1, dtype=np.int32) * (rows.itemsize * 2)
    # Arrow's bitmaps of what is present are read from the lowest bit.
    mask = np.packbits(present, bitorder="little")
    return pa.Array.from_buffers(
        pa.string(),
        len(x),
        [pa.py_buffer(mask.tobytes()), pa.py_buffer(ends.tobytes()), pa.py_buffer(digits)],
        int((~present).sum()),
    )


def _send(cursor: psycopg.Cursor[Any], table: pa.Table) -> None:
    names = sql.SQL(", ").join(sql.Identifier(name) for name in table.column_names)
    buffer = io.BytesIO()
    csv.write_csv(table, buffer, csv.WriteOptions(include_header=False, quoting_style="all_valid"))
    text = buffer.getvalue()
    if b"\0" in text:
        raise TextBroken(detail="U+0000")
    try:
        # A line that begins with \. would end a CSV copy even inside quotes: such a chunk goes row by row.
        if b"\n\\." in text:
            with cursor.copy(sql.SQL("COPY pg_temp.incoming ({}) FROM STDIN").format(names)) as copy:
                for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
                    copy.write_row(row)
        else:
            with cursor.copy(sql.SQL("COPY pg_temp.incoming ({}) FROM STDIN (FORMAT csv)").format(names)) as copy:
                copy.write(text)
    except psycopg.errors.UniqueViolation as error:
        raise ColumnWrong(column="source_row", detail=str(error).splitlines()[0]) from error
    except psycopg.DataError as error:
        raise ColumnWrong(column="-", detail=str(error).splitlines()[0]) from error


def fields_of(dataset: Dataset) -> tuple[Field, ...]:
    """Fields of a dataset that are columns of its table (a parent is stored by its id)."""
    return tuple(field for field in FIELDS[dataset] if field.name != "parent_code")
