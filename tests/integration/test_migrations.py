"""The schema: built by migrations, taken back, built again; who owns, sees and may write what."""

from __future__ import annotations

import shutil
import subprocess

import psycopg
import pytest

from gis.db import migrations
from gis.db.cluster import binaries
from gis.db.connection import APP
from gis.db.connection import OWNER
from gis.db.connection import READ
from gis.db.connection import close_pools
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.settings import CHECKOUT
from gis.vocabulary import Actor

JOB = Actor.job("test")
PERSON = Actor("zhang")

pytestmark = pytest.mark.usefixtures("database")


def dump(**options):
    """What is in schema atlas, as pg_dump writes it (its random \\restrict key left out)."""
    done = subprocess.run(
        [binaries() / "pg_dump", "-s", "-n", "atlas", *options.get("more", ()), conninfo(None)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [line for line in done.stdout.splitlines() if not line.startswith("\\")]


def ask(statement, *given):
    with session(JOB) as conn:
        return conn.execute(statement, given).fetchall()


def test_forth_back_and_forth_again_gives_the_same_schema():
    names = [m.name for m in migrations.available()]
    before = dump()
    close_pools()
    assert migrations.migrate("0") == [f"-{name}" for name in reversed(names)]
    left = [line for line in dump() if line.startswith("CREATE")]
    assert left == ["CREATE SCHEMA atlas;", "CREATE TABLE atlas.migration ("]
    assert migrations.migrate() == names
    assert dump() == before
    assert migrations.migrate() == []
    assert migrations.pending() == []


def test_each_step_goes_back_by_itself():
    names = [m.name for m in migrations.available()]
    close_pools()
    shapes = {names[-1]: dump()}
    for name in reversed(names[:-1]):
        migrations.migrate(name)
        shapes[name] = dump()
    for name in names:
        migrations.migrate(name)
        assert dump() == shapes[name], name


def test_a_migration_edited_after_it_ran_is_noticed(tmp_path, monkeypatch):
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder)
    monkeypatch.setattr(migrations.available, "__defaults__", (folder,))
    assert migrations.migrate() == []
    edited = folder / f"{migrations.available()[0].name}.up.sql"
    edited.write_text(edited.read_text() + "\n-- afterthought\n")
    with pytest.raises(migrations.MigrationChanged, match="0001_foundation"):
        migrations.migrate()


def test_a_step_that_fails_leaves_nothing(tmp_path, monkeypatch):
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder)
    (folder / "9999_wrong.up.sql").write_text("CREATE TABLE half (id integer); SELECT 1 / 0;")
    (folder / "9999_wrong.down.sql").write_text("DROP TABLE half;")
    monkeypatch.setattr(migrations.available, "__defaults__", (folder,))
    before = dump()
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrations.migrate()
    assert dump() == before
    assert migrations.pending() == ["9999_wrong"]


def test_every_table_says_what_it_is_for():
    silent = ask(
        "SELECT relname FROM pg_class WHERE relnamespace = 'atlas'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')"
        " AND coalesce(obj_description(oid, 'pg_class'), '') = ''"
    )
    assert silent == []


def test_the_docs_name_every_table():
    text = (CHECKOUT / "docs" / "records.md").read_text(encoding="utf-8")
    tables = [name for (name,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'atlas'")]
    assert tables
    assert [name for name in tables if f"`{name}`" not in text] == []


def test_every_table_is_under_row_level_security_also_for_its_owner():
    open_tables = ask(
        "SELECT relname FROM pg_class WHERE relnamespace = 'atlas'::regnamespace AND relkind IN ('r', 'p')"
        " AND relname <> 'migration' AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert open_tables == []
    lacking = ask(
        "SELECT tablename FROM pg_tables t WHERE schemaname = 'atlas' AND tablename <> 'migration' AND NOT EXISTS"
        " (SELECT FROM pg_policies p WHERE p.schemaname = 'atlas' AND p.tablename = t.tablename"
        "  AND p.roles = '{atlas_owner}' AND p.qual = 'true')"
    )
    assert lacking == []


def test_the_app_and_the_readers_own_nothing():
    owned = ask(
        "SELECT classid::regclass, objid FROM pg_shdepend WHERE deptype = 'o'"
        " AND refobjid IN ('atlas_app'::regrole, 'atlas_read'::regrole)"
    )
    assert owned == []
    for role in (OWNER, APP, READ):
        flags = ask("SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = %s", role)
        assert flags == [(False, False, False, False)]


def test_functions_that_run_as_their_owner_fix_their_search_path():
    loose = ask(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'atlas'::regnamespace AND prosecdef"
        " AND NOT coalesce(proconfig::text ~ 'search_path', false)"
    )
    assert loose == []


@pytest.fixture
def some_buildings(database):
    """50 000 buildings over a city, analysed."""
    with session(JOB) as conn:
        conn.execute("SELECT setseed(0.5)")
        conn.execute(
            "INSERT INTO building (code, geom) SELECT 'B' || n, ST_SetSRID(ST_MakePoint(118 + random() / 20, 32 + random() / 20),"
            " 4490) FROM generate_series(1, 50000) n"
        )
        conn.execute(
            "INSERT INTO history (relation, row_id, operation, row) SELECT 'building', n, 'update', '{}'"
            " FROM generate_series(1, 20000) n"
        )
    with psycopg.connect(conninfo(None), autocommit=True) as conn:
        conn.execute("ANALYZE atlas.building")
        conn.execute("ANALYZE atlas.history")


BOX = "ST_MakeEnvelope(118.020, 32.020, 118.021, 32.021, 4490)"
WEB = f"ST_Transform({BOX}, 3857)"


@pytest.mark.usefixtures("some_buildings")
def test_without_an_actor_no_row_is_seen_and_none_is_written():
    with psycopg.connect(conninfo(APP)) as conn:
        for (table,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'atlas' AND tablename <> 'migration'"):
            if table in {
                "history",
                "credential",
                "audit_head",
                "grid_incident",
                "area_figure",
                "dirty",
                "outside",
                "outside_sum",
                "reach",
            } or table.startswith("procrastinate_"):  # closed to persons altogether
                continue
            what = "id" if table in {"login_session", "api_token"} else "*"  # their hashes are closed
            assert conn.execute(f"SELECT count({what}) FROM atlas.{table}").fetchone() == (0,), table
    with psycopg.connect(conninfo(APP)) as conn:
        assert conn.execute("UPDATE building SET name = 'x'").rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(conninfo(APP)) as conn:
        conn.execute("INSERT INTO building (code) VALUES ('X')")
    assert ask("SELECT count(*) FROM building WHERE name = 'x' OR code = 'X'") == [(0,)]
    with session(PERSON) as conn:
        assert conn.execute("SELECT count(*) FROM building").fetchone() == (50_000,)
    # The name holds for one transaction: the next user of the same connection starts without.
    with psycopg.connect(conninfo(APP)) as conn:
        conn.execute("SELECT atlas.enter('zhang')")
        assert conn.execute("SELECT count(*) FROM building").fetchone() == (50_000,)
        conn.commit()
        assert conn.execute("SELECT count(*) FROM building").fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit", "UPDATE audit SET actor = 'x'", "DELETE FROM history", "UPDATE history SET actor = 'x'",
        "TRUNCATE audit", "DELETE FROM building", "DELETE FROM grid", "UPDATE import SET actor = 'x'",
        "DROP TABLE audit", "CREATE TABLE atlas.mine (id integer)", "ALTER TABLE audit DISABLE ROW LEVEL SECURITY",
        "SET ROLE atlas_owner", "DELETE FROM migration",
    ],
)  # fmt: skip
def test_a_person_cannot_rewrite_the_past_or_change_the_house(statement):
    with pytest.raises(NotAllowed), session(PERSON) as conn:
        conn.execute(statement)


@pytest.mark.parametrize("table", ["audit", "history", "import", "incident", "assignment"])
def test_readers_see_the_map_and_nothing_of_the_work(table):
    with psycopg.connect(conninfo(READ)) as conn:
        assert conn.execute("SELECT count(*) FROM atlas.building").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(f"SELECT count(*) FROM atlas.{table}")


PLANS = {
    "a box of buildings": (f"SELECT * FROM building WHERE geom && {BOX}", "building_geom"),
    "a tile of buildings": (f"SELECT geom_web FROM building WHERE geom_web && {WEB}", "building_geom_web"),
    "one building": ("SELECT * FROM building WHERE code = 'B77'", "building_code_key"),
}


@pytest.mark.usefixtures("some_buildings")
def test_row_level_security_leaves_the_indexes_in_use():
    for role in (OWNER, APP, READ):
        for question, (statement, index) in PLANS.items():
            with psycopg.connect(conninfo(role)) as conn:
                conn.execute("SELECT atlas.enter('zhang')")
                plan = "\n".join(line for (line,) in conn.execute(f"EXPLAIN {statement}"))
            assert index in plan, (role, question, plan)
            assert "Seq Scan on building" not in plan, (role, question, plan)
    with session(JOB) as conn:
        plan = str(conn.execute("EXPLAIN SELECT * FROM history WHERE relation = 'building' AND row_id = 5").fetchall())
    assert "history_row" in plan
