"""The pictures in a data set: pixel data, icons and overlays, for the text burned into them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from PIL import Image

from dlp import ocr
from dlp.budget import Meter
from dlp.content import Item
from dlp.model import NotReadableError, Obstacle, Uninspectable
from dlp.parse.image import jpeg2000
from dlp.parse.image.parser import MOST_PIXELS, around, read_pixels
from dlp.parse.image.strings import passages, text_of

_ITEM: Final = b"\xfe\xff\x00\xe0"
"""How compressed pixel data begins (PS3.5, A.4)."""
_JPEG: Final = b"\xff\xd8\xff"
_MOST_FRAMES: Final = 64
"""Frames that are read; what is burned in stands on all of them."""


def read(dataset: Any, where: str, meter: Meter) -> Iterator[Item]:  # noqa: ANN401 - pydicom has no types
    """What pixel data holds beside its pixels, and the text in its frames."""
    yield from _beside(dataset, where, meter)
    try:
        pixels = int(dataset.get("Rows", 0) or 0) * int(dataset.get("Columns", 0) or 0)
        count = int(dataset.get("NumberOfFrames", 1) or 1)
    except (TypeError, ValueError):
        pixels, count = MOST_PIXELS + 1, 1
    if pixels > MOST_PIXELS:
        yield Uninspectable(Obstacle.BOMB, "an image of too many pixels", where)
        return
    yield from _behind(dataset, pixels * count, where)
    if reason := ocr.available():
        detail = f"text in images was not read: {reason}"
        yield Uninspectable(Obstacle.NOT_READ, detail, where)
        return
    yield from _frames(dataset, count, where, meter)


def _frames(dataset: Any, count: int, where: str, meter: Meter) -> Iterator[Item]:  # noqa: ANN401 - pydicom has no types
    for number in range(1, min(count, _MOST_FRAMES) + 1):
        meter.check_time()
        image = _frame(dataset, number - 1)
        if image is None:
            yield Uninspectable(Obstacle.NOT_READ, "pixels in a coding that isn't read here", where)
            return
        yield from read_pixels(image, f"{where} frame {number}", meter)
    if count > _MOST_FRAMES:
        detail = f"text in frames after the first {_MOST_FRAMES} was not read"
        yield Uninspectable(Obstacle.NOT_READ, detail, where)


def _behind(dataset: Any, samples: int, where: str) -> Iterator[Item]:  # noqa: ANN401 - pydicom has no types
    """What uncompressed pixel data holds beyond its pixels, which no viewer shows."""
    data, bits = (dataset.get(key) for key in ("PixelData", "BitsAllocated"))
    colours = dataset.get("SamplesPerPixel", 1)
    known = isinstance(data, bytes) and isinstance(bits, int) and isinstance(colours, int)
    if not known or data[:4] == _ITEM:
        return
    yield from passages(text_of(data[(samples * colours * bits + 7) // 8 :]), f"{where} remainder")


def _beside(dataset: Any, where: str, meter: Meter) -> Iterator[Item]:  # noqa: ANN401 - pydicom has no types
    """Comments and EXIF of compressed frames, which a camera or a converter left in them."""
    data = dataset.get("PixelData")
    if not isinstance(data, bytes) or data[:4] != _ITEM:
        return
    for number, frame in enumerate(_jpegs(data), 1):
        fmt = "JPEG" if frame.startswith(_JPEG) else "JPEG2000"
        yield from around(frame, fmt, f"{where} frame {number} ", meter)


def _jpegs(data: bytes) -> Iterator[bytes]:
    """The JPEG and JPEG 2000 files in compressed pixel data, their fragments put together."""
    frame = b""
    for fragment in _fragments(data):
        begins = fragment.startswith((_JPEG, jpeg2000.HEAD))
        if begins and frame:
            yield frame
            frame = b""
        if frame or begins:
            frame += fragment
    if frame:
        yield frame


def _fragments(data: bytes) -> Iterator[bytes]:
    """The items of compressed pixel data (PS3.5, A.4)."""
    at = 0
    while data[at : at + 4] == _ITEM:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at + 8 : at + 8 + size]
        at += 8 + size


def overlay(dataset: Any, group: int, where: str, meter: Meter) -> Iterator[Item]:  # noqa: ANN401 - pydicom has no types
    """The text in one overlay plane (PS3.3, C.9.2): one bit a pixel."""
    try:
        rows, columns = (int(dataset[group, tag].value) for tag in (0x0010, 0x0011))
        data = bytes(dataset[group, 0x3000].value)
        if not 0 < rows * columns <= MOST_PIXELS:
            rows = columns = -1
        planes = int(dataset[group, 0x0015].value) if (group, 0x0015) in dataset else 1
        bits = np.unpackbits(np.frombuffer(data, "uint8"), bitorder="little")[: rows * columns]
        image = Image.fromarray((1 - bits.reshape(rows, columns)) * np.uint8(255))
    except (KeyError, TypeError, ValueError):
        yield Uninspectable(Obstacle.MALFORMED, "an overlay that can't be decoded", where)
        return
    yield from passages(text_of(data[(rows * columns * planes + 7) // 8 :]), f"{where} remainder")
    yield from read_pixels(image, where, meter)


def _frame(dataset: Any, index: int) -> Image.Image | None:  # noqa: ANN401 - pydicom has no types
    """One frame in eight bits, None if its coding has no decoder here."""
    from pydicom.pixels.utils import pixel_array  # noqa: PLC0415 - for files that have pixels

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = pixel_array(dataset, index=index)
        low, high = float(values.min()), float(values.max())
        scaled = ((values - low) * (255.0 / max(high - low, 1.0))).astype("uint8")
        return Image.fromarray(scaled)
    except NotReadableError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise of every kind on hostile bytes
        return None
