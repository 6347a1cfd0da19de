"""Verb ``demo``: makes the synthetic street, district or city and loads it, or writes it as files."""

from __future__ import annotations

import time
from pathlib import Path  # noqa: TC003 - Typer reads it when the command is called
from typing import Annotated

import typer

from data.demo import casework
from data.demo import files
from data.demo import load as loading
from data.demo import score as scoring
from gis.cli.checking import ensure_database
from gis.cli.importing import Bar
from gis.coverage import findings
from gis.coverage import refresh
from gis.datasets import Dataset
from gis.db.connection import session
from gis.i18n import translate as _
from gis.vocabulary import Actor


def demo(
    size: Annotated[
        str, typer.Option(help=_("规模:street(一个街道)、district(十二个街道)或 city(二百个街道)。"))
    ] = "street",
    seed: Annotated[int, typer.Option(min=0, help=_("随机种子;同一种子生成同样的数据。"))] = 1,
    out: Annotated[Path | None, typer.Option(help=_("写成文件放到这个空文件夹,不写入数据库。"))] = None,
    replace: Annotated[bool, typer.Option("--replace", help=_("先清掉以前生成的示例数据。"))] = False,
    score: Annotated[bool, typer.Option("--score", help=_("不生成数据,只把库里的发现与植入的问题逐类对照。"))] = False,
) -> None:
    """生成示例街道并写入空数据库,或写成文件。."""
    started = time.monotonic()
    bar = Bar()
    if out is not None:
        try:
            written = files.write(out, size, seed, bar)
        finally:
            bar.done()
        print(_("已写出 {count} 个文件到 {path}。").format(count=len(written), path=out))
        return
    wanted = loading.size_of(size)
    ensure_database()
    if score:
        _score(wanted, seed)
        return
    try:
        loaded = loading.load(Actor.job("demo"), size, seed, bar, replace=replace)
        casework.live(seed)
    finally:
        bar.done()
    rows = loaded.rows
    print(
        _(
            "已生成示例数据:辖区 {areas}、网格 {grids}、楼栋 {buildings}、事件 {incidents},用时 {seconds:.0f} 秒。"
        ).format(
            areas=rows[Dataset.AREAS],
            grids=rows[Dataset.GRIDS],
            buildings=rows[Dataset.BUILDINGS],
            incidents=rows[Dataset.INCIDENTS],
            seconds=time.monotonic() - started,
        )
    )
    for code, figures in loaded.summaries.items():
        print(_("网络 {code}:{text}").format(code=code, text=refresh.describe(figures)))


def _score(size: loading.Size, seed: int) -> None:
    """Print the table of what was planted and what is found."""
    flaws = [flaw for one in loading.streets(size, seed) for flaw in one.flaws]
    with session(Actor.job("demo")) as conn:
        found = findings.listing(conn, "comprehensive", limit=None)
    print(scoring.page(scoring.score(flaws, found)), end="")
