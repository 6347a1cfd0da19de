"""What an office says of days, hours and limits: through the command line, files of the kinds offices have."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd
import pytest
from typer.testing import CliRunner

from gis.casework import limits
from gis.casework.calendar import Calendar
from gis.cli import assemble
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.vocabulary import Actor

JOB = Actor.job("test")


@pytest.fixture(autouse=True)
def office(database):
    yield database
    close_pools()


def run(*words):
    found = CliRunner().invoke(assemble(words[0]), list(map(str, words)), standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found.output


def asked(*words):
    return json.loads(run(*words, "--json", "-"))


def test_a_years_notice_is_taken_in_and_running_clocks_follow_it(tmp_path):
    assert asked("calendar", "due", "2026-12-31T17:00", 4, "work_hour") == {
        "due": "2027-01-01T04:00:00+00:00",
        "known": False,
    }
    assert "暂按周一至周五计算" in run("calendar", "show", "--year", 2027)
    with session(JOB) as conn:
        conn.execute("INSERT INTO incident (code, kind) VALUES ('x', 'matter')")
        conn.execute(
            "INSERT INTO case_clock (incident_id, stage, kind, amount, starts_at, due_at, provisional)"
            " SELECT id, 'handle', 'work_hour', 4, '2026-12-31 17:00+08', '2027-01-01 12:00+08', true FROM incident"
        )
    notice = tmp_path / "2027.csv"
    notice.write_text(
        "日期,至,是否上班,名称\n2027年1月1日,2027-01-03,放假,元旦\n2027/1/9,,上班,元旦\n", encoding="gb18030"
    )
    assert asked("calendar", "days", notice, "--source", "国办发明电〔2026〕9号", "--dry-run")["rows"] == 4
    assert asked("calendar", "days", notice, "--source", "国办发明电〔2026〕9号") == {
        "rows": 4,
        "ended": 0,
        "clocks": 1,
        "dry_run": False,
    }
    assert asked("calendar", "due", "2026-12-31T17:00", 4, "work_hour") == {
        "due": "2027-01-04T04:00:00+00:00",
        "known": True,
    }
    with session(JOB) as conn:
        assert conn.execute("SELECT due_at = '2027-01-04 12:00+08', provisional FROM case_clock").fetchone() == (
            True,
            False,
        )
    told = asked("calendar", "show", "--year", 2027)
    assert [(d["day"], d["working"], d["name"]) for d in told["days"]] == [
        ("2027-01-01", False, "元旦"),
        ("2027-01-09", True, "元旦"),
    ]


def test_hours_of_summer_and_winter(tmp_path):
    table = tmp_path / "hours.xlsx"
    rows = [
        ("8:30", "12:00", "10-01", "04-30"),
        ("13:30", "17:30", "10-01", "04-30"),
        ("8:30", "12:00", "5月1日", "9月30日"),
        ("14:30", "18:00", "5月1日", "9月30日"),
    ]
    pd.DataFrame(rows, columns=["上班", "下班", "季节起", "季节止"]).to_excel(table, index=False)
    run("calendar", "hours", table, "--source", "作息通知", "--from", "2026-01-01")
    with session(JOB) as conn:
        calendar = Calendar.of(conn)
    assert [f"{h.begins:%H:%M}" for h in calendar.hours(date(2026, 7, 1))] == ["08:30", "14:30"]
    assert [f"{h.begins:%H:%M}" for h in calendar.hours(date(2026, 12, 1))] == ["08:30", "13:30"]
    assert [f"{h.begins:%H:%M}" for h in calendar.hours(date(2025, 12, 1))] == [
        "09:00",
        "13:00",
    ]  # before: what is shipped
    run("calendar", "hours", table, "--source", "作息通知", "--from", "2026-01-01")  # again: no stretch counts twice
    with session(JOB) as conn:
        assert len(Calendar.of(conn).hours(date(2026, 7, 1))) == 2


def test_limits_of_the_office_version_after_version(tmp_path):
    table = tmp_path / "limits.csv"
    table.write_text(
        "类型,环节,计时,时限,小类,等级,预警比例\n事件,处置,工作小时,6,暴露垃圾,,50%\n事件,处置,工作日,3,,,\n事件,核查,工作日,不限,,,\n",
        encoding="utf-8",
    )
    run("calendar", "limits", table, "--from", "2026-01-01", "--source", "街道办〔2026〕1号")
    told = {
        row["stage"]: row
        for row in asked("calendar", "limits", "--category", "暴露垃圾", "--at", "2026-03-01")["limits"]
    }
    assert (told["handle"]["amount"], told["handle"]["warn_share"], told["handle"]["own"]) == (6, 0.5, True)
    assert "check" not in told  # said to be without limit
    assert told["accept"]["own"] is False
    table.write_text("类型,环节,计时,时限\n事件,处置,天,9\n", encoding="utf-8")
    run("calendar", "limits", table, "--from", "2026-06-01")
    with session(JOB) as conn:
        days = [
            limits.of(conn, "matter", "暴露垃圾", None, "patrol", date(2026, month, 1))["handle"].amount
            for month in (5, 6)
        ]
    assert days == [6, 9]


def test_categories_from_the_command_line(tmp_path):
    assert [one["name"] for one in asked("categories", "search", "bllj")["categories"]] == ["暴露垃圾"]
    table = tmp_path / "codes.csv"
    table.write_text("小类代码,小类名称,同义词\n06010,暴露垃圾,垃圾、臭\n06099,共享单车乱放,单车\n", encoding="gb18030")
    told = asked(
        "categories", "import", table, "--standard", "GB/T 47678.5", "--version", "街道", "--from", "2026-07-01"
    )
    assert told == {"new": 2, "changed": 0, "ended": 0, "dry_run": False}
    assert "共享单车乱放" in run("categories", "search", "danche")
    assert [one["code"] for one in asked("categories", "list", "--standard", "GB/T 47678.5")["categories"]] == [
        "06010",
        "06099",
    ]
    assert [one["name"] for one in asked("categories", "across", "0102", "--standard", "GB/T 30428.2")["matches"]] == [
        "暴露垃圾"
    ]
