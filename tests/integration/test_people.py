"""People, posts, leave, organisations, visits, tracks, duties: in by file, tied to places, questioned, kept."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta

import geopandas as gpd
import openpyxl
import pytest
import shapely

from gis.datasets import Dataset
from gis.db.connection import session
from gis.errors import GridAtlasError
from gis.intake.errors import DatumUnknown
from gis.intake.errors import FieldsMissing
from gis.intake.errors import FileTooLarge
from gis.intake.errors import GpxWithout
from gis.intake.errors import NothingUsable
from gis.intake.errors import SourceForbidden
from gis.intake.errors import TimesMissing
from gis.intake.load import load
from gis.intake.prepare import prepare
from gis.vocabulary import Actor

JOB = Actor.job("test")
PERSON = Actor("zhang")

STREET = """
INSERT INTO area (code, name, level, geom) VALUES ('S', '街道', 'street', ST_Multi(ST_MakeEnvelope(120, 30, 120.04, 30.02, 4490)));
INSERT INTO area (code, name, level, parent_id, geom)
SELECT c, c, 'community', (SELECT id FROM area), ST_Multi(ST_MakeEnvelope(x, 30, x + 0.02, 30.02, 4490)) FROM (VALUES ('A', 120.0), ('B', 120.02)) AS v (c, x);
INSERT INTO network (code, name, kind) VALUES ('comprehensive', '综合网', 'comprehensive');
INSERT INTO grid (network_id, code, name, area_id, geom, valid_from)
SELECT 1, g, g, (SELECT id FROM area WHERE code = c), ST_Multi(ST_MakeEnvelope(x, 30, x + 0.01, 30.02, 4490)), '2020-01-01'
FROM (VALUES ('A1', 'A', 120.0), ('A2', 'A', 120.01), ('B1', 'B', 120.02), ('B2', 'B', 120.03)) AS v (g, c, x);
INSERT INTO building (code, households, geom) SELECT 'b' || g.code, 9, ST_PointOnSurface(g.geom) FROM grid g;
"""

PEOPLE = """工号,姓名,手机,岗位,网格编码,楼栋编码,上任日期,离任日期
W1,王一,138 0013 8000,网格长,A1,,2024-01-01,
W1,王一,138 0013 8000,楼栋长,,bA1,2024-01-01,
W2,李二,+86-13900139000,专职网格员,A2,,2024-03-01,2026-12-31
,赵三,13700137000,兼职网格员,B1,,2024-03-01,
W4,钱四,13600136000,专职网格员,Z9,,2024-03-01,
W5,孙五,123,专职网格员,A1,,2024-03-01,
W6,周六,13500135000,专职网格员,A1,,2024-03-01,2023-01-01
W7,吴七,13400134000,保洁,A1,,2024-03-01,
W8,郑八,13300133000,楼栋长,,bX,2024-03-01,
W1,王二,138 0013 8000,网格长,A2,,2024-01-01,
W2,李二,+86-13900139000,专职网格员,A2,,2025-03-01,
W9,冯九,,专职网格员,A2,,2024-13-45,
"""


@pytest.fixture
def street(database):
    """A street of two communities with two grids each, and who works there."""
    with session(JOB) as conn:
        conn.execute(STREET)
    return database


@pytest.fixture
def staffed(street, tmp_path):
    take(tmp_path, "people.csv", Dataset.PEOPLE, PEOPLE)
    return street


def ask(statement, *given):
    with session(JOB) as conn:
        return conn.execute(statement, given).fetchall()


def take(folder, name, dataset, text, *, actor=JOB, dry_run=False, **how):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load(actor, prepare(path, dataset, **how), rejects_path=folder / "rejects.csv", dry_run=dry_run)


def reasons(report):
    return dict(zip(report.rejects["row"], report.rejects["code"], strict=True))


def test_people_become_persons_and_posts_and_bad_rows_say_why(street, tmp_path):
    report = take(tmp_path, "people.csv", Dataset.PEOPLE, PEOPLE, actor=PERSON)
    assert (report.counts.inserted, report.rejected) == (4, 8)
    assert reasons(report) == {
        5: "grid_unknown", 6: "bad_phone", 7: "ends_early", 8: "no_duty", 9: "building_unknown",
        10: "person_differs", 11: "post_twice", 12: "bad_valid_from",
    }  # fmt: skip
    assert all(";" in words for words in report.rejects["reason"])  # each with a remedy
    assert "钱四" in (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig")
    assert ask("SELECT code, name, phone FROM person ORDER BY code") == [
        ("13700137000", "赵三", "13700137000"), ("W1", "王一", "13800138000"), ("W2", "李二", "13900139000"),
    ]  # fmt: skip
    found = ask(
        "SELECT p.code, t.duty, t.grid_code, b.code, a.code FROM post t JOIN person p ON p.id = t.person_id"
        " LEFT JOIN building b ON b.id = t.building_id JOIN area a ON a.id = t.area_id ORDER BY 1, 2"
    )
    assert found == [
        ("13700137000", "part_time", "B1", None, "B"), ("W1", "building_head", None, "bA1", "A"),
        ("W1", "chief", "A1", None, "A"), ("W2", "worker", "A2", None, "A"),
    ]  # fmt: skip
    assert ask("SELECT relation FROM audit WHERE actor = 'zhang' AND action = 'import'") == [("post",)]


def test_the_same_people_again_change_nothing_and_a_change_is_one(staffed, tmp_path):
    before = ask("SELECT count(*), max(updated_at) FROM post")
    again = take(tmp_path, "again.csv", Dataset.PEOPLE, PEOPLE)
    assert (again.counts.written, again.already, again.import_id) == (0, 1, None)
    assert ask("SELECT count(*), max(updated_at) FROM post") == before
    # the end of one post, another phone, another beginning of the same post: no second post
    text = "工号,姓名,手机,岗位,网格编码,任职日期,离任日期\nW1,王一,13800138001,网格长,A1,2024-02-01,2026-06-30\n"
    report = take(tmp_path, "later.csv", Dataset.PEOPLE, text)
    assert (report.counts.inserted, report.counts.updated) == (0, 1)
    assert ask("SELECT valid_from::text, valid_to::text FROM post WHERE duty = 'chief'") == [
        ("2024-02-01", "2026-06-30")
    ]
    assert ask("SELECT phone FROM person WHERE code = 'W1'") == [("13800138001",)]
    # he comes back after a break: a second post
    text = "工号,姓名,岗位,网格编码,任职日期\nW1,王一,网格长,A1,2026-09-01\n"
    assert take(tmp_path, "back.csv", Dataset.PEOPLE, text).counts.inserted == 1
    assert ask("SELECT count(*) FROM history WHERE relation IN ('post', 'person')") == [(2,)]


def test_people_from_a_workbook_leave_organisations_and_duties(street, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["人员名册"])
    sheet.append(["网格员编号", "姓名", "联系电话", "职务", "所属组织", "入职日期"])
    sheet.append([1001, "王一", 13800138000, "书记", "Z1", datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)])
    book.save(tmp_path / "people.xlsx")
    tree = "组织编码,组织名称,层级,上级组织,社区编码,楼栋编码\n" + "".join(
        f"{row}\n"
        for row in ("L1,楼栋小组,楼栋,X1,,bA1", "X1,小区支部,小区党支部,Z1,,", "Z1,社区总支,社区党总支,J1,A,", "J1,党工委,街道党工委,,S,",
                    "O1,孤儿,小区党支部,N1,,", "O2,孤儿之子,楼栋,O1,,", "W1,倒挂,街道,Z1,,")
    )  # fmt: skip
    report = take(tmp_path, "tree.csv", Dataset.ORGANISATIONS, tree)
    assert reasons(report) == {5: "parent_unknown", 6: "parent_unknown", 7: "parent_narrow"}
    assert ask("SELECT o.code, p.code, a.code FROM organisation o LEFT JOIN organisation p ON p.id = o.parent_id"
               " LEFT JOIN area a ON a.id = o.area_id ORDER BY o.id") == [
        ("J1", None, "S"), ("Z1", "J1", "A"), ("X1", "Z1", None), ("L1", "X1", "A"),
    ]  # fmt: skip
    assert take(tmp_path, "tree.csv", Dataset.ORGANISATIONS, tree).counts.written == 0
    report = load(JOB, prepare(tmp_path / "people.xlsx", Dataset.PEOPLE))
    assert report.counts.inserted == 1
    assert ask("SELECT p.code, p.phone, t.duty, a.code FROM post t JOIN person p ON p.id = t.person_id JOIN area a ON a.id = t.area_id") == [
        ("1001", "13800138000", "secretary", "A")
    ]  # fmt: skip
    leave = "工号,开始日期,结束日期\n1001,2026-03-01,2026-03-09\n13800138000,2026-05-01,\n9,2026-01-01,\n1001,2026-03-01,2026-03-02\n"
    report = take(tmp_path, "leave.csv", Dataset.LEAVES, leave)
    assert reasons(report) == {3: "person_unknown", 4: "leave_twice"}
    assert take(tmp_path, "leave.csv", Dataset.LEAVES, leave).counts.written == 0
    assert ask("SELECT begins::text, ends::text FROM leave ORDER BY begins") == [
        ("2026-03-01", "2026-03-09"),
        ("2026-05-01", None),
    ]
    duties = "事项编号,事项名称,清单,小类,牵头单位,辖区编码\nD1,占道经营,配合履职,占道经营,城管所,\nD2,噪声,基本履职,噪声,,A\nD3,噪声,基本,噪声,,Q\n"
    report = take(tmp_path, "duties.csv", Dataset.DUTIES, duties)
    assert reasons(report) == {3: "area_unknown"}
    assert ask("SELECT code, listing, kind, lead, area_code FROM duty ORDER BY code") == [
        ("D1", "shared", "matter", "城管所", None),
        ("D2", "street", "matter", "", "A"),
    ]
    assert take(tmp_path, "duties.csv", Dataset.DUTIES, duties).counts.written == 0


VISITS = """工号,走访时间,楼栋编码,经度,纬度,备注
W2,2026-03-01 09:00,,120.015,30.01,一
W2,2026-03-01 10:00,,120.016,30.011,二
13700137000,2026-03-01 09:30,bB1,120.025,30.01,三
W3,2026-03-01 09:30,,120.025,30.01,四
W2,,,120.015,30.01,五
"""


def test_visits_find_their_grid_their_person_and_come_once(staffed, tmp_path):
    report = take(tmp_path, "visits.csv", Dataset.VISITS, VISITS, datum="wgs84")
    assert (report.counts.inserted, reasons(report)) == (3, {4: "person_unknown", 5: "no_visited_at"})
    found = ask(
        "SELECT v.code, v.grid_code, a.code, counts FROM visit v JOIN area a ON a.id = v.area_id ORDER BY v.code"
    )
    assert found == [
        ("13700137000/20260301T013000Z/bB1", "B1", "B", True),
        ("W2/20260301T010000Z", "A2", "A", True), ("W2/20260301T020000Z", "A2", "A", True),
    ]  # fmt: skip
    assert take(tmp_path, "visits.csv", Dataset.VISITS, VISITS, datum="wgs84").counts.written == 0
    # another export of the same evenings, with one more row, gives that row only
    more = VISITS + "W2,2026-03-01 11:00,,120.016,30.011,六\n"
    assert take(tmp_path, "more.csv", Dataset.VISITS, more, datum="wgs84").counts.inserted == 1
    with pytest.raises(DatumUnknown):
        prepare(tmp_path / "visits.csv", Dataset.VISITS)


def gpx(points, mark="trkpt", head=""):
    rows = "".join(
        f'<{mark} lat="{y}" lon="{x}">' + (f"<time>{at}</time>" if at else "") + f"</{mark}>" for x, y, at in points
    )
    inside = f"<trk><name>早班</name><trkseg>{rows}</trkseg></trk>" if mark == "trkpt" else rows
    return f'<?xml version="1.0"?>{head}<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{inside}</gpx>'


def walk(start, count=10, x=120.011, y=30.005, step=0.0001, seconds=10):
    return [
        (round(x + k * step, 6), y, (start + timedelta(seconds=seconds * k)).strftime("%Y-%m-%dT%H:%M:%SZ"))
        for k in range(count)
    ]


NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


def test_a_gpx_gives_tracks_cut_at_pauses_and_only_what_was_walked_counts(staffed, tmp_path):
    # ten steps of 10 m, a leap of 1 km in 10 s, ten more steps; an hour later again
    points = walk(NOON) + walk(NOON + timedelta(seconds=100), x=120.022) + walk(NOON + timedelta(hours=1))
    report = take(tmp_path, "morning.gpx", Dataset.TRACKS, gpx(points), datum="wgs84", person="W2")
    assert (report.counts.inserted, report.rejected) == (2, 0)
    found = ask(
        "SELECT code, ST_NumPoints(geom), ST_NumGeometries(counted), doubts, ST_M(ST_StartPoint(geom)) FROM track ORDER BY started_at"
    )
    assert found == [
        ("W2/20260301T040000Z", 20, 2, ["speed"], NOON.timestamp()),
        ("W2/20260301T050000Z", 10, 1, [], (NOON + timedelta(hours=1)).timestamp()),
    ]
    assert take(tmp_path, "morning.gpx", Dataset.TRACKS, gpx(points), datum="wgs84", person="W2").counts.written == 0
    # rows of positions in a table give the same tracks
    table = "工号,定位时间,经度,纬度\n" + "".join(f"W2,{at},{x},{y}\n" for x, y, at in points)
    assert take(tmp_path, "points.csv", Dataset.TRACKS, table, datum="wgs84").counts.written == 0
    # nobody knows the way between positions ten minutes apart
    sparse = walk(NOON + timedelta(days=1), seconds=600)
    take(tmp_path, "sparse.gpx", Dataset.TRACKS, gpx(sparse), datum="wgs84", person="W2")
    assert ask("SELECT counted FROM track WHERE started_at > '2026-03-02'") == [(None,)]


def test_lines_keep_their_times_or_have_them_spread_and_say_so(staffed, tmp_path):
    line = shapely.LineString([(120.011, 30.005), (120.012, 30.005), (120.013, 30.005)])
    frame = gpd.GeoDataFrame(
        {"工号": ["W1", "W1"], "开始时间": ["2026-03-01 08:00", None], "结束时间": ["2026-03-01 08:03", None]},
        geometry=[line, line], crs=4490,
    )  # fmt: skip
    frame.to_file(tmp_path / "lines.gpkg", layer="轨迹")
    report = load(JOB, prepare(tmp_path / "lines.gpkg", Dataset.TRACKS))
    assert reasons(report) == {2: "no_times"}
    seconds = int(NOON.timestamp())
    text = f"工号;轨迹\nW2;LINESTRING M (120.011 30.015 {seconds}, 120.0112 30.015 {seconds + 60})\n"
    take(tmp_path, "timed.csv", Dataset.TRACKS, text, datum="wgs84", mapping={"wkt": "轨迹"})
    assert ask("SELECT p.code, doubts, ST_NumGeometries(counted), ended_at - started_at FROM track t JOIN person p ON p.id = t.person_id ORDER BY 1") == [
        ("W1", ["even"], 1, timedelta(minutes=3)), ("W2", [], 1, timedelta(minutes=1)),
    ]  # fmt: skip
    assert load(JOB, prepare(tmp_path / "lines.gpkg", Dataset.TRACKS)).counts.written == 0


def test_waypoints_are_visits(staffed, tmp_path):
    text = gpx([(120.015, 30.01, "2026-03-01T01:00:00Z"), (120.0151, 30.01, None)], mark="wpt")
    report = take(tmp_path, "way.gpx", Dataset.VISITS, text, datum="gcj02", person="13700137000")
    assert (report.counts.inserted, reasons(report)) == (1, {2: "no_visited_at"})
    ((x, grid),) = ask("SELECT ST_X(geom), grid_code FROM visit")
    assert abs(x - 120.015) > 0.001  # turned from GCJ-02: some 500 m
    assert grid == "A2"


@pytest.mark.parametrize(
    ("name", "dataset", "text", "error"),
    [
        ("bomb.gpx", Dataset.TRACKS, gpx(walk(NOON), head='<!DOCTYPE x [<!ENTITY a "b">]>'), SourceForbidden),
        ("late.gpx", Dataset.TRACKS, gpx(walk(NOON), head="<!--" + "x" * 9000 + '--><!DOCTYPE x [<!ENTITY a "b">]>'), GridAtlasError),
        ("timeless.gpx", Dataset.TRACKS, gpx([(120.01, 30.0, None)] * 3), TimesMissing),
        ("nothing.gpx", Dataset.TRACKS, gpx([(120.01, 30.0, "2026-03-01T01:00:00Z")], mark="wpt"), GpxWithout),
        ("many.gpx", Dataset.TRACKS, gpx(walk(NOON, count=60)), FileTooLarge),
        ("cut.gpx", Dataset.TRACKS, gpx(walk(NOON))[:-30], GridAtlasError),
        ("nameless.csv", Dataset.PEOPLE, "工号,手机,岗位\nW1,13800138000,网格长\n", FieldsMissing),
        ("timeless.csv", Dataset.VISITS, "工号,经度,纬度\nW1,120.1,30.1\n", FieldsMissing),
        ("points.csv", Dataset.TRACKS, "工号,经度,纬度\nW1,120.1,30.1\nW1,120.2,30.1\n", TimesMissing),
        ("lost.csv", Dataset.LEAVES, "工号,开始日期\nW1,2026-01-01\n", NothingUsable),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_sentence_and_a_remedy(street, tmp_path, monkeypatch, name, dataset, text, error):
    monkeypatch.setenv("GRIDATLAS_INTAKE_MAX_TRACK_POINTS", "50")
    with pytest.raises(error) as caught:
        take(
            tmp_path,
            name,
            dataset,
            text,
            datum="wgs84",
            person="W1" if dataset in (Dataset.VISITS, Dataset.TRACKS) else None,
        )
    assert caught.value.message
    assert caught.value.remedy
    assert ask("SELECT count(*) FROM import") == [(0,)]
