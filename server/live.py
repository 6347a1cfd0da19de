"""A websocket that is looked after: it closes when the session behind it is over."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Any

from gis.errors import GridAtlasError
from server import visitors

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from starlette.types import ASGIApp
    from starlette.types import Receive
    from starlette.types import Scope
    from starlette.types import Send

    from gis.access.sessions import Visitor

RECHECK_S = 2.0
POLICY_VIOLATION = 1008

_log = logging.getLogger("gridatlas.server")


class Watched:
    """One websocket of a visitor.

    Parameters
    ----------
    app : ASGIApp
        What answers it.
    visitor : Visitor
        Who opened it.
    token : str
        His session's.
    """

    def __init__(self, app: ASGIApp, visitor: Visitor, token: str) -> None:
        self._app = app
        self._visitor = visitor
        self._token = token
        self._heard = False
        self._over = asyncio.Event()

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application talk until either side, or the session, ends."""
        over = asyncio.ensure_future(self._over.wait())
        watch = asyncio.ensure_future(self._watch())
        waiting: asyncio.Future[MutableMapping[str, Any]] | None = None

        async def receiving() -> MutableMapping[str, Any]:
            nonlocal waiting
            waiting = waiting or asyncio.ensure_future(receive())
            both: set[asyncio.Future[Any]] = {waiting, over}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if self._over.is_set():
                with suppress(Exception):  # the browser may be gone already
                    await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
            message, waiting = waiting.result(), None
            self._heard = self._heard or message["type"] == "websocket.receive"
            return message

        async def sending(message: MutableMapping[str, Any]) -> None:
            if not self._over.is_set():
                await send(message)

        try:
            await self._app(scope, receiving, sending)
        finally:
            for task in (watch, over, waiting):
                if task is not None:
                    task.cancel()

    async def _watch(self) -> None:
        """Look at the session again and again; a database that is away ends nothing."""
        while True:
            await asyncio.sleep(RECHECK_S)
            alive, self._heard = self._heard, False
            try:
                found = await asyncio.to_thread(visitors.person, self._token, alive=alive)
            except GridAtlasError as error:
                self._heard = self._heard or alive
                _log.warning("websocket: %s", error)
                continue
            except Exception:  # noqa: BLE001  whatever it is, the next look may succeed
                _log.exception("a websocket's session could not be looked at")
                continue
            if found is None or found.session != self._visitor.session or found.must_change:
                self._over.set()
                return
