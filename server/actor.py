"""Who a request works for: whoever the gate let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.vocabulary import Actor
from server import peer
from server.errors import SignInNeeded

if TYPE_CHECKING:
    from starlette.requests import Request

    from gis.access.sessions import Visitor

HOUSE = Actor.job("server")
"""The server itself, for what it asks in nobody's name."""


def visitor_of(request: Request) -> Visitor | None:
    """Give who stands before the gate; None: a stranger."""
    found: Visitor | None = getattr(request.state, "visitor", None)
    return found


def actor_of(request: Request) -> Actor:
    """Say whom a request works for.

    Raises
    ------
    SignInNeeded
        Nobody: the route is open to strangers, but this needs a name.
    """
    visitor = visitor_of(request)
    if visitor is None:
        raise SignInNeeded
    return visitor.actor(origin=peer.address(request.scope))
