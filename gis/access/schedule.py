"""What is done every day by itself: the backup at its time, thinning out old ones, the audit's retention.

State is in the database (table ``backup``) and in the folder, so a restart neither doubles a
backup nor loses one: one that was missed is made up. Whoever calls :func:`tick` now and then
keeps the time; two callers do no harm.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from datetime import time
from datetime import timedelta
from typing import TYPE_CHECKING

from gis.access import audit
from gis.access import backup
from gis.db.connection import session
from gis.settings import AccessSettings
from gis.settings import BackupSettings
from gis.vocabulary import Actor

if TYPE_CHECKING:
    from pathlib import Path

DAILY = Actor.job("daily")


def slot(at: str, now: datetime) -> datetime:
    """Give the latest moment at or before ``now`` at which the daily backup was due, in local time."""
    hour, minute = at.split(":")
    local = now.astimezone()
    due = datetime.combine(local.date(), time(int(hour), int(minute))).astimezone()
    if due > local:
        due = datetime.combine(local.date() - timedelta(days=1), time(int(hour), int(minute))).astimezone()
    return due


def is_due(now: datetime) -> bool:
    """Whether the daily backup has to be made: none since its last time."""
    at = BackupSettings().at
    if not at:
        return False
    with session(DAILY) as conn:
        found = conn.execute("SELECT max(at) FROM atlas.backup WHERE actor = %s", (DAILY.name,)).fetchone()
    last = found[0] if found else None
    return last is None or last < slot(at, now)


def tick(now: datetime) -> Path | None:
    """Do what is due; the backup that was made.

    Raises
    ------
    GridAtlasError
        It could not be made; the next call tries again.
    """
    days = AccessSettings().audit_days
    with session(DAILY) as conn:
        old = "SELECT EXISTS (SELECT FROM atlas.audit WHERE at < now() - make_interval(days => %s))"
        if conn.execute(old, (days,)).fetchone() == (True,):
            audit.forget(conn, days)
    if not is_due(now):
        return None
    made = None
    # Whoever is at it already makes the backup; when he is done, it is not due any more.
    with suppress(backup.Underway), backup.alone():
        if is_due(now):
            made = backup.write(DAILY, daily=True)
    if made is None:
        return None
    thin_out()
    return made.path


def thin_out() -> list[Path]:
    """Take away the daily backups beyond those that are kept; others are never touched."""
    there = sorted(backup.folder().glob(f"{backup.DAILY}*.dump"), reverse=True)
    gone = there[BackupSettings().keep :]
    for path in gone:
        path.unlink(missing_ok=True)
        backup.manifest_of(path).unlink(missing_ok=True)
    if gone:
        with session(DAILY) as conn:
            conn.execute("DELETE FROM atlas.backup WHERE file = ANY(%s)", ([str(path) for path in gone],))
            audit.note(conn, "thin_out", "backup", "", after={"files": [path.name for path in gone]})
    return gone
