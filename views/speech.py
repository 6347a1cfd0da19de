"""The words of the intake page: names of datasets and datums, and mistakes told without the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gis.datasets import Dataset
from gis.i18n import translate as _
from gis.intake import errors
from gis.records.errors import NetworkNeeded
from gis.vocabulary import AreaLevel
from gis.vocabulary import Datum
from gis.vocabulary import Role

if TYPE_CHECKING:
    from gis.errors import GridAtlasError


def dataset(kind: Dataset) -> str:
    """Name a dataset."""
    return {
        Dataset.AREAS: _("社区街道"),
        Dataset.GRIDS: _("网格"),
        Dataset.BUILDINGS: _("楼栋"),
        Dataset.INCIDENTS: _("事件"),
        Dataset.ROADS: _("道路"),
        Dataset.WATER: _("水系"),
        Dataset.GREEN: _("绿地"),
        Dataset.EXCLUDED: _("免管用地"),
        Dataset.PEOPLE: _("人员与岗位"),
        Dataset.LEAVES: _("请假离岗"),
        Dataset.ORGANISATIONS: _("组织架构"),
        Dataset.VISITS: _("走访"),
        Dataset.TRACKS: _("轨迹"),
        Dataset.DUTIES: _("权责清单"),
    }[kind]


def counted(kind: Dataset, count: int) -> str:
    """Count records of a dataset in words: ``1,200 栋楼栋``."""
    words = {
        Dataset.AREAS: _("{count} 个区划"),
        Dataset.GRIDS: _("{count} 个网格"),
        Dataset.BUILDINGS: _("{count} 栋楼"),
        Dataset.INCIDENTS: _("{count} 件事件"),
        Dataset.ROADS: _("{count} 条道路"),
        Dataset.WATER: _("{count} 片水面"),
        Dataset.GREEN: _("{count} 片绿地"),
        Dataset.EXCLUDED: _("{count} 块免管用地"),
        Dataset.PEOPLE: _("{count} 个岗位"),
        Dataset.LEAVES: _("{count} 次请假"),
        Dataset.ORGANISATIONS: _("{count} 个组织"),
        Dataset.VISITS: _("{count} 次走访"),
        Dataset.TRACKS: _("{count} 条轨迹"),
        Dataset.DUTIES: _("{count} 项职责"),
    }
    return words[kind].format(count=f"{count:,}")


def level(kind: AreaLevel) -> str:
    """Name a level of the administrative division."""
    return {
        AreaLevel.DISTRICT: _("区县"),
        AreaLevel.STREET: _("街道、乡镇"),
        AreaLevel.COMMUNITY: _("社区、村"),
    }[kind]


def datum(key: str) -> str:
    """Name a reference system."""
    named = {
        Datum.CGCS2000.value: "CGCS2000",
        Datum.WGS84.value: "WGS84",
        Datum.GCJ02.value: "GCJ-02",
        Datum.BD09.value: "BD-09",
        "none": _("无坐标"),
    }
    return named.get(key, key)


def datum_long(key: str) -> str:
    """Name a reference system with who uses it."""
    longer = {
        Datum.CGCS2000.value: _("CGCS2000(国家大地坐标系,测绘成果)"),
        Datum.WGS84.value: _("WGS84(GPS、天地图;与 CGCS2000 相差不到 1 米)"),
        Datum.GCJ02.value: _("GCJ-02(高德、腾讯地图,俗称火星坐标)"),
        Datum.BD09.value: _("BD-09(百度地图)"),
    }
    return longer.get(key, key)


def remedy(error: GridAtlasError) -> str:
    """Say what to do about a mistake on this page, where nobody types options."""
    here = {
        errors.LayerNeeded: _("请在“图层”里选一个。"),
        errors.LayerMissing: _("请在“图层”里另选一个。"),
        errors.EncodingAmbiguous: _("请在“文字编码”里选一种,看样例行里的字对不对。"),
        errors.EncodingWrong: _("请在“文字编码”里换一种,看样例行里的字对不对。"),
        errors.ColumnMissing: _("请在“字段”一步重新选择这一列。"),
        errors.FieldUnknown: _("请在“字段”一步重新选择。"),
        errors.PlaceMissing: _("请在“字段”一步指明经度列和纬度列,或 WKT 列。"),
        errors.DatumUnknown: _("请在“坐标”一步选定坐标系。"),
        errors.DatumContradicted: _("请在“坐标”一步看图后选定实际的坐标系;若确信声明无误,也可以坚持选它。"),
        NetworkNeeded: _("请在“文件”一步选择网格属于哪张网。"),
    }
    return here.get(type(error), error.remedy)


def here(sentence: str) -> str:
    """Tell a warning without the command line: what names an option names the step of this page instead."""
    told = {
        "文件没有写明辖区层级,按社区处理;若是区或街道,请用 --level 指明。": _(
            "文件没有写明区划层级,按社区处理;若是区县或街道,请回“文件”一步选层级。"
        ),
        "坐标带 {zone} 号带号,按 CGCS2000 读取;若是西安 80 或北京 54,请用 --datum EPSG:编号 指明。": _(
            "坐标带 {zone} 号带号,按 CGCS2000 读取;若是西安 80 或北京 54,请在“坐标”一步填 EPSG 编号。"
        ),
    }
    for template, instead in told.items():
        pattern = re.escape(_(template)).replace(r"\{zone\}", r"(?P<zone>\d+)")
        found = re.fullmatch(pattern, sentence)
        if found:
            return instead.format(**found.groupdict())
    return sentence


def role(name: str) -> str:
    """Name a role."""
    return {
        Role.LEADER.value: _("街道领导"),
        Role.PLANNER.value: _("网格规划员"),
        Role.SUPERVISOR.value: _("网格主管"),
        Role.WORKER.value: _("网格员"),
        Role.DEPARTMENT.value: _("部门"),
        Role.WALL.value: _("指挥大屏"),
        Role.AUDITOR.value: _("审计员"),
        Role.ADMIN.value: _("系统管理员"),
    }.get(name, name)


def scope(word: str) -> str:
    """Write a scope the reader's way: ``全街道``, ``辖区:CODE``, ``网格:CODE``."""
    kind, colon, code = word.partition(":")
    return {"office": _("全街道"), "area": _("辖区"), "grid": _("网格")}.get(kind, kind) + colon + code


def relation(name: str) -> str:
    """Name a table the audit speaks of."""
    return {
        "account": _("账号"),
        "account_role": _("账号的角色"),
        "account_scope": _("账号的管辖范围"),
        "api_token": _("令牌"),
        "login_session": _("会话"),
        "credential": _("密码"),
        "audit": _("审计"),
        "backup": _("备份"),
        "area": _("社区街道"),
        "network": _("网格网络"),
        "grid": _("网格"),
        "building": _("楼栋"),
        "incident": _("事件"),
        "road": _("道路"),
        "water": _("水系"),
        "green": _("绿地"),
        "excluded": _("免管用地"),
        "finding": _("盲区清单"),
        "task": _("任务"),
        "proposal": _("方案"),
        "import": _("导入记录"),
        "migration": _("表结构"),
    }.get(name, name)
