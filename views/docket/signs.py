"""Signs and words of a case on a screen: kind, level, clock, time left. Everything is told without colour."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Protocol

from gis.casework import policy
from gis.casework import words
from gis.i18n import translate as _
from gis.vocabulary import IncidentKind
from layers.incident import SIGNS
from views import format as written

if TYPE_CHECKING:
    from datetime import timedelta

WHISTLE = "★"
MINUTES_UNTIL_S = 2 * 3600
HOURS_UNTIL_S = 48 * 3600


class Timed(Protocol):
    """What has a clock."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def clock(self) -> str:
        """``late``, ``near``, ``running``, ``paused``, ``none``, ``ended``."""

    @property
    def due_at(self) -> datetime | None:
        """When the clock runs out."""


def sign(kind: str) -> str:
    """Sign of a kind of case: its shape says what it is."""
    return SIGNS[kind]


def kind(word: str) -> str:
    """Name of a kind of case."""
    return {
        IncidentKind.MATTER: _("事项"),
        IncidentKind.HAZARD: _("隐患"),
        IncidentKind.DISPUTE: _("纠纷"),
        IncidentKind.ENFORCEMENT: _("执法"),
    }[IncidentKind(word)]


def levels(of: str) -> dict[str, str]:
    """Names of the levels of a kind, gravest first; none for kinds without levels."""
    if of == IncidentKind.HAZARD:
        return dict(policy.hazard_levels())
    if of == IncidentKind.DISPUTE:
        return dict(policy.dispute_levels(written.today()))
    return {}


def level(of: str, number: int | None) -> str:
    """Name of a level; empty where there is none."""
    return levels(of).get(str(number), "") if number else ""


def clocks() -> dict[str, str]:
    """Names of how an open case may stand with its clock, in the order of the tabs."""
    return {word: words.clock(word) for word in ("late", "near", "running", "paused", "none")}


def card(word: str | None) -> str:
    """Name of a supervision card; empty where there is none."""
    return {"yellow": _("黄牌"), "red": _("红牌")}.get(word or "", "")


def left(case: Timed, now: datetime | None = None) -> str:
    """Say how much time is left, or how long it has been over; no date."""
    if case.clock == "ended":
        return words.state(case.state)
    if case.clock == "paused" or case.due_at is None:
        return clocks()[case.clock if case.clock in clocks() else "none"]
    rest = case.due_at - (now or datetime.now(UTC))
    return (
        _("超期 {span}").format(span=span(-rest))
        if rest.total_seconds() < 0
        else _("剩 {span}").format(span=span(rest))
    )


def span(length: timedelta) -> str:
    """Write a length of time in the one unit that fits: minutes under two hours, hours under two days, else days."""
    seconds = max(length.total_seconds(), 0)
    if seconds < MINUTES_UNTIL_S:
        return _("{number} 分钟").format(number=max(int(seconds // 60), 1))
    if seconds < HOURS_UNTIL_S:
        return _("{number} 小时").format(number=int(seconds // 3600))
    return _("{number} 天").format(number=written.number(seconds // 86400))
