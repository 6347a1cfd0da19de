"""What is under way in the demo street, case by case: who reported what when, and what was done about it since."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any

from gis.vocabulary import Act
from gis.vocabulary import Actor
from gis.vocabulary import Channel
from gis.vocabulary import IncidentKind
from gis.vocabulary import Occasion
from gis.vocabulary import WhistleAct

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKER, SUPERVISOR, LEADER, DEPARTMENT = PEOPLE = tuple(
    Actor(f"demo-{role}", origin="demo") for role in ("worker", "supervisor", "leader", "department")
)
CALLS = (
    ("路面塌陷,垃圾清运车无法通行", "已封闭半幅路面", Occasion.EMERGENCY, 0.5, ()),
    ("夜市散场后垃圾成堆,屡劝不改", "联合物业劝导四次", Occasion.ENFORCEMENT, 4, ((WhistleAct.ARRIVE, "已到场"),)),
    (
        "旧小区大件垃圾无处堆放",
        "入户协商六次,腾出一处空地",
        Occasion.PROBLEM,
        72,
        ((WhistleAct.ARRIVE, "已到场"), (WhistleAct.HANDLE, "设了临时堆放点,每周二清运")),
    ),
    ("校门口垃圾房选址", "征求意见三次", Occasion.PROBLEM, 48, ((WhistleAct.REFUSE, "校门内侧属学校管理"),)),
)
"""Whistles: title, own effort, occasion, hours until wanted, what the unit did."""
OFFICERS = (("ZF-1001", "示例执法员甲"), ("ZF-1002", "示例执法员乙"))


@dataclass(frozen=True)
class Step:
    """One act: days before now, by whom, what."""

    ago: float
    who: Actor
    act: Act
    note: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    photo: str = ""


@dataclass(frozen=True)
class Scene:
    """One case; ``near`` says whether it lies where the demo worker walks."""

    kind: IncidentKind
    category: str
    title: str
    ago: float
    steps: Sequence[Step] = ()
    level: int | None = None
    channel: Channel = Channel.PATROL
    near: bool = True
    who: Actor = WORKER
    data: dict[str, Any] = field(default_factory=dict)
    photo: str = ""


def _step(ago: float, who: Actor, act: Act, note: str = "", photo: str = "", **data: Any) -> Step:  # noqa: ANN401  what an act asks
    return Step(ago, who, act, note, data, photo)


def _day(ago: float) -> str:
    return (datetime.now(UTC) - timedelta(days=ago)).astimezone().date().isoformat()


def _moment(ago: float) -> str:
    return (datetime.now(UTC) - timedelta(days=ago)).isoformat(timespec="minutes")


def scenes() -> list[Scene]:
    """All of them, the gravest first."""
    hazard, dispute, enforcement, matter = (
        IncidentKind.HAZARD,
        IncidentKind.DISPUTE,
        IncidentKind.ENFORCEMENT,
        IncidentKind.MATTER,
    )
    taken = (Act.ACCEPT, Act.DISPATCH)
    return [
        Scene(
            hazard,
            "燃气",
            "餐馆后厨燃气软管穿墙,报警器不响",
            34,
            level=1,
            photo="before",
            data={"interim": "已停用灶具,关闭入户阀"},
            steps=(
                _step(33.9, SUPERVISOR, taken[0], level="1"),
                _step(33.8, SUPERVISOR, taken[1]),
                _step(33, SUPERVISOR, Act.BEGIN, "到场核对管线走向"),
                _step(
                    32,
                    SUPERVISOR,
                    Act.MEASURES,
                    duty="应急管理办公室 安全员",
                    deadline=_day(-3),
                    means="更换软管并改线,装自闭阀",
                    funds="6000",
                    funding="经营户自筹",
                    plan="发生泄漏时关阀、疏散、报 119",
                ),
            ),
        ),
        Scene(
            hazard,
            "电动自行车",
            "单元门厅停放充电 6 辆,堵住出口",
            5,
            level=2,
            photo="before",
            steps=(
                _step(4.9, SUPERVISOR, taken[0], level="2"),
                _step(4.8, SUPERVISOR, taken[1]),
                _step(4, WORKER, Act.BEGIN, "联系物业清理"),
            ),
        ),
        Scene(
            hazard,
            "消防",
            "楼道堆放杂物,疏散指示灯不亮",
            9,
            level=3,
            photo="before",
            steps=(
                _step(8.9, SUPERVISOR, taken[0], level="3"),
                _step(8.8, SUPERVISOR, taken[1]),
                _step(8, WORKER, Act.BEGIN, "与楼栋长一起清理"),
                _step(6, WORKER, Act.ANSWER, "杂物已清,指示灯已换", photo="after"),
                _step(5, SUPERVISOR, Act.CHECK, "现场复查,通道畅通", result="pass"),
                _step(4.9, SUPERVISOR, Act.CLOSE, "销号"),
            ),
        ),
        Scene(
            hazard,
            "房屋结构",
            "外墙砖松动,下方是幼儿园通道",
            2,
            level=2,
            near=False,
            who=SUPERVISOR,
            photo="before",
            steps=(
                _step(1.9, SUPERVISOR, taken[0], level="2"),
                _step(1.8, SUPERVISOR, taken[1]),
                _step(1.7, SUPERVISOR, Act.INTERIM, "已拉警戒线,改走东侧门"),
            ),
        ),
        Scene(hazard, "电气线路", "棋牌室私拉电线", 0.12, level=3, photo="before"),
        Scene(
            dispute,
            "劳资",
            "装修队十二人讨要工程款,到项目部门口聚集",
            6,
            level=1,
            channel=Channel.TRANSFER,
            near=False,
            who=SUPERVISOR,
            data={"people": 12, "amount": "186000"},
        ),
        Scene(
            dispute,
            "婚姻家庭邻里",
            "楼上渗水,两户争执赔偿",
            20,
            level=3,
            steps=(
                _step(19.9, SUPERVISOR, taken[0], level="3"),
                _step(19.8, SUPERVISOR, taken[1]),
                _step(19, WORKER, Act.BEGIN, "约两户见面"),
                _step(17, WORKER, Act.MEDIATE, "双方对渗水原因有分歧,约定请物业查管", method="people", result="going"),
                _step(10, WORKER, Act.MEDIATE, "查明是楼上地漏,责任明确,商谈金额", method="people", result="going"),
                _step(3, WORKER, Act.MEDIATE, "金额差两千元,再谈一次", method="people", result="going"),
            ),
        ),
        Scene(
            dispute,
            "物业管理",
            "地下车位涨价,业主拒缴物业费",
            26,
            level=2,
            near=False,
            who=SUPERVISOR,
            data={"people": 64},
            steps=(
                _step(25.9, SUPERVISOR, taken[0], level="2"),
                _step(25.8, SUPERVISOR, taken[1]),
                _step(25, SUPERVISOR, Act.BEGIN, "约谈物业"),
                _step(24, SUPERVISOR, Act.MEDIATE, "业委会、物业、社区三方会谈", method="people", result="going"),
                _step(
                    20,
                    SUPERVISOR,
                    Act.AGREE,
                    "三方签字",
                    form="written",
                    signed_on=_day(20),
                    agreement="示例调字 2 号",
                    terms="车位价格恢复原价,业主补缴物业费",
                    perform_by=_day(-10),
                ),
            ),
        ),
        Scene(
            enforcement,
            "违法建设",
            "一楼住户破墙开门,搭建门厅",
            85,
            near=False,
            who=SUPERVISOR,
            data={
                "cause": "擅自改变房屋外立面搭建",
                "basis": "城乡规划法第六十四条",
                "procedure": "ordinary",
                "offender": "person",
            },
            steps=(
                _step(
                    84,
                    SUPERVISOR,
                    taken[0],
                    cause="擅自改变房屋外立面搭建",
                    basis="城乡规划法第六十四条",
                    officers=[card for card, _ in OFFICERS],
                ),
                _step(83.9, SUPERVISOR, taken[1]),
                _step(83, SUPERVISOR, Act.BEGIN, "现场勘验"),
                _step(40, SUPERVISOR, Act.STAGE, "勘验笔录、询问笔录归档", stage="investigate", on=_moment(40)),
            ),
        ),
        Scene(
            enforcement,
            "占道经营",
            "水果店出店经营,劝离三次无效",
            3,
            near=False,
            who=SUPERVISOR,
            data={"cause": "擅自占用城市道路经营", "offender": "person"},
        ),
        Scene(
            matter,
            "暴露垃圾",
            "垃圾桶满溢,异味扰民",
            1.2,
            channel=Channel.HOTLINE,
            near=False,
            who=SUPERVISOR,
            steps=(
                _step(1.1, SUPERVISOR, Act.VERIFY, "属实", result="exist"),
                _step(1.1, SUPERVISOR, taken[0]),
                _step(1.05, SUPERVISOR, taken[1]),
            ),
        ),
        Scene(
            matter,
            "暴露垃圾",
            "绿化带内有装修垃圾袋",
            0.3,
            steps=(_step(0.28, SUPERVISOR, taken[0]), _step(0.27, SUPERVISOR, taken[1])),
        ),
        Scene(
            matter,
            "机动车乱停放",
            "消防通道停放两辆车",
            0.6,
            steps=(
                _step(0.58, SUPERVISOR, taken[0]),
                _step(0.57, SUPERVISOR, taken[1]),
                _step(0.5, WORKER, Act.BEGIN, "联系车主挪车"),
            ),
        ),
        Scene(
            matter,
            "道路破损",
            "人行道塌陷一块,已放锥桶",
            4,
            channel=Channel.HOTLINE,
            near=False,
            who=SUPERVISOR,
            steps=(
                _step(3.9, SUPERVISOR, Act.VERIFY, "属实", result="exist"),
                _step(3.8, SUPERVISOR, taken[0]),
                _step(3.7, SUPERVISOR, taken[1]),
                _step(3, SUPERVISOR, Act.SUSPEND, "等待管线单位交底"),
            ),
        ),
        Scene(matter, "噪声扰民", "夜间施工,居民来电三次", 0.5, channel=Channel.HOTLINE, near=False, who=SUPERVISOR),
        Scene(
            matter,
            "道路不洁",
            "早市散后路面油污",
            2,
            near=False,
            who=SUPERVISOR,
            steps=(
                _step(1.95, SUPERVISOR, taken[0]),
                _step(1.9, SUPERVISOR, taken[1]),
                _step(1.8, SUPERVISOR, Act.BEGIN, "安排冲洗"),
                _step(1.7, SUPERVISOR, Act.ANSWER, "已冲洗两遍"),
            ),
        ),
        Scene(matter, "不明井盖", "巷口井盖破损,找不到产权单位", 1.5),
    ]
