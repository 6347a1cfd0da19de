"""A column of undecoded geometry, read a stretch at a time: from memory, or from its file.

A million footprints are two hundred megabytes of WKB; where the file can be read piece by
piece (Parquet) they stay in it. What the bytes mean is the business of ``vectors``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from gis.i18n import translate as _
from gis.intake.errors import FileBroken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

BUFFER = 1 << 20
"""Bytes read from a Parquet file at once; without a limit a whole row group is held."""


class Column(Protocol):
    """WKB of the rows of a layer, in their order."""

    def stretches(self, size: int) -> Iterator[pa.ChunkedArray[Any]]:
        """Give all rows, ``size`` at a time (the last stretch may be shorter)."""

    def some(self, rows: NDArray[np.int64]) -> pa.ChunkedArray[Any]:
        """Give the rows at these positions (0-based, rising)."""


@dataclass(frozen=True)
class Held:
    """A column that is in memory."""

    wkb: pa.ChunkedArray[Any]

    def stretches(self, size: int) -> Iterator[pa.ChunkedArray[Any]]:
        """Give all rows, ``size`` at a time."""
        for start in range(0, len(self.wkb), size):
            yield self.wkb.slice(start, size)

    def some(self, rows: NDArray[np.int64]) -> pa.ChunkedArray[Any]:
        """Give the rows at these positions."""
        return self.wkb.take(pa.array(rows, pa.int64()))


@dataclass(frozen=True)
class Filed:
    """A column that stays in its Parquet file, which is held open: it may be a copy that is gone by then."""

    file: parquet.ParquetFile
    name: str
    shown: str
    """Name of the file, for a sentence about it."""

    def stretches(self, size: int) -> Iterator[pa.ChunkedArray[Any]]:
        """Give all rows, ``size`` at a time, whatever the row groups of the file are.

        Raises
        ------
        FileBroken
            A page of the file cannot be read.
        """
        waiting: list[Any] = []
        count = 0
        try:
            for batch in self.file.iter_batches(size, columns=[self.name], use_threads=False):
                piece = batch.column(0)
                while count + len(piece) >= size:
                    yield pa.chunked_array([*waiting, piece.slice(0, size - count)])
                    piece, waiting, count = piece.slice(size - count), [], 0
                if len(piece):
                    waiting.append(piece)
                    count += len(piece)
        except (pa.ArrowException, OSError) as error:
            detail = str(error).split(";")[0][:160] or _("读取中断")
            raise FileBroken(name=self.shown, detail=detail) from None
        if waiting:
            yield pa.chunked_array(waiting)

    def some(self, rows: NDArray[np.int64]) -> pa.ChunkedArray[Any]:
        """Give the rows at these positions; the column is read through once.

        Raises
        ------
        FileBroken
            A page of the file cannot be read.
        """
        found: list[Any] = []
        start = 0
        for stretch in self.stretches(1 << 14):
            first, last = np.searchsorted(rows, (start, start + len(stretch)))
            if last > first:
                found += stretch.take(pa.array(rows[first:last] - start, pa.int64())).chunks
            start += len(stretch)
        return pa.chunked_array(found, self.file.schema_arrow.field(self.name).type)


def read_filed(path: Path) -> parquet.ParquetFile:
    """Open a Parquet file so that a column of it can be read in small pieces."""
    return parquet.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
