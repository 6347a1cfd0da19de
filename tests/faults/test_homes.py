"""Homes that are too long, too full, closed, or not ours; servers that left their lock file."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import threading
import time

import psycopg
import pytest

from gis.db import cluster
from gis.db import migrations
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import DatabaseUnavailable
from gis.errors import DiskFull
from gis.errors import GridAtlasError
from gis.errors import RightMissing
from gis.intake.load import load
from gis.vocabulary import Actor

JOB = Actor.job("test")


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.delenv("GRIDATLAS_DATABASE_URL", raising=False)
    monkeypatch.delenv("GRIDATLAS_DATABASE_NAME", raising=False)
    yield
    close_pools()


def as_nobody(work):
    """Do the work as the user nobody in a process of its own; what it said, or its mistake's class."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            user = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            said = repr(work())
        except GridAtlasError as error:
            said = f"{type(error).__name__}: {error}"
        except BaseException as error:  # noqa: BLE001 - told to the parent, which compares
            said = f"UNEXPECTED {error!r}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        answer = said.read()
    os.waitpid(child, 0)
    return answer


def answers(home):
    """Ask the server of a home a question over its socket."""
    with psycopg.connect(host=str(cluster.Cluster(home).socket), port=5432, user="postgres", dbname="postgres") as conn:
        return conn.execute("SELECT 1").fetchone() == (1,)


def kill(ours):
    number = int((ours.data / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(number, signal.SIGKILL)
    while cluster.is_running(ours):
        time.sleep(0.05)


def test_two_starts_at_once_start_one_server(folder):
    ours, results = cluster.Cluster(folder), []
    threads = [threading.Thread(target=lambda: results.append(cluster.start(ours))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, True]
    assert answers(folder)
    # … and a lock file that was left behind does not keep it from starting again.
    kill(ours)
    assert (ours.data / "postmaster.pid").exists()
    assert cluster.start(ours)
    assert answers(folder)
    # Not even when its number now belongs to another process of the same user.
    kill(ours)
    command = ["sleep", "60"] if os.geteuid() else ["runuser", "-u", "postgres", "--", "sleep", "60"]
    with subprocess.Popen(command) as stranger:
        children = f"/proc/{stranger.pid}/task/{stranger.pid}/children"
        deadline = time.monotonic() + 10
        number = str(stranger.pid)
        while not os.geteuid() and time.monotonic() < deadline:
            with open(children) as lines:  # noqa: PTH123 - a line of /proc
                found = lines.read().split()
            if found:
                number = found[0]
                break
            time.sleep(0.02)
        lock = ours.data / "postmaster.pid"
        lock.write_text("\n".join([number, *lock.read_text().split("\n")[1:]]))
        assert not cluster.is_running(ours)
        assert cluster.start(ours)
        assert answers(folder)
        if number != str(stranger.pid):
            os.kill(int(number), signal.SIGTERM)
        stranger.terminate()
    assert cluster.stop(ours)
    assert not cluster.stop(ours)


def test_a_creation_that_was_cut_off_is_made_anew(folder):
    ours = cluster.Cluster(folder)
    half = ours.data.with_name("data.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    assert cluster.start(ours)
    assert answers(folder)
    assert not half.exists()


def test_what_the_environment_says_to_postgresql_does_not_matter(folder, monkeypatch):
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("GRIDATLAS_HOME", str(folder))
    cluster.start(cluster.Cluster(folder))
    with psycopg.connect(conninfo(None, "postgres")) as conn:
        assert conn.execute("SHOW data_directory").fetchone() == (str(folder / "postgres" / "data"),)


def test_a_home_too_long_for_a_socket(folder):
    deep = folder / ("很长的文件夹名" * 6)
    ours = cluster.Cluster(deep)
    assert not ours.socket.is_relative_to(deep)
    assert cluster.start(ours)
    assert answers(deep)
    assert ours.socket.stat().st_mode & 0o777 == 0o700
    cluster.destroy(ours)
    assert not ours.socket.exists()
    # Whoever got there first does not get our server.
    ours.socket.symlink_to(folder)
    try:
        with pytest.raises(RightMissing, match="gridatlas-"):
            cluster.start(ours)
    finally:
        ours.socket.unlink()


def test_a_damaged_server_says_what_is_wrong(folder):
    ours = cluster.Cluster(folder)
    cluster.start(ours)
    cluster.stop(ours)
    with (ours.data / "postgresql.conf").open("a") as settings:
        settings.write("nonsense = 1\n")
    with pytest.raises(DatabaseUnavailable, match="nonsense"):
        cluster.start(ours)


def test_users_without_rights(folder):
    """As root: every way another user meets a home that is not his. As a user: his own home works."""
    if os.geteuid() != 0:
        assert cluster.start(cluster.Cluster(folder))
        assert answers(folder)
        return
    ours = cluster.Cluster(folder)
    cluster.start(ours)
    assert as_nobody(lambda: cluster.start(ours)).startswith("RightMissing: ")
    assert as_nobody(lambda: cluster.is_running(ours)).startswith("RightMissing: ")
    assert as_nobody(lambda: cluster.stop(ours)).startswith("RightMissing: ")
    assert as_nobody(lambda: cluster.start(cluster.Cluster(folder / "new"))).startswith("RightMissing: ")
    assert answers(folder)
    cluster.stop(ours)
    # A user with a home of his own needs nobody's rights.
    own = folder / "own"
    own.mkdir()
    shutil.chown(own, "nobody")
    his = cluster.Cluster(own)
    assert as_nobody(lambda: cluster.start(his)) == "True"
    assert as_nobody(lambda: answers_as("nobody", own)) == "True"
    assert as_nobody(lambda: cluster.stop(his)) == "True"


def answers_as(user, home):
    assert pwd.getpwuid(os.geteuid()).pw_name == user
    return answers(home)


def test_a_home_the_server_cannot_enter(folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    closed.chmod(0o000 if os.geteuid() else 0o700)
    with pytest.raises(RightMissing) as caught:
        cluster.start(cluster.Cluster(closed / "home"))
    assert "GRIDATLAS_HOME" in caught.value.remedy
    closed.chmod(0o700)


@pytest.fixture
def small_disk(folder):
    """A disk of 440 MB where one may be mounted, else an ordinary folder; and whether it is small."""
    made = folder / "disk"
    made.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=440m,mode=755", "tmpfs", str(made)], check=False, capture_output=True
    )
    yield made, done.returncode == 0
    cluster.stop(cluster.Cluster(made))
    if done.returncode == 0:
        subprocess.run(["umount", "-l", str(made)], check=True)


def test_no_room(small_disk, file, monkeypatch):
    home, small = small_disk
    ours = cluster.Cluster(home)
    monkeypatch.setenv("GRIDATLAS_HOME", str(home))
    if not small:
        # Where nothing can be mounted, what is free is measured against more than any disk has.
        monkeypatch.setattr(cluster, "MINIMUM_FREE_MB", shutil.disk_usage(home).total)
        with pytest.raises(DiskFull):
            cluster.start(ours)
        return
    cluster.start(ours)
    migrations.migrate()
    ballast = home / "ballast"
    ballast.write_bytes(b"\0" * (shutil.disk_usage(home).free - 6 * 2**20))
    with pytest.raises(DiskFull):
        load(JOB, file)
    close_pools()
    cluster.stop(ours)
    with pytest.raises(DiskFull, match="MB"):
        cluster.start(ours)
    ballast.unlink()
    cluster.start(ours)
    with session(JOB) as conn:
        for rows in ("building", "import", "audit WHERE action <> 'migrate'"):
            assert conn.execute(f"SELECT count(*) FROM {rows}").fetchone() == (0,)
    assert load(JOB, file).counts.inserted == len(file.frame)
