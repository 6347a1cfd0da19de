"""Forms as they come in: small, of the one kind our pages send, from our pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from gis.errors import BadInput
from gis.errors import GridAtlasError
from server import csrf
from server import peer

if TYPE_CHECKING:
    from starlette.requests import Request

KIND = "application/x-www-form-urlencoded"
LARGEST = 16 * 1024
MOST_FIELDS = 20


class FormWrong(BadInput):
    """A form no page of ours sends."""

    template = "表单的内容不对。"
    cure = "请重新打开登录页再试。"


class FormStale(GridAtlasError):
    """A form whose proof does not fit: too old, from elsewhere, or cookies are off."""

    template = "这个页面已失效,没有提交。"
    cure = "请再提交一次;若总是如此,请允许浏览器保存本站的 Cookie,并从本系统的地址打开。"
    http_status = 403


async def read(request: Request) -> dict[str, str]:
    """Read the fields of a form.

    Raises
    ------
    FormWrong
        Another kind of body, one too large, one that is no text.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != KIND:
        raise FormWrong
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > LARGEST:
            raise FormWrong
    try:
        text = body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise FormWrong from error


def prove(request: Request, form: str, bound: str, fields: dict[str, str]) -> None:
    """Make sure that a form comes from a page of ours in this browser.

    Raises
    ------
    FormStale
        It does not, or the proof has gone.
    """
    if not peer.is_own_site(request.scope) or not csrf.fits(form, bound, fields.get(csrf.FIELD, "")):
        raise FormStale
