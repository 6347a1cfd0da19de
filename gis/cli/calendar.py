"""Verbs ``calendar show|days|hours|limits|due|why|late``: days, hours, limits and the clocks that follow from them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from datetime import datetime
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Annotated

import typer

from gis.casework import clocks
from gis.casework import files
from gis.casework import late as delays
from gis.casework import limits as terms
from gis.casework import notices
from gis.casework.calendar import Calendar
from gis.casework.forms import OFFICE
from gis.cli import sheets
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.office import Json
from gis.cli.office import day
from gis.db.connection import session
from gis.errors import BadInput
from gis.i18n import translate as _
from gis.vocabulary import Channel
from gis.vocabulary import IncidentKind

if TYPE_CHECKING:
    from gis.casework.late import StageTime
    from gis.casework.limits import Limit
    from gis.casework.notices import Noticed

app = typer.Typer(no_args_is_help=True, help=_("节假日、作息、时限,以及由此算出的期限。"))

Day = Annotated[str | None, typer.Option(help=_("哪一天,年-月-日;不写则为今天。"))]
File = Annotated[str, typer.Argument(help=_("文件路径;多张表的文件写作 路径:表名。"))]
Source = Annotated[str, typer.Option(help=_("依据:文号或文件名称。"))]
Begins = Annotated[str, typer.Option("--from", help=_("从哪一天起生效,年-月-日。"))]
Try = Annotated[bool, typer.Option("--dry-run", help=_("只检查,不写入。"))]


class Clock(StrEnum):
    """Kinds of clock."""

    URGENT_HOUR = "urgent_hour"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    NATURAL_DAY = "natural_day"


class MomentWrong(BadInput):
    """A moment that is none."""

    template = "时间“{text}”无效。"
    cure = "请写成 2026-09-18T17:30,时间按办公地的时区。"


@app.command()
def show(
    year: Annotated[int | None, typer.Option(min=2000, max=2199, help=_("哪一年;不写则为今年。"))] = None,
    json: Json = None,
) -> None:
    """列出一年里与平常不同的日子(放假、调休上班)和作息时间。."""
    ensure_database()
    with session(whoever()) as conn:
        calendar = Calendar.of(conn)
    year = datetime.now(OFFICE).year if year is None else year
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    unusual = [one for one in days if calendar.is_workday(one) is not (one.weekday() < 5)]  # noqa: PLR2004  Monday to Friday
    hours = calendar.hours(first)
    told = {
        "year": year,
        "known": calendar.known(first),
        "workdays": sum(map(calendar.is_workday, days)),
        "days": [
            {"day": one.isoformat(), "working": calendar.is_workday(one), "name": calendar.name(one)} for one in unusual
        ],
        "hours": [{"begins": f"{h.begins:%H:%M}", "ends": f"{h.ends:%H:%M}", "source": h.source} for h in hours],
    }
    if sheets.told(json, told):
        return
    for one in unusual:
        word = _("上班(调休)") if calendar.is_workday(one) else _("放假")
        print("\t".join([one.isoformat(), weekday(one), word, calendar.name(one)]).rstrip())
    print(_("作息:{hours}").format(hours="、".join(f"{h.begins:%H:%M}–{h.ends:%H:%M}" for h in hours)))
    print(_("全年工作日 {count} 天。").format(count=told["workdays"]))
    if not calendar.known(first):
        print(_("{year} 年的放假安排还不知道,暂按周一至周五计算;公布后请用 calendar days 导入。").format(year=year))


@app.command()
def days(file: File, source: Source, dry_run: Try = False, json: Json = None) -> None:
    """导入放假和调休上班的日子;计时中的期限随之重算。."""
    headers, body = sheets.read(file)
    ensure_database()
    _report(notices.take_days(whoever(), headers, body, source=source, dry_run=dry_run), json, dry_run=dry_run)


@app.command()
def hours(file: File, source: Source, begins: Begins, dry_run: Try = False, json: Json = None) -> None:
    """导入整套作息时间(可分季节);计时中的期限随之重算。."""
    headers, body = sheets.read(file)
    ensure_database()
    found = notices.take_hours(
        whoever(), headers, body, begins=sheets.first_day(begins), source=source, dry_run=dry_run
    )
    _report(found, json, dry_run=dry_run)


@app.command()
def limits(
    file: Annotated[str | None, typer.Argument(help=_("要导入的时限表;不写则列出适用的时限。"))] = None,
    kind: Annotated[IncidentKind, typer.Option(help=_("案件类别。"))] = IncidentKind.MATTER,
    category: Annotated[str, typer.Option(help=_("小类。"))] = "",
    level: Annotated[int | None, typer.Option(min=1, max=4, help=_("等级,1 最重。"))] = None,
    channel: Annotated[Channel, typer.Option(help=_("来源渠道。"))] = Channel.PATROL,
    at: Day = None,
    source: Annotated[str, typer.Option(help=_("导入时的依据:文号或文件名称。"))] = "",
    begins: Annotated[str | None, typer.Option("--from", help=_("导入的时限从哪一天起生效,年-月-日。"))] = None,
    dry_run: Try = False,
    json: Json = None,
) -> None:
    """列出某类案件各环节的时限;写了文件则导入,文件里出现的案件类别此前的自定时限到前一天为止。."""
    ensure_database()
    if file is not None:
        headers, body = sheets.read(file)
        first = sheets.first_day(begins or "")
        found = notices.take_limits(whoever(), headers, body, begins=first, source=source or file, dry_run=dry_run)
        _report(found, json, dry_run=dry_run)
        return
    with session(whoever()) as conn:
        when = day(at) or datetime.now(OFFICE).date()
        rows = terms.of(conn, kind.value, category, level, channel.value, when)
    ordered = [rows[stage] for stage in terms.STAGES if stage in rows]
    if sheets.told(json, {"limits": [_limit(row) for row in ordered]}):
        return
    for row in ordered:
        whose = _("本单位") if row.own else row.standard
        print("\t".join([terms.stage(row.stage), terms.amount(row.clock, row.amount), whose, row.source]))


@app.command()
def due(
    start: Annotated[str, typer.Argument(help=_("从何时起算,如 2026-09-18T17:30。"))],
    amount: Annotated[float, typer.Argument(min=0, help=_("多少小时或天。"))],
    clock: Annotated[Clock, typer.Argument(help=_("计时方式。"))],
    json: Json = None,
) -> None:
    """按日历算出一个期限。."""
    try:
        begins = datetime.fromisoformat(start)
    except ValueError:
        raise MomentWrong(text=start) from None
    begins = begins if begins.tzinfo else begins.replace(tzinfo=OFFICE)
    ensure_database()
    with session(whoever()) as conn:
        calendar = Calendar.of(conn)
    found = clocks.due(begins, amount, clock.value, calendar)
    assert found is not None
    sure = calendar.covers(begins, found)
    if sheets.told(json, {"due": found.isoformat(), "known": sure}):
        return
    print(shown(found))
    if not sure:
        print(_("期限超出已公布的放假安排,暂按周一至周五计算。"))


@app.command()
def why(code: Annotated[str, typer.Argument(help=_("案件编号。"))], json: Json = None) -> None:
    """说明一个案件各环节的时限、用时、暂停和超出。."""
    ensure_database()
    with session(whoever()) as conn:
        found = delays.why(conn, files.get(conn, code).incident_id)
    if sheets.told(json, {"stages": [_stage(stage) for stage in found]}):
        return
    for stage in found:
        mark = {"yellow": _("黄"), "red": _("红"), None: ""}[stage.mark]
        name = stage.name if stage.round == 1 else f"{stage.name}({stage.round})"
        parts = [terms.amount(stage.kind, part) for part in (stage.limit, stage.used)]
        paused = (
            _("暂停 {hours} 小时").format(hours=f"{stage.paused.total_seconds() / 3600:.1f}") if stage.paused else ""
        )
        over = _("超出 {amount}").format(amount=terms.amount(stage.kind, stage.over)) if stage.over else ""
        until = shown(stage.due_at) if stage.due_at else "–"
        print("\t".join([name, *parts, until, mark, paused, over]).rstrip())
    print(delays.told(found) or _("没有超期的环节。"))


@app.command()
def late(
    limit: Annotated[int, typer.Option(min=1, help=_("最多几条。"))] = 200,
    json: Json = None,
) -> None:
    """列出按时限该有黄牌或红牌而还没有的案件。."""
    ensure_database()
    with session(whoever()) as conn:
        found = delays.wanting(conn, limit)
    rows = [{**asdict(one), "due_at": one.due_at.isoformat()} for one in found]
    if sheets.told(json, {"cases": rows}):
        return
    for one in found:
        mark = _("红牌") if one.mark == "red" else _("黄牌")
        print("\t".join([one.code, mark, terms.stage(one.stage or "total"), shown(one.due_at)]))
    print(_("共 {count} 个案件。").format(count=len(found)))


def shown(moment: datetime) -> str:
    """Write a moment in the office's time, with its weekday."""
    here = moment.astimezone(OFFICE)
    return f"{here:%Y-%m-%d} {weekday(here.date())} {here:%H:%M}"


def weekday(one: date) -> str:
    """Name a day of the week."""
    names = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))
    return names[one.weekday()]


def _report(found: Noticed, json: str | None, *, dry_run: bool) -> None:
    if sheets.told(json, {**asdict(found), "dry_run": dry_run}):
        return
    words = _("可以写入 {rows} 行") if dry_run else _("已写入 {rows} 行")
    print(words.format(rows=found.rows), end="")
    print(_(",结束原有 {ended} 行,重算期限 {clocks} 个。").format(ended=found.ended, clocks=found.clocks))


def _limit(row: Limit) -> dict[str, object]:
    return {
        "stage": row.stage, "clock": row.clock, "amount": None if row.amount is None else float(row.amount),
        "warn_share": float(row.warn_share), "category": row.category, "level": row.level, "channel": row.channel,
        "own": row.own, "standard": row.standard, "source": row.source,
    }  # fmt: skip


def _stage(stage: StageTime) -> dict[str, object]:
    moments = {"starts_at": stage.starts_at, "due_at": stage.due_at, "ended_at": stage.ended_at}
    return {
        **asdict(stage), "paused": stage.paused.total_seconds() / 3600,
        **{name: None if at is None else at.isoformat() for name, at in moments.items()},
    }  # fmt: skip
