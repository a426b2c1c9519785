"""Seekable views that containers are read through: a part of a file, and unpacked content.

Nothing here writes to a disk: plaintext lives in memory or is produced again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dlp.budget import Meter
from dlp.model import Source

CHUNK: Final = 64 * 2**10
"""Bytes asked for at a time."""
_FARTHEST: Final = 2**63 - 1
"""The largest offset that a file has (off_t); a ZIP64 field may claim twice that."""


def size_of(source: Source) -> int:
    """The length of a source in bytes; leaves it at its start."""
    size = source.seek(0, 2)
    source.seek(0)
    return size


def read_exactly(source: Source, offset: int, size: int) -> bytes:
    """Up to ``size`` bytes at ``offset``; fewer only at the end of the source."""
    if offset > _FARTHEST:
        return b""
    source.seek(offset)
    parts = []
    while size > 0 and (data := source.read(min(size, CHUNK))):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


class Window:
    """Bytes ``start`` to ``start + length`` of a source, as a source of its own."""

    def __init__(self, source: Source, start: int, length: int) -> None:
        self._source, self._start, self._length, self._at = source, start, length, 0

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes of the window."""
        left = max(self._length - self._at, 0)
        size = left if size < 0 else min(size, left)
        if size == 0:
            return b""
        # Several windows share one source, so its position is nobody's.
        self._source.seek(self._start + self._at)
        data = self._source.read(size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move as :meth:`io.IOBase.seek` does."""
        self._at = max(offset + (0, self._at, self._length)[whence], 0)
        return self._at

    def tell(self) -> int:
        """The position in the window."""
        return self._at


class Unpacked:
    """A seekable view of bytes that can only be produced from their start.

    Seeking back produces them again: time instead of memory. A parser reads forward, so this
    costs one pass; an archive inside a compressed member costs three (its directory stands last).
    The bytes skipped over are bounded by the inspection's time.
    """

    def __init__(self, produce: Callable[[], Iterator[bytes]], meter: Meter) -> None:
        self._produce, self._meter = produce, meter
        self._restart()

    def _restart(self) -> None:
        self._pieces = self._produce()
        self._piece, self._index, self._at, self._ended = b"", 0, 0, False

    def _more(self) -> bool:
        """Have at least one unread byte at hand, unless the end is reached."""
        while self._index >= len(self._piece):
            if self._ended:
                return False
            piece = next(self._pieces, None)
            self._ended = piece is None
            self._piece, self._index = piece or b"", 0
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes.

        Raises:
            NotReadableError: Whatever the producer found wrong.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        if size == 0 or not self._more():
            return b""
        data = self._piece[self._index : self._index + size]
        self._index += len(data)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move; backwards means producing everything before again.

        Raises:
            NotReadableError: Whatever the producer found wrong on the way.
        """
        if whence == 2:  # noqa: PLR2004 - io.SEEK_END
            drain(self, self._meter)
        target = max(offset + (self._at if whence else 0), 0)
        if target < self._at:
            self._restart()
        while self._at < target and self.read(min(target - self._at, CHUNK)):
            self._meter.check_time()
        return self._at

    def tell(self) -> int:
        """The position in the unpacked bytes."""
        return self._at


def drain(source: Source, meter: Meter) -> None:
    """Read on to the end, so that what follows the content (a checksum) is checked too.

    Raises:
        NotReadableError: Whatever the source found wrong.
    """
    while source.read(CHUNK):
        meter.check_time()
