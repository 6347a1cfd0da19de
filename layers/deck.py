"""Layers as deck.gl draws them above the basemap, fed by our own tile route.

This module owns what all layers of the map have in common: the address, the worker that
unpacks tiles, patterns. How one layer looks is said in its own file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import urlencode

import pydeck as pdk

from layers.catalog import catalog
from layers.catalog import layer
from layers.palette import Theme
from layers.palette import rgba

if TYPE_CHECKING:
    from collections.abc import Iterable

WORKER = "/assets/mvt-worker.js"

ORDER = ("grid", "excluded", "finding", "building", "incident", "whistle", "label")
"""Layers from below, as they lie above the basemap."""


def address(key: str, **filters: str | Iterable[str] | None) -> str:
    """Write the tile address of a layer.

    Parameters
    ----------
    key : str
        Layer.
    **filters : str or iterable of str
        Of those the layer takes; None and empty ones are left out, others are ignored
        when the layer does not take them.

    Returns
    -------
    str
        A template with ``{z}``, ``{x}``, ``{y}``.
    """
    taken = layer(key).filters
    chosen = {
        name: value if isinstance(value, str) else ",".join(sorted(value))
        for name, value in sorted(filters.items())
        if value and name in taken
    }
    query = f"?{urlencode(chosen)}" if chosen else ""
    return f"/tiles/{key}/{{z}}/{{x}}/{{y}}.pbf{query}"


def deck_layer(
    key: str,
    theme: Theme,
    *,
    network: str | None = None,
    filters: dict[str, Iterable[str]] | None = None,
    name: str | None = None,
    **changes: Any,  # noqa: ANN401  whatever deck.gl takes
) -> pdk.Layer:
    """Describe one layer to deck.gl.

    Parameters
    ----------
    key : str
        A layer that has a ``deck`` look.
    theme : Theme
        Which colours.
    network : str, optional
        Code of the network; the first comprehensive one where None.
    filters : dict, optional
        Further filters: ``rule``, ``severity``, ``kind``, ``code``.
    name : str, optional
        Its id on the page; the key where None.
    **changes
        Properties that replace those of the layer's own look.

    Returns
    -------
    pydeck.Layer
        An ``MVTLayer``.
    """
    found = layer(key)
    if found.deck is None:
        raise KeyError(key)
    look: dict[str, Any] = {"pickable": True, "stroked": True, "filled": True, **found.deck(theme), **changes}
    patterns = look.pop("patterns", None)
    if patterns:
        look |= {
            "extensions": [{"@@type": "FillStyleExtension", "proceduralPattern": True}],
            "fill_pattern_mapping": patterns,
            "fill_pattern_size_units": "'pixels'",
            "get_fill_pattern": look.pop("pattern"),
            "get_fill_pattern_background_color": look.pop("background", [0, 0, 0, 0]),
        }
    return pdk.Layer(
        "MVTLayer",
        data=address(key, network=network, **(filters or {})),
        id=name or key,
        min_zoom=found.start,
        max_zoom=found.detail,
        load_options={"mvt": {"workerUrl": WORKER}},
        **{key: pdk.types.String(value[1:-1]) if _literal(value) else value for key, value in look.items()},
    )


def deck_layers(
    theme: Theme,
    shown: Iterable[str],
    *,
    network: str | None = None,
    filters: dict[str, dict[str, Iterable[str]]] | None = None,
) -> list[pdk.Layer]:
    """Describe the layers that are switched on, in their order from below.

    Parameters
    ----------
    theme : Theme
        Which colours.
    shown : iterable of str
        Keys of layers; those without a ``deck`` look are left out.
    network : str, optional
        Code of the network.
    filters : dict of dict, optional
        Filters by layer.
    """
    wanted = set(shown)
    order = [*ORDER, *(key for key in catalog() if key not in ORDER)]
    return [
        deck_layer(key, theme, network=network, filters=(filters or {}).get(key))
        for key in order
        if key in wanted and layer(key).deck is not None
    ]


def highlight(key: str, code: str, theme: Theme, *, network: str | None = None) -> pdk.Layer:
    """Describe the outline around one chosen grid or finding.

    Parameters
    ----------
    key : str
        ``grid`` or ``finding``.
    code : str
        Code of the grid, or id of the finding.
    theme : Theme
        Which colours.
    network : str, optional
        Code of the network.
    """
    return deck_layer(
        key,
        theme,
        network=network,
        filters={"code": [code]},
        name=f"chosen-{key}-{code}",
        patterns=None,
        pattern=None,
        background=None,
        pickable=False,
        get_fill_color=[0, 0, 0, 0],
        get_line_color=rgba("chosen", theme),
        get_line_width=3,
        line_width_units="'pixels'",
        get_point_radius=9,
    )


def draft(shapes: dict[str, Any], theme: Theme) -> pdk.Layer:
    """Describe an edit nobody has made yet: grids as they would be, and the land that changes hands.

    Parameters
    ----------
    shapes : dict
        GeoJSON in longitude/latitude; ``part`` is ``shape`` or ``moved``.
    theme : Theme
        Which colours.
    """
    red, green, blue = rgba("chosen", theme)[:3]
    return pdk.Layer(
        "GeoJsonLayer",
        data=shapes,
        id="draft",
        pickable=False,
        stroked=True,
        filled=True,
        get_fill_color=f"properties.part == 'moved' ? [{red}, {green}, {blue}, 70] : [0, 0, 0, 0]",
        get_line_color=[red, green, blue, 255],
        get_line_width=2,
        line_width_units=pdk.types.String("pixels"),
        extensions=[{"@@type": "PathStyleExtension", "dash": True}],
        get_dash_array=[4, 3],
        dash_justified=True,
    )


def pin(longitude: float, latitude: float, sign: str, theme: Theme) -> pdk.Layer:
    """Describe the mark of the one place that is chosen: its sign in a ring, at every zoom.

    Parameters
    ----------
    longitude, latitude : float
        Degrees, CGCS2000.
    sign : str
        One character.
    theme : Theme
        Which colours.
    """
    place = {"type": "Point", "coordinates": [longitude, latitude]}
    return pdk.Layer(
        "GeoJsonLayer",
        data={"type": "Feature", "geometry": place, "properties": {"sign": sign}},
        id=f"pin-{longitude}-{latitude}",
        pickable=False,
        point_type=pdk.types.String("circle+text"),
        point_radius_units=pdk.types.String("pixels"),
        get_point_radius=15,
        get_fill_color=rgba("halo", theme, 0.72),
        get_line_color=rgba("chosen", theme),
        get_line_width=3,
        line_width_units=pdk.types.String("pixels"),
        get_text="properties.sign",
        text_character_set=pdk.types.String("auto"),
        get_text_color=rgba("chosen", theme),
        get_text_size=16,
        text_size_units=pdk.types.String("pixels"),
    )


def _literal(value: object) -> bool:
    """Whether a property is a quoted word (a constant), not an expression."""
    return isinstance(value, str) and len(value) > 1 and value[0] == "'" == value[-1] and value.count("'") == 2  # noqa: PLR2004  one pair of quotes
