"""Taking the ledger along: as Excel for the desk, as GeoPackage for a map.

Each file says who took it, when, for what purpose and by which filter; the deed is audited in
the same transaction. A cell that looks like a formula stays a word.
"""

from __future__ import annotations

import json
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xlsxwriter
from psycopg.types.json import Jsonb

from gis.coverage.engine import statement
from gis.coverage.entries import FILE
from gis.coverage.entries import Entry
from gis.coverage.entries import Query
from gis.coverage.entries import entries
from gis.coverage.report import OutputRefused
from gis.coverage.report import require_folder
from gis.errors import BadInput
from gis.i18n import translate as _
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

ENDINGS = (".xlsx", ".gpkg")
OFFICE_ZONE = ZoneInfo("Asia/Shanghai")
LONGEST_CELL = 32_000
LONGEST_REASON = 500
MOST = 1_000_000
"""Rows of one sheet: Excel has room for no more."""


class FormatUnknown(BadInput):
    """The ledger is not written in that format."""

    template = "台账不能导出为 {path} 这种格式。"
    cure = "请把文件名的后缀改为 .xlsx 或 .gpkg。"


class PurposeMissing(BadInput):
    """A list was asked for as a file without saying why."""

    template = "没有写明导出事由。"
    cure = "请写明事由;它写进文件,也进审计。"


def purpose(reason: str) -> str:
    """Give the purpose of a file as it is kept.

    Raises
    ------
    PurposeMissing
        There is none.
    """
    why = " ".join(reason.split())[:LONGEST_REASON]
    if not why:
        raise PurposeMissing
    return why


def export(conn: psycopg.Connection[Any], network: str, query: Query, path: Path, reason: str) -> int:
    """Write the entries that fit to a file, by the ending of its name; how many.

    Parameters
    ----------
    conn : Connection
        Of a session: the file holds what the actor may read.
    network : str
        Code of the network.
    query : Query
        Which entries, in which order.
    path : Path
        ``.xlsx`` (a sheet about the file, a sheet of entries) or ``.gpkg`` (layers ``ledger``,
        in longitude/latitude CGCS2000, and ``about``).
    reason : str
        For what purpose.

    Raises
    ------
    PurposeMissing, FormatUnknown, OutputRefused
        Nothing was written.
    """
    why = purpose(reason)
    if path.suffix.lower() not in ENDINGS:
        raise FormatUnknown(path=path)
    require_folder(path)
    found = entries(conn, network, query, limit=MOST)
    about = _about(conn, network, query, why, len(found))
    try:
        (_write_excel if path.suffix.lower() == ".xlsx" else _write_package)(found, about, path)
    except OSError as error:
        raise OutputRefused(path=path, detail=error.strerror or error) from error
    except (RuntimeError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise OutputRefused(path=path, detail=str(error).splitlines()[0]) from error
    told = {"network": network, "rows": len(found), "format": path.suffix.lower()[1:], "filter": query.as_json()}
    conn.execute(
        statement(FILE, "audit").encode(),
        {"action": "export", "subject": network, "before": None, "after": Jsonb(told), "reason": why},
    )
    return len(found)


def _about(conn: psycopg.Connection[Any], network: str, query: Query, reason: str, rows: int) -> dict[str, str]:
    who = conn.execute(b"SELECT atlas.called(atlas.actor_name()), atlas.actor_name()").fetchone() or ("", "")
    picked = query.as_json()
    return {
        _("导出人"): who[0] if who[0] == who[1] else f"{who[0]} ({who[1]})",
        _("导出时间"): _time(datetime.now(UTC)),
        _("事由"): reason,
        _("网络"): network,
        _("筛选"): json.dumps(picked, ensure_ascii=False) if picked else _("全部"),
        _("行数"): str(rows),
    }


def _time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(OFFICE_ZONE).isoformat(sep=" ", timespec="minutes")


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "rule": entry.rule,
        "severity": entry.severity,
        "title": entry.title,
        "reason": entry.reason,
        "remedy": " ".join(entry.remedies_text),
        "state": entry.state_text,
        "owner": entry.owner or "",
        "due_on": "" if entry.due_on is None else entry.due_on.isoformat(),
        "overdue": _("是") if entry.overdue else "",
        "first_seen": _time(entry.first_seen),
        "last_seen": _time(entry.last_seen),
        "gone_at": _time(entry.gone_at),
        "returns": entry.returns,
        "exception_reason": entry.exception_reason or "",
        "exception_until": "" if entry.exception_until is None else entry.exception_until.isoformat(),
        "area_code": entry.area_code or "",
        "area_name": entry.area_name or "",
        "area_m2": float(entry.measure["area_m2"]),
        "buildings": int(entry.measure["buildings"]),
        "households": int(entry.measure["households"]),
        "people": entry.people,
        "grids": ",".join(entry.grids),
        "building_codes": ",".join(entry.buildings),
    }


def _heads() -> dict[str, str]:
    return {
        "id": _("编号"), "rule": _("规则"), "severity": _("程度"), "title": _("问题"), "reason": _("说明"),
        "remedy": _("建议"), "state": _("状态"), "owner": _("责任人"), "due_on": _("期限"), "overdue": _("逾期"),
        "first_seen": _("首次发现"), "last_seen": _("最近发现"), "gone_at": _("消除时间"), "returns": _("再现次数"),
        "exception_reason": _("例外理由"), "exception_until": _("例外截止"), "area_code": _("社区编码"),
        "area_name": _("社区"), "area_m2": _("面积(平方米)"), "buildings": _("楼栋数"), "households": _("户数"),
        "people": _("人数"), "grids": _("网格"), "building_codes": _("楼栋"), "lon": _("经度"), "lat": _("纬度"),
    }  # fmt: skip


def _write_excel(found: list[Entry], about: dict[str, str], path: Path) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with path.open("wb") as target, xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True})
        first = book.add_worksheet(_("说明"))
        first.set_column(0, 0, 14)
        first.set_column(1, 1, 60)
        for line, (head, value) in enumerate(about.items()):
            first.write_string(line, 0, head, bold)
            first.write_string(line, 1, value[:LONGEST_CELL])
        sheet = book.add_worksheet(_("台账"))
        heads = _heads()
        for column, head in enumerate(heads.values()):
            sheet.write_string(0, column, head, bold)
        sheet.freeze_panes(1, 0)
        for line, entry in enumerate(found, start=1):
            lon, lat = entry.centroid or (None, None)
            row = {**_row(entry), "lon": lon, "lat": lat, "severity": entry.severity_text}
            for column, key in enumerate(heads):
                value = row[key]
                if isinstance(value, str):
                    sheet.write_string(line, column, value[:LONGEST_CELL])
                elif value is not None:
                    sheet.write_number(line, column, value)


def _write_package(found: list[Entry], about: dict[str, str], path: Path) -> None:
    rows = [_row(entry) for entry in found]
    numbers = {
        "id": np.int64,
        "returns": np.int64,
        "buildings": np.int64,
        "households": np.int64,
        "people": np.int64,
        "area_m2": float,
    }
    names = [name for name in _heads() if name not in {"lon", "lat"}]
    data: dict[str, Any] = {
        ("entry" if name == "id" else name): np.array([row[name] for row in rows], dtype=numbers.get(name, object))
        for name in names
    }
    shapes: Any = shapely.from_wkb([entry.wkb for entry in found]) if found else []
    frame = gpd.GeoDataFrame(data, geometry=gpd.GeoSeries(shapes, crs=SRID))
    path.unlink(missing_ok=True)
    frame.to_file(path, layer="ledger", driver="GPKG", engine="pyogrio")
    table = gpd.GeoDataFrame(
        pd.DataFrame({"what": list(about), "value": list(about.values())}), geometry=[None] * len(about), crs=SRID
    )
    table.to_file(path, layer="about", driver="GPKG", engine="pyogrio")
