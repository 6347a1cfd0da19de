"""Verbs ``case party list|add|drop`` and ``case officer list|add``: who stands on either side of a case.

Run on the server itself, as ``user`` is: the deeds are audited as ``job:cli:<user>``. Names of
parties come masked, in full only with a reason.
"""

from __future__ import annotations

from typing import Annotated

import typer

from gis.casework import files
from gis.casework import officers
from gis.casework import parties
from gis.cli.actor import whoever
from gis.cli.checking import ensure_database
from gis.db.connection import session
from gis.i18n import translate as _

party = typer.Typer(no_args_is_help=True, help=_("案件的当事人:列出(脱敏)、登记、除名。"))
officer = typer.Typer(no_args_is_help=True, help=_("执法人员:列出、登记。"))

Code = Annotated[str, typer.Argument(help=_("案件编号。"))]


@party.command("list")
def listing(
    code: Code,
    reason: Annotated[str | None, typer.Option(help=_("查看全文的理由(4 到 200 字);不写则脱敏。会记入审计。"))] = None,
) -> None:
    """列出案件的当事人;姓名和电话脱敏,写明理由才显示全文。."""
    ensure_database()
    with session(whoever()) as conn:
        number = files.get(conn, code).incident_id
        masked = parties.masks(conn, number)
    shown = masked if reason is None else parties.reveal(whoever(), number, reason)
    names = dict(parties.parts())
    for one in shown:
        paper = one.id_number if isinstance(one, parties.Party) else ""
        print("\t".join([str(one.id), names[one.part], one.name, one.phone, paper, one.address]).rstrip())
    print(_("共 {count} 位当事人。").format(count=len(shown)))


@party.command("add")
def enrol(
    code: Code,
    name: Annotated[str, typer.Option(help=_("姓名或名称。"))],
    part: Annotated[str, typer.Option(help=_("身份:applicant、respondent、offender、responsible、witness 或 other。"))],
    kind: Annotated[str, typer.Option(help=_("person(个人)或 organisation(单位)。"))] = "person",
    phone: Annotated[str, typer.Option(help=_("电话。"))] = "",
    address: Annotated[str, typer.Option(help=_("详址。"))] = "",
    id_kind: Annotated[str, typer.Option(help=_("证件类型:identity、passport、credit 或 other。"))] = "",
    id_number: Annotated[str, typer.Option(help=_("证件号码。"))] = "",
) -> None:
    """给案件登记一位当事人。."""
    ensure_database()
    with session(whoever()) as conn:
        number = files.get(conn, code).incident_id
    given = {"name": name, "part": part, "kind": kind, "phone": phone, "address": address, "id_kind": id_kind}
    added = parties.add(whoever(), number, {**given, "id_number": id_number})
    print(_("已登记当事人 {id}。").format(id=added))


@party.command("drop")
def drop(
    party_id: Annotated[int, typer.Argument(help=_("当事人的编号,见 case party list。"))],
    reason: Annotated[str, typer.Option(help=_("理由(4 到 200 字),会记入审计。"))],
) -> None:
    """除名:此人不再是当事人;记录保留,不再显示。."""
    ensure_database()
    parties.drop(whoever(), party_id, reason)
    print(_("已除名。"))


@officer.command("list")
def roster() -> None:
    """列出执法人员,证件有效的在前。."""
    ensure_database()
    with session(whoever()) as conn:
        found = officers.roster(conn)
    for one in found:
        until = "" if one.valid_to is None else one.valid_to.isoformat()
        print("\t".join([one.card, one.name, one.unit, f"{one.valid_from.isoformat()}–{until}"]))
    print(_("共 {count} 名执法人员。").format(count=len(found)))


@officer.command("add")
def enlist(
    card: Annotated[str, typer.Argument(help=_("执法证号;已登记的会被更正。"))],
    name: Annotated[str, typer.Option(help=_("姓名。"))],
    unit: Annotated[str, typer.Option(help=_("单位。"))] = "",
    valid_from: Annotated[str, typer.Option(help=_("生效日期,年-月-日;不写则从今天起。"))] = "",
    valid_to: Annotated[str, typer.Option(help=_("失效日期(当天仍有效),年-月-日;不写则长期。"))] = "",
) -> None:
    """登记执法人员,或更正这个证号的登记。."""
    ensure_database()
    given = {"card": card, "name": name, "unit": unit, "valid_from": valid_from, "valid_to": valid_to}
    officers.enlist(whoever(), given)
    print(_("已登记执法证 {card}。").format(card=card))
