"""The duty list: whose a matter is, there and on that day."""

from __future__ import annotations

from datetime import UTC
from datetime import date
from datetime import datetime

import pytest

from gis.casework import resolver
from gis.db.connection import session
from gis.records import duties
from gis.vocabulary import Actor

JOB = Actor.job("test")
HERE = (120.02, 30.05)
DAY = date(2026, 7, 1)

STREET = """
INSERT INTO area (code, name, level, geom) VALUES ('S', '街道', 'street', ST_Multi(ST_MakeEnvelope(120, 30, 120.2, 30.1, 4490)));
INSERT INTO area (code, name, level, parent_id, geom)
SELECT c, c || '社区', 'community', a.id, ST_Multi(ST_MakeEnvelope(x, 30, x + 0.1, 30.1, 4490)) FROM (VALUES ('A', 120.0), ('B', 120.1)) AS v (c, x), area a;
INSERT INTO network (code, name, kind) VALUES ('comprehensive', '网', 'comprehensive');
INSERT INTO grid (network_id, code, name, area_id, geom, valid_from)
SELECT 1, c || '1', c || '一网格', a.id, a.geom, '2026-01-01' FROM (VALUES ('A'), ('B')) AS v (c) JOIN area a ON a.code = c;
INSERT INTO person (code, name, phone) VALUES ('w1', '王一', '13800001111');
INSERT INTO post (code, person_id, duty, network_id, grid_code, valid_from) VALUES ('p1', 1, 'worker', 1, 'A1', '2026-01-01');
INSERT INTO duty (code, name, kind, category, area_code, lead, assists, basis, valid_from, valid_to) VALUES
    ('1', '垃圾', 'matter', '暴露垃圾', NULL, '城管办', '环卫所、社区', '条例一', '2026-01-01', NULL),
    ('2', '垃圾', 'matter', '暴露垃圾', 'B', '物业办', '', '', '2026-01-01', '2026-06-30'),
    ('3', '噪声', 'matter', '噪声', 'S', '城管办', '', '', '2026-01-01', NULL),
    ('4', '噪声', 'matter', '噪声', 'S', '派出所', '', '', '2026-01-01', NULL),
    ('5', '噪声', 'matter', '噪声', 'A', ' ', '', '', '2026-01-01', NULL);
"""


@pytest.fixture(scope="module")
def street(shared_database):
    with session(JOB) as conn:
        conn.execute(STREET)
    return shared_database


@pytest.mark.usefixtures("street")
@pytest.mark.parametrize(
    ("point", "category", "at", "area", "expected"),
    [
        (HERE, "暴露垃圾", DAY, None, ("A1", "A", "城管办", None)),
        ((120.12, 30.05), "暴露垃圾", date(2026, 6, 30), None, ("B1", "B", "物业办", None)),
        # 16:00 UTC is midnight in the office: the community's own rule ended the day before
        ((120.12, 30.05), "暴露垃圾", datetime(2026, 6, 30, 16, tzinfo=UTC), None, ("B1", "B", "城管办", None)),
        ((120.12, 30.05), "暴露垃圾", datetime(2026, 6, 30, 15, 59, tzinfo=UTC), None, ("B1", "B", "物业办", None)),
        ((120.12, 30.05), "噪声", DAY, None, ("B1", "B", "", "several")),
        (HERE, "噪声", DAY, None, ("A1", "A", "", "none")),
        (None, "噪声", DAY, "B", (None, "B", "", "several")),
        ((121.0, 30.05), "暴露垃圾", DAY, None, (None, None, "城管办", None)),
        (None, "暴露垃圾", date(2025, 12, 31), None, (None, None, "", "none")),
        (HERE, "没有的小类", DAY, None, ("A1", "A", "", "none")),
    ],
)
def test_the_nearest_division_of_the_day_decides(point, category, at, area, expected):
    with session(JOB) as conn:
        found = resolver.resolve(conn, point, "matter", category, at, area)
    grid, community = found.grid and found.grid.code, found.community and found.community.code
    assert (grid, community, found.lead, found.problem) == expected


@pytest.mark.usefixtures("street")
def test_an_answer_names_people_assists_and_basis_and_is_frozen_whole():
    with session(JOB) as conn:
        found = resolver.resolve(conn, HERE, "matter", "暴露垃圾", DAY)
    assert [p.name for p in found.people] == ["王一"]
    assert (found.assists, found.basis) == (("环卫所", "社区"), "条例一")
    frozen = resolver.terms(found)
    assert (frozen["lead"], frozen["area"], frozen["grid"], frozen["items"][0]["code"]) == ("城管办", "A", "A1", "1")


@pytest.mark.usefixtures("street")
def test_twenty_versions_of_a_thousand_items_are_looked_up_by_index():
    with session(JOB) as conn:
        conn.execute(
            "INSERT INTO duty (code, name, category, lead, valid_from, valid_to) SELECT 'v' || v || '-' || i, '', '小类' || i || '、别名' || i, '单位' || i,"
            " date '2006-01-01' + 365 * v, date '2006-01-01' + 365 * v + 364 FROM generate_series(1, 20) AS v, generate_series(1, 1000) AS i"
        )
    given = {"kind": "matter", "category": "别名7", "areas": ["A", "S"], "day": DAY}
    with session(JOB) as conn:
        conn.execute("ANALYZE duty")
        # The text of duties_of(), which runs as the owner.
        inner = "SELECT d.id FROM duty d WHERE d.kind = %(kind)s AND d.categories @> ARRAY[%(category)s::text]"
        assert "duty_categories" in plan(conn, inner, given)
    with session(Actor("zhang")) as conn:  # under the policies of a person
        found = resolver.resolve(conn, HERE, "matter", "别名7", date(2026, 6, 1))
        assert (found.lead, len(found.items)) == ("单位7", 1)
        told = plan(conn, duties._queries.nearest.sql, given)
    assert "duty_pkey" in told
    assert "Seq Scan on duty d" not in told
    with session(JOB) as conn:
        conn.execute("DELETE FROM duty WHERE code LIKE 'v%'")


def plan(conn, text, given):
    return "\n".join(line for (line,) in conn.execute(f"EXPLAIN {text}", given))
