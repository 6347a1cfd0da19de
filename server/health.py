"""``GET /health``: can the house work? For whoever watches it, and for ``script/server``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from gis.db import migrations
from gis.db.connection import async_fetch
from gis.errors import GridAtlasError
from server.actor import actor_of
from server.errors import SchemaBehind
from server.errors import explained

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

REACH = "SELECT current_setting('server_version'), postgis_lib_version()"


@explained
async def health(request: Request) -> Response:
    """Answer 200 when the database answers and no migration waits, else 503 and why."""
    try:
        found = await async_fetch(actor_of(request), REACH, {})
        waiting = await asyncio.to_thread(migrations.pending)
    except GridAtlasError as error:
        body: dict[str, object] = {
            "ok": False,
            "database": False,
            "error": error.message,
            "remedy": error.remedy,
            "status": 503,
        }
        return JSONResponse(body, status_code=503, headers={"Cache-Control": "no-store"})
    server, postgis = found or ("", "")
    body = {"ok": not waiting, "database": True, "postgresql": server, "postgis": postgis, "pending": waiting}
    if waiting:
        behind = SchemaBehind()
        body |= {"error": behind.message, "remedy": behind.remedy, "status": 503}
    return JSONResponse(body, status_code=503 if waiting else 200, headers={"Cache-Control": "no-store"})
