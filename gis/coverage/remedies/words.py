"""The words of repairs, made when they are read, in the language in force."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping


def offer(kind: str, action: str, fields: Mapping[str, Any]) -> str:
    """Say what an offer does."""
    if kind == "task":
        return task(action, str(fields.get("grid", "")))
    if action == "settle_overlap":
        return _settle(fields)
    texts = {
        "give_gap": _("把这块土地划给网格 {grid}(共用边界 {shared_m} 米)。"),
        "share_gap": _("把这块土地按相邻的边界分给各个网格。"),
        "cover_gap": _("为这块土地新设一个网格。"),
        "exclude": _("登记为允许空白,并写明理由。"),
        "share_overlap": _("重叠部分按社区边界分开,网格 {one} 与 {other} 各得本社区的一份。"),
        "cut_back": _("把网格 {grid} 收回到所属社区之内,让出的土地归那里的网格。"),
        "join_piece": _("把网格 {grid} 的这一块划给与它相接的网格 {into}。"),
        "free_piece": _("让网格 {grid} 的这一块单独成为一个网格。"),
        "split": _("把网格 {grid} 按户数均衡地拆成 {pieces} 个,尽量沿道路。"),
        "merge": _("把网格 {grid} 并入同社区的网格 {into}。"),
        "move_border": _("让边界绕开楼栋 {building},使它整栋归网格 {grid}。"),
        "declare": _("把楼栋 {building} 登记的网格改为实际所在的 {grid}。"),
        "undo": _("撤回这次调整:恢复原来的边界。"),
    }
    return texts[action].format(**fields)


def task(kind: str, grid: str = "") -> str:
    """Say what a task asks for."""
    texts = {
        "appoint": _("为网格 {grid} 配备网格长或网格员。") if grid else _("配备网格长或网格员。"),
        "visit": _("安排走访网格 {grid}。") if grid else _("安排走访。"),
        "patrol": _("安排在这些时段或地点巡查网格 {grid}。") if grid else _("安排在这些时段或地点巡查。"),
        "verify": _("到现场核实网格 {grid} 的情况。") if grid else _("到现场核实情况。"),
        "claim": _("提交权责清单会商或相邻社区商定归属。"),
        "correct": _("核对并更正记录。"),
    }
    return texts[kind].format(grid=grid)


def proposal_state(state: str) -> str:
    """Name the state of a proposal."""
    return {
        "open": _("待规划员处理"),
        "applied": _("已生效"),
        "withdrawn": _("已撤回"),
        "stale": _("已过期"),
    }[state]


def grid_name(source: str, code: str) -> str:
    """Name a grid that an edit makes: after where it comes from, with the number of its code.

    The name is stored with the grid, so it is the same in every language.
    """
    return f"{source}-{code[-3:]}"


def _settle(fields: Mapping[str, Any]) -> str:
    texts = {
        "longest_border": _("重叠部分划给包围它最多的网格 {grid},网格 {loser} 让出。"),
        "larger": _("重叠部分划给面积较大的网格 {grid},网格 {loser} 让出。"),
        "smaller": _("重叠部分划给面积较小的网格 {grid},网格 {loser} 让出。"),
        "": _("重叠部分划给网格 {grid},网格 {loser} 让出。"),
    }
    return texts[str(fields.get("why", ""))].format(grid=fields["grid"], loser=fields["loser"])
