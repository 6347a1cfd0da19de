"""Verbs ``case list|twins|show|report|act|photo|reveal``: the casework from the machine itself.

Deeds are audited as ``job:cli:<user>``; such a job has every role, but of two persons who
answer and check it is only one.
"""

from __future__ import annotations

import json as codec
from dataclasses import asdict
from datetime import date
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any

import typer

from gis.casework import acts
from gis.casework import arrivals
from gis.casework import files
from gis.casework import kinds
from gis.casework import listing as lists
from gis.casework import words
from gis.casework.forms import OFFICE
from gis.casework.photos import Picture
from gis.cli import sides
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.office import Json
from gis.cli.office import PairWrong
from gis.cli.office import day
from gis.cli.office import moment
from gis.cli.office import point
from gis.cli.office import target
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import FileMissing
from gis.i18n import translate as _
from gis.vocabulary import Act
from gis.vocabulary import CaseState
from gis.vocabulary import Channel
from gis.vocabulary import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(no_args_is_help=True, help=_("案件:列出、查看、上报、办理、照片、查看全文。"))
app.add_typer(sides.party, name="party")
app.add_typer(sides.officer, name="officer")

Code = Annotated[str, typer.Argument(help=_("案件编号。"))]
Note = Annotated[str, typer.Option(help=_("情况或理由。"))]
Data = Annotated[
    list[str] | None, typer.Option("--data", help=_("这一步要填的内容,写作 名称=值,可重复;见 case show。"))
]
Photos = Annotated[
    list[str] | None,
    typer.Option(
        "--photo", help=_("照片或文书,可重复;写作 用途:文件,用途为 scene、near、far、before、after、document。")
    ),
]
Place = Annotated[str | None, typer.Option(help=_("位置:经度,纬度(CGCS2000)。"))]
Unit = Annotated[str, typer.Option(help=_("代表哪个单位。"))]


@app.command("list")
def listing(
    kind: Annotated[list[IncidentKind] | None, typer.Option(help=_("只看这些类别(可重复)。"))] = None,
    state: Annotated[list[CaseState] | None, typer.Option(help=_("只看这些状态(可重复);不写则看未结束的。"))] = None,
    clock: Annotated[str | None, typer.Option(help=_("时限情况:late、near、running、paused、none、ended。"))] = None,
    level: Annotated[int | None, typer.Option(min=1, max=4, help=_("等级,1 最重。"))] = None,
    category: Annotated[str | None, typer.Option(help=_("小类。"))] = None,
    unit: Annotated[str | None, typer.Option(help=_("牵头或配合单位。"))] = None,
    handler: Annotated[str | None, typer.Option(help=_("经办人的账号或称呼;写空字符串看无人经办的。"))] = None,
    area: Annotated[str | None, typer.Option(help=_("只看这个辖区(编码)及其下级。"))] = None,
    grid: Annotated[str | None, typer.Option(help=_("只看这个网格(编码)的。"))] = None,
    channel: Annotated[Channel | None, typer.Option(help=_("来源。"))] = None,
    twins: Annotated[bool, typer.Option("--twins", help=_("只看疑似重复的。"))] = False,
    text: Annotated[str | None, typer.Option(help=_("编号、描述或地址里的文字。"))] = None,
    since: Annotated[str | None, typer.Option(help=_("发生日期从哪天起,年-月-日。"))] = None,
    until: Annotated[str | None, typer.Option(help=_("发生日期到哪天止,年-月-日。"))] = None,
    order: Annotated[str, typer.Option(help=_("排序:due 按时限、newest 最新、oldest 最早。"))] = "due",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=_("最多几条。"))] = 50,
    json: Json = None,
) -> None:
    """列出案件,时限最近的在前。."""
    if clock is not None and clock not in lists.CLOCKS:
        raise PairWrong(text=clock)
    if order not in lists.ORDERS:
        raise PairWrong(text=order)
    ensure_database()
    query = lists.Query(
        kinds=None if kind is None else tuple(kind), states=None if clock == "ended" else tuple(state or lists.OPEN),
        level=level, clock=clock, category=category, unit=unit, handler=handler, area=area, grid=grid, channel=channel,
        twins=twins, text=text, since=day(since), until=day(until), order=order,
    )  # fmt: skip
    with session(whoever()) as conn:
        found = lists.cases(conn, query, limit=limit)
        total = lists.count(conn, query)
    if json is not None:
        rows = [{key: _plain(value) for key, value in asdict(row).items() if key != "place"} for row in found]
        with target(json) as out:
            codec.dump({"count": total, "cases": rows}, out, ensure_ascii=False)
            out.write("\n")
        return
    for row in found:
        due = _time(row.due_at) if row.due_at else "–"
        parts = [
            row.code,
            words.standing(row.state, suspended=row.suspended),
            words.clock(row.clock),
            due,
            row.category,
        ]
        print("\t".join([*parts, row.grid_code or row.area_code or "–", "、".join(row.units) or "–", row.title]))
    print(_("共 {count} 件,列出 {shown} 件。").format(count=total, shown=len(found)))


@app.command("twins")
def duplicates(number: Annotated[int, typer.Argument(help=_("导入编号。"))], json: Json = None) -> None:
    """列出一次导入里可能与其他案件重复的行;重新查找,不改动案件。."""
    ensure_database()
    found = arrivals.settle(whoever(), number).twins.to_dict("records")
    if json is not None:
        with target(json) as out:
            codec.dump(found, out, ensure_ascii=False)
            out.write("\n")
        return
    for pair in found:
        print("\t".join(str(pair[name]) for name in ("row", "code", "other", "score", "why", "title", "other_title")))
    print(_("共 {count} 对。").format(count=len(found)))


@app.command()
def show(code: Code, json: Json = None) -> None:
    """显示一个案件:现状、期限、经过、照片、关联,以及现在可以做什么。."""
    ensure_database()
    actor = whoever()
    with session(actor) as conn:
        case = files.get(conn, code)
        events, links = files.history(conn, case.incident_id), files.linked(conn, case.incident_id)
        photos, can = files.photos(conn, case.incident_id), files.acts(conn, case, actor)
    if json is not None:
        whole: dict[str, Any] = {
            "case": _object(case), "events": [_object(e) for e in events], "photos": [_object(p) for p in photos],
            "links": [_object(k) for k in links], "possible": [act.value for act in can],
        }  # fmt: skip
        with target(json) as out:
            codec.dump(whole, out, ensure_ascii=False)
            out.write("\n")
        return
    _tell(case, events, photos, links)
    print(_("现在可以做:"))
    for act in can:
        asks = kinds.fields(case.kind, act)
        told = "、".join(f"{ask.name}({ask.label}{_(',必填') if ask.required else ''})" for ask in asks)
        print(f"  {act.value}\t{words.act(act)}\t{told}".rstrip())


@app.command()
def report(
    title: Annotated[str, typer.Argument(help=_("描述。"))],
    category: Annotated[str, typer.Option(help=_("小类。"))],
    kind: Annotated[IncidentKind, typer.Option(help=_("类别。"))] = IncidentKind.MATTER,
    place: Place = None,
    address: Annotated[str, typer.Option(help=_("地址。"))] = "",
    channel: Annotated[Channel, typer.Option(help=_("来源。"))] = Channel.OTHER,
    occurred: Annotated[str | None, typer.Option(help=_("发生时间;不写则为现在。"))] = None,
    level: Annotated[int | None, typer.Option(min=1, max=4, help=_("等级,1 最重。"))] = None,
    by_self: Annotated[bool, typer.Option("--self", help=_("已自行处置,只待核查。"))] = False,
    key: Annotated[str, typer.Option(help=_("这次上报的名字:重复发送只立一个案件。"))] = "",
    note: Note = "",
    unit: Unit = "",
    data: Data = None,
    photo: Photos = None,
) -> None:
    """上报一个案件。."""
    ensure_database()
    case = acts.report(
        whoever(),
        acts.Draft(
            kind=kind.value, category=category, title=title, address=address, point=point(place),
            channel=channel.value, occurred_at=moment(occurred), level=level, note=note, unit=unit, by_self=by_self,
            data=_pairs(data or ()), photos=[_picture(text) for text in photo or ()], key=key,
        ),
    )  # fmt: skip
    _stands(case)


@app.command("act")
def take(
    code: Annotated[list[str], typer.Argument(help=_("案件编号,可多个:每个各自写入,不成的列出原因。"))],
    do: Annotated[Act, typer.Option("--do", help=_("做什么:accept、dispatch、answer、check、close 等。"))],
    note: Note = "",
    data: Data = None,
    photo: Photos = None,
    place: Place = None,
    at: Annotated[str | None, typer.Option(help=_("实际发生的时间;不写则为现在。"))] = None,
    seq: Annotated[int | None, typer.Option(help=_("你看到的案件序号;期间有人动过则不写入。"))] = None,
    unit: Unit = "",
) -> None:
    """办理案件的一步。."""
    ensure_database()
    actor = whoever()
    with session(actor) as conn:
        cases = [files.get(conn, one) for one in code]
    given: dict[str, Any] = {"note": note, "data": _pairs(data or ()), "unit": unit}
    if len(cases) > 1:
        done = acts.bulk(actor, [(case.incident_id, case.seq) for case in cases], do, **given)
        for number, why in done.refused:
            print(f"{number}\t{why}")
        print(_("已完成 {done} 件,未完成 {refused} 件。").format(done=len(done.done), refused=len(done.refused)))
        raise typer.Exit(1 if done.refused else 0)
    (case,) = cases
    after = acts.act(
        actor, case.incident_id, do, expected=case.seq if seq is None else seq, at=moment(at), geom=point(place),
        photos=[_picture(text) for text in photo or ()], **given,
    )  # fmt: skip
    _stands(after)


@app.command()
def photo(
    number: Annotated[int, typer.Argument(help=_("照片编号,见 case show。"))],
    file: Annotated[Path, typer.Argument(help=_("写到哪个文件。"))],
) -> None:
    """取出一张照片或文书。."""
    ensure_database()
    with session(whoever()) as conn:
        body, media = files.photo(conn, number)
    try:
        file.write_bytes(body)
    except OSError as error:
        raise BadInput(
            detail=_("不能写入 {path}:{reason}").format(path=file, reason=error.strerror or error)
        ) from error
    print(_("已写入 {file}({media},{bytes} 字节)。").format(file=file, media=media, bytes=len(body)))


@app.command()
def reveal(code: Code, reason: Annotated[str, typer.Option(help=_("理由,4 到 200 字;会记入审计。"))]) -> None:
    """显示案件描述和地址的全文。."""
    ensure_database()
    actor = whoever()
    with session(actor) as conn:
        number = files.get(conn, code).incident_id
    for text in files.reveal(actor, number, reason).values():
        print(text)


def _stands(case: files.Casefile) -> None:
    due = _("期限 {when}").format(when=_time(case.due_at)) if case.due_at else _("没有时限")
    units = "、".join(case.units) or str(case.terms.get("lead") or "–")
    print("\t".join([case.code, case.state_text, due, case.grid or "–", units, str(case.seq)]))


def _tell(case: files.Casefile, events: list[files.Event], photos: list[files.Photo], links: list[files.Link]) -> None:
    _stands(case)
    print("\t".join([case.category, case.title, case.address or "–"]))
    for event in events:
        told = [str(event.seq), _time(event.at), event.who, event.act_text, event.state_text, event.unit, event.note]
        data = codec.dumps(event.data, ensure_ascii=False) if event.data else ""
        print("  " + "\t".join(part for part in [*told, data] if part))
    for one in photos:
        again = _("另见 {codes}").format(codes="、".join(one.again)) if one.again else ""
        print("\t".join([f"  #{one.id}", one.role, one.media, one.name, again]).rstrip())
    for link in links:
        print(f"  {words.relation(link.relation)}\t{link.code}\t{words.state(link.state)}\t{link.title}")


def _pairs(given: Iterable[str]) -> dict[str, Any]:
    """Read ``name=value``; the same name again makes a list of it."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise PairWrong(text=text)
        name, value = name.strip(), value.strip()
        if name in found:
            found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
        else:
            found[name] = value
    if "point" in found:
        found["point"] = point(str(found["point"]))
    return found


def _picture(text: str) -> Picture:
    role, colon, name = text.partition(":")
    path = Path(name if colon else text)
    try:
        return Picture(path.read_bytes(), path.name, role if colon else "scene")
    except OSError:
        raise FileMissing(path=path) from None


def _object(given: Any) -> dict[str, Any]:  # noqa: ANN401  any of the frozen dataclasses of a case
    return {key: _plain(value) for key, value in asdict(given).items()}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _time(at: datetime) -> str:
    return at.astimezone(OFFICE).isoformat(sep=" ", timespec="minutes")[:16]
