"""Whose is it: the resolver under a worker's rights, beside a lookup held whole in memory by shapely and pandas.

``GRIDATLAS_HOME=/tmp/x script/gis demo --size street`` first; the home is spoilt by this (lists and an account).

    GRIDATLAS_HOME=/tmp/x .venv/bin/python bench/whose.py [--asks 2000] [--versions 20] [--items 340]
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from datetime import date
from datetime import timedelta

import pandas as pd
import shapely
from psycopg import sql

from gis.casework import resolver
from gis.db.connection import session
from gis.vocabulary import Actor

JOB, WORKER = Actor.job("bench"), Actor("bench-worker")
FIRST = date(2006, 1, 1)


PREPARE = """
DELETE FROM duty WHERE code LIKE 'bench-%';
INSERT INTO duty (code, name, category, area_code, lead, assists, valid_from, valid_to)
SELECT 'bench-' || v || '-' || i, '', '基准' || i || '、别名' || i,
    CASE WHEN i % 10 = 0 THEN (SELECT min(code) FROM area) END,
    '单位' || i % 30, '单位' || i % 7, date {first} + 365 * (v - 1), date {first} + 365 * v - 1
FROM generate_series(1, {versions}) AS v, generate_series(1, {items}) AS i;
INSERT INTO account (name) VALUES ('bench-worker') ON CONFLICT DO NOTHING;
INSERT INTO account_role (account_id, role) SELECT id, 'worker' FROM account
WHERE name = 'bench-worker' ON CONFLICT DO NOTHING;
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account c
WHERE name = 'bench-worker' AND NOT EXISTS (SELECT FROM account_scope s WHERE s.account_id = c.id);
"""
LAND = """
SELECT a.code, ST_AsBinary(g.geom) FROM grid g JOIN area a ON a.id = g.area_id
WHERE g.valid_to IS NULL AND g.network_id = first_network()
"""
PLACES = """
SELECT ST_X(b.geom), ST_Y(b.geom)
FROM building b JOIN assignment a ON a.building_id = b.id AND a.network_id = first_network()
JOIN grid g ON g.network_id = a.network_id AND g.valid_to IS NULL AND ST_Covers(g.geom, b.geom)
GROUP BY b.id HAVING count(*) = 1
"""
"""Buildings in one grid: what to do with the others the rules of the house know, and a lookup in memory does not."""
LISTS = "SELECT unnest(categories), area_code, lead, valid_from, valid_to FROM duty WHERE kind = 'matter'"
UP = "SELECT a.code, p.code FROM area a LEFT JOIN area p ON p.id = a.parent_id"


def prepare(versions: int, items: int) -> None:
    """Write versions of the list that follow each other, and a worker of the whole office."""
    text = sql.SQL(PREPARE).format(
        first=sql.Literal(FIRST.isoformat()), versions=sql.Literal(versions), items=sql.Literal(items)
    )
    with session(JOB) as conn:
        conn.execute(text)
    with session(JOB) as conn:
        conn.execute("ANALYZE duty")


def questions(asks: int, versions: int, items: int) -> list[tuple[tuple[float, float], str, date]]:
    """Give points where buildings are, categories and days of every version."""
    with session(JOB) as conn:
        points = conn.execute(PLACES).fetchall()
    dice = random.Random(1)
    return [
        (
            dice.choice(points),
            f"别名{dice.randrange(1, items + 1)}",
            FIRST + timedelta(days=dice.randrange(365 * versions)),
        )
        for _ in range(asks)
    ]


def ours(asked: list[tuple[tuple[float, float], str, date]]) -> tuple[list[float], list[str]]:
    """Give the seconds of each question, and the lead that was named."""
    took, leads = [], []
    with session(WORKER) as conn:
        for point, category, day in asked:
            begun = time.perf_counter()
            leads.append(resolver.resolve(conn, point, "matter", category, day).lead)
            took.append(time.perf_counter() - begun)
    return took, leads


def memory(asked: list[tuple[tuple[float, float], str, date]]) -> tuple[list[float], list[str], float]:
    """Answer from a frame and a tree of polygons in memory; leads only: no people, no rights, no limits."""
    begun = time.perf_counter()
    with session(JOB) as conn:
        grids = conn.execute(LAND).fetchall()
        up = dict(conn.execute(UP).fetchall())
        rows = conn.execute(LISTS).fetchall()
    tree = shapely.STRtree(shapely.from_wkb([wkb for _code, wkb in grids]))
    frame = pd.DataFrame(rows, columns=["category", "area", "lead", "first", "last"]).set_index("category").sort_index()
    loaded = time.perf_counter() - begun
    took, leads = [], []
    for point, category, day in asked:
        begun = time.perf_counter()
        hit = tree.query(shapely.Point(point), predicate="intersects")
        area = grids[hit[0]][0] if len(hit) else None
        fit = frame.loc[[category]]
        fit = fit[(fit["first"] <= day) & (fit["last"].isna() | (fit["last"] >= day))]
        lead = ""
        while True:
            mine = fit[fit["area"] == area] if area else fit[fit["area"].isna()]
            names = {name.strip() for name in mine["lead"]} - {""}
            if len(mine) or area is None:
                lead = names.pop() if len(names) == 1 else ""
                break
            area = up.get(area)
        leads.append(lead)
        took.append(time.perf_counter() - begun)
    return took, leads, loaded


def told(name: str, took: list[float], more: str = "") -> None:
    """Print one line of the table."""
    took = sorted(took)
    p50, p95, p99 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.95, 0.99))
    print(f"| {name} | {statistics.mean(took) * 1000:.2f} | {p50:.2f} | {p95:.2f} | {p99:.2f} | {more} |")


def main() -> None:
    """Ask both the same and print the table."""
    parser = argparse.ArgumentParser()
    for name, default in (("asks", 2000), ("versions", 20), ("items", 340)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    prepare(given.versions, given.items)
    asked = questions(given.asks, given.versions, given.items)
    ours(asked[:50])  # plans and pages warm on both sides
    mine, leads = ours(asked)
    other, others, loaded = memory(asked)
    assert leads == others, "the two do not agree"
    print("| | mean ms | p50 | p95 | p99 | |\n| --- | --- | --- | --- | --- | --- |")
    told("resolver, rights of a worker; grid, people, community, items, limits", mine)
    told("shapely and pandas in memory; lead only", other, f"{loaded:.1f} s to load first")


if __name__ == "__main__":
    main()
