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
