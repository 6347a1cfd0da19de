"""``POST /uploads`` and ``PUT /uploads/{id}?name=…``: files come in, straight to disk.

The page's own drop field sends them here in a stream, so that a large file never lies in
memory. Both want the header ``X-GridAtlas``, which another site cannot send without the
browser asking us first. What the files are is decided by the page and the intake.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from gis.errors import BadInput
from gis.intake import uploads
from server.actor import actor_of
from server.posting import received

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response


class NotFromPage(BadInput):
    """A request that does not come from our own page."""

    template = "这个地址只接收本系统页面上传的文件。"
    cure = "请在“数据接入”页面上传。"
    http_status = 403


class UploadMethod(BadInput):
    """A method the upload does not know."""

    template = "上传不接受 {method}。"
    cure = "请在“数据接入”页面上传。"
    http_status = 405


async def upload_open(request: Request) -> Response:
    """Answer 201 with the number of a new upload."""

    async def work() -> Response:
        upload = await asyncio.to_thread(uploads.begin)
        upload.save(actor=actor_of(request).name, step=1)
        return JSONResponse({"ok": True, "id": upload.id}, status_code=201)

    return await _answered(request, "POST", work)


async def upload_file(request: Request) -> Response:
    """Answer 201 when the body is on disk, 413 or 507 where it is too large, 404 for an unknown number."""

    async def work() -> Response:
        upload = uploads.get(str(request.path_params["number"]))
        if upload.state().get("step", 1) != 1:
            raise uploads.UploadBusy
        with upload.receive(request.query_params.get("name", "")) as receiver:
            async for block in request.stream():
                receiver.write(block)
        return JSONResponse({"ok": True, "name": receiver.name, "size": receiver.size}, status_code=201)

    return await _answered(request, "PUT", work)


async def _answered(request: Request, method: str, work: Callable[[], Awaitable[Response]]) -> Response:
    return await received(
        request, method, work, wrong_method=UploadMethod(method=request.method), elsewhere=NotFromPage()
    )
