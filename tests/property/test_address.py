"""Whatever is asked of the routes, the answer is a tile, a file or one sentence with a remedy: never a breakdown."""

from __future__ import annotations

import logging
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis.vocabulary import GridKind
from gis.vocabulary import IncidentKind
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity
from layers.catalog import catalog
from tests.visitor import Visitor
from tests.visitor import wrong

QUIET = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get")
TEXT = st.text(max_size=40)
LAYERS = st.one_of(st.sampled_from([*catalog(), "Grid", "..", ""]), TEXT)
NUMBERS = st.one_of(
    st.integers(-3, 25).map(str),
    st.integers(0, 2**70).map(str),
    st.sampled_from(["１", "٣", "1e3", "0x1", "1.0", "+1", " 1", "01", "NaN", "-0", ""]),
    TEXT,
)
NAMES = st.one_of(st.sampled_from(["network", "rule", "severity", "kind", "code", "Network", "z", ""]), TEXT)
VALUES = st.one_of(
    st.sampled_from([*RuleKey, *Severity, *GridKind, *IncidentKind, "zh", "jw", "310000001001077", "1", "block,blind"]),
    st.sampled_from(["", ",", "'", '"', "';--", "%", "%s", "%(z)s", "\\", "$1", "\x00", "a\nb", "x" * 65, "x" * 5000]),
    st.lists(TEXT, max_size=250).map(",".join),
    TEXT,
)
HEADERS = st.dictionaries(
    st.sampled_from(["accept-language", "accept-encoding", "if-none-match", "host", "x-gridatlas", "range"]),
    st.one_of(
        st.sampled_from(["*", '"', 'W/"x"', "en", "zh", "gzip;q=0", "1", "", "[", ","]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    ),
    max_size=3,
)
PARTS = st.lists(st.one_of(TEXT, st.sampled_from(["..", ".", "tiles", "%2e", "light.json"])), max_size=6)
ROOTS = st.sampled_from(["/tiles/", "/style/", "/assets/", "/uploads/", "/health", "/metrics"])


@pytest.fixture(scope="module")
def visitor(street, tmp_path_factory):
    with Visitor() as asking:
        yield asking


def spelled(parts):
    """Parts of an address; a client would take dots for steps, so they are written out."""
    return "/".join(quote(part, safe="").replace(".", "%2E") for part in parts)


def hold(response, method="GET"):
    """Each answer is one of those that are documented, in its shape."""
    status = response.status_code
    assert status < 500, (status, response.text)
    if status in (200, 204, 304):
        return
    if status == 307:
        assert response.headers["location"]
        return
    if method != "HEAD":
        wrong(response, status)
    assert status in (400, 403, 404, 405)


@QUIET
@given(LAYERS, NUMBERS, NUMBERS, NUMBERS, st.lists(st.tuples(NAMES, VALUES), max_size=4), HEADERS)
@example("finding", "14", "13720", "6690", [("code", "%(z)s")], {})
@example("grid", "22", "4194303", "4194303", [("network", "\x00")], {})
@example("grid", "0", "0", "0", [("kind", ",")], {})
def test_any_tile_address_gets_an_answer(visitor, layer, zoom, column, row, query, headers):
    path = f"/tiles/{spelled((layer, zoom, column, row))}.pbf"
    hold(visitor.ask(path, params=query, headers=headers))


@QUIET
@given(
    st.sampled_from(sorted(catalog())),
    st.integers(0, 22),
    st.tuples(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True)),
    st.lists(st.tuples(NAMES, VALUES), max_size=2, unique_by=lambda pair: pair[0]),
)
def test_any_tile_of_the_world_is_there_or_empty(visitor, layer, zoom, where, query):
    taken = [(name, value) for name, value in query if name in catalog()[layer].filters]
    column, row = (int(share * 2**zoom) for share in where)
    response = visitor.ask(f"/tiles/{layer}/{zoom}/{column}/{row}.pbf", params=taken)
    assert response.status_code in ((200, 204) if not taken else (200, 204, 400)), response.text


@QUIET
@given(ROOTS, PARTS, st.sampled_from(METHODS), st.lists(st.tuples(TEXT, TEXT), max_size=3), HEADERS)
def test_any_address_below_ours_gets_an_answer(visitor, root, parts, method, query, headers):
    hold(
        visitor.ask(root + (spelled(parts) if root.endswith("/") else ""), method, params=query, headers=headers),
        method,
    )


@QUIET
@given(NAMES, VALUES, st.binary(max_size=200))
def test_any_name_of_an_upload_is_kept_or_refused(visitor, tmp_path_factory, name, value, body):
    folder = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDATLAS_HOME", str(folder))
        number = visitor.ask("/uploads", "POST", headers={"x-gridatlas": "1"}).json()["id"]
        query = {"name": value, name: value}
        response = visitor.ask(f"/uploads/{number}", "PUT", params=query, headers={"x-gridatlas": "1"}, content=body)
    assert response.status_code == (201 if body else 400), response.text
    kept = list((folder / "uploads" / number / "files").iterdir())
    assert [path.read_bytes() for path in kept] == ([body] if body else [])


def test_the_log_told_of_no_breakdown(visitor, caplog):
    with caplog.at_level(logging.ERROR, "gridatlas.server"):
        hold(visitor.ask("/tiles/grid/1/0/0.pbf", params={"network": "\ufffd"}))
    assert not caplog.records
