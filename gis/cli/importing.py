"""Verb ``import``: a file into the records, after saying what was found in it.

Says which text encoding, which datum and why, which column fills which field, and what
became of the rows; the work itself is done by :mod:`gis.intake`.
"""

from __future__ import annotations

import json as jsonlib
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any

import typer

from gis.casework import arrivals
from gis.cli.checking import ensure_database
from gis.datasets import FIELDS
from gis.datasets import NETWORKED
from gis.datasets import STAFFED
from gis.datasets import Dataset
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import RightMissing
from gis.i18n import joined
from gis.i18n import translate as _
from gis.intake import load as loading
from gis.intake import stored
from gis.intake.errors import WordUnknown
from gis.intake.fields import PLACES
from gis.intake.prepare import prepare
from gis.vocabulary import Actor
from gis.vocabulary import AreaLevel

if TYPE_CHECKING:
    from gis.intake.parts import Control
    from gis.intake.parts import Prepared

SHOWN = 5
LISTED = 100
WIDTH = 30
SHARE_PREPARED = 0.5


class Bar:
    """A progress bar on stderr, only where a person watches."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._drawn = False

    def __call__(self, stage: str, share: float) -> None:
        """Draw how far it is."""
        if self._on:
            full = int(WIDTH * min(max(share, 0.0), 1.0))
            print(
                f"\r\033[K[{'#' * full}{'.' * (WIDTH - full)}] {share:4.0%} {stage}",
                end="",
                file=sys.stderr,
                flush=True,
            )
            self._drawn = True

    def done(self) -> None:
        """Take the bar away."""
        if self._drawn:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def import_file(
    dataset: Annotated[
        str,
        typer.Argument(
            help=_(
                "数据类型:areas、grids、buildings、incidents、people、leaves、organisations、visits、tracks、duties、"
                "roads、water、green 或 excluded。"
            )
        ),
    ],
    file: Annotated[str, typer.Argument(help=_("文件路径;多图层的文件写作 路径:图层。"))],
    columns: Annotated[
        list[str] | None, typer.Option("--map", help=_("指定字段对应的列:字段=列名,可多次使用。"))
    ] = None,
    datum: Annotated[str | None, typer.Option(help=_("坐标系:cgcs2000、wgs84、gcj02、bd09 或 EPSG:n。"))] = None,
    encoding: Annotated[str | None, typer.Option(help=_("文字编码,例如 utf-8、gb18030、big5。"))] = None,
    network: Annotated[
        str, typer.Option(help=_("网格所属网络的代码;人员、组织和走访里的网格编码也按它认。"))
    ] = "comprehensive",
    level: Annotated[str | None, typer.Option(help=_("辖区层级:district、street 或 community。"))] = None,
    person: Annotated[str | None, typer.Option(help=_("走访或轨迹文件是谁的(工号),用于没有写明是谁的行。"))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("只检查,不写入。"))] = False,
    strict: Annotated[bool, typer.Option("--strict", help=_("剔除编码不符合规则的网格。"))] = False,
    rejects: Annotated[Path | None, typer.Option(help=_("剔除行清单写到哪个文件(CSV)。"))] = None,
    json: Annotated[str | None, typer.Option(help=_("写出 JSON;- 表示标准输出。"))] = None,
) -> None:
    """导入一个文件:识别编码、坐标系和字段,检查每一行,一次写入。."""
    what = _dataset(dataset)
    mapping = pairs(columns)
    if level is not None and level not in set(AreaLevel):
        raise WordUnknown(what=_("层级"), word=level, words=joined(AreaLevel))
    ensure_database()
    bar = Bar()
    actor = Actor.job("import")
    arrived = None
    try:
        prepared = prepare(
            file,
            what,
            mapping=mapping,
            datum=datum,
            encoding=encoding,
            control=_control(actor, what, datum),
            network=network if what in NETWORKED else None,
            level=level,
            person=person if what in STAFFED else None,
            strict=strict,
            progress=lambda stage, share: bar(stage, share * SHARE_PREPARED),
        )
        report = loading.load(
            actor,
            prepared,
            network=network,
            rejects_path=rejects,
            dry_run=dry_run,
            progress=lambda share: bar(_("写入"), SHARE_PREPARED + share * (1 - SHARE_PREPARED)),
        )
        if report.import_id and what is Dataset.INCIDENTS:
            arrived = arrivals.settle(actor, report.import_id)
    finally:
        bar.done()
    if json != "-":
        _print(prepared, report, arrived)
    if json is not None:
        _write_json(json, describe(prepared, report, arrived))


def _dataset(word: str) -> Dataset:
    with suppress(ValueError):
        return Dataset(word.strip().lower())
    raise WordUnknown(what=_("数据类型"), word=word, words=joined(Dataset))


def pairs(columns: list[str] | None) -> dict[str, str]:
    """Read what ``--map`` says."""
    return dict(_pair(text) for text in columns or [])


def _pair(text: str) -> tuple[str, str]:
    field, sign, column = text.partition("=")
    if not sign or not field.strip():
        raise BadInput(detail=_("--map 要写成 字段=列名,而不是 {text}").format(text=text))
    return field.strip(), column.strip()


def _control(actor: Actor, dataset: Dataset, datum: str | None) -> Control | None:
    """Read stored buildings where they can settle the datum of points."""
    if datum is not None or dataset not in {Dataset.BUILDINGS, Dataset.INCIDENTS}:
        return None
    with session(actor) as conn:
        return stored.control(conn)


# words ------------------------------------------------------------------------------------------


def _print(prepared: Prepared, report: loading.LoadReport, arrived: arrivals.Arrived | None) -> None:
    source = prepared.source
    layer = _("(图层 {layer})").format(layer=source.layer) if source.layer else ""
    print(_("文件:{name}{layer}").format(name=source.filename, layer=layer))
    if source.encoding:
        print(_("编码:{encoding}").format(encoding=source.encoding))
    print(_("坐标系:{datum}。{why}").format(datum=source.datum[:60], why=explain_datum(source.datum_evidence)))
    print(_("字段对应:"))
    labels = {f.name: _(f.label) for f in FIELDS[prepared.dataset]} | {k: _(v) for k, v in PLACES.items()}
    for field, column in source.mapping.items():
        print(f"  {labels.get(field, field)} ({field.lstrip('@')}) ← {column}")
    if not source.mapping:
        print("  " + _("没有认出任何字段,只取几何。"))
    for sentence in report.warnings:
        print(_("注意:{sentence}").format(sentence=sentence))
    counts = _("读取 {read} 行:新增 {inserted},更新 {updated},未变 {unchanged},修复 {repaired},剔除 {rejected}。")
    print(
        counts.format(
            read=source.rows_read,
            inserted=report.counts.inserted,
            updated=report.counts.updated,
            unchanged=report.counts.unchanged,
            repaired=_repaired_rows(prepared),
            rejected=report.rejected,
        )
    )
    for row, words in zip(prepared.repairs["row"][:SHOWN], prepared.repairs["repair"][:SHOWN], strict=True):
        print("  " + _("第 {row} 行修复:{words}").format(row=row, words=words))
    for row, words in zip(report.rejects["row"][:SHOWN], report.rejects["reason"][:SHOWN], strict=True):
        print("  " + _("第 {row} 行剔除:{words}").format(row=row, words=words))
    if report.rejects_path:
        print(_("剔除的行及原因见 {path}。").format(path=report.rejects_path))
    _print_twins(report, arrived)
    _print_end(report)


def _print_twins(report: loading.LoadReport, arrived: arrivals.Arrived | None) -> None:
    """List the first rows that may be cases there are already."""
    if arrived is None or not arrived.rows:
        return
    print(_("有 {rows} 行可能与已有的或同一文件里的案件重复;都已收下,请核对后并案:").format(rows=arrived.rows))
    first = arrived.twins.head(SHOWN)
    for row, code, other, why in zip(first["row"], first["code"], first["other"], first["why"], strict=True):
        print("  " + _("第 {row} 行 {code} 与 {other}:{why}").format(row=row, code=code, other=other, why=why))
    if len(arrived.twins) > SHOWN:
        print("  " + _("全部见 script/gis case twins {number}。").format(number=report.import_id))


def _print_end(report: loading.LoadReport) -> None:
    if report.dry_run:
        print(_("这是试运行,没有写入任何数据。"))
    elif report.already is not None:
        print(_("同一文件已在第 {number} 次导入中写入,这次没有改变任何数据。").format(number=report.already))
    elif not report.changed:
        print(_("所有记录都已存在且相同,没有改变任何数据。"))
    else:
        print(_("已写入,导入编号 {number}。").format(number=report.import_id))
    if report.refresh_due:
        print(
            _("覆盖结果会自动更新;没有运行 script/server 或 script/gis worker 时,请运行 script/gis coverage refresh。")
        )


def explain_datum(evidence: dict[str, Any]) -> str:
    """Say in words why a datum was taken.

    Parameters
    ----------
    evidence : dict
        ``datum_evidence`` of a :class:`gis.intake.parts.Source`.
    """
    how = evidence.get("how")
    words = {
        "given": _("由用户指定。"),
        "declared": _("由文件声明。") if evidence.get("by") == "file" else _("由文件格式规定(WGS84)。"),
        "prefix": _("由坐标值的带号认出。"),
        "outside_china": _("点位在中国大陆以外,不存在偏移坐标,按 WGS84 读取。"),
        "absent": _("没有可用的坐标。"),
        "control": _("与已有楼栋比对得出。"),
    }
    text = words.get(str(how), "")
    figures = evidence.get("median_m") or (evidence.get("control") or {}).get("median_m")
    if figures:
        text += _("与已有楼栋的中位距离:{figures}。").format(figures=joined(f"{d} {m} m" for d, m in figures.items()))
    return text


def _repaired_rows(prepared: Prepared) -> int:
    return int(prepared.repairs["row"].nunique())


def describe(prepared: Prepared, report: loading.LoadReport, arrived: arrivals.Arrived | None = None) -> dict[str, Any]:
    """Give the account of an import as the object of ``--json``."""
    source = prepared.source
    return {
        "dataset": prepared.dataset.value,
        "network": report.network,
        "file": source.filename,
        "layer": source.layer,
        "sha256": source.sha256,
        "encoding": source.encoding,
        "datum": source.datum,
        "datum_evidence": source.datum_evidence,
        "mapping": source.mapping,
        "rows": {
            "read": source.rows_read,
            "inserted": report.counts.inserted,
            "updated": report.counts.updated,
            "unchanged": report.counts.unchanged,
            "repaired": _repaired_rows(prepared),
            "rejected": report.rejected,
        },
        "rejects": report.rejects[["row", "code", "reason"]].head(LISTED).to_dict("records"),
        "repairs": prepared.repairs[["row", "code", "repair"]].head(LISTED).to_dict("records"),
        "warnings": list(report.warnings),
        "rejects_file": str(report.rejects_path) if report.rejects_path else None,
        "import_id": report.import_id,
        "already": report.already,
        "dry_run": report.dry_run,
        "refresh_due": report.refresh_due,
        "duplicates": None
        if arrived is None
        else {"rows": arrived.rows, "pairs": arrived.twins.head(LISTED).to_dict("records")},
    }


def _write_json(target: str, account: dict[str, Any]) -> None:
    text = jsonlib.dumps(account, ensure_ascii=False, indent=2)
    if target == "-":
        print(text)
        return
    try:
        Path(target).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise RightMissing(
            detail=_("不能写 {path}({why})").format(path=target, why=error.strerror),
            remedy=_("请换一个可写的位置。"),
        ) from error
