"""The ledger in a real browser: a finding from discovery to closure and back, two at once, filters, files, visits, a phone."""

from __future__ import annotations

import io
import os
import re

import openpyxl
import psycopg
import pytest

from gis.access import accounts
from gis.coverage import ledger
from gis.coverage import refresh
from gis.db.connection import OWNER
from gis.db.connection import conninfo
from gis.db.connection import session
from tests.browser import street
from tests.browser.conftest import new_database
from tests.browser.conftest import serving
from tests.browser.test_coverage import CHINESE
from tests.browser.test_coverage import LATIN
from tests.browser.test_coverage import ROWS
from tests.browser.test_coverage import chrome
from tests.browser.test_coverage import settled

SMALL = {"width": 1000, "height": 640}
"""A desk whose map costs little to draw."""
PHONE = {"width": 390, "height": 780}
BELOW = (404,)
"""The toolkit probes its addresses below the page's own path first."""
DETAIL = ".st-key-detail"
NAMES = ("中文", "李督导", "王网格员", "翠湖社区", "锦绣里社区", "样板街道", "翠湖路", "王小明", "敲门没人", "综合网格")
"""What is Chinese on an English page by right: names, and what people wrote."""
HOSTILE = "<img src=x onerror=alert(1)>**王**"
STAFF = """
INSERT INTO person (code, name, account_id) SELECT 'P1', '王小明', id FROM account WHERE name = 'work'
"""
RUNNING = "UPDATE atlas.run SET finished_at = NULL, seen_at = now() + interval '1 minute', stage = 'assignment', step = 5, steps = 30"
EMPTIED = """
UPDATE atlas.grid SET geom = ST_Multi(ST_Difference(geom, ST_SetSRID(%s::geometry, 4490)))
WHERE valid_to IS NULL AND ST_Area(ST_Intersection(geom, ST_SetSRID(%s::geometry, 4490))) > 1e-7
    AND network_id = (SELECT id FROM atlas.network WHERE code = 'comprehensive')
"""


@pytest.fixture(scope="module")
def office(server, tmp_path_factory):
    """Serve a street of its own that these tests write to, with people of each role; the address."""
    with new_database(f"ledger{os.getpid()}") as name:
        street.build()
        with session(street.JOB) as conn:
            for account, display, role in (
                ("lead", "李督导", "supervisor"), ("plan", "周规划", "planner"), ("boss", "陈书记", "leader"),
                ("work", "王网格员", "worker"), ("evil", HOSTILE, "worker"),
            ):  # fmt: skip
                accounts.add(conn, account, display=display, roles=[role], scopes=["office"])
        with serving(tmp_path_factory.mktemp("ledger"), GRIDATLAS_DATABASE_NAME=name) as address:
            yield address


def of(rule, place=0, **query):
    """An entry of a rule, most households first."""
    with session(street.JOB) as conn:
        return ledger.entries(conn, "comprehensive", ledger.Query(rules=(rule,), **query))[place]


def opened(visit, office, number, by, size=SMALL):
    page = visit(f"{office}/?entry={number}", by=by, size=size)
    page.wait_for_selector(DETAIL)
    settled(page)
    return page


def part(page, name):
    """Go to a part of the entry: 情况, 怎么办, 经过."""
    page.locator(DETAIL).get_by_role("radio", name=re.compile(name)).click()
    settled(page)


def press(page, form):
    """Open the form of an act; it."""
    page.locator(f".st-key-act-{form} button").first.click()
    body = page.locator("[data-testid=stPopoverBody]").last
    body.wait_for()
    return body


def give(page, whose):
    body = press(page, "give")
    body.locator(".st-key-give-owner input").click()
    page.get_by_role("option", name=whose).click()
    body.get_by_role("button", name="分派", exact=True).click()


def told(page, *words):
    """Wait until the detail says all of these."""
    for word in words:
        page.locator(DETAIL).get_by_text(word).first.wait_for()
    settled(page)


def test_a_finding_is_followed_to_its_end_and_comes_back(office, visit):
    number = of("unclaimed_land").id
    lead = opened(visit, office, number, "lead")
    give(lead, re.compile("王网格员"))
    told(lead, "已分派", "王网格员")

    work = opened(visit, office, number, "work")
    assert work.locator(".st-key-act-give").count() == 0, "a worker gives nothing to others"
    work.get_by_role("button", name="开始处理").click()
    told(work, "处理中")
    body = press(work, "check")
    body.locator("textarea").fill("现场看过,没有网格管")
    body.get_by_role("button", name="核查完成").click()
    told(work, "已核查")
    assert of("unclaimed_land").state == "checked", "the rules close it, not people"
    work.context.close()

    part(lead, "怎么办")
    lead.locator(DETAIL).get_by_role("button", name="看效果").first.click()
    lead.wait_for_selector(".st-key-effect")
    effect = lead.locator(".st-key-effect").inner_text()
    assert "这一条会消除" in effect
    assert "396 → 3,212" in effect, "64 buildings of 44 households come to nine"
    assert lead.locator(".st-key-effect-apply").count() == 0, "who supervises proposes, who plans decides"
    assert of("unclaimed_land").finding_id is not None, "a look changes nothing"
    lead.get_by_role("button", name="存为方案").click()
    lead.locator("[class*=st-key-proposal-]").first.wait_for()

    plan = opened(visit, office, number, "plan")
    part(plan, "怎么办")
    plan.locator(DETAIL).get_by_role("button", name="生效", exact=True).click()
    told(plan, "已关闭")
    part(plan, "经过")
    assert "原因消除,自动关闭" in plan.locator(".ga-past").inner_text()
    plan.context.close()
    lead.goto(f"{office}/?rule=unclaimed_land")
    settled(lead)
    assert lead.locator(ROWS).count() == 0, "closed is not in the list of what is open"
    with session(street.JOB) as conn:
        cell = street.cell(*street.MISSING).wkb
        assert conn.execute(EMPTIED, (cell, cell)).rowcount == 1
    refresh.refresh(street.JOB, "comprehensive")
    back = of("unclaimed_land")
    assert (back.id, back.returns, back.state) == (number, 1, "assigned")
    lead.goto(f"{office}/?state=returned&entry={number}")
    settled(lead)
    assert lead.locator(ROWS).count() >= 1
    told(lead, "再次出现", "1 次", "王网格员")
    part(lead, "经过")
    past = lead.locator(".ga-past li").all_inner_texts()
    acts = [line.split("\n")[0] for line in past][::-1]
    wanted = ["发现", "分派", "开始处理", "核查完成", "方案", "原因消除,自动关闭", "再次出现,重新打开"]
    at = [next(i for i, act in enumerate(acts) if act.startswith(want)) for want in wanted]
    assert at == sorted(at), acts


def test_of_two_at_once_one_is_told_and_what_he_typed_is_still_there(office, visit):
    number = of("contested_land").id
    slow = opened(visit, office, number, "test")
    body = press(slow, "except")
    body.locator("textarea").fill("两边已经商定")
    quick = opened(visit, office, number, "lead")
    give(quick, re.compile("onerror"))
    told(quick, "已分派")
    assert HOSTILE in quick.locator(DETAIL).inner_text()
    assert quick.evaluate("document.querySelectorAll('.stMain img[src=x]').length") == 0
    quick.context.close()
    body.get_by_role("button", name="接受为例外").click()
    body.get_by_text("刚刚被别人改动过").wait_for()
    assert slow.get_by_text("刚刚被别人改动过").count() == 1, "one message"
    assert body.locator("textarea").input_value() == "两边已经商定"
    assert of("contested_land").state == "assigned"
    body.get_by_role("button", name="接受为例外").click()
    told(slow, "已接受例外")
    with session(street.JOB) as conn:
        after = ledger.get(conn, number)
    assert (after.state, after.exception_reason) == ("excepted", "两边已经商定")


def test_filters_are_saved_the_list_is_ordered_and_goes_into_a_file(office, visit):
    page = visit(f"{office}/?state=all&rule=unlocated_record&order=oldest", by="lead", size=SMALL)
    settled(page)
    assert "按发现时间" in page.locator(".st-key-count").inner_text()
    page.locator(".st-key-more button").first.click()
    more = page.locator("[data-testid=stPopoverBody]").last
    more.get_by_label("把现在的筛选存为").fill("没有位置的")
    more.get_by_role("button", name="保存", exact=True).click()
    more.get_by_role("button", name="没有位置的").wait_for()
    more.get_by_label("导出事由").fill("月度会商")
    more.get_by_role("button", name="导出 Excel").click()
    with page.expect_download() as got:
        more.get_by_role("button", name="保存文件").click()
    book = openpyxl.load_workbook(io.BytesIO(got.value.path().read_bytes()), read_only=True)
    rows = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
    assert any("月度会商" in str(cell) for row in rows for cell in row)
    with session(street.JOB) as conn:
        number = ledger.count(conn, "comprehensive", ledger.Query(rules=("unlocated_record",)))
    assert sum("位置不明" in str(row) for row in rows) >= number > 0

    page.goto(f"{office}/")
    settled(page)
    page.locator(".st-key-more button").first.click()
    page.get_by_role("button", name="没有位置的").click()
    page.wait_for_url(lambda url: all(part in url for part in ("rule=unlocated_record", "order=oldest", "state=all")))


def test_a_leader_reads_how_far_a_run_is_and_changes_nothing(office, visit):
    with psycopg.connect(conninfo(OWNER)) as conn:
        conn.execute(RUNNING)
    page = opened(visit, office, of("unassigned_building").id, "boss")
    fresh = page.locator(".st-key-fresh")
    assert "正在更新:楼栋归属(5/30)" in fresh.inner_text()
    with psycopg.connect(conninfo(OWNER)) as conn:
        conn.execute("UPDATE atlas.run SET finished_at = now()")
    page.wait_for_function("!document.querySelector('.st-key-fresh').innerText.includes('正在更新')")
    settled(page)
    assert page.locator("[class*=st-key-act-]").count() == 0
    assert page.locator(".st-key-refresh").count() == 0
    part(page, "怎么办")
    assert page.locator("[class*=st-key-offer-] button").count() == 0


def test_a_visit_is_recorded_and_its_question_answered(office, visit):
    with session(street.JOB) as conn:
        conn.execute(STAFF)
    form = visit(f"{office}/people?section=visit", by="work", size=PHONE, wait=".st-key-people", allowed=BELOW)
    form.get_by_label("网格编码").fill("没有这个")
    form.get_by_label("情况").fill("敲门没人")
    form.get_by_role("button", name="登记走访").click()
    form.get_by_text("没有编码为 没有这个 的在用网格").wait_for()
    assert form.get_by_label("情况").input_value() == "敲门没人"
    form.get_by_label("网格编码").fill(street.code(0, 0))
    form.get_by_role("button", name="登记走访").click()
    form.get_by_text("没有定位,也没有写明楼栋").first.wait_for()
    assert form.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    low = form.evaluate(
        "[...document.querySelectorAll('.st-key-people button, [data-testid=stTextInputRootElement],"
        "[data-testid=stDateInputField], [data-testid=stTimeInputTimeDisplay]')].filter(n => n.offsetParent)"
        ".map(n => [n.innerText || n.ariaLabel, n.getBoundingClientRect().height]).filter(n => n[1] < 47.5)"
    )
    assert low == []

    lead = visit(f"{office}/people", by="lead", wait=".st-key-people", allowed=BELOW)
    lead.get_by_text("没有定位,也没有写明楼栋").first.wait_for()
    lead.locator("[class*=st-key-visit-answer-] button").first.click()
    body = lead.locator("[data-testid=stPopoverBody]").last
    body.locator("textarea").fill("电话问过住户,确有走访")
    body.get_by_role("button", name="确有走访,计入").click()
    lead.get_by_text("没有待核实的走访").wait_for()
    with session(street.JOB) as conn:
        assert conn.execute("SELECT count(*) FROM visit WHERE dismissed").fetchone() == (0,)


def test_a_phone_has_the_acts_under_the_thumb_and_both_languages_do_not_mix(office, visit):
    number = of("unassigned_building").id
    page = opened(visit, office, number, "lead", size=PHONE)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    for button in page.locator(".st-key-acts button").all():
        box = button.bounding_box()
        assert box["height"] >= 48
        assert box["y"] + box["height"] <= PHONE["height"]
        assert box["y"] >= PHONE["height"] / 2, "the next step is under the thumb"
    detail, first = (page.locator(at).first.bounding_box()["y"] for at in (DETAIL, ROWS))
    assert detail < first, "what is chosen comes before the list"
    assert detail < PHONE["height"] / 2 + 60

    for path, wait in (
        (f"/?lang=en&entry={number}", DETAIL),
        ("/trend?lang=en", ".st-key-trend"),
        ("/people?lang=en", ".st-key-people"),
    ):
        english = visit(office + path, by="lead", size=SMALL, wait=wait, allowed=BELOW)
        idle(english)
        text = chrome(english)
        for name in NAMES:
            text = text.replace(name, "")
        assert CHINESE.findall(re.sub(r"第\d+网格", "", text)) == [], path
    chinese = visit(f"{office}/trend", by="lead", wait=".st-key-trend", allowed=BELOW)
    idle(chinese)
    assert LATIN.findall(re.sub(r"GridAtlas|English", "", chrome(chinese))) == []
    chinese.locator(".ga-table a", has_text="翠湖社区").click()
    chinese.wait_for_url(re.compile("area=110105001001"))
    settled(chinese)
    assert "翠湖社区" in chinese.locator(".st-key-count").inner_text()


def idle(page):
    page.wait_for_function("document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'")
    page.wait_for_timeout(200)
