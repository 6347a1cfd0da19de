"""Which coordinates are these? Recognised where numbers leave no choice, else asked.

A declared reference system is a statement and is taken at its word, unless the numbers or
the stored buildings contradict it. Longitude and latitude in mainland China without a
declaration may be WGS84, GCJ-02 or BD-09 and look alike: they are settled against control
buildings or asked, never guessed. The rules stand in ``docs/decisions/datum.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from gis import crs
from gis.i18n import joined
from gis.i18n import translate as _
from gis.intake.control import compare
from gis.intake.control import figures
from gis.intake.control import is_local
from gis.intake.control import pick_winner
from gis.intake.errors import DatumContradicted
from gis.intake.errors import DatumUnknown
from gis.intake.parts import Candidate
from gis.vocabulary import Datum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.intake.parts import Control

    Floats = NDArray[np.float64]

CHINESE = (Datum.WGS84.value, Datum.GCJ02.value, Datum.BD09.value)
"""What longitude and latitude in mainland China may be; CGCS2000 counts as WGS84."""

SAMPLE = 2000

# Outlines, degrees, coarse and generous; ours, for one purpose: to know where GCJ-02 is in use.
_MAINLAND = (
    *((73.4, 39.4), (74, 41), (80, 42.5), (80, 45.3), (82.5, 45.6), (83, 47.4), (85.5, 47.3), (87.5, 49.3)),
    *((91, 47.5), (91, 45.3), (96.5, 43), (101, 42.7), (105, 41.7), (110, 42.8), (112, 43.9), (112, 45.2)),
    *((116, 46.5), (118, 46.8), (120, 46.8), (119.8, 47.8), (116, 48), (116.5, 49.9), (119.5, 50.5), (120, 53.3)),
    *((123, 53.7), (126, 53), (128, 49.8), (131, 48), (135.2, 48.6), (133.2, 45), (131.2, 44.9), (131.4, 43)),
    *((130.7, 42.2), (128, 41.3), (124.2, 39.7), (123, 38.5), (123.2, 36.5), (121, 34.5), (123.2, 31.2), (123, 28)),
    *((120.5, 25.6), (119.8, 24.9), (118.6, 23.8), (117, 22.6), (115, 21.9), (111.5, 17.9), (108, 17.9)),
    *((107.9, 21.4), (106.5, 21.9), (105, 22.7), (102.5, 22.2), (101.8, 21), (99.8, 21.8), (98.7, 23.8), (97.4, 24)),
    *((98.6, 27.4), (96.5, 28.2), (94, 28.9), (92, 26.7), (89, 27), (86, 27.8), (82, 30), (79, 31), (78.5, 33.5)),
    *((76.5, 35.7), (74, 37.2), (73.4, 39.4)),
)
_HONG_KONG = (
    *((113.82, 22.13), (114.45, 22.13), (114.45, 22.54), (114.23, 22.545), (114.15, 22.53), (114.08, 22.51)),
    *((114.03, 22.495), (113.95, 22.44), (113.88, 22.42), (113.82, 22.3)),
)
_MACAU = ((113.535, 22.11), (113.595, 22.11), (113.595, 22.213), (113.535, 22.213))


@cache
def _mainland() -> shapely.Geometry:
    outline = shapely.buffer(shapely.Polygon(_MAINLAND), 0.2)
    shape = shapely.difference(outline, shapely.union(shapely.Polygon(_HONG_KONG), shapely.Polygon(_MACAU)))
    shapely.prepare(shape)
    return shape


def in_mainland(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Say which positions lie in mainland China, generously, without Hong Kong, Macau and Taiwan."""
    found: NDArray[np.bool_] = shapely.contains_xy(_mainland(), lon, lat)
    return found


@dataclass(frozen=True)
class Decision:
    """Which datum, whether the axes are swapped, and why.

    Attributes
    ----------
    datum : str
        What ``gis.crs.to_cgcs2000`` takes.
    swapped : bool
        Whether x and y have to change places first.
    evidence : dict
        ``how`` and the figures behind it; goes into ``atlas.import``.
    warnings : list of str
        What the user should know about it.
    """

    datum: str
    swapped: bool
    evidence: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """The datum has to be asked: what it may be and why it cannot be known."""

    detail: str
    candidates: list[Candidate]
    swapped: bool = False


def settle(
    points: Floats,
    *,
    name: str,
    declared: CRS | None = None,
    declared_by: str = "",
    given: str | None = None,
    control: Control | None = None,
    codes: NDArray[np.object_] | None = None,
) -> Decision:
    """Decide the datum of a file, or raise the question.

    Parameters
    ----------
    points : ndarray of float, (n, 2)
        Coordinates as they stand in the file (a sample will do), x first.
    name : str
        File name for the messages.
    declared : CRS, optional
        Reference system the file declares; ``declared_by`` is ``file`` or ``format``.
    given : str, optional
        What the user says; it wins.
    control : Control, optional
        Stored buildings to compare with; only for point data.
    codes : ndarray of str, optional
        Code of each point, to find the same building among the control.

    Raises
    ------
    DatumUnknown
        It cannot be known; the message names the candidates.
    DatumContradicted
        The declaration does not fit the stored buildings, another datum does.
    DatumInvalid
        ``given`` is no reference system.
    """
    answer = weigh(
        points, name=name, declared=declared, declared_by=declared_by, given=given, control=control, codes=codes
    )
    if isinstance(answer, Question):
        names = name_candidates(answer.candidates)
        first = answer.candidates[0].datum if answer.candidates else "EPSG:4547"
        raise DatumUnknown(name=name, detail=answer.detail, candidates=names or _("未知"), first=first)
    return answer


def name_candidates(candidates: list[Candidate]) -> str:
    """List candidates for a sentence; runs of EPSG codes are drawn together (``EPSG:4534-4554``)."""
    out: list[str] = []
    run: list[int] = []

    def close() -> None:
        if run:
            out.append(f"EPSG:{run[0]}" if len(run) == 1 else f"EPSG:{run[0]}-{run[-1]}")
            run.clear()

    for candidate in candidates:
        number = candidate.datum.removeprefix("EPSG:")
        if candidate.median_m is not None or not number.isdigit():
            close()
            out.append(candidate.datum + ("" if candidate.median_m is None else f"({candidate.median_m:.1f} m)"))
            continue
        if run and int(number) != run[-1] + 1:
            close()
        run.append(int(number))
    close()
    return joined(out)


def weigh(
    points: Floats,
    *,
    name: str,
    declared: CRS | None = None,
    declared_by: str = "",
    given: str | None = None,
    control: Control | None = None,
    codes: NDArray[np.object_] | None = None,
) -> Decision | Question:
    """Decide as :func:`settle` does, but give the question back instead of raising it."""
    points, codes = _usable(points, codes)
    if given:
        return _given(points, crs.parse_datum(given))
    if not len(points):
        return Decision("none", swapped=False, evidence={"how": "absent"})
    shape = _shape(points)
    if declared is not None:
        found = crs.name_crs(declared)
        projected = crs.is_projected(found)
        if projected or shape.degrees:
            decision = _declared(points, found, declared_by, swapped=shape.swapped and not projected)
            if control is not None and found in {Datum.WGS84, Datum.CGCS2000}:
                _contradict(decision, points, control, codes, name)
            return decision
        warning = _("文件声明的坐标系是经纬度({datum}),坐标值却是米制,声明不采用。").format(datum=found)
        answer = _undeclared(points, shape, control, codes)
        if isinstance(answer, Decision):
            return Decision(answer.datum, answer.swapped, answer.evidence, [warning, *answer.warnings])
        return Question(warning.rstrip("。"), answer.candidates, answer.swapped)
    return _undeclared(points, shape, control, codes)


def _usable(points: Floats, codes: NDArray[np.object_] | None) -> tuple[Floats, NDArray[np.object_] | None]:
    """Keep what can testify: finite, not (0, 0), not absurd."""
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    good = np.isfinite(points).all(axis=1) & (np.abs(points) < 1e9).all(axis=1) & (points != 0).any(axis=1)  # noqa: PLR2004 - no place on earth has such numbers
    return points[good], None if codes is None else codes[good]


@dataclass(frozen=True)
class _Shape:
    degrees: bool
    swapped: bool


def _shape(points: Floats) -> _Shape:
    """Say whether most numbers are degrees, and whether latitude stands first."""
    x, y = points[:, 0], points[:, 1]
    straight = (np.abs(x) <= 540) & (np.abs(y) <= 90)  # noqa: PLR2004 - degrees, wound once more at most
    turned = (np.abs(y) <= 180) & (np.abs(x) <= 90)  # noqa: PLR2004 - degrees
    if (straight | turned).mean() <= 0.5:  # noqa: PLR2004 - most
        return _Shape(degrees=False, swapped=False)
    if turned.mean() > straight.mean():
        return _Shape(degrees=True, swapped=True)
    # both orders are possible: nobody lives beyond 72 N or 60 S
    polar = ((y > 72) | (y < -60)).mean() > 0.9 and ((x >= -60) & (x <= 72)).mean() > 0.9  # noqa: PLR2004 - see above
    return _Shape(degrees=True, swapped=bool(polar))


def _given(points: Floats, datum: str) -> Decision:
    """Take the user's word; only recognise axes that cannot be right as they stand."""
    if not len(points):
        return Decision(datum, swapped=False, evidence={"how": "given"})
    if crs.is_projected(datum):
        swapped = not _lies_well(points, datum) and _lies_well(points[:, ::-1], datum)
    else:
        swapped = _shape(points).swapped
    return Decision(datum, swapped=swapped, evidence=_evidence("given", swapped=swapped), warnings=_told(swapped))


def _lies_well(points: Floats, datum: str) -> bool:
    """Say whether most points lie within the area a projected system is made for."""
    area = CRS.from_user_input(datum).area_of_use
    if area is None:
        return True
    lon, lat = crs.to_cgcs2000(datum, points[:SAMPLE, 0], points[:SAMPLE, 1])
    pad = 3.0
    inside = (lat > area.south - pad) & (lat < area.north + pad)
    width = (
        (lon > area.west - pad) & (lon < area.east + pad) if area.west <= area.east else np.ones(len(lon), dtype=bool)
    )
    return bool((inside & width).mean() > 0.5)  # noqa: PLR2004 - most


def _evidence(how: str, *, swapped: bool, **more: object) -> dict[str, Any]:
    return {"how": how, **({"swapped": True} if swapped else {}), **more}


def _told(swapped: bool) -> list[str]:
    return [_("坐标两列的次序颠倒了(纬度在前),已自动对调。")] if swapped else []


def _declared(points: Floats, datum: str, by: str, *, swapped: bool) -> Decision:
    if crs.is_projected(datum):
        swapped = not _lies_well(points, datum) and _lies_well(points[:, ::-1], datum)
    evidence = _evidence("declared", swapped=swapped, by=by)
    if by == "format":
        evidence["note"] = "RFC 7946, OGC KML, GeoParquet: WGS84"
    return Decision(datum, swapped=swapped, evidence=evidence, warnings=_told(swapped))


def _undeclared(
    points: Floats, shape: _Shape, control: Control | None, codes: NDArray[np.object_] | None
) -> Decision | Question:
    if shape.degrees:
        return _degrees(points, control, codes, swapped=shape.swapped)
    found = _prefixed(points)
    return found if found is not None else _metres(points, control, codes)


def _degrees(
    points: Floats, control: Control | None, codes: NDArray[np.object_] | None, *, swapped: bool
) -> Decision | Question:
    """Longitude and latitude without a declaration."""
    lonlat = points[:, ::-1] if swapped else points
    share = float(in_mainland(lonlat[:, 0], lonlat[:, 1]).mean())
    if share < 0.5:  # noqa: PLR2004 - most lie elsewhere
        evidence = _evidence("outside_china", swapped=swapped, share_in_mainland=round(share, 4))
        return Decision(Datum.WGS84.value, swapped=swapped, evidence=evidence, warnings=_told(swapped))
    reasons = {
        Datum.WGS84.value: _("GPS、天地图、CGCS2000 测绘成果"),
        Datum.GCJ02.value: _("高德、腾讯地图取的点"),
        Datum.BD09.value: _("百度地图取的点"),
    }
    if control is not None and len(control.points):
        distances = compare(lonlat, CHINESE, control, codes)
        winner = pick_winner(distances)
        if winner is not None:
            evidence = _evidence("control", swapped=swapped, **figures(distances))
            return Decision(winner, swapped=swapped, evidence=evidence, warnings=_told(swapped))
        if not is_local(distances):
            return Question(
                _("中国大陆的经纬度没有注明坐标系,附近也没有已有楼栋可以比对"),
                [Candidate(d, reasons[d]) for d in CHINESE],
                swapped,
            )
        ranked = sorted(distances.items(), key=lambda item: item[1].median_m)
        candidates = [Candidate(d, reasons[d], round(f.median_m, 1)) for d, f in ranked]
        return Question(_("中国大陆的经纬度没有注明坐标系,与已有楼栋比对也分不出高下"), candidates, swapped)
    return Question(
        _("中国大陆的经纬度没有注明坐标系,WGS84(CGCS2000)、GCJ-02、BD-09 从数值上分不出来"),
        [Candidate(d, reasons[d]) for d in CHINESE],
        swapped,
    )


# projected numbers -----------------------------------------------------------------------------


def _prefixed(points: Floats) -> Decision | None:
    """Recognise Gauss-Krüger eastings that carry their zone: 25-45 (3°), 16-23 (6°) million.

    Zones 13-15 are left out: numbers like theirs are also Web Mercator in eastern China.
    """
    for swapped in (False, True):
        x, y = (points[:, 1], points[:, 0]) if swapped else (points[:, 0], points[:, 1])
        zone = np.floor(x / 1e6)
        rest = x - zone * 1e6
        known = ((zone >= 16) & (zone <= 23)) | ((zone >= 25) & (zone <= 45))  # noqa: PLR2004 - zone numbers
        good = known & (rest > 1e5) & (rest < 9e5) & (y > 3e5) & (y < 6.2e6)  # noqa: PLR2004 - metres in China
        if good.mean() < 0.9:  # noqa: PLR2004 - a few bad rows are told later
            continue
        numbers, counts = np.unique(zone[good].astype(int), return_counts=True)
        if counts.max() < 0.9 * counts.sum():
            continue
        number = int(numbers[counts.argmax()])
        datum = f"EPSG:{crs.zone_epsg(number)}"
        note = _("坐标带 {zone} 号带号,按 CGCS2000 读取;若是西安 80 或北京 54,请用 --datum EPSG:编号 指明。")
        evidence = _evidence("prefix", swapped=swapped, zone=number)
        # surveyors write the north first; that order is told only as a repair of the axes
        return Decision(datum, swapped=swapped, evidence=evidence, warnings=[note.format(zone=number), *_told(swapped)])
    return None


def _metres(points: Floats, control: Control | None, codes: NDArray[np.object_] | None) -> Decision | Question:
    """Projected numbers that do not say of which zone: only control buildings can tell."""
    x, y = np.median(points, axis=0)
    swapped = bool(x > 1.2e6 > y > 0 and x < 6.5e6)  # noqa: PLR2004 - north first
    if swapped:
        points, x, y = points[:, ::-1], y, x
    names: dict[str, str] = {}
    if 0 < x < 1e6 and 1.2e6 < y < 6.5e6:  # noqa: PLR2004 - a zone without its number, in China's latitudes
        for meridian in range(75, 136, 3):
            names[f"EPSG:{crs.meridian_epsg(meridian)}"] = _("CGCS2000 3° 带,中央经线 {meridian}°").format(
                meridian=meridian
            )
        names["EPSG:3826"] = "TWD97 / TM2 121"
    if abs(x) < 1e6 and abs(y) < 1e7:  # noqa: PLR2004 - UTM
        first = (43, 54) if 1.2e6 < y < 6.5e6 else (1, 61)  # noqa: PLR2004 - zones over China, else all
        names |= {f"EPSG:{32600 + zone}": _("UTM 北 {zone} 带").format(zone=zone) for zone in range(*first)}
    if abs(x) < 2.01e7 and abs(y) < 2.01e7:  # noqa: PLR2004 - half the equator
        names["EPSG:3857"] = "Web Mercator"
    if 1.3e7 <= x < 1.6e7 and 3e5 < y < 6.2e6:  # noqa: PLR2004 - zones 13 to 15
        zone = int(x / 1e6)
        names[f"EPSG:{crs.zone_epsg(zone)}"] = _("CGCS2000 6° 带,{zone} 号带").format(zone=zone)
    if control is not None and len(control.points) and names:
        distances = compare(points, tuple(names), control, codes)
        winner = pick_winner(distances)
        if winner is not None:
            evidence = _evidence("control", swapped=swapped, **figures(distances))
            return Decision(winner, swapped=swapped, evidence=evidence, warnings=_told(swapped))
        if is_local(distances):
            ranked = sorted(distances.items(), key=lambda item: item[1].median_m)[:5]
            found = [Candidate(d, names[d], round(f.median_m, 1)) for d, f in ranked]
            return Question(_("坐标是米制的,没有注明投影和中央经线,与已有楼栋比对也对不上"), found, swapped)
    listed = [Candidate(d, reason) for d, reason in names.items()]
    return Question(_("坐标是米制的,没有注明投影和中央经线"), listed, swapped)


def _contradict(
    decision: Decision, points: Floats, control: Control, codes: NDArray[np.object_] | None, name: str
) -> None:
    """Object when the stored buildings say that a declared WGS84 is GCJ-02 or BD-09."""
    lonlat = points[:, ::-1] if decision.swapped else points
    if not len(control.points) or in_mainland(lonlat[:, 0], lonlat[:, 1]).mean() < 0.5:  # noqa: PLR2004 - most
        return
    fits = compare(lonlat, CHINESE, control, codes)
    decision.evidence["control"] = figures(fits)
    winner = pick_winner(fits)
    if winner in {Datum.GCJ02, Datum.BD09}:
        raise DatumContradicted(
            name=name,
            declared=decision.datum,
            better=winner,
            better_m=f"{fits[winner].median_m:.1f}",
            declared_m=f"{fits[Datum.WGS84].median_m:.1f}",
        )
