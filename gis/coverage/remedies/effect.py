"""What an edit does: who gains what, which findings go and come; seen before it is done.

The edit is made in a transaction, the rules run again around it, and all of it is rolled back.
Applying a proposal does the same and lets it stand, so a preview never tells another story.
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import shapely

from gis.coverage.findings import Finding
from gis.coverage.remedies import judging
from gis.coverage.remedies import land
from gis.coverage.remedies.errors import NothingLeft
from gis.coverage.remedies.planning import Change
from gis.coverage.remedies.planning import Plan
from gis.coverage.remedies.planning import plan
from gis.coverage.remedies.writing import fits
from gis.coverage.remedies.writing import follow
from gis.coverage.remedies.writing import follow_posts
from gis.coverage.remedies.writing import write
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.vocabulary import Actor
from gis.vocabulary import ActorKind
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence

    import psycopg

    from gis.coverage.remedies.offers import Listed
    from gis.coverage.remedies.offers import Offer

STAFF = (RuleKey.UNSTAFFED_GRID, RuleKey.OVERDUE_VISIT, RuleKey.UNTOUCHED_AREA)
"""Rules that find every new grid, until somebody is appointed and has been there."""

LAND = (RuleKey.UNCLAIMED_LAND, RuleKey.CONTESTED_LAND, RuleKey.STRAY_PART)
"""Rules of which not even a warning may come: it would say that a neighbour broke."""

HEAVY = (Severity.BLOCK, Severity.BLIND)

Pair = tuple[int | None, int | None]


@dataclass(frozen=True)
class Balance:
    """A grid before and after.

    Attributes
    ----------
    grid, name : str
        Which.
    becomes : str
        ``changed``, ``made`` or ``ended``.
    area_m2 : (float, float)
        On the ellipsoid.
    buildings, households, people : (int or None, int or None)
        None where the grid is outside the actor's scope.
    low, high : int or None
        Limits of the network for households.
    """

    grid: str
    name: str
    becomes: str
    area_m2: tuple[float, float]
    buildings: Pair
    households: Pair
    people: Pair
    low: int | None = None
    high: int | None = None

    @property
    def fits(self) -> bool | None:
        """Whether its households are within the limits afterwards; None where that is not known."""
        after = self.households[1]
        if after is None or self.becomes == "ended":
            return None
        return (self.low is None or after >= self.low) and (self.high is None or after <= self.high)


@dataclass(frozen=True)
class Effect:
    """What an edit does.

    Attributes
    ----------
    grids : list of Balance
        Who gains what.
    incidents : int or None
        Open incidents that lie where land changes hands; None outside the actor's scope.
    gone, come : list of Finding
        Findings that are no more, and new ones; of those that come, those that weigh more than before.
    against : list of Finding
        Those of ``come`` for which it cannot be applied.
    solved : bool
        Whether the finding it is for is gone.
    hidden : int
        Findings that come or go outside the actor's scope.
    shapes, moved : dict
        GeoJSON: the grids as they would be; the land that changes hands, with who had and has it.
    entries : list of int
        Entries of the ledger that close with it.
    records : int
        Building records that named the grid they were in and name the new one with it.
    posts : list of dict
        Posts of grids that end, see :func:`~gis.coverage.remedies.writing.follow_posts`.
    """

    grids: list[Balance]
    incidents: int | None
    gone: list[Finding]
    come: list[Finding]
    against: list[Finding]
    solved: bool
    hidden: int = 0
    shapes: dict[str, Any] = field(default_factory=dict)
    moved: dict[str, Any] = field(default_factory=dict)
    entries: list[int] = field(default_factory=list)
    records: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def able(self) -> bool:
        """Whether it may be applied: it solves what it is for and breaks nothing."""
        return self.solved and not self.against

    def as_json(self) -> dict[str, Any]:
        """Give it as column ``effect`` of a proposal keeps it; the shapes stand in ``edit``."""
        return {
            "grids": [asdict(balance) for balance in self.grids],
            "incidents": self.incidents,
            **{name: [_told(finding) for finding in getattr(self, name)] for name in ("gone", "come", "against")},
            "solved": self.solved,
            "hidden": self.hidden,
            "moved": self.moved,
            "entries": self.entries,
            "records": self.records,
            "posts": self.posts,
        }

    @classmethod
    def from_json(cls, told: dict[str, Any], shapes: dict[str, Any]) -> Effect:
        """Read it from column ``effect``."""
        pairs = ("area_m2", "buildings", "households", "people")
        given = {key: value for key, value in told.items() if key in cls.__dataclass_fields__}
        given["grids"] = [Balance(**{**row, **{p: tuple(row[p]) for p in pairs}}) for row in told["grids"]]
        for name in ("gone", "come", "against"):
            given[name] = [Finding(wkb=None, remedies=[], **row) for row in told[name]]
        return cls(**given, shapes=shapes)


def preview(actor: Actor, entry: Listed, offer: Offer) -> Effect:
    """Say what a boundary offer would do, leaving everything as it is.

    Parameters
    ----------
    actor : Actor
        A planner or a supervisor; figures and findings outside the own scope stay hidden.
    entry : Entry
        An entry of the ledger, as the actor read it.
    offer : Offer
        One of its boundary offers.

    Raises
    ------
    Unrepairable
        The edit does not fit the land as it is.
    NotAllowed
        Somebody who proposes nothing.
    """
    return planned(actor, entry, offer)[1]


def planned(actor: Actor, entry: Listed, offer: Offer) -> tuple[Plan, Effect]:
    """Give the edit of an offer and what it would do."""
    with session(actor) as conn:
        may_propose(conn)
        net = land.network(conn, entry.network)
        seen(conn, int(entry.id))
    # Every building of a grid counts, whatever part of them the actor may see.
    with session(Actor(actor.name, ActorKind.JOB, actor.origin)) as conn:
        made = plan(conn, entry, offer)
    return made, rehearsed(actor, net, int(entry.id), made)


def rehearsed(actor: Actor, net: land.Network, entry: int | None, made: Plan) -> Effect:
    """Make an edit, see what it does, and take it back."""

    def work(conn: psycopg.Connection[Any], settle: Callable[[], None]) -> Effect:
        return carried_out(conn, settle, net, entry, made)

    return within_reach(actor, net, judging.within(actor, net, work, lasting=False))


def carried_out(
    conn: psycopg.Connection[Any], settle: Callable[[], None], net: land.Network, entry: int | None, made: Plan
) -> Effect:
    """Make an edit in the transaction of ``conn``, run the rules again around it, and say what it did.

    Without ``entry`` it solves nothing (it takes something back).
    """
    fits(conn, net.id, made.changes)
    if entry is not None:
        seen(conn, entry)
    codes = [change.grid for change in made.changes]
    shapes = [change.geometry for change in made.changes if change.geometry is not None]
    shapes += [geometry for _before, _after, geometry in made.moved]
    before, findings = land.loads(conn, net.id, codes), _standing(conn, net, codes, shapes)
    write(conn, net.id, made.changes)
    records = follow(conn, made)
    posts = follow_posts(conn, net.id, made)
    settle()
    after, now = land.loads(conn, net.id, codes), _standing(conn, net, codes, shapes)
    order = list(Severity)
    come = [
        finding
        for number, finding in now.items()
        if number not in findings
        or order.index(Severity(finding.severity)) < order.index(Severity(findings[number].severity))
    ]
    gone = [finding for number, finding in findings.items() if number not in now]
    fresh = {change.grid for change in made.changes if change.version is None}
    moved = shapely.union_all([geometry for _before, _after, geometry in made.moved])
    incidents = land.run(conn, "open_incidents", place=shapely.to_wkb(moved)).fetchone() or (0,)
    return Effect(
        grids=[_balance(change, before.get(change.grid), after.get(change.grid), net) for change in made.changes],
        incidents=int(incidents[0]),
        gone=gone,
        come=come,
        against=[finding for finding in come if _weighs(finding, fresh)],
        solved=entry is not None and land.run(conn, "still", entry=entry).fetchone() == (False,),
        shapes=collection(made.changes),
        moved=_moves(made),
        entries=sorted(int(f.subjects[ENTRY]) for f in gone if f.subjects.get(ENTRY)),
        records=records,
        posts=posts,
    )


def collection(changes: Sequence[Change]) -> dict[str, Any]:
    """Give the grids of an edit as GeoJSON."""
    features = [
        _feature(change.geometry, grid=change.grid, becomes=_becomes(change))
        for change in changes
        if change.geometry is not None
    ]
    return {"type": "FeatureCollection", "features": features}


def within_reach(actor: Actor, net: land.Network, effect: Effect) -> Effect:
    """Leave out what lies outside the scope of an actor."""
    findings = [*effect.gone, *effect.come]
    areas = sorted({f.subjects[AREA] for f in findings if f.subjects.get(AREA)})
    codes = sorted({balance.grid for balance in effect.grids} | {code for f in findings for code in f.grids})
    with session(actor) as conn:
        mine, grids = land.run(conn, "reach", network=net.id, areas=areas, codes=codes).fetchone() or ([], [])
    reached, held = set(mine), set(grids)
    held |= {b.grid for b in effect.grids if b.becomes == "made"}

    def visible(finding: Finding) -> bool:
        return finding.subjects.get(AREA) in reached or not held.isdisjoint(finding.grids)

    def shown(balance: Balance) -> Balance:
        if balance.grid in held:
            return balance
        none: Pair = (None, None)
        return Balance(
            balance.grid, balance.name, balance.becomes, balance.area_m2, none, none, none, balance.low, balance.high
        )

    gone, come = [f for f in effect.gone if visible(f)], [f for f in effect.come if visible(f)]
    return replace(
        effect,
        grids=[shown(balance) for balance in effect.grids],
        incidents=effect.incidents if all(balance.grid in held for balance in effect.grids) else None,
        gone=gone,
        come=come,
        hidden=len(findings) - len(gone) - len(come),
    )


def may_propose(conn: psycopg.Connection[Any]) -> None:
    """Refuse who neither plans nor supervises."""
    if (land.run(conn, "may_plan").fetchone() or (False, False))[1] is not True:
        raise NotAllowed


def seen(conn: psycopg.Connection[Any], entry: int) -> None:
    """Refuse an entry that is not the actor's to see, or whose cause is gone."""
    if land.run(conn, "still", entry=entry).fetchone() != (True,):
        raise NothingLeft


ENTRY, AREA = "_entry", "_area"
"""Where a finding of an effect keeps its entry of the ledger and the id of its area."""


def _standing(
    conn: psycopg.Connection[Any], net: land.Network, codes: list[str], shapes: Sequence[Any]
) -> dict[int, Finding]:
    west, south, east, north = map(float, shapely.total_bounds(np.array(shapes, dtype=object)))
    box = {"west": west, "south": south, "east": east, "north": north}
    found: dict[int, Finding] = {}
    for row in land.rows(conn, "standing", network=net.id, codes=codes, **box):
        entry, area = row.pop("entry_id"), row.pop("area_id")
        row["subjects"] = {**row["subjects"], ENTRY: entry, AREA: area}
        found[int(row["id"])] = Finding(**row)
    return found


def _weighs(finding: Finding, fresh: set[str]) -> bool:
    """Whether a finding that comes forbids the edit."""
    if finding.rule in STAFF and not fresh.isdisjoint(finding.grids):
        return False
    return finding.severity in HEAVY or (finding.rule in LAND and finding.severity == Severity.WARN)


def _balance(change: Change, before: dict[str, Any] | None, after: dict[str, Any] | None, net: land.Network) -> Balance:
    def pair(name: str) -> Any:  # noqa: ANN401 - of the column
        return tuple((row[name] if name == "area_m2" else int(row[name])) if row else 0 for row in (before, after))

    row = after or before or {"name": change.name}
    return Balance(
        change.grid, row["name"], _becomes(change), pair("area_m2"), pair("buildings"), pair("households"),
        pair("people"), net.households_min, net.households_max,
    )  # fmt: skip


def _becomes(change: Change) -> str:
    if change.version is None:
        return "made"
    return "ended" if change.geometry is None else "changed"


def _moves(made: Plan) -> dict[str, Any]:
    features = [_feature(geometry, before=list(before), after=list(after)) for before, after, geometry in made.moved]
    return {"type": "FeatureCollection", "features": features}


def _feature(geometry: Any, **properties: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(geometry)}


def _told(finding: Finding) -> dict[str, Any]:
    names = ("rule", "severity", "measure", "subjects", "grids", "buildings", "area_code", "area_name")
    return {name: getattr(finding, name) for name in names}
