"""The intake page in a real browser: a file goes in step by step, and every trouble is a sentence beside its cause."""

from __future__ import annotations

import csv
import os
import re
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis import crs
from gis.db.connection import session
from gis.settings import HomeSettings
from gis.vocabulary import Actor
from tests.browser import street
from tests.browser.conftest import new_database
from tests.browser.conftest import serving

ME = Actor("test")
STEPPER = ".st-key-intake-stepper"
COUNT = 40


@pytest.fixture(scope="module")
def office(server, tmp_path_factory):
    """Serve a street of its own that these tests may write to; the address."""
    with new_database(f"intake{os.getpid()}") as name:
        street.build()
        with serving(tmp_path_factory.mktemp("office"), GRIDATLAS_DATABASE_NAME=name) as address:
            yield address


@pytest.fixture
def enter(office, visit):
    """Come to the page the way a person does; deep links cost the toolkit two 404 of its own."""

    def come(path="/intake", allowed=(404,)):
        return visit(office + path, wait=STEPPER, allowed=allowed)

    return come


def idle(page):
    """Wait until the page computes nothing."""
    page.wait_for_timeout(150)
    page.wait_for_function("document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'")


def hand_over(page, *files):
    page.locator(".st-key-intake input[type=file]").set_input_files([str(file) for file in files])


def give(page, *files):
    """Upload and wait for what the page says of it."""
    hand_over(page, *files)
    page.wait_for_selector(".st-key-intake-step")
    idle(page)


def onward(page, step):
    """Go on to a step."""
    page.locator(".st-key-next button:not([disabled])").click()
    page.wait_for_selector(f".st-key-intake-here-{step}")
    idle(page)


def words(page):
    return page.locator(".st-key-intake").inner_text()


def pick(page, widget, option):
    """Choose an option of a select box."""
    page.locator(f"[class*='st-key-{widget}'] [data-baseweb=select], [class*='st-key-{widget}'] input").first.click()
    page.get_by_role("option", name=option, exact=True).click()
    idle(page)


def number(page):
    return re.search(r"import=([0-9a-f]{32})", page.url).group(1)


def upload_folder(page):
    return HomeSettings().home / "uploads" / number(page)


def write_csv(path, head, rows, encoding="gbk"):
    with path.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows([head, *rows])
    return path


def between():
    """Places between the stored buildings: no datum brings them onto one."""
    cells = [(column, row) for row in range(street.ROWS) for column in range(street.COLUMNS)]
    at = np.array([(cells[k % 24][0] + 0.33, cells[k % 24][1] + 0.31 + k // 24 * 0.3) for k in range(COUNT)])
    return street.WEST + at[:, 0] * street.STEP, street.SOUTH + at[:, 1] * street.STEP


def gcj_csv(folder, prefix="N", name="楼栋_高德.csv"):
    lon, lat = crs.gcj02_from_wgs84(*between())
    rows = [
        (f"{prefix}{k:03d}", f"新楼{k}", "翠湖路", "住宅", 12, f"{lon[k]:.8f}", f"{lat[k]:.8f}") for k in range(COUNT)
    ]
    rows.append(rows[0])
    rows.append((f"{prefix}{COUNT:03d}", "=HYPERLINK(1)", "翠湖路", "住宅", 12, "", ""))
    rows.append(rows[-1])
    return write_csv(folder / name, ("楼栋编号", "楼栋名称", "地址", "用途", "户数", "经度", "纬度"), rows)


def fetch(statement):
    with session(ME) as conn:
        return conn.execute(statement).fetchall()


def test_unknown_datum_is_asked_then_written_once(enter, tmp_path):
    file = gcj_csv(tmp_path)
    page = enter()
    assert "把文件拖到这里" in page.locator(".st-key-intake .words").inner_text()
    give(page, file)
    assert "新楼0" in words(page), "GBK text is read"
    onward(page, 2)
    onward(page, 3)
    assert page.locator(".st-key-next button").is_disabled(), "a datum is never guessed"
    page.wait_for_selector("[data-testid=stDeckGlJsonChart] canvas")
    idle(page)
    text = words(page)
    assert "请看图选定" in text
    assert text.count("GCJ-02") >= 3, "option, table and legend"
    assert len(page.locator(".ga-table tbody tr").all()) == 3
    page.locator("[data-testid=stRadio] label", has_text="GCJ-02").click()
    idle(page)
    onward(page, 4)
    text = words(page)
    assert "整行与第" in text
    with page.expect_download() as download:
        page.locator(".st-key-rejects-file button").click()
    raw = download.value.path().read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert "'=HYPERLINK(1)" in raw.decode("utf-8-sig")
    onward(page, 5)
    page.wait_for_selector(".st-key-write")
    text = words(page)
    assert f"新增 {COUNT + 1} 栋楼" in text
    assert fetch("SELECT count(*) FROM atlas.building WHERE code LIKE 'N0%'") == [(0,)], "a dry run keeps nothing"
    page.locator(".st-key-write button").dblclick()
    page.wait_for_selector(".st-key-another")
    idle(page)
    page.wait_for_function("document.querySelector('.st-key-intake').innerText.includes('覆盖已重新计算')")
    assert f"已写入 {COUNT + 1} 栋楼" in words(page)
    assert "覆盖已重新计算" in words(page)
    assert fetch("SELECT count(*), max(datum), max(actor) FROM atlas.import") == [(1, "gcj02", "test")]
    stored = np.array(
        fetch("SELECT ST_X(geom), ST_Y(geom) FROM atlas.building WHERE code LIKE 'N0%' AND geom IS NOT NULL ORDER BY 1")
    )
    lon, lat = between()
    order = np.argsort(lon, kind="stable")
    assert np.abs(np.sort(stored[:, 0]) - lon[order]).max() < 1e-6
    assert np.abs(np.sort(stored[:, 1]) - np.sort(lat)).max() < 1e-6
    assert not (upload_folder(page) / "files").exists(), "the file is gone once it is written"

    again = enter(f"/intake?import={number(page)}")
    idle(again)
    assert f"已写入 {COUNT + 1} 栋楼" in words(again), "a closed tab finds the result"
    again.locator(".st-key-another button").click()
    again.wait_for_selector(".st-key-intake .ga-table")
    assert "楼栋_高德.csv" in words(again)

    same = again
    give(same, file)
    onward(same, 2)
    onward(same, 3)
    if same.locator(".st-key-next button").is_disabled():
        same.locator("[data-testid=stRadio] label", has_text="GCJ-02").click()
        idle(same)
    onward(same, 4)
    onward(same, 5)
    same.wait_for_selector(".st-key-finish")
    assert "没有任何变化" in words(same)
    assert same.locator(".st-key-write").count() == 0
    folder = upload_folder(same)
    same.locator(".st-key-finish button").click()
    same.wait_for_selector(".st-key-intake .words")
    idle(same)
    assert not folder.exists()
    assert fetch("SELECT count(*) FROM atlas.import") == [(1,)]


def test_stored_buildings_tell_the_datum_and_it_can_be_refused(enter, tmp_path):
    stored = street.buildings()
    stored = stored[~stored.geometry.isna()].iloc[:60]
    lon, lat = crs.gcj02_from_wgs84(stored.geometry.x.to_numpy(), stored.geometry.y.to_numpy())
    rows = [(code, f"{x:.8f}", f"{y:.8f}") for code, x, y in zip(stored["code"], lon, lat, strict=True)]
    page = enter()
    give(page, write_csv(tmp_path / "known.csv", ("code", "lon", "lat"), rows))
    onward(page, 2)
    onward(page, 3)
    assert "坐标系判定为 GCJ-02" in words(page)
    page.locator("[data-testid=stRadio] label").last.click()
    idle(page)
    assert page.locator(".st-key-next button").is_disabled(), "“other” without a number leads nowhere"
    page.locator("[class*=st-key-epsg-] input").fill("4711x")
    page.locator("[class*=st-key-epsg-] input").press("Enter")
    page.wait_for_selector(".st-key-beside-epsg")
    assert page.locator(".st-key-next button").is_disabled()
    page.locator(".st-key-intake-ways").get_by_text("放弃这次导入").click()
    folder = upload_folder(page)
    page.locator(".st-key-discard button").click()
    page.wait_for_selector(".st-key-intake .words")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("截断.gpkg", b"SQLite format 3\x00" + bytes(3000), "已损坏"),
        ("网页.csv", b"<!DOCTYPE html><html><body>login</body></html>", "内容是网页"),
        ("<img src=x onerror=alert(1)>.csv", b"code,lon\n", "没有任何数据行"),
    ],
)
def test_a_broken_file_is_a_sentence_and_the_choice_stays(enter, tmp_path, name, content, sentence):
    file = tmp_path / name
    file.write_bytes(content)
    page = enter()
    pick(page, "dataset-new", "网格")
    give(page, file)
    page.wait_for_selector(".st-key-beside-file")
    text = words(page)
    assert sentence in text
    assert name in text, "the name is shown as it is"
    assert "Traceback" not in text
    assert page.locator(".st-key-next button").is_disabled()
    assert (
        "网格"
        in page.locator("[class*='st-key-dataset-']").inner_text()
        + page.locator("[class*='st-key-dataset-'] input").first.input_value()
    )


def test_an_empty_file_is_refused_at_the_field(enter, tmp_path):
    file = tmp_path / "空.csv"
    file.write_bytes(b"")
    page = enter(allowed=(400, 404))
    hand_over(page, file)
    page.wait_for_selector(".st-key-intake .bad:not([hidden])")
    assert "是空的" in page.locator(".st-key-intake .bad").inner_text()
    assert "import=" not in page.url


def test_shapefile_in_gbk_as_zip_and_as_parts(enter, tmp_path):
    lon, lat = between()
    frame = gpd.GeoDataFrame(
        {"编码": [f"S{k:03d}" for k in range(COUNT)], "名称": ["锦绣花园"] * COUNT},
        geometry=shapely.points(lon, lat),
        crs="EPSG:4490",
    )
    frame.to_file(tmp_path / "楼栋.shp", encoding="GBK")
    parts = [tmp_path / f"楼栋.{ending}" for ending in ("shp", "shx", "dbf", "prj")]
    with zipfile.ZipFile(tmp_path / "楼栋.zip", "w") as archive:
        for part in parts:
            archive.write(part, part.name)
    page = enter()
    give(page, tmp_path / "楼栋.zip")
    assert "锦绣花园" in words(page)
    onward(page, 2)
    onward(page, 3)
    assert "CGCS2000" in words(page)
    assert page.locator(".st-key-next button").is_enabled()
    page = enter()
    give(page, *parts)
    assert "锦绣花园" in words(page)
    page = enter()
    give(page, parts[0], tmp_path / "楼栋.zip")
    page.wait_for_selector(".st-key-beside-file")
    assert "一次只能导入一个文件" in words(page)


def test_a_wrong_column_is_corrected_and_a_reload_keeps_it(enter, tmp_path):
    lon, lat = between()
    rows = [(f"K{k:03d}", 500 + k, 7 + k % 2, lon[k], lat[k]) for k in range(COUNT)]
    page = enter()
    give(page, write_csv(tmp_path / "columns.csv", ("code", "households", "甲列", "lon", "lat"), rows))
    assert "请在“文字编码”里选一种" in words(page), "two characters do not tell an encoding: it is asked"
    assert page.locator(".st-key-next button").is_disabled()
    pick(page, f"encoding-{number(page)}", "gb18030")
    assert "甲列" in words(page)
    onward(page, 2)
    assert "500" in words(page)
    pick(page, f"field-{number(page)}-households", "甲列")
    assert "500" not in words(page)
    page.reload()
    page.wait_for_selector(".st-key-intake-here-2")
    idle(page)
    assert "500" not in words(page)
    assert page.locator(".st-key-intake-done-1 button").is_enabled(), "a way back"
    page.locator(".st-key-intake-done-1 button").click()
    page.wait_for_selector(".st-key-intake-here-1")


def test_english_speaks_no_chinese(enter, tmp_path):
    lon, lat = between()
    rows = [(f"E{k:03d}", "House", 5, lon[k], lat[k]) for k in range(COUNT)]
    page = enter("/intake?lang=en")
    file = write_csv(tmp_path / "houses.csv", ("code", "name", "households", "lon", "lat"), [*rows, rows[0]])
    field = page.locator(".st-key-intake .words", has_text="rop").inner_text()
    assert "Drop" in field or "file" in field.lower()
    give(page, file)
    seen = [field, words(page)]
    onward(page, 2)
    seen.append(words(page))
    onward(page, 3)
    seen.append(words(page))
    page.locator("[data-testid=stRadio] label", has_text="WGS84").click()
    idle(page)
    onward(page, 4)
    seen.append(words(page))
    onward(page, 5)
    page.wait_for_selector(".st-key-write")
    seen.append(words(page))
    assert re.findall("[\u4e00-\u9fff]+", "".join(seen)) == []


def test_an_address_of_an_import_that_is_gone(enter):
    page = enter(f"/intake?import={'0' * 32}")
    page.wait_for_selector(".st-key-beside-gone")
    assert "请重新上传" in words(page)
    page = enter("/intake?import=..%2F..%2Fetc")
    page.wait_for_selector(".st-key-beside-gone")
    page.locator(".st-key-anew button").click()
    page.wait_for_selector(".st-key-intake .words")


def test_a_whole_duty_list_says_what_it_changes_before_it_is_written(enter, tmp_path):
    with session(Actor.job("test")) as conn:
        conn.execute("DELETE FROM duty")
        conn.execute(
            "INSERT INTO duty (code, name, category, lead, valid_from) VALUES ('old', '垃圾治理', '暴露垃圾', '城管办', '2026-01-01')"
        )
    rows = [("1", "垃圾治理", "暴露垃圾", "执法队"), ("2", "噪声扰民", "噪声", "派出所")]
    file = write_csv(tmp_path / "履职清单.csv", ("序号", "事项名称", "小类", "牵头单位"), rows)
    page = enter()
    pick(page, "dataset-new", "权责清单")
    give(page, file)
    for step in (2, 3, 4, 5):
        onward(page, step)
    page.get_by_text("这是一整版清单").click()
    idle(page)
    assert "请写明清单名称" in words(page)
    assert page.get_by_role("button", name="写入 2 行").count() == 0
    for label, value in (("清单名称", "履职清单"), ("版本号", "2026-2")):
        page.get_by_label(label).fill(value)
        page.keyboard.press("Enter")
        idle(page)
    page.get_by_role("spinbutton", name="year, 从哪一天起生效").click()
    page.keyboard.type("20260701")
    page.keyboard.press("Escape")  # the day is told when its calendar is left
    page.get_by_text("牵头单位:城管办 → 执法队").wait_for()
    assert "新增:噪声扰民" in words(page)
    assert fetch("SELECT count(*) FROM duty_list") == [(0,)], "nothing is written by looking"
    idle(page)
    page.locator(".st-key-write button").click()
    page.wait_for_selector(".st-key-another", timeout=180_000)  # the coverage is computed anew first
    idle(page)
    assert "此前有效的 1 项到生效前一天为止" in words(page)
    assert fetch("SELECT version, valid_from::text FROM duty_list") == [("2026-2", "2026-07-01")]
    assert fetch("SELECT valid_to::text FROM duty WHERE code = 'old'") == [("2026-06-30",)]
