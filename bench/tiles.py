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
as every request has to. The route is asked by Python's ``http.client``, as tipg is, and once more by
a client that reads answers in C, as the driver does that stands beside it: the difference is the
client's own. tipg cuts the table
``building`` (``geom_web``, ``id``, ``households``) as our zooms 14 and 15 do, with no limit on
features and no rim; at other zooms the two draw different things and are not compared.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
import time
from contextlib import ExitStack
from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import quote

import psycopg

from bench.asking import Lean
from bench.asking import Server
from bench.asking import free_port
from bench.asking import serving
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
    from collections.abc import Callable
    from collections.abc import Iterator

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
SIZES_KB = (8, 32, 64, 1024)
"""Classes of tiles by size: up to so many kB."""
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
        lean = Lean(ours.port, cookie)
        beside(contenders(conn, ours, lean, theirs), places, options.rounds)
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


def contenders(
    conn: psycopg.Connection[Any], ours: Server, lean: Lean, theirs: Server | None
) -> dict[str, Callable[[Place], tuple[bytes, float]]]:
    """Whoever is asked for a tile of buildings, by the name of his column."""

    def by_server(server: Server | Lean, path: str) -> tuple[bytes, float]:
        status, body, seconds, *_tag = server.ask(path)
        assert status == (200 if body else 204), (status, path)
        return body, seconds

    asked: dict[str, Callable[[Place], tuple[bytes, float]]] = {
        "sql": lambda at: bare(conn, "building", at),
        "named": lambda at: (b"", named(conn, "building", at)),
        "route": lambda at: by_server(ours, ours_at("building", at)),
        "lean": lambda at: by_server(lean, ours_at("building", at)),
    }
    if theirs:
        asked["tipg"] = lambda at: by_server(theirs, theirs_at(at))
    return asked


def beside(
    asked: dict[str, Callable[[Place], tuple[bytes, float]]], places: dict[int, list[Place]], rounds: int
) -> None:
    """Print the layer of buildings by each contender, zoom by zoom."""
    print("\nbuildings, milliseconds (median over tiles of the median of each tile)")
    print("| zoom | bytes | bare SQL | as the actor | our route | route / SQL | lean client | lean / SQL", end="")
    print(" | tipg | tipg / route |\n|" + " ---: |" * 10)
    lot = random.Random(1)
    tiles: list[tuple[Place, int, dict[str, float]]] = []
    for zoom, chosen in places.items():
        for at in chosen:
            times: dict[str, list[float]] = {name: [] for name in asked if name != "tipg" or zoom in POINT_ZOOMS}
            bodies: dict[str, bytes] = {}
            for _ in range(rounds):
                # In another order each time: nobody always comes second to the same tile.
                for name in lot.sample(list(times), len(times)):
                    bodies[name], seconds = asked[name](at)
                    times[name].append(seconds)
            size = len(bodies["sql"])
            for name in ("route", "lean"):
                assert abs(len(bodies[name]) - size) <= size // 50, at  # rows may come in another order
            tiles.append((at, size, {name: statistics.median(found) for name, found in times.items()}))
        of_zoom = [each for each in tiles if each[0][0] == zoom]
        found = {name: statistics.median(each[2][name] for each in of_zoom) * 1e3 for name in of_zoom[0][2]}
        other = found.get("tipg", math.nan)
        print(
            f"| {zoom} | {statistics.median(each[1] for each in of_zoom):.0f} "
            f"| {found['sql']:.2f} | {found['named']:.2f} "
            f"| {found['route']:.2f} | {found['route'] / found['sql']:.2f} "
            f"| {found['lean']:.2f} | {found['lean'] / found['sql']:.2f} | {other:.2f} | {other / found['route']:.2f} |"
        )
    whole = {name: sum(each[2][name] for each in tiles) for name in ("sql", "named", "route", "lean")}
    print(f"all tiles together: route / SQL = {whole['route'] / whole['sql']:.3f}", end="")
    print(f", by the lean client {whole['lean'] / whole['sql']:.3f}", end="")
    print(f", route / SQL as the actor = {whole['route'] / whole['named']:.3f}")
    both = [each[2] for each in tiles if "tipg" in each[2]]
    if both:
        ratio = sum(each["tipg"] for each in both) / sum(each["route"] for each in both)
        print(f"tipg / route on the same points (zooms 14, 15) = {ratio:.2f}")
    by_size([(size, found["sql"], found["route"], found["lean"]) for _at, size, found in tiles])


def by_size(tiles: list[tuple[int, float, float, float]]) -> None:
    """Print what the route adds to tiles of each size: bytes, and seconds of SQL, route and lean client."""
    print("\nwhat the route adds, by size of tile, milliseconds (medians)")
    print("| kB | tiles | bare SQL | route adds | route / SQL | lean client adds | lean / SQL |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    least = 0
    for most in SIZES_KB:
        of_size = [tile for tile in tiles if least <= tile[0] < most * 1024]
        least = most * 1024
        if of_size:
            sql, mine, quick = (statistics.median(tile[at] for tile in of_size) for at in (1, 2, 3))
            print(
                f"| under {most} | {len(of_size)} | {sql * 1e3:.2f} | {(mine - sql) * 1e3:.2f} | {mine / sql:.2f} "
                f"| {(quick - sql) * 1e3:.2f} | {quick / sql:.2f} |"
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
