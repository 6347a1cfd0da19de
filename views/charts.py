"""Charts of the pages, in the house's colours: drawn by ECharts, which comes with the toolkit."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import streamlit as st

from gis.i18n import translate as _
from views import format as written
from views import palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.coverage.trend import Day

LINE = {"light": ("#1f6f78", "#8a5a00"), "dark": ("#6cc5cf", "#E69F00")}
INK = {"light": ("#1c2329", "#55626d", "#d9dfe3"), "dark": ("#e6ebef", "#a3b0bb", "#2f3942")}
HEAT = {
    "light": ("#f2f4f5", "#fde0c5", "#f8b27d", "#ec7f38", "#D55E00"),
    "dark": ("#1b2229", "#4a2c16", "#7d431a", "#ad531a", "#D55E00"),
}
"""One hue from light to dark: the stronger, the more happens without anybody there."""


def shares(days: Sequence[Day]) -> None:
    """Draw the shares of households and buildings by day: two lines, told apart by their dash as well."""
    theme = palette.theme()
    ink, soft, line = INK[theme]
    series = (
        (_("户"), [_per_cent(day.households_share) for day in days], LINE[theme][0], "solid"),
        (_("楼栋"), [_per_cent(day.buildings_share) for day in days], LINE[theme][1], "dashed"),
    )
    st.echarts_chart(
        {
            "animation": False,
            "grid": {"left": 52, "right": 18, "top": 34, "bottom": 28},
            "legend": {"top": 0, "right": 0, "textStyle": {"color": ink, "fontSize": 12}},
            "tooltip": {"trigger": "axis"},
            "xAxis": {
                "type": "category", "data": [written.short_day(day.day) for day in days],
                "axisLabel": {"color": soft}, "axisLine": {"lineStyle": {"color": line}},
            },
            "yAxis": {
                "type": "value", "scale": True, "axisLabel": {"color": soft, "formatter": "{value} %"},
                "splitLine": {"lineStyle": {"color": line}},
            },
            "series": [
                {
                    "name": name, "type": "line", "data": values, "showSymbol": len(values) < 2,  # noqa: PLR2004 - one day is a dot
                    "itemStyle": {"color": colour}, "lineStyle": {"color": colour, "type": dash, "width": 2},
                }
                for name, values, colour, dash in series
            ],
        },
        height=260,
        theme=None,
        alt=_("覆盖率走势图"),
    )  # fmt: skip


def week(matrix: Sequence[Sequence[int]], *, marks: Sequence[tuple[int, int]], top: int) -> None:
    """Draw a week of 7 × 24 hours, Monday first: how much happens, and where nobody is there.

    Parameters
    ----------
    matrix : 7 rows of 24 numbers
        Incidents by weekday and hour of the office.
    marks : sequence of (weekday, hour)
        Hours in which nobody is there though incidents occur: they get a sign of their own.
    top : int
        Largest number, for the legend.
    """
    theme = palette.theme()
    ink, soft, _line = INK[theme]
    names = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))
    cells = [[hour, day, value] for day, row in enumerate(matrix) for hour, value in enumerate(row)]
    st.echarts_chart(
        {
            "animation": False,
            "grid": {"left": 52, "right": 12, "top": 34, "bottom": 64},
            "legend": {
                "top": 0, "right": 0, "selectedMode": False, "data": [{"name": _("有事件而无人到岗")}],
                "textStyle": {"color": ink, "fontSize": 12},
            },
            "graphic": {
                "type": "text", "left": 52, "top": 8,
                "style": {"text": _("一小时内发生的事件数(颜色越深越多)"), "fill": soft, "fontSize": 12},
            },
            "tooltip": {"formatter": "{b}:{@[2]}"},
            "xAxis": {"type": "category", "data": [f"{hour:02d}" for hour in range(24)], "axisLabel": {"color": soft}},
            "yAxis": {"type": "category", "data": list(names), "inverse": True, "axisLabel": {"color": ink}},
            "visualMap": {
                "type": "piecewise", "pieces": _classes(top, HEAT[theme]), "orient": "horizontal",
                "left": "center", "bottom": 0, "textStyle": {"color": soft}, "seriesIndex": 0,
            },
            "series": [
                {"type": "heatmap", "name": _("事件"), "data": cells},
                {
                    "type": "scatter", "name": _("有事件而无人到岗"), "silent": True,
                    "symbol": "diamond", "symbolSize": 9,
                    "itemStyle": {"color": ink},
                    "data": [[hour, day] for day, hour in marks],
                },
            ],
        },
        height=330,
        theme=None,
        alt=_("一周各时段的事件与到岗"),
    )  # fmt: skip


def _classes(top: int, colours: Sequence[str]) -> list[dict[str, Any]]:
    """Divide 0 to the largest number into classes of whole numbers with limits people can read."""
    least = max(-(-top // len(colours)), 1)
    step = next(scale * unit for unit in (1, 10, 100, 1000, 10**6) for scale in (1, 2, 5) if scale * unit >= least)
    classes = []
    for place, colour in enumerate(colours):
        low, high = place * step + (place > 0), (place + 1) * step
        classes.append(
            {"gte": low, "lte": high, "color": colour, "label": str(low) if low == high else f"{low}–{high}"}
        )
    return classes


def _per_cent(share: float | None) -> Any:  # noqa: ANN401 - a number or a hole in the line
    return None if share is None else round(100 * share, 3)
