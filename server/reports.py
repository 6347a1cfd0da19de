"""``POST /reports``: what somebody saw, with its pictures, from the page 上报.

The page keeps a report in the browser until it is answered here, and sends it again after a
lost connection; its key makes sure that it is one case however often it comes. Like the
uploads it wants the header ``X-GridAtlas``, which another site cannot send unasked.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.responses import JSONResponse

from gis.casework import photos
from gis.casework import reports
from gis.casework import words
from gis.errors import BadInput
from server import peer
from server.actor import actor_of
from server.posting import received

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gis.casework.files import Casefile
    from gis.casework.reports import Draft

MOST_BYTES = 96 * 1024 * 1024
"""Most bytes of a report with all its pictures."""
MOST_PHOTOS = 9
LONGEST_DRAFT = 64 * 1024


class ReportUnfit(BadInput):
    """A report our page would not send."""

    template = "上报的内容不对:{detail}。"
    cure = "请在“上报”页面重新填写;已填的内容还在。"


class ReportHeavy(BadInput):
    """More than a report may weigh."""

    template = "上报连同照片超过 {limit} MB。"
    cure = "请少选几张照片,或先提交,再在案件里补充。"
    http_status = 413


class ReportElsewhere(BadInput):
    """A request that does not come from our own page."""

    template = "这个地址只接收“上报”页面提交的内容。"
    cure = "请在“上报”页面提交。"
    http_status = 403


class ReportMethod(BadInput):
    """A method the address does not know."""

    template = "上报不接受 {method}。"
    cure = "请在“上报”页面提交。"
    http_status = 405


async def report_in(request: Request) -> Response:
    """Answer 201 with the case a report became; the same key again gives the same case.

    400 says what has to be changed, 401 that the session is over: the page keeps the report.
    """
    return await received(
        request,
        "POST",
        lambda: _taken(request),
        wrong_method=ReportMethod(method=request.method),
        elsewhere=ReportElsewhere(),
    )


async def _taken(request: Request) -> Response:
    if not peer.is_own_site(request.scope):
        raise ReportElsewhere
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise ReportHeavy(limit=MOST_BYTES // 2**20)
    actor = actor_of(request)
    try:
        async with request.form(max_files=MOST_PHOTOS, max_fields=1, max_part_size=LONGEST_DRAFT) as form:
            told = _told(form.get("draft"))
            files = [part for part in form.getlist("photo") if isinstance(part, UploadFile)]
            pictures = [photos.Picture(await file.read(), file.filename or "") for file in files]
    except (MultiPartException, HTTPException) as error:
        raise ReportUnfit(detail=str(getattr(error, "detail", error))[:200]) from error
    draft = _draft(told, pictures)
    case = await asyncio.to_thread(reports.report, actor, draft)
    return JSONResponse(_said(case), status_code=201)


def _told(text: object) -> dict[str, Any]:
    """Read the draft's JSON."""
    try:
        told = json.loads(text) if isinstance(text, str) else None
    except ValueError as error:
        raise ReportUnfit(detail="JSON") from error
    if not isinstance(told, dict):
        raise ReportUnfit(detail="draft")
    return told


def _draft(told: dict[str, Any], pictures: list[photos.Picture]) -> Draft:
    try:
        point = told.get("point")
        at = told.get("occurred_at")
        data = dict(told.get("data") or {})
        return reports.Draft(
            kind=str(told.get("kind", "")),
            category=str(told.get("category", "")),
            title=str(told.get("title", "")),
            address=str(told.get("address", "")),
            point=None if point is None else (float(point[0]), float(point[1])),
            occurred_at=None if not at else datetime.fromisoformat(str(at)),
            level=None if told.get("level") in (None, "") else int(told["level"]),
            by_self=bool(told.get("by_self", False)),
            data=data,
            photos=pictures,
            key=str(told.get("key", ""))[:64],
        )
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ReportUnfit(detail=str(error)[:80] or type(error).__name__) from error


def _said(case: Casefile) -> dict[str, Any]:
    """Say what became of a report: where it lies, whose it is, until when."""
    return {
        "ok": True,
        "code": case.code,
        "state": words.standing(case.state, suspended=case.suspended),
        "grid": case.grid_name or case.grid or "",
        "area": case.area_name or "",
        "unit": case.units[0] if case.units else str(case.terms.get("lead", "")),
        "due": None if case.due_at is None else case.due_at.isoformat(),
    }
