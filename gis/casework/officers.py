"""Officers with an enforcement card: the roster of the office, and who is on a case."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row

from gis.access import audit
from gis.casework import places
from gis.casework.forms import Ask
from gis.casework.forms import values
from gis.db.connection import session
from gis.errors import BadInput
from gis.i18n import joined
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from datetime import date

    import psycopg

    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("enforcement.sql"), "psycopg", mandatory_parameters=False)


class CardUnknown(BadInput):
    """Nobody on the roster has this card."""

    template = "没有登记过的执法证号:{cards}。"
    cure = "请先登记执法人员,或更正证号。"


class TermUnfit(BadInput):
    """A card that ends before it begins, or whose number is none."""

    template = "执法证 {card} 的证号或有效期有误。"
    cure = "证号是 4 到 40 位字母、数字或连字符;失效日期不能早于生效日期。"


@dataclass(frozen=True, slots=True)
class Officer:
    """One card; it holds from a day to a day, the last day included."""

    id: int
    card: str
    name: str
    unit: str
    valid_from: date
    valid_to: date | None


def asks() -> tuple[Ask, ...]:
    """Give what the roster asks of an officer."""
    return (
        Ask("card", "text", _("执法证号"), required=True),
        Ask("name", "text", _("姓名"), required=True, most=80),
        Ask("unit", "text", _("单位")),
        Ask("valid_from", "date", _("生效日期")),
        Ask("valid_to", "date", _("失效日期")),
    )


def roster(conn: psycopg.Connection[Any]) -> list[Officer]:
    """Give all officers, those whose card holds first."""
    with conn.cursor(row_factory=class_row(Officer)) as cursor:
        return cursor.execute(_queries.roster.sql).fetchall()


def enlist(actor: Actor, data: Mapping[str, Any]) -> int:
    """Put an officer on the roster, or correct the one with this card; his id.

    Raises
    ------
    NotAllowed
        Supervisors of the whole office keep the roster.
    FieldMissing, FieldUnfit, TermUnfit
        Nothing was written.
    """
    found = values(asks(), data)
    begins, ends = found.get("valid_from"), found.get("valid_to")
    card = found["card"]
    with session(actor) as conn:
        held = begins or next((one.valid_from for one in roster(conn) if one.card == card), places.today(conn))
        plain = card.isascii() and card.replace("-", "x").isalnum() and 4 <= len(card) <= 40  # noqa: PLR2004
        if not plain or (ends is not None and ends < held):
            raise TermUnfit(card=card)
        given = {"unit": "", "valid_from": None, "valid_to": None} | found
        row = conn.execute(_queries.enlist.sql, given).fetchone()
        assert row is not None
        audit.note(conn, "enlist", "officer", card, after={"valid_to": ends and ends.isoformat()})
        return int(row[0])


def of_case(conn: psycopg.Connection[Any], incident_id: int) -> list[Officer]:
    """Give the officers of a case."""
    with conn.cursor(row_factory=class_row(Officer)) as cursor:
        return cursor.execute(_queries.officers.sql, {"incident": incident_id}).fetchall()


def appoint(conn: psycopg.Connection[Any], incident_id: int, cards: Sequence[str]) -> None:
    """Put these officers on a case, and no others.

    Raises
    ------
    CardUnknown
    """
    ids = list(_known(conn, cards, places.today(conn)).values())
    officers = [number for number, _holds in ids]
    conn.execute(_queries.dismiss.sql, {"incident": incident_id, "officers": officers})
    conn.execute(_queries.appoint.sql, {"incident": incident_id, "officers": officers})


def lapsed(conn: psycopg.Connection[Any], incident_id: int, day: date, cards: Sequence[str] | None = None) -> list[str]:
    """Name the cards that do not hold on a day: of those given, else of the case's officers.

    Raises
    ------
    CardUnknown
    """
    if cards:
        return [card for card, (_number, holds) in _known(conn, cards, day).items() if not holds]
    return [card for (card,) in conn.execute(_queries.lapsed.sql, {"incident": incident_id, "day": day})]


def _known(conn: psycopg.Connection[Any], cards: Sequence[str], day: date) -> dict[str, tuple[int, bool]]:
    rows = conn.execute(_queries.known.sql, {"cards": list(cards), "day": day}).fetchall()
    found = {card: (number, holds) for number, card, holds in rows}
    unknown = [card for card in cards if card not in found]
    if unknown:
        raise CardUnknown(cards=joined(unknown))
    return found
