"""Who a command works for: whoever types it, as far as the machine knows."""

from __future__ import annotations

import getpass

from gis.vocabulary import Actor
from gis.vocabulary import ActorKind


def whoever() -> Actor:
    """Give the actor of a command: a job in the name of the machine's user, from ``cli``."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "?"
    return Actor(f"job:cli:{name}", ActorKind.JOB, "cli")
