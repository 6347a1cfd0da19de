"""What the worker does: it brings the coverage up to date after every change, once a day, and when asked.

Changes leave marks (``dirty``) and wake the worker when their transaction ends; it puts a job
into the queue (procrastinate, tables in schema ``atlas``) and does it. Every few seconds it
looks for marks by itself, so that none is stranded whatever happened. A run takes its marks in
the transaction that keeps the result, under a lock of its network: a worker that is killed
loses nothing and does nothing twice, and any number of workers may run. A run that failed is
tried again when the sweep finds its marks. See
docs/decisions/worker.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING
from typing import Any

import psycopg
from procrastinate import App
from procrastinate import Blueprint
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from gis.casework import starting
from gis.coverage import progress
from gis.coverage import refresh
from gis.coverage.local import Desk
from gis.db.connection import OWNER
from gis.db.connection import conninfo
from gis.errors import DatabaseUnavailable
from gis.errors import GridAtlasError
from gis.memory import give_back
from gis.vocabulary import Actor

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Iterator

ACTOR = Actor.job("worker")
QUEUE = "coverage"
CHANNEL = "gridatlas_dirty"
SWEEP_S = 5.0
"""How long a mark lies at most before somebody looks for it."""
JOIN_S = 20.0
"""How long the comparison of a whole network waits for more changes: it costs the same after one or a hundred."""
LEAVE_S = 5.0
"""How long what is under way may take to end."""
AGAIN_S = 2.0
"""Between two attempts to reach a database that is not there."""

LOG = logging.getLogger(__name__)
TROUBLE = (psycopg.OperationalError, psycopg.InterfaceError, ConnectorException, PoolTimeout, DatabaseUnavailable)

DUE = """
    SELECT n.code, CASE
        WHEN r.whole_at IS NULL OR o.old THEN 'refresh_all'
        WHEN m.changed THEN 'refresh_dirty' ELSE 'refresh_statistics' END
    FROM atlas.network AS n
    LEFT JOIN atlas.run AS r ON r.network_id = n.id
    CROSS JOIN LATERAL (SELECT (r.whole_at AT TIME ZONE 'Asia/Shanghai')::date < atlas.today() AS old) AS o
    CROSS JOIN LATERAL (
        SELECT bool_or(d.kind <> 'statistics') AS changed, min(d.at) FILTER (WHERE d.kind = 'statistics') AS since
        FROM atlas.dirty AS d WHERE d.network_id = n.id
    ) AS m
    WHERE (o.old OR m.changed OR m.since < now() - make_interval(secs => %(join)s))
        AND (r.error IS NULL OR r.seen_at < now() - make_interval(secs => %(join)s))
"""
PUT = """
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW(%(queue)s, %(task)s, 0, NULL, %(lock)s, %(args)s, NULL)::procrastinate_job_to_defer_v1
    ])
    WHERE NOT EXISTS (SELECT FROM procrastinate_jobs WHERE queueing_lock = %(lock)s AND status = 'todo')
"""
DEAD = """
    UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'doing' AND (worker_id IS NULL OR worker_id IN (
        SELECT id FROM procrastinate_workers WHERE last_heartbeat < now() - interval '60 seconds'))
"""
OLD = """
    DELETE FROM procrastinate_jobs AS j WHERE status = 'failed' AND NOT EXISTS (
        SELECT FROM procrastinate_events AS e WHERE e.job_id = j.id AND e.at > now() - interval '30 days')
"""

tasks = Blueprint()
_desk = Desk()


@tasks.task(name="refresh_dirty", queue=QUEUE)
def refresh_dirty(network: str) -> None:
    """Judge anew what changed in a network; whole where that cannot be done."""
    with _minded(network):
        try:
            refresh.refresh_dirty(_desk, ACTOR, network)
        except GridAtlasError:
            raise
        except Exception:
            LOG.exception("a local run of %s failed: the network is judged whole", network)
            _desk.close()
            refresh.refresh(ACTOR, network)


@tasks.task(name="refresh_statistics", queue=QUEUE)
def refresh_statistics(network: str) -> None:
    """Compare the grids of a network anew."""
    with _minded(network):
        refresh.refresh_statistics(ACTOR, network)


@tasks.task(name="refresh_all", queue=QUEUE)
def refresh_all(network: str) -> None:
    """Judge a network whole; cases that nobody gave their clocks get them first."""
    with _minded(network):
        while starting.catch_up(ACTOR):
            pass
        refresh.refresh(ACTOR, network)


@contextlib.contextmanager
def _minded(network: str) -> Iterator[None]:
    """Write down what stood in the way of a run; the marks are still there, and the sweep comes back to them."""
    try:
        yield
    except Exception as error:
        message = error.message if isinstance(error, GridAtlasError) else f"{type(error).__name__}: {error}"
        with contextlib.suppress(GridAtlasError):
            progress.failed(ACTOR, network, message)
        raise
    finally:
        give_back()


def make_app() -> App:
    """Give the queue over the database of the settings."""
    app = App(connector=PsycopgConnector(conninfo=conninfo(OWNER), min_size=1, max_size=3, timeout=10))
    app.add_tasks_from(tasks, namespace="coverage")
    return app


async def put(conn: psycopg.AsyncConnection[Any], task: str, network: str) -> bool:
    """Put a job into the queue; False where one like it waits already.

    By the function procrastinate itself calls: its own client wants to read from the database's
    message who holds the lock, and row-level security leaves that out.
    """
    given = {
        "queue": QUEUE,
        "task": f"coverage:{task}",
        "lock": f"{task}:{network}",
        "args": Jsonb({"network": network}),
    }
    try:
        return (await (await conn.execute(PUT, given)).fetchone()) is not None
    except psycopg.errors.UniqueViolation:
        return False


async def sweep(conn: psycopg.AsyncConnection[Any]) -> list[str]:
    """Put a job into the queue for each network that has marks or was not judged today; their tasks."""
    await conn.execute(DEAD)
    await conn.execute(OLD)
    rows = await (await conn.execute(DUE, {"join": JOIN_S})).fetchall()
    return [task for network, task in rows if await put(conn, task, network)]


async def _listen() -> None:
    """Put jobs into the queue whenever a change says so, and every few seconds."""
    conn = await psycopg.AsyncConnection.connect(conninfo(OWNER), autocommit=True, prepare_threshold=0)
    async with conn:
        await conn.execute(f"LISTEN {CHANNEL}".encode())
        while True:
            await sweep(conn)
            async for _note in conn.notifies(timeout=SWEEP_S, stop_after=1):
                pass


async def _once(stop: asyncio.Event) -> None:
    """Work until told to stop, or until the database is gone."""
    app = make_app()
    await app.open_async()
    parts: list[Awaitable[Any]] = [
        _listen(),
        app.run_worker_async(
            queues=[QUEUE], name="coverage", concurrency=1, wait=True, listen_notify=True, delete_jobs="successful",
            fetch_job_polling_interval=SWEEP_S, install_signal_handlers=False, update_heartbeat_interval=10,
            stalled_worker_timeout=60,
        ),
        stop.wait(),
    ]  # fmt: skip
    running = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _rest = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for part in done:
            part.result()
    finally:
        for part in running:
            part.cancel()
        await asyncio.wait(running, timeout=LEAVE_S)


async def work() -> bool:
    """Run the worker until it is told to stop, or the database is gone; whether to begin again."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await _once(stop)
    except TROUBLE as error:
        LOG.warning("the database is not there: %s", (str(error) or type(error).__name__).splitlines()[0])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AGAIN_S)
    return not stop.is_set()


def main() -> None:
    """Run the worker of this installation.

    Where the database went away, pools and listeners may wait for it a long time; the process
    begins anew instead, under its own number. What it was doing is taken back by the database.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    again = asyncio.new_event_loop().run_until_complete(work())
    sys.stderr.flush()
    if again:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606  our own command line
    os._exit(0)
