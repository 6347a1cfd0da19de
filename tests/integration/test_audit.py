"""The audit: one chain without gaps, tampering of every kind found, retention, extracts."""

from __future__ import annotations

import csv
import io
import threading

import openpyxl
import psycopg
import pytest
from psycopg.types.json import Jsonb

from gis.access import accounts
from gis.access import audit
from gis.access import extract
from gis.cli import database as database_verbs
from gis.db import migrations
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.vocabulary import Actor

JOB = Actor.job("test")
PERSON = Actor("zhang")

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def chain(database):
    """Ten rows, with words that are awkward to hash."""
    with session(JOB) as conn:
        for number in range(9):
            audit.note(conn, "write", "building", f"B{number}", before={"名": "旧"}, after={"n": number, "名": "新"})
        audit.note(conn, "write", "building", "\x1f 分隔 \x1e", reason="因为\n两行")


def tamper(*statements):
    """Do what a superuser can do, triggers and policies off."""
    with psycopg.connect(conninfo(None)) as conn:
        conn.execute("SET session_replication_role = replica")
        for statement in statements:
            conn.execute(statement)


def faults(**options):
    with session(JOB) as conn:
        return audit.verify(conn, **options).faults


@pytest.mark.usefixtures("chain")
def test_an_honest_chain_holds_and_tells_its_newest_hash():
    with session(JOB) as conn:
        verdict = audit.verify(conn)
        assert (verdict.holds, verdict.rows, verdict.seq, verdict.base) == (True, 10, 10, 0)
        newest = conn.execute("SELECT encode(hash, 'hex') FROM audit WHERE seq = 10").fetchone()
        assert verdict.hash == newest[0]
        assert audit.verify(conn, expect=verdict.hash).found == 10
        with pytest.raises(audit.HashWrong):
            audit.verify(conn, expect="abc")


SLIPPED_IN = """
UPDATE atlas.audit SET seq = 11, hash = sha256('x') WHERE seq = 10;
INSERT INTO atlas.audit (seq, hash, actor, action, relation) VALUES (10, sha256('y'), 'x', 'x', 'x')
"""
CHANGES = {
    "actor": "actor = 'somebody'",
    "action": "action = 'read'",
    "relation": "relation = 'grid'",
    "subject": "subject = 'B99'",
    "time": "at = at - interval '1 microsecond'",
    "before": "before = NULL",
    "after": """after = '{"n": 5, "名": "别的"}'""",
    "reason": "reason = ''",
    "origin": "origin = '10.0.0.1'",
    "hash": "hash = sha256('x')",
}


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_any_column_is_found(change):
    tamper(f"UPDATE atlas.audit SET {change} WHERE seq = 5")
    found = faults()
    assert found[0] == (5, "changed")
    # Only a changed hash also breaks the link after it.
    assert {place for place, _fault in found} <= {5, 6}


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        ("DELETE FROM atlas.audit WHERE seq = 5", [(6, "missing")]),
        ("DELETE FROM atlas.audit WHERE seq BETWEEN 3 AND 7", [(8, "missing")]),
        ("DELETE FROM atlas.audit WHERE seq <= 4", [(5, "missing")]),
        ("DELETE FROM atlas.audit WHERE seq = 10", [(10, "cut")]),
        ("DELETE FROM atlas.audit", [(10, "cut")]),
        ("DELETE FROM atlas.audit_head", [(10, "cut")]),
        ("UPDATE atlas.audit_head SET seq = 9", [(9, "cut")]),
        (
            SLIPPED_IN,
            [(10, "changed"), (11, "changed"), (10, "cut")],
        ),
    ],
    ids=["one", "many", "beginning", "end", "all", "head", "head-moved", "slipped-in"],
)
def test_what_was_deleted_or_slipped_in_is_found(deed, expected):
    tamper(deed)
    found = faults()
    if "audit_head SET" in deed or "DELETE FROM atlas.audit_head" in deed:
        found = [one for one in found if one[1] == "cut"]
        assert found
        return
    assert found == expected


@pytest.mark.usefixtures("chain")
def test_reordered_rows_are_found():
    tamper(
        "UPDATE atlas.audit SET seq = -4 WHERE seq = 4",
        "UPDATE atlas.audit SET seq = 4 WHERE seq = 7",
        "UPDATE atlas.audit SET seq = 7 WHERE seq = -4",
    )
    assert {place for place, fault in faults() if fault == "changed"} >= {4, 7}


@pytest.mark.usefixtures("chain")
def test_a_beginning_taken_away_as_if_by_the_retention_is_found():
    tamper(
        "UPDATE atlas.audit_head h SET base_seq = 4, base_hash = (SELECT hash FROM atlas.audit WHERE seq = 4)",
        "DELETE FROM atlas.audit WHERE seq <= 4",
    )
    assert faults() == [(5, "missing")]


@pytest.mark.usefixtures("chain")
def test_a_chain_computed_anew_is_told_by_the_hash_that_was_written_down():
    with session(JOB) as conn:
        noted = audit.verify(conn).hash
    tamper("UPDATE atlas.audit SET actor = 'somebody' WHERE seq = 5")
    # … and the superuser, who knows how the chain is made, makes it whole again.
    tamper(
        """DO $$ DECLARE link atlas.audit; last bytea := '\\x'; BEGIN
        FOR link IN SELECT * FROM atlas.audit ORDER BY seq LOOP
            last := atlas.audit_hash(last, link);
            UPDATE atlas.audit SET hash = last WHERE seq = link.seq;
        END LOOP;
        UPDATE atlas.audit_head SET hash = last; END $$"""
    )
    assert faults() == []
    assert faults(expect=noted) == [(10, "rewritten")]


@pytest.mark.usefixtures("chain")
def test_a_function_replaced_in_the_database_hides_nothing():
    tamper(
        "UPDATE atlas.audit SET actor = 'somebody' WHERE seq = 5",
        "CREATE OR REPLACE FUNCTION atlas.audit_hash(before_it bytea, link atlas.audit) RETURNS bytea"
        " LANGUAGE sql AS 'SELECT link.hash'",
    )
    assert faults() == [(5, "changed")]


@pytest.mark.usefixtures("chain")
def test_a_look_at_the_newest_rows_only():
    tamper("UPDATE atlas.audit SET actor = 'somebody' WHERE seq = 2")
    assert faults() == [(2, "changed")]
    assert faults(last=4) == []
    tamper("UPDATE atlas.audit SET actor = 'somebody' WHERE seq = 9")
    assert faults(last=4) == [(9, "changed")]
    assert faults(last=500) == [(2, "changed"), (9, "changed")]


def test_persons_neither_change_nor_forget(chain):
    for statement in (
        "UPDATE atlas.audit SET actor = 'x'",
        "DELETE FROM atlas.audit",
        "TRUNCATE atlas.audit",
        "UPDATE atlas.audit_head SET seq = 0",
        "SELECT atlas.audit_forget(now())",
    ):
        with pytest.raises(NotAllowed), session(PERSON) as conn:
            conn.execute(statement)
    with session(PERSON) as conn:
        conn.execute(
            "INSERT INTO audit (at, actor, action, relation, seq, hash) VALUES ('2000-01-01', 'wang', 'x', 'x', 3, '')"
        )
    with session(JOB) as conn:
        newest = audit.listing(conn, most=1)[0]
    assert (newest.actor, newest.seq, newest.at.year > 2000) == ("zhang", 11, True)
    assert faults() == []


def test_eight_writers_make_one_chain_without_gaps():
    mistakes = []

    def write(number):
        actor = Actor.job(f"writer{number}")
        for turn in range(40):
            try:
                with session(actor) as conn:
                    audit.note(conn, "write", "x", f"{number}/{turn}")
                    if turn % 8 == 7:
                        conn.rollback()  # leaves neither a row nor a gap
            except Exception as error:  # noqa: BLE001 - shown by the test
                mistakes.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mistakes == []
    with session(JOB) as conn:
        verdict = audit.verify(conn)
        places = [seq for (seq,) in conn.execute("SELECT seq FROM audit ORDER BY at, seq")]
    assert verdict.holds
    assert places == list(range(1, 8 * 35 + 1)), "the order of the chain is that of the times"


def test_the_retention_takes_the_beginning_and_says_so(chain):
    with session(JOB) as conn:
        assert audit.forget(conn, 180) == 0
        noted = audit.verify(conn).hash
    # Four old rows, made in earnest: the clock is what the trigger reads, so times are put back and the chain remade.
    tamper(
        "UPDATE atlas.audit SET at = at - interval '400 days' WHERE seq <= 4",
        """DO $$ DECLARE link atlas.audit; last bytea := '\\x'; BEGIN
        FOR link IN SELECT * FROM atlas.audit ORDER BY seq LOOP
            last := atlas.audit_hash(last, link);
            UPDATE atlas.audit SET hash = last WHERE seq = link.seq;
        END LOOP;
        UPDATE atlas.audit_head SET hash = last; END $$""",
    )
    with session(JOB) as conn:
        assert audit.forget(conn, 365) == 4
        verdict = audit.verify(conn)
        assert (verdict.holds, verdict.base, verdict.rows, verdict.seq) == (True, 4, 7, 11)
        assert audit.listing(conn, most=1)[0].after["rows"] == 4
        assert audit.forget(conn, 365) == 0
    assert faults(expect=noted) == [(11, "rewritten")]
    tamper("DELETE FROM atlas.audit WHERE seq = 5")
    assert (6, "missing") in faults()


@pytest.mark.usefixtures("chain")
def test_an_extract_says_who_when_and_why_and_is_audited():
    with session(JOB) as conn:
        audit.note(conn, "write", "building", "=cmd|' /C calc'!A0", after={"x": "<script>"})
        with pytest.raises(extract.ReasonMissing):
            extract.export(conn, "csv", "  ")
        content = extract.export(conn, "csv", "年度检查", relation="building")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0][1] == "job:test"
    assert rows[2][1] == "年度检查"
    assert rows[4][1] == "11"
    assert len(rows) == 7 + 11
    assert rows[7][6] == "'=cmd|' /C calc'!A0"
    with session(JOB) as conn:
        newest = audit.listing(conn, most=1)[0]
        assert (newest.action, newest.reason, newest.after["rows"]) == ("export", "年度检查", 11)
        content = extract.export(conn, "xlsx", "年度检查")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    table = list(sheet.iter_rows(values_only=True))
    assert table[2][1] == "年度检查"
    assert len(table) == 7 + 12
    assert table[8][6] == "=cmd|' /C calc'!A0"
    assert sheet.cell(9, 7).data_type == "s"


def test_an_extract_pages_through_many_rows(monkeypatch):
    monkeypatch.setattr(extract, "PAGE", 7)
    with session(JOB) as conn:
        for number in range(30):
            audit.note(conn, "write", "x", str(number))
        rows = list(csv.reader(io.StringIO(extract.export(conn, "csv", "数", most=25).decode("utf-8-sig"))))
    assert [row[6] for row in rows[7:]] == [str(number) for number in range(29, 4, -1)]


def test_changes_of_accounts_leave_before_and_after_and_no_secret():
    with session(JOB) as conn:
        accounts.add(conn, "li", display="李", roles=["worker"], scopes=["office"])
        accounts.set_password(conn, "li", "Correct-horse-9")
        accounts.set_roles(conn, "li", ["supervisor"])
        accounts.set_active(conn, "li", active=False)
        rows = audit.listing(conn, subject="li")
        everything = str(rows)
    assert "argon2" not in everything
    switched = next(row for row in rows if row.relation == "account" and row.action == "update")
    assert (switched.before["active"], switched.after["active"]) == (True, False)
    roles = [(row.action, (row.after or row.before)["role"]) for row in rows if row.relation == "account_role"]
    assert sorted(roles) == [("delete", "worker"), ("insert", "supervisor"), ("insert", "worker")]


def test_a_reset_and_migrations_by_hand_say_so_in_the_new_chain(chain):
    with session(JOB) as conn:
        accounts.add(conn, "li")
        was = audit.verify(conn)
    close_pools()
    database_verbs.reset(yes=True)
    with session(JOB) as conn:
        rows = audit.listing(conn)
        assert audit.verify(conn).holds
    assert [row.subject for row in reversed(rows) if row.action == "migrate"] == [
        m.name for m in migrations.available()
    ]
    newest = rows[0]
    assert (newest.action, newest.origin) == ("reset", "cli")
    assert newest.before == {"audit_seq": was.seq, "audit_hash": was.hash}


def test_rows_from_before_the_chain_are_linked_into_it():
    close_pools()
    migrations.migrate("0003_tiles")
    with psycopg.connect(conninfo("atlas_owner")) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:old', true)")
        for number in range(3):
            conn.execute(
                "INSERT INTO audit (action, relation, after) VALUES ('import', 'grid', %s)", (Jsonb({"n": number}),)
            )
    migrations.migrate()
    with session(JOB) as conn:
        verdict = audit.verify(conn)
        assert verdict.holds
        assert [row.after["n"] for row in audit.listing(conn, action="import")] == [2, 1, 0]
