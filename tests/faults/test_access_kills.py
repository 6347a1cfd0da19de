"""Killed while people sign in and accounts change, in the middle of a backup and of a restore."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from gis.access import accounts
from gis.access import audit
from gis.access import backup
from gis.access import content
from gis.access import first
from gis.access import restore
from gis.access import sessions
from gis.db import cluster
from gis.db import dump
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import DatabaseUnavailable
from gis.errors import DiskFull
from gis.vocabulary import Actor
from tests.victims import gone
from tests.victims import postmaster

JOB = Actor.job("test")
ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Correct-horse-9"


@pytest.fixture
def office(victim, tmp_path, monkeypatch):
    """The victim's office with one account; backups go to a folder of the test."""
    monkeypatch.setenv("GRIDATLAS_BACKUP_FOLDER", str(tmp_path / "backups"))
    cluster.start(victim)
    with session(JOB) as conn:
        conn.execute("DELETE FROM atlas.account")
        accounts.add(conn, "li", display="李", roles=["planner"], scopes=["office"])
        accounts.set_password(conn, "li", PASSWORD)
    yield victim
    close_pools()


def measured():
    with psycopg.connect(conninfo(dump.role())) as conn:
        return content.measure(conn)


def holds():
    with session(JOB) as conn:
        return audit.verify(conn).holds


def databases():
    with psycopg.connect(conninfo(None, "postgres")) as conn:
        return {name for (name,) in conn.execute("SELECT datname FROM pg_database")}


def killed(work):
    """Do the work in a process of its own, which is to end by SIGKILL."""
    child = os.fork()
    if child == 0:
        try:
            close_pools()
            work()
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def die(*_given, **_named):
    os.kill(os.getpid(), signal.SIGKILL)


def write_until_it_breaks(number, acknowledged, stop):
    """Sign in, change accounts, write to the audit; what was acknowledged is noted."""
    turn = 0
    while not stop.is_set():
        turn += 1
        try:
            token = sessions.sign_in("li", PASSWORD, origin=f"10.0.0.{number}")
            acknowledged.append(("session", token))
            with session(JOB) as conn:
                accounts.add(conn, f"n{number}-{turn}", roles=["worker"])
            acknowledged.append(("account", f"n{number}-{turn}"))
            with session(JOB) as conn:
                audit.note(conn, "write", "x", f"{number}/{turn}")
            acknowledged.append(("audit", f"{number}/{turn}"))
        except DatabaseUnavailable:
            return


def kept(kind, name):
    with session(JOB) as conn:
        if kind == "session":
            query, given = "SELECT count(*) FROM login_session WHERE token_hash = %s", sessions.digest(name)
        elif kind == "account":
            query, given = (
                "SELECT count(*) FROM account JOIN account_role r ON r.account_id = account.id WHERE name = %s",
                name,
            )
        else:
            query, given = "SELECT count(*) FROM audit WHERE subject = %s", name
        return conn.execute(query, (given,)).fetchone() == (1,)


def test_the_server_is_killed_while_people_sign_in_and_accounts_change(office):
    acknowledged, stop = [], threading.Event()
    threads = [threading.Thread(target=write_until_it_breaks, args=(n, acknowledged, stop)) for n in range(4)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 30
    while len(acknowledged) < 40 and time.monotonic() < deadline:
        time.sleep(0.05)
    number = postmaster(office)
    os.kill(number, signal.SIGKILL)
    gone(number)
    for thread in threads:
        thread.join(30)
    stop.set()
    assert len(acknowledged) >= 40
    assert cluster.start(office)
    assert [one for one in acknowledged if not kept(*one)] == []
    assert holds()
    assert sessions.find(sessions.sign_in("li", PASSWORD)).name == "li"


def test_the_app_is_killed_while_it_writes(office, tmp_path):
    notes = tmp_path / "acknowledged"
    child = os.fork()
    if child == 0:
        close_pools()
        with notes.open("w", buffering=1) as out:
            turn = 0
            while True:
                turn += 1
                with session(JOB) as conn:
                    accounts.add(conn, f"k{turn}", roles=["worker"])
                out.write(f"k{turn}\n")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (not notes.exists() or notes.read_text().count("\n") < 20):
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    names = notes.read_text().split()
    assert len(names) >= 20
    assert [name for name in names if not kept("account", name)] == []
    assert holds()
    # A half-done change is not there: whoever is there has his role, and the audit row of it.
    with session(JOB) as conn:
        assert conn.execute("SELECT count(*) FROM account WHERE name LIKE 'k%%' AND id NOT IN (SELECT account_id FROM account_role)").fetchone() == (0,)  # fmt: skip


def test_killed_in_the_middle_of_a_backup(office, tmp_path, monkeypatch):
    folder = tmp_path / "backups"
    for place in ("measure", "differs"):
        with monkeypatch.context() as patch:
            patch.setattr(*((content, "measure", die) if place == "measure" else (content.Content, "differs", die)))
            killed(lambda: backup.make(JOB))
        assert [path.suffix for path in folder.iterdir()] == [backup.PART]
        with session(JOB) as conn:
            assert conn.execute("SELECT count(*) FROM backup").fetchone() == (0,)
    made = backup.make(JOB)
    assert made.unchecked == ""
    assert sorted(folder.iterdir()) == [made.path, backup.manifest_of(made.path)]
    assert not any(name.endswith("_check") for name in databases())
    with session(JOB) as conn:
        conn.execute("DELETE FROM backup")


@pytest.mark.parametrize(
    ("room", "name"),
    [(dump, "load"), (backup, "compare"), (restore.migrations, "migrate"), (restore, "_swap")],
    ids=["before-loading", "loaded", "compared", "before-the-swap"],
)
def test_killed_in_the_middle_of_a_restore(office, monkeypatch, room, name):
    made = backup.make(JOB, checked=False)
    with session(JOB) as conn:
        accounts.add(conn, "after", roles=["worker"])
    before = measured()
    with monkeypatch.context() as patch:
        patch.setattr(room, name, die)
        killed(lambda: restore.restore(JOB, made.path, replace=True))
    assert measured().differs(before) == []
    restore.restore(JOB, made.path, replace=True)
    assert not kept("account", "after")
    assert kept("account", "li")
    assert not any(name.endswith(("_restore", "_replaced")) for name in databases())
    assert holds()


def test_killed_after_the_swap_the_restore_is_whole(office, monkeypatch):
    made = backup.make(JOB, checked=False)
    with session(JOB) as conn:
        accounts.add(conn, "after", roles=["worker"])
    with monkeypatch.context() as patch:
        patch.setattr(backup, "drop", die)
        killed(lambda: restore.restore(JOB, made.path, replace=True))
    close_pools()
    assert not kept("account", "after")
    assert holds()
    assert sessions.find(sessions.sign_in("li", PASSWORD)).name == "li"
    restore.restore(JOB, made.path, replace=True)
    assert not any(name.endswith(("_restore", "_replaced")) for name in databases())


def test_the_server_is_killed_in_the_middle_of_a_restore(office, monkeypatch):
    made = backup.make(JOB, checked=False)
    before = measured()
    true = backup.compare

    def compare(conn, path, manifest):
        number = postmaster(office)
        os.kill(number, signal.SIGKILL)
        gone(number)
        true(conn, path, manifest)

    with monkeypatch.context() as patch:
        patch.setattr(backup, "compare", compare)
        with pytest.raises(DatabaseUnavailable):
            restore.restore(JOB, made.path, replace=True)
    close_pools()
    assert cluster.start(office)
    assert measured().differs(before) == []
    assert restore.restore(JOB, made.path, replace=True).verdict.holds


def test_a_full_disk_leaves_no_backup(office, tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    small = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    try:
        if not small:
            # Where nothing can be mounted, the dump itself says what a full disk says.
            monkeypatch.setattr(dump, "save", lambda *_given: dump._fail("pg_dump", "error: No space left on device"))
        with pytest.raises(DiskFull):
            backup.make(JOB, disk / "x.dump", checked=False)
        assert list(disk.iterdir()) == []
    finally:
        if small:
            subprocess.run(["umount", "-l", str(disk)], check=True)
    with session(JOB) as conn:
        assert conn.execute("SELECT count(*) FROM backup WHERE file LIKE '%%x.dump'").fetchone() == (0,)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def healthy(port, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if answer.status == 200:
                    return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def test_the_pages_and_the_database_of_a_running_server_come_back_by_themselves(folder, monkeypatch):
    port, words = free_port(), folder / "words.txt"
    monkeypatch.setenv("GRIDATLAS_HOME", str(folder / "home"))
    monkeypatch.delenv("GRIDATLAS_DATABASE_NAME", raising=False)
    monkeypatch.delenv("GRIDATLAS_DATABASE_URL", raising=False)
    environment = {
        **os.environ, "GRIDATLAS_PORT": str(port), "GRIDATLAS_DEMO": "false", "PYTHONPATH": str(ROOT),
        "GRIDATLAS_ADDRESS": "127.0.0.1", "GRIDATLAS_LANGUAGE": "zh_CN",
    }  # fmt: skip
    theirs = cluster.Cluster(folder / "home")
    with words.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "gis.cli", "serve"], env=environment, cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=out, stderr=out,
        )  # fmt: skip
    try:
        assert healthy(port, 120), words.read_text()
        # The first administrator's password is in no log, but in a file only its owner reads.
        secret = folder / "home" / "admin-password"
        password = secret.read_text().strip()
        assert secret.stat().st_mode & 0o777 == 0o600
        assert password not in words.read_text()
        assert password not in (folder / "home" / "server.log").read_text()
        monkeypatch.setenv("GRIDATLAS_HOME", str(folder / "home"))
        token = sessions.sign_in(first.ADMIN, password)
        assert sessions.find(token).must_change

        pages = json.loads((folder / "home" / "pages.pid").read_text())["pid"]
        os.kill(pages, signal.SIGKILL)
        until = time.monotonic() + 60
        while words.read_text().count("已启动") < 2 and time.monotonic() < until:
            time.sleep(0.1)
        assert words.read_text().count("已启动") == 2, words.read_text()
        assert healthy(port, 30)
        number = postmaster(theirs)
        os.kill(number, signal.SIGKILL)
        gone(number)
        assert healthy(port, 60), words.read_text()
        close_pools()
        assert sessions.find(token).name == first.ADMIN
        assert holds()
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
    finally:
        close_pools()
        if server.poll() is None:
            server.terminate()
            server.wait(60)
