"""The page 上报: for whoever walks the grid, with a phone in one hand.

The form lives in the browser (``report.js``) and sends to ``POST /reports``: neither a lost
connection nor a closed tab loses what was typed. What this page gives it are words, the
categories, and how far the land reaches.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.casework import kinds
from gis.casework.categories import pinyin
from gis.casework.categories import tables
from gis.casework.forms import OFFICE
from gis.db.connection import session
from gis.i18n import language
from gis.i18n import translate as _
from gis.records import areas
from gis.records import duties
from gis.vocabulary import Act
from gis.vocabulary import IncidentKind
from layers.catalog import layer
from layers.palette import Theme
from layers.palette import colour
from views import actor
from views import fragment
from views import palette
from views.docket import signs

if TYPE_CHECKING:
    import psycopg

    from gis.casework.kinds import Ask

FOLDER = Path(__file__).resolve().parent
MOST_PHOTOS = 9
MOST_CATEGORIES = 2000
PART = "part"
"""Kind of the categories of things (部件): what is wrong with one is a matter."""

_form = st.components.v2.component(
    "gridatlas_report",
    html='<div class="report"></div>',
    css=(FOLDER / "report.css").read_text(encoding="utf-8"),
    js=(FOLDER / "report.js").read_text(encoding="utf-8"),
)


def page() -> None:
    """Draw the page."""
    st.html(f"<style>{(FOLDER / 'people.css').read_text(encoding='utf-8')}</style>")
    with st.container(key="people"):
        _body()


@fragment.part
def _body() -> None:
    me = actor.visitor()
    with session(actor.current()) as conn:
        bounds = areas.extent(conn)
        known = categories(conn)
    _form(
        key="report-form",
        data={
            "account": me.name,
            "language": "en" if language() == "en" else "zh-CN",
            "theme": palette.theme(),
            "kinds": [
                {"key": kind.value, "sign": signs.sign(kind), "label": signs.kind(kind)} for kind in IncidentKind
            ],
            "asks": {kind.value: [_ask(ask) for ask in kinds.fields(kind, Act.REPORT)] for kind in IncidentKind},
            "categories": known,
            "bounds": bounds,
            "gridColour": colour("covered_border", Theme(palette.theme())),
            "gridDetail": layer("grid").detail,
            "needsPlace": True,
            "mostPhotos": MOST_PHOTOS,
            "wayIn": actor.way_back(),
            "words": _words(),
        },
    )


def _ask(ask: Ask) -> dict[str, Any]:
    """Describe a field to the form."""
    return {
        "name": ask.name,
        "type": ask.type,
        "label": ask.label,
        "required": ask.required,
        "choices": [list(choice) for choice in ask.choices],
        "hint": ask.hint,
    }


def categories(conn: psycopg.Connection[Any]) -> dict[str, list[list[Any]]]:
    """Give the small classes of each kind for the form to search without a connection.

    Returns
    -------
    dict
        Kind → rows of name, pinyin, initials, further words.
    """
    found: dict[str, dict[str, list[Any]]] = {kind.value: {} for kind in IncidentKind}
    for row in tables.small(tables.listing(conn, day=datetime.now(OFFICE).date())):
        kind = IncidentKind.MATTER.value if row.kind == PART else row.kind
        if kind in found:
            spoken = row.pinyin.split("|")[0]
            found[kind].setdefault(
                row.name, [row.name, spoken.replace(" ", ""), pinyin.initials(spoken), list(row.synonyms)]
            )
    for item in duties.listing(conn, limit=MOST_CATEGORIES):  # what the list calls otherwise
        known = found[item.kind]
        for name in item.categories:
            if name not in known:
                spoken = pinyin.spoken(name)
                known[name] = [name, spoken.replace(" ", ""), pinyin.initials(spoken), [item.name]]
    return {kind: list(rows.values()) for kind, rows in found.items()}


def _words() -> dict[str, str]:
    """Write the texts of the form in the language in force."""
    return {
        "kind": _("类别"),
        "category": _("小类"),
        "categoryHint": _("输入文字、拼音或首字母"),
        "title": _("情况描述"),
        "titleHint": _("看到了什么,有没有危险"),
        "place": _("位置"),
        "here": _("用当前位置"),
        "tap": _("在地图上点"),
        "nowhere": _("还没有位置"),
        "placed": _("已定位"),
        "locating": _("正在定位…"),
        "noDevice": _("取不到本机位置,请在地图上点。"),
        "noMap": _("地图现在打不开,请用当前位置或写明地址。"),
        "address": _("地址(楼栋、门牌、参照物)"),
        "photos": _("照片"),
        "camera": _("拍照或选照片"),
        "remove": _("去掉这张照片"),
        "tooMany": _("最多 {most} 张照片").format(most=MOST_PHOTOS),
        "more": _("更多(可不填)"),
        "bySelf": _("已当场处置"),
        "send": _("上报"),
        "kept": _("已存在本机"),
        "noStore": _("浏览器不让本站存数据,断线会丢失内容。"),
        "stay": _("请不要关闭这一页,直到上报成功;或退出浏览器的无痕模式。"),
        "missing": _("还缺:{what}。"),
        "outbox": _("待发送"),
        "waiting": _("没有网络或服务器没有应答;已存在本机,接通后自动发送。"),
        "over": _("登录已结束;内容存在本机,重新登录后自动发送。"),
        "signIn": _("重新登录"),
        "refused": _("没有被接受。"),
        "edit": _("修改"),
        "discard": _("放弃"),
        "sent": _("已上报"),
        "grid": _("网格"),
        "noGrid": _("不在任何网格内"),
        "lead": _("牵头"),
        "noUnit": _("权责清单上没有牵头单位"),
        "due": _("截止"),
    }
