"""Tiles that have not changed are not sent again; changed ones are, at once; wrong addresses are told."""

from __future__ import annotations

import gzip
import time

import psycopg
import pytest

from gis.db.connection import conninfo
from layers.catalog import catalog
from server import tiles
from server import versions
from tests.conftest import fill_street
from tests.visitor import Visitor
from tests.visitor import address
from tests.visitor import read
from tests.visitor import wrong

NEAR = (14, 13717, 6695)
CLOSE = (16, 54870, 26780)
FAR = (9, 428, 209)

WRITES = {
    "area": ("UPDATE area SET name = '改名区' WHERE level = 'district'", ("area", "grid", "label")),
    "grid": ("UPDATE grid SET name = name || '新' WHERE network_id = 1", ("grid", "label", "building", "incident", "whistle")),
    "network": (
        "INSERT INTO network (code, name, kind) VALUES ('a', 'a', 'comprehensive')",
        ("grid", "finding", "label", "building", "incident", "whistle"),
    ),
    "building": ("UPDATE building SET households = households + 1 WHERE code = 'B1'", ("building", "grid")),
    "assignment": ("DELETE FROM assignment WHERE building_id = 1", ("building", "grid")),
    "incident": ("INSERT INTO incident (code, kind, geom) SELECT 'new', 'hazard', geom FROM incident LIMIT 1", ("incident",)),
    "casefile": ("UPDATE casefile SET level = 1 WHERE incident_id = 1", ("incident",)),
    "whistle": ("UPDATE whistle SET title = '改' WHERE id = 1", ("whistle",)),
    "finding": ("DELETE FROM finding WHERE rule = 'grid_size'", ("finding", "grid")),
    "refresh": ("INSERT INTO refresh (network_id, summary, started_at) VALUES (1, '{}', now())", ("grid", "building")),
    "excluded": ("UPDATE excluded SET reason = '铁路'", ("excluded",)),
    "road": ("UPDATE road SET kind = 'primary' WHERE kind = 'path'", ("road",)),
    "water": ("DELETE FROM water", ("water",)),
    "green": ("TRUNCATE green", ("green",)),
}  # fmt: skip
"""A write to each table, and the layers it must make new tags for."""


@pytest.fixture(autouse=True)
def _still(monkeypatch):
    """Hold the clock that makes tiles of cases old: only writes make news here."""
    monkeypatch.setattr(versions, "clock", lambda: 0.0)


@pytest.fixture
def visitor(street):
    with Visitor() as asking:
        yield asking


@pytest.fixture
def writer(database, monkeypatch):
    """A visitor of a street of its own that sees changes at once, and a way to write to it."""
    monkeypatch.setattr(versions, "LIFETIME_S", 0.0)
    fill_street()

    def write(statement):
        with psycopg.connect(conninfo("atlas_owner")) as conn:
            conn.execute("SELECT set_config('atlas.actor', 'job:test', true)")
            conn.execute(statement)

    with Visitor() as asking:
        yield asking, write


def tags(visitor):
    found = {}
    for key, layer in catalog().items():
        response = visitor.ask(address(key, NEAR if layer.start <= NEAR[0] else CLOSE))
        assert response.status_code in (200, 204)
        found[key] = response.headers["etag"]
    return found


def test_an_unchanged_tile_is_not_sent_again(visitor):
    for key in catalog():
        first = visitor.ask(address(key, NEAR))
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        for given in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            again = visitor.ask(address(key, NEAR), headers={"if-none-match": given})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert visitor.ask(address(key, NEAR), headers={"if-none-match": '"other"'}).status_code == first.status_code


def test_an_unchanged_tile_asks_the_database_for_versions_alone(visitor, monkeypatch):
    first = visitor.ask(address("building", NEAR))

    async def no(*_args, **_more):
        raise AssertionError("cut again")

    monkeypatch.setattr(tiles, "_cut", no)
    assert visitor.ask(address("building", NEAR), headers={"if-none-match": first.headers["etag"]}).status_code == 304
    assert visitor.ask(address("building", NEAR)).content == first.content, "from the store"


@pytest.mark.parametrize("relation", WRITES)
def test_a_write_changes_the_tags_of_its_layers_and_of_no_other(writer, relation):
    visitor, write = writer
    statement, layers = WRITES[relation]
    before = tags(visitor)
    assert tags(visitor) == before
    write(statement)
    after = tags(visitor)
    assert {key for key in before if before[key] != after[key]} == set(layers)


def test_what_hangs_on_the_time_of_day_is_asked_for_again_after_a_while(visitor, monkeypatch):
    before = tags(visitor)
    monkeypatch.setattr(versions, "clock", lambda: 301.0)
    after = tags(visitor)
    assert {key for key in before if before[key] != after[key]} == {"incident", "whistle"}


def test_every_table_of_every_layer_is_written_to_above():
    relations = {relation for layer in catalog().values() for relation in layer.relations}
    assert relations - {"grid_figure", "grid_finding"} == set(WRITES)


def test_counts_far_out_follow_each_write(writer):
    visitor, write = writer

    def counted():
        body = visitor.ask(address("building", FAR)).content
        cells = read(body, "building", FAR)
        return int(cells["buildings"].sum()), int(cells["households"].sum())

    buildings, households = counted()
    assert buildings == 600
    write("UPDATE building SET households = households + 5 WHERE code = 'B9'")
    assert counted() == (600, households + 5)
    write("INSERT INTO building (code, households, geom) SELECT 'new', 7, geom FROM building WHERE code = 'B9'")
    assert counted() == (601, households + 12)
    write("UPDATE building SET geom = ST_SetSRID(ST_Point(116.4, 39.9), 4490) WHERE code = 'new'")
    assert counted() == (600, households + 5)
    write("DELETE FROM building WHERE code = 'B9'")
    assert counted()[0] == 599
    write("TRUNCATE building CASCADE")
    assert visitor.ask(address("building", FAR)).status_code == 204


def test_a_change_shows_within_a_second(database):
    fill_street()
    with Visitor() as visitor:
        before = visitor.ask(address("water", NEAR)).headers["etag"]
        with psycopg.connect(conninfo("atlas_owner")) as conn:
            conn.execute("SELECT set_config('atlas.actor', 'job:test', true)")
            conn.execute("DELETE FROM water")
        time.sleep(versions.LIFETIME_S)
        after = visitor.ask(address("water", NEAR))
        assert (after.status_code, after.headers["etag"] != before) == (204, True)


def test_a_filter_is_another_tile_however_it_is_spelled(visitor):
    def tag(**query):
        return visitor.ask(address("finding", NEAR), params=query).headers["etag"]

    assert len({tag(), tag(severity="warn"), tag(severity="block"), tag(rule="grid_size"), tag(network="jw")}) == 5
    assert tag(severity="warn,block") == tag(severity="block,warn") == tag(severity="block,warn,block")
    assert tag(severity="") == tag()


def test_tiles_are_packed_for_those_who_take_it(visitor):
    plain = visitor.ask(address("building", NEAR), headers={"accept-encoding": "identity"})
    packed = visitor.ask(address("building", NEAR), headers={"accept-encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert gzip.decompress(tiles.pack(plain.content)) == plain.content
    refused = visitor.ask(address("building", NEAR), headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_where_nothing_lies_the_tile_is_empty(visitor):
    for key, layer in catalog().items():
        response = visitor.ask(address(key, (layer.detail, 0, 0)))
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["etag"]
        if layer.start > 0:
            assert visitor.ask(address(key, (layer.start - 1, 0, 0))).status_code == 204


def test_many_at_once_are_answered_alike(visitor):
    alone = {path: visitor.ask(path).content for path in (address(key, NEAR) for key in catalog())}
    tiles.store.clear()
    paths = list(alone) * 8
    for path, response in zip(paths, visitor.ask_together(paths), strict=True):
        assert response.content == alone[path]


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/none/14/1/1.pbf", "/tiles/Grid/14/1/1.pbf", "/tiles/grid/23/0/0.pbf", "/tiles/grid/3/8/0.pbf",
        "/tiles/grid/3/0/8.pbf", "/tiles/grid/-1/0/0.pbf", "/tiles/grid/1.0/0/0.pbf", "/tiles/grid/a/0/0.pbf",
        "/tiles/grid/１/0/0.pbf", "/tiles/grid/999999999999/0/0.pbf",
    ],
)  # fmt: skip
def test_a_tile_outside_the_map_is_not_found(visitor, path):
    chinese = wrong(visitor.ask(path), 404)
    english = wrong(visitor.ask(path, headers={"accept-language": "en-US,en;q=0.9,zh;q=0.8"}), 404)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese["error"])
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in english["error"] + english["remedy"])


@pytest.mark.parametrize(
    ("layer", "query"),
    [
        ("water", {"network": "zh"}), ("building", {"kind": "office"}), ("incident", {"kind": "flood"}),
        ("finding", {"rule": "unclaimed_land,none"}), ("finding", {"severity": "BLIND"}), ("finding", {"colour": "red"}),
        ("grid", {"code": "x" * 65}), ("grid", {"network": "a,b"}), ("grid", {"network": "a\x00"}),
        ("grid", {"code": ","}), ("grid", {"code": ",".join(str(n) for n in range(201))}), ("grid", {"code": "1," * 3000}),
        ("grid", {"network": ["zh", "jw"]}),
    ],
)  # fmt: skip
def test_a_filter_the_layer_does_not_take_is_refused(visitor, layer, query):
    chinese = wrong(visitor.ask(address(layer, NEAR), params=query), 400)
    english = wrong(visitor.ask(address(layer, NEAR), params=query, headers={"accept-language": "en"}), 400)
    assert chinese["error"] != english["error"]
    assert next(iter(query)) in english["error"]
