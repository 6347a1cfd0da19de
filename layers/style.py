"""The MapLibre style of the basemap: land, green, water, roads, outlines, all our own.

No glyph and no sprite is named, so nothing is fetched but tiles of this house and, where
an office has configured them, of its own raster basemap. Names are drawn by the
``label`` layer above.
"""

from __future__ import annotations

from typing import Any

from gis.settings import BasemapSettings
from layers.catalog import layer
from layers.palette import Theme
from layers.palette import colour

ORDER = ("green", "water", "road", "area")
"""Basemap layers from below."""


def raster_sources() -> dict[str, dict[str, Any]]:
    """Give the sources of the office's raster basemap and its labels; none where none is set."""
    settings = BasemapSettings()
    return {
        name: {
            "type": "raster",
            "tiles": [url.replace("{key}", settings.key)],
            "tileSize": settings.tile_size,
            "attribution": settings.attribution,
        }
        for name, url in (("raster", settings.url), ("raster-labels", settings.label_url))
        if url
    }


def style(theme: Theme, origin: str = "") -> dict[str, Any]:
    """Make the style.

    Parameters
    ----------
    theme : Theme
        Which colours.
    origin : str
        Scheme, host and port the browser reaches us at; tile addresses are made absolute
        with it.

    Returns
    -------
    dict
        A MapLibre style, version 8.
    """
    rasters = raster_sources()
    sources: dict[str, dict[str, Any]] = dict(rasters)
    drawn: list[dict[str, Any]] = [
        {"id": "land", "type": "background", "paint": {"background-color": colour("land", theme)}}
    ]
    drawn += [{"id": name, "type": "raster", "source": name} for name in rasters]
    for key in ORDER:
        found = layer(key)
        if found.paint is None or (rasters and key != "area"):
            continue
        sources[key] = {
            "type": "vector",
            "tiles": [f"{origin}/tiles/{key}/{{z}}/{{x}}/{{y}}.pbf"],
            "minzoom": found.start,
            "maxzoom": found.detail,
        }
        drawn += [{**part, "source": key, "source-layer": key} for part in found.paint(theme)]
    return {"version": 8, "name": f"gridatlas-{theme.value}", "sources": sources, "layers": drawn}
