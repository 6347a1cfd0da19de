"""Verbs ``duties meeting …``: the list meeting, from collecting the matters to its decisions."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads the annotation
from typing import Annotated

import typer

from gis.casework import meeting
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.office import DateWrong
from gis.cli.office import day
from gis.coverage.wording.statistics import kind as kind_name
from gis.db.connection import session
from gis.i18n import translate as _
from gis.vocabulary import IncidentKind
from gis.vocabulary import Listing

app = typer.Typer(no_args_is_help=True, help=_("清单会商:收集无人牵头的事项、开会、记录决定。"))

Entry = Annotated[int, typer.Argument(help=_("议题编号。"))]
Meeting = Annotated[int, typer.Argument(help=_("会商编号。"))]


@app.command()
def collect() -> None:
    """收集没有牵头单位、多头牵头或单位有异议的事项。."""
    ensure_database()
    done = meeting.collect(whoever())
    print(_("新增 {added} 条议题,更新 {renewed} 条,{settled} 条已由现行清单明确。").format(
        added=done.added, renewed=done.renewed, settled=done.settled
    ))  # fmt: skip


@app.command()
def agenda(
    every: Annotated[bool, typer.Option("--all", help=_("连同已办结的。"))] = False,
    of: Annotated[int | None, typer.Option("--meeting", help=_("只看这次会商的。"))] = None,
) -> None:
    """列出议题,涉及未办结事件多的在前。."""
    ensure_database()
    with session(whoever()) as conn:
        found = meeting.entries(conn, None if every or of else ("open",), meeting=of)
    for one in found:
        cases = _("{incidents} 件(未办结 {open} 件)").format(incidents=one.incidents, open=one.open)
        parts = [str(one.id), kind_name(one.kind), one.category, one.area or "–", one.problem_text, cases]
        print("\t".join([*parts, "、".join(one.units) or "–", meeting.state_name(one.state), one.decision or one.note]))
    print(_("共 {count} 条。").format(count=len(found)))


@app.command()
def put(
    category: Annotated[str, typer.Argument(help=_("小类。"))],
    note: Annotated[str, typer.Option(help=_("为什么要上会。"))],
    kind: Annotated[IncidentKind, typer.Option(help=_("类别。"))] = IncidentKind.MATTER,
    area: Annotated[str | None, typer.Option(help=_("辖区编码。"))] = None,
    case: Annotated[str | None, typer.Option(help=_("案件编号,作为例子。"))] = None,
) -> None:
    """人工提交一个议题。."""
    ensure_database()
    number = meeting.put(whoever(), kind, category, note, area=area, case=case)
    print(_("已提交为第 {number} 条议题。").format(number=number))


@app.command()
def plan(
    on: Annotated[str, typer.Argument(help=_("哪一天开,年-月-日。"))],
    chair: Annotated[str, typer.Option(help=_("主持人。"))] = "",
    place: Annotated[str, typer.Option(help=_("地点。"))] = "",
    attendees: Annotated[str, typer.Option(help=_("参加单位。"))] = "",
) -> None:
    """安排一次会商;尚未排上会的议题都列入议程。."""
    held_on = day(on)
    if held_on is None:
        raise DateWrong(text=on)
    ensure_database()
    made = meeting.plan(whoever(), held_on, place=place, chair=chair, attendees=attendees)
    print(_("已安排第 {number} 次会商({day}),议题 {entries} 条。").format(
        number=made.id, day=made.held_on, entries=made.entries
    ))  # fmt: skip


@app.command()
def decide(
    entry: Entry,
    lead: Annotated[str, typer.Argument(help=_("牵头单位。"))],
    decision: Annotated[str, typer.Option(help=_("决定内容。"))],
    begins: Annotated[str | None, typer.Option("--from", help=_("从哪一天起,年-月-日;不写则为今天。"))] = None,
    area: Annotated[str | None, typer.Option(help=_("只在这个辖区(编码)。"))] = None,
    which: Annotated[
        Listing, typer.Option("--list", help=_("哪张清单:street 基本履职、shared 配合履职、department 上级收回。"))
    ] = Listing.STREET,
    assists: Annotated[str, typer.Option(help=_("配合单位,用顿号分开。"))] = "",
    task: Annotated[str, typer.Option(help=_("配合单位具体做什么。"))] = "",
    basis: Annotated[str, typer.Option(help=_("依据。"))] = "",
) -> None:
    """记录一个议题的决定,写成清单事项。."""
    ensure_database()
    done = meeting.decide(
        whoever(), entry, lead, decision, begins=day(begins), area=area, which=which, assists=assists, task=task,
        basis=basis,
    )  # fmt: skip
    print(_("第 {entry} 条议题已明确:{kind}“{category}”由{lead}牵头。").format(
        entry=entry, kind=kind_name(done.kind), category=done.category, lead=done.lead
    ))  # fmt: skip


@app.command()
def drop(entry: Entry, reason: Annotated[str, typer.Option(help=_("理由。"))]) -> None:
    """把一个议题移出议程。."""
    ensure_database()
    meeting.drop(whoever(), entry, reason)
    print(_("第 {entry} 条议题已移出。").format(entry=entry))


@app.command()
def hold(
    number: Meeting,
    minutes: Annotated[str, typer.Option(help=_("纪要。"))],
    attendees: Annotated[str, typer.Option(help=_("实到单位。"))] = "",
) -> None:
    """记录一次会商已经开过;没有定下来的议题留给下一次。."""
    ensure_database()
    done = meeting.hold(whoever(), number, minutes, attendees=attendees)
    print(_("会商已记录:议题 {entries} 条,办结 {settled} 条。").format(entries=done.entries, settled=done.settled))


@app.command("list")
def listing() -> None:
    """列出历次会商。."""
    ensure_database()
    with session(whoever()) as conn:
        found = meeting.meetings(conn)
    for one in found:
        state = _("已开") if one.state == "held" else _("待开")
        count = _("议题 {entries} 条,办结 {settled} 条").format(entries=one.entries, settled=one.settled)
        print("\t".join([str(one.id), one.held_on.isoformat(), state, one.chair or "–", count]))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help=_("写到哪个文件(.xlsx)。"))],
    reason: Annotated[str, typer.Option(help=_("导出事由;写进文件,也进审计。"))],
    of: Annotated[int | None, typer.Option("--meeting", help=_("哪一次会商;不写则为全部待会商的议题。"))] = None,
) -> None:
    """把议题和决定导出为 Excel。."""
    ensure_database()
    with session(whoever()) as conn:
        count = meeting.export(conn, file, reason, of)
    print(_("已导出 {count} 条到 {file}。").format(count=count, file=file))
