"""Security headers on every answer, pages included."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gis.settings import BasemapSettings

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from starlette.types import ASGIApp
    from starlette.types import Receive
    from starlette.types import Scope
    from starlette.types import Send


POLICY = b"content-security-policy"
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]")
"""What a host is made of: a setting must not write another directive."""


def policy() -> str:
    """Write the content security policy: our own origin, and the office's basemap if any.

    The pages' own program needs ``unsafe-inline`` and ``unsafe-eval``; neither lets a
    script come from, or data go to, another host.
    """
    settings = BasemapSettings()
    hosts = sorted({_origin(url) for url in (settings.url, settings.label_url) if url} - {""})
    basemap = "".join(f" {host}" for host in hosts)
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{basemap}",
            "font-src 'self' data:",
            f"connect-src 'self' data: blob:{basemap}",
            "worker-src 'self' blob:",
            "media-src 'self' data: blob:",
            "frame-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def _origin(url: str) -> str:
    """Scheme and host of a tile template; a first part like ``{s}`` or ``t{s}`` becomes a wildcard."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    if "{" in host.partition(".")[0]:
        host = f"*.{host.partition('.')[2]}"
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return f"{parts.scheme}://{host}{port}" if _HOST.fullmatch(host) else ""


class SecurityHeaders:
    """ASGI middleware that adds the headers to each HTTP answer.

    A page that states a stricter content security policy of its own keeps it.

    Parameters
    ----------
    app : ASGIApp
        What is wrapped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"SAMEORIGIN"),
            (b"referrer-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), payment=(), usb=()"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (POLICY, policy().encode("latin-1", "ignore")),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; answers get the headers on their way back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                strict = any(name.lower() == POLICY for name, _ in given)
                ours = [pair for pair in self._headers if not (strict and pair[0] == POLICY)]
                names = {name for name, _ in ours}
                message["headers"] = [*(pair for pair in given if pair[0].lower() not in names), *ours]
            await send(message)

        await self.app(scope, receive, sending)
