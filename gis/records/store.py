"""Bulk writing: a clean frame into its table, by code, in the transaction of the caller.

Rows are staged in a temporary table, compared with what is stored (geometry and columns,
byte for byte), and only what is new or changed is written: an unchanged row gives no
history, no new ``updated_at``, no new number in ``layer_version``. A column the file does
not have keeps its stored values. Grids get a new version instead of an update. Rows that
are missing from a file are left alone: taking a record out is a decision of its own.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
import psycopg
from psycopg import sql

from gis.datasets import NETWORKED
from gis.datasets import PERSONAL
from gis.datasets import Dataset
from gis.errors import NotAllowed
from gis.i18n import joined
from gis.records import linked
from gis.records.bulk import NAMED
from gis.records.bulk import Column
from gis.records.bulk import fill
from gis.records.bulk import geometry_of
from gis.records.errors import CodeRetired
from gis.records.errors import ColumnWrong
from gis.records.errors import NetworkNeeded
from gis.records.errors import ShapeInvalid
from gis.vocabulary import AreaLevel
from gis.vocabulary import OrganisationLevel

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator

    import geopandas as gpd

    from gis.records.linked import Refused

_queries = aiosql.from_path(Path(__file__).with_name("store.sql"), "psycopg", mandatory_parameters=False)

TABLES: dict[Dataset, str] = {
    Dataset.AREAS: "area",
    Dataset.GRIDS: "grid",
    Dataset.BUILDINGS: "building",
    Dataset.INCIDENTS: "incident",
    Dataset.ROADS: "road",
    Dataset.WATER: "water",
    Dataset.GREEN: "green",
    Dataset.EXCLUDED: "excluded",
    Dataset.PEOPLE: "post",
    Dataset.LEAVES: "leave",
    Dataset.ORGANISATIONS: "organisation",
    Dataset.VISITS: "visit",
    Dataset.TRACKS: "track",
    Dataset.DUTIES: "duty",
}
"""Table of schema ``atlas`` each dataset goes to."""

REACHING = (Dataset.AREAS, Dataset.GRIDS, Dataset.INCIDENTS)
"""Datasets whose rows are linked to others by what stands in them."""

LARGE = 50_000
"""New rows from which on the spatial indexes are built after the rows."""

CHECKED = (Dataset.AREAS, Dataset.GRIDS, Dataset.WATER, Dataset.GREEN, Dataset.EXCLUDED)
"""Datasets whose polygons the database checks once more: overlays are made with them."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a frame."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def written(self) -> int:
        """Rows that were or will be written."""
        return self.inserted + self.updated

    @property
    def all(self) -> int:
        """Rows that were judged."""
        return self.written + self.unchanged


@dataclass(frozen=True, slots=True)
class Staged:
    """A frame that lies in the temporary table, judged and ready to be written.

    Attributes
    ----------
    counts : Counts
        What writing it will do.
    refused : tuple of Refused
        Rows that name somebody or something nobody knows; they were taken out.
    """

    dataset: Dataset
    counts: Counts
    columns: tuple[Column, ...]
    network_id: int | None
    refused: tuple[Refused, ...] = ()


def write(
    conn: psycopg.Connection[Any],
    dataset: Dataset | str,
    frame: gpd.GeoDataFrame,
    *,
    source_id: int | None,
    network_id: int | None = None,
) -> Counts:
    """Take a clean frame into its table, in the transaction of ``conn``.

    Parameters
    ----------
    conn : psycopg.Connection
        From ``session(actor)``.
    dataset : Dataset
        What the frame holds.
    frame : geopandas.GeoDataFrame
        Clean frame (docs/architecture.md): EPSG:4490, columns of ``FIELDS[dataset]``,
        index = row number in the source; buildings may have a column ``footprint``.
    source_id : int or None
        Row of ``atlas.import`` the records come from.
    network_id : int, optional
        Network of grids and of what names them (``NETWORKED``).

    Returns
    -------
    Counts
        Rows inserted, updated (for grids: given a new version), left as they were.

    Raises
    ------
    CodeMissing, CodeRepeated, CodeRetired, ShapeWrong, ShapeInvalid, ColumnWrong, TextBroken, LinkUnknown
        What the frame must not hold; the transaction has to be rolled back.
    """
    staged = stage(conn, dataset, frame, network_id=network_id)
    if staged.refused:
        first = staged.refused[0]
        raise linked.LinkUnknown(count=len(staged.refused), row=first.row, reason=linked.words(first))
    apply(conn, staged, source_id=source_id)
    return staged.counts


def stage(
    conn: psycopg.Connection[Any],
    dataset: Dataset | str,
    frame: gpd.GeoDataFrame,
    *,
    network_id: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Staged:
    """Copy a clean frame beside its table and judge each row; nothing is written yet.

    Takes the dataset's lock until the transaction ends, so what was judged stays true.
    Parameters and errors as in :func:`write`; ``progress`` gets the share of rows sent.
    """
    dataset = Dataset(dataset)
    if dataset in NETWORKED and network_id is None:
        raise NetworkNeeded
    take_turn(conn, dataset)
    columns = tuple(fill(conn, dataset, frame, progress))
    if dataset in CHECKED:
        _refuse_invalid(conn)
    if dataset is Dataset.GRIDS:
        _refuse_retired(conn, network_id)
    _drop_temporary(conn)
    refused = linked.resolve(conn, dataset, network_id) if dataset in linked.TARGETS else []
    in_force = _in_force(dataset, network_id)
    if dataset in REACHING:
        _keep_absent(conn, dataset, columns, in_force)
    if dataset is Dataset.AREAS:
        for step in ("area_known", "area_known_index", "derive_areas"):
            _run(conn, step, dataset)
    match = sql.SQL(linked.MATCH.get(dataset, "t.code = i.code"))
    _run(conn, "judge", dataset, in_force=in_force, same=_same(dataset, columns), match=match)
    conn.execute("ANALYZE pg_temp.verdict")
    found = _run(conn, "count", dataset).fetchone()
    assert found is not None
    return Staged(dataset, Counts(*found), columns, network_id, tuple(refused))


def take_turn(conn: psycopg.Connection[Any], dataset: Dataset | str) -> None:
    """Wait until nobody else writes this dataset; holds until the transaction ends."""
    conn.execute(_queries.lock.sql, {"dataset": list(Dataset).index(Dataset(dataset))})


def apply(conn: psycopg.Connection[Any], staged: Staged, *, source_id: int | None) -> None:
    """Write what :func:`stage` found new or changed; touch nothing else."""
    dataset, counts = staged.dataset, staged.counts
    if not counts.written:
        return
    given: dict[str, Any] = {"source": source_id, "network": staged.network_id}
    if dataset is Dataset.GRIDS:
        _apply_grids(conn, counts, given)
        return
    if dataset is Dataset.INCIDENTS:
        _run(conn, "derive_incidents", dataset)
    elif dataset is Dataset.BUILDINGS:
        for step in ("fresh_buildings", "fresh_buildings_index", "derive_buildings"):
            _run(conn, step, dataset)
    elif dataset is not Dataset.AREAS:
        _run(conn, "derive_nothing", dataset)
    if dataset is Dataset.PEOPLE:
        linked.write_persons(conn, staged.columns, source_id)
    beside = linked.beside(conn, dataset)
    if counts.inserted:
        columns, values = _content(staged, absent=True)
        order = sql.SQL("i.geom" if geometry_of(dataset) else "i.source_row")
        # A parent has to be there before its children: they go in level by level, widest first.
        levels = {Dataset.AREAS: AreaLevel, Dataset.ORGANISATIONS: OrganisationLevel}.get(dataset, ())
        parts: list[sql.Composable] = [sql.SQL("i.level = {}").format(level.value) for level in levels]
        with _indexes_after(conn, TABLES[dataset], counts.inserted):
            for part in parts or [sql.SQL("true")]:
                _run(conn, "insert", dataset, given, columns=columns, values=values, part=part, order=order)
    if counts.updated:
        columns, values = _content(staged, absent=False)
        _all(_run(conn, "update", dataset, given, columns=columns, values=values), counts.updated)
    if any(c.given for c in staged.columns if c.name in PERSONAL.get(dataset, ())):
        conn.execute(_queries.reporters.sql)
    linked.settle(conn, dataset, sql.Identifier("atlas", TABLES[dataset]), beside)
    if dataset is Dataset.AREAS:
        _adopt(conn, "adopt_areas", "area", "parent_id")
        _adopt(conn, "adopt_grids", "grid", "area_id")


def _keep_absent(
    conn: psycopg.Connection[Any], dataset: Dataset, columns: tuple[Column, ...], in_force: sql.Composable
) -> None:
    """Fill columns the file does not have with what is stored, where links are made from them."""
    derived = ("parent_code", "valid_from", *PERSONAL.get(dataset, ()))
    names = [sql.Identifier(c.name) for c in columns if not c.given and c.name not in derived]
    if names:
        stored = _list([sql.SQL("t.{}").format(name) for name in names])
        _run(conn, "keep_absent", dataset, in_force=in_force, absent=_list(names), stored=stored)


def _apply_grids(conn: psycopg.Connection[Any], counts: Counts, given: dict[str, Any]) -> None:
    first = conn.execute(_queries.first_grids.sql, given).fetchone()
    _run(conn, "derive_grids", Dataset.GRIDS)
    if counts.updated:
        _all(_run(conn, "close_grids", Dataset.GRIDS), counts.updated)
    _run(conn, "insert_grids", Dataset.GRIDS, given)
    if first and first[0]:
        _adopt(conn, "adopt_incidents", "incident", "grid_id", given)


@contextmanager
def _indexes_after(conn: psycopg.Connection[Any], table: str, coming: int) -> Iterator[None]:
    """Build the spatial indexes after a large first load instead of row by row (5 times as fast).

    Only where the table is ours to change (jobs work as its owner) and holds less than what
    comes in; readers wait until the load is done, the rest of the time they do not.
    """
    found = conn.execute(_queries.spatial_indexes.sql, {"table": table, "coming": coming}).fetchall()
    worth = coming >= LARGE and found
    if worth:
        names = _list(sql.Identifier("atlas", name) for name, _definition in found)
        conn.execute(sql.SQL("DROP INDEX {}").format(names))
    yield
    if worth:
        for _name, definition in found:
            conn.execute(definition)


def _adopt(
    conn: psycopg.Connection[Any], query: str, table: str, column: str, given: dict[str, Any] | None = None
) -> None:
    """Fill links that could not be known before; touch the table only where there is one."""
    found = conn.execute(getattr(_queries, query).sql, given).fetchall()
    if found:
        ids, values = zip(*found, strict=True)
        statement = sql.SQL(_queries.adopt.sql).format(
            table=sql.Identifier("atlas", table), column=sql.Identifier(column)
        )
        conn.execute(statement, {"ids": list(ids), "values": list(values)})


def _refuse_invalid(conn: psycopg.Connection[Any]) -> None:
    codes = [code for (code,) in conn.execute(_queries.invalid.sql)]
    if codes:
        raise ShapeInvalid(codes=_named(codes))


def _refuse_retired(conn: psycopg.Connection[Any], network_id: int | None) -> None:
    codes = [code for (code,) in conn.execute(_queries.retired.sql, {"network": network_id})]
    if codes:
        raise CodeRetired(codes=_named(codes))


def _named(codes: list[str]) -> str:
    return joined(codes[:NAMED]) + ("……" if len(codes) > NAMED else "")


def _drop_temporary(conn: psycopg.Connection[Any]) -> None:
    for name in ("verdict", "derived", "area_known", "fresh"):
        conn.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(sql.Identifier(name)))


def _in_force(dataset: Dataset, network_id: int | None) -> sql.Composable:
    if dataset is not Dataset.GRIDS:
        return sql.SQL("true")
    return sql.SQL("t.network_id = {} AND t.valid_to IS NULL").format(sql.Literal(network_id))


def _same(dataset: Dataset, columns: tuple[Column, ...]) -> sql.Composable:
    """Condition that a stored row ``t`` is what the file's row ``i`` says."""
    if dataset in linked.TARGETS:
        return sql.SQL(linked.same(dataset, columns))
    beside = PERSONAL.get(dataset, ())
    compared = [c.name for c in columns if c.given and c.name not in ("code", "parent_code", "valid_from", *beside)]
    tests: list[sql.Composable] = [
        sql.SQL("t.{0} IS NOT DISTINCT FROM i.{0}").format(sql.Identifier(name)) for name in ["geom", *compared]
    ]
    if dataset is Dataset.GRIDS:
        tests.append(sql.SQL("(i.valid_from IS NULL OR i.valid_from <= t.valid_from)"))
    if beside and any(c.given for c in columns if c.name in beside):
        tests.append(sql.SQL(_queries.same_reporter.sql))
    if dataset is Dataset.AREAS:
        tests.append(
            sql.SQL(
                "(SELECT p.code FROM atlas.area p WHERE p.id = t.parent_id) IS NOT DISTINCT FROM "
                "(SELECT d.parent FROM pg_temp.derived d WHERE d.source_row = i.source_row)"
            )
        )
    return sql.SQL(" AND ").join(tests)


def _content(staged: Staged, *, absent: bool) -> tuple[sql.Composable, sql.Composable]:
    """Columns to write and where their values come from, links included; with or without those the file lacks."""
    if staged.dataset in linked.TARGETS:
        written, sources = linked.content(staged.dataset, staged.columns, new=absent)
        return _list(sql.Identifier(name) for name in written), _list(sql.SQL(value).format() for value in sources)
    elsewhere = ("parent_code", *PERSONAL.get(staged.dataset, ()))
    names = [c.name for c in staged.columns if (c.given or absent) and c.name not in elsewhere] + ["geom"]
    columns: list[sql.Composable] = [sql.Identifier(name) for name in names]
    values: list[sql.Composable] = [sql.SQL("i.{}").format(sql.Identifier(name)) for name in names]
    if staged.dataset is Dataset.AREAS:
        columns.append(sql.Identifier("parent_id"))
        values.append(sql.SQL("(SELECT p.id FROM atlas.area p WHERE p.code = d.parent)"))
    elif staged.dataset is Dataset.INCIDENTS:
        columns.append(sql.Identifier("grid_id"))
        values.append(sql.SQL("d.value"))
    elif staged.dataset is Dataset.BUILDINGS and absent:
        columns.append(sql.Identifier("area_id"))
        values.append(sql.SQL("d.area"))
    return _list(columns), _list(values)


def _list(parts: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(parts)


def _all(done: psycopg.Cursor[Any], wanted: int) -> None:
    """Refuse a change that passed over rows the actor sees but may not change."""
    if done.rowcount != wanted:
        raise NotAllowed


def _run(
    conn: psycopg.Connection[Any],
    query: str,
    dataset: Dataset,
    given: dict[str, Any] | None = None,
    **parts: sql.Composable,
) -> psycopg.Cursor[Any]:
    statement = sql.SQL(getattr(_queries, query).sql).format(table=sql.Identifier("atlas", TABLES[dataset]), **parts)
    try:
        return conn.execute(statement, given)
    except (psycopg.errors.CheckViolation, psycopg.DataError) as error:
        diagnosis = error.diag
        detail = diagnosis.message_detail or diagnosis.message_primary or ""
        raise ColumnWrong(column=diagnosis.constraint_name or TABLES[dataset], detail=detail) from error
