"""Servers of a benchmark and the clients that ask them: one as a Python program would, one that reads answers in C."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


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


class Lean:
    """A connection that stays open, with answers read in C.

    Parameters
    ----------
    port : int
        Where the server listens on this machine.
    cookie : str
        Sent along with each request.
    """

    def __init__(self, port: int, cookie: str) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
        self._parts: list[bytes] = []
        self._done = False

    def on_body(self, part: bytes) -> None:
        """Take in a part of the body (called by the parser)."""
        self._parts.append(part)

    def on_message_complete(self) -> None:
        """Note the end (called by the parser)."""
        self._done = True

    def ask(self, path: str) -> tuple[int, bytes, float]:
        """Ask once: status, body, seconds."""
        self._parts, self._done = [], False
        began = time.perf_counter()
        parser = httptools.HttpResponseParser(self)
        self._line.sendall(f"GET {path}{self._head}".encode())
        while not self._done:
            parser.feed_data(self._line.recv(2**18))
        body = b"".join(self._parts)
        return parser.get_status_code(), body, time.perf_counter() - began


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
