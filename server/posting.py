"""What our own pages send beside the pages: files and reports, each answered in the one shape of mistakes.

Both want the header :data:`HEADER`, which another site cannot send without the browser asking
us first.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from gis.errors import GridAtlasError
from gis.i18n import speaking
from server.errors import answer
from server.errors import wanted_language

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable

    from starlette.requests import Request

HEADER = "x-gridatlas"

_log = logging.getLogger("gridatlas.server")


async def received(
    request: Request,
    method: str,
    work: Callable[[], Awaitable[Response]],
    *,
    wrong_method: GridAtlasError,
    elsewhere: GridAtlasError,
) -> Response:
    """Do the work for a page of ours; each mistake leaves in the one shape of ``server.errors``.

    Parameters
    ----------
    request : Request
        What came.
    method : str
        The one method the address takes.
    work : callable
        Gives the answer; what it raises is explained.
    wrong_method, elsewhere : GridAtlasError
        What to say to another method, and to a request that no page of ours sent.
    """
    with speaking(wanted_language(request)):
        try:
            if request.method != method:
                raise wrong_method  # noqa: TRY301  one place answers all mistakes
            if request.headers.get(HEADER) != "1":
                raise elsewhere  # noqa: TRY301  same
            return await work()
        except GridAtlasError as error:
            response = answer(error)
            if error is wrong_method:
                response.headers["Allow"] = method
            return response
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception:  # noqa: BLE001  the last line before the visitor: logged, never shown
            _log.exception("%s %s failed", request.method, request.url.path)
            return answer(GridAtlasError())
