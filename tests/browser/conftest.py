"""A small street in a database of its own, the real page server over it, and a browser that fails on any slip.

A slip is a request to another host, an error in the console, an exception in the page, or
an answer of ours above 399 that the test did not name.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import psycopg
import pytest
from playwright.sync_api import sync_playwright
from psycopg import sql

from gis.access import accounts
from gis.access import sessions
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.vocabulary import Actor
from server import visitors
from tests.browser import street
from tests.conftest import ROOT
from tests.conftest import TEMPLATE

FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SOMEBODY = "test"
"""Who looks at the pages where a test names nobody: planner and supervisor of the whole office."""
DESK = {"width": 1366, "height": 768}
PATIENCE_MS = 60_000


@contextmanager
def new_database(name):
    """Give a migrated database for the length of a block; the process works on it meanwhile."""
    before = os.environ.get("GRIDATLAS_DATABASE_NAME")
    with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    os.environ["GRIDATLAS_DATABASE_NAME"] = name
    try:
        yield name
    finally:
        close_pools()
        os.environ.pop("GRIDATLAS_DATABASE_NAME")
        if before is not None:
            os.environ["GRIDATLAS_DATABASE_NAME"] = before
        with psycopg.connect(conninfo(None, "postgres"), autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def signed_in(name):
    """Start a session of an account in the database at hand; its token."""
    with session(Actor.job("test")) as conn:
        account = accounts.get(conn, name)
        return sessions.start(conn, account.id, account.name, origin="127.0.0.1", agent="test")


@contextmanager
def serving(folder, **settings):
    """Serve the database at hand from a free port; the address. Who visits it is signed in."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with (folder / "pages.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1"],
            cwd=ROOT,
            env={**os.environ, **settings, "PYTHONPATH": str(ROOT), "TZ": "UTC"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, folder / "pages.log")
            street.TOKENS[address] = signed_in(SOMEBODY)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _wait(address, process, log):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="session")
def pages(server, tmp_path_factory):
    """Serve a small street with every kind of finding and hostile names; the address."""
    with new_database(f"browser{os.getpid()}") as name:
        street.build()
        with serving(tmp_path_factory.mktemp("pages"), GRIDATLAS_DATABASE_NAME=name) as address:
            yield address


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser):
    """Open pages that must not slip: ``visit(address, size=…, scheme=…, by=…)`` gives the page.

    ``by`` names the account that is signed in; None: a stranger.
    """
    slips, contexts = [], []

    def open_page(address, *, size=DESK, scheme="light", wait=".st-key-panel", allowed=(), by=SOMEBODY, locale="zh-CN"):
        context = browser.new_context(viewport=size, color_scheme=scheme, locale=locale)
        contexts.append(context)
        origin = "/".join(address.split("/")[:3])
        token = by and (street.TOKENS[origin] if by == SOMEBODY else signed_in(by))
        if token:
            context.add_cookies([{"name": visitors.COOKIE, "value": token, "url": origin, "httpOnly": True}])
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        host = address.split("/")[2]

        def asked(request):
            if not request.url.startswith((f"http://{host}/", f"ws://{host}/", "blob:", "data:")):
                slips.append(f"outside request: {request.url}")

        def answered(response):
            if response.status >= 400 and response.status not in allowed:
                slips.append(f"{response.status}: {response.url}")

        def said(message):
            # "Error" alone is what the map says of a tile that was refused.
            told = "Failed to load resource" in message.text or message.text.strip() == "Error"
            told = told or any(f"({code})" in message.text or f"status {code}" in message.text for code in allowed)
            if message.type == "error" and not (allowed and told):
                slips.append(f"console: {message.text}")

        page.on("request", asked)
        page.on("response", answered)
        page.on("console", said)
        page.on("pageerror", lambda error: slips.append(f"exception: {error}"))
        page.on("dialog", lambda dialog: (slips.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(address)
        page.wait_for_selector(wait)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert slips == []
