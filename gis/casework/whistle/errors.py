"""What can go wrong with a whistle, each with a remedy; nothing was written where one is raised."""

from __future__ import annotations

from gis.errors import BadInput
from gis.errors import NotAllowed
from gis.errors import NotFound


class WhistleMissing(NotFound):
    """No whistle of this number, or it is not the actor's to see."""

    template = "没有吹哨 {code},或它不在你的管辖范围内。"
    cure = "请检查编号,或换一个有权限的账号。"


class StepRefused(BadInput):
    """The act is not possible in this state."""

    template = "这次吹哨现在是“{state}”,不能{act}。"
    cure = "现在可以做的:{possible}。没有写入任何内容。"
    http_status = 409


class Overtaken(BadInput):
    """Somebody acted on the whistle in between."""

    template = "{who}在 {when} 刚刚对吹哨 {code} 做了“{act}”,你的操作没有写入。"
    cure = "请刷新后看看它现在的状态,再决定怎么做;你填写的内容还在。"
    http_status = 409


class NotYours(NotAllowed):
    """Another one does this."""

    template = "“{act}”不由你来做。"
    cure = "批准和裁定由批准人办理,报到、拒绝和处置由被吹单位办理,评价和撤销由吹哨人办理;没有写入任何内容。"


class OwnWhistle(NotAllowed):
    """Who blew a whistle does not approve it; who refused does not arbitrate."""

    template = "不能由本人(本单位)来“{act}”。"
    cure = "请另一位有权的人办理;没有写入任何内容。"


class UnitUnfit(BadInput):
    """The unit is not called, or has answered already."""

    template = "单位“{unit}”现在不能{act}。"
    cure = "可选的单位:{units}。"


class WordsMissing(BadInput):
    """Something has to be said."""

    template = "“{act}”要写明{what}。"
    cure = "请补上后重试;没有写入任何内容。"


class DraftUnfit(BadInput):
    """A whistle lacks something or holds what cannot be."""

    template = "吹哨内容有误:{detail}。"
    cure = "请更正后重试;你填写的内容还在。"
