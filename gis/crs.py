"""Reference systems: CGCS2000, WGS84, GCJ-02, BD-09, the Gauss-Krüger zones, any EPSG code.

Everything that comes in leaves here as CGCS2000 longitude/latitude in degrees (EPSG:4490,
x = longitude). WGS84 and CGCS2000 are taken as equal: their ellipsoids differ by 0.1 mm
and their frames by centimetres to decimetres, far below the width of a grid border.

GCJ-02 and BD-09 are not published; the formulas are the ones the open libraries agree on
(first published as *eviltransform*, https://github.com/googollee/eviltransform, and as
*prcoords*, https://github.com/Artoria2e5/PRCoords; Krasovsky 1940 ellipsoid). The forward
direction is evaluated, the inverse iterated, never a constant shift: inside one box of
3 km the offset already varies by several metres.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS
from pyproj import Transformer
from pyproj.exceptions import CRSError

from gis.errors import BadInput
from gis.vocabulary import SRID
from gis.vocabulary import Datum

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Pair = tuple[Floats, Floats]
    Coordinates = Callable[[Floats], Floats]

KRASOVSKY_A = 6378245.0
"""Semi-major axis of the Krasovsky 1940 ellipsoid, metres."""

KRASOVSKY_EE = 0.00669342162296594323
"""Squared eccentricity of the Krasovsky 1940 ellipsoid."""

SHIFTED_BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north of where the formulas shift; outside they change nothing."""

ZONE3_FIRST, ZONE3_LAST = 25, 45
"""Numbers of the 3° zones of CGCS2000 (central meridian = 3 x number)."""

ZONE6_FIRST, ZONE6_LAST = 13, 23
"""Numbers of the 6° zones of CGCS2000 (central meridian = 6 x number - 3)."""

LONGEST_EDGE_M = 250.0
"""Edges longer than this get vertices before a projected geometry becomes degrees: a long
straight line is a different line in another projection (1 mm at this length)."""

_BD_PI = np.pi * 3000.0 / 180.0
_MIN_ANGLE = 1e-11
_MAX_ROUNDS = 40


class DatumInvalid(BadInput):
    """The named reference system does not exist."""

    template = "不认识坐标系 {datum}。"
    cure = "可用 cgcs2000、wgs84、gcj02、bd09,或 EPSG:编号,例如 EPSG:4547。"


# GCJ-02 and BD-09 -----------------------------------------------------------------------------


def is_shifted(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Say where the GCJ-02 formulas shift: inside :data:`SHIFTED_BOX`, edges included.

    Parameters
    ----------
    lon, lat : array_like of float
        Degrees.
    """
    west, south, east, north = SHIFTED_BOX
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    return (x >= west) & (x <= east) & (y >= south) & (y <= north)


def _offset(lon: Floats, lat: Floats) -> Pair:
    """GCJ-02 minus WGS84 at a WGS84 position, degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    dy = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    dy += (waves + 20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    dy += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    dx = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    dx += (waves + 20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    dx += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1.0 - KRASOVSKY_EE * np.sin(phi) ** 2
    meridian = KRASOVSKY_A * (1.0 - KRASOVSKY_EE) / (magic * np.sqrt(magic))
    parallel = KRASOVSKY_A / np.sqrt(magic) * np.cos(phi)
    return np.degrees(dx / parallel), np.degrees(dy / meridian)


def _pair(lon: ArrayLike, lat: ArrayLike) -> Pair:
    return np.array(lon, dtype=float, ndmin=1), np.array(lat, dtype=float, ndmin=1)


def _undo(forward: Callable[[Floats, Floats], Pair], lon: Floats, lat: Floats) -> Pair:
    """Find what ``forward`` turns into the given positions, by fixed-point iteration."""
    x, y = lon.copy(), lat.copy()
    for _round in range(_MAX_ROUNDS):
        there_x, there_y = forward(x, y)
        step_x, step_y = there_x - lon, there_y - lat
        x, y = x - step_x, y - step_y
        if max(np.abs(step_x).max(initial=0.0), np.abs(step_y).max(initial=0.0)) < _MIN_ANGLE:
            break
    return x, y


def _where_shifted(change: Callable[[Floats, Floats], Pair], lon: ArrayLike, lat: ArrayLike) -> Pair:
    x, y = _pair(lon, lat)
    inside = is_shifted(x, y)
    if inside.any():
        x[inside], y[inside] = change(x[inside], y[inside])
    return x, y


def _add_offset(lon: Floats, lat: Floats) -> Pair:
    dx, dy = _offset(lon, lat)
    return lon + dx, lat + dy


def _baidu(lon: Floats, lat: Floats) -> Pair:
    """BD-09 of a GCJ-02 position."""
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_PI)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_PI)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def gcj02_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS84 positions to GCJ-02.

    Parameters
    ----------
    lon, lat : array_like of float, (n,)
        Degrees, WGS84 (or CGCS2000).

    Returns
    -------
    tuple of ndarray of float, (n,)
        Longitude and latitude, GCJ-02; unchanged outside :data:`SHIFTED_BOX`.
    """
    return _where_shifted(_add_offset, lon, lat)


def wgs84_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo GCJ-02, iterated until steps fall below 1e-11 degrees (a micrometre)."""
    return _where_shifted(lambda x, y: _undo(_add_offset, x, y), lon, lat)


def bd09_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift GCJ-02 positions to BD-09; unchanged outside :data:`SHIFTED_BOX`."""
    return _where_shifted(_baidu, lon, lat)


def gcj02_from_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo BD-09 down to GCJ-02, iterated; the published closed inverse leaves 0.1 m."""
    return _where_shifted(lambda x, y: _undo(_baidu, x, y), lon, lat)


def bd09_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS84 positions to BD-09."""
    return bd09_from_gcj02(*gcj02_from_wgs84(lon, lat))


def wgs84_from_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo BD-09 down to WGS84."""
    return wgs84_from_gcj02(*gcj02_from_bd09(lon, lat))


# Gauss-Krüger zones and projected systems ------------------------------------------------------


def zone_epsg(number: int) -> int:
    """Give the EPSG code of a CGCS2000 zone whose easting carries the zone number.

    Parameters
    ----------
    number : int
        13-23 for the 6° zones (EPSG 4491-4501), 25-45 for the 3° zones (EPSG 4513-4533).

    Raises
    ------
    DatumInvalid
        No such zone in China.
    """
    if ZONE6_FIRST <= number <= ZONE6_LAST:
        return 4491 + number - ZONE6_FIRST
    if ZONE3_FIRST <= number <= ZONE3_LAST:
        return 4513 + number - ZONE3_FIRST
    raise DatumInvalid(datum=number)


def meridian_epsg(meridian: int, width: int = 3) -> int:
    """Give the EPSG code of a CGCS2000 zone named by its meridian, false easting 500 km.

    Parameters
    ----------
    meridian : int
        Central meridian, degrees: 75-135, a multiple of 3 (3°) or 6n - 3 (6°).
    width : int
        3 (EPSG 4534-4554) or 6 (EPSG 4502-4512).

    Raises
    ------
    DatumInvalid
        No such zone.
    """
    steps, rest = divmod(meridian - 75, width)
    if width not in {3, 6} or rest or not 75 <= meridian <= 135:  # noqa: PLR2004 - the zones' own limits
        raise DatumInvalid(datum=f"{meridian}E/{width}")
    return (4534 if width == 3 else 4502) + steps  # noqa: PLR2004 - the two widths there are


@lru_cache(maxsize=256)
def metric_crs(lon: float) -> CRS:
    """Give the local 3° Gauss-Krüger zone, in metres, for any longitude of the world.

    Inside China the EPSG code (4534-4554), elsewhere the same projection on the same
    ellipsoid about the nearest multiple of 3°.

    Parameters
    ----------
    lon : float
        Longitude, degrees.
    """
    meridian = round(lon / 3) * 3
    if 75 <= meridian <= 135:  # noqa: PLR2004 - the meridians EPSG names
        return CRS.from_epsg(meridian_epsg(meridian))
    return CRS.from_proj4(f"+proj=tmerc +lat_0=0 +lon_0={meridian} +k=1 +x_0=500000 +ellps=GRS80 +units=m +type=crs")


# Names and transformations ---------------------------------------------------------------------


def parse_datum(text: str) -> str:
    """Bring the name of a reference system into its one spelling.

    Parameters
    ----------
    text : str
        ``cgcs2000``, ``wgs84``, ``gcj02`` (``gcj-02``, 火星), ``bd09`` (百度) or ``EPSG:n``, any case.

    Returns
    -------
    str
        A value of :class:`gis.vocabulary.Datum`, or ``EPSG:n``.

    Raises
    ------
    DatumInvalid
        Nothing has that name.
    """
    word = text.strip().lower().replace("-", "").replace(" ", "").replace("_", "")
    known = {"火星": "gcj02", "高德": "gcj02", "腾讯": "gcj02", "百度": "bd09", "国家2000": "cgcs2000"}
    word = known.get(word, word)
    if word in set(Datum):
        return Datum(word).value
    number = word.removeprefix("epsg:").removeprefix("epsg")
    if not number.isascii() or not number.isdigit():
        raise DatumInvalid(datum=text)
    code = int(number)
    if code == SRID:
        return Datum.CGCS2000.value
    if code == 4326:  # noqa: PLR2004 - EPSG's code of WGS84
        return Datum.WGS84.value
    try:
        crs = CRS.from_epsg(code)
    except CRSError:
        raise DatumInvalid(datum=text) from None
    if not (crs.is_geographic or crs.is_projected):
        raise DatumInvalid(datum=text)
    return f"EPSG:{code}"


def name_crs(crs: CRS) -> str:
    """Name a CRS a file declares: a ``Datum`` value, ``EPSG:n``, or its WKT when it has no code."""
    for candidate in (crs, crs.to_2d()):
        found = candidate.to_epsg() or candidate.to_epsg(min_confidence=70)
        if found:
            return parse_datum(str(found))
    if crs.is_geographic and (crs.name or "").upper().find("CRS84") >= 0:
        return Datum.WGS84.value
    return crs.to_wkt()


def is_projected(datum: str) -> bool:
    """Say whether a reference system has metres, not degrees."""
    return False if datum in set(Datum) else bool(CRS.from_user_input(datum).is_projected)


@lru_cache(maxsize=64)
def _transformer(datum: str) -> Transformer:
    return Transformer.from_crs(CRS.from_user_input(datum), CRS.from_epsg(SRID), always_xy=True)


def to_cgcs2000(datum: str, x: ArrayLike, y: ArrayLike) -> Pair:
    """Turn coordinates of any reference system into CGCS2000 longitude/latitude.

    Parameters
    ----------
    datum : str
        What :func:`parse_datum` or :func:`name_crs` gives.
    x, y : array_like of float, (n,)
        East and north (or longitude and latitude), units of ``datum``.

    Returns
    -------
    tuple of ndarray of float, (n,)
        Longitude and latitude, degrees, EPSG:4490; infinite where it cannot be computed.
    """
    if datum in {Datum.CGCS2000, Datum.WGS84}:
        return _pair(x, y)
    if datum == Datum.GCJ02:
        return wgs84_from_gcj02(x, y)
    if datum == Datum.BD09:
        return wgs84_from_bd09(x, y)
    lon, lat = _transformer(datum).transform(*_pair(x, y))
    return np.asarray(lon), np.asarray(lat)


def transform_geometries(geometries: NDArray[np.object_], datum: str, *, densify: bool = True) -> NDArray[np.object_]:
    """Turn whole arrays of shapely geometries into CGCS2000 longitude/latitude.

    Parameters
    ----------
    geometries : ndarray of shapely geometry, (n,)
        Two-dimensional, coordinates in ``datum``; None stays None.
    datum : str
        What :func:`parse_datum` or :func:`name_crs` gives.
    densify : bool
        Whether projected lines and borders first get a vertex every :data:`LONGEST_EDGE_M`.

    Returns
    -------
    ndarray of shapely geometry, (n,)
        EPSG:4490.
    """
    if datum in {Datum.CGCS2000, Datum.WGS84}:
        return geometries
    if densify and is_projected(datum):
        units = CRS.from_user_input(datum).axis_info[0].unit_conversion_factor or 1.0
        longest = LONGEST_EDGE_M / units
        box = shapely.bounds(geometries)
        with np.errstate(invalid="ignore", over="ignore"):  # nothing smaller than an edge has a longer one
            wide = np.hypot(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) > longest
        extended = wide & np.isin(shapely.get_dimensions(geometries), (1, 2))
        if extended.any():
            geometries = geometries.copy()
            geometries[extended] = shapely.segmentize(geometries[extended], longest)

    def change(xy: Floats) -> Floats:
        return np.column_stack(to_cgcs2000(datum, xy[:, 0], xy[:, 1]))

    moved: NDArray[np.object_] = shapely.transform(geometries, change)
    return moved
