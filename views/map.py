"""The shared map element: camera, layers that stand still, and clicks that come back.

Geometry reaches the browser through tile routes only; what this module sends through the
websocket is a few hundred bytes of layer description. Three things the toolkit does are
worked around here, and nowhere else:

* the frontend moves the camera only along the numbers that changed since the last
  description, so each flight adds a grain to every number (:class:`Camera`);
* a selected feature is remembered by its position inside a tile, and features with the
  same position in other tiles are lit as well: fills are therefore handed to the sublayer,
  where the frontend does not rewrite them (:func:`steady`);
* a second click on the same feature takes the selection back: the layers that catch
  clicks get a new name after each click, so each click is an event (:func:`show`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import pydeck as pdk
import streamlit as st

from gis.i18n import translate as _
from layers import deck
from layers.catalog import layer as described
from layers.palette import rgba
from views import window
from views.window import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping

    from layers.palette import Theme

Bounds = tuple[float, float, float, float]

TILE_PX = 512
WIDTH_PX = 900
HEIGHT_PX = 640
PADDING_PX = 36
"""Free room at the upper and lower edge, where tools and buttons float."""
CLOSEST = 17.5
FARTHEST = 3.0
MARGIN = 1.25
GRAIN = 1e-8
PICK = "pick"
FILLED = ("polygons-fill", "points-circle")
MARK = "\x1f"
NEAR = ("building",)
"""Layers that answer the pointer at full detail only: further out they would catch clicks meant for grids."""
RAW = {"layerName", "name", "code", "kind", "rule", "severity", "findings", "incidents", "buildings", "households"}
_UNSEEN = {
    "pickable": True,
    "auto_highlight": True,
    "highlight_color": [255, 255, 255, 70],
    "get_fill_color": [0, 0, 0, 0],
    "get_line_color": [0, 0, 0, 0],
    "line_width_min_pixels": 6,
    "patterns": None,
    "pattern": None,
    "background": None,
}
_OUTLINE = {"get_fill_color": [0, 0, 0, 0], "get_line_width": 1, "patterns": None, "pattern": None, "background": None}
NOWHERE: Bounds = (73.5, 18.0, 135.1, 53.6)
"""What is shown when nothing has a place yet: the country."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the map looks; ``flight`` counts the times it was sent somewhere."""

    longitude: float
    latitude: float
    zoom: float
    flight: int = 0

    def state(self) -> dict[str, float]:
        """View state in which every number differs from that of the flight before."""
        grain = self.flight * GRAIN
        return {
            "longitude": self.longitude + grain,
            "latitude": self.latitude + grain,
            "zoom": self.zoom + grain,
            "pitch": 0,
            "bearing": 0,
        }


def fit(
    bounds: Bounds, *, margin: float = MARGIN, closest: float = CLOSEST, stage: Stage | None = None
) -> tuple[float, float, float]:
    """Centre and zoom that show a box whole.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north in degrees.
    margin : float
        How much wider than the box the view is.
    closest : float
        Zoom that is not exceeded, however small the box.
    stage : Stage, optional
        Size of the map; what the legend covers at its left stays free of the box.

    Returns
    -------
    tuple of float
        Longitude, latitude, zoom.
    """
    west, south, east, north = bounds
    top, bottom = _mercator(north), _mercator(south)
    wide = max((east - west) / 360, 1e-9) * margin * TILE_PX
    high = max(bottom - top, 1e-9) * margin * TILE_PX
    size = stage or Stage(WIDTH_PX, HEIGHT_PX, 0)
    room = (max(size.width - size.left, 64), max(size.height - (2 * PADDING_PX if stage else 0), 64))
    zoom = min(max(min(math.log2(room[0] / wide), math.log2(room[1] / high)), FARTHEST), closest)
    middle = math.degrees(math.atan(math.sinh(math.pi * (1 - (top + bottom)))))
    aside = size.left / 2 * 360 / (TILE_PX * 2**zoom)
    return (west + east) / 2 - aside, middle, zoom


def camera(page: str) -> Camera | None:
    """Where the map of a page was last sent; None before the first time."""
    return st.session_state.get(f"camera-{page}")


def fly(
    page: str,
    bounds: Bounds | None,
    *,
    closest: float = CLOSEST,
    margin: float = MARGIN,
    stage: Stage | None = None,
) -> None:
    """Send the map of a page to a box; to the whole country where there is none.

    ``stage`` is the size of the map where it is not that of the coverage page.
    """
    before = camera(page)
    longitude, latitude, zoom = fit(bounds or NOWHERE, closest=closest, margin=margin, stage=stage or window.stage())
    flight = 0 if before is None else before.flight + 1
    st.session_state[f"camera-{page}"] = Camera(longitude, latitude, zoom, flight)


def _mercator(latitude: float) -> float:
    """Share of the Web Mercator square from the top, 0 to 1."""
    limited = math.radians(min(max(latitude, -85.05), 85.05))
    return (1 - math.asinh(math.tan(limited)) / math.pi) / 2


def steady(layer: pdk.Layer) -> pdk.Layer:
    """Hand the fill of a layer to its sublayers, where a selection does not repaint it."""
    fill = layer.__dict__.pop("get_fill_color", None)
    if fill is None:
        return layer
    given = {key: dict(of) for key, of in (layer.__dict__.get("_sub_layer_props") or {}).items()}
    for name in FILLED:
        given.setdefault(name, {})["getFillColor"] = fill
    layer.__dict__["_sub_layer_props"] = given
    return layer


@dataclass(frozen=True, slots=True)
class Picked:
    """A feature that was clicked: its layer and its properties."""

    layer: str
    properties: dict[str, Any]


def show(
    page: str,
    theme: Theme,
    shown: Iterable[str],
    *,
    network: str,
    versions: Mapping[str, int],
    clickable: tuple[str, ...],
    on_pick: Callable[[Picked], None],
    chosen: tuple[str, str] | None = None,
    filters: Mapping[str, Mapping[str, Iterable[str]]] | None = None,
    draft: dict[str, Any] | None = None,
    pin: tuple[float, float, str] | None = None,
    bare: frozenset[str] = frozenset(),
    alt: str = "",
) -> None:
    """Draw the map of a page.

    Parameters
    ----------
    page : str
        Name of the page; its camera must have been sent somewhere (:func:`fly`).
    theme : Theme
        Which colours.
    shown : iterable of str
        Keys of the layers that are switched on.
    network : str
        Code of the network.
    versions : mapping
        Version of each table: a layer whose tables changed gets a new name, so that its
        tiles are fetched again.
    clickable : tuple of str
        Keys of the layers whose features can be clicked.
    on_pick : callable
        Called, before the page reruns, with what was clicked.
    chosen : (layer, code), optional
        What is outlined.
    filters : mapping, optional
        Filters by layer.
    draft : dict, optional
        GeoJSON of an edit nobody has made yet: the one geometry that no tile can bring.
    pin : (float, float, str), optional
        Longitude, latitude and sign of the one place that is chosen.
    bare : frozenset of str
        Keys of layers of areas that are drawn as outlines alone: what they say by colour is not the matter here.
    alt : str
        What a screen reader says the map shows.
    """
    view = camera(page)
    assert view is not None
    clicks = st.session_state.setdefault(f"clicks-{page}", 0)
    wanted = set(shown)
    drawn: list[pdk.Layer] = []
    for key in (key for key in deck.ORDER if key in wanted):
        of = {name: list(values) for name, values in ((filters or {}).get(key) or {}).items()}
        if key in clickable:
            name = f"{PICK}-{key}-{clicks}-{_version(key, versions)}"
            drawn.append(steady(deck.deck_layer(key, theme, network=network, filters=of, name=name, **_UNSEEN)))
        stands: dict[str, Any] = {"pickable": key not in clickable and key not in NEAR and bool(described(key).fields)}
        if key in bare:
            stands |= _OUTLINE | {"get_line_color": rgba("covered_border", theme, 0.7)}
        name = f"{key}-{_version(key, versions)}"
        drawn.append(steady(deck.deck_layer(key, theme, network=network, filters=of, name=name, **stands)))
        if key in NEAR:
            name = f"{PICK}-{key}-{clicks}-{_version(key, versions)}"
            near = steady(deck.deck_layer(key, theme, network=network, filters=of, name=name, **_UNSEEN))
            near.__dict__["min_zoom"] = described(key).detail
            drawn.append(near)
    if chosen is not None:
        drawn.append(steady(deck.highlight(chosen[0], chosen[1], theme, network=network)))

    if draft is not None:
        drawn.append(deck.draft(draft, theme))
    if pin is not None:
        drawn.append(deck.pin(*pin, theme))

    def picked() -> None:
        for name, objects in st.session_state[page].selection.objects.items():
            if objects:
                st.session_state[f"clicks-{page}"] = clicks + 1
                key = name.split("-")[1] if name.startswith(PICK) else name.split("-")[0]
                on_pick(Picked(key, objects[-1].get("properties") or {}))

    st.pydeck_chart(
        pdk.Deck(
            drawn,
            initial_view_state=pdk.ViewState(**view.state()),
            map_style=f"/style/{theme.value}.json",
            map_provider="mapbox",
            tooltip={"text": template(wanted)},
        ),
        height=HEIGHT_PX,
        on_select=picked,
        key=page,
        alt=alt,
    )


def template(shown: Iterable[str]) -> str:
    """Write the tooltip's raw text: every property any layer has; ``browser.js`` makes it readable.

    The frontend fills in what the feature under the pointer has and leaves the rest as
    ``{name}``; it never becomes HTML.
    """
    names = sorted({name for key in shown for name, _label in described(key).fields} | RAW)
    return MARK + MARK.join(f"{name}={{{name}}}" for name in names)


def words(shown: Iterable[str]) -> dict[str, list[list[str]]]:
    """Give the lines of each layer's tooltip: property and label, in the language in force."""
    return {key: [[name, _(label)] for name, label in described(key).fields] for key in shown}


def _version(key: str, versions: Mapping[str, int]) -> int:
    """Add up the versions of the tables a layer reads."""
    return sum(versions.get(relation, 0) for relation in described(key).relations)
