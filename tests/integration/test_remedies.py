"""Each remedy from the finding to its end: offered, previewed, proposed, applied, gone; the neighbours whole, the entry closed by its rule."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
import shapely

from gis.coverage import ledger
from gis.coverage import remedies
from gis.coverage.refresh import refresh
from gis.coverage.remedies.errors import GridMoved
from gis.coverage.remedies.errors import NewTrouble
from gis.coverage.remedies.errors import NothingLeft
from gis.coverage.remedies.errors import NotOpen
from gis.coverage.remedies.errors import OwnerBlind
from gis.coverage.remedies.errors import PlannerOnly
from gis.coverage.remedies.errors import ReasonMissing
from gis.coverage.remedies.errors import TaskOver
from gis.db.connection import conninfo
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.errors import NotFound
from gis.records import store
from gis.vocabulary import Actor
from tests.board import block
from tests.board import frame
from tests.board import point

JOB = Actor.job("test")
PLANNER, SUPERVISOR, LOCAL, WORKER = (Actor(n) for n in ("planner", "supervisor", "local", "worker"))
NET = "comprehensive"
EAST, WEST = "310000001002", "310000001001"


def code(column, row):
    """Code of the cell in a column (0 to 9, five to a community) and a row (0 or 1)."""
    return f"{WEST if column < 5 else EAST}{column % 5 * 2 + row + 1:03d}"


def cell(column, row):
    return block(column * 200, row * 200, column * 200 + 200, row * 200 + 200)


def shapes():
    """Twenty cells in two communities, and one flaw in each of several places."""
    made = {code(c, r): cell(c, r) for c in range(10) for r in range(2)}

    def cut(place, *hole):
        made[code(*place)] = shapely.difference(made[code(*place)], block(*hole))

    def add(place, *more):
        made[code(*place)] = shapely.union(made[code(*place)], block(*more))

    cut((0, 0), 160, 160, 200, 200)  # a gap between four cells
    cut((3, 1), 670, 270, 710, 310)  # a gap inside one cell
    add((1, 1), 400, 200, 420, 400)  # contested within a community
    add((4, 0), 1000, 0, 1020, 200)  # contested, and out of its community
    cut((4, 1), 970, 200, 1000, 400)
    add((5, 1), 970, 200, 1000, 400)  # out of its community, where nobody else is
    cut((7, 1), 1560, 300, 1600, 340)
    add((6, 0), 1560, 300, 1600, 340)  # a detached piece
    return made


def houses():
    """Forty households to a cell, two hundred and forty in one, two in another; and some special ones."""
    rows = []
    for c in range(10):
        for r in range(2):
            spots = [(c * 200 + x, r * 200 + y) for x, y in ((50, 50), (50, 120), (120, 50), (120, 120))]
            each = 10
            if (c, r) == (8, 0):
                spots = [(1600 + 20 + 40 * i, 20 + 50 * j) for i in range(5) for j in range(4)]
                each = 12
            elif (c, r) == (9, 0):
                spots, each = spots[:2], 1
            rows += [
                (f"H{c}{r}{n:02d}", point(*spot), {"households": each, "people": 2 * each, "declared_grid": code(c, r)})
                for n, spot in enumerate(spots)
            ]
    rows.append(("GAP", point(180, 180), {"households": 5, "people": 11}))
    rows.append(("LIST", point(470, 70), {"households": 1, "declared_grid": code(3, 0)}))
    rows.append(("CUT", point(1402, 290), {"households": 3, "footprint": block(1395, 280, 1410, 295)}))
    for row in rows:
        row[2].setdefault("footprint", None)
        row[2].setdefault("declared_grid", None)
        row[2].setdefault("people", 0)
    return rows


@pytest.fixture(scope="module")
def office(shared_database):
    """The cells in a database, judged once; four accounts."""
    with session(JOB) as conn:
        network = conn.execute(
            "INSERT INTO network (code, name, kind, households_min, households_max) VALUES (%s, '综合网', 'comprehensive', 10, 100) RETURNING id",
            (NET,),
        ).fetchone()[0]
        areas = [
            (WEST, block(0, 0, 1000, 400), {"name": "桥西社区", "level": "community"}),
            (EAST, block(1000, 0, 2000, 400), {"name": "桥东社区", "level": "community"}),
        ]
        store.write(conn, "areas", frame(areas), source_id=None)
        grids = [(c, s, {"name": f"网格{c[-6:]}", "kind": "general", "area_code": c[:12]}) for c, s in shapes().items()]
        store.write(conn, "grids", frame(grids), source_id=None, network_id=network)
        store.write(conn, "buildings", frame(houses()), source_id=None)
        conn.execute("UPDATE grid SET valid_from = valid_from - 30")
        conn.execute("INSERT INTO incident (code, title) VALUES ('E-none', '无坐标'), ('E-none2', '无坐标')")
        conn.execute(
            "INSERT INTO incident (code, title, geom) SELECT 'E-gap', '缝隙里', ST_GeomFromText(%s, 4490)",
            (point(170, 170).wkt,),
        )
        for name, role, reach, area in (
            ("planner", "planner", "office", None), ("supervisor", "supervisor", "office", None),
            ("local", "planner", "area", EAST), ("worker", "worker", "area", WEST),
        ):  # fmt: skip
            conn.execute("INSERT INTO account (name) VALUES (%s)", (name,))
            conn.execute(
                "INSERT INTO account_role (account_id, role) SELECT id, %s FROM account WHERE name = %s", (role, name)
            )
            conn.execute(
                "INSERT INTO account_scope (account_id, reach, area_id) SELECT c.id, %s, (SELECT id FROM area WHERE code = %s) FROM account c WHERE c.name = %s",
                (reach, area, name),
            )
    refresh(JOB, NET)
    return network


def ask(text, *values):
    with session(JOB) as conn:
        return conn.execute(text, values).fetchall()


def entry(rule, grid=None, building=None, kind=None, actor=SUPERVISOR, *, alone=False):
    """The entry of a rule at a grid (``alone``: at no other) or a building."""
    with session(actor) as conn:
        found = [
            e
            for e in ledger.entries(conn, NET, ledger.Query(rules=(rule,)), limit=None)
            if (grid is None or grid in e.grids)
            and (building is None or building in e.buildings)
            and (kind is None or e.subjects.get("kind") == kind)
            and (not alone or e.grids == [grid])
            and e.finding_id is not None
        ]
    assert len(found) == 1, [(e.rule, e.grids, e.buildings, e.subjects) for e in found]
    return found[0]


def offer(the_entry, action, actor=SUPERVISOR, **fields):
    with session(actor) as conn:
        given = remedies.offers(conn, the_entry)
    assert all(o.title and "{" not in o.title for o in given)
    assert len({o.key for o in given}) == len(given)
    chosen = [o for o in given if o.action == action and fields.items() <= o.fields.items()]
    assert chosen, [(o.action, o.fields) for o in given]
    return chosen[0]


def land(grid):
    """Shape of a grid in force."""
    row = ask("SELECT ST_AsBinary(geom) FROM grid WHERE code = %s AND valid_to IS NULL", grid)
    return shapely.from_wkb(row[0][0]) if row else None


def same(one, other):
    """Whether two shapes are the same but for the rounding of coordinates: a thousandth of a square metre."""
    return shapely.area(shapely.symmetric_difference(one, other)) < 1e-13


def whole():
    """Area of all grids, and whether any two overlap or any has a hole where it had none."""
    return ask("SELECT sum(area_m2(geom)), area_m2(ST_Union(geom)) FROM grid WHERE valid_to IS NULL")[0]


def state(entry_id):
    return ask("SELECT state, finding_id IS NULL FROM ledger WHERE id = %s", entry_id)[0]


def carry(the_entry, chosen):
    """Preview, propose and apply an offer; what it did."""
    before = ask("SELECT id, code, version, valid_to FROM grid ORDER BY id")
    acts_before = ask("SELECT count(*) FROM ledger_event WHERE ledger_id = %s AND act = 'proposal'", the_entry.id)[0][0]
    effect = remedies.preview(SUPERVISOR, the_entry, chosen)
    assert ask("SELECT id, code, version, valid_to FROM grid ORDER BY id") == before
    assert state(the_entry.id)[1] is False
    assert effect.able, [f.reason for f in effect.against]
    proposal = remedies.propose(SUPERVISOR, the_entry, chosen, "请规划员看看")
    with pytest.raises(PlannerOnly):
        remedies.apply(SUPERVISOR, proposal)
    done = remedies.apply(PLANNER, proposal)
    assert [b.grid for b in done.grids] == [b.grid for b in effect.grids]
    assert [b.households for b in done.grids] == [b.households for b in effect.grids]
    assert state(the_entry.id) == ("closed", True)
    with session(SUPERVISOR) as conn:
        kept = remedies.get(conn, proposal)
        acts = [event.act for event in ledger.history(conn, the_entry.id)]
    assert (kept.state, kept.title) == ("applied", chosen.title)
    assert kept.told.solved
    assert [f.rule for f in kept.told.gone] == [f.rule for f in done.gone]
    assert acts.count("proposal") == acts_before + 2
    assert "gone" in acts
    for balance in done.grids:
        versions = ask("SELECT version, valid_to FROM grid WHERE code = %s ORDER BY version", balance.grid)
        assert [v for v, _to in versions] == list(range(1, len(versions) + 1))
        assert sum(to is None for _v, to in versions) == (0 if balance.becomes == "ended" else 1)
    rows = ask(
        "SELECT action FROM audit WHERE after ->> 'proposal' = %s OR relation = 'proposal' AND subject = %s",
        str(proposal),
        str(proposal),
    )
    assert sorted(a for (a,) in rows) == sorted(
        [
            "propose",
            "apply",
            *({"changed": "redraw", "made": "create", "ended": "retire"}[b.becomes] for b in done.grids),
        ]
    )
    return proposal, done


def first(rule):
    with session(SUPERVISOR) as conn:
        return ledger.entries(conn, NET, ledger.Query(rules=(rule,)), limit=None)[0]


def test_a_task_is_given_done_and_never_closes_its_entry(office):
    lost = first("unlocated_record")
    with pytest.raises(OwnerBlind):
        remedies.make_task(SUPERVISOR, lost, offer(lost, "correct"), "worker")
    lost = entry("unclaimed_land", code(3, 1))
    chosen = offer(lost, "verify")
    day = ask("SELECT today()")[0][0]
    with pytest.raises(NotAllowed):
        remedies.make_task(PLANNER, lost, chosen, "worker", day)
    task = remedies.make_task(SUPERVISOR, lost, chosen, "worker", day + timedelta(days=3), "去看看")
    with session(WORKER) as conn:
        (mine,) = remedies.tasks(conn, mine=True)
    assert (mine.id, mine.owner, mine.overdue, mine.mine, mine.note) == (task, "worker", False, True, "去看看")
    with pytest.raises(ReasonMissing):
        remedies.finish_task(WORKER, task, "")
    remedies.finish_task(WORKER, task, "已定位")
    with pytest.raises(TaskOver):
        remedies.finish_task(WORKER, task, "再来")
    assert state(lost.id) == ("new", False)
    with session(SUPERVISOR) as conn:
        (kept,) = remedies.tasks(conn, lost.id)
        acts = [event.act for event in ledger.history(conn, lost.id)]
    assert (kept.result, kept.done_at is None) == ("已定位", False)
    assert acts.count("task") == 2


def test_a_gap_goes_to_a_neighbour_with_its_people_and_the_planner_can_take_it_back(office):
    gap = entry("unclaimed_land", code(0, 0))
    chosen = offer(gap, "give_gap", grid=code(0, 1))
    effect = remedies.preview(SUPERVISOR, gap, chosen)
    (balance,) = effect.grids
    assert balance.households == (40, 45)
    assert balance.people == (80, 91)
    assert balance.buildings == (4, 5)
    assert balance.area_m2[1] - balance.area_m2[0] == pytest.approx(1600, rel=0.01)
    assert (balance.low, balance.high, balance.fits) == (10, 100, True)
    assert effect.incidents == 1
    assert sorted(f.rule for f in effect.gone) == ["unassigned_building", "unclaimed_land"]
    assert effect.come == []
    assert [f["properties"]["grid"] for f in effect.shapes["features"]] == [code(0, 1)]
    assert effect.moved["features"][0]["properties"] == {"before": [], "after": [code(0, 1)]}
    total = whole()
    proposal, _done = carry(gap, chosen)
    assert whole()[1] - total[1] == pytest.approx(1600, rel=0.01)
    assert entry_gone("unassigned_building", "GAP")
    back = remedies.undo(PLANNER, proposal)
    effect = remedies.apply(PLANNER, back)
    assert sorted(f.rule for f in effect.come) == ["unassigned_building", "unclaimed_land"]
    assert state(gap.id) == ("new", False)
    assert same(land(code(0, 1)), cell(0, 1))
    assert ask("SELECT max(version) FROM grid WHERE code = %s", code(0, 1)) == [(3,)]
    carry(entry("unclaimed_land", code(0, 0)), offer(entry("unclaimed_land", code(0, 0)), "share_gap"))


def entry_gone(rule, building):
    return ask("SELECT state FROM ledger WHERE rule = %s AND %s = ANY (building_codes)", rule, building) == [
        ("closed",)
    ]


def test_a_gap_becomes_a_grid_under_a_code_never_used(office):
    gap = entry("unclaimed_land", code(3, 1))
    _proposal, done = carry(gap, offer(gap, "cover_gap"))
    (made,) = done.grids
    assert (made.grid, made.becomes) == (f"{WEST}011", "made")
    assert ask("SELECT name, area_code, version FROM grid WHERE code = %s", made.grid) == [("桥西社区-011", WEST, 1)]


def test_contested_land_goes_to_one_and_across_communities_to_each(office):
    contested = entry("contested_land", code(2, 1))
    carry(contested, offer(contested, "settle_overlap", grid=code(2, 1)))
    assert same(land(code(1, 1)), cell(1, 1))
    stray = entry("stray_part", code(4, 0), kind="outside")
    contested = entry("contested_land", code(4, 0))
    with session(SUPERVISOR) as conn:
        winners = [o.fields["grid"] for o in remedies.offers(conn, contested) if o.action == "settle_overlap"]
    assert winners == [code(5, 0)]  # the other one is out of its community there
    _proposal, done = carry(contested, offer(contested, "share_overlap"))
    assert {f.rule for f in done.gone} == {"contested_land", "stray_part"}
    assert state(stray.id) == ("closed", True)
    assert same(land(code(4, 0)), cell(4, 0))


def test_a_stray_part_goes_back_to_whose_land_it_is_and_a_detached_piece_to_its_neighbour(office):
    stray = entry("stray_part", code(5, 1), kind="outside")
    carry(stray, offer(stray, "cut_back"))
    assert same(land(code(4, 1)), cell(4, 1))
    piece = entry("stray_part", code(6, 0), kind="detached")
    carry(piece, offer(piece, "join_piece", into=code(7, 1)))
    assert same(land(code(7, 1)), cell(7, 1))


def test_a_border_is_led_around_a_building(office):
    cut = entry("boundary_building", building="CUT")
    with session(SUPERVISOR) as conn:
        assert [o.fields["grid"] for o in remedies.offers(conn, cut) if o.kind == "boundary"] == [
            code(7, 1),
            code(6, 1),
        ]
    carry(cut, offer(cut, "move_border", grid=code(6, 1)))
    assert shapely.covers(land(code(6, 1)), block(1395, 280, 1410, 295))
    assert ask(
        "SELECT g.code FROM assignment a JOIN grid g ON g.id = a.grid_id JOIN building b ON b.id = a.building_id WHERE b.code = 'CUT'"
    ) == [(code(6, 1),)]


def test_a_large_grid_is_split_evenly_and_a_small_one_merged(office):
    with session(JOB) as conn:  # somebody works in every grid there is; in a new one nobody does at first
        conn.execute("INSERT INTO person (code, name) SELECT code, '某人' FROM grid WHERE valid_to IS NULL")
        conn.execute(
            "INSERT INTO post (code, person_id, duty, network_id, grid_code) SELECT d || g.code, p.id, d, g.network_id, g.code"
            " FROM grid g JOIN person p USING (code), unnest(ARRAY['chief', 'worker']) d WHERE g.valid_to IS NULL"
        )
    refresh(JOB, NET)
    large = entry("grid_size", code(8, 0))
    _proposal, done = carry(large, offer(large, "split"))
    assert sorted(b.becomes for b in done.grids) == ["changed", "made", "made"]
    made = sorted(b.grid for b in done.grids if b.becomes == "made")
    assert sorted((f.rule, f.severity, f.grids[0]) for f in done.come) == [("unstaffed_grid", "blind", g) for g in made]
    held = [b.households[1] for b in done.grids]
    assert sum(held) == 240
    assert max(held) <= 100
    assert done.records == sum(b.buildings[1] for b in done.grids if b.becomes == "made") > 0
    assert all(b.fits for b in done.grids)
    small = entry("grid_size", code(9, 0))
    chosen = offer(small, "merge")
    assert chosen.fields["into"] != code(9, 0)
    _proposal, done = carry(small, chosen)
    assert {b.grid: b.becomes for b in done.grids} == {code(9, 0): "ended", chosen.fields["into"]: "changed"}
    assert land(code(9, 0)) is None
    staff = "SELECT p.duty, p.valid_to FROM post p JOIN person w ON w.id = p.person_id WHERE w.code = '{}' AND p.grid_code = '{}' ORDER BY 1"
    day = ask("SELECT today()")[0][0]
    assert ask(staff.format(code(9, 0), code(9, 0))) == [("chief", day), ("worker", day)], "they began today"
    assert ask(staff.format(code(9, 0), chosen.fields["into"])) == [("worker", None)], "there is a chief already"
    assert [p["goes_on"] is None for p in done.posts] == [True, False]


def test_records_are_put_right_at_once_by_who_may(office):
    listed = entry("unassigned_building", building="LIST")
    chosen = offer(listed, "declare")
    with pytest.raises(NotAllowed):
        remedies.correct(WORKER, listed, chosen)
    remedies.correct(SUPERVISOR, listed, chosen)
    assert ask("SELECT declared_grid FROM building WHERE code = 'LIST'") == [(code(2, 0),)]
    assert state(listed.id) == ("closed", True)
    with psycopg.connect(conninfo("atlas_owner")) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', true)")
        shape = shapely.difference(land(code(0, 1)), block(20, 320, 60, 360))
        conn.execute(
            "UPDATE grid SET geom = ST_Multi(ST_GeomFromWKB(%s, 4490)) WHERE code = %s AND valid_to IS NULL",
            (shapely.to_wkb(shape), code(0, 1)),
        )
    refresh(JOB, NET)
    lake = entry("unclaimed_land", code(0, 1), alone=True)
    chosen = offer(lake, "exclude")
    with pytest.raises(ReasonMissing):
        remedies.correct(SUPERVISOR, lake, chosen, " ")
    remedies.correct(SUPERVISOR, lake, chosen, "湖面")
    assert ask("SELECT code, reason FROM excluded") == [(f"gap-{lake.id}", "湖面")]
    assert state(lake.id) == ("closed", True)
    with pytest.raises(NothingLeft):
        remedies.preview(SUPERVISOR, lake, remedies.Offer(remedies.Kind.BOUNDARY, "cover_gap"))


def test_a_proposal_is_refused_when_a_grid_moved_when_it_breaks_something_and_out_of_scope(office):
    with psycopg.connect(conninfo("atlas_owner")) as conn:
        conn.execute("SELECT set_config('atlas.actor', 'job:test', true)")
        shape = shapely.difference(land(code(2, 0)), block(420, 20, 460, 40))
        conn.execute(
            "UPDATE grid SET geom = ST_Multi(ST_GeomFromWKB(%s, 4490)) WHERE code = %s AND valid_to IS NULL",
            (shapely.to_wkb(shape), code(2, 0)),
        )
    refresh(JOB, NET)
    gap = entry("unclaimed_land", code(2, 0))
    chosen = offer(gap, "give_gap")
    with pytest.raises(NotAllowed):
        remedies.preview(WORKER, gap, chosen)
    proposal = remedies.propose(SUPERVISOR, gap, chosen)
    with pytest.raises(NotFound):
        remedies.apply(LOCAL, proposal)  # a planner, of another community: he does not even see it
    # Somebody spoils the edit: its new shape now also takes land of a neighbour.
    twice = ask("SELECT edit FROM proposal WHERE id = %s", proposal)[0][0]
    wide = shapely.MultiPolygon([shapely.union(shapely.geometry.shape(twice[0]["geometry"]), block(590, 20, 620, 40))])
    twice[0]["geometry"] = shapely.geometry.mapping(wide)
    spoiled = ask(
        "INSERT INTO proposal (ledger_id, network_id, remedy, edit, effect) SELECT ledger_id, network_id, remedy, %s, effect FROM proposal WHERE id = %s RETURNING id",
        psycopg.types.json.Jsonb(twice), proposal,
    )[0][0]  # fmt: skip
    with pytest.raises(NewTrouble, match=code(3, 0)):
        remedies.apply(PLANNER, spoiled)
    assert ask("SELECT state FROM proposal WHERE id = %s", spoiled) == [("open",)]
    remedies.withdraw(SUPERVISOR, spoiled)
    with pytest.raises(NotOpen):
        remedies.apply(PLANNER, spoiled)
    other = remedies.propose(SUPERVISOR, gap, chosen)
    remedies.apply(PLANNER, proposal)
    with pytest.raises(GridMoved, match=code(2, 0)):
        remedies.apply(PLANNER, other)
    assert ask("SELECT state FROM proposal WHERE id = %s", other) == [("stale",)]
