"""Verbs ``audit verify|list|export``: the record of who did what."""

from __future__ import annotations

import json as codec
import sys
from dataclasses import asdict
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gis.access import audit
from gis.access import extract
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.db.connection import session
from gis.errors import BadInput
from gis.i18n import translate as _

app = typer.Typer(no_args_is_help=True, help=_("审计:核对哈希链、列出、导出。"))

Who = Annotated[str | None, typer.Option(help=_("只看这个账号。"))]
Action = Annotated[str | None, typer.Option(help=_("只看这种动作,例如 import、sign_in、export。"))]
Relation = Annotated[str | None, typer.Option(help=_("只看这张表。"))]
Subject = Annotated[str | None, typer.Option(help=_("名称里含有这些字。"))]
Since = Annotated[str | None, typer.Option(help=_("从这一刻起,例如 2026-11-23 或 2026-11-23T09:41。"))]
Until = Annotated[str | None, typer.Option(help=_("到这一刻为止(不含)。"))]


class TimeWrong(BadInput):
    """A time that is none."""

    template = "时间 {text} 无效。"
    cure = "请写成 2026-11-23 或 2026-11-23T09:41。"


@app.command()
def verify(
    expect: Annotated[str | None, typer.Option(metavar="HASH", help=_("以前抄下的哈希值;链里必须还有它。"))] = None,
    json: Annotated[str | None, typer.Option(metavar="FILE|-", help=_("写出 JSON;- 表示标准输出。"))] = None,
) -> None:
    """从头核对审计的哈希链:改动、删除、调换、截尾都会被发现;有问题时退出状态为 1。

    请定期把显示的哈希值抄到别处(纸上、别的机器);用 --expect 带上它,连整条链被重写也能发现。.
    """
    ensure_database()
    with session(whoever()) as conn:
        verdict = audit.verify(conn, expect=expect)
    if json is not None:
        text = codec.dumps({**asdict(verdict), "holds": verdict.holds}, ensure_ascii=False)
        if json == "-":
            print(text)
        else:
            Path(json).write_text(text + "\n", encoding="utf-8")
    else:
        for seq, fault in verdict.faults:
            print(_("第 {seq} 行:{fault}").format(seq=seq, fault=_fault(fault)))
        if verdict.holds:
            print(_("审计链完好:共 {rows} 行,最新第 {seq} 行。").format(rows=verdict.rows, seq=verdict.seq))
        if verdict.found is not None:
            print(_("抄下的哈希值在第 {seq} 行。").format(seq=verdict.found))
        print(_("最新哈希值(请抄到别处):{hash}").format(hash=verdict.hash or "-"))
    if not verdict.holds:
        print(_("审计记录被动过,请保留现场并通知审计员。"), file=sys.stderr)
        raise typer.Exit(1)


@app.command("list")
def listing(
    actor: Who = None,
    action: Action = None,
    relation: Relation = None,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=_("最多几行。"))] = 50,
    json: Annotated[bool, typer.Option("--json", help=_("以 JSON 输出到标准输出。"))] = False,
) -> None:
    """列出审计记录,最新的在前。."""
    ensure_database()
    with session(whoever()) as conn:
        rows = audit.listing(
            conn, actor=actor, action=action, relation=relation, subject=subject,
            since=_time(since), until=_time(until), most=limit,
        )  # fmt: skip
    if json:
        print(codec.dumps([{**asdict(row), "at": row.at.isoformat()} for row in rows], ensure_ascii=False))
        return
    for row in rows:
        parts = [row.seq, f"{row.at:%Y-%m-%d %H:%M:%S}Z", row.actor, row.action, row.relation, row.subject]
        print("\t".join(str(part) for part in [*parts, row.reason or ""]).rstrip())


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help=_("写到哪个文件:.csv 或 .xlsx。"))],
    reason: Annotated[str, typer.Option(help=_("事由;写进文件,也进审计。"))],
    actor: Who = None,
    action: Action = None,
    relation: Relation = None,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """导出审计记录;导出本身也留一行审计。."""
    kind = file.suffix.lower().removeprefix(".")
    if kind not in {"csv", "xlsx"}:
        raise BadInput(detail=_("文件名要以 .csv 或 .xlsx 结尾"))
    ensure_database()
    with session(whoever()) as conn:
        content = extract.export(
            conn, "csv" if kind == "csv" else "xlsx", reason, actor=actor, action=action, relation=relation,
            subject=subject, since=_time(since), until=_time(until),
        )  # fmt: skip
        file.write_bytes(content)
    print(_("已写出 {path}。").format(path=file))


def _fault(fault: str) -> str:
    return {
        "missing": _("它前面有行被删除"),
        "changed": _("内容被改动,或次序被调换"),
        "cut": _("链的末尾被截去或添加"),
        "rewritten": _("抄下的哈希值不在链里:链被重写过,或那一行已过保存期"),
    }[fault]


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise TimeWrong(text=text[:40]) from error
    return at.astimezone(UTC)
