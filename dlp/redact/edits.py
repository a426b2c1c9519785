"""Edits, and a file as it reads with them made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from dlp.model import Source
from dlp.streams import size_of


class Edit(NamedTuple):
    """Bytes to replace.

    Attributes:
        offset: The first one.
        length: How many.
        new: What stands there afterwards.
    """

    offset: int
    length: int
    new: bytes

    @property
    def end(self) -> int:
        """One past the last byte replaced."""
        return self.offset + self.length


def merged(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Edits in order, none over another: of two that overlap the longer one's text stays.

    What either covers is replaced, so nothing of a value is left over.
    """
    out: list[Edit] = []
    for edit in sorted(set(edits), key=lambda e: (e.offset, -e.length)):
        if out and edit.offset < out[-1].end:
            last = out[-1]
            end = max(last.end, edit.end)
            new = max(last, edit, key=lambda e: e.length).new
            out[-1] = Edit(last.offset, end - last.offset, new)
        else:
            out.append(edit)
    return tuple(out)


class Redacted:
    """A source with edits made; seekable, and in memory no larger than what is read at once.

    Args:
        source: The original; nobody else may move it.
        edits: In order, none over another (:func:`merged`).

    Raises:
        ValueError: The edits aren't so, or don't lie in the source.
    """

    def __init__(self, source: Source, edits: tuple[Edit, ...]) -> None:
        self._source, self._edits, self._at = source, edits, 0
        self._original = size_of(source)
        _check(edits, self._original)
        grown = accumulate((len(e.new) - e.length for e in edits), initial=0)
        self._shifts = tuple(grown)
        #: Where each edit's text begins in what is read here.
        self._starts = [e.offset + s for e, s in zip(edits, self._shifts, strict=False)]
        self._size = self._original + self._shifts[-1]

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes of the redacted file."""
        left = max(self._size - self._at, 0)
        wanted = left if size < 0 else min(size, left)
        parts = []
        while wanted > 0 and (piece := self._piece(wanted)):
            parts.append(piece)
            self._at += len(piece)
            wanted -= len(piece)
        return b"".join(parts)

    def _piece(self, wanted: int) -> bytes:
        """Some of the bytes at the present position, from one side of an edit's border."""
        index = bisect_right(self._starts, self._at) - 1
        if index >= 0:
            new = self._edits[index].new[self._at - self._starts[index] :]
            if new:
                return new[:wanted]
        ahead = self._starts[index + 1] if index + 1 < len(self._starts) else self._size
        self._source.seek(self._at - self._shifts[index + 1])
        return self._source.read(min(wanted, ahead - self._at))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move as :meth:`io.IOBase.seek` does."""
        self._at = max(offset + (0, self._at, self._size)[whence], 0)
        return self._at

    def tell(self) -> int:
        """The position in the redacted file."""
        return self._at


def _check(edits: tuple[Edit, ...], size: int) -> None:
    end = 0
    for edit in edits:
        if edit.offset < end or edit.length < 0 or edit.end > size:
            raise ValueError("edits overlap, or lie outside of the file")
        end = edit.end
