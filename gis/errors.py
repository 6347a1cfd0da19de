"""One class per mistake, each a plain sentence and a remedy in the user's language.

This module owns the base class, the classes that more than one floor raises, and the one
table that turns a class into an HTTP status and an exit status. A class that only one
package raises lives in that package's own ``errors.py`` and inherits from here.
"""

from __future__ import annotations

from typing import ClassVar

from gis.i18n import translate as _


class GridAtlasError(Exception):
    """A mistake we can explain.

    Subclasses set ``template`` and ``cure`` (Chinese source strings, translated when shown,
    with ``str.format`` fields) and are raised with the fields as keywords::

        raise FileMissing(path=path)

    Attributes
    ----------
    fields : dict[str, object]
        What fills the template.
    """

    template: ClassVar[str] = "出错了。"
    cure: ClassVar[str] = "请把日志交给管理员。"
    http_status: ClassVar[int] = 500
    exit_status: ClassVar[int] = 2

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One sentence that says what is wrong."""
        return _(self.template).format(**self.fields)

    @property
    def remedy(self) -> str:
        """One sentence that says what to do."""
        return _(self.cure).format(**self.fields)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class BadInput(GridAtlasError):
    """Something the user gave cannot be used."""

    template = "输入有误:{detail}。"
    cure = "请更正后重试。"
    http_status = 400


class NotFound(GridAtlasError):
    """What was asked for is not there (or is not the actor's to see)."""

    template = "没有找到 {what}。"
    cure = "请检查名称或编码。"
    http_status = 404


class NotAllowed(GridAtlasError):
    """The actor's roles or scope do not reach what was to be done."""

    template = "你的角色或管辖范围不允许这项操作,没有写入任何内容。"
    cure = "请换一个有权限的账号,或请系统管理员调整角色和范围。"
    http_status = 403


class FileMissing(BadInput):
    """The named file does not exist or cannot be opened."""

    template = "找不到文件 {path}。"
    cure = "请检查路径,以及当前用户是否有权读取。"


class DatabaseUnavailable(GridAtlasError):
    """No connection to PostgreSQL can be had."""

    template = "连不上数据库:{detail}。"
    cure = "请运行 script/gis db start,或检查 GRIDATLAS_DATABASE_URL。"
    http_status = 503


class DatabaseTooOld(GridAtlasError):
    """PostgreSQL < 15, PostGIS < 3.3, or no PostGIS at all."""

    template = "数据库不满足要求:{detail}。"
    cure = "需要 PostgreSQL 15 以上和 PostGIS 3.3 以上;Debian 上可安装 postgresql-15-postgis-3。"
    http_status = 503


class RightMissing(GridAtlasError):
    """The account on the server or on the machine may not do what is needed."""

    template = "权限不足:{detail}。"
    cure = "{remedy}"
    http_status = 403


class DiskFull(GridAtlasError):
    """No room is left for what has to be written."""

    template = "磁盘空间不足:{detail}。"
    cure = "请清出空间后重试;已提交的数据没有受影响。"
    http_status = 507


class Busy(GridAtlasError):
    """Somebody else holds what was to be changed."""

    template = "数据正被别人使用,等了一会儿仍未空出来。"
    cure = "请稍后重试;本次没有写入任何内容。"
    http_status = 409


class TooSlow(GridAtlasError):
    """A question took longer than allowed, or was cancelled."""

    template = "这次查询超时,已被取消。"
    cure = "请缩小范围后重试,或由管理员调大 GRIDATLAS_STATEMENT_TIMEOUT_S。"
    http_status = 503


class PortBusy(GridAtlasError):
    """Another program listens on the port."""

    template = "端口 {port} 已被占用。"
    cure = "请停掉占用它的程序,或设置 GRIDATLAS_PORT 换一个端口。"


class ProgramMissing(GridAtlasError):
    """A program that we call is not installed."""

    template = "缺少程序:{program}。"
    cure = "{remedy}"
