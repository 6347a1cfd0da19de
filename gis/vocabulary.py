"""The words of the domain: enums and small frozen dataclasses every floor shares.

Nothing here reads a file, a table or a setting. What an office may change (limits,
categories, patterns) is not here but in ``data/reference/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SRID = 4490
"""CGCS2000 longitude/latitude: what every stored geometry uses."""

SRID_WEB = 3857
"""Web Mercator: only for cutting tiles, never for measuring."""


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


class AreaLevel(StrEnum):
    """Levels of the administrative division, widest first."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"


class NetworkKind(StrEnum):
    """Nets that lie side by side over one city (domain facts §1.3, §5.4)."""

    COMPREHENSIVE = "comprehensive"
    CITY_MANAGEMENT = "city_management"
    POLICE = "police"
    PARTY = "party"
    OTHER = "other"


class GridKind(StrEnum):
    """Types of grid within a network (domain facts §1.3)."""

    GENERAL = "general"
    DEDICATED = "dedicated"
    MICRO = "micro"
    UNIT = "unit"


class BuildingKind(StrEnum):
    """Uses of a building (Xi'an DB6101/T 3185-2024, with the seed's new districts)."""

    RESIDENTIAL = "residential"
    OFFICE = "office"
    COMMERCIAL = "commercial"
    MARKET = "market"
    INDUSTRIAL = "industrial"
    WAREHOUSE = "warehouse"
    PUBLIC = "public"
    MIXED = "mixed"
    OTHER = "other"


class IncidentKind(StrEnum):
    """The four kinds of casework."""

    MATTER = "matter"
    HAZARD = "hazard"
    DISPUTE = "dispute"
    ENFORCEMENT = "enforcement"


class CaseLevel(StrEnum):
    """How grave a hazard or a dispute is; its names are in the table of levels."""

    GRAVE = "1"
    SERIOUS = "2"
    ORDINARY = "3"
    SLIGHT = "4"


class CaseState(StrEnum):
    """Where a case stands in its flow, in the order of the flow; the last three are ends (domain facts §1.8)."""

    REPORTED = "reported"
    VERIFYING = "verifying"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    ANSWERED = "answered"
    CHECKED = "checked"
    CLOSED = "closed"
    REJECTED = "rejected"
    MERGED = "merged"


class Standing(StrEnum):
    """How a case stands with its clock (``atlas.clock_of``)."""

    LATE = "late"
    NEAR = "near"
    RUNNING = "running"
    PAUSED = "paused"
    NONE = "none"
    ENDED = "ended"


class Act(StrEnum):
    """What is done with a case: every event is one of these (domain facts §1.8, §2.4, §3, §4)."""

    REPORT = "report"
    VERIFY = "verify"
    ACCEPT = "accept"
    REJECT = "reject"
    DISPATCH = "dispatch"
    RETURN = "return"
    BEGIN = "begin"
    INTERIM = "interim"
    NOTE = "note"
    ANSWER = "answer"
    CHECK = "check"
    CLOSE = "close"
    RATE = "rate"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXTEND = "extend"
    CARD = "card"
    APPEAL = "appeal"
    DECIDE = "decide"
    REOPEN = "reopen"
    LINK = "link"
    MERGE = "merge"
    CHANGE = "change"
    IMPORT = "import"
    MEASURES = "measures"
    MEDIATE = "mediate"
    AGREE = "agree"
    PERFORM = "perform"
    CONFIRM = "confirm"
    REVISIT = "revisit"
    STAGE = "stage"


class WhistleKind(StrEnum):
    """Who calls whom: 网格吹哨、街社报到; 街道吹哨、部门报到 (domain facts §2.1)."""

    GRID = "grid"
    STREET = "street"


class Occasion(StrEnum):
    """The three occasions of a whistle: 重点难题, 综合执法, 应急处置 (domain facts §2.1)."""

    PROBLEM = "problem"
    ENFORCEMENT = "enforcement"
    EMERGENCY = "emergency"


class WhistleState(StrEnum):
    """Where a whistle stands; the last two are ends."""

    DRAFTED = "drafted"
    CALLED = "called"
    REFUSED = "refused"
    ARRIVED = "arrived"
    HANDLED = "handled"
    RATED = "rated"
    DROPPED = "dropped"


class WhistleAct(StrEnum):
    """What is done with a whistle: every event of one is one of these."""

    BLOW = "blow"
    APPROVE = "approve"
    DECLINE = "decline"
    ARRIVE = "arrive"
    REFUSE = "refuse"
    ARBITRATE = "arbitrate"
    MEASURE = "measure"
    HANDLE = "handle"
    BACK = "back"
    RATE = "rate"
    EXPLAIN = "explain"
    NOTE = "note"
    DROP = "drop"


class Channel(StrEnum):
    """How an incident became known."""

    PATROL = "patrol"
    HOTLINE = "hotline"
    PUBLIC = "public"
    VIDEO = "video"
    TRANSFER = "transfer"
    OTHER = "other"


class Duty(StrEnum):
    """Posts a person can hold (domain facts §1.5)."""

    CHIEF = "chief"
    WORKER = "worker"
    PART_TIME = "part_time"
    GUIDE = "guide"
    BUILDING_HEAD = "building_head"
    HOUSEHOLD_HEAD = "household_head"
    SECRETARY = "secretary"


class OrganisationLevel(StrEnum):
    """The chain 街道党工委 — 社区党总支 — 小区党支部 — 楼栋长 — 党员中心户, widest first."""

    STREET = "street"
    COMMUNITY = "community"
    ESTATE = "estate"
    BUILDING = "building"
    HOUSEHOLD = "household"


class Listing(StrEnum):
    """Which of the three lists a duty stands on: 基本履职, 配合履职, 上级收回 (domain facts §0.6)."""

    STREET = "street"
    SHARED = "shared"
    DEPARTMENT = "department"


class Doubt(StrEnum):
    """Questions about a visit or track; it does not count until somebody answers."""

    OUTSIDE = "outside"
    SPEED = "speed"
    NO_PLACE = "no_place"
    FUTURE = "future"
    SAME_MINUTE = "same_minute"
    EVEN = "even"


class Datum(StrEnum):
    """Reference systems of incoming coordinates that have a name; others are ``EPSG:n``."""

    CGCS2000 = "cgcs2000"
    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class Severity(StrEnum):
    """How much a finding weighs, heaviest first."""

    BLOCK = "block"
    BLIND = "blind"
    WARN = "warn"
    HINT = "hint"


class RuleKey(StrEnum):
    """Keys of the seventeen kinds of blind spot (domain facts §5.2, B1 to B17)."""

    UNCLAIMED_LAND = "unclaimed_land"
    CONTESTED_LAND = "contested_land"
    UNASSIGNED_BUILDING = "unassigned_building"
    BOUNDARY_BUILDING = "boundary_building"
    UNSTAFFED_GRID = "unstaffed_grid"
    STRAY_PART = "stray_part"
    GRID_SIZE = "grid_size"
    OVERDUE_VISIT = "overdue_visit"
    UNTOUCHED_AREA = "untouched_area"
    SILENT_CATEGORY = "silent_category"
    HOTLINE_ONLY = "hotline_only"
    UNCOVERED_VENUE = "uncovered_venue"
    UNOWNED_MATTER = "unowned_matter"
    UNCOVERED_HOURS = "uncovered_hours"
    UNLOCATED_RECORD = "unlocated_record"
    OUTDATED_BOUNDARY = "outdated_boundary"
    SEAM = "seam"


class Role(StrEnum):
    """What an account may do; the rights are in the matrix of ``docs/access.md``."""

    LEADER = "leader"
    PLANNER = "planner"
    SUPERVISOR = "supervisor"
    WORKER = "worker"
    DEPARTMENT = "department"
    WALL = "wall"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Reach(StrEnum):
    """Kinds of scope: the whole office, an area with all in it, a single grid."""

    OFFICE = "office"
    AREA = "area"
    GRID = "grid"


class ActorKind(StrEnum):
    """Who stands behind a connection: a person, or a job of the house."""

    PERSON = "person"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever a connection works for; every audit row carries the name.

    Attributes
    ----------
    name : str
        Account name, or ``job:<what>`` for the house's own work.
    kind : ActorKind
        Persons work as ``atlas_app`` under row-level security; jobs as ``atlas_owner``.
    origin : str
        Where the deed comes from, for the audit: a network address, ``cli``.
    """

    name: str
    kind: ActorKind = ActorKind.PERSON
    origin: str = ""

    @classmethod
    def job(cls, what: str) -> Actor:
        """Name an actor for work that no person does by hand."""
        return cls(f"job:{what}", ActorKind.JOB)


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
