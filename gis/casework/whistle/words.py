"""What kinds, occasions, states, acts and questions of whistles are called, in the language in force."""

from __future__ import annotations

from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import Occasion
from gis.vocabulary import WhistleAct
from gis.vocabulary import WhistleKind
from gis.vocabulary import WhistleState


def kind(word: str) -> str:
    """Who calls whom."""
    return {WhistleKind.GRID: _("网格吹哨、街社报到"), WhistleKind.STREET: _("街道吹哨、部门报到")}[WhistleKind(word)]


def occasion(word: str) -> str:
    """Name of an occasion."""
    return {
        Occasion.PROBLEM: _("重点难题"),
        Occasion.ENFORCEMENT: _("综合执法"),
        Occasion.EMERGENCY: _("应急处置"),
    }[Occasion(word)]


def state(word: str) -> str:
    """Name of a state."""
    return {
        WhistleState.DRAFTED: _("待批准"),
        WhistleState.CALLED: _("已吹哨"),
        WhistleState.REFUSED: _("被拒绝,待裁定"),
        WhistleState.ARRIVED: _("已报到"),
        WhistleState.HANDLED: _("已处置,待评价"),
        WhistleState.RATED: _("已评价"),
        WhistleState.DROPPED: _("已撤销"),
    }[WhistleState(word)]


def act(word: str) -> str:
    """Name of an act."""
    return {
        WhistleAct.BLOW: _("吹哨"),
        WhistleAct.APPROVE: _("批准"),
        WhistleAct.DECLINE: _("不予批准"),
        WhistleAct.ARRIVE: _("报到"),
        WhistleAct.REFUSE: _("拒绝报到"),
        WhistleAct.ARBITRATE: _("裁定"),
        WhistleAct.MEASURE: _("采取措施"),
        WhistleAct.HANDLE: _("处置完成"),
        WhistleAct.BACK: _("退回重办"),
        WhistleAct.RATE: _("评价"),
        WhistleAct.EXPLAIN: _("说明签到"),
        WhistleAct.NOTE: _("记录"),
        WhistleAct.DROP: _("撤销"),
    }[WhistleAct(word)]


def standing(word: str) -> str:
    """Name of how a called unit stands."""
    return {"called": _("未到"), "arrived": _("已到"), "refused": _("拒绝"), "excused": _("免除")}[word]


def doubt(word: str) -> str:
    """Name of a question about a sign-in."""
    return {"far": _("签到位置离现场较远"), "no_place": _("签到没有位置"), "behalf": _("由他人代为签到")}[word]


def result(word: str) -> str:
    """Name of an arbitration's or a rating's result."""
    return {
        "must": _("应当报到"),
        "excused": _("免除报到"),
        "good": _("满意"),
        "fair": _("基本满意"),
        "bad": _("不满意"),
    }[word]


def results(*values: str) -> str:
    """List results for people: value and name."""
    return joined(f"{value}({result(value)})" for value in values)


def what(key: str) -> str:
    """Name of what an act has to say."""
    return {
        "reason": _("理由"),
        "measure": _("措施"),
        "result": _("结果"),
        "words": _("内容"),
        "lead": _("接替牵头的单位"),
        "must": results("must", "excused"),
        "rating": results("good", "fair", "bad"),
    }[key]
