"""gzip (RFC 1952): the content of all its members as one, names and comments as text."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Source, Uninspectable
from dlp.streams import CHUNK, Unpacked, size_of
from dlp.unpack.entry import Entry, comment, decoded, name_faults, opaque

_HEADER: Final = struct.Struct("<2sBBLBB")
_TRAILER: Final = struct.Struct("<LL")
_CRC, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16
_KNOWN_FLAGS: Final = 0x1F
_LONGEST_FIELD: Final = 4096


def entries(source: Source, meter: Meter, depth: int) -> Iterator[Entry]:
    """The one member of a gzip file, then what its later headers say.

    Raises:
        NotReadableError: If the first header is damaged or the budget spent.
    """
    meter.enter(depth)
    stream = _Gzip(source, meter)
    name = stream.first_name()
    yield Entry(1, name, Unpacked(stream.pieces, meter))
    if stream.texts or stream.faults:
        yield Entry(1, "", texts=tuple(stream.texts), faults=tuple(stream.faults))


class _Gzip:
    """One pass over a gzip file; repeated passes collect nothing twice."""

    def __init__(self, source: Source, meter: Meter) -> None:
        self._source, self._meter = source, meter
        self._size = size_of(source)
        self._buffer = b""
        self._ordinal = self._seen = 0
        self.texts: list[Passage] = []
        self.faults: list[Uninspectable] = []

    def first_name(self) -> str:
        """The name in the first header, "" for none."""
        self._begin()
        return self._header()

    def _begin(self) -> None:
        self._source.seek(0)
        self._buffer, self._ordinal = b"", 0

    def pieces(self) -> Iterator[bytes]:
        """The unpacked content of every member.

        Raises:
            NotReadableError: If it is damaged, cut short, followed by other bytes, or a bomb.
        """
        self._begin()
        total = 0
        while True:
            self._header()
            for piece in self._body():
                total += len(piece)
                # Against what was read so far: a bomb is told before it has cost anything.
                self._meter.check_ratio(min(self._source.tell(), self._size), total)
                yield piece
            if self._at_end():
                return

    def _at_end(self) -> bool:
        """Whether nothing but padding follows."""
        while not self._buffer.strip(b"\0"):
            self._buffer = self._source.read(CHUNK)
            self._meter.check_time()
            if not self._buffer:
                return True
        if self._buffer[:2] != b"\x1f\x8b":
            self._need(2)
        if self._buffer[:2] != b"\x1f\x8b":
            raise _malformed("has bytes after its end")
        return False

    def _need(self, size: int) -> bytes:
        """At least ``size`` bytes in the buffer."""
        while len(self._buffer) < size:
            data = self._source.read(CHUNK)
            if not data:
                raise _malformed("is cut short")
            self._buffer += data
        return self._buffer

    def _take(self, size: int) -> bytes:
        data = self._need(size)[:size]
        self._buffer = self._buffer[size:]
        return data

    def _string(self) -> bytes:
        while (end := self._buffer.find(b"\0")) < 0:
            if len(self._buffer) > _LONGEST_FIELD:
                raise _malformed("has a name or comment that doesn't end")
            self._need(len(self._buffer) + 1)
        return self._take(end + 1)[:-1]

    def _header(self) -> str:
        """Read one member's header; its texts are kept the first time."""
        mark, method, flags, *_ = _HEADER.unpack(self._take(_HEADER.size))
        if mark != b"\x1f\x8b" or method != 8 or flags & ~_KNOWN_FLAGS:  # noqa: PLR2004 - deflate
            raise _malformed("has a broken header")
        self._ordinal += 1
        extra = self._take(int.from_bytes(self._take(2), "little")) if flags & _EXTRA else b""
        name = self._string() if flags & _NAME else b""
        note = self._string() if flags & _COMMENT else b""
        if flags & _CRC:
            self._take(2)
        text = decoded(name)
        if self._ordinal > self._seen:
            self._seen = self._ordinal
            self._keep(extra, text, note)
        return text

    def _keep(self, extra: bytes, name: str, note: bytes) -> None:
        if len(self.texts) > _LONGEST_FIELD:
            raise _malformed("has more named members than any tool writes")
        self.texts += comment(note, "gzip comment")
        if name:
            self.faults += name_faults(name)
            if self._ordinal > 1:
                self.texts.append(Passage(name, "gzip name", Carrier.NAME))
        if extra:
            texts, faults = opaque(extra, "gzip extra field")
            self.texts += texts
            self.faults += faults

    def _body(self) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        crc = size = 0
        while not unpacker.eof:
            data = unpacker.unconsumed_tail or self._buffer or self._source.read(CHUNK)
            self._buffer = b""
            try:
                piece = unpacker.decompress(data, CHUNK)
            except zlib.error:
                raise _malformed("has damaged data") from None
            if piece:
                crc, size = zlib.crc32(piece, crc), size + len(piece)
                yield piece
            elif not data:
                raise _malformed("is cut short")
        self._buffer = unpacker.unused_data
        if _TRAILER.unpack(self._take(_TRAILER.size)) != (crc, size & 0xFFFFFFFF):
            raise _malformed("has another size or checksum than it says")


def _malformed(detail: str) -> NotReadableError:
    return NotReadableError(Obstacle.MALFORMED, f"the gzip file {detail}")
