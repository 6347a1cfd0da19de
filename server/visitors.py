"""Who is behind a cookie or a machine's token, known for at most a second.

A page of a map asks for dozens of tiles at once; they share one look at the session. What
ended (signed out, revoked, switched off, another password) is over within that second.
Everything here is synchronous: the gate calls it beside the event loop, the pages from
their own threads.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis.access import sessions
from gis.access import tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis.access.sessions import Visitor

COOKIE = "gridatlas_session"
LIFETIME_S = 1.0
ALIVE_EVERY_S = 10.0
"""Signs of life reach the database at most this often."""
MOST = 4096


@dataclass(slots=True)
class _Held:
    asked: float
    alive: float
    visitor: Visitor | None


_known: OrderedDict[bytes, _Held] = OrderedDict()
_guard = threading.Lock()


def forget() -> None:
    """Forget what is known: somebody signed in or out, or changed a password."""
    with _guard:
        _known.clear()


def person(token: str | None, *, alive: bool = False) -> Visitor | None:
    """Give who stands behind a session's token; None: nobody, or no more.

    Parameters
    ----------
    token : str or None
        From the cookie.
    alive : bool
        Whether the person did something; an open page alone is no sign of life.

    Raises
    ------
    DatabaseUnavailable
        The database cannot be asked; nothing is known of the session.
    """
    return _look(token, lambda given, sign: sessions.find(given, alive=sign), alive=alive) if token else None


def machine(token: str) -> Visitor | None:
    """Give the account behind a machine's token; None: unknown, over or revoked."""
    return _look(token, lambda given, _sign: tokens.find(given), alive=False, machine=True)


def held(token: str, *, alive: bool = False, machine: bool = False) -> tuple[Visitor | None] | None:
    """Give who is known to stand behind a token without asking the database; None: it has to be asked.

    Parameters
    ----------
    token : str
        From the cookie or of a machine.
    alive : bool
        As for :func:`person`.
    machine : bool
        Whether it was given as a machine's: one kind of token never stands for the other.
    """
    now = time.monotonic()
    with _guard:
        known = _known.get(_key(token, machine=machine))
    if known is None or now - known.asked >= LIFETIME_S or (alive and now - known.alive > ALIVE_EVERY_S):
        return None
    return (known.visitor,)


def _key(token: str, *, machine: bool) -> bytes:
    return (b"machine" if machine else b"person") + sessions.digest(token)


def _look(
    token: str, find: Callable[[str, bool], Visitor | None], *, alive: bool, machine: bool = False
) -> Visitor | None:
    remembered = held(token, alive=alive, machine=machine)
    if remembered is not None:
        return remembered[0]
    key, now = _key(token, machine=machine), time.monotonic()
    found = find(token, alive)
    with _guard:
        before = _known[key].alive if key in _known else float("-inf")
        _known[key] = _Held(now, now if alive else before, found)
        _known.move_to_end(key)
        while len(_known) > MOST:
            _known.popitem(last=False)
    return found
