"""What a map layer is: its tile queries, its looks, its legend, its tooltip.

A layer is one Python file in this package with a ``LAYER``, and one ``.sql`` file of the
same name beside it. The catalog finds it; nothing else has to be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql

from layers.palette import Theme
from layers.palette import colour

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

FOLDER = Path(__file__).resolve().parent
HIGHEST_ZOOM = 22


@dataclass(frozen=True, slots=True)
class Step:
    """From which zoom on a block of the layer's SQL file is used."""

    zoom: int
    block: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the legend.

    Attributes
    ----------
    label : str
        Chinese source string.
    role : str
        Key of the palette, or ``#rrggbb``.
    sign : str
        How it is drawn, so that it can be told without colour: ``fill``, ``hatch``,
        ``cross``, ``dots``, ``line``, ``dotted``, or the character of a sign.
    size : int
        Of a sign that says how many by its size, in pixels; 0 where size means nothing.
    """

    label: str
    role: str
    sign: str = "fill"
    size: int = 0

    def colour(self, theme: Theme) -> str:
        """Give its colour in a theme, ``#rrggbb``."""
        return self.role if self.role.startswith("#") else colour(self.role, theme)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the map.

    Attributes
    ----------
    key : str
        Name in the address, in the tile and of the SQL file.
    label : str
        Chinese source string.
    steps : tuple of Step
        Queries by zoom; below the first one the layer is not drawn.
    detail : int
        Zoom of the most detailed tiles: further in, the browser stretches these.
    relations : tuple of str
        Tables whose change changes the tiles.
    filters : frozenset of str
        Parameters the route takes: ``network``, ``rule``, ``severity``, ``kind``, ``code``, ``state``,
        ``level``, ``clock``, ``category``, and the days ``since`` and ``until``.
    fields : tuple of (str, str)
        Property and Chinese label, for the tooltip and the panel.
    legend : tuple of Entry
        Lines of the legend.
    values : mapping of str to frozenset
        Values a filter may have, where they are a closed set.
    ages_s : int
        Seconds after which a tile is another one without any change: what it shows depends on
        the time of day. 0: it does not.
    paint : callable, optional
        Theme to MapLibre style layers: the layer belongs to the basemap.
    deck : callable, optional
        Theme to properties of a deck.gl ``MVTLayer``.
    """

    key: str
    label: str
    steps: tuple[Step, ...]
    detail: int
    relations: tuple[str, ...]
    filters: frozenset[str] = frozenset()
    fields: tuple[tuple[str, str], ...] = ()
    legend: tuple[Entry, ...] = ()
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ages_s: int = 0
    paint: Callable[[Theme], list[dict[str, Any]]] | None = None
    deck: Callable[[Theme], dict[str, Any]] | None = None

    @property
    def start(self) -> int:
        """Lowest zoom the layer is drawn at."""
        return self.steps[0].zoom

    def statement(self, zoom: int) -> str | None:
        """Give the query for tiles of a zoom.

        Parameters
        ----------
        zoom : int
            0 to 22.

        Returns
        -------
        str or None
            SQL with the named parameters of ``server.tiles``, giving one ``bytea``;
            None where the layer is not drawn.
        """
        chosen = [step for step in self.steps if step.zoom <= zoom]
        return blocks(self.key)[chosen[-1].block] if chosen else None


@cache
def blocks(key: str) -> dict[str, str]:
    """Read the named blocks of a layer's SQL file; parameters as ``%(name)s``."""
    queries = aiosql.from_path(str(FOLDER / f"{key}.sql"), "psycopg", mandatory_parameters=False)
    return {name: str(getattr(queries, name).sql) for name in queries.available_queries if not name.endswith("_cursor")}
