"""Categories: found as people say them, in versions, and matched across standards."""

from __future__ import annotations

import time
from datetime import date

import pytest

from gis.casework import categories
from gis.casework.categories import tables
from gis.casework.categories import taking
from gis.casework.cells import TableUnfit
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.vocabulary import Actor

ME = Actor("test")
DAY = date(2026, 11, 1)
HEADERS = ["代码", "名称", "大类", "类型", "同义词"]


@pytest.fixture(scope="module", autouse=True)
def office(shared_database):
    yield shared_database
    close_pools()


def names(words, kind=None, **more):
    with session(ME) as conn:
        return [found.name for found in categories.search(conn, words, kind, **more)]


def first(words, kind=None):
    with session(ME) as conn:
        found = categories.search(conn, words, kind)[0]
        return found.name, found.by


@pytest.mark.parametrize(
    ("words", "kind", "name", "by"),
    [
        ("暴露垃圾", "matter", "暴露垃圾", "name"),
        ("暴露", "matter", "暴露垃圾", "name"),
        ("僵尸车", None, "废弃车辆", "synonym"),
        ("baolulaji", None, "暴露垃圾", "pinyin"),
        ("Bao Lu", None, "暴露垃圾", "pinyin"),
        ("baolul", None, "暴露垃圾", "pinyin"),
        ("bllj", None, "暴露垃圾", "initials"),
        ("xiaoguanggao", "matter", "非法小广告", "pinyin"),  # of a synonym
        ("LVDI", "matter", "绿地脏乱", "pinyin"),
        ("06010", None, "暴露垃圾", "code"),
        ("0405", None, "店外经营", "code"),
        ("老板欠薪三个月不给工资", "dispute", "劳资", "sentence"),
        ("小区门口垃圾没人收好几天了", "matter", "暴露垃圾", "sentence"),
        ("楼下烧烤店占道经营油烟很大", "matter", "占道经营", "sentence"),
        ("电动车充电", "hazard", "电动自行车", "synonym"),
        ("经营 占道", "matter", "占道经营", "name"),
        ("66路公交", "matter", None, None),
        ("zzz", None, None, None),
        ("  ", None, None, None),
    ],
)
def test_a_class_is_found_as_people_say_it(words, kind, name, by):
    if name is None:
        assert names(words, kind) == []
    else:
        assert first(words, kind) == (name, by)


def test_old_and_new_codes_stand_side_by_side_and_lead_to_each_other():
    with session(ME) as conn:
        (found,) = categories.search(conn, "暴露垃圾", "matter", limit=1)
        assert found.codes == (("GB/T 47678.5", "2026", "06010"), ("GB/T 30428.2", "2013", "0102"))
        assert categories.search(conn, "暴露垃圾", "matter", day=date(2025, 1, 1), limit=1)[0].codes == (
            ("GB/T 30428.2", "2013", "0102"),
        )
        assert [(m.code, m.name, m.relation) for m in categories.across(conn, "GB/T 30428.2", "0405")] == [
            ("09005", "店外经营", "same")
        ]
        back = categories.across(conn, "GB/T 47678.5", "09006")
        assert {(m.code, m.relation) for m in back} == {("0406", "same"), ("0401", "wider")}


def test_large_classes_are_nobodys_to_report_and_a_code_follows_its_day():
    with session(ME) as conn:
        offered = {(row.kind, row.name) for row in tables.small(categories.listing(conn))}
        assert offered.isdisjoint({("matter", "市容环境"), ("matter", "施工管理"), ("part", "其他设施")})
        assert offered >= {("hazard", "消防"), ("dispute", "劳资"), ("enforcement", "占道经营"), ("matter", "暴露垃圾")}
        assert categories.code(conn, "matter", "暴露垃圾", DAY) == ("GB/T 47678.5", "06010")
        assert categories.code(conn, "matter", "暴露垃圾", date(2026, 6, 30)) == ("GB/T 30428.2", "0102")
        assert categories.code(conn, "matter", "路灯", DAY) == ("GB/T 30428.2", "0118")  # a part
        assert categories.code(conn, "hazard", "路灯", DAY) == ("", "")


def take(rows, headers=HEADERS, actor=ME, **more):
    given = {"standard": "GB/T 47678.5", "version": "1", "begins": date(2026, 7, 1), "source": "街道类别表"} | more
    body = [(n + 2, dict(zip(headers, row, strict=True))) for n, row in enumerate(rows)]
    return categories.take(actor, headers, body, **given)


def test_an_offices_table_replaces_the_examples_version_after_version(database):
    rows = [
        ("01001", "上水井盖", "01", "部件", "井盖"),
        ("01001", "乱丢烟头", "01", "事项", "烟头、丢烟"),
        ("06010", "暴露垃圾", "06", "", "垃圾"),
    ]
    assert take(rows, dry_run=True).new == 3
    assert names("烟头") == []
    assert take(rows) == taking.Taken(3, 0, 0)
    assert (names("yantou"), names("01001", "part"), names("01001", "matter")) == (
        ["乱丢烟头"],
        ["上水井盖"],
        ["乱丢烟头"],
    )
    assert names("店外经营", "matter")  # the other standard is still shipped
    with session(ME) as conn:
        assert {row.code for row in categories.listing(conn, "matter", "GB/T 47678.5")} == {"01001", "06010"}
    assert take(rows[1:], version="2", begins=date(2026, 10, 1), source="新版") == taking.Taken(2, 0, 2)
    with session(ME) as conn:
        told = [
            (row.version, row.valid_from, row.valid_to)
            for row in categories.listing(conn, "matter", "GB/T 47678.5")
            if row.code == "06010"
        ]
        assert told == [("1", date(2026, 7, 1), date(2026, 9, 30)), ("2", date(2026, 10, 1), None)]
        assert [row.version for row in categories.listing(conn, "part", "GB/T 47678.5", DAY)] == [
            "1"
        ]  # nothing was said of parts
    with session(Actor.job("x")) as conn:
        assert conn.execute("SELECT count(*) FROM audit WHERE relation = 'category'").fetchone() == (2,)


def test_a_table_with_a_fault_is_refused_whole_and_names_the_rows(database):
    with pytest.raises(TableUnfit) as refused:
        take(
            [
                ("0102", "暴露垃圾", "", "", ""),
                ("06011", "", "", "", ""),
                ("06012", "x", "", "什么", ""),
                ("06012", "y", "", "", ""),
            ]
        )
    for part in ("第 2 行", "2 或 5", "第 3 行没有名称", "第 4 行类型“什么”", "第 5 行代码 06012 重复"):
        assert part in refused.value.message
    with pytest.raises(TableUnfit, match="名称"):
        take([("06010",)], headers=["代码"])
    with session(Actor.job("x")) as conn:
        conn.execute("INSERT INTO account (name) VALUES ('walker')")
        conn.execute(
            "INSERT INTO account_role (account_id, role) SELECT id, 'worker' FROM account WHERE name = 'walker'"
        )
        conn.execute(
            "INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name = 'walker'"
        )
    with pytest.raises(NotAllowed):
        take([("06010", "暴露垃圾", "", "", "")], actor=Actor("walker"))


def test_a_cross_walk_may_be_taken_in(database):
    headers = ["标准", "代码", "对应标准", "对应代码", "关系"]
    row = dict(zip(headers, ["GB/T 30428.2", "0107", "GB/T 47678.5", "06099", "更窄"], strict=True))
    assert taking.take_matches(ME, headers, [(2, row)], source="对照") == 1
    with session(ME) as conn:
        assert [(m.code, m.relation) for m in categories.across(conn, "GB/T 47678.5", "06099")] == [("0107", "wider")]
        assert (
            categories.across(conn, "GB/T 30428.2", "0405") == []
        )  # the office's own replaces what is shipped between the two


def test_five_thousand_classes_are_searched_at_once(database):
    signs = "街道路灯垃圾车辆店外经营占绿化施工噪音河水电井盖消防楼顶广告"
    rows = [
        (
            f"{n:05d}",
            "".join(signs[(n * k + k) % len(signs)] for k in (1, 3, 7, 11, 13)) + str(n),
            "",
            "",
            "别名" + signs[n % 20] + signs[n % 23],
        )
        for n in range(5000)
    ]
    assert take(rows).new == 5000
    names("灯")  # reads and prepares the rows once
    for words in ("垃圾", "ldlj", "denglaji", "楼下的垃圾没有人收", "04999"):
        began = time.process_time()  # not the clock: others compute on this machine, too
        names(words)
        assert time.process_time() - began < 0.05
