"""An image hides no text: tags, blocks, what follows it; unread pixels are said to be unread."""

from __future__ import annotations

import io
import random
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin

from dlp import ocr
from dlp.budget import Budget, Meter
from dlp.model import Category, NotReadableError, Obstacle, Passage
from dlp.parse.image import parse, png
from dlp.parse.image.parser import around
from dlp.parse.image.room import behind_rows
from dlp.parse.image.strings import xml_text
from tests.support import hiding_pictures as hiding
from tests.support.reading import entries, obstacles, read, survives, texts

SECRET = "Zora Quillfeather"
_NO_OCR = ocr.available()
HIDING = hiding.files(SECRET.encode())


def _picture(written: str = "ink") -> Image.Image:
    image = Image.new("RGB", (200, 60), "white")
    ImageDraw.Draw(image).text((4, 4), written, fill="black")
    return image


def _saved(fmt: str, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's own
    out = io.BytesIO()
    _picture().save(out, fmt, **options)
    return out.getvalue()


def _exif(tag: int = 0x010E, value: Any = SECRET) -> Image.Exif:  # noqa: ANN401 - Pillow's own
    exif = Image.Exif()
    exif[tag] = value
    return exif


def _thumbnailed() -> bytes:
    """EXIF whose thumbnail has a comment of its own."""
    small = _saved("JPEG", comment=SECRET.encode())
    head = b"II*\0\x08\0\0\0" + b"\0\0" + b"\x0e\0\0\0"
    tags = (b"\x02\0" + b"\x01\x02\x04\0\x01\0\0\0" + (44).to_bytes(4, "little")
            + b"\x02\x02\x04\0\x01\0\0\0" + len(small).to_bytes(4, "little")
            + b"\0\0\0\0")  # fmt: skip
    return b"Exif\0\0" + head + tags + small


def _png_text(key: str, *, packed: bool) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text(key, SECRET, zip=packed)
    return _saved("PNG", pnginfo=info)


def _png_international() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Comment", SECRET, zip=True)
    return _saved("PNG", pnginfo=info)


_XMP = f"<x:xmpmeta><dc:title>{SECRET}</dc:title></x:xmpmeta>".encode()

SURFACES = {
    "JPEG EXIF": _saved("JPEG", exif=_exif()),
    "PNG EXIF": _saved("PNG", exif=_exif()),
    "WebP EXIF": _saved("WEBP", exif=_exif()),
    "TIFF tag": _saved("TIFF", tiffinfo={0x010E: SECRET}),
    "Windows tag": _saved("JPEG", exif=_exif(0x9C9B, (SECRET + "\0").encode("utf-16-le"))),
    "maker's note": _saved("JPEG", exif=_exif(0x927C, b"\x01\x02" + SECRET.encode() + b"\x03")),
    "JPEG thumbnail": _saved("JPEG", exif=_thumbnailed()),
    "JPEG comment": _saved("JPEG", comment=SECRET.encode()),
    "GIF comment": _saved("GIF", comment=SECRET.encode()),
    "PNG text": _png_text("Author", packed=False),
    "PNG packed text": _png_text("Author", packed=True),
    "PNG international text": _png_international(),
    "JPEG XMP": _saved("JPEG", xmp=_XMP),
    "WebP XMP": _saved("WEBP", xmp=_XMP),
    "unknown segment": _saved("JPEG").replace(
        b"\xff\xdb", b"\xff\xeb\x00\x13" + SECRET.encode() + b"\xff\xdb", 1),
}  # fmt: skip


@pytest.mark.parametrize("surface", SURFACES)
def test_text_comes_out_of_every_surface(surface: str) -> None:
    assert SECRET in texts(read(parse, SURFACES[surface]))


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_bytes_after_an_image_are_an_entry(fmt: str) -> None:
    assert entries(read(parse, _saved(fmt) + SECRET.encode())) == [SECRET.encode()]


@pytest.mark.parametrize("surface", HIDING)
def test_text_where_no_viewer_looks_comes_out(surface: str) -> None:
    items = read(parse, HIDING[surface])
    kept = b"".join(entries(items))
    assert SECRET in texts(items) + kept.decode("latin-1")


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(("depth", "colour"), [(1, 0), (4, 3), (8, 2), (16, 6), (8, 4)])
def test_rows_as_they_should_be_leave_nothing_over(depth: int, colour: int, interlace: int) -> None:
    assert list(png.blocks(hiding.bare_png(depth, colour, interlace))) == []


@pytest.mark.parametrize("interlace", [0, 1])
def test_a_byte_behind_the_last_row_is_told(interlace: int) -> None:
    data = hiding.bare_png(8, 2, interlace, b"x")
    assert [block.data for block in png.blocks(data)] == [b"x"]


def test_rows_without_an_end_behind_the_last_one_are_no_whole_block() -> None:
    over = bytes(8 * 2**20).replace(b"\0", b"ab")
    [block] = png.blocks(hiding.bare_png(8, 2, 0, over))
    assert not block.whole


@pytest.mark.parametrize("packing", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_pixels_of_chance_are_no_text(packing: str) -> None:
    image = Image.frombytes("RGB", (90, 70), random.Random(7).randbytes(18_900))
    out = io.BytesIO()
    image.save(out, "TIFF", compression=packing)
    assert texts(list(around(out.getvalue(), "TIFF", "", Meter(Budget())))) == ""


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_plain_image_is_only_unread(fmt: str) -> None:
    assert obstacles(read(parse, _saved(fmt))) == ({Obstacle.NOT_READ} if _NO_OCR else set())


def test_a_position_is_an_address() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (40.0, 26.0, 46.0), 3: "W", 4: (79.0, 58.0, 56.0)})
    found = [item for item in read(parse, _saved("JPEG", exif=exif)) if isinstance(item, Passage)]
    placed = [(item.text, item.category) for item in found if item.category]
    assert placed == [("40.44611 N 79.98222 W", Category.ADDRESS)]


def test_a_page_of_one_colour_holds_no_text() -> None:
    out = io.BytesIO()
    Image.new("RGB", (100, 100), "white").save(out, "PNG")
    assert obstacles(read(parse, out.getvalue())) == set()


def test_every_page_is_looked_at() -> None:
    data = _saved("TIFF", save_all=True, append_images=[_picture("more"), _picture("again")])
    found = {str(getattr(item, "where", "")).split(" line")[0] for item in read(parse, data)}
    assert {"frame 1", "frame 3"} <= found or not _NO_OCR


def test_a_bomb_is_told() -> None:
    data = bytearray(_saved("BMP"))
    data[18:26] = (60_000).to_bytes(4, "little") * 2
    with pytest.raises(NotReadableError) as caught:
        read(parse, bytes(data))
    assert caught.value.obstacle is Obstacle.BOMB


def test_pixels_cut_short_are_malformed() -> None:
    data = _saved("PNG")
    assert Obstacle.MALFORMED in obstacles(read(parse, data[: len(data) // 2]))


def test_a_spent_time_stops_the_reader() -> None:
    with pytest.raises(NotReadableError) as caught:
        read(parse, _saved("PNG"), Budget(seconds=0))
    assert caught.value.obstacle is Obstacle.TIMEOUT


def test_stamps_of_programs_are_no_text() -> None:
    packet = b'<a xmlns:b="http://c/" d="2024-01-02T03:04:05Z"><e>uuid:%s</e></a>' % (b"0a" * 16)
    assert xml_text(packet).strip() == ""


@given(st.binary(max_size=300), st.sampled_from([b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0"]))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_items_or_one_error(data: bytes, head: bytes) -> None:
    assert survives(parse, head + data)


def test_a_tiff_whose_tags_are_empty_has_nothing_behind_its_rows() -> None:
    assert (
        behind_rows(b"II*\0", [(0, 4)], dict.fromkeys((0x0100, 0x0102, 0x0103, 0x0116), ())) == b""
    )


@given(st.sampled_from(sorted(SURFACES)), st.integers(0, 3000), st.binary(min_size=1, max_size=6))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_gives_items_or_one_error(surface: str, at: int, piece: bytes) -> None:
    data = SURFACES[surface]
    at %= len(data)
    assert survives(parse, data[:at] + piece + data[at + len(piece) :])


def _exif_without_end(text: bytes, tag: int = 0x9286) -> bytes:
    """EXIF as many writers make it: its own directory doesn't say that none follows."""
    first = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x8769, 4, 1, 26) + bytes(4)
    own = b"\x01\0" + struct.pack("<HHII", tag, 2, len(text), 40) + text
    return b"Exif\0\0" + first + own


@pytest.mark.parametrize("text", [SECRET.encode(), b"\x08\0\0\0" + SECRET.encode(), b"ab cd" * 40])
def test_exif_that_does_not_say_its_end_is_read_whole(text: bytes) -> None:
    items = read(parse, _saved("JPEG", exif=_exif_without_end(text)))
    assert Obstacle.MALFORMED not in obstacles(items)
    assert text.decode().strip("\x08\0") in texts(items)


@pytest.mark.parametrize(
    ("text", "is_read"), [("NIKON Z 6", False), ("iPhone 14 Pro", False), ("236-45-6789", True)]
)
def test_a_cameras_name_is_nobodys(text: str, is_read: bool) -> None:
    assert (text in texts(read(parse, _saved("JPEG", exif=_exif(0x0110, text))))) is is_read
