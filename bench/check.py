"""``script/gis check`` against the script an analyst would write, on a million buildings.

``.venv/bin/python bench/check.py [--folder F] [--copies 10] [--rounds 3]``. All read the same
files in turn. The script is run as it is written first (overlay), and as somebody writes it who
has found out that overlay is slow (the difference of two unions). The files are made once
(``bench/city.py``), the embedded database lives in ``F/home`` and is stopped at the end. Exit
status 1 when the results disagree, or a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import city
import measure

ROOT = Path(__file__).resolve().parent.parent
SLOWEST = 1.5
"""How many times the script's wall time the check may take."""

KNOWN_LOOSE = 2417
"""Footprints of New York whose representative point lies in no tract, per copy."""


def main() -> int:
    """Measure and print; 0 when every goal is met."""
    arguments = _arguments()
    files = city.make(arguments.folder, arguments.copies)
    home = arguments.folder / "home"
    environment = {**os.environ, "GRIDATLAS_HOME": str(home), "LANGUAGE": "en"}
    environment.pop("GRIDATLAS_DATABASE_URL", None)
    gis = str(ROOT / "script" / "gis")
    for verb in ("start", "migrate"):
        measure.run([gis, "db", verb], environment)
    answer = arguments.folder / "check.json"
    check = [
        gis, "check", "--areas", str(files["areas"]), "--grids", str(files["grids"]),
        "--buildings", str(files["buildings"]), "--json", str(answer),
    ]  # fmt: skip
    script = [sys.executable, str(ROOT / "bench" / "geoscript.py"), *(str(files[k]) for k in city.KINDS)]
    ours, theirs, unions = [], [], []
    try:
        for _round in range(arguments.rounds):
            theirs.append(measure.run(script, environment))
            unions.append(measure.run([*script, "--unions"], environment))
            ours.append(measure.run(check, environment, home))
    finally:
        measure.run([gis, "db", "stop"], environment)
    for done in (*(r for r in (*theirs, *unions) if r.status), *(r for r in ours if r.status not in (0, 1))):
        print(done.stderr, file=sys.stderr)
        return 2
    contenders = {"geopandas, overlay": theirs, "geopandas, unions": unions}
    return _report(ours, contenders, json.loads(answer.read_text()), json.loads(theirs[-1].stdout), arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "gridatlas-bench")
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _report(
    ours: list[measure.Run], contenders: dict[str, list[measure.Run]], answer: dict[str, Any], plain: dict[str, Any],
    arguments: argparse.Namespace,
) -> int:  # fmt: skip
    figures = answer["summary"]
    loose = sum(f["rule"] == "unassigned_building" and f["severity"] == "blind" for f in answer["findings"])
    rows = []
    for name, runs in {"script/gis check": ours, **contenders}.items():
        seconds = [r.seconds for r in runs]
        rows.append([
            name, f"{statistics.median(seconds):.1f}", f"{min(seconds):.1f}-{max(seconds):.1f}",
            f"{max(r.peak_mb for r in runs):.0f}", f"{max(r.command_mb for r in runs):.0f}",
            f"{max(r.server_mb for r in runs):.0f}",
        ])  # fmt: skip
    ratios = []
    for name, theirs in contenders.items():
        time_ratio = statistics.median(r.seconds for r in ours) / statistics.median(r.seconds for r in theirs)
        memory_ratio = max(r.peak_mb for r in ours) / max(r.peak_mb for r in theirs)
        rows.append([f"check / {name}", f"{time_ratio:.2f}", "", f"{memory_ratio:.2f}", "", ""])
        ratios.append((time_ratio, memory_ratio))
    time_ratio, memory_ratio = ratios[0]
    print(f"{figures['buildings']} buildings, {figures['grids']} grids, {figures['areas']} areas")
    print(measure.table(["", "median s", "range s", "peak MB (PSS)", "of it command", "of it server"], rows))
    found = {"check": loose, "script": plain["unassigned"]}
    print(f"in no grid: {found}; gaps m²: {figures['unclaimed_area_m2']:.0f} / {plain['gap_m2']:.0f}")
    real = city.REALDATA.is_dir()
    agree = loose == plain["unassigned"] and (not real or loose == KNOWN_LOOSE * arguments.copies)
    met = time_ratio <= SLOWEST and memory_ratio < 1
    print(f"agree: {agree}; goals met (against overlay: time <= {SLOWEST}x, memory < 1x): {met}")
    return 0 if agree and met else 1


if __name__ == "__main__":
    raise SystemExit(main())
