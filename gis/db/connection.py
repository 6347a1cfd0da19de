"""The only way to the database: ``with session(actor) as conn``.

A session is one transaction that works for a named actor: row-level security reads the
name, the audit rows carry it. Persons work as ``atlas_app``, jobs as ``atlas_owner``.
Pools are kept per process and role; a connection that broke is replaced, not reused.
Routes on the event loop ask single questions through ``gis.db.reading``.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import Any
from typing import LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool
from psycopg_pool import PoolTimeout

from gis.db.cluster import PORT
from gis.db.cluster import SERVER_USER
from gis.db.cluster import Cluster
from gis.errors import Busy
from gis.errors import DatabaseUnavailable
from gis.errors import DiskFull
from gis.errors import NotAllowed
from gis.errors import TooSlow
from gis.i18n import translate as _
from gis.settings import DatabaseSettings
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = "atlas_owner"
APP = "atlas_app"
READ = "atlas_read"
SCHEMA = "atlas"

HANGS_ON = (
    "GRIDATLAS_HOME",
    "GRIDATLAS_DATABASE_URL",
    "GRIDATLAS_DATABASE_NAME",
    "GRIDATLAS_STATEMENT_TIMEOUT_S",
    "GRIDATLAS_LOCK_TIMEOUT_S",
)
"""Variables of the environment a connection string is made from."""

CONNECTION_GONE = ("08", "57P")
"""Beginnings of the SQL states that say the server is gone, going or not yet there."""

NAME_JOB = (
    "SELECT set_config('atlas.actor', %s, true), set_config('atlas.origin', %s, true),"
    " set_config('atlas.everywhere', 'on', true)"
)
NAME_PERSON = "SELECT atlas.enter(%s), set_config('atlas.origin', %s, true)"
"""A person's roles and reach are looked up in the same breath: the policies read them."""

# The pool tells its log of every vain attempt; with no log set up that must not reach the terminal.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())

_pools: dict[str, ConnectionPool[psycopg.Connection[Any]]] = {}


def conninfo(role: str | None, database: str | None = None) -> str:
    """Give the connection string that arrives as ``role``; None: as whoever may set the house up.

    On the embedded server each role logs in by itself. On an office's own server the one
    account of ``GRIDATLAS_DATABASE_URL`` logs in and becomes the role at start.
    """
    return _conninfo(role, database, tuple(os.environ.get(name) for name in HANGS_ON))


@lru_cache(maxsize=64)
def _conninfo(role: str | None, database: str | None, _given: tuple[str | None, ...]) -> str:
    """Make the connection string; reading the settings takes longer than many a query, so it is kept."""
    settings = DatabaseSettings()
    options = ["-c search_path=atlas,public", "-c jit=off", "-c timezone=UTC"]
    if role == APP:
        options += [
            f"-c statement_timeout={settings.statement_timeout_s * 1000}",
            f"-c lock_timeout={settings.lock_timeout_s * 1000}",
        ]
    if settings.database_url:
        given = {key: str(value) for key, value in conninfo_to_dict(settings.database_url).items() if value is not None}
        if role:
            options.append(f"-c role={role}")
        if database:
            given["dbname"] = database
        given["options"] = " ".join([given.get("options", ""), *options]).strip()
        return make_conninfo(**{"connect_timeout": "5", "application_name": "gridatlas", **given})
    return make_conninfo(
        host=str(Cluster.default().socket),
        port=PORT,
        user=role or SERVER_USER,
        dbname=database or settings.database_name,
        options=" ".join(options),
        connect_timeout=5,
        application_name="gridatlas",
    )


def role_of(actor: Actor) -> str:
    """Database role an actor works as."""
    return OWNER if actor.kind is ActorKind.JOB else APP


def naming(actor: Actor) -> LiteralString:
    """Give the statement that names an actor to a transaction; it takes name and origin."""
    return NAME_JOB if actor.kind is ActorKind.JOB else NAME_PERSON


@contextmanager
def session(actor: Actor) -> Iterator[psycopg.Connection[Any]]:
    """Open a transaction for an actor; it commits on leaving, rolls back on an error.

    Raises
    ------
    DatabaseUnavailable
        No connection could be had, or it broke on the way; nothing was kept.
    DiskFull
        The server has no room; nothing was kept.
    """
    with explained(), _pool(role_of(actor)).connection() as conn:
        conn.execute(naming(actor), (actor.name, actor.origin))
        yield conn


def close_pools() -> None:
    """Close this process's pools (end of a command or of a test)."""
    while _pools:
        _pools.popitem()[1].close()


def too_long() -> DatabaseUnavailable:
    """Say that no connection could be had in time."""
    seconds = f"{DatabaseSettings().pool_wait_s:g}"
    return DatabaseUnavailable(detail=_("等了 {seconds} 秒没有得到连接").format(seconds=seconds))


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the driver raises into our own mistakes."""
    try:
        yield
    except (psycopg.errors.DiskFull, psycopg.errors.ConfigurationLimitExceeded) as error:
        raise DiskFull(detail=str(error).splitlines()[0]) from error
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
        raise Busy from error
    except psycopg.errors.QueryCanceled as error:
        raise TooSlow from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise NotAllowed from error
    except PoolTimeout as error:
        raise too_long() from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if error.sqlstate is None or error.sqlstate.startswith(CONNECTION_GONE):
            raise DatabaseUnavailable(detail=_("连接中途断开,没有写入任何内容")) from error
        raise


def _pool(role: str) -> ConnectionPool[psycopg.Connection[Any]]:
    info = conninfo(role)
    if info not in _pools:
        settings = DatabaseSettings()
        _pools[info] = ConnectionPool(
            info,
            min_size=0,
            max_size=settings.pool_size,
            timeout=settings.pool_wait_s,
            # Give up with whoever waits: the next one then tries at once, whatever the outage lasted.
            reconnect_timeout=settings.pool_wait_s,
            check=ConnectionPool.check_connection,
            name=f"gridatlas-{role}",
            open=True,
        )
    return _pools[info]
