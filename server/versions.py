"""The versions of the tables tiles are cut from, known for at most a second.

A tile's ETag is made of the numbers in ``atlas.layer_version`` of the tables its layer
reads. All numbers come in one small query, shared by the requests of one second and one
actor: panning a map asks the database once, and a change shows within a second.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from functools import cache
from typing import TYPE_CHECKING

from gis.db.reading import async_fetch
from layers.layer import FOLDER

if TYPE_CHECKING:
    from gis.vocabulary import Actor
    from layers.layer import Layer

LIFETIME_S = 1.0

QUERY = """
    SELECT coalesce(jsonb_object_agg(relation, version), '{}') || jsonb_build_object('day', today() - date '2000-01-01')
    FROM layer_version
"""
RIGHTS = ("account", "account_role", "account_scope", "day")
"""What the rights of an actor hang on: a tile cut under other rights is another tile."""

_known: dict[tuple[str, str], tuple[float, dict[str, int]]] = {}
_asking: dict[tuple[str, str], asyncio.Lock] = {}


def clock() -> float:
    """Give the seconds since 1970, by which tiles that hang on the time of day become old."""
    return time.time()


def forget() -> None:
    """Forget what is known (tests; a change that must show at once)."""
    _known.clear()
    _asking.clear()


async def versions(actor: Actor, info: str) -> dict[str, int]:
    """Give the version of every table that has changed at least once.

    Parameters
    ----------
    actor : Actor
        Who asks.
    info : str
        Connection string of the actor's role.

    Raises
    ------
    DatabaseUnavailable
        The database cannot be asked.
    """
    key = (actor.name, info)
    now = time.monotonic()
    held = _known.get(key)
    if held and now - held[0] < LIFETIME_S:
        return held[1]
    async with _asking.setdefault(key, asyncio.Lock()):
        held = _known.get(key)
        if held and time.monotonic() - held[0] < LIFETIME_S:
            return held[1]
        asked = time.monotonic()
        row = await async_fetch(actor, QUERY, {}, info)
        found: dict[str, int] = row[0] if row else {}
        _known[key] = (asked, found)
    return found


@cache
def code_version(key: str) -> str:
    """Hash of a layer's own files: a changed query changes every ETag of the layer."""
    digest = hashlib.sha256()
    for name in (f"{key}.py", f"{key}.sql", "layer.py"):
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()[:12]


def mark(layer: Layer, current: dict[str, int], actor: Actor, choice: str) -> str:
    """Make the ETag of a layer's tiles under a choice of filters.

    Parameters
    ----------
    layer : Layer
        The layer.
    current : dict
        Versions of the tables.
    actor : Actor
        Whose rows the tile holds.
    choice : str
        The filters, in one fixed spelling.

    Returns
    -------
    str
        A quoted strong tag.
    """
    numbers = ",".join(str(current.get(relation, 0)) for relation in (*layer.relations, *RIGHTS))
    age = str(int(clock() / layer.ages_s)) if layer.ages_s else ""
    text = "|".join((layer.key, code_version(layer.key), numbers, actor.name, choice, age))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
