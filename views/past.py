"""The list of past imports: which file, when, how many rows, which datum, who."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.datasets import Dataset
from gis.db.connection import session
from gis.i18n import translate as _
from gis.records import imports
from views import actor
from views import format as written
from views import speech
from views import table

if TYPE_CHECKING:
    from gis.records.imports import Import

SHOWN = 20
BEFORE_ACCOUNTS = "local"
"""Who imported before there were accounts."""


def draw() -> None:
    """Draw the latest imports, newest first.

    Raises
    ------
    DatabaseUnavailable
        The list cannot be read.
    """
    with session(actor.current()) as conn:
        found = imports.listing(conn, SHOWN)
    st.html(f"<h3>{written.html(_('导入记录'))}</h3>")
    if not found:
        st.markdown(_("还没有导入过文件。上传第一个文件后,这里会记下时间、文件、行数、坐标系和经办人。"))
        return
    head = (
        _("时间"),
        _("数据"),
        _("文件"),
        _("读入"),
        _("新增"),
        _("更新"),
        _("未变"),
        _("剔除"),
        _("坐标系"),
        _("经办人"),
    )
    table.draw(head, [_row(item) for item in found], numbers=(3, 4, 5, 6, 7))
    if len(found) == SHOWN:
        st.caption(_("只列出最近 {count} 次。").format(count=SHOWN))


def _row(item: Import) -> tuple[str, ...]:
    what = speech.dataset(Dataset(item.dataset)) + (f" · {item.network_code}" if item.network_code else "")
    counts = (item.rows_read, item.rows_inserted, item.rows_updated, item.rows_unchanged, item.rows_rejected)
    return (
        written.moment(item.created_at),
        what,
        item.filename + (f" · {item.layer}" if item.layer else ""),
        *(written.number(count) for count in counts),
        speech.datum(item.datum),
        _("本机") if item.actor == BEFORE_ACCOUNTS else item.actor,
    )
