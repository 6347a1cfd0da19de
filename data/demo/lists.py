"""The duty list (权责清单) of the demo office: which unit leads for each category of incidents.

Every category that occurs has one item in force, but for two that are planted: nobody leads
for one, and two units for the other. What looks alike and is right is there too: an item of
one community that differs from the street's, and an item that has run out.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from data.demo import year
from gis.vocabulary import SRID

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = date(2025, 1, 1)
"""First day of the list in force."""

SQUAD, SAFETY, JUSTICE, BUILDING, SERVICE = (
    "综合行政执法队",
    "应急管理办公室",
    "平安法治办公室",
    "规划建设办公室",
    "社区建设办公室",
)
"""Offices of the street that lead."""
CLEANING, GREENERY, WATERWORKS, LIGHTING = "区环卫中心", "区园林中心", "区排水中心", "区路灯管理所"
TRAFFIC, FIRE, ECOLOGY, LABOUR = "区交警大队", "区消防救援大队", "区生态环境分局", "区人力资源和社会保障局"
HOUSING, HEALTH = "区住房和城乡建设局", "区卫生健康局"
"""Units of the district that lead or assist."""

LEADS = {
    "matter": {
        "暴露垃圾": CLEANING, "道路不洁": CLEANING, "废弃家具": CLEANING, "垃圾箱": CLEANING,
        "绿地脏乱": GREENERY, "行道树": GREENERY, "树池箅子": GREENERY, "雨水箅子": WATERWORKS,
        "污水井盖": WATERWORKS, "道路破损": BUILDING, "人行道板": BUILDING, "公交站亭": BUILDING,
        "通信井盖": BUILDING, "其他部件": BUILDING, "不明井盖": BUILDING, "交通护栏": TRAFFIC,
        "交通标志牌": TRAFFIC, "路灯": LIGHTING, "消火栓": FIRE, "噪声扰民": JUSTICE,
    },
    "hazard": {"房屋结构": BUILDING, "建筑施工": BUILDING, "出租屋": JUSTICE},
    "dispute": {"劳资": LABOUR, "环境污染": ECOLOGY, "医患": HEALTH, "征地拆迁安置": BUILDING, "物业管理": SERVICE},
    "enforcement": {},
}  # fmt: skip
"""Leading unit of each category that does not go to the office its kind goes to."""
OFFICES = {"matter": SQUAD, "hazard": SAFETY, "dispute": JUSTICE, "enforcement": SQUAD}
ASSISTS = {
    "消防": FIRE, "电动自行车": FIRE, "燃气": HOUSING, "违法建设": HOUSING, "物业管理": HOUSING,
    "机动车乱停放": TRAFFIC, "油烟噪声": ECOLOGY,
}  # fmt: skip
"""Units that assist, by category."""

BLANK = ("matter", "不明井盖")
"""Nobody leads for it: the item names no unit."""
DOUBLE = ("enforcement", "油烟噪声")
"""Two items in force name two units."""
EXPIRED = ("matter", "噪声扰民")
"""Another unit led for it until the list in force began (trap)."""
LOCAL = ("matter", "占道经营")
"""Another unit leads for it in one community (trap)."""

TABLES = {
    "matter": (*year.EVENTS, *year.PARTS),
    "hazard": tuple(year.HAZARDS),
    "dispute": tuple(year.DISPUTES),
    "enforcement": tuple(year.ENFORCEMENTS),
}
"""Categories by kind."""


def duties(community: str, *, planted: bool) -> gpd.GeoDataFrame:
    """Write the list.

    Parameters
    ----------
    community : str
        Code of the community with an item of its own.
    planted : bool
        Whether one category has no unit, and one has two.
    """
    rows = [
        {"code": f"QZ{number:03d}", **row} for number, row in enumerate(_items(community, planted=planted), start=1)
    ]
    frame = gpd.GeoDataFrame(pd.DataFrame(rows), geometry=np.full(len(rows), None), crs=SRID)
    frame.index = pd.RangeIndex(1, len(rows) + 1, name="row")
    return frame


def _items(community: str, *, planted: bool) -> Iterator[dict[str, object]]:
    for kind, categories in TABLES.items():
        for category in categories:
            lead = LEADS[kind].get(category, OFFICES[kind])
            empty = planted and (kind, category) == BLANK
            yield _item(kind, category, "" if empty else lead)
    if planted:
        yield _item(*DOUBLE, ECOLOGY)
    yield {**_item(*EXPIRED, ECOLOGY), "valid_from": date(2022, 1, 1), "valid_to": date(2024, 12, 31)}
    yield {**_item(*LOCAL, SERVICE), "area_code": community}


def _item(kind: str, category: str, lead: str) -> dict[str, object]:
    return {
        "name": {"matter": "处置", "hazard": "排查治理", "dispute": "化解", "enforcement": "查处"}[kind] + category,
        "listing": "street" if lead.endswith(("办公室", "执法队")) or not lead else "shared",
        "kind": kind,
        "category": category,
        "area_code": None,
        "lead": lead,
        "assists": ASSISTS.get(category, ""),
        "basis": "云岭区街道履职事项清单(示例)",
        "valid_from": BEGIN,
        "valid_to": None,
    }
