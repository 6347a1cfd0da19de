"""One year of incidents, with the shares of a real city where they are published.

Shares of matters, of self-handling, of late and open cases: Zhanjiang, February 2023 (domain
facts, section 1.6); one hazard in about fourteen inspected places (section 4). The rest is
chosen to be plausible: hours, weekdays, seasons, distances from roads and markets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_DAY = np.datetime64("2025-09-01T00:00:00", "s")
"""First day of the demo year, Beijing time."""
DAYS = 365
BEIJING = np.timedelta64(8, "h")

KINDS = {"matter": 0.84, "hazard": 0.065, "dispute": 0.055, "enforcement": 0.04}

EVENTS = {
    "暴露垃圾": 36.04, "道路不洁": 12.16, "积存建筑垃圾": 11.67, "废弃家具": 9.45, "道路破损": 6.39, "占道经营": 5.2,
    "机动车乱停放": 4.6, "无照游商": 3.4, "店外经营": 3.1, "非法小广告": 2.6, "乱堆物堆料": 2.2, "绿地脏乱": 1.5,
    "违规户外广告": 0.9, "噪声扰民": 0.79,
}  # fmt: skip
PARTS = {
    "雨水箅子": 20.56, "路灯": 10.99, "行道树": 8.17, "垃圾箱": 4.88, "不明井盖": 4.70, "污水井盖": 11.2, "通信井盖": 9.1,
    "交通护栏": 8.4, "人行道板": 7.6, "公交站亭": 4.9, "树池箅子": 4.5, "交通标志牌": 2.9, "消火栓": 1.5, "其他部件": 0.6,
}  # fmt: skip
EVENT_SHARE = 0.8749
HAZARDS = {
    "消防": 26, "燃气": 14, "电动自行车": 17, "电气线路": 11, "生命通道": 10, "房屋结构": 7, "出租屋": 6, "建筑施工": 4,
    "特种设备": 3, "高空坠物": 2,
}  # fmt: skip
DISPUTES = {
    "婚姻家庭邻里": 44, "物业管理": 21, "劳资": 12, "经济活动": 9, "征地拆迁安置": 5, "环境污染": 5, "医患": 2, "其他": 2,
}  # fmt: skip
ENFORCEMENTS = {"违法建设": 18, "占道经营": 30, "建筑垃圾处置": 16, "油烟噪声": 14, "违规户外广告": 12, "毁绿占绿": 10}
"""Categories with their weights in hundredths, by kind."""

STATES = {
    "hazard": (("已销号", 82), ("整改中", 13), ("待复查", 5)),
    "dispute": (("已化解", 79), ("调解中", 15), ("转司法途径", 4), ("待受理", 2)),
    "enforcement": (("已结案", 74), ("调查取证", 11), ("已告知", 8), ("已决定", 7)),
}
OPEN = ("整改中", "待复查", "调解中", "待受理", "调查取证", "已告知", "已决定", "办理中", "超期未结")

SELF_HANDLED = 0.34
DONE, LATE = 0.8205, 0.1021
"""Of the matters handed over: done; done late."""

PHRASES = {
    "暴露垃圾": ("路边有暴露垃圾", "垃圾未及时清运", "绿化带内有生活垃圾"), "道路不洁": ("路面有积尘和落叶", "路面有油污", "路面有泥土撒漏"),
    "积存建筑垃圾": ("装修垃圾堆放未清", "建筑垃圾积存"), "废弃家具": ("楼下堆放废弃沙发", "废弃床垫堆在路边"), "道路破损": ("路面坑洼", "路面塌陷"),
    "占道经营": ("摊位占用人行道",), "机动车乱停放": ("车辆占用消防通道", "人行道上停放机动车"), "无照游商": ("流动摊贩聚集",),
    "婚姻家庭邻里": ("楼上漏水引发邻里纠纷", "楼道堆物引发争执", "家庭赡养纠纷"), "物业管理": ("物业费纠纷", "停车位分配纠纷", "电梯维修资金纠纷"),
    "劳资": ("拖欠工资纠纷", "工伤赔偿纠纷"), "消防": ("灭火器过期", "疏散通道堵塞", "消防栓无水"), "燃气": ("燃气软管老化", "使用不合格燃气灶具"),
    "电动自行车": ("电动车进楼入户充电", "飞线充电"), "电气线路": ("私拉乱接电线", "配电箱无防护"),
}  # fmt: skip
"""What is written about some categories; the others get a general sentence."""

MATTER_HOURS = np.array(
    [2, 1, 1, 1, 1, 3, 12, 30, 62, 78, 80, 62, 30, 34, 62, 72, 70, 58, 40, 34, 26, 16, 8, 4], dtype=float
)
CALL_HOURS = np.array(
    [8, 5, 4, 3, 3, 5, 14, 26, 44, 54, 54, 46, 34, 34, 42, 46, 48, 50, 54, 60, 62, 50, 32, 16], dtype=float
)
WEEKDAYS = np.array([1.12, 1.08, 1.05, 1.06, 1.1, 0.84, 0.75])
MONTHS = np.array([0.86, 0.82, 0.98, 1.05, 1.1, 1.12, 1.14, 1.1, 1.03, 0.98, 0.94, 0.88])


@dataclass(frozen=True)
class Scene:
    """Where things can happen, ground metres: houses with weights, roads with weights, hot spots."""

    houses: NDArray[np.float64]
    house_weight: NDArray[np.float64]
    roads: NDArray[np.object_]
    road_weight: NDArray[np.float64]
    spots: NDArray[np.float64]


def incidents(
    scene: Scene, count: int, prefix: str, rng: np.random.Generator
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Draw a year of incidents.

    Parameters
    ----------
    scene : Scene
        Places.
    count : int
        How many.
    prefix : str
        What their codes begin with (the street's code).
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    frame : pandas.DataFrame
        The columns of ``FIELDS["incidents"]`` except the address, in order of time.
    places : array of shape (count, 2)
        Ground metres.
    """
    kind = _draw(KINDS, count, rng)
    category = _categories(kind, rng)
    occurred = _times(kind, count, rng)
    order = np.lexsort((category, occurred))
    kind, category, occurred = kind[order], category[order], occurred[order]
    channel, state, closed = _fates(kind, occurred, rng)
    frame = pd.DataFrame(
        {
            "code": [f"{prefix}{n:07d}" for n in range(1, count + 1)],
            "kind": kind,
            "category": category,
            "title": _titles(category, rng),
            "channel": channel,
            "state": state,
            "occurred_at": pd.DatetimeIndex(occurred - BEIJING).tz_localize("UTC"),
            "closed_at": pd.DatetimeIndex(closed - BEIJING).tz_localize("UTC"),
        }
    )
    return frame, _places(scene, kind, category, rng)


def _draw(weights: dict[str, float] | dict[str, int], count: int, rng: np.random.Generator) -> NDArray[np.object_]:
    share = np.array(list(weights.values()), dtype=float)
    return np.array(list(weights), dtype=object)[rng.choice(len(share), size=count, p=share / share.sum())]


def _categories(kind: NDArray[np.object_], rng: np.random.Generator) -> NDArray[np.object_]:
    event = rng.random(len(kind)) < EVENT_SHARE
    out = np.empty(len(kind), dtype=object)
    for which, table in (
        ((kind == "matter") & event, EVENTS),
        ((kind == "matter") & ~event, PARTS),
        (kind == "hazard", HAZARDS),
        (kind == "dispute", DISPUTES),
        (kind == "enforcement", ENFORCEMENTS),
    ):
        out[which] = _draw(table, int(which.sum()), rng)
    return out


def _times(kind: NDArray[np.object_], count: int, rng: np.random.Generator) -> NDArray[np.datetime64]:
    days = FIRST_DAY.astype("datetime64[D]") + np.arange(DAYS)
    weekday = (days.astype(int) + 3) % 7
    month = (days.astype("datetime64[M]").astype(int)) % 12
    weight = WEEKDAYS[weekday] * MONTHS[month]
    day = days[rng.choice(DAYS, size=count, p=weight / weight.sum())]
    hour = np.where(
        kind == "dispute",
        rng.choice(24, size=count, p=CALL_HOURS / CALL_HOURS.sum()),
        rng.choice(24, size=count, p=MATTER_HOURS / MATTER_HOURS.sum()),
    )
    seconds = np.asarray(hour * 3600 + rng.integers(0, 3600, count), dtype="timedelta64[s]")
    return np.asarray(day.astype("datetime64[s]") + seconds, dtype="datetime64[s]")


def _fates(
    kind: NDArray[np.object_], occurred: NDArray[np.datetime64], rng: np.random.Generator
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.datetime64]]:
    """Channel, state and end of each: self-handled, in time, late, or open."""
    count = len(kind)
    matter = kind == "matter"
    own = matter & (rng.random(count) < SELF_HANDLED)
    channel = _draw({"patrol": 52, "hotline": 27, "public": 12, "video": 7, "transfer": 2}, count, rng)
    channel[own] = "patrol"
    channel[kind == "hazard"] = _draw({"patrol": 88, "hotline": 6, "public": 6}, int((kind == "hazard").sum()), rng)
    channel[kind == "dispute"] = _draw({"patrol": 46, "hotline": 38, "public": 16}, int((kind == "dispute").sum()), rng)
    fate = rng.random(count)
    state = np.where(fate < DONE, "已结案", "办理中").astype(object)
    hours = np.where(fate < DONE - LATE, rng.gamma(2.0, 9.0, count), rng.gamma(2.0, 70.0, count) + 48)
    end = FIRST_DAY + np.timedelta64(DAYS, "D")
    old = occurred < end - np.timedelta64(7, "D")
    state[matter & (state == "办理中") & old] = "超期未结"
    state[own] = "自行处置"
    hours[own] = rng.gamma(2.0, 0.25, int(own.sum())) + 0.05
    for name, states in STATES.items():
        which = kind == name
        state[which] = _draw(dict(states), int(which.sum()), rng)
        hours[which] = (
            rng.gamma(2.0, {"hazard": 60.0, "dispute": 150.0, "enforcement": 420.0}[name], int(which.sum())) + 2
        )
    closed = occurred + (hours * 3600).astype(np.int64).astype("timedelta64[s]")
    running = np.isin(state, OPEN) | (closed >= end)
    state[running & (state == "已结案")] = "办理中"
    for name, word in (("hazard", "整改中"), ("dispute", "调解中"), ("enforcement", "调查取证")):
        state[running & (kind == name) & ~np.isin(state, OPEN)] = word
    closed[running & (state != "自行处置")] = np.datetime64("NaT")
    return channel, state, closed


def _titles(category: NDArray[np.object_], rng: np.random.Generator) -> list[str]:
    pick = rng.integers(0, 60, len(category))
    out = []
    for name, number in zip(category.tolist(), pick.tolist(), strict=True):
        phrases = PHRASES.get(name)
        if phrases:
            out.append(phrases[number % len(phrases)])
        elif name in PARTS:
            out.append(f"{name}{('破损', '缺失', '松动', '歪斜')[number % 4]}")
        else:
            out.append(f"发现{name}问题")
    return out


def _places(
    scene: Scene, kind: NDArray[np.object_], category: NDArray[np.object_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Beside roads, at houses, around hot spots; disputes and hazards at houses only."""
    count = len(kind)
    chance = rng.random(count)
    indoors = np.isin(kind, ("dispute", "hazard"))
    trade = np.isin(category, ("占道经营", "无照游商", "店外经营", "暴露垃圾", "机动车乱停放"))
    spot = ~indoors & (chance < np.where(trade, 0.24, 0.08)) & (len(scene.spots) > 0)
    house = indoors | (~spot & (chance > 0.66))  # noqa: PLR2004 - a third of what happens outdoors is at a house
    road = ~spot & ~house
    out = np.empty((count, 2))
    pick = rng.choice(len(scene.houses), size=int(house.sum()), p=scene.house_weight / scene.house_weight.sum())
    out[house] = scene.houses[pick] + rng.normal(0, np.where(indoors[house], 4.0, 14.0)[:, None], (len(pick), 2))
    pick = rng.choice(len(scene.roads), size=int(road.sum()), p=scene.road_weight / scene.road_weight.sum())
    lines = scene.roads[pick]
    at = shapely.line_interpolate_point(lines, rng.random(len(pick)), normalized=True)
    out[road] = shapely.get_coordinates(at) + rng.normal(0, 8.0, (len(pick), 2))
    if spot.any():
        pick = rng.integers(0, len(scene.spots), int(spot.sum()))
        out[spot] = scene.spots[pick] + rng.normal(0, 55.0, (len(pick), 2))
    return out
