"""Accounts from a file: a table with a name, what to call it, roles, scope, last day.

Reads CSV and Excel through the intake's readers (encodings included). Every row is judged
before any account is made: either all go in, or none, with each bad row and its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import date
from typing import TYPE_CHECKING
from typing import Any

from gis.access import accounts
from gis.access import passwords
from gis.errors import BadInput
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.intake import readers
from gis.vocabulary import Role

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

MOST = 5000
SHOWN = 8

HEADERS: dict[str, tuple[str, ...]] = {
    "name": ("name", "account", "login", "username", "账号", "账号名", "登录名", "用户名", "帐号"),
    "display": ("display", "title", "姓名", "名称", "称呼", "显示名"),
    "roles": ("role", "roles", "角色", "岗位"),
    "scopes": ("scope", "scopes", "范围", "管辖范围"),
    "valid_to": ("valid_to", "until", "有效期至", "截止日期"),
}
"""Field: what its column may be called."""

WORDS: dict[str, Role] = {
    "领导": Role.LEADER, "街道领导": Role.LEADER, "规划员": Role.PLANNER, "网格规划员": Role.PLANNER,
    "主管": Role.SUPERVISOR, "网格主管": Role.SUPERVISOR, "网格员": Role.WORKER, "部门": Role.DEPARTMENT,
    "大屏": Role.WALL, "审计员": Role.AUDITOR, "管理员": Role.ADMIN, "系统管理员": Role.ADMIN,
    **{role.value: role for role in Role},
}  # fmt: skip
"""Word for a role, Chinese or English."""


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


def set_passwords(conn: psycopg.Connection[Any], made: Made) -> None:
    """Give the new accounts their first passwords, to be changed at once; a job's connection."""
    for name, password in made.passwords.items():
        accounts.set_password(conn, name, password, must_change=True)


def _columns(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        for field_name, words in HEADERS.items():
            if name.strip().casefold() in words and field_name not in found:
                found[field_name] = name
    missing = [name for name in ("name", "roles") if name not in found]
    if missing:
        raise RosterWrong(detail=_("缺少列 {columns}").format(columns="、".join(HEADERS[m][3] for m in missing)))
    return found


def _entry(row: int, given: dict[str, str]) -> Entry:
    name = given["name"].lower()
    if not accounts.NAME.fullmatch(name):
        raise ValueError(_("账号名 {name} 不能使用").format(name=given["name"][:64]))
    roles = []
    for word in _parts(given["roles"]):
        if word.casefold() not in WORDS:
            raise ValueError(_("不认识角色 {word}").format(word=word[:40]))
        roles.append(WORDS[word.casefold()])
    scopes = ["office" if word in {"全街道", "全部"} else word for word in _parts(given.get("scopes", ""))]
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
