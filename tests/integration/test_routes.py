"""The addresses beside the pages, asked as a browser, a monitor or a stranger would."""

from __future__ import annotations

import json
import os
import re

import psycopg
import pytest

from gis.db import migrations
from gis.db.connection import conninfo
from gis.intake import uploads
from layers.catalog import catalog
from layers.palette import Theme
from server import assets
from server import headers
from server import versions
from tests.visitor import ORIGIN
from tests.visitor import Visitor
from tests.visitor import wrong

TIANDITU = "https://t0.tianditu.gov.cn/DataServer?T=vec_w&x={x}&y={y}&l={z}&tk={key}"
LABELS = "https://t1.tianditu.gov.cn/DataServer?T=cva_w&x={x}&y={y}&l={z}&tk={key}"
TILE = "/tiles/building/14/13717/6695.pbf"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
PAGE = {"x-gridatlas": "1"}
SECURITY = (
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "content-security-policy",
)


@pytest.fixture
def visitor(street):
    with Visitor() as asking:
        yield asking


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A home of the uploads' own; they do not need the database."""
    monkeypatch.setenv("GRIDATLAS_HOME", str(tmp_path))
    return tmp_path / "uploads"


def sources(visitor, theme="light"):
    response = visitor.ask(f"/style/{theme}.json")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    style = response.json()
    assert style["version"] == 8
    return style, style["sources"]


# the style ---------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", list(Theme))
def test_the_basemap_is_drawn_from_our_own_tiles_alone(visitor, theme, monkeypatch):
    monkeypatch.delenv("GRIDATLAS_BASEMAP_URL", raising=False)
    style, found = sources(visitor, theme)
    assert set(found) == {"green", "water", "road", "area"}
    assert {"glyphs", "sprite"}.isdisjoint(style)
    for key, source in found.items():
        assert source["tiles"] == [f"{ORIGIN}/tiles/{key}/{{z}}/{{x}}/{{y}}.pbf"]
        assert (source["minzoom"], source["maxzoom"]) == (catalog()[key].start, catalog()[key].detail)
        shown = source["tiles"][0].removeprefix(ORIGIN).format(z=14, x=13717, y=6695)
        assert visitor.ask(shown).status_code in (200, 204)
    for layer in style["layers"]:
        assert layer["type"] == "background" or layer["source-layer"] == layer["source"] in found
    assert len({layer["id"] for layer in style["layers"]}) == len(style["layers"])


def test_a_basemap_of_the_office_lies_under_our_outlines(visitor, monkeypatch):
    monkeypatch.setenv("GRIDATLAS_BASEMAP_URL", TIANDITU)
    monkeypatch.setenv("GRIDATLAS_BASEMAP_LABEL_URL", LABELS)
    monkeypatch.setenv("GRIDATLAS_BASEMAP_KEY", "0123abc")
    monkeypatch.setenv("GRIDATLAS_BASEMAP_ATTRIBUTION", "天地图")
    style, found = sources(visitor)
    assert set(found) == {"raster", "raster-labels", "area"}
    assert found["raster"] == {
        "type": "raster",
        "tiles": [TIANDITU.replace("{key}", "0123abc")],
        "tileSize": 256,
        "attribution": "天地图",
    }
    assert found["raster-labels"]["tiles"] == [LABELS.replace("{key}", "0123abc")]
    assert [layer["id"] for layer in style["layers"]][:3] == ["land", "raster", "raster-labels"]
    with Visitor() as other:
        allowed = other.ask("/style/light.json").headers["content-security-policy"]
    for kind in ("img-src", "connect-src"):
        words = re.search(rf"{kind} ([^;]*)", allowed).group(1).split()
        assert {"https://t0.tianditu.gov.cn", "https://t1.tianditu.gov.cn"} <= set(words)
    assert "tianditu" not in re.search(r"script-src ([^;]*)", allowed).group(1)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://t{s}.tianditu.gov.cn/{z}", "https://*.tianditu.gov.cn"),
        ("http://{s}.tiles.lan:8080/{z}", "http://*.tiles.lan:8080"),
        ("http://user:secret@tiles.lan/{z}", "http://tiles.lan"),
        ("https://地图.example/{z}", "https://xn--wcs7d.example"),
        ("javascript:alert(1)", ""),
        ("http://[", ""),
        ("http://tiles.lan; script-src *", ""),
    ],
)
def test_the_policy_names_the_host_of_the_basemap_and_nothing_else(monkeypatch, address, host):
    plain = headers.policy()
    monkeypatch.setenv("GRIDATLAS_BASEMAP_URL", address)
    given = headers.policy()
    assert given.replace(f" {host}" if host else "nothing", "") == plain
    assert (given == plain) is not bool(host)


def test_an_unchanged_style_is_not_sent_again(visitor, monkeypatch):
    first = visitor.ask("/style/dark.json")
    again = visitor.ask("/style/dark.json", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    monkeypatch.setenv("GRIDATLAS_BASEMAP_URL", TIANDITU)
    changed = visitor.ask("/style/dark.json", headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert visitor.ask("/style/light.json").headers["etag"] != changed.headers["etag"]


@pytest.mark.parametrize("name", ["blue.json", "light", "light.json/more", "", "LIGHT.json", "%00.json"])
def test_there_is_no_other_style(visitor, name):
    wrong(visitor.ask(f"/style/{name}"), 404)


@pytest.mark.parametrize("host", ["[", "a b", "x" * 300, "map.test:port", '"><script>', "[::1]:8501", ""])
def test_a_strange_host_is_no_accident(visitor, host):
    response = visitor.ask("/style/light.json", headers={"host": host})
    assert response.status_code in (200, 400)
    if response.status_code == 400:
        wrong(response, 400)


# assets ------------------------------------------------------------------------------------


def test_assets_come_from_the_list_alone(visitor, monkeypatch, tmp_path):
    file = tmp_path / "@loaders.gl/mvt/dist/mvt-worker.js"
    file.parent.mkdir(parents=True)
    file.write_text("// one")
    (tmp_path / "secret.js").write_text("secret")
    monkeypatch.setattr(assets, "PACKAGES", tmp_path)
    first = visitor.ask("/assets/mvt-worker.js")
    assert (first.status_code, first.text) == (200, "// one")
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "max-age" in first.headers["cache-control"]
    tag = {"if-none-match": first.headers["etag"]}
    assert visitor.ask("/assets/mvt-worker.js", headers=tag).status_code == 304
    for name in ("secret.js", "..%2fsecret.js", "%2e%2e/secret.js", "@loaders.gl/mvt/dist/mvt-worker.js", "", "%00"):
        wrong(visitor.ask(f"/assets/{name}"), 404)
    file.write_text("// another")
    os.utime(file, (1, 1))
    changed = visitor.ask("/assets/mvt-worker.js", headers=tag)
    assert (changed.status_code, changed.text) == (200, "// another")
    file.unlink()
    assert "npm ci" in wrong(visitor.ask("/assets/mvt-worker.js"), 503)["remedy"]


def test_every_asset_of_the_list_is_installed(visitor):
    for name in assets.FILES:
        assert len(visitor.ask(f"/assets/{name}").content) > 1000


# health and metrics ------------------------------------------------------------------------


def test_health_says_that_all_is_well_and_no_more(visitor):
    response = visitor.ask("/health")
    assert (response.status_code, response.json()) == (200, {"ok": True})
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("language", ["zh-CN,zh;q=0.9,en;q=0.8", "en-GB,en;q=0.9"])
def test_health_says_that_the_database_is_away(visitor, monkeypatch, tmp_path, language):
    monkeypatch.setenv("GRIDATLAS_HOME", str(tmp_path))
    monkeypatch.setenv("GRIDATLAS_POOL_WAIT_S", "0.5")
    response = visitor.ask("/health", headers={"accept-language": language})
    assert (response.status_code, response.json()) == (503, {"ok": False})
    body = wrong(visitor.ask(TILE, headers={"accept-language": language}), 503)
    assert ("database" in body["error"]) == language.startswith("en")
    assert "script/gis db start" in body["remedy"]


def test_health_says_that_a_migration_waits(visitor, monkeypatch):
    monkeypatch.setattr(migrations, "pending", lambda: ["0009_more"])
    response = visitor.ask("/health")
    assert (response.status_code, response.json()) == (503, {"ok": False})


def test_an_empty_database_is_told_from_a_broken_program(database, monkeypatch):
    for step in reversed(migrations.available()):
        with psycopg.connect(conninfo("atlas_owner")) as conn:
            conn.execute(step.down)
    with Visitor() as asking:
        body = wrong(asking.ask(TILE, headers={"accept-language": "en"}), 503)
    assert "script/gis db migrate" in body["remedy"]


def test_metrics_count_and_cannot_be_made_to_grow(visitor):
    def counted(name):
        text = visitor.ask("/metrics").text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))

    before = counted('gridatlas_tiles_total{layer="building",origin="database"}')
    served = counted('gridatlas_requests_total{operation="tile:building",status="200"}')
    assert visitor.ask(TILE).status_code == 200
    assert visitor.ask(TILE).status_code == 200
    assert counted('gridatlas_tiles_total{layer="building",origin="database"}') == before + 1
    assert counted('gridatlas_requests_total{operation="tile:building",status="200"}') == served + 2
    lines = len(visitor.ask("/metrics").text.splitlines())
    for n in range(20):
        visitor.ask(f"/tiles/layer{n}/1/0/0.pbf")
        visitor.ask(f"/tiles/building/{n}/0/0.pbf", params={f"p{n}": "1"})
    assert len(visitor.ask("/metrics").text.splitlines()) == lines
    assert visitor.ask("/metrics").headers["content-type"].startswith("text/plain")


# what every answer has ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [TILE, "/tiles/none/1/0/0.pbf", "/style/light.json", "/assets/none", "/health", "/metrics", "/uploads"]
)
def test_every_answer_carries_the_security_headers(visitor, path):
    response = visitor.ask(path)
    for name in SECURITY:
        assert len(response.headers.get_list(name)) == 1, name
    policy = response.headers["content-security-policy"]
    assert "object-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert not re.search(r"https?:|\*", policy), "no host of others without a basemap"


@pytest.mark.parametrize("path", [TILE, "/style/light.json", "/assets/mvt-worker.js", "/health", "/metrics"])
@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("GET", "HEAD")])
def test_addresses_that_are_read_take_no_other_method(visitor, path, method):
    response = visitor.ask(path, method)
    assert method in wrong(response, 405)["error"]
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", [TILE, "/style/light.json", "/health", "/metrics"])
def test_head_is_get_without_a_body(visitor, path):
    whole = visitor.ask(path)
    head = visitor.ask(path, "HEAD")
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert set(head.headers) == set(whole.headers)
    assert head.headers.get("etag") == whole.headers.get("etag")


@pytest.mark.parametrize(
    "path", ["/tiles", "/tiles/", "/tiles/building/1/0/0", "/tiles/building/1/0/0.png", "/uploads/a/b"]
)
def test_what_leads_nowhere_says_so(visitor, path):
    response = visitor.ask(path)
    if path == "/tiles":
        assert response.status_code in (307, 404)
    else:
        wrong(response, 404)


def test_nothing_of_the_inside_leaves_the_house(visitor, monkeypatch):
    async def broken(*_):
        raise RuntimeError("secret of the house")

    monkeypatch.setattr("server.tiles.versions", broken)
    response = visitor.ask(TILE)
    assert "secret" not in json.dumps(wrong(response, 500))


def test_a_slow_question_is_given_up(visitor, monkeypatch):
    monkeypatch.setattr(versions, "QUERY", "SELECT '{}'::jsonb FROM pg_sleep(30)")
    monkeypatch.setenv("GRIDATLAS_STATEMENT_TIMEOUT_S", "1")
    versions.forget()
    body = wrong(visitor.ask(TILE), 503)
    assert "GRIDATLAS_STATEMENT_TIMEOUT_S" in body["remedy"]


# uploads -----------------------------------------------------------------------------------


def opened(visitor):
    response = visitor.ask("/uploads", "POST", headers=PAGE)
    assert response.status_code == 201
    return response.json()["id"]


def test_a_file_comes_in_and_lies_on_disk(visitor, folder):
    number = opened(visitor)
    body = os.urandom(300_000)
    response = visitor.ask(f"/uploads/{number}", "PUT", headers=PAGE, params={"name": "../../网格 a.csv"}, content=body)
    assert response.status_code == 201
    assert response.json() == {"ok": True, "name": "网格 a.csv", "size": len(body)}
    assert (folder / number / "files" / "网格 a.csv").read_bytes() == body
    assert {path.name for path in folder.parent.iterdir()} == {"uploads"}


def test_another_site_cannot_send_files(visitor, folder):
    number = opened(visitor)
    wrong(visitor.ask("/uploads", "POST"), 403)
    wrong(visitor.ask("/uploads", "POST", headers={"x-gridatlas": "0"}), 403)
    wrong(visitor.ask(f"/uploads/{number}", "PUT", params={"name": "a.csv"}, content=b"x"), 403)
    assert uploads.get(number).files() == []


def test_what_is_too_large_or_empty_is_not_kept(visitor, folder, monkeypatch):
    monkeypatch.setenv("GRIDATLAS_INTAKE_MAX_FILE_MB", "1")
    number = opened(visitor)
    put = {"headers": PAGE, "params": {"name": "a.csv"}}
    body = wrong(visitor.ask(f"/uploads/{number}", "PUT", content=b"x" * (2**20 + 1), **put), 413)
    assert "1 MB" in body["error"]
    wrong(visitor.ask(f"/uploads/{number}", "PUT", content=b"", **put), 400)
    assert [path.name for path in (folder / number / "files").iterdir()] == []
    assert visitor.ask(f"/uploads/{number}", "PUT", content=b"x" * 2**20, **put).status_code == 201
    other = {"headers": PAGE, "params": {"name": "b.csv"}}
    wrong(visitor.ask(f"/uploads/{number}", "PUT", content=b"xx", **other), 413)


def test_too_many_files_are_refused(visitor, folder):
    number = opened(visitor)
    codes = [
        visitor.ask(f"/uploads/{number}", "PUT", headers=PAGE, params={"name": f"{n}.csv"}, content=b"x").status_code
        for n in range(uploads.MOST_FILES + 1)
    ]
    assert codes == [201] * uploads.MOST_FILES + [400]


@pytest.mark.parametrize("number", ["0" * 32, "%2e%2e", "a" * 31, "A" * 32, "0" * 32 + "%00", "*"])
def test_an_unknown_number_is_told(visitor, folder, number):
    wrong(visitor.ask(f"/uploads/{number}", "PUT", headers=PAGE, params={"name": "a"}, content=b"x"), 404)


def test_an_import_that_went_on_takes_no_more_files(visitor, folder):
    number = opened(visitor)
    uploads.get(number).save(step=2)
    wrong(visitor.ask(f"/uploads/{number}", "PUT", headers=PAGE, params={"name": "a"}, content=b"x"), 409)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "HEAD"])
def test_uploads_take_their_own_method_alone(visitor, folder, method):
    for path, taken in (("/uploads", "POST"), ("/uploads/" + "0" * 32, "PUT")):
        response = visitor.ask(path, method, headers=PAGE)
        if method != taken:
            wrong(response, 405)
            assert response.headers["allow"] == taken


def test_a_folder_that_cannot_be_written_is_explained(visitor, folder, monkeypatch):
    folder.write_text("a file where the folder should be")
    body = wrong(visitor.ask("/uploads", "POST", headers=PAGE), 403)
    assert "GRIDATLAS_HOME" in body["remedy"]
