"""The list of cases as a file: what the actor may read and no more, in the order of the list, audited."""

from __future__ import annotations

import geopandas as gpd
import openpyxl
import pytest

from gis.casework import acts
from gis.casework import extract
from gis.casework import listing
from gis.coverage.extract import PurposeMissing
from gis.db.connection import close_pools
from gis.db.connection import session
from gis.vocabulary import Actor
from tests.rights import OFFICE

PEOPLE = """
INSERT INTO account (name, units) VALUES ('head', '{}'), ('unit', '{城管中队}');
INSERT INTO account_role (account_id, role) SELECT id, CASE name WHEN 'head' THEN 'supervisor' ELSE 'department' END
    FROM account WHERE name IN ('head', 'unit');
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name IN ('head', 'unit');
"""
HEAD, UNIT = Actor("head"), Actor("unit")


@pytest.fixture(scope="module")
def office(shared_database):
    with session(Actor.job("test")) as conn:
        conn.execute(OFFICE)
        conn.execute(PEOPLE)
    yield shared_database
    close_pools()


def export(actor, path, query=None, reason="月度会商"):
    with session(actor) as conn:
        return extract.export(conn, query or listing.Query(states=listing.OPEN), path, reason)


@pytest.mark.usefixtures("office")
def test_a_file_holds_what_the_actor_may_read_in_the_order_of_the_list(tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "PAGE", 2)  # several pages
    made = []
    for n in range(5):
        case = acts.report(HEAD, acts.Draft("matter", "占道经营", f"=占道{n} 13812345678", point=(120.02, 30.05)))
        made.append(acts.act(HEAD, case.incident_id, "accept", expected=case.seq))
    acts.act(HEAD, made[3].incident_id, "dispatch", expected=made[3].seq, data={"units": ["城管中队"]})
    query = listing.Query(states=listing.OPEN, category="占道经营")
    with session(HEAD) as conn:
        order = [row.code for row in listing.cases(conn, query)]

    assert export(HEAD, tmp_path / "all.xlsx", query) == 5
    book = openpyxl.load_workbook(tmp_path / "all.xlsx")
    rows = list(book.worksheets[1].iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == order
    assert {row[3][:3] for row in rows[1:]} == {"=占道"}, "what looks like a formula stays a word"
    assert all(cell.data_type != "f" for row in book.worksheets[1].iter_rows() for cell in row)
    assert "月度会商" in [row[1] for row in book.worksheets[0].iter_rows(values_only=True)]

    assert export(UNIT, tmp_path / "mine.gpkg") == 1
    mine = gpd.read_file(tmp_path / "mine.gpkg", layer="cases")
    assert list(mine.code) == [made[3].code]
    assert "13812345678" not in mine.title[0]
    assert (mine.geometry[0].x, mine.geometry[0].y) == pytest.approx((120.02, 30.05))
    with session(Actor.job("test")) as conn:
        told = conn.execute("SELECT actor, reason, after ->> 'rows' FROM audit WHERE action = 'export' ORDER BY seq")
        assert told.fetchall() == [("head", "月度会商", "5"), ("unit", "月度会商", "1")]
    with pytest.raises(PurposeMissing):
        export(HEAD, tmp_path / "none.xlsx", reason=" ")
