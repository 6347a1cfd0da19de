"""What the routes open when the server starts and close when it ends."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from gis.db.reading import close_async_pools
from server import tiles
from server import versions
from server.daily import daily

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:  # noqa: ARG001  the shape the application server asks for
    """Start with nothing remembered; close the pools at the end.

    Pools open at the first request, so the pages come up, and can say what is wrong,
    while the database is not there.
    """
    versions.forget()
    tiles.store.clear()
    try:
        with daily():
            yield
    finally:
        versions.forget()
        tiles.store.clear()
        await close_async_pools()
