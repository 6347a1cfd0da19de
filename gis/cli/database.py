"""Verbs ``db start|stop|status|migrate|reset``."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from gis.access import audit
from gis.access import restore
from gis.db import cluster
from gis.db import migrations
from gis.db.connection import session
from gis.errors import BadInput
from gis.i18n import translate as _
from gis.records import networks
from gis.settings import DatabaseSettings
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind

ACTOR = Actor("job:migrate", ActorKind.JOB, "cli")
"""Whoever may run commands on the machine; the system's user name stands in the row."""

app = typer.Typer(no_args_is_help=True, help=_("数据库:启动、停止、状态、迁移、清空。"))


@app.command()
def start() -> None:
    """启动内置数据库(首次会新建)。."""
    if DatabaseSettings().database_url:
        print(_("使用 GRIDATLAS_DATABASE_URL 指定的数据库,无需启动。"))
        return
    print(_("数据库已启动。") if cluster.start(cluster.Cluster.default()) else _("数据库本来就在运行。"))


@app.command()
def stop() -> None:
    """停止内置数据库。."""
    print(_("数据库已停止。") if cluster.stop(cluster.Cluster.default()) else _("数据库没有在运行。"))


@app.command()
def status() -> None:
    """显示数据库是否运行、有哪些迁移未执行。."""
    if not DatabaseSettings().database_url and not cluster.is_running(cluster.Cluster.default()):
        print(_("数据库没有在运行。"))
        raise typer.Exit(2)
    pending = migrations.pending()
    print(_("数据库在运行。"))
    print(_("待执行的迁移:{names}").format(names=", ".join(pending)) if pending else _("没有待执行的迁移。"))


@app.command()
def migrate(to: Annotated[str | None, typer.Option(help=_("迁移到哪一步;0 表示全部撤回。"))] = None) -> None:
    """把表结构迁移到最新(或指定的一步)。."""
    steps = migrations.migrate(to)
    if to is None:
        with session(ACTOR) as conn:
            networks.ensure_defaults(conn)
    print(_("已执行:{names}").format(names=", ".join(steps)) if steps else _("表结构已是最新。"))


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help=_("确认清空全部数据。"))] = False) -> None:
    """清空 schema atlas 并重新建立。."""
    if not yes:
        raise BadInput(detail=_("清空会删除全部数据,需要加 --yes 确认"))
    before = restore.standing()
    migrations.migrate("0")
    migrations.migrate()
    with session(ACTOR) as conn:
        networks.ensure_defaults(conn)
        audit.note(conn, "reset", "migration", getpass.getuser(), before=before)
    print(_("已清空并重新建立。"))
