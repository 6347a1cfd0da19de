"""The gate with its real routes, a page and a websocket behind it, walked through without a network."""

from __future__ import annotations

import asyncio
import re

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.routing import WebSocketRoute

from gis.access import accounts
from gis.access import sessions
from gis.db.connection import session
from gis.db.reading import close_async_pools
from gis.vocabulary import Actor
from server import visitors
from server.actor import actor_of
from server.gate import Gate
from server.headers import SecurityHeaders
from server.routes import ROUTES
from server.routes import Shortcut

HERE = "http://127.0.0.1:8501"
PASSWORD = "Right-horse-7"
JOB = Actor.job("test")
FIELD = re.compile(r'name="token" value="([0-9a-f]{64})"')


async def _page(request):
    return PlainTextResponse(f"page for {actor_of(request).name}")


async def _talk(websocket):
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except Exception:  # noqa: BLE001 - the other side has gone
        return


async def _written(request):
    return PlainTextResponse("written")


APP = Starlette(
    routes=[
        *ROUTES,
        WebSocketRoute("/_stcore/stream", _talk),
        Route("/write", _written, methods=["POST"]),
        Route("/{page:path}", _page),
    ],
    middleware=[Middleware(SecurityHeaders), Middleware(Gate), Middleware(Shortcut)],
)


def walk(steps):
    """Run a coroutine function with a loop of its own; its result."""

    async def whole():
        visitors.forget()
        try:
            return await steps()
        finally:
            await close_async_pools()

    return asyncio.run(whole())


def browser(base=HERE, peer="127.0.0.1", **more):
    """Give a browser of its own, with its own cookies."""
    transport = httpx.ASGITransport(APP, client=(peer, 4321))
    return httpx.AsyncClient(transport=transport, base_url=base, trust_env=False, timeout=30, **more)


def people(**passwords):
    """Give accounts of the template their passwords."""
    with session(JOB) as conn:
        for name, password in passwords.items():
            accounts.set_password(conn, name, password)


def sql(statement, *values):
    """Change or ask something as the house; the first row."""
    with session(JOB) as conn:
        cursor = conn.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def start(name, **more):
    """Start a session without a password; its token."""
    with session(JOB) as conn:
        return sessions.start(conn, accounts.get(conn, name).id, name, origin="127.0.0.1", agent="test", **more)


def form_token(page):
    """Token of the first form of a page."""
    return FIELD.search(page.text).group(1)


async def sign_in(client, name="zhang", password=PASSWORD, **more):
    """Sign in the way a person does; the answer to the form."""
    page = await client.get("/auth/login", params={k: v for k, v in more.items() if k == "next"})
    assert page.status_code == 200, page.text
    fields = {"token": form_token(page), "name": name, "password": password, "next": "/", **more}
    return await client.post("/auth/login", data=fields)


class Talk:
    """A websocket to the gate, driven by hand."""

    def __init__(self, token=None, headers=(), path="/_stcore/stream", host=b"127.0.0.1:8501"):
        cookie = [(b"cookie", f"{visitors.COOKIE}={token}".encode())] if token else []
        self.scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "scheme": "ws",
            "root_path": "",
            "headers": [(b"host", host), *cookie, *headers],
            "client": ("127.0.0.1", 4321),
            "server": ("127.0.0.1", 8501),
            "subprotocols": [],
        }
        self.to_app, self.from_app = asyncio.Queue(), asyncio.Queue()
        self.to_app.put_nowait({"type": "websocket.connect"})

    async def __aenter__(self):
        self.task = asyncio.create_task(APP(self.scope, self.to_app.get, self.from_app.put))
        return self

    async def __aexit__(self, *_):
        self.to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self.task, 10)

    async def hear(self, seconds=10):
        """Wait for what the server says."""
        return await asyncio.wait_for(self.from_app.get(), seconds)

    def say(self, text):
        """Say something, as a person does who clicks."""
        self.to_app.put_nowait({"type": "websocket.receive", "text": text})
