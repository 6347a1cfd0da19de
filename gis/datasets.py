"""What a file may hold: the datasets, the columns of their clean frames, and how their rows lie on the map.

The types of the columns are ``text``, ``integer``, ``number``, ``date``, ``timestamp`` or the name of an enum of
:mod:`gis.vocabulary`. What headers mean them is in ``data/reference/fields.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Dataset(StrEnum):
    """What a file may hold: the word after ``script/gis import``."""

    AREAS = "areas"
    GRIDS = "grids"
    BUILDINGS = "buildings"
    INCIDENTS = "incidents"
    ROADS = "roads"
    WATER = "water"
    GREEN = "green"
    EXCLUDED = "excluded"
    PEOPLE = "people"
    LEAVES = "leaves"
    ORGANISATIONS = "organisations"
    VISITS = "visits"
    TRACKS = "tracks"
    DUTIES = "duties"


@dataclass(frozen=True, slots=True)
class Field:
    """One column a dataset may carry.

    Attributes
    ----------
    name : str
        Canonical name: column of the clean frame and of the table.
    type : str
        ``text``, ``integer``, ``number``, ``date``, ``timestamp`` or one of the enums' names.
    label : str
        Chinese source string of its label.
    required : bool
        Whether a row without it is refused.
    """

    name: str
    type: str
    label: str
    required: bool = False


FIELDS: dict[Dataset, tuple[Field, ...]] = {
    Dataset.AREAS: (
        Field("code", "text", "编码"),
        Field("name", "text", "名称"),
        Field("level", "AreaLevel", "层级"),
        Field("parent_code", "text", "上级编码"),
    ),
    Dataset.GRIDS: (
        Field("code", "text", "编码"),
        Field("name", "text", "名称"),
        Field("kind", "GridKind", "网格类型"),
        Field("area_code", "text", "所属社区编码"),
        Field("valid_from", "date", "启用日期"),
    ),
    Dataset.BUILDINGS: (
        Field("code", "text", "编码"),
        Field("name", "text", "名称"),
        Field("address", "text", "地址"),
        Field("kind", "BuildingKind", "用途"),
        Field("households", "integer", "户数"),
        Field("people", "integer", "人数"),
        Field("floors", "integer", "层数"),
        Field("built_on", "date", "建成日期"),
        Field("demolished_on", "date", "拆除日期"),
        Field("declared_grid", "text", "登记网格"),
    ),
    Dataset.INCIDENTS: (
        Field("code", "text", "编号"),
        Field("kind", "IncidentKind", "类别"),
        Field("category", "text", "小类"),
        Field("title", "text", "描述"),
        Field("address", "text", "地址"),
        Field("channel", "Channel", "来源"),
        Field("state", "text", "状态"),
        Field("occurred_at", "timestamp", "发生时间"),
        Field("closed_at", "timestamp", "办结时间"),
        Field("category_code", "text", "小类代码"),
        Field("standard", "text", "分类标准"),
        Field("level", "CaseLevel", "等级"),
        Field("unit", "text", "承办单位"),
        Field("due_at", "timestamp", "办理时限"),
        Field("source_number", "text", "来源单号"),
        Field("reporter", "text", "诉求人"),
        Field("phone", "text", "联系电话"),
    ),
    Dataset.ROADS: (Field("code", "text", "编码"), Field("name", "text", "名称"), Field("kind", "text", "等级")),
    Dataset.WATER: (Field("code", "text", "编码"), Field("name", "text", "名称"), Field("kind", "text", "类型")),
    Dataset.GREEN: (Field("code", "text", "编码"), Field("name", "text", "名称"), Field("kind", "text", "类型")),
    Dataset.EXCLUDED: (
        Field("code", "text", "编码"),
        Field("name", "text", "名称"),
        Field("reason", "text", "理由"),
    ),
    Dataset.PEOPLE: (
        Field("code", "text", "工号"),
        Field("name", "text", "姓名", required=True),
        Field("phone", "text", "手机"),
        Field("duty", "Duty", "岗位", required=True),
        Field("grid_code", "text", "网格编码"),
        Field("building_code", "text", "楼栋编码"),
        Field("organisation_code", "text", "组织编码"),
        Field("valid_from", "date", "上任日期"),
        Field("valid_to", "date", "离任日期"),
    ),
    Dataset.LEAVES: (
        Field("person_code", "text", "工号", required=True),
        Field("begins", "date", "开始日期", required=True),
        Field("ends", "date", "结束日期"),
    ),
    Dataset.ORGANISATIONS: (
        Field("code", "text", "编码"),
        Field("name", "text", "名称", required=True),
        Field("level", "OrganisationLevel", "层级", required=True),
        Field("parent_code", "text", "上级编码"),
        Field("area_code", "text", "辖区编码"),
        Field("grid_code", "text", "网格编码"),
        Field("building_code", "text", "楼栋编码"),
    ),
    Dataset.VISITS: (
        Field("code", "text", "编号"),
        Field("person_code", "text", "工号"),
        Field("visited_at", "timestamp", "走访时间", required=True),
        Field("grid_code", "text", "网格编码"),
        Field("building_code", "text", "楼栋编码"),
        Field("note", "text", "备注"),
    ),
    Dataset.TRACKS: (
        Field("code", "text", "编号"),
        Field("person_code", "text", "工号"),
        Field("started_at", "timestamp", "开始(定位)时间"),
        Field("ended_at", "timestamp", "结束时间"),
    ),
    Dataset.DUTIES: (
        Field("code", "text", "编号"),
        Field("number", "text", "序号"),
        Field("name", "text", "事项名称", required=True),
        Field("domain", "text", "领域"),
        Field("listing", "Listing", "清单"),
        Field("kind", "IncidentKind", "类别"),
        Field("category", "text", "小类"),
        Field("area_code", "text", "辖区编码"),
        Field("lead", "text", "牵头单位"),
        Field("assists", "text", "配合单位"),
        Field("task", "text", "配合内容"),
        Field("basis", "text", "依据"),
        Field("valid_from", "date", "生效日期"),
        Field("valid_to", "date", "失效日期"),
    ),
}
"""Columns of the clean frame of each dataset, besides its geometry."""

SHAPES: dict[Dataset, str] = {
    Dataset.AREAS: "polygon", Dataset.GRIDS: "polygon", Dataset.BUILDINGS: "point", Dataset.INCIDENTS: "point",
    Dataset.ROADS: "line", Dataset.WATER: "polygon", Dataset.GREEN: "polygon", Dataset.EXCLUDED: "polygon",
    Dataset.PEOPLE: "none", Dataset.LEAVES: "none", Dataset.ORGANISATIONS: "none", Dataset.VISITS: "point",
    Dataset.TRACKS: "line", Dataset.DUTIES: "none",
}  # fmt: skip
"""Shape each dataset stores; buildings given as polygons keep them as footprints. ``none``: a plain table."""

PERSONAL: dict[Dataset, tuple[str, ...]] = {Dataset.INCIDENTS: ("reporter", "phone")}
"""Fields that tell who somebody is: they go into a table of their own."""

PLACELESS = (Dataset.BUILDINGS, Dataset.INCIDENTS, Dataset.VISITS)
"""Datasets whose records may have no place: a blind spot or a question of its own."""

NETWORKED = (Dataset.GRIDS, Dataset.PEOPLE, Dataset.ORGANISATIONS, Dataset.VISITS)
"""Datasets whose grids are those of one network."""

STAFFED = (Dataset.VISITS, Dataset.TRACKS)
"""Datasets whose file may be one person's, who is then named beside it."""
