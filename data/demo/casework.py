"""Live cases of the demo street: what a leader, a supervisor, a worker and a department find in the morning.

They are reported and worked on by the demo accounts through the same acts as anybody's, then
set back in time, so that a hazard is late, a dispute is in its third week and an enforcement
case is on its 84th day whenever the demo is made. The year of incidents beside them ends with
the demo's records and is settled. What happens stands in :mod:`data.demo.scenes`.
"""

from __future__ import annotations

import io
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
import numpy as np
from PIL import Image

from data.demo.scenes import CALLS
from data.demo.scenes import DEPARTMENT
from data.demo.scenes import LEADER
from data.demo.scenes import OFFICERS
from data.demo.scenes import PEOPLE
from data.demo.scenes import SUPERVISOR
from data.demo.scenes import WORKER
from data.demo.scenes import Scene
from data.demo.scenes import scenes
from gis.casework import acts
from gis.casework import officers
from gis.casework import starting
from gis.casework import whistle
from gis.casework.photos import Picture
from gis.casework.reports import Draft
from gis.casework.reports import report
from gis.db.connection import session
from gis.vocabulary import Actor
from gis.vocabulary import WhistleAct
from gis.vocabulary import WhistleKind

if TYPE_CHECKING:
    import psycopg

_queries = aiosql.from_path(Path(__file__).with_name("casework.sql"), "psycopg", mandatory_parameters=False)

JOB = Actor.job("demo")


def live(seed: int = 1) -> int:
    """Make the live cases that are not there yet; how many were made.

    Raises
    ------
    GridAtlasError
        An act was refused. What was done before stays.
    """
    with session(JOB) as conn:
        ready = conn.execute(_queries.ready.sql, {"people": [person.name for person in PEOPLE]}).fetchone()
        near, far = _places(conn, seed)
    if ready != (True,) or not near or not far:
        return 0
    for card, name in OFFICERS:
        officers.enlist(JOB, {"card": card, "name": name, "unit": "综合行政执法队", "valid_from": "2024-01-01"})
    made = []
    for number, scene in enumerate(scenes()):
        places = near if scene.near else far
        made.append(_play(scene, places[number % len(places)], number))
    _whistles(far)
    with session(JOB) as conn:
        conn.execute(_queries.restart.sql, {"ids": made})
        starting.start_many(conn, made)
    return len(made)


def _places(conn: psycopg.Connection[Any], seed: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Give buildings where the demo worker walks, and elsewhere, in an order of chance."""
    rows = conn.execute(_queries.places.sql, {"worker": WORKER.name}).fetchall()
    rng = np.random.default_rng(seed)
    found = [[(lon, lat) for lon, lat, mine in rows if mine is near] for near in (True, False)]
    for places in found:
        rng.shuffle(places)
    return [tuple(place) for place in found[0]], [tuple(place) for place in found[1]]


def _play(scene: Scene, place: tuple[float, float], number: int) -> int:
    """Report a case, work on it, and set it back in time."""
    now = datetime.now(UTC)
    case = report(
        scene.who,
        Draft(
            kind=scene.kind, category=scene.category, title=scene.title, point=place, channel=scene.channel,
            level=scene.level, data=scene.data, key=f"demo-{number}",
            photos=[_picture(place, now - timedelta(days=scene.ago), scene.photo)] if scene.photo else [],
        ),
    )  # fmt: skip
    began = now - timedelta(days=scene.ago)
    with session(JOB) as conn:
        conn.execute(_queries.set_back.sql, {"id": case.incident_id, "at": began})
    for step in scene.steps:
        at = now - timedelta(days=step.ago)
        case = acts.act(
            step.who, case.incident_id, step.act, expected=case.seq, note=step.note, data=step.data, at=at, geom=place,
            photos=[_picture(place, at, step.photo)] if step.photo else [],
        )  # fmt: skip
    return case.incident_id


def _whistles(places: list[tuple[float, float]]) -> None:
    """Blow four: one nobody answered, one where the unit came, one to be rated, one refused."""
    with session(JOB) as conn:
        row = conn.execute(_queries.unit.sql, {"name": DEPARTMENT.name}).fetchone()
    if row is None or not row[0]:
        return
    for n, (title, effort, occasion, hours, steps) in enumerate(CALLS):
        draft = whistle.Draft(
            kind=WhistleKind.STREET,
            occasion=occasion,
            title=title,
            effort=effort,
            lead=str(row[0]),
            wanted_at=datetime.now(UTC) + timedelta(hours=hours),
            point=places[-1 - n],
        )
        call = whistle.blow(SUPERVISOR, draft)
        call = whistle.act(LEADER, call.id, WhistleAct.APPROVE, expected=call.seq, note="同意")
        for act, note in steps:
            call = whistle.act(
                DEPARTMENT, call.id, act, expected=call.seq, unit=str(row[0]), note=note, geom=places[-1 - n]
            )


def _picture(place: tuple[float, float], at: datetime, role: str) -> Picture:
    """Make a picture with its time and place inside, as a phone takes it."""
    rng = np.random.default_rng(round(abs(place[0] * place[1]) * 1e6) + len(role))
    shade = rng.integers(60, 200, 3)
    pixels = np.clip(shade + rng.normal(0, 18, (480, 640, 1)), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = (at + timedelta(hours=8)).strftime("%Y:%m:%d %H:%M:%S")
    gps = exif.get_ifd(0x8825)
    for tag, letters, value in ((1, "NS", place[1]), (3, "EW", place[0])):
        gps[tag] = letters[0] if value >= 0 else letters[1]
        whole, minutes = int(abs(value)), abs(value) % 1 * 60
        gps[tag + 1] = (float(whole), float(int(minutes)), round(minutes % 1 * 60, 4))
    body = io.BytesIO()
    image.save(body, "JPEG", exif=exif, quality=80)
    return Picture(body.getvalue(), f"{role}.jpg", role)
