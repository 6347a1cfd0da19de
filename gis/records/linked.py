"""Records that name others by code: posts, leave, organisations, visits, tracks, duties.

What stands here turns the codes of a staged frame into ids, finds the rows that name nobody
(they are refused with a remedy, not stored half), and says how a row is compared and
written. The bulk writing itself is :mod:`gis.records.store`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg import sql

from gis.datasets import Dataset
from gis.errors import BadInput
from gis.errors import NotAllowed
from gis.i18n import translate as _
from gis.records import presence
from gis.vocabulary import OrganisationLevel

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from gis.records.bulk import Column

_queries = aiosql.from_path(Path(__file__).with_name("linked.sql"), "psycopg", mandatory_parameters=False)


class LinkUnknown(BadInput):
    """A row that was to be written names somebody or something nobody knows."""

    template = "有 {count} 行写不进去;第 {row} 行:{reason}。"
    cure = "请先导入它提到的人员、网格、楼栋或组织。"


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be written, and what it named."""

    row: int
    key: str
    detail: str


@dataclass(frozen=True, slots=True)
class Target:
    """One column of a table and what fills it from the file's row ``i``.

    Attributes
    ----------
    column, field : str
        Column of the table; field of the file it hangs on: a field the file lacks changes nothing.
    value : str
        SQL of a new row's value; of a changed row's too, unless ``later`` differs.
    later : str or None
        SQL of a changed row's value; None: it stays.
    same : str
        SQL condition that the stored row ``t`` says the same; default: equality.
    """

    column: str
    field: str
    value: str
    later: str | None = ""
    same: str = ""


def _plain(*fields: str) -> tuple[Target, ...]:
    return tuple(Target(name, name, f"i.{name}") for name in fields)


_DAY = Target(
    "valid_from",
    "valid_from",
    "coalesce(i.valid_from, atlas.today())",
    "coalesce(i.valid_from, t.valid_from)",
    "(i.valid_from IS NULL OR i.valid_from = t.valid_from)",
)
_GRID = (Target("network_id", "grid_code", "i.network_id"), Target("grid_code", "grid_code", "i.grid_code"))

TARGETS: dict[Dataset, tuple[Target, ...]] = {
    Dataset.PEOPLE: (
        Target("code", "code", "i.post_code", None, "true"),
        Target("person_id", "code", "(SELECT p.id FROM atlas.person p WHERE p.code = i.code)", None, "true"),
        *_plain("duty"),
        *_GRID,
        *_plain("building_code"),
        Target("organisation_id", "organisation_code", "i.organisation_id"),
        _DAY,
        *_plain("valid_to"),
    ),
    Dataset.LEAVES: (Target("person_id", "person_code", "i.person_id"), *_plain("begins", "ends")),
    Dataset.ORGANISATIONS: (
        *_plain("code", "name", "level"),
        Target("parent_id", "parent_code", "(SELECT o.id FROM atlas.organisation o WHERE o.code = i.parent_code)"),
        *_plain("area_code"),
        *_GRID,
        *_plain("building_code"),
    ),
    Dataset.VISITS: (
        *_plain("code"),
        Target("person_id", "person_code", "i.person_id"),
        *_plain("visited_at"),
        *_GRID,
        *_plain("building_code", "note", "geom"),
    ),
    Dataset.TRACKS: (
        *_plain("code"),
        Target("person_id", "person_code", "i.person_id"),
        *_plain("started_at", "ended_at", "geom"),
        Target("doubts", "even", "CASE WHEN i.even THEN '{{even}}'::text[] ELSE '{{}}' END", None, "true"),
    ),
    Dataset.DUTIES: (
        *_plain("code", "number", "name", "domain", "listing", "kind", "category", "area_code", "lead", "assists"),
        *_plain("task", "basis"),
        Target("list_id", "code", "nullif(current_setting('atlas.duty_list', true), '')::bigint", None, "true"),
        _DAY,
        *_plain("valid_to"),
    ),
}
"""Columns of each dataset's table; people fill a second table, ``person``, besides."""

MATCH = {
    Dataset.PEOPLE: "t.id = i.target",
    Dataset.LEAVES: "t.person_id = i.person_id AND t.begins = i.begins",
}
"""How a row finds its stored one where that is not by code."""

REFUSALS: dict[Dataset, tuple[str, ...]] = {
    Dataset.PEOPLE: ("grid_unknown", "building_unknown", "organisation_unknown", "person_differs", "post_twice"),
    Dataset.LEAVES: ("person_missing", "person_unknown", "leave_twice"),
    Dataset.ORGANISATIONS: ("area_unknown", "grid_unknown", "building_unknown", "parent_narrow", "parent_unknown"),
    Dataset.VISITS: ("person_missing", "person_unknown", "grid_unknown", "building_unknown"),
    Dataset.TRACKS: ("person_missing", "person_unknown"),
    Dataset.DUTIES: ("area_unknown",),
}
_RESOLVE = {
    Dataset.PEOPLE: ("resolve_people",),
    Dataset.LEAVES: ("resolve_staff",),
    Dataset.ORGANISATIONS: ("resolve_organisations",),
    Dataset.VISITS: ("resolve_staff", "resolve_visits"),
    Dataset.TRACKS: ("resolve_staff",),
    Dataset.DUTIES: (),
}


def words(refused: Refused) -> str:
    """Say why a row was refused and what to do, in the user's language."""
    told = {
        "person_missing": _("没有写明是谁;请补上工号,或在导入时指明这份文件是谁的"),
        "person_unknown": _("没有工号(或唯一手机)为 {detail} 的人员;请先导入人员,或改正工号"),
        "grid_unknown": _("这张网里没有编码为 {detail} 的网格;请改正编码,或指明所属网络"),
        "building_unknown": _("没有编码为 {detail} 的楼栋;请先导入楼栋,或改正编码"),
        "organisation_unknown": _("没有编码为 {detail} 的组织;请先导入组织架构,或改正编码"),
        "area_unknown": _("没有编码为 {detail} 的辖区;请先导入辖区,或改正编码"),
        "parent_unknown": _("上级组织 {detail} 不在库里,也不在这份文件里;请补上它,或改正编码"),
        "parent_narrow": _("上级组织 {detail} 的层级不比它高;请改正层级或上级"),
        "person_differs": _("工号 {detail} 在前面的行里是另一个姓名或手机;请让同一工号的各行一致"),
        "post_twice": _("{detail} 的这个岗位前面的行已经有了,日期重叠;请合并成一行"),
        "leave_twice": _("{detail} 从同一天开始的请假前面的行已经有了;请只留一行"),
    }
    return told[refused.key].format(detail=refused.detail)


def resolve(conn: psycopg.Connection[Any], dataset: Dataset, network_id: int | None) -> list[Refused]:
    """Turn the codes of the staged rows into ids; rows that name nobody are taken out and given back."""
    conn.execute(_queries.extend.sql)
    given = {"network": network_id}
    for step in _RESOLVE[dataset]:
        conn.execute(getattr(_queries, step).sql, given)
    levels = sql.Literal([level.value for level in OrganisationLevel])
    refused: list[Refused] = []
    for key in REFUSALS[dataset]:
        statement = sql.SQL(getattr(_queries, key).sql).format(levels=levels)
        # Whoever is taken out may have been another one's parent.
        while found := conn.execute(statement).fetchall():
            refused += [Refused(row, key, detail or "") for row, detail in found]
    if dataset is Dataset.PEOPLE:
        conn.execute(_queries.match_people.sql)
        conn.execute(_queries.name_posts.sql)
    return sorted(refused, key=lambda one: one.row)


def same(dataset: Dataset, columns: Iterable[Column]) -> str:
    """Condition that a stored row ``t`` is what the file's row ``i`` says."""
    given = _given(columns)
    tests = [t.same or f"t.{t.column} IS NOT DISTINCT FROM {t.value}" for t in TARGETS[dataset] if t.field in given]
    if dataset is Dataset.PEOPLE:
        phone = " AND p.phone = i.phone" if "phone" in given else ""
        tests.append(f"EXISTS (SELECT FROM atlas.person p WHERE p.id = t.person_id AND p.name = i.name{phone})")
    return " AND ".join(tests)


def content(dataset: Dataset, columns: Iterable[Column], *, new: bool) -> tuple[list[str], list[str]]:
    """Columns to write and where their values come from; of changed rows only what the file has."""
    given = _given(columns)
    targets = [t for t in TARGETS[dataset] if new or (t.field in given and t.later is not None)]
    return [t.column for t in targets], [t.value if new else (t.later or t.value) for t in targets]


def _given(columns: Iterable[Column]) -> set[str]:
    return {c.name for c in columns if c.given} | {"geom"}


def write_persons(conn: psycopg.Connection[Any], columns: Iterable[Column], source_id: int | None) -> None:
    """Write the persons behind the posts: new ones, and new names and phones."""
    given = {"source": source_id, "phone": "phone" in _given(columns)}
    conn.execute(_queries.insert_persons.sql, given)
    conn.execute(_queries.update_persons.sql, given)
    found = conn.execute(_queries.persons_left.sql).fetchone()
    if found and found[0]:
        raise NotAllowed  # seen, and not his to change


def beside(conn: psycopg.Connection[Any], dataset: Dataset) -> list[int]:
    """Visits about to be changed, with those whose questions depend on where they were; none of other datasets."""
    if dataset is not Dataset.VISITS:
        return []
    found = conn.execute(_queries.beside.sql).fetchone()
    return list(found[0] or []) if found else []


def settle(conn: psycopg.Connection[Any], dataset: Dataset, table: sql.Composable, before: list[int]) -> None:
    """After the rows are written: ask the questions about visits, count what counts of tracks."""
    if dataset not in (Dataset.VISITS, Dataset.TRACKS):
        return
    found = conn.execute(sql.SQL(_queries.written.sql).format(table=table)).fetchone()
    ids = list(found[0]) if found else []
    if dataset is Dataset.VISITS:
        presence.question(conn, {*before, *ids})
    else:
        presence.count(conn, ids)
