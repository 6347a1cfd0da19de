"""The page 报表: indicators with their formulas on tap, a weekly form made, compared and taken along; who makes and who reads."""

from __future__ import annotations

import io
import re

import pytest
from docx import Document
from playwright.sync_api import expect

from gis.casework.reporting import frozen
from gis.db.connection import session
from gis.vocabulary import Actor
from tests.browser.test_coverage import CHINESE
from tests.browser.test_coverage import LATIN
from tests.browser.test_coverage import chrome

JOB = Actor.job("test")
READER = "planner.reports"
BELOW = (404,)
NAMES = re.compile("翠湖社区|锦绣里社区|样板街道|中文|王书记|巷口|暴露垃圾|路口堆放垃圾")
"""What is Chinese on an English page by right: names, and what people wrote."""


@pytest.fixture(scope="module")
def reader(pages):
    """A planner, who reads reports and makes none."""
    with session(JOB) as conn:
        conn.execute("INSERT INTO account (name) VALUES (%s) ON CONFLICT DO NOTHING", (READER,))
        conn.execute(
            "INSERT INTO account_role (account_id, role) SELECT id, 'planner' FROM account WHERE name = %s", (READER,)
        )
        conn.execute(
            "INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name = %s", (READER,)
        )
    return pages


def settled(page):
    page.wait_for_timeout(200)
    page.wait_for_function("document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'")


def test_a_weekly_form_is_made_compared_and_taken_along(reader, visit):
    page = visit(f"{reader}/figures", wait=".st-key-reports", allowed=BELOW)
    settled(page)
    assert LATIN.findall(re.sub(r"GridAtlas|English|test", "", chrome(page))) == []
    page.locator(".st-key-reports-figure-handled_in_time button").click()
    expect(page.get_by_text("期限内处置 ÷ 应处置中有处置时限的")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_text("做一份报表").click()
    page.get_by_label("组织者").fill("王书记 13800138000")
    page.get_by_label("排查地点").fill("巷口")
    page.get_by_role("button", name="定稿", exact=False).last.click()
    page.wait_for_url(re.compile(r"report=\d+"))
    settled(page)
    number = int(re.search(r"report=(\d+)", page.url)[1])
    expect(page.get_by_text("✓ 内容与哈希值一致")).to_be_visible(timeout=30_000)
    with session(JOB) as conn:
        kept = frozen.get(conn, number)
    assert kept.content["entered"]["organiser"] == "王书记 138****8000"
    with page.expect_download() as told:
        page.locator(".st-key-report-docx button").click()
    assert kept.sha256 in Document(io.BytesIO(told.value.path().read_bytes())).sections[0].footer.paragraphs[0].text
    line = kept.content["tables"]["new"][0]
    with session(JOB) as conn:
        conn.execute("INSERT INTO dispute (incident_id, people) VALUES (%s, 7)", (line["id"],))
    page.get_by_role("button", name="与现在的记录对比").click()
    expect(page.get_by_text(re.compile("差异说明第 1 号.*SHA-256"))).to_be_visible(timeout=30_000)
    assert page.locator(".ga-table").last.inner_text().split("\n")[-1].split("\t")[1:] == [
        line["code"],
        "人数",
        "—",
        "7",
    ]

    english = visit(
        f"{reader}/figures?lang=en&by=kind&report={number}", by=READER, wait=".st-key-reports", allowed=BELOW
    )
    settled(english)
    expect(english.get_by_text("✓ content and hash agree")).to_be_visible(timeout=30_000)
    assert english.locator(".st-key-report-again").count() == 0
    assert CHINESE.findall(NAMES.sub("", chrome(english))) == []
