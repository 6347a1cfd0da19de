"""What one change costs, at ten thousand and at a million buildings, beside judging everything anew.

``.venv/bin/python bench/coverage.py [--folder F] [--copies 10] [--rounds 15]``. The files of
``bench/city.py`` are imported into one database of the embedded server under ``F/home``, and a
piece of about ten thousand buildings around one community into another. In both the same
community is changed: a grid's border is redrawn, a building is moved, each time followed by a
local run as the worker does it. What the whole run
does beside other tools is measured by ``bench/rules.py``.

Exit status 1 when a goal is missed: at most 50 ms, at most 1/50 of the whole run, and the same
at both sizes (at most 1.5 times).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import city
import geopandas as gpd
import measure

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
MOST_MS = 50.0
MOST_SHARE = 1 / 50
MOST_RATIO = 1.5
SMALL = 10_000
NETWORK = "comprehensive"

MOVE = """
    UPDATE atlas.building SET geom = ST_Translate(geom, %(by)s, 0), footprint = ST_Translate(footprint, %(by)s, 0)
    WHERE id = %(id)s
"""
REDRAW = """
    WITH old AS (
        UPDATE atlas.grid SET valid_to = atlas.today()
        WHERE network_id = %(network)s AND code = %(code)s AND valid_to IS NULL RETURNING *
    )
    INSERT INTO atlas.grid (network_id, code, version, name, kind, area_id, area_code, geom)
    SELECT network_id, code, version + 1, name, kind, area_id, area_code,
        CASE WHEN %(back)s
        THEN (SELECT geom FROM atlas.grid WHERE network_id = %(network)s AND code = %(code)s AND version = 1)
        ELSE ST_Multi(ST_Difference(geom, ST_Buffer(ST_PointN(ST_ExteriorRing(ST_GeometryN(geom, 1)), 1), 0.0003))) END
    FROM old
"""
PLACE = """
    SELECT (SELECT b.id FROM atlas.building b WHERE b.area_id = a.id ORDER BY b.code OFFSET 50 LIMIT 1),
        g.code, g.network_id, (SELECT count(*) FROM atlas.building b WHERE b.area_id = a.id), count(*) OVER ()
    FROM atlas.area a JOIN atlas.grid g ON g.area_id = a.id AND g.valid_to IS NULL
    WHERE a.code = %(area)s ORDER BY g.code LIMIT 1
"""

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def main() -> int:
    """Measure and print; 0 when every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "gridatlas-bench")
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", action="store_true", help="use the databases of the last time")
    parser.add_argument("--load", action="store_true", help="make the databases, and no more")
    arguments = parser.parse_args()
    files = city.make(arguments.folder, arguments.copies)
    area, piece = _piece(arguments.folder, files)
    os.environ["GRIDATLAS_HOME"] = str(arguments.folder / "home")
    os.environ.pop("GRIDATLAS_DATABASE_URL", None)
    results = {}
    subprocess.run([str(ROOT / "script" / "gis"), "db", "start"], check=True, capture_output=True)
    for name, given in (("small", piece), ("large", files)):
        os.environ["GRIDATLAS_DATABASE_NAME"] = f"coverage_{name}"
        if not arguments.keep:
            _load(given)
        if not arguments.load:
            results[name] = _measure(area, arguments.rounds)
    subprocess.run([str(ROOT / "script" / "gis"), "db", "stop"], check=False, capture_output=True)
    return 0 if arguments.load else _report(results)


def _piece(folder: Path, files: dict[str, Path]) -> tuple[str, dict[str, Path]]:
    """Cut out the communities around one of average size until they hold ten thousand buildings."""
    paths = {kind: folder / f"piece_{kind}{path.suffix}" for kind, path in files.items()}
    said = folder / "piece.txt"
    if said.exists():
        return said.read_text(encoding="utf-8"), paths
    areas, grids = (gpd.read_file(files[kind]) for kind in ("areas", "grids"))
    buildings = gpd.read_parquet(files["buildings"])
    points = gpd.GeoDataFrame(buildings[["code"]], geometry=buildings.representative_point(), crs=buildings.crs)
    first = areas[areas["code"].astype(str).str.endswith("-0")] if len(areas) > 100 else areas
    inside = gpd.sjoin(points, first[["geometry"]], predicate="within")
    held = inside.groupby("index_right").size().reindex(first.index, fill_value=0)
    middle = (held - len(buildings) / len(areas)).abs().idxmin()
    near = first.distance(first.geometry[middle]).sort_values(kind="stable").index
    taken = near[: int((held[near].cumsum() < SMALL).sum()) + 1]
    first.loc[taken].to_file(paths["areas"])
    centres = gpd.GeoDataFrame(grids[["code"]], geometry=grids.representative_point(), crs=grids.crs)
    grids.loc[gpd.sjoin(centres, first.loc[taken, ["geometry"]], predicate="within").index.unique()].to_file(
        paths["grids"]
    )
    buildings.loc[inside.index[inside["index_right"].isin(taken)].unique()].to_parquet(paths["buildings"])
    said.write_text(str(areas["code"][middle]), encoding="utf-8")
    return str(areas["code"][middle]), paths


def _load(files: dict[str, Path]) -> None:
    import psycopg  # noqa: PLC0415 - after the environment is set

    from gis.db.connection import conninfo  # noqa: PLC0415 - reads the environment

    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        conn.execute(f'DROP DATABASE IF EXISTS "{os.environ["GRIDATLAS_DATABASE_NAME"]}" WITH (FORCE)')
    subprocess.run([str(ROOT / "script" / "gis"), "db", "migrate"], check=True, capture_output=True)
    for kind, path in files.items():
        began = time.perf_counter()
        level = ["--level", "community"] if kind == "areas" else []
        subprocess.run(
            [str(ROOT / "script" / "gis"), "import", kind, str(path), *level], check=True, capture_output=True
        )
        print(f"# {kind}: {time.perf_counter() - began:.1f} s", file=sys.stderr)


def _measure(area: str, rounds: int) -> dict[str, Any]:
    from gis.coverage.local import Desk  # noqa: PLC0415 - reads the environment
    from gis.coverage.refresh import refresh  # noqa: PLC0415 - same
    from gis.coverage.refresh import refresh_dirty  # noqa: PLC0415 - same
    from gis.db.connection import close_pools  # noqa: PLC0415 - same
    from gis.db.connection import session  # noqa: PLC0415 - same
    from gis.vocabulary import Actor  # noqa: PLC0415 - same

    job = Actor.job("bench")
    refresh(job, NETWORK)
    began = time.perf_counter()
    figures = refresh(job, NETWORK)
    whole = time.perf_counter() - began
    with session(job) as conn:
        house, grid, network, held, grids = conn.execute(PLACE, {"area": area}).fetchone() or ()
    desk = Desk()

    def one(statement: str, given: Callable[[int], dict[str, Any]]) -> list[float]:
        seconds = []
        for turn in range(rounds + 5):  # the first ones plan
            with session(job) as conn:
                conn.execute(statement.encode(), given(turn))
            began = time.perf_counter()
            refresh_dirty(desk, job, NETWORK)
            seconds.append(time.perf_counter() - began)
        return seconds[5:]

    try:
        moved = one(MOVE, lambda turn: {"id": house, "by": 0.0008 if turn % 2 else -0.0008})
        drawn = one(REDRAW, lambda turn: {"network": network, "code": grid, "back": bool(turn % 2)})
    finally:
        desk.close()
        close_pools()
    return {
        "buildings": figures["buildings"], "grids": figures["grids"], "whole": whole, "building moved": moved,
        "border redrawn": drawn, "held": held, "of": grids,
    }  # fmt: skip


def _report(results: dict[str, dict[str, Any]]) -> int:
    rows, met = [], True
    for name, found in results.items():
        print(f"# {name}: the community changed has {found['held']} buildings and {found['of']} grids", file=sys.stderr)
        for what in ("building moved", "border redrawn"):
            middle = statistics.median(found[what]) * 1000
            share = middle / 1000 / found["whole"]
            ratio = statistics.median(found[what]) / statistics.median(results["small"][what])
            if name == "large":
                met = met and middle <= MOST_MS and share <= MOST_SHARE and ratio <= MOST_RATIO
            rows.append([
                what, f"{found['buildings']} x {found['grids']}", f"{middle:.0f}",
                f"{min(found[what]) * 1000:.0f}-{max(found[what]) * 1000:.0f}",
                f"{found['whole']:.1f}", f"1/{1 / share:.0f}", f"{ratio:.2f}",
            ])  # fmt: skip
    print(measure.table(["", "buildings x grids", "median ms", "range ms", "whole run s", "share", "to small"], rows))
    print(f"goals met (at most {MOST_MS:.0f} ms, {MOST_SHARE:.2f} of the whole run, {MOST_RATIO} times): {met}")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
