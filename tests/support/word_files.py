"""Small Word and PowerPoint 97 streams, compressed RTF and macro containers, by their formats."""

from __future__ import annotations

import struct

from tests.support.ole_files import compound

_CLX = 0x01A2


def word_streams(pieces: list[tuple[str, bool]], left_over: str = "") -> dict[str, bytes]:
    """A document of pieces (text, whether it is wide), stored in reverse, as fast saves may."""
    head = bytearray(0x400)
    struct.pack_into("<HH", head, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", head, 0x0A, 0x0200)
    body = bytes(head) + left_over.encode("cp1252")
    places: list[int] = []
    for text, wide in reversed(pieces):
        raw = text.encode("utf-16-le" if wide else "cp1252")
        places.insert(0, len(body) if wide else len(body) * 2 | 0x40000000)
        body += raw
    positions, at = [0], 0
    for text, _ in pieces:
        at += len(text)
        positions.append(at)
    plc = struct.pack(f"<{len(positions)}I", *positions)
    plc += b"".join(struct.pack("<HIH", 0, place, 0) for place in places)
    clx = b"\x01\x02\x00\x00\x00" + b"\x02" + struct.pack("<I", len(plc)) + plc
    document = bytearray(body)
    struct.pack_into("<II", document, _CLX, 16, len(clx))
    return {"WordDocument": bytes(document), "1Table": bytes(16) + clx}


def designed(styles: list[str], fonts: list[str]) -> bytes:
    """A document of one word with styles and fonts ([MS-DOC] 2.9.271, 2.9.286)."""
    streams = word_streams([("word\r", False)])
    head = struct.pack("<HHHH", 6, len(styles), 10, 0)
    sheet = head + b"".join(map(_style, styles))
    table = struct.pack("<HH", len(fonts), 0) + b"".join(map(_font, fonts))
    document, rest = bytearray(streams["WordDocument"]), streams["1Table"]
    struct.pack_into("<II", document, 0xA2, len(rest), len(sheet))
    struct.pack_into("<II", document, 0x112, len(rest) + len(sheet), len(table))
    return compound({"WordDocument": bytes(document), "1Table": rest + sheet + table})


def _style(name: str) -> bytes:
    body = bytes(10) + struct.pack("<H", len(name)) + name.encode("utf-16-le") + bytes(2)
    return struct.pack("<H", len(body)) + body


def _font(name: str) -> bytes:
    body = bytes(39) + name.encode("utf-16-le") + bytes(2)
    return bytes([len(body)]) + body


def word(pieces: list[tuple[str, bool]], left_over: str = "") -> bytes:
    """The same as a file."""
    return compound(word_streams(pieces, left_over))


def record(kind: int, data: bytes, *, container: bool = False, instance: int = 0) -> bytes:
    """A PowerPoint record."""
    return struct.pack("<HHI", instance << 4 | (0xF if container else 0), kind, len(data)) + data


def literal_lzfu(text: bytes) -> bytes:
    """Compressed RTF that says every byte itself."""
    body = b""
    for at in range(0, len(text), 8):
        body += b"\0" + text[at : at + 8]
    return struct.pack("<IIII", len(body) + 12, len(text), 0x75465A4C, 0) + body


def vba(text: bytes) -> bytes:
    """A container of one chunk of literals."""
    body = b"".join(b"\0" + text[at : at + 8] for at in range(0, len(text), 8))
    return b"\x01" + struct.pack("<H", 0xB000 | len(body) + 2 - 3) + body
