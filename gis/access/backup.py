"""Backups: schema ``atlas`` in one file, with a manifest beside it that says what must be in it.

A backup appears under its name only when it is whole, and was restored into a scratch
database and compared, where that can be done. Putting one back is :mod:`gis.access.restore`;
when they are made by themselves is :mod:`gis.access.schedule`.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from gis.access import audit
from gis.access import content
from gis.db import dump
from gis.db import migrations
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import DatabaseUnavailable
from gis.errors import DiskFull
from gis.errors import FileMissing
from gis.errors import GridAtlasError
from gis.errors import RightMissing
from gis.i18n import translate as _
from gis.settings import BackupSettings
from gis.settings import DatabaseSettings
from gis.settings import HomeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis.vocabulary import Actor

queries = aiosql.from_path(Path(__file__).with_name("backup.sql"), "psycopg", mandatory_parameters=False)

FORMAT = 1
LOCK = 7_041_976
PART = ".part"
DAILY = "gridatlas-daily-"


class FileThere(BadInput):
    """The backup would overwrite a file."""

    template = "文件 {path} 已经存在。"
    cure = "请换一个文件名,或先把它移走;备份不会覆盖已有文件。"


class Underway(GridAtlasError):
    """Another backup or restore runs."""

    template = "另一个备份或恢复正在进行。"
    cure = "请等它结束后重试。"
    http_status = 409


class ManifestMissing(BadInput):
    """A dump without the file that says what must be in it."""

    template = "备份 {path} 旁边没有清单 {name},或清单不可读。"
    cure = "备份由两个文件组成,请把同名的 .json 放在一起。"


class DumpDamaged(BadInput):
    """The file is not what its manifest says."""

    template = "备份 {path} 不完整或被改动:{detail}。"
    cure = "请换一个备份;数据库没有受影响。"


class DumpNewer(BadInput):
    """Made by a newer version of the house."""

    template = "备份 {path} 来自更新的版本(迁移 {name})。"
    cure = "请先升级 GridAtlas,再恢复这个备份。"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What must be in a dump.

    Attributes
    ----------
    migrations : dict of str to str
        Steps of the schema with their hashes.
    tables : dict of str to (int, str)
        Rows and hash of each table.
    audit_seq, audit_hash : int, str
        Newest link of the audit's chain.
    """

    format: int
    made_at: str
    actor: str
    server: int
    postgis: str
    migrations: dict[str, str]
    tables: dict[str, tuple[int, str]]
    structure: str
    audit_seq: int
    audit_hash: str
    bytes: int = 0
    sha256: str = ""

    @property
    def content(self) -> content.Content:
        """Give its figures, to be compared."""
        return content.Content({name: (rows, digest) for name, (rows, digest) in self.tables.items()}, self.structure)


@dataclass(frozen=True, slots=True)
class Backup:
    """One finished backup.

    Attributes
    ----------
    unchecked : str
        Why it could not be restored and compared; empty where it was.
    """

    path: Path
    manifest: Manifest
    unchecked: str = ""


def folder() -> Path:
    """Give the folder backups go to where no file is named."""
    return (BackupSettings().folder or HomeSettings().home / "backups").resolve()


def manifest_of(path: Path) -> Path:
    """Give the manifest's place beside a dump."""
    return path.with_name(path.name + ".json")


def make(actor: Actor, path: Path | None = None, *, checked: bool = True, daily: bool = False) -> Backup:
    """Write a backup, one at a time (:func:`alone`).

    Parameters
    ----------
    actor : Actor
        A job's; its name stands in the manifest, in table ``backup`` and in the audit.
    path : Path, optional
        Where to; by default a new name in :func:`folder`.
    checked : bool
        Restore it into a scratch database and compare, before it gets its name.
    daily : bool
        Name it as one of the daily ones, which :mod:`gis.access.schedule` thins out.

    Raises
    ------
    FileThere, Underway, DiskFull, DatabaseUnavailable, RightMissing
        No file was left.
    DumpDamaged
        What was restored was not the same.
    """
    with alone():
        return write(actor, path, checked=checked, daily=daily)


def write(actor: Actor, path: Path | None = None, *, checked: bool = True, daily: bool = False) -> Backup:
    """Do what :func:`make` does, for a caller that is alone already."""
    path = _place(path, daily=daily)
    part = path.with_name(path.name + PART)
    try:
        manifest = _write(actor.name, part)
        unchecked = check(part, manifest) if checked else _("按要求没有核对")
        _publish(part, path, manifest)
    except OSError as error:
        raise _explained(error, path) from error
    except psycopg.errors.DiskFull as error:
        raise DiskFull(detail=str(error).splitlines()[0]) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(detail=(str(error).strip().splitlines() or ["-"])[0]) from error
    finally:
        for leftover in (part, manifest_of(path).with_name(manifest_of(path).name + PART)):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
    with session(actor) as conn:
        record(conn, path, manifest, checked=not unchecked)
        after = {"bytes": manifest.bytes, "sha256": manifest.sha256, "checked": not unchecked}
        audit.note(conn, "backup", "backup", path.name, after=after)
    return Backup(path, manifest, unchecked)


def read(path: Path) -> Manifest:
    """Read a backup's manifest and hold the dump against it.

    Raises
    ------
    FileMissing, ManifestMissing, DumpDamaged, DumpNewer
        It cannot be restored.
    """
    if not path.is_file():
        raise FileMissing(path=path)
    beside = manifest_of(path)
    try:
        given = json.loads(beside.read_text(encoding="utf-8"))
        given["tables"] = {name: (int(rows), str(digest)) for name, (rows, digest) in given["tables"].items()}
        manifest = Manifest(**given)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestMissing(path=path, name=beside.name) from error
    known = {step.name: step.digest for step in migrations.available()}
    for name, digest in manifest.migrations.items():
        if known.get(name) != digest:
            raise DumpNewer(path=path, name=name)
    if manifest.format > FORMAT:
        raise DumpNewer(path=path, name=f"format {manifest.format}")
    size = path.stat().st_size
    if size != manifest.bytes:
        raise DumpDamaged(
            path=path, detail=_("应有 {wanted} 字节,只有 {size}").format(wanted=manifest.bytes, size=size)
        )
    if _sha256(path) != manifest.sha256:
        raise DumpDamaged(path=path, detail=_("内容与清单的哈希值不符"))
    return manifest


def check(path: Path, manifest: Manifest) -> str:
    """Restore a dump into a scratch database and compare table by table.

    Returns
    -------
    str
        Empty where it is the same; else why it could not be tried.

    Raises
    ------
    DumpDamaged
        It is not the same.
    """
    scratch = scratch_name("check")
    try:
        create(scratch)
    except RightMissing as error:
        return error.message
    try:
        dump.load(path, scratch)
        with psycopg.connect(conninfo(dump.role(), scratch)) as conn:
            compare(conn, path, manifest)
    except dump.DumpFailed as error:
        raise DumpDamaged(path=path, detail=error.message) from error
    finally:
        drop(scratch)
    return ""


def compare(conn: psycopg.Connection[Any], path: Path, manifest: Manifest) -> None:
    """Hold a database against a manifest.

    Raises
    ------
    DumpDamaged
        Tables, structure, sequences or the end of the audit's chain differ.
    """
    same_server = conn.info.server_version // 10000 == manifest.server // 10000
    differing = manifest.content.differs(content.measure(conn), structure=same_server)
    differing += content.loose_sequences(conn)
    head = conn.execute(queries.head.sql).fetchone()
    if head != (manifest.audit_seq, manifest.audit_hash):
        differing.append("audit_head")
    if differing:
        raise DumpDamaged(path=path, detail=_("恢复后不同:{names}").format(names="、".join(differing)))


def record(conn: psycopg.Connection[Any], path: Path, manifest: Manifest, *, checked: bool) -> None:
    """Write the row of a backup into table ``backup``, or say when it was checked again."""
    counts = {name: {"rows": rows, "hash": digest} for name, (rows, digest) in manifest.tables.items()}
    given = {
        "at": manifest.made_at, "file": str(path), "bytes": manifest.bytes, "sha256": manifest.sha256,
        "counts": Jsonb(counts), "checked": checked,
    }  # fmt: skip
    if conn.execute(queries.checked_again.sql, given).rowcount == 0:
        conn.execute(queries.add.sql, given)


@contextmanager
def alone() -> Iterator[None]:
    """Let one backup or restore of an office run at a time, in all processes.

    Raises
    ------
    Underway
        Another one runs.
    """
    # In the database that outlives a restore, under a number made of the office's name.
    number = int.from_bytes(hashlib.sha256(scratch_name("").encode()).digest()[:4], "big", signed=True)
    with connected(None, maintenance()) as conn:
        conn.autocommit = True
        if conn.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK, number)).fetchone() != (True,):
            raise Underway
        yield


def embedded() -> bool:
    """Whether the server is ours."""
    return DatabaseSettings().database_url is None


def maintenance() -> str | None:
    """Give the database from which others are made and renamed."""
    return "postgres" if embedded() else None


def scratch_name(kind: str) -> str:
    """Give the name of a database beside the office's own."""
    if embedded():
        return f"{DatabaseSettings().database_name}_{kind}"
    return f"{psycopg.conninfo.conninfo_to_dict(conninfo(None)).get('dbname') or 'gridatlas'}_{kind}"


def connected(role: str | None, database: str | None = None) -> psycopg.Connection[Any]:
    """Connect outside the pools.

    Raises
    ------
    DatabaseUnavailable
        There is no connection to be had.
    """
    try:
        return psycopg.connect(conninfo(role, database))
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(detail=(str(error).strip().splitlines() or ["-"])[0]) from error


def create(name: str) -> None:
    """Make an empty database with PostGIS and our roles' rights, in place of one left behind.

    Raises
    ------
    RightMissing
        The account on an office's own server may not.
    """
    refused = _("没有核对:账号不能在这台服务器上新建带 PostGIS 的数据库(需要 CREATEDB)")
    remedy = _("可在另一台机器上用 script/gis restore 核对。")
    with connected(None, maintenance()) as conn:
        conn.autocommit = True
        try:
            conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise RightMissing(detail=refused, remedy=remedy) from error
        except psycopg.errors.DiskFull as error:
            raise DiskFull(detail=str(error).splitlines()[0]) from error
    try:
        if embedded():
            migrations.prepare(name, schema=False)
            return
        with connected(None, name) as conn:
            conn.execute("CREATE EXTENSION postgis WITH SCHEMA public")
            conn.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO atlas_owner").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        drop(name)
        raise RightMissing(detail=refused, remedy=remedy) from error


def drop(name: str) -> None:
    """Take a scratch database away; one that stays is taken away next time."""
    with suppress(DatabaseUnavailable, psycopg.Error), connected(None, maintenance()) as conn:
        conn.autocommit = True
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def last_good(conn: psycopg.Connection[Any]) -> datetime | None:
    """When the newest backup was made; None where there is none."""
    found = conn.execute("SELECT max(at) FROM atlas.backup").fetchone()
    return found[0] if found else None


def _write(who: str, part: Path) -> Manifest:
    """Dump and measure the same snapshot."""
    with connected(dump.role()) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        facts = conn.execute(queries.facts.sql).fetchone()
        assert facts is not None
        snapshot, postgis, seq, digest = facts
        dump.save(part, snapshot)
        found = content.measure(conn)
        steps = dict(conn.execute("SELECT name, digest FROM atlas.migration ORDER BY name").fetchall())
        server = conn.info.server_version
    _flush(part)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(FORMAT, made, who, server, postgis, steps, found.tables, found.structure, seq, digest)
    return replace(manifest, bytes=part.stat().st_size, sha256=_sha256(part))


def _publish(part: Path, path: Path, manifest: Manifest) -> None:
    """Give a whole backup its name: the manifest first, so that no dump stands without one."""
    beside = manifest_of(path)
    half = beside.with_name(beside.name + PART)
    half.touch(mode=0o600)
    half.write_text(json.dumps(asdict(manifest), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    _flush(half)
    half.rename(beside)
    part.rename(path)
    _flush(path.parent)


def _place(path: Path | None, *, daily: bool) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    given = path is not None
    path = (path or folder() / f"{DAILY if daily else 'gridatlas-'}{stamp}Z.dump").absolute()
    try:
        if not given:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            for leftover in path.parent.glob(f"gridatlas-*{PART}"):
                leftover.unlink()
        if path.exists():
            raise FileThere(path=path)
        path.with_name(path.name + PART).unlink(missing_ok=True)
    except OSError as error:
        raise _explained(error, path) from error
    return path


def _explained(error: OSError, path: Path) -> GridAtlasError:
    if error.errno in {28, 122}:  # ENOSPC, EDQUOT
        return DiskFull(detail=str(path.parent))
    return RightMissing(
        detail=_("不能写入 {folder}").format(folder=path.parent),
        remedy=_("请换一个可写的位置(GRIDATLAS_BACKUP_FOLDER)。"),
    )


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
