"""The preview map of an import: where the file's points would lie under each datum.

Stored buildings and the basemap come through the tile routes; the sample of at most 2 000
points of a file that is not stored yet has no tiles and travels with the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pydeck as pdk
import streamlit as st

from gis.i18n import translate as _
from layers import deck
from layers.palette import Theme
from views import format as written
from views import map as atlas
from views import palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HEIGHT_PX = 470
SIGNS = ("●", "▲", "■", "◆")
HUES = {
    Theme.LIGHT: ("#0072B2", "#D55E00", "#8a4f7d", "#6b5900"),
    Theme.DARK: ("#56B4E9", "#E69F00", "#CC79A7", "#F0E442"),
}
"""One hue and one sign for each candidate, so that they are told apart without colour as well."""

CORE = (0.02, 0.98)
"""Share of the points the view is fitted to: one bad row must not send it to the sea."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """The file's points under one datum.

    Attributes
    ----------
    key : str
        The datum.
    label : str
        How the legend names it.
    points : ndarray of float, (n, 2)
        Longitude and latitude, degrees, CGCS2000.
    """

    key: str
    label: str
    points: NDArray[np.float64]


def draw(clouds: Sequence[Cloud], chosen: str | None, *, key: str) -> None:
    """Draw the map with its legend.

    Parameters
    ----------
    clouds : sequence of Cloud
        At most four.
    chosen : str, optional
        Datum that is chosen: its points stand out.
    key : str
        Name of the element.
    """
    theme = Theme(palette.theme())
    shown = [cloud for cloud in clouds if len(cloud.points)][: len(SIGNS)]
    if not shown:
        st.info(_("没有可以显示的位置。"), icon=":material/info:")
        return
    view = atlas.fit(_bounds(shown, chosen), margin=1.7)
    layers = [deck.deck_layer("building", theme, pickable=False)]
    for place, cloud in sorted(enumerate(shown), key=lambda item: item[1].key == chosen):
        layers.append(_layer(cloud, place, theme, faint=chosen is not None and cloud.key != chosen))
    st.pydeck_chart(
        pdk.Deck(
            layers,
            initial_view_state=pdk.ViewState(longitude=view[0], latitude=view[1], zoom=view[2], pitch=0, bearing=0),
            map_style=f"/style/{theme.value}.json",
            map_provider="mapbox",
        ),
        height=HEIGHT_PX,
        key=key,
        alt=_("预览地图:文件里的点在各坐标系下的位置,灰点是已有楼栋"),
    )
    _legend(shown, theme, max(len(cloud.points) for cloud in shown))


def _layer(cloud: Cloud, place: int, theme: Theme, *, faint: bool) -> pdk.Layer:
    hue = HUES[theme][place]
    colour = [int(hue[at : at + 2], 16) for at in (1, 3, 5)]
    return pdk.Layer(
        "TextLayer",
        data=[{"p": [round(float(x), 6), round(float(y), 6)], "t": SIGNS[place]} for x, y in cloud.points],
        id=f"cloud-{cloud.key}",
        get_position="p",
        get_text="t",
        character_set=pdk.types.String(SIGNS[place]),
        get_color=[*colour, 90 if faint else 235],
        get_size=9 if faint else 13,
        size_units=pdk.types.String("pixels"),
        pickable=False,
    )


def _bounds(clouds: Sequence[Cloud], chosen: str | None) -> tuple[float, float, float, float]:
    """Box of the points, without the few that lie far away; of the chosen ones where they lie elsewhere."""
    boxes = {
        cloud.key: (*np.quantile(cloud.points, CORE[0], axis=0), *np.quantile(cloud.points, CORE[1], axis=0))
        for cloud in clouds
    }
    first = boxes[clouds[0].key]
    near = [box for box in boxes.values() if abs(box[0] - first[0]) < 1 and abs(box[1] - first[1]) < 1]
    if chosen in boxes and boxes[chosen] not in near:
        near = [boxes[chosen]]
    west, south = np.min([box[:2] for box in near], axis=0)
    east, north = np.max([box[2:] for box in near], axis=0)
    return float(west), float(south), float(east), float(north)


def _legend(clouds: Sequence[Cloud], theme: Theme, count: int) -> None:
    parts = [
        f'<span><b style="color:{HUES[theme][place]}">{SIGNS[place]}</b> {written.html(cloud.label)}</span>'
        for place, cloud in enumerate(clouds)
    ]
    stored = written.html(_("已有楼栋"))
    note = written.html(_("图上最多画 2,000 个点,这里是 {count} 个").format(count=written.number(count)))
    st.html(f'<div class="ga-key">{"".join(parts)}<span><b class="stored">●</b> {stored}</span><i>{note}</i></div>')
