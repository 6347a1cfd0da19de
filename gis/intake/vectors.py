"""Reads formats that carry geometry: everything GDAL opens, and GeoParquet.

GDAL is told not to reach out: no remote paths, no schema download, a closed list of
formats (``staging.recognise``), and its curl file systems are switched off.
"""

from __future__ import annotations

import json
import struct
import warnings
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import CRSError as OgrCRSError
from pyogrio.errors import DataLayerError
from pyogrio.errors import DataSourceError
from pyogrio.errors import FeatureError
from pyogrio.errors import FieldError
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import GEOSException

from gis.i18n import joined
from gis.i18n import translate as _
from gis.intake import columns as geometry_columns
from gis.intake import dbase
from gis.intake import encodings
from gis.intake.errors import EncodingWrong
from gis.intake.errors import FileBroken
from gis.intake.errors import FileIncomplete
from gis.intake.errors import FileTooLarge
from gis.intake.parts import Note
from gis.intake.tables import unique_names
from gis.settings import IntakeSettings

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gis.intake.staging import Staged

CURVES = (8, 9, 10, 11, 12, 13, 14)
"""WKB types GEOS does not hold: CircularString … Surface."""

SURFACES = (15, 16, 17)
"""WKB types of three-dimensional surfaces: PolyhedralSurface, TIN, Triangle."""

_FAILURES = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    OgrCRSError,
    pa.ArrowException,
    RuntimeError,
    UnicodeDecodeError,
)

pyogrio.set_gdal_config_options(
    {
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing-is-fetched",
        "GML_DOWNLOAD_SCHEMA": "NO",
        "GML_SKIP_RESOLVE_ELEMS": "ALL",
        "GDAL_HTTP_TIMEOUT": "1",
        "GDAL_HTTP_CONNECTTIMEOUT": "1",
        "GDAL_HTTP_MAX_RETRY": "0",
        "OGR_GEOJSON_MAX_OBJ_SIZE": "200",
        "OGR_SQLITE_LIST_VIRTUAL_OGR": "NO",
    }
)


class Layer:
    """What was read of one layer: attributes, geometry, and what the file says of itself."""

    def __init__(self, table: pa.Table, geometry: NDArray[np.object_] | None) -> None:
        self.table = table
        self.geometry = geometry
        self.wkb: geometry_columns.Column | None = None
        """Geometry not yet decoded, where that was asked for."""
        self.crs: CRS | None = None
        self.declared = ""
        self.encoding: encodings.Verdict | None = None
        self.repairs: list[Note] = []
        self.unreadable: dict[int, tuple[str, str]] = {}
        """Index -> (key, words) of geometries that GEOS cannot hold; they are null here."""


def list_layers(staged: Staged) -> list[tuple[str, str | None]]:
    """List the layers of a file with the type of their geometry (None: a plain table).

    Raises
    ------
    FileBroken, FileIncomplete
        The file cannot be opened.
    """
    if staged.kind == "parquet":
        return [(staged.entry, None)]
    _check_whole(staged)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = pyogrio.list_layers(_source(staged))
    except _FAILURES as error:
        raise FileBroken(name=staged.name, detail=_tail(error, staged)) from None
    layers = [(str(name), None if kind is None else str(kind)) for name, kind in found]
    if staged.kind in {"gpkg", "gdb"} and any(kind for _name, kind in layers):
        layers = [(name, kind) for name, kind in layers if name != "layer_styles"]
    if not layers:
        raise FileBroken(name=staged.name, detail=_("里面没有图层"))
    return layers


def _source(staged: Staged) -> str:
    return f"GeoJSONSeq:{staged.path}" if staged.kind == "geojsonseq" else str(staged.path)


def _tail(error: BaseException, staged: Staged) -> str:
    """Shorten a driver's message and take our own folders out of it."""
    text = str(error).split(";")[0].replace(str(staged.path), staged.name).strip()
    return text[:160] or type(error).__name__


def _check_whole(staged: Staged) -> None:
    """Find files that were cut off: drivers read a part of them without a word."""
    path = staged.path
    if staged.kind == "shapefile":
        missing = [e for e in (".shp", ".shx") if not _part(path, e)]
        if missing:
            raise FileIncomplete(name=staged.name, parts=joined(missing))
        with path.open("rb") as source:
            head = source.read(28)
        if path.stat().st_size < struct.unpack(">i", head[24:28])[0] * 2:
            raise FileBroken(name=staged.name, detail=_(".shp 文件被截断"))
    if staged.kind == "gpkg":
        with path.open("rb") as source:
            head = source.read(100)
        if len(head) == 100:  # noqa: PLR2004 - length of an SQLite header
            page = struct.unpack(">H", head[16:18])[0]
            pages = struct.unpack(">I", head[28:32])[0]
            current = head[24:28] == head[92:96]
            if current and path.stat().st_size < (65536 if page == 1 else page) * pages:
                raise FileBroken(name=staged.name, detail=_("文件被截断"))


def _part(path: Path, ending: str) -> Path | None:
    return next((p for p in (path.with_suffix(ending), path.with_suffix(ending.upper())) if p.exists()), None)


def read_layer(
    staged: Staged,
    layer: str,
    *,
    encoding: str | None = None,
    columns: list[str] | None = None,
    rows: int | None = None,
    decode: bool = True,
) -> Layer:
    """Read one layer of a vector file through GDAL and Arrow.

    Parameters
    ----------
    staged : Staged
        The file.
    layer : str
        Its layer.
    encoding : str, optional
        What the user says a shapefile's text is in.
    columns : list of str, optional
        Attributes to read; all by default.
    rows : int, optional
        Read only so many rows.
    decode : bool
        Whether geometry is wanted as shapes; else it stays WKB (``Layer.wkb``).

    Raises
    ------
    FileBroken, FileIncomplete, FileTooLarge, EncodingAmbiguous, EncodingWrong
        The layer cannot be read.
    """
    if staged.kind == "parquet":
        return _read_parquet(staged, columns, rows, decode=decode)
    verdict = _dbf_encoding(staged, encoding) if staged.kind in {"shapefile", "dbf"} else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            info = pyogrio.read_info(_source(staged), layer=layer)
            _check_rows(info["features"], staged)
            meta, table = pyogrio.read_arrow(
                _source(staged),
                layer=layer,
                columns=columns,
                encoding=verdict.codec if verdict else None,
                datetime_as_string=True,
                max_features=rows,
            )
    except _FAILURES as error:
        raise FileBroken(name=staged.name, detail=_tail(error, staged)) from None
    expected = info["features"]
    if rows is None and expected > table.num_rows:
        detail = _("应有 {expected} 行,只读出 {got} 行").format(expected=expected, got=table.num_rows)
        raise FileBroken(name=staged.name, detail=detail)
    _check_rows(table.num_rows, staged)
    table, cut = _mend_text(table)
    shape = meta["geometry_name"] or "wkb_geometry"
    out = _with_geometry(table, shape if meta["geometry_type"] is not None else None, decode=decode)
    out.encoding = verdict
    out.repairs += [Note(at + 1, "text_cut", _("文字超出字段宽度被截断,已去掉末尾的残字")) for at in cut]
    if verdict is not None and rows is None:
        _mend_commas(staged, out)
    if any(key == "curve" for key, _words in out.unreadable.values()):
        _stroke(staged, layer, out)
    if out.geometry is not None or out.wkb is not None:
        out.crs = _crs(meta["crs"])
        out.declared = _who_declares(staged) if out.crs is not None else ""
    return out


def _mend_text(table: pa.Table) -> tuple[pa.Table, list[int]]:
    """Make text valid that GDAL passed on as it stood: a character cut at a field's end goes, others are marked.

    Returns
    -------
    tuple of (pyarrow.Table, list of int)
        The table, and the rows whose text ended in the middle of a character.
    """
    cut: set[int] = set()
    for at, column in enumerate(table.columns):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            cells = column.cast(pa.large_binary()).to_pylist()
            texts: list[str | None] = []
            for row, cell in enumerate(cells):
                whole = None if cell is None else dbase.whole(cell)
                if whole != cell:
                    cut.add(row)
                texts.append(None if whole is None else whole.decode("utf-8", errors="replace"))
            table = table.set_column(at, table.column_names[at], pa.array(texts, column.type))
    return table, sorted(cut)


def _stroke(staged: Staged, layer: str, out: Layer) -> None:
    """Read curves once more without Arrow: there GDAL draws them as short straight lines."""
    try:
        wkb = pyogrio.raw.read(_source(staged), layer=layer, columns=[])[2]
    except _FAILURES:
        return
    assert out.geometry is not None
    for at in [i for i, (key, _words) in out.unreadable.items() if key == "curve"]:
        shape = _mend(wkb[at]) if len(wkb) == len(out.geometry) else None
        if shape is not None:
            out.geometry[at] = shape
            del out.unreadable[at]
            out.repairs.append(Note(at + 1, "curve_stroked", _("曲线已按短折线近似")))


def _check_rows(count: int, staged: Staged) -> None:
    limit = IntakeSettings().max_rows
    if count > limit:
        raise FileTooLarge(name=staged.name, detail=_("超过 {rows} 行").format(rows=limit))


def _who_declares(staged: Staged) -> str:
    """Say whether the CRS stands in the file or comes from the format's definition."""
    if staged.kind in {"kml", "geojsonseq"}:
        return "format"
    if staged.kind == "geojson":
        with staged.path.open("rb") as source:
            head = source.read(1 << 16)
            source.seek(max(0, staged.path.stat().st_size - (1 << 16)))
            return "file" if b'"crs"' in head + source.read() else "format"
    return "file"


def _crs(given: str | None) -> CRS | None:
    if not given:
        return None
    try:
        return CRS.from_user_input(given)
    except CRSError:
        return None


def _with_geometry(table: pa.Table, shape: str | None, *, decode: bool = True) -> Layer:
    if shape is None or shape not in table.column_names:
        return Layer(_rename(table), None)
    wkb = table.column(shape)
    out = Layer(_rename(table.drop_columns([shape])), None)
    if decode:
        out.geometry = _decode(wkb, out)
    else:
        out.wkb = geometry_columns.Held(wkb)
    return out


def decode_part(wkb: pa.ChunkedArray[Any], table: pa.Table) -> Layer:
    """Decode a stretch of geometry left undecoded, with the attributes of the same rows."""
    out = Layer(table, None)
    out.geometry = _decode(wkb, out)
    return out


def _rename(table: pa.Table) -> pa.Table:
    return table.rename_columns(unique_names(table.column_names))


def _decode(wkb: pa.ChunkedArray[Any], out: Layer) -> NDArray[np.object_]:
    """Decode WKB on whole arrays; only what fails there is looked at one by one."""
    parts = []
    done = 0
    for chunk in wkb.chunks:
        raw = chunk.to_numpy(zero_copy_only=False)
        try:
            with np.errstate(invalid="ignore"):  # NaN among the coordinates is judged by the checks
                parts.append(shapely.from_wkb(raw, on_invalid="raise"))
        except (GEOSException, NotImplementedError):
            parts.append(_decode_slowly(raw, done, out))
        done += len(raw)
    return np.concatenate(parts) if parts else np.empty(0, dtype=object)


def _decode_slowly(raw: NDArray[np.object_], start: int, out: Layer) -> NDArray[np.object_]:
    result = np.empty(len(raw), dtype=object)
    for at, value in enumerate(raw):
        if value is None:
            continue
        try:
            with np.errstate(invalid="ignore"):
                result[at] = shapely.from_wkb(value)
        except NotImplementedError:
            out.unreadable[start + at] = ("curve", _("含有曲线,请先转成折线(例如 ogr2ogr -nlt CONVERT_TO_LINEAR)"))
        except GEOSException as error:
            result[at] = _mend(value)
            if result[at] is not None:
                out.repairs.append(Note(start + at + 1, "ring_closed", _("环没有闭合,已补上终点")))
            elif _wkb_type(value) in SURFACES:
                out.unreadable[start + at] = ("surface", _("是三维曲面(TIN、PolyhedralSurface),不是平面几何"))
            else:
                words = _("几何无法读取:{detail}").format(detail=str(error)[:80])
                out.unreadable[start + at] = ("unreadable", words)
    return result


def _mend(value: bytes) -> object | None:
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore")
        try:
            found: object | None = shapely.from_wkb(value, on_invalid="fix")
        except (GEOSException, NotImplementedError):
            return None
    return found


def _wkb_type(value: bytes) -> int:
    number: int = struct.unpack("<I" if value[0] else ">I", value[1:5])[0]
    return number % 1000 & 0xFFFF


# Parquet ---------------------------------------------------------------------------------------


def _read_parquet(staged: Staged, columns: list[str] | None, rows: int | None, *, decode: bool = True) -> Layer:
    try:
        file = geometry_columns.read_filed(staged.path)
        _check_rows(file.metadata.num_rows, staged)
        geo = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"null"))
        main = geo["primary_column"] if geo else None
        names = file.schema_arrow.names
        # Geometry that is not wanted as shapes stays in the file, to be read a stretch at a time.
        left = main in names and not decode and rows is None and geo["columns"][main].get("encoding", "WKB") == "WKB"
        if columns is not None:
            names = [*columns, *([main] if main else [])]
        table = file.read(columns=[name for name in names if not left or name not in geo["columns"]])
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise FileBroken(name=staged.name, detail=_tail(error, staged)) from None
    if rows is not None:
        table = table.slice(0, rows)
    table = table.drop_columns([n for n in table.column_names if n.startswith("__index_level_")])
    table = table.replace_schema_metadata(None)
    if main is None:
        table, found = _undeclared(table)
        return _with_geometry(table, found, decode=decode)
    about: dict[str, Any] = geo["columns"][main]
    others = [n for n in geo["columns"] if n != main and n in table.column_names]
    table = table.drop_columns(others)
    if left:
        out = Layer(_rename(table), None)
        out.wkb = geometry_columns.Filed(file, main, staged.name)
    elif about.get("encoding", "WKB") == "WKB":
        out = _with_geometry(table, main, decode=decode)
    else:
        out = Layer(_rename(table.drop_columns([main])), _from_native(staged, main, rows))
    out.crs = _parquet_crs(about)
    out.declared = ("file" if "crs" in about else "format") if out.crs is not None else ""
    return out


def _undeclared(table: pa.Table) -> tuple[pa.Table, str | None]:
    """Find WKB in a Parquet file that says nothing of geometry; other bytes become text, or go.

    Returns
    -------
    tuple of (pyarrow.Table, str or None)
        The table, and the name of the column of geometry.
    """
    found = None
    for name in table.column_names:
        column = table.column(name)
        if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
            continue
        first = next((v for v in column.slice(0, 1000).to_pylist() if v), b"")
        if found is None and first[:1] in {b"\x00", b"\x01"} and _mend(first) is not None:
            found = name
            continue
        try:
            at = table.column_names.index(name)
            table = table.set_column(at, name, column.cast(pa.string()))
        except pa.ArrowInvalid:
            table = table.drop_columns([name])
    return table, found


def _parquet_crs(about: dict[str, Any]) -> CRS | None:
    """Read the CRS of a GeoParquet column: absent means OGC:CRS84, null means unknown."""
    if "crs" not in about:
        return CRS.from_epsg(4326)
    if about["crs"] is None:
        return None
    try:
        return CRS.from_user_input(about["crs"])
    except CRSError:
        return None


def _from_native(staged: Staged, column: str, rows: int | None) -> NDArray[np.object_]:
    import geopandas as gpd  # noqa: PLC0415 - slow to import, only needed for GeoArrow encodings

    try:
        frame = gpd.read_parquet(staged.path, columns=[column])
    except (ValueError, pa.ArrowException) as error:
        raise FileBroken(name=staged.name, detail=_tail(error, staged)) from None
    values: NDArray[np.object_] = np.asarray(frame[column].to_numpy(), dtype=object)[:rows]
    return values


# Shapefile text --------------------------------------------------------------------------------


def _dbf_encoding(staged: Staged, given: str | None) -> encodings.Verdict | None:
    dbf = staged.path if staged.kind == "dbf" else _part(staged.path, ".dbf")
    if dbf is None:
        return None
    page = _part(dbf, ".cpg")
    declared = None
    if page:
        try:
            declared = encodings.normal_codec(page.read_bytes()[:64].decode("ascii", errors="ignore"))
        except EncodingWrong:
            declared = None
    text, language = dbase.text(dbf, staged.name)
    return encodings.detect(text, staged.name, given=given, declared=declared or encodings.LDID.get(language))


def _mend_commas(staged: Staged, out: Layer) -> None:
    """Give number columns written with a decimal comma back as text: GDAL cuts at the comma."""
    dbf = staged.path if staged.kind == "dbf" else _part(staged.path, ".dbf")
    if dbf is None or out.table.num_rows == 0:
        return
    start, width, fields = dbase.fields(dbf, staged.name)
    size = dbf.stat().st_size - start
    if width == 0 or size // width < out.table.num_rows:
        return
    records = np.memmap(dbf, dtype=np.uint8, mode="r", offset=start, shape=(size // width, width))
    for at, (kind, begin, length) in enumerate(fields):
        if kind not in b"NF" or at >= out.table.num_columns:
            continue
        cells = np.asarray(records[:, begin : begin + length])
        if (cells == ord(",")).any() and (records[:, 0] == ord(" ")).all() and len(records) == out.table.num_rows:
            texts = [cell.tobytes().decode("ascii", errors="replace").strip(" \x00") for cell in cells]
            out.table = out.table.set_column(at, out.table.column_names[at], pa.array(texts, pa.string()))
