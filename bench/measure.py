"""Runs a command and tells how long it took and how much memory all its processes held.

Memory is the proportional set size (PSS): pages several processes share are counted once.
The postgres server that works for a command is no child of it, so the server's processes
are named by their folder and counted in whole, shared buffers included.
"""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

PAUSE_S = 0.1
MB = 2**20


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a command cost and said.

    Attributes
    ----------
    seconds : float
        Wall time.
    command_mb, server_mb, peak_mb : float
        Highest PSS of the command with its children, of the database server, and of both
        at the same moment.
    """

    seconds: float
    command_mb: float
    server_mb: float
    peak_mb: float
    status: int
    stdout: str
    stderr: str


def family(*roots: int) -> set[int]:
    """Give the processes and everything they started that still runs."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, waiting = set(), list(roots)
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += parents.get(pid, [])
    return found


def pss(pids: set[int]) -> int:
    """Sum the proportional set sizes, bytes; a process that is gone holds nothing."""
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total * 1024


def postmaster(home: Path) -> int | None:
    """Give the process number of the embedded server of a home; None when it is not running."""
    try:
        return int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, home: Path | None = None) -> Run:
    """Run a command to its end and measure it.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    environment : mapping, optional
        The whole environment; this process's own when not given.
    home : Path, optional
        ``GRIDATLAS_HOME`` whose database server works for the command.
    """
    peaks = {"command": 0, "server": 0, "both": 0}
    ended = threading.Event()

    def watch(pid: int) -> None:
        cost = 0.0
        while not ended.wait(max(PAUSE_S, 9 * cost)):  # looking takes time too: never over a tenth
            began = time.perf_counter()
            server = postmaster(home) if home else None
            own, its = pss(family(pid)), pss(family(server)) if server else 0
            for name, size in (("command", own), ("server", its), ("both", own + its)):
                peaks[name] = max(peaks[name], size)
            cost = time.perf_counter() - began

    began = time.perf_counter()
    with subprocess.Popen(
        command, env=None if environment is None else dict(environment), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        watcher = threading.Thread(target=watch, args=(process.pid,), daemon=True)
        watcher.start()
        stdout, stderr = process.communicate()
        seconds = time.perf_counter() - began
        ended.set()
        watcher.join()
    return Run(
        seconds, peaks["command"] / MB, peaks["server"] / MB, peaks["both"] / MB, process.returncode, stdout, stderr
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Give a Markdown table."""
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)
