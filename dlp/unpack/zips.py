"""ZIP members, streamed in place, with every byte of the archive accounted for."""

from __future__ import annotations

import io
import stat
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Passage, Source, Uninspectable
from dlp.streams import CHUNK, Unpacked, Window
from dlp.unpack import zipmethods
from dlp.unpack.entry import (
    Entry,
    comment,
    decoded,
    fault,
    inflate,
    link_faults,
    name_faults,
    opaque,
)  # fmt: skip
from dlp.unpack.zipdirectory import (
    ENCRYPTED,
    MASKED,
    STREAMED,
    STRONG,
    UTF8,
    Directory,
    Local,
    Record,
    descriptor_length,
    malformed,
    read_directory,
    read_local,
)

_STORED, _DEFLATED, _AES = 0, 8, 99
_NOTHING: Final = b"\x03\x00"
"""An empty DEFLATE stream, which Java's and .NET's writers put behind a directory's name."""
_METHODS: Final = {1: "Shrink", 6: "Implode", 9: "Deflate64", 98: "PPMd"}
_LONGEST_TARGET: Final = 4_096
_HELD_IN_MEMORY: Final = 8 * 2**20
"""Members up to this size are unpacked once into memory; larger ones again on every seek back."""
_HARMLESS: Final = {
    0x0001: 28, 0x000A: 32, 0x5455: 13, 0x5855: 12, 0x7855: 4, 0x7875: 16, 0xD935: 32, 0xCAFE: 0,
    0x9901: 7,
}  # fmt: skip
"""Extra fields with sizes, times, owners and alignment (ZIP64, NTFS, Unix, Java, AES), and how many
bytes each has at most (APPNOTE 4.5 and 4.6)."""
_SECOND_NAME: Final = 0x7075
_SECOND_COMMENT: Final = 0x6375
_GROWTH_HINT: Final = 0xA220
"""Room that Office leaves in its packages (ISO/IEC 29500-2, annex C.3.2): NULs and no more."""


def _is_growth_hint(data: bytes) -> bool:
    return data[:2] == b"\x28\xa0" and not data[4:].strip(b"\0")


def entries(source: Source, meter: Meter, depth: int) -> Iterator[Entry]:
    """An archive's members in the order of their data, then what it says of itself.

    Each member's source must be read before the next entry is asked for.

    Raises:
        NotReadableError: If the archive can be read in more ways than one, overlaps itself (a
            bomb), is encrypted as a whole or breaks the budget.
    """
    directory = read_directory(source, meter, depth)
    names: set[str] = set()
    at = 0
    # In the order of the data, so that an archive in a compressed member unpacks in one pass.
    for record in sorted(directory.records, key=lambda record: record.offset):
        entry, at = _Member(source, record, meter).entry(at, directory, names)
        yield entry
    texts = tuple(comment(directory.comment, "archive comment"))
    faults = () if at == directory.start else (_gap(at),)
    if texts or faults:
        yield Entry(0, "", texts=texts, faults=faults)


def _gap(at: int) -> Uninspectable:
    return fault(f"the ZIP archive has bytes that belong to no member at byte {at}")


class _Member:
    """One member: its two descriptions compared, its data bounded."""

    def __init__(self, source: Source, record: Record, meter: Meter) -> None:
        self._source, self._record, self._meter = source, record, meter
        self._texts: list[Passage] = []
        self._faults: list[Uninspectable] = []

    def entry(self, at: int, directory: Directory, names: set[str]) -> tuple[Entry, int]:
        """The member, and where the next one must begin."""
        record = self._record
        if record.offset < at:
            raise NotReadableError(Obstacle.BOMB, "the ZIP archive's members overlap")
        local = read_local(self._source, record)
        if record.offset > at:
            self._faults.append(_gap(at))
        end = self._end(local, directory.start)
        self._compare(local)
        name = decoded(record.name, utf8=bool(record.flags & UTF8))
        self._faults += name_faults(name)
        if name in names:
            self._faults.append(fault("its name stands twice in the archive"))
        names.add(name)
        self._around(local)
        source = self._content(local, name)
        entry = Entry(record.ordinal, name, source, tuple(self._texts), tuple(self._faults))
        return entry, end

    def _end(self, local: Local, limit: int) -> int:
        record = self._record
        end = local.data + record.packed
        if end <= limit and local.flags & STREAMED:
            length = descriptor_length(self._source, record, end)
            if length is None:
                self._faults.append(fault("the sizes after its data differ from the directory"))
            end += length or 0
        if end > limit:
            raise malformed("has a member that runs into the directory")
        return end

    def _compare(self, local: Local) -> None:
        """Hold the local header against the directory's record."""
        record = self._record
        told = (local.crc, local.packed, local.size)
        known = (record.crc, record.packed, record.size)
        agrees = (
            local.name == record.name
            and local.method == record.method
            and local.flags == record.flags
            and (told == known or (local.flags & STREAMED and told[:2] == (0, 0)))
        )
        if not agrees:
            self._faults.append(fault("its header and the archive's directory differ"))

    def _around(self, local: Local) -> None:
        """Comments and extra fields."""
        record = self._record
        self._texts += comment(record.comment, "member comment")
        for kind, data in dict.fromkeys((*record.extra, *local.extra)):
            if kind in _HARMLESS:
                if len(data) > _HARMLESS[kind]:
                    self._faults.append(fault("an extra field is longer than its kind allows"))
            elif kind == _GROWTH_HINT and _is_growth_hint(data):
                continue
            elif kind in (_SECOND_NAME, _SECOND_COMMENT):
                self._texts += comment(data[5:], "second name or comment")
                if kind == _SECOND_NAME and data[5:] != record.name:
                    self._faults.append(fault("it has two names that differ"))
            else:
                texts, faults = opaque(data, "an extra field")
                self._texts += texts
                self._faults += faults

    def _content(self, local: Local, name: str) -> Source | None:
        """The member's bytes, or None with a fault, or for an empty directory."""
        record = self._record
        if record.flags & (ENCRYPTED | STRONG | MASKED) or record.method == _AES:
            detail = "an encrypted ZIP member can't be opened here; send it without a password"
            self._faults.append(Uninspectable(Obstacle.ENCRYPTED, detail))
            return None
        if record.method not in (_STORED, _DEFLATED, *zipmethods.METHODS):
            kind = _METHODS.get(record.method, f"method {record.method}")
            detail = f"ZIP compression {kind} is not read in this version; use Deflate"
            self._faults.append(Uninspectable(Obstacle.UNSUPPORTED_TYPE, detail))
            return None
        try:
            # What it promises is enough: the promise is held to while it is read.
            self._meter.check_ratio(record.packed, record.size)
        except NotReadableError as error:
            self._faults.append(Uninspectable(error.obstacle, error.detail))
            return None
        window = Window(self._source, local.data, record.packed)
        if name.endswith("/") and not record.size and window.read(3) in (b"", _NOTHING):
            return None
        opened = _opened(lambda: _checked(record, window, self._meter), record, self._meter)
        if stat.S_ISLNK(record.mode):
            self._faults += link_faults("a symbolic link", _target(opened, record.size))
        return opened


def _target(content: Source, size: int) -> str:
    """Where a link leads: its content; "" where it is too long or flawed to be a path."""
    if size > _LONGEST_TARGET or not isinstance(content, io.BytesIO):
        return ""
    return decoded(content.getvalue())


def _opened(produce: Callable[[], Iterator[bytes]], record: Record, meter: Meter) -> Source:
    """Small members in memory, large ones as a stream."""
    stream = Unpacked(produce, meter)
    if record.size > _HELD_IN_MEMORY:
        return stream
    try:
        return io.BytesIO(stream.read())
    except NotReadableError:
        # The parser is to meet the flaw, after whatever stands in front of it.
        return Unpacked(produce, meter)


def _checked(record: Record, window: Window, meter: Meter) -> Iterator[bytes]:
    """The content, held to the size and checksum that the directory promises."""
    crc = size = 0
    for piece in _pieces(record, window, meter):
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        if size > record.size:
            break
        yield piece
    if (crc, size) != (record.crc, record.size):
        raise NotReadableError(
            Obstacle.MALFORMED, "its content has another size or checksum than the archive says"
        )


def _pieces(record: Record, window: Window, meter: Meter) -> Iterator[bytes]:
    if record.method == _DEFLATED:
        yield from inflate(window, record.packed, meter)
        return
    if record.method in zipmethods.METHODS:
        yield from zipmethods.unpacked(record.method, window, record.size, meter)
        return
    window.seek(0)
    while data := window.read(CHUNK):
        yield data
