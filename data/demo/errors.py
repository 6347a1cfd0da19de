"""Mistakes only the demo makes."""

from __future__ import annotations

from gis.errors import BadInput


class SizeUnknown(BadInput):
    """No such size."""

    template = "没有名为 {size} 的示例规模。"
    cure = "可选:street(一个街道)、district(十二个街道)、city(二百个街道)。"


class DatabaseNotEmpty(BadInput):
    """There are records already, and nobody asked to replace them."""

    template = "数据库里已经有数据:{held}。"
    cure = "如果这些是以前生成的示例数据,加 --replace 重新生成;要清空全部数据请运行 script/gis db reset --yes。"


class RecordsNotOurs(BadInput):
    """There are records the demo did not make; it never takes those away."""

    template = "数据库里有不是示例生成的数据({imports} 次导入),不能用示例数据替换。"
    cure = "请换一个数据库(GRIDATLAS_DATABASE_NAME),或先备份,再运行 script/gis db reset --yes 清空。"


class FolderInUse(BadInput):
    """The folder for the files has something in it."""

    template = "文件夹 {path} 不是空的。"
    cure = "请换一个空文件夹。"
