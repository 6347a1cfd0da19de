"""Acting on a case: one transaction from the lock to the audit row, so that of two at once one wins.

:func:`act` is the only way a case changes. It locks the case file, compares the number of the
last event with the one the person saw, asks the flow (:mod:`gis.casework.flow`) and the kind
(:mod:`gis.casework.kinds`), writes the event with its pictures, the case file as the flow says,
the kind's own tables and the clocks, and at last the audit row. A report is
:mod:`gis.casework.reports`.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

from gis.access import audit
from gis.casework import categories
from gis.casework import files
from gis.casework import flow
from gis.casework import given as came
from gis.casework import links
from gis.casework import timing
from gis.casework import words
from gis.casework import writing
from gis.casework.errors import CaseMissing
from gis.casework.errors import SomebodyWasFaster
from gis.casework.forms import OFFICE
from gis.casework.kinds import KINDS
from gis.casework.reports import Draft
from gis.casework.reports import report
from gis.db.connection import session
from gis.errors import GridAtlasError
from gis.errors import NotAllowed
from gis.vocabulary import Act
from gis.vocabulary import CaseState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from datetime import datetime

    import psycopg

    from gis.casework.files import Casefile
    from gis.casework.photos import Picture
    from gis.vocabulary import Actor

__all__ = ["Done", "Draft", "act", "bulk", "handlers", "report"]

queries = writing.queries

ENDINGS = {
    CaseState.CLOSED: "结案",
    CaseState.REJECTED: "不予受理",
    CaseState.MERGED: "作废(并案)",
}
"""What the incident itself then says: what other systems write for it, not a text of the screen."""
GOES_ON = "立案"
TAKEN_IN_ANEW = "待受理"
NOT_OUT = frozenset({CaseState.REPORTED, CaseState.VERIFYING, CaseState.FILED})
"""States before anybody was given the case: what the duty list says is still open."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a bulk act: codes that were done; (code, why not) of the others."""

    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def act(
    actor: Actor,
    incident_id: int,
    act: Act | str,
    *,
    expected: int,
    note: str = "",
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    geom: tuple[float, float] | None = None,
    photos: Sequence[Picture] = (),
    unit: str = "",
) -> Casefile:
    """Do something with a case; the case as it stands then.

    Parameters
    ----------
    actor : Actor
        Who acts; the case must lie in his scope.
    incident_id : int
        Which case.
    act : Act
        What: one that :func:`gis.casework.flow.possible` names.
    expected : int
        ``seq`` of the case as the person saw it.
    note : str
        What happened, or why; at most 2000 characters.
    data : mapping, optional
        What the act asks: ``result`` (:data:`gis.casework.flow.RESULTS`); dispatch: ``units``
        (lead first; without them those of the frozen terms), ``handler``; accept: ``level``;
        link: ``other``, ``relation``; merge: ``into`` (codes); change: ``category``, ``level``,
        ``title``, ``address``, ``point`` (longitude, latitude); and what the kind asks
        (:func:`gis.casework.kinds.fields`).
    at : datetime, optional
        When it happened (with a zone), for what is told later; now by default.
    geom : (float, float), optional
        Where: longitude and latitude, CGCS2000.
    photos : sequence of Picture
        At most nine; metadata is read, then stripped.
    unit : str
        Unit the actor speaks for.

    Raises
    ------
    SomebodyWasFaster
        Another event came in between; says who did what when.
    StepRefused
        Not possible in this state; says what is.
    RoleUnfit, PairMissing
        Somebody else does this.
    CaseMissing, NotAllowed
        Outside the actor's scope or roles.
    WordsMissing, ResultMissing, MomentUnfit, HandlerUnfit, LinkUnfit, PictureUnfit, DraftUnfit
        Something is missing or cannot be; and whatever the kind refuses. Nothing was written.
    """
    given = came.read(Act(act), note, data, at, geom, photos, unit)
    with session(actor) as conn:
        case, mine = _locked(conn, incident_id, came.others(given))
        if case.seq != expected:
            raise _faster(conn, case)
        flow.permit(case.flow, given.act, files.roles(conn), actor.name)
        if not mine:
            raise NotAllowed
        flow.check(case.flow, given.act)
        prepared = came.prepared(conn, case, given)
        if given.act is Act.CHECK and actor.name == case.answered_by:
            prepared["same_person"] = True  # a supervisor may, and it shows
        kept = KINDS[case.kind].before(conn, case, given.act.value, prepared)
        state = flow.apply(case.flow, flow.Event(given.act, actor.name, given.note, kept))
        event = writing.event(conn, case.incident_id, case.seq + 1, state.state, kept, given)
        writing.stand(conn, case.incident_id, event.seq, state)
        _incident(conn, case, state, event)
        after = files.get(conn, case.incident_id)
        KINDS[case.kind].after(conn, case, event)
        timing.after(conn, case, after, event)
        audit.note(
            conn, given.act.value, "casefile", case.code,
            before={"state": case.state, "seq": case.seq}, after={"state": state.state.value, "seq": event.seq},
        )  # fmt: skip
        return files.get(conn, case.incident_id)


def bulk(
    actor: Actor,
    cases: Iterable[tuple[int, int]],
    act_: Act | str,
    *,
    note: str = "",
    data: Mapping[str, Any] | None = None,
    unit: str = "",
) -> Done:
    """Do the same with several cases, each in a transaction of its own; what one refuses stops no other.

    Parameters
    ----------
    cases : iterable of (int, int)
        Number and ``seq`` of each, as the person saw them.

    Returns
    -------
    Done
        Codes of those done; code and sentence of those refused.
    """
    done = Done()
    wanted = list(cases)
    with session(actor) as conn:
        codes = {case.incident_id: case.code for case in files.several(conn, [number for number, _seq in wanted])}
    for number, seq in wanted:
        try:
            after = act(actor, number, act_, expected=seq, note=note, data=data, unit=unit)
        except GridAtlasError as error:
            if error.http_status >= 500:  # noqa: PLR2004  the house is down, not the case unfit
                raise
            done.refused.append((codes.get(number, str(number)), error.message))
        else:
            done.done.append(after.code)
    return done


def handlers(conn: psycopg.Connection[Any]) -> list[tuple[int, str, str]]:
    """Give whom the actor may give cases to: (number, account, what to call it)."""
    return [(i, name, label) for i, name, label in conn.execute(queries.handlers.sql)]


def _locked(conn: psycopg.Connection[Any], incident_id: int, others: list[str]) -> tuple[Casefile, bool]:
    """Lock the case files an act touches; the case, and whether the actor may change all of them."""
    ids = {incident_id, *(files.get(conn, code).incident_id for code in others)}
    locked = {number for (number,) in conn.execute(queries.lock.sql, {"ids": list(ids)})}
    return files.get(conn, incident_id), ids <= locked


def _faster(conn: psycopg.Connection[Any], case: Casefile) -> GridAtlasError:
    row = conn.execute(queries.last.sql, {"id": case.incident_id}).fetchone()
    if row is None:
        return CaseMissing(code=case.code)
    _at, written, who, word = row
    when = written.astimezone(OFFICE).strftime("%m-%d %H:%M:%S")
    return SomebodyWasFaster(who=who, when=when, code=case.code, act=words.act(word))


def _incident(conn: psycopg.Connection[Any], case: Casefile, state: flow.State, event: files.Event) -> None:
    """Let the incident itself say how its case ended, that it goes on, or what was corrected; tie and untie cases."""
    act = Act(event.act)
    if case.flow.open is not state.open:
        conn.execute(queries.flowing.sql)
        ended = not state.open
        word = ENDINGS[state.state] if ended else GOES_ON if state.state is CaseState.FILED else TAKEN_IN_ANEW
        closed_at = event.at if state.state is CaseState.CLOSED else None
        conn.execute(queries.ending.sql, {"id": case.incident_id, "word": word, "closed_at": closed_at})
    if act is Act.CHANGE:
        conn.execute(queries.flowing.sql)
        now = event.data["is"]
        longitude, latitude = now.get("point") or (None, None)
        given = {key: now.get(key) for key in ("category", "title", "address")}
        day = (case.occurred_at or case.created_at).astimezone(OFFICE).date()
        given["standard"], given["category_code"] = categories.code(conn, case.kind, given["category"] or "", day)
        moved = {"moved": "point" in now, "longitude": longitude, "latitude": latitude}
        conn.execute(queries.corrected.sql, {"id": case.incident_id, **given, **moved})
        if state.state in {CaseState.REPORTED, CaseState.VERIFYING, CaseState.FILED} and {"category", "point"} & set(
            now
        ):
            writing.freeze(conn, files.get(conn, case.incident_id))
    elif act is Act.ACCEPT and not case.terms:
        writing.freeze(conn, files.get(conn, case.incident_id))
    elif act is Act.LINK:
        links.tie(conn, case, event)
    elif act is Act.MERGE:
        links.join(conn, case, event)
