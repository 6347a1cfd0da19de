"""Finished tiles, kept for as long as they are true and there is room."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """One finished tile: its bytes, and whether they are packed with gzip."""

    body: bytes
    packed: bool


class Store:
    """The tiles used last, up to a number of bytes.

    Parameters
    ----------
    limit : int
        Bytes of tiles kept at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[str, Tile] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._size

    def get(self, key: str) -> Tile | None:
        """Give a tile and mark it as just used."""
        tile = self._held.get(key)
        if tile is not None:
            self._held.move_to_end(key)
        return tile

    def put(self, key: str, tile: Tile) -> None:
        """Keep a tile; those not used for longest make room."""
        if len(tile.body) > self._limit // 4:
            return
        old = self._held.pop(key, None)
        self._size += len(tile.body) + len(key) - (len(old.body) + len(key) if old else 0)
        self._held[key] = tile
        while self._size > self._limit:
            name, gone = self._held.popitem(last=False)
            self._size -= len(gone.body) + len(name)

    def clear(self) -> None:
        """Let go of everything."""
        self._held.clear()
        self._size = 0
