"""What figures, tables, columns and fields of reports are called, in the language in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.casework.reporting import figures
from gis.i18n import translate as _
from gis.vocabulary import Channel
from gis.vocabulary import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Mapping


def kind(word: str) -> str:
    """Name a kind of report."""
    return {
        "weekly": _("矛盾纠纷排查工作情况记录表"),
        "hazards": _("隐患台账"),
        "monthly": _("矛盾纠纷月报表"),
    }[word]


def figures_of(counted: Mapping[str, int]) -> list[str]:
    """Give the keys of figures in the order they are named in: what is kept as JSON has none."""
    return [key for key in _figures() if key in counted]


def figure(key: str) -> str:
    """Name a figure of a report."""
    return _figures().get(key, key)


def _figures() -> dict[str, str]:
    return {
        "found": _("新增"),
        "found_own": _("其中自己排查"),
        "found_elsewhere": _("其中热线、公众或导入"),
        "signs": _("疑似纠纷的其他案件"),
        "carried": _("上期结转"),
        "again": _("复发"),
        "ended": _("本期办结"),
        "open": _("期末未结"),
        "mediations": _("调解次数"),
        "visits": _("回访次数"),
        "grave": _("未销号重大隐患"),
        "listed": _("挂牌督办"),
        "late": _("逾期未整改"),
        "year": _("本年累计"),
        "major": _("重大"),
        "forms": _("排查次数(周表)"),
        "forms_zero": _("其中零报告"),
        "band1": _("50人以下"),
        "band2": _("50至100人"),
        "band3": _("100至500人"),
        "band4": _("500人以上"),
        "band_unknown": _("人数未填"),
    }


def table(key: str) -> str:
    """Name a table of a report."""
    return {
        "new": _("本周新增"),
        "carried": _("结转事项进展"),
        "elsewhere": _("其他来源核对"),
        "hazards": _("隐患"),
        "classes": _("按类别"),
        "areas": _("按社区"),
        "cross": _("本月新增:类别与社区"),
        "other": _("计入“其他”的小类"),
        "indicators": _("本月指标(全部案件)"),
    }.get(key, key)


def column(name: str) -> str:
    """Name a column of a table; those that count are called as the figures are."""
    return {
        "code": _("编号"),
        "reported_on": _("首次上报"),
        "found_on": _("发现日期"),
        "channel": _("来源"),
        "kind": _("类别"),
        "area": _("社区"),
        "grid": _("网格"),
        "address": _("地点"),
        "category": _("小类"),
        "title": _("描述"),
        "people": _("人数"),
        "level": _("等级"),
        "hazard_level": _("等级"),
        "state": _("状态"),
        "progress": _("本期进展"),
        "again": _("复发"),
        "demand": _("整改要求"),
        "deadline": _("期限"),
        "units": _("责任单位"),
        "duty": _("责任人"),
        "interim": _("临时措施"),
        "listed_on": _("挂牌日期"),
        "answered_on": _("完成日期"),
        "checked_on": _("复查日期"),
        "closed_on": _("销号日期"),
        "new": _("本期新增"),
        "name": _("名称"),
        "numerator": _("分子"),
        "denominator": _("分母"),
        "share": _("比率"),
        "grade": _("等次"),
        "rule": _("统计口径"),
        "formula": _("算法"),
    }.get(name) or figure(name)


def entered(key: str) -> str:
    """Name a field people fill in."""
    return {
        "organiser": _("组织者"),
        "participants": _("参加人员(按角色)"),
        "places": _("排查地点"),
        "problems": _("存在问题"),
        "measures": _("整改措施"),
        "signature": _("填报人"),
        "remark": _("备注"),
        "zero": _("零报告"),
    }[key]


def channel(word: str) -> str:
    """Name how a case became known."""
    return {
        Channel.PATROL: _("巡查"),
        Channel.HOTLINE: _("热线"),
        Channel.PUBLIC: _("公众上报"),
        Channel.VIDEO: _("视频"),
        Channel.TRANSFER: _("转办"),
        Channel.OTHER: _("其他"),
    }[Channel(word)]


def case_kind(word: str) -> str:
    """Name one of the four kinds of cases."""
    return {
        IncidentKind.MATTER: _("一般事项"),
        IncidentKind.HAZARD: _("隐患"),
        IncidentKind.DISPUTE: _("纠纷"),
        IncidentKind.ENFORCEMENT: _("执法"),
    }[IncidentKind(word)]


def rule(word: str) -> str:
    """Name a rule of the period."""
    return figures.rule_name(word)
