"""What people do with the ledger: each by his role and place, one winner of two, an event and an audit row for each act."""

from __future__ import annotations

import threading
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import geopandas as gpd
import openpyxl
import psycopg
import pytest
import shapely
from psycopg.types.json import Jsonb

from gis.coverage import ledger
from gis.coverage import summary
from gis.coverage import trend
from gis.coverage.extract import FormatUnknown
from gis.coverage.extract import PurposeMissing
from gis.coverage.keeping import keep
from gis.coverage.raw import Raw
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.vocabulary import Actor
from tests.conftest import fill_street

JOB = Actor.job("test")
SUPERVISOR, OTHER, LEADER, WORKER, WALL = (Actor(name) for name in ("sun", "qian", "li", "wang", "wall"))
PEOPLE = """
INSERT INTO account (name, display) VALUES ('sun', '孙督导'), ('qian', '钱督导'), ('li', '李书记'), ('wang', '=王网格员'), ('wall', ''), ('far', '远网格员');
INSERT INTO account_role (account_id, role) SELECT a.id, r.role FROM account a JOIN (VALUES ('sun', 'supervisor'), ('qian', 'supervisor'),
    ('li', 'leader'), ('wang', 'worker'), ('wall', 'wall'), ('far', 'worker')) AS r (name, role) USING (name);
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name IN ('li', 'wall');
INSERT INTO account_scope (account_id, reach, area_id) SELECT a.id, 'area', s.area FROM account a
    JOIN (VALUES ('sun', 3), ('wang', 3), ('qian', 4), ('far', 4)) AS s (name, area) USING (name);
"""
TODAY = datetime.now(UTC).astimezone(trend.OFFICE_ZONE).date()
SOON = TODAY + timedelta(days=7)


def loose(building, area, severity="blind"):
    """A building without a grid."""
    measure = {"area_m2": 0, "buildings": 1, "households": 10 * building, "distance_m": 3.0}
    point = shapely.to_wkb(shapely.Point(121.402 + building / 1e4, 31.202))
    remedies = [{"action": "assign_to", "grid": "310000001001000", "distance_m": 3.0}]
    return Raw(
        "unassigned_building",
        severity,
        point,
        measure,
        {"kind": "loose"},
        ["310000001001000"],
        [building],
        area,
        remedies,
    )


FOUND = [*(loose(n, 3) for n in (1, 2, 3, 4)), loose(5, 4), loose(6, None)]


def run(found, at=None):
    with session(JOB) as conn:
        network = conn.execute("SELECT id FROM network WHERE code = 'zh'").fetchone()[0]
        kept = keep(conn, network, found, within=None, at=at or datetime.now(UTC))
        conn.execute(
            "INSERT INTO refresh (network_id, summary, started_at) VALUES (%s, %s, now())",
            (network, Jsonb({"by_rule": {}, "by_severity": {}, "households": 1})),
        )
        return kept


@pytest.fixture(scope="module")
def office(shared_database):
    """The small street with people, and nothing found."""
    fill_street()
    with session(JOB) as conn:
        conn.execute(PEOPLE)
    return shared_database


@pytest.fixture
def book(office):
    """Six entries, four of them in the first community; their numbers by building code."""
    with session(JOB) as conn:
        for table in ("ledger", "coverage_day", "finding", "refresh", "ledger_filter"):
            conn.execute(f"DELETE FROM {table}")
    run(FOUND, datetime.now(UTC) - timedelta(days=2))
    with session(JOB) as conn:
        return {e.buildings[0]: e.id for e in ledger.entries(conn, "zh", ledger.Query(), limit=None)}


def entry(number, actor=JOB):
    with session(actor) as conn:
        return ledger.get(conn, number)


def acts(number):
    with session(JOB) as conn:
        return [(e.act, e.who, e.before, e.after) for e in ledger.history(conn, number)]


def deeds():
    with session(JOB) as conn:
        return conn.execute(
            "SELECT actor, action, subject FROM audit WHERE relation = 'ledger' ORDER BY seq"
        ).fetchall()


def codes(actor, **query):
    with session(actor) as conn:
        found = ledger.entries(conn, "zh", ledger.Query(**query), limit=None)
        assert ledger.count(conn, "zh", ledger.Query(**query)) == len(found)
        return sorted(e.buildings[0] for e in found)


def test_an_entry_goes_from_discovery_to_closure_and_comes_back_to_its_owner(book):
    number = book["B1"]
    told = len(deeds())
    assert ledger.assign(SUPERVISOR, [number], "wang", SOON) == 1
    mine = entry(number, WORKER)
    assert (mine.state, mine.owner, mine.mine, mine.due_on, mine.overdue) == (
        "assigned",
        "=王网格员",
        True,
        SOON,
        False,
    )
    ledger.begin(WORKER, number)
    ledger.comment(WORKER, number, "已到现场")
    ledger.check(WORKER, number, "已划入第一网格")
    assert entry(number).state == "checked", "the rules close, not people"
    run(FOUND[1:])
    closed = entry(number)
    assert (closed.state, closed.finding_id) == ("closed", None)
    with pytest.raises(ledger.WrongStep):
        ledger.begin(WORKER, number)
    run(FOUND)
    back = entry(number)
    assert (back.state, back.owner, back.returns, back.due_on) == ("assigned", "=王网格员", 1, SOON)
    assert acts(number) == [
        ("found", "job:test", None, "new"), ("assigned", "孙督导", "new", "assigned"), ("begun", "=王网格员", "assigned", "doing"),
        ("comment", "=王网格员", None, None), ("checked", "=王网格员", "doing", "checked"), ("gone", "job:test", "checked", "closed"),
        ("returned", "job:test", "closed", "assigned"),
    ]  # fmt: skip
    assert deeds()[told:] == [
        ("sun", "assign", str(number)),
        ("wang", "begin", str(number)),
        ("wang", "comment", str(number)),
        ("wang", "check", str(number)),
    ]


def test_who_is_not_meant_to_act_is_refused_and_nothing_is_written(book):
    here, there = book["B1"], book["B5"]
    ledger.assign(SUPERVISOR, [here], "wang", None)
    told = len(deeds())
    for mistake, act in (
        (ledger.NotYours, lambda: ledger.assign(LEADER, [here], "wang", None)),
        (ledger.NotYours, lambda: ledger.assign(WORKER, [here], "wang", None)),
        (ledger.NotYours, lambda: ledger.accept(WORKER, [here], "x", SOON)),
        (ledger.NotYours, lambda: ledger.comment(LEADER, here, "x")),
        (ledger.NotYours, lambda: ledger.begin(SUPERVISOR, here)),
        (ledger.NotYours, lambda: ledger.resume(LEADER, [here])),
        (ledger.EntryMissing, lambda: ledger.assign(SUPERVISOR, [here, there], "wang", None)),
        (ledger.EntryMissing, lambda: ledger.comment(OTHER, here, "x")),
        (ledger.EntryMissing, lambda: ledger.check(WALL, here)),
        (ledger.OwnerUnfit, lambda: ledger.assign(SUPERVISOR, [here], "far", None)),
        (ledger.OwnerUnfit, lambda: ledger.assign(SUPERVISOR, [here], "li", None)),
        (ledger.DayUnfit, lambda: ledger.assign(SUPERVISOR, [here], "wang", TODAY - timedelta(days=1))),
        (ledger.DayUnfit, lambda: ledger.accept(SUPERVISOR, [here], "x", TODAY + timedelta(days=400))),
        (ledger.WordsMissing, lambda: ledger.accept(SUPERVISOR, [here], "  ", SOON)),
        (ledger.WordsMissing, lambda: ledger.comment(SUPERVISOR, here, "")),
        (ledger.WrongStep, lambda: ledger.resume(SUPERVISOR, [here])),
    ):
        with pytest.raises(mistake) as caught:
            act()
        assert caught.value.message
        assert caught.value.remedy
    assert (len(deeds()), entry(here).state, len(acts(here)), len(acts(there))) == (told, "assigned", 2, 1)


def test_what_the_pages_refuse_the_database_refuses_too(book):
    number = book["B1"]
    ledger.assign(SUPERVISOR, [number], "wang", None)
    for actor, statement in (
        (WORKER, "UPDATE ledger SET state = 'excepted', exception_reason = 'x', exception_until = today()"),
        (WORKER, "UPDATE ledger SET owner_id = NULL, state = 'new'"),
        (SUPERVISOR, "UPDATE ledger SET state = 'closed'"),
        (SUPERVISOR, "UPDATE ledger SET gone_at = now()"),
        (SUPERVISOR, "INSERT INTO ledger_event (ledger_id, act) SELECT id, 'gone' FROM ledger"),
        (WORKER, "INSERT INTO ledger_event (ledger_id, act, actor) SELECT id, 'comment', 'sun' FROM ledger"),
        (LEADER, "INSERT INTO ledger_event (ledger_id, act) SELECT id, 'comment' FROM ledger"),
        (SUPERVISOR, "DELETE FROM ledger_event"),
        (SUPERVISOR, "UPDATE finding SET accepted = true"),
        (SUPERVISOR, "SELECT settle_day(1, today(), NULL, NULL, NULL, NULL)"),
    ):
        with pytest.raises((NotAllowed, psycopg.errors.CheckViolation)), session(actor) as conn:
            conn.execute(statement)
    with session(LEADER) as conn:
        assert conn.execute("UPDATE ledger SET state = 'doing'").rowcount == 0
    assert entry(number).state == "assigned"


def test_of_two_who_act_at_once_one_wins_and_the_other_is_told(book):
    number = book["B2"]
    saw = {number: entry(number).updated_at}
    ledger.assign(SUPERVISOR, [number], "wang", None, seen=saw)
    with pytest.raises(ledger.Overtaken) as caught:
        ledger.accept(SUPERVISOR, [number], "拆迁", SOON, seen=saw)
    assert str(number) in caught.value.message
    # at the very same time: the second waits for the first, and finds that it has changed
    numbers = [book["B3"], book["B4"]]
    outcome = []
    with session(JOB) as first:
        first.execute(
            "UPDATE ledger SET state = 'assigned', updated_at = clock_timestamp() WHERE id = %s", (numbers[1],)
        )

        def second():
            try:
                outcome.append(ledger.assign(SUPERVISOR, numbers, "wang", None))
            except ledger.Overtaken as mistake:
                outcome.append(mistake)

        thread = threading.Thread(target=second)
        thread.start()
        with psycopg.connect(conninfo(None), autocommit=True) as watch:
            while not watch.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchone():
                assert thread.is_alive()
    thread.join()
    assert isinstance(outcome[0], ledger.Overtaken)
    assert (entry(numbers[0]).state, len(acts(numbers[0]))) == ("new", 1)


def test_many_are_given_at_once_and_found_again(book):
    numbers = [book[code] for code in ("B1", "B2", "B3")]
    assert ledger.assign(SUPERVISOR, numbers, "wang", SOON) == 3
    assert ledger.assign(SUPERVISOR, numbers[:2], "wang", TODAY) == 2
    assert [act for act, *_rest in acts(numbers[0])] == ["found", "assigned", "due"]
    assert codes(WORKER, mine=True) == ["B1", "B2", "B3"]
    assert codes(SUPERVISOR) == ["B1", "B2", "B3", "B4"]
    assert codes(OTHER) == ["B5"]
    assert codes(LEADER) == ["B1", "B2", "B3", "B4", "B5", "B6"]
    assert codes(WALL) == []
    assert codes(LEADER, owner="wang") == codes(LEADER, owner="=王网格员") == ["B1", "B2", "B3"]
    assert codes(LEADER, owner="", states=ledger.OPEN) == ["B4", "B5", "B6"]
    assert codes(LEADER, area="310000001002") == ["B5"]
    assert codes(LEADER, text="b4") == ["B4"]
    assert codes(LEADER, text=f"#{numbers[0]}") == ["B1"]
    assert codes(LEADER, text="没有归属") == ["B1", "B2", "B3", "B4", "B5", "B6"]
    assert codes(LEADER, rules=("grid_size",)) == []
    with session(JOB) as conn:
        conn.execute("UPDATE ledger SET due_on = today() - 1 WHERE id = %s", (numbers[1],))
        assert ledger.states(conn, "zh")["overdue"] == 1
    assert codes(WORKER, mine=True, overdue=True) == ["B2"]
    with session(LEADER) as conn:
        first = ledger.entries(conn, "zh", ledger.Query(order="due"), limit=2)
        assert [e.due_on for e in first] == [TODAY - timedelta(days=1), TODAY]
        assert first[0].reason
        assert [p.name for p in ledger.people(conn)] == []
    with session(SUPERVISOR) as conn:
        assert {p.name for p in ledger.people(conn)} == {"sun", "wang", "zhang", "test"}


def test_filters_are_each_his_own(book):
    mine = ledger.Query(rules=("unassigned_building",), states=ledger.OPEN, overdue=True, text="楼")
    with session(SUPERVISOR) as conn:
        ledger.save_filter(conn, "逾期", ledger.Query())
        ledger.save_filter(conn, "逾期", mine)
        assert ledger.filters(conn) == {"逾期": mine}
    with session(OTHER) as conn:
        assert ledger.filters(conn) == {}
        assert not ledger.drop_filter(conn, "逾期")
    with session(SUPERVISOR) as conn:
        assert ledger.drop_filter(conn, "逾期")
        assert ledger.filters(conn) == {}


def test_an_accepted_exception_leaves_the_headline_at_once_and_comes_back_with_its_day(book):
    def blind(actor=LEADER):
        with session(actor) as conn:
            return summary.headline(conn, "zh")["blind_buildings"]

    assert (blind(), blind(SUPERVISOR), blind(WALL)) == (6, sum_in(3), 6)
    ledger.accept(SUPERVISOR, [book["B1"], book["B2"]], "近期拆迁", SOON)
    assert (blind(), blind(SUPERVISOR), blind(WALL)) == (4, sum_in(3), 4)
    assert entry(book["B1"]).exception_reason == "近期拆迁"
    ledger.resume(SUPERVISOR, [book["B2"]])
    assert blind() == 5
    run(FOUND, datetime.now(UTC) + timedelta(days=8))
    assert entry(book["B1"]).state == "new"
    assert blind() == 6


def sum_in(area):
    """Blind buildings that lie in an area, counted another way."""
    with session(JOB) as conn:
        return conn.execute(
            "SELECT count(DISTINCT b.id) FROM building b JOIN finding_building x ON x.building_id = b.id JOIN finding f ON f.id = x.finding_id"
            " WHERE b.area_id = %s AND f.severity = 'blind' AND NOT f.accepted", (area,),
        ).fetchone()[0]  # fmt: skip


def test_the_headline_keeps_its_days_and_says_what_changed(book):
    ledger.accept(SUPERVISOR, [book["B3"]], "拆迁", SOON)
    run([*FOUND[1:], loose(7, 4)])
    with session(LEADER) as conn:
        days = trend.history(conn, "zh", 5)
        assert [(d.day, d.blind_buildings) for d in days] == [
            (TODAY - timedelta(days=2), 6),
            (TODAY - timedelta(days=1), 6),
            (TODAY, 5),
        ]
        assert days[-1].open == {"unassigned_building": 5}
        assert days[-1].households_share == pytest.approx(1 - days[-1].blind_households / days[-1].households)
        (rule,) = trend.changes(conn, "zh", 2)
        assert (rule.key, rule.new, rule.gone, rule.returned) == ("unassigned_building", 1, 1, 0)
        assert (rule.new_households, rule.gone_households) == (70, 10)
        assert {(c.key, c.new, c.gone) for c in trend.changes(conn, "zh", 2, by="area")} == {
            ("310000001001", 0, 1),
            ("310000001002", 1, 0),
        }
        assert [c.new for c in trend.changes(conn, "zh", 7)] == [6], "a week ago nothing was known"
        areas = trend.standing(conn, "zh", 1)
        assert sum(a.blind_buildings for a in areas) + no_area(conn) == 5
        assert sum(a.past_blind_buildings for a in areas) + no_area(conn) == 6
        grids = trend.standing(conn, "zh", 1, by="grid")
        assert (
            sum(g.buildings for g in grids)
            == conn.execute(
                "SELECT sum(buildings) FROM grid_figure v JOIN grid g ON g.id = v.grid_id JOIN network n ON n.id = g.network_id WHERE n.code = 'zh'"
            ).fetchone()[0]
        )
        assert len(trend.history(conn, "zh", 3, grid=grids[0].code)) == 3
        for area in areas:
            assert trend.history(conn, "zh", 1, area=area.code)[0].buildings == area.buildings
    with session(SUPERVISOR) as conn:
        assert trend.history(conn, "zh", 1)[0].buildings == trend.standing(conn, "zh")[0].buildings
        assert [c.gone for c in trend.changes(conn, "zh", 2)] == [1]
    with session(WALL) as conn:
        assert trend.history(conn, "zh") == []


def no_area(conn):
    return conn.execute(
        "SELECT count(*) FROM building b WHERE area_id IS NULL AND id IN (SELECT building_id FROM finding_building)"
    ).fetchone()[0]


def test_what_is_taken_along_says_who_took_it_and_runs_no_formula(book, tmp_path):
    ledger.assign(SUPERVISOR, [book["B1"]], "wang", SOON)
    with session(SUPERVISOR) as conn:
        with pytest.raises(PurposeMissing):
            ledger.export(conn, "zh", ledger.Query(), tmp_path / "x.xlsx", " ")
        with pytest.raises(FormatUnknown):
            ledger.export(conn, "zh", ledger.Query(), tmp_path / "x.pdf", "月报")
        assert ledger.export(conn, "zh", ledger.Query(), tmp_path / "x.xlsx", "=月报") == 4
        assert ledger.export(conn, "zh", ledger.Query(owner="wang"), tmp_path / "x.gpkg", "月报") == 1
    about, sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").worksheets
    told = {row[0].value: row[1] for row in about.iter_rows()}
    assert told["导出人"].value == "孙督导 (sun)"
    assert (told["事由"].value, told["事由"].data_type) == ("=月报", "s")
    assert told["行数"].value == "4"
    heads = [cell.value for cell in sheet[1]]
    owners = [row[heads.index("责任人")] for row in sheet.iter_rows(min_row=2)]
    assert [(c.value, c.data_type) for c in owners if c.value] == [("=王网格员", "s")]
    assert {row[heads.index("楼栋")].value for row in sheet.iter_rows(min_row=2)} == {"B1", "B2", "B3", "B4"}
    frame = gpd.read_file(tmp_path / "x.gpkg", layer="ledger")
    assert frame.crs.to_epsg() == 4490
    assert list(frame["entry"]) == [book["B1"]]
    assert frame.geometry[0].x == pytest.approx(121.4021)
    assert set(gpd.read_file(tmp_path / "x.gpkg", layer="about")["value"]) >= {"孙督导 (sun)", "月报"}
    assert [row for row in deeds() if row[1] == "export"][-2:] == [("sun", "export", "zh")] * 2
