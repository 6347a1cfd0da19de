"""Brings a file to a place where it can be read safely; nothing is trusted by its name.

Owns the limits (size, ratio, paths out of an archive), unpacking, and telling a format by
its content. Archives are unpacked here, never by a driver, so the limits hold for all.
What is inside a format is left to the readers.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Self

from gis.errors import FileMissing
from gis.i18n import translate as _
from gis.intake import dbase
from gis.intake.errors import ArchiveUnsafe
from gis.intake.errors import ArchiveWithoutData
from gis.intake.errors import FileBroken
from gis.intake.errors import FileEmpty
from gis.intake.errors import FileTooLarge
from gis.intake.errors import FormatUnknown
from gis.intake.errors import SourceForbidden
from gis.settings import IntakeSettings

if TYPE_CHECKING:
    from types import TracebackType
    from typing import IO

MB = 1024 * 1024
RATIO_FLOOR = 16 * MB
"""Archives that unpack to less than this are no bombs, whatever their ratio."""

MOST_ENTRIES = 20_000
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".qpj")
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".tab")
SHEET_ENDINGS = (".xlsx", ".xls", ".xlsb", ".xlsm", ".ods")
READABLE = (
    *(
        ".gpkg",
        ".geojson",
        ".json",
        ".geojsonl",
        ".geojsons",
        ".jsonl",
        ".ndjson",
        ".seq",
        ".shp",
        ".kml",
        ".gml",
        ".gpx",
        ".fgb",
    ),
    *(".parquet", ".geoparquet", ".dbf"),
    *TABLE_ENDINGS,
    *SHEET_ENDINGS,
)


@dataclass(frozen=True)
class Staged:
    """One readable file on disk.

    Attributes
    ----------
    path : Path
        File (or ``.gdb`` folder) to open.
    name : str
        What the user calls it: the name of the file given.
    kind : str
        ``gpkg shapefile dbf geojson kml gml gpx fgb gdb parquet sheet table``.
    entry : str
        Stem of the file inside an archive, else of the file itself; names its layer.
    """

    path: Path
    name: str
    kind: str
    entry: str


class Stage:
    """Holds the unpacked copy of a file while it is read; a context manager.

    Parameters
    ----------
    path : str or Path
        File the user named.

    Raises
    ------
    FileMissing, FileEmpty, FileTooLarge, FileBroken, FormatUnknown
        The file itself cannot be used.
    ArchiveUnsafe, ArchiveWithoutData, SourceForbidden
        It must not be, or holds nothing.
    """

    def __init__(self, path: str | Path) -> None:
        self.given = Path(path)
        self.name = self.given.name
        self._stack = ExitStack()
        self._folder: Path | None = None
        self.files: list[Staged] = []
        self._limits = IntakeSettings()
        refuse_remote(str(path))

    def __enter__(self) -> Self:
        try:
            self.files = [self._mended(file) for file in self._arrange()]
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def folder(self) -> Path:
        """Folder for unpacked and recoded copies; gone when the stage closes."""
        if self._folder is None:
            self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="gridatlas-intake-")))
        return self._folder

    def _arrange(self) -> list[Staged]:
        path = self.given
        try:
            mode = path.stat().st_mode
        except OSError:
            raise FileMissing(path=path) from None
        if stat.S_ISDIR(mode):
            if path.suffix.lower() == ".gdb":
                return [Staged(path, self.name, "gdb", path.stem)]
            raise FormatUnknown(name=self.name, detail=_("这是一个文件夹"))
        if not stat.S_ISREG(mode):
            raise SourceForbidden(name=self.name, detail=_("它不是普通文件"))
        if not os.access(path, os.R_OK):
            raise FileMissing(path=path)
        size = path.stat().st_size
        if size == 0:
            raise FileEmpty(name=self.name)
        if size > self._limits.max_file_mb * MB:
            raise FileTooLarge(name=self.name, detail=_("文件有 {size} MB").format(size=size // MB))
        return self._open(path, self.name)

    def _open(self, path: Path, name: str) -> list[Staged]:
        with path.open("rb") as source:
            head = source.read(8192)
        if head[:2] == b"\x1f\x8b":
            return self._open(self._gunzip(path, name), name.removesuffix(".gz").removesuffix(".GZ"))
        suffix = Path(name).suffix.lower()
        if head[:4] in {b"PK\x03\x04", b"PK\x05\x06"} and suffix not in SHEET_ENDINGS and not _is_workbook(path):
            return self._unzip(path)
        kind = recognise(head, name)
        if kind == "dbf" and any(p.suffix.lower() == ".shp" for p in _siblings(path)):
            kind = "shapefile"
        if kind == "shapefile":
            path = self._beside(path, ".shp")
        elif not re.fullmatch(r"[\w./ -]+", str(path)):
            path = self._link(path)
        return [Staged(path, self.name, kind, Path(name).stem)]

    def _beside(self, path: Path, wanted: str) -> Path:
        """Find the .shp of a shapefile part, under a name no driver can misread."""
        main = next((p for p in _siblings(path) if p.suffix.lower() == wanted), path)
        return main if re.fullmatch(r"[\w./ -]+", str(main)) else self._link(main)

    def _mended(self, file: Staged) -> Staged:
        """Give a shapefile whose field names were cut within a character whole ones, in a copy of its table."""
        if file.kind not in {"shapefile", "dbf"}:
            return file
        parts = _siblings(file.path)
        table = next((p for p in parts if p.suffix.lower() == ".dbf"), None)
        names = dbase.cut_names(table) if table else {}
        if not names or table is None:
            return file
        folder = self.folder / f"names-{file.path.stem}"
        folder.mkdir(exist_ok=True)
        for part in parts:
            if part != table:
                (folder / part.name).symlink_to(part.resolve())
        dbase.mend_names(table, folder / table.name, names)
        return replace(file, path=folder / file.path.name)

    def _link(self, path: Path) -> Path:
        clean = re.sub(r"[^\w.-]", "_", path.stem)
        for part in _siblings(path) if path.suffix.lower() in SHAPEFILE_PARTS else [path]:
            (self.folder / (clean + part.suffix)).symlink_to(part.resolve())
        return self.folder / (clean + path.suffix)

    def _gunzip(self, path: Path, name: str) -> Path:
        target = self.folder / (re.sub(r"[^\w.-]", "_", name.removesuffix(".gz").removesuffix(".GZ")) or "data")
        packed = path.stat().st_size
        try:
            with gzip.open(path, "rb") as source, target.open("wb") as out:
                self._copy(source, out, packed)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise FileBroken(name=self.name, detail=_("gzip 数据不完整")) from None
        if target.stat().st_size == 0:
            raise FileEmpty(name=self.name)
        return target

    def _copy(self, source: IO[bytes] | gzip.GzipFile, out: IO[bytes], packed: int, done: int = 0) -> int:
        """Copy within the limits; the size a header claims is not believed."""
        limits = self._limits
        while block := source.read(MB):
            done += len(block)
            if done > limits.max_file_mb * MB:
                raise ArchiveUnsafe(name=self.name, detail=_("解压后超过 {size} MB").format(size=limits.max_file_mb))
            if done > RATIO_FLOOR and done > packed * limits.max_ratio:
                raise ArchiveUnsafe(
                    name=self.name, detail=_("解压后膨胀超过 {ratio} 倍").format(ratio=limits.max_ratio)
                )
            out.write(block)
        return done

    def _unzip(self, path: Path) -> list[Staged]:
        try:
            with zipfile.ZipFile(path) as archive:
                self._extract(archive, path.stat().st_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
            raise FileBroken(name=self.name, detail=_("zip 数据不完整")) from None
        except RuntimeError:
            raise ArchiveUnsafe(name=self.name, detail=_("压缩包有密码")) from None
        root = self.folder / "unpacked"
        found = sorted(p for p in root.rglob("*.gdb") if p.is_dir())
        staged = [Staged(p, self.name, "gdb", p.stem) for p in found]
        inside = [p for p in sorted(root.rglob("*")) if p.is_file() and not any(g in p.parents for g in found)]
        shapes = {p.with_suffix("") for p in inside if p.suffix.lower() == ".shp"}
        for file in inside:
            if file.suffix.lower() not in READABLE or file.stat().st_size == 0:
                continue
            if file.suffix.lower() != ".shp" and file.with_suffix("") in shapes:
                continue
            with file.open("rb") as source:
                kind = recognise(source.read(8192), file.name)
            staged.append(Staged(file, self.name, kind, file.stem))
        if not staged:
            raise ArchiveWithoutData(name=self.name)
        places = [s for s in staged if s.kind != "dbf"]
        return places or staged

    def _extract(self, archive: zipfile.ZipFile, packed: int) -> None:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise ArchiveUnsafe(name=self.name, detail=_("里面有 {count} 个文件").format(count=len(entries)))
        root = (self.folder / "unpacked").resolve()
        root.mkdir()
        done = 0
        for entry in entries:
            inner = _entry_name(entry)
            target = (root / inner).resolve()
            if inner.startswith(("/", "\\")) or not target.is_relative_to(root):
                raise ArchiveUnsafe(name=self.name, detail=_("路径 {path} 指向压缩包之外").format(path=inner))
            if entry.is_dir() or "__MACOSX" in inner or target.name.startswith("."):
                continue
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise ArchiveUnsafe(name=self.name, detail=_("里面有指向别处的链接"))
            target = target.with_name(re.sub(r"[^\w.-]", "_", target.name))
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, target.open("wb") as out:
                done = self._copy(source, out, packed, done)


def _entry_name(entry: zipfile.ZipInfo) -> str:
    """Read the name of a zip entry; names without the UTF-8 flag are mostly GBK here."""
    if entry.flag_bits & 0x800:
        return entry.filename
    raw = entry.filename.encode("cp437", errors="replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _siblings(path: Path) -> list[Path]:
    """List the parts of a shapefile: same stem, known endings, any case."""
    return [p for p in path.parent.iterdir() if p.stem == path.stem and p.suffix.lower() in SHAPEFILE_PARTS]


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError):
        return False
    return "xl/workbook.xml" in names or "xl/workbook.bin" in names or "content.xml" in names


def refuse_remote(path: str) -> None:
    """Refuse what a driver would follow over the network or into other files.

    Raises
    ------
    SourceForbidden
        A URL, a GDAL virtual path, a ``.vrt`` or a connection string.
    """
    low = path.strip().lower()
    if "://" in low or low.startswith(("/vsi", "\\\\", "pg:", "mysql:", "wfs:", "http:", "https:", "ftp:")):
        raise SourceForbidden(name=path, detail=_("只读取本机上的普通文件"))
    if low.endswith((".vrt", ".ovf", ".gdalg.json", ".lnk", ".url")):
        raise SourceForbidden(name=Path(path).name, detail=_("这种文件会引用别的文件或网址"))


def recognise(head: bytes, name: str) -> str:
    """Tell the format by the first bytes, the name only where the bytes leave it open.

    Parameters
    ----------
    head : bytes
        The first few thousand bytes.
    name : str
        Name of the file.

    Returns
    -------
    str
        A kind of :class:`Staged`.

    Raises
    ------
    FormatUnknown, SourceForbidden
        Nothing we read, or something that refers elsewhere.
    """
    suffix = Path(name).suffix.lower()
    magic = {
        b"SQLite format 3\x00": "gpkg",
        b"PAR1": "parquet",
        b"fgb\x03": "fgb",
        b"\x00\x00\x27\x0a": "shapefile",
        b"\xd0\xcf\x11\xe0": "sheet",
        b"PK\x03\x04": "sheet",
    }
    for start, kind in magic.items():
        if head.startswith(start):
            if kind == "shapefile" and suffix == ".shx":
                return "shapefile"
            return kind
    if suffix in {".dbf", ".shp", ".shx", ".gpkg", ".parquet", ".geoparquet", ".fgb", *SHEET_ENDINGS}:
        if suffix == ".dbf":
            return "dbf"
        raise FileBroken(name=name, detail=_("内容不是 {suffix} 格式").format(suffix=suffix))
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x1e")
    if text.startswith(b"<"):
        return _recognise_xml(text, name)
    if text.startswith((b"{", b"[")):
        if b"gdal_streamed_alg" in head:
            raise SourceForbidden(name=name, detail=_("这种文件会引用别的文件或网址"))
        return "geojsonseq" if _is_sequence(head, suffix) else "geojson"
    if suffix in {".prj", ".cpg", ".qpj", ".gfs", ".xsd", ".qgs", ".mxd"}:
        raise FormatUnknown(name=name, detail=_("它只是数据的附属文件"))
    if suffix in {".kml", ".gml", ".gpx", ".json", ".geojson"}:
        raise FileBroken(name=name, detail=_("内容不是 {suffix} 格式").format(suffix=suffix))
    if b"\x00" in head and head[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        raise FormatUnknown(name=name, detail=_("内容是二进制数据"))
    if suffix in TABLE_ENDINGS or not suffix:
        return "table"
    raise FormatUnknown(name=name, detail=_("扩展名 {suffix} 不认识").format(suffix=suffix))


def _is_sequence(head: bytes, suffix: str) -> bool:
    """Say whether a JSON text is one feature per line (or RFC 8142 records)."""
    if suffix in {".geojsonl", ".geojsons", ".jsonl", ".ndjson"} or head.startswith(b"\x1e"):
        return True
    lines = head.strip().split(b"\n")
    if len(lines) > 1 and lines[1].lstrip().startswith(b"{"):
        with suppress(ValueError):
            first = json.loads(lines[0])
            return isinstance(first, dict) and first.get("type") == "Feature"
    return False


def _recognise_xml(text: bytes, name: str) -> str:
    low = text[:4096].lower()
    if b"<!doctype html" in low or b"<html" in low:
        raise FormatUnknown(name=name, detail=_("内容是网页(HTML),多半是下载链接失效或需要登录"))
    if b"<!entity" in low:
        raise SourceForbidden(name=name, detail=_("XML 里定义了实体"))
    root = re.search(
        rb"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]", re.sub(rb"<\?.*?\?>|<!--.*?-->", b"", text, flags=re.DOTALL)
    )
    tag = root.group(2).lower() if root else b""
    if tag in (b"kml", b"gpx"):
        return tag.decode()
    if b"opengis.net/gml" in low and not tag.startswith(b"ogr"):
        return "gml"
    if tag == b"featurecollection" and b"gml" in low:
        return "gml"
    raise SourceForbidden(name=name, detail=_("不支持这种 XML(只支持 KML、GML 和 GPX)"))


def fingerprint_file(path: Path) -> str:
    """Hash a file; of a shapefile or a ``.gdb`` folder all its parts, in order of name.

    Returns
    -------
    str
        SHA-256, hexadecimal.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        parts = sorted(p for p in path.rglob("*") if p.is_file())
    elif path.suffix.lower() in {".shp", ".shx"}:
        parts = sorted(_siblings(path))
    else:
        parts = [path]
    for part in parts:
        if len(parts) > 1:
            digest.update(part.suffix.lower().encode())
        with part.open("rb") as source:
            shutil.copyfileobj(source, _Sink(digest), MB)
    return digest.hexdigest()


class _Sink:
    """Feeds a copy into a hash."""

    def __init__(self, digest: hashlib._Hash) -> None:
        self._digest = digest

    def write(self, block: bytes) -> int:
        self._digest.update(block)
        return len(block)
