"""Accounts: made, changed, taken in from a file; separation of duties; passwords by the rules."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pandas as pd
import pytest

from gis.access import accounts
from gis.access import audit
from gis.access import first
from gis.access import passwords
from gis.access import scope
from gis.access import sessions
from gis.access.errors import LastAdmin
from gis.access.errors import NameTaken
from gis.access.errors import NameWrong
from gis.access.errors import PasswordWeak
from gis.access.errors import RolesClash
from gis.access.errors import ScopeWrong
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.intake import roster
from gis.settings import CHECKOUT
from gis.vocabulary import Actor
from gis.vocabulary import Role

JOB = Actor.job("test")
ADMIN = Actor("chief")

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def an_admin(database):
    with session(JOB) as conn:
        accounts.add(conn, "chief", roles=[Role.ADMIN])
        conn.execute(
            "INSERT INTO area (code, name, level, geom) SELECT 'C1', '一社区', 'community',"
            " ST_Multi(ST_MakeEnvelope(118, 32, 118.01, 32.01, 4490))"
        )


def test_an_account_is_made_changed_and_switched_off_and_each_deed_is_audited():
    with session(ADMIN) as conn:
        made = accounts.add(conn, "wang", display="王一", roles=["worker"], scopes=["area:C1"])
        assert (made.roles, made.scopes, made.active) == (["worker"], ["area:C1"], True)
        accounts.set_roles(conn, "wang", ["supervisor", "worker"])
        accounts.set_scopes(conn, "wang", ["office"])
        accounts.set_display(conn, "wang", "王一一")
        assert accounts.set_units(conn, "wang", ["城管中队 ", "", "城管中队", "环卫所"]) == ["城管中队", "环卫所"]
        accounts.set_active(conn, "wang", active=False)
        found = accounts.get(conn, "wang")
    assert found.units == ["城管中队", "环卫所"]
    assert (found.roles, found.scopes, found.active, found.shown) == (
        ["supervisor", "worker"],
        ["office"],
        False,
        "王一一",
    )
    with session(JOB) as conn:
        deeds = [(r.actor, r.action, r.relation) for r in reversed(audit.listing(conn)) if r.subject == "wang"]
        assert audit.verify(conn).faults == []
    assert deeds[0] == ("chief", "insert", "account")
    assert ("chief", "delete", "account_role") in deeds
    assert deeds[-1] == ("chief", "update", "account")


@pytest.mark.parametrize(
    ("name", "roles", "scopes", "mistake"),
    [
        ("Wang", ["worker"], [], NameWrong),
        ("<script>", ["worker"], [], NameWrong),
        ("zhang", ["worker"], [], NameTaken),
        ("wang", ["admin", "leader"], [], RolesClash),
        ("wang", ["auditor", "worker"], [], RolesClash),
        ("wang", ["worker"], ["area:nix"], ScopeWrong),
        ("wang", ["worker"], ["grid:1"], ScopeWrong),
        ("wang", ["worker"], ["planet"], ScopeWrong),
    ],
)
def test_what_cannot_be_leaves_nothing(name, roles, scopes, mistake):
    with session(ADMIN) as conn:
        before = accounts.number(conn)
        with pytest.raises(mistake):
            accounts.add(conn, name, roles=roles, scopes=scopes)
        assert accounts.number(conn) == before


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_admin_makes_accounts(role):
    with session(JOB) as conn:
        accounts.add(conn, "someone", roles=[role], scopes=["office"])
    with pytest.raises(NotAllowed), session(Actor("someone")) as conn:
        accounts.add(conn, "other", roles=[Role.ADMIN])
    with pytest.raises(NotAllowed), session(Actor("someone")) as conn:
        conn.execute(
            "INSERT INTO account_role (account_id, role) SELECT id, 'leader' FROM account WHERE name = 'someone'"
        )
    with session(JOB) as conn:
        assert accounts.get(conn, "someone").roles == [role]


def test_the_last_admin_stays():
    with session(ADMIN) as conn:
        with pytest.raises(LastAdmin):
            accounts.set_active(conn, "chief", active=False)
        with pytest.raises(LastAdmin):
            accounts.set_roles(conn, "chief", ["leader"])
        accounts.add(conn, "second", roles=[Role.ADMIN])
        accounts.set_active(conn, "chief", active=False)
    assert scope.roles(ADMIN) == frozenset()


def test_roles_and_scopes_end_with_their_last_day():
    with session(JOB) as conn:
        accounts.add(conn, "gone", roles=["supervisor"], scopes=["office"], valid_to=date(2099, 1, 1))
        assert accounts.get(conn, "gone").roles == ["supervisor"]
        conn.execute(
            "UPDATE account_role SET valid_from = '2020-01-01', valid_to = '2020-02-01' WHERE valid_to = '2099-01-01'"
        )
    assert scope.roles(Actor("gone")) == frozenset()
    with pytest.raises(NotAllowed):
        scope.require(Actor("gone"), Role.SUPERVISOR)


@pytest.mark.parametrize("password", ["short1A!", "alllowercaseletters", "Zhang-12345-abc", "A1!" * 100])
def test_weak_passwords_are_refused_with_a_remedy(password):
    with pytest.raises(PasswordWeak) as refused, session(JOB) as conn:
        accounts.set_password(conn, "zhang", password)
    assert refused.value.remedy.endswith("。")


def test_a_password_is_not_used_again_and_random_ones_meet_the_rules():
    with session(JOB) as conn:
        for number in range(3):
            accounts.set_password(conn, "zhang", f"Good-enough-{number}")
        for number in range(3):
            with pytest.raises(PasswordWeak):
                accounts.set_password(conn, "zhang", f"Good-enough-{number}")
        stored = conn.execute("SELECT hash, former FROM credential").fetchone()
    assert stored[0].startswith("$argon2id$")
    assert len(stored[1]) == 2
    seen = {passwords.random() for _turn in range(50)}
    assert len(seen) == 50
    for password in seen:
        passwords.check(password, name="zhang")


def test_a_reset_ends_every_session_and_asks_for_a_change():
    with session(JOB) as conn:
        accounts.set_password(conn, "zhang", "Good-enough-1")
    token = sessions.sign_in("zhang", "Good-enough-1")
    new = sessions.reset_password(ADMIN, "zhang")
    assert sessions.find(token) is None
    assert sessions.find(sessions.sign_in("ZHANG ", new)).must_change is True


def write(path, rows):
    frame = pd.DataFrame(rows, columns=["账号", "姓名", "角色", "范围", "有效期至"])
    frame.to_excel(path, index=False) if path.suffix == ".xlsx" else frame.to_csv(path, index=False, encoding="gb18030")
    return path


@pytest.mark.parametrize("name", ["名单.csv", "名单.xlsx"])
def test_accounts_come_in_from_a_table(tmp_path, name):
    rows = [
        (f"wg{n:03}", f"网格员{n}", "网格员", "area:C1", "2099-12-31") for n in range(20)
    ] + [("lead1", "<script>alert(1)</script>", "领导;规划员", "全街道", "")]  # fmt: skip
    entries = roster.read(write(tmp_path / name, rows))
    with session(ADMIN) as conn:
        made = roster.load(conn, entries)
    with session(JOB) as conn:
        roster.set_passwords(conn, made)
        found = accounts.get(conn, "lead1")
    assert len(made.passwords) == 21
    assert (found.roles, found.scopes, found.display) == (
        ["leader", "planner"],
        ["office"],
        "<script>alert(1)</script>",
    )
    assert sessions.find(sessions.sign_in("wg007", made.passwords["wg007"])).must_change


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("wg1", "", "网格员", "", ""), ("wg1", "", "网格员", "", "")], "出现多次"),
        ([("wg1", "", "国王", "", "")], "不认识角色"),
        ([("王", "", "网格员", "", "")], "账号名"),
        ([("wg1", "", "网格员", "", "明天")], "日期"),
        ([("wg1", "", "网格员", "", ""), ("wg2", "", "网格员", "area:nix", "")], "area:nix"),
        ([("wg1", "", "网格员", "", ""), ("zhang", "", "网格员", "", "")], "已经存在"),
    ],
)
def test_a_table_goes_in_whole_or_not_at_all(tmp_path, rows, words):
    file = write(tmp_path / "a.csv", rows)
    with pytest.raises(roster.RosterWrong, match=words), session(ADMIN) as conn:
        roster.load(conn, roster.read(file))
    with session(JOB) as conn:
        assert accounts.number(conn, "wg") == 0


def test_demo_accounts_one_a_role_and_only_beside_loopback():
    with session(JOB) as conn:
        conn.execute("INSERT INTO duty (code, name, category, listing, lead) SELECT i, '', i, l, u FROM (VALUES ('1', 'street', '党政办'),"
                     " ('2', 'street', '党政办'), ('3', 'street', '党政办'), ('4', 'shared', '城管局'), ('5', 'shared', '')) AS v (i, l, u)")  # fmt: skip
        made = first.ensure_demo(conn)
        assert len(made) == len(Role)
        assert accounts.get(conn, "demo-department").units == ["城管局"]
        assert first.ensure_demo(conn) == []
        first.refuse_demo(conn, "127.0.0.1")
        first.refuse_demo(conn, "::1")
        for address in ("0.0.0.0", "192.168.1.5", "::", "office.example"):
            with pytest.raises(first.DemoElsewhere):
                first.refuse_demo(conn, address)
    with pytest.raises(sessions.SignInFailed):
        sessions.sign_in("demo-leader", first.DEMO_PASSWORD)
    assert sessions.find(sessions.sign_in("demo-leader", first.DEMO_PASSWORD, demo=True)).roles == ("leader",)
    with session(JOB) as conn:
        assert sorted(first.remove_demo(conn)) == sorted(made)
        first.refuse_demo(conn, "0.0.0.0")


def gis(*words):
    command = [sys.executable, "-m", "gis.cli", "user", *words]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_the_command_line_manages_accounts(tmp_path):
    done = gis("add", "boss", "--role", "leader", "--scope", "office", "--display", "张主任")
    assert done.returncode == 0, done.stderr
    password = done.stdout.strip().rsplit(":", 1)[1]
    assert sessions.find(sessions.sign_in("boss", password)).must_change
    assert "张主任\tleader\toffice" in gis("list", "boss").stdout
    for words in (("add", "boss", "--role", "leader"), ("role", "boss", "--role", "admin", "--role", "leader"),
                  ("scope", "boss", "--scope", "area:nix"), ("disable", "nobody"), ("add", "x1", "--role", "king"),
                  ("import", str(tmp_path / "nix.csv")), ("role", "boss", "--role", "leader", "--until", "soon")):  # fmt: skip
        done = gis(*words)
        assert done.returncode == 2, words
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 2, done.stderr
    file, secret = write(tmp_path / "a.csv", [("wg1", "王", "网格员", "area:C1", "")]), tmp_path / "secret.tsv"
    done = gis("import", str(file), "--passwords", str(secret))
    assert done.returncode == 0, done.stderr
    assert secret.stat().st_mode & 0o077 == 0
    name, password = secret.read_text().split()
    assert password not in done.stdout
    assert sessions.find(sessions.sign_in(name, password)).must_change
    assert gis("units", "wg1", "城管中队", "环卫所").returncode == 0
    assert "城管中队、环卫所" in gis("list", "wg1").stdout
    with session(JOB) as conn:
        conn.execute("INSERT INTO person (code, name) VALUES ('W1', '王'), ('W2', '李')")
    assert gis("person", "wg1", "W1").returncode == 0
    taken = gis("person", "wg1", "W2")
    assert (taken.returncode, "W1" in taken.stderr, "Traceback" in taken.stderr) == (2, True, False)
    assert gis("person", "wg1", "W9").returncode == gis("person", "nobody", "W2").returncode == 2
    assert gis("person", "wg1").returncode == gis("person", "wg1", "W2").returncode == 0
    with session(JOB) as conn:
        held = conn.execute("SELECT p.code, a.name FROM person p JOIN account a ON a.id = p.account_id").fetchall()
        assert held == [("W2", "wg1")]
    assert gis("disable", "wg1").returncode == 0
    with pytest.raises(sessions.SignInFailed):
        sessions.sign_in("wg1", password)
