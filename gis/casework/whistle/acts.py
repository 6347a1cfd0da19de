"""Blowing a whistle and every step after it: one transaction each, so that of two at once one wins.

:func:`act` locks the whistle, compares the number of its last event with the one the person
saw, asks the flow, and writes event, whistle, units and at last the audit row. Signing in far
from the place is a question, not a penalty: it is written, and asked about.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.types.json import Jsonb

from gis.access import audit
from gis.casework import given as came
from gis.casework import policy
from gis.casework.errors import MomentUnfit
from gis.casework.forms import OFFICE
from gis.casework.whistle import files
from gis.casework.whistle import flow
from gis.casework.whistle import words
from gis.casework.whistle.errors import DraftUnfit
from gis.casework.whistle.errors import NotYours
from gis.casework.whistle.errors import Overtaken
from gis.casework.whistle.errors import UnitUnfit
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.i18n import joined
from gis.i18n import translate as _
from gis.vocabulary import IncidentKind
from gis.vocabulary import Occasion
from gis.vocabulary import WhistleAct
from gis.vocabulary import WhistleKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from datetime import date
    from datetime import datetime

    import psycopg

    from gis.casework.resolver import Answer
    from gis.casework.whistle.files import Person
    from gis.casework.whistle.files import Whistle
    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("acts.sql"), "psycopg", mandatory_parameters=False)

LONGEST = 2000
LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A whistle that is to be blown.

    Attributes
    ----------
    kind, occasion : WhistleKind, Occasion
        Who calls whom; which of the three occasions.
    title, effort : str
        What it is about; what the caller did himself before.
    lead, assists : str, sequence of str
        Units.
    wanted_at : datetime, optional
        Until when they are wanted; by the occasion where nothing is said.
    point : (float, float), optional
        Longitude and latitude; without one the place of the case.
    address : str
        Where, in words.
    incident : str, optional
        Code of the case it is blown for.
    matter, category, duty_id : str, str, int, optional
        Kind, small class and item of the duty list; those of the case where nothing is said.
    """

    kind: WhistleKind | str
    occasion: Occasion | str
    title: str
    effort: str
    lead: str
    assists: Sequence[str] = ()
    wanted_at: datetime | None = None
    point: tuple[float, float] | None = None
    address: str = ""
    incident: str | None = None
    matter: IncidentKind | str | None = None
    category: str = ""
    duty_id: int | None = None


def prefilled(answer: Answer, **more: Any) -> Draft:  # noqa: ANN401  fields of the draft
    """Fill a whistle from what the duty list says of a place and a category; the rest is the caller's to write."""
    duty = answer.items[0].id if answer.problem is None and answer.items else None
    known = Draft(
        kind=WhistleKind.STREET, occasion=Occasion.PROBLEM, title="", effort="", lead=answer.lead,
        assists=answer.assists, matter=answer.kind, category=answer.category, duty_id=duty,
    )  # fmt: skip
    return replace(known, **more)


def blow(actor: Actor, draft: Draft) -> Whistle:
    """Blow a whistle; what an approver blows himself is called at once, all else waits for one.

    Parameters
    ----------
    actor : Actor
        A grid's whistle: a worker, supervisor or leader; the street's: a supervisor or leader.
    draft : Draft
        What it is about.

    Raises
    ------
    NotYours, NotAllowed
        Not his role; the place is not in his scope.
    DraftUnfit
        Something is missing or cannot be. Nothing was written.
    """
    kind, occasion = WhistleKind(draft.kind), Occasion(draft.occasion)
    title = _said(draft.title, _("没有写明什么事"), LONGEST_TITLE)
    effort = _said(draft.effort, _("没有写明自行处置情况"), LONGEST)
    point = came.place(draft.point)
    with session(actor) as conn:
        who = files.person(conn)
        if not who.house and not who.roles & files.BLOWERS[kind]:
            raise NotYours(act=words.act(WhistleAct.BLOW))
        approved = who.house or bool(who.roles & files.APPROVERS[kind])
        state = flow.blown((draft.lead, *draft.assists), approved=approved)
        case = _case(conn, draft, placed=point is not None)
        longitude, latitude = point or (None, None)
        units = list(state.names)
        row = conn.execute(
            _queries.blow.sql,
            {
                "kind": kind.value, "occasion": occasion.value, "state": state.state.value, "title": title,
                "effort": effort, "address": draft.address.strip()[:LONGEST_TITLE], "units": units,
                "approved": approved, "wanted": _wanted(conn, draft.wanted_at, occasion), "longitude": longitude,
                "latitude": latitude, **case,
            },
        ).fetchone()  # fmt: skip
        assert row is not None
        number, code = row
        data = {"units": units, "approved": approved}
        event = {"id": number, "seq": 1, "act": WhistleAct.BLOW.value, "state": state.state.value, "at": None}
        place = {"longitude": longitude, "latitude": latitude}
        conn.execute(_queries.event.sql, {**event, **place, "unit": "", "note": effort, "data": Jsonb(data)})
        _keep(conn, number, flow.State(), state)
        audit.note(conn, "blow", "whistle", code, after={"state": state.state.value, "units": units})
        return files.get(conn, int(number))


def act(
    actor: Actor,
    whistle_id: int,
    act: WhistleAct | str,
    *,
    expected: int,
    note: str = "",
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    geom: tuple[float, float] | None = None,
    unit: str = "",
) -> Whistle:
    """Do something with a whistle; the whistle as it stands then.

    Parameters
    ----------
    actor : Actor
        Who acts.
    whistle_id : int
        Which whistle.
    act : WhistleAct
        What: one that :func:`gis.casework.whistle.files.possible` names.
    expected : int
        ``seq`` of the whistle as the person saw it.
    note : str
        Reason, measure or result; at most 2000 characters.
    data : mapping, optional
        ``result``: of a rating ``good``, ``fair``, ``bad``; of an arbitration ``must``, ``excused``, and
        ``lead``, the unit that takes over where the lead is excused.
    at : datetime, optional
        When it happened, for what is told later; now by default.
    geom : (float, float), optional
        Where: of a sign-in the place of whoever signs in.
    unit : str
        Unit it is about; the actor's own where there is only one.

    Raises
    ------
    Overtaken
        Another event came in between; says who did what when.
    StepRefused, UnitUnfit
        Not possible in this state, or not of this unit; says what is.
    NotYours, OwnWhistle
        Somebody else does this.
    WhistleMissing, NotAllowed
        Outside the actor's scope or roles.
    WordsMissing, MomentUnfit, DraftUnfit
        Something is missing or cannot be. Nothing was written.
    """
    deed = WhistleAct(act)
    if len(note) > LONGEST:
        raise DraftUnfit(detail=_("文字超过 {most} 个字").format(most=LONGEST))
    point = came.place(geom)
    with session(actor) as conn:
        mine = conn.execute(_queries.lock.sql, {"id": whistle_id}).fetchone() is not None
        whistle = files.get(conn, whistle_id)
        if whistle.seq != expected:
            raise _overtaken(conn, whistle)
        who = files.person(conn)
        unit = _about(who, whistle, deed, unit.strip())
        files.permit(who, whistle, deed, unit)
        if not mine:
            raise NotAllowed
        before = whistle.flow
        after = flow.apply(before, flow.Event(deed, unit, note, data or {}))
        _moment(conn, whistle, at)
        longitude, latitude = point or (None, None)
        step = {
            "id": whistle.id, "seq": whistle.seq + 1, "act": deed.value, "state": after.state.value, "at": at,
            "unit": unit, "note": note.strip(), "data": Jsonb(_kept(data)), "longitude": longitude,
            "latitude": latitude,
        }  # fmt: skip
        row = conn.execute(_queries.event.sql, step).fetchone()
        assert row is not None
        step["at"] = row[0]
        _keep(conn, whistle.id, before, after)
        _beside(conn, who, deed, step)
        standing = {"units": list(after.names), "returns": after.returns, "rating": after.rating}
        conn.execute(_queries.stand.sql, {**step, **standing})
        audit.note(
            conn, deed.value, "whistle", whistle.code,
            before={"state": whistle.state, "seq": whistle.seq}, after={"state": after.state.value, "seq": step["seq"]},
        )  # fmt: skip
        return files.get(conn, whistle.id)


def _beside(conn: psycopg.Connection[Any], who: Person, deed: WhistleAct, step: dict[str, Any]) -> None:
    """Write what an act leaves with its unit: where it signed in, why it refused, what it answers."""
    if deed is WhistleAct.ARRIVE:
        row = conn.execute(_queries.away.sql, step).fetchone()
        away = None if row is None else row[0]
        doubts = []
        if step["longitude"] is None:
            doubts.append("no_place")
        elif away is not None and away > policy.amount("whistle_far_m", _now(conn)[1]):
            doubts.append("far")
        if not who.house and step["unit"] not in who.units:
            doubts.append("behalf")
        conn.execute(_queries.arrived.sql, {**step, "away": away, "doubts": doubts})
    elif deed is WhistleAct.REFUSE:
        conn.execute(_queries.refused.sql, step)
    elif deed is WhistleAct.EXPLAIN:
        conn.execute(_queries.answered.sql, step)


def _keep(conn: psycopg.Connection[Any], whistle_id: int, before: flow.State, after: flow.State) -> None:
    for one in after.units:
        if one not in before.units:
            given = {"unit": one.unit, "part": one.part, "standing": one.standing, "bound": one.bound}
            conn.execute(_queries.unit.sql, {"id": whistle_id, **given})


def _about(who: Person, whistle: Whistle, deed: WhistleAct, unit: str) -> str:
    """Give the unit an act is about: the one named, else the actor's own, else the only one there is."""
    about = flow.units(whistle.flow, deed)
    if not about or unit:
        return unit
    own = [name for name in about if name in who.units]
    left = own or list(about)
    if len(left) > 1:
        raise UnitUnfit(unit=_("(未写明)"), act=words.act(deed), units=joined(left))
    return left[0]


def _case(conn: psycopg.Connection[Any], draft: Draft, *, placed: bool) -> dict[str, Any]:
    """Give what the whistle takes over from its case."""
    matter = None if draft.matter is None else IncidentKind(draft.matter).value
    found = {"incident": None, "matter": matter, "category": draft.category.strip(), "duty": draft.duty_id}
    if draft.incident:
        row = conn.execute(_queries.incident.sql, {"code": draft.incident.strip()}).fetchone()
        if row is None:
            raise DraftUnfit(detail=_("没有案件 {code},或它不在你的管辖范围内").format(code=draft.incident))
        number, kind, category, duty, there = row
        placed = placed or there
        found = {
            "incident": number, "matter": matter or kind, "category": found["category"] or category,
            "duty": draft.duty_id or duty,
        }  # fmt: skip
    if not placed:
        raise DraftUnfit(detail=_("没有位置:请在地图上选点,或写明所属案件"))
    return found


def _wanted(conn: psycopg.Connection[Any], wanted: datetime | None, occasion: Occasion) -> datetime:
    now, today = _now(conn)
    if wanted is None:
        return now + timedelta(minutes=policy.amount(f"whistle_{occasion.value}_minutes", today))
    if wanted.tzinfo is None:
        wanted = wanted.replace(tzinfo=OFFICE)
    if wanted <= now:
        raise DraftUnfit(detail=_("要求到场的时间已经过去"))
    return wanted


def _moment(conn: psycopg.Connection[Any], whistle: Whistle, at: datetime | None) -> None:
    if at is None:
        return
    begun = whistle.approved_at or whistle.created_at
    if at > _now(conn)[0] + came.SKEW or at < begun:
        shown = [moment.astimezone(OFFICE).isoformat(sep=" ", timespec="minutes") for moment in (at, begun)]
        raise MomentUnfit(at=shown[0], before=shown[1])


def _now(conn: psycopg.Connection[Any]) -> tuple[datetime, date]:
    row = conn.execute(_queries.now.sql).fetchone()
    assert row is not None
    return row[0], row[1]


def _kept(data: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: str(value).strip()[:LONGEST_TITLE] for key, value in (data or {}).items() if key in {"result", "lead"}}


def _said(text: str, missing: str, longest: int) -> str:
    said = text.strip()
    if not said:
        raise DraftUnfit(detail=missing)
    if len(said) > longest:
        raise DraftUnfit(detail=_("文字超过 {most} 个字").format(most=longest))
    return said


def _overtaken(conn: psycopg.Connection[Any], whistle: Whistle) -> Overtaken:
    row = conn.execute(_queries.last.sql, {"id": whistle.id}).fetchone()
    written, who, word = row or (whistle.updated_at, "", WhistleAct.NOTE)
    when = written.astimezone(OFFICE).strftime("%m-%d %H:%M:%S")
    return Overtaken(who=who, when=when, code=whistle.code, act=words.act(word))
