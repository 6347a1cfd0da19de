"""What an actor may do, asked in one place: before work that a job does in a person's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.db.connection import session
from gis.errors import NotAllowed
from gis.vocabulary import ActorKind

if TYPE_CHECKING:
    from gis.vocabulary import Actor
    from gis.vocabulary import Role


def roles(actor: Actor) -> frozenset[str]:
    """Roles of an actor today; none for a name without an active account."""
    with session(actor) as conn:
        row = conn.execute("SELECT current_setting('atlas.roles', true)").fetchone()
    return frozenset(part for part in (row[0] if row and row[0] else "").split(",") if part)


def require(actor: Actor, *wanted: Role) -> None:
    """Let pass who has one of the roles; the house's own jobs always.

    Raises
    ------
    NotAllowed
        Nobody else.
    """
    if actor.kind is ActorKind.JOB:
        return
    if roles(actor).isdisjoint(wanted):
        raise NotAllowed
