"""A ZIP archive's directory, read strictly (APPNOTE 6.3.10).

The two descriptions that ZIP keeps of every member may differ, and readers differ in which they
believe. So the only archives read here are those that can be read in one way: one end record, at
the very end; a directory that touches it; local headers that agree with it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source
from dlp.streams import read_exactly, size_of

_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_FULL16: Final = 0xFFFF
_FULL32: Final = 0xFFFFFFFF
_LONGEST_COMMENT: Final = 0xFFFF

ENCRYPTED: Final = 1
STREAMED: Final = 1 << 3
"""The sizes follow the data."""
STRONG: Final = 1 << 6
UTF8: Final = 1 << 11
MASKED: Final = 1 << 13


@dataclass(frozen=True, slots=True)
class Record:
    """One member as the directory describes it.

    Attributes:
        ordinal: From 1, in the directory's order.
        name: Raw bytes.
        flags: General purpose bits.
        method: Compression.
        crc: CRC-32 of the content.
        packed: Bytes in the archive.
        size: Bytes unpacked.
        offset: Of its local header.
        mode: Unix mode, 0 if unknown.
        extra: Field id to bytes, the ZIP64 field resolved.
        comment: Raw bytes.
    """

    ordinal: int
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int
    extra: tuple[tuple[int, bytes], ...]
    comment: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    """All of an archive's members.

    Attributes:
        records: In the directory's order.
        start: Where the directory begins: everything before is members.
        comment: The archive's own.
    """

    records: tuple[Record, ...]
    start: int
    comment: bytes


@dataclass(frozen=True, slots=True)
class Local:
    """A local header: what stands in front of a member's data.

    Attributes:
        name: Raw bytes.
        flags: General purpose bits.
        method: Compression.
        crc: Zero when the sizes follow the data.
        packed: Likewise; the ZIP64 field resolved.
        size: Likewise.
        extra: Field id to bytes.
        data: Where the data begins.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    extra: tuple[tuple[int, bytes], ...]
    data: int


def malformed(detail: str) -> NotReadableError:
    """An archive that can't be read in one way."""
    return NotReadableError(Obstacle.MALFORMED, f"the ZIP archive {detail}")


def read_directory(source: Source, meter: Meter, depth: int) -> Directory:
    """The directory of an archive whose members lie ``depth`` containers down.

    Raises:
        NotReadableError: If there is more than one way to read it, it is cut short, spread over
            disks or encrypted, or has more members than the budget allows.
    """
    size = size_of(source)
    count, length, start, end, note = _find_end(source, size)
    if start + length != end:
        raise malformed("has bytes before its first member or after its directory")
    if count * _CENTRAL.size > length:
        raise malformed("lists fewer members than it announces")
    records: list[Record] = []
    at = start
    while at < end:
        meter.enter(depth)
        record, at = _record(source, at, end, len(records) + 1)
        records.append(record)
    if len(records) != count:
        raise malformed("lists more members than it announces")
    meter.take(length)
    return Directory(tuple(records), start, note)


def _find_end(source: Source, size: int) -> tuple[int, int, int, int, bytes]:
    """Count, directory length and start, where the directory must end, and the comment."""
    tail_at = max(size - _END.size - _LONGEST_COMMENT, 0)
    tail = read_exactly(source, tail_at, size - tail_at)
    candidates = []
    at = tail.find(b"PK\x05\x06")
    while at >= 0:
        if at + _END.size <= len(tail):
            fields = _END.unpack_from(tail, at)
            if at + _END.size + fields[7] == len(tail):
                candidates.append((at, fields))
        at = tail.find(b"PK\x05\x06", at + 1)
    if not candidates:
        raise malformed("is cut short, or has bytes after its end")
    if len(candidates) > 1:
        raise malformed("has two ends")
    at, (_, disk, first_disk, here, count, length, start, _) = candidates[0]
    note = tail[at + _END.size :]
    # A writer that streams adds the ZIP64 records even where the plain one has room.
    located = tail[max(at - _LOCATOR.size, 0) : at].startswith(b"PK\x06\x07")
    if located or _FULL16 in (disk, first_disk, here, count) or _FULL32 in (length, start):
        wide = _end64(source, tail_at + at)
        plain = ((count, _FULL16), (length, _FULL32), (start, _FULL32))
        if any(v not in (full, w) for (v, full), w in zip(plain, wide, strict=False)):
            raise malformed("has two ends that differ")
        return (*wide, note)
    if disk or first_disk or here != count:
        raise malformed("is one of several disks")
    return count, length, start, tail_at + at, note


def _end64(source: Source, end: int) -> tuple[int, int, int, int]:
    locator = read_exactly(source, max(end - _LOCATOR.size, 0), _LOCATOR.size)
    if len(locator) < _LOCATOR.size or locator[:4] != b"PK\x06\x07":
        raise malformed("lacks its ZIP64 locator")
    _, disk, at, disks = _LOCATOR.unpack(locator)
    raw = read_exactly(source, at, _END64.size)
    if len(raw) < _END64.size or raw[:4] != b"PK\x06\x06" or disk or disks != 1:
        raise malformed("has a broken ZIP64 end record")
    _, length, _, _, disk, first, here, count, directory, start = _END64.unpack(raw)
    if disk or first or here != count or at + 12 + length != end - _LOCATOR.size:
        raise malformed("has a broken ZIP64 end record")
    if length != _END64.size - 12:
        raise malformed("has data hidden in its ZIP64 end record")
    return count, directory, start, at


def _record(source: Source, at: int, end: int, ordinal: int) -> tuple[Record, int]:
    raw = read_exactly(source, at, _CENTRAL.size)
    if len(raw) < _CENTRAL.size or raw[:4] != b"PK\x01\x02":
        raise malformed("has a broken directory")
    (_, made, _, flags, method, _, _, crc, packed, size, names, extras, notes, disk, _, mode,
     offset) = _CENTRAL.unpack(raw)  # fmt: skip
    after = at + _CENTRAL.size + names + extras + notes
    if after > end:
        raise malformed("has a broken directory")
    rest = read_exactly(source, at + _CENTRAL.size, names + extras + notes)
    fields = _extra(rest[names : names + extras])
    wide = [(value, width) for value, width in
            ((size, 8), (packed, 8), (offset, 8)) if value == _FULL32]  # fmt: skip
    if wide or disk == _FULL16:
        size, packed, offset = _widened(fields, (size, packed, offset))
    elif disk:
        raise malformed("is one of several disks")
    unix = mode >> 16 if made >> 8 == 3 else 0  # noqa: PLR2004 - APPNOTE 4.4.2: 3 is Unix
    return Record(
        ordinal, rest[:names], flags, method, crc, packed, size, offset, unix,
        tuple(fields), rest[names + extras :],
    ), after  # fmt: skip


def _extra(data: bytes) -> list[tuple[int, bytes]]:
    fields = []
    while len(data) >= 4:  # noqa: PLR2004 - a field's header
        kind, length = struct.unpack_from("<HH", data)
        fields.append((kind, data[4 : 4 + length]))
        data = data[4 + length :]
    if data.strip(b"\0"):
        fields.append((_FULL16, data))
    return fields


def _widened(fields: list[tuple[int, bytes]], values: tuple[int, ...]) -> list[int]:
    """Sizes and offset with those that didn't fit taken from the ZIP64 field (APPNOTE 4.5.3)."""
    data = next((data for kind, data in fields if kind == 1), b"")
    out = []
    for value in values:
        if value != _FULL32:
            out.append(value)
            continue
        if len(data) < 8:  # noqa: PLR2004 - bytes of one value
            raise malformed("has a broken ZIP64 field")
        out.append(int.from_bytes(data[:8], "little"))
        data = data[8:]
    return out


def read_local(source: Source, record: Record) -> Local:
    """The local header of a member.

    Raises:
        NotReadableError: If there is none where the directory says.
    """
    raw = read_exactly(source, record.offset, _LOCAL.size)
    if len(raw) < _LOCAL.size or raw[:4] != b"PK\x03\x04":
        raise malformed("has a member that isn't where the directory says")
    _, _, flags, method, _, _, crc, packed, size, names, extras = _LOCAL.unpack(raw)
    rest = read_exactly(source, record.offset + _LOCAL.size, names + extras)
    fields = _extra(rest[names:])
    if _FULL32 in (packed, size):
        size, packed = _widened(fields, (size, packed))
    data = record.offset + _LOCAL.size + names + extras
    return Local(rest[:names], flags, method, crc, packed, size, tuple(fields), data)


def descriptor_length(source: Source, record: Record, at: int) -> int | None:
    """Bytes of the data descriptor at ``at``, None if none of its four forms agrees."""
    raw = read_exactly(source, at, 24)
    mark = b"PK\x07\x08"
    for prefix in (mark, b""):
        for form in ("<LLL", "<LQQ"):
            expected = prefix + struct.pack(
                form, *(v & (_FULL32 if form == "<LLL" else 2**64 - 1)
                        for v in (record.crc, record.packed, record.size))
            )  # fmt: skip
            if raw.startswith(expected):
                return len(expected)
    return None
