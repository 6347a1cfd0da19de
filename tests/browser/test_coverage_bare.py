"""The coverage page without a database and with an empty one: a sentence, what to do, and it works again."""

from __future__ import annotations

import os
import time
from contextlib import suppress

import psycopg
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from psycopg import sql

from gis.db.connection import conninfo
from tests.browser import street
from tests.browser.conftest import new_database
from tests.browser.conftest import serving
from tests.browser.test_coverage import ROWS
from tests.browser.test_coverage import settled


def _answering(name, *, yes):
    """Let a database take connections, or throw everybody out and take none."""
    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        allowed = sql.SQL("true" if yes else "false")
        conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(name), allowed))
        if not yes:
            conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


def test_a_database_that_goes_away_is_a_sentence_and_comes_back(server, visit, tmp_path):
    with new_database(f"gone{os.getpid()}") as name:
        street.build()
        settings = {"GRIDATLAS_DATABASE_NAME": name, "GRIDATLAS_POOL_WAIT_S": "2"}
        with serving(tmp_path, **settings) as address:
            page = visit(address, allowed=(500, 503))
            settled(page)
            _answering(name, yes=False)
            try:
                page.locator(ROWS).first.locator("button").click()
                page.wait_for_selector(".st-key-trouble")
                said = page.locator(".st-key-trouble").inner_text()
                assert "数据库" in said
                assert "请" in said, "a remedy"
                assert "Traceback" not in page.locator(".stApp").inner_text()
            finally:
                _answering(name, yes=True)
            until = time.monotonic() + 40
            while page.locator(ROWS).count() == 0:
                assert time.monotonic() < until, page.locator(".stApp").inner_text()
                if page.locator(".st-key-retry button").count():
                    with suppress(PlaywrightTimeout):  # the page may have come back by itself meanwhile
                        page.locator(".st-key-retry button").click(timeout=2000)
                page.wait_for_timeout(1500)
            settled(page)
            assert page.locator(".st-key-trouble").count() == 0
            assert page.locator(".st-key-detail").count() == 1, "what was chosen is still chosen"
            page.context.close()


def test_an_empty_database_is_a_sentence_and_a_next_step(server, visit, tmp_path):
    with (
        new_database(f"empty{os.getpid()}") as name,
        serving(tmp_path, GRIDATLAS_DATABASE_NAME=name) as address,
    ):
        page = visit(address, wait=".st-key-empty")
        said = page.locator(".st-key-empty").inner_text()
        assert "还没有网格" in said
        assert "导入文件" in said
        page.locator(".st-key-demo button").click()
        page.wait_for_selector(ROWS)
        settled(page)
        assert page.locator(".st-key-empty").count() == 0
        assert "数据截至" in page.locator(".st-key-fresh").inner_text()
        page.context.close()
