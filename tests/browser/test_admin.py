"""The page 系统管理 in a real browser: each role its parts, accounts made and changed, 500 of them, the audit."""

from __future__ import annotations

import re

import pytest

from gis.access import accounts
from gis.db.connection import session
from gis.vocabulary import Actor
from gis.vocabulary import Role

JOB = Actor.job("test")
BELOW = (404,)
"""The toolkit probes its addresses below the page's own path first."""


@pytest.fixture(scope="module", autouse=True)
def people(pages):
    """An admin, an auditor, a leader, one without a role, and 500 workers, one with a hostile name."""
    with session(JOB) as conn:
        for name, roles in (("chief", ["admin"]), ("checker", ["auditor"]), ("boss", ["leader"]), ("none", [])):
            accounts.add(conn, name, display=f"·{name}·", roles=roles, scopes=["office"])
        for number in range(500):
            accounts.add(conn, f"wg{number:03}", display=f"网格员{number}", roles=[Role.WORKER])
        accounts.add(conn, "mallory", display="<script>alert(1)</script>**x**", roles=[Role.WORKER])


def idle(page):
    page.wait_for_function("document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'")
    page.wait_for_timeout(200)


def open_admin(visit, pages, by, query="", wait=".st-key-admin", allowed=BELOW):
    page = visit(f"{pages}/admin{query}", wait=wait, by=by, allowed=allowed)
    idle(page)
    return page


def test_an_admin_finds_one_of_500_makes_one_and_changes_it(pages, visit):
    page = open_admin(visit, pages, "chief")
    assert page.locator(".st-key-roster button").count() == 50
    assert "共 5" in page.locator(".st-key-admin").inner_text()
    page.get_by_role("textbox", name="查找账号").fill("wg377")
    page.get_by_role("textbox", name="查找账号").press("Enter")
    page.wait_for_function("document.querySelectorAll('.st-key-roster button').length === 1")
    assert "网格员377" in page.locator(".st-key-roster").inner_text()
    page.locator(".st-key-admin-new button").click()
    page.get_by_role("textbox", name="账号名").fill("new-one")
    page.get_by_role("textbox", name="称呼").fill("新人")
    page.get_by_role("textbox", name="管辖范围").fill("全街道")
    page.get_by_role("button", name="建立账号").click()
    page.wait_for_selector(".st-key-once")
    idle(page)
    password = page.locator(".st-key-once code").inner_text()
    assert len(password) > 16
    assert "account=new-one" in page.url
    page.locator(".st-key-once-done button").click()
    page.wait_for_selector(".st-key-once", state="detached")
    idle(page)
    assert password not in page.locator(".stApp").inner_text()
    page.get_by_role("textbox", name="管辖范围").fill("辖区:不存在")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("管辖范围有误").wait_for()
    idle(page)
    page.locator(".st-key-account-switch button").click()
    page.locator(".st-key-account-switch", has_text="启用").wait_for()
    with session(JOB) as conn:
        made = accounts.get(conn, "new-one")
    assert (made.display, made.scopes, made.active) == ("新人", ["office"], False)


def test_names_are_shown_as_text_and_a_url_opens_an_account(pages, visit):
    page = open_admin(visit, pages, "chief", "?account=mallory")
    assert "<script>alert(1)</script>**x**" in page.locator(".st-key-admin h3").first.inner_text()
    page.get_by_role("textbox", name="查找账号").fill("mallory")
    page.get_by_role("textbox", name="查找账号").press("Enter")
    page.wait_for_function("document.querySelectorAll('.st-key-roster button').length === 1")
    assert "<script>alert(1)</script>**x**" in page.locator(".st-key-roster").inner_text()


def test_an_admin_ends_a_session_and_makes_a_token(pages, visit):
    victim = open_admin(visit, pages, "boss", wait=".st-key-trouble", allowed=(*BELOW, 401, 403))
    page = open_admin(visit, pages, "chief", "?section=sessions")
    assert "boss" in page.locator(".ga-table").inner_text()
    page.locator("[data-testid=stSelectbox] input").click()
    page.get_by_role("option", name=re.compile("· boss ·")).first.click()
    idle(page)
    page.locator(".st-key-session-end button").click()
    page.wait_for_function("!document.querySelector('.ga-table').innerText.includes('boss')")
    victim.wait_for_selector("#ga-over a")  # the open page says so by itself
    victim.goto(f"{pages}/")
    victim.wait_for_url(re.compile("/auth/login"))
    page = open_admin(visit, pages, "chief", "?section=tokens")
    page.get_by_role("textbox", name="账号").fill("boss")
    page.get_by_role("textbox", name="名称").fill("地图对接")
    page.get_by_role("button", name="建立令牌").click()
    page.wait_for_selector(".st-key-once code")
    idle(page)
    assert page.locator(".st-key-once code").inner_text().startswith("ga_")
    assert "地图对接" in page.locator(".ga-table").inner_text()


def test_an_auditor_reads_filters_and_takes_an_extract(pages, visit):
    page = open_admin(visit, pages, "checker")
    assert "账号" not in page.locator(".st-key-admin-section").inner_text()
    page.get_by_role("textbox", name="对象").fill("mallory")
    page.get_by_role("textbox", name="对象").press("Enter")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stExpander]')].every(e => e.innerText.includes('mallory'))"
    )
    page.get_by_role("button", name="导出 Excel").click()
    page.get_by_text("没有写明事由").wait_for()
    page.get_by_role("textbox", name="导出事由").fill("年度检查")
    page.get_by_role("button", name="导出 Excel").click()
    page.wait_for_selector(".st-key-audit-file button")
    with page.expect_download() as download:
        page.locator(".st-key-audit-file button").click()
    assert download.value.path().read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(("by", "sentence"), [("boss", "这一页不对你的角色开放"), ("none", "这一页不对你的角色开放")])
def test_others_get_a_sentence(pages, visit, by, sentence):
    page = open_admin(visit, pages, by, wait=".st-key-trouble")
    assert sentence in page.locator(".st-key-trouble").inner_text()
    assert "系统管理" not in page.locator(".st-key-bar").inner_text()


@pytest.mark.parametrize(("by", "section"), [("chief", "accounts"), ("chief", "backups"), ("checker", "audit")])
def test_english_has_no_chinese_of_ours(pages, visit, by, section):
    page = open_admin(visit, pages, by, f"?section={section}&lang=en")
    text = page.locator(".st-key-admin").inner_text()
    text = re.sub(r"网格员\d+|新人|示例|admin · .*", "", text)
    assert not re.search(r"[一-鿿]", text), text
