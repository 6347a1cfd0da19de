"""Buildings and incidents as arrays, and their fast way into a table.

A million points are kept as numbers (never as a million objects), put into spatial order
so that neighbours share pages, and written as rows of PostgreSQL's binary COPY format, which
for rows of one fixed size is a structured array.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis.vocabulary import SRID

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
POINT_WITH_SRID = 0x20000001
ORDER_BITS = 16
BLOCK = 1 << 16
PIECE = 12
NULL = -1

_POINT = [
    ("geom_size", ">i4"), ("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8"),
]  # fmt: skip
_BUILDING = [
    ("fields", ">i2"), ("id_size", ">i4"), ("id", ">i8"), ("households_size", ">i4"), ("households", ">i4"),
    ("footprint_size", ">i4"), ("footprint", "u1"),
]  # fmt: skip
_INCIDENT = [("fields", ">i2"), ("id_size", ">i4"), ("id", ">i8")]
_NULL = [("geom_size", ">i4")]
_POINT_BYTES = 25


@dataclass(frozen=True)
class Names:
    """What records are called: their codes, else their row numbers (see :class:`Points`)."""

    codes: pa.LargeStringArray | None
    rows: NDArray[np.int64] | None

    def code(self, position: int) -> str:
        """Code of the record at a position (0-based)."""
        if self.codes is not None:
            given = self.codes[position].as_py()
            if given:
                return str(given)
        return str(self.rows[position] if self.rows is not None else position + 1)


@dataclass
class Points:
    """Records with a place each, as arrays of one length.

    Attributes
    ----------
    x, y : float64 arrays
        Longitude and latitude in degrees (CGCS2000); NaN where there is no place.
    codes : pyarrow.Array of text or None
        None: the row number (1-based) is the code.
    rows : int64 array or None
        Row numbers in the source, where they are not 1, 2, 3 …
    households : int array or None
        None: not known.
    declared : object array or None
        Grid code the file names, None where it names none.
    has_footprint : bool array or None
        None: no record has one.
    cut : int64 array or None
        Positions of the footprints that may meet a border.
    footprints : object array or None
        WKB of those.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    codes: pa.LargeStringArray | None = None
    rows: NDArray[np.int64] | None = None
    households: NDArray[Any] | None = None
    declared: NDArray[Any] | None = None
    has_footprint: NDArray[np.bool_] | None = None
    cut: NDArray[np.int64] | None = None
    footprints: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def names(self) -> Names:
        """What the records are called, without their places."""
        return Names(self.codes, self.rows)

    def code(self, position: int) -> str:
        """Code of the record at a position (0-based)."""
        return self.names.code(position)

    @classmethod
    def joined(cls, parts: list[Points]) -> Points:
        """Give the stretches of one file as one, in order; repeated codes get their row number."""
        if len(parts) == 1:
            return parts[0]
        sizes = np.array([len(part) for part in parts])
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

        def column(name: str, blank: Any) -> NDArray[Any] | None:  # noqa: ANN401 - a value of the column
            if all(getattr(part, name) is None for part in parts):
                return None
            return np.concatenate([
                np.full(size, blank) if getattr(part, name) is None else getattr(part, name)
                for part, size in zip(parts, sizes, strict=True)
            ])  # fmt: skip

        cut = [start + part.cut for part, start in zip(parts, starts, strict=True) if part.cut is not None]
        footprints = [part.footprints for part in parts if part.footprints is not None]
        return cls(
            x=np.concatenate([part.x for part in parts]),
            y=np.concatenate([part.y for part in parts]),
            codes=_told_apart([part.codes for part in parts], sizes),
            rows=column("rows", 0),
            households=column("households", 0),
            declared=column("declared", None),
            has_footprint=column("has_footprint", blank=False),
            cut=np.concatenate(cut) if cut else None,
            footprints=np.concatenate(footprints) if footprints else None,
        )

    def order(self) -> NDArray[np.int64]:
        """Positions of the records that have a place, along a Z-order curve."""
        placed = np.flatnonzero(np.isfinite(self.x) & np.isfinite(self.y))
        x, y = self.x[placed], self.y[placed]
        if len(placed) == 0:
            return placed
        return placed[np.argsort(_interleave(_scaled(x)) | (_interleave(_scaled(y)) << np.uint64(1)))]


def _told_apart(parts: list[pa.LargeStringArray | None], sizes: NDArray[np.int64]) -> pa.LargeStringArray | None:
    """Join codes; one that occurred in an earlier stretch gets ``#row`` behind it."""
    if all(part is None for part in parts):
        return None
    joined = pa.concat_arrays(
        [pa.nulls(size, pa.large_string()) if part is None else part for part, size in zip(parts, sizes, strict=True)]
    )
    if pc.count_distinct(joined, mode="only_valid").as_py() == len(joined) - joined.null_count:
        return joined
    seen: set[str] = set()
    told = []
    for row, code in enumerate(joined.to_pylist(), start=1):
        told.append(f"{code}#{row}" if code in seen else code)
        if code is not None:
            seen.add(code)
    return pa.array(told, pa.large_string())


def _scaled(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    low, high = values.min(), values.max()
    scaled: NDArray[np.uint64] = ((values - low) / max(high - low, 1e-12) * (2**ORDER_BITS - 1)).astype(np.uint64)
    return scaled


def _interleave(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        values = (values | (values << np.uint64(shift))) & np.uint64(mask)
    return values


def copy_buildings(conn: psycopg.Connection[Any], points: Points) -> None:
    """Write buildings into ``cov_building``, all but those in ``cut``; ids are positions from 0."""
    households = points.households if points.households is not None else np.zeros(len(points), np.int32)
    footprint = points.has_footprint if points.has_footprint is not None else np.zeros(len(points), bool)

    def fill(block: NDArray[Any], ids: NDArray[np.int64]) -> None:
        block["fields"], block["id_size"], block["households_size"], block["footprint_size"] = 4, 8, 4, 1
        block["id"], block["households"], block["footprint"] = ids, households[ids], footprint[ids]

    _copy(
        conn,
        "COPY cov_building (id, households, has_footprint, geom) FROM STDIN (FORMAT binary)",
        points,
        _BUILDING,
        fill,
        without=points.cut,
    )


def copy_incidents(conn: psycopg.Connection[Any], points: Points) -> None:
    """Write incidents into ``cov_incident``; ids are positions from 0."""

    def fill(block: NDArray[Any], ids: NDArray[np.int64]) -> None:
        block["fields"], block["id_size"], block["id"] = 2, 8, ids

    _copy(conn, "COPY cov_incident (id, geom) FROM STDIN (FORMAT binary)", points, _INCIDENT, fill)


def _copy(
    conn: psycopg.Connection[Any],
    command: str,
    points: Points,
    layout: list[Any],
    fill: Callable[[NDArray[Any], NDArray[np.int64]], None],
    without: NDArray[np.int64] | None = None,
) -> None:
    order = points.order()
    if without is not None:
        kept = np.ones(len(points), dtype=bool)
        kept[without] = False
        order = order[kept[order]]
    lost = np.flatnonzero(~(np.isfinite(points.x) & np.isfinite(points.y)))
    with conn.cursor() as cursor, cursor.copy(command) as copy:
        copy.write(HEADER)
        for start in range(0, len(order), BLOCK):
            ids = order[start : start + BLOCK]
            block = np.empty(len(ids), dtype=layout + _POINT)
            fill(block, ids)
            block["geom_size"], block["order"], block["type"], block["srid"] = _POINT_BYTES, 1, POINT_WITH_SRID, SRID
            block["x"], block["y"] = points.x[ids], points.y[ids]
            copy.write(block.tobytes())
        if len(lost):
            block = np.empty(len(lost), dtype=layout + _NULL)
            fill(block, lost)
            block["geom_size"] = NULL
            copy.write(block.tobytes())
        copy.write(TRAILER)


class Borders:
    """The borders of a network in short pieces: tells which boxes may meet one."""

    def __init__(self, polygons: NDArray[Any]) -> None:
        lines = shapely.get_parts(shapely.boundary(polygons[~shapely.is_missing(polygons)]))
        coordinates, index = shapely.get_coordinates(lines, return_index=True)
        counts = np.bincount(index, minlength=len(lines))
        pieces = []
        # Piece k of a line holds its vertices k*PIECE … (k+1)*PIECE, ends shared.
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        number = np.maximum(np.ceil((counts - 1) / PIECE).astype(np.int64), 1)
        first = np.repeat(starts, number) + _counting(number) * PIECE
        last = np.minimum(first + PIECE, np.repeat(starts + counts - 1, number))
        lengths = last - first + 1
        take = np.repeat(first, lengths) + _counting(lengths)
        pieces = shapely.linestrings(coordinates[take], indices=np.repeat(np.arange(len(first)), lengths))
        self._tree = shapely.STRtree(pieces)

    def meet(self, bounds: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each box (west, south, east, north) touches a border."""
        hit = np.zeros(len(bounds), dtype=bool)
        for start in range(0, len(bounds), BLOCK):
            part = bounds[start : start + BLOCK]
            boxes = shapely.box(part[:, 0], part[:, 1], part[:, 2], part[:, 3])
            hit[start + self._tree.query(boxes, predicate="intersects")[0]] = True
        return hit


def _counting(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give 0 … n-1 for each n, one after the other."""
    ends = np.cumsum(numbers)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - numbers, numbers)
