"""The matrix of rights, walked cell by cell against the real database.

One office of two communities and two nets is built with a row of every table inside and
outside of what the persons of the test may reach. Each person then asks and writes, and what
happens must be what ``data/reference/access.csv`` says: no more, and no less.
"""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from gis.access.matrix import Extent
from gis.access.matrix import Operation
from gis.access.matrix import extent
from gis.access.matrix import matrix
from gis.access.matrix import tables
from gis.db.connection import APP
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.vocabulary import Actor
from gis.vocabulary import Role
from tests.rights import BOOK
from tests.rights import CASE
from tests.rights import COLUMN
from tests.rights import ENTRY
from tests.rights import JOB
from tests.rights import OFFICE
from tests.rights import OVER
from tests.rights import OWN
from tests.rights import REACHES
from tests.rights import WHISTLE
from tests.rights import inside
from tests.rights import led
from tests.rights import name


@pytest.fixture(scope="module")
def office(shared_database):
    """The office, and an account for each role and reach, with a session, a token, an import and a deed of each."""
    with session(JOB) as conn:
        conn.execute(OFFICE)
        for role in Role:
            for reach in (*REACHES, *OVER[:-1]):
                _account(conn, role, reach)
        conn.execute("INSERT INTO login_session (token_hash, account_id, idle_s, expires_at)"
                     " SELECT sha256(name::bytea), id, 9, now() + interval '1 day' FROM account")  # fmt: skip
        conn.execute("INSERT INTO api_token (token_hash, account_id, label, expires_at)"
                     " SELECT sha256(name::bytea), id, 'x', now() + interval '1 day' FROM account")  # fmt: skip
        conn.execute("INSERT INTO credential (account_id, hash) SELECT id, 'x' FROM account")
        conn.execute(BOOK)
        # The departments' unit leads one case in each community, and not the other one of A.
        conn.execute("UPDATE account SET units = '{u}' WHERE name LIKE 'department.%'")
        conn.execute("INSERT INTO import (dataset, filename, sha256, fingerprint, datum, rows_read, actor)"
                     " SELECT 'areas', 'f', 'x', 'x', 'wgs84', 1, name FROM account")  # fmt: skip
        # Each worker stands for a person of his own, with leave, a visit and a track.
        conn.execute(
            "INSERT INTO person (code, name, account_id) SELECT name, '', id FROM account WHERE name LIKE 'worker.%'"
        )
        conn.execute(
            "INSERT INTO leave (person_id, begins) SELECT id, '2026-01-01' FROM person WHERE account_id IS NOT NULL"
        )
        conn.execute(
            "INSERT INTO visit (code, person_id, visited_at) SELECT code, id, now() FROM person WHERE account_id IS NOT NULL"
        )
        conn.execute("INSERT INTO track (code, person_id, started_at, ended_at, geom) SELECT p.code, p.id, now(), now(), t.geom"
                     " FROM person p, track t WHERE p.account_id IS NOT NULL AND t.code = 'tpA1'")  # fmt: skip
    yield shared_database
    close_pools()


def _account(conn, role, reach):
    row = conn.execute(
        "INSERT INTO account (name, active) VALUES (%s, %s) RETURNING id", (name(role, reach), reach != "inactive")
    ).fetchone()
    today = conn.execute("SELECT today()").fetchone()[0]
    begins = today + timedelta(days=1) if reach == "future_role" else today - timedelta(days=9)
    ends = today - timedelta(days=1) if reach == "expired_role" else None
    conn.execute(
        "INSERT INTO account_role (account_id, role, valid_from, valid_to) VALUES (%s, %s, %s, %s)",
        (row[0], role, begins, ends),
    )
    gone = today - timedelta(days=1) if reach == "expired_scope" else today
    if reach in {"street", "community"}:
        code = "S" if reach == "street" else "A"
        conn.execute(
            "INSERT INTO account_scope (account_id, reach, area_id, valid_to) SELECT %s, 'area', id, %s FROM area WHERE code = %s",
            (row[0], today, code),
        )
    elif reach == "grid":
        conn.execute(
            "INSERT INTO account_scope (account_id, reach, network_id, grid_code) SELECT %s, 'grid', id, 'A1' FROM network WHERE code = 'zh'",
            (row[0],),
        )
    elif reach != "nothing":
        conn.execute(
            "INSERT INTO account_scope (account_id, reach, valid_from, valid_to) VALUES (%s, 'office', %s, %s)",
            (row[0], today - timedelta(days=9), gone),
        )


def persons():
    return [(role, reach) for role in Role for reach in (*REACHES, *OVER)]


def force(role, reach, table, operation):
    """What a person's right amounts to: the matrix, and nothing for whom it does not hold today."""
    if reach in {"expired_role", "future_role", "inactive", "unknown"}:
        return Extent.NONE
    return extent(role, table, operation)


def condition(role, reach, table, operation):
    """Condition on the rows a person may do something with."""
    reach_now = "nothing" if reach == "expired_scope" else reach
    right = force(role, reach, table, operation)
    if right is Extent.NONE:
        return "false"
    if right in {Extent.ALL, Extent.OFFICE}:
        return "true" if right is Extent.ALL or reach_now == "office" else "false"
    if right is Extent.OWN:
        wide = table == "import" and operation is Operation.SELECT and reach_now == "office"
        return "true" if wide else OWN[table]
    if table in {"ledger", *ENTRY} and role in {
        Role.WORKER,
        Role.DEPARTMENT,
    }:  # an owner sees what is his, wherever it lies
        owned = (
            "t.owner_id = %(account)s"
            if table == "ledger"
            else "t.ledger_id IN (SELECT id FROM ledger WHERE owner_id = %(account)s)"
        )
        return f"({inside(table, reach_now)}) OR {owned}"
    if role is Role.DEPARTMENT and table in {"incident", *CASE, *WHISTLE}:
        return f"({inside(table, reach_now)}) AND {led(table)}"
    told = " AND NOT t.subjects ? 'incident'" if table == "finding" and role is Role.WALL else ""
    return f"({inside(table, reach_now)}){told}"


def counted(table, where, role, reach):
    """How many rows the house finds under a condition."""
    with session(JOB) as conn:
        account = conn.execute("SELECT id FROM account WHERE name = %s", (name(role, reach),)).fetchone()
        given = {"me": name(role, reach), "account": account[0] if account else None}
        return conn.execute(f"SELECT count(*) FROM atlas.{table} t WHERE {where}", given).fetchone()[0]


def asked(role, reach, statement):
    """What a person gets; the refusal where the whole table is closed."""
    try:
        with session(Actor(name(role, reach))) as conn:
            return conn.execute(statement).fetchone()[0]
    except NotAllowed:
        return "closed"


@pytest.mark.usefixtures("office")
def test_every_table_has_its_rows_in_the_matrix():
    """Default deny: a table that was added without a word about who may see it is a mistake."""
    with session(JOB) as conn:
        found = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'atlas' ORDER BY 1").fetchall()
        views = conn.execute("SELECT viewname FROM pg_views WHERE schemaname = 'atlas'").fetchall()
    assert [table for (table,) in found] == sorted(tables())
    assert views == []
    assert set(matrix()) == {(table, operation) for table in tables() for operation in Operation}
    assert all(set(row) == set(Role) for row in matrix().values())


@pytest.mark.usefixtures("office")
def test_no_right_is_granted_that_the_matrix_does_not_name():
    """Neither a privilege nor a policy for what nobody may."""
    with session(JOB) as conn:
        for (table, operation), row in matrix().items():
            free = any(right is not Extent.NONE for right in row.values())
            held = conn.execute(
                "SELECT has_any_column_privilege('atlas_app', %(t)s, %(o)s)" if operation is not Operation.DELETE
                else "SELECT has_table_privilege('atlas_app', %(t)s, %(o)s)", {"t": f"atlas.{table}", "o": operation.value},
            ).fetchone()[0]  # fmt: skip
            policies = conn.execute(
                "SELECT count(*) FROM pg_policies WHERE schemaname = 'atlas' AND tablename = %s AND cmd = upper(%s)"
                " AND permissive = 'PERMISSIVE' AND roles && '{atlas_app,public}'", (table, operation.value)
            ).fetchone()[0]  # fmt: skip
            assert (held, policies > 0) == (free, free), (table, operation)
        loose = conn.execute(
            "SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'atlas' AND permissive = 'PERMISSIVE'"
            " AND (cmd = 'ALL' AND NOT roles <@ '{atlas_owner,atlas_read}' OR roles && '{public}')"
        ).fetchall()
        assert loose == []
        for privilege in ("TRUNCATE", "REFERENCES", "TRIGGER"):
            held = conn.execute("SELECT relname FROM pg_class WHERE relnamespace = 'atlas'::regnamespace AND relkind = 'r'"
                                " AND has_table_privilege('atlas_app', oid, %s)", (privilege,)).fetchall()  # fmt: skip
            assert held == [], privilege


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(("role", "reach"), persons())
def test_each_person_reads_exactly_what_the_matrix_says(role, reach):
    for table in tables():
        where = condition(role, reach, table, Operation.SELECT)
        closed = all(right is Extent.NONE for right in matrix()[table, Operation.SELECT].values())
        expected = "closed" if closed else counted(table, where, role, reach)
        got = asked(role, reach, f"SELECT count({COLUMN.get(table, '*')}) FROM atlas.{table}")
        assert got == expected, (table, where)


KEY = {
    "layer_version": "relation", "building_cell": "z", "incident_cell": "z", "assignment": "building_id", "grid_figure": "grid_id", "area_figure": "area_id",
    "finding_building": "finding_id", "grid_finding": "grid_code", "grid_incident": "grid_code", "credential": "account_id", "audit_head": "one", "migration": "name", "run": "network_id", "outside": "building_id", "case_link": "incident_id", "reach": "name",
}  # fmt: skip
TOUCHED = {
    "login_session": "ended_at = now(), ending = 'revoked'",
    "api_token": "revoked_at = now()",
    "account": "display = 'x'",
    "ledger_filter": "name = 'y'",
    "casefile": "updated_at = now()",
}


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(("role", "reach"), persons())
@pytest.mark.parametrize("operation", [Operation.UPDATE, Operation.DELETE])
def test_each_person_changes_exactly_what_the_matrix_says(role, reach, operation):
    for table in tables():
        where = condition(role, reach, table, operation)
        closed = all(right is Extent.NONE for right in matrix()[table, operation].values())
        key = KEY.get(table, "id")
        change = TOUCHED.get(table) or ("id = DEFAULT" if key == "id" else f"{key} = {key}")
        if table not in TOUCHED and key == "id" and not closed:
            change = {"account_role": "valid_to = valid_to", "account_scope": "valid_to = valid_to"}.get(
                table, "updated_at = now()"
            )
        statement = (
            f"UPDATE atlas.{table} SET {change}" if operation is Operation.UPDATE else f"DELETE FROM atlas.{table}"
        )
        expected = "closed" if closed else counted(table, where, role, reach)
        assert _changed(role, reach, statement) == expected, (table, where)


def _changed(role, reach, statement):
    """How many rows a statement touches; it is taken back."""
    try:
        with session(Actor(name(role, reach))) as conn:
            touched = conn.execute(statement).rowcount
            conn.rollback()
            return touched
    except NotAllowed:
        return "closed"


BOX = "ST_Multi(ST_MakeEnvelope({x}, 30.02, {x} + 0.01, 30.03, 4490))"
POINT = "ST_SetSRID(ST_Point({x}, 30.02), 4490)"
NEW = {
    "area": "(code, name, level, geom) VALUES ('new', '', 'community', {box})",
    "network": "(code, name, kind) VALUES ('new', '', 'party')",
    "grid": "(network_id, code, name, area_id, geom) VALUES (1, 'new', '', {area}, {box})",
    "excluded": "(code, reason, geom) VALUES ('new', '', {box})",
    "building": "(code, geom) VALUES ('new', {point})",
    "assignment": "(network_id, building_id, grid_id) VALUES (2, 2, 1)",
    "building_cell": "VALUES (6, 1, 1, 1, 1, 1)",
    "area_figure": "DEFAULT VALUES",
    "dirty": "(network_id, kind) VALUES (1, 'duty')",
    "run": "(network_id, task) VALUES (1, 'all')",
    "outside": "VALUES (1, 2, 0, false)",
    "outside_sum": "(network_id, buildings, households, blind_buildings, blind_households) VALUES (2, 0, 0, 0, 0)",
    "procrastinate_jobs": "(queue_name, task_name) VALUES ('q', 't')",
    "procrastinate_workers": "DEFAULT VALUES",
    "procrastinate_events": "(job_id) VALUES (1)",
    "procrastinate_periodic_defers": "(task_name) VALUES ('t')",
    "grid_figure": "(grid_id) VALUES (1)",
    "incident": "(code, geom) VALUES ('new', {point})",
    "incident_cell": "VALUES (6, 1, 1, 1, 'matter', 1)",
    "grid_incident": "VALUES (1, 'x', 'matter', 1)",
    "person": "(code, name) VALUES ('new', '')",
    "organisation": "(code, name, level) VALUES ('new', '', 'street')",
    "post": "(code, person_id, duty, network_id, grid_code) VALUES ('new', {person}, 'worker', 1, '{grid}')",
    "leave": "(person_id, begins) VALUES ({person}, '2030-01-01')",
    "visit": "(code, person_id, visited_at, network_id, grid_code) VALUES ('new', coalesce((atlas.own_persons())[1], {person}), now(), 1, '{grid}')",
    "track": "(code, person_id, started_at, ended_at, geom) VALUES ('new', coalesce((atlas.own_persons())[1], {person}), now(), now(), ST_SetSRID('LINESTRING M (120 30 0, 120.1 30 9)'::geometry, 4490))",
    "casefile": "(incident_id, kind) VALUES (99, 'matter')",
    "case_event": "(incident_id, seq, act, state) VALUES ({case}, 99, 'note', 'reported')",
    "case_link": "(incident_id, other_id, relation) VALUES ({case}, 5, 'related')",
    "photo": "(incident_id, media, sha256, body) VALUES ({case}, 'image/jpeg', 'y', '')",
    "reach": "VALUES ('new', 'true')",
    "case_clock": "(incident_id, stage, starts_at) VALUES ({case}, 'accept', now())",
    "holiday": "(day, working, source) VALUES ('2030-01-02', false, 'x')",
    "office_hours": "(begins, ends, valid_from, source) VALUES ('13:00', '18:00', '2030-01-01', 'x')",
    "time_limit": "(kind, stage, clock, amount, valid_from, source) VALUES ('hazard', 'total', 'work_day', 1, '2030-01-01', 'x')",
    "category": "(standard, kind, code, name, source) VALUES ('s', 'matter', '02', 'y', 'x')",
    "category_match": "(kind, standard, code, other_standard, other_code, source) VALUES ('matter', 's', '02', 't', '03', 'x')",
    **dict.fromkeys(
        ("hazard", "dispute", "enforcement", "reporter"),
        "(incident_id) VALUES ({case}) ON CONFLICT (incident_id) DO UPDATE SET updated_at = now()",
    ),
    "party": "(incident_id, part, name) VALUES ({case}, 'witness', 'new')",
    "officer": "(card, name) VALUES ('NEW-1', 'new')",
    "enforcement_stage": "(incident_id, stage, at, event_id) VALUES ({case}, 'decide', now(), 1)",
    "enforcement_officer": "(incident_id, officer_id) VALUES ({case}, 2)",
    "duty": "(code, name, category) VALUES ('new', '', 'x')",
    "duty_list": "(name, version, valid_from) VALUES ('l', '2', '2026-02-01')",
    "meeting": "(held_on) VALUES ('2026-02-01')",
    "agenda": "(kind, category, problem) VALUES ('matter', 'y', 'none')",
    "whistle": "(kind, occasion, title, effort, units, geom) VALUES ('street', 'problem', 'x', 'x', '{{u}}', {point})",
    "whistle_event": "(whistle_id, seq, act, state) VALUES ((SELECT id FROM atlas.whistle WHERE incident_id = {case}), 99, 'note', 'called')",
    "whistle_unit": "(whistle_id, unit, part) VALUES ((SELECT id FROM atlas.whistle WHERE incident_id = {case}), 'new', 'assist')",
    "report": "(kind, area_id, since, until, content, formulas, sha256) VALUES ('weekly', {area}, '2030-01-07', '2030-01-13', '{{}}', '{{}}', repeat('0', 64))",
    "report_note": "(report_id, seq, content, sha256) SELECT r.id, 2, '{{}}', repeat('0', 64) FROM (VALUES ({area})) AS v (id) LEFT JOIN atlas.report r ON r.area_id = v.id",
    "finding": "(rule, severity) VALUES ('x', 'hint')",
    "grid_finding": "(network_id, grid_code) VALUES (1, 'x')",
    "finding_building": "VALUES (1, 1)",
    "ledger": "(network_id, rule, key, severity) VALUES (1, 'x', 'new', 'warn')",
    "ledger_event": "(ledger_id, act) VALUES (1, 'comment')",
    "ledger_filter": "(account_id, name, query) VALUES (account_id(), 'new', '{{}}')",
    "task": "(ledger_id, kind, network_id) VALUES (1, 'visit', 1)",
    "proposal": "(ledger_id, network_id, remedy, edit) VALUES (1, 1, '{{}}', '[]')",
    "coverage_day": "(network_id, buildings, households, blind_buildings, blind_households) VALUES (2, 1, 1, 1, 1)",
    "refresh": "(network_id, summary, started_at) VALUES (1, '{{}}', now())",
    "road": "(code, geom) VALUES ('new', ST_Multi(ST_SetSRID(ST_MakeLine(ST_Point(120, 30), ST_Point(120.1, 30)), 4490)))",
    "water": "(code, geom) VALUES ('new', {box})",
    "green": "(code, geom) VALUES ('new', {box})",
    "layer_version": "VALUES ('x', 1)",
    "import": "(dataset, filename, sha256, fingerprint, datum, rows_read, actor) VALUES ('areas', 'f', 'x', 'x', 'wgs84', 1, '{me}')",
    "history": "(relation, row_id, operation, row) VALUES ('area', 1, 'update', '{{}}')",
    "audit": "(action, relation) VALUES ('look', 'area')",
    "audit_head": "(seq, hash) VALUES (0, '')",
    "backup": "(file, bytes, sha256) VALUES ('f', 1, 'x')",
    "account": "(name) VALUES ('new')",
    "account_role": "(account_id, role) VALUES (1, 'wall')",
    "account_scope": "(account_id, reach) VALUES (1, 'office')",
    "credential": "(account_id, hash) VALUES (1, 'x')",
    "login_session": "(token_hash, account_id, idle_s, expires_at) VALUES ('new', 1, 9, now())",
    "api_token": "(token_hash, account_id, label, expires_at) VALUES ('new', 1, 'x', now())",
    "migration": "(name, digest) VALUES ('x', 'x')",
}
PLACES = {
    "A": (120.02, {"office", "street", "community", "grid"}),
    "B": (120.12, {"office", "street"}),
    "C": (120.22, {"office"}),
}


AREA_IDS = {"A": 3, "B": 4, "C": 5}
PERSON_IDS = {"A": 1, "B": 3, "C": 4}
LYING = {"building", "incident", "grid", "post", "leave", "visit", "track", *CASE, *WHISTLE}
"""Tables whose new row lies in a place, or is of somebody who works there."""


def may_add(role, reach, table, place):
    """Whether a person may add a row that lies in a community (where rows lie somewhere at all)."""
    right = force(role, reach, table, Operation.INSERT)
    reach_now = "nothing" if reach == "expired_scope" else reach
    if right is Extent.SCOPE:
        # Whoever has single grids adds buildings and incidents in them, but draws no grid and reports on no community.
        whole = table in {"grid", "report", "report_note"}
        return reach_now in PLACES[place][1] and not (whole and reach_now == "grid")
    return right in {Extent.ALL, Extent.OWN} or (right is Extent.OFFICE and reach_now == "office")


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(("role", "reach"), persons())
def test_each_person_adds_exactly_what_the_matrix_says(role, reach):
    assert set(NEW) == set(tables())
    for table in tables():
        for place in PLACES if table in LYING else ("A",):
            x = PLACES[place][0]
            row = NEW[table].format(
                box=BOX.format(x=x), point=POINT.format(x=x), area=AREA_IDS[place], me=name(role, reach),
                person=PERSON_IDS[place], grid=f"{place}1",
                case=f"(SELECT id FROM atlas.incident WHERE code = 'i{place}1')",
            )  # fmt: skip
            got = _changed(role, reach, f"INSERT INTO atlas.{table} {row}")
            assert got == (1 if may_add(role, reach, table, place) else "closed"), (table, place)


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("who", "statement"),
    [
        ("planner.grid", "UPDATE building SET geom = ST_SetSRID(ST_Point(120.12, 30.02), 4490)"),
        ("planner.community", "UPDATE building SET geom = ST_SetSRID(ST_Point(120.12, 30.02), 4490) WHERE code = 'bA1'"),
        ("supervisor.community", "UPDATE incident SET geom = ST_SetSRID(ST_Point(120.12, 30.02), 4490) WHERE code = 'iA1'"),
        ("planner.community", "UPDATE grid SET area_id = (SELECT id FROM area WHERE code = 'B') WHERE code = 'A1'"),
        ("planner.community", "UPDATE grid SET geom = (SELECT geom FROM area WHERE code = 'B') WHERE code = 'A1'"),
        ("planner.community", "INSERT INTO grid (network_id, code, name, area_id, geom) SELECT 1, 'n', '', a.id, b.geom FROM area a, area b WHERE a.code = 'A' AND b.code = 'B'"),
        ("supervisor.community", "UPDATE post SET grid_code = 'B1' WHERE code = 'zhA1'"),
        ("supervisor.community", "UPDATE visit SET grid_code = 'B1' WHERE code = 'vzhA1'"),
        ("supervisor.office", "UPDATE visit SET doubts = '{}'"),
        ("worker.grid", "INSERT INTO visit (code, person_id, visited_at) VALUES ('x', 1, now())"),
        ("planner.office", "INSERT INTO import (dataset, filename, sha256, fingerprint, datum, rows_read, actor) VALUES ('areas', 'f', 'x', 'x', 'wgs84', 1, 'zhang')"),
        ("wall.office", "UPDATE login_session SET ended_at = NULL, ending = NULL"),
        ("admin.office", "UPDATE api_token SET revoked_at = NULL"),
        ("leader.office", "UPDATE login_session SET expires_at = now() + interval '9 years'"),
        ("admin.office", "UPDATE account SET name = 'x'"),
        ("admin.office", "UPDATE api_token SET permits = '{tiles,findings,metrics}'"),
    ],
)  # fmt: skip
def test_nothing_leaves_a_scope_or_comes_back_to_life(who, statement):
    with pytest.raises(NotAllowed), session(Actor(who)) as conn:
        conn.execute(statement)


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT token_hash FROM login_session", "SELECT token_hash FROM api_token", "SELECT hash FROM credential",
        "SELECT * FROM login_session", "SELECT * FROM api_token", "SELECT former FROM credential", "SELECT hash FROM audit_head",
        "SELECT row FROM history", "SELECT incidents FROM grid_incident", "SELECT digest FROM migration",
        "SELECT 1 FROM login_session WHERE token_hash = ''", "UPDATE login_session SET token_hash = ''",
    ],
)  # fmt: skip
def test_no_role_reads_a_hash_or_what_is_closed(role, statement):
    with pytest.raises(NotAllowed), session(Actor(name(role, "office"))) as conn:
        conn.execute(statement)


@pytest.mark.usefixtures("office")
def test_what_a_writer_says_of_the_area_is_not_believed():
    with session(Actor("planner.community")) as conn:
        conn.execute(
            "INSERT INTO building (code, geom, area_id) SELECT 'told', ST_SetSRID(ST_Point(120.02, 30.02), 4490), id FROM area WHERE code = 'C'"
        )
        row = conn.execute(
            "SELECT a.code FROM building b JOIN area a ON a.id = b.area_id WHERE b.code = 'told'"
        ).fetchone()
        conn.rollback()
    assert row == ("A",)


@pytest.mark.usefixtures("office")
def test_a_connection_keeps_nothing_of_who_used_it_before():
    with psycopg.connect(conninfo(APP)) as conn:
        conn.execute("SELECT atlas.enter('leader.office')")
        assert conn.execute("SELECT count(*) FROM building").fetchone() == (5,)
        conn.execute("SELECT atlas.enter('leader.grid')")
        assert conn.execute("SELECT count(*) FROM building").fetchone() == (1,)
        conn.execute("SELECT atlas.enter('leader.inactive')")
        assert conn.execute("SELECT count(*) FROM building").fetchone() == (0,)


@pytest.mark.usefixtures("office")
def test_the_matrix_names_only_what_there_is():
    with session(JOB) as conn:
        for table in tables():
            conn.execute(sql.SQL("SELECT FROM atlas.{} LIMIT 1").format(sql.Identifier(table)))
