"""Findings as the house hands them out, and the reading of those that are stored.

A :class:`Finding` carries numbers and codes; its words are made when they are asked for, in
the language in force. Writing findings is the business of :mod:`gis.coverage.refresh`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Any

import shapely
from psycopg.rows import dict_row

from gis.coverage import wording
from gis.coverage.engine import statement
from gis.errors import NotFound
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg


@dataclass
class Finding:
    """One blind spot.

    Attributes
    ----------
    rule, severity : str
        Values of ``RuleKey`` and ``Severity``.
    wkb : bytes or None
        Geometry in longitude/latitude; None for a record without a place.
    measure : dict
        ``area_m2``, ``buildings``, ``households`` and the numbers of the rule.
    subjects : dict
        What it is about besides grids and buildings (``kind``, ``shares``, ``incident`` …).
    grids, buildings : list of str
        Codes; for a rule that proposes a grid, the proposed one first.
    remedies : list of dict
        One to three computed repairs, best first.
    area_code, area_name : str or None
        Community (or street, district) it lies in.
    id : int or None
        Number of the stored row; None for findings of ``check``.
    """

    rule: str
    severity: str
    wkb: bytes | None
    measure: dict[str, Any]
    subjects: dict[str, Any]
    grids: list[str]
    buildings: list[str]
    remedies: list[dict[str, Any]]
    area_code: str | None = None
    area_name: str | None = None
    id: int | None = None

    @cached_property
    def geometry(self) -> Any:  # noqa: ANN401 - shapely has no types
        """Shapely geometry in longitude/latitude, or None."""
        return None if self.wkb is None else shapely.from_wkb(self.wkb)

    @property
    def bbox(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north in degrees."""
        if self.geometry is None or self.geometry.is_empty:
            return None
        west, south, east, north = self.geometry.bounds
        return west, south, east, north

    @property
    def centroid(self) -> tuple[float, float] | None:
        """Longitude and latitude of a point on it."""
        if self.geometry is None or self.geometry.is_empty:
            return None
        point = self.geometry.representative_point()
        return point.x, point.y

    @property
    def title(self) -> str:
        """Name of the rule, in the language in force."""
        return wording.title(self.rule)

    @property
    def severity_text(self) -> str:
        """Name of the severity, in the language in force."""
        return wording.severity(self.severity)

    @property
    def reason(self) -> str:
        """One sentence: what is wrong, where, how much of it."""
        return wording.reason(self)

    @property
    def remedies_text(self) -> list[str]:
        """Each remedy as a sentence."""
        return [wording.remedy(item) for item in self.remedies]


def listing(
    conn: psycopg.Connection[Any],
    network: str,
    rules: Sequence[str] | None = None,
    severities: Sequence[str] | None = None,
    area: str | None = None,
    limit: int | None = 200,
    offset: int = 0,
) -> list[Finding]:
    """Give stored findings of a network: most households first, then buildings, then area.

    Parameters
    ----------
    conn : Connection
        Of a session (row-level security applies).
    network : str
        Code of the network.
    rules, severities : sequence of str, optional
        Keep only these.
    area : str, optional
        Keep only those in the area with this code, or in an area below it.
    limit, offset : int
        A page of the list; no limit with None.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            statement("findings.sql", "listing"),
            {
                "network": network,
                "rules": list(rules) if rules is not None else None,
                "severities": list(severities) if severities is not None else None,
                "area": area,
                "limit": limit,
                "offset": offset,
            },
        )
        return [Finding(**row) for row in cursor]


def get(conn: psycopg.Connection[Any], finding_id: int) -> Finding:
    """Give one stored finding.

    Raises
    ------
    NotFound
        There is none of this number, or it is not the actor's to see.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("findings.sql", "one"), {"id": finding_id})
        row = cursor.fetchone()
    if row is None:
        raise NotFound(what=_("编号为 {id} 的问题").format(id=finding_id))
    return Finding(**row)


def counts(conn: psycopg.Connection[Any], network: str) -> dict[str, dict[str, int]]:
    """Count stored findings of a network: ``{rule: {severity: number}}``."""
    found: dict[str, dict[str, int]] = {}
    for rule, severity, number in conn.execute(statement("findings.sql", "counts"), {"network": network}):
        found.setdefault(rule, {})[severity] = number
    return found
