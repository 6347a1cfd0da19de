"""Tables an office writes: a fault refuses the whole table and names the row."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from gis.casework import cells
from gis.casework import clocks
from gis.casework import limits
from gis.casework import notices
from gis.casework.categories import tables
from gis.casework.cells import TableUnfit
from gis.vocabulary import Actor


@pytest.mark.parametrize(
    ("take", "text", "why"),
    [
        (notices.take_days, "日期,是否上班\n2027-02-30,放假", "第 1 行日期“2027-02-30”"),
        (notices.take_days, "日期,是否上班\n2027-02-01,放假\n2027-02-01,上班", "第 2 行2027-02-01 既上班又放假"),
        (notices.take_days, "日期,是否上班\n2027-02-01,也许", "第 1 行是否上班“也许”"),
        (notices.take_days, "日期,至,是否上班\n2027-02-01,2027-05-01,放假", "第 1 行起止日期不合适"),
        (notices.take_days, "日期,名称\n2027-02-01,元旦", "缺少列:是否上班"),
        (notices.take_days, "日期,是否上班\n", "表里没有内容"),
        (notices.take_hours, "上班,下班\n18:00,9:00", "第 1 行下班不晚于上班"),
        (notices.take_hours, "上班,下班,季节起\n8:00,9:00,2月30日", "第 1 行季节“2月30日”"),
        (notices.take_limits, "类型,环节,计时,时限\n事件,办理,工作日,3", "第 1 行环节“办理”"),
        (notices.take_limits, "类型,环节,计时,时限\n事件,处置,工作日,-3", "第 1 行时限“-3”"),
        (notices.take_limits, "类型,环节,计时,时限\n事件,,工作日,3", "第 1 行缺少环节"),
        (notices.take_limits, "类型,环节,计时,时限\n事件,处置,工作日,", "第 1 行缺少时限"),
        (notices.take_limits, "类型,环节,计时,时限,预警比例\n事件,处置,工作日,3,120%", "第 1 行预警比例“120%”"),
    ],
)
def test_a_fault_refuses_the_table(take, text, why):
    lines = list(csv.reader(text.splitlines()))
    body = [(n, dict(zip(lines[0], row, strict=True))) for n, row in enumerate(lines[1:], 1)]
    more = {} if take is notices.take_days else {"begins": date(2026, 1, 1)}
    with pytest.raises(TableUnfit) as refused:
        take(Actor("nobody"), lines[0], body, source="x", **more)
    assert why in refused.value.message


@pytest.mark.parametrize(
    "text", ["2027-01-03", "2027/1/3", "2027年1月3日", "20270103", "2027-01-03 00:00:00", "2027.1.3"]
)
def test_days_are_read_as_offices_write_them(text):
    assert cells.day(text) == date(2027, 1, 3)


def test_what_is_shipped_is_sound():
    """Every row says where it comes from; nothing is said twice; the cross-walk leads to rows that are there."""
    rows = limits.shipped()
    assert len({(r.kind, r.category, r.level, r.channel, r.stage, r.valid_from) for r in rows}) == len(rows)
    for row in rows:
        assert row.clock in clocks.KINDS
        assert row.stage in limits.STAGES
        assert row.amount > 0
        assert 0 < row.warn_share <= 1
        assert row.source
    codes = {(c.standard, c.kind, c.code) for c in tables.shipped()}
    assert len(codes) == len(tables.shipped())
    assert all(c.source and c.example for c in tables.shipped())
    assert {r.category for r in rows} - {c.name for c in tables.shipped()} <= {
        "",
        "建筑垃圾",
        "积水",
        "绿地养护",
    }  # of city A
    for kind, standard, code, other, number, _relation, source in tables.shipped_matches():
        assert {(standard, kind, code), (other, kind, number)} <= codes
        assert source
