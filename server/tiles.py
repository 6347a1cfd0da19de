"""``GET /tiles/{layer}/{z}/{x}/{y}.pbf``: vector tiles cut by PostGIS when asked for.

A tile that has not changed is answered with 304 before any query for it; a finished one
comes from the store; the rest is one round trip. Parameters a layer does not take are
refused, so that one tile has one address.
"""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from datetime import date
from typing import TYPE_CHECKING
from typing import Any

from psycopg.types.numeric import Int4
from starlette.responses import Response

from gis.db.connection import conninfo
from gis.db.connection import role_of
from gis.db.reading import async_fetch
from gis.i18n import translate as _
from layers.catalog import catalog
from layers.layer import HIGHEST_ZOOM
from server.actor import actor_of
from server.errors import FilterUnknown
from server.errors import TileMissing
from server.errors import explained
from server.metrics import BYTES
from server.metrics import REQUESTS
from server.metrics import SECONDS
from server.metrics import TILES
from server.metrics import meter
from server.store import Store
from server.store import Tile
from server.versions import mark
from server.versions import versions

if TYPE_CHECKING:
    from starlette.requests import Request

    from gis.vocabulary import Actor
    from layers.layer import Layer

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
STORE_BYTES = 64 * 1024 * 1024
PACK_FROM_BYTES = 860
"""Smaller tiles fit one packet as they are."""
THREAD_FROM_BYTES = 64 * 1024
"""Larger tiles are packed beside the event loop."""
LONGEST_FILTER = 4000
MOST_VALUES = 200

_NUMBER = re.compile(r"[0-9]{1,8}", re.ASCII)
_CODE = re.compile(r"[^\x00-\x1f,]{1,64}")
_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*(?:,|$)", re.IGNORECASE | re.ASCII)
_PLURAL = {
    "rule": "rules", "severity": "severities", "kind": "kinds", "code": "codes",
    "state": "states", "level": "levels", "clock": "clocks", "category": "categories",
}  # fmt: skip
_DAYS = ("since", "until")

store = Store(STORE_BYTES)


@explained
async def tile(request: Request) -> Response:
    """Answer with one tile: 200, 204 (nothing there), 304 (unchanged), 400 or 404."""
    began = time.perf_counter()
    layer = _layer(request.path_params["layer"])
    place = _place(request.path_params)
    chosen = _filters(request, layer)
    actor = actor_of(request)
    response = await _answer(request, layer, place, chosen, actor)
    meter(SECONDS, f"tile:{layer.key}").observe(time.perf_counter() - began)
    meter(REQUESTS, f"tile:{layer.key}", str(response.status_code)).inc()
    return response


async def _answer(
    request: Request, layer: Layer, place: tuple[int, int, int], chosen: dict[str, Any], actor: Actor
) -> Response:
    choice = ";".join(f"{name}={value}" for name, value in sorted(chosen.items()) if value is not None)
    info = conninfo(role_of(actor))
    tag = "W/" + mark(layer, await versions(actor, info), actor, choice)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if _holds(request.headers.get("if-none-match", ""), tag):
        meter(TILES, layer.key, "unchanged").inc()
        return Response(status_code=304, headers=headers)
    packed = _unpacks(request.headers.get("accept-encoding", ""))
    key = f"{info} {tag} {place} {packed}"
    held = store.get(key)
    if held is None:
        held = await _cut(layer, place, chosen, actor, info, packed=packed)
        store.put(key, held)
        meter(TILES, layer.key, "database" if held.body else "empty").inc()
    else:
        meter(TILES, layer.key, "store").inc()
    if not held.body:
        return Response(status_code=204, headers=headers)
    if held.packed:
        headers["Content-Encoding"] = "gzip"
    meter(BYTES, layer.key).inc(len(held.body))
    return Response(held.body, media_type=MEDIA_TYPE, headers=headers)


async def _cut(
    layer: Layer, place: tuple[int, int, int], chosen: dict[str, Any], actor: Actor, info: str, *, packed: bool
) -> Tile:
    """Ask the database for a tile and pack it for the way."""
    zoom, column, row = place
    statement = layer.statement(zoom)
    if statement is None:
        return Tile(b"", packed=False)
    parameters = {"z": Int4(zoom), "x": Int4(column), "y": Int4(row), **chosen}
    found = await async_fetch(actor, statement, parameters, info)
    body = bytes(found[0]) if found and found[0] else b""
    if not packed or len(body) < PACK_FROM_BYTES:
        return Tile(body, packed=False)
    if len(body) < THREAD_FROM_BYTES:
        return Tile(pack(body), packed=True)
    return Tile(await asyncio.to_thread(pack, body), packed=True)


def pack(body: bytes) -> bytes:
    """Compress with gzip, fast rather than small, the same bytes every time."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def _layer(key: str) -> Layer:
    found = catalog().get(key)
    if found is None:
        raise TileMissing(detail=_("没有图层 {layer}").format(layer=key[:40]))
    return found


def _place(path: dict[str, Any]) -> tuple[int, int, int]:
    """Read zoom, column and row; each must lie on the map."""
    parts = [str(path[name]) for name in ("z", "x", "y")]
    if not all(_NUMBER.fullmatch(part) for part in parts):
        raise TileMissing(detail=_("层级、列号和行号须为非负整数"))
    zoom, column, row = (int(part) for part in parts)
    if zoom > HIGHEST_ZOOM or column >= 2**zoom or row >= 2**zoom:
        raise TileMissing(detail=f"{zoom}/{column}/{row}")
    return zoom, column, row


def _filters(request: Request, layer: Layer) -> dict[str, Any]:
    """Read the layer's filters; lists are comma-separated and come out sorted."""
    chosen: dict[str, Any] = {}
    for name, given in request.query_params.multi_items():
        if name not in layer.filters or name in chosen or len(given) > LONGEST_FILTER:
            raise FilterUnknown(name=name[:40], layer=layer.key)
        if given:
            chosen[name] = given
    parameters: dict[str, Any] = {"network": chosen.get("network")} if "network" in layer.filters else {}
    if "network" in chosen and not _CODE.fullmatch(chosen["network"]):
        raise FilterUnknown(name="network", layer=layer.key)
    for name in layer.filters & _PLURAL.keys():
        values = sorted(set(chosen[name].split(","))) if name in chosen else None
        if values is not None and not _legal(values, layer.values.get(name)):
            raise FilterUnknown(name=name, layer=layer.key)
        parameters[_PLURAL[name]] = values
    for name in layer.filters.intersection(_DAYS):
        parameters[name] = _day(chosen.get(name), name, layer)
    return parameters


def _day(given: str | None, name: str, layer: Layer) -> date | None:
    try:
        return None if given is None else date.fromisoformat(given)
    except ValueError as error:
        raise FilterUnknown(name=name, layer=layer.key) from error


def _legal(values: list[str], known: frozenset[str] | None) -> bool:
    if len(values) > MOST_VALUES:
        return False
    return all((value in known) if known else bool(_CODE.fullmatch(value)) for value in values)


def _unpacks(header: str) -> bool:
    """Whether an ``Accept-Encoding`` takes gzip; a weight of nought refuses it."""
    found = _GZIP.search(header)
    return found is not None and not (found[1] and float(found[1]) == 0)


def _holds(header: str, tag: str) -> bool:
    """Whether an ``If-None-Match`` names the tag (compared weakly)."""
    given = {part.strip().removeprefix("W/") for part in header.split(",")}
    return header.strip() == "*" or tag.removeprefix("W/") in given
