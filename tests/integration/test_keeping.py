"""What the rules found, kept from run to run: the same row and entry while it lasts, closed when gone, back when it returns."""

from __future__ import annotations

import json
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import psycopg
import pytest
import shapely

from gis.coverage import ledger
from gis.coverage.keeping import Within
from gis.coverage.keeping import keep
from gis.coverage.raw import Raw
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.vocabulary import Actor

JOB = Actor.job("test")
START = datetime(2026, 3, 2, 4, tzinfo=UTC)
X, Y = 121.402, 31.202
STEP = 0.001


def land(x0, x1, severity="blind", buildings=(), area=3, grids=("310000001001000",), rule="unclaimed_land"):
    """Land without a grid, from x0 to x1 thousandths of a degree east of the corner."""
    shape = shapely.box(X + x0 * STEP, Y, X + x1 * STEP, Y + STEP)
    measure = {
        "area_m2": 9000.0 * (x1 - x0),
        "width_m": 90.0,
        "buildings": len(buildings),
        "households": 7 * len(buildings),
    }
    return Raw(
        rule, severity, shapely.to_wkb(shape), measure, {}, list(grids), list(buildings), area, [{"action": "new_grid"}]
    )


def loose(building, severity="blind", area=3, kind="loose"):
    """A building without a grid."""
    point = shapely.to_wkb(shapely.Point(X, Y))
    measure = {"area_m2": 0, "buildings": 1, "households": building}
    return Raw("unassigned_building", severity, point, measure, {"kind": kind}, [], [building], area, [])


class Office:
    """The small street, and runs of the rules over it, one a day."""

    def __init__(self, conn):
        self.conn = conn
        self.network = conn.execute("SELECT id FROM network WHERE code = 'zh'").fetchone()[0]
        self.day = 0

    def run(self, *found, within=None, days=1):
        self.day += days
        return keep(self.conn, self.network, list(found), within=within, at=START + timedelta(days=self.day))

    def ask(self, text, *values):
        return self.conn.execute(text, values).fetchall()

    def entries(self, **query):
        return {e.id: e for e in ledger.entries(self.conn, "zh", ledger.Query(**query), limit=None)}

    def one(self):
        (entry,) = self.entries().values()
        return entry

    def acts(self, entry_id):
        return [event.act for event in ledger.history(self.conn, entry_id)]

    def figures(self, area=None, grid=None):
        """The newest day of the headline."""
        return self.ask(
            "SELECT buildings, households, blind_buildings, blind_households, open FROM coverage_day WHERE network_id = %s"
            " AND area_id IS NOT DISTINCT FROM %s AND grid_code IS NOT DISTINCT FROM %s ORDER BY day DESC LIMIT 1",
            self.network, area, grid,
        )[0]  # fmt: skip

    def recount(self):
        """What the days must say, counted another way."""
        blind = (
            "EXISTS (SELECT FROM finding_building x JOIN finding f ON f.id = x.finding_id WHERE x.building_id = b.id"
            f" AND f.network_id = {self.network} AND f.severity = 'blind' AND NOT f.accepted)"
        )
        sums = f"count(*), coalesce(sum(households), 0), count(*) FILTER (WHERE {blind}), coalesce(sum(households) FILTER (WHERE {blind}), 0)"
        whole = self.ask(f"SELECT {sums} FROM building b")[0]
        areas = {
            row[0]: row[1:]
            for row in self.ask(f"SELECT b.area_id, {sums} FROM building b WHERE area_id IS NOT NULL GROUP BY 1")
        }
        return whole, areas


@pytest.fixture
def office(street):
    """The small street without findings; what a test writes is taken back."""
    with session(JOB) as conn:
        conn.execute("DELETE FROM finding")
        yield Office(conn)
        conn.rollback()


def test_a_run_that_finds_the_same_writes_nothing(office):
    found = [land(0, 2, buildings=(1, 2)), loose(5), loose(9, severity="warn")]
    first = office.run(*found)
    assert (first.new, first.same) == (3, 0)
    look = "SELECT id, xmin::text, ctid::text FROM finding UNION ALL SELECT id, xmin::text, ctid::text FROM ledger ORDER BY 1, 2"
    versions = (
        "SELECT relation, version FROM layer_version WHERE relation IN ('finding', 'ledger', 'grid_finding') ORDER BY 1"
    )
    before, drawn = office.ask(look), office.ask(versions)
    again = office.run(*reversed(found))
    assert (again.new, again.changed, again.gone, again.returned, again.same) == (0, 0, 0, 0, 3)
    assert office.ask(look) == before
    assert office.ask(versions) == drawn
    assert office.ask("SELECT building_id FROM finding_building ORDER BY 1") == [(1,), (2,), (5,)]


def test_a_finding_that_changes_keeps_its_row_and_its_entry(office):
    office.run(land(0, 2, buildings=(1, 2)), loose(5))
    rows = dict(office.ask("SELECT rule, id FROM finding"))
    kept = office.run(land(0, 3, buildings=(2, 3)), loose(5, severity="warn"))
    assert (kept.changed, kept.new, kept.gone) == (2, 0, 0)
    assert dict(office.ask("SELECT rule, id FROM finding")) == rows
    entries = {e.rule: e for e in office.entries().values()}
    assert entries["unclaimed_land"].measure["area_m2"] == 27000
    assert entries["unassigned_building"].severity == "warn"
    assert office.acts(entries["unassigned_building"].id) == ["found", "changed"]
    assert office.ask("SELECT building_id FROM finding_building ORDER BY 1") == [(2,), (3,)]
    assert entries["unclaimed_land"].first_seen == START + timedelta(days=1)


def test_it_closes_when_its_cause_is_gone_and_opens_again_with_its_owner_when_it_returns(office):
    office.run(land(0, 2))
    entry = office.one()
    owner = office.ask("SELECT id FROM account WHERE name = 'zhang'")[0][0]
    office.ask("UPDATE ledger SET state = 'checked', owner_id = %s, due_on = '2026-03-04' RETURNING id", owner)
    gone = office.run()
    assert gone.gone == 1
    closed = office.one()
    assert (closed.state, closed.finding_id, closed.gone_at) == ("closed", None, START + timedelta(days=2))
    assert office.ask("SELECT count(*) FROM finding") == [(0,)]
    back = office.run(land(0.2, 2), days=30)
    assert back.returned == 1
    again = office.one()
    assert (again.id, again.state, again.returns, again.owner_id, again.gone_at) == (
        entry.id,
        "assigned",
        1,
        owner,
        None,
    )
    assert again.due_on is None
    assert again.first_seen == START + timedelta(days=1)
    assert office.acts(entry.id) == ["found", "gone", "returned"]


def test_a_named_finding_returns_by_its_name(office):
    office.run(loose(5), loose(6))
    office.run(loose(6))
    kept = office.run(loose(5), loose(6))
    assert (kept.returned, kept.same) == (1, 1)
    assert sorted(e.returns for e in office.entries().values()) == [0, 1]


def test_where_land_falls_apart_the_largest_piece_goes_on_and_the_other_is_new(office):
    office.run(land(0, 10))
    whole = office.one()
    kept = office.run(land(0, 3), land(4, 10))
    assert (kept.changed, kept.new, kept.gone) == (1, 1, 0)
    pieces = office.entries()
    assert pieces[whole.id].measure["area_m2"] == 54000
    (other,) = set(pieces) - {whole.id}
    assert ledger.history(office.conn, other)[0].data["split_from"] == whole.id


def test_where_land_grows_together_the_larger_share_goes_on_and_the_other_closes_into_it(office):
    office.run(land(0, 3), land(4, 10))
    small, large = sorted(office.entries().values(), key=lambda e: e.measure["area_m2"])
    kept = office.run(land(0, 10))
    assert (kept.changed, kept.new, kept.gone) == (1, 0, 1)
    after = office.entries()
    assert after[large.id].measure["area_m2"] == 90000
    assert after[small.id].state == "closed"
    assert ledger.history(office.conn, small.id)[-1].data["merged_into"] == large.id
    office.run(land(0, 3), land(4, 10))
    assert office.entries()[small.id].returns == 1


def test_land_elsewhere_is_not_the_same(office):
    office.run(land(0, 2))
    kept = office.run(land(1.8, 6))  # a tenth of the smaller one overlaps
    assert (kept.new, kept.gone) == (1, 1)


def test_two_grids_that_stray_to_the_same_place_stay_apart(office):
    a, b = (land(0, 2, grids=(g,), severity="block", rule="stray_part") for g in ("A", "B"))
    office.run(a, b)
    keys = dict(office.ask("SELECT grid_codes[1], id FROM finding"))
    office.run(b, land(0, 1.5, grids=("A",), severity="block", rule="stray_part"))
    assert dict(office.ask("SELECT grid_codes[1], id FROM finding")) == keys


def test_what_a_rule_finds_twice_of_one_thing_is_numbered_whatever_the_order(office):
    twice = [loose(5, severity="warn", area=None), loose(5, area=3)]
    office.run(*twice)
    rows = office.ask("SELECT key, severity FROM finding ORDER BY key")
    kept = office.run(*reversed(twice))
    assert kept.same == 2
    assert office.ask("SELECT key, severity FROM finding ORDER BY key") == rows


def test_a_local_run_replaces_what_it_judged_and_nothing_else(office):
    office.run(land(0, 2, area=3), land(4, 6, area=4), loose(5, area=3), loose(9, area=None), loose(11, area=None))
    within = Within(rules=frozenset({"unassigned_building"}), areas=frozenset({3}), buildings=frozenset({9}))
    kept = office.run(loose(7, area=3), loose(8, area=4), within=within)
    assert (kept.new, kept.gone, kept.same) == (1, 2, 0)
    assert len(kept.come) == 1
    assert len(kept.closed) == 2
    assert office.ask("SELECT rule, area_id, building_codes FROM finding ORDER BY 1, 2, 3") == [
        ("unassigned_building", 3, ["B7"]), ("unassigned_building", None, ["B11"]),
        ("unclaimed_land", 3, []), ("unclaimed_land", 4, []),
    ]  # fmt: skip
    land_only = Within(whole=frozenset({"unclaimed_land"}))
    assert office.run(land(0, 2, area=3), within=land_only).gone == 1


def test_a_local_run_does_not_take_the_name_of_a_finding_elsewhere(office):
    office.run(loose(5, area=4))
    here = Within(rules=frozenset({"unassigned_building"}), areas=frozenset({3}))
    assert office.run(loose(5, area=3), within=here).new == 1
    assert office.run(loose(5, area=3), within=here).same == 1
    assert office.ask("SELECT area_id FROM finding ORDER BY 1") == [(3,), (4,)]


def test_an_exception_counts_nowhere_until_its_day_is_over(office):
    office.run(land(0, 2, buildings=(1, 2)), loose(5))
    entry = next(e for e in office.entries().values() if e.rule == "unclaimed_land")
    grid = "310000001001000"
    colours = "SELECT coalesce(sum(blind), 0) FROM grid_finding WHERE grid_code = %s"
    assert office.ask(colours, grid) == [(1,)]
    assert office.figures()[2] == 3
    office.conn.execute(
        "UPDATE ledger SET state = 'excepted', exception_reason = '拆迁', exception_until = '2026-03-10' WHERE id = %s",
        (entry.id,),
    )
    assert office.ask("SELECT accepted FROM finding WHERE id = %s", entry.finding_id) == [(True,)]
    assert office.ask(colours, grid) == [(0,)]
    assert office.figures()[2] == 1
    assert office.figures()[4] == {"unassigned_building": 1}
    office.run(loose(5))
    assert office.entries()[entry.id].state == "closed"
    office.run(land(0, 2, buildings=(1, 2)), loose(5))  # a cause that flickers does not end an exception
    assert office.entries()[entry.id].state == "excepted"
    assert office.figures()[2] == 1
    kept = office.run(land(0, 2, buildings=(1, 2)), loose(5), days=8)
    assert kept.same == 2
    assert office.entries()[entry.id].state == "new"
    assert office.acts(entry.id) == ["found", "gone", "returned", "expired"]
    assert office.figures()[2] == 3
    assert office.ask(colours, grid) == [(1,)]


def test_the_day_is_that_of_a_recount_after_whole_and_local_runs(office):
    def check():
        whole, areas = office.recount()
        assert office.figures()[:4] == whole
        for area, counted in areas.items():
            assert office.figures(area)[:4] == counted, area
        open_now = dict(
            office.ask(
                "SELECT rule, count(*) FROM finding WHERE network_id = %s AND NOT accepted GROUP BY 1", office.network
            )
        )
        assert office.figures()[4] == open_now

    office.run(land(0, 2, buildings=(1, 2, 30)), loose(5), loose(601, area=None))
    check()
    grid = office.ask(
        "SELECT g.code, g.area_id FROM assignment a JOIN grid g ON g.id = a.grid_id WHERE building_id = 30 AND a.network_id = %s",
        office.network,
    )[0]
    assert office.figures(grid[1], grid[0])[2] >= 1
    rules = frozenset({"unclaimed_land", "unassigned_building"})
    office.run(land(0, 2, buildings=(1, 40, 50, 60)), within=Within(rules=rules, areas=frozenset({3})))
    check()
    assert office.figures(grid[1], grid[0])[2] == 0
    office.run(land(4, 6, area=4, buildings=(3, 40)), within=Within(rules=rules, areas=frozenset({4})), days=0)
    check()
    office.run(within=Within(rules=rules, buildings=frozenset({601})), days=3)
    check()
    days = office.ask(
        "SELECT count(*), count(DISTINCT day) FROM coverage_day WHERE area_id IS NULL AND network_id = %s",
        office.network,
    )
    assert days == [(3, 3)]


def test_a_run_that_is_killed_leaves_everything_as_it_was(street):
    tables = ("finding", "finding_building", "ledger", "ledger_event", "coverage_day", "grid_finding")

    def look():
        with psycopg.connect(conninfo("atlas_owner")) as conn:
            return [
                conn.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {t} AS t").fetchone()
                for t in tables
            ]

    before = look()
    with psycopg.connect(conninfo("atlas_owner")) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', true), set_config('atlas.everywhere', 'on', true)")
        network = conn.execute("SELECT id FROM network WHERE code = 'zh'").fetchone()[0]
        keep(conn, network, [land(0, 2, buildings=(1, 2))], within=None, at=START)
        with psycopg.connect(conninfo(None), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (conn.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")
    assert look() == before


def test_the_numbers_of_a_rule_may_change_without_an_event(office):
    office.run(land(0, 2))
    later = land(0, 2)
    later.measure["days"] = 12
    assert office.run(later).changed == 1
    entry = office.one()
    assert json.loads(json.dumps(entry.measure))["days"] == 12
    assert office.acts(entry.id) == ["found"]
