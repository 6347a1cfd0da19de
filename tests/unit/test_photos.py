"""Pictures of cases: what the camera noted is read and then gone; what is no picture is refused with a sentence."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from datetime import UTC
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from PIL import ExifTags
from PIL import Image

from gis.casework import photos
from gis.casework.errors import PictureUnfit


def noted(
    moment="2026:07:01 09:30:00",
    offset=None,
    latitude=(30.0, 3.0, 0.0),
    longitude=(120.0, 1.0, 12.0),
    sides="NE",
    turned=1,
):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turned
    exif[ExifTags.Base.Make] = "SecretPhone 9"
    more = exif.get_ifd(ExifTags.IFD.Exif)
    more[ExifTags.Base.DateTimeOriginal] = moment
    if offset:
        more[ExifTags.Base.OffsetTimeOriginal] = offset
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    if latitude:
        place[ExifTags.GPS.GPSLatitude], place[ExifTags.GPS.GPSLatitudeRef] = latitude, sides[0]
        place[ExifTags.GPS.GPSLongitude], place[ExifTags.GPS.GPSLongitudeRef] = longitude, sides[1]
    return exif


def drawn(size=(64, 48), mode="RGB", kind="JPEG", **more):
    out = io.BytesIO()
    picture = Image.new(mode, size, 0)
    picture.paste(1 if mode in "1LP" else (200, 0, 0, 255)[: len(picture.getbands())], (0, 0, size[0] // 2, size[1]))
    picture.save(out, kind, **more)
    return out.getvalue()


def test_time_and_place_are_kept_beside_and_nothing_inside():
    raw = drawn(exif=noted())
    assert b"SecretPhone" in raw
    clean = photos.clean(raw)
    assert (clean.media, clean.taken_at) == ("image/jpeg", datetime(2026, 7, 1, 1, 30, tzinfo=UTC))
    assert clean.point == pytest.approx((120.02, 30.05))
    assert b"SecretPhone" not in clean.body
    with Image.open(io.BytesIO(clean.body)) as shown:
        assert len(shown.getexif()) == 0
        assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


@pytest.mark.parametrize(
    ("exif", "taken", "point"),
    [
        (noted(offset="+09:00"), datetime(2026, 7, 1, 0, 30, tzinfo=UTC), (120.02, 30.05)),
        (noted(offset="nonsense"), datetime(2026, 7, 1, 1, 30, tzinfo=UTC), (120.02, 30.05)),
        (noted(moment="0000:00:00 00:00:00", sides="SW"), None, (-120.02, -30.05)),
        (noted(moment="", latitude=None), None, None),
        (noted(latitude=(0.0, 0.0, 0.0), longitude=(0.0, 0.0, 0.0)), datetime(2026, 7, 1, 1, 30, tzinfo=UTC), None),
        (noted(latitude=(95.0, 0.0, 0.0)), datetime(2026, 7, 1, 1, 30, tzinfo=UTC), None),
    ],
)
def test_what_a_camera_noted_is_read_at_its_edges(exif, taken, point):
    clean = photos.clean(drawn(exif=exif))
    assert clean.taken_at == taken
    assert clean.point == (None if point is None else pytest.approx(point))


def test_a_picture_stands_upright_and_fits():
    clean = photos.clean(drawn((4000, 1000), exif=noted(turned=6)))
    with Image.open(io.BytesIO(clean.body)) as shown:
        assert shown.size == (480, 1920)
        assert shown.getpixel((240, 100))[0] > 150  # what was left is now above
        assert shown.getpixel((240, 1800))[0] < 50


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGBA", "PNG"), ("P", "GIF"), ("L", "PNG"), ("CMYK", "JPEG"), ("RGB", "WEBP"), ("1", "TIFF"), ("LA", "PNG")],
)
def test_every_usual_kind_becomes_a_jpeg(mode, kind):
    with Image.open(io.BytesIO(photos.clean(drawn(mode=mode, kind=kind)).body)) as shown:
        assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (64, 48))


def bomb():
    """A PNG of a few bytes that says it is 60 000 × 60 000."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")):
        parts += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return parts


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        drawn()[:200],
        bomb(),
        b"%PDF-1.7" + b"x" * (5 << 20),
        b"\xff\xd8\xff\xe0" + b"\0" * 99,
    ],
    ids=["empty", "text", "svg", "half", "bomb", "long paper", "hollow"],
)
def test_what_is_no_picture_is_refused(raw):
    with pytest.raises(PictureUnfit) as told:
        photos.clean(raw, "坏.jpg")
    assert "坏.jpg" in told.value.message


def test_a_paper_stays_as_it_is():
    assert photos.clean(b"%PDF-1.7 x").body == b"%PDF-1.7 x"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 900))
def test_broken_files_end_in_a_sentence(noise, at):
    whole = drawn(exif=noted())
    with contextlib.suppress(PictureUnfit):
        photos.clean(whole[:at] + noise + whole[at + len(noise) :])
