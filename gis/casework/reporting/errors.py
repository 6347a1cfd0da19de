"""Mistakes of reports, each with its remedy."""

from __future__ import annotations

from gis.errors import BadInput
from gis.errors import NotAllowed
from gis.errors import NotFound


class SpanWrong(BadInput):
    """A period that is none."""

    template = "{since} 到 {until} 不是一个统计时段。"
    cure = "结束日期不能早于开始日期,时段不超过十年。"


class PeriodOpen(BadInput):
    """A period that has not ended is not frozen."""

    template = "{until} 还没有过完,不能定稿。"
    cure = "请在时段结束后的第二天再做;在此之前可以看指标和案件列表。"


class PeriodUnfit(BadInput):
    """A weekly form is of a week, a monthly table of a month."""

    template = "{since} 到 {until} 不符合这种报表的时段。"
    cure = "周表不超过七天,月表从一日到月末,台账不超过一年。"


class AreaUnknown(NotFound):
    """No such area."""

    template = "没有编码为 {code} 的辖区。"
    cure = "请检查辖区编码。"


class ReportMissing(NotFound):
    """No such report, or not the actor's to see."""

    template = "没有编号为 {number} 的报表。"
    cure = "请检查编号,见 script/gis report list。"


class AlreadyFrozen(BadInput):
    """Something was to be typed into a report that is made already."""

    template = "这份报表已经定稿(编号 {number}),填写的内容不能再改。"
    cure = "不填内容再做一次,会列出数据与定稿的差异;要补充的话写在差异说明里。"


class MakerUnfit(NotAllowed):
    """Whoever makes a report must see all it is about."""

    template = "你的角色或管辖范围不能做这份报表,没有写入任何内容。"
    cure = "领导和主管可以做自己范围内各辖区的报表;单个网格不做报表。"
