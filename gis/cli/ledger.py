"""Verbs ``coverage ledger|assign|accept|resume|comment|export|trend``: what became of the blind spots."""

from __future__ import annotations

import json as codec
from pathlib import Path  # noqa: TC003  typer reads the annotation
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any

import typer

from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.office import DateWrong
from gis.cli.office import Json
from gis.cli.office import Network
from gis.cli.office import codes
from gis.cli.office import day
from gis.cli.office import target
from gis.coverage import ledger
from gis.coverage import report
from gis.coverage import summary
from gis.coverage import trend as days_of
from gis.coverage import wording
from gis.db.connection import session
from gis.errors import BadInput
from gis.i18n import translate as _

if TYPE_CHECKING:
    from datetime import datetime


class NetworkNeeded(BadInput):
    """A file holds one network, and there are several."""

    template = "有多个网络:{codes}。"
    cure = "请用 --network 指明一个。"


Ids = Annotated[list[int], typer.Argument(help=_("台账条目的编号(可多个);要么全部写入,要么都不写。"))]
Rule = Annotated[list[str] | None, typer.Option(help=_("只看这些规则(可重复)。"))]
Severity = Annotated[list[str] | None, typer.Option(help=_("只看这些程度:block、blind、warn、hint(可重复)。"))]
State = Annotated[
    list[str] | None,
    typer.Option(help=_("状态:new、assigned、doing、checked、excepted、closed(可重复);不写则看未关闭且未接受例外的。")),
]
Area = Annotated[str | None, typer.Option(help=_("只看这个辖区(编码)及其下级。"))]
Grid = Annotated[str | None, typer.Option(help=_("只看涉及这个网格(编码)的。"))]
Owner = Annotated[str | None, typer.Option(help=_("只看这位责任人的(账号或称呼);写空字符串看无人负责的。"))]
Overdue = Annotated[bool, typer.Option("--overdue", help=_("只看逾期的。"))]
Text = Annotated[str | None, typer.Option(help=_("按编码、社区或规则名称查找;#编号 查一条。"))]


def listing(
    network: Network = None,
    rule: Rule = None,
    severity: Severity = None,
    state: State = None,
    area: Area = None,
    grid: Grid = None,
    owner: Owner = None,
    overdue: Overdue = False,
    text: Text = None,
    history: Annotated[bool, typer.Option("--history", help=_("连同每条的经过。"))] = False,
    limit: Annotated[int, typer.Option(min=1, help=_("最多几条。"))] = 200,
    json: Json = None,
) -> None:
    """列出盲区台账:每个问题的状态、责任人、期限和来龙去脉。."""
    ensure_database()
    query = _query(rule, severity, state, area, grid, owner, text, overdue=overdue)
    shown: list[tuple[ledger.Entry, list[ledger.Event]]] = []
    totals: dict[str, Any] = {}
    with session(whoever()) as conn:
        for code in codes(network):
            found = ledger.entries(conn, code, query, limit)
            shown += [(entry, ledger.history(conn, entry.id) if history else []) for entry in found]
            totals[code] = {"states": ledger.states(conn, code), "fit": ledger.count(conn, code, query)}
    if json is not None:
        with target(json) as out:
            codec.dump({"summary": totals, "entries": [as_object(*both) for both in shown]}, out, ensure_ascii=False)
            out.write("\n")
        return
    for entry, events in shown:
        print(_line(entry))
        for event in events:
            print(f"    {_time(event.at)} {event.who} {event.act_text} {event.note}".rstrip())
    for code, total in totals.items():
        print(_("网络 {code}:{states},其中逾期 {overdue}。").format(
            code=code, overdue=total["states"]["overdue"],
            states="、".join(f"{ledger.state_name(s)} {total['states'][s]}" for s in ledger.STATES),
        ))  # fmt: skip


def assign(
    ids: Ids,
    owner: Annotated[str, typer.Option(help=_("责任人的账号。"))],
    due: Annotated[str | None, typer.Option(help=_("期限,年-月-日。"))] = None,
) -> None:
    """把台账条目分派给责任人。."""
    ensure_database()
    print(_("已分派 {count} 条。").format(count=ledger.assign(whoever(), ids, owner, day(due))))


def accept(
    ids: Ids,
    reason: Annotated[str, typer.Option(help=_("理由。"))],
    until: Annotated[str, typer.Option(help=_("到哪一天为止(最长一年),年-月-日。"))],
) -> None:
    """把台账条目接受为例外;到期自动恢复。."""
    ensure_database()
    last = day(until)
    if last is None:
        raise DateWrong(text=until)
    print(_("已接受 {count} 条为例外。").format(count=ledger.accept(whoever(), ids, reason, last)))


def resume(ids: Ids) -> None:
    """撤销例外。."""
    ensure_database()
    print(_("已撤销 {count} 条例外。").format(count=ledger.resume(whoever(), ids)))


def comment(
    entry: Annotated[int, typer.Argument(help=_("台账条目的编号。"))],
    text: Annotated[str, typer.Argument(help=_("内容。"))],
) -> None:
    """给台账条目留言。."""
    ensure_database()
    ledger.comment(whoever(), entry, text)
    print(_("已留言。"))


def export(
    file: Annotated[Path, typer.Argument(help=_("写到哪个文件:.xlsx 或 .gpkg。"))],
    reason: Annotated[str, typer.Option(help=_("导出事由;写进文件,也进审计。"))],
    network: Annotated[str | None, typer.Option(help=_("网络编码;有多个网络时必须写。"))] = None,
    rule: Rule = None,
    severity: Severity = None,
    state: State = None,
    area: Area = None,
    grid: Grid = None,
    owner: Owner = None,
    overdue: Overdue = False,
    text: Text = None,
) -> None:
    """把台账导出为 Excel 或 GeoPackage。."""
    ensure_database()
    query = _query(rule, severity, state, area, grid, owner, text, overdue=overdue)
    known = codes(network)
    if len(known) > 1:
        raise NetworkNeeded(codes="、".join(known))
    with session(whoever()) as conn:
        count = ledger.export(conn, known[0], query, file, reason)
    print(_("已导出 {count} 条到 {file}。").format(count=count, file=file))


def trend(
    network: Network = None,
    days: Annotated[int, typer.Option(min=1, max=3660, help=_("最近几天。"))] = 7,
    area: Area = None,
    json: Json = None,
) -> None:
    """显示覆盖率的历史,以及这几天新增、再现和消除的问题。."""
    ensure_database()
    result: dict[str, Any] = {}
    with session(whoever()) as conn:
        for code in codes(network):
            result[code] = {
                "days": [
                    {
                        "day": d.day.isoformat(), "buildings": d.buildings, "households": d.households,
                        "blind_buildings": d.blind_buildings, "blind_households": d.blind_households,
                        "covered_buildings_share": d.buildings_share, "covered_households_share": d.households_share,
                        "open": d.open,
                    }
                    for d in days_of.history(conn, code, days, area=area)
                ],
                "changes": [
                    {
                        "rule": c.key, "new": c.new, "returned": c.returned, "gone": c.gone,
                        "new_households": c.new_households, "returned_households": c.returned_households,
                        "gone_households": c.gone_households,
                    }
                    for c in days_of.changes(conn, code, days, area=area)
                ],
            }  # fmt: skip
    if json is not None:
        with target(json) as out:
            codec.dump(result, out, ensure_ascii=False)
            out.write("\n")
        return
    for code, both in result.items():
        print(_("网络 {code}。{formula}").format(code=code, formula=summary.formula("covered_households_share")))
        for row in both["days"]:
            shares = [row["covered_households_share"], row["covered_buildings_share"]]
            print("\t".join([row["day"], *("–" if share is None else f"{share:.2%}" for share in shares)]))
        for row in both["changes"]:
            print(_("{title}:新增 {new},再现 {returned},消除 {gone}").format(
                title=wording.title(row["rule"]), new=row["new"], returned=row["returned"], gone=row["gone"]
            ))  # fmt: skip


def as_object(entry: ledger.Entry, events: list[ledger.Event]) -> dict[str, Any]:
    """Give an entry as one object: a finding of ``docs/check.md``, and what became of it."""
    return {
        "id": entry.id,
        **report.as_object(entry),
        "network": entry.network,
        "state": entry.state,
        "owner": entry.owner,
        "due_on": None if entry.due_on is None else entry.due_on.isoformat(),
        "overdue": entry.overdue,
        "first_seen": entry.first_seen.isoformat(),
        "last_seen": entry.last_seen.isoformat(),
        "gone_at": None if entry.gone_at is None else entry.gone_at.isoformat(),
        "returns": entry.returns,
        "people": entry.people,
        "exception": None
        if entry.exception_until is None
        else {"reason": entry.exception_reason, "until": entry.exception_until.isoformat()},
        "history": [
            {
                "at": e.at.isoformat(), "who": e.who, "act": e.act, "before": e.before, "after": e.after,
                "note": e.note, "data": e.data,
            }
            for e in events
        ],
    }  # fmt: skip


def _query(
    rule: list[str] | None,
    severity: list[str] | None,
    state: list[str] | None,
    area: str | None,
    grid: str | None,
    owner: str | None,
    text: str | None,
    *,
    overdue: bool,
) -> ledger.Query:
    return ledger.Query(
        rules=tuple(rule) if rule else None,
        severities=tuple(severity) if severity else None,
        states=tuple(state) if state else ledger.OPEN,
        area=area,
        grid=grid,
        owner=owner,
        overdue=overdue,
        text=text,
    )


def _line(entry: ledger.Entry) -> str:
    parts = [str(entry.id), f"[{entry.severity_text}]", entry.state_text]
    if entry.owner:
        parts.append(entry.owner)
    if entry.due_on is not None:
        parts.append(_("期限 {day}").format(day=entry.due_on.isoformat()) + (_("(逾期)") if entry.overdue else ""))
    if entry.exception_until is not None:
        parts.append(
            _("例外至 {day}:{reason}").format(day=entry.exception_until.isoformat(), reason=entry.exception_reason)
        )
    if entry.returns:
        parts.append(_("第 {count} 次再现").format(count=entry.returns))
    return " ".join([*parts, entry.reason])


def _time(at: datetime) -> str:
    return at.astimezone(days_of.OFFICE_ZONE).isoformat(sep=" ", timespec="minutes")
