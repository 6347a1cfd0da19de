"""Versions of the duty list: a file comes whole, ends what was in force before and says what it changes."""

from __future__ import annotations

from datetime import date

import openpyxl
import pytest

from gis.datasets import Dataset
from gis.db.connection import session
from gis.errors import NotAllowed
from gis.intake.load import load
from gis.intake.prepare import prepare
from gis.records import duties
from gis.records import lists
from gis.vocabulary import Actor

JOB = Actor.job("test")
BOSS = Actor("zhang")
HEAD = ["序号", "事项名称", "领域", "清单", "小类", "牵头单位", "配合单位", "配合内容", "依据"]
OLD = [
    [1, "垃圾治理", "城市管理", "基本履职", "暴露垃圾、积存垃圾", "城管办", "环卫所", "夜间清运", "条例第一条"],
    [2, "噪声扰民", "生态环境", "配合履职", "噪声", "派出所", "社区", "上门劝导", ""],
    [3, "党的建设", "党的建设", "基本履职", "", "党建办", "", "", ""],
    [4, "渣土运输", "城市管理", "上级收回", "渣土", "市城管局", "", "", ""],
]
NEW = [
    [1, "党的建设", "党的建设", "基本履职", "", "党建办", "", "", ""],
    [2, "垃圾治理", "城市管理", "基本履职", "暴露垃圾、积存垃圾", "执法队", "环卫所", "夜间清运", "条例第一条"],
    [3, "噪声扰民", "生态环境", "配合履职", "噪声", "派出所", "社区", "上门劝导", ""],
    [4, "犬只管理", "平安建设", "配合履职", "流浪犬", "派出所", "社区", "登记", ""],
]


def take(tmp_path, rows, version, day, actor=BOSS, **more):
    book = openpyxl.Workbook()
    for row in [HEAD, *rows]:
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    prepared = prepare(str(tmp_path / "list.xlsx"), Dataset.DUTIES)
    wanted = lists.Version("履职事项清单", version, day, approved_by="街道党工委", append=more.pop("append", False))
    return load(actor, prepared, version=wanted, **more)


def lead(category, day):
    with session(JOB) as conn:
        return [(i.lead, i.version) for i in duties.nearest(conn, "matter", category, [], day)]


@pytest.mark.usefixtures("database")
def test_each_version_ends_the_one_before_and_says_what_it_changes(tmp_path):
    duties.claim(BOSS, "噪声", "城管办", date(2026, 1, 10))
    first = take(tmp_path, OLD, "2026-1", date(2026, 2, 1)).succession
    assert (first.ended, first.later) == (1, 0)
    (noise,) = [c for c in first.changes if c.item.category == "噪声"]  # known again by its category
    assert (noise.what, noise.before.lead, noise.after.lead, "lead" in noise.fields) == (
        "changed",
        "城管办",
        "派出所",
        True,
    )
    assert lead("积存垃圾", date(2026, 2, 1)) == [("城管办", "2026-1")]
    assert lead("噪声", date(2026, 1, 31)) == [("城管办", None)]
    assert lead("噪声", date(2026, 2, 1)) == [("派出所", "2026-1")]

    with pytest.raises(lists.VersionThere):
        take(tmp_path, NEW, "2026-1", date(2026, 7, 1))
    tried = take(tmp_path, NEW, "2026-2", date(2026, 7, 1), dry_run=True).succession
    assert lead("暴露垃圾", date(2026, 7, 1)) == [("城管办", "2026-1")]  # nothing was kept
    done = take(tmp_path, NEW, "2026-2", date(2026, 7, 1)).succession
    told = [(c.item.name, c.what, c.fields) for c in done.changes]
    assert told == [(c.item.name, c.what, c.fields) for c in tried.changes]
    assert told == [("垃圾治理", "changed", ("lead",)), ("犬只管理", "added", ()), ("渣土运输", "dropped", ())]
    assert lead("暴露垃圾", date(2026, 6, 30)) == [("城管办", "2026-1")]
    assert lead("暴露垃圾", date(2026, 7, 1)) == [("执法队", "2026-2")]
    assert lead("渣土", date(2026, 7, 1)) == []

    # one that begins in between ends where the next begins; one from the same day replaces it altogether
    take(tmp_path, OLD[:1], "2026-1b", date(2026, 4, 1))
    assert lead("暴露垃圾", date(2026, 6, 30)) == [("城管办", "2026-1b")]
    assert lead("噪声", date(2026, 4, 1)) == []
    assert lead("噪声", date(2026, 7, 1)) == [("派出所", "2026-2")]
    take(tmp_path, NEW[1:], "2026-2b", date(2026, 7, 1))
    assert lead("噪声", date(2026, 7, 1)) == [("派出所", "2026-2b")]
    with session(JOB) as conn:
        known = lists.versions(conn)
    assert [(v.version, v.void, v.items) for v in known] == [
        ("2026-2b", False, 3), ("2026-2", True, 4), ("2026-1b", False, 1), ("2026-1", False, 4),
    ]  # fmt: skip
    assert take(tmp_path, NEW[:1], "2026-2b", date(2026, 7, 1), append=True).succession.ended == 0
    with session(JOB) as conn:
        assert lists.get(conn, "2026-2b").items == 4


@pytest.mark.usefixtures("database")
def test_the_headings_of_a_printed_list_become_the_field_of_work(tmp_path):
    printed = [
        ["一、城市管理（2项）"], [1, "垃圾治理", None, "基本履职", "暴露垃圾", "城管办", "", "", ""],
        [2, "绿化养护", "园林", "基本履职", "绿地脏乱", "城管办", "", "", ""], ["二、平安建设（1项）"],
        [3, "噪声扰民", None, "配合履职", "噪声", "派出所", "", "", ""],
    ]  # fmt: skip
    report = take(tmp_path, printed, "1", date(2026, 2, 1))
    assert report.counts.inserted == 3
    with session(JOB) as conn:
        items = duties.of_list(conn, report.succession.list_id)
    assert [(i.number, i.name, i.domain) for i in items] == [
        ("1", "垃圾治理", "城市管理"), ("2", "绿化养护", "园林"), ("3", "噪声扰民", "平安建设"),
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
def test_a_claim_takes_one_category_out_of_an_item_that_names_several(tmp_path):
    take(tmp_path, OLD, "1", date(2026, 2, 1))
    duties.claim(BOSS, "积存垃圾", "渣土办", date(2026, 5, 1))
    assert lead("积存垃圾", date(2026, 5, 1)) == [("渣土办", None)]
    assert lead("暴露垃圾", date(2026, 5, 1)) == [("城管办", None)]
    assert lead("积存垃圾", date(2026, 4, 30)) == lead("暴露垃圾", date(2026, 4, 30)) == [("城管办", "1")]


@pytest.mark.usefixtures("database")
def test_a_version_is_refused_whole_and_only_the_office_writes_it(tmp_path):
    broken = [*OLD, [5, "", "", "基本履职", "犬", "派出所", "", "", ""]]
    with pytest.raises(lists.ListIncomplete):
        take(tmp_path, broken, "1", date(2026, 2, 1))
    with session(JOB) as conn:
        assert lists.versions(conn) == []
        conn.execute("INSERT INTO account (name) VALUES ('worker')")
        conn.execute(
            "INSERT INTO account_role (account_id, role) SELECT id, 'worker' FROM account WHERE name = 'worker'"
        )
        conn.execute(
            "INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name = 'worker'"
        )
    with pytest.raises(NotAllowed):
        take(tmp_path, OLD, "1", date(2026, 2, 1), actor=Actor("worker"))
