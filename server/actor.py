"""Who a request works for. One place, so that accounts change nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.vocabulary import Actor

if TYPE_CHECKING:
    from starlette.requests import Request

LOCAL = Actor("local")
"""Whoever sits at this machine: the server listens on loopback until accounts exist."""


def actor_of(request: Request) -> Actor:  # noqa: ARG001  the request will carry the session
    """Say whom a request works for."""
    return LOCAL
