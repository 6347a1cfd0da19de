"""An office with people of every role, and short words for what they do with cases: for tests of the kinds."""

from __future__ import annotations

import io
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from itertools import count
from zoneinfo import ZoneInfo

from PIL import ExifTags
from PIL import Image

from gis.casework import acts
from gis.casework.photos import Picture
from gis.db.connection import session
from gis.vocabulary import Actor

JOB = Actor.job("test")
HEAD, WORKER, MATE, UNIT, OTHER, LEADER, PLANNER, FAR = (
    Actor(name) for name in ("head", "worker", "mate", "unit", "other", "leader", "planner", "far")
)
PEOPLE = """
INSERT INTO account (name, units) VALUES ('head', '{}'), ('worker', '{}'), ('mate', '{}'), ('unit', '{消防所}'), ('other', '{市场监管所}'), ('leader', '{}'),
    ('planner', '{}'), ('far', '{}');
INSERT INTO account_role (account_id, role) SELECT id, CASE name WHEN 'head' THEN 'supervisor' WHEN 'unit' THEN 'department'
    WHEN 'other' THEN 'department' WHEN 'leader' THEN 'leader' WHEN 'planner' THEN 'planner' ELSE 'worker' END
    FROM account WHERE name IN ('head', 'worker', 'mate', 'unit', 'other', 'leader', 'planner', 'far');
INSERT INTO account_scope (account_id, reach, area_id) SELECT a.id, 'area', r.id FROM account a JOIN area r ON r.code = CASE a.name WHEN 'far' THEN 'B' ELSE 'A' END
    WHERE a.name IN ('worker', 'mate', 'unit', 'other', 'far');
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name IN ('head', 'leader', 'planner');
"""
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime.now(UTC)
TODAY = NOW.astimezone(SHANGHAI).date()
HERE = (120.02, 30.05)
METRE = 1 / 111_320
COLOURS = count()


def day(days):
    return (TODAY + timedelta(days=days)).isoformat()


def picture(role, north_m=0.0, taken=NOW, placed=True):
    """Take a picture so many metres north of HERE; no two are the same."""
    exif = Image.Exif()
    sub = exif.get_ifd(ExifTags.IFD.Exif)
    sub[ExifTags.Base.DateTimeOriginal] = taken.astimezone(SHANGHAI).strftime("%Y:%m:%d %H:%M:%S")
    if placed:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        for key, value in ((1, "N"), (2, HERE[1] + north_m * METRE), (3, "E"), (4, HERE[0])):
            gps[key] = value if isinstance(value, str) else (int(value), int(value * 60 % 60), value * 3600 % 60)
    out = io.BytesIO()
    n = next(COLOURS)
    Image.new("RGB", (40, 30), (n * 7 % 256, n // 37, 90)).save(out, "JPEG", exif=exif)
    return Picture(out.getvalue(), f"{role}.jpg", role)


def report(kind, actor=WORKER, category=None, point=HERE, **more):
    return acts.report(
        actor, acts.Draft(kind=kind, category=category or f"类{next(COLOURS)}", title="说明", point=point, **more)
    )


def do(actor, case, word, _at=None, **data):
    note, photos = data.pop("note", "说明"), data.pop("photos", ())
    return acts.act(actor, case.incident_id, word, expected=case.seq, note=note, data=data, photos=photos, at=_at)


def handled(kind, accept=None, **more):
    """Report a case and bring it to whoever handles it: a worker, with a unit beside him."""
    case = do(HEAD, report(kind, **more), "accept", **(accept or {}))
    case = do(HEAD, case, "dispatch", units=["消防所"], handler="worker")
    return do(WORKER, case, "begin")


def look(module, case, actor=HEAD):
    with session(actor) as conn:
        return module.detail(conn, case.incident_id)
