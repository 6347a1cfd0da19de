"""Step 4, rows with trouble: how many there are, which, why, and the file to repair them in."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gis.errors import GridAtlasError
from gis.i18n import language
from gis.i18n import speaking
from gis.i18n import translate as _
from gis.intake import rejects
from views import format as written
from views import journey as going
from views import table

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    import pandas as pd

    from gis.intake.parts import Prepared
    from views.journey import Journey

PAGE_ROWS = 10
EVERY_S = 0.2


def draw(here: Journey) -> bool:
    """Draw the step; whether the import can go on."""
    try:
        with working("check", _("正在检查每一行……")) as tell:
            found = here.prepare(tell)
    except GridAtlasError as error:
        going.beside(error, "rows")
        return False
    _counts(found)
    going.tell(found.warnings)
    if not len(found.rejects) and not len(found.repairs):
        st.success(_("每一行都可用,没有要修的地方。"), icon=":material/check_circle:")
        return True
    if len(found.rejects):
        refused(here, found.rejects)
    if len(found.repairs):
        st.html(f"<h3>{written.html(_('已自动修复的行'))}</h3>")
        _paged(f"repairs-{here.upload.id}", found.repairs, (_("源文件行号"), _("做了什么")), ("row", "repair"))
    return True


@contextmanager
def working(key: str, words: str) -> Iterator[Callable[[str, float], None]]:
    """Show a bar with what is being done, and a way to stop; gone when the block ends."""
    place = st.empty()
    last = 0.0
    with place.container(key=f"intake-working-{key}"):
        bar = st.progress(0.0, text=words)
        st.button(_("停止"), key=f"stop-{key}", help=_("停止这一步;文件和选择都还在。"), on_click=_back)

    def tell(stage: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last > EVERY_S:
            last = time.monotonic()
            bar.progress(min(max(share, 0.0), 1.0), text=f"{words} {stage}")

    try:
        yield tell
    finally:
        place.empty()


def _back() -> None:
    """Go a step back: what was running ends there."""
    with contextlib.suppress(GridAtlasError):
        here = going.Journey.open(st.query_params.get(going.ADDRESS, ""))
        here.go(max(here.step - 1, going.FILE))


def _counts(found: Prepared) -> None:
    """Draw the four counts."""
    touched = found.repairs["row"].nunique() if len(found.repairs) else 0
    cells = (
        (_("读入"), found.source.rows_read),
        (_("可用"), len(found.frame)),
        (_("其中修复过"), touched),
        (_("剔除"), len(found.rejects)),
    )
    shown = "".join(
        f"<div><dt>{written.html(name)}</dt><dd>{written.html(written.number(count))}</dd></div>"
        for name, count in cells
    )
    st.html(f'<dl class="ga-counts">{shown}</dl>')


def refused(here: Journey, rows: pd.DataFrame) -> None:
    """Draw the rows that will not be written, each with its reason, and the file to repair them in."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="intake-rejects"):
        st.html(f"<h3>{written.html(_('剔除的行'))}</h3>", width="stretch")
        st.download_button(
            _("下载剔除的行(CSV)"),
            data=partial(_file, rows, language()),
            file_name=_("剔除的行") + ".csv",
            mime="text/csv",
            icon=":material/download:",
            key="rejects-file",
            on_click="ignore",
            width="content",
        )
    st.caption(_("这些行不会写入。可下载后改好,再作为新文件导入;其余的行照常写入。"))
    _paged(
        f"rejects-{here.upload.id}",
        rows,
        (_("源文件行号"), _("原因"), _("原来的内容")),
        ("row", "reason", "original"),
    )


def _paged(key: str, rows: pd.DataFrame, head: tuple[str, ...], columns: tuple[str, ...]) -> None:
    """Draw a table in pages."""
    pages = max(-(-len(rows) // PAGE_ROWS), 1)
    page = min(st.session_state.get(key, 1), pages)
    part = rows.iloc[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    cells = [[_cell(name, part[name].iloc[at]) for name in columns] for at in range(len(part))]
    table.draw(head, cells, numbers=(0,))
    if pages == 1:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"pages-{key}"):
        words = _("第 {page} 页,共 {pages} 页,{rows} 行")
        st.button(
            _("上一页"), key=f"back-{key}", disabled=page == 1, on_click=_turn, args=(key, page - 1), type="tertiary"
        )
        st.caption(
            words.format(page=page, pages=written.number(pages), rows=written.number(len(rows))), width="content"
        )
        st.button(
            _("下一页"),
            key=f"next-{key}",
            disabled=page == pages,
            on_click=_turn,
            args=(key, page + 1),
            type="tertiary",
        )


def _cell(column: str, value: object) -> object:
    """Write the row as it stood in the file as names and values."""
    if column != "original" or not isinstance(value, str):
        return value
    try:
        original = json.loads(value)
    except ValueError:
        return value
    if not isinstance(original, dict):
        return value
    return " · ".join(f"{name}: {item}" for name, item in original.items() if item not in (None, ""))


def _turn(key: str, page: int) -> None:
    st.session_state[key] = page


def _file(rows: pd.DataFrame, code: str) -> bytes:
    """Write the rejects as the file a spreadsheet opens: with a byte order mark, no cell a formula."""
    with speaking(code), tempfile.TemporaryDirectory() as folder:
        return rejects.write(Path(folder) / "rejects.csv", rows).read_bytes()
