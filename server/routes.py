"""All addresses beside the pages, in the order they are tried.

None lies under a prefix that the page server keeps for itself. Whatever else is asked
for below ours is answered here too, in our shape, and never falls through to the pages.
Tiles take a shortcut past all that only pages need.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.convertors import PathConvertor
from starlette.convertors import register_url_convertor
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.routing import Route

from server import auth
from server import oidc
from server.assets import asset
from server.errors import PageMissing
from server.errors import explained
from server.health import health
from server.lifespan import lifespan
from server.metrics import metrics
from server.reports import report_in
from server.style import style_route
from server.tiles import tile
from server.upload import upload_file
from server.upload import upload_open

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp
    from starlette.types import Receive
    from starlette.types import Scope
    from starlette.types import Send

__all__ = ["ROUTES", "Shortcut", "lifespan", "routes"]

TILE = re.compile(r"/tiles/(?P<layer>[^/]+)/(?P<z>[^/]+)/(?P<x>[^/]+)/(?P<y>[^/]+)\.pbf")


class Rest(PathConvertor):
    """Whatever is left of an address, line ends too."""

    regex = "(?s:.*)"


register_url_convertor("rest", Rest())


def _any(path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """Route every method, so that a wrong one is answered in our shape."""
    route = Route(path, endpoint)
    route.methods = None
    return route


@explained
async def nowhere(request: Request) -> Response:
    """Answer 404 for an address below one of ours that leads nowhere."""
    raise PageMissing(path=request.url.path[:80])


ROUTES: list[BaseRoute] = [
    Route("/auth/login", auth.login, methods=["GET", "POST"]),
    Route("/auth/logout", auth.logout, methods=["GET", "POST"]),
    Route("/auth/password", auth.password, methods=["GET", "POST"]),
    Route("/auth/oidc", oidc.start, methods=["GET"]),
    Route("/auth/oidc/callback", oidc.callback, methods=["GET"]),
    _any("/auth/{rest:rest}", nowhere),
    _any("/tiles/{layer}/{z}/{x}/{y}.pbf", tile),
    _any("/style/{theme}.json", style_route),
    _any("/assets/{name}", asset),
    _any("/health", health),
    _any("/metrics", metrics),
    _any("/reports", report_in),
    _any("/uploads", upload_open),
    _any("/uploads/{number}", upload_file),
    _any("/tiles/{rest:rest}", nowhere),
    _any("/style/{rest:rest}", nowhere),
    _any("/assets/{rest:rest}", nowhere),
    _any("/uploads/{rest:rest}", nowhere),
    _any("/reports/{rest:rest}", nowhere),
]


def routes() -> list[BaseRoute]:
    """Give all routes, for the application to mount."""
    return list(ROUTES)


class Shortcut:
    """ASGI middleware behind the gate: a tile is answered here, the rest goes on.

    A map asks for tiles by the dozen; sessions of pages, packing and the search for a route
    would take longer than finding many a tile in the database.

    Parameters
    ----------
    app : ASGIApp
        What lies behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is the address of a tile."""
        found = TILE.fullmatch(scope["path"]) if scope["type"] == "http" and not scope.get("root_path") else None
        if found is None:
            await self.app(scope, receive, send)
            return
        scope["path_params"] = found.groupdict()
        response = await tile(Request(scope, receive))
        await response(scope, receive, send)
