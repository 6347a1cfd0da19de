"""Proposals: an edit that somebody computed and previewed, for a planner to take up.

A supervisor proposes, only a planner with the right on those grids applies. Applying writes new
versions in one transaction, runs the rules again there, and refuses when a grid was changed
meanwhile, when the finding would still stand, or when a neighbour would break.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import psycopg
import shapely
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gis.coverage.engine import statement
from gis.coverage.remedies import effect as effects
from gis.coverage.remedies import judging
from gis.coverage.remedies import land
from gis.coverage.remedies import words
from gis.coverage.remedies import writing
from gis.coverage.remedies.effect import Effect
from gis.coverage.remedies.errors import GridMoved
from gis.coverage.remedies.errors import NewTrouble
from gis.coverage.remedies.errors import NothingLeft
from gis.coverage.remedies.errors import NotOpen
from gis.coverage.remedies.errors import PlannerOnly
from gis.coverage.remedies.errors import StillThere
from gis.coverage.remedies.planning import Change
from gis.coverage.remedies.planning import Plan
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.errors import NotFound
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gis.coverage.remedies.offers import Listed
    from gis.coverage.remedies.offers import Offer
    from gis.vocabulary import Actor

TOLD = 3
"""Findings that are named when an edit is refused for them."""


class ProposalMissing(NotFound):
    """There is no such proposal, or it is not the actor's to see."""

    template = "没有第 {id} 号方案,或它不在你的管辖范围内。"
    cure = "请检查编号。"


@dataclass(frozen=True)
class Proposal:
    """An edit with its effect, as it is kept.

    Attributes
    ----------
    id, entry_id : int
        Its number, and that of the entry of the ledger it repairs.
    network : str
        Code of the network.
    remedy : dict
        The offer: ``action`` and ``fields``.
    edit : list of dict
        Grids as they would be, see :class:`~gis.coverage.remedies.planning.Change`.
    state : str
        ``open``, ``applied``, ``withdrawn`` or ``stale``.
    """

    id: int
    entry_id: int
    network: str
    network_id: int
    remedy: dict[str, Any]
    edit: list[dict[str, Any]]
    effect: dict[str, Any]
    state: str
    actor: str
    created_at: datetime
    updated_at: datetime

    @property
    def title(self) -> str:
        """One sentence, in the language in force."""
        return words.offer("boundary", self.remedy["action"], self.remedy["fields"])

    @property
    def state_text(self) -> str:
        """Name of the state, in the language in force."""
        return words.proposal_state(self.state)

    @property
    def changes(self) -> list[Change]:
        """The grids as they would be."""
        return [Change.from_json(told) for told in self.edit]

    @property
    def told(self) -> Effect:
        """What it does, as it was when it was proposed (or applied)."""
        return Effect.from_json(self.effect, effects.collection(self.changes))

    @property
    def plan(self) -> Plan:
        """The edit."""
        moves = [
            (tuple(f["properties"]["before"]), tuple(f["properties"]["after"]), shapely.geometry.shape(f["geometry"]))
            for f in self.effect["moved"]["features"]
        ]
        return Plan(self.changes, moves)


def get(conn: psycopg.Connection[Any], proposal_id: int) -> Proposal:
    """Give one proposal.

    Raises
    ------
    ProposalMissing
        There is none of this number, or it is not the actor's to see.
    """
    with conn.cursor(row_factory=class_row(Proposal)) as cursor:
        found = cursor.execute(statement(land.FILE, "proposal").encode(), {"id": proposal_id}).fetchone()
    if found is None:
        raise ProposalMissing(id=proposal_id)
    return found


def proposals(conn: psycopg.Connection[Any], entry_id: int) -> list[Proposal]:
    """Give the proposals of an entry, newest first."""
    with conn.cursor(row_factory=class_row(Proposal)) as cursor:
        return cursor.execute(statement(land.FILE, "proposals").encode(), {"entry": entry_id}).fetchall()


def propose(actor: Actor, entry: Listed, offer: Offer, note: str = "") -> int:
    """Keep a boundary offer as a proposal, with its effect; give its number.

    Raises
    ------
    Unrepairable
        The edit does not fit the land as it is.
    NotAllowed
        Somebody who neither plans nor supervises there.
    """
    made, effect = effects.planned(actor, entry, offer)
    return _keep(actor, entry.network, int(entry.id), offer.as_json(), made, effect, note)


def withdraw(actor: Actor, proposal_id: int, note: str = "") -> None:
    """Take an open proposal back."""
    with session(actor) as conn:
        effects.may_propose(conn)
        proposal = get(conn, proposal_id)
        _turn(conn, proposal, "withdrawn", note)


def apply(actor: Actor, proposal_id: int, note: str = "") -> Effect:
    """Let a proposal take effect: new versions of its grids, the rules run again, the entry closed by its rule.

    Returns
    -------
    Effect
        What it did.

    Raises
    ------
    PlannerOnly
        The actor is no planner, or not of these grids.
    NotOpen
        It was applied or withdrawn before, or is stale.
    GridMoved
        A grid has another version by now: the proposal is stale from then on.
    StillThere, NewTrouble
        The rules say that it does not help, or that it breaks something. Nothing was written.
    """
    with session(actor) as conn:
        proposal = get(conn, proposal_id)
        _rehearse_rights(conn, proposal)
        net = land.network(conn, proposal.network)

    def work(conn: psycopg.Connection[Any], settle: Callable[[], None]) -> Effect:
        effect = _carry_out(conn, settle, net, proposal)
        for change in proposal.changes:
            _note_grid(conn, change, proposal)
        _turn(conn, proposal, "applied", note, effect)
        return effect

    try:
        effect = judging.within(actor, net, work, lasting=True)
    except (GridMoved, NothingLeft):
        with session(actor) as conn:
            _turn(conn, proposal, "stale", "")
        raise
    return effects.within_reach(actor, net, effect)


def undo(actor: Actor, proposal_id: int, note: str = "") -> int:
    """Offer the inverse of an applied proposal: a proposal of its own that brings the old borders back.

    A grid that was made ends, its code is never used again; a grid that ended comes back under a
    new code, for the same reason.

    Raises
    ------
    NotOpen
        It is not applied, or was changed again since.
    """
    with session(actor) as conn:
        effects.may_propose(conn)
        proposal = get(conn, proposal_id)
        if proposal.state != "applied":
            raise NotOpen
        net = land.network(conn, proposal.network)
        changes = [_inverse(conn, net, change) for change in proposal.changes]
    turned = [(after, before, geometry) for before, after, geometry in proposal.plan.moved]
    made = Plan(changes, turned)

    effect = _excused(effects.rehearsed(actor, net, None, made), proposal)
    remedy = {"kind": "boundary", "action": "undo", "fields": {}, "of": proposal.id}
    return _keep(actor, proposal.network, proposal.entry_id, remedy, made, effect, note)


def _keep(actor: Actor, network: str, entry: int, remedy: dict[str, Any], made: Plan, effect: Effect, note: str) -> int:
    edit = [change.as_json() for change in made.changes]
    with session(actor) as conn:
        net = land.network(conn, network)
        row = land.run(
            conn, "propose", entry=entry, network=net.id, remedy=Jsonb(remedy), edit=Jsonb(edit),
            effect=Jsonb(effect.as_json()),
        ).fetchone()  # fmt: skip
        assert row is not None
        number = int(row[0])
        codes = [change.grid for change in made.changes]
        told = {"proposal": number, "action": remedy["action"], "grids": codes}
        writing.event(conn, entry, "proposal", None, "open", note, told)
        writing.note(
            conn,
            "propose",
            "proposal",
            str(number),
            after={"entry": entry, "remedy": remedy, "grids": codes},
            reason=note or None,
        )
    return number


def _carry_out(
    conn: psycopg.Connection[Any], settle: Callable[[], None], net: land.Network, proposal: Proposal
) -> Effect:
    """Make the edit and see that it helps and breaks nothing."""
    if proposal.state != "open":
        raise NotOpen
    undoing = proposal.remedy.get("of")
    effect = effects.carried_out(conn, settle, net, None if undoing else proposal.entry_id, proposal.plan)
    if undoing:
        effect = _excused(effect, get(conn, int(undoing)))
    if effect.against:
        reasons = "".join(finding.reason for finding in effect.against[:TOLD])
        more = len(effect.against) - TOLD
        raise NewTrouble(reasons=reasons + (_("另有 {count} 个。").format(count=more) if more > 0 else ""))
    if not effect.solved:
        raise StillThere
    return effect


def _excused(effect: Effect, undone: Proposal) -> Effect:
    """Let what the undone edit had repaired come back."""
    back = set(undone.effect.get("entries", ()))
    against = [finding for finding in effect.against if finding.subjects.get(effects.ENTRY) not in back]
    return replace(effect, against=against, solved=True)


def _rehearse_rights(conn: psycopg.Connection[Any], proposal: Proposal) -> None:
    """See that the actor himself may write these grids: the very statements, taken back at once."""
    if (land.run(conn, "may_plan").fetchone() or (False, False))[0] is not True:
        raise PlannerOnly
    if proposal.state != "open":
        raise NotOpen
    try:
        with conn.transaction(force_rollback=True):
            writing.write(conn, proposal.network_id, proposal.changes)
    except GridMoved:
        return  # judged again, and told, where the proposal can be marked as stale
    except (NotAllowed, psycopg.errors.InsufficientPrivilege) as error:
        raise PlannerOnly from error


def _turn(
    conn: psycopg.Connection[Any], proposal: Proposal, state: str, note: str, effect: Effect | None = None
) -> None:
    told = None if effect is None else Jsonb(effect.as_json())
    done = land.run(conn, "turn", id=proposal.id, before="open", after=state, effect=told).fetchone()
    if done is None:
        raise NotOpen
    writing.event(conn, proposal.entry_id, "proposal", "open", state, note, {"proposal": proposal.id})
    if state != "stale":
        action = {"applied": "apply", "withdrawn": "withdraw"}[state]
        after: dict[str, Any] = {"entry": proposal.entry_id, "grids": [change.grid for change in proposal.changes]}
        if effect is not None:
            after["building_records"] = effect.records
            after["posts"] = effect.posts
        writing.note(conn, action, "proposal", str(proposal.id), after=after, reason=note or None)


def _note_grid(conn: psycopg.Connection[Any], change: Change, proposal: Proposal) -> None:
    """Write the audit row of one grid."""
    becomes = "create" if change.version is None else "retire" if change.geometry is None else "redraw"
    before = None if change.version is None else {"version": change.version}
    after: dict[str, Any] = {"proposal": proposal.id}
    if change.geometry is not None:
        after["version"] = (change.version or 0) + 1
    writing.note(conn, becomes, "grid", change.grid, before=before, after=after, reason=proposal.title)


def _inverse(conn: psycopg.Connection[Any], net: land.Network, change: Change) -> Change:
    """Give what takes one change back."""
    if change.version is None:
        return Change(change.grid, 1, None)
    former = land.run(conn, "former", network=net.id, code=change.grid, version=change.version).fetchone()
    if former is None:
        raise NotOpen
    name, kind, wkb, home = former
    if change.geometry is not None:
        return Change(change.grid, change.version + 1, shapely.from_wkb(wkb))
    (code,) = land.fresh_codes(conn, net.id, home, 1, change.grid)
    return Change(code, None, shapely.from_wkb(wkb), name, kind, home, change.grid)
