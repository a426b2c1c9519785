"""Where segments and elements start in a block, found for all of them at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dlp.parse.x12.delimiters import Delimiters
from dlp.parse.x12.table import GUIDES

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_SPARE: Final = 32
"""Bytes behind the block, so that eight can be read from any place in it."""
_SHORTEST: Final = 8

NAMES: Final = (b"", *sorted(GUIDES["837"]))
"""Segment names by number; 0 is any other."""
NUMBER: Final = {name: number for number, name in enumerate(NAMES)}
_MASKS: Final = np.array([2 ** (8 * size) - 1 for size in range(8)] + [2**64 - 1], dtype=np.uint64)


def key(word: bytes) -> int:
    """Up to eight bytes as the number that :meth:`Layout.keys` gives for them."""
    return int.from_bytes(word[:8], "little")


@lru_cache(maxsize=8)
def _names(element: bytes) -> tuple[int, NDArray[np.uint32], NDArray[np.uint8]]:
    """A perfect hash of the names: multiplier, name by hash, number by hash."""
    codes = {int.from_bytes((name + element)[:4], "little"): NUMBER[name] for name in NAMES[1:]}
    factor = 0x9E3779B1
    while len({(code * factor & 0xFFFFFFFF) >> 18 for code in codes}) < len(codes):
        factor += 2
    by_hash, numbers = np.zeros(2**14, np.uint32), np.zeros(2**14, np.uint8)
    for code, number in codes.items():
        place = (code * factor & 0xFFFFFFFF) >> 18
        by_hash[place], numbers[place] = code, number
    return factor, by_hash, numbers


def among(keys: NDArray[np.uint64], known: NDArray[np.uint64]) -> Mask:
    """Whether each is one of some sorted ones."""
    if not len(known):
        return np.zeros(len(keys), np.bool_)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    found: Mask = known[places] == keys
    return found


class Layout:
    """The segments of a block that ends with a terminator.

    Args:
        data: The block.
        marks: Its separators.

    Attributes:
        data: The block.
        starts: First byte of each segment, line ends before it skipped.
        ends: Its terminator.
        ids: Its name's number in :data:`NAMES`.
        sizes: Elements after its name.
    """

    def __init__(self, data: bytes, marks: Delimiters) -> None:
        self.data = data
        self._padded = data + bytes(_SPARE)
        self._upper: bytes | None = None
        array = np.frombuffer(data, np.uint8)
        ending, element = marks.terminator[0], marks.element[0]
        self._marks = np.flatnonzero((array == ending) | (array == element))
        terminators = np.flatnonzero(array[self._marks] == ending)
        self.ends = self._marks[terminators]
        self._first = np.empty_like(terminators)
        self._first[:1] = 0
        self._first[1:] = terminators[:-1] + 1
        self.sizes = terminators - self._first
        self.starts = np.empty_like(terminators)
        self.starts[:1] = 0
        self.starts[1:] = self.ends[:-1] + 1
        self._skip_line_ends(array, ending)
        self.ids = self._identify(marks.element)

    def __len__(self) -> int:
        return len(self.starts)

    def begin(self, segment: int) -> int:
        """The byte behind the terminator before a segment, or behind the last one's."""
        return int(self.ends[segment - 1]) + 1 if segment else 0

    def _skip_line_ends(self, array: NDArray[np.uint8], ending: int) -> None:
        if ending in b"\r\n":
            return
        for mark in b"\r\n":
            self.starts += array[self.starts] == mark

    def _words(self, width: str) -> NDArray[np.uint64]:
        size = len(self._padded) - _SHORTEST
        return np.ndarray((size,), width, self._padded, 0, (1,))

    def _identify(self, element: bytes) -> NDArray[np.uint8]:
        codes = self._words("<u4")[self.starts]
        mark = element[0]
        short = (codes >> np.uint32(16) & np.uint32(255)) == mark
        codes = np.where(short, codes & np.uint32(0xFFFFFF), codes)
        factor, by_hash, numbers = _names(element)
        places = (codes * np.uint32(factor)) >> np.uint32(18)
        found: NDArray[np.uint8] = np.where(by_hash[places] == codes, numbers[places], 0)
        return found.astype(np.uint8)

    def element(self, segments: Ints, number: int) -> tuple[Ints, Ints]:
        """First byte and length of an element of some segments; length 0 where they end before."""
        at = self._first[segments] + (number - 1)
        there = self.sizes[segments] >= number
        at = np.where(there, at, 0)
        starts = self._marks[at] + 1
        ends = self._marks[np.minimum(at + 1, len(self._marks) - 1)]
        return starts, np.where(there, ends - starts, 0)

    def keys(self, starts: Ints, lengths: Ints) -> NDArray[np.uint64]:
        """The first bytes, eight at most, as numbers."""
        masks = _MASKS[np.minimum(lengths, 8)]
        return self._words("<u8")[starts] & masks

    def words(self, starts: Ints) -> NDArray[np.uint8]:
        """The sixteen bytes from each place on, a row each; for :mod:`dlp.screen`."""
        numbers = self._words("<u8")
        return np.stack([numbers[starts], numbers[starts + 8]], axis=1).view(np.uint8)

    def upper_keys(self, starts: Ints, lengths: Ints) -> NDArray[np.uint64]:
        """As :meth:`keys`, of the block in upper case."""
        if self._upper is None:
            self._upper = self._padded.upper()
        words = np.ndarray((len(self._upper) - _SHORTEST,), "<u8", self._upper, 0, (1,))
        found: NDArray[np.uint64] = words[starts] & _MASKS[np.minimum(lengths, 8)]
        return found

    def value(self, segments: Ints, number: int) -> NDArray[np.uint64]:
        """An element's bytes as a number; 2**64 - 1 where they are more than seven."""
        starts, lengths = self.element(segments, number)
        keys = self.keys(starts, lengths)
        return np.where(lengths > 7, _MASKS[8], keys)  # noqa: PLR2004 - as said

    def of(self, name: bytes, low: int, high: int) -> Ints:
        """The segments of one name in a range."""
        return np.flatnonzero(self.ids[low:high] == NUMBER[name]) + low
