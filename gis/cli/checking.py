"""Verb ``check``: files in, findings out, nothing kept.

Reads the files by the intake, hands clean frames to :mod:`gis.coverage.check`, prints the
figures and writes what was asked for. Exit status 1 when anything forbids publishing.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any

import typer

from gis.coverage import report
from gis.coverage import summary as sums
from gis.coverage import wording
from gis.coverage.check import Result
from gis.coverage.check import check as judge
from gis.coverage.check import points_from
from gis.coverage.points import Borders
from gis.coverage.points import Points
from gis.coverage.rules import RULES
from gis.datasets import Dataset
from gis.db import cluster
from gis.db import migrations
from gis.errors import BadInput
from gis.i18n import translate as _
from gis.intake.prepare import prepare
from gis.intake.slices import merge_warnings
from gis.intake.slices import prepare_slices
from gis.memory import give_back
from gis.settings import DatabaseSettings

if TYPE_CHECKING:
    import geopandas as gpd

    from gis.coverage.findings import Finding
    from gis.intake.parts import Prepared

SHOWN = 20
EXAMPLES = 3
BLOCKED = 1


class NothingToCheck(BadInput):
    """Grids alone: neither land nor buildings to judge them by."""

    template = "没有指定任何检查内容:{detail}。"
    cure = "至少给出 --grids,并给出 --areas 或 --buildings。"


def check(
    grids: Annotated[str, typer.Option(help=_("网格文件(路径,或 路径:图层)。"))],
    areas: Annotated[str | None, typer.Option(help=_("辖区文件:区、街道或社区。"))] = None,
    buildings: Annotated[str | None, typer.Option(help=_("楼栋文件:点或轮廓。"))] = None,
    incidents: Annotated[str | None, typer.Option(help=_("事件文件。"))] = None,
    excluded: Annotated[str | None, typer.Option(help=_("允许空白的土地(湖面、铁路等)。"))] = None,
    datum: Annotated[str | None, typer.Option(help=_("坐标系:cgcs2000、wgs84、gcj02、bd09 或 EPSG:n。"))] = None,
    encoding: Annotated[str | None, typer.Option(help=_("文字编码。"))] = None,
    households_min: Annotated[int, typer.Option(min=0, help=_("网格户数下限。"))] = 300,
    households_max: Annotated[int, typer.Option(min=1, help=_("网格户数上限。"))] = 500,
    sliver_width: Annotated[float, typer.Option(min=0, help=_("窄于此宽度(米)的空白和重叠算边界误差。"))] = 1.0,
    border_distance: Annotated[float, typer.Option(min=0, help=_("楼栋点离边界近于此(米)算压线。"))] = 2.0,
    out: Annotated[Path | None, typer.Option(help=_("写出问题清单:.gpkg、.geojson 或 .xlsx。"))] = None,
    json: Annotated[str | None, typer.Option(help=_("写出 JSON;- 表示标准输出。"))] = None,
) -> int:
    """检查文件里的网格:空白、重叠、未归属楼栋……不保存任何数据。."""
    if areas is None and buildings is None:
        raise NothingToCheck(detail=_("只有网格"))
    if households_min > households_max:
        raise BadInput(detail=_("户数下限大于上限"))
    if out is not None and out.suffix.lower() not in report.ENDINGS:
        raise report.OutputUnknown(path=out)
    for target in (out, None if json in {None, "-"} else Path(str(json))):
        if target is not None:
            report.require_folder(target)
    inputs: dict[str, Any] = {}

    def take(file: str | None, dataset: Dataset) -> gpd.GeoDataFrame | None:
        if file is None:
            return None
        prepared = prepare(file, dataset, datum=datum, encoding=encoding, keep_duplicates=True, row_codes=True)
        inputs[dataset.value] = _account(file, [prepared])
        return prepared.frame

    def take_points(file: str | None, dataset: Dataset, borders: Borders | None = None) -> Points | None:
        if file is None:
            return None
        parts, told = [], []
        for part in prepare_slices(file, dataset, datum=datum, encoding=encoding):
            parts.append(points_from(part.frame, borders))
            told.append(replace(part, frame=part.frame.iloc[:0].copy()))  # a view would keep the shapes
        inputs[dataset.value] = _account(file, told, used=sum(len(part) for part in parts))
        return Points.joined(parts)

    given: list[Any] = [take(grids, Dataset.GRIDS), take(areas, Dataset.AREAS)]
    borders = None if buildings is None else Borders(given[0].geometry.to_numpy())
    given.append(take_points(buildings, Dataset.BUILDINGS, borders))
    del borders
    given += [take_points(incidents, Dataset.INCIDENTS), take(excluded, Dataset.EXCLUDED)]
    give_back()
    ensure_database()
    given.reverse()
    result = judge(  # the frames are handed over, not kept: what the rules take is the database's
        given.pop(), given.pop(), given.pop(), given.pop(), given.pop(),
        parameters={
            "households_min": households_min, "households_max": households_max,
            "sliver_width_m": sliver_width, "border_distance_m": border_distance,
        },
        progress=_progress if sys.stderr.isatty() else None,
    )  # fmt: skip
    result.summary["inputs"] = inputs
    _write(result, out, json)
    return BLOCKED if result.blocked else 0


def ensure_database() -> None:
    """Start the embedded server where it is ours, and bring the schema up to date."""
    if DatabaseSettings().database_url is None:
        cluster.start(cluster.Cluster.default())
        try:
            waiting = migrations.pending()
        except Exception:  # noqa: BLE001 - the database itself may be missing: migrate makes it
            waiting = ["?"]
    else:
        waiting = migrations.pending()
    if waiting:
        migrations.migrate()


def _account(file: str, parts: list[Prepared], used: int | None = None) -> dict[str, Any]:
    """Say what became of a file: read, repaired, refused, and in which datum."""
    source = parts[0].source
    rejects = [
        {"row": int(row), "reason": str(reason)}
        for part in parts
        for row, reason in zip(part.rejects["row"], part.rejects["reason"], strict=True)
    ]
    return {
        "file": file,
        "layer": source.layer,
        "datum": source.datum,
        "rows_read": source.rows_read,
        "rows_used": sum(len(part.frame) for part in parts) if used is None else used,
        "rows_repaired": sum(int(part.repairs["row"].nunique()) for part in parts),
        "rows_rejected": len(rejects),
        "warnings": merge_warnings([part.warnings for part in parts]),
        "rejects": rejects[:SHOWN],
    }


def _progress(step: str) -> None:
    """Say on the terminal, on one line, what is being done."""
    text = wording.title(step) if step in RULES else _("整理数据")
    print(f"\r\033[K{_('正在检查:')}{text}", end="", file=sys.stderr, flush=True)


def _write(result: Result, out: Path | None, json: str | None) -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    if out is not None:
        report.write_file(result.findings, out)
    if json == "-":
        report.write_json(result.summary, result.findings, sys.stdout)
        return
    if json is not None:
        try:
            with Path(json).open("w", encoding="utf-8") as target:
                report.write_json(result.summary, result.findings, target)
        except OSError as error:
            raise report.OutputRefused(path=json, detail=error.strerror or error) from error
    for line in describe(result):
        print(line)


def describe(result: Result) -> list[str]:
    """Give the result as lines for a terminal."""
    figures = result.summary
    lines = []
    for name, source in figures.get("inputs", {}).items():
        text = _("{dataset}:{file} 读取 {read} 行,修复 {repaired} 行,拒收 {rejected} 行,坐标系 {datum}。")
        lines.append(
            text.format(
                dataset=_DATASETS[name](), file=source["file"], read=source["rows_read"],
                repaired=source["rows_repaired"], rejected=source["rows_rejected"], datum=source["datum"],
            )
        )  # fmt: skip
        lines += [f"  {warning}" for warning in source["warnings"]]
    lines.append(
        _("辖区 {areas} 个,网格 {grids} 个,楼栋 {buildings} 栋,其中 {assigned} 栋在网格内。").format(
            areas=figures["areas"], grids=figures["grids"], buildings=figures["buildings"],
            assigned=figures["assigned_buildings"],
        )
    )  # fmt: skip
    for key in ("covered_buildings_share", "covered_households_share"):
        if figures[key] is not None:
            lines.append(_("{formula}:{share:.2%}").format(formula=sums.formula(key), share=figures[key]))
    lines.append(
        _("无网格土地 {unclaimed},重叠土地 {contested}。").format(
            unclaimed=wording.square(figures["unclaimed_area_m2"]),
            contested=wording.square(figures["contested_area_m2"]),
        )
    )
    lines += [sums.note(key) for key in figures["notes"]]
    return lines + _examples(result)


def _examples(result: Result) -> list[str]:
    """Give each rule its count and its heaviest findings, the rule with the heaviest one first."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in result.findings:  # heaviest first, so that the rules come in that order too
        by_rule.setdefault(finding.rule, []).append(finding)
    lines = []
    for rule, findings in by_rule.items():
        weights = _(",").join(
            f"{wording.severity(weight)} {count}" for weight, count in Counter(f.severity for f in findings).items()
        )
        lines.append(
            _("{title}:{count}({weights})").format(title=wording.title(rule), count=len(findings), weights=weights)
        )
        lines += [f"  [{f.severity_text}] {f.reason} {' '.join(f.remedies_text)}" for f in findings[:EXAMPLES]]
        if len(findings) > EXAMPLES:
            lines.append(_("  ……另有 {count} 个").format(count=len(findings) - EXAMPLES))
    if any(len(findings) > EXAMPLES for findings in by_rule.values()):
        lines.append(_("共 {count} 个问题;用 --out 或 --json 取得全部。").format(count=len(result.findings)))
    return lines


_DATASETS = {
    "areas": lambda: _("辖区"),
    "grids": lambda: _("网格"),
    "buildings": lambda: _("楼栋"),
    "incidents": lambda: _("事件"),
    "excluded": lambda: _("允许空白"),
}
