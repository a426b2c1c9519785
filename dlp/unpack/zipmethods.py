"""ZIP members packed by other methods than Deflate (APPNOTE 4.4.5 and 5.8)."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import zstandard

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source
from dlp.streams import CHUNK

_MEMORY: Final = 128 * 2**20
"""Bytes that a dictionary or window may take."""
_ZSTD_STEP: Final = 512
"""Bytes fed at a time: each four may unpack to 128 KiB (RFC 8878 section 3.1.1.2)."""
_LZMA_HEADER: Final = 9
"""Version, size of the properties, properties (APPNOTE 5.8.8)."""
_PROPERTIES: Final = 5


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, size: int, /) -> bytes: ...


class _Zstd:
    """A Zstandard decoder with the others' face; it gives all that 512 bytes unpack to."""

    needs_input = True

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj()

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, _size: int, /) -> bytes:
        return self._inner.decompress(data)


def _lzma(head: bytes) -> lzma.LZMADecompressor:
    """LZMA without a header of its own; the properties say how it was packed."""
    size = int.from_bytes(head[2:4], "little")
    first = head[4] if len(head) == _LZMA_HEADER else 255
    if size != _PROPERTIES or first >= 9 * 5 * 5:
        raise NotReadableError(Obstacle.MALFORMED, "its compressed data is damaged")
    dictionary = int.from_bytes(head[5:9], "little")
    if dictionary > _MEMORY:
        raise NotReadableError(Obstacle.TOO_LARGE, "it needs more memory than it may have")
    rest, context = divmod(first, 9)
    position, literal = divmod(rest, 5)
    packer = {
        "id": lzma.FILTER_LZMA1, "lc": context, "lp": literal, "pb": position,
        "dict_size": max(dictionary, 4096),
    }  # fmt: skip
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[packer])


_MAKE: Final[dict[int, Callable[[Source], _Decoder]]] = {
    12: lambda _: bz2.BZ2Decompressor(),
    14: lambda packed: _lzma(packed.read(_LZMA_HEADER)),
    93: lambda _: _Zstd(),
    95: lambda _: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY),
}
METHODS: Final = frozenset(_MAKE)
"""bzip2, LZMA, Zstandard and XZ."""


def unpacked(method: int, packed: Source, size: int, meter: Meter) -> Iterator[bytes]:
    """The content of a member that must fill ``packed`` exactly.

    Args:
        method: One of :data:`METHODS`.
        packed: The member's bytes.
        size: Of the content, as the archive promises.
        meter: Asked for the time.

    Raises:
        NotReadableError: If it is damaged, cut short, followed by more, or needs too much memory.
    """
    packed.seek(0)
    decoder, total = _MAKE[method](packed), 0
    step = _ZSTD_STEP if isinstance(decoder, _Zstd) else CHUNK
    while not decoder.eof:
        meter.check_time()
        data = packed.read(step) if decoder.needs_input else b""
        if not data and decoder.needs_input:
            # LZMA may do without an end marker where the size is known.
            if total == size:
                break
            raise NotReadableError(Obstacle.MALFORMED, "its compressed data is cut short")
        piece = _step(decoder, data)
        total += len(piece)
        if piece:
            yield piece
    if decoder.unused_data or packed.read(1):
        raise NotReadableError(Obstacle.MALFORMED, "bytes follow its compressed data")


def _step(decoder: _Decoder, data: bytes) -> bytes:
    try:
        return decoder.decompress(data, CHUNK)
    except (OSError, EOFError, lzma.LZMAError, zstandard.ZstdError) as error:
        if "emory" in str(error):
            raise NotReadableError(
                Obstacle.TOO_LARGE, "it needs more memory than it may have"
            ) from None
        raise NotReadableError(Obstacle.MALFORMED, "its compressed data is damaged") from None
