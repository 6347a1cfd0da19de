"""A thread beside the server that calls what is done every day; it ends with the process."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

from gis.access import schedule
from gis.db.connection import session
from gis.records import people
from gis.settings import PeopleSettings
from gis.vocabulary import Actor

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_S = 20.0
"""The start itself is not held up."""
EVERY_S = 30.0
AFTER_FAILURE_S = 600.0

_log = logging.getLogger("gridatlas.daily")


@contextmanager
def daily() -> Iterator[None]:
    """Run the clock for as long as the block lasts."""
    stopping = threading.Event()
    # A daemon: a backup under way does not hold up the stopping; half of one is never kept.
    thread = threading.Thread(target=_run, args=(stopping,), name="daily", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()


def tick(now: datetime) -> None:
    """Do what is due: backups and the audit's retention, and the retention of tracks."""
    schedule.tick(now)
    with session(Actor.job("daily")) as conn:
        people.forget_tracks(conn, PeopleSettings().track_days)


def _run(stopping: threading.Event) -> None:
    pause = FIRST_S
    while not stopping.wait(pause):
        try:
            tick(datetime.now(UTC))
            pause = EVERY_S
        except Exception:  # noqa: BLE001 - logged; the clock goes on
            _log.exception("what is done every day failed; it is tried again")
            pause = AFTER_FAILURE_S
