"""A worker reports from a phone: in the right grid, with a picture, and nothing typed is lost to a bad line."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from gis.db.connection import session
from gis.vocabulary import Actor
from tests.browser import street

PHONE = {"width": 390, "height": 844}
JOB = Actor.job("test")
WORKER = "worker.phone"
DROPPED = 599
"""No answer has this number: it says that a request without an answer is no slip here. (404: the toolkit asks below the page.)"""


@pytest.fixture(scope="module")
def worker(pages):
    """A worker of the second community."""
    with session(JOB) as conn:
        conn.execute("INSERT INTO account (name) VALUES (%s) ON CONFLICT DO NOTHING", (WORKER,))
        conn.execute(
            "INSERT INTO account_role (account_id, role) SELECT id, 'worker' FROM account WHERE name = %s", (WORKER,)
        )
        conn.execute(
            "INSERT INTO account_scope (account_id, reach, area_id)"
            " SELECT a.id, 'area', r.id FROM account a, area r WHERE a.name = %s AND r.code = '110105001002'",
            (WORKER,),
        )
    return pages


def picture(folder):
    """A photo of a phone, with its time and place inside."""
    image = Image.effect_noise((900, 700), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Phone"
    exif.get_ifd(0x8769)[0x9003] = "2026:08:20 09:30:00"
    body = io.BytesIO()
    image.save(body, "JPEG", exif=exif)
    path = folder / "scene.jpg"
    path.write_bytes(body.getvalue())
    return path


def place(column, row):
    """Middle of a grid of the street."""
    middle = street.cell(column, row).centroid
    return {"longitude": middle.x, "latitude": middle.y, "accuracy": 8}


def cases(title):
    with session(JOB) as conn:
        return conn.execute(
            "SELECT i.code, i.kind, i.category, g.code, c.state, c.level, i.actor FROM"
            " (SELECT i.*, e.actor FROM incident i JOIN case_event e ON e.incident_id = i.id AND e.seq = 1) AS i"
            " JOIN casefile c ON c.incident_id = i.id LEFT JOIN grid g ON g.id = i.grid_id WHERE i.title = %s",
            (title,),
        ).fetchall()


def test_a_hazard_reported_over_a_bad_line_becomes_one_case_in_its_grid(visit, worker, tmp_path):
    page = visit(f"{worker}/report", size=PHONE, by=WORKER, wait=".report .send", allowed=(404, DROPPED))
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(place(4, 2))
    page.click("[data-kind=hazard]")
    page.fill("[name=category]", "消防")
    page.fill("[name=title]", "楼道堆放杂物,挡住消防通道")
    page.click(".choices button:has-text('较大')")
    page.click(".here")
    page.locator(".where", has_text="116.").wait_for()
    page.set_input_files(".report input[type=file]", picture(tmp_path))
    page.wait_for_selector(".thumbs img")
    # The tab is closed before it was sent: all of it is there again.
    page.locator(".kept", has_text="已存在本机").wait_for()
    page.goto("about:blank")
    page.goto(f"{worker}/report")
    page.wait_for_selector(".thumbs img")
    assert page.input_value("[name=title]") == "楼道堆放杂物,挡住消防通道"
    assert page.get_attribute("[data-kind=hazard]", "aria-checked") == "true"
    # The line is down: the report waits on the device, also over a reload.
    page.route("**/reports", lambda route: route.abort())
    page.click(".send")
    page.wait_for_selector(".lists .card")
    assert cases("楼道堆放杂物,挡住消防通道") == []
    page.goto("about:blank")
    page.unroute("**/reports")
    page.goto(f"{worker}/report")
    page.wait_for_selector(".card.done")
    told = page.inner_text(".card.done")
    found = cases("楼道堆放杂物,挡住消防通道")
    assert [(kind, category, grid, level, who) for _, kind, category, grid, _, level, who in found] == [
        ("hazard", "消防", street.code(4, 2), 2, WORKER)
    ]
    assert found[0][0] in told
    with session(JOB) as conn:
        media, body, taken = conn.execute(
            "SELECT p.media, p.body, to_char(p.taken_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') FROM photo p"
            " JOIN incident i ON i.id = p.incident_id WHERE i.code = %s",
            (found[0][0],),
        ).fetchone()
    assert (media, taken) == ("image/jpeg", "2026-08-20 09:30")
    assert not Image.open(io.BytesIO(body)).getexif()


def test_what_the_office_refuses_comes_back_to_be_changed(visit, worker):
    """The place lies in the other community: a sentence, and all that was typed."""
    page = visit(f"{worker}/report", size=PHONE, by=WORKER, wait=".report .send", allowed=(404, 400, 403))
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(place(4, 1))
    page.fill("[name=category]", "暴露垃圾")
    page.click(".send")
    assert "情况描述" in page.inner_text(".wrong")
    page.fill("[name=title]", "别人的社区")
    # A tap on the western half of the map: the whole street is in sight.
    page.click(".tap")
    page.wait_for_selector(".map canvas")
    page.locator(".map canvas").click(position={"x": 90, "y": 130})
    page.locator(".where", has_text="116.").wait_for()
    page.click(".send")
    page.wait_for_selector(".card .bad")
    assert cases("别人的社区") == []
    page.click(".card button:not(.quiet)")
    expect(page.locator("[name=title]")).to_have_value("别人的社区")
    page.click(".here")
    page.locator(".where", has_text="±").wait_for()
    page.click(".send")
    page.wait_for_selector(".card.done")
    assert len(cases("别人的社区")) == 1
