"""Whose is it: a point, a category and a day give grid, people, community, list items, lead, assists, limits.

The items of the nearest division go before wider ones: community, street, district, whole
office; the rule ``unowned_matter`` judges by the same order. No unit, or two that contradict
each other, is a problem the answer names: it goes to the list meeting (:mod:`gis.casework.meeting`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal
from zoneinfo import ZoneInfo

import aiosql
from psycopg.rows import class_row

from gis.casework import limits
from gis.records import duties
from gis.records import people
from gis.vocabulary import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from datetime import date

    import psycopg

    from gis.casework.limits import Limit
    from gis.records.duties import Item
    from gis.records.people import Staff

_queries = aiosql.from_path(Path(__file__).with_name("resolver.sql"), "psycopg", mandatory_parameters=False)

OFFICE = ZoneInfo("Asia/Shanghai")
Problem = Literal["none", "several"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Grid of the day in the first comprehensive network."""

    id: int
    code: str
    name: str
    network: str


@dataclass(frozen=True, slots=True)
class Area:
    """A division: community, street or district."""

    id: int
    code: str
    name: str
    level: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Whose a matter is, there and on that day.

    Attributes
    ----------
    day : date
        Day the list was asked for.
    kind, category : str
        What was asked.
    grid : Grid or None
        Grid of that day; None where nobody covers the place, or there is none.
    people : list of Staff
        Posts of the grid that day, chiefs first; names as the actor may read them.
    area, community : Area or None
        Lowest division the place belongs to; the community, where it is one.
    items : list of Item
        Items of the duty list that hold: all of the nearest division that has any.
    lead : str
        The unit that leads; empty with a problem.
    assists : tuple of str
        Units that assist it, as the items say.
    limits : mapping
        Stage to limit of that day (:mod:`gis.casework.limits`), of cases without a level.
    basis : str
        Legal basis, as the items say.
    problem : 'none', 'several' or None
        No unit leads; units contradict each other.
    """

    day: date
    kind: str
    category: str
    grid: Grid | None
    people: list[Staff]
    area: Area | None
    community: Area | None
    items: list[Item]
    lead: str
    assists: tuple[str, ...]
    limits: Mapping[str, Limit]
    basis: str
    problem: Problem | None

    @property
    def leads(self) -> tuple[str, ...]:
        """Every unit an item names as leading: several of them are the problem ``several``."""
        return _leads(self.items)


def resolve(
    conn: psycopg.Connection[Any],
    point: tuple[float, float] | None,
    kind: IncidentKind | str,
    category: str,
    at: datetime | date,
    area: str | None = None,
) -> Answer:
    """Say whose a matter is.

    Parameters
    ----------
    conn : Connection
        Of a session; posts are seen under row-level security.
    point : (float, float) or None
        Longitude and latitude, CGCS2000; None where only the area is known.
    kind, category : str
        Which list, and the small class as the list writes it.
    at : datetime or date
        When it happened; of a moment the day in the office's zone.
    area : str, optional
        Code of an area, for matters without a usable point.

    Returns
    -------
    Answer
    """
    day = at.astimezone(OFFICE).date() if isinstance(at, datetime) else at
    kind, category = IncidentKind(kind), category.strip()
    grid, chain = _place(conn, point, area, day)
    items = duties.nearest(conn, kind, category, [a.code for a in chain], day) if category else []
    found = _leads(items)
    lead = found[0] if len(found) == 1 else ""
    return Answer(
        day=day,
        kind=kind.value,
        category=category,
        grid=grid,
        people=people.staff(conn, network=grid.network, grid=grid.code, day=day) if grid else [],
        area=chain[0] if chain else None,
        community=next((a for a in chain if a.level == "community"), None),
        items=items,
        lead=lead,
        assists=tuple(u for u in _distinct(u for i in items for u in duties.units(i.assists)) if u != lead),
        limits=limits.of(conn, kind.value, category, None, "", day),
        basis="；".join(_distinct(i.basis.strip() for i in items)),
        problem=None if len(found) == 1 else "several" if found else "none",
    )


def terms(answer: Answer) -> dict[str, Any]:
    """Give what is frozen in a case file: a later version of the list changes nothing there."""
    return {
        "day": answer.day.isoformat(),
        "lead": answer.lead,
        "assists": list(answer.assists),
        "basis": answer.basis,
        "problem": answer.problem,
        "grid": answer.grid.code if answer.grid else None,
        "area": answer.area.code if answer.area else None,
        "limits": {
            stage: {"clock": limit.clock, "amount": None if limit.amount is None else str(limit.amount)}
            for stage, limit in answer.limits.items()
        },
        "items": [
            {
                "id": i.id, "code": i.code, "number": i.number, "name": i.name, "domain": i.domain,
                "listing": i.listing, "area": i.area, "lead": i.lead, "assists": i.assists, "task": i.task,
                "basis": i.basis, "version": i.version, "valid_from": i.valid_from.isoformat(),
            }
            for i in answer.items
        ],
    }  # fmt: skip


def _place(
    conn: psycopg.Connection[Any], point: tuple[float, float] | None, area: str | None, day: date
) -> tuple[Grid | None, list[Area]]:
    x, y = point or (None, None)
    row = conn.execute(_queries.place.sql, {"x": x, "y": y, "area": area, "day": day}).fetchone()
    assert row is not None
    grid = None if row[0] is None else Grid(*row[:4])
    with conn.cursor(row_factory=class_row(Area)) as cursor:
        return grid, cursor.execute(_queries.chain.sql, {"area": row[4]}).fetchall()


def _leads(items: Sequence[Item]) -> tuple[str, ...]:
    return _distinct(item.lead.strip() for item in items)


def _distinct(words: Any) -> tuple[str, ...]:  # noqa: ANN401
    return tuple(dict.fromkeys(word for word in words if word))
