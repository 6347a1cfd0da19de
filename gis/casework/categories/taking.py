"""Taking in a table of categories, or a cross-walk: a whole version, or none of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from gis.access import audit
from gis.casework import cells
from gis.casework.categories import pinyin
from gis.casework.categories import tables
from gis.db.connection import session
from gis.i18n import translate as _
from gis.vocabulary import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from datetime import date

    from gis.vocabulary import Actor

KINDS = (*(kind.value for kind in IncidentKind), "part")
CODE = re.compile(r"[0-9A-Za-z.-]{1,24}")
RELATIONS = ("same", "wider", "narrower", "near")
KIND = cells.reader("categories", "kind", KINDS)
RELATION = cells.reader("matches", "relation", RELATIONS)
BOTH = ("standard", "code", "other_standard", "other_code")


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in: new rows, rows that were there and say something new or the same, rows that ended."""

    new: int
    changed: int
    ended: int


def take(
    actor: Actor,
    headers: Sequence[str],
    body: Iterable[tuple[int, Mapping[str, object]]],
    *,
    standard: str,
    version: str,
    begins: date,
    source: str,
    kind: str = "matter",
    dry_run: bool = False,
) -> Taken:
    """Take in a version of the categories of a standard; it ends what was in force of the same kinds.

    Parameters
    ----------
    actor : Actor
        A supervisor of the whole office.
    headers, body
        Headings; numbers of the rows and their cells by heading.
    standard, version : str
        What the codes belong to, and which edition.
    begins : date
        First day.
    source : str
        File or paper, where a row does not say.
    kind : str
        Of rows that do not say.
    dry_run : bool
        Judge and count, and keep nothing.

    Raises
    ------
    TableUnfit
        A column is missing, or rows cannot be; nothing was written.
    NotAllowed
        Somebody else does this.
    """
    given = _rows(headers, body, standard, kind, source)
    counts = {True: 0, False: 0}
    with session(actor) as conn:
        ended = 0
        common = {"standard": standard, "version": version, "begins": begins}
        until: dict[str, date | None] = {}
        for its in sorted({row["kind"] for row in given}):
            codes = [row["code"] for row in given if row["kind"] == its]
            ended += conn.execute(tables.queries.end.sql, common | {"kind": its, "codes": codes}).rowcount
            later = conn.execute(tables.queries.later.sql, common | {"kind": its}).fetchone()
            until[its] = later[0] if later else None
        with conn.cursor() as cursor:
            lines = [common | row | {"until": until[row["kind"]]} for row in given]
            cursor.executemany(tables.queries.put.sql, lines, returning=True)
            for each in cursor.results():
                written = each.fetchone()
                assert written is not None
                counts[bool(written[0])] += 1
        told = {"rows": len(given), "ended": ended, "from": begins.isoformat()}
        audit.note(conn, "import", "category", f"{standard} {version}", after=told, reason=source)
        if dry_run:
            conn.rollback()
    return Taken(counts[True], counts[False], ended)


def take_matches(
    actor: Actor,
    headers: Sequence[str],
    body: Iterable[tuple[int, Mapping[str, object]]],
    *,
    source: str,
    kind: str = "matter",
) -> int:
    """Take in a cross-walk; the number of its rows. Raises as :func:`take`."""
    reading = cells.Reading(_("类别对照表"))
    given = []
    for number, row in cells.rows(reading.what, "matches", headers, body, BOTH):
        relation = reading.cell(number, _("关系"), row["relation"], RELATION, "same")
        its = reading.cell(number, _("类型"), row["kind"], KIND, kind)
        if not all(row[name] for name in BOTH):
            reading.fault(number, _("缺少标准或代码"))
        elif row["standard"] == row["other_standard"]:
            reading.fault(number, _("两边是同一个标准"))
        given.append({**row, "relation": relation, "kind": its, "source": row["source"] or source})
    reading.end()
    with session(actor) as conn:
        for line in given:
            conn.execute(tables.queries.match.sql, line)
        audit.note(conn, "import", "category_match", after={"rows": len(given)}, reason=source)
    return len(given)


def _rows(
    headers: Sequence[str], body: Iterable[tuple[int, Mapping[str, object]]], standard: str, kind: str, source: str
) -> list[dict[str, Any]]:
    reading = cells.Reading(_("类别表"))
    given, seen = [], set()
    for number, row in cells.rows(reading.what, "categories", headers, body, ("code", "name")):
        its = reading.cell(number, _("类型"), row["kind"], KIND, kind)
        code, name = row["code"], " ".join(row["name"].split())
        fault = _fault(standard, code, name)
        if fault:
            reading.fault(number, fault)
        elif (its, code) in seen:
            reading.fault(number, _("代码 {code} 重复").format(code=code))
        seen.add((its, code))
        synonyms = tables.several(row["synonyms"])
        sound = tables.words(name, synonyms)
        given.append(
            {
                "kind": its, "code": code, "name": name, "parent": row["parent"], "synonyms": list(synonyms),
                "pinyin": sound, "initials": pinyin.initials(sound.split("|", maxsplit=1)[0]),
                "source": row["source"] or source,
            }
        )  # fmt: skip
    reading.end()
    return given


def _fault(standard: str, code: str, name: str) -> str:
    if not name:
        return _("没有名称")
    if not CODE.fullmatch(code):
        return _("代码“{code}”不是数字或字母").format(code=code[:40])
    for known, lengths in tables.DIGITS.items():
        if standard.startswith(known) and len(code) not in lengths:
            return _("代码 {code} 不是 {standard} 的 {lengths} 位").format(
                code=code, standard=known, lengths=_("{large} 或 {small}").format(large=lengths[0], small=lengths[1])
            )
    return ""
