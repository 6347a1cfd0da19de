"""The schema ``atlas``: set up, brought forward, taken back, by plain SQL files.

``data/migrations/NNNN_name.up.sql`` and ``….down.sql``; each runs in one transaction as
``atlas_owner`` with ``search_path = atlas, public``. What ran is kept in
``atlas.migration`` with the file's hash, so a file changed after it ran is noticed. A line
``-- include PACKAGE FILE`` stands for a file that a pinned library ships.
Nothing outside schema ``atlas`` is touched on an office's own server; on the embedded
one the database, the extension and one function flag are ours to set.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from gis.db.connection import APP
from gis.db.connection import OWNER
from gis.db.connection import READ
from gis.db.connection import conninfo
from gis.errors import DatabaseTooOld
from gis.errors import DatabaseUnavailable
from gis.errors import GridAtlasError
from gis.errors import RightMissing
from gis.i18n import translate as _
from gis.settings import CHECKOUT
from gis.settings import DatabaseSettings

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = CHECKOUT / "data" / "migrations"
MINIMUM_SERVER = 150000
MINIMUM_POSTGIS = (3, 3)
LOCK = 7_041_975
INCLUDE = re.compile(r"^-- include (\w+) ([\w./]+)$", re.MULTILINE)


class MigrationChanged(GridAtlasError):
    """A migration that already ran was edited afterwards, or is gone."""

    template = "迁移 {name} 在执行之后被改动或删除。"
    cure = "请恢复原文件,改动写进新的迁移。"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema, forward and back."""

    name: str
    up: str
    down: str

    @property
    def text(self) -> str:
        """What runs forward: the file, with what it includes."""
        return INCLUDE.sub(lambda found: files(found[1]).joinpath(found[2]).read_text(encoding="utf-8"), self.up)

    @property
    def digest(self) -> str:
        """SHA-256 of the forward file."""
        return hashlib.sha256(self.up.encode()).hexdigest()


def available(folder: Path = FOLDER) -> list[Migration]:
    """All migrations of the checkout, in order."""
    return [
        Migration(
            path.name.removesuffix(".up.sql"),
            path.read_text(encoding="utf-8"),
            path.with_name(path.name.replace(".up.", ".down.")).read_text(encoding="utf-8"),
        )
        for path in sorted(folder.glob("*.up.sql"))
    ]


def applied(database: str | None = None) -> dict[str, str]:
    """Names and hashes of the migrations that ran; empty where the schema is missing."""
    with _connect(None, database) as conn:
        known = conn.execute("SELECT to_regclass('atlas.migration')").fetchone()
        if known is None or known[0] is None:
            return {}
    with _connect(OWNER, database) as conn:
        return dict(conn.execute("SELECT name, digest FROM atlas.migration ORDER BY name").fetchall())


def prepare(database: str | None = None, *, schema: bool = True) -> None:
    """Make sure database, extension, roles and schema exist.

    Parameters
    ----------
    database : str, optional
        Another one than that of the settings, on the same server.
    schema : bool
        Whether schema ``atlas`` is made; a dump that is restored brings its own.

    Raises
    ------
    DatabaseUnavailable, DatabaseTooOld, RightMissing
        What stands in the way, with a remedy.
    """
    embedded = DatabaseSettings().database_url is None
    if embedded:
        _create_database(database or DatabaseSettings().database_name)
    with _connect(None, database) as conn:
        conn.autocommit = True
        if conn.info.server_version < MINIMUM_SERVER:
            raise DatabaseTooOld(detail=f"PostgreSQL {conn.info.server_version // 10000}")
        if embedded:
            conn.execute("CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public")
            conn.execute("ALTER FUNCTION public.geometry_overlaps(geometry, geometry) LEAKPROOF")
        _check_postgis(conn)
        _create_roles(conn, embedded=embedded)
        if embedded:
            conn.execute(
                sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
                    sql.Identifier(conn.info.dbname), sql.Identifier(OWNER)
                )
            )
        _check_temporary(conn)
        if not schema or conn.execute("SELECT to_regnamespace('atlas') IS NOT NULL").fetchone() == (True,):
            return  # even IF NOT EXISTS asks for a right that an office's account may lack
        try:
            conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS atlas AUTHORIZATION {}").format(sql.Identifier(OWNER)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise RightMissing(
                detail=_("不能建立 schema atlas"),
                remedy=_("请数据库管理员执行:CREATE SCHEMA atlas AUTHORIZATION atlas_owner;"),
            ) from error


def migrate(target: str | None = None, *, database: str | None = None) -> list[str]:
    """Bring the schema to ``target`` (default: the newest), forward or back.

    Parameters
    ----------
    target : str, optional
        Name of the last migration that shall be in force; ``"0"`` takes all back.
    database : str, optional
        Another one than that of the settings, on the same server.

    Returns
    -------
    list of str
        Names of the steps taken, ``-name`` for one taken back.
    """
    prepare(database)
    known = available()
    done = _checked(known, database)
    names = [m.name for m in known]
    if target is not None and target != "0" and target not in names:
        raise MigrationChanged(name=target)
    last = len(known) if target is None else 0 if target == "0" else names.index(target) + 1
    forward = [m.name for m in known[:last] if m.name not in done and _run(m, database, forward=True)]
    back = [f"-{m.name}" for m in reversed(known[last:]) if m.name in done and _run(m, database, forward=False)]
    return forward + back


def pending() -> list[str]:
    """Names of the migrations that have not run yet."""
    done = applied()
    return [m.name for m in available() if m.name not in done]


def _checked(known: list[Migration], database: str | None) -> dict[str, str]:
    done = applied(database)
    digests = {m.name: m.digest for m in known}
    for name, digest in done.items():
        if digests.get(name) != digest:
            raise MigrationChanged(name=name)
    return done


def _run(migration: Migration, database: str | None, *, forward: bool) -> bool:
    """Take one step in one transaction; False when another process took it meanwhile."""
    with _connect(OWNER, database) as conn, conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        conn.execute("SELECT set_config('atlas.actor', 'job:migrate', true)")
        conn.execute(
            "CREATE TABLE IF NOT EXISTS atlas.migration "
            "(name text PRIMARY KEY, digest text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
        )
        conn.execute("COMMENT ON TABLE atlas.migration IS 'Steps of the schema that ran, with the hash of each file.'")
        there = conn.execute("SELECT 1 FROM atlas.migration WHERE name = %s", (migration.name,)).fetchone()
        if (there is None) != forward:
            return False
        conn.execute((migration.text if forward else migration.down).encode())
        if forward:
            conn.execute(
                "INSERT INTO atlas.migration (name, digest) VALUES (%s, %s)", (migration.name, migration.digest)
            )
        else:
            conn.execute("DELETE FROM atlas.migration WHERE name = %s", (migration.name,))
        if conn.execute("SELECT to_regclass('atlas.audit') IS NOT NULL").fetchone() == (True,):
            action = "migrate" if forward else "migrate_back"
            after = Jsonb({"digest": migration.digest}) if forward else None
            conn.execute(
                "INSERT INTO atlas.audit (action, relation, subject, after) VALUES (%s, 'migration', %s, %s)",
                (action, migration.name, after),
            )
    return True


def _connect(role: str | None, database: str | None = None) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(conninfo(role, database))
    except psycopg.OperationalError as error:
        detail = str(error).strip().splitlines() or ["-"]
        raise DatabaseUnavailable(detail=detail[0]) from error


def _create_database(name: str) -> None:
    with _connect(None, "postgres") as conn:
        conn.autocommit = True
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _check_postgis(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute("SELECT extversion FROM pg_extension WHERE extname = 'postgis'").fetchone()
    if found is None:
        raise RightMissing(detail=_("数据库里没有 PostGIS"), remedy=_("请数据库管理员执行:CREATE EXTENSION postgis;"))
    version = tuple(int(part) for part in found[0].split(".")[:2])
    if version < MINIMUM_POSTGIS:
        raise DatabaseTooOld(detail=f"PostGIS {found[0]}")


def _check_temporary(conn: psycopg.Connection[Any]) -> None:
    """Require TEMPORARY: records come in through temporary tables, and a DBA may have taken that right away."""
    for role in (OWNER, APP):
        may = conn.execute("SELECT has_database_privilege(%s, current_database(), 'TEMPORARY')", (role,)).fetchone()
        if may == (False,):
            raise RightMissing(
                detail=_("数据库角色 {role} 不能建立临时表").format(role=role),
                remedy=_("请数据库管理员执行:GRANT TEMPORARY ON DATABASE {database} TO {owner}, {app};").format(
                    database=conn.info.dbname, owner=OWNER, app=APP
                ),
            )


def _create_roles(conn: psycopg.Connection[Any], *, embedded: bool) -> None:
    login = sql.SQL("LOGIN" if embedded else "NOLOGIN")
    for role in (OWNER, APP, READ):
        if conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
            continue
        try:
            conn.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), login))
            if not embedded:
                conn.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
        except psycopg.errors.DuplicateObject:
            continue
        except psycopg.errors.InsufficientPrivilege as error:
            raise RightMissing(
                detail=_("不能建立数据库角色 {role}").format(role=role),
                remedy=_("请数据库管理员执行:CREATE ROLE {role}; GRANT {role} TO {user};").format(
                    role=role, user=conn.info.user
                ),
            ) from error
