"""Cases in a real browser: a hazard from dispatch to its end by other hands at each step, who sees what, two at once, whose a place is."""

from __future__ import annotations

import io
import os
import re
from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest
from PIL import ExifTags
from PIL import Image

from gis.access import accounts
from gis.casework import acts
from gis.casework import files
from gis.casework import meeting
from gis.casework.photos import Picture
from gis.db.connection import session
from gis.vocabulary import Actor
from tests.browser import street
from tests.browser.conftest import new_database
from tests.browser.conftest import serving
from tests.browser.test_coverage import CHINESE
from tests.browser.test_coverage import LATIN
from tests.browser.test_coverage import ROWS
from tests.browser.test_coverage import chrome
from tests.browser.test_coverage import settled

SMALL = {"width": 1000, "height": 640}
"""A desk whose map costs little to draw: the case stands below it."""
PHONE = {"width": 390, "height": 780}
BELOW = (404,)
"""The toolkit probes its addresses below the page's own path first."""
DETAIL = ".st-key-detail"
FIRE, SWEEPERS, SAFETY = "消防救援大队", "环卫中心", "应急管理办公室"
PEOPLE = (
    ("lead", "李督导", "supervisor", ()), ("boss", "陈书记", "leader", ()), ("work", "王网格员", "worker", ()),
    ("mate", "赵网格员", "worker", ()), ("fire", "消防小孙", "department", (FIRE,)),
    ("sweep", "环卫小吴", "department", (SWEEPERS,)),
)  # fmt: skip
DUTIES = """
INSERT INTO duty (code, name, kind, category, lead, assists, basis) VALUES
    ('h1', '消防隐患', 'hazard', '消防通道', %(fire)s, %(safety)s, '消防法第二十八条'),
    ('m1', '暴露垃圾', 'matter', '暴露垃圾', %(sweep)s, '', '条例第三条')
"""
NAMES = (
    *(
        "中文",
        "陈书记",
        "王网格员",
        "翠湖社区",
        "锦绣里社区",
        "样板街道",
        "绿化带垃圾",
        "路口垃圾,联系人:张三丰",
        "路口垃圾,联系人:张",
        "路口垃圾",
        "楼道堆物",
        "堆放杂物",
    ),
    *(FIRE, SWEEPERS, SAFETY, "消防通道", "暴露垃圾", "条例第三条"),
)
"""What is Chinese on an English page by right: names, and what people wrote."""
WEST = street.cell(0, 0).centroid


@pytest.fixture(scope="module")
def office(server, tmp_path_factory):
    """Serve a street of its own that these tests write to, with people of each role; the address."""
    with new_database(f"cases{os.getpid()}") as name:
        street.build()
        with session(street.JOB) as conn:
            for account, display, role, units in PEOPLE:
                accounts.add(conn, account, display=display, roles=[role], scopes=["office"])
                accounts.set_units(conn, account, units)
            conn.execute(DUTIES, {"fire": FIRE, "safety": SAFETY, "sweep": SWEEPERS})
        with serving(tmp_path_factory.mktemp("cases"), GRIDATLAS_DATABASE_NAME=name) as address:
            yield address


def photo(day, colour):
    """A photo as a phone takes it: with its time and its place, the middle of the first grid."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{day:%Y:%m:%d %H:%M:%S}"
    for key, side, value, letter in ((2, 1, WEST.y, "N"), (4, 3, WEST.x, "E")):
        minutes = (value % 1) * 60
        exif.get_ifd(ExifTags.IFD.GPSInfo)[side] = letter
        exif.get_ifd(ExifTags.IFD.GPSInfo)[key] = (int(value), int(minutes), round(minutes % 1 * 60, 3))
    body = io.BytesIO()
    Image.new("RGB", (120, 90), colour).save(body, "JPEG", exif=exif)
    return body.getvalue()


def reported(kind, category, title, **more):
    """A case that a worker reported."""
    draft = acts.Draft(kind=kind, category=category, title=title, point=(WEST.x, WEST.y), **more)
    return acts.report(Actor("work"), draft)


def stands(code):
    with session(street.JOB) as conn:
        return files.get(conn, code)


def opened(visit, office, code, by, **more):
    page = visit(f"{office}/cases?case={code}", by=by, wait=DETAIL, allowed=BELOW, **{"size": SMALL, **more})
    settled(page)
    return page


def press(page, act):
    """Open the form of an act; it."""
    page.locator(f".st-key-act-{act} button").click()
    form = page.locator(".st-key-doing")
    form.get_by_role("button", name="取消").wait_for()
    settled(page)
    return form


def send(page, *words):
    """Send the form that is open, and wait until the case says these words."""
    page.locator(".st-key-doing-send button").click()
    for word in words:
        page.locator(DETAIL).get_by_text(word).first.wait_for()
    page.locator(".st-key-doing").wait_for(state="detached")
    settled(page)


def part(page, name):
    page.locator(DETAIL).get_by_role("radio", name=re.compile(name)).click()
    settled(page)


def test_a_hazard_goes_through_other_hands_to_its_end(office, visit, tmp_path):
    taken = datetime.now(UTC) - timedelta(days=2)
    case = reported(
        "hazard", "消防通道", "消防通道堆放杂物", photos=[Picture(photo(taken, "gray"), "before.jpg", "before")]
    )
    lead = opened(visit, office, case.code, "lead")
    press(lead, "accept").get_by_role("radio", name="一般").click()
    send(lead, "待派遣", "一般")
    press(lead, "dispatch").get_by_text(FIRE).wait_for()  # the duty list names the receiver
    send(lead, "待处置")
    part(lead, "吹哨")
    lead.locator(".st-key-whistle-new button").click()
    lead.get_by_role("textbox", name="自行处置情况").fill("已劝离,当事人又堆了回来")
    lead.locator(".st-key-whistle-send button").click()
    lead.locator(DETAIL).get_by_text("待批准").first.wait_for()

    boss = opened(visit, office, case.code, "boss")
    part(boss, "吹哨")
    boss.locator("[class*=st-key-whistle-approve] button").click()
    boss.locator(".st-key-whistle-send button").click()
    boss.locator(DETAIL).get_by_text("已吹哨").first.wait_for()
    boss.context.close()

    fire = opened(visit, office, case.code, "fire")
    assert fire.locator(".st-key-act-dispatch, .st-key-act-close").count() == 0, (
        "a unit sends nothing on and closes nothing"
    )
    part(fire, "吹哨")
    fire.locator("[class*=st-key-whistle-arrive] button").click()
    fire.locator(".st-key-whistle-send button").click()
    fire.locator(DETAIL).get_by_text("签到没有位置").first.wait_for()
    press(fire, "begin")
    send(fire, "处置中")
    form = press(fire, "answer")
    fire.locator(".st-key-doing-send button").click()
    form.get_by_text("“反馈”要写明情况或理由").wait_for()
    form.get_by_text("这一项必填").wait_for()
    form.locator("textarea").last.fill("杂物已清走")
    send(fire, "待核查")
    assert fire.locator(".st-key-act-check").count() == 0, "who answered does not check"
    fire.context.close()

    after = tmp_path / "after.jpg"
    after.write_bytes(photo(datetime.now(UTC) - timedelta(hours=1), "white"))
    mate = opened(visit, office, case.code, "mate")
    form = press(mate, "check")
    form.get_by_role("radio", name="通过", exact=True).click()
    settled(mate)
    form.locator("input[type=file]").set_input_files(after)
    form.get_by_text("照片内容").wait_for()
    send(mate, "待结案")
    assert mate.locator(".st-key-past img").count() == 2, "before and after stand beside their steps"
    assert mate.evaluate(
        "[...document.querySelectorAll('.st-key-past img')].every(i => i.complete && i.naturalWidth > 0)"
    )
    mate.context.close()

    lead.goto(f"{office}/cases?case={case.code}")
    lead.wait_for_selector(DETAIL)
    settled(lead)
    press(lead, "close")
    send(lead, "已结案")
    said = [line.split("\n")[0] for line in lead.locator(".ga-past li").all_inner_texts()][::-1]
    order = ["上报", "受理立案", "派遣", "到场处置", "反馈", "核查", "结案"]
    assert [next(word for word in order if line.startswith(word)) for line in said] == order
    ended = stands(case.code)
    assert (ended.state, ended.units, ended.level) == ("closed", [FIRE, SAFETY], 3)


def test_a_department_sees_its_cases_and_of_two_at_once_one_is_told(office, visit):
    mine = reported("matter", "暴露垃圾", "路口垃圾,联系人:张三丰 13812345678")
    other = reported("hazard", "消防通道", "楼道堆物")
    lead = Actor("lead")
    mine = acts.act(lead, mine.incident_id, "accept", expected=mine.seq)
    mine = acts.act(lead, mine.incident_id, "dispatch", expected=mine.seq, data={"units": [SWEEPERS]})

    page = visit(f"{office}/cases", by="sweep", size=SMALL, allowed=BELOW)
    settled(page)
    assert page.locator(ROWS).count() == 1
    text = page.locator(ROWS).inner_text()
    assert "路口垃圾" in text
    assert "13812345678" not in text, "free text is masked for a department"
    assert "1 未结" in page.locator(".st-key-clock-open").inner_text().replace("\n", " ")
    strange = visit(f"{office}/cases?case={other.code}", by="sweep", wait=DETAIL, size=SMALL, allowed=BELOW)
    strange.get_by_text("链接里的案件不存在,或不在你的管辖范围内").wait_for()
    strange.context.close()

    page.locator(f"{ROWS} button").click()
    page.wait_for_url(re.compile(f"case={mine.code}"))
    settled(page)
    form = press(page, "begin")
    form.locator("textarea").fill("两人已到现场")
    acts.act(lead, mine.incident_id, "dispatch", expected=mine.seq, data={"units": [SWEEPERS]}, note="请今天办结")
    page.locator(".st-key-doing-send button").click()
    form.get_by_text("刚刚对案件").wait_for()
    assert "请今天办结" in form.inner_text(), "what is new is said in place"
    assert form.locator("textarea").input_value() == "两人已到现场"
    assert stands(mine.code).state == "dispatched"
    send(page, "处置中")
    assert [e.note for e in _history(mine)][-1] == "两人已到现场"

    part(page, "情况")
    page.locator(".st-key-reveal button").first.click()
    page.get_by_label("理由").fill("联系反映人")
    page.get_by_role("button", name="显示全文").last.click()
    page.get_by_text("13812345678").first.wait_for()
    with session(street.JOB) as conn:
        row = conn.execute(
            "SELECT actor, reason FROM audit WHERE action = 'reveal' AND subject = %s", (mine.code,)
        ).fetchone()
    assert row == ("sweep", "联系反映人")


def _history(case):
    with session(street.JOB) as conn:
        return files.history(conn, case.incident_id)


def test_the_map_says_whose_a_place_is_and_what_has_no_owner_goes_to_the_meeting(office, visit):
    page = visit(f"{office}/cases?who=any", by="lead", wait=DETAIL, size=SMALL, allowed=BELOW)
    settled(page)
    stage = page.locator(".st-key-stage").bounding_box()
    page.mouse.click(stage["x"] + stage["width"] * 0.6, stage["y"] + stage["height"] * 0.65)
    page.wait_for_url(re.compile(r"who=\d"))
    lon, lat = (float(part) for part in re.search(r"who=([\d.]+)(?:%2C|,)([\d.]+)", page.url).groups())
    column, row = int((lon - street.WEST) / street.STEP), int((lat - street.SOUTH) / street.STEP)
    assert (column, row) != street.MISSING
    page.locator(DETAIL).get_by_text(street.code(column, row)).wait_for()
    field = page.get_by_placeholder("小类:")
    field.fill("暴露垃圾")
    field.press("Enter")
    page.locator(DETAIL).get_by_text(f"{SWEEPERS} 牵头").wait_for()
    field.fill("无人认领的事")
    field.press("Enter")
    page.get_by_text("权责清单没有写明由谁牵头").wait_for()
    page.locator(".st-key-agenda button").first.click()
    page.locator("[data-testid=stPopoverBody] textarea").fill("居民反复反映")
    page.get_by_role("button", name="列入清单会商").last.click()
    page.get_by_text("已列入清单会商:").wait_for()
    with session(street.JOB) as conn:
        assert [(e.category, e.problem, e.note) for e in meeting.entries(conn)] == [
            ("无人认领的事", "none", "居民反复反映")
        ]


def test_a_phone_shows_one_thing_at_a_time_and_both_languages_do_not_mix(office, visit):
    case = reported("matter", "暴露垃圾", "绿化带垃圾")
    page = visit(f"{office}/cases", by="work", size=PHONE, allowed=BELOW)
    settled(page)
    page.locator(ROWS, has_text="绿化带垃圾").locator("button").click()
    page.wait_for_selector(DETAIL)
    settled(page)
    assert not page.locator(".st-key-panel").is_visible()
    assert page.locator(".ga-past li").last.bounding_box()["height"] > 0
    assert page.locator(".st-key-part").evaluate("n => n.parentElement.clientHeight >= n.scrollHeight"), (
        "all of it is there"
    )
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    for button in page.locator(".st-key-acts button").all():
        box = button.bounding_box()
        assert box["height"] >= 48
        assert PHONE["height"] / 2 <= box["y"] <= PHONE["height"] - box["height"]
    page.keyboard.press("Escape")
    page.locator(DETAIL).wait_for(state="detached")
    assert page.locator(".st-key-panel").is_visible()
    page.context.close()

    english = visit(f"{office}/cases?lang=en&case={case.code}", by="boss", wait=DETAIL, size=SMALL, allowed=BELOW)
    settled(english)
    for name in ("History", "Facts", "Deadline", "Whose", "Whistle"):
        part(english, name)
        text = chrome(english)
        for word in NAMES:
            text = text.replace(word, "")
        assert CHINESE.findall(re.sub(r"第\d+网格", "", text)) == [], name
    english.context.close()
    chinese = visit(f"{office}/cases?case={case.code}", by="lead", wait=DETAIL, size=SMALL, allowed=BELOW)
    press(chinese, "verify")
    assert LATIN.findall(re.sub(r"GridAtlas|English|[A-Z]\d+\S*", "", chrome(chinese))) == []
