"""The coverage page in a real browser: both languages, both themes, clicks, links, hostile names."""

from __future__ import annotations

CANVAS = "[data-testid=stDeckGlJsonChart] canvas"


def settled(page):
    """Wait until the page computes nothing and the map has drawn."""
    page.wait_for_selector(CANVAS)
    page.wait_for_function("document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'")


def chrome(page):
    """All text a person can see on the page."""
    return page.locator(".stApp").inner_text()


def test_first_screen_answers_without_a_click(pages, visit):
    page = visit(pages)
    settled(page)
    text = chrome(page)
    assert "户已覆盖" in text
    assert "数据截至" in text
    first = page.locator("[class*=st-key-row-]").first.inner_text()
    assert "无网格覆盖的土地" in first
