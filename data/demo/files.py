"""The demo as files of the kinds an office has, to try the import with.

GeoPackage with every layer; GeoJSON and a zipped Shapefile (GBK) of the grids; buildings,
incidents and visits as CSV (GBK) and Excel with Chinese headers; the same places in GCJ-02
once more; people, leave, organisations and duties as plain tables; the positions of the walks;
and the table of planted flaws.
"""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from data.demo.errors import FolderInUse
from data.demo.load import size_of
from data.demo.load import streets
from gis.crs import gcj02_from_wgs84
from gis.datasets import FIELDS
from gis.datasets import SHAPES
from gis.datasets import Dataset
from gis.errors import RightMissing
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from numpy.typing import NDArray

    from data.demo.flaws import Flaw
    from data.demo.town import Demo

POINTS = (Dataset.BUILDINGS, Dataset.INCIDENTS, Dataset.VISITS)
PLAIN = tuple(dataset for dataset, shape in SHAPES.items() if shape == "none")


def write(folder: Path, size: str, seed: int, progress: Callable[[str, float], None] | None = None) -> list[Path]:
    """Write the demo as files; a folder for each street when there are several.

    Parameters
    ----------
    folder : Path
        Made when missing; must be empty.
    size, seed : str, int
        As for :func:`data.demo.load.load`.
    progress : callable, optional
        Told what is being done and the share done, 0 to 1.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    SizeUnknown, FolderInUse, RightMissing
        Nothing was written.
    """
    wanted = size_of(size)
    tell = progress or (lambda _stage, _share: None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
        (folder / ".probe").touch()
        (folder / ".probe").unlink()
    except OSError as error:
        raise RightMissing(detail=str(folder), remedy=_("请换一个可以写入的文件夹。")) from error
    if occupied:
        raise FolderInUse(path=folder)
    written = []
    for number, demo in enumerate(streets(wanted, seed), start=1):
        place = folder if wanted.streets == 1 else folder / demo.code
        place.mkdir(exist_ok=True)
        written += _one(place, demo)
        tell(_("写出文件"), number / wanted.streets)
    return written


def _one(folder: Path, demo: Demo) -> list[Path]:
    package = folder / "demo.gpkg"
    for dataset, frame in demo.frames.items():
        if len(frame) and dataset not in PLAIN:
            _shaped(dataset, frame).to_file(package, layer=str(dataset), driver="GPKG")
    demo.police.to_file(package, layer="police", driver="GPKG")
    grids = demo.frames[Dataset.GRIDS]
    written = [package, folder / "grids.geojson", folder / "grids_gcj02.geojson", folder / "grids_gbk.zip"]
    grids.to_file(written[1], driver="GeoJSON")
    grids.set_geometry(shapely.transform(grids.geometry.to_numpy(), _shifted), crs=None).to_file(
        written[2], driver="GeoJSON"
    )
    _shapefile(grids, written[3])
    for dataset in POINTS:
        for shift in (False, True):
            table = _table(dataset, demo.frames[dataset], shift=shift)
            stem = folder / f"{dataset}{'_gcj02' if shift else ''}"
            table.to_csv(stem.with_suffix(".csv"), index=False, encoding="gb18030", lineterminator="\r\n")
            written.append(stem.with_suffix(".csv"))
        _table(dataset, demo.frames[dataset], shift=False).to_excel(
            folder / f"{dataset}.xlsx", index=False, engine="xlsxwriter"
        )
        written.append(folder / f"{dataset}.xlsx")
    for dataset in PLAIN:
        written += _sheets(folder / str(dataset), _labelled(dataset, demo.frames[dataset]))
    positions(demo.frames[Dataset.TRACKS]).to_csv(folder / "tracks.csv", index=False, encoding="utf-8-sig")
    written.append(folder / "tracks.csv")
    listing(demo.flaws).to_csv(folder / "flaws.csv", index=False, encoding="utf-8-sig")
    return [*written, folder / "flaws.csv"]


def _sheets(stem: Path, table: pd.DataFrame) -> list[Path]:
    """Write a plain table as CSV (GBK) and Excel."""
    csv, excel = stem.with_suffix(".csv"), stem.with_suffix(".xlsx")
    table.to_csv(csv, index=False, encoding="gb18030", lineterminator="\r\n")
    table.to_excel(excel, index=False, engine="xlsxwriter")
    return [csv, excel]


def positions(tracks: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give the positions of tracks as a phone notes them: who, when, where."""
    xy, track = shapely.get_coordinates(tracks.geometry.to_numpy(), return_index=True)
    labels = {field.name: field.label for field in FIELDS[Dataset.TRACKS]}
    moments = pd.to_datetime(np.concatenate([*tracks["times"], np.array([])]), unit="s", utc=True)
    return pd.DataFrame(
        {
            labels["person_code"]: tracks["person_code"].to_numpy()[track],
            labels["started_at"]: moments.tz_convert("Asia/Shanghai").strftime("%Y-%m-%d %H:%M:%S"),
            "经度": xy[:, 0],
            "纬度": xy[:, 1],
        }
    )


def _shaped(dataset: Dataset, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give buildings their footprint where they have one; GeoPackage knows one geometry, and no list of times."""
    if dataset is Dataset.TRACKS:
        return frame.drop(columns="times")
    if dataset is not Dataset.BUILDINGS:
        return frame
    outline = frame["footprint"].to_numpy()
    return frame.drop(columns="footprint").set_geometry(
        np.where(shapely.is_missing(outline), frame.geometry.to_numpy(), outline), crs=frame.crs
    )


def _shifted(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.round(np.column_stack(gcj02_from_wgs84(xy[:, 0], xy[:, 1])), 8), dtype=np.float64)


def _shapefile(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a zipped Shapefile in GBK, as many offices have them."""
    with tempfile.TemporaryDirectory() as place:
        frame.to_file(Path(place) / "grids.shp", driver="ESRI Shapefile", encoding="GBK")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(place).iterdir()):
                archive.write(part, part.name)


def _table(dataset: Dataset, frame: gpd.GeoDataFrame, *, shift: bool) -> pd.DataFrame:
    """Turn a frame into the table an office would have: Chinese headers, longitude and latitude at the end."""
    table = _labelled(dataset, frame)
    xy = np.column_stack((shapely.get_x(frame.geometry.to_numpy()), shapely.get_y(frame.geometry.to_numpy())))
    placed = np.isfinite(xy).all(axis=1) & (np.abs(xy) > 1).all(axis=1)
    if shift:
        xy[placed] = _shifted(xy[placed])
    return table.assign(经度=xy[:, 0], 纬度=xy[:, 1])


def _labelled(dataset: Dataset, frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give the columns of a frame with Chinese headers, times as they are written here."""
    labels = {field.name: field.label for field in FIELDS[dataset]}
    table = pd.DataFrame(frame[[name for name in labels if name in frame.columns]])
    for name in table.columns:
        if name.endswith("_at"):
            table[name] = table[name].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m-%d %H:%M:%S")
    return table.rename(columns=labels)


def listing(flaws: list[Flaw]) -> pd.DataFrame:
    """Turn flaws into a table: rule, kind, subjects, a point, the expected figures."""
    rows = []
    for flaw in flaws:
        point = None if flaw.where is None else shapely.point_on_surface(flaw.where)
        rows.append(
            {
                "rule": flaw.rule,
                "kind": flaw.kind,
                "subjects": " ".join(flaw.subjects),
                "lon": None if point is None else point.x,
                "lat": None if point is None else point.y,
                **{name: round(value, 2) for name, value in flaw.measure.items()},
            }
        )
    return pd.DataFrame(rows)
