"""Reading from the event loop: nobody's name outlives his question, nothing is written, dead lines are replaced."""

from __future__ import annotations

import asyncio
import contextlib

import psycopg
import pytest
import uvloop

from gis.db import reading
from gis.db.connection import conninfo
from gis.db.reading import async_fetch
from gis.db.reading import close_async_pools
from gis.errors import DatabaseUnavailable
from gis.vocabulary import Actor

ZHANG = Actor("zhang")
NAMED = """
    SELECT current_setting('atlas.actor', true), current_setting('atlas.roles', true), current_setting('atlas.account', true),
        current_setting('atlas.everywhere', true), pg_backend_pid()
"""

pytestmark = pytest.mark.usefixtures("database")


def walk(steps):
    async def whole():
        try:
            return await steps()
        finally:
            await close_async_pools()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:  # what the web server runs on
        return loop.run(whole())


def test_a_name_ends_with_its_question_though_the_line_is_kept(monkeypatch):
    monkeypatch.setenv("GRIDATLAS_POOL_SIZE", "1")

    async def steps():
        first = await async_fetch(ZHANG, NAMED, {})
        # Behind the module's back: what is left on the kept line when nobody is named.
        (lines,) = reading._lines.values()
        left = await lines.fetch((NAMED, []))
        nobody = await async_fetch(Actor("nobody"), NAMED, {})
        rows = await async_fetch(Actor("nobody"), "SELECT count(*) FROM layer_version", {})
        return first, left, nobody, rows

    first, left, nobody, rows = walk(steps)
    assert first[:2] == ("zhang", "planner,supervisor")
    assert first[2]
    assert first[3] == "on"
    assert not any(left[:4])
    assert nobody[0] == "nobody"
    assert not any(nobody[1:4])
    assert first[4] == left[4] == nobody[4], "one line served them all"
    assert rows == (0,)


def test_a_question_that_fails_leaves_no_name_behind():
    async def steps():
        with pytest.raises(psycopg.errors.DivisionByZero):
            await async_fetch(ZHANG, "SELECT 1 / %(n)s::integer", {"n": 0})
        return await async_fetch(Actor(""), NAMED, {})

    assert not any(walk(steps)[:4])


def test_the_server_refuses_to_write_on_these_lines():
    async def steps():
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await async_fetch(
                ZHANG, "INSERT INTO area (code, name, level, geom) VALUES ('x', 'x', 'street', NULL) RETURNING 1", {}
            )

    walk(steps)


def test_lines_that_died_while_idle_or_on_the_way_are_replaced():
    async def steps():
        one = await async_fetch(ZHANG, NAMED, {})
        with psycopg.connect(conninfo(None), autocommit=True) as conn:
            conn.execute("SELECT pg_terminate_backend(%s)", (one[4],))
        two = await async_fetch(ZHANG, NAMED, {})  # asked before the loop has seen the hang-up
        with psycopg.connect(conninfo(None), autocommit=True) as conn:
            conn.execute("SELECT pg_terminate_backend(%s)", (two[4],))
        await asyncio.sleep(0.2)
        three = await async_fetch(ZHANG, NAMED, {})
        return one[4], two[4], three[4]

    assert len(set(walk(steps))) == 3


def test_a_question_that_kills_every_line_is_told_and_not_asked_for_ever():
    async def steps():
        await async_fetch(ZHANG, "SELECT 1", {})
        with pytest.raises(DatabaseUnavailable):
            await async_fetch(ZHANG, "SELECT pg_terminate_backend(pg_backend_pid())", {})
        return await async_fetch(ZHANG, "SELECT 1", {})

    assert walk(steps) == (1,)


def test_many_askers_share_few_lines_and_each_gets_his_own_answer(monkeypatch):
    monkeypatch.setenv("GRIDATLAS_POOL_SIZE", "2")
    many = "SELECT %(n)s::integer, current_setting('atlas.actor'), pg_backend_pid(), repeat('x', %(n)s * 1000), pg_sleep(0.01)"

    async def steps():
        return await asyncio.gather(
            *(async_fetch(Actor(f"asker{n}"), many, {"n": n}) for n in range(30)),
        )

    found = walk(steps)
    assert [(row[0], row[1], len(row[3])) for row in found] == [(n, f"asker{n}", n * 1000) for n in range(30)]
    assert len({row[2] for row in found}) == 2


def test_an_asker_that_gives_up_spoils_no_answer_of_another(monkeypatch):
    monkeypatch.setenv("GRIDATLAS_POOL_SIZE", "1")

    async def steps():
        task = asyncio.ensure_future(async_fetch(ZHANG, "SELECT 'late', pg_sleep(1)", {}))
        await asyncio.sleep(0.3)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return await async_fetch(ZHANG, "SELECT 'mine'", {})

    assert walk(steps) == ("mine",)


def test_values_arrive_as_they_were_given():
    long = "网格" * 200_000

    async def steps():
        return await async_fetch(
            ZHANG,
            "SELECT %(a)s::text[], %(b)s::text, %(a)s::text[], 7 %% 4, %(c)s::text",
            {"a": ["x", "中,文", '"'], "b": None, "c": long},
        )

    assert walk(steps) == (["x", "中,文", '"'], None, ["x", "中,文", '"'], 3, long)
