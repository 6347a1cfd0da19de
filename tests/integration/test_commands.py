"""The two commands in a clean copy: what a fresh clone does on a machine like this one.

The copy gets its own virtual environment, home and port through the real ``script/server``;
the tests of this module run in order, each leaving the copy as the next expects it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from data.demo.scenes import scenes
from gis.db import cluster
from gis.db.connection import conninfo

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "var", "__pycache__", ".*_cache", ".hypothesis", "test-results"
)
DEBIAN_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
IS_ROOT = os.geteuid() == 0
FIRST_START_S = 400.0
SECOND_START_S = 10.0


class Server:
    """One run of ``script/server`` whose words are kept."""

    def __init__(self, place, *, user=None, **settings):
        self.port = settings.get("GRIDATLAS_PORT", place.port)
        self.words = place.folder / f"words-{time.monotonic_ns()}.txt"
        command = [str(place.checkout / "script" / "server")]
        if user:
            command = ["runuser", "-u", user, "--", *command]
        self.begun = time.monotonic()
        place.servers.append(self)
        with self.words.open("wb") as out:
            self.process = subprocess.Popen(
                command, env=place.environment(**settings), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/"
            )

    @property
    def said(self):
        return self.words.read_text(encoding="utf-8")

    def wait_ready(self, seconds):
        while "已启动" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() - self.begun < seconds, self.said
            time.sleep(0.05)
        return time.monotonic() - self.begun

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()

    def end(self, number):
        self.process.send_signal(number)
        status = self.process.wait(30)
        assert "已全部停止" in self.said
        return status


class Place:
    """A copy of the checkout with a home and a port of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.checkout = folder / "copy"
        self.home = folder / "home"
        self.port = free_port()
        self.servers = []
        shutil.copytree(ROOT, self.checkout, ignore=LEFT_OUT)

    def environment(self, **settings):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GRIDATLAS_", "PYTHON", "VIRTUAL_ENV"))}
        own = {
            "PATH": DEBIAN_PATH,
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "GRIDATLAS_HOME": str(self.home),
            "GRIDATLAS_PORT": str(self.port),
        }
        return {**kept, **own, **{key: str(value) for key, value in settings.items()}}

    def run(self, *command, **settings):
        return subprocess.run(
            command, env=self.environment(**settings), cwd=self.checkout, check=False,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=FIRST_START_S,
        )  # fmt: skip

    def shell(self, script, *, user=None, **settings):
        command = ["bash", "-euo", "pipefail", "-c", f". {self.checkout}/script/lib.sh; {script}"]
        return self.run(*(["runuser", "-u", user, "--", *command] if user else command), **settings)

    def processes(self):
        """Command lines of everything that still runs from this copy."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.folder) in line:
                found.append(line)
        return found

    def database_is_running(self):
        return cluster.is_running(cluster.Cluster(self.home))

    def count(self, table):
        with psycopg.connect(f"host={self.home}/postgres/run user=atlas_owner dbname=gridatlas") as conn:
            return conn.execute(f"SELECT count(*) FROM atlas.{table}").fetchone()[0]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def gone(place):
    """Wait for a moment until nothing runs from the copy; what still does."""
    for _turn in range(60):
        left = place.processes()
        if not left:
            return left
        time.sleep(0.1)
    return left


@contextmanager
def occupied():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture(scope="module")
def place():
    """Give a clean copy where every user can reach it; nothing of it is left behind."""
    folder = Path(tempfile.mkdtemp(prefix="gridatlas-copy-"))
    folder.chmod(0o755)
    yield (here := Place(folder))
    cluster.stop(cluster.Cluster(here.home))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def leave_nothing_running(place):
    """End what a failed test left behind, so that the next one is judged by itself."""
    yield
    while place.servers:
        server = place.servers.pop()
        if server.process.poll() is None:
            server.process.terminate()
            server.process.wait(60)


@pytest.mark.timeout(FIRST_START_S + 60)
def test_the_first_start_sets_up_all_and_ctrl_c_stops_all(place):
    server = Server(place)
    server.wait_ready(FIRST_START_S)
    assert ".venv" in server.said
    assert "requirements.txt" in server.said
    assert "示例街道" in server.said
    assert f"http://127.0.0.1:{place.port}" in server.said
    assert server.get("/health")[0] == 200
    status, page = server.get("/")
    assert status == 200
    assert "<html" in page
    assert place.count("grid") > 100
    assert place.count("building") > 5000
    # The street has a morning: cases under way by the demo accounts, and nothing left over from its year.
    assert place.count("casefile WHERE state NOT IN ('closed', 'rejected', 'merged')") == len(scenes()) - 1
    assert place.count("whistle") == 4
    assert server.end(signal.SIGINT) == 0
    assert gone(place) == []
    assert not place.database_is_running()


def test_the_second_start_installs_nothing_and_is_quick(place):
    server = Server(place)
    assert server.wait_ready(SECOND_START_S * 3) < SECOND_START_S
    assert "安装" not in server.said
    assert "示例街道" not in server.said
    assert server.end(signal.SIGTERM) == 0
    assert gone(place) == []


def test_a_killed_server_loses_nothing_and_the_next_start_works(place):
    server = Server(place)
    server.wait_ready(SECOND_START_S * 3)
    before = [place.count(table) for table in ("area", "grid", "building", "incident")]
    server.process.kill()
    server.process.wait()
    again = Server(place)
    again.wait_ready(SECOND_START_S * 3)
    assert again.get("/health")[0] == 200
    assert [place.count(table) for table in ("area", "grid", "building", "incident")] == before

    second = place.run("script/server", GRIDATLAS_PORT=free_port())
    assert second.returncode == 2
    assert "已有一个 GridAtlas 在运行" in second.stderr
    assert str(again.process.pid) in second.stderr
    assert again.get("/health")[0] == 200

    assert again.end(signal.SIGINT) == 0
    assert gone(place) == []
    assert not place.database_is_running()


def test_a_killed_database_comes_back_whole(place):
    server = Server(place)
    server.wait_ready(SECOND_START_S * 3)
    before = place.count("building")
    postmaster = int((place.home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    server.end(signal.SIGINT)
    assert gone(place) == []
    again = Server(place)
    again.wait_ready(SECOND_START_S * 3)
    assert place.count("building") == before
    again.end(signal.SIGINT)


def test_a_busy_port_is_one_sentence(place):
    with occupied() as port:
        done = place.run("script/server", GRIDATLAS_PORT=port)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"端口 {port} 已被占用。",
        "请停掉占用它的程序,或设置 GRIDATLAS_PORT 换一个端口。",
    ]
    assert not place.database_is_running()


def test_an_unwritable_home_is_one_sentence(place):
    done = place.run("script/server", GRIDATLAS_HOME="/proc/nowhere")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert "请把 GRIDATLAS_HOME 设为可写的文件夹" in done.stderr


def test_a_wrong_setting_is_one_sentence(place):
    done = place.run("script/server", GRIDATLAS_PORT="eight")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "设置 GRIDATLAS_PORT 有误:“eight”不是整数。"


def test_a_database_that_does_not_answer_is_one_sentence(place):
    done = place.run("script/server", GRIDATLAS_DATABASE_URL=f"postgresql://127.0.0.1:{free_port()}/nothing")
    assert done.returncode == 2
    assert "连不上数据库" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_an_offices_own_database_is_used_and_left_running(place, database):
    home = place.folder / "own"
    server = Server(place, GRIDATLAS_HOME=home, GRIDATLAS_DATABASE_URL=conninfo(None, database), GRIDATLAS_DEMO="false")
    server.wait_ready(SECOND_START_S * 3)
    assert server.get("/health")[0] == 200
    assert "示例街道" not in server.said
    assert server.end(signal.SIGINT) == 0
    assert not (home / "postgres").exists()
    with psycopg.connect(conninfo(None, database)) as conn:
        assert conn.execute("SELECT count(*) FROM atlas.grid").fetchone() == (0,)


def test_packages_that_cannot_be_had_leave_nothing_half_made(place):
    bare = place.folder / "bare"
    shutil.copytree(place.checkout / "script", bare / "script")
    (bare / "requirements.txt").write_text("a-package-that-is-nowhere==1\n")
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": "/dev/null"}
    install = ["bash", "-euo", "pipefail", "-c", ". script/lib.sh; ensure_venv requirements.txt"]
    environment = place.environment(**offline)
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        environment.pop(name, None)

    def run():
        return subprocess.run(install, cwd=bare, env=environment, check=False, capture_output=True, text=True)

    failed = run()
    assert failed.returncode == 2
    assert "Python 软件包没有装好" in failed.stderr
    assert "PIP_INDEX_URL" in failed.stderr
    assert not (bare / ".venv" / "done-requirements.txt").exists()

    (bare / "requirements.txt").write_text("# nothing\n")
    assert run().returncode == 0
    quiet = run()
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")

    (bare / ".venv" / "unfinished").touch()
    remade = run()
    assert remade.returncode == 0
    assert "重新建立" in remade.stderr


def test_a_failing_package_manager_is_one_sentence(place):
    programs = place.folder / "programs"
    programs.mkdir()
    (programs / "apt-get").write_text("#!/bin/sh\necho 'E: Unable to fetch some archives'\nexit 100\n")
    (programs / "id").write_text("#!/bin/sh\necho 0\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    done = place.shell("install_packages 地图 map some-package", PATH=f"{programs}:{DEBIAN_PATH}")
    assert done.returncode == 2
    assert "Unable to fetch some archives" in done.stderr
    assert "请检查网络" in done.stderr


def test_doctor_of_the_copy_finds_nothing_bad(place):
    done = place.run("script/gis", "doctor")
    assert done.returncode == 0, done.stdout
    assert "✗" not in done.stdout
    assert done.stdout.count("✓") > 8


if IS_ROOT:

    def test_an_ordinary_user_installs_nothing_and_serves(place):
        home = place.folder / "clerk"
        home.mkdir()
        os.chown(home, 65534, 65534)
        server = Server(place, user="nobody", GRIDATLAS_HOME=home)
        server.wait_ready(FIRST_START_S)
        assert "安装" not in server.said
        owner = (home / "postgres" / "data").stat().st_uid
        assert owner == 65534
        assert server.get("/health")[0] == 200
        os.kill(int((home / "server.lock").read_text()), signal.SIGINT)
        assert server.process.wait(30) == 0
        assert gone(place) == []

    def test_an_ordinary_user_is_told_what_an_administrator_must_install(place):
        done = place.shell("install_packages 内置数据库 database postgresql-15-postgis-3", user="nobody")
        assert done.returncode == 2
        assert "当前用户无权安装:postgresql-15-postgis-3" in done.stderr
        assert "apt-get install -y --no-install-recommends postgresql-15-postgis-3" in done.stderr

    def test_a_full_disk_is_one_sentence(place):
        home = place.folder / "small"
        home.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "none", home], check=True)
        try:
            done = place.run("script/server", GRIDATLAS_HOME=home)
        finally:
            subprocess.run(["umount", home], check=True)
        assert done.returncode == 2
        assert "磁盘空间不足" in done.stderr
        assert len(done.stderr.splitlines()) == 2

    def test_a_home_the_database_cannot_enter_is_one_sentence(place):
        home = place.folder / "closed"
        home.mkdir(mode=0o700)
        done = place.run("script/server", GRIDATLAS_HOME=home / "inner")
        assert done.returncode == 2
        assert "请把 GRIDATLAS_HOME 设到所有人都能进入的位置" in done.stderr
