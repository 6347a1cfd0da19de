"""The verbs ``duties`` and ``whistle``: a list taken in, asked, changed, met about; a whistle from call to rating."""

from __future__ import annotations

import json

import openpyxl
import pytest

from gis.cli import assemble
from gis.db.connection import session
from gis.records import lists
from gis.vocabulary import Actor

JOB = Actor.job("test")
LAND = "ST_Multi(ST_MakeEnvelope(120, 30, 120.1, 30.1, 4490))"
STREET = f"""
INSERT INTO area (code, name, level, geom) VALUES ('A', 'A社区', 'community', {LAND});
INSERT INTO network (code, name, kind) VALUES ('comprehensive', '网', 'comprehensive');
INSERT INTO grid (network_id, code, name, area_id, geom, valid_from) VALUES (1, 'A1', '一网格', 1, {LAND}, '2026-01-01');
INSERT INTO person (code, name) VALUES ('w1', '王一');
INSERT INTO post (code, person_id, duty, network_id, grid_code, valid_from) VALUES ('p', 1, 'worker', 1, 'A1', '2026-01-01');
"""


@pytest.fixture
def run(database, capsys):
    """Run a command in this process; what it printed."""
    with session(JOB) as conn:
        conn.execute(STREET)

    def one(*words):
        capsys.readouterr()
        assemble(words[0])([*words], prog_name="gis", standalone_mode=False)
        return capsys.readouterr().out

    return one


def write(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return str(path)


def test_the_list_from_file_to_decision(run, tmp_path):
    heads = ["序号", "事项名称", "小类", "牵头单位", "配合单位", "配合内容"]
    old = write(
        tmp_path / "old.xlsx",
        [heads, [1, "垃圾治理", "暴露垃圾", "城管办", "环卫所", "清运"], [2, "噪声", "噪声", "", "", ""]],
    )
    new = write(
        tmp_path / "new.xlsx",
        [heads, [1, "垃圾治理", "暴露垃圾", "执法队", "环卫所", "清运"], [2, "噪声", "噪声", "", "", ""]],
    )
    take = ("duties", "import", "--name", "履职清单")
    run(*take, old, "--version", "1", "--from", "2026-01-01", "--approved-by", "街道")
    tried = json.loads(
        run(*take, new, "--version", "2", "--from", "2026-07-01", "--list", "shared", "--dry-run", "--json", "-")
    )
    assert (tried["ended"], {c["what"] for c in tried["changes"]}) == (2, {"changed"})
    assert "2 项到 2026-07-01 前一天为止" in run(*take, new, "--version", "2", "--from", "2026-07-01")
    with pytest.raises(lists.VersionThere):
        run(*take, new, "--version", "2", "--from", "2026-08-01")
    assert "牵头单位:城管办 → 执法队" in run("duties", "diff", "1", "2")
    assert "2026-01-01 – 2026-06-30" in run("duties", "lists")
    found = json.loads(
        run("duties", "who", "暴露垃圾", "--place", "120.02,30.05", "--day", "2026-06-30", "--json", "-")
    )
    assert (found["lead"], found["grid"], found["community"], found["people"][0]["name"]) == (
        "城管办",
        "A1",
        "A",
        "王一",
    )
    assert found["items"][0]["version"] == "1"
    assert "没有牵头单位" in run("duties", "who", "噪声", "--day", "2026-07-01")

    assert "第 1 条" in run("duties", "meeting", "put", "噪声", "--note", "无人牵头", "--case", "I1")
    assert "议题 1 条" in run("duties", "meeting", "plan", "2026-07-05", "--chair", "主任")
    assert "由派出所牵头" in run(
        "duties", "meeting", "decide", "1", "派出所", "--decision", "归派出所", "--from", "2026-07-06"
    )
    assert "办结 1 条" in run("duties", "meeting", "hold", "1", "--minutes", "议定一项")
    assert "归派出所" in run("duties", "meeting", "agenda", "--all")
    assert "牵头:派出所" in run("duties", "who", "噪声", "--day", "2026-07-06")
    assert "归派出所" in run("duties", "disputes", "matter/噪声/-/2026-07-06")
    run("duties", "claim", "犬只", "派出所", "--from", "2026-07-06", "--reason", "先定下来")
    assert "共 3 项" in run("duties", "list", "--day", "2026-07-06")
    assert "3 条" in run("duties", "export", str(tmp_path / "list.xlsx"), "--reason", "核对", "--day", "2026-07-06")
    assert "1 条" in run(
        "duties", "meeting", "export", str(tmp_path / "agenda.xlsx"), "--reason", "归档", "--meeting", "1"
    )


def test_a_whistle_by_the_command_line(run):
    told = run(
        "whistle", "blow", "管道漏气", "--effort", "已关阀", "--lead", "住建局", "--assists", "消防队、燃气公司", "--place", "120.02,30.05",
        "--occasion", "emergency", "--matter", "hazard", "--category", "燃气",
    )  # fmt: skip
    code = told.split("\t")[0]
    act = ("whistle", "act", code, "--do")
    assert "已吹哨" in told
    assert "待裁定" in run(*act, "refuse", "--unit", "住建局", "--note", "不归我局")
    ruled = run(*act, "arbitrate", "--note", "由燃气公司牵头", "--result", "excused", "--lead", "燃气公司")
    assert "燃气公司、消防队" in ruled
    run(*act, "arrive", "--unit", "燃气公司", "--place", "120.03,30.05")
    shown = run("whistle", "show", code)
    assert "签到位置离现场较远" in shown
    assert "handle" in shown
    run(*act, "handle", "--note", "已修好")
    assert "已评价" in run(*act, "rate", "--result", "good")
    assert "共 0 条" in run("whistle", "list")
    found = json.loads(run("whistle", "list", "--state", "rated", "--json", "-"))
    assert found["whistles"][0]["rating"] == "good"
