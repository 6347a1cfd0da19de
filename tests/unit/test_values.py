"""Cells to canonical types: text, numbers, dates in every form, words of enums."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from gis.intake import values


def column(*cells):
    return pa.chunked_array([pa.array(cells)])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23", "2026-11-22T16:00Z"),
        ("2026/11/23", "2026-11-22T16:00Z"),
        ("2026/1/2 3:04:05", "2026-01-01T19:04:05Z"),
        ("2026.1.2", "2026-01-01T16:00Z"),
        ("20261123", "2026-11-22T16:00Z"),
        ("20261123094100", "2026-11-23T01:41Z"),
        ("2026年11月23日", "2026-11-22T16:00Z"),
        ("2026年1月3日 9时5分", "2026-01-03T01:05Z"),
        ("2026/11/23 下午 3:05", "2026-11-23T07:05Z"),
        ("民國112年3月5日", "2023-03-04T16:00Z"),
        ("民国112年3月5日", "2023-03-04T16:00Z"),
        ("112/03/05", "2023-03-04T16:00Z"),
        ("1120305", "2023-03-04T16:00Z"),
        ("46349", "2026-11-22T16:00Z"),
        ("46349.5", "2026-11-23T04:00Z"),
        ("2026-11-23T09:41:00+08:00", "2026-11-23T01:41Z"),
        ("2026-11-23T09:41:00Z", "2026-11-23T09:41Z"),
        ("2015-04-22T00:00:00+07:00", "2015-04-21T17:00Z"),
        ("1700000000", "2023-11-14T22:13:20Z"),
        ("1700000000000", "2023-11-14T22:13:20Z"),
        ("２０２６－１１－２３", "2026-11-22T16:00Z"),
    ],
)
def test_moments(text, moment):
    found = values.to_timestamp(column(text))
    assert found.series[0] == pd.Timestamp(moment)
    assert not found.failed[0]


@pytest.mark.parametrize("text", ["待定", "2026-13-45", "73.12.05", "昨天", "12"])
def test_moments_that_cannot_be_known_stay_empty_and_are_told(text):
    found = values.to_timestamp(column(text))
    assert found.series.isna()[0]
    assert found.failed[0]


def test_month_and_day_are_told_by_the_column_or_not_at_all():
    month_first = values.to_timestamp(column("10/21/18 0:00", "10/02/18 13:59"))
    assert month_first.series[1] == pd.Timestamp("2018-10-02T05:59Z")
    day_first = values.to_timestamp(column("21.10.2018", "02.10.2018"))
    assert day_first.series[1] == pd.Timestamp("2018-10-01T16:00Z")
    clock = values.to_timestamp(column("01/25/2018 12:00:00 AM", "01/02/2018 12:00:00 PM"))
    assert clock.series[1] == pd.Timestamp("2018-01-02T04:00Z")
    either = values.to_timestamp(column("01/02/2018", "03/04/2018"))
    assert either.series.isna().all()
    assert either.failed.all()


def test_days_and_bare_years():
    found = values.to_date(column("1998", "1998年", "1998-05", "2003年4月5日", None, "x"))
    days = [None if pd.isna(v) else v.strftime("%Y-%m-%d") for v in found.series]
    assert days == ["1998-01-01", "1998-01-01", "1998-05-01", "2003-04-05", None, None]
    assert found.failed.tolist() == [False] * 5 + [True]


def test_counts():
    found = values.to_integer(column("12", "12户", " 1,234 ", "３０", "3.0", "-5", "x", None, "", "99999999999", "无"))
    assert [None if pd.isna(v) else int(v) for v in found.series] == [
        12,
        12,
        1234,
        30,
        3,
        None,
        None,
        None,
        None,
        None,
        None,
    ]
    assert found.failed.tolist() == [False] * 5 + [True, True, False, False, True, False]


def test_numbers_with_commas():
    assert values.numbers(column("39,9042", "116,40")).tolist() == [39.9042, 116.4]
    assert values.numbers(column("1,017,901", "198,161")).tolist() == [1017901.0, 198161.0]
    assert values.numbers(column("1e308", "-1.5")).tolist() == [1e308, -1.5]


def test_text_and_codes():
    assert values.to_text(column("'001'", "'110105", "12.0", " a\u3000"), code=True).series.tolist() == [
        "001",
        "110105",
        "12",
        "a",
    ]
    assert values.to_text(column("12.0")).series.tolist() == ["12.0"]
    assert values.to_text(column(1000100.0, 1.5)).series.tolist() == ["1000100", "1.5"]
    assert values.to_text(column("NULL", "n/a", "", "无")).series.isna().all()
    assert values.to_text(column("Nan", "Null岛")).series.tolist() == ["Nan", "Null岛"]
    assert values.to_text(column("<script>alert(1)</script>", "=1+1")).series.tolist() == [
        "<script>alert(1)</script>",
        "=1+1",
    ]


def test_words_of_enums():
    found = values.to_enum(column("写字楼", "辦公", "Residential", "飞碟", "飞碟", None), "BuildingKind")
    assert found.series[:3].tolist() == ["office", "office", "residential"]
    assert found.series[3:].isna().all()
    assert found.unknown == {"飞碟": 2}


def test_text_that_did_not_decode_is_found():
    table = pa.table({"a": ["好", "坏\ufffd"], "b": [1, 2]})
    assert values.broken_text(table).tolist() == [False, True]
