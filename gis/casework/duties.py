"""The duty list as casework looks at it: two versions side by side, what an item went through, the list as a file.

The list itself is stored by :mod:`gis.records.duties` and :mod:`gis.records.lists`; whose a
matter is says :mod:`gis.casework.resolver`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.access import audit
from gis.casework import sheets
from gis.casework.whistle import words as whistle_words
from gis.coverage.wording.statistics import kind as kind_name
from gis.errors import NotFound
from gis.i18n import translate as _
from gis.records import duties
from gis.records import lists
from gis.vocabulary import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from datetime import datetime

    import psycopg

    from gis.records.duties import Item
    from gis.records.lists import Change

_queries = aiosql.from_path(Path(__file__).with_name("duties.sql"), "psycopg", mandatory_parameters=False)

MOST = 1_000_000


class ItemMissing(NotFound):
    """No item of this number or code."""

    template = "清单里没有事项 {item}。"
    cure = "请用 script/gis duties list 查看编号。"


@dataclass(frozen=True, slots=True)
class Dispute:
    """Once that units differed about a matter.

    Attributes
    ----------
    source, code : str
        ``meeting``, ``whistle`` or ``case``, and which.
    units : list of str
        Who differed.
    said, outcome : str
        Why, and what was decided; empty as long as nobody has.
    """

    at: datetime
    source: str
    code: str
    units: list[str]
    said: str
    outcome: str

    @property
    def outcome_text(self) -> str:
        """What was decided, in the language in force."""
        result, colon, rest = self.outcome.partition(": ")
        if self.source == "whistle" and result in {"must", "excused"}:
            return whistle_words.result(result) + (colon + rest if rest else "")
        return self.outcome


def listing_name(word: str) -> str:
    """Name of one of the three lists, in the language in force."""
    return {
        Listing.STREET: _("基本履职"),
        Listing.SHARED: _("配合履职"),
        Listing.DEPARTMENT: _("上级收回"),
    }[Listing(word)]


def source_name(word: str) -> str:
    """Name of where units differed."""
    return {"meeting": _("清单会商"), "whistle": _("吹哨"), "case": _("案件退回")}[word]


def field_names() -> dict[str, str]:
    """Names of what two versions of an item are compared by."""
    return {
        "name": _("事项名称"), "domain": _("领域"), "listing": _("清单"), "category": _("小类"), "lead": _("牵头单位"),
        "assists": _("配合单位"), "task": _("配合内容"), "basis": _("依据"),
    }  # fmt: skip


def what_name(word: str) -> str:
    """Name of what happened to an item between two versions."""
    return {"added": _("新增"), "dropped": _("取消"), "changed": _("变化")}[word]


def compare(conn: psycopg.Connection[Any], older: str, newer: str) -> list[Change]:
    """Say item by item what differs between two versions, as they were taken in.

    Parameters
    ----------
    conn : Connection
        Of a session.
    older, newer : str
        Their numbers.

    Raises
    ------
    VersionMissing
    """
    before, after = (duties.of_list(conn, lists.get(conn, version).id) for version in (older, newer))
    return lists.difference(before, after)


def told(change: Change) -> str:
    """Say a change in one line, in the language in force."""
    item = change.item
    if not change.fields:
        return _("{what}:{name}({listing},牵头:{lead})").format(
            what=what_name(change.what), name=item.name, listing=listing_name(item.listing), lead=item.lead or "–"
        )
    names = field_names()
    parts = [
        _("{field}:{before} → {after}").format(
            field=names[field], before=_shown(change.before, field), after=_shown(change.after, field)
        )
        for field in change.fields
    ]
    return _("{what}:{name};{parts}").format(what=what_name(change.what), name=item.name, parts=";".join(parts))


def disputes(conn: psycopg.Connection[Any], kind: str, categories: Sequence[str], limit: int = 50) -> list[Dispute]:
    """Give what units differed about for these matters, the latest first; under the actor's scope.

    Parameters
    ----------
    conn : Connection
        Of a session.
    kind, categories : str, sequence of str
        Which matters: those an item matches.
    """
    with conn.cursor(row_factory=class_row(Dispute)) as cursor:
        given = {"kind": kind, "categories": list(categories), "limit": limit}
        return cursor.execute(_queries.disputes.sql, given).fetchall()


def of_item(conn: psycopg.Connection[Any], item: str) -> list[Dispute]:
    """Give what units differed about for an item, by its number or code.

    Raises
    ------
    ItemMissing
    """
    row = conn.execute(_queries.item.sql, {"item": item.strip()}).fetchone()
    if row is None:
        raise ItemMissing(item=item)
    return disputes(conn, row[0], row[1])


def export(conn: psycopg.Connection[Any], path: Path, reason: str, day: date | None = None) -> int:
    """Write the items in force on a day to Excel, one sheet per list, under the heads an import knows; how many.

    Raises
    ------
    PurposeMissing, FormatUnknown, OutputRefused
        Nothing was written.
    """
    why = sheets.purpose(path, reason)
    found = duties.listing(conn, day=day, limit=MOST)
    heads = (
        _("序号"), _("事项名称"), _("领域"), _("清单"), _("类别"), _("小类"), _("辖区编码"), _("牵头单位"),
        _("配合单位"), _("配合内容"), _("依据"), _("版本"), _("生效日期"), _("失效日期"),
    )  # fmt: skip
    pages = [
        sheets.Sheet(listing_name(listing), heads, [_row(item) for item in found if item.listing == listing])
        for listing in Listing
    ]
    sheets.write(conn, path, why, pages)
    audit.note(conn, "export", "duty", after={"rows": len(found)}, reason=why)
    return len(found)


def _row(item: Item) -> tuple[Any, ...]:
    return (
        item.number, item.name, item.domain, listing_name(item.listing), kind_name(item.kind), item.category,
        item.area, item.lead, item.assists, item.task, item.basis, item.version, item.valid_from, item.valid_to,
    )  # fmt: skip


def _shown(item: Item | None, field: str) -> str:
    text = "" if item is None else str(getattr(item, field))
    return listing_name(text) if field == "listing" and text else text or "–"
