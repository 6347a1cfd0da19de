"""Accounts from a file: a table with a name, what to call it, roles, scope, last day.

Reads CSV and Excel through the intake's readers (encodings included). Every row is judged
before any account is made: either all go in, or none, with each bad row and its reason.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING
from typing import Any

from gis.access import accounts
from gis.access import passwords
from gis.errors import BadInput
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.intake import readers
from gis.settings import CHECKOUT
from gis.vocabulary import Role

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

MOST = 5000
SHOWN = 8

TABLE = CHECKOUT / "data" / "reference" / "roster.csv"
"""What columns, roles and scopes may be called."""


class RosterWrong(BadInput):
    """The table lacks a column, or rows that cannot become accounts."""

    template = "账号表不能导入:{detail}。"
    cure = "表头写:账号、姓名、角色、范围、有效期至;角色和范围可用顿号或分号分开。改正后整表重新导入。"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table, ready to become an account."""

    row: int
    name: str
    display: str
    roles: tuple[Role, ...]
    scopes: tuple[str, ...]
    valid_to: date | None


@dataclass(slots=True)
class Made:
    """What an import of accounts did: names with their first passwords, shown this once."""

    passwords: dict[str, str] = field(default_factory=dict)


def read(path: str | Path, encoding: str | None = None) -> list[Entry]:
    """Read a table of accounts.

    Parameters
    ----------
    path : str or Path
        CSV or Excel; ``path:sheet`` for a workbook of several sheets.
    encoding : str, optional
        Encoding of a CSV, where it cannot be told.

    Raises
    ------
    RosterWrong
        A column is missing, or rows are wrong; the message names the first of them.
    BadInput
        The file cannot be read.
    """
    raw = readers.open_file(path, encoding=encoding)
    columns = _columns(raw.table.column_names)
    if raw.table.num_rows > MOST:
        raise RosterWrong(detail=_("超过 {most} 行").format(most=MOST))
    entries, wrong = [], []
    cells = {name: raw.table.column(column).to_pylist() for name, column in columns.items()}
    for at, row in enumerate(raw.rows.tolist()):
        given = {name: "" if values[at] is None else str(values[at]).strip() for name, values in cells.items()}
        try:
            entries.append(_entry(row, given))
        except ValueError as error:
            wrong.append(_("第 {row} 行{reason}").format(row=row, reason=error))
    names = [entry.name for entry in entries]
    wrong += [_("账号 {name} 出现多次").format(name=name) for name in sorted({n for n in names if names.count(n) > 1})]
    if wrong:
        raise RosterWrong(detail=";".join(wrong[:SHOWN]) + ("……" if len(wrong) > SHOWN else ""))
    return entries


def load(conn: psycopg.Connection[Any], entries: list[Entry]) -> Made:
    """Make all accounts of a table, in the transaction of an admin or a job; all or none.

    The passwords have to be set by a job afterwards: :func:`set_passwords`.

    Raises
    ------
    RosterWrong
        A name is taken, roles clash, or a scope names nothing.
    """
    made = Made()
    for entry in entries:
        try:
            accounts.add(
                conn, entry.name, display=entry.display, roles=entry.roles, scopes=entry.scopes, valid_to=entry.valid_to
            )
        except GridAtlasError as error:
            reason = error.message.rstrip("。.")
            raise RosterWrong(detail=_("第 {row} 行{reason}").format(row=entry.row, reason=reason)) from error
        made.passwords[entry.name] = passwords.random()
    return made


def scope_from(text: str) -> str:
    """Read a scope as people write it (``全街道``, ``辖区:CODE``) into the word of ``accounts.set_scopes``."""
    kind, colon, code = text.strip().replace(":", ":").partition(":")
    return _words("scope").get(kind.strip().casefold(), kind.strip()) + colon + code.strip()


def set_passwords(conn: psycopg.Connection[Any], made: Made) -> None:
    """Give the new accounts their first passwords, to be changed at once; a job's connection."""
    for name, password in made.passwords.items():
        accounts.set_password(conn, name, password, must_change=True)


def _columns(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        field_name = _words("column").get(name.strip().casefold())
        if field_name:
            found.setdefault(field_name, name)
    missing = [label for key, label in (("name", _("账号")), ("roles", _("角色"))) if key not in found]
    if missing:
        raise RosterWrong(detail=_("缺少列 {columns}").format(columns="、".join(missing)))
    return found


@cache
def _words(kind: str) -> dict[str, str]:
    """Words of one kind, folded, and what they mean."""
    with TABLE.open(encoding="utf-8", newline="") as table:
        return {row["word"].casefold(): row["meaning"] for row in csv.DictReader(table) if row["kind"] == kind}


def _entry(row: int, given: dict[str, str]) -> Entry:
    name = given["name"].lower()
    if not accounts.NAME.fullmatch(name):
        raise ValueError(_("账号名 {name} 不能使用").format(name=given["name"][:64]))
    roles = []
    for word in _parts(given["roles"]):
        if word.casefold() not in _words("role"):
            raise ValueError(_("不认识角色 {word}").format(word=word[:40]))
        roles.append(Role(_words("role")[word.casefold()]))
    scopes = [scope_from(word) for word in _parts(given.get("scopes", ""))]
    until = given.get("valid_to", "")
    try:
        valid_to = date.fromisoformat(until[:10].replace("/", "-")) if until else None
    except ValueError:
        raise ValueError(_("日期 {text} 不是 年-月-日").format(text=until[:40])) from None
    return Entry(row, name, given.get("display", "")[:80], tuple(roles), tuple(scopes), valid_to)


def _parts(text: str) -> list[str]:
    for sign in ",、;;|":
        text = text.replace(sign, ",")
    return [part.strip() for part in text.split(",") if part.strip()]
