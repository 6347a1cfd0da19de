"""``POST /uploads`` and ``PUT /uploads/{id}?name=…``: files come in, straight to disk.

The page's own drop field sends them here in a stream, so that a large file never lies in
memory. Both want the header ``X-GridAtlas``, which another site cannot send without the
browser asking us first. What the files are is decided by the page and the intake.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.responses import Response

from gis.errors import BadInput
from gis.errors import GridAtlasError
from gis.i18n import speaking
from gis.intake import uploads
from server.actor import actor_of
from server.errors import answer
from server.errors import wanted_language

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable

    from starlette.requests import Request

HEADER = "x-gridatlas"

_log = logging.getLogger("gridatlas.server")


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
    """Do the work; each mistake leaves in the one shape of ``server.errors``."""
    with speaking(wanted_language(request)):
        try:
            if request.method != method:
                raise UploadMethod(method=request.method)  # noqa: TRY301  one place answers all mistakes
            if request.headers.get(HEADER) != "1":
                raise NotFromPage  # noqa: TRY301  same
            return await work()
        except GridAtlasError as error:
            response = answer(error)
            if isinstance(error, UploadMethod):
                response.headers["Allow"] = method
            return response
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception:  # noqa: BLE001  the last line before the visitor: logged, never shown
            _log.exception("%s %s failed", request.method, request.url.path)
            return answer(GridAtlasError())
