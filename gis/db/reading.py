"""Single questions from the event loop: one round trip each, on lines kept for reading.

``await async_fetch(actor, statement, parameters)`` names the actor and asks in one go. A line
is a connection that never writes (the server refuses it), never plans for several processes
(starting them takes longer than a tile) and is not tested before use: one that turns out dead
is thrown away and the question asked once more on a new one, which is safe because it only
reads. See docs/decisions/reading.md.
"""

from __future__ import annotations

import asyncio
import re
import time
from functools import cache
from typing import TYPE_CHECKING
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

from gis.db.connection import CONNECTION_GONE
from gis.db.connection import conninfo
from gis.db.connection import explained
from gis.db.connection import naming
from gis.db.connection import role_of
from gis.db.connection import too_long
from gis.settings import DatabaseSettings

if TYPE_CHECKING:
    from gis.vocabulary import Actor

SET_UP = """
    SELECT set_config('default_transaction_read_only', 'on', false),
        set_config('max_parallel_workers_per_gather', '0', false)
"""
"""What makes a connection a line."""
AGAIN_S = 0.2
"""Between two attempts to reach a server that is not there."""

_PLACE = re.compile(r"%(?:\((\w+)\)s|(s)|%)")

_lines: dict[str, Lines] = {}


async def async_fetch(
    actor: Actor, statement: str, parameters: dict[str, Any], info: str | None = None
) -> tuple[Any, ...] | None:
    """Ask one reading question for an actor in a single round trip; its first row.

    The actor's name and the question travel together (pipeline) and share one implicit
    transaction; the name ends with it. The statement stays prepared on the line.

    Parameters
    ----------
    actor : Actor
        Who asks.
    statement : str
        One SELECT with named parameters; the server refuses one that writes.
    parameters : dict
        Values of its parameters.
    info : str, optional
        Connection string of the actor's role, from a caller who has it at hand.

    Raises
    ------
    DatabaseUnavailable
        No connection could be had, or it broke on the way twice.
    """
    with explained():
        lines = _of(info or conninfo(role_of(actor)))
        return await lines.fetch((naming(actor), [actor.name, actor.origin]), _question(statement, parameters))


async def close_async_pools() -> None:
    """Close the event loop's lines (end of the server)."""
    while _lines:
        _lines.popitem()[1].close()


def _of(info: str) -> Lines:
    """Lines of this loop; those of a loop that has ended are let go of."""
    loop = asyncio.get_running_loop()
    held = _lines.get(info)
    if held is None or held.loop is not loop:
        settings = DatabaseSettings()
        held = _lines[info] = Lines(info, settings.pool_size, settings.pool_wait_s)
    return held


@cache
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """Write a statement's named places as $1, $2 …; the text, and the names in this order."""
    names: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        name = found[1] or f"#{len(names)}"
        return f"${names.setdefault(name, len(names) + 1)}"

    return _PLACE.sub(place, statement).encode(), tuple(names)


def _question(statement: str, parameters: dict[str, Any]) -> tuple[str, list[Any]]:
    return statement, [parameters[name] for name in _numbered(statement)[1]]


class Line:
    """One connection in pipeline mode, with the statements prepared on it.

    Parameters
    ----------
    conn : psycopg.AsyncConnection
        In autocommit, idle; the line owns it from here on.
    """

    def __init__(self, conn: psycopg.AsyncConnection[Any]) -> None:
        self._conn = conn
        self._pg = conn.pgconn
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._adapter = Transformer(conn)
        self._prepared: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self._results: list[pq.abc.PGresult] = []
        self._waiting: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._socket = self._pg.socket
        self.alive = True
        self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Hang up."""
        if self.alive:
            self.alive = False
            if not self._loop.is_closed():
                self._loop.remove_reader(self._socket)
            self._pg.finish()

    async def ask(self, *questions: tuple[str, list[Any]]) -> tuple[Any, ...] | None:
        """Ask several questions in one transaction and one round trip; the first row of the last.

        A line on which anything went wrong, or whose asker gave up, is closed.
        """
        try:
            self._results.clear()
            self._waiting = self._loop.create_future()
            for statement, values in questions:
                self._send(statement, values)
            self._pg.pipeline_sync()
            while self._pg.flush():
                await self._writable()
            await self._waiting
            for result in self._results:
                if result.status == pq.ExecStatus.FATAL_ERROR:
                    raise error_from_result(result, self._conn.info.encoding)  # noqa: TRY301  closed below
        except BaseException:
            self.close()
            raise
        finally:
            self._waiting = None
        last = self._results[-1]
        if last.ntuples == 0:
            return None
        self._adapter.set_pgresult(last)
        row: tuple[Any, ...] | None = self._adapter.load_row(0, tuple)
        return row

    def _send(self, statement: str, values: list[Any]) -> None:
        text = _numbered(statement)[0]
        given = self._adapter.dump_sequence(values, [PyFormat.AUTO] * len(values))
        types, formats = self._adapter.types or (), self._adapter.formats
        name = self._prepared.get((text, types))
        if name is None:
            name = self._prepared[text, types] = f"q{len(self._prepared)}".encode()
            self._pg.send_prepare(name, text, types)
        self._pg.send_query_prepared(name, given, formats, result_format=pq.Format.BINARY)

    async def _writable(self) -> None:
        """Wait until the server takes more of a long question."""
        ready = self._loop.create_future()
        self._loop.add_writer(self._socket, lambda: None if ready.done() else ready.set_result(None))
        try:
            await ready
        finally:
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        """Take in what the server sent; a hang-up is noticed here, asked or not."""
        waiting = self._waiting
        try:
            self._pg.consume_input()
            while not self._pg.is_busy():
                result = self._pg.get_result()
                if result is not None and result.status != pq.ExecStatus.PIPELINE_SYNC:
                    self._results.append(result)
                elif result is not None:
                    if waiting is not None and not waiting.done():
                        waiting.set_result(None)
                    return
                elif waiting is None or self._pg.transaction_status == pq.TransactionStatus.UNKNOWN:
                    raise psycopg.OperationalError("the line went dead")
        except psycopg.Error as error:
            self.close()
            if waiting is not None and not waiting.done():
                waiting.set_exception(error)


class Lines:
    """The lines to one database as one role, opened when needed, up to a number.

    Parameters
    ----------
    info : str
        Connection string.
    most : int
        Lines open at a time.
    wait_s : float
        Seconds to wait for a free line, or for the server, before giving up.
    """

    def __init__(self, info: str, most: int, wait_s: float) -> None:
        self.loop = asyncio.get_running_loop()
        self._info = info
        self._wait_s = wait_s
        self._free = asyncio.Semaphore(most)
        self._idle: list[Line] = []

    def close(self) -> None:
        """Hang up every idle line."""
        while self._idle:
            self._idle.pop().close()

    async def fetch(self, *questions: tuple[str, list[Any]]) -> tuple[Any, ...] | None:
        """Ask on a line that is free; once more on a new one where a kept one was dead."""
        deadline = time.monotonic() + self._wait_s
        if self._free.locked():
            try:
                await asyncio.wait_for(self._free.acquire(), self._wait_s)
            except TimeoutError:
                raise too_long() from None
        else:
            await self._free.acquire()
        try:
            line = self._kept()
            if line is not None:
                try:
                    row = await line.ask(*questions)
                except psycopg.OperationalError as error:
                    if error.sqlstate is not None and not error.sqlstate.startswith(CONNECTION_GONE):
                        raise
                    self.close()
                else:
                    self._idle.append(line)
                    return row
            line = await self._open(deadline)
            row = await line.ask(*questions)
            self._idle.append(line)
            return row
        finally:
            self._free.release()

    def _kept(self) -> Line | None:
        while self._idle:
            line = self._idle.pop()
            if line.alive:
                return line
        return None

    async def _open(self, deadline: float) -> Line:
        """Connect; a server that is starting is waited for."""
        while True:
            try:
                conn = await psycopg.AsyncConnection.connect(self._info, autocommit=True)
            except psycopg.OperationalError as error:
                if time.monotonic() + AGAIN_S > deadline:
                    raise too_long() from error
                await asyncio.sleep(AGAIN_S)
            else:
                await conn.execute(SET_UP)
                return Line(conn)
