"""Who is at the other end: address, scheme, and whether it is this machine or another site.

The web server (uvicorn) takes ``X-Forwarded-For`` and ``X-Forwarded-Proto`` from a peer on
loopback only and has put them into the scope when we see it; nothing here reads them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from gis.access.first import is_loopback

if TYPE_CHECKING:
    from starlette.types import Scope

RELAYED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""Headers only a proxy sends."""
OWN_SITE = frozenset({"same-origin", "none"})
LONGEST_AGENT = 200


def address(scope: Scope) -> str:
    """Network address of the browser; empty where the server does not know it."""
    client = scope.get("client")
    return str(client[0])[:64] if client else ""


def agent(scope: Scope) -> str:
    """Give what the browser calls itself."""
    return Headers(scope=scope).get("user-agent", "")[:LONGEST_AGENT]


def is_secure(scope: Scope) -> bool:
    """Whether the browser came by HTTPS."""
    return scope.get("scheme") in {"https", "wss"}


def is_local(scope: Scope) -> bool:
    """Whether the request comes from this machine itself, through nobody's hands.

    The peer and the name it asks for are loopback and no proxy has left a header.
    """
    headers = Headers(scope=scope)
    if any(name in headers for name in RELAYED):
        return False
    return is_loopback(address(scope)) and is_loopback(_host_name(headers.get("host", "")))


def is_own_site(scope: Scope) -> bool:
    """Whether a form was sent from our own pages, as far as the browser says.

    A browser that says nothing is let through here; the form's token decides.
    """
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in OWN_SITE:
        return False
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
