"""Why a repair cannot be made, each with what to do instead."""

from __future__ import annotations

from gis.errors import BadInput
from gis.errors import GridAtlasError
from gis.errors import NotAllowed


class Unrepairable(GridAtlasError):
    """The repair does not fit the land as it is."""

    template = "按这个办法改不了边界:{detail}。"
    cure = "请换一个办法,或交规划员在工作台上手工调整。"
    http_status = 409


class OutsideCommunity(Unrepairable):
    """Land would go to a grid of another community."""

    template = "这块土地不在网格 {grid} 所属的社区之内,不能划给它。"
    cure = "请划给本社区的网格;确需调整的,先商定社区边界。"


class WouldBreak(Unrepairable):
    """The edit would leave a gap or an overlap."""

    template = "这样改会在别处留下空白或重叠。"


class NothingLeft(Unrepairable):
    """The finding's place is not there any more, or the grid would lose all its land."""

    template = "这里已经没有可改的土地:边界可能已被改过,或网格会失去全部土地。"
    cure = "请刷新后再看;若整个网格都在别的社区,请商定它的归属。"


class NoNeighbour(Unrepairable):
    """No grid of the right community touches the land."""

    template = "同一社区里没有与这块土地相接的网格。"
    cure = "请为它新设一个网格,或商定社区边界。"


class CannotSplit(Unrepairable):
    """No cut gives connected parts that each have buildings."""

    template = "网格 {grid} 找不到合适的切分线:住户集中在个别楼栋里。"
    cure = "请在工作台上手工划分,或登记为例外并写明理由。"


class OfferUnknown(BadInput):
    """The entry does not offer this repair."""

    template = "这个问题没有这样的处理办法。"
    cure = "请刷新后从列出的办法里选。"


class GridMoved(Unrepairable):
    """A grid was changed after the proposal was made."""

    template = "网格 {grids} 在方案提出之后被改过,方案已过期。"
    cure = "请按现在的边界重新提出方案。"


class NewTrouble(Unrepairable):
    """Applying the edit would make a blind spot or something that forbids publishing."""

    template = "这样改会出现新的问题:{reasons}"
    cure = "请换一个办法,或先处理这些问题。"


class StillThere(Unrepairable):
    """The rule still finds what the edit was to repair."""

    template = "改了之后规则仍然发现这个问题,没有写入任何内容。"


class NotOpen(Unrepairable):
    """A proposal was applied, withdrawn or is stale already."""

    template = "这个方案已经不是待办状态。"
    cure = "请刷新后再看。"


class PlannerOnly(NotAllowed):
    """A supervisor proposes, a planner applies."""

    template = "只有负责这些网格的规划员才能让方案生效。"
    cure = "方案已保留,请规划员处理。"


class ReasonMissing(BadInput):
    """A record repair needs a reason, a finished task a result."""

    template = "没有写明理由或结果。"
    cure = "请写一句话说明。"


class WhoMissing(BadInput):
    """A task needs somebody to do it."""

    template = "没有指定由谁完成,或这个人不在你的辖区。"
    cure = "请选责任账号,或选一位工作人员。"


class TaskOver(BadInput):
    """A task is done, or is not the actor's."""

    template = "第 {id} 号任务已经完成,或不是交给你的。"
    cure = "请刷新后再看。"
    http_status = 409


class OwnerBlind(BadInput):
    """Whoever shall do a task cannot see what it is about."""

    template = "{owner} 的辖区里没有这个问题,看不到这项任务。"
    cure = "请先把这一条分派给他,或选这个辖区的人。"
