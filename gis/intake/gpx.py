"""Reads GPX: positions of a phone or a handheld, as rows with a time.

Read in one pass by expat, without DTDs or entities: a GPX file needs none, and whoever
defines some wants more than to say where he was. What GPX says of its datum (WGS84) is not
believed: many phones here write GCJ-02, so the datum is asked for as with any table.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING
from typing import Any
from xml.parsers import expat

import numpy as np
import pyarrow as pa
import shapely

from gis.i18n import translate as _
from gis.intake.errors import FileBroken
from gis.intake.errors import FileTooLarge
from gis.intake.errors import SourceForbidden
from gis.intake.errors import TimesMissing
from gis.settings import IntakeSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis.intake.staging import Staged

TRACKS, WAYPOINTS = "tracks", "waypoints"
MARKS = {TRACKS: "trkpt", WAYPOINTS: "wpt"}
"""Layer and the element its rows are."""

TEXTS = ("time", "name", "desc", "cmt")
BLOCK = 1 << 20


def layers(staged: Staged) -> list[str]:
    """List what a GPX file holds: track points, waypoints."""
    with staged.path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as text:
        found = [layer for layer, mark in MARKS.items() if text.find(b"<" + mark.encode()) >= 0]
    if not found:
        raise FileBroken(name=staged.name, detail=_("里面没有轨迹点,也没有航点"))
    return found


class _Reader:
    """Collects the points of one kind."""

    def __init__(self, name: str, mark: str) -> None:
        self._name, self._mark = name, mark
        self._most = IntakeSettings().max_track_points
        self._inside = self._keep = ""
        self._track = ""
        self._text: list[str] = []
        self.x: list[float] = []
        self.y: list[float] = []
        self.cells: dict[str, list[str | None]] = {key: [] for key in (*TEXTS, "track")}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == self._mark:
            if len(self.x) >= self._most:
                raise FileTooLarge(name=self._name, detail=_("超过 {most} 个点").format(most=self._most))
            self._inside = tag
            self.x.append(_number(attributes.get("lon")))
            self.y.append(_number(attributes.get("lat")))
            for key in TEXTS:
                self.cells[key].append(None)
            self.cells["track"].append(self._track or None)
        elif tag == "trk":
            self._track = ""
        elif tag in TEXTS:
            self._keep, self._text = tag, []

    def end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag == self._inside:
            self._inside = ""
        elif tag == self._keep:
            words = "".join(self._text).strip()
            if self._inside:
                self.cells[tag][-1] = words or None
            elif tag == "name":
                self._track = words
            self._keep = ""

    def text(self, words: str) -> None:
        if self._keep:
            self._text.append(words)

    def forbid(self, *_given: Any) -> None:  # noqa: ANN401 - whatever expat hands over
        raise SourceForbidden(name=self._name, detail=_("XML 里定义了实体"))


def read(staged: Staged, layer: str) -> tuple[pa.Table, NDArray[np.object_]]:
    """Read the points of one layer.

    Parameters
    ----------
    staged : Staged
        The file.
    layer : str
        ``tracks`` or ``waypoints``.

    Returns
    -------
    tuple of (pyarrow.Table, ndarray of shapely geometry)
        ``time``, ``name``, ``desc``, ``cmt``, ``track`` (name of the track) as text; the points as
        they stand in the file, None where a number is missing.

    Raises
    ------
    FileBroken, FileTooLarge, SourceForbidden, TimesMissing
        It cannot be used, or must not be.
    """
    reader = _Reader(staged.name, MARKS[layer])
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.forbid
    parser.EntityDeclHandler = reader.forbid
    try:
        with staged.path.open("rb") as source:
            parser.ParseFile(source)
    except expat.ExpatError as error:
        detail = _("XML 在第 {line} 行出错").format(line=error.lineno)
        raise FileBroken(name=staged.name, detail=detail) from None
    table = pa.table({key: pa.array(cells, pa.string()) for key, cells in reader.cells.items()})
    if table.num_rows and table.column("time").null_count == table.num_rows:
        raise TimesMissing(name=staged.name)
    xy = np.column_stack([reader.x, reader.y]) if reader.x else np.empty((0, 2))
    points = np.full(len(xy), None, dtype=object)
    known = ~np.isnan(xy).any(axis=1)
    points[known] = shapely.points(xy[known])
    return table, points


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return float("nan")
