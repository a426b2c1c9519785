"""A piece of a member that is asked for again: kept in memory, or read again from where it came."""

from __future__ import annotations

from dlp.model import NotReadableError, Obstacle, Source
from dlp.streams import read_exactly


class Piece:
    """Bytes of a member.

    Args:
        data: The bytes.
        offset: The first one's place in the member.
        source: The member, if it can still be read once its reader is done; else the bytes are
            kept. A file of any size is then inspected in the same memory.
    """

    def __init__(self, data: bytes, offset: int, source: Source | None) -> None:
        self._data: bytes | None = data
        self._size, self.offset, self._source = len(data), offset, source

    @property
    def weight(self) -> int:
        """Bytes of memory once released."""
        return 0 if self._source else self._size

    def release(self) -> None:
        """Let go of the bytes if they can be read again."""
        if self._source is not None:
            self._data = None

    def bytes(self) -> bytes:
        """All of it.

        Raises:
            NotReadableError: The file isn't what it was.
            OSError: The source can't be read.
        """
        if self._data is not None:
            return self._data
        assert self._source is not None  # noqa: S101 - released only then
        data = read_exactly(self._source, self.offset, self._size)
        if len(data) < self._size:
            raise NotReadableError(Obstacle.MALFORMED, "the file changed while it was inspected")
        return data
