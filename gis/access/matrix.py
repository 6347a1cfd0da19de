"""The matrix of rights: which role may do what with which table, and how far.

``data/reference/access.csv`` declares it; the policies of the database carry it out, and
``tests/integration/test_matrix.py`` walks every cell against them. Python asks it only to
say no early and plainly; the last word is the database's.
"""

from __future__ import annotations

import csv
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from gis.settings import CHECKOUT
from gis.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = CHECKOUT / "data" / "reference" / "access.csv"


class Operation(StrEnum):
    """What can be done with a table."""

    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class Extent(StrEnum):
    """Which rows a right holds for."""

    NONE = "none"
    OWN = "own"
    SCOPE = "scope"
    OFFICE = "office"
    ALL = "all"


@cache
def matrix() -> Mapping[tuple[str, Operation], Mapping[Role, Extent]]:
    """Read the matrix: for each table and operation the extent of every role, as the file orders them.

    Returns
    -------
    mapping
        ``own``: rows of the actor himself (his account; imports and audit rows he signed; an
        account of the whole office also reads the imports of others). ``scope``: rows in the
        actor's scope, all of them for the whole office. ``office``: every row, but only for
        whoever works on the whole office. ``all``: every row.
    """
    found = {}
    with TABLE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            key = (row["table"], Operation(row["operation"]))
            found[key] = {role: Extent(row[role]) for role in Role}
    return found


def tables() -> list[str]:
    """Give the tables of the matrix in its order."""
    return list(dict.fromkeys(table for table, _operation in matrix()))


def extent(role: Role, table: str, operation: Operation) -> Extent:
    """Say how far a right reaches; what the matrix does not name nobody may."""
    return matrix().get((table, operation), {}).get(role, Extent.NONE)


def roles(table: str, operation: Operation) -> tuple[Role, ...]:
    """Give the roles that may do this with at least some rows."""
    return tuple(role for role in Role if extent(role, table, operation) is not Extent.NONE)
