"""Tiles of the demo city: our route beside the bare SQL and beside tipg, in one run.

    script/gis demo --size city                # once, with a GRIDATLAS_HOME of its own
    .venv/bin/python -m bench.tiles [--tipg PYTHON] [--tiles 24] [--seed 1]

``--tipg`` names the Python of an environment that has ``tipg==1.6.1`` and ``uvicorn`` (the
``bench`` extra); without it that column is left out. The route is asked with the cookie of a
signed-in account (made for the run, and removed), through the gate and all headers, and works
as ``atlas_app`` under row-level security, as the bare SQL does. tipg asks nobody's name and
works as ``atlas_owner``, whose policy is the constant true: as ``atlas_app`` its
``ST_Intersects`` may not use the index. All
are asked for the same tiles in turn. The route keeps no finished tiles here, so each answer is
cut anew. "Bare SQL" is the layer's own statement on one warm connection with the actor's rights
set beforehand, seen from the driver; "as the actor" is a transaction that names the actor first,
as every request has to. tipg cuts the table
``building`` (``geom_web``, ``id``, ``households``) as our zooms 14 and 15 do, with no limit on
features and no rim; at other zooms the two draw different things and are not compared.
"""

from __future__ import annotations

import argparse
import http.client
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import quote

import psycopg

from gis.access import accounts
from gis.access import sessions
from gis.db.cluster import Cluster
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.db.reading import SET_UP
from gis.settings import DatabaseSettings
from gis.vocabulary import Actor
from layers.catalog import catalog
from server import visitors

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
ZOOMS = range(9, 19)
POINT_ZOOMS = (14, 15)
"""Zooms at which a building is a point with its id and households, as tipg cuts it."""
ROUTE = """
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from server import tiles
from server.gate import Gate
from server.headers import SecurityHeaders
from server.lifespan import lifespan
from server.routes import Shortcut, routes
from server.store import Store
tiles.store = Store({store})
middleware = [Middleware(SecurityHeaders), Middleware(Gate), Middleware(Shortcut)]
app = Starlette(routes=routes(), lifespan=lifespan, middleware=middleware)
uvicorn.run(app, port={port}, log_level="error", access_log=False, timeout_keep_alive=600)
"""
FEWEST = 1_000_000
WHO = "bench.tiles"
RIGHTS = ("actor", "account", "roles", "everywhere")
NONE: dict[str, Any] = dict.fromkeys(("network", "rules", "severities", "kinds", "codes"))
Place = tuple[int, int, int]


def main() -> None:
    """Measure and print the tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--tipg", help="Python of an environment with tipg and uvicorn")
    asked.add_argument("--tiles", type=int, default=24, help="tiles of each zoom")
    asked.add_argument("--rounds", type=int, default=5, help="times each tile is asked for; the median counts")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    places = sample(options.tiles, options.seed)
    with ExitStack() as stack:
        cookie = stack.enter_context(account())
        ours = stack.enter_context(route(0, cookie))
        keeping = stack.enter_context(route(64 * 2**20, cookie))
        theirs = stack.enter_context(tipg(options.tipg)) if options.tipg else None
        conn = stack.enter_context(psycopg.connect(conninfo("atlas_app"), autocommit=True, prepare_threshold=0))
        become(conn)
        beside(conn, ours, theirs, places, options.rounds)
        every(conn, ours, places, options.rounds)
        unchanged(keeping, places)


@contextmanager
def account() -> Iterator[str]:
    """Make an account that sees the whole office, sign it in for the length of a block; its cookie."""
    with session(Actor.job("bench")) as conn:
        conn.execute("DELETE FROM account WHERE name = %s", (WHO,))
        made = accounts.add(conn, WHO, roles=["supervisor"], scopes=["office"])
        token = sessions.start(conn, made.id, WHO, origin="127.0.0.1", agent="bench")
    try:
        yield f"{visitors.COOKIE}={token}"
    finally:
        with session(Actor.job("bench")) as conn:
            conn.execute("DELETE FROM account WHERE name = %s", (WHO,))


def become(conn: psycopg.Connection[Any]) -> None:
    """Give a connection the account's rights and the settings of the route's lines, once for all its statements."""
    conn.execute(SET_UP)
    with conn.transaction():
        conn.execute("SELECT atlas.enter(%s)", (WHO,))
        held = [conn.execute(f"SELECT current_setting('atlas.{name}')").fetchone() for name in RIGHTS]
    for name, value in zip(RIGHTS, held, strict=True):
        assert value is not None
        conn.execute("SELECT set_config(%s, %s, false)", (f"atlas.{name}", value[0]))


def sample(many: int, seed: int) -> dict[int, list[Place]]:
    """Choose tiles of each zoom where there are buildings: those of buildings drawn by lot."""
    with psycopg.connect(conninfo("atlas_owner")) as conn:
        row = conn.execute("SELECT count(*), min(id), max(id) FROM building").fetchone()
        assert row is not None
        if row[0] < FEWEST:
            sys.exit(f"only {row[0]} buildings: load the demo city first (script/gis demo --size city)")
        lot = random.Random(seed)
        ids = [lot.randint(row[1], row[2]) for _ in range(40 * many)]
        found = conn.execute(
            "SELECT ST_X(geom), ST_Y(geom) FROM building WHERE id = ANY (%s) AND ST_X(geom) > 1", (ids,)
        ).fetchall()
    print(f"{row[0]} buildings, up to {many} tiles of each zoom")
    lot.shuffle(found)
    return {zoom: list(dict.fromkeys(place(zoom, *at) for at in found))[:many] for zoom in ZOOMS}


def place(zoom: int, lon: float, lat: float) -> Place:
    """Tile of a zoom that holds a point."""
    n = 2**zoom
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n
    return zoom, int((lon + 180) / 360 * n), int(row)


class Server:
    """One contender's server, asked over a connection that stays open.

    Parameters
    ----------
    port : int
        Where it listens on this machine.
    cookie : str
        Sent along with each request.
    """

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port = port
        self._cookie = {"Cookie": cookie} if cookie else {}
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path: str, **headers: str) -> tuple[int, bytes, float, str]:
        """Ask once: status, body, seconds, tag."""
        began = time.perf_counter()
        self._line.request("GET", path, headers=self._cookie | headers)
        response = self._line.getresponse()
        body = response.read()
        return response.status, body, time.perf_counter() - began, response.headers.get("ETag", "")


@contextmanager
def serving(command: list[str], port: int, ready: str, cookie: str = "", **environment: str) -> Iterator[Server]:
    """Run a server for the length of a block."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **environment})
    try:
        for _ in range(300):
            if process.poll() is not None:
                sys.exit(f"{command[0]} ended with {process.returncode}")
            try:
                if Server(port).ask(ready)[0] < 500:
                    break
            except OSError:
                time.sleep(0.1)
        yield Server(port, cookie)
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Give a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def route(store: int, cookie: str) -> Iterator[Server]:
    """Serve our routes, keeping finished tiles up to a number of bytes."""
    port = free_port()
    with serving([sys.executable, "-c", ROUTE.format(store=store, port=port)], port, "/health", cookie) as server:
        yield server


@contextmanager
def tipg(python: str) -> Iterator[Server]:
    """Serve the same database by tipg, as the role whose policy is no obstacle to its index."""
    port = free_port()
    host = quote(str(Cluster.default().socket), safe="")
    address = f"postgresql://atlas_owner@{host}/{DatabaseSettings().database_name}?atlas.actor=local&jit=off"
    command = [
        python,
        "-m",
        "uvicorn",
        "tipg.main:app",
        "--port",
        str(port),
        "--log-level",
        "error",
        "--timeout-keep-alive",
        "600",
    ]
    settings = {
        "DATABASE_URL": address,
        "TIPG_DB_SCHEMAS": '["atlas"]',
        "TIPG_DB_TABLES": '["atlas.building"]',
        "TIPG_MAX_FEATURES_PER_TILE": "10000000",
        "TIPG_TILE_BUFFER": "0",
        "TIPG_CATALOG_TTL": "100000",
    }
    with serving(command, port, "/collections/atlas.building", **settings) as server:
        yield server


def bare(conn: psycopg.Connection[Any], key: str, at: Place) -> tuple[bytes, float]:
    """Run a layer's statement: the tile, and seconds."""
    statement = catalog()[key].statement(at[0])
    assert statement is not None
    began = time.perf_counter()
    row = conn.execute(statement, NONE | dict(zip("zxy", at, strict=True)), binary=True).fetchone()
    body = bytes(row[0]) if row and row[0] else b""
    return body, time.perf_counter() - began


def named(conn: psycopg.Connection[Any], key: str, at: Place) -> float:
    """Run a layer's statement in a transaction that names the actor first; seconds."""
    began = time.perf_counter()
    with conn.transaction():
        conn.execute("SELECT atlas.enter(%s)", (WHO,))
        bare(conn, key, at)
    return time.perf_counter() - began


def ours_at(key: str, at: Place) -> str:
    """Address of a tile of our route."""
    return f"/tiles/{key}/{at[0]}/{at[1]}/{at[2]}.pbf"


def theirs_at(at: Place) -> str:
    """Address of a tile of tipg."""
    query = "geom-column=geom_web&properties=id,households"
    return f"/collections/atlas.building/tiles/WebMercatorQuad/{at[0]}/{at[1]}/{at[2]}?{query}"


def beside(
    conn: psycopg.Connection[Any], ours: Server, theirs: Server | None, places: dict[int, list[Place]], rounds: int
) -> None:
    """Print the layer of buildings by each contender, zoom by zoom."""
    print("\nbuildings, milliseconds (median over tiles of the median of each tile)")
    print("| zoom | bytes | bare SQL | as the actor | our route | route / SQL | tipg | tipg / route |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    sums: dict[str, float] = {"sql": 0.0, "named": 0.0, "route": 0.0, "tipg": 0.0, "same route": 0.0, "same tipg": 0.0}
    for zoom, chosen in places.items():
        sizes, taken = [], {"sql": [], "named": [], "route": [], "tipg": []}  # type: ignore[var-annotated]
        for at in chosen:
            times: dict[str, list[float]] = {"sql": [], "named": [], "route": [], "tipg": []}
            for _ in range(rounds):
                body, seconds = bare(conn, "building", at)
                times["sql"].append(seconds)
                times["named"].append(named(conn, "building", at))
                status, same, seconds, _tag = ours.ask(ours_at("building", at))
                assert status == (200 if body else 204), at
                assert abs(len(same) - len(body)) <= len(body) // 50, at  # rows may come in another order
                times["route"].append(seconds)
                if theirs and zoom in POINT_ZOOMS:
                    status, _body, seconds, _tag = theirs.ask(theirs_at(at))
                    assert status in (200, 204), (status, at)
                    times["tipg"].append(seconds)
            sizes.append(len(body))
            for name, found in times.items():
                taken[name] += [statistics.median(found)] if found else []
        for name in ("sql", "named", "route", "tipg"):
            sums[name] += sum(taken[name])
            if zoom in POINT_ZOOMS and name in ("route", "tipg"):
                sums[f"same {name}"] += sum(taken[name])
        sql, entered, mine = (statistics.median(taken[name]) for name in ("sql", "named", "route"))
        other = statistics.median(taken["tipg"]) if taken["tipg"] else math.nan
        print(
            f"| {zoom} | {statistics.median(sizes):.0f} | {sql * 1e3:.2f} | {entered * 1e3:.2f} "
            f"| {mine * 1e3:.2f} | {mine / sql:.2f} "
            f"| {other * 1e3:.2f} | {other / mine:.2f} |"
        )
    print(f"all tiles together: route / SQL = {sums['route'] / sums['sql']:.3f}", end="")
    print(f", route / SQL as the actor = {sums['route'] / sums['named']:.3f}", end="")
    print(
        f", tipg / route on the same points (zooms 14, 15) = {sums['same tipg'] / sums['same route']:.2f}"
        if theirs
        else ""
    )


def every(conn: psycopg.Connection[Any], ours: Server, places: dict[int, list[Place]], rounds: int) -> None:
    """Print how long a browser waits for tiles of every layer, packed, each cut anew."""
    print("\nevery layer, packed with gzip, cut anew, milliseconds")
    print("| layer | tiles | median | p95 | slowest | route / SQL |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    all_seconds: list[float] = []
    for key, layer in catalog().items():
        seconds, cut = [], []
        for zoom, chosen in places.items():
            if zoom < layer.start:
                continue
            for at in chosen:
                asked = [ours.ask(ours_at(key, at), **{"Accept-Encoding": "gzip"}) for _ in range(rounds)]
                assert all(found[0] in (200, 204) for found in asked)
                seconds.append(statistics.median(found[2] for found in asked))
                cut.append(statistics.median(bare(conn, key, at)[1] for _ in range(rounds)))
        all_seconds += seconds
        row(key, seconds, f"{sum(seconds) / sum(cut):.2f}")
    row("all", all_seconds, "")


def row(name: str, seconds: list[float], last: str) -> None:
    """Print one line of a table."""
    p95 = statistics.quantiles(seconds, n=20)[-1]
    figures = (statistics.median(seconds), p95, max(seconds))
    print(f"| {name} | {len(seconds)} | " + " | ".join(f"{each * 1e3:.2f}" for each in figures) + f" | {last} |")


def unchanged(keeping: Server, places: dict[int, list[Place]]) -> None:
    """Print what a second look costs: 304 for the tag, and a finished tile for who has none."""
    first = {
        path: keeping.ask(path) for chosen in places.values() for path in (ours_at("building", at) for at in chosen)
    }
    again = [keeping.ask(path, **{"If-None-Match": found[3]}) for path, found in first.items()]
    kept = [keeping.ask(path) for path in first]
    print(f"\nunchanged: {sum(found[0] == 304 for found in again)} of {len(again)} tiles answer 304", end="")
    print(f" in {statistics.median(found[2] for found in again) * 1e3:.2f} ms", end="")
    print(f"; from the store in {statistics.median(found[2] for found in kept) * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
