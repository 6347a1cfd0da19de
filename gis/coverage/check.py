"""Judges frames from files by the rules, in a workspace that is gone afterwards.

Takes what the intake gives (frames or :class:`~gis.coverage.points.Points`), fills the
``cov_*`` relations, runs the rules and rolls everything back. Reading files and writing
results is left to the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from gis.coverage import engine
from gis.coverage import summary
from gis.coverage.findings import Finding
from gis.coverage.points import Borders
from gis.coverage.points import Names
from gis.coverage.points import Points
from gis.coverage.points import copy_buildings
from gis.coverage.points import copy_incidents
from gis.coverage.rules import FILES
from gis.db.connection import session
from gis.errors import BadInput
from gis.memory import give_back
from gis.vocabulary import SRID
from gis.vocabulary import Actor
from gis.vocabulary import AreaLevel
from gis.vocabulary import RuleKey
from gis.vocabulary import Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    import geopandas as gpd
    import psycopg
    from numpy.typing import NDArray

    from gis.coverage.raw import Raw

LEVELS = tuple(AreaLevel)


class NoGrids(BadInput):
    """There is nothing to check against."""

    template = "网格数据里没有任何可用的多边形。"
    cure = "请检查 --grids 指定的文件和图层。"


@dataclass
class Result:
    """What a check found.

    Attributes
    ----------
    summary : dict
        Figures; see ``docs/check.md``.
    findings : list of Finding
        Heaviest severity first, then most households, buildings, area.
    """

    summary: dict[str, Any]
    findings: list[Finding]

    @property
    def blocked(self) -> bool:
        """Whether anything forbids publishing."""
        return any(finding.severity == Severity.BLOCK for finding in self.findings)


def points_from(frame: gpd.GeoDataFrame, borders: Borders | None = None) -> Points:
    """Turn a clean frame of buildings or incidents into arrays.

    Parameters
    ----------
    frame : GeoDataFrame
        Points in EPSG:4490; ``footprint``, ``households``, ``declared_grid`` where known.
    borders : Borders, optional
        Only footprints whose box touches one are kept; none without.
    """
    shapes = np.asarray(frame.geometry.array)
    points = Points(
        x=shapely.get_x(shapes),
        y=shapely.get_y(shapes),
        codes=pa.array(frame["code"], pa.large_string(), from_pandas=True) if "code" in frame else None,
        rows=np.asarray(frame.index, dtype=np.int64),
        declared=_column(frame, "declared_grid"),
    )
    if "households" in frame and frame["households"].notna().any():
        points.households = frame["households"].fillna(0).to_numpy().clip(0, 2**31 - 1).astype(np.int32)
    if "footprint" in frame and borders is not None:
        footprints = np.asarray(frame["footprint"].array)
        points.has_footprint = ~(shapely.is_missing(footprints) | shapely.is_empty(footprints))
        owners = np.flatnonzero(points.has_footprint)
        points.cut = owners[borders.meet(shapely.bounds(footprints[owners]))]
        points.footprints = shapely.to_wkb(footprints[points.cut])
    return points


def check(
    grids: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | Points | None = None,
    incidents: gpd.GeoDataFrame | Points | None = None,
    excluded: gpd.GeoDataFrame | None = None,
    parameters: Mapping[str, float] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Judge grids against land and buildings; keep nothing.

    Parameters
    ----------
    grids, areas, buildings, incidents, excluded : GeoDataFrame or Points
        Clean frames in EPSG:4490 (see ``docs/architecture.md``); all but ``grids`` optional.
    parameters : mapping, optional
        Values over ``gis.coverage.engine.DEFAULTS``.
    progress : callable, optional
        Told the name of each step.

    Raises
    ------
    NoGrids
        ``grids`` holds no polygon.
    DatabaseUnavailable, DiskFull
        From the database.
    """
    shapes = np.asarray(grids.geometry.array)
    if len(shapes) == 0 or shapely.is_missing(shapes).all():
        raise NoGrids
    if isinstance(buildings, Points) or buildings is None:
        houses = buildings
    else:
        houses = points_from(buildings, Borders(shapes) if "footprint" in buildings else None)
    cases = incidents if isinstance(incidents, Points) or incidents is None else points_from(incidents)
    land = None if areas is None else _lowest(areas)
    known, notes = _known(houses), _notes(land, houses)
    words = _Words(
        [] if land is None else list(zip(_codes(land), _text(land, "name"), strict=True)),
        None if houses is None else houses.names,
        None if cases is None else cases.names,
    )
    tell = progress or (lambda _step: None)
    with session(Actor.job("check")) as conn:
        try:
            space = engine.Workspace(conn)
            space.run("scratch.sql", "tables")
            tell("load")
            _fill(space, grids, land, houses, cases, excluded)
            # The database holds it all now; where nobody else does, the frames are gone before the rules run.
            del shapes, grids, areas, land, buildings, houses, incidents, cases, excluded
            give_back()
            space.parameters({**known, **(parameters or {})})
            space.run("scratch.sql", "indexes")
            engine.derive(space, tell)
            found = engine.judge(space, tell, FILES)
            tell("summary")
            figures = summary.figures(
                conn, found, households_known=known["households_known"] > 0, notes=notes, rules=FILES
            )
        finally:
            conn.rollback()
    findings = [words.finding(raw) for raw in found]
    weight = {severity.value: place for place, severity in enumerate(Severity)}
    findings.sort(
        key=lambda f: (weight[f.severity], -f.measure["households"], -f.measure["buildings"], -f.measure["area_m2"])
    )
    return Result(figures, findings)


def _lowest(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the areas of the lowest level present; rows without a level count as lowest."""
    if "level" not in areas or areas["level"].isna().all():
        return areas
    order = areas["level"].map({level.value: place for place, level in enumerate(LEVELS)})
    return areas[order.isna() | (order == order.max())]


def _known(houses: Points | None) -> dict[str, float]:
    if houses is None:
        return {"households_known": 0, "pointlike": 0}
    pointlike = len(houses) if houses.has_footprint is None else int((~houses.has_footprint).sum())
    known = houses.households is not None and bool(houses.households.any())
    return {"households_known": float(known), "pointlike": float(pointlike)}


def _notes(land: gpd.GeoDataFrame | None, houses: Points | None) -> list[str]:
    notes = [] if land is not None else ["no_areas"]
    if houses is None:
        return [*notes, "no_buildings"]
    return notes if _known(houses)["households_known"] else [*notes, "no_households"]


def _column(frame: gpd.GeoDataFrame, name: str) -> NDArray[Any] | None:
    if name not in frame or frame[name].isna().all():
        return None
    return np.asarray(frame[name].astype(object).where(frame[name].notna(), None), dtype=object)


def _codes(frame: gpd.GeoDataFrame) -> list[str]:
    """Codes of the rows; the row number stands in where there is none."""
    given = _column(frame, "code")
    if given is None:
        return [str(row) for row in frame.index]
    return [str(code) if code not in (None, "") else str(row) for code, row in zip(given, frame.index, strict=True)]


def _text(frame: gpd.GeoDataFrame, name: str) -> list[str | None]:
    given = _column(frame, name)
    return [None] * len(frame) if given is None else [None if v is None else str(v) for v in given]


def _wkb(shapes: NDArray[Any]) -> list[str]:
    with_srid = shapely.set_srid(shapely.force_2d(shapes), SRID)
    return list(shapely.to_wkb(with_srid, hex=True, include_srid=True))


def _rows(conn: psycopg.Connection[Any], command: str, *columns: Any) -> None:  # noqa: ANN401 - lists of one length
    with conn.cursor() as cursor, cursor.copy(command) as copy:
        for row in zip(*columns, strict=True):
            if row[-1] is not None:
                copy.write_row(row)


def _fill(
    space: engine.Workspace,
    grids: gpd.GeoDataFrame,
    land: gpd.GeoDataFrame | None,
    houses: Points | None,
    cases: Points | None,
    excluded: gpd.GeoDataFrame | None,
) -> None:
    conn = space.conn
    _rows(
        conn,
        "COPY cov_grid (id, code, name, kind, area_code, geom) FROM STDIN",
        range(1, len(grids) + 1), _codes(grids), _text(grids, "name"), _text(grids, "kind"), _text(grids, "area_code"),
        _wkb(np.asarray(grids.geometry.array)),
    )  # fmt: skip
    if land is None:
        space.run("scratch.sql", "land")
    else:
        _rows(
            conn,
            "COPY cov_area (id, code, name, level, geom) FROM STDIN",
            range(len(land)), _codes(land), _text(land, "name"), _text(land, "level"),
            _wkb(np.asarray(land.geometry.array)),
        )  # fmt: skip
    if excluded is not None:
        _rows(
            conn, "COPY cov_excluded (id, reason, geom) FROM STDIN",
            range(len(excluded)), _text(excluded, "reason"), _wkb(np.asarray(excluded.geometry.array)),
        )  # fmt: skip
    if houses is not None:
        copy_buildings(conn, houses)
        if houses.cut is not None and houses.footprints is not None and len(houses.cut):
            shapes = shapely.from_wkb(houses.footprints)
            bad = ~shapely.is_valid(shapes)
            shapes[bad] = shapely.make_valid(shapes[bad])
            _copy_cut(conn, houses, _wkb(shapes))
        if houses.declared is not None:
            named = [place for place, code in enumerate(houses.declared) if code not in (None, "")]
            _rows(
                conn, "COPY cov_declared (building_id, grid_code) FROM STDIN",
                named, [str(houses.declared[place]) for place in named],
            )  # fmt: skip
    if cases is not None:
        copy_incidents(conn, cases)


def _copy_cut(conn: psycopg.Connection[Any], houses: Points, shapes: list[str]) -> None:
    """Write the buildings whose footprint may be cut, with it."""
    assert houses.cut is not None
    households = np.zeros(len(houses), np.int32) if houses.households is None else houses.households
    points = np.asarray(shapely.points(houses.x[houses.cut], houses.y[houses.cut]))
    _rows(
        conn, "COPY cov_building (id, households, has_footprint, geom, footprint) FROM STDIN",
        houses.cut.tolist(), households[houses.cut].tolist(), [True] * len(shapes), _wkb(points), shapes,
    )  # fmt: skip


@dataclass(frozen=True)
class _Words:
    """What findings need of the files once the database has the rest: codes and names."""

    land: list[tuple[str, str | None]]
    houses: Names | None
    cases: Names | None

    def finding(self, raw: Raw) -> Finding:
        """Give a raw finding its codes and names."""
        subjects = dict(raw.subjects)
        if "incident_id" in subjects and self.cases is not None:
            subjects["incident"] = self.cases.code(subjects.pop("incident_id"))
        code, name = self.land[raw.area_id] if self.land and raw.area_id is not None else (None, None)
        return Finding(
            rule=RuleKey(raw.rule).value,
            severity=raw.severity,
            wkb=raw.geom,
            measure=raw.measure,
            subjects=subjects,
            grids=raw.grid_codes,
            buildings=[] if self.houses is None else [self.houses.code(place) for place in raw.building_ids],
            remedies=raw.remedies,
            area_code=code,
            area_name=name,
        )
