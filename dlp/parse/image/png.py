"""PNG and APNG: chunks, and what their compressed pixels hold that no row shows."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.parse.image.block import Block, rest, written

MOST_INFLATED: Final = 4 * 2**20
_CHUNK: Final = 2**20
_LONGEST: Final = {
    b"IHDR": 13, b"IEND": 0, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"sBIT": 4, b"bKGD": 6,
    b"pHYs": 9, b"tIME": 7, b"acTL": 8, b"fcTL": 26, b"cICP": 4,
}  # fmt: skip
"""Chunks of numbers, and how long they can be (PNG third edition, section 11)."""
_TABLES: Final = frozenset({b"PLTE", b"tRNS", b"hIST"})
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                  (1, 0, 2, 2), (0, 1, 1, 2))  # fmt: skip
"""Adam7: first column and row, and the steps between (section 8.1)."""


class _Frame(NamedTuple):
    size: int
    parts: list[bytes]


def blocks(data: bytes) -> Iterator[Block]:
    """Chunks (section 5), then what was packed behind the last row of each frame."""
    at, header = 8, b""
    frames = [_Frame(0, [])]
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + size]
        at += size + 12
        if kind == b"IHDR":
            header = body
            frames[0] = _Frame(_unpacked(header, header[:8]), [])
        elif kind == b"IDAT":
            frames[0].parts.append(body)
        elif kind == b"fcTL":
            frames.append(_Frame(_unpacked(header, body[4:12]), []))
        if kind == b"fdAT":
            # Without a frame of its own it is no pixels.
            if len(frames) > 1:
                frames[-1].parts.append(body[4:])
            else:
                yield Block("other", body[4:])
        elif kind != b"IDAT":
            yield from _chunk(kind, body)
        if kind == b"IEND":
            for frame in frames:
                yield from _behind(frame)
            yield from rest(data, at)
            return
    yield Block("other", b"", whole=False)


def _unpacked(header: bytes, area: bytes) -> int:
    """Bytes of a frame's rows with their filters, 0 for a header that can't be."""
    if len(header) < _LONGEST[b"IHDR"] or len(area) < 8:  # noqa: PLR2004 - two numbers
        return 0
    width, height = (int.from_bytes(area[at : at + 4], "big") for at in (0, 4))
    bits = header[8] * _CHANNELS.get(header[9], 0)
    passes = _PASSES if header[12] else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = -((left - width) // across), -((top - height) // down)
        if columns > 0 and rows > 0:
            total += ((columns * bits + 7) // 8 + 1) * rows
    return total


def _behind(frame: _Frame) -> Iterator[Block]:
    """What stands behind a frame's last row, and behind the end of its compressed stream."""
    packed, unpacker = b"".join(frame.parts), zlib.decompressobj()
    if not frame.size or not packed:
        return
    seen, over = 0, b""
    try:
        while not unpacker.eof and len(over) <= MOST_INFLATED:
            raw = unpacker.decompress(packed, _CHUNK)
            packed = unpacker.unconsumed_tail
            if not raw and not packed:
                break
            over += raw[max(frame.size - seen, 0) :]
            seen += len(raw)
    except zlib.error:
        return  # The pixels can't be decoded either, which is told.
    if len(over) > MOST_INFLATED:
        yield Block("other", b"", whole=False)
    else:
        yield from rest(over, 0)
    yield from rest(unpacker.unused_data, 0)


def _chunk(kind: bytes, body: bytes) -> Iterator[Block]:
    if kind in _LONGEST:
        if body[_LONGEST[kind] :].strip(b"\0"):
            yield Block("other", body[_LONGEST[kind] :])
    elif kind in _TABLES:
        yield from written(body)
    elif kind == b"iCCP":
        name, _, packed = body.partition(b"\0")
        profile, whole = _inflated(packed[1:])
        yield Block("text", name)
        yield Block("icc", profile, whole)
    else:
        yield _said(kind, body)


def _said(kind: bytes, body: bytes) -> Block:
    if kind == b"eXIf":
        return Block("exif", body)
    if kind == b"tEXt":
        return Block("text", body.replace(b"\0", b": ", 1))
    if kind == b"zTXt":
        keyword, _, packed = body.partition(b"\0")
        text, whole = _inflated(packed[1:])
        return Block("text", keyword + b": " + text, whole)
    return _international(body) if kind == b"iTXt" else Block("other", body)


def _international(body: bytes) -> Block:
    keyword, _, after = body.partition(b"\0")
    language, _, titled = after[2:].partition(b"\0")
    translated, _, text = titled.partition(b"\0")
    whole = True
    if after[:1] == b"\x01":
        text, whole = _inflated(text)
    if keyword == b"XML:com.adobe.xmp":
        return Block("xmp", text, whole)
    return Block("text", b" ".join((keyword, language, translated, text)), whole)


def _inflated(data: bytes) -> tuple[bytes, bool]:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, MOST_INFLATED)
    except zlib.error:
        return data, False
    return text, unpacker.eof and not unpacker.unused_data
