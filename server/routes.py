"""All addresses beside the pages, in the order they are tried.

None lies under a prefix that the page server keeps for itself. Whatever else is asked
for below ours is answered here too, in our shape, and never falls through to the pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["ROUTES", "lifespan", "routes"]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""All are routed, so that a wrong one is answered in our shape."""


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
    Route("/auth/{rest:path}", nowhere, methods=METHODS),
    Route("/tiles/{layer}/{z}/{x}/{y}.pbf", tile, methods=METHODS),
    Route("/style/{theme}.json", style_route, methods=METHODS),
    Route("/assets/{name}", asset, methods=METHODS),
    Route("/health", health, methods=METHODS),
    Route("/metrics", metrics, methods=METHODS),
    Route("/uploads", upload_open, methods=METHODS),
    Route("/uploads/{number}", upload_file, methods=METHODS),
    Route("/tiles/{rest:path}", nowhere, methods=METHODS),
    Route("/style/{rest:path}", nowhere, methods=METHODS),
    Route("/assets/{rest:path}", nowhere, methods=METHODS),
    Route("/uploads/{rest:path}", nowhere, methods=METHODS),
]


def routes() -> list[BaseRoute]:
    """Give all routes, for the application to mount."""
    return list(ROUTES)
