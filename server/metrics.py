"""Counters of the routes in the text format of Prometheus, labelled by operation.

Labels come from our own short lists (layer keys, states), never from the address, so
that no visitor can make them grow.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from typing import TypeVar

from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client import CollectorRegistry
from prometheus_client import Counter
from prometheus_client import Histogram
from prometheus_client import generate_latest
from starlette.responses import Response

from server.errors import explained

if TYPE_CHECKING:
    from starlette.requests import Request

REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "gridatlas_requests_total", "Requests answered, by operation and status", ["operation", "status"], registry=REGISTRY
)
SECONDS = Histogram(
    "gridatlas_operation_seconds",
    "Seconds an operation took",
    ["operation"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
TILES = Counter(
    "gridatlas_tiles_total",
    "Tiles by layer and where they came from (database, store, unchanged, empty)",
    ["layer", "origin"],
    registry=REGISTRY,
)
BYTES = Counter("gridatlas_tile_bytes_total", "Bytes of tiles sent, by layer", ["layer"], registry=REGISTRY)

Meter = TypeVar("Meter", Counter, Histogram)


@cache
def meter(family: Meter, *labels: str) -> Meter:
    """Give the meter of a family for these labels; looked up once."""
    return family.labels(*labels)


@explained
async def metrics(request: Request) -> Response:  # noqa: ARG001  the shape of a route
    """Answer with all counters."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
