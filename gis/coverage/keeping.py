"""Keeps what the rules found: findings go on or go, the ledger remembers, the day is counted.

One call, in the transaction of the run: whatever ends it before it commits leaves everything
as it was. What makes a finding the same is the business of :mod:`gis.coverage.identity`, what
people do with an entry that of :mod:`gis.coverage.ledger`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from gis.coverage import identity
from gis.coverage.engine import statement
from gis.coverage.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import psycopg

    from gis.coverage.raw import Raw

FILE = "keeping.sql"
OFFICE_ZONE = ZoneInfo("Asia/Shanghai")
MANY = 2000
"""Findings from which on statistics of the working tables are worth their time."""


@dataclass(frozen=True, slots=True)
class Within:
    """What a local run judged anew: the findings that are up for replacement.

    Attributes
    ----------
    rules, areas : frozenset
        Findings of these rules that belong to these areas.
    buildings, incidents, grids : frozenset
        And those of these rules that belong to no area and name one of these.
    whole : frozenset of str
        Rules that were judged for the whole network.
    """

    rules: frozenset[str] = frozenset()
    areas: frozenset[int] = frozenset()
    buildings: frozenset[int] = frozenset()
    incidents: frozenset[int] = frozenset()
    whole: frozenset[str] = frozenset()
    grids: frozenset[str] = frozenset()

    def holds(self, raw: Raw) -> bool:
        """Whether a finding is one of those that were judged anew."""
        if raw.rule in self.whole:
            return True
        if raw.rule not in self.rules:
            return False
        if raw.area_id is not None:
            return raw.area_id in self.areas
        return (
            not self.buildings.isdisjoint(raw.building_ids)
            or not self.grids.isdisjoint(raw.grid_codes)
            or raw.subjects.get("incident_id") in self.incidents
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the findings.

    Attributes
    ----------
    new, changed, gone, returned, same : int
        How many.
    come, closed : list of int
        Entries of the ledger that are new or came back, and those that were closed: of a local run.
    """

    new: int = 0
    changed: int = 0
    gone: int = 0
    returned: int = 0
    same: int = 0
    come: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)

    @property
    def moved(self) -> bool:
        """Whether any finding differs from before."""
        return bool(self.new or self.changed or self.gone or self.returned)


def keep(
    conn: psycopg.Connection[Any], network: int, found: Sequence[Raw], *, within: Within | None, at: datetime
) -> Kept:
    """Replace findings of a network by what a run found, and write the ledger.

    A finding keeps its row as long as it lasts, and the row is written only when it differs.
    Entries of the ledger open, change, close and return with it; exceptions whose last day is
    over end; the headline's day is counted anew where something moved. Set-based: a few
    statements, whatever the number of findings.

    Parameters
    ----------
    conn : Connection
        Of a job, in the transaction of the run, which holds the lock of the network.
    network : int
        Id of the network.
    found : sequence of Raw
        What the rules found; of a local run what lies outside ``within`` is left aside.
    within : Within or None
        What was judged anew; None for the whole network.
    at : datetime
        When the run began: the time of what the ledger writes, and the day of the headline.
    """
    return _Keeper(conn, network, within, at).keep([raw for raw in found if within is None or within.holds(raw)])


def furnish(conn: psycopg.Connection[Any]) -> None:
    """Make the working tables of :func:`keep` once for all runs of a lasting connection."""
    conn.execute(statement(FILE, "stage").replace("\n);", "\n) ON COMMIT DELETE ROWS;").encode())


class _Keeper:
    """One call of :func:`keep`."""

    def __init__(self, conn: psycopg.Connection[Any], network: int, within: Within | None, at: datetime) -> None:
        self.conn = conn
        self.within = within
        self.day = at.astimezone(OFFICE_ZONE).date()
        self.base = {
            "network": network,
            "at": at,
            "day": self.day,
            "places": [key for key, rule in RULES.items() if not rule.identity],
            "share": identity.SAME_SHARE,
        }

    def run(self, name: str, **more: Any) -> psycopg.Cursor[Any]:  # noqa: ANN401 - parameters of a statement
        text = statement(FILE, name)
        given = {**self.base, **more}
        # Several statements at once cannot stay planned.
        prepare = False if ";" in text.strip() else None
        return self.conn.execute(text, given if "%(" in text else None, prepare=prepare)

    def keep(self, found: list[Raw]) -> Kept:
        self.conn.execute("SELECT set_config('atlas.day', %s, true)", (self.day.isoformat(),))
        if (self.run("expired").fetchone() or (False,))[0]:
            self.run("expire")
        self.conn.execute("SET LOCAL client_min_messages = warning")
        lasting = self.conn.execute("SELECT to_regclass('pg_temp.kept_match') IS NOT NULL").fetchone() == (True,)
        for name in ("empty_fresh", "empty_old", "empty_match") if lasting else ("stage",):
            self.run(name)
        try:
            return self._judge(found)
        finally:
            if not lasting and self.conn.info.transaction_status.name != "INERROR":
                self.run("unstage")

    def _judge(self, found: list[Raw]) -> Kept:
        self._fill(found)
        self._scope()
        many = len(found) > MANY
        if many:
            self.run("index")
            self.run("analyse")
        splits, merges = self._match()
        if many:
            self.run("analyse_match")
        self.run("fates")
        if many:
            self.run("analyse_match")
        if splits:
            self.run("split", news=[new for new, _old in splits], olds=[old for _new, old in splits])
        counts: dict[str, int] = dict(self.run("counts").fetchall())
        areas, grids, more, houses = self.run("touched").fetchone() or ([], [], {}, [])
        local = self.within is not None
        closed = [i for (i,) in self.run("gone_entries")] if local and counts.get("gone") else []
        self._write(counts, merges)
        come = (
            [i for (i,) in self.run("come_entries")] if local and (counts.get("new") or counts.get("returned")) else []
        )
        if counts.get("new", 0) + counts.get("returned", 0) > MANY:
            self.run("analyse_kept")
        if self.within is None:
            self.run("settle_days", areas=None, grids=None, more=None, houses=None)
        else:
            self.run(
                "settle_days", areas=sorted({*areas, *self.within.areas}), grids=sorted({*grids, *self.within.grids}),
                more=Jsonb(more), houses=sorted({*houses, *self.within.buildings}),
            )  # fmt: skip
        return Kept(
            **{fate: counts.get(fate, 0) for fate in ("new", "changed", "gone", "returned", "same")},
            come=come,
            closed=closed,
        )

    def _fill(self, found: list[Raw]) -> None:
        houses = {i for raw in found for i in raw.building_ids}
        cases = {raw.subjects["incident_id"] for raw in found if "incident_id" in raw.subjects}
        codes: dict[int, str] = dict(self.run("building_codes", ids=list(houses)).fetchall()) if houses else {}
        incidents: dict[int, str] = dict(self.run("incident_codes", ids=list(cases)).fetchall()) if cases else {}
        names = identity.keys(found, codes, incidents)
        if not found:
            return
        with self.conn.cursor() as cursor, cursor.copy(statement(FILE, "fill")) as copy:
            for n, (raw, key) in enumerate(zip(found, names, strict=True)):
                subjects = dict(raw.subjects)
                if "incident_id" in subjects:
                    subjects["incident"] = incidents[subjects.pop("incident_id")]
                copy.write_row((
                    n, str(raw.rule), key, str(raw.severity), raw.geom, _json(raw.measure), _json(subjects),
                    list(raw.grid_codes), list(raw.building_ids), [codes[i] for i in raw.building_ids], raw.area_id,
                    _json(raw.remedies),
                ))  # fmt: skip

    def _scope(self) -> None:
        if self.within is None:
            self.run("whole")
            return
        codes = (
            dict(self.run("building_codes", ids=list(self.within.buildings)).fetchall())
            if self.within.buildings
            else {}
        )
        cases = (
            dict(self.run("incident_codes", ids=list(self.within.incidents)).fetchall())
            if self.within.incidents
            else {}
        )
        rules = sorted(self.within.rules)
        self.run(
            "within", whole=sorted(self.within.whole), rules=rules, areas=sorted(self.within.areas),
            codes=list(codes.values()), cases=list(cases.values()), grids=sorted(self.within.grids),
        )  # fmt: skip
        if len(codes) < len(self.within.buildings) or len(cases) < len(self.within.incidents):
            self.run("orphans", rules=rules)
        for n, rule, key in self.run("taken_keys").fetchall():
            self._rename(n, rule, key)

    def _rename(self, n: int, rule: str, key: str) -> None:
        """Give a finding whose key stands elsewhere the key of a twin that is up for replacement, or a new one."""
        known: dict[str, bool] = dict(self.run("twins", rule=rule, key=key).fetchall())
        given = {k for (k,) in self.conn.execute("SELECT key FROM kept_fresh WHERE rule = %s", (rule,)) if k}
        free = sorted(k for k, ours in known.items() if ours and k not in given)
        turn = 2
        while f"{key}#{turn}" in known or f"{key}#{turn}" in given:
            turn += 1
        self.run("rename", n=n, key=free[0] if free else f"{key}#{turn}")

    def _match(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Find out who continues whom; (new, old) of pieces that fell off, and of places that were swallowed."""
        self.run("match_named")
        self.run("match_exact")
        candidates = self.run("overlaps").fetchall()
        chosen = identity.pairs(candidates)
        if chosen:
            self.run("match_overlaps", news=[new for new, _old in chosen], olds=[old for _new, old in chosen])
        back = identity.pairs(self.run("memories").fetchall())
        if back:
            self.run("match_memories", news=[new for new, _old in back], olds=[old for _new, old in back])
        self.run("match_new")
        news, olds = {new for new, _old in chosen}, {old for _new, old in chosen}
        best = sorted(candidates, key=lambda c: -c[2])
        splits = {new: old for new, old, *_rest in reversed(best) if new not in news}
        merges = {old: new for new, old, *_rest in reversed(best) if old not in olds}
        return list(splits.items()), list(merges.items())

    def _write(self, counts: dict[str, int], merges: list[tuple[int, int]]) -> None:
        if counts.get("gone"):
            seen = (self.run("seen").fetchone() or (None,))[0]
            entries: dict[int, int] = (
                dict(self.conn.execute("SELECT n, ledger_id FROM kept_match WHERE ledger_id IS NOT NULL").fetchall())
                if merges
                else {}
            )
            into = [(old, entries[new]) for old, new in merges if new in entries]
            self.run("close", seen=seen, olds=[old for old, _new in into], intos=[new for _old, new in into])
            self.run("remove")
        if counts.get("changed"):
            self.run("change")
        if counts.get("new") or counts.get("returned"):
            self.run("add")
        self.run("touch")
        if counts.get("new") or counts.get("changed"):
            self.run("enter")
        if counts.get("changed") or counts.get("returned"):
            self.run("update")


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=float)
