"""Persons and organisations on the other side of a case: personal data, in a table of its own.

Supervisors and workers in whose reach a case lies read its parties in full; leaders and the
departments whose case it is read 张** and may ask for the full rows with a reason, which leaves an
audit row before anything is given: the database has no other way. All others see nothing, not
even how many there are. What is written here never goes into an event, a title or a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import aiosql
from psycopg.rows import class_row
from psycopg.rows import dict_row

from gis.access import audit
from gis.access.masking import LONGEST
from gis.access.masking import SHORTEST
from gis.access.masking import ReasonMissing
from gis.casework.forms import Ask
from gis.casework.forms import values
from gis.db.connection import session
from gis.errors import BadInput
from gis.errors import NotFound
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from gis.vocabulary import Actor

_queries = aiosql.from_path(Path(__file__).with_name("parties.sql"), "psycopg", mandatory_parameters=False)

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
IDENTITY = re.compile(r"[1-9][0-9]{5}(18|19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]")


class PartyUnknown(NotFound):
    """There is no such party, or it is not the actor's to see."""

    template = "没有这位当事人,或它所在的案件不在你的管辖范围内。"
    cure = "请在案件页面上重新选择。"


class IdentityUnfit(BadInput):
    """A number that is no identity number."""

    template = "证件号码有误:居民身份证须是 18 位,且校验位相符。"
    cure = "请核对证件;其他证件请改选证件类型。"


@dataclass(frozen=True, slots=True)
class Party:
    """One party in full; field list of GB/T 31000 as configured (domain facts §1.7). Empty texts are not known."""

    id: int
    part: str
    kind: str
    name: str
    gender: str
    ethnicity: str
    education: str
    trait: str
    id_kind: str
    id_number: str
    phone: str
    address: str


@dataclass(frozen=True, slots=True)
class Mask:
    """One party as leaders and departments read it."""

    id: int
    part: str
    kind: str
    name: str
    phone: str
    address: str


def parts() -> tuple[tuple[str, str], ...]:
    """Give what a party may be in a case, in the language in force."""
    return (
        ("applicant", _("申请人")),
        ("respondent", _("被申请人")),
        ("offender", _("违法行为人")),
        ("responsible", _("隐患责任人")),
        ("witness", _("证人")),
        ("other", _("其他")),
    )


def asks() -> tuple[Ask, ...]:
    """Give what is asked of a party."""
    papers = (
        ("identity", _("居民身份证")),
        ("passport", _("护照")),
        ("credit", _("统一社会信用代码")),
        ("other", _("其他")),
    )
    return (
        Ask("part", "choice", _("身份"), required=True, choices=parts()),
        Ask("kind", "choice", _("类型"), choices=(("person", _("个人")), ("organisation", _("单位")))),
        Ask("name", "text", _("姓名或名称"), required=True, most=200),
        Ask("phone", "text", _("电话")),
        Ask("address", "text", _("详址")),
        Ask("id_kind", "choice", _("证件类型"), choices=papers),
        Ask("id_number", "text", _("证件号码")),
        Ask("gender", "choice", _("性别"), choices=(("m", _("男")), ("f", _("女"))), when=("kind", ("person",))),
        Ask("ethnicity", "text", _("民族"), when=("kind", ("person",))),
        Ask("education", "text", _("学历"), when=("kind", ("person",))),
        Ask("trait", "text", _("人员类别"), when=("kind", ("person",))),
    )


def listing(conn: psycopg.Connection[Any], incident_id: int) -> list[Party]:
    """Give the parties of a case in full; none to whoever may only ask for them.

    Raises
    ------
    NotAllowed
        A role without any right to parties.
    """
    with conn.cursor(row_factory=class_row(Party)) as cursor:
        return cursor.execute(_queries.listing.sql, {"incident": incident_id}).fetchall()


def masks(conn: psycopg.Connection[Any], incident_id: int) -> list[Mask]:
    """Give the parties of a case as leaders and departments read them: names and phones masked."""
    with conn.cursor(row_factory=class_row(Mask)) as cursor:
        return cursor.execute(_queries.masks.sql, {"incident": incident_id}).fetchall()


def reveal(actor: Actor, incident_id: int, reason: str) -> list[Party]:
    """Give the parties of a case in full to whoever deals with it; the audit row is written first.

    Parameters
    ----------
    actor : Actor
        A leader, or somebody of a department whose case it is; supervisors and workers may, too.
    incident_id : int
        The case.
    reason : str
        Why, 4 to 200 characters.

    Raises
    ------
    ReasonMissing, NotAllowed
        Nothing was shown.
    """
    why = " ".join(reason.split())
    if not SHORTEST <= len(why) <= LONGEST:
        raise ReasonMissing(least=SHORTEST, most=LONGEST)
    with session(actor) as conn, conn.cursor(row_factory=class_row(Party)) as cursor:
        return cursor.execute(_queries.reveal.sql, {"incident": incident_id, "reason": why}).fetchall()


def add(actor: Actor, incident_id: int, data: Mapping[str, Any]) -> int:
    """Put a party to a case; its id.

    Raises
    ------
    PartyUnknown
        The case is not the actor's to see.
    NotAllowed
        Supervisors and workers keep the parties.
    FieldMissing, FieldUnfit, IdentityUnfit
        Nothing was written.
    """
    given = _given(data)
    with session(actor) as conn:
        code = _code(conn, incident_id)
        row = conn.execute(_queries.add.sql, given | {"incident": incident_id}).fetchone()
        assert row is not None
        audit.note(conn, "add", "party", code, after={"party": row[0], "part": given["part"]})
        return int(row[0])


def change(actor: Actor, party_id: int, data: Mapping[str, Any]) -> None:
    """Correct a party: what is not given stays as it was. Raises as :func:`add`."""
    with session(actor) as conn:
        with conn.cursor(row_factory=dict_row) as cursor:
            stored = cursor.execute(
                "SELECT part, kind, name, gender, ethnicity, education, trait, id_kind, id_number, phone, address"
                " FROM atlas.party WHERE id = %s AND gone_at IS NULL", (party_id,)
            ).fetchone()  # fmt: skip
        if stored is None:
            raise PartyUnknown
        given = _given(stored | dict(data))
        row = conn.execute(_queries.change.sql, given | {"id": party_id}).fetchone()
        if row is None:
            raise PartyUnknown
        changed = sorted(name for name in stored if stored[name] != given[name])
        audit.note(conn, "change", "party", _code(conn, row[0]), after={"party": party_id, "columns": changed})


def drop(actor: Actor, party_id: int, reason: str) -> None:
    """Say that somebody is no party any more; the row stays, out of sight. Raises as :func:`reveal` and :func:`add`."""
    why = " ".join(reason.split())
    if not SHORTEST <= len(why) <= LONGEST:
        raise ReasonMissing(least=SHORTEST, most=LONGEST)
    with session(actor) as conn:
        row = conn.execute(_queries.drop.sql, {"id": party_id}).fetchone()
        if row is None:
            raise PartyUnknown
        audit.note(conn, "drop", "party", _code(conn, row[0]), before={"party": party_id}, reason=why)


def identity(number: str) -> bool:
    """Say whether this is an identity number: 18 places, a day of birth, and a check digit that fits (GB 11643)."""
    if not IDENTITY.fullmatch(number):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, number[:17], strict=True))
    return CHECK_DIGITS[total % 11] == number[17]


def _given(data: Mapping[str, Any]) -> dict[str, Any]:
    found = values(asks(), data)
    given: dict[str, Any] = {ask.name: "" for ask in asks()} | {"kind": "person"} | found
    given["id_number"] = given["id_number"].upper().replace(" ", "")
    if given["id_kind"] == "identity" and not identity(given["id_number"]):
        raise IdentityUnfit
    return given


def _code(conn: psycopg.Connection[Any], incident_id: int) -> str:
    row = conn.execute(_queries.code.sql, {"incident": incident_id}).fetchone()
    if row is None:
        raise PartyUnknown
    return str(row[0])
