"""Image files with bytes where no viewer looks."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Final

from PIL import Image

_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _saved(fmt: str) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((61, 40)).convert("RGB").save(out, fmt)
    return out.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bare_png(
    depth: int, colour: int, interlace: int, over: bytes = b"", behind: bytes = b"", **more: bytes
) -> bytes:
    """A PNG of 3 by 2 pixels.

    Args:
        depth: Bits of a sample.
        colour: Colour type.
        interlace: 1 for Adam7.
        over: Packed behind the last row.
        behind: In the chunk of pixels, behind what is packed.
        more: Bodies of further chunks by their names; of ``IEND`` its own.
    """
    bits = depth * _CHANNELS[colour]
    # Adam7 of 3 by 2: one pixel in the first, fourth and sixth pass, three in the last.
    widths = [1, 1, 1, 1, 3] if interlace else [3, 3]
    widths = [1, 1, 1, 3] if interlace else widths
    rows = b"".join(bytes((width * bits + 7) // 8 + 1) for width in widths)
    header = struct.pack(">IIBBBBB", 3, 2, depth, colour, 0, 0, interlace)
    palette = _chunk(b"PLTE", bytes(6)) if colour == 3 else b""
    end = more.pop("IEND", b"")
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + palette
        + b"".join(_chunk(name.encode(), body) for name, body in more.items())
        + _chunk(b"IDAT", zlib.compress(rows + over) + behind) + _chunk(b"IEND", end)
    )  # fmt: skip


def _profile(text: bytes) -> bytes:
    return bytes(128) + struct.pack(">I", 0) + bytes(600) + text


def _tiff(text: bytes, *, gap: bool) -> bytes:
    """One strip of 8 by 8 grey pixels; text behind its rows or between it and its tags."""
    pixels = bytes(64)
    room = b"" if gap else text
    strip = pixels + room
    tags = [(256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 8),
            (279, len(strip))]  # fmt: skip
    between = text + bytes(len(text + strip) % 2) if gap else bytes(len(strip) % 2)
    place = 8 + len(strip) + len(between)
    listed = b"".join(struct.pack("<HHII", tag, 4, 1, number) for tag, number in tags)
    head = b"II*\0" + struct.pack("<I", place)
    return head + strip + between + struct.pack("<H", len(tags)) + listed + bytes(4)


def _bmp_gap(text: bytes) -> bytes:
    plain = _saved("BMP")
    (start,) = struct.unpack_from("<I", plain, 10)
    moved = struct.pack("<I", start + len(text))
    return plain[:10] + moved + plain[14:start] + text + plain[start:]


def _bmp_rows(text: bytes) -> bytes:
    """A character in what fills each row up: 61 pixels of three bytes leave one."""
    data = bytearray(_saved("BMP"))
    (start,) = struct.unpack_from("<I", data, 10)
    for row, character in enumerate(text):
        data[start + row * 184 + 183] = character
    return bytes(data)


def _webp(text: bytes) -> bytes:
    plain = _saved("WEBP")
    (size,) = struct.unpack_from("<I", plain, 16)
    body = plain[20 : 20 + size] + text
    chunks = plain[8:16] + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def files(text: bytes) -> dict[str, bytes]:
    """Files by where the text stands in them; at most 40 characters."""
    jpeg, gif = _saved("JPEG"), _saved("GIF")
    sub_block = bytes([len(text)]) + text
    timing = b"\x21\xf9\x04" + bytes(4) + sub_block + b"\0"
    return {
        "PNG behind the last row": bare_png(8, 2, 0, text),
        "PNG behind its compressed pixels": bare_png(8, 2, 0, b"", text),
        "PNG end chunk": bare_png(8, 2, 0, IEND=text),
        "PNG resolution": bare_png(8, 2, 0, pHYs=bytes(9) + text),
        "PNG palette of no use": bare_png(8, 2, 0, PLTE=text + bytes(-len(text) % 3)),
        "PNG colour profile": bare_png(8, 2, 0, iCCP=b"a\0\0" + zlib.compress(_profile(text))),
        "JPEG before its end": jpeg[:-2] + text + jpeg[-2:],
        "JPEG between segments": jpeg[:20] + text + jpeg[20:],
        "GIF behind its compressed pixels": gif[:-2] + sub_block + b"\0" + gif[-1:],
        "GIF timing": gif[:-1] + timing + gif[-1:],
        "BMP before its rows": _bmp_gap(text),
        "BMP between its rows": _bmp_rows(text),
        "WEBP behind its compressed pixels": _webp(text),
        "TIFF between its parts": _tiff(text, gap=True),
        "TIFF behind its rows": _tiff(text, gap=False),
    }
