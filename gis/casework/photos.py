"""Pictures of a case: what the camera noted is read, then the picture is written anew without it.

A picture comes from a phone with its time, its place and its serial number inside. Time and
place are kept beside it (they prove "before" and "after" at the same place); nothing else is.
"""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any
from zoneinfo import ZoneInfo

from PIL import ExifTags
from PIL import Image
from PIL import ImageOps

from gis.casework.errors import PictureUnfit
from gis.i18n import translate as _

if TYPE_CHECKING:
    from collections.abc import Mapping

OFFICE = ZoneInfo("Asia/Shanghai")
"""Zone of a camera's clock that names none."""
LARGEST = 1920
"""Longest side of a picture as kept, in pixels."""
HEAVIEST = 30 * 1024 * 1024
"""Most bytes of a file as it comes."""
KEPT = 4 * 1024 * 1024
"""Most bytes of a file as kept (``photo.body``)."""
PIXELS = 120_000_000
"""Most pixels of a picture as it comes: a small file may unfold to much more."""
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
QUALITIES = (85, 75, 60)
ROLES = ("scene", "near", "far", "before", "after", "document")


@dataclass(frozen=True, slots=True)
class Picture:
    """A file somebody adds to a case.

    Attributes
    ----------
    body : bytes
        As it came.
    name : str
        Name of the file.
    role : str
        ``scene``, ``near``, ``far``, ``before``, ``after``, ``document``.
    """

    body: bytes
    name: str = ""
    role: str = "scene"


@dataclass(frozen=True, slots=True)
class Clean:
    """A picture as it is kept.

    Attributes
    ----------
    body, media : bytes, str
        JPEG without metadata, longest side at most 1920 px; papers as they came.
    taken_at : datetime or None
        What the camera's clock said, UTC.
    point : (float, float) or None
        Longitude and latitude as the camera noted them, WGS84 (equal to CGCS2000 within decimetres).
    sha256 : str
        Of the file as it came, hex.
    """

    body: bytes
    media: str
    taken_at: datetime | None
    point: tuple[float, float] | None
    sha256: str


def clean(raw: bytes, name: str = "") -> Clean:
    """Read what the camera noted, and write the picture anew without it.

    Parameters
    ----------
    raw : bytes
        JPEG, PNG, WebP, BMP, GIF (its first picture) or TIFF; or a PDF of at most 4 MB, kept as it is.
    name : str
        What to call it in a message.

    Raises
    ------
    PictureUnfit
        It is neither, is broken, or unfolds to more than 120 million pixels.
    """
    called = name.strip() or _("未命名")
    if not raw or len(raw) > HEAVIEST:
        raise PictureUnfit(
            name=called, reason=_("文件是空的") if not raw else _("超过 {most} MB").format(most=HEAVIEST >> 20)
        )
    digest = hashlib.sha256(raw).hexdigest()
    if raw.startswith(b"%PDF-"):
        if len(raw) > KEPT:
            raise PictureUnfit(name=called, reason=_("超过 {most} MB").format(most=KEPT >> 20))
        return Clean(raw, "application/pdf", None, None, digest)
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
            _measure(picture)
            taken_at, point = _noted(picture)
            picture.draft("RGB", (LARGEST * 2, LARGEST * 2))
            body = _written(picture)
    except Image.DecompressionBombError as error:
        raise PictureUnfit(name=called, reason=_("展开后太大")) from error
    except Exception as error:  # a broken file makes a decoder raise whatever it likes
        raise PictureUnfit(name=called, reason=_("不是能打开的照片,或文件损坏")) from error
    if len(body) > KEPT:
        raise PictureUnfit(name=called, reason=_("压缩后仍超过 {most} MB").format(most=KEPT >> 20))
    return Clean(body, "image/jpeg", taken_at, point, digest)


def _measure(picture: Image.Image) -> None:
    if picture.width * picture.height > PIXELS:
        raise Image.DecompressionBombError


def _written(picture: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        upright = ground
    # A new picture: nothing hangs on it but its pixels.
    bare = Image.new("RGB", upright.size)
    bare.paste(upright.convert("RGB"))
    for quality in QUALITIES:
        out = io.BytesIO()
        bare.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= KEPT:
            break
    return out.getvalue()


def _noted(picture: Image.Image) -> tuple[datetime | None, tuple[float, float] | None]:
    """Give time and place as the camera noted them; broken notes are none."""
    try:
        noted = picture.getexif()
        return _taken(noted), _point(noted)
    except Exception:  # noqa: BLE001  the notes of a picture are anybody's bytes
        return None, None


def _taken(noted: Image.Exif) -> datetime | None:
    """Give when it was taken: the original time, else the digitised one; without a zone the office's."""
    more = noted.get_ifd(ExifTags.IFD.Exif)
    for key, zone in (
        (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
        (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
    ):
        text = str(more.get(key) or "").strip("\0 ")
        try:
            moment = datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=OFFICE)
        except ValueError:
            continue
        offset = str(more.get(zone) or "").strip("\0 ")
        try:
            said = datetime.fromisoformat(f"{moment:%Y-%m-%dT%H:%M:%S}{offset}")
        except ValueError:
            said = moment
        return (said if said.tzinfo else moment).astimezone(UTC)
    return None


def _point(noted: Image.Exif) -> tuple[float, float] | None:
    """Give where it was taken; nothing where the camera noted none, half of one or 0, 0 (no fix)."""
    told = noted.get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees(told, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S")
    longitude = _degrees(told, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W")
    if latitude is None or longitude is None or (latitude, longitude) == (0, 0):
        return None
    return (longitude, latitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None  # noqa: PLR2004


def _degrees(told: Mapping[int, Any], key: int, side: int, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in told[key])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        return None
    return -value if str(told.get(side) or "").upper().startswith(negative) else value
