"""The way in, in a real browser: one click, a wrong password, out again, both languages, and a session that ends."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import expect

from gis.access import accounts
from gis.access import first
from gis.db.connection import session
from gis.vocabulary import Actor
from tests.browser import street
from tests.browser.conftest import new_database
from tests.browser.conftest import serving

JOB = Actor.job("test")
PASSWORD = "Right-horse-7"
FORM = "input[name=password]"
PHONE = {"width": 390, "height": 844}
DEEP = (404,)
"""Deep links cost the toolkit two 404 of its own."""
WHO = ".ga-who summary"


@pytest.fixture(scope="module")
def hall(server, tmp_path_factory):
    """Serve a street with demo accounts and one person who has a password; the address."""
    with new_database(f"hall{os.getpid()}") as name:
        street.build()
        with session(JOB) as conn:
            first.ensure_demo(conn)
            accounts.set_password(conn, "zhang", PASSWORD)
        with serving(tmp_path_factory.mktemp("hall"), GRIDATLAS_DATABASE_NAME=name) as address:
            yield address


def wide(page):
    """Whether the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_a_demo_role_is_one_click_away_and_can_leave(hall, visit):
    page = visit(f"{hall}/coverage", by=None, wait=FORM, allowed=DEEP)
    assert "先看看:示例账号" in page.inner_text("main")
    assert page.locator(".demo button").count() == 8
    page.click("button[value=demo-leader]")
    page.wait_for_selector(".st-key-panel")
    assert "街道领导" in page.inner_text(WHO)
    page.wait_for_selector("[data-testid=stDeckGlJsonChart] canvas")
    page.click(WHO)
    page.click(".ga-who button")
    page.wait_for_selector(FORM)
    assert "已退出登录" in page.inner_text("[role=status]")
    page.goto(f"{hall}/")
    page.wait_for_selector(FORM)


def test_a_wrong_password_is_said_beside_the_form_and_what_was_typed_stays(hall, visit):
    page = visit(f"{hall}/", by=None, wait=FORM, allowed=(401,))
    assert page.evaluate("document.activeElement.name") == "name"
    page.fill("input[name=name]", "zhang")
    page.fill(FORM, "wrong")
    page.press(FORM, "Enter")
    page.wait_for_selector("[role=alert]")
    assert "账号或密码不对" in page.inner_text("[role=alert]")
    assert page.input_value("input[name=name]") == "zhang"
    assert page.input_value(FORM) == ""
    expect(page.locator("input[name=password]")).to_be_focused()
    page.fill(FORM, PASSWORD)
    page.press(FORM, "Enter")
    page.wait_for_selector(".st-key-panel")
    assert "zhang" in page.inner_text(WHO)


def test_the_door_speaks_english_and_so_does_the_page_behind_it(hall, visit):
    page = visit(f"{hall}/", by=None, wait=FORM, locale="en-US")
    text = page.inner_text("body")
    assert "Sign in" in text
    assert re.findall(r"[\u3400-\u9fff]+", text) == ["中文"]
    page.click("button[value=demo-planner]")
    page.wait_for_selector(".st-key-panel")
    assert "lang=en" in page.url
    page.click(WHO)
    assert page.inner_text(".ga-who button") == "Sign out"
    chinese = visit(f"{hall}/auth/login?lang=zh", by=None, wait=FORM, locale="en-US")
    assert "登录" in chinese.inner_text("main")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read(hall, visit, scheme):
    page = visit(f"{hall}/auth/login", by=None, wait=FORM, size=PHONE, scheme=scheme)
    assert not wide(page)
    for box in [page.locator(each).bounding_box() for each in ("input[name=name]", FORM, "button.go")]:
        assert box["height"] >= 44
    assert all(button.bounding_box()["height"] >= 48 for button in page.locator("button").all())
    for mark in ("h1", "label", ".demo p", "footer", "button.go", ".top a"):
        assert contrast(page, mark) >= 4.5, mark


def contrast(page, mark):
    """Contrast of a text with what it stands on."""
    return page.evaluate(
        """mark => {
          const light = rgb => rgb.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, k) => sum + v * [.2126, .7152, .0722][k], 0);
          const numbers = text => text.match(/[\\d.]+/g).map(Number);
          let node = document.querySelector(mark), under = node;
          while (under && (numbers(getComputedStyle(under).backgroundColor)[3] ?? 1) === 0) under = under.parentElement;
          const [a, b] = [getComputedStyle(node).color, getComputedStyle(under).backgroundColor]
            .map(text => light(numbers(text).slice(0, 3)));
          return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        }""",
        mark,
    )


def test_an_open_page_whose_session_ends_says_so_with_the_way_back(hall, visit):
    page = visit(f"{hall}/coverage", by="demo-supervisor", allowed=(*DEEP, 401, 403))
    page.wait_for_selector("[data-testid=stDeckGlJsonChart] canvas")
    page.wait_for_timeout(8000)  # a map that still loads would complain in its own words
    with session(JOB) as conn:
        conn.execute(
            "UPDATE login_session SET ended_at = now(), ending = 'revoked' WHERE ended_at IS NULL AND account_id = (SELECT id FROM account WHERE name = 'demo-supervisor')"
        )
    page.wait_for_selector("#ga-over a")
    assert "登录已结束" in page.inner_text("#ga-over")
    page.wait_for_timeout(2500)
    assert page.locator("[role=dialog]:visible").count() == 0, "the toolkit's own words stay behind ours"
    page.click("#ga-over a")
    page.wait_for_selector(FORM)
    assert "next=%2Fcoverage" in page.url
    assert "请重新登录" in page.inner_text("[role=status]")
    page.click("button[value=demo-supervisor]")
    page.wait_for_selector(".st-key-panel")
    assert "/coverage" in page.url


def test_a_password_that_is_due_stands_before_the_page(hall, visit):
    with session(JOB) as conn:
        accounts.add(conn, "neu", display="<b>新人</b>", roles=["leader"], scopes=["office"])
        accounts.set_password(conn, "neu", PASSWORD, must_change=True)
    page = visit(f"{hall}/coverage", by=None, wait=FORM, allowed=(*DEEP, 400))
    page.fill("input[name=name]", "neu")
    page.fill(FORM, PASSWORD)
    page.press(FORM, "Enter")
    page.wait_for_selector("input[name=new]")
    for again in ("Left-horse-9", "Left-horse-8"):
        page.fill("input[name=old]", PASSWORD)
        page.fill("input[name=new]", "Left-horse-8")
        page.fill("input[name=again]", again)
        page.press("input[name=again]", "Enter")
        if again == "Left-horse-9":
            page.wait_for_selector("[role=alert]")
            assert "两次输入的新密码不一样" in page.inner_text("[role=alert]")
    page.wait_for_selector(".st-key-panel")
    assert page.inner_text(WHO).strip().startswith("<b>新人</b>")
