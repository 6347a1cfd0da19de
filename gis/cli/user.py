"""Verbs ``user list|add|import|role|scope|units|person|password|disable|enable|remove-demo``: accounts.

Whoever may run commands on the server is its administrator already; the deeds are audited
as ``job:cli:<user>``.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads the annotation
from typing import Annotated

import typer

from gis.access import accounts
from gis.access import first
from gis.access import passwords
from gis.access import sessions
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.office import day
from gis.db.connection import session
from gis.errors import BadInput
from gis.i18n import translate as _
from gis.intake import roster
from gis.records import people
from gis.vocabulary import Role

app = typer.Typer(no_args_is_help=True, help=_("账号:列出、新建、导入、角色、范围、密码、停用。"))

Name = Annotated[str, typer.Argument(help=_("账号名。"))]
Roles = Annotated[list[Role], typer.Option("--role", help=_("角色,可重复。"))]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help=_("管辖范围:office、area:编码、grid:编码,可重复。"))]
Until = Annotated[str | None, typer.Option(help=_("角色和范围的最后一天,年-月-日。"))]


@app.command("list")
def listing(words: Annotated[str, typer.Argument(help=_("按账号名或称呼筛选。"))] = "") -> None:
    """列出账号、角色和管辖范围。."""
    ensure_database()
    with session(whoever()) as conn:
        found = accounts.listing(conn, words)
    for account in found:
        marks = [_("已停用")] if not account.active else []
        marks += [_("示例")] if account.demo else []
        parts = [account.name, account.display, "、".join(account.roles), "、".join(account.scopes)]
        parts += ["、".join(account.units), " ".join(marks)]
        print("\t".join(parts).rstrip())
    print(_("共 {count} 个账号。").format(count=len(found)))


@app.command()
def add(
    name: Name,
    role: Roles,
    scope: Scopes = None,
    display: Annotated[str, typer.Option(help=_("称呼。"))] = "",
    until: Until = None,
) -> None:
    """新建账号;初始密码随机生成,只显示这一次。."""
    ensure_database()
    password = passwords.random()
    with session(whoever()) as conn:
        account = accounts.add(conn, name.lower(), display=display, roles=role, scopes=scope or [], valid_to=day(until))
        accounts.set_password(conn, account.name, password, must_change=True)
    print(_("账号 {name} 已建立。初始密码(只显示这一次):{password}").format(name=account.name, password=password))


@app.command("import")
def import_file(
    file: Annotated[str, typer.Argument(help=_("CSV 或 Excel:账号、姓名、角色、范围、有效期至。"))],
    passwords_file: Annotated[
        Path | None, typer.Option("--passwords", help=_("把初始密码写入这个文件(仅本人可读)。"))
    ] = None,
    encoding: Annotated[str | None, typer.Option(help=_("文字编码。"))] = None,
) -> None:
    """从文件导入账号:全部成功,或一个都不建。."""
    ensure_database()
    entries = roster.read(file, encoding)
    with session(whoever()) as conn:
        made = roster.load(conn, entries)
        roster.set_passwords(conn, made)
        lines = "".join(f"{name}\t{password}\n" for name, password in made.passwords.items())
        if passwords_file is not None:
            _write_secret(passwords_file, lines)
    if passwords_file is None:
        print(lines, end="")
    print(_("已建立 {count} 个账号;初始密码只出现这一次,首次登录须修改。").format(count=len(made.passwords)))


@app.command()
def role(name: Name, role: Roles, until: Until = None) -> None:
    """更换账号的角色。."""
    ensure_database()
    with session(whoever()) as conn:
        accounts.set_roles(conn, name, role, valid_to=day(until))
    print(_("账号 {name} 的角色已更换。").format(name=name))


@app.command()
def scope(name: Name, scope: Scopes = None, until: Until = None) -> None:
    """更换账号的管辖范围;不写 --scope 则什么都看不到。."""
    ensure_database()
    with session(whoever()) as conn:
        accounts.set_scopes(conn, name, scope or [], valid_to=day(until))
    print(_("账号 {name} 的管辖范围已更换。").format(name=name))


@app.command()
def units(
    name: Name,
    unit: Annotated[list[str] | None, typer.Argument(help=_("权责清单上的单位名称,可多个;不写则清空。"))] = None,
) -> None:
    """设定账号所属的承办单位:部门账号只看得到这些单位牵头或配合的案件。."""
    ensure_database()
    with session(whoever()) as conn:
        kept = accounts.set_units(conn, name, unit or [])
    print(_("账号 {name} 的承办单位:{units}。").format(name=name, units="、".join(kept) or _("无")))


@app.command()
def person(
    name: Name,
    code: Annotated[str | None, typer.Argument(help=_("人员工号;不写则解除对应。"))] = None,
) -> None:
    """把账号对应到人员:此人登录后走访、轨迹记在自己名下,单个网格的网格员看得到自己的岗位。."""
    ensure_database()
    if code is None:
        people.unlink(whoever(), name.lower())
        print(_("账号 {name} 不再对应任何人员。").format(name=name.lower()))
        return
    people.link(whoever(), code, name.lower())
    print(_("账号 {name} 已对应到工号 {code}。").format(name=name.lower(), code=code))


@app.command()
def password(name: Name) -> None:
    """重置密码;新密码随机生成,只显示这一次,该账号的会话全部结束。."""
    ensure_database()
    new = sessions.reset_password(whoever(), name)
    print(_("账号 {name} 的新密码(只显示这一次):{password}").format(name=name, password=new))


@app.command()
def disable(name: Name) -> None:
    """停用账号;它的会话和令牌立即失效。."""
    _switch(name, active=False)
    print(_("账号 {name} 已停用。").format(name=name))


@app.command()
def enable(name: Name) -> None:
    """重新启用账号。."""
    _switch(name, active=True)
    print(_("账号 {name} 已启用。").format(name=name))


@app.command("remove-demo")
def remove_demo() -> None:
    """删除全部示例账号;要让其他机器访问,先做这一步。."""
    ensure_database()
    with session(whoever()) as conn:
        gone = first.remove_demo(conn)
    print(_("已删除 {count} 个示例账号。").format(count=len(gone)))


def _switch(name: str, *, active: bool) -> None:
    ensure_database()
    with session(whoever()) as conn:
        accounts.set_active(conn, name, active=active)


def _write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, before anybody could have opened it."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            detail=_("不能写入 {path}:{reason}").format(path=path, reason=error.strerror or error)
        ) from error
