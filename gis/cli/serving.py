"""Verb ``serve``: database, schema, demo street, pages and worker, started and stopped as one.

``script/server`` ends here after its set-up. This process owns the embedded database for
as long as it runs and stops it on the way out; the pages and the worker (``gis.jobs``) run in
children that die with it.
Where the pages are made is the business of ``app.py``.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Self
from typing import TextIO

import psycopg

from gis.cli import opening
from gis.db import cluster
from gis.db import migrations
from gis.db.connection import OWNER
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.errors import FileMissing
from gis.errors import GridAtlasError
from gis.errors import PortBusy
from gis.errors import RightMissing
from gis.i18n import translate as _
from gis.settings import CHECKOUT
from gis.settings import DatabaseSettings
from gis.settings import HomeSettings
from gis.settings import IntakeSettings
from gis.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

APP = CHECKOUT / "app.py"
START_WAIT_S = 90.0
STOP_WAIT_S = 10.0
WATCH_EVERY_S = 1.0
WORKER_AGAIN_S = 5.0
MOST_DEATHS = 5
DEATHS_WITHIN_S = 120.0
LARGEST_LOG = 10 * 2**20
PR_SET_PDEATHSIG = 1


class ServerRunning(GridAtlasError):
    """Another server works on the same home folder."""

    template = "这个数据文件夹({home})已有一个 GridAtlas 在运行,进程号 {pid}。"
    cure = "请先停掉它(在它的窗口按 Ctrl-C,或 kill {pid}),或用 GRIDATLAS_HOME 换一个文件夹。"


class PagesFailed(GridAtlasError):
    """The process that serves the pages ended, or never answered."""

    template = "页面服务没有起来:{detail}。"
    cure = "日志在 {log};请运行 script/gis doctor 查看缺什么。"


@dataclass(frozen=True, slots=True)
class Place:
    """Files that a running server keeps below its home."""

    home: Path

    @property
    def lock(self) -> Path:
        """Held for as long as a server runs; says which process."""
        return self.home / "server.lock"

    @property
    def pages(self) -> Path:
        """Process number of the child that serves the pages."""
        return self.home / "pages.pid"

    @property
    def log(self) -> Path:
        """What the pages printed."""
        return self.home / "server.log"

    @property
    def worker_log(self) -> Path:
        """What the worker printed."""
        return self.home / "worker.log"


class Worker:
    """The child that brings the coverage up to date; started again when it ends."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.child: subprocess.Popen[bytes] | None = None
        self.started = 0.0

    def __enter__(self) -> Self:
        """Start it."""
        self.look()
        return self

    def __exit__(self, *_error: object) -> None:
        """Let it end what it does, for a while."""
        if self.child is not None:
            _end(self.child)

    def look(self) -> None:
        """Start it where it does not run, not more often than every few seconds."""
        if self.child is not None and self.child.poll() is None:
            return
        if time.monotonic() - self.started < WORKER_AGAIN_S:
            return
        if self.child is not None:
            print(_("后台任务进程意外停止,正在重新启动……"), file=sys.stderr, flush=True)
        self.started = time.monotonic()
        self.child = _child([sys.executable, "-m", "gis.cli", "worker"], self.place.worker_log)


def serve() -> None:
    """启动数据库、表结构、示例街道和页面;Ctrl-C 停止全部。."""
    settings = ServerSettings()
    own = DatabaseSettings().database_url is None
    with _signals(), _only_one() as place:
        _end_leftover(place)
        check_port(settings)
        if not APP.exists():
            raise FileMissing(path=APP)
        begun = time.monotonic()
        try:
            _prepare(settings, own=own)
            _keep_serving(place, settings, begun, own=own)
        except KeyboardInterrupt:
            print(_("正在停止……"), flush=True)
        finally:
            _ignore_signals()
            close_pools()
            if own:
                cluster.stop(cluster.Cluster.default())
        print(_("已全部停止。"), flush=True)


def _keep_serving(place: Place, settings: ServerSettings, begun: float, *, own: bool) -> None:
    """Serve until told to stop: pages and database that died are started again.

    Raises
    ------
    PagesFailed
        The pages die as often as they are started.
    """
    deaths: list[float] = []
    while True:
        if own:
            _start_database()  # nothing to do unless it died together with the pages
        with _pages(place, settings) as child, Worker(place) as worker:
            _wait_ready(child, place, settings)
            seconds = time.monotonic() - begun
            print(_("GridAtlas 已启动(用时 {seconds:.1f} 秒):{url}").format(seconds=seconds, url=_url(settings)))
            print(_("按 Ctrl-C 停止。"), flush=True)
            status = _watch(child, worker, own=own)
        begun = time.monotonic()
        deaths = [*(death for death in deaths if begun - death < DEATHS_WITHIN_S), begun]
        detail = _("进程结束,状态 {status}").format(status=status)
        if len(deaths) > MOST_DEATHS:
            raise PagesFailed(detail=detail, log=place.log)
        print(_("页面服务意外停止({detail}),正在重新启动……").format(detail=detail), file=sys.stderr, flush=True)


def _watch(child: subprocess.Popen[bytes], worker: Worker, *, own: bool) -> int:
    """Look after the worker and the database until the pages end; their exit status."""
    said = ""
    while True:
        try:
            return child.wait(WATCH_EVERY_S)
        except subprocess.TimeoutExpired:
            pass
        worker.look()
        if not own:
            continue
        try:
            if not cluster.is_running(cluster.Cluster.default()):
                print(_("内置数据库意外停止,正在重新启动……"), file=sys.stderr, flush=True)
                _start_database()
                said = ""
        except GridAtlasError as error:
            # What stands in its way may go by itself (a full disk): it is tried until it works.
            if str(error) != said:
                said = str(error)
                print(error.message, error.remedy, sep="\n", file=sys.stderr, flush=True)


def _start_database() -> None:
    """Start the embedded database in a thread: a Ctrl-C meanwhile waits at the stop until it is up, and stops it."""
    with ThreadPoolExecutor(1) as one:
        one.submit(cluster.start, cluster.Cluster.default()).result()


def _prepare(settings: ServerSettings, *, own: bool) -> None:
    """Database up, schema at its newest, demo street where there is nothing yet, first accounts."""
    if own:
        print(_("启动内置数据库……"), flush=True)
        _start_database()
    steps = migrations.migrate()
    if steps:
        print(_("已执行迁移:{names}").format(names=", ".join(steps)), flush=True)
    opening.refuse(settings.address)
    wanted = settings.demo
    if (own if wanted is None else wanted) and _is_empty():
        print(_("数据库还是空的,生成示例街道……"), flush=True)
        done = subprocess.run([sys.executable, "-m", "gis.cli", "demo"], check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            print(_("示例街道没有生成;页面照常启动,可稍后运行 script/gis demo。"), file=sys.stderr, flush=True)
    opening.open_accounts(settings.address)


def _is_empty() -> bool:
    with psycopg.connect(conninfo(OWNER)) as conn:
        found = conn.execute(
            "SELECT EXISTS (SELECT FROM atlas.area) OR EXISTS (SELECT FROM atlas.grid)"
            " OR EXISTS (SELECT FROM atlas.building)"
        ).fetchone()
    return found is None or not found[0]


@contextmanager
def _only_one() -> Iterator[Place]:
    """Hold the home's lock; the system frees it even after ``kill -9``."""
    place = Place(HomeSettings().home.resolve())
    with _opened_lock(place) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise ServerRunning(home=place.home, pid=handle.read().strip() or "?") from None
        handle.seek(0)
        handle.truncate()
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        yield place


def running(place: Place) -> str:
    """Process number of the server that works on this home; empty where none does."""
    try:
        with place.lock.open("r", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return place.lock.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    return ""


def _opened_lock(place: Place) -> TextIO:
    try:
        place.home.mkdir(parents=True, exist_ok=True)
        return place.lock.open("a+", encoding="utf-8")
    except OSError as error:
        raise RightMissing(
            detail=_("不能写入 {folder}").format(folder=place.home),
            remedy=_("请把 GRIDATLAS_HOME 设为可写的文件夹。"),
        ) from error


def _end_leftover(place: Place) -> None:
    """End the pages of a server that was killed; never a process that is not ours."""
    try:
        noted = json.loads(place.pages.read_text(encoding="utf-8"))
        pid = int(noted["pid"])
        ours = _started(pid) == noted["started"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if ours:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            for _turn in range(100):
                if _started(pid) is None:
                    break
                time.sleep(0.05)
    place.pages.unlink(missing_ok=True)


def _started(pid: int) -> str | None:
    """When a process was started, in ticks since boot: with the number, its identity."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def check_port(settings: ServerSettings) -> None:
    """Make sure that the pages can listen where they shall.

    Raises
    ------
    PortBusy, RightMissing
        Another program listens there; the user or the machine may not.
    """
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.address, settings.port))
        except PermissionError as error:
            raise RightMissing(
                detail=_("当前用户不能使用端口 {port}").format(port=settings.port),
                remedy=_("请用 GRIDATLAS_PORT 换一个 1024 以上的端口。"),
            ) from error
        except OSError as error:
            if error.errno in {98, 48}:
                raise PortBusy(port=settings.port) from error
            raise RightMissing(
                detail=_("不能在地址 {address} 上监听").format(address=settings.address),
                remedy=_("请检查 GRIDATLAS_ADDRESS;只在本机使用时设为 127.0.0.1。"),
            ) from error


@contextmanager
def _pages(place: Place, settings: ServerSettings) -> Iterator[subprocess.Popen[bytes]]:
    """Run Streamlit in a child; it ends with the block, and with this process whatever happens."""
    options = {
        "server.address": settings.address,
        "server.port": settings.port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.runOnSave": "false",
        "server.maxUploadSize": IntakeSettings().max_file_mb,
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "global.developmentMode": "false",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(APP), *(f"--{k}={v}" for k, v in options.items())]
    child = _child(command, place.log)
    try:
        place.pages.write_text(json.dumps({"pid": child.pid, "started": _started(child.pid)}), encoding="utf-8")
        yield child
    finally:
        _end(child)
        place.pages.unlink(missing_ok=True)


def _child(command: list[str], path: Path) -> subprocess.Popen[bytes]:
    """Start a process that writes to a log and dies with this one."""
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    with path.open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=CHECKOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  one thread, nothing but a system call
        )


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child: politely, then at once."""
    child.terminate()
    try:
        child.wait(STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _url(settings: ServerSettings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.address, settings.address)  # noqa: S104  only shown
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.port}"


def _wait_ready(child: subprocess.Popen[bytes], place: Place, settings: ServerSettings) -> None:
    """Return as soon as ``/health`` says that pages and database are there."""
    until = time.monotonic() + START_WAIT_S
    last = _("没有回答")
    while time.monotonic() < until:
        if child.poll() is not None:
            raise PagesFailed(detail=_last_line(place.log), log=place.log)
        try:
            with urllib.request.urlopen(f"{_url(settings)}/health", timeout=5) as answer:  # noqa: S310  our own address
                if answer.status == 200:  # noqa: PLR2004  HTTP
                    return
        except urllib.error.HTTPError as error:
            last = f"/health {error.code}"
        except OSError:
            pass
        time.sleep(0.1)
    raise PagesFailed(detail=last, log=place.log)


def _last_line(path: Path) -> str:
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-20:] if line.strip()]
    return lines[-1].strip()[:300] if lines else "-"


@contextmanager
def _signals() -> Iterator[None]:
    """Take a polite end (SIGTERM, a closed terminal) the way Ctrl-C is taken."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """Let a second Ctrl-C not cut short the stopping."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
