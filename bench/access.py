"""What row-level security costs: tiles and the list of findings as a person, and as the owner without it.

A city of a million random buildings is made in the database in force where it has none
(about three minutes), then each question is asked in turn by a person of the whole office
(``atlas_app``: roles and reach looked up, policies applied) and by a job (``atlas_owner``:
no policy), each on one connection with prepared statements, the medians side by side.

    GRIDATLAS_HOME=… .venv/bin/python -m bench.access [--buildings 1000000] [--rounds 40]
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import psycopg

from gis.access import accounts
from gis.access import sessions
from gis.coverage.engine import statement
from gis.db.connection import APP
from gis.db.connection import NAME_JOB
from gis.db.connection import NAME_PERSON
from gis.db.connection import OWNER
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.vocabulary import Actor
from layers.catalog import layer

if TYPE_CHECKING:
    from collections.abc import Callable

JOB = Actor.job("bench")
PERSON = "bench-planner"
PASSWORD = "Bench-street-1"
GOAL = 1.15
CITY = Path(__file__).with_name("access.sql")
TILES = [
    ("building", 8),
    ("building", 11),
    ("building", 13),
    ("building", 14),
    ("building", 16),
    ("grid", 10),
    ("grid", 13),
    ("finding", 11),
    ("finding", 14),
]


def build(buildings: int) -> None:
    """Make the city where there is none, and the person."""
    with session(JOB) as conn:
        known = conn.execute("SELECT EXISTS (SELECT FROM network WHERE code = 'bench')").fetchone()
        if known == (False,):
            conn.execute(CITY.read_text().replace("{buildings}", str(buildings)))
            accounts.add(conn, PERSON, roles=["planner", "supervisor"], scopes=["office"])
            accounts.set_password(conn, PERSON, PASSWORD)
    with psycopg.connect(conninfo(OWNER), autocommit=True) as conn:
        for table in (
            "area",
            "grid",
            "building",
            "assignment",
            "finding",
            "building_cell",
            "grid_figure",
            "grid_finding",
        ):
            conn.execute(f"ANALYZE atlas.{table}")


def place(zoom: int) -> dict[str, int]:
    """Tile in the middle of the city."""
    n = 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(32.2))) / math.pi) / 2
    return {"z": zoom, "x": int((118.2 + 180) / 360 * n), "y": int(y * n)}


def asker(role: str, naming: str, name: str, text: str, values: dict[str, Any]) -> Callable[[], float]:
    """Give a function that asks once, the naming included, and says how many milliseconds it took."""
    conn = psycopg.connect(conninfo(role), prepare_threshold=0)

    def once() -> float:
        began = time.perf_counter()
        with conn.pipeline():
            conn.execute(naming, (name, ""), prepare=True)
            cursor = conn.execute(text, values, prepare=True, binary=True)
            cursor.fetchall()
        conn.commit()
        return (time.perf_counter() - began) * 1000

    return once


def compare(text: str, values: dict[str, Any], rounds: int) -> tuple[float, float]:
    """Median milliseconds as a person and as the owner, asked in turn."""
    person = asker(APP, NAME_PERSON, PERSON, text, values)
    owner = asker(OWNER, NAME_JOB, "job:bench", text, values)
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 5):
        both = (person(), owner()) if number % 2 else tuple(reversed((owner(), person())))
        if number >= 5:
            taken[0].append(both[0])
            taken[1].append(both[1])
    return statistics.median(taken[0]), statistics.median(taken[1])


def main() -> None:
    """Build, ask, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--buildings", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    build(given.buildings)
    print("| question | as a person, ms | without row-level security, ms | ratio |\n| --- | --- | --- | --- |")
    rows = []
    for key, zoom in TILES:
        values = {"network": "bench", "rules": None, "severities": None, "kinds": None, "codes": None, **place(zoom)}
        rows.append((f"tile `{key}` {zoom}", *compare(str(layer(key).statement(zoom)), values, given.rounds)))
    listed = {"network": "bench", "rules": None, "severities": None, "area": None, "limit": 25, "offset": 0}
    rows.append(
        (
            "list of findings, 25 of the first page",
            *compare(str(statement("findings.sql", "listing")), listed, given.rounds),
        )
    )
    rows.append(("nothing (`SELECT 1`): the naming alone", *compare("SELECT 1", {}, given.rounds * 5)))
    for title, person, owner in rows:
        print(f"| {title} | {person:.2f} | {owner:.2f} | {person / owner:.2f} |")
    whole = [sum(row[place] for row in rows[:-1]) for place in (1, 2)]
    print(f"\nall together: {whole[0] / whole[1]:.3f} (goal at most {GOAL})")
    times = []
    for _round in range(10):
        began = time.perf_counter()
        sessions.end(sessions.sign_in(PERSON, PASSWORD))
        times.append(time.perf_counter() - began)
    median, longest = statistics.median(times) * 1000, max(times) * 1000
    print(f"sign-in and out: {median:.0f} ms (median), {longest:.0f} ms (longest of 10; goal below 500)")


if __name__ == "__main__":
    main()
