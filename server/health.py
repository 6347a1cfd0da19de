"""``GET /health``: can the house work? For whoever watches it, and for ``script/server``.

It is open to strangers, so it says no more than yes or no; why not is in the log, and
``script/gis doctor`` says it on the machine.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from gis.db import migrations
from gis.db.reading import async_fetch
from gis.errors import GridAtlasError
from server.actor import HOUSE
from server.errors import explained

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

REACH = "SELECT 1 FROM layer_version LIMIT 1"

_log = logging.getLogger("gridatlas.server")


@explained
async def health(request: Request) -> Response:  # noqa: ARG001  the shape of a route
    """Answer 200 when the database answers and no migration waits, else 503."""
    try:
        waiting = await asyncio.to_thread(migrations.pending)
        if not waiting:
            await async_fetch(HOUSE, REACH, {})
    except GridAtlasError as error:
        _log.warning("/health: %s", error)
        return _say(ok=False)
    return _say(ok=not waiting)


def _say(*, ok: bool) -> Response:
    return JSONResponse({"ok": ok}, status_code=200 if ok else 503, headers={"Cache-Control": "no-store"})
