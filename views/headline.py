"""The headline of the coverage page: four figures, each with its formula on a tap.

The first two are the share of households and of buildings free of an open blind finding,
never a share of area. Every figure opens to its formula, numerator, denominator and time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.coverage import summary
from gis.coverage import wording
from gis.i18n import translate as _
from gis.vocabulary import Severity
from views import format as written

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as it is written.

    Attributes
    ----------
    key : str
        Stable name, for the widget.
    value, caption : str
        What is read first.
    formula : str
        How it is made, in words.
    rows : tuple of (str, str)
        Numerator, denominator and whatever else it is made of.
    """

    key: str
    value: str
    caption: str
    formula: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """Numbers the four figures are made of; None where they are not known."""

    households: int | None
    blind_households: int | None
    buildings: int
    blind_buildings: int
    land_m2: float
    unclaimed_m2: float
    severities: dict[str, int]


def of_network(headline: dict[str, Any], counts: dict[str, dict[str, int]]) -> Sum:
    """Take the sum of a whole network from its newest refresh."""
    return Sum(
        households=headline["households"],
        blind_households=headline["blind_households"],
        buildings=headline["buildings"],
        blind_buildings=headline["blind_buildings"],
        land_m2=headline["area_m2"],
        unclaimed_m2=headline["unclaimed_area_m2"],
        severities=severities(counts),
    )


def of_area(row: dict[str, Any] | None, land_m2: float, counts: dict[str, dict[str, int]], *, known: bool) -> Sum:
    """Take the sum of one area: the buildings that lie in it, whoever holds them.

    Parameters
    ----------
    row : dict or None
        Its row of ``summary.communities``; None where nothing lies in it.
    land_m2 : float
        Its area on the ellipsoid.
    counts : dict
        Findings in it, by rule and severity.
    known : bool
        Whether households are known at all.
    """
    figures = row or {}
    blind_households = int(figures.get("blind_households", 0))
    blind_buildings = int(figures.get("blind_buildings", 0))
    return Sum(
        households=int(figures.get("all_households", 0)) if known else None,
        blind_households=blind_households if known else None,
        buildings=int(figures.get("all_buildings", 0)),
        blind_buildings=blind_buildings,
        land_m2=land_m2,
        unclaimed_m2=float(figures.get("unclaimed_area_m2", 0.0)),
        severities=severities(counts),
    )


def severities(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    """Add findings up by severity, heaviest first."""
    return {severity.value: sum(of.get(severity, 0) for of in counts.values()) for severity in Severity}


def figures(total: Sum, place: str) -> list[Figure]:
    """Write the four figures, the share of households last where nobody gave them; ``place`` names what they cover."""
    free_households = None if total.households is None else total.households - (total.blind_households or 0)
    free_buildings = total.buildings - total.blind_buildings
    where = (_("范围"), place)
    drawn = [
        Figure(
            "households",
            written.share(free_households, total.households),
            _("户已覆盖") if total.households is not None else _("户数未提供"),
            summary.formula("covered_households_share"),
            (
                (_("没有盲区的户数"), written.number(free_households)),
                (_("涉及盲区的户数"), written.number(total.blind_households)),
                (_("全部户数"), written.number(total.households)),
                where,
            ),
        ),
        Figure(
            "buildings",
            written.share(free_buildings, total.buildings),
            _("楼栋已覆盖"),
            summary.formula("covered_buildings_share"),
            (
                (_("没有盲区的楼栋"), written.number(free_buildings)),
                (_("涉及盲区的楼栋"), written.number(total.blind_buildings)),
                (_("全部楼栋"), written.number(total.buildings)),
                where,
            ),
        ),
        Figure(
            "land",
            written.area(total.unclaimed_m2),
            _("无网格土地"),
            summary.formula("unclaimed_area_m2"),
            (
                (_("无网格土地"), written.area(total.unclaimed_m2)),
                (_("辖区土地"), written.area(total.land_m2)),
                (_("占比"), written.share(total.unclaimed_m2, total.land_m2)),
                where,
            ),
        ),
        Figure(
            "findings",
            written.number(sum(total.severities.values())),
            _("未消除的问题"),
            _("最近一次计算发现的全部问题;其中“盲区”指有人或有地没有被覆盖"),
            (
                *((wording.severity(key), written.number(count)) for key, count in total.severities.items()),
                where,
            ),
        ),
    ]
    return drawn if total.households is not None else [*drawn[1:], drawn[0]]


def draw(shown: list[Figure], as_of: datetime | None) -> None:
    """Draw the figures in a row."""
    with st.container(key="figures", horizontal=True):
        for figure in shown:
            with st.popover(f"**{figure.value}** {figure.caption}", key=f"figure-{figure.key}", width="stretch"):
                st.markdown(f"**{figure.caption} {figure.value}**")
                st.caption(_("算法:{formula}").format(formula=figure.formula))
                facts([*figure.rows, (_("时间"), written.moment(as_of))])


def facts(rows: list[tuple[str, str]]) -> None:
    """Draw names and values as a quiet table of two columns; the values are foreign text."""
    cells = "".join(f"<div><dt>{written.html(name)}</dt><dd>{written.html(value)}</dd></div>" for name, value in rows)
    st.html(f'<dl class="ga-facts">{cells}</dl>')
