"""Versions of the duty list (权责清单): one of them in force on a day, each ends what was in force before.

A version comes whole, as a file (:func:`gis.intake.load.load`), in one transaction:
:func:`begin` before the rows are written, :func:`succeed` after them. What a version changes
is told item by item (:func:`difference`), before anything is kept where the load is a dry run.
"""

from __future__ import annotations

from collections import defaultdict
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
import pandas as pd
from psycopg.rows import class_row

from gis.errors import BadInput
from gis.errors import NotFound
from gis.records import duties

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Hashable
    from collections.abc import Sequence
    from datetime import date

    import geopandas as gpd
    import psycopg

    from gis.records.duties import Item

_queries = aiosql.from_path(Path(__file__).with_name("lists.sql"), "psycopg", mandatory_parameters=False)

COMPARED = ("name", "domain", "listing", "category", "lead", "assists", "task", "basis")
"""What makes an item another one; its number does not: one item more moves all that follow."""
MOST = 1_000_000


class VersionThere(BadInput):
    """A version of this name was taken in already."""

    template = "“{name}”的版本 {version} 已经导入过。"
    cure = "新的版本请换一个版本号;同一版本还有别的文件(如另一张表)请用追加。"
    http_status = 409


class VersionMissing(NotFound):
    """No version has this number, or it begins on another day."""

    template = "清单没有版本 {version}(从 {day} 起)。"
    cure = "请用 script/gis duties lists 查看已有的版本。"


class VersionNameless(BadInput):
    """A version without a name or a number."""

    template = "清单名称和版本号都要写明。"
    cure = "请补上后重试。"


class ItemsOver(BadInput):
    """Items end before their version begins."""

    template = "有 {count} 个事项在这一版生效({day})之前就已失效:{names}。"
    cure = "请从文件中去掉它们,或改正失效日期。"


class ListIncomplete(BadInput):
    """Rows of a whole version cannot be used."""

    template = "清单有 {count} 行不能用,整版没有导入;第 {row} 行:{reason}。"
    cure = "一版清单要么全部导入,要么都不导入。请改正这些行后重试;--dry-run 可列出全部。"


@dataclass(frozen=True, slots=True)
class Version:
    """A version that is to come in.

    Attributes
    ----------
    name, version : str
        Title of the list and number of the version.
    valid_from : date
        First day; what was in force until then ends the day before.
    approved_by, approved_on, document : str, date or None, str
        Who put it into force, when, by which paper.
    append : bool
        The version is there, and these are more rows of it.
    """

    name: str
    version: str
    valid_from: date
    approved_by: str = ""
    approved_on: date | None = None
    document: str = ""
    append: bool = False


@dataclass(frozen=True, slots=True)
class DutyList:
    """A version as it is stored; ``items`` is how many it brought."""

    id: int
    name: str
    version: str
    approved_by: str
    approved_on: date | None
    document: str
    valid_from: date
    valid_to: date | None
    items: int

    @property
    def void(self) -> bool:
        """Whether it was replaced before it was ever in force."""
        return self.valid_to is not None and self.valid_to < self.valid_from


@dataclass(frozen=True, slots=True)
class Change:
    """One item that is not what it was: added (no ``before``), dropped (no ``after``), or other in ``fields``."""

    before: Item | None
    after: Item | None
    fields: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """``added``, ``dropped`` or ``changed``."""
        return "added" if self.before is None else "dropped" if self.after is None else "changed"

    @property
    def item(self) -> Item:
        """The item as it is, or was."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Succession:
    """What a version did when it came into force.

    Attributes
    ----------
    list_id : int
        Its number.
    ended : int
        Items that ended.
    later : int
        Items outside of any version that begin later and so stay beside it: decisions made ahead.
    changes : tuple of Change
        Against what was in force on its first day.
    """

    list_id: int
    ended: int
    later: int
    changes: tuple[Change, ...]


def versions(conn: psycopg.Connection[Any], version: str | None = None, name: str | None = None) -> list[DutyList]:
    """Give the versions, the newest first; of one number only, where it is given."""
    with conn.cursor(row_factory=class_row(DutyList)) as cursor:
        return cursor.execute(_queries.lists.sql, {"version": version, "name": name}).fetchall()


def get(conn: psycopg.Connection[Any], version: str) -> DutyList:
    """Give one version by its number; of several lists that share it the newest.

    Raises
    ------
    VersionMissing
        There is none.
    """
    found = versions(conn, version.strip())
    if not found:
        raise VersionMissing(version=version, day="…")
    return found[0]


def numbered(frame: gpd.GeoDataFrame, version: Version) -> gpd.GeoDataFrame:
    """Make the rows of a file the items of a version: codes of their own, first days within the version.

    The number of an item is what the file prints (its number, else its code); its code in the
    database carries the version, because numbers come again in the next one.

    Raises
    ------
    ItemsOver
        Items end before the version begins.
    """
    frame = frame.copy()
    day = pd.Timestamp(version.valid_from)
    if "valid_to" in frame and (over := pd.to_datetime(frame["valid_to"]) < day).any():
        names = [str(name) for name in frame.loc[over, "name"][:3]]
        raise ItemsOver(count=int(over.sum()), day=version.valid_from, names="、".join(names))
    printed = frame["number"] if "number" in frame else pd.Series(None, index=frame.index, dtype="str")
    own = frame["code"].astype("str")
    # A code the house gave a row that has none is nothing the list prints.
    frame["number"] = printed.where(printed.notna(), own.where(~own.str.fullmatch(r"[0-9a-f]{8}-\d+"), "")).astype(
        "str"
    )
    key = frame["number"].where(frame["number"] != "", pd.Series(frame.index.astype("str"), index=frame.index))
    turn = key.groupby(key).cumcount()
    stem = f"{version.name.strip()}/{version.version.strip()}/"
    # Several files of one version may count from 1 each: the name keeps them apart.
    code = stem + frame["listing"].fillna("street").astype("str") + "/" + key if "listing" in frame else stem + key
    frame["code"] = code.where(turn == 0, code + "#" + (turn + 1).astype("str"))
    begins = pd.to_datetime(frame["valid_from"]) if "valid_from" in frame else pd.Series(pd.NaT, index=frame.index)
    frame["valid_from"] = begins.where(begins > day, day)
    return frame


def begin(conn: psycopg.Connection[Any], version: Version) -> int:
    """Make the version, so that what is written to ``duty`` in this transaction belongs to it; its number.

    Raises
    ------
    VersionThere, VersionMissing, VersionNameless, NotAllowed
    """
    if not version.name.strip() or not version.version.strip():
        raise VersionNameless
    known = versions(conn, version.version.strip(), version.name.strip())
    if version.append:
        if not known or known[0].valid_from != version.valid_from:
            raise VersionMissing(version=version.version, day=version.valid_from)
        list_id = known[0].id
    elif known:
        raise VersionThere(name=version.name, version=version.version)
    else:
        given = {
            "name": version.name.strip(),
            "version": version.version.strip(),
            "approved_by": version.approved_by.strip(),
            "approved_on": version.approved_on,
            "document": version.document.strip(),
            "valid_from": version.valid_from,
        }
        row = conn.execute(_queries.add.sql, given).fetchone()
        assert row is not None
        list_id = int(row[0])
    conn.execute(_queries.working_on.sql, {"list": list_id})
    return list_id


def succeed(conn: psycopg.Connection[Any], list_id: int, version: Version) -> Succession:
    """Let the version be in force: what was until its first day ends the day before.

    Returns
    -------
    Succession
        With every item that is not what it was.
    """
    given = {"list": list_id, "day": version.valid_from}
    standing = {row[0] for row in conn.execute(_queries.standing.sql, given)}
    in_force = duties.listing(conn, day=version.valid_from, limit=MOST)
    before = [item for item in in_force if item.id in standing]
    ended = conn.execute(_queries.end_items.sql, given).rowcount
    conn.execute(_queries.end_lists.sql, given)
    conn.execute(_queries.clip.sql, given)
    row = conn.execute(_queries.later.sql, given).fetchone()
    conn.execute(_queries.working_on.sql, {"list": ""})
    changes = tuple(difference(before, duties.of_list(conn, list_id)))
    return Succession(list_id, ended, int(row[0]) if row else 0, changes)


def difference(before: Sequence[Item], after: Sequence[Item]) -> list[Change]:
    """Say item by item what differs between two states of the list.

    An item is known again by kind, area and name, else by kind, area and category; what is left
    was added or dropped. Items that are the same in all of :data:`COMPARED` are not told.

    Returns
    -------
    list of Change
        As ``after`` is ordered; what was dropped comes last, as ``before`` was ordered.
    """
    partner: dict[int, Item] = {}
    left = list(before)
    for key in _KEYS:
        waiting: dict[Hashable, deque[Item]] = defaultdict(deque)
        for item in left:
            waiting[key(item)].append(item)
        for at, item in enumerate(after):
            if at not in partner and waiting[key(item)]:
                partner[at] = waiting[key(item)].popleft()
        taken = {id(item) for item in partner.values()}
        left = [item for item in left if id(item) not in taken]
    changes = []
    for at, item in enumerate(after):
        old = partner.get(at)
        fields = () if old is None else tuple(f for f in COMPARED if getattr(old, f) != getattr(item, f))
        if old is None or fields:
            changes.append(Change(old, item, fields))
    return changes + [Change(item, None) for item in left]


_KEYS: tuple[Callable[[Item], Hashable], ...] = (
    lambda item: tuple(getattr(item, name) for name in ("kind", "area", *COMPARED)),  # what did not change at all
    lambda item: (item.kind, item.area, item.name, item.category),
    lambda item: (item.kind, item.area, item.name),
    lambda item: (item.kind, item.area, item.category, item.category == "" and id(item)),
)
