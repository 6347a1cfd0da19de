"""The embedded PostgreSQL: made, started, stopped and looked at here, and nowhere else.

The server listens on a Unix socket only, which its owner and root alone can reach, so it
needs no password. ``initdb`` refuses root: run by root, the server belongs to the system
user ``postgres``. What the database holds is the business of :mod:`gis.db.migrations`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gis.errors import DatabaseTooOld
from gis.errors import DatabaseUnavailable
from gis.errors import DiskFull
from gis.errors import ProgramMissing
from gis.errors import RightMissing
from gis.i18n import translate as _
from gis.settings import HomeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

MINIMUM_POSTGRESQL = 15
MINIMUM_FREE_MB = 300
LONGEST_SOCKET_PATH = 107
SERVER_USER = "postgres"

CONFIGURATION = """\
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
effective_cache_size = 4GB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Folders of one embedded server."""

    home: Path

    @classmethod
    def default(cls) -> Cluster:
        """Give the cluster of ``GRIDATLAS_HOME``."""
        return cls(HomeSettings().home.resolve())

    @property
    def data(self) -> Path:
        """Folder of the data files."""
        return self.home / "postgres" / "data"

    @property
    def log(self) -> Path:
        """Server log."""
        return self.home / "postgres" / "server.log"

    @property
    def socket(self) -> Path:
        """Folder of the socket: below home, or a short one where that path is too long."""
        here = self.home / "postgres" / "run"
        if len(str(here / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET_PATH:
            return here
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"gridatlas-{digest}"


def binaries() -> Path:
    """Find the folder of the newest installed PostgreSQL that has PostGIS.

    Raises
    ------
    ProgramMissing
        No PostgreSQL server is installed.
    DatabaseTooOld
        None of those installed is new enough and has PostGIS.
    """
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    if not found:
        raise ProgramMissing(
            program="PostgreSQL",
            remedy=_("请运行 apt-get install postgresql-15-postgis-3,或再次以 root 运行 script/server。"),
        )
    usable = []
    for folder in found:
        version = subprocess.run(
            [folder / "pg_config", "--version"], check=False, capture_output=True, text=True
        ).stdout
        share = Path("/usr/share/postgresql") / folder.parent.name / "extension" / "postgis.control"
        if not version and folder.parent.name.isdigit():
            version = f"PostgreSQL {folder.parent.name}"
        digits = version.split()[1].split(".")[0] if version else "0"
        number = int("".join(c for c in digits if c.isdigit()) or 0)
        if number >= MINIMUM_POSTGRESQL and (share.exists() or not folder.is_relative_to("/usr/lib/postgresql")):
            usable.append((number, folder))
    if not usable:
        raise DatabaseTooOld(detail=_("已安装的 PostgreSQL 版本过低,或没有 PostGIS"))
    return max(usable)[1]


def is_running(cluster: Cluster) -> bool:
    """Whether the server of this cluster answers."""
    if not (cluster.data / "postmaster.pid").exists():
        return False
    return _as_server(cluster, "pg_ctl", "status", "-D", str(cluster.data)).returncode == 0


def start(cluster: Cluster) -> bool:
    """Create the cluster where it is missing and start it; say whether it had to be started.

    Raises
    ------
    DiskFull, RightMissing, ProgramMissing, DatabaseTooOld, DatabaseUnavailable
        What stands in the way, with a remedy.
    """
    with _lock(cluster):
        if is_running(cluster):
            return False
        free = shutil.disk_usage(cluster.home).free // 2**20
        if free < MINIMUM_FREE_MB:
            raise DiskFull(detail=_("{folder} 只剩 {free} MB").format(folder=cluster.home, free=free))
        _make_folders(cluster)
        if not (cluster.data / "PG_VERSION").exists():
            _create(cluster)
        done = _as_server(
            cluster, "pg_ctl", "start", "-w", "-t", "120", "-D", str(cluster.data), "-l", str(cluster.log),
            "-o", f"-k {cluster.socket}",
        )  # fmt: skip
        if done.returncode != 0:
            raise DatabaseUnavailable(detail=_("数据库启动失败,日志末尾:{tail}").format(tail=_tail(cluster.log)))
        return True


def stop(cluster: Cluster) -> bool:
    """Stop the server, letting running statements roll back; say whether it was running."""
    with _lock(cluster):
        if not is_running(cluster):
            return False
        _as_server(cluster, "pg_ctl", "stop", "-w", "-m", "fast", "-D", str(cluster.data))
        return True


def destroy(cluster: Cluster) -> None:
    """Stop the server and delete all it holds."""
    stop(cluster)
    shutil.rmtree(cluster.home / "postgres", ignore_errors=True)


def _server_user() -> str | None:
    """Name of the user the server must run as; None when it is the one we are."""
    return SERVER_USER if os.geteuid() == 0 else None


def _as_server(cluster: Cluster, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [str(binaries() / program), *arguments]
    user = _server_user()
    if user:
        command = ["runuser", "-u", user, "--", *command]
    # Its output goes to a file: the server inherits the handles, and a pipe would never close.
    with tempfile.TemporaryFile() as out:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/", start_new_session=True,
            env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )  # fmt: skip
        out.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, out.read(), b"")


def _create(cluster: Cluster) -> None:
    done = _as_server(
        cluster, "initdb", "-D", str(cluster.data), "-U", SERVER_USER, "-E", "UTF8", "--locale=C.UTF-8",
        "--auth-local=trust", "--auth-host=reject",
    )  # fmt: skip
    if done.returncode != 0:
        shutil.rmtree(cluster.data, ignore_errors=True)
        raise DatabaseUnavailable(detail=done.stdout.decode(errors="replace").strip()[-400:])
    with (cluster.data / "postgresql.conf").open("a") as settings:
        settings.write(CONFIGURATION)


def _make_folders(cluster: Cluster) -> None:
    user = _server_user()
    for folder in (cluster.home, cluster.home / "postgres", cluster.socket):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RightMissing(
                detail=_("不能建立文件夹 {folder}").format(folder=folder),
                remedy=_("请把 GRIDATLAS_HOME 设为可写的文件夹。"),
            ) from error
    if user:
        try:
            record = pwd.getpwnam(user)
        except KeyError as error:
            raise ProgramMissing(program="PostgreSQL", remedy=_("请安装 postgresql-15-postgis-3。")) from error
        for folder in (cluster.home / "postgres", cluster.socket):
            os.chown(folder, record.pw_uid, record.pw_gid)
        reachable = subprocess.run(
            ["runuser", "-u", user, "--", "test", "-w", cluster.home / "postgres"], check=False, cwd="/"
        )
        if reachable.returncode != 0:
            raise RightMissing(
                detail=_("系统用户 {user} 进不了 {folder}").format(user=user, folder=cluster.home),
                remedy=_("请把 GRIDATLAS_HOME 设到所有人都能进入的位置,例如 /var/lib/gridatlas。"),
            )
    cluster.socket.chmod(0o700)


@contextmanager
def _lock(cluster: Cluster) -> Iterator[None]:
    """Let one process at a time start or stop the server."""
    try:
        cluster.home.mkdir(parents=True, exist_ok=True)
        handle = (cluster.home / "cluster.lock").open("w")
    except OSError as error:
        raise RightMissing(
            detail=_("不能写入 {folder}").format(folder=cluster.home),
            remedy=_("请把 GRIDATLAS_HOME 设为可写的文件夹。"),
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _tail(path: Path, lines: int = 5) -> str:
    try:
        return " / ".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "-"
