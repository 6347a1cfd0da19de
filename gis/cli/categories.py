"""Verbs ``categories search|list|import|across|match``: small classes by words, by code, and across standards."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gis.casework import categories
from gis.casework.categories import taking
from gis.cli import sheets
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.office import Json
from gis.cli.office import day
from gis.db.connection import session
from gis.i18n import translate as _

app = typer.Typer(no_args_is_help=True, help=_("类别:搜索、列出、导入、对照。"))

Kind = Annotated[str | None, typer.Option(help=_("matter、part(部件)、hazard、dispute 或 enforcement。"))]
Day = Annotated[str | None, typer.Option(help=_("只看这一天有效的,年-月-日。"))]


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help=_("名称、俗称、拼音、首字母、代码,或一句话。"))],
    kind: Kind = None,
    at: Day = None,
    limit: Annotated[int, typer.Option(min=1, help=_("最多几条。"))] = 12,
    json: Json = None,
) -> None:
    """按文字、同义词、拼音或首字母找小类;同一小类在各标准中的代码并列。."""
    ensure_database()
    with session(whoever()) as conn:
        found = categories.search(conn, " ".join(words), kind, day(at), limit)
    if sheets.told(json, {"categories": [asdict(one) for one in found]}):
        return
    for one in found:
        codes = "、".join(f"{standard} {code}" for standard, _version, code in one.codes)
        print("\t".join([one.name, one.kind, codes, one.word, _("示例代码") if one.example else ""]).rstrip())
    print(_("共 {count} 个小类。").format(count=len(found)))


@app.command("list")
def listing(
    kind: Kind = None,
    standard: Annotated[str | None, typer.Option(help=_("只看这个标准。"))] = None,
    at: Day = None,
    json: Json = None,
) -> None:
    """列出类别。."""
    ensure_database()
    with session(whoever()) as conn:
        found = categories.listing(conn, kind, standard, day(at))
    rows = [
        {**asdict(one), "valid_from": one.valid_from.isoformat(), "valid_to": one.valid_to and one.valid_to.isoformat()}
        for one in found
    ]
    if sheets.told(json, {"categories": rows}):
        return
    for one in found:
        until = one.valid_to.isoformat() if one.valid_to else _("至今")
        marks = _("示例") if one.example else ""
        print(
            "\t".join(
                [one.kind, one.standard, one.version, one.code, one.name, f"{one.valid_from} – {until}", marks]
            ).rstrip()
        )
    print(_("共 {count} 条。").format(count=len(found)))


@app.command("import")
def take(
    file: Annotated[str, typer.Argument(help=_("文件路径;多张表的文件写作 路径:表名。"))],
    standard: Annotated[str, typer.Option(help=_("代码所属的标准,例如 GB/T 47678.5。"))],
    version: Annotated[str, typer.Option(help=_("版本。"))],
    begins: Annotated[str, typer.Option("--from", help=_("从哪一天起生效,年-月-日;此前的版本到前一天为止。"))],
    kind: Annotated[str, typer.Option(help=_("没有“类型”列时属于哪一类。"))] = "matter",
    source: Annotated[str, typer.Option(help=_("依据;不写则为文件名。"))] = "",
    encoding: Annotated[str | None, typer.Option(help=_("文字编码,例如 utf-8、gb18030、big5。"))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("只检查,不写入。"))] = False,
    json: Json = None,
) -> None:
    """导入一个标准的整版类别表;本单位的表代替随附的示例。."""
    headers, body = sheets.read(file, encoding)
    ensure_database()
    found = categories.take(
        whoever(), headers, body, standard=standard, version=version, begins=sheets.first_day(begins),
        source=source or Path(file).name, kind=kind, dry_run=dry_run,
    )  # fmt: skip
    if sheets.told(json, {**asdict(found), "dry_run": dry_run}):
        return
    words = _("可以写入") if dry_run else _("已写入")
    print(_("{words}:新增 {new} 条,更新 {changed} 条,结束 {ended} 条。").format(words=words, **asdict(found)))


@app.command()
def across(
    code: Annotated[str, typer.Argument(help=_("代码。"))],
    standard: Annotated[str, typer.Option(help=_("代码所属的标准。"))],
    kind: Annotated[str, typer.Option(help=_("matter、part、hazard、dispute 或 enforcement。"))] = "matter",
    json: Json = None,
) -> None:
    """查一个代码在其他标准中是什么。."""
    ensure_database()
    with session(whoever()) as conn:
        found = categories.across(conn, standard, code, kind)
    if sheets.told(json, {"matches": [asdict(one) for one in found]}):
        return
    for one in found:
        print(f"{one.standard}\t{one.code}\t{one.name}\t{one.relation_text}\t{one.source}")
    print(_("共 {count} 条。").format(count=len(found)))


@app.command()
def match(
    file: Annotated[str, typer.Argument(help=_("对照表:标准、代码、对应标准、对应代码、关系。"))],
    source: Annotated[str, typer.Option(help=_("依据;不写则为文件名。"))] = "",
) -> None:
    """导入两个标准之间的代码对照表。."""
    headers, body = sheets.read(file)
    ensure_database()
    count = taking.take_matches(whoever(), headers, body, source=source or Path(file).name)
    print(_("已写入 {count} 行。").format(count=count))
