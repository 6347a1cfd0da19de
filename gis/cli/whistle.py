"""Verbs ``whistle list|show|blow|act``: calling units to the spot, and what came of it."""

from __future__ import annotations

import json as codec
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any

import typer

from gis.casework import whistle
from gis.casework.forms import OFFICE
from gis.casework.whistle import words
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.office import Json
from gis.cli.office import moment
from gis.cli.office import point
from gis.cli.office import target
from gis.db.connection import session
from gis.i18n import translate as _
from gis.records import duties
from gis.vocabulary import IncidentKind
from gis.vocabulary import Occasion
from gis.vocabulary import WhistleAct
from gis.vocabulary import WhistleKind
from gis.vocabulary import WhistleState

if TYPE_CHECKING:
    from datetime import datetime

app = typer.Typer(no_args_is_help=True, help=_("吹哨报到:列出、查看、吹哨、批准、报到、裁定、处置、评价。"))

Code = Annotated[str, typer.Argument(help=_("吹哨编号。"))]


@app.command("list")
def listing(
    state: Annotated[list[WhistleState] | None, typer.Option(help=_("只看这些状态(可重复);不写则看未结束的。"))] = None,
    kind: Annotated[WhistleKind | None, typer.Option(help=_("grid 网格吹哨、street 街道吹哨。"))] = None,
    unit: Annotated[str | None, typer.Option(help=_("被吹单位。"))] = None,
    area: Annotated[str | None, typer.Option(help=_("只看这个辖区(编码)及其下级。"))] = None,
    late: Annotated[bool, typer.Option("--late", help=_("只看过了要求到场时间仍未报到的。"))] = False,
    text: Annotated[str, typer.Option(help=_("编号、事由、小类或单位里的文字。"))] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=_("最多几条。"))] = 200,
    json: Json = None,
) -> None:
    """列出吹哨,要求到场时间最早的在前。."""
    ensure_database()
    states = whistle.Query().states if state is None else tuple(one.value for one in state)
    query = whistle.Query(states=states, kind=kind, unit=unit, area=area, late=late, text=text)
    with session(whoever()) as conn:
        found = whistle.listing(conn, query, limit)
    if json is not None:
        with target(json) as out:
            codec.dump({"whistles": [_object(one) for one in found]}, out, ensure_ascii=False, default=str)
            out.write("\n")
        return
    for one in found:
        _stands(one)
    print(_("共 {count} 条。").format(count=len(found)))


@app.command()
def show(code: Code, json: Json = None) -> None:
    """显示一次吹哨:各单位、经过,以及现在可以做什么。."""
    ensure_database()
    with session(whoever()) as conn:
        one = whistle.get(conn, code)
        events, can = whistle.history(conn, one.id), whistle.possible(conn, one)
    if json is not None:
        whole = {
            "whistle": _object(one), "events": [_object(event) for event in events],
            "possible": {act.value: list(units) for act, units in can.items()},
        }  # fmt: skip
        with target(json) as out:
            codec.dump(whole, out, ensure_ascii=False, default=str)
            out.write("\n")
        return
    _stands(one)
    print(_("自行处置:{effort}").format(effort=one.effort))
    for unit in one.units:
        part = _("牵头") if unit.part == "lead" else _("配合")
        asked = "、".join(words.doubt(doubt) for doubt in unit.doubts)
        away = "" if unit.away_m is None else f"{unit.away_m:.0f} m"
        told = [unit.unit, part, words.standing(unit.standing), _time(unit.arrived_at), away, asked, unit.answer]
        print("  " + "\t".join([*told, unit.refusal]).rstrip())
    for event in events:
        data = codec.dumps(event.data, ensure_ascii=False) if event.data else ""
        told = [str(event.seq), _time(event.at), event.who, event.act_text, event.unit, event.note, data]
        print("  " + "\t".join(part for part in told if part))
    print(_("现在可以做:"))
    for act, units in can.items():
        print(f"  {act.value}\t{words.act(act)}\t{'、'.join(units)}".rstrip())


@app.command()
def blow(
    title: Annotated[str, typer.Argument(help=_("什么事。"))],
    effort: Annotated[str, typer.Option(help=_("自行处置情况。"))],
    lead: Annotated[str, typer.Option(help=_("牵头单位。"))],
    assists: Annotated[str, typer.Option(help=_("配合单位,用顿号分开。"))] = "",
    kind: Annotated[WhistleKind, typer.Option(help=_("grid 网格吹哨、street 街道吹哨。"))] = WhistleKind.STREET,
    occasion: Annotated[
        Occasion, typer.Option(help=_("problem 重点难题、enforcement 综合执法、emergency 应急处置。"))
    ] = Occasion.PROBLEM,
    wanted: Annotated[str | None, typer.Option(help=_("要求到场的时间;不写则按情形取默认。"))] = None,
    place: Annotated[str | None, typer.Option(help=_("位置:经度,纬度(CGCS2000);不写则取案件的位置。"))] = None,
    address: Annotated[str, typer.Option(help=_("地址。"))] = "",
    case: Annotated[str | None, typer.Option(help=_("所属案件的编号。"))] = None,
    matter: Annotated[IncidentKind | None, typer.Option(help=_("类别。"))] = None,
    category: Annotated[str, typer.Option(help=_("小类。"))] = "",
) -> None:
    """吹哨。."""
    ensure_database()
    draft = whistle.Draft(
        kind=kind, occasion=occasion, title=title, effort=effort, lead=lead, assists=duties.units(assists),
        wanted_at=moment(wanted), point=point(place), address=address, incident=case, matter=matter, category=category,
    )  # fmt: skip
    _stands(whistle.blow(whoever(), draft))


@app.command("act")
def take(
    code: Code,
    do: Annotated[
        WhistleAct, typer.Option("--do", help=_("做什么:approve、arrive、refuse、arbitrate、handle、rate 等。"))
    ],
    note: Annotated[str, typer.Option(help=_("理由、措施或结果。"))] = "",
    unit: Annotated[str, typer.Option(help=_("哪个单位。"))] = "",
    result: Annotated[
        str | None, typer.Option(help=_("裁定:must 应当报到、excused 免除;评价:good、fair、bad。"))
    ] = None,
    lead: Annotated[str | None, typer.Option(help=_("免除牵头单位时,由谁接替牵头。"))] = None,
    place: Annotated[str | None, typer.Option(help=_("签到位置:经度,纬度(CGCS2000)。"))] = None,
    at: Annotated[str | None, typer.Option(help=_("实际发生的时间;不写则为现在。"))] = None,
    seq: Annotated[int | None, typer.Option(help=_("你看到的序号;期间有人动过则不写入。"))] = None,
) -> None:
    """办理吹哨的一步。."""
    ensure_database()
    actor = whoever()
    with session(actor) as conn:
        one = whistle.get(conn, code)
    data = {key: value for key, value in (("result", result), ("lead", lead)) if value is not None}
    _stands(
        whistle.act(
            actor, one.id, do, expected=one.seq if seq is None else seq, note=note, data=data, at=moment(at),
            geom=point(place), unit=unit,
        )
    )  # fmt: skip


def _stands(one: whistle.Whistle) -> None:
    late = _("(已超时)") if one.late else ""
    parts = [one.code, words.kind(one.kind), words.occasion(one.occasion), one.state_text, "、".join(one.names)]
    print("\t".join([*parts, _time(one.wanted_at) + late, one.grid or one.area or "–", one.title, str(one.seq)]))


def _object(one: Any) -> dict[str, Any]:  # noqa: ANN401  any of the frozen dataclasses of a whistle
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in asdict(one).items()}


def _time(at: datetime | None) -> str:
    return "–" if at is None else at.astimezone(OFFICE).isoformat(sep=" ", timespec="minutes")[:16]
