"""What a check gives to the outside: one JSON object, or a file of findings.

The JSON is a contract (``docs/check.md``). Files are GeoPackage, GeoJSON or Excel, with one
row per finding and its sentences in the language in force.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import xlsxwriter

from gis.errors import BadInput
from gis.i18n import translate as _
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    from gis.coverage.findings import Finding

ENDINGS = (".gpkg", ".geojson", ".xlsx")


class OutputUnknown(BadInput):
    """We do not write that format."""

    template = "不能写出 {path} 这种格式。"
    cure = "请把文件名的后缀改为 .gpkg、.geojson 或 .xlsx。"


class OutputRefused(BadInput):
    """The file cannot be written there."""

    template = "写不进文件 {path}:{detail}。"
    cure = "请检查文件夹是否存在、是否可写,以及磁盘空间。"


def require_folder(path: Path) -> None:
    """See that a file could be written there, before the work that goes into it is done.

    Raises
    ------
    OutputRefused
        Its folder is not there.
    """
    if not path.resolve().parent.is_dir():
        raise OutputRefused(path=path, detail=_("文件夹不存在"))


def as_object(finding: Finding) -> dict[str, Any]:
    """Give a finding as one object of the JSON contract."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "title": finding.title,
        "reason": finding.reason,
        "measure": finding.measure,
        "subjects": finding.subjects,
        "grids": finding.grids,
        "buildings": finding.buildings,
        "area": None if finding.area_code is None else {"code": finding.area_code, "name": finding.area_name},
        "remedies": [
            {**item, "text": text} for item, text in zip(finding.remedies, finding.remedies_text, strict=True)
        ],
        "geometry": None if finding.geometry is None else shapely.geometry.mapping(finding.geometry),
    }


def write_json(summary: dict[str, Any], findings: list[Finding], out: IO[str]) -> None:
    """Write ``{"summary": …, "findings": […]}``, one finding at a time."""
    out.write('{"summary": ')
    json.dump(summary, out, ensure_ascii=False, allow_nan=False)
    out.write(',\n"findings": [')
    for place, finding in enumerate(findings):
        out.write(",\n" if place else "\n")
        json.dump(as_object(finding), out, ensure_ascii=False, allow_nan=False)
    out.write("\n]}\n")


def write_file(findings: list[Finding], path: Path) -> None:
    """Write findings as GeoPackage, GeoJSON or Excel, by the ending of the name.

    Raises
    ------
    OutputUnknown
        Another ending.
    OutputRefused
        The file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise OutputUnknown(path=path)
    try:
        if ending == ".xlsx":
            _write_excel(findings, path)
        else:
            frame = _frame(findings)
            path.unlink(missing_ok=True)
            if ending == ".gpkg":
                frame.to_file(path, layer="findings", driver="GPKG")
            else:
                frame.to_file(path, driver="GeoJSON", RFC7946="YES", engine="pyogrio")
    except OSError as error:
        raise OutputRefused(path=path, detail=error.strerror or error) from error
    except (RuntimeError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise OutputRefused(path=path, detail=str(error).splitlines()[0]) from error


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "title": finding.title,
        "reason": finding.reason,
        "remedy": " ".join(finding.remedies_text),
        "area_code": finding.area_code or "",
        "area_name": finding.area_name or "",
        "area_m2": float(finding.measure["area_m2"]),
        "width_m": finding.measure.get("width_m"),
        "buildings": int(finding.measure["buildings"]),
        "households": int(finding.measure["households"]),
        "grids": ",".join(finding.grids),
        "building_codes": ",".join(finding.buildings),
    }


def _frame(findings: list[Finding]) -> gpd.GeoDataFrame:
    columns = {
        "rule": str, "severity": str, "title": str, "reason": str, "remedy": str, "area_code": str, "area_name": str,
        "area_m2": float, "width_m": float, "buildings": np.int64, "households": np.int64,
        "grids": str, "building_codes": str,
    }  # fmt: skip
    rows = [_row(finding) for finding in findings]
    data: dict[str, Any] = {
        name: np.array([row[name] for row in rows], dtype=object if kind is str else kind)
        for name, kind in columns.items()
    }
    shapes: Any = shapely.from_wkb([finding.wkb for finding in findings]) if findings else []
    return gpd.GeoDataFrame(data, geometry=gpd.GeoSeries(shapes, crs=SRID))


def _write_excel(findings: list[Finding], path: Path) -> None:
    heads = {
        "rule": _("规则"), "severity": _("程度"), "title": _("问题"), "reason": _("说明"), "remedy": _("建议"),
        "area_code": _("社区编码"), "area_name": _("社区"), "area_m2": _("面积(平方米)"), "width_m": _("宽度(米)"),
        "buildings": _("楼栋数"), "households": _("户数"), "grids": _("网格"), "building_codes": _("楼栋"),
        "lon": _("经度"), "lat": _("纬度"),
    }  # fmt: skip
    # A cell of text is written as text: what looks like a formula stays a word.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    # The file is opened here: a workbook that cannot open it leaves its own temporary files open.
    with path.open("wb") as target, xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet(_("问题"))
        sheet.write_row(0, 0, list(heads.values()), book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        for line, finding in enumerate(findings, start=1):
            lon, lat = finding.centroid or (None, None)
            row = {**_row(finding), "lon": lon, "lat": lat, "severity": finding.severity_text}
            for column, key in enumerate(heads):
                value = row[key]
                if isinstance(value, str):
                    sheet.write_string(line, column, value[:32_000])
                elif value is not None:
                    sheet.write_number(line, column, value)
