"""A finding as a rule gives it: numbers and ids, no words, no identity yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Raw:
    """A finding as a rule gives it: numbers and ids, no words.

    Attributes
    ----------
    geom : bytes or None
        WKB in longitude/latitude.
    building_ids, area_id : list of int, int or None
        Ids in the relations the rule read.
    """

    rule: str
    severity: str
    geom: bytes | None
    measure: dict[str, Any]
    subjects: dict[str, Any]
    grid_codes: list[str]
    building_ids: list[int]
    area_id: int | None
    remedies: list[dict[str, Any]]
