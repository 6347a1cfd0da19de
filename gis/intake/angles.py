"""Reads angles written in degrees, minutes and seconds."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

pc: Any = compute  # its stubs know no chunked arrays

SEXAGESIMAL = (
    r"^\s*(?P<side>[EWNSewns]|东经|西经|北纬|南纬|東經|西經|北緯|南緯)?\s*(?P<degrees>\d{1,3})\s*[°º度:]\s*"
    r"(?P<minutes>\d{1,2}(?:\.\d+)?)\s*['′’‘分:]?\s*(?:(?P<seconds>\d{1,2}(?:\.\d+)?)\s*(?:\"|″|”|“|''|′′|秒)?)?\s*"
    r"(?P<tail>[EWNSewns]|东|西|南|北|東)?\s*$"
)
"""An angle in degrees, minutes and seconds, as people write it."""


def read(text: Any, into: np.ndarray) -> np.ndarray:  # noqa: ANN401 - a column of pyarrow, whole or in chunks
    """Put the angles among the cells of a column into the numbers already read from it.

    Parameters
    ----------
    text : pyarrow array of str, (n,)
        The column's cells, ``120°7′24.4″E`` or ``北纬30度14分`` among them.
    into : ndarray of float, (n,)
        What the cells give as plain numbers.

    Returns
    -------
    ndarray of float, (n,)
        Degrees, negative in the south and the west.
    """
    written = pc.match_substring_regex(text, SEXAGESIMAL).to_pylist()
    rows = np.flatnonzero(np.array(written, dtype=object) == True)  # noqa: E712 - a null is no angle
    if not len(rows):
        return into
    out = into.copy()
    cells = pc.extract_regex(text.take(pa.array(rows)), SEXAGESIMAL).to_pylist()
    for at, cell in zip(rows, cells, strict=True):
        size = float(cell["degrees"]) + float(cell["minutes"]) / 60 + float(cell["seconds"] or 0) / 3600
        out[at] = -size if re.search("[WSws西南]", cell["side"] + cell["tail"]) else size
    return out
