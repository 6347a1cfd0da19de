"""Reports: how a case begins when somebody says what he saw.

A report makes the incident in the grid of its day; its case file and first event come with it
by trigger. A device names its report once (:attr:`Draft.key`): sent again over a bad line it
is still one case.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

import psycopg

from gis.access import audit
from gis.casework import categories
from gis.casework import duplicates
from gis.casework import files
from gis.casework import flow
from gis.casework import given as came
from gis.casework import timing
from gis.casework import words
from gis.casework import writing
from gis.casework.errors import DraftUnfit
from gis.casework.errors import PlaceOutside
from gis.casework.errors import RoleUnfit
from gis.casework.forms import OFFICE
from gis.casework.kinds import KINDS
from gis.db.connection import session
from gis.i18n import translate as _
from gis.vocabulary import Act
from gis.vocabulary import CaseState
from gis.vocabulary import Channel
from gis.vocabulary import IncidentKind
from gis.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from gis.casework.files import Casefile
    from gis.casework.photos import Picture
    from gis.vocabulary import Actor

LONGEST_TITLE = 2000
LONGEST_ADDRESS = 256
LONGEST_CATEGORY = 60
LONGEST_KEY = 200
WORDS = {CaseState.REPORTED: "", CaseState.VERIFYING: "待核实", CaseState.ANSWERED: "已处置"}
"""What the incident itself says of the state a report begins in."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reporter says.

    Attributes
    ----------
    kind, category, title : str
        Which of the four kinds; small class; what is the matter.
    address : str
        In words.
    point : (float, float) or None
        Longitude and latitude, CGCS2000; None only for whoever works on the whole office.
    channel : str
        How it became known; the public's reports wait for a verification.
    occurred_at : datetime or None
        When it was seen (with a zone, else the office's); now by default.
    level : int or None
        1 gravest … 4 least, where the reporter may say.
    note, unit : str
        What else is to be kept with the report; unit the reporter speaks for.
    by_self : bool
        Whether he settled it on the spot (自行处置): it waits for a check only.
    data : mapping
        What the kind asks (:func:`gis.casework.kinds.fields` of ``report``).
    photos : sequence of Picture
        At most nine.
    key : str
        Name the device gave the report; empty for none. Of one reporter the same key is the same case.
    """

    kind: str
    category: str
    title: str
    address: str = ""
    point: tuple[float, float] | None = None
    channel: str = Channel.PATROL.value
    occurred_at: datetime | None = None
    level: int | None = None
    note: str = ""
    unit: str = ""
    by_self: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    photos: Sequence[Picture] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class _Coming:
    """A case that is not there yet, for the kind to judge."""

    incident_id: int
    kind: str
    level: int | None


def report(actor: Actor, draft: Draft) -> Casefile:
    """Make a case of a report; the same key of the same reporter gives the case it became.

    Raises
    ------
    RoleUnfit
        Neither a worker nor a supervisor.
    PlaceOutside
        The place is not in the reporter's scope.
    DraftUnfit, PictureUnfit
        Something is missing or cannot be; and whatever the kind refuses. Nothing was written.
    """
    key = f"{actor.name}/{came.bare(draft.key).strip()[:LONGEST_KEY]}" if draft.key.strip() else None
    if key is not None and (found := _known(actor, key)) is not None:
        return found
    told = _told(draft)
    try:
        return _report(actor, draft, told, key)
    except psycopg.errors.UniqueViolation as error:
        # The same report came twice at once: the other one made the case.
        found = None if key is None else _known(actor, key)
        if found is None:
            raise DraftUnfit(detail=_("这次上报已经收到过,但它的案件已不在你的管辖范围内")) from error
        return found


def _report(actor: Actor, draft: Draft, told: dict[str, Any], key: str | None) -> Casefile:
    pictures = came.cleaned(draft.photos)
    with session(actor) as conn:
        if not {Role.WORKER, Role.SUPERVISOR} & files.roles(conn):
            raise RoleUnfit(act=words.act(Act.REPORT))
        kind = KINDS[told["kind"]]
        kept = kind.before(conn, _Coming(0, told["kind"], told["level"]), Act.REPORT.value, told["data"])
        number = _insert(conn, told, kept, key)
        (event,) = files.history(conn, number)
        photos = writing.pictures(conn, number, event.id, pictures)
        case = writing.freeze(conn, files.get(conn, number))
        kind.after(conn, case, _with(event, kept, photos))
        timing.after(conn, None, case, event)
        what = {name: told[name] for name in ("kind", "category", "title", "address")}
        duplicates.note(conn, number, told["point"], told["occurred_at"], **what)
        audit.note(conn, Act.REPORT.value, "casefile", case.code, after={"kind": case.kind, "state": case.state})
        return files.get(conn, number)


def _insert(conn: psycopg.Connection[Any], told: dict[str, Any], kept: Mapping[str, Any], key: str | None) -> int:
    longitude, latitude = told["point"] or (None, None)
    first = {"key": key, "note": told["note"], "unit": told["unit"], "data": dict(kept)}
    conn.execute(writing.queries.telling.sql, {"told": json.dumps(first, ensure_ascii=False)})
    given = {name: told[name] for name in ("kind", "category", "title", "address", "channel", "occurred_at", "word")}
    given["standard"], given["category_code"] = categories.code(
        conn, told["kind"], told["category"], told["occurred_at"].astimezone(OFFICE).date()
    )
    try:
        row = conn.execute(
            writing.queries.report.sql, {**given, "longitude": longitude, "latitude": latitude}
        ).fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        raise PlaceOutside from error
    conn.execute(writing.queries.silent.sql)
    assert row is not None
    return int(row[0])


def _with(event: files.Event, data: Mapping[str, Any], photos: list[int]) -> files.Event:
    return replace(event, data=dict(data), photos=photos)


def _known(actor: Actor, key: str) -> Casefile | None:
    with session(actor) as conn:
        row = conn.execute(writing.queries.known.sql, {"key": key}).fetchone()
        return None if row is None else files.get(conn, int(row[0]))


def _told(draft: Draft) -> dict[str, Any]:
    """Read a draft; refuse what cannot be."""
    if draft.kind not in set(IncidentKind) or draft.channel not in set(Channel):
        raise DraftUnfit(detail=_("不认识的类别或来源"))
    given = (came.bare(text) for text in (draft.category, draft.title, draft.address))
    category, title, address = (" ".join(text.split()) for text in given)
    note = came.bare(draft.note).strip()
    for text, most, what in (
        (category, LONGEST_CATEGORY, _("小类")),
        (title, LONGEST_TITLE, _("描述")),
        (address, LONGEST_ADDRESS, _("地址")),
        (note, came.LONGEST, _("备注")),
    ):  # fmt: skip
        if len(text) > most:
            raise DraftUnfit(detail=_("{what}超过 {most} 个字").format(what=what, most=most))
    if not category or not title:
        raise DraftUnfit(detail=_("小类和描述都要写明"))
    now = datetime.now(UTC)
    occurred = draft.occurred_at or now
    occurred = occurred if occurred.tzinfo else occurred.replace(tzinfo=OFFICE)
    if occurred > now + came.SKEW:
        raise DraftUnfit(detail=_("发生时间晚于现在"))
    level = None if draft.level is None else came.level(draft.level)
    data = came.bare({key: value for key, value in draft.data.items() if value is not None})
    if data.get("level") not in {None, ""}:
        level = came.level(data.pop("level"))
    if draft.by_self:
        data["self"] = True
    if level is not None:
        data["level"] = level
    return {
        "kind": str(draft.kind), "channel": str(draft.channel), "category": category, "title": title,
        "address": address, "point": came.place(draft.point), "occurred_at": occurred, "level": level,
        "note": note, "unit": came.bare(draft.unit).strip()[: came.LONGEST_UNIT], "data": data,
        "word": WORDS[flow.opening(draft.channel, by_self=draft.by_self)],
    }  # fmt: skip
