"""The time slider over the cases: a month is played day by day, and the map asks for those days only."""

from __future__ import annotations

import re
from datetime import date


def test_a_month_of_cases_is_played_and_stops_where_it_is_told(visit, pages):
    page = visit(f"{pages}/cases", allowed=(404,))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_text("按时间看").first.click()
    page.wait_for_selector(".st-key-time .stSlider")
    page.get_by_role("button", name="播放一个月").click()
    shown = "() => document.querySelector('.st-key-time [data-testid=stCaptionContainer]').textContent"
    first = page.evaluate(shown)
    page.wait_for_function(f"first => ({shown})() !== first", arg=first)
    page.wait_for_function(f"first => ({shown})() !== first", arg=page.evaluate(shown))
    page.get_by_role("button", name="暂停", exact=True).click()
    page.wait_for_selector(".st-key-time .stSlider")
    days = {
        tuple(re.search(r"since=([\d-]+)&.*until=([\d-]+)", url).groups())
        for url in asked
        if "since=" in url and "/incident/" in url
    }
    assert len(days) > 2
    assert all(since == until for since, until in days)
    told = sorted(date.fromisoformat(until) for _, until in days)
    assert (told[-1] - told[0]).days <= 30
    page.get_by_text("按时间看").first.click()
    page.wait_for_selector(".st-key-time .stSlider", state="detached")
