"""Putting a backup back: whole or not at all.

On the embedded server it goes into a fresh database, is compared, brought to the newest
schema, and takes the old one's name in one transaction. On an office's own server one
transaction empties schema ``atlas``, fills it and compares. Either way whoever was signed in
has to sign in again, and the audit says what was put back in place of what.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import psycopg
from psycopg import sql

from gis.access import audit
from gis.access import backup
from gis.db import dump
from gis.db import migrations
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.errors import BadInput
from gis.errors import Busy
from gis.errors import DatabaseUnavailable
from gis.errors import DiskFull
from gis.settings import DatabaseSettings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gis.access.backup import Manifest
    from gis.vocabulary import Actor

SWAP_WAIT_S = 30.0
LOCK_WAIT = "60s"


class OfficeNotEmpty(BadInput):
    """A restore would destroy what is there."""

    template = "库里已有数据,恢复会用备份替换全部数据。"
    cure = "确认要替换,请加 --yes;建议先运行 script/gis backup 留一份现在的。"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes
    ----------
    steps : list of str
        Migrations that brought an older backup to today's schema.
    verdict : Verdict
        Of the audit's chain, after the row that the restore left.
    """

    manifest: Manifest
    steps: list[str]
    verdict: audit.Verdict


def restore(actor: Actor, path: Path, *, replace: bool = False) -> Restored:
    """Put a backup back.

    Parameters
    ----------
    actor : Actor
        A job's.
    path : Path
        The dump; its manifest lies beside it.
    replace : bool
        Whether an office that holds anything may be replaced.

    Raises
    ------
    OfficeNotEmpty, FileMissing, ManifestMissing, DumpDamaged, DumpNewer, Underway, DiskFull
        The office is as it was.
    """
    manifest = backup.read(path)
    with backup.alone():
        before = standing()
        if before is not None and not replace:
            raise OfficeNotEmpty
        try:
            return (_swap_in if backup.embedded() else _fill)(actor, path, manifest, before)
        except psycopg.errors.DiskFull as error:
            raise DiskFull(detail=str(error).splitlines()[0]) from error
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            raise Busy from error
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(detail=(str(error).strip().splitlines() or ["-"])[0]) from error


def standing() -> dict[str, Any] | None:
    """Say what stands in the office, for the audit; None where nothing would be lost."""
    try:
        conn = psycopg.connect(conninfo(dump.role()))
    except psycopg.OperationalError as error:
        if backup.embedded() and "does not exist" in str(error):
            return None
        raise DatabaseUnavailable(detail=(str(error).strip().splitlines() or ["-"])[0]) from error
    with conn:
        there = conn.execute("SELECT to_regclass('atlas.account') IS NOT NULL").fetchone()
        if there != (True,) or conn.execute(backup.queries.is_empty.sql).fetchone() == (True,):
            return None
        head = conn.execute(backup.queries.head.sql).fetchone() or (0, "")
        return {"audit_seq": head[0], "audit_hash": head[1]}


def _swap_in(actor: Actor, path: Path, manifest: Manifest, before: dict[str, Any] | None) -> Restored:
    fresh, old = backup.scratch_name("restore"), backup.scratch_name("replaced")
    backup.create(fresh)
    try:
        dump.load(path, fresh)
        with psycopg.connect(conninfo(dump.role(), fresh)) as conn:
            backup.compare(conn, path, manifest)
        steps = migrations.migrate(database=fresh)
        with psycopg.connect(conninfo(dump.role(), fresh)) as conn:
            verdict = _settle(conn, actor, path, manifest, before)
            conn.execute("ANALYZE")
        close_pools()
        _swap(fresh, DatabaseSettings().database_name, old)
    finally:
        backup.drop(fresh)
        backup.drop(old)
    return Restored(manifest, steps, verdict)


def _swap(fresh: str, name: str, old: str) -> None:
    """Rename two databases in one transaction; who is in them is sent out."""
    done = threading.Event()
    with backup.connected(None, "postgres") as conn, backup.connected(None, "postgres") as usher:
        usher.autocommit = True
        conn.autocommit = True
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(old)))
        there = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        conn.autocommit = False

        def send_out() -> None:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)"
            while not done.wait(0.05):
                usher.execute(query, ([name, fresh],))

        # While a rename waits for others to leave, nobody new comes in; the usher makes them leave.
        thread = threading.Thread(target=send_out, daemon=True)
        thread.start()
        try:
            until = time.monotonic() + SWAP_WAIT_S
            while True:
                try:
                    with conn.transaction():
                        if there:
                            _rename(conn, name, old)
                        _rename(conn, fresh, name)
                except psycopg.errors.ObjectInUse:
                    if time.monotonic() > until:
                        raise Busy from None
                else:
                    return
        finally:
            done.set()
            thread.join()


def _rename(conn: psycopg.Connection[Any], name: str, to: str) -> None:
    conn.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(to)))


def _fill(actor: Actor, path: Path, manifest: Manifest, before: dict[str, Any] | None) -> Restored:
    migrations.prepare()
    close_pools()
    with backup.connected(dump.role()) as conn:
        conn.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        conn.execute(backup.queries.clear.sql)
        _play(conn, dump.statements(path))
        conn.execute("RESET ALL")
        backup.compare(conn, path, manifest)
        _settle(conn, actor, path, manifest, before)
    steps = migrations.migrate()
    with backup.connected(dump.role()) as conn:
        verdict = audit.verify(conn)
        conn.execute("SET client_min_messages = error")
        conn.execute("ANALYZE")
    return Restored(manifest, steps, verdict)


def _play(conn: psycopg.Connection[Any], lines: Iterable[str]) -> None:
    """Run what pg_restore wrote, rows included, in the transaction of the connection."""
    waiting: list[str] = []
    stream = iter(lines)
    for line in stream:
        if line.startswith(("\\restrict", "\\unrestrict")):
            continue
        waiting.append(line)
        if line.startswith("COPY atlas.") and line.rstrip().endswith("FROM stdin;"):
            statement = waiting.pop()
            _flush(conn, waiting)
            with conn.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                for row in stream:
                    if row == "\\.\n":
                        break
                    copy.write(row)
    _flush(conn, waiting)


def _flush(conn: psycopg.Connection[Any], waiting: list[str]) -> None:
    if any(line.strip() and not line.startswith("--") for line in waiting):
        conn.execute("".join(waiting).encode())
    waiting.clear()


def _settle(
    conn: psycopg.Connection[Any], actor: Actor, path: Path, manifest: Manifest, before: dict[str, Any] | None
) -> audit.Verdict:
    """Leave the row that says so; nobody stays signed in."""
    conn.execute(
        "SELECT set_config('atlas.actor', %s, true), set_config('atlas.origin', %s, true)", (actor.name, actor.origin)
    )
    conn.execute(backup.queries.settle.sql)
    backup.record(conn, path, manifest, checked=True)
    after = {"made_at": manifest.made_at, "sha256": manifest.sha256, "audit_seq": manifest.audit_seq}
    audit.note(conn, "restore", "backup", path.name, before=before, after=after)
    return audit.verify(conn)
