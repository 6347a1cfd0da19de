"""Opens any file we take: finds its layers, chooses one, reads it whole.

``open_file`` gives everything the intake needs (``Raw``); ``read`` is the short way for code
that only wants a GeoDataFrame. What the columns and coordinates mean is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa

from gis.datasets import SHAPES
from gis.datasets import Dataset
from gis.i18n import joined
from gis.i18n import translate as _
from gis.intake import gpx
from gis.intake import tables
from gis.intake import vectors
from gis.intake.columns import Held
from gis.intake.encodings import clean_text
from gis.intake.errors import FileEmpty
from gis.intake.errors import GpxWithout
from gis.intake.errors import LayerMissing
from gis.intake.errors import LayerNeeded
from gis.intake.fields import enum_words
from gis.intake.parts import Note
from gis.intake.parts import Raw
from gis.intake.staging import Stage
from gis.intake.staging import Staged
from gis.intake.staging import fingerprint_file
from gis.intake.tables import unique_names

if TYPE_CHECKING:
    from collections.abc import Sequence

SUITED: dict[str, tuple[str, ...]] = {
    "polygon": ("Polygon", "MultiPolygon", "CurvePolygon", "MultiSurface"),
    "point": ("Point", "Polygon", "MultiPolygon"),
    "line": ("LineString", "MultiLineString"),
    "none": ("", "None"),
}
"""Geometry types a layer may have to suit a dataset's shape (``gis.datasets.SHAPES``)."""

GPX = {Dataset.TRACKS: gpx.TRACKS, Dataset.VISITS: gpx.WAYPOINTS}
"""Which points of a GPX file a dataset is made of."""


@dataclass(frozen=True)
class Place:
    """One layer of a staged file: where it is, its name, the type of its geometry."""

    staged: Staged
    layer: str
    shape: str | None


def split_name(file: str | Path) -> tuple[Path, str | None]:
    """Take ``path:layer`` apart; a path that exists as it stands has no layer.

    Parameters
    ----------
    file : str or Path
        What the user typed.
    """
    path = Path(file)
    text = str(file)
    if path.exists() or ":" not in text or "://" in text:
        return path, None
    head, _sep, tail = text.rpartition(":")
    return (Path(head), tail) if head and tail and Path(head).exists() else (path, None)


def list_places(stage: Stage) -> list[Place]:
    """List the layers of a staged file; sheets of a workbook count as layers."""
    places: list[Place] = []
    for staged in stage.files:
        if staged.kind == "table":
            places.append(Place(staged, staged.entry, None))
        elif staged.kind == "gpx":
            places += [Place(staged, name, "Point") for name in gpx.layers(staged)]
        elif staged.kind == "sheet":
            book = tables.open_workbook(staged)
            names = [m.name for m in book.sheets_metadata if "Visible" in str(m.visible)] or book.sheet_names
            places += [Place(staged, name, None) for name in names]
        else:
            places += [Place(staged, name, shape) for name, shape in vectors.list_layers(staged)]
    return places


def choose(places: Sequence[Place], name: str, layer: str | None, dataset: Dataset | None) -> Place:
    """Choose the layer: the one named, the only one, or the only one that suits the dataset.

    Raises
    ------
    LayerMissing
        The named one is not there.
    LayerNeeded
        Several would do.
    """
    names = [p.layer for p in places]
    if layer is not None:
        for place in places:
            if place.layer == layer:
                return place
        raise LayerMissing(name=name, layer=layer, layers=joined(names[:40]))
    if all(p.staged.kind == "gpx" for p in places) and dataset in GPX:
        found = [p for p in places if p.layer == GPX[dataset]]
        if not found:
            raise GpxWithout(name=name, what=_("轨迹点") if dataset is Dataset.TRACKS else _("航点"))
        return found[0]
    if len(places) == 1:
        return places[0]
    if dataset is not None:
        words = enum_words("Dataset")
        called = [p for p in places if words.get(clean_text(p.layer)) == dataset.value]
        if len(called) == 1:
            return called[0]
        wanted = SUITED[SHAPES[dataset]]
        suited = [p for p in places if (p.shape or "").split(" ")[0] in wanted]
        if len(suited) == 1:
            return suited[0]
    filled = [p for p in places if not _is_blank(p)] if len(places) <= 20 else list(places)  # noqa: PLR2004 - enough
    if len(filled) == 1:
        return filled[0]
    raise LayerNeeded(name=name, layers=joined(names[:40]), first=names[0])


def _folders(places: Sequence[Place], dataset: Dataset | None) -> list[Place]:
    """List the folders of a KML that are read as one: drawing programs sort one layer into folders."""
    if dataset is None or any(place.staged.kind != "kml" for place in places):
        return []
    wanted = SUITED[SHAPES[dataset]]
    suited = [p for p in places if not p.shape or p.shape.split(" ")[0] in {*wanted, "Unknown", "GeometryCollection"}]
    return suited if len(suited) > 1 else []


def _together(parts: list[Raw], folders: Sequence[Place]) -> Raw:
    """Join the folders of a KML; rows are numbered on, the folder stands in a column of its own."""
    out = parts[0]
    tables, done = [], 0
    for part, place in zip(parts, folders, strict=True):
        name = pa.array([place.layer] * part.table.num_rows, pa.string())
        tables.append(part.table.append_column(unique_names([*part.table.column_names, _("文件夹")])[-1], name))
        part.rows = part.rows + done
        if part is not out:
            out.repairs += [replace(note, row=note.row + done) for note in part.repairs]
            out.rejects += [(replace(note, row=note.row + done), row) for note, row in part.rejects]
        done += part.rows_read
    out.table = pa.concat_tables(tables, promote_options="permissive")
    out.rows = np.concatenate([part.rows for part in parts])
    if out.geometry is not None:
        out.geometry = np.concatenate([part.geometry for part in parts])
    if out.wkb is not None:
        chunks: list[Any] = [chunk for part in parts if isinstance(part.wkb, Held) for chunk in part.wkb.wkb.chunks]
        out.wkb = Held(pa.chunked_array(chunks))
    out.rows_read = done
    words = _("KML 的 {count} 个文件夹一起读取:{names}。")
    out.notes.append(words.format(count=len(folders), names=joined(p.layer for p in folders)))
    return out


def _is_blank(place: Place) -> bool:
    """Say whether a sheet has no cell at all (workbooks come with empty second sheets)."""
    if place.staged.kind != "sheet":
        return False
    return not tables.open_workbook(place.staged).get_sheet_by_name(place.layer).height


def open_file(
    path: str | Path,
    *,
    layer: str | None = None,
    dataset: Dataset | None = None,
    encoding: str | None = None,
    columns: list[str] | None = None,
    rows: int | None = None,
    decode: bool = True,
) -> Raw:
    """Read one layer of a file as it stands there.

    Parameters
    ----------
    path : str or Path
        A path, or ``path:layer``.
    layer : str, optional
        Layer or sheet.
    dataset : Dataset, optional
        What it is wanted for: helps to choose among layers.
    encoding : str, optional
        Encoding of the text, where the format leaves it open.
    columns : list of str, optional
        Attributes to read (formats with geometry only); all by default.
    rows : int, optional
        Read at most so many rows, for a preview.
    decode : bool
        Whether geometry is wanted as shapes; else it stays WKB (``Raw.wkb``).

    Raises
    ------
    BadInput
        One of the classes of ``gis.intake.errors``: each says what to do.
    """
    path, named = split_name(path)
    with Stage(path) as stage:
        places = list_places(stage)
        folders = [] if layer or named else _folders(places, dataset)
        place = folders[0] if folders else choose(places, path.name, layer or named, dataset)
        parts = [
            _read_place(stage, p, encoding=encoding, columns=columns, rows=rows, decode=decode)
            for p in folders or [place]
        ]
        raw = _together(parts, folders) if folders else parts[0]
        raw.layers = [p.layer for p in places]
        raw.sha256 = fingerprint_file(path) if rows is None else ""
        raw.name = path.name
        if not folders and (len(places) > 1 or place.staged.kind in {"gpkg", "gdb", "kml", "gml", "gpx"}):
            raw.layer = place.layer
    if raw.rows_read == 0:
        raise FileEmpty(name=path.name)
    return raw


def _read_place(
    stage: Stage,
    place: Place,
    *,
    encoding: str | None,
    columns: list[str] | None,
    rows: int | None,
    decode: bool = True,
) -> Raw:
    staged = place.staged
    if staged.kind in {"table", "sheet"}:
        sheet = (
            tables.read_text(stage, staged, encoding)
            if staged.kind == "table"
            else tables.read_sheet(staged, place.layer)
        )
        return Raw(
            name=staged.name,
            layer=None,
            layers=[],
            kind=staged.kind,
            table=sheet.table if rows is None else sheet.table.slice(0, rows),
            rows=sheet.rows if rows is None else sheet.rows[:rows],
            geometry=None,
            crs=None,
            declared="",
            encoding=sheet.encoding,
            sha256="",
            rows_read=sheet.rows_read,
            rejects=sheet.rejects,
        )
    if staged.kind == "gpx":
        return _read_gpx(staged, place.layer, rows)
    found = vectors.read_layer(staged, place.layer, encoding=encoding, columns=columns, rows=rows, decode=decode)
    count = found.table.num_rows if found.geometry is None else len(found.geometry)
    numbers = np.arange(1, count + 1, dtype=np.int64)
    raw = Raw(
        name=staged.name,
        layer=None,
        layers=[],
        kind=staged.kind,
        table=found.table,
        rows=numbers,
        geometry=found.geometry,
        crs=found.crs,
        declared=found.declared,
        encoding=found.encoding,
        sha256="",
        rows_read=count,
        repairs=found.repairs,
        wkb=found.wkb,
    )
    if found.unreadable:
        keep = np.ones(count, dtype=bool)
        keep[list(found.unreadable)] = False
        for at, (key, words) in found.unreadable.items():
            original = {n: found.table.column(n)[at].as_py() for n in found.table.column_names}
            raw.rejects.append((Note(at + 1, key, words), original))
        raw.table, raw.rows = found.table.filter(keep), numbers[keep]
        raw.geometry = found.geometry[keep] if found.geometry is not None else None
    return raw


def _read_gpx(staged: Staged, layer: str, rows: int | None) -> Raw:
    table, points = gpx.read(staged, layer)
    return Raw(
        name=staged.name,
        layer=None,
        layers=[],
        kind="gpx",
        table=table.slice(0, rows),
        rows=np.arange(1, len(points) + 1, dtype=np.int64)[:rows],
        geometry=points[:rows],
        crs=None,
        declared="",
        encoding=None,
        sha256="",
        rows_read=len(points),
    )


def read(path: str | Path, layer: str | None = None, columns: list[str] | None = None) -> gpd.GeoDataFrame:
    """Read a file with geometry into a GeoDataFrame, the short way.

    Parameters
    ----------
    path : str or Path
        A path, or ``path:layer``.
    layer : str, optional
        Layer to read.
    columns : list of str, optional
        Attributes to read; all by default, ``[]`` for geometry alone.

    Returns
    -------
    GeoDataFrame
        In the file's own CRS (None when it declares none), index = 1-based source row.
        Files without geometry give a ``geometry`` column of nulls.

    Raises
    ------
    BadInput
        One of the classes of ``gis.intake.errors``.
    """
    raw = open_file(path, layer=layer, columns=columns)
    frame = raw.table.to_pandas()
    index = pd.Index(raw.rows, name="row")
    geometry = raw.geometry if raw.geometry is not None else np.full(len(frame), None, dtype=object)
    return gpd.GeoDataFrame(frame.set_index(index), geometry=gpd.GeoSeries(geometry, index=index, crs=raw.crs))
