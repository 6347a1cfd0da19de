"""Makes tracks: rows of positions become lines with a time at each vertex.

Positions (a table of person, time, place; a GPX file) are put in order of time, person by
person, and cut where the next one comes after a longer pause. Lines (GeoPackage, GeoJSON)
keep the times of their vertices where they have some (M, seconds since 1970); else the time
between start and end is spread over their length, and the track says so. At which speed
they count is decided by the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gis.i18n import translate as _
from gis.intake.errors import TimesMissing
from gis.records import presence
from gis.records.bulk import EVEN
from gis.records.bulk import TIMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.intake.checks import Checked
    from gis.intake.rows import Book

EPOCHS = (3e8, 4.2e9)
"""Seconds since 1970 that can be a time of a track: 1979 to 2103; thousand times that are milliseconds."""

LEAST = 2
"""Positions a track has at least."""


def are_points(geometry: NDArray[np.object_]) -> bool:
    """Say whether the rows are positions rather than lines."""
    kinds = shapely.get_type_id(geometry[~shapely.is_missing(geometry)])
    return bool(len(kinds)) and bool((kinds == shapely.GeometryType.POINT).mean() > 0.5)  # noqa: PLR2004 - most


def measures(geometry: NDArray[np.object_]) -> dict[int, NDArray[np.float64]]:
    """Read the M of lines that have one, before it is dropped: row -> value at each vertex."""
    rows = np.flatnonzero(~shapely.is_missing(geometry) & shapely.has_m(geometry))
    return {int(at): shapely.get_coordinates(geometry[at], include_m=True)[:, 2] for at in rows}


def gather(frame: pd.DataFrame, checked: Checked, book: Book, name: str) -> NDArray[np.bool_]:
    """Turn rows of positions into tracks; in place.

    Each track stands on the row of its first position; the others are taken up in it.

    Parameters
    ----------
    frame : DataFrame
        ``started_at`` is the time of each position, ``person_code`` whose it is.
    checked : Checked
        The positions, CGCS2000; gets the lines.
    book : Book
        Takes positions without time, and those that stand alone.
    name : str
        Of the file, for the message.

    Returns
    -------
    ndarray of bool, (n,)
        Rows that were taken up in a track.

    Raises
    ------
    TimesMissing
        No position has a time.
    """
    if "started_at" not in frame or frame["started_at"].isna().all():
        raise TimesMissing(name=name)
    for at in np.flatnonzero(frame["started_at"].isna().to_numpy() & ~book.rejected):
        book.reject(int(at), "no_started_at", _("这个位置没有时间;请补上时间"))
    times = np.full(len(frame), None, dtype=object)
    absorbed = np.zeros(len(frame), dtype=bool)
    rows = np.flatnonzero(~book.rejected)
    if not len(rows):
        frame[TIMES] = pd.Series(list(times), index=frame.index, dtype=object)
        return absorbed
    table = _ordered(frame, rows)
    rows = table["at"].to_numpy()
    seconds = table["seconds"].to_numpy()
    xy = shapely.get_coordinates(checked.geometry[rows])
    keys = pd.factorize(pd.MultiIndex.from_frame(table[["person", "code"]].astype("str").fillna("")))[0]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (np.diff(keys) != 0) | (np.diff(seconds) > presence.limits()["track_pause_s"])
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(rows))
    finish = frame["started_at"].copy()
    for begin, end in zip(starts, ends, strict=True):
        head = int(rows[begin])
        first = np.r_[True, (np.diff(seconds[begin:end]) > 0) | (np.diff(xy[begin:end], axis=0) != 0).any(axis=1)]
        if first.sum() < LEAST:
            for at in rows[begin:end]:
                book.reject(int(at), "alone", _("这个位置前后都没有别的位置,连不成轨迹"))
            continue
        checked.geometry[head] = shapely.linestrings(xy[begin:end][first])
        times[head] = seconds[begin:end][first]
        finish.iloc[head] = frame["started_at"].iloc[rows[end - 1]]
        absorbed[rows[begin + 1 : end]] = True
    frame["ended_at"] = finish
    frame[TIMES] = pd.Series(list(times), index=frame.index, dtype=object)
    checked.geometry[absorbed] = None
    if "code" in frame:
        _split_codes(frame, rows[starts], absorbed)
    return absorbed


def _ordered(frame: pd.DataFrame, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Order positions by person, code of the track, time."""
    stamps = pd.to_datetime(frame["started_at"].iloc[rows], utc=True)
    table = pd.DataFrame({"at": rows, "seconds": _seconds(stamps)})
    for key, name in (("person", "person_code"), ("code", "code")):
        table[key] = frame[name].iloc[rows].to_numpy() if name in frame else None
    return table.sort_values(["person", "code", "seconds"], kind="stable")


def _split_codes(frame: pd.DataFrame, heads: NDArray[np.int64], absorbed: NDArray[np.bool_]) -> None:
    """Give the parts of a track that a pause has cut codes of their own; positions taken up need none."""
    frame.loc[absorbed, "code"] = None
    codes = frame["code"].iloc[heads]
    turn = codes.groupby(codes).cumcount()
    again = codes.notna() & (turn > 0)
    frame.loc[codes.index[again], "code"] = codes[again] + "#" + (turn[again] + 1).astype("str")


def time_lines(
    frame: pd.DataFrame, checked: Checked, given: dict[int, NDArray[np.float64]], book: Book
) -> NDArray[np.bool_]:
    """Give each vertex of lines its time; in place.

    Parameters
    ----------
    frame : DataFrame
        ``started_at`` and ``ended_at`` where the file has them; gets the columns ``times`` and ``even``.
    checked : Checked
        The lines, CGCS2000; those of one piece become plain lines.
    given : dict of int to ndarray
        M of the vertices as in the file (:func:`measures`).
    book : Book
        Takes lines of several pieces and lines without times.

    Returns
    -------
    ndarray of bool, (n,)
        Nothing is taken up in another row.
    """
    count = len(frame)
    for name in ("started_at", "ended_at"):
        if name not in frame:
            frame[name] = pd.Series([pd.NaT] * count, index=frame.index, dtype="datetime64[us, UTC]")
    times = np.full(count, None, dtype=object)
    even = np.zeros(count, dtype=bool)
    begins, ends = (_seconds(frame[name]) for name in ("started_at", "ended_at"))
    for at in np.flatnonzero(~book.rejected):
        line = _one_piece(checked.geometry[at])
        if line is None:
            book.reject(int(at), "several_pieces", _("轨迹有好几段;请拆成单条线,每条一行"))
            continue
        checked.geometry[at] = line
        known = _epochs(given.get(int(at)), int(shapely.get_num_points(line)))
        if known is not None:
            times[at] = known
        elif np.isfinite(begins[at]) and np.isfinite(ends[at]):
            times[at], even[at] = _spread(line, begins[at], ends[at]), True
        else:
            book.reject(int(at), "no_times", _("轨迹没有时间;请补上开始和结束时间,或导出带时间的轨迹(GPX)"))
    for at in np.flatnonzero(~pd.isna(times)):
        span = pd.to_datetime([times[at].min(), times[at].max()], unit="s", utc=True).astype("datetime64[us, UTC]")
        frame.loc[at, ["started_at", "ended_at"]] = list(span)
    frame[TIMES] = pd.Series(list(times), index=frame.index, dtype=object)
    frame[EVEN] = even
    return np.zeros(count, dtype=bool)


def _one_piece(shape: shapely.Geometry) -> shapely.Geometry | None:
    if shapely.get_type_id(shape) == shapely.GeometryType.MULTILINESTRING:
        return shapely.get_geometry(shape, 0) if shapely.get_num_geometries(shape) == 1 else None
    return shape


def _epochs(values: NDArray[np.float64] | None, count: int) -> NDArray[np.float64] | None:
    """Take M for times where it can be one: seconds or milliseconds since 1970, never backwards."""
    if values is None or len(values) != count or not np.isfinite(values).all():
        return None
    for scale in (1.0, 1000.0):
        seconds = values / scale
        if ((seconds >= EPOCHS[0]) & (seconds <= EPOCHS[1])).all() and (np.diff(seconds) >= 0).all():
            return seconds
    return None


def _spread(line: shapely.Geometry, begin: float, end: float) -> NDArray[np.float64]:
    """Spread the time between start and end over the length of a line."""
    xy = shapely.get_coordinates(line)
    xy = xy * np.array([np.cos(np.radians(xy[:, 1].mean())), 1.0])
    walked = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
    return np.asarray(begin + (end - begin) * walked / walked[-1], dtype=float)


def _seconds(stamps: pd.Series[Any]) -> NDArray[np.float64]:
    """Seconds since 1970, NaN where there is none."""
    values = pd.to_datetime(stamps, utc=True).astype("datetime64[us, UTC]")
    out: NDArray[np.float64] = values.astype("int64").to_numpy(dtype=float) / 1e6
    out[values.isna().to_numpy()] = np.nan
    return out
