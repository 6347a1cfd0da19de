"""``script/gis import buildings`` of a million points, from a CSV and from a GeoParquet.

``.venv/bin/python bench/intake.py [--folder F] [--rows 1000000]``. The files are made once
(seeded), each goes into an empty database of its own under ``F``. Exit status 1 when the
command needs as much memory as the goal allows, or rows are lost.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import measure
import numpy as np
import pandas as pd
import shapely

ROOT = Path(__file__).resolve().parent.parent
MOST_MB = 1500
"""Memory the command may take, MB; the server's is told beside it."""


def main() -> int:
    """Measure and print; 0 when the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "gridatlas-bench")
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    rows, met = [], True
    for kind, path in make(arguments.folder, arguments.rows).items():
        done, account = take(path, arguments.folder / "intake-home")
        if account is None:
            print(done.stderr, file=sys.stderr)
            return 2
        inserted = account["rows"]["inserted"]
        met = met and done.command_mb < MOST_MB and inserted == arguments.rows
        rows.append([
            kind, str(inserted), f"{path.stat().st_size / measure.MB:.0f}", f"{done.seconds:.1f}",
            f"{done.command_mb:.0f}", f"{done.server_mb:.0f}", f"{done.peak_mb:.0f}",
        ])  # fmt: skip
    print(measure.table(["file", "rows written", "MB", "s", "command MB (PSS)", "server MB", "both MB"], rows))
    print(f"goal met (command under {MOST_MB} MB, every row written): {met}")
    return 0 if met else 1


def make(folder: Path, count: int) -> dict[str, Path]:
    """Give the paths of the CSV and the GeoParquet, written when missing."""
    paths = {"CSV": folder / f"points{count}.csv", "GeoParquet": folder / f"points{count}.parquet"}
    if not all(path.exists() for path in paths.values()):
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(11)
        lon, lat = rng.uniform(113.7, 114.6, count).round(7), rng.uniform(22.4, 22.9, count).round(7)
        number = pd.Series(np.arange(count)).astype(str).str.zfill(7)
        frame = pd.DataFrame({
            "楼栋编码": "B" + number,
            "楼栋名称": "幸福小区" + number + "栋",
            "详细地址": "某街道建设路" + pd.Series(rng.integers(1, 999, count)).astype(str) + "号",
            "户数": rng.integers(0, 120, count),
            "人数": rng.integers(0, 400, count),
        })  # fmt: skip
        frame.assign(经度=lon, 纬度=lat).to_csv(paths["CSV"], index=False)
        gpd.GeoDataFrame(frame, geometry=shapely.points(lon, lat), crs=4490).to_parquet(paths["GeoParquet"])
    return paths


def take(path: Path, home: Path) -> tuple[measure.Run, dict[str, dict[str, int]] | None]:
    """Import one file into an empty database; the account is None when that failed."""
    environment = {**os.environ, "GRIDATLAS_HOME": str(home), "LANGUAGE": "en"}
    environment.pop("GRIDATLAS_DATABASE_URL", None)
    gis = str(ROOT / "script" / "gis")
    for verb in ("start", "migrate"):
        measure.run([gis, "db", verb], environment)
    try:
        done = measure.run(
            [gis, "import", "buildings", str(path), "--datum", "cgcs2000", "--json", "-"], environment, home
        )
    finally:
        measure.run([gis, "db", "stop"], environment)
        shutil.rmtree(home, ignore_errors=True)
    return done, json.loads(done.stdout) if done.status == 0 else None


if __name__ == "__main__":
    raise SystemExit(main())
