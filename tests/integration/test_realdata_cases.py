"""Real incident files, where they are at hand: hotline requests, crimes, hazards, Chinese text; every figure as pandas says."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gis.casework import arrivals
from gis.casework import duplicates
from gis.casework import listing
from gis.casework import twins
from gis.casework.listing import Query
from gis.datasets import Dataset
from gis.db.connection import session
from gis.intake.load import load
from gis.intake.prepare import prepare
from gis.vocabulary import Actor
from tests.conftest import REALDATA
from tests.conftest import copy_of_template

JOB = Actor.job("test")
CASES = "taipei/taipei_cases.gpkg"
DISTRICTS = ("taipei/taipei_partitions.gpkg", "district")
FILES = {
    # file, layer: areas; columns of category, of the moment, of the end and of the state in the file
    "hotline requests": ("nyc/nyc_311_20181021.csv.gz", None, ("nyc/nyc_nta_acs0812.gpkg", None), "Complaint Type", "Created Date", "Closed Date", "Status"),
    "crimes": ("nyc/nyc_shootings_2011_2021.csv.gz", None, ("nyc/nyc_nta_acs0812.gpkg", None), None, "occur_date", None, None),
    "hotline cases": (CASES, "dispatch_case_1999", DISTRICTS, "案件類型", "成案時間", None, None),
    "hazards": (CASES, "disaster_report", DISTRICTS, "主災情類型名稱", "災情發生時間", None, None),
}  # fmt: skip
PRESENT = [name for name, (file, *_rest) in FILES.items() if (REALDATA / file).exists()]
ZOOM, CELLS = 12, 19
MOST = 100_000


@pytest.fixture(scope="module", params=PRESENT)
def city(server, request):
    """One file taken in over its areas: what it is, its rows as pandas reads them, what became of it."""
    file, layer, (areas, area_layer), *columns = FILES[request.param]
    with copy_of_template(request.node.nodeid + request.param) as name, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDATLAS_DATABASE_NAME", name)
        load(JOB, prepare(REALDATA / areas, Dataset.AREAS, layer=area_layer, level="community"))
        prepared = prepare(REALDATA / file, Dataset.INCIDENTS, layer=layer)
        done = load(JOB, prepared)
        arrived = arrivals.settle(JOB, done.import_id)
        raw = pd.read_csv(REALDATA / file) if layer is None else gpd.read_file(REALDATA / file, layer=layer)
        rows = raw.loc[prepared.frame.index - 1].set_axis(prepared.frame.index)  # the rows that were not refused
        yield prepared, arrived, rows, gpd.read_file(REALDATA / areas, layer=area_layer), columns


def counted(query, given=None):
    with session(JOB) as conn:
        return dict(conn.execute(query, given).fetchall())


def test_states_and_categories_are_those_of_the_file(city):
    prepared, _arrived, rows, _areas, (category, _moment, closed, state) = city
    with session(JOB) as conn:
        assert listing.count(conn, Query()) == len(rows)
        over = listing.count(conn, Query(clock="ended"))
        if category is not None:
            wanted = rows[category].astype(str).str.strip().value_counts().head(12)
            assert prepared.source.mapping["category"] == category
            assert {word: listing.count(conn, Query(category=word)) for word in wanted.index} == wanted.to_dict()
    ended = rows[closed].notna() | rows[state].eq("Closed") if closed else pd.Series(False, index=rows.index)
    assert over == int(ended.sum())
    assert counted("SELECT act, count(*) FROM case_event GROUP BY 1") == {"import": len(rows)}


def test_days_are_those_of_the_file(city):
    _prepared, _arrived, rows, _areas, (_category, moment, _closed, _state) = city
    # Times without a zone are the office's own; only their days are compared, which no zone moves then.
    days = pd.to_datetime(rows[moment], format="mixed").dt.tz_localize(None).dt.date.value_counts()
    with session(JOB) as conn:
        for day in [days.index[0], days.index[-1]]:
            assert listing.count(conn, Query(since=day, until=day)) == days[day]
        assert listing.count(conn, Query(since=days.index.min(), until=days.index.max())) == days.sum()


def test_the_overlay_counts_what_lies_in_each_tile_and_area(city):
    prepared, _arrived, _rows, areas, _columns = city
    points = prepared.frame.geometry.dropna()
    n = 2**ZOOM
    column = np.floor((points.x + 180) / 360 * n).astype(int)
    row = np.floor((1 - np.arcsinh(np.tan(np.radians(points.y))) / np.pi) / 2 * n).astype(int)
    expected = pd.Series(1, index=[column, row]).groupby(level=[0, 1]).sum()
    with session(JOB) as conn:
        shift = CELLS - ZOOM
        by_file = conn.execute(
            "SELECT atlas.quad_column(quad >> 2 * %s), atlas.quad_column(quad >> 2 * %s + 1), count(*) FROM casefile"
            " WHERE quad IS NOT NULL GROUP BY 1, 2",
            (shift, shift),
        ).fetchall()
        by_cell = conn.execute(
            "SELECT tile_x, tile_y, sum(incidents)::integer FROM incident_cell WHERE z = %s GROUP BY 1, 2", (ZOOM,)
        ).fetchall()
        codes = conn.execute("SELECT id, code FROM area ORDER BY id").fetchall()
        held = {code: listing.count(conn, Query(area=code)) for _number, code in codes}
    assert (
        {(x, y): number for x, y, number in by_file}
        == expected.to_dict()
        == {(x, y): number for x, y, number in by_cell}
    )
    joined = gpd.sjoin(gpd.GeoDataFrame(geometry=points), areas.to_crs(4490)[["geometry"]], predicate="covered_by")
    first = joined.groupby(level=0)["index_right"].min()
    assert sorted(n for n in held.values() if n) == sorted(first.value_counts().tolist())


def test_what_may_be_one_is_near_in_place_and_time(city):
    prepared, arrived, _rows, _areas, _columns = city
    by = duplicates.policy()
    frame = prepared.frame.set_index("code")
    at = pd.DataFrame({"x": frame.geometry.x, "y": frame.geometry.y, "at": frame["occurred_at"]})
    pairs = arrived.twins
    assert arrived.cases <= len(frame)
    ones, others = at.loc[pairs["code"]].reset_index(drop=True), at.loc[pairs["other"]].reset_index(drop=True)
    pool = pd.concat([ones, others], ignore_index=True)
    half = np.arange(len(pairs))
    assert not (twins.distances(pool, half, half + len(pairs)) > by.radius_m).any()
    assert ((ones["at"] - others["at"]).abs() <= pd.Timedelta(days=by.days)).all()
    assert pairs["score"].between(by.least - 0.005, 1).all()
    with session(JOB) as conn:
        assert conn.execute("SELECT count(*) FROM case_link WHERE relation = 'duplicate'").fetchone() == (len(pairs),)
        marked = [row.code for row in listing.cases(conn, Query(twins=True), limit=MOST)]
    assert set(marked) == {*pairs["code"], *pairs["other"]}
    near = at.dropna().duplicated(["x", "y", "at"])
    assert len(pairs) or not near.any()  # the same place and moment is found at least


def test_the_files_are_all_there_or_none():
    assert len(PRESENT) in {0, len(FILES)}
