"""Verbs ``backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads it when the command is called
from typing import Annotated

import typer

from gis.access import backup as keeping
from gis.access import restore as returning
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.db import cluster
from gis.i18n import translate as _
from gis.settings import DatabaseSettings


def backup(
    file: Annotated[
        Path | None, typer.Argument(help=_("写到哪个文件;不写则在备份文件夹里起一个带时间的名字。"))
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help=_("写完后恢复到临时数据库,逐表比对行数和哈希。"))
    ] = True,
) -> None:
    """备份整个数据库(账号和审计在内),旁边附一份清单。."""
    ensure_database()
    made = keeping.make(whoever(), file, checked=check)
    rows = sum(count for count, _digest in made.manifest.tables.values())
    size = made.manifest.bytes / 2**20
    print(_("已备份到 {path}({size:.1f} MB,{rows} 行)。").format(path=made.path, size=size, rows=rows))
    if made.unchecked:
        print(made.unchecked)
    else:
        print(_("已恢复到临时数据库并逐表比对,完全一致。"))
    print(_("备份含个人信息和口令的哈希,请妥善保管;清单 {name} 须与它放在一起。").format(name=f"{made.path.name}.json"))


def restore(
    file: Annotated[Path, typer.Argument(help=_("备份文件;清单须在旁边。"))],
    check: Annotated[bool, typer.Option("--check", help=_("只恢复到临时数据库比对,不动现有数据。"))] = False,
    yes: Annotated[bool, typer.Option("--yes", help=_("确认替换现有的全部数据。"))] = False,
) -> None:
    """用备份恢复整个数据库:要么全部完成,要么保持原样。."""
    file = file.absolute()
    if DatabaseSettings().database_url is None:
        cluster.start(cluster.Cluster.default())
    if check:
        manifest = keeping.read(file)
        with keeping.alone():
            reason = keeping.check(file, manifest)
        print(reason or _("备份 {path} 完好:恢复后逐表比对,完全一致。").format(path=file))
        if reason:
            raise typer.Exit(2)
        return
    done = returning.restore(whoever(), file, replace=yes)
    print(_("已从 {path} 恢复({at} 的备份)。").format(path=file, at=done.manifest.made_at))
    if done.steps:
        print(_("已执行迁移:{names}").format(names=", ".join(done.steps)))
    if done.verdict.holds:
        print(_("审计链完好,最新哈希值(请抄到别处):{hash}").format(hash=done.verdict.hash))
    else:
        print(_("注意:备份里的审计链不完好;请运行 script/gis audit verify。"))
    print(_("所有会话已结束,请重新登录;备份之后撤销的账号和令牌请再检查一遍。"))
