"""The coverage page in a real browser: both languages, both themes, clicks, links, hostile names."""

from __future__ import annotations

import math
import re
import time

import pytest

from gis.coverage import ledger
from gis.coverage import summary
from gis.db.connection import session
from tests.browser import street
from tests.browser.conftest import DESK
from views import map as atlas
from views import window

CANVAS = "[data-testid=stDeckGlJsonChart] canvas"
ROWS = ".st-key-list [class*=st-key-row-]"
CHOSEN = f"{ROWS} button[kind=primary]"
BOX = (
    street.WEST,
    street.SOUTH,
    street.WEST + street.COLUMNS * street.STEP,
    street.SOUTH + street.ROWS * street.STEP,
)
CHINESE = re.compile("[\u4e00-\u9fff]+")
LATIN = re.compile("[A-Za-z]{3,}")
HOSTILE_HOME = street.cell(*street.HOSTILE_AT).centroid


def settled(page):
    """Wait until the page computes nothing and the map stands."""
    page.wait_for_selector(CANVAS)
    page.wait_for_timeout(150)
    page.wait_for_function("document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'")


def chrome(page):
    """All text a person can see on the page: without the names of icons, and the toolkit's link for screen readers."""
    text = page.locator(".stApp").inner_text().replace("Skip to main content", "")
    for icon in page.locator("[data-testid=stIconMaterial], [translate=no]").all_inner_texts():
        text = text.replace(icon, "", 1) if icon else text
    return text


def heaviest(number=3):
    """The entries that head the list."""
    with session(street.JOB) as conn:
        return ledger.entries(conn, "comprehensive", ledger.Query(states=ledger.OPEN), limit=number)


def tile_of(lon, lat, zoom):
    """Tile of a place."""
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return f"/{zoom}/{int((lon + 180) / 360 * 2**zoom)}/{int(row * 2**zoom)}.pbf"


def pixel(page, lon, lat, bounds=BOX, margin=1.08):
    """Where a place lies in the window while the map shows a box."""
    size = page.viewport_size
    at = atlas.fit(bounds, margin=margin, stage=window.split(size["width"], size["height"]))
    frame = page.locator(CANVAS).first.bounding_box()
    scale = 512 * 2 ** at[2]

    def north(latitude):
        return math.asinh(math.tan(math.radians(latitude))) / (2 * math.pi)

    return (
        frame["x"] + frame["width"] / 2 + (lon - at[0]) / 360 * scale,
        frame["y"] + frame["height"] / 2 - (north(lat) - north(at[1])) * scale,
    )


def until_asked(page, asked, *parts):
    """Wait until an address with all these parts was asked for."""
    until = time.monotonic() + 20
    while not any(all(part in url for part in parts) for url in asked):
        assert time.monotonic() < until, (parts, asked)
        page.wait_for_timeout(100)


def until_url(page, part):
    page.wait_for_url(re.compile(re.escape(part)))
    settled(page)


def test_first_screen_answers_without_a_click(pages, visit):
    page = visit(pages)
    settled(page)
    text = chrome(page)
    assert "数据截至" in text
    with session(street.JOB) as conn:
        known = summary.headline(conn, "comprehensive")
    covered = known["households"] - known["blind_households"]
    assert f"{100 * covered / known['households']:.1f} %" in page.locator(".st-key-figure-households").inner_text()
    first = page.locator(ROWS).first.inner_text()
    assert "无网格覆盖的土地" in first
    counts = [
        int(found.group(1).replace(",", ""))
        for row in page.locator(ROWS).all_inner_texts()
        if (found := re.search(r"([\d,]+) 户", row))
    ]
    assert counts == sorted(counts, reverse=True)
    legend = page.locator(".ga-legend").inner_text()
    assert all(line in legend for line in ("网格:已覆盖", "网格:有盲区", "盲区", "提醒", "楼栋", "区划边界"))
    assert "尚未计算" not in legend, "a line that stands for nothing"

    page.locator(".st-key-figure-households button").click()
    formula = page.locator("[data-testid=stPopoverBody]").inner_text()
    assert "算法" in formula
    for figure in (covered, known["households"]):
        assert f"{figure:,}" in formula
    assert "时间" in formula
    page.keyboard.press("Escape")

    frame = page.locator(CANVAS).first.bounding_box()
    assert frame["width"] * frame["height"] >= 0.6 * DESK["width"] * DESK["height"]
    over = page.evaluate(
        "[document.scrollingElement, document.querySelector('.stMain')].map("
        "n => [n.scrollHeight - n.clientHeight, n.scrollWidth - n.clientWidth])"
    )
    assert all(extent <= 0 for extents in over for extent in extents), over


def test_a_row_opens_its_facts_moves_the_map_and_is_a_link(pages, visit):
    page = visit(pages)
    settled(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    wanted = heaviest()[1]
    page.locator(ROWS).nth(1).locator("button").click()
    until_url(page, f"entry={wanted.id}")
    detail = page.locator(".st-key-detail").inner_text()
    assert wanted.title in detail
    assert wanted.reason in detail
    assert "怎么办" in detail
    assert page.locator(CHOSEN).count() == 1
    west, south, east, north = wanted.bbox
    there = {tile_of((west + east) / 2, (south + north) / 2, zoom) for zoom in (15, 16)}
    for _turn in range(100):
        if any(url.split("?")[0].endswith(tuple(there)) and "/tiles/finding/" in url for url in asked):
            break
        page.wait_for_timeout(200)
    else:
        raise AssertionError("map stayed")

    link = page.url
    again = visit(link)
    settled(again)
    assert wanted.reason in again.locator(".st-key-detail").inner_text()
    assert again.locator(CHOSEN).count() == 1

    again.locator(".st-key-close button").first.click()
    again.wait_for_selector(".st-key-detail", state="detached")
    assert "entry=" not in again.url


def test_keys_step_through_the_list_and_close_it(pages, visit):
    page = visit(pages)
    settled(page)
    first, second = heaviest(2)
    page.keyboard.press("ArrowDown")
    until_url(page, f"entry={first.id}")
    page.keyboard.press("ArrowDown")
    until_url(page, f"entry={second.id}")
    page.keyboard.press("ArrowUp")
    until_url(page, f"entry={first.id}")
    page.keyboard.press("Escape")
    page.wait_for_selector(".st-key-detail", state="detached")
    assert "entry=" not in page.url
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.tagName") == "INPUT"


def test_a_click_on_the_map_chooses_the_grid_there(pages, visit):
    page = visit(pages)
    settled(page)
    page.wait_for_timeout(1500)
    for column, row, aside in ((3, 1, street.STEP / 6), (5, 0, 0.0)):
        # between the buildings, which stand at the sixths of a cell; then right on one
        spot = street.cell(column, row).centroid
        x, y = pixel(page, spot.x + aside, spot.y + aside)
        page.mouse.move(x - 4, y)
        page.mouse.move(x, y)
        page.wait_for_function("document.querySelector('.deck-tooltip')?.innerText.includes('编码')")
        page.mouse.click(x, y, delay=80)
        until_url(page, f"grid={street.code(column, row)}")
        detail = page.locator(".st-key-detail").inner_text()
        assert street.code(column, row) in detail
        assert "396" in detail, "nine buildings of 44 households"


def test_layers_are_switched_and_the_legend_follows(pages, visit):
    page = visit(pages)
    settled(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    assert "隐患" not in page.locator(".ga-legend").inner_text()
    page.locator(".st-key-tools .stPopover button").click()
    page.locator(".st-key-layer-incident label").click()
    page.wait_for_function("document.querySelector('.ga-legend').innerText.includes('隐患')")
    page.locator(".st-key-layer-finding label").click()
    page.wait_for_function("!document.querySelector('.ga-legend').innerText.includes('提醒')")
    settled(page)
    until_asked(page, asked, "/tiles/incident/")


def test_filters_and_networks_narrow_list_map_and_link(pages, visit):
    page = visit(pages)
    settled(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".st-key-filter-rule input").click()
    page.get_by_role("option", name=re.compile("位置不明")).click()
    until_url(page, "rule=unlocated_record")
    rows = page.locator(ROWS).all_inner_texts()
    assert rows
    assert all("位置不明或不可信的记录" in row for row in rows)
    until_asked(page, asked, "/tiles/finding/", "rule=unlocated_record")

    page.locator(".st-key-filter-network input").click()
    page.get_by_role("option", name=re.compile("警")).click()
    until_url(page, "network=police")
    until_asked(page, asked, "/tiles/grid/", "network=police")
    link = visit(page.url)
    settled(link)
    with session(street.JOB) as conn:
        known = {code: summary.headline(conn, code) for code in ("comprehensive", "police")}
    assert known["police"]["blind_buildings"] < known["comprehensive"]["blind_buildings"]
    free = known["police"]["buildings"] - known["police"]["blind_buildings"]
    figure = link.locator(".st-key-figure-buildings").inner_text()
    assert f"{100 * free / known['police']['buildings']:.1f} %" in figure


def test_hostile_names_are_text_everywhere(pages, visit):
    page = visit(pages)
    settled(page)
    field = page.locator(".st-key-search input")
    field.fill("script")
    page.wait_for_selector(".st-key-hits button")
    assert street.HOSTILE in page.locator(".st-key-hits").inner_text()
    page.locator(".st-key-hits button").first.click()
    until_url(page, f"grid={street.HOSTILE_CODE}")
    assert street.HOSTILE in page.locator(".st-key-detail").inner_text()
    page.wait_for_timeout(1500)
    box = street.cell(*street.HOSTILE_AT).bounds
    x, y = pixel(page, HOSTILE_HOME.x + street.STEP / 6, HOSTILE_HOME.y + street.STEP / 6, box, 1.6)
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    page.wait_for_function("document.querySelector('.deck-tooltip')?.innerText.includes('<script>')")
    tip = page.locator(".deck-tooltip").inner_text()
    assert street.HOSTILE in tip
    assert "\x1f" not in tip
    assert page.evaluate("document.querySelectorAll('.stMain script, .deck-tooltip script').length") == 0


def test_english_page_speaks_english_and_chinese_page_chinese(pages, visit):
    page = visit(pages)
    settled(page)
    row = heaviest(1)[0].id
    seen = _walk(page)
    said = re.sub(r"GridAtlas|English|km²", "", seen)
    assert LATIN.findall(said) == []

    page.locator(".st-key-language button").first.click()
    page.wait_for_selector(".ga-brand:not(:has-text('网格'))")
    page.goto(f"{pages}/?lang=en&entry={row}")
    settled(page)
    seen = _walk(page)
    for name in ("中文", "翠湖社区", "锦绣里社区", "样板街道", "翠湖路"):
        seen = seen.replace(name, "")
    seen = re.sub(r"第\d+网格", "", seen)
    assert CHINESE.findall(seen) == []


def _walk(page):
    """Choose the first finding, open what can be opened, and read it all."""
    page.locator(ROWS).first.locator("button").click()
    page.wait_for_selector(".st-key-detail")
    settled(page)
    seen = [chrome(page)]
    for opener in (".st-key-figure-findings button", ".st-key-tools .stPopover button"):
        page.locator(opener).click()
        page.wait_for_selector("[data-testid=stPopoverBody]")
        seen.append(page.locator("[data-testid=stPopoverBody]").last.inner_text())
        page.locator(opener).click()
    return "\n".join(seen)


def test_dark_is_whole_and_the_switch_changes_it(pages, visit):
    page = visit(pages, scheme="dark")
    settled(page)
    assert _lightness(page, ".st-key-panel") < 0.25
    assert _lightness(page, ".ga-legend") < 0.25
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".st-key-theme button").click()
    page.wait_for_url("**/*")
    page.wait_for_function("document.querySelector('.st-key-panel') !== null")
    settled(page)
    assert _lightness(page, ".st-key-panel") > 0.9
    assert any(url.endswith("/style/light.json") for url in asked)
    assert not any(url.endswith("/style/dark.json") for url in asked), "the map changes with the page, at once"


def _lightness(page, selector):
    """Lightness of what lies behind an element, 0 to 1."""
    red, green, blue = page.evaluate(
        "s => getComputedStyle(document.querySelector(s)).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)",
        selector,
    )
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def test_a_phone_has_one_column_and_targets_for_a_thumb(pages, visit):
    page = visit(pages, size={"width": 390, "height": 780})
    settled(page)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    frame = page.locator(CANVAS).first.bounding_box()
    assert frame["width"] == 390
    assert 0.5 * 780 <= frame["height"] <= 0.7 * 780
    button = page.locator(ROWS).first.locator("button")
    button.scroll_into_view_if_needed()
    assert button.bounding_box()["height"] >= 48
    button.click()
    page.wait_for_selector(".st-key-detail")
    page.locator(".st-key-detail").scroll_into_view_if_needed()
    assert page.locator(".st-key-detail h4").is_visible()


@pytest.mark.parametrize("query", ["entry=999999999", "finding=abc", "grid=nowhere", "entry=" + "9" * 40])
def test_a_link_to_what_is_gone_says_so(pages, visit, query):
    page = visit(f"{pages}/?{query}", wait=".st-key-detail")
    assert "找不到了" in page.locator(".st-key-detail").inner_text()
    assert page.locator(ROWS).count() > 0, "the list is still there"
