"""Compares a file's points with buildings already stored, under each datum they may be in.

Owns the distances and what counts as a clear winner; what is done with it is decided in
``datum``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import shapely

from gis import crs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.intake.parts import Control

    Floats = NDArray[np.float64]

BETTER_TIMES, BETTER_M = 5.0, 50.0
"""How much nearer to the control buildings the winner must be than the second."""

AGREE_M, AGREE_SHARE, STRAY_SHARE = 5.0, 0.5, 0.1
"""Or: share of points within so many metres of a control building, winner and second. In a
dense town the nearest building is never 50 m away, however wrong the datum."""

FITS_M = 30.0
"""A winner whose median distance is larger than this fits nothing."""

LOCAL_M = 20_000.0
"""Farther than this under every datum, the stored buildings are of another place and say nothing."""

SAMPLE = 2000


@dataclass(frozen=True)
class Fit:
    """How well points lie on control buildings: median distance, share within :data:`AGREE_M`."""

    median_m: float
    agree: float
    matched_by: str
    count: int


def compare(
    points: Floats, datums: tuple[str, ...], control: Control, codes: NDArray[np.object_] | None = None
) -> dict[str, Fit]:
    """Measure, for each datum, how far points read in it lie from the control buildings.

    Buildings with the same code are compared with each other where there are at least ten;
    otherwise each point with the nearest building.

    Parameters
    ----------
    points : ndarray of float, (n, 2)
        Coordinates as in the file, axes in order.
    datums : tuple of str
        What to try.
    control : Control
        Stored buildings, degrees.
    codes : ndarray of str, optional
        Codes of the points.

    Returns
    -------
    dict of str to Fit
        Distances in metres.
    """
    partners = _same_code(codes, control)
    if partners is not None:
        points, targets = points[partners[0]], control.points[partners[1]]
    if len(points) > SAMPLE:
        step = np.linspace(0, len(points) - 1, SAMPLE).astype(int)
        points = points[step]
        targets = targets[step] if partners is not None else control.points
    out = {}
    tree = None
    for datum in datums:
        lon, lat = crs.to_cgcs2000(datum, points[:, 0], points[:, 1])
        if partners is not None:
            away = _metres_between(lon, lat, targets[:, 0], targets[:, 1])
        else:
            tree = tree or _tree(control)
            away = _nearest(lon, lat, tree, control)
        median = float(np.median(away)) if len(away) else float("inf")
        how = "code" if partners is not None else "nearest"
        out[datum] = Fit(median, float((away <= AGREE_M).mean()) if len(away) else 0.0, how, len(away))
    return out


def _same_code(
    codes: NDArray[np.object_] | None, control: Control
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    if codes is None or control.codes is None:
        return None
    _shared, mine, theirs = np.intersect1d(codes.astype(str), control.codes.astype(str), return_indices=True)
    return (mine, theirs) if len(mine) >= 10 else None  # noqa: PLR2004 - fewer prove nothing


def _metres_between(lon: Floats, lat: Floats, to_lon: Floats, to_lat: Floats) -> Floats:
    """Short distances on a sphere of 6 371 km, metres; infinite where a position is."""
    with np.errstate(invalid="ignore"):
        dx = np.radians(to_lon - lon) * np.cos(np.radians((lat + to_lat) / 2))
        away: Floats = np.hypot(dx, np.radians(to_lat - lat)) * 6_371_000.0
    return np.where(np.isfinite(away), away, np.inf)


def _tree(control: Control) -> tuple[shapely.STRtree, float]:
    scale = float(np.cos(np.radians(np.median(control.points[:, 1]))))
    points: Any = shapely.points(control.points[:, 0] * scale, control.points[:, 1])
    return shapely.STRtree(points), scale


def _nearest(lon: Floats, lat: Floats, tree: tuple[shapely.STRtree, float], control: Control) -> Floats:
    index, scale = tree
    good = np.isfinite(lon) & np.isfinite(lat)
    away = np.full(len(lon), np.inf)
    if good.any():
        near = index.nearest(shapely.points(lon[good] * scale, lat[good]))
        away[good] = _metres_between(lon[good], lat[good], control.points[near, 0], control.points[near, 1])
    return away


def pick_winner(fits: dict[str, Fit]) -> str | None:
    """Name the datum that clearly fits best, or None."""
    ranked = sorted(fits.items(), key=lambda item: item[1].median_m)
    (best, first), (_name, second) = ranked[0], ranked[1]
    if first.median_m > FITS_M:
        return None
    nearer = second.median_m >= BETTER_TIMES * first.median_m
    far = second.median_m - first.median_m > BETTER_M
    agree = first.agree >= AGREE_SHARE and max(f.agree for d, f in fits.items() if d != best) <= STRAY_SHARE
    return best if nearer and (far or agree) else None


def is_local(fits: dict[str, Fit]) -> bool:
    """Say whether the control buildings stand near the file at all, under some datum."""
    return min(fit.median_m for fit in fits.values()) < LOCAL_M


def figures(fits: dict[str, Fit]) -> dict[str, Any]:
    """Give the five best fits as figures for the record of the import."""
    ranked = sorted(fits.items(), key=lambda item: item[1].median_m)[:5]
    return {
        "median_m": {d: round(f.median_m, 2) for d, f in ranked if np.isfinite(f.median_m)},
        "agree_share": {d: round(f.agree, 3) for d, f in ranked},
        "matched_by": ranked[0][1].matched_by,
        "points": ranked[0][1].count,
    }
