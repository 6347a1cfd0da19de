"""Who stands on either side of a case: parties, whom few may read, and officers with their cards."""

from __future__ import annotations

import contextlib
import io

import pytest

from gis.access.masking import ReasonMissing
from gis.casework import officers
from gis.casework import parties
from gis.cli import assemble
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.errors import NotAllowed
from tests.handling import FAR
from tests.handling import HEAD
from tests.handling import JOB
from tests.handling import LEADER
from tests.handling import MATE
from tests.handling import OTHER
from tests.handling import PEOPLE
from tests.handling import PLANNER
from tests.handling import UNIT
from tests.handling import WORKER
from tests.handling import handled
from tests.rights import OFFICE


@pytest.fixture(scope="module", autouse=True)
def office(shared_database):
    with session(JOB) as conn:
        conn.execute(OFFICE)
        conn.execute(PEOPLE)
    yield shared_database
    close_pools()


def test_a_card_begins_before_it_ends_and_the_roster_is_the_supervisors():
    with pytest.raises(officers.TermUnfit):
        officers.enlist(HEAD, {"card": "ZF-5", "name": "x", "valid_from": "2026-02-01", "valid_to": "2026-01-31"})
    with pytest.raises(officers.TermUnfit):
        officers.enlist(HEAD, {"card": "证 5", "name": "x"})
    with pytest.raises(NotAllowed):
        officers.enlist(WORKER, {"card": "ZF-5", "name": "x"})


def audits(case, action):
    with session(JOB) as conn:
        return conn.execute(
            "SELECT actor, reason FROM audit WHERE action = %s AND relation = 'party' AND subject = %s ORDER BY seq",
            (action, case.code),
        ).fetchall()


def test_parties_are_for_those_who_deal_with_the_case_and_shown_to_others_for_a_reason_only():
    case = handled("dispute", accept={"level": "2"})
    with pytest.raises(parties.IdentityUnfit):
        parties.add(
            WORKER,
            case.incident_id,
            {"part": "applicant", "name": "张三丰", "id_kind": "identity", "id_number": "110105194912310021"},
        )
    full = {
        "part": "applicant",
        "name": "张三丰",
        "phone": "13812345678",
        "id_kind": "identity",
        "id_number": "11010519491231002x",
        "address": "1号楼502室",
    }
    number = parties.add(WORKER, case.incident_id, full)
    shop = parties.add(HEAD, case.incident_id, {"part": "respondent", "kind": "organisation", "name": "某商店"})
    parties.change(MATE, number, {"phone": "13912345678"})
    with session(MATE) as conn:
        seen = {one.name: (one.phone, one.id_number, one.address) for one in parties.listing(conn, case.incident_id)}
    assert seen == {"张三丰": ("13912345678", "11010519491231002X", "1号楼502室"), "某商店": ("", "", "")}
    for actor in (LEADER, UNIT):
        with session(actor) as conn:
            assert parties.listing(conn, case.incident_id) == []
            assert [(one.name, one.phone, one.address) for one in parties.masks(conn, case.incident_id)] == [
                ("张**", "139****5678", ""),
                ("某商店", "", ""),
            ]
        with pytest.raises(ReasonMissing):
            parties.reveal(actor, case.incident_id, "看 看")
        assert [one.name for one in parties.reveal(actor, case.incident_id, "联合调解前核对")] == ["张三丰", "某商店"]
    assert audits(case, "reveal") == [("leader", "联合调解前核对"), ("unit", "联合调解前核对")]
    for actor in (PLANNER, OTHER, FAR):  # planners see no parties; another unit and another community not this case
        with session(actor) as conn:
            assert parties.listing(conn, case.incident_id) == []
            assert parties.masks(conn, case.incident_id) == []
        with pytest.raises(NotAllowed):
            parties.reveal(actor, case.incident_id, "联合调解前核对")
        with pytest.raises((NotAllowed, parties.PartyUnknown)):
            parties.add(actor, case.incident_id, {"part": "other", "name": "x"})
        with pytest.raises(parties.PartyUnknown):
            parties.change(actor, number, {"name": "x"})
    with pytest.raises(NotAllowed):
        parties.add(LEADER, case.incident_id, {"part": "other", "name": "x"})
    parties.drop(HEAD, shop, "登记错误")
    with session(HEAD) as conn:
        assert [one.id for one in parties.listing(conn, case.incident_id)] == [number]
    assert len(audits(case, "reveal")) == 2
    assert [actor for actor, _reason in audits(case, "add")] == ["worker", "head"]


def test_no_name_of_a_party_is_left_in_what_others_read():
    case = handled("dispute", accept={"level": "2"})
    parties.add(WORKER, case.incident_id, {"part": "applicant", "name": "欧阳无双", "phone": "13712345678"})
    with session(JOB) as conn:
        for table in ("case_event", "casefile", "audit", "dispute", "incident"):
            found = conn.execute(
                f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%欧阳无双%' OR t::text LIKE '%13712345678%'"
            ).fetchone()
            assert found == (0,), table


def gis(*words):
    """One command, in this process; what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        assemble("case")(["case", *words], prog_name="gis", standalone_mode=False)
    return out.getvalue()


def test_the_command_line_keeps_both_sides():
    assert "ZF-2001" in gis(
        "officer", "add", "ZF-2001", "--name", "赵执法", "--unit", "消防所", "--valid-to", "2099-12-31"
    )
    gis("officer", "add", "ZF-2001", "--name", "赵改名")  # what is not said again stays
    (line,) = [line for line in gis("officer", "list").splitlines() if line.startswith("ZF-2001")]
    assert line.split("\t")[1:3] == ["赵改名", "消防所"]
    assert line.endswith("2099-12-31")
    code = handled("dispute", accept={"level": "2"}).code
    gis("party", "add", code, "--name", "钱多多", "--part", "applicant", "--phone", "13612345678")
    masked, full = gis("party", "list", code), gis("party", "list", code, "--reason", "接访前核对")
    assert "钱**" in masked
    assert "136****5678" in masked
    assert "钱多多" in full
    gis("party", "drop", full.split("\t")[0], "--reason", "登记错误")
    assert "钱" not in gis("party", "list", code)
