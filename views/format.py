"""How numbers, dates, lengths and areas are written on a screen, and how foreign text is made harmless.

Dates are shown in the house's time zone, so that two people looking at one figure read
the same hour. Names that came from files go through :func:`plain` before they enter a
Markdown label: a grid called ``<script>`` or ``**x**`` is shown as exactly that.
"""

from __future__ import annotations

import html as markup
import re
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gis.i18n import language
from gis.i18n import translate as _

if TYPE_CHECKING:
    from datetime import date

ZONE = ZoneInfo("Asia/Shanghai")
"""Time zone of every hour on a screen."""

HECTARE_M2 = 10_000
SQUARE_KILOMETRE_M2 = 1_000_000
KILOMETRE_M = 1_000
METRES_WITH_DECIMAL = 10
NO_FIGURE = "—"

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=\"'@/])")
_SPACE = re.compile(r"[\s\u2028\u2029]+")


def number(value: float | None) -> str:
    """Whole number in groups of three: ``12,345``; a dash where there is none."""
    return NO_FIGURE if value is None else f"{round(value):,}"


def share(part: float | None, whole: float | None) -> str:
    """Share in per cent with one decimal; never ``100.0 %`` or ``0.0 %`` unless it is true.

    Parameters
    ----------
    part, whole : float or None
        Numerator and denominator of the share.
    """
    if part is None or not whole:
        return NO_FIGURE
    per_cent = 100 * part / whole
    if per_cent not in {0.0, 100.0}:
        per_cent = min(max(round(per_cent, 1), 0.1), 99.9)
    return f"{per_cent:.1f} %"


def area(square_metres: float | None) -> str:
    """Area: m² under 1 公顷, 公顷 (ha) under 1 km², km² above."""
    if square_metres is None:
        return NO_FIGURE
    if square_metres < HECTARE_M2:
        return f"{square_metres:,.0f} m²"
    if square_metres < SQUARE_KILOMETRE_M2:
        return _("{figure} 公顷").format(figure=f"{square_metres / HECTARE_M2:,.2f}")
    return f"{square_metres / SQUARE_KILOMETRE_M2:,.2f} km²"


def length(metres: float | None) -> str:
    """Length: m under 1 km, km above; one decimal under 10 m."""
    if metres is None:
        return NO_FIGURE
    if metres < METRES_WITH_DECIMAL:
        return f"{metres:.1f} m"
    if metres < KILOMETRE_M:
        return f"{metres:,.0f} m"
    return f"{metres / KILOMETRE_M:,.2f} km"


def moment(at: datetime | None, now: datetime | None = None) -> str:
    """Date and hour: ``11月23日 09:41`` or ``23 Nov 09:41``; the year only where it is another one.

    Parameters
    ----------
    at : datetime or None
        An aware moment.
    now : datetime, optional
        What counts as now; by default the clock.
    """
    if at is None:
        return NO_FIGURE
    local = at.astimezone(ZONE)
    this_year = (now or datetime.now(UTC)).astimezone(ZONE).year
    if language() == "en":
        day = f"{local.day} {local:%b}" + ("" if local.year == this_year else f" {local.year}")
    else:
        day = ("" if local.year == this_year else f"{local.year}年") + f"{local.month}月{local.day}日"
    return f"{day} {local:%H:%M}"


def calendar(on: date | None) -> str:
    """Day with its year: ``2026年11月23日`` or ``23 Nov 2026``."""
    if on is None:
        return NO_FIGURE
    if language() == "en":
        return f"{on.day} {on:%b} {on.year}"
    return f"{on.year}年{on.month}月{on.day}日"


def short_day(on: date) -> str:
    """Day of the year at hand: ``12月1日`` or ``1 Dec``."""
    return f"{on.day} {on:%b}" if language() == "en" else f"{on.month}月{on.day}日"


def today() -> date:
    """Day of the office."""
    return datetime.now(UTC).astimezone(ZONE).date()


def plain(text: object, limit: int | None = None) -> str:
    """Foreign text as Markdown that shows exactly that text, on one line.

    Every character Markdown, HTML or Streamlit's directives could read is escaped.

    Parameters
    ----------
    text : object
        Name, address or reason that came from a file.
    limit : int, optional
        Characters kept; what is longer ends in an ellipsis.
    """
    line = _SPACE.sub(" ", str(text)).strip()
    if limit is not None and len(line) > limit:
        line = line[: limit - 1] + "…"
    return _MARKDOWN.sub(r"\\\1", line)


def html(text: object) -> str:
    """Foreign text as HTML that shows exactly that text."""
    return markup.escape(_SPACE.sub(" ", str(text)).strip(), quote=True)
