"""What can go wrong with a case, each with a remedy; nothing was written where one is raised."""

from __future__ import annotations

from gis.errors import BadInput
from gis.errors import NotAllowed
from gis.errors import NotFound


class StepRefused(BadInput):
    """The act is not possible in this state."""

    template = "现在是“{state}”,不能{act}。"
    cure = "现在可以做的:{possible}。没有写入任何内容。"
    http_status = 409


class RoleUnfit(NotAllowed):
    """Another role does this."""

    template = "“{act}”不由你的角色来做。"
    cure = "受理、派遣、结案由督导员办理,处置和反馈由承办单位或网格员办理,领导可以督办;没有写入任何内容。"


class PairMissing(NotAllowed):
    """Who answered a case does not check it."""

    template = "反馈和核查须由两个人完成:这个案件是你反馈的。"
    cure = "请另一位网格员或督导员到场核查;没有写入任何内容。"


class SomebodyWasFaster(BadInput):
    """Somebody acted on the case in between."""

    template = "{who}在 {when} 刚刚对案件 {code} 做了“{act}”,你的操作没有写入。"
    cure = "请刷新后看看它现在的状态,再决定怎么做;你填写的内容还在。"
    http_status = 409


class CaseMissing(NotFound):
    """No case of this code or number, or it is not the actor's to see."""

    template = "没有案件 {code},或它不在你的管辖范围内。"
    cure = "请检查编号,或换一个有权限的账号。"


class WordsMissing(BadInput):
    """Something has to be said."""

    template = "“{act}”要写明情况或理由。"
    cure = "请写一句话;它会进入案件经过。"


class ResultMissing(BadInput):
    """The act has to say what came out, or whom it goes to."""

    template = "“{act}”缺少结果或对象。"
    cure = "可选:{choices}。"


class MomentUnfit(BadInput):
    """A step would have happened in the future, or before the one before it."""

    template = "时间 {at} 不合适:不能晚于现在,也不能早于上一步({before})。"
    cure = "请改时间;离线补报请填实际发生的时间。"


class HandlerUnfit(BadInput):
    """Nobody by this name may be given a case here."""

    template = "不能派给 {handler}:没有这个账号,或它在这个辖区没有督导员、网格员或部门的角色。"
    cure = "请从可派遣的人员中选择。"


class PlaceOutside(NotAllowed):
    """The place of a report is not where the reporter works."""

    template = "这个位置不在你的管辖范围内,没有写入任何内容。"
    cure = "请在自己的网格里选点;范围外的问题请转告督导员上报。"


class DraftUnfit(BadInput):
    """A report lacks something or holds what cannot be."""

    template = "上报内容有误:{detail}。"
    cure = "请更正后重试;你填写的内容还在。"


class LinkUnfit(BadInput):
    """Two cases that cannot be put together."""

    template = "不能关联或并入 {code}:{reason}。"
    cure = "请检查编号;并案只能并入另一个没有被并案的案件。"


class PictureUnfit(BadInput):
    """A file that is no picture, or one too large to open."""

    template = "照片“{name}”不能使用:{reason}。"
    cure = "请上传 JPEG、PNG 或 WebP 照片(苹果手机的 HEIC 请先转成 JPEG),或 4 MB 以内的 PDF 文书。"


class PhotoMissing(NotFound):
    """No photo of this number, or it is not the actor's to see."""

    template = "没有第 {id} 号照片,或它不在你的管辖范围内。"
    cure = "请在案件页面上重新选择。"
