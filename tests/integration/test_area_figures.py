"""Sums per area: equal to a recount after any change, and shown only to whom all of the area's grids belong."""

from __future__ import annotations

import psycopg
import pytest

from gis.db.connection import conninfo
from gis.db.connection import session
from gis.vocabulary import Actor
from tests.conftest import fill_street

JOB = Actor.job("test")
RECOUNT = """
    SELECT g.network_id, g.area_id, g.kind, count(*), round(sum(greatest(ST_XMax(g.geom_web) - ST_XMin(g.geom_web),
            ST_YMax(g.geom_web) - ST_YMin(g.geom_web)))::numeric, 3), ST_AsText(ST_Extent(g.geom_web)::geometry, 3),
        coalesce(sum(f.buildings), 0), coalesce(sum(f.households), 0), coalesce(sum(w.block), 0),
        coalesce(sum(w.blind), 0), coalesce(sum(w.warn), 0), coalesce(sum(w.hint), 0)
    FROM grid g
    LEFT JOIN grid_figure f ON f.grid_id = g.id
    LEFT JOIN grid_finding w ON w.network_id = g.network_id AND w.grid_code = g.code
    WHERE g.valid_to IS NULL AND g.area_id IS NOT NULL
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
KEPT = """
    SELECT network_id, area_id, kind, grids, round(size::numeric, 3), ST_AsText(reach, 3), buildings, households,
        block, blind, warn, hint
    FROM area_figure WHERE grids > 0 ORDER BY 1, 2, 3
"""
CHANGES = (
    "UPDATE grid SET area_id = (SELECT max(id) FROM area WHERE level = 'community') WHERE id % 5 = 0",
    "UPDATE grid SET kind = 'unit' WHERE id % 7 = 0",
    "UPDATE grid SET valid_to = valid_from WHERE id % 11 = 0",
    "UPDATE grid SET geom = ST_Translate(geom, 0.001, 0) WHERE id % 13 = 0",
    "UPDATE grid SET area_id = NULL WHERE id % 17 = 0",
    "UPDATE building SET households = households + 3 WHERE id % 3 = 0",
    "DELETE FROM building WHERE id % 4 = 0",
    "DELETE FROM finding WHERE severity = 'blind'",
    "UPDATE finding SET severity = 'hint'",
    "DELETE FROM assignment WHERE grid_id % 3 = 0",
    "TRUNCATE assignment",
    "TRUNCATE finding CASCADE",
)
SUMS = """
    SELECT a.name, s.mine, s.buildings, s.households FROM network n
    CROSS JOIN area_sums(n.id, %s, ST_MakeEnvelope(-20037508, -20037508, 20037508, 20037508, 3857)) s
    JOIN area a ON a.id = s.area_id WHERE n.code = 'zh' ORDER BY a.name
"""


@pytest.fixture
def street(database):
    fill_street()
    return database


def scope(name, *rows):
    with session(JOB) as conn:
        conn.execute("INSERT INTO account (name) VALUES (%s)", (name,))
        conn.execute(
            "INSERT INTO account_role (account_id, role) SELECT id, 'worker' FROM account WHERE name = %s", (name,)
        )
        for area, grid in rows:
            conn.execute(
                "INSERT INTO account_scope (account_id, reach, area_id, network_id, grid_code)"
                " SELECT a.id, CASE WHEN %(grid)s::text IS NULL THEN 'area' ELSE 'grid' END,"
                " (SELECT id FROM area WHERE name = %(area)s),"
                " CASE WHEN %(grid)s::text IS NOT NULL THEN (SELECT id FROM network WHERE code = 'zh') END, %(grid)s"
                " FROM account a WHERE a.name = %(name)s",
                {"area": area, "grid": grid, "name": name},
            )


def sums(name, kinds=None):
    with session(Actor(name)) as conn:
        return {row[0]: row[1:] for row in conn.execute(SUMS, (kinds,))}


@pytest.mark.parametrize("together", [False, True])
def test_sums_equal_a_recount_after_every_change(street, together):
    with psycopg.connect(conninfo("atlas_owner"), autocommit=not together) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', false)")
        before = conn.execute(KEPT).fetchall()
        assert before == conn.execute(RECOUNT).fetchall()
        assert sum(row[6] for row in before) > 100
        assert any(row[9] for row in before)
        for change in CHANGES:
            conn.execute(change)
            kept = conn.execute(KEPT).fetchall()
            assert kept == conn.execute(RECOUNT).fetchall(), change
        assert kept
        assert kept != before


def test_two_writers_at_once_lose_nothing(street):
    with psycopg.connect(conninfo("atlas_owner")) as one, psycopg.connect(conninfo("atlas_owner")) as two:
        for conn in (one, two):
            conn.execute(
                "SELECT set_config('atlas.actor', 'job:test', false), set_config('lock_timeout', '200ms', false)"
            )
        first, second = one.execute(
            "SELECT min(id), max(id) FROM grid WHERE area_id = (SELECT min(area_id) FROM grid) AND valid_to IS NULL"
        ).fetchone()
        one.commit()
        one.execute("UPDATE grid SET valid_to = valid_from WHERE id = %s", (first,))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            two.execute("UPDATE grid SET valid_to = valid_from WHERE id = %s", (second,))
        two.rollback()
        one.commit()
        two.execute("SELECT set_config('atlas.actor', 'job:test', true)")
        two.execute("UPDATE grid SET valid_to = valid_from WHERE id = %s", (second,))
        two.commit()
        assert one.execute(KEPT).fetchall() == one.execute(RECOUNT).fetchall()


def test_sums_are_told_only_to_whom_all_of_the_area_belongs(street):
    with session(JOB) as conn:
        codes = [row[0] for row in conn.execute(
            "SELECT g.code FROM grid g JOIN area a ON a.id = g.area_id JOIN network n ON n.id = g.network_id"
            " WHERE a.name = '河湾社区' AND n.code = 'zh' ORDER BY 1"
        )]  # fmt: skip
    scope("bridge", ("桥东社区", None))
    scope("bend", *((None, code) for code in codes))
    scope("most", *((None, code) for code in codes[:-1]))
    everything = sums("zhang")
    assert len(everything) == 4
    assert all(row[0] and row[1] > 0 for row in everything.values())
    hidden = (False, None, None)
    assert sums("bridge") == {area: row if area == "桥东社区" else hidden for area, row in everything.items()}
    assert sums("bend") == {area: row if area == "河湾社区" else hidden for area, row in everything.items()}
    assert set(sums("most").values()) == {hidden}
    assert sums("stranger") == {}
    assert sums("zhang", ["unit"]) == {}
    with session(Actor("zhang")) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("SELECT count(*) FROM area_figure")
