"""Filters of the ledger that somebody saved for himself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from psycopg.types.json import Jsonb

from gis.coverage.engine import statement
from gis.coverage.entries import FILE
from gis.coverage.entries import Query
from gis.errors import BadInput

if TYPE_CHECKING:
    import psycopg

LONGEST_NAME = 60


class NameUnfit(BadInput):
    """A filter needs a short name."""

    template = "筛选的名称须为 1 到 60 个字。"
    cure = "请换一个名称。"


def filters(conn: psycopg.Connection[Any]) -> dict[str, Query]:
    """Give the actor's saved filters by name."""
    rows = conn.execute(statement(FILE, "filters").encode()).fetchall()
    return {name: Query.from_json(query) for _id, name, query in rows}


def save_filter(conn: psycopg.Connection[Any], name: str, query: Query) -> None:
    """Save a filter for the actor; the same name replaces it.

    Raises
    ------
    NameUnfit
        No name, or a long one.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise NameUnfit
    conn.execute(statement(FILE, "save_filter").encode(), {"name": name, "query": Jsonb(query.as_json())})


def drop_filter(conn: psycopg.Connection[Any], name: str) -> bool:
    """Take one of the actor's filters away; whether there was one."""
    return conn.execute(statement(FILE, "drop_filter").encode(), {"name": name}).rowcount > 0
