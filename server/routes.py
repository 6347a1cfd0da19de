"""All addresses beside the pages, in the order they are tried.

None lies under a prefix that the page server keeps for itself. Whatever else is asked
for below ours is answered here too, in our shape, and never falls through to the pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.convertors import PathConvertor
from starlette.convertors import register_url_convertor
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
from server.style import style_route
from server.tiles import tile
from server.upload import upload_file
from server.upload import upload_open

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["ROUTES", "lifespan", "routes"]


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
    _any("/uploads", upload_open),
    _any("/uploads/{number}", upload_file),
    _any("/tiles/{rest:rest}", nowhere),
    _any("/style/{rest:rest}", nowhere),
    _any("/assets/{rest:rest}", nowhere),
    _any("/uploads/{rest:rest}", nowhere),
]


def routes() -> list[BaseRoute]:
    """Give all routes, for the application to mount."""
    return list(ROUTES)
