"""One compressed file: bzip2, xz and Zstandard, any number of streams one after the other."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterator
from typing import Final

import zstandard

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source
from dlp.streams import CHUNK, Unpacked, size_of
from dlp.unpack.entry import Entry, opaque

_XZ_MEMORY: Final = 128 * 2**20
"""Bytes that an xz dictionary may take: ``xz -9`` writes files that need 65 MiB."""
_ZSTD_WINDOW: Final = 128 * 2**20
_ZSTD_STEP: Final = 512
"""Bytes fed at a time: each four may unpack to 128 KiB (RFC 8878 section 3.1.1.2)."""
_SKIPPABLE: Final = range(0x184D2A50, 0x184D2A60)
_ZSTD_MAGIC: Final = 0xFD2FB528
_LONGEST_SKIPPABLE: Final = 2**20


Decoder = bz2.BZ2Decompressor | lzma.LZMADecompressor


def bzip2(source: Source, meter: Meter, depth: int) -> Iterator[Entry]:
    """The content of a bzip2 file."""
    yield from _entries(source, meter, depth, "bzip2", bz2.BZ2Decompressor)


def xz(source: Source, meter: Meter, depth: int) -> Iterator[Entry]:
    """The content of an .xz file; its checks are verified as it is read."""
    yield from _entries(
        source, meter, depth, "xz",
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
    )  # fmt: skip


def _entries(
    source: Source, meter: Meter, depth: int, name: str, make: Callable[[], Decoder]
) -> Iterator[Entry]:
    meter.enter(depth)
    yield Entry(1, "", Unpacked(lambda: _pieces(source, meter, name, make), meter))


def _pieces(
    source: Source, meter: Meter, name: str, make: Callable[[], Decoder]
) -> Iterator[bytes]:
    size, total = size_of(source), 0
    rest = source.read(CHUNK)
    while rest:
        decoder = make()
        for piece in _stream(source, rest, decoder, name):
            total += len(piece)
            # Against what was read so far: a bomb is told before it has cost anything.
            meter.check_ratio(min(source.tell(), size), total)
            yield piece
        # xz pads its streams with NULs in fours; nothing else may follow.
        rest = decoder.unused_data or source.read(CHUNK)
        while rest and not rest.strip(b"\0"):
            rest = source.read(CHUNK)
            meter.check_time()
        rest = rest.lstrip(b"\0") if name == "xz" else rest


def _stream(source: Source, first: bytes, decoder: Decoder, name: str) -> Iterator[bytes]:
    data = first
    while not decoder.eof:
        try:
            piece = decoder.decompress(data, CHUNK)
        except (OSError, lzma.LZMAError, EOFError) as error:
            if "emory" in str(error):
                raise NotReadableError(
                    Obstacle.TOO_LARGE, f"the {name} file needs more memory than it may have"
                ) from None
            raise _malformed(name, "has damaged data, or bytes after its end") from None
        if piece:
            yield piece
        data = source.read(CHUNK) if decoder.needs_input and not decoder.eof else b""
        if not data and decoder.needs_input and not decoder.eof:
            raise _malformed(name, "is cut short")


def zstd(source: Source, meter: Meter, depth: int) -> Iterator[Entry]:
    """The content of a Zstandard file; skippable frames hold text of their own.

    Raises:
        NotReadableError: As the stream says when it is read.
    """
    meter.enter(depth)
    stream = _Zstd(source, meter)
    yield Entry(1, "", Unpacked(stream.pieces, meter))
    texts, faults = (
        opaque(bytes(stream.skipped), "skippable frames") if stream.skipped else ([], [])
    )
    if texts or faults:
        yield Entry(1, "", texts=tuple(texts), faults=tuple(faults))


class _Zstd:
    def __init__(self, source: Source, meter: Meter) -> None:
        self._source, self._meter = source, meter
        self._size = size_of(source)
        self.skipped = bytearray()

    def pieces(self) -> Iterator[bytes]:
        """Everything that the frames hold."""
        self._source.seek(0)
        self._rest, total = b"", 0
        self.skipped.clear()
        while self._need(1):
            magic = int.from_bytes(self._need(4)[:4], "little")
            if magic in _SKIPPABLE:
                self._skip()
            elif magic == _ZSTD_MAGIC:
                for piece in self._frame():
                    total += len(piece)
                    self._meter.check_ratio(min(self._source.tell(), self._size), total)
                    yield piece
            else:
                raise _malformed("Zstandard", "has bytes after its end")

    def _need(self, size: int) -> bytes:
        while len(self._rest) < size and (data := self._source.read(CHUNK)):
            self._rest += data
        return self._rest

    def _skip(self) -> None:
        length = int.from_bytes(self._need(8)[4:8], "little")
        if length > _LONGEST_SKIPPABLE or len(self._need(8 + length)) < 8 + length:
            raise _malformed("Zstandard", "has a skippable frame that is cut short or huge")
        self.skipped += self._rest[8 : 8 + length]
        self._rest = self._rest[8 + length :]

    def _frame(self) -> Iterator[bytes]:
        decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        while not decoder.eof:
            data, self._rest = self._need(1)[:_ZSTD_STEP], self._rest[_ZSTD_STEP:]
            if not data:
                raise _malformed("Zstandard", "is cut short")
            try:
                piece = decoder.decompress(data)
            except zstandard.ZstdError as error:
                if "emory" in str(error) or "indow" in str(error):
                    raise NotReadableError(
                        Obstacle.TOO_LARGE, "the Zstandard file needs more memory than it may have"
                    ) from None
                raise _malformed("Zstandard", "has damaged data") from None
            if piece:
                yield piece
        self._rest = decoder.unused_data + self._rest


def _malformed(name: str, detail: str) -> NotReadableError:
    return NotReadableError(Obstacle.MALFORMED, f"the {name} file {detail}")
