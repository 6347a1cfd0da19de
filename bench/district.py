"""What all seventeen rules cost on the demo district: seconds, processor time, memory, and what a worker keeps.

``.venv/bin/python bench/district.py [--home H] [--database district] [--rounds 3]``. The database is
made once by ``GRIDATLAS_HOME=H GRIDATLAS_DATABASE_NAME=district script/gis demo --size district``:
twelve streets, 63 750 buildings, a year of visits, tracks and incidents. Each round judges the
comprehensive network anew, whole, in a process that lives on as a worker does.

Processor time is that of this process and of the whole database server: on a machine that does
other work it says more than the clock. Exit status 1 when a goal is missed: 30 s, 1 GB.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from pathlib import Path

import measure

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
MOST_S = 30.0
MOST_MB = 1024.0
NETWORK = "comprehensive"
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure and print; 0 when both goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("GRIDATLAS_HOME", "var")))
    parser.add_argument("--database", default="district")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    os.environ |= {"GRIDATLAS_HOME": str(arguments.home), "GRIDATLAS_DATABASE_NAME": arguments.database}
    from gis.coverage.refresh import refresh  # noqa: PLC0415 - reads the environment
    from gis.vocabulary import Actor  # noqa: PLC0415 - same

    server = measure.postmaster(arguments.home)
    assert server is not None, "start the database first: script/gis db start"
    rows, best = [], float("inf")
    peak = 0.0
    for turn in range(arguments.rounds):
        watch = Watch(server)
        began, used = time.perf_counter(), spent(server)
        figures = refresh(Actor.job("bench"), NETWORK)
        seconds, processor = time.perf_counter() - began, spent(server) - used
        command, both = watch.stop()
        best, peak = min(best, seconds), max(peak, both)
        left = measure.pss({os.getpid()}) / measure.MB
        rows.append([
            str(turn + 1), f"{seconds:.1f}", f"{processor:.1f}", f"{command:.0f}", f"{both:.0f}", f"{left:.0f}",
        ])  # fmt: skip
    print(
        f"# {figures['buildings']} buildings, {figures['grids']} grids, {sum(figures['by_severity'].values())} findings"
    )
    print(measure.table(["round", "s", "processor s", "process MB", "with server MB", "process after MB"], rows))
    met = best < MOST_S and peak < MOST_MB
    print(f"goals met (under {MOST_S:.0f} s and {MOST_MB:.0f} MB): {met}")
    return 0 if met else 1


def spent(server: int) -> float:
    """Give the processor seconds of this process and of the server, those of its ended processes included."""
    own = os.times()
    total = 0
    for pid in measure.family(server):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15] if pid == server else fields[11:13]))
    return own.user + own.system + total / TICKS


class Watch:
    """Looks at the memory of this process, and of it and the server together, ten times a second."""

    def __init__(self, server: int) -> None:
        self.server = server
        self.own = self.both = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        while not self.ended.wait(measure.PAUSE_S):
            own = measure.pss({os.getpid()})
            self.own, self.both = max(self.own, own), max(self.both, own + measure.pss(measure.family(self.server)))

    def stop(self) -> tuple[float, float]:
        """Give the highest of both, MB."""
        self.ended.set()
        self.thread.join()
        return self.own / measure.MB, self.both / measure.MB


if __name__ == "__main__":
    raise SystemExit(main())
