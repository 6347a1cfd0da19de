"""Phrases every family of rules uses: lengths, areas, places, lists of codes, who is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

SQUARE_KILOMETRE = 1_000_000
SEVERAL = 1000
SMALL = 10
LISTED = 5


class Judged(Protocol):
    """What the words are made of: any object with these members."""

    @property
    def rule(self) -> str:
        """Key of the rule."""

    @property
    def measure(self) -> Mapping[str, Any]:
        """Numbers."""

    @property
    def subjects(self) -> Mapping[str, Any]:
        """What it is about, besides grids and buildings."""

    @property
    def grids(self) -> Sequence[str]:
        """Codes of the grids concerned."""

    @property
    def buildings(self) -> Sequence[str]:
        """Codes of the buildings concerned."""

    @property
    def area_code(self) -> str | None:
        """Code of the area it lies in."""

    @property
    def area_name(self) -> str | None:
        """Name of that area."""


def square(value: float) -> str:
    """Area for people: m² or km²."""
    if value >= SQUARE_KILOMETRE:
        return _("{value:,.2f} 平方公里").format(value=value / SQUARE_KILOMETRE)
    return _("{value:,.2f} 平方米" if value < SMALL else "{value:,.0f} 平方米").format(value=value)


def length(value: float) -> str:
    """Length for people: m or km."""
    if value >= SEVERAL:
        return _("{value:,.2f} 公里").format(value=value / SEVERAL)
    return _("{value:,.2f} 米" if value < SMALL else "{value:,.0f} 米").format(value=value)


def place(finding: Judged) -> str:
    """Say where it lies."""
    name = finding.area_name or finding.area_code
    return _("{name}境内").format(name=name) if name else _("辖区内")


def listed(codes: Sequence[str]) -> str:
    """List codes, the first few by name."""
    shown = _("、").join(codes[:LISTED])
    return _("{shown} 等 {count} 个").format(shown=shown, count=len(codes)) if len(codes) > LISTED else shown


def touched(finding: Judged) -> str:
    """Say which buildings and households it touches."""
    buildings, households = finding.measure.get("buildings", 0), finding.measure.get("households", 0)
    if not buildings:
        return _("其中没有楼栋。")
    if not households:
        return _("涉及楼栋 {buildings} 栋。").format(buildings=buildings)
    return _("涉及楼栋 {buildings} 栋、{households} 户。").format(buildings=buildings, households=households)
