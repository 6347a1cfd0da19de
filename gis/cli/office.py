"""What the commands about the stored office share: networks, days, where JSON goes."""

from __future__ import annotations

import contextlib
import sys
from datetime import date
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated

import typer

from gis.casework.forms import OFFICE
from gis.cli.actor import whoever
from gis.coverage import refresh
from gis.coverage import report
from gis.errors import BadInput
from gis.errors import NotFound
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

Network = Annotated[str | None, typer.Option(help=_("网络编码;不写则取全部(或唯一的)网络。"))]
Json = Annotated[str | None, typer.Option(help=_("写出 JSON;- 表示标准输出。"))]


class NoNetwork(NotFound):
    """No network has grids in force."""

    template = "库里还没有任何现行网格。"
    cure = "请先用 script/gis import grids 导入网格,或运行 script/gis demo。"


class DateWrong(BadInput):
    """A day that is none."""

    template = "日期 {text} 无效。"
    cure = "请写成 年-月-日,例如 2026-12-31。"


class PairWrong(BadInput):
    """Something that should read ``name=value``, or two numbers."""

    template = "“{text}”写法不对。"
    cure = "内容写作 名称=值;位置写作 经度,纬度;时间写作 2026-07-01T09:30。"


def codes(network: str | None) -> list[str]:
    """Give the network that was named, or all that have grids in force."""
    if network is not None:
        return [network]
    found = refresh.networks(whoever())
    if not found:
        raise NoNetwork
    return found


def day(text: str | None) -> date | None:
    """Read a day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DateWrong(text=text) from None


def point(text: str | None) -> tuple[float, float] | None:
    """Read a place: longitude and latitude."""
    if not text:
        return None
    try:
        longitude, latitude = (float(part) for part in text.replace(",", ",").split(","))
    except ValueError:
        raise PairWrong(text=text) from None
    return longitude, latitude


def moment(text: str | None) -> datetime | None:
    """Read a moment; without a zone it is the office's."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise PairWrong(text=text) from None
    return found if found.tzinfo else found.replace(tzinfo=OFFICE)


@contextlib.contextmanager
def target(name: str) -> Iterator[IO[str]]:
    """Open the file to write, or give the terminal for ``-``."""
    if name == "-":
        yield sys.stdout
        return
    try:
        with Path(name).open("w", encoding="utf-8") as out:
            yield out
    except OSError as error:
        raise report.OutputRefused(path=name, detail=error.strerror or error) from error
