"""Verb ``doctor``: what the house needs, whether it is there, and what to do where it is not.

Each check looks at one thing, changes nothing and needs no other check to have passed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any

import psycopg
import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from gis import settings as house
from gis.access import accounts
from gis.access import audit
from gis.access import backup
from gis.access import first
from gis.access.errors import DemoElsewhere
from gis.cli import serving
from gis.cli import usage
from gis.db import cluster
from gis.db import migrations
from gis.db.connection import APP
from gis.db.connection import OWNER
from gis.db.connection import READ
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import GridAtlasError
from gis.i18n import translate as _
from gis.vocabulary import Actor
from gis.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

LEAST_PYTHON = (3, 11)
LEAST_FREE_MB = 1024
FIRST_GOOD_YEAR = 2026
BACKUP_DAYS = 2
LAST_LINKS = 1000
LEAKPROOF = "ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;"


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found.

    Attributes
    ----------
    check : str
        Stable English key.
    state : str
        ``ok``, ``advice`` (works, could be better) or ``bad`` (must be put right).
    message : str
        What was found, in the reader's language.
    remedy : str
        What to do; empty where all is well.
    """

    check: str
    state: str
    message: str
    remedy: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help=_("以 JSON 输出到标准输出。"))] = False,
) -> None:
    """检查运行环境,逐项说明缺什么、怎么办;有必须处理的问题时退出状态为 2。."""
    results = list(examine())
    if as_json:
        print(json.dumps([asdict(result) for result in results], ensure_ascii=False, indent=2))
    else:
        for result in results:
            sign = {"ok": "✓", "advice": "!", "bad": "✗"}[result.state]
            print(f"{sign} {result.message}")
            if result.remedy:
                print(f"    {result.remedy}")
    if any(result.state == "bad" for result in results):
        raise typer.Exit(2)


def examine() -> Iterator[Result]:
    """Run every check in turn; a check that fails in an unforeseen way is itself a result."""
    wrong = list(_settings())
    yield from wrong or [Result("settings", "ok", _("各项设置有效。"))]
    if wrong:
        return
    checks: list[Callable[[], Iterator[Result]]] = [
        _python, _home, _database, _access, _assets, _port, _basemap, _fonts, _clock,
    ]  # fmt: skip
    for check in checks:
        name = check.__name__.strip("_")
        try:
            yield from check()
        except GridAtlasError as error:
            yield Result(name, "bad", error.message, error.remedy)
        except (OSError, psycopg.Error, subprocess.SubprocessError) as error:
            explained = usage.explain_rest(error)
            yield Result(name, "bad", explained.message, explained.remedy)


def _settings() -> Iterator[Result]:
    for kind in BaseSettings.__subclasses__():
        if kind.__module__ != house.__name__:
            continue
        try:
            kind()
        except ValidationError as error:
            explained = usage.explain_settings(error, house.prefixes())
            yield Result("settings", "bad", explained.message, explained.remedy)


def _python() -> Iterator[Result]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info >= LEAST_PYTHON:
        yield Result("python", "ok", f"Python {version}")
    else:
        yield Result(
            "python", "bad", f"Python {version}", _("需要 3.11 以上;请安装后删掉 .venv,再运行 script/server。")
        )


def _home() -> Iterator[Result]:
    home = house.HomeSettings().home.resolve()
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(nearest, os.W_OK | os.X_OK) or not nearest.is_dir():
        yield Result(
            "home",
            "bad",
            _("数据文件夹 {folder} 不可写。").format(folder=home),
            _("请把 GRIDATLAS_HOME 设为可写的文件夹。"),
        )
        return
    if os.geteuid() == 0 and not house.DatabaseSettings().database_url and not _reachable(nearest):
        yield Result(
            "home",
            "bad",
            _("系统用户 {user} 进不了 {folder}。").format(user=cluster.SERVER_USER, folder=nearest),
            _("请把 GRIDATLAS_HOME 设到所有人都能进入的位置,例如 /var/lib/gridatlas。"),
        )
    else:
        yield Result("home", "ok", _("数据文件夹 {folder} 可写。").format(folder=home))
    free = shutil.disk_usage(nearest).free // 2**20
    message = _("数据文件夹所在磁盘剩余 {free} MB。").format(free=free)
    if free < cluster.MINIMUM_FREE_MB:
        yield Result(
            "disk", "bad", message, _("至少需要 {least} MB;请清出空间。").format(least=cluster.MINIMUM_FREE_MB)
        )
    elif free < LEAST_FREE_MB:
        yield Result("disk", "advice", message, _("空间偏少,大文件可能导不进来。"))
    else:
        yield Result("disk", "ok", message)


def _reachable(folder: Path) -> bool:
    """Whether the system user of the database can enter a folder."""
    command = ["runuser", "-u", cluster.SERVER_USER, "--", "test", "-x", str(folder)]
    return subprocess.run(command, check=False, cwd="/", capture_output=True).returncode == 0


def _database() -> Iterator[Result]:
    own = house.DatabaseSettings().database_url is None
    if own:
        folder = cluster.binaries()
        version = subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
        yield Result("postgresql", "ok", _("内置数据库程序:{version}").format(version=version.strip()))
        here = cluster.Cluster.default()
        yield Result("socket", "ok", _("数据库套接字在 {folder}。").format(folder=here.socket))
        if not cluster.is_running(here):
            yield Result(
                "database",
                "advice",
                _("内置数据库没有在运行。"),
                _("script/server 会启动它;单独启动用 script/gis db start。"),
            )
            return
    with psycopg.connect(conninfo(None)) as conn:
        number = conn.info.server_version
        if number < migrations.MINIMUM_SERVER:
            yield Result("postgresql", "bad", f"PostgreSQL {number // 10000}", _("需要 PostgreSQL 15 以上。"))
        else:
            yield Result("postgresql", "ok", _("数据库在运行:PostgreSQL {version}。").format(version=_dotted(number)))
        yield from _extension(conn)
        yield from _roles(conn)
        yield from _leakproof(conn)
    waiting = migrations.pending()
    if waiting:
        yield Result(
            "migrations",
            "bad",
            _("有未执行的迁移:{names}").format(names=", ".join(waiting)),
            _("请运行 script/gis db migrate(script/server 启动时会自动执行)。"),
        )
    else:
        yield Result("migrations", "ok", _("表结构已是最新。"))


def _access() -> Iterator[Result]:
    """Accounts, backups and audit of an office that is there."""
    own = house.DatabaseSettings().database_url is None
    if (own and not cluster.is_running(cluster.Cluster.default())) or migrations.pending():
        return  # said already
    with session(Actor.job("doctor")) as conn:
        yield from _accounts(conn)
        yield from _demo_accounts(conn)
        yield from _last_backup(conn)
        verdict = audit.verify(conn, last=LAST_LINKS)
    if verdict.holds:
        yield Result("audit", "ok", _("审计链最近 {rows} 行完好。").format(rows=verdict.rows))
    else:
        yield Result(
            "audit",
            "bad",
            _("审计链不完好:第 {seq} 行。").format(seq=verdict.faults[0][0]),
            _("请运行 script/gis audit verify 看全部,保留现场并通知审计员。"),
        )


def _accounts(conn: psycopg.Connection[Any]) -> Iterator[Result]:
    known = [account for account in accounts.listing(conn) if account.active]
    admins = [account.name for account in known if Role.ADMIN in account.roles and not account.demo]
    if admins:
        yield Result("accounts", "ok", _("可用账号 {count} 个,系统管理员:{names}。").format(
            count=len(known), names="、".join(admins)))  # fmt: skip
    else:
        yield Result(
            "accounts",
            "advice",
            _("还没有系统管理员账号。"),
            _("script/server 启动时会建立;也可运行 script/gis user add admin --role admin。"),
        )


def _demo_accounts(conn: psycopg.Connection[Any]) -> Iterator[Result]:
    if not first.has_demo(conn):
        yield Result("demo", "ok", _("没有示例账号。"))
        return
    try:
        first.refuse_demo(conn, house.ServerSettings().address)
    except DemoElsewhere as error:
        yield Result("demo", "bad", error.message, error.remedy)
    else:
        yield Result(
            "demo",
            "advice",
            _("有示例账号,只能在本机使用。"),
            _("正式使用前请运行 script/gis user remove-demo。"),
        )


def _last_backup(conn: psycopg.Connection[Any]) -> Iterator[Result]:
    last = backup.last_good(conn)
    if last is None:
        message = _("还没有备份。")
    else:
        message = _("最近一次备份:{at}。").format(at=f"{last.astimezone():%Y-%m-%d %H:%M}")
        if datetime.now(tz=UTC) - last < timedelta(days=BACKUP_DAYS):
            yield Result("backup", "ok", message)
            return
    yield Result(
        "backup",
        "advice",
        message,
        _("请运行 script/gis backup,或设 GRIDATLAS_BACKUP_AT 每天自动备份。"),
    )


def _dotted(number: int) -> str:
    return f"{number // 10000}.{number % 10000}"


def _extension(conn: psycopg.Connection[tuple[str]]) -> Iterator[Result]:
    found = conn.execute("SELECT extversion FROM pg_extension WHERE extname = 'postgis'").fetchone()
    if found is None:
        yield Result("postgis", "bad", _("数据库里没有 PostGIS。"), _("请数据库管理员执行:CREATE EXTENSION postgis;"))
    elif tuple(int(part) for part in re.findall(r"\d+", found[0])[:2]) < migrations.MINIMUM_POSTGIS:
        yield Result("postgis", "bad", f"PostGIS {found[0]}", _("需要 PostGIS 3.3 以上。"))
    else:
        yield Result("postgis", "ok", f"PostGIS {found[0]}")


def _roles(conn: psycopg.Connection[tuple[str]]) -> Iterator[Result]:
    query = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND pg_has_role(current_user, oid, 'MEMBER')"
    there = {str(row[0]) for row in conn.execute(query, ([OWNER, APP, READ],))}
    missing = [role for role in (OWNER, APP, READ) if role not in there]
    if missing:
        line = " ".join(f"CREATE ROLE {role}; GRANT {role} TO {conn.info.user};" for role in missing)
        yield Result(
            "roles",
            "bad",
            _("数据库角色没有就绪:{names}").format(names=", ".join(missing)),
            _("请运行 script/gis db migrate;权限不够时请数据库管理员执行:{line}").format(line=line),
        )
    else:
        yield Result("roles", "ok", _("三个数据库角色齐备。"))


def _leakproof(conn: psycopg.Connection[tuple[bool]]) -> Iterator[Result]:
    query = (
        "SELECT bool_and(proleakproof) FROM pg_proc WHERE oid = to_regprocedure('geometry_overlaps(geometry,geometry)')"
    )
    found = conn.execute(query).fetchone()
    if found is not None and found[0]:
        yield Result("leakproof", "ok", _("行级权限下仍能使用空间索引。"))
    else:
        yield Result(
            "leakproof",
            "advice",
            _("行级权限会使空间索引失效,地图会变慢。"),
            _("请数据库管理员(超级用户)执行一次:{line}").format(line=LEAKPROOF),
        )


def _assets() -> Iterator[Result]:
    manifest = house.CHECKOUT / "package.json"
    names = json.loads(manifest.read_text(encoding="utf-8")).get("dependencies", {}) if manifest.exists() else {}
    missing = [name for name in names if not (house.CHECKOUT / "node_modules" / name).is_dir()]
    if missing:
        yield Result(
            "assets",
            "bad",
            _("缺少浏览器端的资源:{names}").format(names=", ".join(missing)),
            _("请运行 script/server,或在项目文件夹里运行 npm ci --ignore-scripts。"),
        )
    else:
        yield Result("assets", "ok", _("浏览器端的资源齐备。"))


def _port() -> Iterator[Result]:
    settings = house.ServerSettings()
    running = serving.running(serving.Place(house.HomeSettings().home.resolve()))
    if running:
        yield Result("port", "ok", _("GridAtlas 正在运行(进程号 {pid})。").format(pid=running))
        return
    serving.check_port(settings)
    yield Result("port", "ok", _("端口 {port} 可用。").format(port=settings.port))


def _basemap() -> Iterator[Result]:
    if house.BasemapSettings().url:
        yield Result("basemap", "ok", _("已配置底图服务。"))
    else:
        yield Result(
            "basemap",
            "ok",
            _("没有配置底图服务,底图由导入的道路、水系和绿地绘制(GRIDATLAS_BASEMAP_URL 可指定一个)。"),
        )


def _fonts() -> Iterator[Result]:
    """Only a browser on this machine needs the font: for screenshots and tests."""
    program = shutil.which("fc-list")
    found = (
        program and subprocess.run([program, ":lang=zh"], check=False, capture_output=True, text=True).stdout.strip()
    )
    if found:
        yield Result("fonts", "ok", _("本机有中文字体。"))
    else:
        yield Result(
            "fonts",
            "advice",
            _("本机没有中文字体;只影响在本机打开的浏览器和截图。"),
            _("Debian 上可安装 fonts-noto-cjk。"),
        )


def _clock() -> Iterator[Result]:
    now = datetime.now(tz=UTC)
    newest = max((path.stat().st_mtime for path in (house.CHECKOUT / "data" / "migrations").glob("*.sql")), default=0.0)
    if now.year < FIRST_GOOD_YEAR or now.timestamp() + 86400 < newest:
        yield Result(
            "clock",
            "bad",
            _("系统时钟不对:{now}。").format(now=f"{now:%Y-%m-%d %H:%M} UTC"),
            _("请校准时钟;时限和记录时间都依赖它。"),
        )
    else:
        yield Result("clock", "ok", _("系统时钟:{now}。").format(now=f"{now:%Y-%m-%d %H:%M} UTC"))
