"""The pages before the pages: signing in, changing the password, what is wrong now.

One self-contained document each, no script, nothing fetched: they work when the page
server's own files are out of reach, on a phone, in both languages and both themes. Every
text that comes from outside is escaped here.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from urllib.parse import quote
from urllib.parse import urlencode
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse
from starlette.responses import RedirectResponse

from gis.i18n import language
from gis.i18n import translate as _
from gis.settings import CHECKOUT
from server.errors import wanted_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from gis.access.first import Demo
    from gis.errors import GridAtlasError

FOLDER = Path(__file__).resolve().parent
NEXT = "next"
LANGUAGE = "lang"
LONGEST_NEXT = 1500
QUIET = {"Cache-Control": "no-store"}
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the sign-in page offers.

    Attributes
    ----------
    token : str
        Of its form.
    after : str
        Where to go then: a path of ours.
    provider : str or None
        What the button of the identity provider says; None: there is none.
    demos : sequence of Demo
        Demo accounts to be announced.
    name : str
        Account name typed before.
    notice : str
        Why one is here.
    """

    token: str
    after: str = "/"
    provider: str | None = None
    demos: Sequence[Demo] = ()
    name: str = ""
    notice: str = ""


def local(path: str | None) -> str:
    """Give a path of our own to go to; ``/`` for whatever leads, or might lead, elsewhere."""
    if not path or len(path) > LONGEST_NEXT or not path.startswith("/") or path.startswith(("//", "/auth/")):
        return "/"
    if "\\" in path or any(ord(character) <= 32 or ord(character) == 127 for character in path):  # noqa: PLR2004  blanks and control characters
        return "/"
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else path


def spoken(request: Request) -> str:
    """Language of a page: of its own address, of the page one comes from, of the browser."""
    given = request.query_params.get(LANGUAGE)
    if given is None:
        given = parse_qs(urlsplit(local(request.query_params.get(NEXT))).query).get(LANGUAGE, [None])[0]
    if given is None:
        return wanted_language(request)
    return "en" if given == "en" else "zh_CN"


def redirect(to: str, after: str = "/", **more: str) -> Response:
    """Send on to a page of ours, which knows where to go after it."""
    after = local(after)
    given = ({NEXT: after} if after != "/" else {}) | more
    return RedirectResponse(f"{to}?{urlencode(given)}" if given else to, status_code=303, headers=QUIET)


def go(after: str) -> Response:
    """Send on to where one wanted to go, in the language spoken here."""
    path = local(after)
    if is_english() and f"{LANGUAGE}=" not in path:
        path += ("&" if "?" in path else "?") + f"{LANGUAGE}=en"
    return RedirectResponse(quote(path, safe="/?&=%:+,;@~!$'()*-._"), status_code=303, headers=QUIET)


def away(address: str) -> Response:
    """Send on to another site: the identity provider's, never one a visitor names."""
    return RedirectResponse(address, status_code=303, headers=QUIET)


def is_english() -> bool:
    """Whether the page speaks English."""
    return language() == "en"


def sign_in(request: Request, entry: Entry, error: GridAtlasError | None = None) -> Response:
    """Draw the sign-in page, with what went wrong."""
    hidden = _hidden(entry)
    body = f"""<h1>{_t("登录")}</h1>{_said(error, entry.notice)}
<form method="post" action="{_to(request, "/auth/login")}">{hidden}
<label>{_t("账号")}<input name="name" value="{escape(entry.name)}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required{"" if entry.name else " autofocus"}></label>
<label>{_t("密码")}<input name="password" type="password" autocomplete="current-password" maxlength="256" required{" autofocus" if entry.name else ""}></label>
<button class="go">{_t("登录")}</button></form>"""  # noqa: E501  markup
    if entry.provider is not None:
        way = "/auth/oidc?" + urlencode({NEXT: entry.after, **_kept(request)})
        label = entry.provider or _("统一身份认证")
        said = escape(_("用{label}登录").format(label=label))
        body += f'<div class="or">{_t("或")}</div><a class="button second" href="{escape(way)}">{said}</a>'
    if entry.demos:
        buttons = "".join(
            f'<button name="demo" value="{escape(one.name)}">{escape(one.display.rpartition("·")[2])}</button>'
            for one in entry.demos
        )
        body += (
            f'<section class="demo"><h2>{_t("先看看:示例账号")}</h2>'
            f"<p>{_t('只在这台电脑上可用,点一下就进入,数据是虚构的示例街道。')}</p>"
            f'<form method="post" action="{_to(request, "/auth/login")}">{hidden}{buttons}</form></section>'
        )
    return _document(request, _("登录"), body, error)


def password(
    request: Request, token: str, after: str, *, name: str, rules: str, due: bool, error: GridAtlasError | None = None
) -> Response:
    """Draw the page that changes one's own password."""
    lead = (
        _("密码已到期,或由管理员重置过;改好后才能继续。") if due else _("改好后,这个账号在其他地方的登录会全部结束。")
    )
    body = f"""<h1>{_t("修改密码")}</h1><p class="lead">{escape(name)} · {escape(lead)}</p>{_said(error)}
<form method="post" action="{_to(request, "/auth/password")}">{_fields(token=token, next=after)}
<input type="hidden" name="name" value="{escape(name)}" autocomplete="username">
<label>{_t("现在的密码")}<input name="old" type="password" autocomplete="current-password" maxlength="256" required autofocus></label>
<label>{_t("新密码")}<input name="new" type="password" autocomplete="new-password" maxlength="256" required><small>{escape(rules)}</small></label>
<label>{_t("再输一遍新密码")}<input name="again" type="password" autocomplete="new-password" maxlength="256" required></label>
<button class="go">{_t("修改密码")}</button></form>"""  # noqa: E501  markup
    return _document(request, _("修改密码"), body, error)


def leave(request: Request, token: str, name: str) -> Response:
    """Draw the page that asks whether to sign out."""
    body = f"""<h1>{_t("退出登录")}</h1><p class="lead">{escape(_("现在登录的是 {name}。").format(name=name))}</p>
<form method="post" action="{_to(request, "/auth/logout")}">{_fields(token=token)}
<button>{_t("退出登录")}</button></form>
<p><a class="button second" href="/">{_t("返回")}</a></p>"""
    return _document(request, _("退出登录"), body)


def trouble(request: Request, error: GridAtlasError) -> Response:
    """Draw what is wrong, what to do, and a way on."""
    ours = error.http_status >= 500  # noqa: PLR2004  ours, not the caller's
    query = request.url.query
    to = local(request.url.path + (f"?{query}" if query else "")) if ours else "/"
    title, label = (_("暂时打不开"), _("重试")) if ours else (_("没有完成"), _("返回"))
    body = f"""<h1>{escape(title)}</h1>{_said(error)}<a class="button" href="{escape(to)}">{escape(label)}</a>"""
    return _document(request, title, body, error)


def _document(request: Request, title: str, body: str, error: GridAtlasError | None = None) -> Response:
    english = is_english()
    other = request.url.include_query_params(lang="zh" if english else "en")
    switch = f"{other.path}?{other.query}"
    text = f"""<!doctype html>
<html lang="{"en" if english else "zh-CN"}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><title>{escape(title)} · {_t("网格一张图")}</title>
<link rel="icon" href="data:image/png;base64,{_icon()}"><style>{_read("page.css")}</style></head>
<body><div class="map">{_read("mosaic.svg")}<p class="motto"><b>{_t("哪里有人管,哪里没人管,一张图看清。")}</b><span>{_t("橙色斜线是没有网格覆盖的地方。")}</span></p></div>
<main><div class="top"><a href="{escape(switch)}" lang="{"zh-CN" if english else "en"}">{"中文" if english else "English"}</a></div>
<div class="middle"><div class="brand">GridAtlas<b>{"" if english else _t("网格一张图")}</b></div>{body}</div>
<footer>{_t("登录、导出和改动都会记入审计。")}</footer></main></body></html>"""  # noqa: E501  markup
    status = error.http_status if error is not None else 200
    return HTMLResponse(text, status, headers={**QUIET, "Content-Security-Policy": POLICY, "Vary": "Accept-Language"})


def _said(error: GridAtlasError | None, notice: str = "") -> str:
    if error is not None:
        return (
            f'<div class="say bad" role="alert"><b>{escape(error.message)}</b><span>{escape(error.remedy)}</span></div>'
        )
    return f'<div class="say" role="status"><b>{escape(notice)}</b></div>' if notice else ""


def _hidden(entry: Entry) -> str:
    return _fields(token=entry.token, next=entry.after)


def _fields(**values: str) -> str:
    return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items())


def _to(request: Request, path: str) -> str:
    kept = _kept(request)
    return escape(f"{path}?{urlencode(kept)}" if kept else path)


def _kept(request: Request) -> dict[str, str]:
    """Keep a language that was chosen, on the way to the next page."""
    return {LANGUAGE: "en" if is_english() else "zh"} if LANGUAGE in request.query_params else {}


def _t(text: str) -> str:
    return escape(_(text))


@cache
def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8").strip()


@cache
def _icon() -> str:
    return base64.b64encode((CHECKOUT / "views" / "icon.png").read_bytes()).decode()
