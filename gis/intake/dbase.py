"""Reads the head and the text of a .dbf, the table beside a shapefile, below what GDAL tells.

GDAL decodes with an encoding it is given; here is what the encoding is found by, and names
that the ten bytes of a field name cut in the middle of a character are made whole.
"""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING

import numpy as np

from gis.i18n import translate as _
from gis.intake.errors import FileBroken

if TYPE_CHECKING:
    from pathlib import Path

NAME_ROOM = 10
"""Bytes a .dbf has for the name of a field."""

HEAD, ENTRY = 32, 32
"""Bytes of a .dbf header, and of what it says of each field."""


def whole(word: bytes) -> bytes:
    """Drop the UTF-8 character that the end of a full field cut in two; it says nothing of the encoding.

    Parameters
    ----------
    word : bytes
        A field's bytes; what is not UTF-8 comes back as it is.
    """
    try:
        word.decode("utf-8")
    except UnicodeDecodeError as error:
        return word[: error.start] if error.reason == "unexpected end of data" else word
    return word


def _whole_name(name: bytes) -> bytes:
    return name if len(name) < NAME_ROOM else whole(name)


def fields(path: Path, name: str) -> tuple[int, int, list[tuple[bytes, int, int]]]:
    """Read a .dbf header.

    Parameters
    ----------
    path : Path
        The .dbf.
    name : str
        What the user calls the file.

    Returns
    -------
    tuple of (int, int, list of (bytes, int, int))
        Where records start, how wide they are, and (type, offset, width) of each field.

    Raises
    ------
    FileBroken
        The header is cut off.
    """
    with path.open("rb") as source:
        head = source.read(32)
        if len(head) < 32:  # noqa: PLR2004 - length of a .dbf header
            raise FileBroken(name=name, detail=_(".dbf 文件头不完整"))
        start, width = struct.unpack("<HH", head[8:12])
        entries = source.read(max(0, start - 32))
    found: list[tuple[bytes, int, int]] = []
    offset = 1
    for at in range(0, len(entries) - 31, 32):
        entry = entries[at : at + 32]
        if entry[:1] == b"\x0d":
            break
        found.append((entry[11:12], offset, entry[16]))
        offset += entry[16]
    return start, width, found


def text(path: Path, name: str, most: int = 1 << 19) -> tuple[bytes, int]:
    """Take the text beyond ASCII out of a .dbf: column names and character cells.

    Returns
    -------
    tuple of (bytes, int)
        The text, one cell a line, and the language driver (byte 29).

    Raises
    ------
    FileBroken
        The header makes no sense.
    """
    start, width, columns = fields(path, name)
    with path.open("rb") as source:
        head = source.read(start)
    count = struct.unpack("<I", head[4:8])[0]
    said = [_whole_name(head[at : at + 11].split(b"\x00")[0]) for at in range(32, 32 + 32 * len(columns), 32)]
    cells = [(begin, size) for kind, begin, size in columns if kind in b"Cc"]
    available = (path.stat().st_size - start) // width if width else 0
    count = min(count, available)
    if count and width:
        records = np.memmap(path, dtype=np.uint8, mode="r", offset=start, shape=(count, width))
        kept = sum(map(len, said))
        for first in range(0, count, 100_000):
            block = np.asarray(records[first : first + 100_000])
            for begin, size in cells:
                column = block[:, begin : begin + size]
                for cell in column[(column > 0x7F).any(axis=1)]:  # noqa: PLR2004 - end of ASCII
                    full = cell[-1] > 0x7F  # noqa: PLR2004 - end of ASCII
                    said.append(whole(cell.tobytes()) if full else cell.tobytes().strip(b" \x00"))
                    kept += len(said[-1])
                    if kept > most:
                        return b"\n".join(said), head[29]
    return b"\n".join(said), head[29]


def cut_names(path: Path) -> dict[int, bytes]:
    """Find the field names that end in the middle of a character.

    Parameters
    ----------
    path : Path
        The .dbf.

    Returns
    -------
    dict of int to bytes
        Where the name stands in the file -> the whole characters of it.
    """
    with path.open("rb") as source:
        head = source.read(HEAD)
        if len(head) < HEAD:
            return {}
        entries = source.read(max(0, struct.unpack("<H", head[8:10])[0] - HEAD))
    found = {}
    for at in range(0, len(entries) - ENTRY + 1, ENTRY):
        name = entries[at : at + NAME_ROOM + 1].split(b"\x00")[0]
        if entries[at : at + 1] == b"\x0d":
            break
        if (mended := _whole_name(name)) != name:
            found[HEAD + at] = mended
    return found


def mend_names(path: Path, target: Path, names: dict[int, bytes]) -> None:
    """Copy a .dbf with some field names made whole.

    Parameters
    ----------
    path, target : Path
        The .dbf, and where the copy goes.
    names : dict of int to bytes
        From :func:`cut_names`.
    """
    shutil.copyfile(path, target)
    with target.open("r+b") as out:
        for at, name in names.items():
            out.seek(at)
            out.write(name.ljust(NAME_ROOM + 1, b"\x00"))
