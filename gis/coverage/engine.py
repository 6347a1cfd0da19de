"""Runs the rules over whatever ``cov_*`` relations the search path shows.

It owns the workspace (a schema that lives and dies inside one transaction), the planner's
settings and the derived relations of ``steps/``. What the relations hold is the business of
:mod:`gis.coverage.check` (files) and :mod:`gis.coverage.refresh` (the stored office).
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from gis.coverage.raw import Raw
from gis.coverage.rules import RULES
from gis.settings import DatabaseSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from datetime import datetime

    import psycopg

    from gis.vocabulary import RuleKey

FOLDER = Path(__file__).resolve().parent
STEPS = (
    ("unit", (), False),
    ("inner", (), True),
    ("home", ("grid_id", "shell_id"), False),
    ("group", (), False),
    ("assignment", (), False),
    ("loose", (), True),
    ("place", ("building_id",), False),
    ("shell", ("id",), True),
    ("border", (), True),
    ("gap", ("id",), True),
)
"""Derived relations in the order they are made: name, indexed columns, whether ``geom`` is indexed too."""

DEFAULTS = {
    "sliver_width_m": 1.0,
    "border_distance_m": 2.0,
    "households_min": 300.0,
    "households_max": 500.0,
    "dust_m2": 0.01,
}
"""Parameters where neither the network nor the command names them."""

PLANNER = {
    "jit": "off",
    "work_mem": "32MB",
    "maintenance_work_mem": "64MB",
    "max_parallel_workers_per_gather": str(min(4, os.cpu_count() or 1)),
    "min_parallel_table_scan_size": "0",
    "min_parallel_index_scan_size": "0",
    "parallel_setup_cost": "10",
    "parallel_tuple_cost": "0.001",
    "random_page_cost": "1.1",
}
"""Settings of the transaction: small tables of large polygons are worth several workers."""


@cache
def step_text(name: str) -> str:
    """Give the SQL text of a derived relation."""
    return (FOLDER / "steps" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def statement(file: str, name: str) -> str:
    """Give the named block of an SQL file of this package."""
    text = (FOLDER / file).read_text(encoding="utf-8")
    for block in text.split("-- name: ")[1:]:
        head, _, body = block.partition("\n")
        if head.strip() == name:
            return body
    raise KeyError(name)


class Workspace:
    """Where a run keeps its tables: gone with the transaction, whatever ends it.

    On the embedded server it is a schema created, filled and rolled back (or dropped) in one
    transaction, of plain tables, which several workers can read. Unlogged ones would cost less,
    but a server killed while they are made may not start again (PostgreSQL 15: "could not create
    file: File exists"). On an office's own server nothing outside schema ``atlas`` may be made,
    so the tables are temporary and one process reads them.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn
        self.schema: str | None = None
        self.made: list[str] = []
        self.kind = sql.SQL("TEMP")
        for key, value in PLANNER.items():
            conn.execute("SELECT set_config(%s, %s, true)", (key, value))
        if DatabaseSettings().database_url is None and self._may_create():
            self.schema = f"scratch_{os.getpid()}_{secrets.token_hex(4)}"
            self.kind = sql.SQL("")
            conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.schema)))
            conn.execute("SELECT set_config('search_path', %s, true)", (f"{self.schema}, atlas, public",))

    def _may_create(self) -> bool:
        row = self.conn.execute("SELECT has_database_privilege(current_database(), 'CREATE')").fetchone()
        return bool(row and row[0])

    def run(self, file: str, name: str, **fields: sql.Composable) -> None:
        """Execute a named block; ``{kind}`` is this workspace's kind of table."""
        self.conn.execute(sql.SQL(statement(file, name)).format(kind=self.kind, **fields))

    def table(self, name: str, query: str, keys: tuple[str, ...] = (), *, spatial: bool = False) -> None:
        """Keep the rows of a query as a table of the workspace, indexed by ``keys`` and, if spatial, by place."""
        target = sql.Identifier(name)
        self.made.append(name)
        self.conn.execute(sql.SQL("CREATE {} TABLE {} AS ").format(self.kind, target) + sql.SQL(query))
        for key in keys:
            self.conn.execute(sql.SQL("CREATE INDEX ON {} ({})").format(target, sql.Identifier(key)))
        if spatial:
            self.conn.execute(sql.SQL("CREATE INDEX ON {} USING gist (geom)").format(target))
        self.conn.execute(sql.SQL("ANALYZE {}").format(target))

    def parameters(self, values: Mapping[str, float]) -> None:
        """Fill ``cov_param``: the given values over the defaults."""
        self.conn.execute(sql.SQL("CREATE {} TABLE cov_param (key text, value double precision)").format(self.kind))
        with self.conn.cursor() as cursor:
            cursor.executemany("INSERT INTO cov_param VALUES (%s, %s)", list({**DEFAULTS, **values}.items()))
        self.conn.execute("ANALYZE cov_param")

    def moment(self, at: datetime) -> None:
        """Fix the moment that is judged: ``cov_now``."""
        self.run("scratch.sql", "moment", at=sql.Literal(at))
        self.made.append("cov_now")
        # One row, but without statistics the planner expects two thousand, and every join suffers.
        self.conn.execute("ANALYZE cov_now")

    def policy(self, rows: Iterable[tuple[str, str, int, int]]) -> None:
        """Fill ``cov_policy``: grid kind, object, interval and grace in days."""
        self.run("scratch.sql", "policy")
        self.made.append("cov_policy")
        with self.conn.cursor() as cursor:
            cursor.executemany("INSERT INTO cov_policy VALUES (%s, %s, %s, %s)", list(rows))
        self.conn.execute("ANALYZE cov_policy")

    def drop(self) -> None:
        """Take all tables away, for a transaction that will be committed."""
        if self.schema:
            self.conn.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(self.schema)))
            self.conn.execute("SELECT set_config('search_path', 'atlas, public', true)")
        else:
            for name in ("cov_param", *self.made):
                self.conn.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(sql.Identifier(name)))


def derive(space: Workspace, progress: Callable[[str], None] | None = None) -> None:
    """Make the derived relations of ``steps/``."""
    for name, keys, spatial in STEPS:
        if progress:
            progress(name)
        space.table(f"cov_{name}", step_text(name), keys, spatial=spatial)


def judge(
    space: Workspace, progress: Callable[[str], None] | None = None, keys: Iterable[RuleKey] = tuple(RULES)
) -> list[Raw]:
    """Run rules and give what they found, in the order of the registry."""
    wanted = set(keys)
    found: list[Raw] = []
    for key in RULES:
        if key in wanted:
            if progress:
                progress(key)
            found.extend(one_rule(space.conn, key))
    return found


def one_rule(conn: psycopg.Connection[Any], key: RuleKey) -> list[Raw]:
    """Run one rule over the relations in the search path."""
    rule = RULES[key]
    if rule.statistic is not None:
        given = dict(conn.execute("SELECT key, value FROM cov_param").fetchall())
        with conn.cursor(row_factory=dict_row) as rows:
            return rule.statistic(rows.execute(rule.sql.encode()).fetchall(), given)
    with conn.cursor(binary=True) as cursor:
        cursor.execute(_query(key))
        return [Raw(key, *row) for row in cursor]


@cache
def _query(key: RuleKey) -> bytes:
    return (
        sql.SQL(
            "SELECT severity, ST_AsBinary(geom), measure, subjects, grid_codes, building_ids, area_id, remedies "
            "FROM ({}) AS r"
        )
        .format(sql.SQL(RULES[key].sql))
        .as_bytes()
    )


def several_rules(conn: psycopg.Connection[Any], keys: Iterable[RuleKey]) -> list[Raw]:
    """Run rules one after the other without waiting for any: in a pipeline the server judges while rows are read.

    Parameters
    ----------
    conn : Connection
        Whose search path shows the relations.
    keys : iterable of RuleKey
        Rules whose findings come from the database alone, without a statistic.
    """
    asked = [(key, conn.cursor(binary=True).execute(_query(key))) for key in keys]
    return [Raw(key, *row) for key, cursor in asked for row in cursor]
