"""Tables and JSON for verbs that take in what an office writes itself."""

from __future__ import annotations

import json as codec
from typing import TYPE_CHECKING
from typing import Any

from gis.cli.office import DateWrong
from gis.cli.office import day
from gis.cli.office import target
from gis.intake import readers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from datetime import date


def read(file: str, encoding: str | None = None) -> tuple[list[str], Iterator[tuple[int, Mapping[str, object]]]]:
    """Read a table: its headings, and the number and cells of each row.

    Raises
    ------
    BadInput
        It cannot be read; one of ``gis.intake.errors``.
    """
    raw = readers.open_file(file, encoding=encoding)
    headers = list(raw.table.column_names)
    columns = [raw.table.column(name).to_pylist() for name in headers]
    rows = (
        (int(number), dict(zip(headers, cells, strict=True)))
        for number, cells in zip(raw.rows, zip(*columns, strict=True), strict=True)
    )
    return headers, rows


def first_day(text: str) -> date:
    """Read a day that has to be there.

    Raises
    ------
    DateWrong
    """
    found = day(text)
    if found is None:
        raise DateWrong(text=text)
    return found


def told(json: str | None, value: dict[str, Any]) -> bool:
    """Write JSON where it was asked for; whether nothing else is to be printed."""
    if json is None:
        return False
    with target(json) as out:
        codec.dump(value, out, ensure_ascii=False, indent=1)
        out.write("\n")
    return json == "-"
