"""What each kind of case adds to the one flow: what its acts ask, forbid and write.

The flow (:mod:`gis.casework.flow`) knows acts and states; a kind knows what a hazard, a dispute
or an enforcement case is. :mod:`gis.casework.acts` calls, in one transaction::

    kind = KINDS[case.kind]
    kind.before(conn, case, act, data)       # the row of casefile is locked; nothing written yet
    … case_event, its photos, casefile …
    kind.after(conn, case, event)            # writes the kind's own tables; may still refuse

Both raise a refusal (a subclass of ``GridAtlasError``, HTTP 400 or 409) that says what is
missing, and the transaction is rolled back. ``before`` gives back the data as it is to be kept
in the event: each value in its form, ready for JSON. Ordinary matters are the simplest kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

from gis.casework import disputes
from gis.casework import enforcement
from gis.casework import forms
from gis.casework import hazards
from gis.casework import words
from gis.casework.flow import RESULTS
from gis.casework.forms import Ask
from gis.i18n import translate as _
from gis.vocabulary import Act
from gis.vocabulary import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from datetime import datetime

    import psycopg

__all__ = ["KINDS", "Ask", "Case", "Event", "Kind", "fields"]


class Case(Protocol):
    """What a kind has to know of a case: the row of ``casefile`` before the act."""

    @property
    def incident_id(self) -> int:
        """Id of the incident."""

    @property
    def kind(self) -> str:
        """One of ``IncidentKind``."""

    @property
    def level(self) -> int | None:
        """1 gravest … 4 least."""


class Event(Protocol):
    """What a kind has to know of the event that was written."""

    @property
    def id(self) -> int:
        """Id of the row of ``case_event``."""

    @property
    def act(self) -> str:
        """Word of the act."""

    @property
    def at(self) -> datetime:
        """When it happened."""

    @property
    def note(self) -> str:
        """What was said."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What ``before`` gave back."""


def _nothing(act: str) -> tuple[Ask, ...]:
    del act
    return ()


def _pass(conn: psycopg.Connection[Any], case: Case, act: str, data: Mapping[str, Any]) -> None:
    """Forbid nothing."""


def _write_nothing(conn: psycopg.Connection[Any], case: Case, event: Event) -> None:
    """Write nothing."""


def _no_detail(conn: psycopg.Connection[Any], incident_id: int) -> None:
    """Have nothing to show."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of case.

    Attributes
    ----------
    key : IncidentKind
        Its word.
    asks : callable
        Act → what it asks besides what the flow itself asks, labels in the language in force.
    check : callable
        (conn, case, act, values) raises when the rules of the kind forbid the act now.
    write : callable
        (conn, case, event) writes the kind's tables.
    detail : callable
        (conn, incident id) → what a page shows, a frozen dataclass of the kind, or None.
    """

    key: IncidentKind
    asks: Callable[[str], tuple[Ask, ...]] = _nothing
    check: Callable[[psycopg.Connection[Any], Case, str, Mapping[str, Any]], None] = _pass
    write: Callable[[psycopg.Connection[Any], Case, Event], None] = _write_nothing
    detail: Callable[[psycopg.Connection[Any], int], Any] = _no_detail

    def before(
        self, conn: psycopg.Connection[Any], case: Case, act: str, data: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Check an act against the rules of the kind; the data as the event is to keep it.

        Raises
        ------
        FieldMissing, FieldUnfit
            The form is not filled in as it should be.
        GridAtlasError
            A rule of the kind; its remedy says what has to come first.
        """
        found = forms.values((*common(act), *self.asks(act)), data or {})
        if act == Act.EXTEND and found.get("result") == "granted" and not found.get("until"):
            found |= _asked(conn, case)
        self.check(conn, case, act, found)
        return forms.plain(found)

    def after(self, conn: psycopg.Connection[Any], case: Case, event: Event) -> None:
        """Write what the event means for the kind's own tables; may refuse, too (photos are there now)."""
        self.write(conn, case, event)


KINDS: dict[str, Kind] = {
    kind.key.value: kind
    for kind in (
        Kind(IncidentKind.MATTER),
        Kind(IncidentKind.HAZARD, hazards.asks, hazards.check, hazards.write, hazards.detail),
        Kind(IncidentKind.DISPUTE, disputes.asks, disputes.check, disputes.write, disputes.detail),
        Kind(IncidentKind.ENFORCEMENT, enforcement.asks, enforcement.check, enforcement.write, enforcement.detail),
    )
}
"""The four kinds by their word."""


def common(act: str) -> tuple[Ask, ...]:
    """Give what the flow asks in ``data`` of an act of any kind, in the language in force.

    Notes, photos, and the other case of a link or merge are asked beside it.
    """
    if act == Act.DISPATCH:
        return (
            Ask("units", "list", _("牵头单位,其后为配合单位")),
            Ask("handler", "text", _("经办人(账号)")),
        )
    if act in RESULTS:
        choices = tuple((value, words.result(value)) for value in RESULTS[Act(act)])
        result = Ask("result", "choice", words.act(act), required=True, choices=choices)
        return (result, Ask("until", "date", _("延期至"))) if act == Act.EXTEND else (result,)
    return ()


def _asked(conn: psycopg.Connection[Any], case: Case) -> dict[str, Any]:
    """Give the day more time was last asked for until: what is granted without a day of its own."""
    row = conn.execute(
        "SELECT (e.data ->> 'until')::date FROM atlas.case_event e WHERE e.incident_id = %s AND e.act = 'extend'"
        " AND e.data ->> 'result' = 'asked' ORDER BY e.seq DESC LIMIT 1", (case.incident_id,)
    ).fetchone()  # fmt: skip
    return {"until": row[0]} if row and row[0] else {}


def fields(kind: str, act: str) -> tuple[Ask, ...]:
    """Give what a form for this act of this kind must ask, in the language in force."""
    return (*common(act), *KINDS[kind].asks(act))
