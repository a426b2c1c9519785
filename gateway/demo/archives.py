"""ZIP files for the demo: nested ones, and one encrypted as old desktop tools do it."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping

_MASK = 0xFFFFFFFF


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A deflated ZIP with those members, all dated alike, so that equal input gives equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 2, 9, 30, 0)), content, 8)
    return out.getvalue()


def encrypted_zip(name: str, content: bytes, password: bytes) -> bytes:
    """A ZIP of one stored member under traditional encryption (APPNOTE 6.3.10, section 6.1).

    Weak as it is, this is what clinics still send; the standard library reads it and can't write
    it. Nothing is protected with it here: the demo shows that the gateway holds such a file.
    """
    crc = zlib.crc32(content)
    body = _traditional(os.urandom(11) + bytes([crc >> 24]) + content, password)
    raw_name = name.encode("ascii")
    common = struct.pack(
        "<HHHHHIIIHH", 20, 1, 0, 0x4BC0, 0x5D62, crc, len(body), len(content), len(raw_name), 0
    )
    local = b"PK\x03\x04" + common + raw_name + body
    central = (
        b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0)
    ) + raw_name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def _traditional(plain: bytes, password: bytes) -> bytes:
    keys = [0x12345678, 0x23456789, 0x34567890]
    for byte in password:
        _update(keys, byte)
    out = bytearray()
    for byte in plain:
        stream = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ (((stream * (stream ^ 1)) >> 8) & 0xFF))
        _update(keys, byte)
    return bytes(out)


def _crc_step(crc: int, byte: int) -> int:
    return zlib.crc32(bytes([byte]), crc ^ _MASK) ^ _MASK


def _update(keys: list[int], byte: int) -> None:
    keys[0] = _crc_step(keys[0], byte)
    keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & _MASK
    keys[2] = _crc_step(keys[2], keys[1] >> 24)
