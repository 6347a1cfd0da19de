"""What is planted wrong in the demo street, as a table: the truth the tests hold the rules to."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import shapely


@dataclass(frozen=True)
class Flaw:
    """One planted flaw.

    Attributes
    ----------
    rule : str
        Key of the rule that has to find it; empty for a trap no rule may fall into.
    kind : str
        Short name of what was done, one row of ``docs/demo.md``.
    where : shapely.Geometry or None
        Where, longitude and latitude (EPSG:4490); None for records without a place.
    subjects : tuple of str
        Codes of the grids, buildings or incidents concerned.
    measure : dict
        What is expected: ``area_m2``, ``width_m``, ``buildings``, ``households``, ``share``,
        ``distance_m``, ``count`` as far as they make sense.
    """

    rule: str
    kind: str
    where: shapely.Geometry | None
    subjects: tuple[str, ...]
    measure: dict[str, float] = field(default_factory=dict)
