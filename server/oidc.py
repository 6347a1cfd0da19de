"""``/auth/oidc`` and its callback: signing in through the office's identity provider.

Authorization code with PKCE. State, nonce and verifier travel in a sealed, short-lived
cookie of the browser that started; the ID token's signature, issuer, audience, nonce and
times are checked before anything in it is believed. Who may come in as what is decided by
``gis.access.provider``.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
import time
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import quote_plus
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from gis.access import provider
from gis.access.first import is_loopback
from gis.errors import GridAtlasError
from gis.errors import NotFound
from gis.i18n import translate as _
from gis.settings import OidcSettings
from server import auth
from server import cookies
from server import csrf
from server import page
from server import peer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

CALLBACK = "/auth/oidc/callback"
LIFE_S = 600
WAIT_S = 10.0
LEEWAY_S = 60
METADATA_S = 600.0
SIGNED_BY = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""Signatures by a key only the provider holds; never ``none``, never one made with our secret."""

_log = logging.getLogger("gridatlas.server")
_metadata: dict[str, tuple[float, dict[str, Any]]] = {}


class NoProvider(NotFound):
    """No identity provider is set."""

    template = "没有设置统一身份认证。"
    cure = "请用账号和密码登录;管理员可设置 GRIDATLAS_OIDC_ISSUER。"


class ProviderAway(GridAtlasError):
    """The identity provider cannot be asked, or its settings do not fit."""

    template = "统一身份认证现在用不了:{detail}。"
    cure = "请稍后再试,或用账号和密码登录;管理员请检查 GRIDATLAS_OIDC_ISSUER 和网络。"
    http_status = 502


class ProviderRefused(GridAtlasError):
    """What came back from the provider is not to be believed, or is a refusal."""

    template = "统一身份认证没有通过:{detail}。"
    cure = "请再试一次;若仍不行,请联系系统管理员。"
    http_status = 403


@auth.spoken
async def start(request: Request) -> Response:
    """Send the browser to the provider."""
    settings = _settings()
    metadata = await _discover(settings)
    flow = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "after": page.local(request.query_params.get(page.NEXT)),
        "until": int(time.time()) + LIFE_S,
    }
    address = prepare_grant_uri(
        metadata["authorization_endpoint"],
        settings.client_id,
        "code",
        redirect_uri=_callback(request),
        scope=_scope(settings, metadata),
        state=flow["state"],
        nonce=flow["nonce"],
        code_challenge=create_s256_code_challenge(flow["verifier"]),
        code_challenge_method="S256",
        ui_locales="en" if page.is_english() else "zh-CN",
    )
    response = page.away(address)
    sealed = csrf.sealed(json.dumps(flow, separators=(",", ":")).encode().hex())
    cookies.keep_oidc(request, response, sealed, LIFE_S)
    return response


@auth.spoken
async def callback(request: Request) -> Response:
    """Take the browser back: check the answer and start a session, or say why not on the sign-in page."""
    settings = _settings()
    after = "/"
    try:
        flow = _flow(request)
        after = page.local(flow["after"])
        person = await _person(request, settings, flow)
        origin, agent = peer.address(request.scope), peer.agent(request.scope)
        token = await asyncio.to_thread(provider.admit, person, origin=origin, agent=agent)
    except GridAtlasError as error:
        _log.warning("sign-in through the provider: %s", error)
        response = await auth.sign_in_page(request, after, error=error)
    else:
        response = await auth.welcome(request, token, after)
    cookies.drop(request, response, cookies.OIDC)
    return response


def _settings() -> OidcSettings:
    settings = OidcSettings()
    if not settings.issuer:
        raise NoProvider
    return settings


def _flow(request: Request) -> dict[str, Any]:
    """Read what this browser started; it must be the answer's."""
    kept = csrf.opened(request.cookies.get(cookies.OIDC, ""))
    if kept is None:
        raise ProviderRefused(detail=_("这个浏览器没有开始过登录,或已超过时限"))
    flow: dict[str, Any] = json.loads(bytes.fromhex(kept))
    given = request.query_params.get("state", "")
    if flow["until"] < time.time() or not hmac.compare_digest(flow["state"].encode(), given.encode()):
        raise ProviderRefused(detail=_("这个浏览器没有开始过登录,或已超过时限"))
    return flow


async def _person(request: Request, settings: OidcSettings, flow: dict[str, Any]) -> provider.Person:
    """Change the code into claims and check each that matters."""
    metadata = await _discover(settings)
    if request.query_params.get("iss", metadata["issuer"]) != metadata["issuer"]:
        raise ProviderRefused(detail=_("回答来自另一个身份服务"))
    refusal = request.query_params.get("error")
    if refusal:
        raise ProviderRefused(detail=refusal[:60])
    code = request.query_params.get("code", "")
    try:
        async with httpx.AsyncClient(timeout=WAIT_S) as client:
            answer = await _exchange(client, settings, metadata, code, flow["verifier"], _callback(request))
            claims = await _claims(client, settings, metadata, answer, flow["nonce"])
            claims |= await _more(client, metadata, claims, answer["access_token"], settings.groups_claim)
    except httpx.HTTPError as error:
        raise ProviderAway(detail=type(error).__name__) from error
    except (JoseError, ValueError, KeyError, TypeError) as error:
        _log.warning("ID token refused: %s", error)
        raise ProviderRefused(detail=_("身份凭据无法核实")) from error
    name = str(claims.get("preferred_username") or claims.get("email") or "")
    display = str(claims.get("name") or name)
    return provider.Person(metadata["issuer"], str(claims["sub"]), name, display, _groups(claims, settings))


async def _exchange(
    client: httpx.AsyncClient,
    settings: OidcSettings,
    metadata: dict[str, Any],
    code: str,
    verifier: str,
    callback: str,
) -> dict[str, Any]:
    """Change the code into tokens, as the client the provider knows."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": verifier,
        "client_id": settings.client_id,
    }
    by_header: httpx.Auth = httpx.Auth()
    if settings.client_secret:
        offered = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in offered:
            by_header = httpx.BasicAuth(quote_plus(settings.client_id), quote_plus(settings.client_secret))
        else:
            form["client_secret"] = settings.client_secret
    answer = await client.post(metadata["token_endpoint"], data=form, auth=by_header)
    found: dict[str, Any] = answer.json()
    if answer.is_error or "error" in found:
        raise ProviderRefused(detail=str(found.get("error", answer.status_code))[:60])
    return found


async def _claims(
    client: httpx.AsyncClient, settings: OidcSettings, metadata: dict[str, Any], answer: dict[str, Any], nonce: str
) -> dict[str, Any]:
    """Verify the ID token: signature, issuer, audience, nonce, times."""
    offered = set(metadata.get("id_token_signing_alg_values_supported") or ["RS256"])
    registry = JWSRegistry(algorithms=sorted(offered & SIGNED_BY), strict_check_header=False)
    keys = (await client.get(metadata["jwks_uri"])).raise_for_status().json()
    found = jwt.decode(answer["id_token"], key=KeySet.import_key_set(keys), registry=registry)
    wanted = {
        "iss": {"essential": True, "value": metadata["issuer"]},
        "aud": {"essential": True, "value": settings.client_id},
        "nonce": {"essential": True, "value": nonce},
    }
    known = {"nonce": nonce, "client_id": settings.client_id, "access_token": answer.get("access_token")}
    claims = CodeIDToken(found.claims, found.header, wanted, known)
    claims.validate(leeway=LEEWAY_S)
    if not str(claims["sub"]):
        raise ValueError("sub")
    return dict(claims)


async def _more(
    client: httpx.AsyncClient, metadata: dict[str, Any], claims: dict[str, Any], bearer: str, wanted: str
) -> dict[str, Any]:
    """Ask for claims the ID token leaves out; they must be of the same person."""
    address = metadata.get("userinfo_endpoint")
    if not address or not _is_safe(str(address)) or (_within(claims, wanted) is not None and claims.get("name")):
        return {}
    found = await client.get(address, headers={"Authorization": f"Bearer {bearer}"})
    more: dict[str, Any] = found.raise_for_status().json()
    if more.get("sub") != claims["sub"]:
        raise ValueError("userinfo of somebody else")
    return {name: value for name, value in more.items() if name not in claims}


def _groups(claims: dict[str, Any], settings: OidcSettings) -> tuple[str, ...]:
    found = _within(claims, settings.groups_claim)
    if isinstance(found, str):
        found = [found]
    return tuple(str(group) for group in found) if isinstance(found, list) else ()


def _within(claims: dict[str, Any], path: str) -> Any:  # noqa: ANN401  whatever a claim holds
    """Follow a claim's name; dots lead into objects (``realm_access.roles``)."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


async def _discover(settings: OidcSettings) -> dict[str, Any]:
    """Ask the provider for its addresses; known for ten minutes."""
    issuer = str(settings.issuer)
    held = _metadata.get(issuer)
    if held and time.monotonic() - held[0] < METADATA_S:
        return held[1]
    if not _is_safe(issuer):
        raise ProviderAway(detail=_("地址须以 https:// 开头"))
    try:
        async with httpx.AsyncClient(timeout=WAIT_S) as client:
            answer = await client.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        found: dict[str, Any] = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderAway(detail=type(error).__name__) from error
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if found.get("issuer") != issuer or not all(_is_safe(str(found.get(name, ""))) for name in needed):
        raise ProviderAway(detail=_("它的自述与设置的地址不一致"))
    _metadata[issuer] = (time.monotonic(), found)
    return found


def forget() -> None:
    """Forget what providers said of themselves."""
    _metadata.clear()


def _is_safe(address: str) -> bool:
    """Whether nobody on the way can read or change what goes to an address."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _callback(request: Request) -> str:
    """Where the provider sends the browser back to, as the browser knows us."""
    return str(request.url.replace(path=CALLBACK, query="", fragment=""))


def _scope(settings: OidcSettings, metadata: dict[str, Any]) -> str:
    """Ask for what the provider has of it: who, what he is called, his groups."""
    offered = set(metadata.get("scopes_supported") or ["openid", "profile"])
    first = settings.groups_claim.partition(".")[0]
    return " ".join(["openid", *(name for name in ("profile", "email", first) if name in offered)])
