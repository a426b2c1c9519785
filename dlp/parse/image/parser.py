"""One image: its pixels read by OCR, its blocks read as what they are.

Pillow opens only the formats named here, and never by the file's name.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageSequence

from dlp import ocr
from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Uninspectable
from dlp.parse.image import profile, tiff
from dlp.parse.image.block import Block
from dlp.parse.image.blocks import blocks
from dlp.parse.image.strings import passages, text_of, xml_text
from dlp.streams import read_exactly, size_of
from dlp.unpack.entry import Entry

MOST_BYTES: Final = 128 * 2**20
"""A larger image is too large: Pillow needs it in memory."""
MOST_PIXELS: Final = 50_000_000
"""Of one frame, 150 MB decoded in colour; a letter page at 600 dots an inch has 34 million."""
MOST_FRAMES: Final = 500
FORMATS: Final = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
_THUMBNAILS: Final = 2
_XMP_TAG: Final = 0x02BC

# What it finds wrong is told by items; its log would be a second, unchecked way out.
logging.getLogger("PIL").setLevel(logging.CRITICAL + 1)


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything readable in an image of at most :data:`MOST_BYTES`.

    Raises:
        NotReadableError: It is too large, damaged, a bomb, or of no format read here.
    """
    size = size_of(content.source)
    if size > MOST_BYTES:
        raise NotReadableError(
            Obstacle.TOO_LARGE, f"an image of more than {MOST_BYTES // 2**20} MiB"
        )
    meter.take(size)
    yield from surfaces(read_exactly(content.source, 0, size), "", meter)


def surfaces(data: bytes, prefix: str, meter: Meter, *, inside: int = 0) -> Iterator[Item]:
    """The same for an image in memory, which another document holds.

    Args:
        data: The image file.
        prefix: Before every place, such as "page 3 image 1 ".
        meter: Checked for time; the bytes are the caller's to charge.
        inside: Images around this one (it is a thumbnail).

    Raises:
        NotReadableError: As :func:`parse`.
    """
    with _opened(data) as image:
        fmt = image.format or ""
        yield from around(data, fmt, prefix, meter, inside)
        yield from _frames(image, prefix, meter)


def read_pixels(image: Image.Image, where: str, meter: Meter) -> Iterator[Item]:
    """The text in pixels, or that it wasn't read."""
    if not ocr.worth_reading(image):
        return
    try:
        lines = ocr.read(image, meter)
    except NotReadableError as error:
        if error.obstacle is not Obstacle.NOT_READ:
            raise
        yield Uninspectable(Obstacle.NOT_READ, error.detail, where)
        return
    for number, line in enumerate(lines, 1):
        yield Passage(line.text, f"{where} line {number} (by OCR)", Carrier.FREE_TEXT)


def _opened(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns of bombs and of odd EXIF; the size is checked here.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _bomb() from None
    except Exception:  # noqa: BLE001 - decoders raise of every kind on hostile bytes
        raise NotReadableError(Obstacle.MALFORMED, "an image that can't be opened") from None
    if image.width * image.height > MOST_PIXELS:
        raise _bomb()
    return image


def _bomb() -> NotReadableError:
    return NotReadableError(
        Obstacle.BOMB, f"an image of more than {MOST_PIXELS // 10**6} million pixels"
    )


def _admit(frame: Image.Image, number: int) -> None:
    if number > MOST_FRAMES:
        raise NotReadableError(
            Obstacle.TOO_MANY_ENTRIES, f"an image of more than {MOST_FRAMES} frames"
        )
    if frame.width * frame.height > MOST_PIXELS:
        raise _bomb()


def _frames(image: Image.Image, prefix: str, meter: Meter) -> Iterator[Item]:
    number = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for frame in ImageSequence.Iterator(image):
                number += 1
                meter.check_time()
                _admit(frame, number)
                frame.load()
                yield from read_pixels(frame, f"{prefix}frame {number}", meter)
    except NotReadableError:
        raise
    except Exception:  # noqa: BLE001 - as in _opened
        where = f"{prefix}frame {max(number, 1)}"
        yield Uninspectable(Obstacle.MALFORMED, "pixels that can't be decoded", where)


def around(data: bytes, fmt: str, prefix: str, meter: Meter, inside: int = 0) -> Iterator[Item]:
    """What an image file holds beside its pixels.

    Args:
        data: The image file.
        fmt: Pillow's name of its format.
        prefix: Before every place.
        meter: Checked for time.
        inside: Images around this one.
    """
    if fmt == "TIFF":
        yield from _tags(data, f"{prefix}TIFF", prefix, meter, inside)
        yield from _after(data, tiff.read(data, "", meter).end)
    for number, block in enumerate(blocks(data, fmt, meter), 1):
        where = f"{prefix}block {number}"
        if not block.whole:
            yield Uninspectable(Obstacle.MALFORMED, "an image's block is cut or damaged", where)
        if block.kind == "exif":
            body = block.data.removeprefix(b"Exif\0\0")
            yield from _tags(body, f"{prefix}EXIF", prefix, meter, inside)
        elif block.kind == "end":
            yield Entry(1, "", io.BytesIO(block.data), kind="trailing bytes")
        else:
            yield from _texts(block, where)


def _after(data: bytes, end: int) -> Iterator[Item]:
    """What follows a TIFF; 0 where its end isn't known."""
    if end and data[end:].strip(b"\0"):
        yield Entry(1, "", io.BytesIO(data[end:]), kind="trailing bytes")


def _texts(block: Block, where: str) -> Iterator[Item]:
    if block.kind == "xmp":
        yield from passages(xml_text(block.data), f"{where} XMP")
    elif block.kind == "icc":
        said, others = profile.texts(block.data.removeprefix(b"\1\1"))
        yield from passages(text_of(said), f"{where} colour profile")
        yield from passages(text_of(others), f"{where} colour profile")
    else:
        yield from passages(text_of(block.data), where)


def _tags(data: bytes, where: str, prefix: str, meter: Meter, inside: int) -> Iterator[Item]:
    if data[:2] not in (b"II", b"MM"):
        yield from passages(text_of(data), where)
        return
    found = tiff.read(data, where, meter)
    yield from found.texts
    for number, body in found.blocks:
        if number == _XMP_TAG:
            yield from passages(xml_text(body), f"{where} XMP")
        else:
            yield from passages(text_of(body), f"{where} IPTC")
    if not found.whole:
        yield Uninspectable(Obstacle.MALFORMED, "tags that can't be read to their end", where)
    if found.thumbnail:
        yield from _thumbnail(found.thumbnail, prefix, meter, inside + 1)


def _thumbnail(data: bytes, prefix: str, meter: Meter, inside: int) -> Iterator[Item]:
    where = f"{prefix}thumbnail "
    try:
        if inside <= _THUMBNAILS:
            yield from surfaces(data, where, meter, inside=inside)
            return
    except NotReadableError as error:
        if error.obstacle in (Obstacle.TIMEOUT, Obstacle.TOO_LARGE):
            raise
    yield Uninspectable(Obstacle.MALFORMED, "a thumbnail that can't be read", where.strip())
