"""Taking the list of cases along as a file, as it is filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.casework import extract
from gis.i18n import translate as _
from views import format as written
from views import takeaway

if TYPE_CHECKING:
    from views.docket.source import Desk


def draw(desk: Desk) -> None:
    """Draw the way to a file of the list, where there is something in it."""
    if desk.total:
        takeaway.offer(
            "cases",
            lambda conn, path, reason: extract.export(conn, desk.query, path, reason),
            lambda number: _("文件已备好:{number} 件。").format(number=written.number(number)),
        )
