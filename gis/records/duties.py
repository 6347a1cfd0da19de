"""The duty list (权责清单): which unit leads for a category, in the whole street or in one area.

It is read here, and one item can be given a leading unit, which ends what was in force for
the same matter before. Whole versions of the list are the business of :mod:`gis.records.lists`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.db.connection import session
from gis.errors import BadInput
from gis.records import people
from gis.vocabulary import IncidentKind
from gis.vocabulary import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import psycopg

    from gis.vocabulary import Actor

SEPARATORS = re.compile("[、,，;；\n]")
_queries = aiosql.from_path(Path(__file__).with_name("duties.sql"), "psycopg", mandatory_parameters=False)


class LeadMissing(BadInput):
    """A claim without a category or without a unit."""

    template = "牵头单位和小类都要写明。"
    cure = "请补上后重试。"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the duty list; without an area it holds in the whole street.

    Attributes
    ----------
    code, number : str
        Key in the database; number as the list prints it.
    domain : str
        Field of work (领域).
    listing : str
        A value of ``Listing``: 基本履职, 配合履职, 上级收回.
    category, categories : str, list of str
        As the list writes it; the small classes it matches.
    lead, assists : str
        Units; :func:`units` takes the second apart.
    task : str
        What exactly the assisting side does.
    version : str or None
        Version of the list it stands in; None for what was decided or taken in besides.
    """

    id: int
    code: str
    number: str
    name: str
    domain: str
    listing: str
    kind: str
    category: str
    categories: list[str]
    area: str | None
    lead: str
    assists: str
    task: str
    basis: str
    version: str | None
    valid_from: date
    valid_to: date | None


def listing(
    conn: psycopg.Connection[Any],
    *,
    kind: str | None = None,
    category: str | None = None,
    area: str | None = None,
    words: str = "",
    day: date | None = None,
    limit: int = 200,
) -> list[Item]:
    """Give the items in force on a day (today by default); of an area: those of the whole street too."""
    given = {"kind": kind, "category": category, "area": area, "words": words.strip(), "day": day, "limit": limit}
    with conn.cursor(row_factory=class_row(Item)) as cursor:
        return cursor.execute(_queries.duties.sql, given).fetchall()


def nearest(
    conn: psycopg.Connection[Any], kind: IncidentKind | str, category: str, areas: Sequence[str], day: date
) -> list[Item]:
    """Give the items in force for a category: all of the nearest division that has any.

    Parameters
    ----------
    conn : Connection
        Of a session.
    kind, category : str
        Which matters.
    areas : sequence of str
        Codes of the area and of those above it, nearest first; the whole office comes last.
    day : date
        The day.
    """
    given = {"kind": IncidentKind(kind).value, "category": category, "areas": list(areas), "day": day}
    with conn.cursor(row_factory=class_row(Item)) as cursor:
        return cursor.execute(_queries.nearest.sql, given).fetchall()


def of_list(conn: psycopg.Connection[Any], list_id: int) -> list[Item]:
    """Give the items a version of the list brought, as the file ordered them."""
    with conn.cursor(row_factory=class_row(Item)) as cursor:
        return cursor.execute(_queries.of_list.sql, {"list": list_id}).fetchall()


def units(text: str) -> tuple[str, ...]:
    """Take a list of units apart, as the duty list writes it: ``、`` ``,`` ``;`` between them."""
    return tuple(dict.fromkeys(part.strip() for part in SEPARATORS.split(text) if part.strip()))


def claim(
    actor: Actor,
    category: str,
    lead: str,
    begins: date,
    *,
    kind: IncidentKind | str = IncidentKind.MATTER,
    area: str | None = None,
    which: Listing | str = Listing.STREET,
    assists: str = "",
    task: str = "",
    basis: str = "",
    reason: str | None = None,
) -> int:
    """Give a category its leading unit from a day on; what was in force for it ends the day before.

    Parameters
    ----------
    actor : Actor
        A supervisor of the whole office.
    category, kind : str
        Which matters.
    lead, assists : str
        Units.
    begins : date
        First day.
    area : str, optional
        Code of an area, for a rule of that area alone.
    which : Listing
        Which of the three lists it stands on.
    task : str
        What exactly the assisting units do.

    Returns
    -------
    int
        Number of the item.

    Raises
    ------
    LeadMissing, NotAllowed
    """
    with session(actor) as conn:
        return give(
            conn, category, lead, begins, kind=kind, area=area, which=which, assists=assists, task=task, basis=basis,
            reason=reason,
        )  # fmt: skip


def give(
    conn: psycopg.Connection[Any],
    category: str,
    lead: str,
    begins: date,
    *,
    kind: IncidentKind | str = IncidentKind.MATTER,
    area: str | None = None,
    which: Listing | str = Listing.STREET,
    assists: str = "",
    task: str = "",
    basis: str = "",
    reason: str | None = None,
) -> int:
    """Do what :func:`claim` does, in the caller's transaction; what names several categories goes on for the others."""
    if not category.strip() or not lead.strip():
        raise LeadMissing
    kind, which, area = IncidentKind(kind), Listing(which), area or None
    code = f"{kind.value}/{category.strip()}/{area or '-'}/{begins.isoformat()}"
    given = {
        "kind": kind.value, "category": category.strip(), "lead": lead.strip(), "begins": begins, "area": area,
        "listing": which.value, "assists": assists.strip(), "task": task.strip(), "basis": basis.strip(),
        "name": category.strip(), "code": code,
    }  # fmt: skip
    conn.execute(_queries.split_before.sql, given)
    conn.execute(_queries.end_before.sql, given)
    made = conn.execute(_queries.claim.sql, given).fetchone()
    assert made is not None
    after = {key: given[key] for key in ("kind", "category", "area", "lead", "assists", "listing")}
    people.note(conn, "claim", "duty", code, after={**after, "from": begins.isoformat()}, reason=reason)
    return int(made[0])
