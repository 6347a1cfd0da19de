"""What comes with an act, read and judged before anything is written.

Names of handlers and codes of other cases are looked up here, moments are compared, a
correction becomes "was" and "is". What the state allows is :mod:`gis.casework.flow`, what the
kind asks :mod:`gis.casework.kinds`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql

from gis.casework import links
from gis.casework import photos as pictures
from gis.casework.errors import DraftUnfit
from gis.casework.errors import HandlerUnfit
from gis.casework.errors import MomentUnfit
from gis.casework.errors import PictureUnfit
from gis.casework.forms import OFFICE
from gis.i18n import translate as _
from gis.vocabulary import Act

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from datetime import datetime

    import psycopg

    from gis.casework.files import Casefile
    from gis.casework.photos import Picture

_queries = aiosql.from_path(Path(__file__).with_name("acts.sql"), "psycopg", mandatory_parameters=False)

LONGEST = 2000
"""Most characters of a note."""
LONGEST_UNIT = 200
MOST_PHOTOS = 9
"""Pictures of one step at most."""
SKEW = timedelta(minutes=5)
"""How far a device's clock may run ahead."""


@dataclass(frozen=True, slots=True)
class Given:
    """What came with an act."""

    act: Act
    note: str
    data: dict[str, Any]
    at: datetime | None
    point: tuple[float, float] | None
    photos: tuple[tuple[Picture, pictures.Clean], ...]
    unit: str


def read(
    act: Act,
    note: str,
    data: Mapping[str, Any] | None,
    at: datetime | None,
    point: tuple[float, float] | None,
    photos: Sequence[Picture],
    unit: str,
) -> Given:
    """Read what came with an act; pictures are stripped before anything is locked.

    Raises
    ------
    DraftUnfit, PictureUnfit
    """
    if len(note) > LONGEST:
        raise DraftUnfit(detail=_("文字超过 {most} 个字").format(most=LONGEST))
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=OFFICE)
    said = bare({key: value for key, value in (data or {}).items() if value is not None})
    return Given(act, bare(note).strip(), said, at, place(point), cleaned(photos), bare(unit).strip()[:LONGEST_UNIT])


def bare(given: Any) -> Any:  # noqa: ANN401  whatever JSON holds
    """Give texts without the character no database keeps, however deep they lie."""
    if isinstance(given, str):
        return given.replace("\0", "")
    if isinstance(given, dict):
        return {bare(key): bare(value) for key, value in given.items()}
    return [bare(part) for part in given] if isinstance(given, list | tuple) else given


def place(point: tuple[float, float] | None) -> tuple[float, float] | None:
    """Read a place.

    Raises
    ------
    DraftUnfit
        It is no longitude and latitude.
    """
    if point is None:
        return None
    longitude, latitude = (float(part) for part in point)
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):  # noqa: PLR2004  also refuses NaN
        raise DraftUnfit(detail=_("坐标不是经纬度"))
    return longitude, latitude


def cleaned(photos: Sequence[Picture]) -> tuple[tuple[Picture, pictures.Clean], ...]:
    """Read and strip pictures, before anything is locked.

    Raises
    ------
    PictureUnfit
    """
    if len(photos) > MOST_PHOTOS:
        raise PictureUnfit(name=photos[MOST_PHOTOS].name, reason=_("一次最多 {most} 张").format(most=MOST_PHOTOS))
    for picture in photos:
        if picture.role not in pictures.ROLES:
            raise PictureUnfit(name=picture.name, reason=_("不认识的用途 {role}").format(role=picture.role))
    return tuple((picture, pictures.clean(picture.body, picture.name)) for picture in photos)


def others(given: Given) -> list[str]:
    """Give codes of other cases the act touches: they are locked with it, in one order for all."""
    key = {Act.LINK: "other", Act.MERGE: "into"}.get(given.act)
    return [str(given.data[key]).strip()] if key and given.data.get(key) else []


def prepared(conn: psycopg.Connection[Any], case: Casefile, given: Given) -> dict[str, Any]:
    """Give the data of the event: what other records say is looked up, moments are compared.

    Raises
    ------
    MomentUnfit, HandlerUnfit, ResultMissing, CaseMissing, LinkUnfit, DraftUnfit
    """
    _moment(conn, case, given)
    data = dict(given.data)
    if given.act is Act.DISPATCH:
        data = _receivers(conn, case, data)
    elif given.act in {Act.LINK, Act.MERGE}:
        data = links.prepared(conn, case, given.act, data)
    elif given.act is Act.CHANGE:
        data = _correction(case, data)
    elif data.get("level") not in {None, ""}:
        data["level"] = level(data["level"])
    return data


def _moment(conn: psycopg.Connection[Any], case: Casefile, given: Given) -> None:
    if given.at is None:
        return
    last = conn.execute(_queries.last.sql, {"id": case.incident_id}).fetchone()
    now = conn.execute(_queries.clock.sql).fetchone()
    assert last is not None
    assert now is not None
    if not last[0] <= given.at <= now[0] + SKEW:
        shown = [moment.astimezone(OFFICE).strftime("%Y-%m-%d %H:%M:%S") for moment in (given.at, last[0])]
        raise MomentUnfit(at=shown[0], before=shown[1])


def _receivers(conn: psycopg.Connection[Any], case: Casefile, data: dict[str, Any]) -> dict[str, Any]:
    """Say whom a case goes to: the units named, else those of the frozen terms; the handler by account."""
    data.pop("handler_id", None)  # found by name, among those the actor may give it to
    given = data.get("units") or []
    units = re.split("[、,,]", given) if isinstance(given, str) else [str(unit) for unit in given]
    name = str(data.get("handler") or "").strip()
    if not units and not name:
        units = [unit for unit in (case.terms.get("lead"), *(case.terms.get("assists") or ())) if unit]
    data["units"] = list(dict.fromkeys(unit.strip() for unit in units if unit.strip()))
    if name:
        row = conn.execute(_queries.handler.sql, {"name": name}).fetchone()
        if row is None:
            raise HandlerUnfit(handler=name)
        data["handler_id"], data["handler"] = row[0], row[1]
    return data


def _correction(case: Casefile, data: dict[str, Any]) -> dict[str, Any]:
    """Give what was and what is, for whatever differs."""
    stood: dict[str, Any] = {
        "category": case.category, "level": case.level, "title": case.title, "address": case.address,
        "point": None if case.longitude is None else [case.longitude, case.latitude],
    }  # fmt: skip
    now = {key: data[key] for key in stood if key in data}
    if "point" in now:
        point = place(tuple(now["point"]))
        now["point"] = None if point is None else list(point)
    if "level" in now:
        now["level"] = level(now["level"])
    for key in ("category", "title", "address"):
        if key in now and not str(now[key]).strip():
            raise DraftUnfit(detail=_("更正后的内容不能为空"))
    now = {key: value for key, value in now.items() if value != stood[key]}
    rest = {key: value for key, value in data.items() if key not in stood}
    if not now and not rest:  # what the kind keeps may be corrected alone
        raise DraftUnfit(detail=_("没有写明要更正什么,或与原来相同"))
    return {**rest, "was": {key: stood[key] for key in now}, "is": now}


def level(given: object) -> int:
    """Read a level.

    Raises
    ------
    DraftUnfit
        It is none of 1 … 4.
    """
    if str(given) not in {"1", "2", "3", "4"}:
        raise DraftUnfit(detail=_("等级应为 1(最重)到 4"))
    return int(str(given))
