"""What states, acts and results of casework are called, in the language in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import Act
from gis.vocabulary import CaseState
from gis.vocabulary import Channel
from gis.vocabulary import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable

RESULTS: dict[Act, tuple[str, ...]] = {
    Act.VERIFY: ("exist", "not_exist", "unable"),
    Act.CHECK: ("pass", "fail", "unable"),
    Act.EXTEND: ("asked", "granted", "refused"),
    Act.DECIDE: ("upheld", "dismissed"),
    Act.CARD: ("yellow", "red", "none"),
    Act.RATE: ("good", "fair", "bad"),
}
"""What ``data["result"]`` of an act may be."""


def state(word: str) -> str:
    """Name of a state."""
    return {
        CaseState.REPORTED: _("待受理"),
        CaseState.VERIFYING: _("待核实"),
        CaseState.FILED: _("待派遣"),
        CaseState.DISPATCHED: _("待处置"),
        CaseState.HANDLING: _("处置中"),
        CaseState.ANSWERED: _("待核查"),
        CaseState.CHECKED: _("待结案"),
        CaseState.CLOSED: _("已结案"),
        CaseState.REJECTED: _("不予受理"),
        CaseState.MERGED: _("已并案"),
    }[CaseState(word)]


def standing(word: str, *, suspended: bool = False) -> str:
    """Name of a state, and whether the case waits."""
    return _("{state}(已挂起)").format(state=state(word)) if suspended else state(word)


def clock(word: str) -> str:
    """Name of how a case stands with its clock."""
    return {
        Standing.LATE: _("已超期"),
        Standing.NEAR: _("临期"),
        Standing.RUNNING: _("计时中"),
        Standing.PAUSED: _("已暂停"),
        Standing.NONE: _("无时限"),
        Standing.ENDED: _("已办结"),
    }[Standing(word)]


def tooltips() -> dict[str, dict[str, str]]:
    """Name the values a tile of incidents carries as keys: by property, by value."""
    return {
        "state": {word.value: state(word) for word in CaseState},
        "clock": {word.value: clock(word) for word in Standing},
    }


def act(word: str) -> str:
    """Name of an act."""
    return {
        Act.REPORT: _("上报"),
        Act.VERIFY: _("核实"),
        Act.ACCEPT: _("受理立案"),
        Act.REJECT: _("不予受理"),
        Act.DISPATCH: _("派遣"),
        Act.RETURN: _("退回"),
        Act.BEGIN: _("到场处置"),
        Act.INTERIM: _("临时措施"),
        Act.NOTE: _("记录"),
        Act.ANSWER: _("反馈"),
        Act.CHECK: _("核查"),
        Act.CLOSE: _("结案"),
        Act.RATE: _("评价"),
        Act.SUSPEND: _("挂起"),
        Act.RESUME: _("恢复"),
        Act.EXTEND: _("延期"),
        Act.CARD: _("督办"),
        Act.APPEAL: _("申诉"),
        Act.DECIDE: _("申诉裁定"),
        Act.REOPEN: _("重新立案"),
        Act.LINK: _("关联"),
        Act.MERGE: _("并案"),
        Act.CHANGE: _("更正"),
        Act.IMPORT: _("导入"),
        Act.MEASURES: _("五落实"),
        Act.MEDIATE: _("调解"),
        Act.AGREE: _("达成协议"),
        Act.PERFORM: _("履行"),
        Act.CONFIRM: _("司法确认"),
        Act.REVISIT: _("回访"),
        Act.STAGE: _("办案阶段"),
    }[Act(word)]


def result(word: str) -> str:
    """Name of what came out of a verification, check, decision, rating or card."""
    return {
        "exist": _("属实"),
        "not_exist": _("不属实"),
        "unable": _("无法核实"),
        "pass": _("通过"),
        "fail": _("不通过(返工)"),
        "asked": _("申请"),
        "granted": _("同意"),
        "refused": _("不同意"),
        "upheld": _("申诉成立"),
        "dismissed": _("申诉不成立"),
        "yellow": _("黄牌"),
        "red": _("红牌"),
        "none": _("取消督办"),
        "good": _("满意"),
        "fair": _("基本满意"),
        "bad": _("不满意"),
    }[word]


def choices(word: str) -> str:
    """List what the result of an act may be, for people: value and name."""
    return joined(f"{value}({result(value)})" for value in RESULTS[Act(word)])


def channel(word: str) -> str:
    """Name of the way a case became known."""
    return {
        Channel.PATROL: _("巡查发现"),
        Channel.HOTLINE: _("热线反映"),
        Channel.PUBLIC: _("群众上报"),
        Channel.VIDEO: _("视频发现"),
        Channel.TRANSFER: _("上级转办"),
        Channel.OTHER: _("其他来源"),
    }[Channel(word)]


def relation(word: str) -> str:
    """Name of how two cases belong together."""
    return {"related": _("相关"), "relapse": _("复发"), "cause": _("起因"), "duplicate": _("疑似重复")}[word]


def relations() -> str:
    """List how two cases may belong together, for people."""
    told = [f"{word}({relation(word)})" for word in ("related", "relapse", "cause", "duplicate")]
    return joined([*told, _("none(取消关联)")])


def listed(names: Iterable[str]) -> str:
    """Names, with the separator of the language."""
    return joined(names)


def nothing() -> str:
    """Say that nothing can be done."""
    return _("无")


def receivers() -> str:
    """Say what a dispatch needs."""
    return _("牵头单位(units),或经办人(handler)")


def another() -> str:
    """Say what a merge needs."""
    return _("要并入的案件编号(into)")
