"""``/auth/…``: signing in and out, and changing one's password. Cookies and forms live here.

What a password is worth, when an account is locked and what a session is are the business
of ``gis.access``; this module carries it to the browser and back. Each sign-in makes a new
session: a cookie a browser brings along is never taken over, and ends.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from functools import wraps
from typing import TYPE_CHECKING

from gis.access import first
from gis.access import sessions
from gis.access.errors import PasswordElsewhere
from gis.access.errors import PasswordWeak
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import GridAtlasError
from gis.i18n import speaking
from gis.i18n import translate as _
from gis.settings import AccessSettings
from gis.settings import OidcSettings
from server import cookies
from server import csrf
from server import forms
from server import page
from server import peer
from server import visitors
from server.actor import HOUSE
from server.actor import visitor_of

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from collections.abc import Callable
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from gis.access.first import Demo
    from gis.access.sessions import Visitor

LOGIN = "login"
LOGOUT = "logout"
PASSWORD = "password"  # noqa: S105  a form's name
READING = frozenset({"GET", "HEAD"})

_checkers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="password")
"""Where passwords are checked: each takes memory and a core, so whoever knocks a thousand times waits."""
_log = logging.getLogger("gridatlas.server")


class PasswordsDiffer(BadInput):
    """The new password was typed differently the second time."""

    template = "两次输入的新密码不一样。"
    cure = "请再输入一次。"


def spoken(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a page so that it speaks the reader's language and a mistake leaves it as a page."""

    @wraps(endpoint)
    async def wrapped(request: Request) -> Response:
        with speaking(page.spoken(request)):
            try:
                return await endpoint(request)
            except GridAtlasError as error:
                if error.http_status >= 500:  # noqa: PLR2004  ours, not the caller's
                    _log.warning("%s %s: %s", request.method, request.url.path, error)
                return page.trouble(request, error)
            except Exception:  # noqa: BLE001  the last line before the visitor: logged, never shown
                _log.exception("%s %s failed", request.method, request.url.path)
                return page.trouble(request, GridAtlasError())

    return wrapped


@spoken
async def login(request: Request) -> Response:
    """Show the sign-in page (GET), or let somebody in (POST)."""
    if request.method in READING:
        after = page.local(request.query_params.get(page.NEXT))
        if visitor_of(request) is not None:
            return page.go(after)
        return await sign_in_page(request, after, notice=_notice(request))
    fields = await forms.read(request)
    after = page.local(fields.get(page.NEXT))
    try:
        forms.prove(request, LOGIN, request.cookies.get(csrf.COOKIE, ""), fields)
        token = await _let_in(request, fields)
    except GridAtlasError as error:
        if error.http_status >= 500:  # noqa: PLR2004  ours, not the caller's
            raise
        return await sign_in_page(request, after, error=error, name=fields.get("name", "")[:64])
    return await welcome(request, token, after)


async def _let_in(request: Request, fields: dict[str, str]) -> str:
    """Check name and password, or take the demo account that was clicked; the session's token."""
    local = peer.is_local(request.scope)
    name, password = fields.get("name", ""), fields.get("password", "")
    if "demo" in fields:
        known = {demo.name for demo in first.demo_accounts()}
        name, password = fields["demo"], first.DEMO_PASSWORD if local and fields["demo"] in known else ""
    origin, agent = peer.address(request.scope), peer.agent(request.scope)
    check = partial(sessions.sign_in, name, password, origin=origin, agent=agent, demo=local)
    return await asyncio.get_running_loop().run_in_executor(_checkers, copy_context().run, check)


async def welcome(request: Request, token: str, after: str) -> Response:
    """Send somebody who proved himself on his way, with the cookie of a new session; an older one ends."""
    former = request.cookies.get(visitors.COOKIE, "")
    if former:
        origin = peer.address(request.scope)
        await asyncio.to_thread(sessions.end, former[:128], origin=origin, ending="replaced")
    visitors.forget()
    visitor = await asyncio.to_thread(visitors.person, token)
    response = page.go(after)
    if visitor is not None:
        cookies.keep_session(request, response, token, visitor)
    cookies.drop(request, response, csrf.COOKIE)
    return response


async def sign_in_page(
    request: Request, after: str, *, error: GridAtlasError | None = None, name: str = "", notice: str = ""
) -> Response:
    """Draw the sign-in page; the browser gets what its form is bound to."""
    bound = request.cookies.get(csrf.COOKIE) or csrf.new_cookie()
    settings = OidcSettings()
    entry = page.Entry(
        token=csrf.token(LOGIN, bound),
        after=after,
        provider=settings.label if settings.issuer else None,
        demos=await _demos(request),
        name=name,
        notice=notice,
    )
    response = page.sign_in(request, entry, error)
    cookies.keep_form(request, response, bound)
    return response


async def _demos(request: Request) -> Sequence[Demo]:
    """Demo accounts to announce: where there are some, and to this machine alone."""
    if not peer.is_local(request.scope):
        return ()

    def there() -> bool:
        with session(HOUSE) as conn:
            return first.has_demo(conn)

    return first.demo_accounts() if await asyncio.to_thread(there) else ()


def _notice(request: Request) -> str:
    return {
        "over": _("登录已结束(超时、在别处退出,或账号有变动)。请重新登录。"),
        "out": _("已退出登录。"),
    }.get(request.query_params.get("why", ""), "")


@spoken
async def logout(request: Request) -> Response:
    """Ask whether to sign out (GET), or do it (POST)."""
    visitor, token = visitor_of(request), request.cookies.get(visitors.COOKIE, "")
    if visitor is None:
        return page.redirect("/auth/login", why="out")
    if request.method in READING:
        return page.leave(request, csrf.token(LOGOUT, token), visitor.display or visitor.name)
    forms.prove(request, LOGOUT, token, await forms.read(request))
    await asyncio.to_thread(sessions.end, token, origin=peer.address(request.scope))
    visitors.forget()
    response = page.redirect("/auth/login", why="out", **({page.LANGUAGE: "en"} if page.is_english() else {}))
    cookies.drop(request, response, visitors.COOKIE)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@spoken
async def password(request: Request) -> Response:
    """Show the page that changes one's password (GET), or change it (POST)."""
    visitor, token = visitor_of(request), request.cookies.get(visitors.COOKIE, "")
    after = page.local(request.query_params.get(page.NEXT))
    if visitor is None or not visitor.session:
        return page.redirect("/auth/login", "/", why="over")
    if visitor.demo:
        raise PasswordElsewhere
    if request.method in READING:
        return _password_page(request, visitor, token, after)
    fields = await forms.read(request)
    after = page.local(fields.get(page.NEXT))
    try:
        forms.prove(request, PASSWORD, token, fields)
        if fields.get("new", "") != fields.get("again", ""):
            raise PasswordsDiffer
        await _change(request, visitor, fields)
    except GridAtlasError as error:
        if error.http_status >= 500:  # noqa: PLR2004  ours, not the caller's
            raise
        return _password_page(request, visitor, token, after, error)
    visitors.forget()
    return page.go(after)


async def _change(request: Request, visitor: Visitor, fields: dict[str, str]) -> None:
    old, new = fields.get("old", ""), fields.get("new", "")
    change = partial(sessions.change_password, visitor, old, new, origin=peer.address(request.scope))
    await asyncio.get_running_loop().run_in_executor(_checkers, copy_context().run, change)


def _password_page(
    request: Request, visitor: Visitor, token: str, after: str, error: GridAtlasError | None = None
) -> Response:
    rules = AccessSettings()
    said = _(PasswordWeak.cure).format(
        least=rules.password_length, kinds=rules.password_kinds, former=rules.password_former
    )
    mark, due = csrf.token(PASSWORD, token), visitor.must_change
    return page.password(request, mark, after, name=visitor.name, rules=said, due=due, error=error)
