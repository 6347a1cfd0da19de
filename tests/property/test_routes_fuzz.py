"""Every route and parameter, asked at random by several persons: no 500, and no row of another scope."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from gis.db.connection import close_pools
from gis.db.connection import session
from gis.vocabulary import Actor
from gis.vocabulary import GridKind
from gis.vocabulary import IncidentKind
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity
from layers.catalog import catalog
from server.routes import ROUTES
from tests.visitor import Visitor
from tests.visitor import read

JOB = Actor.job("test")
WHO = {
    "leader": ("leader", "office", None),
    "worker": ("worker", "grid", "310000001001014"),
    "community": ("planner", "area", "310000001002"),
    "wall": ("wall", "office", None),
    "admin": ("admin", None, None),
    "auditor": ("auditor", None, None),
    "nothing": ("supervisor", None, None),
}
SCRIPT = "<script>alert(1)</script>"
LON, LAT = (121.39, 121.45), (31.19, 31.25)

settings.register_profile("routes", deadline=None, suppress_health_check=list(HealthCheck))
words = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["zh", "jw", "", "0", "-1", "NaN", "1e9", "\x00", "'; DROP TABLE grid; --", SCRIPT, "%", "%s", "%(z)s", "../..", "\ud83d\ude00", ","]),
    st.sampled_from([*IncidentKind, *GridKind, *RuleKey, *Severity]),
    st.lists(st.sampled_from([*IncidentKind, *Severity, *RuleKey]), min_size=1, max_size=4).map(",".join),
)  # fmt: skip
names = st.sampled_from(["network", "rule", "severity", "kind", "code", "Network", "q", "z", ""])
parts = st.one_of(
    st.integers(-2, 30).map(str),
    st.integers(0, 2**40).map(str),
    st.text(max_size=6),
    st.sampled_from(["1.0", "0x1", "1" * 20]),
)
methods = st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])


@pytest.fixture(scope="module")
def people(street):
    """The small street, hostile words in every text, and the persons."""
    with session(JOB) as conn:
        conn.execute("UPDATE building SET name = name || %(w)s, address = address || %(w)s", {"w": SCRIPT})
        conn.execute("UPDATE incident SET title = title || %(w)s, category = %(w)s, state = %(w)s", {"w": SCRIPT})
        conn.execute(
            "UPDATE grid SET area_id = a.id FROM area a WHERE a.level = 'community' AND ST_Covers(a.geom, ST_Centroid(grid.geom))"
        )
        conn.execute(
            "UPDATE incident i SET grid_id = (SELECT min(g.id) FROM grid g WHERE g.network_id = 1 AND ST_Covers(g.geom, i.geom))"
        )
        for name, (role, reach, code) in WHO.items():
            conn.execute("INSERT INTO account (name) VALUES (%s)", (f"f-{name}",))
            conn.execute(
                "INSERT INTO account_role (account_id, role) SELECT id, %s FROM account WHERE name = %s",
                (role, f"f-{name}"),
            )
            if reach:
                conn.execute(
                    "INSERT INTO account_scope (account_id, reach, area_id, network_id, grid_code) SELECT c.id, %(reach)s,"
                    " (SELECT id FROM area WHERE code = %(code)s AND %(reach)s = 'area'),"
                    " CASE WHEN %(reach)s = 'grid' THEN 1 END, CASE WHEN %(reach)s = 'grid' THEN %(code)s END FROM account c WHERE c.name = %(name)s",
                    {"reach": reach, "code": code, "name": f"f-{name}"},
                )
    yield street
    close_pools()


@pytest.fixture(scope="module", params=list(WHO))
def visitor(request, people):
    """One of the persons in front of the routes, and the ids he may see (counted by hand, as the house)."""
    role, reach, code = WHO[request.param]
    where = {"office": "true", "area": f"area_id = (SELECT id FROM area WHERE code = '{code}')", None: "false"}
    with session(JOB) as conn:
        if reach == "grid":
            own = conn.execute(
                "SELECT a.building_id FROM assignment a JOIN grid g ON g.id = a.grid_id WHERE g.code = %s AND g.network_id = 1",
                (code,),
            ).fetchall()
            met = conn.execute(
                "SELECT i.id FROM incident i JOIN grid g ON g.id = i.grid_id WHERE g.code = %s", (code,)
            ).fetchall()
        else:
            condition = "false" if role in {"wall", "admin", "auditor"} else where[reach]
            own = conn.execute(f"SELECT id FROM building WHERE {condition}").fetchall()
            met = conn.execute(f"SELECT id FROM incident WHERE {condition}").fetchall()
    with Visitor(f"f-{request.param}") as one:
        yield one, {"building": {i for (i,) in own}, "incident": {i for (i,) in met}}


def test_every_route_is_asked_here():
    assert {getattr(route, "path", "").split("/")[1] for route in ROUTES} <= {
        "tiles",
        "style",
        "assets",
        "health",
        "metrics",
        "uploads",
        "reports",
        "auth",
    }


@settings(settings.get_profile("routes"), max_examples=120)
@given(data=st.data())
def test_no_address_breaks_the_house(visitor, data):
    one, _rows = visitor
    layer = data.draw(st.one_of(st.sampled_from(list(catalog())), words))
    path = data.draw(
        st.one_of(
            st.tuples(parts, parts, parts).map(lambda p: f"/tiles/{layer}/{p[0]}/{p[1]}/{p[2]}.pbf"),
            st.tuples(
                st.sampled_from(["/style/", "/assets/", "/tiles/", "/uploads/", "/reports/", "/health", "/metrics"]),
                words,
            ).map("".join),
            st.sampled_from(["/health", "/metrics", "/uploads", "/reports", "/style/light.json", "/style/dark.json"]),
        )
    )
    query = data.draw(st.lists(st.tuples(names, words), max_size=3))
    headers = data.draw(
        st.sampled_from(
            [
                {},
                {"accept-encoding": "identity"},
                {"if-none-match": "*"},
                {"accept-language": "x"},
                {"x-gridatlas": "1"},
            ]
        )
    )
    if path.startswith("/uploads") and "x-gridatlas" in headers:
        headers = {}  # files on their way have tests of their own
    try:
        answer = one.ask(_sent(path), data.draw(methods), params=[(n, _plain(v)) for n, v in query], headers=headers)
    except ValueError:
        return  # what no client can send
    assert answer.status_code < 500 or answer.status_code == 503, (path, query, answer.text)
    assert "Traceback" not in answer.text


def _plain(text):
    return text.encode("utf-8", "replace").decode()


def _sent(path):
    from urllib.parse import quote

    return quote(_plain(path), safe="/.%-")


@settings(settings.get_profile("routes"), max_examples=80)
@given(
    key=st.sampled_from(["building", "incident"]),
    zoom=st.integers(6, 18),
    lon=st.floats(*LON),
    lat=st.floats(*LAT),
    kind=st.one_of(st.none(), st.sampled_from(list(IncidentKind))),
    network=st.sampled_from([None, "zh", "jw", "none"]),
)
def test_no_tile_holds_a_row_of_another_scope(visitor, key, zoom, lon, lat, kind, network):
    one, rows = visitor
    place = _place(zoom, lon, lat)
    given_ = (
        {"kind": kind} if key == "incident" and kind else {"network": network} if key == "building" and network else {}
    )
    answer = one.ask(f"/tiles/{key}/{place[0]}/{place[1]}/{place[2]}.pbf", params=given_)
    assert answer.status_code in {200, 204}
    if answer.status_code == 204:
        return
    frame = read(answer.content, key, place)
    if zoom >= 14:
        column = "id" if "id" in frame.columns else "mvt_id"
        found = {int(i) for i in frame[column].dropna()} if "told" not in frame.columns else set()
        assert found <= rows[key], "a row of somebody else's"
    elif "told" not in frame.columns:
        counted = "buildings" if key == "building" else "incidents"
        assert frame[counted].sum() <= max(len(rows[key]), 601 if counts_only(one, key) else 0)


def counts_only(one, key):
    """A wall of the whole office has counts of buildings, not the buildings."""
    return one.name == "f-wall" and key == "building"


def _place(zoom, lon, lat):
    import math

    n = 2**zoom
    return zoom, int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)


@pytest.mark.parametrize("zoom", range(6, 14))
def test_counts_far_out_are_those_of_the_scope(visitor, zoom):
    """Not one less either: added up over all tiles, each person finds all of his own rows that have a place."""
    one, rows = visitor
    for key, counted in (("building", "buildings"), ("incident", "incidents")):
        if one.name == "f-wall":
            continue
        places = {_place(zoom, lon, lat) for lon in (121.40, 121.412, 121.424) for lat in (31.20, 31.212, 31.224)}
        total = 0
        for place in places:
            answer = one.ask(f"/tiles/{key}/{place[0]}/{place[1]}/{place[2]}.pbf")
            total += int(read(answer.content, key, place)[counted].sum()) if answer.status_code == 200 else 0
        with session(JOB) as conn:
            placed = conn.execute(
                f"SELECT count(*) FROM {key} WHERE id = ANY (%s) AND geom IS NOT NULL", (list(rows[key]),)
            ).fetchone()[0]
        assert total == placed, key


def test_hostile_words_stay_words(visitor):
    """SQL and tiles pass them on as they are; nothing of ours makes markup of them."""
    one, rows = visitor
    place = _place(16, 121.4125, 31.2125)
    for key, column in (("building", "name"), ("incident", "title")):
        answer = one.ask(f"/tiles/{key}/{place[0]}/{place[1]}/{place[2]}.pbf")
        if answer.status_code == 200 and rows[key]:
            texts = list(read(answer.content, key, place)[column].dropna())
            assert all(text.endswith(SCRIPT) for text in texts)
