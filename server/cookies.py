"""The cookies of the way in: their flags are decided here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Literal

from gis.settings import AccessSettings
from gis.vocabulary import Role
from server import csrf
from server import peer
from server import visitors

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gis.access.sessions import Visitor

OIDC = "gridatlas_oidc"
OIDC_PATH = "/auth/oidc"
FORM_PATH = "/auth"
DAY_S = 86_400


def is_secure(request: Request) -> bool:
    """Whether cookies go over HTTPS only."""
    wanted = AccessSettings().secure_cookie
    return peer.is_secure(request.scope) if wanted is None else wanted


def keep_session(request: Request, response: Response, token: str, visitor: Visitor) -> None:
    """Give a browser its session; the wall's outlives a restart of its browser, others end with it."""
    life = AccessSettings().wall_days * DAY_S if visitor.roles == (Role.WALL,) else None
    _set(request, response, visitors.COOKIE, token, "/", "lax", life)


def keep_form(request: Request, response: Response, token: str) -> None:
    """Give a browser without a session what its form is bound to."""
    _set(request, response, csrf.COOKIE, token, FORM_PATH, "strict")


def keep_oidc(request: Request, response: Response, sealed: str, life_s: int) -> None:
    """Give a browser what it must bring back from the identity provider."""
    _set(request, response, OIDC, sealed, OIDC_PATH, "lax", life_s)


def drop(request: Request, response: Response, *names: str) -> None:
    """Take cookies back."""
    paths = {visitors.COOKIE: "/", csrf.COOKIE: FORM_PATH, OIDC: OIDC_PATH}
    for name in names:
        response.delete_cookie(name, paths[name], secure=is_secure(request), httponly=True, samesite="lax")


def _set(
    request: Request,
    response: Response,
    name: str,
    value: str,
    path: str,
    same_site: Literal["lax", "strict"],
    life_s: int | None = None,
) -> None:
    response.set_cookie(
        name, value, max_age=life_s, path=path, secure=is_secure(request), httponly=True, samesite=same_site
    )
