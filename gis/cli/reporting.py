"""Verbs ``report …``: indicators of a period, frozen reports made, listed, shown, taken along and verified."""

from __future__ import annotations

import json as codec
from dataclasses import asdict
from datetime import date
from datetime import datetime
from datetime import timedelta
from pathlib import Path  # noqa: TC003  typer reads the annotation
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any

import typer

from gis.casework.forms import OFFICE
from gis.casework.reporting import excel
from gis.casework.reporting import figures
from gis.casework.reporting import frozen
from gis.casework.reporting import indicators
from gis.casework.reporting import labels
from gis.casework.reporting import paper
from gis.casework.reporting import word
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.office import Json
from gis.cli.office import PairWrong
from gis.cli.office import day
from gis.cli.office import target
from gis.coverage.report import OutputRefused
from gis.coverage.report import require_folder
from gis.db.connection import session
from gis.errors import BadInput
from gis.i18n import translate as _
from gis.vocabulary import IncidentKind  # noqa: TC001  typer reads the annotation

if TYPE_CHECKING:
    from gis.casework.reporting.frozen import Made
    from gis.casework.reporting.frozen import Report

app = typer.Typer(no_args_is_help=True, help=_("报表:指标、排查周表、隐患台账、月报表;定稿、差异、核验。"))

Since = Annotated[str | None, typer.Option(help=_("第一天,年-月-日。"))]
Until = Annotated[str | None, typer.Option(help=_("最后一天,年-月-日。"))]
Area = Annotated[str | None, typer.Option(help=_("只统计这个辖区(编码)及其下级;不写则全部。"))]
Remark = Annotated[str, typer.Option(help=_("备注;已定稿的写进差异说明。"))]
Number = Annotated[int, typer.Argument(help=_("报表编号,见 report list。"))]
ENDINGS = (".docx", ".xlsx")


class EndingUnknown(BadInput):
    """Reports are written as Word or Excel."""

    template = "不能把报表写成 {path} 这种格式。"
    cure = "请把文件名的后缀改为 .docx 或 .xlsx。"


@app.command("indicators")
def show_indicators(
    since: Since = None,
    until: Until = None,
    rule: Annotated[str, typer.Option(help=_("统计口径:reported 按上报日期、due 按到期日期。"))] = indicators.REPORTED,
    by: Annotated[str, typer.Option(help=_("分组:kind、category、area、unit;不写则合计。"))] = "",
    area: Area = None,
    kind: Annotated[list[IncidentKind] | None, typer.Option(help=_("只统计这些类别(可重复)。"))] = None,
    json: Json = None,
) -> None:
    """列出一段时间的指标:分子、分母、比率、等次、算法、版本;不写日期则为最近 30 天。."""
    if by not in figures.GROUPS or rule not in indicators.RULES:
        raise PairWrong(text=by if by not in figures.GROUPS else rule)
    ensure_database()
    last = day(until) or _today()
    first = day(since) or last - timedelta(days=29)
    kinds = None if kind is None else [one.value for one in kind]
    with session(whoever()) as conn:
        found = figures.groups(conn, first, last, rule=rule, by=by, area=area, kinds=kinds)
    if json is not None:
        whole = {
            "since": first.isoformat(), "until": last.isoformat(), "rule": rule, "by": by,
            "formulas": {
                one.key: {"name": one.name, "formula": one.formula, "version": one.version, "source": one.source}
                for one in indicators.catalogue()
            },
            "groups": [
                {"key": group.key, "name": group.name, "figures": {f.indicator.key: _figure(f) for f in group.figures}}
                for group in found
            ],
        }  # fmt: skip
        with target(json) as out:
            codec.dump(whole, out, ensure_ascii=False)
            out.write("\n")
        return
    print(_("{since} 至 {until},{rule}").format(since=first, until=last, rule=labels.rule(rule)))
    for group in found:
        if by:
            print(f"— {group.name or group.key or '–'}")
        for one in group.figures:
            over = "" if one.denominator is None else f"{one.numerator} / {one.denominator}"
            rate = "–" if one.shown is None else one.shown if one.denominator is None else f"{one.shown} %"
            told = [one.indicator.name, rate, over, one.grade or "", one.indicator.formula, labels.rule(one.rule)]
            print("\t".join(told))


@app.command()
def weekly(
    since: Since = None,
    area: Area = None,
    until: Until = None,
    organiser: Annotated[str, typer.Option(help=_("组织者。"))] = "",
    participant: Annotated[list[str] | None, typer.Option(help=_("参加人员,写作 角色:姓名,可重复。"))] = None,
    places: Annotated[str, typer.Option(help=_("排查地点。"))] = "",
    problems: Annotated[str, typer.Option(help=_("存在问题。"))] = "",
    measures: Annotated[str, typer.Option(help=_("整改措施。"))] = "",
    signature: Annotated[str, typer.Option(help=_("填报人。"))] = "",
    zero: Annotated[bool, typer.Option("--zero", help=_("零报告:排查没有发现纠纷。"))] = False,
    remark: Remark = "",
) -> None:
    """定稿一周的《矛盾纠纷排查工作情况记录表》;已定稿的只写差异说明。不写日期则为上周。."""
    first = day(since) or _today() - timedelta(days=_today().weekday() + 7)
    entered = frozen.Entered(
        organiser=organiser, participants="\n".join(participant or ()), places=places, problems=problems,
        measures=measures, signature=signature, remark=remark, zero=zero,
    )  # fmt: skip
    _make(frozen.WEEKLY, first, day(until) or first + timedelta(days=6), area, entered)


@app.command()
def hazards(since: Since = None, until: Until = None, area: Area = None, remark: Remark = "") -> None:
    """定稿一段时间的隐患台账;已定稿的只写差异说明。不写日期则为上个月。."""
    first, last = _month(None)
    first, last = day(since) or first, day(until) or last
    _make(frozen.HAZARDS, first, last, area, frozen.Entered(remark=remark))


@app.command()
def monthly(
    month: Annotated[str | None, typer.Option(help=_("哪个月,年-月;不写则为上个月。"))] = None,
    area: Area = None,
    remark: Remark = "",
) -> None:
    """定稿一个月的矛盾纠纷月报表(19 类、规模、社区)和指标;已定稿的只写差异说明。."""
    first, last = _month(month)
    _make(frozen.MONTHLY, first, last, area, frozen.Entered(remark=remark))


@app.command("list")
def listing(
    kind: Annotated[str | None, typer.Option(help=_("只看这种:weekly、hazards、monthly。"))] = None, json: Json = None
) -> None:
    """列出定稿的报表,最近的在前。."""
    if kind is not None and kind not in frozen.MAKERS:
        raise PairWrong(text=kind)
    ensure_database()
    with session(whoever()) as conn:
        found = frozen.listing(conn, kind)
    if json is not None:
        with target(json) as out:
            codec.dump([_plain(asdict(one)) for one in found], out, ensure_ascii=False)
            out.write("\n")
        return
    for one in found:
        notes = _("{count} 份差异说明").format(count=one.notes) if one.notes else ""
        place = one.area_name or _("全部范围")
        told = [
            str(one.id),
            labels.kind(one.kind),
            place,
            f"{one.since} – {one.until}",
            one.sha256[:12],
            one.who,
            notes,
        ]
        print("\t".join(told).rstrip())


@app.command()
def show(
    number: Number,
    out: Annotated[Path | None, typer.Option(help=_("写成 .docx 或 .xlsx 文件。"))] = None,
    json: Json = None,
) -> None:
    """显示一份定稿的报表和它的差异说明,或写成 Word、Excel。."""
    if out is not None and out.suffix.lower() not in ENDINGS:
        raise EndingUnknown(path=out)
    ensure_database()
    with session(whoever()) as conn:
        found = frozen.get(conn, number)
        if out is not None:
            _write(found, out)
            frozen.record(conn, found, out.suffix.lower()[1:])
    if json is not None:
        with target(json) as file:
            codec.dump(_plain(asdict(found)), file, ensure_ascii=False)
            file.write("\n")
        return
    if out is not None:
        print(_("已写入 {path}。").format(path=out))
        return
    printed = paper.paper(found)
    print("\n".join([printed.title, *printed.head, *("\t".join(fact) for fact in printed.facts)]))
    for table in printed.tables:
        print("\n".join([f"— {table.title}", "\t".join(table.heads), *("\t".join(row) for row in table.rows)]))
    print("\n".join([*printed.notes, printed.footer]))


@app.command()
def verify(number: Annotated[int | None, typer.Argument(help=_("报表编号;不写则核验全部。"))] = None) -> None:
    """核验报表:内容与哈希值一致、与审计链里的一致;有不一致的以状态 1 退出。."""
    ensure_database()
    with session(whoever()) as conn:
        numbers = [one.id for one in frozen.listing(conn, limit=1_000_000)] if number is None else [number]
        verdicts = {one: frozen.verify(conn, one) for one in numbers}
    wrong = {one: verdict for one, verdict in verdicts.items() if not verdict.holds or verdict.audited is not True}
    for one, verdict in wrong.items():
        told = _("内容与哈希值不一致:{broken}").format(broken="、".join(verdict.broken)) if verdict.broken else ""
        if verdict.audited is not True:
            told = f"{told} " + _("审计链里没有同样的哈希值")
        print(f"{one}\t{told.strip()}")
    print(_("核验 {count} 份,{wrong} 份不一致。").format(count=len(verdicts), wrong=len(wrong)))
    if wrong:
        raise typer.Exit(1)


def _make(kind: str, since: date, until: date, area: str | None, entered: frozen.Entered) -> None:
    ensure_database()
    _tell(frozen.make(whoever(), kind, since, until, area, entered))


def _tell(made: Made) -> None:
    if made.new:
        print(_("已定稿,编号 {number},SHA-256 {hash}。").format(number=made.report.id, hash=made.report.sha256))
        return
    if made.note is None:
        text = _("编号 {number} 早已定稿,记录没有新的变化,没有写入。")
        print(text.format(number=made.report.id))
        return
    text = _("编号 {number} 早已定稿,没有改动;写下差异说明第 {seq} 号,{count} 处不同。")
    print(text.format(number=made.report.id, seq=made.note.seq, count=len(made.note.differences)))
    for one in made.note.differences:
        print("\t".join(paper.told(one)))


def _write(report: Report, path: Path) -> None:
    require_folder(path)
    printed = paper.paper(report)
    body = word.document(printed) if path.suffix.lower() == ".docx" else excel.workbook(printed)
    try:
        path.write_bytes(body)
    except OSError as error:
        raise OutputRefused(path=path, detail=error.strerror or error) from error


def _today() -> date:
    return datetime.now(OFFICE).date()


def _month(text: str | None) -> tuple[date, date]:
    first = day(f"{text}-01") if text else None
    first = first or (_today().replace(day=1) - timedelta(days=1)).replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _figure(one: figures.Figure) -> dict[str, Any]:
    share = None if one.denominator is None else one.shown
    return {
        "numerator": one.numerator, "denominator": one.denominator, "share": share, "grade": one.grade, "rule": one.rule
    }  # fmt: skip


def _plain(given: Any) -> Any:  # noqa: ANN401  what JSON has no word for becomes text
    if isinstance(given, dict):
        return {key: _plain(value) for key, value in given.items()}
    if isinstance(given, list | tuple):
        return [_plain(value) for value in given]
    return given.isoformat() if isinstance(given, date) else given
