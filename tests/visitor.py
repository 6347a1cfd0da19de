"""A visitor of the routes without the pages: asks the ASGI application, and reads tiles with GDAL.

Everything of one visitor happens on one event loop, as in the server.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Self

import httpx
import pyogrio
from starlette.applications import Starlette
from starlette.middleware import Middleware

from gis.access import sessions
from server.headers import SecurityHeaders
from server.lifespan import lifespan
from server.routes import Shortcut
from server.routes import routes

if TYPE_CHECKING:
    import geopandas as gpd

ORIGIN = "http://map.test"
SHAPE = {"ok", "error", "remedy", "status"}
"""Keys of every mistake."""


class LetIn:
    """ASGI middleware: says that an account stands before the routes, as the gate does."""

    def __init__(self, app: Any, name: str) -> None:
        self._app = app
        self._visitor = sessions.Visitor(1, 1, name, name, ())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on with the visitor."""
        scope.setdefault("state", {})["visitor"] = self._visitor
        await self._app(scope, receive, send)


class Visitor:
    """Asks the routes as the browser of one account does; a context that is the life of a server.

    The gate in front of the routes has tests of its own: here it has let ``name`` in.
    """

    def __init__(self, name: str = "zhang") -> None:
        self._runner = asyncio.Runner()
        self.name = name

    def __enter__(self) -> Self:
        self._runner.__enter__()
        middleware = [Middleware(SecurityHeaders), Middleware(LetIn, name=self.name), Middleware(Shortcut)]
        app = Starlette(routes=routes(), middleware=middleware)
        self._alive = lifespan(app)
        self._runner.run(self._alive.__aenter__())
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        self._client = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._runner.run(self._client.aclose())
            self._runner.run(self._alive.__aexit__(None, None, None))
        finally:
            self._runner.__exit__(None, None, None)

    def ask(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        """Ask for an address; ``more`` as for httpx."""
        return self._runner.run(self._client.request(method, path, **more))

    def ask_together(self, paths: list[str]) -> list[httpx.Response]:
        """Ask for several addresses at the same time."""

        async def all_at_once() -> list[httpx.Response]:
            return list(await asyncio.gather(*(self._client.get(path) for path in paths)))

        return self._runner.run(all_at_once())

    def tile(self, layer: str, place: tuple[int, int, int], **filters: str) -> gpd.GeoDataFrame:
        """Ask for a tile that must be there, and read it."""
        response = self.ask(address(layer, place), params=filters)
        assert response.status_code == 200, response.text
        return read(response.content, layer, place)


def address(layer: str, place: tuple[int, int, int]) -> str:
    """Address of a tile: zoom, column, row."""
    zoom, column, row = place
    return f"/tiles/{layer}/{zoom}/{column}/{row}.pbf"


def read(body: bytes, layer: str, place: tuple[int, int, int]) -> gpd.GeoDataFrame:
    """Read a vector tile with GDAL's driver: properties as columns, geometry in Web Mercator."""
    zoom, column, row = place
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / str(zoom) / str(column) / f"{row}.pbf"
        file.parent.mkdir(parents=True)
        file.write_bytes(body)
        names = [name for name, _ in pyogrio.list_layers(file)]
        assert names == [layer]
        return pyogrio.read_dataframe(file, layer=layer)


def wrong(response: httpx.Response, status: int) -> dict[str, Any]:
    """Hold an answer to the one shape of mistakes, and give it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    body: dict[str, Any] = response.json()
    assert set(body) >= SHAPE, body
    assert body["ok"] is False
    assert body["status"] == status
    assert body["error"]
    assert body["remedy"]
    assert "Traceback" not in response.text
    return body
