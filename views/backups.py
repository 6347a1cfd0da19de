"""Part 备份 of 系统管理: the last good backup, the ones before it, and when the next is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from gis.access import shelf
from gis.db.connection import session
from gis.i18n import translate as _
from gis.settings import BackupSettings
from views import format as written
from views import table

if TYPE_CHECKING:
    from gis.vocabulary import Actor

MOST = 50
MEGABYTE = 2**20


def draw(person: Actor) -> None:
    """Draw the backups, newest first."""
    with session(person) as conn:
        found = shelf.listing(conn, MOST)
    good = next((made for made in found if made.checked_at), None)
    if good is None:
        st.warning(
            _("还没有通过恢复核对的备份。在服务器上运行 script/gis backup,或用 GRIDATLAS_BACKUP_AT 设定每日时间。"),
            icon=":material/warning:",
        )
    else:
        rows = sum(int(part["rows"]) for part in good.counts.values())
        sentence = _("最近一次完好的备份:{at},{rows} 行,{size} MB,已恢复核对。")
        st.success(
            sentence.format(
                at=written.moment(good.at), rows=written.number(rows), size=f"{good.bytes / MEGABYTE:,.1f}"
            ),
            icon=":material/verified:",
        )
    at = BackupSettings().at
    st.caption(_("每日 {at} 自动备份。").format(at=at) if at else _("没有设定自动备份。"))
    head = (_("时间"), _("文件"), _("大小"), _("核对于"), _("经办人"))
    table.draw(
        head,
        [
            (
                written.moment(made.at),
                made.file.rsplit("/", 1)[-1],
                f"{made.bytes / MEGABYTE:,.1f} MB",
                written.moment(made.checked_at),
                made.actor,
            )
            for made in found
        ],
    )
