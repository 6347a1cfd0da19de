"""Verbs ``coverage refresh|summary|findings|until``: the stored office; its ledger is in :mod:`gis.cli.ledger`."""

from __future__ import annotations

import json as codec
import sys
from typing import TYPE_CHECKING
from typing import Annotated
from typing import Any

import typer

from gis.cli import ledger
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.cli.office import Json
from gis.cli.office import Network
from gis.cli.office import codes
from gis.cli.office import day
from gis.cli.office import target
from gis.coverage import findings as stored
from gis.coverage import moment
from gis.coverage import refresh as refreshing
from gis.coverage import report
from gis.coverage import summary as sums
from gis.coverage import wording
from gis.coverage.engine import STEPS
from gis.coverage.rules import RULES
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import NotFound
from gis.i18n import translate as _
from gis.vocabulary import RuleKey

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(no_args_is_help=True, help=_("覆盖与盲区:重新计算、汇总、问题清单、台账。"))


class NothingRefreshed(NotFound):
    """No refresh has run yet."""

    template = "网络 {code} 还没有计算过覆盖情况。"
    cure = "请先运行 script/gis coverage refresh。"


class DayTwice(BadInput):
    """A day, and none, at once."""

    template = "日期和 --running 只能写一个。"
    cure = "设定截止日请写日期;取消请写 --running。"


@app.command()
def refresh(network: Network = None) -> None:
    """重新计算覆盖情况与盲区。."""
    ensure_database()
    for code in codes(network):
        figures = refreshing.refresh(whoever(), code, progress=_Bar(code))
        print(_("网络 {code}:{text}").format(code=code, text=refreshing.describe(figures)))


class _Bar:
    """Says on the terminal how far a run is, where there is one."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.done = 0

    def __call__(self, stage: str) -> None:
        """Say which step begins."""
        self.done += 1
        if sys.stderr.isatty():
            steps = len(STEPS) + len(RULES) + 1
            title = wording.title(stage) if stage in set(RuleKey) else stage
            print(f"\r\033[K{self.code} {self.done}/{steps} {title}", end="", file=sys.stderr, flush=True)
            if self.done >= steps:
                print("\r\033[K", end="", file=sys.stderr, flush=True)


@app.command()
def summary(network: Network = None, json: Json = None) -> None:
    """显示最近一次计算的汇总数字。."""
    ensure_database()
    result: dict[str, Any] = {}
    with session(whoever()) as conn:
        for code in codes(network):
            figures = sums.headline(conn, code)
            if figures is None:
                raise NothingRefreshed(code=code)
            result[code] = {
                "summary": {**figures, "finished_at": figures["finished_at"].isoformat()},
                "communities": [
                    {
                        key: value if isinstance(value, str | float | None) else float(value)
                        for key, value in row.items()
                    }
                    for row in sums.communities(conn, code)
                ],
            }
    if json is not None:
        with target(json) as out:
            codec.dump(result, out, ensure_ascii=False)
            out.write("\n")
        return
    for code, both in result.items():
        figures = both["summary"]
        print(_("网络 {code},计算于 {at}").format(code=code, at=figures["finished_at"]))
        for key in ("covered_buildings_share", "covered_households_share"):
            if figures[key] is not None:
                print(_("{formula}:{share:.2%}").format(formula=sums.formula(key), share=figures[key]))
        for rule, count in figures["by_rule"].items():
            print(_("{title}:{count}").format(title=wording.title(rule), count=count))


@app.command()
def findings(
    network: Network = None,
    rule: Annotated[list[str] | None, typer.Option(help=_("只看这些规则(可重复)。"))] = None,
    severity: Annotated[
        list[str] | None, typer.Option(help=_("只看这些程度:block、blind、warn、hint(可重复)。"))
    ] = None,
    area: Annotated[str | None, typer.Option(help=_("只看这个辖区(编码)及其下级。"))] = None,
    limit: Annotated[int, typer.Option(min=1, help=_("最多几条。"))] = 200,
    json: Json = None,
) -> None:
    """列出最近一次计算发现的问题。."""
    ensure_database()
    shown: list[stored.Finding] = []
    totals: dict[str, Any] = {}
    with session(whoever()) as conn:
        for code in codes(network):
            shown += stored.listing(conn, code, rule, severity, area, limit)
            totals[code] = stored.counts(conn, code)
    if json is not None:
        with target(json) as out:
            report.write_json({"counts": totals}, shown, out)
        return
    for finding in shown:
        print(f"{finding.id} [{finding.severity_text}] {finding.reason} {' '.join(finding.remedies_text)}")


@app.command()
def until(
    last: Annotated[str | None, typer.Argument(metavar="DAY", help=_("资料齐全的最后一天,年-月-日。"))] = None,
    network: Network = None,
    running: Annotated[bool, typer.Option("--running", help=_("不再设截止日:按当天判断。"))] = False,
) -> None:
    """查看或设定资料截止日:走访、事件和岗位记录到哪一天齐全,规则就按那一天判断。."""
    ensure_database()
    if running and last is not None:
        raise DayTwice
    for code in codes(network):
        if running or last is not None:
            moment.set_complete_until(whoever(), code, day(last))
        with session(whoever()) as conn:
            shown = moment.complete_until(conn, code)
        words = _("网络 {code}:资料截至 {day},按这一天判断。") if shown else _("网络 {code}:按当天判断。")
        print(words.format(code=code, day=shown))


BOOK: dict[str, Callable[..., None]] = {
    "ledger": ledger.listing,
    "assign": ledger.assign,
    "accept": ledger.accept,
    "resume": ledger.resume,
    "comment": ledger.comment,
    "export": ledger.export,
    "trend": ledger.trend,
}
for verb, command in BOOK.items():
    app.command(verb)(command)
