"""Free text as each role reads it, what masking leaves of it, and the way to the full text."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis.access import masking
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.records import incidents
from gis.vocabulary import Actor
from gis.vocabulary import Role

JOB = Actor.job("test")
TITLE = "张三电话13800138000反映3号楼2单元501室漏水,身份证11010119900307123X"
MASKED = "张三电话138****8000反映3号楼漏水,身份证110101***********X"
SEEING = {Role.SUPERVISOR, Role.WORKER}


@pytest.fixture(scope="module")
def office(shared_database):
    """One incident with personal text, one outside, and an account for each role."""
    with session(JOB) as conn:
        conn.execute("INSERT INTO area (code, name, level, geom) SELECT c, c, 'community', ST_Multi(ST_MakeEnvelope(x, 30, x + 0.1, 30.1, 4490))"
                     " FROM (VALUES ('A', 120.0), ('B', 120.1)) AS v (c, x)")  # fmt: skip
        conn.execute("INSERT INTO incident (code, title, address, geom) VALUES ('I1', %s, '幸福路12号501室', ST_SetSRID(ST_Point(120.05, 30.05), 4490)),"
                     " ('I2', %s, '', ST_SetSRID(ST_Point(120.15, 30.05), 4490))", (TITLE, TITLE))  # fmt: skip
        for role in Role:
            conn.execute("INSERT INTO account (name) VALUES (%s)", (f"{role}.a",))
            conn.execute(
                "INSERT INTO account_role (account_id, role) SELECT id, %s FROM account WHERE name = %s",
                (role, f"{role}.a"),
            )
            conn.execute("INSERT INTO account_scope (account_id, reach, area_id) SELECT c.id, 'area', a.id FROM account c, area a"
                         " WHERE c.name = %s AND a.code = 'A'", (f"{role}.a",))  # fmt: skip
        # A department sees what its unit leads.
        conn.execute("UPDATE account SET units = '{u}' WHERE name = 'department.a'")
        conn.execute("UPDATE casefile SET units = '{u}'")
    yield shared_database
    close_pools()


@pytest.fixture(scope="module")
def masked(office):
    """Mask texts as the database does."""
    with session(JOB) as conn:
        yield lambda text: conn.execute("SELECT mask_text(%s)", (text,)).fetchone()[0]


def number(code):
    with session(JOB) as conn:
        return conn.execute("SELECT id FROM incident WHERE code = %s", (code,)).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (TITLE, MASKED),
        ("13800138000", "138****8000"),
        ("138 0013 8000", "138**** 8000"),
        ("+86-138-0013-8000", "+86-138****-8000"),
        ("8613800138000", "86138****8000"),
        ("110101 19900307 1234", "110101***********4"),
        ("110101199003071234", "110101***********4"),
        ("110101900307123", "110****7123"),
        ("卡号6222021380013800138", "卡号622****0138"),
        ("座机010-88886666转1", "座机010****6666转1"),
        ("(0755)1234567", "(0755)****4567"),
        ("致电88886666", "致电****6666"),
        ("3栋1201", "3栋"),
        ("12幢2单元301室", "12幢"),
        ("A座1203", "A座"),
        ("3-2-501", "3-**"),
        ("501室", "***室"),
        ("联系人:王小明", "联系人:王**"),
        ("当事人:李四、王五", "当事人:李**、王五"),
        ("2026年7月1日3号楼前有垃圾", "2026年7月1日3号楼前有垃圾"),
        ("20260701 共120户,约5000000元", "20260701 共120户,约5000000元"),
        ("2026-07-01", "2026-07-01"),
        ("幸福路12号", "幸福路12号"),
        ("", ""),
    ],
)
def test_what_masking_leaves(masked, text, left):
    assert masked(text) == left


@pytest.mark.parametrize("secret", ["13800138000", "110101199003071234"])
def test_wide_digits_are_digits(masked, secret):
    wide = secret.translate({ord("0") + i: 0xFF10 + i for i in range(10)})
    left = masked(f"电话{wide}")
    assert "****" in left
    assert wide not in left


def test_nothing_is_masked_to_nothing(masked):
    assert masked(None) is None
    with session(JOB) as conn:
        assert conn.execute(
            "SELECT mask_name('张三丰'), mask_name('李四'), mask_name('王'), mask_name('')"
        ).fetchone() == ("张**", "李*", "王", "")


digit = st.sampled_from("0123456789")
around = st.text(st.sampled_from("张楼号,. -::电话Ax室\n<>&'0123456789"), max_size=12)
mobile = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
identity = st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9])[0-9]{3}[0-9X]", fullmatch=True)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=around, secret=st.one_of(mobile, identity), after=around)
def test_no_phone_and_no_identity_number_survives(masked, before, secret, after):
    left = masked(before + secret + after)
    assert secret not in left
    assert not re.search(r"[0-9]{11}", left)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    secret=st.one_of(mobile, identity),
    gap=st.sampled_from(["", " ", "-", "·", "\u3000"]),
    cut=st.sampled_from([3, 4, 6]),
)
def test_nor_one_written_in_groups(masked, secret, gap, cut):
    """The middle is gone, however the number is grouped."""
    text = gap.join(secret[i : i + cut] for i in range(0, len(secret), cut))
    left = re.sub(r"[^0-9Xx]", "", masked(f"电话 {text} 止"))
    assert len(left) <= max(8, len(secret) - 7)


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("role", [Role.LEADER, Role.PLANNER, Role.SUPERVISOR, Role.WORKER, Role.DEPARTMENT])
def test_records_are_masked_for_whoever_need_not_know(role):
    with session(Actor(f"{role}.a")) as conn:
        found = incidents.get(conn, "I1")
    assert found.title == (TITLE if role in SEEING else MASKED)
    assert found.address == ("幸福路12号501室" if role in SEEING else "幸福路12号")


@pytest.mark.usefixtures("office")
def test_a_reveal_gives_the_full_text_and_leaves_a_row():
    given = masking.reveal(Actor("leader.a", origin="10.0.0.9"), "incident", number("I1"), "  核对 举报人 ")
    assert given == {"title": TITLE, "address": "幸福路12号501室"}
    with session(JOB) as conn:
        row = conn.execute(
            "SELECT actor, origin, relation, subject, reason FROM audit WHERE action = 'reveal' ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        text = conn.execute(
            "SELECT count(*) FROM audit WHERE action = 'reveal' AND after::text LIKE '%13800138000%'"
        ).fetchone()[0]
    assert row == ("leader.a", "10.0.0.9", "incident", "I1", "核对 举报人")
    assert text == 0, "the audit does not repeat what was masked"


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("reason", ["", "   ", "看看 ", "a  b", "长" * 201])
def test_a_reveal_wants_a_reason(reason):
    with pytest.raises(masking.ReasonMissing):
        masking.reveal(Actor("leader.a"), "incident", number("I1"), reason)


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("role", [Role.WALL, Role.AUDITOR, Role.ADMIN])
def test_a_reveal_is_not_for_every_role(role):
    with pytest.raises(NotAllowed):
        masking.reveal(Actor(f"{role}.a"), "incident", number("I1"), "核对举报人")


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(("relation", "code"), [("incident", "I2"), ("account", "I1"), ("credential", "I1")])
def test_a_reveal_stays_within_the_scope_and_the_records(relation, code):
    with session(JOB) as conn:
        before = conn.execute("SELECT count(*) FROM audit").fetchone()
    with pytest.raises(masking.RecordUnknown):
        masking.reveal(Actor("supervisor.a"), relation, number(code), "核对举报人")
    with session(JOB) as conn:
        assert conn.execute("SELECT count(*) FROM audit").fetchone() == before
