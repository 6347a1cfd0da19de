"""Mistakes as answers: every route gives them in one shape.

``{"ok": false, "error": sentence, "remedy": sentence, "status": number}`` in the language
the browser asks for. What we cannot explain is logged and answered with 500 in the same
shape; nothing of the program's inside leaves the house.
"""

from __future__ import annotations

import logging
from functools import wraps
from typing import TYPE_CHECKING

import psycopg
from starlette.responses import JSONResponse
from starlette.responses import Response

from gis.errors import BadInput
from gis.errors import GridAtlasError
from gis.errors import NotFound
from gis.i18n import speaking

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable

    from starlette.requests import Request

_log = logging.getLogger("gridatlas.server")


class TileMissing(NotFound):
    """A tile address outside the map, or of a layer that does not exist."""

    template = "没有这个瓦片:{detail}。"
    cure = "层级为 0 到 22,列号和行号须在该层级的范围内;图层清单见 docs/tiles.md。"


class FilterUnknown(BadInput):
    """A parameter of a tile address that its layer does not take."""

    template = "参数 {name} 的值不能用于图层 {layer}。"
    cure = "请对照 docs/tiles.md 中该图层接受的参数和取值。"


class PageMissing(NotFound):
    """An address beside the pages that leads nowhere."""

    template = "没有这个地址:{path}。"
    cure = "请检查地址;可用的地址见 docs/tiles.md。"


class MethodUnknown(BadInput):
    """A method other than GET or HEAD."""

    template = "这个地址只能读取,不接受 {method}。"
    cure = "请改用 GET。"
    http_status = 405


class SignInNeeded(GridAtlasError):
    """Nobody is signed in, or no more."""

    template = "还没有登录,或登录已经结束。"
    cure = "请重新登录后再试。"
    http_status = 401


class PasswordDue(GridAtlasError):
    """The password has to be changed before anything else."""

    template = "请先修改密码。"
    cure = "请打开任意页面,按提示修改密码。"
    http_status = 403


class TokenWrong(GridAtlasError):
    """A machine's token that is unknown, over or revoked."""

    template = "访问令牌无效、已过期或已撤销。"
    cure = "请向系统管理员要一个新的令牌。"
    http_status = 401


class TokenNotFor(GridAtlasError):
    """A machine's token that is good, but not for this."""

    template = "这个访问令牌不能用于此地址。"
    cure = "令牌只用于它标明的用途,且只能读取;请向系统管理员要一个合适的令牌。"
    http_status = 403


class SchemaBehind(GridAtlasError):
    """A table that the question needs is not there yet."""

    template = "数据库的表结构还没有更新。"
    cure = "请运行 script/gis db migrate。"
    http_status = 503


class TooSlow(GridAtlasError):
    """The database gave the question up."""

    template = "数据库太忙,这次没有来得及回答。"
    cure = "请稍后重试;若一直如此,请检查 GRIDATLAS_STATEMENT_TIMEOUT_S 和数据库的负载。"
    http_status = 503


def answer(error: GridAtlasError) -> Response:
    """Turn a mistake into its answer."""
    body = {"ok": False, "error": error.message, "remedy": error.remedy, "status": error.http_status}
    headers = {"Cache-Control": "no-store"}
    if error.http_status == 405:  # noqa: PLR2004  the status that has to name what is allowed
        headers["Allow"] = "GET, HEAD"
    if error.http_status == 401:  # noqa: PLR2004  the status that has to name the way in
        headers["WWW-Authenticate"] = 'Bearer realm="GridAtlas"'
    return JSONResponse(body, status_code=error.http_status, headers=headers)


def wanted_language(request: Request) -> str:
    """Language of the first preference the browser states; Chinese where it states none."""
    first = request.headers.get("accept-language", "").split(",")[0].strip().lower()
    return "en" if first.startswith("en") else "zh_CN"


def explained(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a route so that each mistake leaves it in the one shape."""

    @wraps(endpoint)
    async def wrapped(request: Request) -> Response:
        with speaking(wanted_language(request)):
            try:
                if request.method not in {"GET", "HEAD"}:
                    raise MethodUnknown(method=request.method)  # noqa: TRY301  one place answers all mistakes
                return await endpoint(request)
            except GridAtlasError as error:
                if error.http_status >= 500:  # noqa: PLR2004  ours, not the caller's
                    _log.warning("%s %s: %s", request.method, request.url.path, error)
                return answer(error)
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedColumn):
                return answer(SchemaBehind())
            except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
                return answer(TooSlow())
            except Exception:  # noqa: BLE001  the last line before the visitor: logged, never shown
                _log.exception("%s %s failed", request.method, request.url.path)
                return answer(GridAtlasError())

    return wrapped
