"""Judges and mends geometry: what a dataset may hold, repaired where that is safe.

Works on whole arrays in CGCS2000 degrees, after the datum is settled. A repair never adds
land that was not inside the hull of what came in; what it did is told row by row. Rows
whose geometry cannot be used get a reason; whether they are refused (areas, grids, roads)
or kept without a place (buildings, incidents) is decided in ``prepare``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Geod
from shapely import MultiPolygon
from shapely import Polygon
from shapely import affinity

from gis.i18n import translate as _

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Geometries = NDArray[np.object_]

POINT, LINE, POLYGON = 0, 1, 3
MULTIPOINT, MULTILINE, MULTIPOLYGON, COLLECTION, RING = 4, 5, 6, 7, 2
ABSURD = 1e9
"""No coordinate on earth is larger, in degrees or metres."""

POLE, HALF_TURN = 90.0, 180.0
"""Largest latitude and longitude, degrees."""

_GEOD = Geod(ellps="GRS80")


@dataclass
class Checked:
    """Geometry after the checks.

    Attributes
    ----------
    geometry : ndarray of shapely geometry, (n,)
        Usable geometry of the dataset's shape, else None.
    footprint : ndarray of shapely geometry, (n,), or None
        Valid polygons behind the points, for buildings.
    bad : dict of int to (str, str)
        Index -> (key, words) of rows whose geometry cannot be used.
    repaired : dict of int to list of (str, str)
        Index -> what was mended.
    """

    geometry: Geometries
    footprint: Geometries | None = None
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)
    repaired: dict[int, list[tuple[str, str]]] = field(default_factory=dict)

    def refuse(self, where: NDArray[np.bool_] | NDArray[np.int64], key: str, words: str) -> None:
        """Give rows a reason (the first one stays) and take their geometry away."""
        for at in _indices(where):
            self.bad.setdefault(int(at), (key, words))
        self.geometry[where] = None

    def tell(self, where: NDArray[np.bool_] | NDArray[np.int64], key: str, words: str) -> None:
        """Note a repair of rows."""
        for at in _indices(where):
            self.repaired.setdefault(int(at), []).append((key, words))


def _indices(where: NDArray[np.bool_] | NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.flatnonzero(where) if where.dtype == bool else where.astype(np.int64)
    return found


def usable_numbers(geometry: Geometries) -> Checked:
    """Take away what has no numbers to work with: null, empty, NaN, infinite, absurd; drop Z.

    To be done before any transformation.

    Parameters
    ----------
    geometry : ndarray of shapely geometry, (n,)
        In the file's own coordinates.
    """
    out = Checked(geometry.copy())
    missing = shapely.is_missing(geometry)
    out.refuse(missing, "no_geometry", _("没有几何"))
    empty = ~missing & shapely.is_empty(geometry)
    nan_point = empty & np.isin(shapely.get_type_id(geometry), (POINT,))
    out.refuse(empty & ~nan_point, "empty_geometry", _("几何是空的"))
    out.refuse(nan_point, "no_position", _("坐标为空(NaN)"))
    has_z = shapely.has_z(out.geometry) | shapely.has_m(out.geometry)
    if has_z.any():
        out.geometry[has_z] = shapely.force_2d(out.geometry[has_z])
    bounds = np.abs(shapely.bounds(out.geometry))
    with np.errstate(invalid="ignore"):
        strange = ~shapely.is_missing(out.geometry) & ~(bounds < ABSURD).all(axis=1)
    out.refuse(strange, "not_finite", _("坐标不是有限的数(NaN、无穷大或 ±1.8e308)"))
    inner = ~shapely.is_missing(out.geometry) & (shapely.get_type_id(out.geometry) != POINT)
    if inner.any():
        rows = np.flatnonzero(inner)
        xy, owner = shapely.get_coordinates(out.geometry[rows], return_index=True)
        holes = rows[np.unique(owner[~np.isfinite(xy).all(axis=1)])]
        out.refuse(holes, "not_finite", _("坐标不是有限的数(NaN、无穷大或 ±1.8e308)"))
    zero = shapely.get_type_id(out.geometry) == POINT
    zero[zero] = (shapely.get_x(out.geometry[zero]) == 0) & (shapely.get_y(out.geometry[zero]) == 0)
    out.refuse(zero, "null_island", _("坐标是 (0, 0)"))
    return out


def within_world(out: Checked) -> None:
    """Check longitudes and latitudes; longitudes wound once round the world are unwound.

    Parameters
    ----------
    out : Checked
        Geometry in CGCS2000 degrees; changed in place.
    """
    bounds = shapely.bounds(out.geometry)
    known = ~shapely.is_missing(out.geometry)
    with np.errstate(invalid="ignore"):
        lost = known & ~np.isfinite(bounds).all(axis=1)
        high = known & ~lost & ((np.abs(bounds[:, 1]) > POLE) | (np.abs(bounds[:, 3]) > POLE))
        over = known & ~lost & ~high & ((bounds[:, 0] < -HALF_TURN) | (bounds[:, 2] > HALF_TURN))
        wound = over & ((bounds[:, 0] > HALF_TURN) | (bounds[:, 2] < -HALF_TURN))
    out.refuse(lost, "not_transformable", _("坐标超出坐标系的适用范围,换算不出经纬度"))
    out.refuse(high, "latitude_range", _("纬度超出 ±90°"))
    if not over.any():
        return
    rows = np.flatnonzero(wound)
    if len(rows):
        turns = np.round(shapely.get_x(shapely.centroid(out.geometry[rows])) / 360.0)
        for row, turn in zip(rows, turns, strict=True):
            out.geometry[row] = _unwind(out.geometry[row], turn)
        out.tell(rows, "longitude_unwound", _("经度超出 ±180°,已减去整圈"))
    crossing = np.flatnonzero(over & ~wound)
    for row in crossing:
        out.geometry[row] = _split_antimeridian(out.geometry[row])
    out.tell(crossing, "antimeridian_split", _("跨越 180° 经线,已在该处分开"))
    bounds = shapely.bounds(out.geometry)
    with np.errstate(invalid="ignore"):
        still = ~shapely.is_missing(out.geometry) & ((bounds[:, 0] < -HALF_TURN) | (bounds[:, 2] > HALF_TURN))
    out.refuse(still, "longitude_range", _("经度超出 ±180°"))


def _unwind(shape: shapely.Geometry, turns: float) -> shapely.Geometry:
    moved: shapely.Geometry = affinity.translate(shape, xoff=-360.0 * turns)
    return moved


def _split_antimeridian(shape: shapely.Geometry) -> shapely.Geometry | None:
    parts = []
    whole = shape if shapely.is_valid(shape) else shapely.make_valid(shape, method="structure", keep_collapsed=False)
    for turn in (-1, 0, 1):
        world = shapely.box(-180 + 360 * turn, -90, 180 + 360 * turn, 90)
        cut = shapely.intersection(whole, world)
        if not shapely.is_empty(cut):
            parts.append(_unwind(cut, turn))
    return shapely.union_all(parts) if parts else None


def _kind_word(kind: int) -> str:
    words = {
        POINT: _("点"),
        MULTIPOINT: _("多点"),
        LINE: _("线"),
        RING: _("线"),
        MULTILINE: _("线"),
        POLYGON: _("面"),
        MULTIPOLYGON: _("面"),
        COLLECTION: _("几何集合"),
    }
    return words.get(kind, _("其他类型"))


def _keep_parts(out: Checked, dimension: int) -> None:
    """Take the parts of one dimension out of geometry collections."""
    rows = np.flatnonzero(shapely.get_type_id(out.geometry) == COLLECTION)
    for row in rows:
        parts = _flatten(out.geometry[row])
        wanted = [p for p in parts if shapely.get_dimensions(p) == dimension]
        if not wanted:
            continue
        bound = (
            shapely.multipoints(wanted)
            if dimension == 0
            else shapely.multilinestrings(wanted)
            if dimension == 1
            else shapely.multipolygons(wanted)
        )
        out.geometry[row] = wanted[0] if len(wanted) == 1 else bound
        dropped = len(parts) - len(wanted)
        words = _("几何集合中取出 {kept} 个,舍去其他类型 {dropped} 个").format(kept=len(wanted), dropped=dropped)
        out.tell(np.array([row]), "collection_opened", words)


def _flatten(shape: shapely.Geometry) -> list[shapely.Geometry]:
    parts = list(shapely.get_parts(shape))
    if len(parts) == 1 and parts[0].equals(shape) and shapely.get_type_id(parts[0]) == shapely.get_type_id(shape):
        return [] if shapely.is_empty(shape) else [shape]
    return [inner for part in parts for inner in _flatten(part)]


def _refuse_types(out: Checked, allowed: tuple[int, ...], wanted: str) -> None:
    kinds = shapely.get_type_id(out.geometry)
    for kind in np.unique(kinds[(kinds >= 0) & ~np.isin(kinds, allowed)]):
        words = _("几何类型是{kind},这里需要{wanted}").format(kind=_kind_word(int(kind)), wanted=wanted)
        out.refuse(kinds == kind, "wrong_type", words)


def as_polygons(out: Checked) -> None:
    """Make every geometry a valid polygon or multipolygon, or refuse it; in place.

    Self-crossing rings are rebuilt (``make_valid``, structure method), collapsed parts
    dropped. What changed is told with the area afterwards, in m² on the ellipsoid.
    """
    _keep_parts(out, 2)
    _refuse_types(out, (POLYGON, MULTIPOLYGON), _("面"))
    mend_polygons(out, out.geometry)


def mend_polygons(out: Checked, shapes: Geometries) -> None:
    """Repair the invalid polygons of an array in place; ``out`` takes the account."""
    present = ~shapely.is_missing(shapes)
    broken = np.flatnonzero(present & ~shapely.is_valid(shapes))
    if not len(broken):
        return
    why = shapely.is_valid_reason(shapes[broken])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mended = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    for row, reason, shape in zip(broken, why, mended, strict=True):
        kept = _polygons_of(shape)
        if kept is None:
            shapes[row] = None
            out.refuse(np.array([row]), "collapsed", _("面塌缩成线或点,没有面积"))
            continue
        before, after = _area(shapes[row]), _area(kept)
        shapes[row] = kept
        words = _("几何无效({reason}),已修复,面积由 {before:.1f} 变为 {after:.1f} 平方米")
        words = words.format(reason=_why(str(reason)), before=before, after=after)
        out.tell(np.array([row]), "made_valid", words)


def _why(reason: str) -> str:
    words = {
        "Self-intersection": _("自相交"),
        "Ring Self-intersection": _("环自相交"),
        "Hole lies outside shell": _("孔洞在外环之外"),
        "Holes are nested": _("孔洞嵌套"),
        "Nested shells": _("外环嵌套"),
        "Interior is disconnected": _("内部不连通"),
        "Duplicate Rings": _("环重复"),
        "Too few points in geometry component": _("顶点太少"),
    }
    return words.get(reason.split("[", maxsplit=1)[0], _("拓扑错误"))


def _polygons_of(shape: shapely.Geometry) -> shapely.Geometry | None:
    parts = [p for p in _flatten(shape) if isinstance(p, Polygon) and shapely.area(p) > 0]
    if not parts:
        return None
    bound: shapely.Geometry = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    if not shapely.is_valid(bound):  # parts that share an edge: one polygon, drawn as two
        bound = shapely.union_all(parts)
    return bound


def _area(shape: shapely.Geometry) -> float:
    return float(abs(_GEOD.geometry_area_perimeter(shape)[0]))


def as_lines(out: Checked) -> None:
    """Keep lines; anything else is refused; in place."""
    _keep_parts(out, 1)
    _refuse_types(out, (LINE, MULTILINE, RING), _("线"))
    rings = shapely.get_type_id(out.geometry) == RING
    for row in np.flatnonzero(rings):
        out.geometry[row] = shapely.linestrings(shapely.get_coordinates(out.geometry[row]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flat = ~shapely.is_missing(out.geometry) & (shapely.length(out.geometry) == 0)
    out.refuse(flat, "collapsed", _("线塌缩成点,没有长度"))


def inner_points(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Give a point inside each polygon, None for what is no polygon."""
    areal = np.isin(shapely.get_type_id(geometry), (POLYGON, MULTIPOLYGON))
    points = np.full(len(geometry), None, dtype=object)
    points[areal] = shapely.point_on_surface(geometry[areal])
    return points


def as_points(out: Checked, *, footprints: bool, inner: NDArray[np.object_] | None = None) -> None:
    """Make every geometry one point; polygons give a point inside them; in place.

    Parameters
    ----------
    out : Checked
        Geometry in CGCS2000 degrees.
    footprints : bool
        Whether polygons are kept as footprints (buildings), valid ones only.
    inner : ndarray of shapely geometry, (n,), optional
        A point inside each polygon as it stood in the file; not used where it was repaired.
    """
    for row in map(int, np.flatnonzero(shapely.get_type_id(out.geometry) == COLLECTION)):
        parts = _flatten(out.geometry[row])
        if any(shapely.get_type_id(p) == POLYGON for p in parts):
            _keep_parts_of(out, row, parts)
        elif len(parts) == 1:
            out.geometry[row] = parts[0]
    single = np.flatnonzero(shapely.get_type_id(out.geometry) == MULTIPOINT)
    for row in single[shapely.get_num_geometries(out.geometry[single]) == 1]:
        out.geometry[row] = shapely.get_geometry(out.geometry[row], 0)
    _refuse_types(out, (POINT, POLYGON, MULTIPOLYGON), _("点或面"))
    areal = np.isin(shapely.get_type_id(out.geometry), (POLYGON, MULTIPOLYGON))
    if not areal.any():
        return
    shapes = out.geometry.copy()
    shapes[~areal] = None
    mend_polygons(out, shapes)
    inside = ~shapely.is_missing(shapes)
    out.geometry[areal] = None
    if inner is not None:
        known = inside & ~(shapely.is_missing(inner) | shapely.is_empty(inner))
        known[list(out.repaired)] = False
        out.geometry[known] = inner[known]
        inside &= ~known
    out.geometry[inside] = shapely.point_on_surface(shapes[inside])
    if footprints:
        out.footprint = shapes


def _keep_parts_of(out: Checked, row: int, parts: list[shapely.Geometry]) -> None:
    areal = [p for p in parts if shapely.get_type_id(p) == POLYGON]
    out.geometry[row] = areal[0] if len(areal) == 1 else shapely.multipolygons(areal)
    words = _("几何集合中取出 {kept} 个,舍去其他类型 {dropped} 个").format(
        kept=len(areal), dropped=len(parts) - len(areal)
    )
    out.tell(np.array([row]), "collection_opened", words)
