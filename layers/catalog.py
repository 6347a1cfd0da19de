"""The registry of layers: every module of this package that has a ``LAYER``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import layers
from layers.layer import Layer


@cache
def catalog() -> dict[str, Layer]:
    """All layers by key, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(layers.__path__):
        layer = getattr(importlib.import_module(f"layers.{module.name}"), "LAYER", None)
        if isinstance(layer, Layer):
            found[layer.key] = layer
    return dict(sorted(found.items()))


def layer(key: str) -> Layer:
    """Give one layer.

    Raises
    ------
    KeyError
        No file of this package describes such a layer.
    """
    return catalog()[key]
