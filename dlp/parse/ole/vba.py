"""Macros' source text: decompression of VBA's containers ([MS-OVBA] 2.4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter

_SIGNATURE: Final = 1
_CHUNK: Final = 4096
_FIRST: Final = b"Attribut\x00e "
"""How every module's source begins, packed: eight letters, a flag byte, two more."""
_BEFORE: Final = 4
"""Bytes of the container before those: signature, chunk header, flag byte."""
_MOST: Final = 16 * 2**20


def sources(stream: bytes, meter: Meter) -> Iterator[str]:
    """The source texts in a module's stream, behind its compiled form of any length."""
    at = stream.find(_FIRST)
    while at >= 0:
        if at >= _BEFORE and stream[at - _BEFORE] == _SIGNATURE:
            yield unpacked(stream[at - _BEFORE :], meter).decode("cp1252", "replace")
        at = stream.find(_FIRST, at + 1)


def unpacked(container: bytes, meter: Meter) -> bytes:
    """As much of a compressed container as is one; at most 16 MiB."""
    out = bytearray()
    at = 1
    while at + 2 <= len(container) and len(out) < _MOST:
        meter.check_time()
        header = int.from_bytes(container[at : at + 2], "little")
        size = (header & 0xFFF) + 3
        if header >> 12 & 7 != 3:  # noqa: PLR2004 - CompressedChunkSignature
            break
        chunk = container[at + 2 : at + size]
        at += size
        out += _chunk(chunk) if header >> 15 else chunk[:_CHUNK]
    return bytes(out)


def _chunk(chunk: bytes) -> bytes:
    out = bytearray()
    at = 0
    while at < len(chunk):
        flags, at = chunk[at], at + 1
        for bit in range(8):
            if at >= len(chunk):
                break
            if not flags >> bit & 1:
                out.append(chunk[at])
                at += 1
                continue
            token, at = int.from_bytes(chunk[at : at + 2], "little"), at + 2
            # 2.4.1.3.19.1: the longer the chunk, the more bits of a token are offset.
            bits = max((len(out) - 1).bit_length(), 4)
            count = (token & 0xFFFF >> bits) + 3
            place = len(out) - (token >> 16 - bits) - 1
            if place < 0 or len(out) + count > _CHUNK:
                return bytes(out)
            for step in range(count):
                out.append(out[place + step])
    return bytes(out)
