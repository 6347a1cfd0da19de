"""The rules inside the database, against what a user would run on the same tables.

``.venv/bin/python bench/rules.py [--folder F] [--copies 10] [--sedona PYTHON] [--duckdb PYTHON]
[--rounds 3]``. The files of ``bench/city.py`` are filled into a scratch schema of the embedded database under
``F/home``, as ``script/gis check`` does, and measured there:

- the assignment of buildings to grids by our step, by the query everyone writes (points drive),
  by ``geopandas.sjoin`` after reading the rows, and by SedonaDB's and DuckDB's joins from files;
- gaps, overlaps and loose buildings by our steps and rules, and by geopandas reading the tables.

Exit status 1 when the results disagree, or a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import city
import geopandas as gpd
import measure

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

QUERY = Path(__file__).with_suffix(".sql")
FASTER = 10.0
"""How many times faster than the points-drive query the assignment has to be."""

SEDONA = """
import json, sys, time
import sedonadb
context = sedonadb.connect()
for name, path in zip(("b", "g"), sys.argv[1:3]):
    context.read_parquet(path).to_view(name)
seconds = []
for _round in range(int(sys.argv[3])):
    began = time.perf_counter()
    pairs = context.sql("SELECT b.id, g.id AS grid FROM b JOIN g ON ST_Covers(g.geometry, b.geometry)").to_arrow_table()
    seconds.append(time.perf_counter() - began)
print(json.dumps({"seconds": seconds, "pairs": len(pairs)}))
"""

DUCKDB = """
import importlib.util, json, pathlib, sys, time
import duckdb
where = importlib.util.find_spec("duckdb_ext").submodule_search_locations[0]
spatial = next(pathlib.Path(where).rglob("spatial.duckdb_extension"))
base = duckdb.connect(config={"allow_unsigned_extensions": "true"})
base.execute(f"LOAD '{spatial}'")
join = "SELECT b.id, g.id AS grid FROM read_parquet(?) b JOIN read_parquet(?) g ON ST_Covers(g.geometry, b.geometry)"
seconds = []
for _round in range(int(sys.argv[3])):
    began = time.perf_counter()
    pairs = base.execute(join, sys.argv[1:3]).fetch_arrow_table()
    seconds.append(time.perf_counter() - began)
print(json.dumps({"seconds": seconds, "pairs": len(pairs)}))
"""

JOINS = {"SedonaDB join": SEDONA, "DuckDB join": DUCKDB}
"""What another engine is asked, in a Python of its own: the same pairs from the same GeoParquet files."""

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg


def main() -> int:
    """Measure and print; 0 when every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "gridatlas-bench")
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sedona", help="Python with sedonadb and geoarrow-pyarrow (extra bench)")
    parser.add_argument("--duckdb", help="Python with duckdb, duckdb-ext-spatial and pyarrow")
    arguments = parser.parse_args()
    files = city.make(arguments.folder, arguments.copies)
    os.environ["GRIDATLAS_HOME"] = str(arguments.folder / "home")
    os.environ.pop("GRIDATLAS_DATABASE_URL", None)
    from gis.cli.checking import ensure_database  # noqa: PLC0415 - reads the environment
    from gis.db.connection import session  # noqa: PLC0415 - same
    from gis.vocabulary import Actor  # noqa: PLC0415 - same

    ensure_database()
    try:
        with session(Actor.job("bench")) as conn:
            try:
                times, sizes = _measure(conn, files, arguments)
            finally:
                conn.rollback()
    finally:
        subprocess.run([str(ROOT / "script" / "gis"), "db", "stop"], check=False, capture_output=True)
    return _report(times, sizes)


def _measure(
    conn: psycopg.Connection[Any], files: dict[str, Path], arguments: argparse.Namespace
) -> tuple[dict[str, list[float]], dict[str, dict[str, float]]]:
    from gis.coverage import engine  # noqa: PLC0415 - reads the environment

    space = _filled(conn, files)
    times: dict[str, list[float]] = {}
    sizes: dict[str, dict[str, float]] = {}
    for turn in range(arguments.rounds):
        _time(times, "points drive", lambda: _points(conn, sizes))
        _time(times, "our step", lambda: _step(conn, engine.step_text("assignment"), sizes))
        _time(times, "our rules", lambda: _rules(conn, space, sizes))
        _time(times, "geopandas", lambda: _geopandas(conn, times, sizes))
        print(f"# round {turn + 1}: " + ", ".join(f"{k} {v[-1]:.2f}" for k, v in times.items()), file=sys.stderr)
    others = {"SedonaDB join": arguments.sedona, "DuckDB join": arguments.duckdb}
    for name, python in others.items():
        if python:
            times[name], sizes[name] = _elsewhere(conn, JOINS[name], python, arguments)
    return times, sizes


def _filled(conn: psycopg.Connection[Any], files: dict[str, Path]) -> Any:  # noqa: ANN401 - a Workspace, imported late
    """Fill the workspace as the command does."""
    from gis.coverage import check  # noqa: PLC0415 - reads the environment
    from gis.coverage import engine  # noqa: PLC0415 - same
    from gis.coverage.points import Borders  # noqa: PLC0415 - same
    from gis.coverage.points import Points  # noqa: PLC0415 - same
    from gis.intake.prepare import prepare  # noqa: PLC0415 - same
    from gis.intake.slices import prepare_slices  # noqa: PLC0415 - same
    from gis.vocabulary import Dataset  # noqa: PLC0415 - same

    grids, areas = (
        prepare(files[kind], Dataset(kind), keep_duplicates=True, row_codes=True).frame for kind in ("grids", "areas")
    )
    borders = Borders(grids.geometry.to_numpy())
    slices = prepare_slices(files["buildings"], Dataset.BUILDINGS)
    houses = Points.joined([check.points_from(part.frame, borders) for part in slices])
    space = engine.Workspace(conn)
    space.run("scratch.sql", "tables")
    check._fill(space, grids, areas, houses, None, None)  # noqa: SLF001 - what the command does between its lines
    space.parameters({"households_known": 0, "pointlike": 0})
    space.run("scratch.sql", "indexes")
    return space


def _time(times: dict[str, list[float]], name: str, work: Callable[[], None]) -> None:
    began = time.perf_counter()
    work()
    times.setdefault(name, []).append(time.perf_counter() - began)


def _text(name: str) -> str:
    for block in QUERY.read_text(encoding="utf-8").split("-- name: ")[1:]:
        head, _line, body = block.partition("\n")
        if head.strip() == name:
            return body
    raise KeyError(name)


def _count(conn: psycopg.Connection[Any], query: str) -> int:
    row = conn.execute(f"SELECT count(grid_id) FROM ({query}) AS q").fetchone()
    return int(row[0]) if row else 0


def _points(conn: psycopg.Connection[Any], sizes: dict[str, dict[str, float]]) -> None:
    sizes["points drive"] = {"pairs": _count(conn, _text("points"))}


def _step(conn: psycopg.Connection[Any], query: str, sizes: dict[str, dict[str, float]]) -> None:
    sizes["our step"] = {"pairs": _count(conn, query)}


def _rules(conn: psycopg.Connection[Any], space: Any, sizes: dict[str, dict[str, float]]) -> None:  # noqa: ANN401 - a Workspace
    """Make every derived relation, then gaps, overlaps and loose buildings; take it all back."""
    from gis.coverage import engine  # noqa: PLC0415 - reads the environment
    from gis.vocabulary import RuleKey  # noqa: PLC0415 - same

    conn.execute("SAVEPOINT derived")
    made = list(space.made)
    engine.derive(space)
    gaps, overlaps, loose = (
        engine.one_rule(conn, key)
        for key in (RuleKey.UNCLAIMED_LAND, RuleKey.CONTESTED_LAND, RuleKey.UNASSIGNED_BUILDING)
    )
    sizes["our rules"] = {
        "gap_m2": sum(raw.measure["area_m2"] for raw in gaps),
        "overlap_m2": sum(raw.measure["area_m2"] for raw in overlaps),
        "loose": sum(raw.severity == "blind" for raw in loose),
    }
    conn.execute("ROLLBACK TO SAVEPOINT derived")
    space.made[:] = made


def _geopandas(
    conn: psycopg.Connection[Any], times: dict[str, list[float]], sizes: dict[str, dict[str, float]]
) -> None:
    """Read the tables, join, take the difference of two unions and the overlaps."""
    grids, houses, areas = (_frame(conn, name) for name in ("grids", "buildings", "areas"))
    began = time.perf_counter()
    joined = gpd.sjoin(houses, grids, predicate="intersects", how="left")
    times.setdefault("geopandas sjoin alone", []).append(time.perf_counter() - began)
    metric = grids.estimate_utm_crs()
    gaps = gpd.GeoSeries([areas.union_all().difference(grids.union_all())], crs=grids.crs)
    pairs = gpd.sjoin(grids[["geometry"]], grids[["geometry"]], predicate="overlaps")
    pairs = pairs[pairs.index < pairs["index_right"]]
    overlaps = pairs.geometry.intersection(grids.geometry.loc[pairs["index_right"]], align=False)
    sizes["geopandas"] = {
        "pairs": int(joined["index_right"].notna().sum()),
        "gap_m2": float(gaps.to_crs(metric).area.sum()),
        "overlap_m2": float(overlaps.to_crs(metric).area.sum()) if len(overlaps) else 0.0,
        "loose": int(joined["index_right"].isna().sum()),
    }


def _frame(conn: psycopg.Connection[Any], name: str) -> gpd.GeoDataFrame:
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(_text(name)).fetchall()
    return gpd.GeoDataFrame(
        {"id": [row[0] for row in rows]}, geometry=gpd.GeoSeries.from_wkb([row[1] for row in rows], crs=4490)
    )


def _elsewhere(
    conn: psycopg.Connection[Any], script: str, python: str, arguments: argparse.Namespace
) -> tuple[list[float], dict[str, float]]:
    """Let another engine join the same buildings and grids, from GeoParquet files."""
    paths = [arguments.folder / f"join_{name}.parquet" for name in ("buildings", "grids")]
    for path, name in zip(paths, ("buildings", "grids"), strict=True):
        if not path.exists():
            _frame(conn, name).to_crs(4326).to_parquet(path)
    done = subprocess.run(
        [python, "-c", script, *map(str, paths), str(arguments.rounds)], check=True, capture_output=True, text=True
    )
    said = json.loads(done.stdout.splitlines()[-1])
    return said["seconds"], {"pairs": said["pairs"]}


def _report(times: dict[str, list[float]], sizes: dict[str, dict[str, float]]) -> int:
    middle = {name: statistics.median(seconds) for name, seconds in times.items()}
    keys = ("pairs", "loose", "gap_m2", "overlap_m2")
    rows = [
        [name, f"{seconds:.2f}", f"{min(times[name]):.2f}-{max(times[name]):.2f}",
         *(f"{sizes[name][key]:.0f}" if key in sizes.get(name, {}) else "" for key in keys)]
        for name, seconds in middle.items()
    ]  # fmt: skip
    print(measure.table(["", "median s", "range s", "pairs", "loose", "gaps m²", "overlaps m²"], rows))
    faster = middle["points drive"] / middle["our step"]
    slower = middle["our rules"] / middle["geopandas"]
    print(f"points drive / our step: {faster:.1f}; our rules / geopandas: {slower:.2f}")
    for name in JOINS:
        if name in middle:
            print(f"our step / {name}: {middle['our step'] / middle[name]:.2f}")
    agree = sizes["points drive"]["pairs"] == sizes["our step"]["pairs"]
    agree = agree and all(sizes[name]["pairs"] == sizes["our step"]["pairs"] for name in JOINS if name in sizes)
    agree = agree and sizes["our rules"]["loose"] == sizes["geopandas"]["loose"]
    met = faster >= FASTER and slower <= 1
    print(f"agree: {agree}; goals met (at least {FASTER:.0f}x, no slower than geopandas): {met}")
    return 0 if agree and met else 1


if __name__ == "__main__":
    raise SystemExit(main())
