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
import socket
import stat
import subprocess
import tempfile
import time
from contextlib import contextmanager
from contextlib import suppress
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
PORT = 5432
"""Only a part of the socket's name: the server listens on no network."""
WAIT_FOR_ORPHANS_S = 30
"""Seconds the processes of a killed server get to notice and go."""
SERVER_USER = "postgres"
NO_ROOM = "No space left on device"

CONFIGURATION = """\
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
wal_level = replica
max_wal_senders = 0
checkpoint_timeout = 15min
random_page_cost = 1.1
effective_cache_size = 4GB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""
"""Settings of the embedded server. ``wal_level`` is not ``minimal``: there a sequence made and used in one
transaction forgets up to 32 numbers it gave out when the server crashes before its next checkpoint (PostgreSQL 15).
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
        if len(os.fsencode(here / f".s.PGSQL.{PORT}.lock")) < LONGEST_SOCKET_PATH:
            return here
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        # Not the temporary folder of the environment: every process has to find the same one.
        return Path("/tmp") / f"gridatlas-{digest}"  # noqa: S108 - made and checked by _private_folder


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
    """Whether the server of this cluster answers on its socket.

    Raises
    ------
    RightMissing
        The cluster belongs to somebody else.
    """
    try:
        if not (cluster.data / "postmaster.pid").exists():
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            client.connect(str(cluster.socket / f".s.PGSQL.{PORT}"))
    except PermissionError as error:
        raise RightMissing(
            detail=_("内置数据库 {folder} 属于别的用户").format(folder=cluster.home),
            remedy=_("请换成建立它的用户(或 root)运行,或把 GRIDATLAS_HOME 设为自己的文件夹。"),
        ) from error
    except OSError:
        return False
    return True


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
        _wait_for_orphans(cluster)
        done = _as_server(
            "pg_ctl", "start", "-w", "-t", "120", "-D", str(cluster.data), "-l", str(cluster.log),
            "-o", f"-k {cluster.socket} -p {PORT}",
        )  # fmt: skip
        if done.returncode != 0:
            tail = _tail(cluster.log)
            if NO_ROOM in tail:
                raise DiskFull(detail=_("数据库没有空间启动({folder})").format(folder=cluster.home))
            raise DatabaseUnavailable(detail=_("数据库启动失败,日志末尾:{tail}").format(tail=tail))
        return True


def stop(cluster: Cluster) -> bool:
    """Stop the server, letting running statements roll back; say whether it was running.

    Raises
    ------
    DatabaseUnavailable
        It did not stop within two minutes.
    """
    with _lock(cluster):
        if not is_running(cluster):
            return False
        done = _as_server("pg_ctl", "stop", "-w", "-t", "120", "-m", "fast", "-D", str(cluster.data))
        if done.returncode != 0:
            raise DatabaseUnavailable(detail=_("数据库没有停下来,日志末尾:{tail}").format(tail=_tail(cluster.log)))
        return True


def destroy(cluster: Cluster) -> None:
    """Stop the server and delete all it holds."""
    stop(cluster)
    shutil.rmtree(cluster.home / "postgres", ignore_errors=True)
    if not cluster.socket.is_relative_to(cluster.home):
        shutil.rmtree(cluster.socket, ignore_errors=True)


def _server_user() -> str | None:
    """Name of the user the server must run as; None when it is the one we are."""
    return SERVER_USER if os.geteuid() == 0 else None


def _as_server(program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [str(binaries() / program), *arguments]
    user = _server_user()
    if user:
        command = ["runuser", "-u", user, "--", *command]
    # Its output goes to a file: the server inherits the handles, and a pipe would never close.
    with tempfile.TemporaryFile() as out:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/", start_new_session=True,
            env={**_clean_environment(), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )  # fmt: skip
        out.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, out.read(), b"")


def _clean_environment() -> dict[str, str]:
    """Leave out what the environment says to PostgreSQL (PGPORT, PGDATA …): the folders decide."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _create(cluster: Cluster) -> None:
    """Make the data folder under another name and rename it: an interrupted one is made anew."""
    fresh = cluster.data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    done = _as_server(
        "initdb", "-D", str(fresh), "-U", SERVER_USER, "-E", "UTF8", "--locale=C.UTF-8",
        "--auth-local=trust", "--auth-host=reject",
    )  # fmt: skip
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        said = done.stdout.decode(errors="replace").strip()
        if NO_ROOM in said:
            raise DiskFull(detail=_("没有空间建立数据库({folder})").format(folder=cluster.home))
        raise DatabaseUnavailable(detail=_("建立数据库失败:{said}").format(said=said[-400:]))
    with (fresh / "postgresql.conf").open("a") as settings:
        settings.write(CONFIGURATION)
    fresh.rename(cluster.data)


def _wait_for_orphans(cluster: Cluster) -> None:
    """Let the processes of a killed server go, and take away lock files that point at no server.

    A server killed outright leaves ``postmaster.pid`` and the lock of its socket behind.
    PostgreSQL replaces them by itself unless their number belongs to a process still: to a
    stranger (common after a restart of a container), or to the dead server itself where
    nobody collects it. Then, and only when no process works in the data folder any more,
    the files are ours to remove.
    """
    deadline = time.monotonic() + WAIT_FOR_ORPHANS_S
    while (left := _processes_in(cluster.data)) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left:
        return
    for lock in (cluster.data / "postmaster.pid", cluster.socket / f".s.PGSQL.{PORT}.lock"):
        with suppress(FileNotFoundError):
            number = lock.read_text().split("\n", 1)[0].strip()
            if number.isdigit() and Path(f"/proc/{number}").exists():
                lock.unlink()


def _processes_in(folder: Path) -> list[int]:
    """Numbers of the processes whose working folder this is: those of its server."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder.resolve():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _make_folders(cluster: Cluster) -> None:
    user = _server_user()
    for folder in (cluster.home, cluster.home / "postgres", cluster.socket):
        try:
            if folder.is_relative_to(cluster.home):
                folder.mkdir(parents=True, exist_ok=True)
            else:
                _private_folder(folder)
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


def _private_folder(folder: Path) -> None:
    """Make a folder where everybody may write; refuse one that somebody else put there."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        ours = {os.geteuid()}
        if _server_user():
            ours.add(pwd.getpwnam(SERVER_USER).pw_uid)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
            raise RightMissing(
                detail=_("文件夹 {folder} 被别的用户占用").format(folder=folder),
                remedy=_("请删除它,或把 GRIDATLAS_HOME 设为较短的路径。"),
            ) from None


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
