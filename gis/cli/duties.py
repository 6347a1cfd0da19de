"""Verbs ``duties …``: the duty list and its versions, whose a matter is, and the list meeting."""

from __future__ import annotations

import json as codec
from dataclasses import asdict
from datetime import date
from pathlib import Path  # noqa: TC003  typer reads the annotation
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any

import typer

from gis.casework import duties as looking
from gis.casework import limits
from gis.casework import resolver
from gis.cli import council
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.importing import pairs
from gis.cli.office import DateWrong
from gis.cli.office import Json
from gis.cli.office import day
from gis.cli.office import point
from gis.cli.office import target
from gis.coverage.wording.statistics import kind as kind_name
from gis.datasets import Dataset
from gis.db.connection import session
from gis.i18n import translate as _
from gis.intake.load import load
from gis.intake.prepare import prepare
from gis.records import duties
from gis.records import lists
from gis.vocabulary import IncidentKind
from gis.vocabulary import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(no_args_is_help=True, help=_("权责清单:版本、导入、对比、谁来管、清单会商。"))
app.add_typer(council.app, name="meeting")

Kind = Annotated[IncidentKind, typer.Option(help=_("类别。"))]
Day = Annotated[str | None, typer.Option("--day", help=_("哪一天,年-月-日;不写则为今天。"))]
Area = Annotated[str | None, typer.Option(help=_("辖区编码。"))]
Which = Annotated[
    Listing, typer.Option("--list", help=_("哪张清单:street 基本履职、shared 配合履职、department 上级收回。"))
]
Assists = Annotated[str, typer.Option(help=_("配合单位,用顿号分开。"))]
Task = Annotated[str, typer.Option(help=_("配合单位具体做什么。"))]
Basis = Annotated[str, typer.Option(help=_("依据。"))]
SHOWN = 60
"""Changes that are printed at most; --json gives all."""


@app.command("list")
def listing(
    kind: Annotated[IncidentKind | None, typer.Option(help=_("只看这个类别。"))] = None,
    category: Annotated[str | None, typer.Option(help=_("只看这个小类。"))] = None,
    area: Area = None,
    text: Annotated[str, typer.Option(help=_("名称、领域、小类或单位里的文字。"))] = "",
    at: Day = None,
    limit: Annotated[int, typer.Option(min=1, help=_("最多几条。"))] = 500,
    json: Json = None,
) -> None:
    """列出某一天有效的权责清单事项。."""
    ensure_database()
    with session(whoever()) as conn:
        found = duties.listing(conn, kind=kind, category=category, area=area, words=text, day=day(at), limit=limit)
    if _told(json, {"items": [_object(item) for item in found]}):
        return
    for item in found:
        parts = [item.code, looking.listing_name(item.listing), item.name, item.category or "–", item.area or "–"]
        print("\t".join([*parts, item.lead or "–", item.assists or "–", item.version or "–"]))
    print(_("共 {count} 项。").format(count=len(found)))


@app.command("lists")
def versions(json: Json = None) -> None:
    """列出清单的各个版本。."""
    ensure_database()
    with session(whoever()) as conn:
        found = lists.versions(conn)
    if _told(json, {"versions": [_object(one) for one in found]}):
        return
    for one in found:
        until = _("从未生效") if one.void else one.valid_to.isoformat() if one.valid_to else _("至今")
        items = _("{count} 项").format(count=one.items)
        print("\t".join([one.version, one.name, f"{one.valid_from} – {until}", items, one.approved_by or "–"]))


@app.command("import")
def take(
    file: Annotated[str, typer.Argument(help=_("文件路径;多张表的文件写作 路径:表名。"))],
    name: Annotated[str, typer.Option(help=_("清单名称。"))],
    version: Annotated[str, typer.Option(help=_("版本号。"))],
    begins: Annotated[str, typer.Option("--from", help=_("从哪一天起生效,年-月-日;此前有效的事项到前一天为止。"))],
    approved_by: Annotated[str, typer.Option(help=_("批准单位。"))] = "",
    approved_on: Annotated[str | None, typer.Option(help=_("批准日期,年-月-日。"))] = None,
    document: Annotated[str, typer.Option(help=_("文号或文件名称。"))] = "",
    append: Annotated[bool, typer.Option("--append", help=_("向已有的这一版追加(例如另一张表)。"))] = False,
    which: Annotated[
        Listing | None, typer.Option("--list", help=_("文件没有“清单”列时,这些事项属于哪张清单。"))
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help=_("指定字段对应的列:字段=列名,可多次使用。"))
    ] = None,
    encoding: Annotated[str | None, typer.Option(help=_("文字编码,例如 utf-8、gb18030、big5。"))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("只检查并显示变化,不写入。"))] = False,
    json: Json = None,
) -> None:
    """导入一整版权责清单,并显示它与此前有效清单的差别。."""
    first = day(begins)
    if first is None:
        raise DateWrong(text=begins)
    wanted = lists.Version(name, version, first, approved_by, day(approved_on), document, append)
    ensure_database()
    prepared = prepare(file, Dataset.DUTIES, mapping=pairs(columns), encoding=encoding)
    if which is not None and "listing" not in prepared.frame:
        prepared.frame["listing"] = which.value
    report = load(whoever(), prepared, version=wanted, dry_run=dry_run)
    done = report.succession
    assert done is not None
    if _told(
        json,
        {
            "items": report.counts.inserted, "rejected": report.rejected, "ended": done.ended, "later": done.later,
            "dry_run": dry_run, "changes": [_change(one) for one in done.changes], "warnings": list(report.warnings),
        },
    ):  # fmt: skip
        return
    for row, words in zip(report.rejects["row"], report.rejects["reason"], strict=True):
        print(_("第 {row} 行剔除:{words}").format(row=row, words=words))
    for sentence in report.warnings:
        print(_("注意:{sentence}").format(sentence=sentence))
    _tell(done.changes)
    print(_("本版 {items} 项;此前有效的 {ended} 项到 {day} 前一天为止。").format(
        items=report.counts.inserted, ended=done.ended, day=first
    ))  # fmt: skip
    if done.later:
        print(_("另有 {count} 项会商决定在此之后才生效,不受影响。").format(count=done.later))
    if dry_run:
        print(_("这是试运行,没有写入任何数据。"))


@app.command()
def diff(
    older: Annotated[str, typer.Argument(help=_("旧版本号。"))],
    newer: Annotated[str, typer.Argument(help=_("新版本号。"))],
    json: Json = None,
) -> None:
    """逐项显示两个版本的差别。."""
    ensure_database()
    with session(whoever()) as conn:
        found = looking.compare(conn, older, newer)
    if not _told(json, {"changes": [_change(one) for one in found]}):
        _tell(found)


@app.command()
def who(
    category: Annotated[str, typer.Argument(help=_("小类。"))],
    kind: Kind = IncidentKind.MATTER,
    place: Annotated[str | None, typer.Option(help=_("位置:经度,纬度(CGCS2000)。"))] = None,
    area: Area = None,
    at: Day = None,
    json: Json = None,
) -> None:
    """谁来管:由位置、小类和日期给出网格、人员、社区、清单事项、牵头与配合单位、依据。."""
    ensure_database()
    with session(whoever()) as conn:
        found = resolver.resolve(conn, point(place), kind, category, day(at) or _today(conn), area)
    if _told(
        json,
        {
            **resolver.terms(found),
            "community": found.community.code if found.community else None,
            "people": [{"code": p.code, "name": p.name, "duty": p.duty, "on_leave": p.on_leave} for p in found.people],
        },
    ):
        return
    place_words = [_name(found.grid), _name(found.community), "、".join(dict.fromkeys(p.name for p in found.people))]
    print("\t".join(words or "–" for words in place_words))
    for item in found.items:
        task = _("(配合:{task})").format(task=item.task) if item.task else ""
        print(
            "\t".join([looking.listing_name(item.listing), item.name, item.lead or "–", (item.assists or "–") + task])
        )
    for stage, limit in found.limits.items():
        print(f"{limits.stage(stage)}\t{limits.amount(limit.clock, limit.amount)}")
    if found.problem == "several":
        print(_("清单写了不止一个牵头单位:{units}。将进入清单会商。").format(units="、".join(found.leads)))
    elif found.problem:
        print(_("清单没有牵头单位,将进入清单会商。"))
    else:
        print(_("牵头:{lead}。依据:{basis}").format(lead=found.lead, basis=found.basis or "–"))


@app.command()
def claim(
    category: Annotated[str, typer.Argument(help=_("小类。"))],
    lead: Annotated[str, typer.Argument(help=_("牵头单位。"))],
    begins: Annotated[str, typer.Option("--from", help=_("从哪一天起,年-月-日。"))],
    reason: Annotated[str, typer.Option(help=_("理由;会记入审计。"))],
    kind: Kind = IncidentKind.MATTER,
    area: Area = None,
    which: Which = Listing.STREET,
    assists: Assists = "",
    task: Task = "",
    basis: Basis = "",
) -> None:
    """不经会商,直接为一个小类指定牵头单位。."""
    first = day(begins)
    if first is None:
        raise DateWrong(text=begins)
    ensure_database()
    number = duties.claim(
        whoever(), category, lead, first, kind=kind, area=area, which=which, assists=assists, task=task, basis=basis,
        reason=reason,
    )  # fmt: skip
    print(_("已写入清单事项 {number}:{kind}“{category}”从 {day} 起由{lead}牵头。").format(
        number=number, kind=kind_name(kind), category=category, day=first, lead=lead
    ))  # fmt: skip


@app.command()
def disputes(item: Annotated[str, typer.Argument(help=_("事项的编号或数据库编号。"))], json: Json = None) -> None:
    """显示一个事项的争议记录:会商、被拒绝的吹哨、退回的案件。."""
    ensure_database()
    with session(whoever()) as conn:
        found = looking.of_item(conn, item)
    if _told(json, {"disputes": [_object(one) for one in found]}):
        return
    for one in found:
        units = "、".join(one.units) or "–"
        parts = [one.at.date().isoformat(), looking.source_name(one.source), one.code, units, one.said]
        print("\t".join([*parts, one.outcome_text or _("未决定")]))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help=_("写到哪个文件(.xlsx)。"))],
    reason: Annotated[str, typer.Option(help=_("导出事由;写进文件,也进审计。"))],
    at: Day = None,
) -> None:
    """把某一天有效的清单导出为 Excel,三张清单各一张表。."""
    ensure_database()
    with session(whoever()) as conn:
        count = looking.export(conn, file, reason, day(at))
    print(_("已导出 {count} 条到 {file}。").format(count=count, file=file))


def _tell(changes: Iterable[lists.Change]) -> None:
    changes = list(changes)
    for one in changes[:SHOWN]:
        print(looking.told(one))
    if len(changes) > SHOWN:
        print(_("……还有 {count} 处变化,--json 可列出全部。").format(count=len(changes) - SHOWN))
    counts = {what: sum(one.what == what for one in changes) for what in ("added", "changed", "dropped")}
    print(_("新增 {added} 项,变化 {changed} 项,取消 {dropped} 项。").format(**counts))


def _change(one: lists.Change) -> dict[str, Any]:
    before, after = (None if item is None else _object(item) for item in (one.before, one.after))
    return {"what": one.what, "fields": list(one.fields), "before": before, "after": after}


def _name(place: resolver.Grid | resolver.Area | None) -> str:
    return "" if place is None else f"{place.code} {place.name}".strip()


def _today(conn: Any) -> date:  # noqa: ANN401  a connection of psycopg
    found: date = conn.execute("SELECT atlas.today()").fetchone()[0]
    return found


def _object(one: Any) -> dict[str, Any]:  # noqa: ANN401  any of the frozen dataclasses
    return {
        key: value.isoformat() if isinstance(value, date) else value for key, value in asdict(one).items()
    }  # fmt: skip


def _told(json: str | None, given: dict[str, Any]) -> bool:
    if json is None:
        return False
    with target(json) as out:
        codec.dump(given, out, ensure_ascii=False, default=str)
        out.write("\n")
    return True
