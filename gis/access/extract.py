"""Extracts of the audit for people: a table as a file that says who took it, when and why.

Taking one is itself a deed and leaves its row in the same transaction.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal

import xlsxwriter

from gis.access import audit
from gis.errors import BadInput
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

MOST = 1_000_000
"""Rows of one extract: a sheet of Excel has room for no more."""

PAGE = 5000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LONGEST_REASON = 500
LONGEST_CELL = 32_000


class ReasonMissing(BadInput):
    """Personal or guarded data was asked for without saying why."""

    template = "没有写明事由。"
    cure = "请写明导出或查看的事由;它会进入审计。"


def export(
    conn: psycopg.Connection[Any],
    kind: Literal["csv", "xlsx"],
    reason: str,
    *,
    most: int = MOST,
    **chosen: str | datetime | None,
) -> bytes:
    """Give rows of the audit as a file, newest first.

    Parameters
    ----------
    conn : psycopg.Connection
        Of an ``auditor``, or of a job.
    kind : str
        ``csv`` (UTF-8 with a mark, for Excel) or ``xlsx``.
    reason : str
        Why; it stands in the file and in the audit.
    most : int
        Rows at most.
    **chosen
        What :func:`gis.access.audit.listing` picks by: actor, action, relation, subject, since, until.

    Raises
    ------
    ReasonMissing
        No reason was given.
    """
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not reason:
        raise ReasonMissing
    rows = [_cells(row) for row in _rows(conn, min(most, MOST), chosen)]
    picked = {
        key: value.isoformat() if isinstance(value, datetime) else value for key, value in chosen.items() if value
    }
    found = conn.execute("SELECT atlas.actor_name()").fetchone()
    head = [
        [_("导出人"), str(found[0] if found else "")],
        [_("导出时间"), datetime.now(UTC).isoformat(timespec="seconds")],
        [_("事由"), reason],
        [_("筛选"), json.dumps(picked, ensure_ascii=False) if picked else _("全部")],
        [_("行数"), str(len(rows))],
        [],
        _titles(),
    ]
    audit.note(conn, "export", "audit", kind, after={"rows": len(rows), **picked}, reason=reason)
    return _csv([*head, *rows]) if kind == "csv" else _xlsx([*head, *rows])


def _rows(conn: psycopg.Connection[Any], most: int, chosen: dict[str, Any]) -> Iterator[audit.Row]:
    below = None
    while most > 0:
        page = audit.listing(conn, **chosen, below=below, most=min(PAGE, most))
        yield from page
        if len(page) < PAGE:
            return
        below, most = page[-1].seq, most - len(page)


def _titles() -> list[str]:
    return [
        _("序号"), _("时间"), _("账号"), _("来源地址"), _("动作"), _("对象"), _("名称"),
        _("之前"), _("之后"), _("事由"),
    ]  # fmt: skip


def _cells(row: audit.Row) -> list[str]:
    before, after = (
        "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
        for value in (row.before, row.after)
    )
    at = row.at.isoformat(timespec="microseconds")
    words = [row.actor, row.origin, row.action, row.relation, row.subject, before, after, row.reason or ""]
    return [str(row.seq), at, *(word[:LONGEST_CELL] for word in words)]


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        # A cell a spreadsheet would run as a formula gets an apostrophe before it.
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def _xlsx(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(_("审计"))
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    return out.getvalue()
