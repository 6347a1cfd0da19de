"""Gives memory that is no longer used back to the system.

Shapes are allocated in small pieces by GEOS; when they are gone the C library keeps their
pages for the next ones. Between two phases of a long command that is memory the database
server could use.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

import pyarrow as pa


def give_back() -> None:
    """Collect what is unreachable and hand free pages back; where the C library cannot, they stay."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):  # only the GNU library has it
        ctypes.CDLL(None).malloc_trim(0)
