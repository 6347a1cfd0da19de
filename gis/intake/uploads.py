"""Uploads: files a person handed over, kept on disk until they are written or a day has passed.

One folder per import under ``uploads/`` of ``GRIDATLAS_HOME``, named by a random number that
also stands in the address of the page: whoever opens the address goes on where the import
stood. Beside the files lies what was decided so far, as JSON. Names come from outside and
are never used as paths. What is in the files is left to the readers.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import re
import secrets
import shutil
import time
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from gis.errors import DiskFull
from gis.errors import NotFound
from gis.errors import RightMissing
from gis.i18n import joined
from gis.i18n import translate as _
from gis.intake.errors import FileEmpty
from gis.intake.errors import FilesUnrelated
from gis.intake.errors import FileTooLarge
from gis.intake.staging import MB
from gis.intake.staging import SHAPEFILE_PARTS
from gis.settings import HomeSettings
from gis.settings import IntakeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedWriter
    from pathlib import Path

KEEP_S = 24 * 3600
"""Seconds an upload is kept after it was last touched."""

MOST_FILES = 16
LONGEST_NAME = 180
"""Bytes of a file's name, in UTF-8; file systems take 255."""

_ID = re.compile(r"[0-9a-f]{32}")
_STATE = "import.json"
_LOCK = "writing.lock"
_FILES = "files"


class UploadGone(NotFound):
    """No upload has this number (any more)."""

    template = "这次导入已经不在了:放弃的导入和超过一天的文件会自动清除。"
    cure = "请重新上传文件。"


class UploadBusy(RightMissing):
    """The upload is being written at this moment."""

    template = "这个文件正在写入。"
    cure = "请等它写完;关掉页面也不会中断。"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload.

    Attributes
    ----------
    id : str
        32 hexadecimal digits.
    folder : Path
        Where it lies.
    """

    id: str
    folder: Path

    def state(self) -> dict[str, Any]:
        """Give what was decided so far (keys belong to the page); empty at the start."""
        try:
            found = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise UploadGone from error
        return found if isinstance(found, dict) else {}

    def save(self, **changes: object) -> dict[str, Any]:
        """Change some of what was decided; the file is replaced whole.

        Raises
        ------
        DiskFull, UploadGone
            It cannot be written; the folder was cleared away.
        """
        state = {**self.state(), **changes}
        part = self.folder / f".{_STATE}.{secrets.token_hex(4)}"
        try:
            part.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
            part.replace(self.folder / _STATE)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise _explain(error, _("本次导入的选项")) from error
        return state

    def files(self) -> list[Path]:
        """Files handed over, in order of name."""
        folder = self.folder / _FILES
        return sorted(p for p in folder.iterdir() if not p.name.endswith(".part")) if folder.is_dir() else []

    def main(self) -> Path:
        """Give the file to read: the only one, or the ``.shp`` among its parts.

        Raises
        ------
        UploadGone
            There is no file.
        FilesUnrelated
            Several files that do not belong together.
        """
        files = self.files()
        if not files:
            raise UploadGone
        if len(files) == 1:
            return files[0]
        stems = {p.stem.casefold() for p in files}
        shapes = [p for p in files if p.suffix.lower() == ".shp"]
        parts = all(p.suffix.lower() in SHAPEFILE_PARTS for p in files)
        if len(stems) != 1 or not parts:
            raise FilesUnrelated(count=len(files), names=joined(p.name for p in files[:5]))
        return shapes[0] if shapes else files[0]

    @contextmanager
    def receive(self, name: str) -> Iterator[Receiver]:
        """Take in one file in blocks; it appears under its name when the block ends well.

        Parameters
        ----------
        name : str
            What the sender calls it; folders in it are dropped.

        Raises
        ------
        FileEmpty, FileTooLarge, FilesUnrelated, DiskFull
            It cannot be kept; what came of it is removed.
        """
        clean = clean_name(name)
        folder = self.folder / _FILES
        before = [p for p in self.files() if p.name != clean]
        if len(before) >= MOST_FILES:
            raise FilesUnrelated(count=len(before) + 1, names=joined(p.name for p in before[:5]))
        part = folder / f"{secrets.token_hex(8)}.part"
        try:
            folder.mkdir(exist_ok=True)
            with part.open("xb") as out:
                receiver = Receiver(clean, out, sum(p.stat().st_size for p in before))
                yield receiver
            if receiver.size == 0:
                raise FileEmpty(name=clean)
            part.replace(folder / clean)
        except OSError as error:
            raise _explain(error, clean) from error
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the right to write this upload; the system gives it back if the process dies.

        Raises
        ------
        UploadBusy
            Somebody else holds it.
        """
        with self._lock_file() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadBusy from None
            yield

    def is_being_written(self) -> bool:
        """Say whether a process is writing this upload now."""
        with self._lock_file() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def clear(self) -> None:
        """Remove the files; what was decided, and the result, stay for a day."""
        shutil.rmtree(self.folder / _FILES, ignore_errors=True)

    def discard(self) -> None:
        """Remove the upload whole.

        Raises
        ------
        UploadBusy
            It is being written.
        """
        with self.writing():
            shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _lock_file(self) -> Iterator[BufferedWriter]:
        try:
            handle = (self.folder / _LOCK).open("ab")
        except OSError as error:
            raise UploadGone from error
        with handle:
            yield handle


class Receiver:
    """Writes the blocks of one file and holds them to the limit.

    Parameters
    ----------
    name : str
        Clean name of the file.
    out : binary file
        Where the blocks go.
    before : int
        Bytes of the files that came with it.
    """

    def __init__(self, name: str, out: BufferedWriter, before: int) -> None:
        self.name = name
        self.size = 0
        self._out = out
        self._room = IntakeSettings().max_file_mb * MB - before

    def write(self, block: bytes) -> None:
        """Take one block.

        Raises
        ------
        FileTooLarge
            The limit of the settings is passed.
        """
        self.size += len(block)
        if self.size > self._room:
            raise FileTooLarge(name=self.name, detail=_("上限是 {size} MB").format(size=IntakeSettings().max_file_mb))
        self._out.write(block)


def begin() -> Upload:
    """Open a new upload; those left behind for more than a day are cleared away.

    Raises
    ------
    DiskFull, RightMissing
        The folder cannot be made.
    """
    sweep()
    number = secrets.token_hex(16)
    folder = _root() / number
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise _explain(error, str(_root())) from error
    return Upload(number, folder)


def get(number: str) -> Upload:
    """Give an upload.

    Raises
    ------
    UploadGone
        There is none with this number, or it is no number.
    """
    if not _ID.fullmatch(number):
        raise UploadGone
    folder = _root() / number
    if not folder.is_dir():
        raise UploadGone
    return Upload(number, folder)


def sweep(now: float | None = None) -> int:
    """Remove the uploads nobody has touched for a day; their number.

    Parameters
    ----------
    now : float, optional
        Seconds since the epoch; by default the clock.
    """
    removed = 0
    root = _root()
    if not root.is_dir():
        return 0
    for folder in root.iterdir():
        if not _ID.fullmatch(folder.name):
            continue
        with contextlib.suppress(OSError, NotFound, UploadBusy):
            state = folder / _STATE
            touched = max(p.stat().st_mtime for p in (folder, state) if p.exists())
            if (now or time.time()) - touched > KEEP_S:
                Upload(folder.name, folder).discard()
                removed += 1
    return removed


def clean_name(name: str) -> str:
    """Make a name that is only a name: no folder, no control signs, not too long; Chinese stays.

    Parameters
    ----------
    name : str
        What the sender calls the file.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"}).strip(" .")
    shown = shown or "file"
    if shown.endswith(".part"):
        shown = shown.removesuffix(".part") or "file"
    stem, dot, suffix = shown.rpartition(".")
    if not dot or len(suffix.encode()) > LONGEST_NAME // 4:
        stem, dot, suffix = shown, "", ""
    room = LONGEST_NAME - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + suffix


def _root() -> Path:
    return HomeSettings().home / "uploads"


def _explain(error: OSError, what: str) -> Exception:
    """Turn what the system says into our own mistake."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(detail=_("存不下 {what}").format(what=what))
    if isinstance(error, FileNotFoundError):
        return UploadGone()
    return RightMissing(
        detail=_("不能写入 {folder}").format(folder=_root()), remedy=_("请检查 GRIDATLAS_HOME 文件夹的权限。")
    )


def size_of(upload: Upload) -> int:
    """Bytes of the files of an upload."""
    return sum(p.stat().st_size for p in upload.files())
