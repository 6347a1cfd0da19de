"""The words of a finding, made when it is read, in the language in force.

:func:`title` names a rule, :func:`reason` says in one sentence what is wrong and how much,
:func:`remedy` says what one of the computed repairs would do. Nothing is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from gis.coverage.rules import RULES
from gis.coverage.wording import land
from gis.coverage.wording import people
from gis.coverage.wording import statistics
from gis.coverage.wording.phrases import Judged
from gis.coverage.wording.phrases import length
from gis.coverage.wording.phrases import square
from gis.i18n import translate as _
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Judged", "assumption", "method", "reason", "remedy", "severity", "square", "title"]

_SENTENCES = {**land.SENTENCES, **people.SENTENCES, **statistics.SENTENCES}
_REMEDIES = {**people.REMEDIES, **statistics.REMEDIES}


def title(rule: str) -> str:
    """Name of a rule, for lists and legends."""
    return _(RULES[RuleKey(rule)].title)


def method(rule: str) -> str:
    """Say how a rule judges; nothing for a rule that measures."""
    text = RULES[RuleKey(rule)].method
    return _(text) if text else ""


def assumption(rule: str) -> str:
    """Say what a rule takes for granted and what would mislead it; nothing for a rule that measures."""
    text = RULES[RuleKey(rule)].assumption
    return _(text) if text else ""


def severity(word: str) -> str:
    """Name of a severity."""
    return {
        Severity.BLOCK: _("禁止发布"),
        Severity.BLIND: _("盲区"),
        Severity.WARN: _("警告"),
        Severity.HINT: _("提示"),
    }[Severity(word)]


def reason(finding: Judged) -> str:
    """Say in one sentence what is wrong, where, and how much of it."""
    said = _SENTENCES[RuleKey(finding.rule)](finding)
    return said[:1].upper() + said[1:]


def remedy(item: Mapping[str, Any]) -> str:
    """Say what one computed repair would do."""
    if item["action"] in _REMEDIES:
        return _REMEDIES[item["action"]](item)
    grid = item.get("grid", "")
    texts = {
        "give_to": _("划给网格 {grid}(共用边界 {shared})。"),
        "new_grid": _("新设一个网格来覆盖。"),
        "exclude": _("确属湖面、铁路等无需覆盖的土地,登记为允许空白并写明理由。"),
        "longest_border": _("重叠部分划给包围它最多的网格 {grid}。"),
        "larger": _("重叠部分划给面积较大的网格 {grid}。"),
        "smaller": _("重叠部分划给面积较小的网格 {grid}。"),
        "assign_to": _("归入网格 {grid}。"),
        "correct_place": _("核对并更正位置。"),
        "move_border": _("调整边界,绕开这栋楼。"),
        "join_piece": _("用相邻土地把各部分连成一片,或划给相邻网格。"),
        "cut_back": _("把网格 {grid} 收回到所属社区边界之内。"),
        "ask_division": _("与相邻社区商定,调整社区边界或网格归属。"),
        "split": _("把网格 {grid} 拆分为 {pieces} 个。"),
        "merge": _("把网格 {grid} 与同一社区的相邻网格合并。"),
        "check_datum": _("若大批记录如此,请核对坐标系。"),
    }
    return texts[str(item["action"])].format(
        grid=grid, shared=length(item.get("shared_m", 0)), pieces=int(item.get("pieces", 0))
    )
