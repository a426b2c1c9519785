"""A message's compressed RTF body ([MS-OXRTFCP] 2.2 and 3.1)."""

from __future__ import annotations

import struct
from typing import Final

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle

_HEADER: Final = struct.Struct("<IIII")
_COMPRESSED, _RAW = 0x75465A4C, 0x414C454D
_WINDOW: Final = 4096
_MOST: Final = 64 * 2**20
_START: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier"
    b"{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the window holds before the first byte (3.1.3.1)."""


def unpacked(data: bytes, meter: Meter) -> bytes:
    """The RTF that a property 1009 holds.

    Raises:
        NotReadableError: It is damaged, over 64 MiB, or a spent budget.
    """
    if len(data) < _HEADER.size:
        raise _damaged()
    _, size, magic, _ = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    if size > _MOST:
        raise NotReadableError(Obstacle.TOO_LARGE, f"over {_MOST // 2**20} MiB of RTF body")
    meter.check_ratio(len(data), size)
    if magic == _RAW:
        return body[:size]
    if magic != _COMPRESSED:
        raise _damaged()
    meter.take(size)
    return _decoded(body, size, meter)


def _decoded(body: bytes, size: int, meter: Meter) -> bytes:
    window = bytearray(_START.ljust(_WINDOW, b" "))
    at, write, out = 0, len(_START), bytearray()
    while at < len(body) and len(out) < size:
        meter.check_time()
        control, at = body[at], at + 1
        for bit in range(8):
            if control >> bit & 1:
                if at + 2 > len(body):
                    raise _damaged()
                token, at = int.from_bytes(body[at : at + 2], "big"), at + 2
                place, count = token >> 4, (token & 15) + 2
                if place == write:
                    return bytes(out)
            elif at < len(body):
                window[write] = body[at]
                place, count, at = write, 1, at + 1
            else:
                break
            for _ in range(count):
                byte = window[write] = window[place]
                out.append(byte)
                write, place = (write + 1) % _WINDOW, (place + 1) % _WINDOW
    return bytes(out)


def _damaged() -> NotReadableError:
    return NotReadableError(Obstacle.MALFORMED, "a message's compressed RTF body is damaged")
