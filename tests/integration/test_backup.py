"""Backups: the same office comes back, on an empty machine too; what cannot be restored changes nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from test_external import GRANTS

from gis.access import accounts
from gis.access import audit
from gis.access import backup
from gis.access import content
from gis.access import restore
from gis.access import schedule
from gis.access import sessions
from gis.db import cluster
from gis.db import dump
from gis.db import migrations
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import FileMissing
from gis.vocabulary import Actor

JOB = Actor.job("test")
PERSON = Actor("zhang")
PASSWORD = "Correct-horse-9"
STREET = Path(__file__).parents[1] / "data" / "tiles.sql"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where backups of a test go."""
    monkeypatch.setenv("GRIDATLAS_BACKUP_FOLDER", str(tmp_path / "backups"))
    return tmp_path / "backups"


@pytest.fixture
def office(database, folder):
    """A small street, an account with a password, somebody signed in; the token."""
    return fill()


def fill():
    with session(JOB) as conn:
        conn.execute(STREET.read_text(encoding="utf-8"))
        accounts.add(conn, "li", display="李", roles=["planner"], scopes=["office"])
        accounts.set_password(conn, "li", PASSWORD)
        audit.note(conn, "write", "building", "说明", after={"字": "\x1f"})
    return sessions.sign_in("li", PASSWORD, origin="10.0.0.1")


def measured(database=None):
    with psycopg.connect(conninfo(dump.role(), database)) as conn:
        return content.measure(conn)


def differing(before):
    """Tables that are not as they were, besides those that a restore itself writes to."""
    touched = {"audit", "audit_head", "backup", "login_session", "layer_version"}
    return [name for name in measured().differs(before) if name not in touched]


def chain():
    with session(JOB) as conn:
        return audit.verify(conn)


def databases():
    with psycopg.connect(conninfo(None, "postgres")) as conn:
        return sorted(name for (name,) in conn.execute("SELECT datname FROM pg_database"))


def test_what_was_backed_up_comes_back(office, folder):
    before = measured()
    made = backup.make(JOB)
    assert made.unchecked == ""
    assert made.path.parent == folder
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in folder.iterdir()) == [made.path.name, f"{made.path.name}.json"]
    assert made.manifest.content.differs(before) == []
    noted = chain()
    with session(JOB) as conn:
        row = conn.execute("SELECT file, sha256, checked_at IS NOT NULL, actor FROM backup").fetchone()
        assert row == (str(made.path), made.manifest.sha256, True, "job:test")
        assert audit.listing(conn, action="backup")[0].after["checked"] is True
        versions = dict(conn.execute("SELECT relation, version FROM layer_version").fetchall())
    names = databases()

    with session(JOB) as conn:
        conn.execute("DELETE FROM atlas.incident")
        conn.execute("UPDATE atlas.grid SET name = '别的'")
        accounts.set_active(conn, "li", active=False)
    assert len(differing(before)) >= 3
    with pytest.raises(restore.OfficeNotEmpty):
        restore.restore(JOB, made.path)
    done = restore.restore(JOB, made.path, replace=True)
    assert differing(before) == []
    assert databases() == names, "a scratch database was left"
    assert done.verdict.holds
    assert chain().holds
    with session(JOB) as conn:
        # The row that the backup itself left came after its snapshot: the chain goes on from there.
        assert audit.verify(conn, expect=made.manifest.audit_hash).found == made.manifest.audit_seq
        newest = audit.listing(conn, most=1)[0]
        assert (newest.action, newest.before["audit_seq"] > noted.seq) == ("restore", True)
        assert conn.execute("SELECT count(*) FROM backup").fetchone() == (1,)
        for relation, version in conn.execute("SELECT relation, version FROM layer_version"):
            assert version > versions[relation], "a tile drawn before would pass as new"

    # Nobody stays signed in, everybody can sign in, and rights are what they were.
    assert sessions.find(office) is None
    assert sessions.find(sessions.sign_in("li", PASSWORD)).name == "li"
    with session(PERSON) as conn:
        assert conn.execute("SELECT count(*) FROM grid").fetchone() != (0,)
    with session(Actor("nobody")) as conn:
        assert conn.execute("SELECT count(*) FROM building").fetchone() == (0,)
    with psycopg.connect(conninfo(None)) as conn:
        mark = (
            "SELECT proleakproof FROM pg_proc WHERE oid = 'public.geometry_overlaps(geometry,geometry)'::regprocedure"
        )
        assert conn.execute(mark).fetchone() == (True,)
    with session(JOB) as conn:
        assert content.loose_sequences(conn) == []
        accounts.add(conn, "neu")
    assert migrations.pending() == []
    close_pools()
    assert migrations.migrate() == []


def test_an_empty_machine_gets_the_same_office(office, folder):
    before = measured()
    made = backup.make(JOB, folder.parent / "carried.dump", checked=False)
    assert made.unchecked
    close_pools()
    home = Path(tempfile.mkdtemp(prefix="gridatlas-empty-"))
    home.chmod(0o755)
    bare = cluster.Cluster(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDATLAS_HOME", str(home))
        patch.delenv("GRIDATLAS_DATABASE_NAME")
        try:
            cluster.start(bare)
            done = restore.restore(JOB, made.path)
            assert done.verdict.holds
            assert differing(before) == []
            assert sessions.find(sessions.sign_in("li", PASSWORD)).name == "li"
            with psycopg.connect(conninfo(None)) as conn:
                mark = "SELECT bool_and(proleakproof) FROM pg_proc WHERE proname = 'geometry_overlaps'"
                assert conn.execute(mark).fetchone() == (True,)
            with session(PERSON) as conn:
                assert conn.execute("SELECT count(*) FROM grid").fetchone() != (0,)
            assert backup.make(JOB).unchecked == ""
        finally:
            close_pools()
            cluster.destroy(bare)
            shutil.rmtree(home, ignore_errors=True)


def spoil_end(path):
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 100)


def spoil_middle(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def spoil_manifest(path):
    backup.manifest_of(path).write_text("{}")


def lose_manifest(path):
    backup.manifest_of(path).unlink()


def claim(path, change):
    beside = backup.manifest_of(path)
    manifest = json.loads(beside.read_text())
    change(manifest)
    beside.write_text(json.dumps(manifest))


def claim_rows(path):
    claim(path, lambda manifest: manifest["tables"]["grid"].__setitem__(0, 99))


def claim_structure(path):
    claim(path, lambda manifest: manifest.__setitem__("structure", "0" * 64))


def claim_chain(path):
    claim(path, lambda manifest: manifest.__setitem__("audit_hash", "0" * 64))


def claim_migration(path):
    claim(path, lambda manifest: manifest["migrations"].__setitem__("9999_future", "0"))


SPOILT = [
    (Path.unlink, FileMissing),
    (spoil_end, backup.DumpDamaged),
    (spoil_middle, backup.DumpDamaged),
    (spoil_manifest, backup.ManifestMissing),
    (lose_manifest, backup.ManifestMissing),
    (claim_rows, backup.DumpDamaged),
    (claim_structure, backup.DumpDamaged),
    (claim_chain, backup.DumpDamaged),
    (claim_migration, backup.DumpNewer),
]


def test_what_cannot_be_restored_leaves_the_office_as_it_was(office, folder):
    made = backup.make(JOB, folder.parent / "good.dump", checked=False)
    before, names = measured(), databases()
    for deed, mistake in SPOILT:
        path = folder.parent / f"{getattr(deed, '__name__', 'gone')}.dump"
        shutil.copy(made.path, path)
        shutil.copy(backup.manifest_of(made.path), backup.manifest_of(path))
        deed(path)
        with pytest.raises(mistake) as caught:
            restore.restore(JOB, path, replace=True)
        assert caught.value.remedy
        assert measured().differs(before) == [], path
        assert databases() == names
    assert sessions.find(office).name == "li"


def test_a_backup_that_does_not_come_back_the_same_gets_no_name(office, folder, monkeypatch):
    true = backup._write

    def lying(who, part):
        manifest = true(who, part)
        manifest.tables["grid"] = (manifest.tables["grid"][0], "0" * 64)
        return manifest

    monkeypatch.setattr(backup, "_write", lying)
    with pytest.raises(backup.DumpDamaged, match="grid"):
        backup.make(JOB)
    assert list(folder.iterdir()) == []
    with session(JOB) as conn:
        assert conn.execute("SELECT count(*) FROM backup").fetchone() == (0,)


def test_a_file_is_never_overwritten_and_a_folder_must_be_there(office, tmp_path):
    there = tmp_path / "there.dump"
    there.write_text("precious")
    with pytest.raises(backup.FileThere):
        backup.make(JOB, there)
    assert there.read_text() == "precious"
    with pytest.raises(backup.RightMissing):
        backup.make(JOB, tmp_path / "nowhere" / "x.dump", checked=False)


def test_an_older_backup_is_brought_to_todays_schema_and_a_newer_one_refused(office, folder, tmp_path, monkeypatch):
    old = backup.make(JOB, checked=False)
    later = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, later)
    (later / "9999_later.up.sql").write_text(
        "CREATE TABLE later (id integer); ALTER TABLE later ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        " CREATE POLICY owner_all ON later TO atlas_owner USING (true);"
    )
    (later / "9999_later.down.sql").write_text("DROP TABLE later;")
    with monkeypatch.context() as patch:
        patch.setattr(migrations.available, "__defaults__", (later,))
        done = restore.restore(JOB, old.path, replace=True)
        assert done.steps == ["9999_later"]
        with session(JOB) as conn:
            assert conn.execute("SELECT count(*) FROM later").fetchone() == (0,)
        assert chain().holds
        new = backup.make(JOB, folder / "new.dump")
        assert new.unchecked == ""
    with pytest.raises(backup.DumpNewer, match="9999_later"):
        restore.restore(JOB, new.path, replace=True)


def test_people_at_work_are_sent_out_and_come_back(office, folder):
    made = backup.make(JOB, checked=False)
    stop, mistakes, done = threading.Event(), [], []

    def work():
        while not stop.is_set():
            try:
                with psycopg.connect(conninfo("atlas_app"), connect_timeout=10) as conn:
                    conn.execute("SELECT atlas.enter('zhang')")
                    conn.execute("SELECT count(*) FROM atlas.grid, pg_sleep(0.05)")
                done.append(time.monotonic())
            except psycopg.OperationalError:
                pass  # sent out: comes back
            except Exception as error:  # noqa: BLE001 - shown by the test
                mistakes.append(error)

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    try:
        restore.restore(JOB, made.path, replace=True)
        back = time.monotonic()
        while not any(at > back for at in done):
            assert time.monotonic() - back < 10
            time.sleep(0.05)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert mistakes == []


def test_one_at_a_time(office, folder):
    with backup.alone():
        with pytest.raises(backup.Underway):
            backup.make(JOB)
        with pytest.raises(backup.Underway):
            restore.restore(JOB, backup_of_nothing(folder), replace=True)
    assert backup.make(JOB, checked=False).path.exists()


def backup_of_nothing(folder):
    """A good backup made by somebody who is alone already."""
    return backup.write(JOB, folder.parent / "within.dump", checked=False).path


def local(hour, minute, day=0):
    today = datetime.now().astimezone().replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today + timedelta(days=day)


def test_the_time_of_the_daily_backup():
    assert schedule.slot("03:30", local(3, 30)) == local(3, 30)
    assert schedule.slot("03:30", local(3, 29)) == local(3, 30, day=-1)
    assert schedule.slot("03:30", local(23, 59)) == local(3, 30)
    assert schedule.slot("00:00", local(0, 0)) == local(0, 0)


def test_the_daily_backup_is_made_once_made_up_and_thinned_out(office, folder, monkeypatch):
    monkeypatch.setenv("GRIDATLAS_BACKUP_AT", "03:30")
    monkeypatch.setenv("GRIDATLAS_BACKUP_KEEP", "2")
    monkeypatch.setattr(backup, "check", lambda _path, _manifest: "")
    own = backup.make(JOB)
    now = datetime.now(UTC)
    first = schedule.tick(now)
    assert first is not None
    assert schedule.tick(now) is None, "a restart does not double it"
    assert schedule.tick(now + timedelta(hours=1)) is None or now.astimezone().hour < 4
    # Two days nobody was there: one is made up, not two.
    with session(JOB) as conn:
        conn.execute("UPDATE backup SET at = at - interval '2 days' WHERE actor = 'job:daily'")
    time.sleep(1.1)
    second = schedule.tick(now)
    assert second not in (None, first)
    assert schedule.tick(now) is None
    with session(JOB) as conn:
        conn.execute("UPDATE backup SET at = at - interval '2 days' WHERE actor = 'job:daily'")
    time.sleep(1.1)
    third = schedule.tick(now)
    assert sorted(folder.glob("*.dump")) == sorted([own.path, second, third]), "the oldest went, the one by hand stayed"
    assert not backup.manifest_of(first).exists()
    with session(JOB) as conn:
        files = [file for (file,) in conn.execute("SELECT file FROM backup ORDER BY id")]
        assert files == [str(own.path), str(second), str(third)]
        assert audit.listing(conn, action="thin_out")[0].after["files"] == [first.name]
    monkeypatch.setenv("GRIDATLAS_BACKUP_AT", "")
    assert schedule.is_due(now + timedelta(days=9)) is False


def test_two_servers_make_one_daily_backup(office, folder, monkeypatch):
    monkeypatch.setenv("GRIDATLAS_BACKUP_AT", "03:30")
    monkeypatch.setattr(backup, "check", lambda _path, _manifest: time.sleep(0.5) or "")
    now, made = datetime.now(UTC), []
    threads = [threading.Thread(target=lambda: made.append(schedule.tick(now))) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len([path for path in made if path]) == 1
    assert len(list(folder.glob("*.dump"))) == 1


@pytest.mark.usefixtures("database")
def test_the_daily_work_keeps_the_audit_as_long_as_it_says(monkeypatch):
    with session(JOB) as conn:
        audit.note(conn, "write", "x")
    with psycopg.connect(conninfo(None)) as conn:
        conn.execute("UPDATE atlas.audit SET at = at - interval '200 days'")
        conn.execute("UPDATE atlas.audit a SET hash = atlas.audit_hash('', a)")
        conn.execute("UPDATE atlas.audit_head SET hash = (SELECT hash FROM atlas.audit)")
    schedule.tick(datetime.now(UTC))
    assert chain().rows == 1
    monkeypatch.setenv("GRIDATLAS_ACCESS_AUDIT_DAYS", "180")
    schedule.tick(datetime.now(UTC))
    verdict = chain()
    assert (verdict.holds, verdict.base, verdict.rows) == (True, 1, 1)
    with session(JOB) as conn:
        assert audit.listing(conn)[0].action == "forget"


@pytest.fixture(scope="module")
def theirs():
    """An office's own server with an account without special rights."""
    folder = Path(tempfile.mkdtemp(prefix="gridatlas-theirs-"))
    folder.chmod(0o755)
    server = cluster.Cluster(folder)
    cluster.start(server)
    with psycopg.connect(f"host={server.socket} user=postgres dbname=postgres", autocommit=True) as conn:
        conn.execute("CREATE DATABASE office")
    with psycopg.connect(f"host={server.socket} user=postgres dbname=office", autocommit=True) as conn:
        conn.execute("CREATE EXTENSION postgis")
        conn.execute(GRANTS)
        conn.execute("CREATE SCHEMA atlas AUTHORIZATION atlas_owner")
        conn.execute("CREATE TABLE public.theirs (id integer)")
    yield server
    cluster.destroy(server)
    shutil.rmtree(folder, ignore_errors=True)


def test_an_offices_own_server_gets_it_back_in_one_transaction(theirs, folder, monkeypatch):
    monkeypatch.setenv("GRIDATLAS_DATABASE_URL", f"postgresql://gridatlas@/office?host={theirs.socket}")
    close_pools()
    try:
        migrations.migrate()
        token = fill()
        before = measured()
        made = backup.make(JOB)
        assert "CREATEDB" in made.unchecked
        with session(JOB) as conn:
            assert conn.execute("SELECT checked_at FROM backup").fetchone() == (None,)
            conn.execute("DELETE FROM atlas.incident")
        spoilt = measured()
        path = folder / "claims.dump"
        shutil.copy(made.path, path)
        shutil.copy(backup.manifest_of(made.path), backup.manifest_of(path))
        claim_rows(path)
        with pytest.raises(backup.DumpDamaged):
            restore.restore(JOB, path, replace=True)
        assert measured().differs(spoilt) == []
        done = restore.restore(JOB, made.path, replace=True)
        assert done.verdict.holds
        assert differing(before) == []
        assert sessions.find(token) is None
        assert sessions.find(sessions.sign_in("li", PASSWORD)).name == "li"
        assert migrations.migrate() == []
        with psycopg.connect(f"host={theirs.socket} user=postgres dbname=office") as conn:
            assert conn.execute("SELECT to_regclass('public.theirs') IS NOT NULL").fetchone() == (True,)
            conn.execute("ALTER ROLE gridatlas CREATEDB")
        # With the right to make databases, but not to make extensions, it still says so.
        assert "CREATEDB" in backup.make(JOB, folder / "again.dump").unchecked
    finally:
        close_pools()
