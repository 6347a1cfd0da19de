"""The list of cases: by clock, a page after another without loss or repeat, each only what he may see."""

from __future__ import annotations

from datetime import date

import pytest

from gis.casework import listing
from gis.casework.listing import Query
from gis.db.connection import session
from gis.vocabulary import Actor
from tests.conftest import fill_street

JOB = Actor.job("test")
SUPERVISOR, WORKER, DEPARTMENT, WALL = (Actor(name) for name in ("sun", "wang", "bu", "wall"))
PEOPLE = """
INSERT INTO account (name, display, units) VALUES ('sun', '孙督导', '{}'), ('wang', '王网格员', '{}'), ('bu', '城管', '{城管中队}'), ('wall', '', '{}');
INSERT INTO account_role (account_id, role) SELECT a.id, r.role FROM account a JOIN (VALUES ('sun', 'supervisor'), ('wang', 'worker'),
    ('bu', 'department'), ('wall', 'wall')) AS r (name, role) USING (name);
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name = 'wall';
INSERT INTO account_scope (account_id, reach, area_id) SELECT a.id, 'area', 3 FROM account a WHERE name IN ('sun', 'bu', 'wang');
DELETE FROM incident;
INSERT INTO incident (code, kind, category, title, address, channel, state, occurred_at, area_id, grid_id, geom)
SELECT 'C' || lpad(n::text, 4, '0'), (ARRAY['matter', 'hazard', 'dispute', 'enforcement'])[1 + n % 4], (ARRAY['暴露垃圾', '消防'])[1 + n % 2],
    CASE WHEN n % 7 = 0 THEN '楼下半夜施工噪音扰民,联系人张先生13812345678' ELSE '路面破损' END, '枫树路' || n || '号',
    (ARRAY['hotline', 'patrol'])[1 + n % 2], CASE WHEN n % 3 = 0 THEN '结案' ELSE '处置中' END,
    CASE WHEN n % 11 > 0 THEN timestamptz '2026-11-01 00:00+08' + n * interval '1 hour' END, 3 + n % 2, NULL,
    ST_SetSRID(ST_Point(121.40 + n / 1e5, 31.20), 4490)
FROM generate_series(1, 200) AS n;
UPDATE casefile SET due_at = now() + (incident_id % 9 - 4) * interval '1 day', warn_at = now() + (incident_id % 9 - 5) * interval '1 day'
WHERE state = 'handling' AND incident_id % 5 > 0;
UPDATE casefile SET suspended = true, due_at = NULL WHERE state = 'handling' AND incident_id % 10 = 0;
UPDATE casefile SET units = '{城管中队,市政所}', level = 2 WHERE incident_id % 4 = 1;
UPDATE casefile SET handler_id = (SELECT id FROM account WHERE name = 'wang') WHERE incident_id % 6 = 1;
"""


@pytest.fixture(scope="module")
def office(shared_database):
    """Two hundred cases in two communities, in every clock."""
    fill_street()
    with session(JOB) as conn:
        conn.execute(PEOPLE)
    return shared_database


def everything(conn, query, page):
    """All pages of a list, one after another."""
    found, after = [], None
    while rows := listing.cases(conn, query, after, page):
        assert len(rows) <= page
        found += rows
        after = rows[-1].place
    return found


@pytest.mark.parametrize("order", listing.ORDERS)
def test_pages_put_together_are_the_whole_list_once(office, order):
    with session(JOB) as conn:
        query = Query(order=order)
        rows = everything(conn, query, 7)
        assert [r.id for r in rows] == [r.id for r in listing.cases(conn, query, limit=500)]
        assert len({r.id for r in rows}) == len(rows) == 200 == listing.count(conn, query)
    moments = [r.occurred_at for r in rows if r.occurred_at]
    if order == "due":
        running = [r for r in rows if r.clock != "ended"]
        assert rows[: len(running)] == running
        dated = [r.due_at for r in running if r.due_at]
        assert [r.due_at for r in running[: len(dated)]] == dated == sorted(dated)
    else:
        assert moments == sorted(moments, reverse=order == "newest")
        assert all(r.occurred_at is None for r in rows[len(moments) :])
