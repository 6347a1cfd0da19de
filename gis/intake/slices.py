"""Takes a large file of points or footprints through the intake a stretch at a time.

What :func:`gis.intake.prepare.prepare` does for a whole file is done here for so many rows
at once, with the same mapping and datum for all, so that a million footprints never stand
in memory together. For readers that keep numbers, not shapes (``script/gis check``).
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pyarrow as pa

from gis.datasets import SHAPES
from gis.i18n import translate as _
from gis.intake import prepare as whole
from gis.intake import readers
from gis.intake import rows as row_rules
from gis.intake import vectors
from gis.intake.parts import Note
from gis.intake.parts import Prepared
from gis.intake.parts import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from gis.datasets import Dataset
    from gis.intake.datum import Decision
    from gis.intake.parts import Raw

LARGE = 100_000
"""Files of more rows than this are taken in stretches."""

STRETCH = 1 << 14
AHEAD = 2
SAMPLE = 20_000
SHOWN = 20


def prepare_slices(
    path: str | Path, dataset: Dataset, *, datum: str | None = None, encoding: str | None = None
) -> Iterator[Prepared]:
    """Give the clean frame of a file in stretches, in the order of its rows.

    Parameters
    ----------
    path : str or Path
        A path, or ``path:layer``.
    dataset : Dataset
        ``BUILDINGS`` or ``INCIDENTS``.
    datum, encoding : str, optional
        As for ``prepare``.

    Yields
    ------
    Prepared
        Rows without a code carry their row number; repeated codes are kept, told apart by
        ``#row`` within a stretch. All stretches have the same ``source``.

    Raises
    ------
    BadInput
        One of ``gis.intake.errors``.
    """
    raw = readers.open_file(path, dataset=dataset, encoding=encoding, decode=False)
    if len(raw.rows) <= LARGE:
        del raw
        yield whole.prepare(path, dataset, datum=datum, encoding=encoding, keep_duplicates=True, row_codes=True)
        return
    chosen = whole._map(raw, dataset, None)  # noqa: SLF001 - the same room, split for length
    used = [name for name in raw.table.column_names if name in set(chosen.values())]
    raw.table = raw.table.select(used)
    pa.default_memory_pool().release_unused()
    decision = _settle(raw, chosen, dataset, datum)
    source = Source(
        filename=raw.name,
        layer=raw.layer,
        sha256=raw.sha256,
        encoding=raw.encoding.spoken if raw.encoding else None,
        datum=decision.datum,
        datum_evidence=decision.evidence,
        mapping=chosen,
        rows_read=raw.rows_read,
        fingerprint="",
    )

    def take(start: int, count: int, wkb: pa.ChunkedArray[Any] | None) -> Prepared:
        return _prepare(_stretch(raw, start, count, wkb), chosen, decision, dataset, source)

    yield from _ahead(take, _stretches(raw))


def _stretches(raw: Raw) -> Iterator[tuple[int, int, pa.ChunkedArray[Any] | None]]:
    """Give each stretch: the row it begins at, how many rows it has, its geometry."""
    if raw.wkb is None:
        for start in range(0, len(raw.rows), STRETCH):
            yield start, min(STRETCH, len(raw.rows) - start), None
        return
    start = 0
    for wkb in raw.wkb.stretches(STRETCH):
        yield start, len(wkb), wkb
        start += len(wkb)


def _ahead(take: Callable[..., Prepared], todo: Iterable[tuple[Any, ...]]) -> Iterator[Prepared]:
    """Prepare stretches on every core, in order, never more than :data:`AHEAD` ahead of the reader.

    The work is done in whole arrays by GEOS, PROJ and Arrow, which let other threads run.
    """
    with ThreadPoolExecutor(AHEAD) as pool:
        waiting: deque[Future[Prepared]] = deque()
        for item in todo:
            waiting.append(pool.submit(copy_context().run, take, *item))  # the reader's language goes along
            if len(waiting) == AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _stretch(raw: Raw, start: int, count: int, wkb: pa.ChunkedArray[Any] | None) -> Raw:
    """Cut out rows that follow each other, decoded."""
    first = start == 0
    rows = raw.rows[start : start + count]
    part = replace(
        raw, table=raw.table.slice(start, count), rows=rows, wkb=None, repairs=[], notes=raw.notes if first else [],
        rejects=raw.rejects if first else [],
    )  # fmt: skip
    if wkb is None:
        return part
    layer = vectors.decode_part(wkb, part.table)
    part.geometry = layer.geometry
    part.repairs = [Note(int(rows[note.row - 1]), note.code, note.words) for note in layer.repairs]
    if layer.unreadable and part.geometry is not None:
        keep = np.ones(count, dtype=bool)
        keep[list(layer.unreadable)] = False
        part.rejects = [
            *part.rejects,
            *((Note(int(rows[i]), key, words), {}) for i, (key, words) in layer.unreadable.items()),
        ]
        part.table, part.rows, part.geometry = part.table.filter(pa.array(keep)), rows[keep], part.geometry[keep]
    return part


def _settle(raw: Raw, chosen: dict[str, str], dataset: Dataset, given: str | None) -> Decision:
    """Settle the datum on rows spread over the whole file."""
    at = np.linspace(0, len(raw.rows) - 1, SAMPLE).astype(np.int64)
    some = replace(raw, table=raw.table.take(at), rows=raw.rows[at], wkb=None)
    if raw.wkb is not None:
        some.geometry = vectors.decode_part(raw.wkb.some(at), some.table).geometry
    geometry = whole._geometry(some, chosen, dataset, [])[0].geometry  # noqa: SLF001 - the same room, split for length
    return whole._settle(some, geometry, chosen, dataset, given=given, control=None)  # noqa: SLF001 - same


def _prepare(part: Raw, chosen: dict[str, str], decision: Decision, dataset: Dataset, source: Source) -> Prepared:
    book = row_rules.Book(part)
    book.take_broken_text(part.table)
    found, placed = whole._geometry(part, chosen, dataset, book.warnings)  # noqa: SLF001 - the same room, split for length
    checked = whole._check(found.geometry, decision, dataset, SHAPES[dataset])  # noqa: SLF001 - same
    checked.bad.update(found.bad)
    for at, told in found.repaired.items():
        checked.repaired.setdefault(at, []).insert(0, told)
    part.geometry = None
    frame = row_rules.canonical(part, chosen, dataset, book)
    whole._account(checked, book, dataset, placed=placed)  # noqa: SLF001 - same
    shapes = whole._comparable(checked)  # noqa: SLF001 - same
    row_rules.settle_codes(frame, part, shapes, dataset, book, stem=None, keep_duplicates=True)
    clean = whole._frame(frame, checked, part, book.rejected)  # noqa: SLF001 - same
    rejects, repairs = book.tables()
    warnings = [*part.notes, *decision.warnings, *book.warnings]
    return Prepared(dataset, clean, rejects, repairs, source, warnings)


def merge_warnings(parts: list[list[str]]) -> list[str]:
    """Give the warnings of the stretches, each sentence once."""
    told = list(dict.fromkeys(sentence for part in parts for sentence in part))
    return told if len(told) <= SHOWN else [*told[:SHOWN], _("……另有 {count} 条提示。").format(count=len(told) - SHOWN)]
