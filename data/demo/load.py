"""Loading the demo into the records: one transaction for any size, then the coverage.

A street, a district or a city is there whole or not at all: whoever kills the load leaves
the database as it was. Streets are made one by one by a few processes and written in
batches, so memory does not grow with the city.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from psycopg import sql
from psycopg.types.json import Jsonb

from data.demo import names
from data.demo.errors import DatabaseNotEmpty
from data.demo.errors import RecordsNotOurs
from data.demo.errors import SizeUnknown
from data.demo.frames import frame
from data.demo.frames import many
from data.demo.land import PER_DISTRICT
from data.demo.plan import STEP
from data.demo.plan import lonlat
from data.demo.plan import tile
from data.demo.plan import warp
from data.demo.staff import END
from data.demo.town import BUILDINGS
from data.demo.town import INCIDENTS
from data.demo.town import street
from gis.coverage.refresh import refresh
from gis.datasets import NETWORKED
from gis.datasets import Dataset
from gis.db.connection import session
from gis.i18n import translate as _
from gis.records import imports
from gis.records import networks
from gis.records import store
from gis.vocabulary import Datum

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    import psycopg

    from data.demo.town import Demo
    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("load.sql"), "psycopg", mandatory_parameters=False)

BATCH = 10
"""Streets written at once."""
AHEAD = 3
"""Streets made ahead of the writing, per process."""
SHARED = (Dataset.ROADS, Dataset.WATER, Dataset.DUTIES)
"""Datasets of which streets have some records in common."""
ORDER = (
    Dataset.AREAS, Dataset.EXCLUDED, Dataset.GRIDS, Dataset.BUILDINGS, Dataset.INCIDENTS, Dataset.ROADS, Dataset.WATER,
    Dataset.GREEN, Dataset.ORGANISATIONS, Dataset.PEOPLE, Dataset.LEAVES, Dataset.VISITS, Dataset.TRACKS,
    Dataset.DUTIES,
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How much is made.

    Attributes
    ----------
    streets : int
        Number of streets; the first is always the demo street with its own numbers.
    buildings, incidents : int
        Buildings and incidents of each of the other streets.
    """

    streets: int
    buildings: int = 5_250
    incidents: int = 5_000


SIZES = {"street": Size(1), "district": Size(PER_DISTRICT), "city": Size(200)}


@dataclass
class Loaded:
    """What a load brought in.

    Attributes
    ----------
    rows : dict
        Records written, by dataset.
    summaries : dict
        The coverage refresh of each network, by code.
    """

    rows: dict[Dataset, int] = field(default_factory=dict)
    summaries: dict[str, dict[str, Any]] = field(default_factory=dict)


def size_of(name: str) -> Size:
    """Look a size up.

    Raises
    ------
    SizeUnknown
        It is none of ``SIZES``.
    """
    if name not in SIZES:
        raise SizeUnknown(size=name)
    return SIZES[name]


def streets(size: Size, seed: int) -> Iterator[Demo]:
    """Make the streets of a size in their order, several at a time; the same whatever the number of processes."""
    jobs = [
        (seed, i, *((BUILDINGS, INCIDENTS) if i == 0 else (size.buildings, size.incidents)))
        for i in range(size.streets)
    ]
    workers = min(os.cpu_count() or 1, size.streets, 8)
    if workers == 1:
        yield from (_one(*job) for job in jobs)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        coming = deque(pool.submit(_one, *job) for job in jobs[: workers * AHEAD])
        waiting = deque(jobs[workers * AHEAD :])
        try:
            while coming:
                done = coming.popleft().result()
                if waiting:
                    coming.append(pool.submit(_one, *waiting.popleft()))
                yield done
        finally:
            pool.shutdown(cancel_futures=True)


def _one(seed: int, index: int, buildings: int, incidents: int) -> Demo:
    return street(seed, index, buildings=buildings, incidents=incidents)


def borders(size: Size, seed: int) -> gpd.GeoDataFrame:
    """Make the areas of a size down to the streets: districts are exact unions of their streets."""
    shapes = np.array([_outline(seed, index) for index in range(size.streets)], dtype=object)
    shapes = lonlat(shapes)
    district = np.arange(size.streets) // PER_DISTRICT
    rows: list[tuple[str, str, str, str | None, shapely.Geometry]] = [
        (
            str(names.COUNTY + d),
            names.DISTRICTS[d % len(names.DISTRICTS)],
            "district",
            None,
            shapely.coverage_union_all(shapes[district == d]),
        )
        for d in np.unique(district).tolist()
    ]
    for index in range(size.streets):
        code = names.street_code(index, PER_DISTRICT)
        rows.append((code, names.street_name(index), "street", code[:6], shapes[index]))
    return frame(
        {name: [row[n] for row in rows] for n, name in enumerate(("code", "name", "level", "parent_code"))},
        np.array([many(row[4]) for row in rows], dtype=object),
    )


def _outline(seed: int, index: int) -> shapely.Polygon:
    """Border of a street on the ground, with all its vertices."""
    at = tile(seed, index)
    along, up = np.arange(0, at.width, STEP), np.arange(0, at.height, STEP)
    ring = [
        *((x, 0) for x in along),
        *((at.width, y) for y in up),
        *((at.width - x, at.height) for x in along),
        *((0, at.height - y) for y in up),
    ]
    return shapely.Polygon(warp(seed, np.array(ring, dtype=float) + np.array([at.x0, at.y0], dtype=float)))


def load(
    actor: Actor,
    size: str = "street",
    seed: int = 1,
    progress: Callable[[str, float], None] | None = None,
    *,
    replace: bool = False,
) -> Loaded:
    """Make the demo and load it: all records in one transaction, then the coverage of each network.

    Parameters
    ----------
    actor : Actor
        A job; normally ``Actor.job("demo")``, whose records ``replace`` may take away again.
    size : str
        ``street``, ``district`` or ``city``.
    seed : int
        The same seed gives the same records.
    progress : callable, optional
        Told what is being done and the share done, 0 to 1.
    replace : bool
        Empty the database first; only where nothing but the demo is in it.

    Returns
    -------
    Loaded
        Records by dataset, summaries by network.

    Raises
    ------
    SizeUnknown, DatabaseNotEmpty, RecordsNotOurs
        Nothing was changed.
    DatabaseUnavailable, DiskFull
        Nothing was kept.
    """
    wanted = size_of(size)
    tell = progress or (lambda _stage, _share: None)
    loaded = Loaded(dict.fromkeys(ORDER, 0))
    with session(actor) as conn:
        for dataset in ORDER:
            store.take_turn(conn, dataset)
        _make_room(conn, replace=replace)
        networks.ensure_defaults(conn)
        conn.execute(_queries.complete.sql, {"until": END})
        with _indexes_at_the_end(conn, wanted):
            sources = {dataset: _import_row(conn, dataset, size, seed) for dataset in ORDER}
            _write(conn, sources, loaded, Dataset.AREAS, borders(wanted, seed))
            seen: set[str] = set()
            batch: list[Demo] = []
            walks: list[gpd.GeoDataFrame] = []
            for number, demo in enumerate(streets(wanted, seed), start=1):
                batch.append(demo)
                walks.append(demo.frames[Dataset.TRACKS])
                if len(batch) == BATCH or number == wanted.streets:
                    _write_batch(conn, sources, loaded, batch, seen)
                    batch = []
                tell(_("生成并写入街道"), number / wanted.streets)
            _write_walks(conn, sources, loaded, walks)
            tell(_("建立索引"), 1.0)
        conn.execute(_queries.settle.sql)
        for dataset, source in sources.items():
            conn.execute(_queries.counted.sql, {"rows": loaded.rows[dataset], "id": source})
            row = {"relation": store.TABLES[dataset], "subject": str(source), "reason": None}
            imports.audit(conn, {**row, "after": Jsonb({"size": size, "seed": seed, "rows": loaded.rows[dataset]})})
    for code in ("comprehensive", "police"):
        tell(_("计算覆盖与盲区"), 1.0)
        loaded.summaries[code] = refresh(actor, code)
    return loaded


def _make_room(conn: psycopg.Connection[Any], *, replace: bool) -> None:
    """Refuse a database that holds something, or empty it of an earlier demo."""
    row = conn.execute(_queries.held.sql).fetchone()
    assert row is not None
    labels = (_("辖区"), _("网格"), _("楼栋"), _("事件"), _("底图要素"), _("人员"), _("走访"))
    held = {label: count for label, count in zip(labels, row[:-2], strict=True) if count}
    if not held:
        return
    if not replace:
        raise DatabaseNotEmpty(held="、".join(f"{label} {count}" for label, count in held.items()))
    if row[-2] or row[-1]:
        raise RecordsNotOurs(imports=row[-2])
    conn.execute(_queries.empty.sql)
    conn.execute(
        _queries.emptied.sql,
        {"before": Jsonb(dict(zip(("area", "grid", "building", "incident"), row[:4], strict=True)))},
    )


@contextmanager
def _indexes_at_the_end(conn: psycopg.Connection[Any], size: Size) -> Iterator[None]:
    """Build the spatial indexes of a big load once, when all rows are there."""
    found = conn.execute(_queries.indexes.sql).fetchall() if size.streets > 1 else []
    for name, _definition in found:
        conn.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier("atlas", name)))
    yield
    for _name, definition in found:
        conn.execute(definition)


def _import_row(conn: psycopg.Connection[Any], dataset: Dataset, size: str, seed: int) -> int:
    """Note where the records come from, as for a file."""
    told = f"demo {size} {seed} {dataset}"
    return imports.add(
        conn,
        {
            "dataset": str(dataset),
            "network_code": "comprehensive" if dataset in NETWORKED else None,
            "filename": f"demo-{size}-{seed}",
            "layer": str(dataset),
            "sha256": hashlib.sha256(told.encode()).hexdigest(),
            "fingerprint": hashlib.sha256(told.encode()).hexdigest(),
            "encoding": None,
            "datum": str(Datum.CGCS2000),
            "datum_evidence": Jsonb({"how": "given"}),
            "mapping": Jsonb({}),
            "rejects_file": None,
            **dict.fromkeys(
                ("rows_read", "rows_inserted", "rows_updated", "rows_unchanged", "rows_repaired", "rows_rejected"), 0
            ),
        },
    )


def _write(
    conn: psycopg.Connection[Any],
    sources: dict[Dataset, int],
    loaded: Loaded,
    dataset: Dataset,
    records: gpd.GeoDataFrame,
    network: str | None = None,
) -> None:
    if len(records) == 0:
        return
    network_id = networks.ensure(conn, network).id if network else None
    counts = store.write(conn, dataset, records, source_id=sources[dataset], network_id=network_id)
    loaded.rows[dataset] += counts.inserted


def _write_batch(
    conn: psycopg.Connection[Any], sources: dict[Dataset, int], loaded: Loaded, batch: list[Demo], seen: set[str]
) -> None:
    """Write a few streets; what they have in common (roads on a border, duties) is written with the first."""
    for dataset in ORDER:
        if dataset is Dataset.TRACKS:
            continue
        records = joined([demo.frames[dataset] for demo in batch], dataset)
        if dataset is Dataset.AREAS:
            records = records[records["level"] == "community"]
        elif dataset in SHARED:
            records = records[~records["code"].isin(seen) & ~records["code"].duplicated()]
            seen.update(records["code"])
        records.index = pd.RangeIndex(loaded.rows[dataset] + 1, loaded.rows[dataset] + 1 + len(records), name="row")
        _write(conn, sources, loaded, dataset, records, "comprehensive" if dataset in NETWORKED else None)
    police = joined([demo.police for demo in batch], Dataset.GRIDS)
    _write(conn, sources, loaded, Dataset.GRIDS, police, "police")


def _write_walks(
    conn: psycopg.Connection[Any], sources: dict[Dataset, int], loaded: Loaded, walks: list[gpd.GeoDataFrame]
) -> None:
    """Write the tracks when all areas are there: each area that comes later asks of every track where it lies."""
    for tracks in walks:
        first = loaded.rows[Dataset.TRACKS] + 1
        numbered = tracks.set_axis(pd.RangeIndex(first, first + len(tracks), name="row"))
        _write(conn, sources, loaded, Dataset.TRACKS, numbered)


def joined(frames: list[gpd.GeoDataFrame], dataset: Dataset) -> gpd.GeoDataFrame:
    """Put frames of several streets one below the other."""
    crs = frames[0].crs
    columns = [name for name in frames[0].columns if name not in ("geometry", "footprint")]
    table = {
        name: np.concatenate([f[name].to_numpy(dtype=object) for f in frames])
        for name in columns
        if not name.endswith("_at")
    }
    for name in columns:
        if name.endswith("_at"):
            table[name] = pd.concat([f[name] for f in frames], ignore_index=True)
    shapes = np.concatenate([f.geometry.to_numpy() for f in frames])
    result = gpd.GeoDataFrame({name: table[name] for name in columns}, geometry=shapes, crs=crs)
    if dataset is Dataset.BUILDINGS:
        footprints = np.concatenate([f["footprint"].to_numpy() for f in frames])
        result["footprint"] = gpd.GeoSeries(footprints, index=result.index, crs=crs)
        for name in ("households", "people", "floors"):
            result[name] = result[name].astype("int64")
    return result
