"""Orders of the hotline and ledgers: their own words are understood, persons apart, duplicates shown, news an event."""

from __future__ import annotations

import sys
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from gis.casework import arrivals
from gis.casework import duplicates
from gis.casework import files
from gis.casework import flow
from gis.casework import listing
from gis.casework import twins
from gis.casework.acts import Draft
from gis.casework.acts import report
from gis.cli import main
from gis.datasets import Dataset
from gis.db.connection import session
from gis.intake.load import load
from gis.intake.prepare import prepare
from gis.vocabulary import Actor
from tests.conftest import fill_street

JOB = Actor.job("test")
SUPERVISOR, DEPARTMENT = Actor("sun"), Actor("bu")
PEOPLE = """
INSERT INTO account (name, units) VALUES ('sun', '{}'), ('bu', '{城管中队}');
INSERT INTO account_role (account_id, role) SELECT a.id, r.role FROM account a JOIN (VALUES ('sun', 'supervisor'), ('bu', 'department')) AS r (name, role) USING (name);
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name IN ('sun', 'bu');
DELETE FROM incident;
"""
HOTLINE = """工单编号,受理时间,诉求人,联系电话,诉求内容,诉求地址,诉求类型,承办单位,办结时限,工单状态,紧急程度,经度,纬度
12345-0001,2026-11-20 09:15,张小明,13812345678,枫树路12号楼下餐馆半夜施工噪音扰民,枫树路12号,噪音扰民,城管中队、环保所,2026-11-27 18:00,办理中,紧急,121.4020,31.2020
12345-0002,2026-11-20 21:40,李四,13900001111,枫树路12号餐馆夜里施工噪音太大扰民,枫树路12号,噪音扰民,城管中队,2026-11-27 18:00,办理中,一般,121.4021,31.2020
12345-0003,2026-11-21 08:00,,,桂花街路灯不亮,桂花街3号,路灯不亮,,,已办结,一般,121.4040,31.2030
12345-0004,2026-11-21 10:00,王五,13700002222,健康路5号下水道堵塞污水外溢,健康路5号,污水外溢,市政所,2026-11-28 18:00,待派单,一般,,
12345-0005,2026-11-22 10:30,赵六,13600003333,健康路 5 号下水道堵了污水往外冒,健康路 5 号,污水外溢,市政所,2026-11-28 18:00,待派单,一般,,
"""


@pytest.fixture(scope="module")
def office(shared_database):
    """The small street with its people, and no case."""
    fill_street()
    with session(JOB) as conn:
        conn.execute(PEOPLE)
    return shared_database


def take(folder, text, name="orders.csv", actor=JOB):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    prepared = prepare(path, Dataset.INCIDENTS, datum="cgcs2000")
    done = load(actor, prepared)
    return prepared, done, arrivals.settle(actor, done.import_id)


@pytest.fixture(scope="module")
def taken(office, tmp_path_factory):
    """The orders, taken in."""
    return take(tmp_path_factory.mktemp("orders"), HOTLINE)


def case(code):
    with session(JOB) as conn:
        return files.get(conn, code)


def test_every_column_of_an_order_finds_its_field(taken):
    prepared, done, _arrived = taken
    assert prepared.source.mapping == {
        "code": "工单编号", "occurred_at": "受理时间", "reporter": "诉求人", "phone": "联系电话", "title": "诉求内容",
        "address": "诉求地址", "category": "诉求类型", "unit": "承办单位", "due_at": "办结时限", "state": "工单状态",
        "level": "紧急程度", "@lon": "经度", "@lat": "纬度",
    }  # fmt: skip
    assert done.counts.inserted == 5
    found = case("12345-0001")
    assert (found.state, found.units, found.level) == ("handling", ["城管中队", "环保所"], 2)
    assert found.due_at == datetime(2026, 11, 27, 10, tzinfo=UTC)


LEDGERS = {
    "隐患台账.xlsx": (
        {"隐患编号": ["Y1"], "检查日期": ["2026/11/3"], "隐患地点": ["枫树路9号"], "隐患描述": ["楼道堆放杂物堵塞消防通道"], "类别": ["生命通道"],
         "隐患等级": ["重大隐患"], "整改责任单位": ["物业公司"], "整改期限": ["2026年11月10日"], "整改情况": ["整改中"], "销号日期": [None]},
        ("hazard", "生命通道", 1, ["物业公司"], "handling", "patrol"),
    ),
    "矛盾纠纷排查.xlsx": (
        {"编号": ["J1"], "排查日期": ["2026-11-04"], "纠纷地点": ["桂花街8号"], "纠纷简述": ["楼上漏水邻里争执"], "纠纷类别": ["邻里纠纷"],
         "主要当事人": ["钱某"], "联系电话": ["13611112222"], "化解时限": ["2026-12-04"], "化解情况": ["化解成功"], "化解日期": ["2026-11-09"]},
        ("dispute", "邻里纠纷", None, [], "closed", "patrol"),
    ),
    "城管案卷.xlsx": (
        {"任务号": ["R1"], "案卷类型": ["部件"], "大类名称": ["公用设施"], "小类名称": ["井盖破损"], "小类代码": ["01003"], "问题描述": ["井盖破损"],
         "上报时间": ["2026-11-05 10:00"], "立案时间": ["2026-11-05 11:00"], "处置部门": ["市政所"], "处置截止时间": ["2026-11-06 11:00"], "案卷状态": ["已派遣"]},
        ("matter", "井盖破损", None, ["市政所"], "dispatched", "other"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEDGERS)
def test_a_ledger_says_what_its_rows_are(office, tmp_path, name):
    columns, expected = LEDGERS[name]
    pd.DataFrame(columns).to_excel(tmp_path / name, index=False)
    prepared = prepare(tmp_path / name, Dataset.INCIDENTS)
    done = load(JOB, prepared)
    arrivals.settle(JOB, done.import_id)
    found = case(prepared.frame["code"].iloc[0])
    with session(JOB) as conn:
        told = conn.execute(
            "SELECT category, category_code, channel, (SELECT count(*) FROM reporter r WHERE r.incident_id = i.id) FROM incident i WHERE id = %s",
            (found.incident_id,),
        ).fetchone()
    assert (found.kind, told[0], found.level, found.units, found.state, told[2]) == expected
    assert told[1] == ("01003" if found.kind == "matter" else "")
    assert told[3] == 0  # the phone of a party is not that of a reporter


def test_who_reported_stands_apart_and_is_shown_to_few(taken):
    with session(SUPERVISOR) as conn:
        assert conn.execute("SELECT name, phone FROM reporter ORDER BY id").fetchone() == ("张小明", "13812345678")
        assert conn.execute("SELECT count(*) FROM reporter").fetchone() == (4,)
    number = case("12345-0001").incident_id
    with session(DEPARTMENT) as conn:
        assert conn.execute("SELECT * FROM reporter_mask(%s)", (number,)).fetchall() == [("张**", "138****5678")]
        assert (
            conn.execute("SELECT * FROM reveal_reporter(%s, '上门核实要打电话')", (number,)).fetchone()[1]
            == "13812345678"
        )
        assert conn.execute("SELECT * FROM reporter_mask(%s)", (case("12345-0003").incident_id,)).fetchall() == []
    with session(JOB) as conn:
        assert conn.execute("SELECT actor, reason FROM audit WHERE relation = 'reporter'").fetchall() == [
            ("bu", "上门核实要打电话")
        ]


def test_duplicates_are_found_by_place_and_by_address_and_nothing_is_dropped(taken):
    _prepared, _done, arrived = taken
    assert [(pair["row"], pair["code"], pair["other"]) for pair in arrived.twins.to_dict("records")] == [
        (2, "12345-0002", "12345-0001"),
        (5, "12345-0005", "12345-0004"),
    ]
    assert "同一小类" in arrived.twins["why"][0]
    with session(JOB) as conn:
        marked = {row.code: row.twin for row in listing.cases(conn, listing.Query(channel="hotline"))}
        assert marked == {f"12345-000{n}": n != 3 for n in range(1, 6)}
        assert listing.count(conn, listing.Query(twins=True)) == 4


def test_a_supervisor_who_imports_is_told_the_same(taken, tmp_path):
    head, first, *_rest = HOTLINE.splitlines()
    _prepared, done, arrived = take(
        tmp_path, f"{head}\n{first.replace('12345-0001', '12345-2001')}\n", actor=SUPERVISOR
    )
    assert (done.counts.inserted, arrived.rows) == (1, 1)
    assert set(arrived.twins["other"]) == {"12345-0001", "12345-0002"}
    assert case("12345-2001").due_at is not None
    with session(JOB) as conn:
        conn.execute("DELETE FROM incident WHERE code = '12345-2001'")


def test_the_command_line_lists_the_pairs_and_names_the_profile(taken, tmp_path, monkeypatch, capsys):
    def gis(*words):
        monkeypatch.setattr(sys, "argv", ["gis", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    monkeypatch.setenv("GRIDATLAS_LANGUAGE", "zh_CN")
    number = taken[1].import_id
    told = gis("case", "twins", number).splitlines()
    assert [line.split("\t")[1:3] for line in told[:2]] == [["12345-0002", "12345-0001"], ["12345-0005", "12345-0004"]]
    assert told[2:] == ["共 2 对。"]
    path = tmp_path / "more.csv"
    path.write_text(HOTLINE.replace("12345-000", "12345-100"), encoding="utf-8")
    out = gis("import", "incidents", path, "--datum", "cgcs2000")
    assert "按“12345 热线工单”的表头读取。" in out
    assert "有 5 行可能与已有的或同一文件里的案件重复" in out
    assert "13812345678" not in out
    with session(JOB) as conn:
        conn.execute("DELETE FROM incident WHERE code LIKE '12345-100%'")


def test_a_later_file_is_an_event_and_the_events_say_what_is_stored(taken, tmp_path):
    later = HOTLINE.replace(
        "城管中队、环保所,2026-11-27 18:00,办理中,紧急", "环保所,2026-11-29 18:00,已办结,特急"
    ).replace("待派单,一般,,\n12345-0005", "待派单,重大,,\n12345-0005")
    _prepared, done, arrived = take(tmp_path, later)
    assert (done.counts.updated, done.counts.unchanged, arrived.rows) == (2, 3, 0)
    first, fourth = case("12345-0001"), case("12345-0004")
    assert (first.state, first.units, first.level, first.due_at) == ("closed", ["环保所"], 1, None)
    assert (fourth.state, fourth.level, fourth.seq) == ("filed", 1, 2)
    with session(JOB) as conn:
        for stored in (first, fourth):
            events = [
                flow.Event(e.act, e.actor, e.note, e.data, e.state) for e in files.history(conn, stored.incident_id)
            ]
            told = flow.replay(events, stored.kind, stored.channel)
            assert (told.state, told.level, list(told.units)) == (stored.state, stored.level, stored.units)
    assert load(JOB, prepare(tmp_path / "orders.csv", Dataset.INCIDENTS, datum="cgcs2000")).counts.written == 0


def test_whoever_reports_is_shown_what_is_known_there(taken):
    at = datetime(2026, 11, 20, 14, tzinfo=UTC)
    with session(SUPERVISOR) as conn:
        found = duplicates.find(conn, (121.4020, 31.2021), at, "matter", "噪音扰民", "12号餐馆施工噪音扰民")
        assert {one.code for one in found} == {"12345-0001", "12345-0002"}
        assert all(one.distance_m < 50 and 0.65 <= one.score <= 1 for one in found)
        assert (
            duplicates.find(
                conn, (121.4020, 31.2021), at + timedelta(days=30), "matter", "噪音扰民", "12号餐馆施工噪音扰民"
            )
            == []
        )
        assert duplicates.find(conn, (121.4100, 31.2021), at, "matter", "噪音扰民", "12号餐馆施工噪音扰民") == []
        named = duplicates.find(
            conn, None, at + timedelta(days=1), "matter", "污水外溢", "健康路5号下水道污水外溢", address="健康路5号"
        )
        assert [one.code for one in named] == ["12345-0004"]
    made = report(
        SUPERVISOR,
        Draft(
            "matter", "噪音扰民", "枫树路12号餐馆夜里施工噪音扰民", "枫树路12号", (121.4020, 31.2021), occurred_at=at
        ),
    )
    with session(JOB) as conn:
        links = conn.execute(
            "SELECT count(*) FROM case_link WHERE incident_id = %s AND relation = 'duplicate'", (made.incident_id,)
        ).fetchone()
        assert links[0] >= 1


def test_pairs_are_those_a_slow_look_finds():
    rng = np.random.default_rng(5)
    n, new, by = 400, 150, duplicates.policy()
    pool = pd.DataFrame({
        "id": np.arange(n), "x": 121.4 + rng.integers(0, 40, n) * 0.0002, "y": 31.2 + rng.integers(0, 40, n) * 0.0002,
        "at": rng.integers(0, 60 * 86_400, n), "class": 0, "address": rng.integers(0, 30, n),
    })  # fmt: skip
    pool.loc[rng.random(n) < 0.2, ["x", "y"]] = np.nan
    ones, others = twins.neighbours(pool, new, by)
    expected = set()
    for a in range(n - new, n):
        for b in range(n):
            late = b < n - new or (pool["at"][b], b) < (pool["at"][a], a)
            lost = np.isnan(pool["x"][a]) or np.isnan(pool["x"][b])
            far = float(twins.distances(pool, np.array([a]), np.array([b]))[0])
            near = pool["address"][a] == pool["address"][b] if lost else far <= by.radius_m
            if a != b and late and near and abs(pool["at"][a] - pool["at"][b]) <= by.days * 86_400:
                expected.add((a, b))
    assert expected
    assert set(zip(ones.tolist(), others.tolist(), strict=True)) == expected


def test_a_place_with_a_thousand_orders_stays_bounded():
    by = duplicates.policy()
    pool = pd.DataFrame({"id": np.arange(3000), "x": 121.4, "y": 31.2, "at": np.arange(3000), "class": 0, "address": 1})
    ones, _others = twins.neighbours(pool, 3000, by)
    assert len(ones) <= 3000 * by.nearest


def test_a_hazard_that_comes_back_in_a_file_is_linked_to_the_one_it_is_a_relapse_of(office, tmp_path):
    take(tmp_path, """编号,类别,小类,描述,状态,发生时间,办结时间,经度,纬度
RL-1,隐患,消防,通道堆物,已销号,2026-08-01 09:00,2026-08-10 09:00,121.4110,31.2110
RL-2,隐患,消防,通道堆物,整改中,2026-09-20 09:00,,121.4111,31.2110
RL-3,隐患,消防,通道堆物,整改中,2026-09-20 09:00,,121.4150,31.2110
RL-4,隐患,燃气,软管老化,整改中,2026-09-20 09:00,,121.4111,31.2110
""", "ledger.csv")  # fmt: skip
    with session(JOB) as conn:
        linked = conn.execute(
            "SELECT i.code, o.code FROM case_link l JOIN incident i ON i.id = l.incident_id JOIN incident o ON o.id = l.other_id"
            " WHERE l.relation = 'relapse' AND i.code LIKE 'RL-%'"
        ).fetchall()
    assert linked == [("RL-2", "RL-1")]
