"""The rejects file: every refused row with its number and reason, ready for a spreadsheet.

UTF-8 with a byte order mark, so that a spreadsheet reads Chinese; a cell that a
spreadsheet would run as a formula gets an apostrophe before it. Written beside its place
and moved there at the end, so that half a file is never seen.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import re
from contextlib import suppress
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

from gis.errors import DiskFull
from gis.errors import RightMissing
from gis.i18n import translate as _
from gis.settings import HomeSettings

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a cell."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
"""What begins like a formula and is only a number."""


def place(filename: str, dataset: str) -> Path:
    """Give the path of the rejects file of an import that begins now, below ``GRIDATLAS_HOME``."""
    stem = re.sub(r"[^\w.-]+", "_", filename).strip("._")[:60] or "file"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return HomeSettings().home / "rejects" / f"{stamp}-{dataset}-{stem}.csv"


def write(path: Path, rejects: pd.DataFrame) -> Path:
    """Write the rejects beside ``path``; the caller moves the file there when all is done.

    Parameters
    ----------
    path : Path
        Where the file will be.
    rejects : pandas.DataFrame
        ``row``, ``reason``, ``code`` and ``original`` (the row as JSON) of :class:`~gis.intake.parts.Prepared`;
        the original's columns stand side by side in the file, so that it can be corrected and taken in again.

    Returns
    -------
    Path
        The temporary file, in the same folder.

    Raises
    ------
    DiskFull, RightMissing
        It cannot be written; nothing is left behind.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    originals = [_original(value) for value in rejects["original"]]
    others = list(dict.fromkeys(name for original in originals for name in original))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace") as out:
            writer = csv.writer(out)
            writer.writerow([_("源文件行号"), _("剔除原因"), *(harmless(name) for name in others)])
            for row, reason, original in zip(rejects["row"], rejects["reason"], originals, strict=True):
                writer.writerow([row, harmless(reason), *(harmless(original.get(name)) for name in others)])
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(detail=_("写不下剔除文件 {path}").format(path=path)) from error
        raise RightMissing(
            detail=_("不能写剔除文件 {path}").format(path=path),
            remedy=_("请用 --rejects 指定一个可写的位置,或检查文件夹权限。"),
        ) from error
    return part


def _original(value: object) -> dict[str, object]:
    """Give the row as it stood in the file, by column."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {_("原始内容"): value}
    return {str(name): item for name, item in value.items()} if isinstance(value, dict) else {}


def harmless(value: object) -> str:
    """Give a cell's text so that a spreadsheet shows it and does not run it; nothing for a missing value."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is what differs from itself
        return ""
    text = str(value)
    if text.startswith(FORMULA) and not NUMBER.fullmatch(text):
        return "'" + text
    return text
