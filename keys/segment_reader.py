"""Reading the segment cipher's format, with seeking; :mod:`keys.segments` describes it."""

from __future__ import annotations

import io
import os
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from keys.segment_format import (
    HEADER_SIZE,
    SEGMENT,
    TAG_SIZE,
    SegmentCipher,
    SegmentError,
    plaintext_size,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CACHED: Final = 2


class _At:
    """Reads at absolute offsets from a file object or a file descriptor."""

    __slots__ = ("_raw",)

    def __init__(self, raw: BinaryIO | int) -> None:
        self._raw = raw

    def size(self) -> int:
        if isinstance(self._raw, int):
            return os.fstat(self._raw).st_size
        return self._raw.seek(0, os.SEEK_END)

    def read(self, offset: int, size: int) -> bytes:
        """``size`` bytes, or fewer at the end only."""
        parts: list[bytes] = []
        while size > 0 and (part := self._once(offset, size)):
            parts.append(part)
            offset += len(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _once(self, offset: int, size: int) -> bytes:
        if isinstance(self._raw, int):
            # pread leaves the offset alone, which other processes may share.
            return os.pread(self._raw, size, offset)
        self._raw.seek(offset)
        return self._raw.read(size)


class SegmentReader(io.RawIOBase):
    """A finished file, decrypted in place: a seekable binary stream of its plaintext.

    The last segment is checked on opening, so :attr:`size` is authentic from the start and a file
    that was cut short or added to never yields a byte. Every other segment is checked when it is
    first read. Two decrypted segments are kept (the last one stays with an archive's directory
    while members are read), so memory is about 4 MiB whatever the file's size. Not for use by two
    threads at once.

    Args:
        raw: The ciphertext: a seekable binary file, or a file descriptor (read by ``pread``, its
            offset untouched). It stays the caller's to close.
        key: The 32-byte data key.
        aad: The associated data it was written under.
        size: Bytes of plaintext that the record says there are, or None.

    Raises:
        SegmentError: From the constructor and from every read.
    """

    def __init__(
        self, raw: BinaryIO | int, key: bytes, aad: bytes, *, size: int | None = None
    ) -> None:
        super().__init__()
        # First, since closing (which the collector does after a failure here too) uses it.
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._position = 0
        self._at = _At(raw)
        self._ciphertext_size = self._at.size()
        self._size = plaintext_size(self._ciphertext_size)
        if size is not None and size != self._size:
            raise SegmentError(f"{self._size} bytes of plaintext where {size} are on record")
        self._last = (self._ciphertext_size - 1) // SEGMENT
        self._cipher = SegmentCipher(key, aad, self._at.read(0, HEADER_SIZE))
        self._segment(self._last)

    @property
    def size(self) -> int:
        """Bytes of plaintext."""
        return self._size

    def _segment(self, index: int) -> bytes:
        """The plaintext of one segment, checked."""
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index]
        skip = HEADER_SIZE if index == 0 else 0
        ciphertext = self._at.read(index * SEGMENT + skip, SEGMENT - skip)
        plaintext = self._cipher.decrypt(index, index == self._last, ciphertext)
        while len(self._cache) >= _CACHED:
            self._cache.popitem(last=False)
        self._cache[index] = plaintext
        return plaintext

    def _piece(self, limit: int) -> memoryview:
        """Up to ``limit`` bytes from the position on, out of one segment; moves the position."""
        index, offset = divmod(self._position + HEADER_SIZE, SEGMENT - TAG_SIZE)
        if index == 0:
            offset -= HEADER_SIZE
        piece = memoryview(self._segment(index))[offset : offset + limit]
        self._position += len(piece)
        return piece

    def _left(self) -> int:
        self._check_open()
        return max(0, self._size - self._position)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def read(self, size: int | None = -1, /) -> bytes:
        """``size`` bytes, fewer at the end only; everything left for -1 or None."""
        left = self._left()
        wanted = left if size is None or size < 0 else min(size, left)
        pieces: list[memoryview] = []
        while wanted:
            pieces.append(self._piece(wanted))
            wanted -= len(pieces[-1])
        return bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)

    def readall(self) -> bytes:
        """Everything left."""
        return self.read()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill ``buffer``; less at the end only."""
        target = memoryview(buffer).cast("B")
        wanted = min(len(target), self._left())
        done = 0
        while done < wanted:
            piece = self._piece(wanted - done)
            target[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move; past the end is allowed and reads nothing there.

        Raises:
            ValueError: For a place before the start, or an unknown ``whence``.
        """
        self._check_open()
        bases = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}
        if whence not in bases:
            raise ValueError(f"whence must be 0, 1 or 2, not {whence}")
        if bases[whence] + offset < 0:
            raise ValueError("seek to before the start")
        self._position = bases[whence] + offset
        return self._position

    def tell(self) -> int:
        """The position in the plaintext, in bytes."""
        self._check_open()
        return self._position

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def close(self) -> None:
        """Forget the key and the plaintext; the raw file stays open."""
        if not self.closed:
            self._cache.clear()
            self.__dict__.pop("_cipher", None)
        super().close()


def read_prefix(raw: BinaryIO | int, key: bytes, aad: bytes) -> Iterator[bytes]:
    """The plaintext of each whole segment of an unfinished file, in order.

    For going on after a crash: what the database says is durable is re-encrypted under a fresh
    key. Bytes after the last whole segment are left out: without their tag nothing is known of
    them. The caller stops at what its record says is durable, since past that a crash may have
    left anything, and an iterator that stopped there raises nothing.

    Raises:
        SegmentError: At the first whole segment that isn't authentic, or for a wrong header.
    """
    at = _At(raw)
    size = at.size()
    cipher = SegmentCipher(key, aad, at.read(0, HEADER_SIZE))
    for index in range(size // SEGMENT):
        skip = HEADER_SIZE if index == 0 else 0
        ciphertext = at.read(index * SEGMENT + skip, SEGMENT - skip)
        yield _decrypt_unfinished(cipher, index, (index + 1) * SEGMENT == size, ciphertext)


def _decrypt_unfinished(
    cipher: SegmentCipher, index: int, at_end: bool, ciphertext: bytes
) -> bytes:
    """Decrypt a full segment; one at the very end may be a last one that was never committed."""
    try:
        return cipher.decrypt(index, False, ciphertext)
    except SegmentError:
        if not at_end:
            raise
        return cipher.decrypt(index, True, ciphertext)
