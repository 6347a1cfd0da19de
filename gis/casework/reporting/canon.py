"""The one way a report is written for its hash, and what two versions of one differ in.

Canonical JSON: keys sorted, no spaces, UTF-8; only texts, whole numbers, yes/no and nothing, so
that what the database gives back hashes as what was written.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Difference = dict[str, Any]
"""``where`` (``figures`` or the key of a table), ``id`` and ``code`` of the line, ``what`` (key of the figure
or column; ``line`` for a whole one), ``was``, ``is``."""
LINE = "line"


def text(value: object) -> str:
    """Write a value as canonical JSON.

    Raises
    ------
    TypeError
        There is something in it that would not read back the same: a float, a day, a key that is no text.
    """
    _plain(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: object) -> str:
    """Give the SHA-256 of the canonical JSON of a value, in hexadecimal."""
    return hashlib.sha256(text(value).encode("utf-8")).hexdigest()


def differences(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Name the figures and lines that two contents of one report differ in, from what to what.

    Lines are the same by their ``id``; a line that came or went is one difference. What was typed in
    and who made it is no matter of the records.
    """
    found = [
        {"where": "figures", "id": "", "code": "", "what": key, "was": was, "is": is_}
        for key, was, is_ in _pairs(frozen["figures"], now["figures"])
        if was != is_
    ]
    for table, was, is_ in _pairs(frozen["tables"], now["tables"]):
        found += _lines(table, was or [], is_ or [])
    return found


def _lines(table: str, frozen: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[Difference]:
    found: list[Difference] = []
    for key, was, is_ in _pairs({str(row["id"]): row for row in frozen}, {str(row["id"]): row for row in now}):
        line = {"where": table, "id": key, "code": str((was or is_)["code"])}
        if was is None or is_ is None:
            found.append({**line, "what": LINE, "was": was, "is": is_})
            continue
        found += [{**line, "what": what, "was": a, "is": b} for what, a, b in _pairs(was, is_) if a != b]
    return found


def _pairs(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(key, frozen.get(key), now.get(key)) for key in dict.fromkeys([*frozen, *now])]


def _plain(value: object) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(key)
            _plain(inner)
    elif isinstance(value, list):
        for inner in value:
            _plain(inner)
    elif not (value is None or isinstance(value, str | bool | int)):
        raise TypeError(value)
