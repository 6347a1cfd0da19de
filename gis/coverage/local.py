"""Judges anew only what changes touched: the marks of ``dirty`` give areas, these their findings.

The unit is the area (community). From the marks of one network follow the areas under, beside
and named by what changed; the relations the rules read are filled with what lies in, touches
or is near them; rules of unit ``area`` that read what changed run over them; what belongs to
these areas replaces what was stored. The rules are the ones of a whole run, word for word, and
what they find is the same (``tests/property/test_refresh_agrees.py``).

A :class:`Desk` is a connection made ready for this once: its tables are made, its statements
stay planned. Marks go in the transaction that keeps the result, so a run that dies leaves them.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from gis.coverage import engine
from gis.coverage import keeping
from gis.coverage import limits
from gis.coverage import parameters
from gis.coverage import summary
from gis.coverage.engine import statement
from gis.coverage.keeping import Within
from gis.coverage.keeping import keep
from gis.coverage.rules import RULES
from gis.coverage.rules import Unit
from gis.db.connection import OWNER
from gis.db.connection import conninfo
from gis.db.connection import explained
from gis.db.connection import naming
from gis.vocabulary import RuleKey

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from datetime import datetime

    from gis.coverage.keeping import Kept
    from gis.vocabulary import Actor

FILE = "local.sql"
MOST_MARKS = 1000
MOST_AREAS = 60
"""Beyond these a whole run costs less than a local one."""

READY = """
    SELECT set_config('jit', 'off', false), set_config('plan_cache_mode', 'force_generic_plan', false),
        set_config('max_parallel_workers_per_gather', '0', false), set_config('random_page_cost', '1.1', false),
        set_config('temp_buffers', '8MB', false), set_config('work_mem', '4MB', false)
"""
ORDER: tuple[str, ...] = (
    "now", "policy", "building", "param", "grid", "assignment", "loose", "loose_grid", "area", "division",
    "inner", "home", "unit", "group", "place", "shell", "border", "declared", "incident", "excluded", "gap", "post",
    "leave", "visit", "track", "duty", "road", "water",
)  # fmt: skip
ORDER += tuple(name for name, _keys, _spatial in engine.STEPS if name not in ORDER)
"""In which order relations are filled."""
CHANGES = {
    "area": {"cov_area", "cov_division"},
    "grid": {"cov_grid"},
    "building": {"cov_building", "cov_declared"},
    "incident": {"cov_incident"},
    "excluded": {"cov_excluded"},
    "post": {"cov_post"},
    "leave": {"cov_leave"},
    "visit": {"cov_visit"},
    "track": {"cov_track"},
    "duty": {"cov_duty"},
    "road": {"cov_road"},
    "water": {"cov_water"},
    "declared": {"cov_declared"},
    "network": {"cov_param", "cov_now", "cov_policy"},
}
"""Which relations of the rules a kind of change is seen in."""
STEPS = tuple(name for name, _keys, _spatial in engine.STEPS)
LAND = frozenset({RuleKey.UNCLAIMED_LAND, RuleKey.CONTESTED_LAND, RuleKey.STRAY_PART, RuleKey.SEAM})
"""Rules that find land: buildings and incidents are counted in what they found, and change nothing else."""
FILLING = {"building", "incident"}
"""Changes that fill land."""
OWN = {"assignment", "unit", "shell"}
"""Steps a local run takes in its own way."""
PLACING = {"grid", "building", "area"}
"""Changes after which buildings may belong to another grid."""


class WholeNeeded(Exception):
    """So much changed that the network has to be judged whole; the marks are left for that run."""


@cache
def reads(key: RuleKey) -> frozenset[str]:
    """Give all relations a rule reads, those its steps are made of included."""
    found: set[str] = set()
    open_ends = set(re.findall(r"\bcov_\w+", RULES[key].sql))
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            step = name.removeprefix("cov_")
            if step in STEPS:
                open_ends |= set(re.findall(r"\bcov_\w+", engine.step_text(step)))
    return frozenset(found)


def concerned(kinds: Iterable[str], unit: Unit) -> tuple[RuleKey, ...]:
    """Give the rules of a unit that read what changed."""
    seen = set().union(*(CHANGES[kind] for kind in kinds)) if kinds else set()
    return tuple(key for key, rule in RULES.items() if rule.unit is unit and reads(key) & seen)


class Desk:
    """A lasting connection for local runs, of one process; not for several threads at once."""

    def __init__(self) -> None:
        self._conn: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self, actor: Actor) -> Iterator[psycopg.Connection[Any]]:
        """Open a transaction in the name of a job; a connection that broke is thrown away.

        Raises
        ------
        DatabaseUnavailable, Busy, DiskFull
            Nothing was kept.
        """
        with explained():
            conn = self._ready()
            try:
                with conn.transaction():
                    conn.execute(naming(actor), (actor.name, actor.origin))
                    yield conn
            except psycopg.OperationalError:
                self.close()
                raise

    def close(self) -> None:
        """Give the connection back."""
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()

    def _ready(self) -> psycopg.Connection[Any]:
        if self._conn is not None and not self._conn.closed:
            return self._conn
        conn = psycopg.connect(conninfo(OWNER), autocommit=True, prepare_threshold=None)
        try:
            conn.execute(READY)
            with conn.transaction():
                _furnish(conn)
            conn.prepare_threshold = 0
        except BaseException:
            conn.close()
            raise
        self._conn = conn
        return conn


def _furnish(conn: psycopg.Connection[Any]) -> None:
    """Make the office's views and the empty tables of a session."""
    conn.execute(statement(FILE, "tables"))
    keeping.furnish(conn)
    told = {
        name: sql.SQL("(SELECT {} FROM pg_temp.off_now)").format(sql.Identifier(name))
        for name in ("network", "at", "now")
    }
    for block in ("office", "standing"):
        text = statement("scratch.sql", block).replace("cov_", "off_")
        conn.execute(sql.SQL(text).format(**told))
    like = sql.SQL("CREATE TEMP TABLE {} WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS AS {} WITH NO DATA")
    for name in re.findall(r"CREATE TEMP VIEW (\w+)", statement("scratch.sql", "office")):
        conn.execute(
            like.format(
                sql.Identifier(name),
                sql.SQL("SELECT * FROM {}").format(sql.Identifier(f"off_{name.removeprefix('cov_')}")),
            )
        )
    conn.execute("CREATE TEMP TABLE cov_param (key text, value double precision) ON COMMIT DELETE ROWS")
    conn.execute("CREATE TEMP TABLE cov_now (at timestamptz, day date) ON COMMIT DELETE ROWS")
    kind = sql.SQL("TEMP")
    conn.execute(sql.SQL(statement("scratch.sql", "policy")).format(kind=kind))
    conn.execute("CREATE TEMP TABLE cov_unit (id bigint) ON COMMIT DELETE ROWS")
    for step in STEPS:
        if step != "unit":
            conn.execute(like.format(sql.Identifier(f"cov_{step}"), sql.SQL(engine.step_text(step))))
    conn.execute("CREATE INDEX ON cov_building USING gist (geom)")
    conn.execute(statement(FILE, "plain"))


class Local:
    """One local run of one network, in the transaction of its caller."""

    def __init__(self, conn: psycopg.Connection[Any], network: int, code: str, at: datetime) -> None:
        self.conn = conn
        limit = parameters.values(code)
        self.given = {"network": network, "at": at, "days": int(limit["untouched_days"])}
        self.line = limit["seam_line_m"]
        self.network = network
        self.at = at

    def ask(self, name: str, **more: Any) -> psycopg.Cursor[Any]:  # noqa: ANN401 - parameters of a statement
        """Execute a block of ``local.sql``."""
        text = statement(FILE, name)
        return self.conn.execute(text, {**self.given, **more} if "%(" in text else None)

    def run(self) -> Kept | None:
        """Judge what the marks name and keep what was found; None where nothing was marked.

        Raises
        ------
        WholeNeeded
            The caller has to run whole.
        """
        self.ask("take")
        kinds, everything, many, incidents = self.ask("marks").fetchone() or ([], False, 0, 0)
        if not many:
            return None
        newest = self.ask("newest").fetchone()
        if everything or many > MOST_MARKS or newest is None:
            raise WholeNeeded
        self.ask("begin", line=self.line)
        self._look(kinds)
        rules = concerned(kinds, Unit.AREA)
        kept = self._judge(kinds, rules, newest, incidents) if rules or PLACING & set(kinds) else None
        if concerned(kinds, Unit.NETWORK):
            self.ask("later")
        return kept

    def _look(self, kinds: list[str]) -> None:
        """See what records there are at all; where a kind begins or ends to exist, all is judged."""
        row = self.conn.execute("SELECT there FROM atlas.run WHERE network_id = %s", (self.network,)).fetchone()
        if row is None or row[0] is None:
            raise WholeNeeded
        self.there: dict[str, Any] = row[0]
        if set(kinds) <= PLACING - {"area"}:
            now = {
                **self.there,
                "households": (self.ask("households", before=bool(self.there["households"])).fetchone() or (False,))[0],
            }
        else:
            now = (self.ask("witness").fetchone() or ({},))[0]
        if now != self.there:
            raise WholeNeeded

    def _judge(self, kinds: list[str], rules: tuple[RuleKey, ...], newest: tuple[Any, ...], incidents: int) -> Kept:
        self.ask("change")
        self.ask("spots")
        self.ask("focus")
        areas, single, buildings, cases = self.ask("focused").fetchone() or ([], [], [], [])
        if len(areas) > MOST_AREAS:
            raise WholeNeeded
        if set(kinds) <= FILLING:
            filled = {rule for (rule,) in self.ask("filled", rules=sorted(LAND))}
            rules = tuple(key for key in rules if key not in LAND or key in filled)
        within = Within(
            rules=frozenset(map(str, rules)), areas=frozenset(areas), buildings=frozenset(buildings),
            incidents=frozenset(cases), grids=frozenset(single),
        )  # fmt: skip
        with self.conn.pipeline():
            self.ask("seed")
            self._fill(rules, placing=bool(PLACING & set(kinds)))
            found = engine.several_rules(self.conn, rules)
            if PLACING & set(kinds):
                self.ask("assign")
        named = {"buildings": sorted(within.buildings), "incidents": sorted(within.incidents)}
        self.orphans = (self.ask("orphans", **named).fetchone() or (False,))[0]
        before, land = self._tally(within), self._contested(within)
        kept = keep(self.conn, self.network, found, within=within, at=self.at)
        figures = _figures(newest[1], before, self._tally(within))
        figures["contested_area_m2"] = max(0.0, figures["contested_area_m2"] + self._contested(within) - land)
        self._count(figures, kinds, incidents)
        self.ask("done", id=newest[0], summary=Jsonb(figures))
        return kept

    def _fill(self, rules: tuple[RuleKey, ...], *, placing: bool) -> None:
        """Fill the relations these rules read, and no others."""
        wanted = set().union(*(reads(key) for key in rules)) if rules else set()
        if placing:
            wanted |= {"cov_building", "cov_grid", "cov_assignment"}
        if "cov_loose" in wanted:
            wanted.add("cov_loose_grid")
        if wanted & {"cov_home", "cov_place", "cov_area", "cov_unit"}:
            wanted |= {"cov_area", "cov_grid", "cov_inner", "cov_home"}
        for name in ORDER:
            relation = f"cov_{name}"
            if relation not in wanted:
                continue
            if name == "param":
                pointlike = self.conn.execute(
                    "SELECT EXISTS (SELECT FROM cov_building WHERE NOT has_footprint)"
                ).fetchone()
                values = limits.parameters(
                    self.conn, self.network, households_known=self.there["households"], pointlike=pointlike == (True,)
                )
                self.ask(relation, keys=list(values), values=list(values.values()))
            elif name == "policy":
                self._policy()
            elif name in STEPS and name not in OWN:
                self.conn.execute(_insert(name))
            else:
                self.ask(relation)

    def _policy(self) -> None:
        rows = limits.policy(self.conn, self.network)
        kinds, objects, intervals, graces = [list(c) for c in zip(*rows, strict=True)] if rows else ([], [], [], [])
        self.ask("cov_policy", kinds=kinds, objects=objects, intervals=intervals, graces=graces)

    def _tally(self, within: Within) -> dict[tuple[str, str], tuple[int, int, float]]:
        rows = self.ask(
            "tally", areas=sorted(within.areas), rules=sorted(within.rules), grids=sorted(within.grids),
            buildings=sorted(within.buildings), incidents=sorted(within.incidents), orphans=self.orphans,
        )  # fmt: skip
        return {(rule, severity): (count, accepted, m2) for rule, severity, count, accepted, m2 in rows}

    def _contested(self, within: Within) -> float:
        """Give the contested land these areas add to that of the others, m²."""
        if RuleKey.CONTESTED_LAND not in within.rules:
            return 0.0
        rows = self.ask("contested", areas=sorted(within.areas)).fetchall()
        if not any(ours for _shape, ours in rows):
            return 0.0
        return summary.union_m2([shape for shape, _ours in rows]) - summary.union_m2(
            [s for s, ours in rows if not ours]
        )

    def _count(self, figures: dict[str, Any], kinds: list[str], incidents: int) -> None:
        """Bring the figures forward that are sums over the whole network."""
        row = self.ask("counted").fetchone()
        if row is None:
            raise WholeNeeded
        buildings, households, blind, blind_households, assigned, grids = row
        figures["buildings"], figures["blind_buildings"], figures["assigned_buildings"] = (
            buildings,
            blind,
            int(assigned),
        )
        figures["grids"] += grids
        figures["incidents"] += int(incidents)
        figures["covered_buildings_share"] = 1 - blind / buildings if buildings else None
        if figures["households"] is not None:
            figures["households"], figures["blind_households"] = int(households), int(blind_households)
            figures["covered_households_share"] = 1 - blind_households / households if households else None
        if "area" in kinds:
            figures["areas"], figures["area_m2"] = self.ask("land").fetchone() or (0, 0.0)


@cache
def _insert(step: str) -> bytes:
    return f"INSERT INTO cov_{step} {engine.step_text(step)}".encode()


def _figures(
    last: dict[str, Any],
    before: dict[tuple[str, str], tuple[int, int, float]],
    after: dict[tuple[str, str], tuple[int, int, float]],
) -> dict[str, Any]:
    """Give the figures of the last run with what findings came and went."""
    result = {**last, "digest": None, "by_rule": dict(last["by_rule"]), "by_severity": dict(last["by_severity"])}
    for sign, counts in ((-1, before), (1, after)):
        for (rule, severity), (count, accepted, m2) in counts.items():
            result["by_rule"][rule] = result["by_rule"].get(rule, 0) + sign * count
            result["by_severity"][severity] = result["by_severity"].get(severity, 0) + sign * count
            result["accepted"] = result.get("accepted", 0) + sign * accepted
            if rule == RuleKey.UNCLAIMED_LAND:
                result["unclaimed_area_m2"] = max(0.0, result["unclaimed_area_m2"] + sign * m2)
    return result


def witness(conn: psycopg.Connection[Any]) -> dict[str, Any]:
    """Give which kinds of records there are at all, by the ``cov_*`` relations of a whole run."""
    row = conn.execute(statement(FILE, "witness").replace("off_", "cov_").encode()).fetchone()
    assert row is not None
    there: dict[str, Any] = row[0]
    return there
