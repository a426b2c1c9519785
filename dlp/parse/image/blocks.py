"""What stands around an image's pixels: the segments, chunks and blocks of its file format.

A block that isn't known is given too, and so is where the image ends: bytes after it are shown by
no viewer, and read by whoever put them there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.parse.image import jpeg2000, png
from dlp.parse.image.block import Block, rest, written

_MOST_BLOCKS: Final = 100_000
_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_CODING: Final = frozenset({0xC4, 0xDB, 0xDD, 0xDA, *range(0xC0, 0xC4), *range(0xC5, 0xD0)})
_PIXEL_CHUNKS: Final = frozenset((b"VP8 ", b"VP8L", b"ALPH", b"ANMF"))
_BMP_HEAD: Final = 40
_RUN_LENGTH: Final = frozenset({1, 2, 4, 5})
"""Compressions of a BMP whose length its head says."""
_FIXED_CHUNKS: Final = {b"VP8X": 10, b"ANIM": 6}
"""Chunks of numbers, and how long they are (WebP container, "Extended File Format")."""


def blocks(data: bytes, fmt: str, meter: Meter) -> Iterator[Block]:
    """Every block of an image that isn't pixels, in the order of the file."""
    walk = {"JPEG": _jpeg, "MPO": _jpeg, "PNG": png.blocks, "GIF": _gif, "WEBP": _webp, "BMP": _bmp,
            "JPEG2000": jpeg2000.blocks}  # fmt: skip
    made = walk.get(fmt)
    if made is None:
        return
    try:
        for count, block in enumerate(made(data)):
            meter.check_time()
            if count > _MOST_BLOCKS:
                yield Block("other", b"", whole=False)
                return
            yield block
    except (struct.error, IndexError):
        yield Block("other", b"", whole=False)


def _jpeg(data: bytes) -> Iterator[Block]:
    """Segments by their markers (ITU T.81, annex B), through the scans of the coded image."""
    at, scan = 2, 0
    while at + 1 < len(data):
        if data[at] != 0xFF or data[at + 1] == 0:  # noqa: PLR2004 - coded data, a stuffed byte
            stray, at = at, data.find(b"\xff", at + 1)
            if not scan:
                yield Block("other", data[stray : at if at > 0 else len(data)])
            if at < 0:
                break
            continue
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fill bytes
            at += 1
        elif marker in _BARE_MARKERS:
            at += 2
        else:
            yield from written(data[scan:at] if scan else b"")
            if marker == _END_OF_IMAGE:
                yield from rest(data, at + 2)
                return
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            if marker not in _CODING:
                yield _segment(marker, data[at + 4 : at + 2 + size])
            at += 2 + max(size, 2)
            scan = at if marker == _SCAN else 0
    yield Block("other", b"", whole=False)


_HEADS: Final = (
    (b"Exif\0\0", "exif"),
    (b"http://ns.adobe.com/xap/1.0/\0", "xmp"),
    (b"http://ns.adobe.com/xmp/extension/\0", "xmp"),
    (b"Photoshop 3.0\0", "iptc"),
    (b"ICC_PROFILE\0", "icc"),
)


def _segment(marker: int, body: bytes) -> Block:
    if marker == 0xFE:  # noqa: PLR2004 - COM
        return Block("text", body)
    for head, kind in _HEADS:
        if body.startswith(head):
            return Block(kind, body[len(head) :])
    return Block("other", body)


def _gif(data: bytes) -> Iterator[Block]:
    """Blocks and extensions (GIF89a, sections 15 to 27)."""
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    yield from written(data[13:at])
    while True:
        mark = data[at]
        if mark == 0x3B:  # noqa: PLR2004 - the trailer
            yield from rest(data, at + 1)
            return
        if mark == 0x2C:  # noqa: PLR2004 - an image
            colours = 3 << (data[at + 9] & 7) + 1 if data[at + 9] & 0x80 else 0
            yield from written(data[at + 10 : at + 10 + colours])
            pixels, at = _chained(data, at + 11 + colours)
            yield from written(pixels)
        elif mark == 0x21:  # noqa: PLR2004 - an extension
            label = data[at + 1]
            body, at = _chained(data, at + 2)
            if label == 0xF9:  # noqa: PLR2004 - timing, in four bytes
                yield from written(body[4:], least=8)
            else:
                yield Block("text" if label == 0xFE else "other", body)  # noqa: PLR2004 - a comment
        else:
            yield Block("other", b"", whole=False)
            return


def _chained(data: bytes, at: int) -> tuple[bytes, int]:
    parts = []
    while size := data[at]:
        parts.append(data[at + 1 : at + 1 + size])
        at += size + 1
    return b"".join(parts), at + 1


def _webp(data: bytes) -> Iterator[Block]:
    """RIFF chunks."""
    end = 8 + int.from_bytes(data[4:8], "little")
    at = 12
    while at + 8 <= min(end, len(data)):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
        if kind in _PIXEL_CHUNKS:
            yield from written(body)
        elif kind in _FIXED_CHUNKS:
            yield from written(body[_FIXED_CHUNKS[kind] :], least=8)
        else:
            known = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc"}
            yield Block(known.get(kind, "other"), body)
    yield from rest(data, max(end, at))


def _bmp(data: bytes) -> Iterator[Block]:
    """A head, a palette, rows filled up to four bytes ([MS-WMF] 2.2.2.9)."""
    size, start = struct.unpack_from("<I4xI", data, 2)
    if int.from_bytes(data[14:18], "little") < _BMP_HEAD:
        # OS/2's: rows aren't told apart.
        yield from rest(data, size)
        return
    head, width, height, _, bits, packed, length = struct.unpack_from("<IiiHHII", data, 14)
    row, used = (width * bits + 31) // 32 * 4, (width * bits + 7) // 8
    end = start + (length if packed in _RUN_LENGTH else row * abs(height)) if start else size
    yield from written(data[14 + head : start], least=8)
    if packed not in _RUN_LENGTH and 0 < used < row and start:
        filling = (data[at + used : at + row] for at in range(start, min(end, len(data)), row))
        yield from written(b"".join(filling), least=8)
    yield from rest(data, end)
