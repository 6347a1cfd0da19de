"""``GET /style/{theme}.json``: the style of the basemap, drawn from our own tiles."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from starlette.responses import Response

from layers.palette import Theme
from layers.style import style
from server.errors import PageMissing
from server.errors import explained

if TYPE_CHECKING:
    from starlette.requests import Request


@explained
async def style_route(request: Request) -> Response:
    """Answer with the style of a theme: 200, 304 or 404."""
    name = str(request.path_params["theme"])
    if name not in set(Theme):
        raise PageMissing(path=f"/style/{name[:40]}.json")
    body = json.dumps(style(Theme(name), str(request.base_url).rstrip("/")), ensure_ascii=False).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Host"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
