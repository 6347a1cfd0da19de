"""What all reports share: the span and area they are of, the queries, and values as they are frozen."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql

from gis.casework.reporting.errors import AreaUnknown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    import psycopg

queries = aiosql.from_path(Path(__file__).with_name("bodies.sql"), "psycopg", mandatory_parameters=False)

GROUND = """
WITH RECURSIVE ground AS (
    SELECT id, code, name FROM atlas.area WHERE code = %(area)s
    UNION SELECT a.id, a.code, a.name FROM atlas.area a JOIN ground g ON a.parent_id = g.id
)
SELECT id, code, coalesce(nullif(name, ''), code) FROM ground
"""


@dataclass(frozen=True, slots=True)
class Span:
    """What a report is of: days, first and last, and an area (None: the whole office).

    ``codes`` are the area and those below it.
    """

    since: date
    until: date
    area: str | None = None
    area_id: int | None = None
    area_name: str = ""
    codes: frozenset[str] = frozenset()

    @property
    def given(self) -> dict[str, Any]:
        """As the queries take it."""
        return {"since": self.since, "until": self.until, "area": self.area}


@dataclass(frozen=True, slots=True)
class Body:
    """Figures by key and tables of lines: what the records say, and what two versions are compared by."""

    figures: dict[str, Any]
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def spanned(conn: psycopg.Connection[Any], since: date, until: date, area: str | None) -> Span:
    """Give what a report is of.

    Raises
    ------
    AreaUnknown
    """
    if not area:
        return Span(since, until)
    found = conn.execute(GROUND, {"area": area}).fetchall()
    if not found:
        raise AreaUnknown(code=area)
    number, code, name = found[0]
    return Span(since, until, code, number, name, frozenset(code for _id, code, _name in found))


def line(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row as it is frozen: days as text, lists joined."""
    return {key: _value(value) for key, value in row.items()}


def hushed(conn: psycopg.Connection[Any], texts: Iterable[str]) -> list[str]:
    """Mask what was typed in, as free text is masked for whoever need not know persons."""
    (found,) = conn.execute(queries.hush.sql, {"texts": list(texts)}).fetchone() or ([],)
    return list(found)


def _value(value: Any) -> Any:  # noqa: ANN401  a value of a row
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "、".join(str(item) for item in value)
    return value
