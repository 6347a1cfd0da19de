"""Taking the list of cases along as it is filtered: as Excel for the desk, as GeoPackage for a map.

The file holds what the actor may read, no more; it says who took it, when and for what purpose, and
the deed is audited in the same transaction.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gis.access import audit
from gis.casework import listing
from gis.casework import sheets
from gis.casework import words
from gis.coverage.report import OutputRefused
from gis.coverage.wording import statistics
from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

    from gis.casework.listing import Query
    from gis.casework.listing import Row

PAGE = 5000
MOST = 200_000
"""Cases of one file: whoever needs more narrows the list."""


def export(conn: psycopg.Connection[Any], query: Query, path: Path, reason: str) -> int:
    """Write the cases that fit, in their order, to a file by the ending of its name; how many.

    Parameters
    ----------
    conn : Connection
        Of a session.
    query : Query
        Which cases, in which order.
    path : Path
        ``.xlsx``, or ``.gpkg`` (layers ``cases``, points in longitude/latitude CGCS2000, and ``about``).
    reason : str
        For what purpose.

    Raises
    ------
    PurposeMissing, FormatUnknown, OutputRefused
        Nothing was written.
    """
    packed = path.suffix.lower() == ".gpkg"
    why = sheets.purpose(path.with_suffix(".xlsx") if packed else path, reason)
    found = list(_all(conn, query))
    rows = [_row(case) for case in found]
    if packed:
        _package(conn, query, found, rows, path, why)
    else:
        heads = list(_heads().values())
        sheets.write(conn, path, why, [sheets.Sheet(_("案件"), heads, [list(row.values()) for row in rows])])
    told = {"rows": len(found), "format": path.suffix.lower()[1:], "filter": query.as_json()}
    audit.note(conn, "export", "casefile", "", after=told, reason=why)
    return len(found)


def _all(conn: psycopg.Connection[Any], query: Query) -> Iterator[Row]:
    after, given = None, 0
    while given < MOST:
        page = listing.cases(conn, query, after=after, limit=min(PAGE, MOST - given))
        yield from page
        if len(page) < PAGE:
            return
        after, given = page[-1].place, given + len(page)


def _heads() -> dict[str, str]:
    return {
        "code": _("编号"), "kind": _("种类"), "category": _("小类"), "title": _("描述"), "address": _("地址"),
        "area": _("社区"), "grid": _("网格编码"), "channel": _("来源"), "state": _("状态"), "level": _("等级"),
        "card": _("督办"), "units": _("单位"), "handler": _("经办人"), "occurred_at": _("发生时间"),
        "due_at": _("截止时间"), "clock": _("时限"), "closed_at": _("办结时间"), "returns": _("退回次数"),
        "reworked": _("返工次数"), "lon": _("经度"), "lat": _("纬度"),
    }  # fmt: skip


def _row(case: Row) -> dict[str, Any]:
    return {
        "code": case.code, "kind": statistics.kind(case.kind), "category": case.category, "title": case.title,
        "address": case.address,
        "area": case.area_name or case.area_code, "grid": case.grid_code, "channel": words.channel(case.channel),
        "state": words.standing(case.state, suspended=case.suspended), "level": case.level, "card": case.card,
        "units": joined(case.units), "handler": case.handler, "occurred_at": case.occurred_at, "due_at": case.due_at,
        "clock": words.clock(case.clock), "closed_at": case.closed_at, "returns": case.returns,
        "reworked": case.reworked, "lon": case.lon, "lat": case.lat,
    }  # fmt: skip


def _package(
    conn: psycopg.Connection[Any], query: Query, found: list[Row], rows: list[dict[str, Any]], path: Path, why: str
) -> None:
    who = conn.execute("SELECT atlas.called(atlas.actor_name()), now()").fetchone() or ("", "")
    about = {
        _("导出人"): str(who[0]),
        _("导出时间"): str(who[1]),
        _("事由"): why,
        _("筛选"): json.dumps(query.as_json(), ensure_ascii=False),
        _("行数"): str(len(rows)),
    }
    columns = [name for name in _heads() if name not in {"lon", "lat"}]
    frame = pd.DataFrame([{name: _cell(row[name]) for name in columns} for row in rows], columns=columns)
    places = [None if case.lon is None else shapely.Point(case.lon, case.lat or 0.0) for case in found]
    table = pd.DataFrame({"what": list(about), "value": list(about.values())})
    try:
        path.unlink(missing_ok=True)
        gpd.GeoDataFrame(frame, geometry=places, crs=SRID).to_file(path, layer="cases", driver="GPKG", engine="pyogrio")
        gpd.GeoDataFrame(table, geometry=[None] * len(table), crs=SRID).to_file(
            path, layer="about", driver="GPKG", engine="pyogrio"
        )
    except (OSError, RuntimeError) as error:
        raise OutputRefused(path=path, detail=str(error).splitlines()[0]) from error


def _cell(value: Any) -> Any:  # noqa: ANN401  a value of a row
    return "" if value is None else value.isoformat() if hasattr(value, "isoformat") else value
