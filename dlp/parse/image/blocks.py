"""What stands around an image's pixels: the segments, chunks and blocks of its file format.

A block that isn't known is given too, and so is where the image ends: bytes after it are shown by
no viewer, and read by whoever put them there.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.budget import Meter

_MOST_INFLATED: Final = 4 * 2**20
_MOST_BLOCKS: Final = 100_000
_END_OF_IMAGE: Final = 0xD9
_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_CODING: Final = frozenset({0xC4, 0xDB, 0xDD, 0xDA, *range(0xC0, 0xC4), *range(0xC5, 0xD0)})
_PIXEL_CHUNKS: Final = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD",
     b"hIST", b"pHYs", b"tIME", b"acTL", b"fcTL", b"fdAT", b"cICP", b"VP8 ", b"VP8L", b"VP8X",
     b"ALPH", b"ANIM", b"ANMF")
)  # fmt: skip


class Block(NamedTuple):
    """One of them.

    Attributes:
        kind: "exif", "xmp", "iptc", "icc", "text", "other", or "end": the bytes after the image.
        data: Its content, without its head.
        whole: False where it was cut, damaged or too large.
    """

    kind: str
    data: bytes
    whole: bool = True


def blocks(data: bytes, fmt: str, meter: Meter) -> Iterator[Block]:
    """Every block of an image that isn't pixels, in the order of the file."""
    walk = {"JPEG": _jpeg, "MPO": _jpeg, "PNG": _png, "GIF": _gif, "WEBP": _webp, "BMP": _bmp}
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


def _rest(data: bytes, end: int) -> Iterator[Block]:
    """What follows the image; padding isn't told."""
    if data[end:].strip(b"\0\r\n "):
        yield Block("end", data[end:])


def _jpeg(data: bytes) -> Iterator[Block]:
    """Segments by their markers (ITU T.81, annex B), through the scans of the coded image."""
    at = 2
    while at + 1 < len(data):
        if data[at] != 0xFF or data[at + 1] == 0:  # noqa: PLR2004 - coded data, a stuffed byte
            at = data.find(b"\xff", at + 1)
            if at < 0:
                break
            continue
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fill bytes
            at += 1
        elif marker == _END_OF_IMAGE:
            yield from _rest(data, at + 2)
            return
        elif marker in _BARE_MARKERS:
            at += 2
        else:
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            if marker not in _CODING:
                yield _segment(marker, data[at + 4 : at + 2 + size])
            at += 2 + max(size, 2)
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


def _png(data: bytes) -> Iterator[Block]:
    """Chunks (PNG third edition, section 5)."""
    at = 8
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + size]
        at += size + 12
        if kind == b"IEND":
            yield from _rest(data, at)
            return
        if kind not in _PIXEL_CHUNKS:
            yield _chunk(kind, body)
    yield Block("other", b"", whole=False)


def _chunk(kind: bytes, body: bytes) -> Block:
    if kind == b"eXIf":
        return Block("exif", body)
    if kind == b"iCCP":
        return Block("icc", body.partition(b"\0")[0])
    if kind == b"tEXt":
        return Block("text", body.replace(b"\0", b": ", 1))
    if kind == b"zTXt":
        keyword, _, rest = body.partition(b"\0")
        text, whole = _inflated(rest[1:])
        return Block("text", keyword + b": " + text, whole)
    return _international(body) if kind == b"iTXt" else Block("other", body)


def _international(body: bytes) -> Block:
    keyword, _, rest = body.partition(b"\0")
    language, _, after = rest[2:].partition(b"\0")
    translated, _, text = after.partition(b"\0")
    whole = True
    if rest[:1] == b"\x01":
        text, whole = _inflated(text)
    if keyword == b"XML:com.adobe.xmp":
        return Block("xmp", text, whole)
    return Block("text", b" ".join((keyword, language, translated, text)), whole)


def _inflated(data: bytes) -> tuple[bytes, bool]:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, _MOST_INFLATED)
    except zlib.error:
        return data, False
    return text, unpacker.eof and not unpacker.unused_data


def _gif(data: bytes) -> Iterator[Block]:
    """Blocks and extensions (GIF89a, sections 15 to 27)."""
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    while True:
        mark = data[at]
        if mark == 0x3B:  # noqa: PLR2004 - the trailer
            yield from _rest(data, at + 1)
            return
        if mark == 0x2C:  # noqa: PLR2004 - an image
            at += 10 + (3 << (data[at + 9] & 7) + 1 if data[at + 9] & 0x80 else 0)
            _, at = _chained(data, at + 1)
        elif mark == 0x21:  # noqa: PLR2004 - an extension
            label = data[at + 1]
            body, at = _chained(data, at + 2)
            if label != 0xF9:  # noqa: PLR2004 - timing
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
        if kind not in _PIXEL_CHUNKS:
            known = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc"}
            yield Block(known.get(kind, "other"), body)
    yield from _rest(data, max(end, at))


def _bmp(data: bytes) -> Iterator[Block]:
    size, start = struct.unpack_from("<I4xI", data, 2)
    width, height, _, bits, packed, length = struct.unpack_from("<iiHHII", data, 18)
    rows = (width * bits + 31) // 32 * 4 * abs(height)
    yield from _rest(data, start + (length if packed else rows) if start else size)
