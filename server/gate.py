"""The way in: nothing is answered, and no websocket opened, for whoever is not signed in.

ASGI middleware in front of everything. Open to strangers are the sign-in pages and whether
the house is well; all the rest is refused unless a session, or a machine's token for just
this use, stands behind it. The visitor is looked up once per request and put into
``scope["state"]["visitor"]``. A live websocket is looked after: it closes within seconds
when its session is over, revoked, or the account was switched off.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import quote

import psycopg
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.requests import Request

from gis.errors import GridAtlasError
from gis.i18n import speaking
from server import page
from server import peer
from server import visitors
from server.errors import PasswordDue
from server.errors import SchemaBehind
from server.errors import SignInNeeded
from server.errors import TokenNotFor
from server.errors import TokenWrong
from server.errors import answer
from server.errors import wanted_language
from server.live import Watched

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from starlette.types import Receive
    from starlette.types import Scope
    from starlette.types import Send

    from gis.access.sessions import Visitor

SIGN_IN = "/auth/login"
PASSWORD = "/auth/password"  # noqa: S105  an address
AUTH = "/auth/"
HEALTH = "/health"

USES = {"tiles": ("/tiles/", "/style/", "/assets/"), "metrics": ("/metrics",)}
"""What a machine's token may read, by what it permits."""
READING = frozenset({"GET", "HEAD"})
PAGE = re.compile(r"/[a-z0-9_-]*")
NO_PAGES = frozenset(
    {"/metrics", "/uploads", "/reports", "/media", "/component", "/static", "/tiles", "/style", "/assets"}
)
"""Addresses of one word that are no pages."""
POLICY_VIOLATION = 1008
TRY_LATER = 1013

_log = logging.getLogger("gridatlas.server")


class Gate:
    """ASGI middleware that lets in who may.

    Parameters
    ----------
    app : ASGIApp
        What lies behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, send to the sign-in page, or refuse."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        with speaking(page.spoken(request) if _is_page(scope) else wanted_language(request)):
            try:
                visitor = None if scope["path"] == HEALTH else await _visitor(scope)
                _admit(scope, visitor)
            except SignInNeeded as error:
                response = page.redirect(SIGN_IN, _asked(scope)) if _is_page(scope) else answer(error)
            except PasswordDue as error:
                response = page.redirect(PASSWORD, _asked(scope)) if _is_page(scope) else answer(error)
            except GridAtlasError as error:
                if error.http_status >= 500:  # noqa: PLR2004  ours, not the caller's
                    _log.warning("%s %s: %s", scope["method"], scope["path"], error)
                readable = _is_page(scope) or scope["path"].startswith(AUTH)
                response = page.trouble(request, error) if readable else answer(error)
            else:
                scope.setdefault("state", {})["visitor"] = visitor
                await self.app(scope, receive, send)
                return
        await response(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        code = POLICY_VIOLATION
        try:
            visitor = None if _bearer(scope) is not None else await _visitor(scope)
        except GridAtlasError as error:
            _log.warning("websocket: %s", error)
            visitor, code = None, TRY_LATER
        if visitor is None or visitor.must_change or visitor.permits is not None:
            await receive()
            await send({"type": "websocket.close", "code": code})
            return
        scope.setdefault("state", {})["visitor"] = visitor
        await Watched(self.app, visitor, _cookie(scope)).run(scope, receive, send)


def _admit(scope: Scope, visitor: Visitor | None) -> None:
    """Decide on an address; raises what keeps the visitor out."""
    path = scope["path"]
    if path == HEALTH or path.startswith(AUTH):
        return
    if visitor is None:
        raise SignInNeeded
    if visitor.permits is not None:
        fits = any(path.startswith(USES.get(use, ())) for use in visitor.permits)
        if not fits or scope["method"] not in READING:
            raise TokenNotFor
    elif visitor.must_change:
        raise PasswordDue


async def _visitor(scope: Scope) -> Visitor | None:
    """Look up who asks: by a machine's token where one is given, else by the cookie.

    Raises
    ------
    TokenWrong
        A token that is no good; a cookie beside it does not help.
    DatabaseUnavailable, SchemaBehind
        Nobody can be looked up now.
    """
    bearer = _bearer(scope)
    token = _cookie(scope) if bearer is None else bearer
    try:
        # Most requests come within the second of another: no thread for those.
        known = visitors.held(token, alive=bearer is None, machine=bearer is not None) if token else None
        if known is not None:
            found = known[0]
        elif bearer is not None:
            found = await asyncio.to_thread(visitors.machine, bearer)
        else:
            found = await asyncio.to_thread(visitors.person, token, alive=True)
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedColumn) as error:
        raise SchemaBehind from error
    if found is not None and found.demo and not peer.is_local(scope):
        found = None
    if found is None and bearer is not None:
        raise TokenWrong
    return found


def _bearer(scope: Scope) -> str | None:
    """Machine's token of a request; None where it brings none."""
    scheme, _space, token = Headers(scope=scope).get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _cookie(scope: Scope) -> str:
    return HTTPConnection(scope).cookies.get(visitors.COOKIE, "")


def _is_page(scope: Scope) -> bool:
    """Whether a person in a browser asks for a page, who is better sent on than refused."""
    path = scope["path"]
    return scope["method"] in READING and bool(PAGE.fullmatch(path)) and path not in NO_PAGES


def _asked(scope: Scope) -> str:
    query: Any = scope.get("query_string", b"").decode("latin-1")
    return quote(scope["path"]) + (f"?{query}" if query else "")
