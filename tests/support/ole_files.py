"""Small compound files ([MS-CFB]), version 3."""

from __future__ import annotations

import struct

_SECTOR = 512
_END, _FREE, _FAT, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file of these streams, each filled with NUL to a size beyond the mini stream's."""
    fat: list[int] = [_FAT]
    body = b""
    listed = []
    for name, data in streams.items():
        padded = data.ljust(4096, b"\0")
        padded += b"\0" * (-len(padded) % _SECTOR)
        listed.append((name, len(fat), len(padded)))
        count = len(padded) // _SECTOR
        fat += [*range(len(fat) + 1, len(fat) + count), _END]
        body += padded
    entries = _entry("Root Entry", 5, _NONE, 1 if listed else _NONE, _END, 0)
    for index, (name, start, size) in enumerate(listed, 1):
        right = index + 1 if index < len(listed) else _NONE
        entries += _entry(name, 2, right, _NONE, start, size)
    entries += b"\0" * (-len(entries) % _SECTOR)
    directory = len(fat)
    count = len(entries) // _SECTOR
    fat += [*range(directory + 1, directory + count), _END]
    table = struct.pack("<128I", *fat, *[_FREE] * (128 - len(fat)))
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII109I",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, directory, 0, 4096, _END, 0, _END, 0, 0, *[_FREE] * 108,
    )  # fmt: skip
    return header + table + body + entries


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    raw = (name + "\0").encode("utf-16-le")
    head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1)
    links = struct.pack("<III", _NONE, right, child)
    return head + links + b"\0" * 36 + struct.pack("<IQ", start, size)
