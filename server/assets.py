"""``GET /assets/{name}``: the few browser files that are not part of the pages.

They come from the packages that ``npm ci`` put into ``node_modules``; only the names in
:data:`FILES` are served, whatever else lies there.
"""

from __future__ import annotations

import asyncio
import hashlib
from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import Response

from gis.errors import GridAtlasError
from gis.settings import CHECKOUT
from server.errors import PageMissing
from server.errors import explained

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

PACKAGES = CHECKOUT / "node_modules"

FILES: dict[str, tuple[str, str]] = {
    "mvt-worker.js": ("@loaders.gl/mvt/dist/mvt-worker.js", "text/javascript; charset=utf-8"),
    "maplibre.js": ("maplibre-gl/dist/maplibre-gl-csp.js", "text/javascript; charset=utf-8"),
    "maplibre-worker.js": ("maplibre-gl/dist/maplibre-gl-csp-worker.js", "text/javascript; charset=utf-8"),
    "maplibre.css": ("maplibre-gl/dist/maplibre-gl.css", "text/css; charset=utf-8"),
}
"""Name in the address: file below ``node_modules`` and its media type."""


class AssetsMissing(GridAtlasError):
    """The browser packages were never installed."""

    template = "还没有安装浏览器端文件 {name},地图画不出来。"
    cure = "请在项目目录运行 npm ci(script/server 会自动运行)。"
    http_status = 503


@cache
def _read(path: Path, changed: float) -> tuple[bytes, str]:  # noqa: ARG001  a changed file is another key
    body = path.read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:24]}"'


@explained
async def asset(request: Request) -> Response:
    """Answer with a file of the list: 200, 304, 404, or 503 before ``npm ci``."""
    name = str(request.path_params["name"])
    if name not in FILES:
        raise PageMissing(path=f"/assets/{name[:40]}")
    file, media_type = FILES[name]
    try:
        path = PACKAGES / file
        body, tag = await asyncio.to_thread(lambda: _read(path, path.stat().st_mtime))
    except OSError as error:
        raise AssetsMissing(name=name) from error
    headers = {"ETag": tag, "Cache-Control": "public, max-age=86400"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
