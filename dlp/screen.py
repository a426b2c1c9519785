"""Which of many words some open text may mean, one typing error allowed, by the column.

What :meth:`dlp.vocabulary.Vocabulary.may_name` answers for one word, as arithmetic on arrays: a
word is the number that its letters make, and leaving a letter out is a subtraction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dlp.detect.reading import words
from dlp.detect.typos import MIN_LENGTH, deletions
from dlp.vocabulary import Vocabulary

WIDTH: Final = 16
"""Letters of the longest word that is compared here."""
_CASE: Final = np.uint8(0x20)
_LOW, _SPAN = np.uint8(ord("a")), np.uint8(26)
_FACTOR: Final = 0x9E3779B97F4A7C15
_BACK: Final = np.uint64(pow(_FACTOR, -1, 2**64))
_POWERS: Final = np.array([pow(_FACTOR, place, 2**64) for place in range(WIDTH)], np.uint64)
_PLACES: Final = np.arange(WIDTH)
_SPARE_BITS: Final = 6
"""So few of the slots are taken (one in 64) that most words are done with one look."""
_MOST_BITS: Final = 21
_MOST_KNOWN: Final = 20_000

Words = NDArray[np.uint8]
"""A row a word: its bytes, in either case, zeros behind them; :data:`WIDTH` wide."""
Mask = NDArray[np.bool_]
_Numbers = NDArray[np.uint64]


class _Set:
    """Numbers, asked for by the million."""

    def __init__(self, words: Iterable[str]) -> None:
        short = (word for word in words if word.isascii() and len(word) <= WIDTH)
        self._sorted = np.unique(np.fromiter(map(_number, short), np.uint64))
        bits = min(max(len(self._sorted), 1).bit_length() + _SPARE_BITS, _MOST_BITS)
        self._shift = np.uint64(64 - bits)
        self._slots = np.zeros(1 << bits, np.bool_)
        self._slots[self._slot(self._sorted)] = True

    def _slot(self, numbers: _Numbers) -> NDArray[np.int64]:
        return (numbers * np.uint64(_FACTOR) >> self._shift).astype(np.int64)

    def has(self, numbers: _Numbers) -> Mask:
        """Which of them are in the set."""
        found = self._slots[self._slot(numbers)]
        some = numbers[found]
        if len(some):
            places = np.searchsorted(self._sorted, some)
            found[found] = self._sorted[np.minimum(places, len(self._sorted) - 1)] == some
        return found


class WordScreen:
    """A vocabulary's words, and what a typing error makes of them.

    Args:
        vocabulary: The open text; as it is now.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._known: dict[bytes, bool] = {}
        self._words = _Set(vocabulary.words)
        long = (word for word in vocabulary.words if len(word) >= MIN_LENGTH - 1)
        self._misspelt = _Set(part for word in long for part in deletions(word))

    def may_name(self, columns: Words, lengths: NDArray[np.int64]) -> tuple[Mask, Mask]:
        """Which words may be meant, and which can't be told here.

        Args:
            columns: A row a word.
            lengths: Bytes of each, those beyond :data:`WIDTH` counted.

        Returns:
            For every word whether it may be meant; and whether it holds anything but the letters
            A to Z, or is too long, so that the first answer says nothing.
        """
        lower = columns | _CASE
        inside = lengths[:, None] > _PLACES
        other = (lower - _LOW >= _SPAN) & inside
        unknown = other.any(axis=1) | (lengths > WIDTH)
        values = np.where(inside, lower, 0).astype(np.uint64) * _POWERS
        sums = np.cumsum(values, axis=1, dtype=np.uint64)
        whole = sums[:, -1]
        found = self._words.has(whole)
        long = np.flatnonzero(lengths >= MIN_LENGTH)
        left_out = (sums - values)[long] + (whole[long, None] - sums[long]) * _BACK
        left_out = np.where(inside[long], left_out, whole[long, None])
        found[long] |= self._misspelt.has(whole[long]) | self._misspelt.has(left_out).any(axis=1)
        return found & ~unknown, unknown

    def may_name_part(self, names: Sequence[bytes]) -> list[bool]:
        """Whether any word of each name may be meant, or all of them written as one.

        Payers' names come again and again: an answer is kept.
        """
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        new = [*set(names).difference(self._known)]
        self._known.update(zip(new, self._of_parts(new), strict=True))
        return [self._known[name] for name in names]

    def _of_parts(self, names: Sequence[bytes]) -> list[bool]:
        owners: list[int] = []
        parts: list[str] = []
        for owner, name in enumerate(names):
            written = words(name.decode("latin-1"))
            several = ("".join(written),) if len(written) > 1 else ()
            parts += (*written, *several)
            owners += [owner] * (len(written) + len(several))
        hits = np.zeros(len(names), np.bool_)
        hits[np.array(owners, np.int64)[self._any(parts)]] = True
        return hits.tolist()

    def _any(self, parts: Sequence[str]) -> Mask:
        """As :meth:`may_name`, for words of any kind."""
        raw = [part.encode() for part in parts]
        rows = b"".join(each[:WIDTH].ljust(WIDTH, b"\0") for each in raw)
        columns = np.frombuffer(rows, np.uint8).reshape(-1, WIDTH)
        found, unknown = self.may_name(columns, np.array([*map(len, raw)], np.int64))
        for place in np.flatnonzero(unknown).tolist():
            found[place] = self._vocabulary.may_name(parts[place])
        return found


def _number(word: str) -> int:
    """What :meth:`WordScreen.may_name` makes of a word's letters."""
    whole = sum(ord(c) * pow(_FACTOR, place, 2**64) for place, c in enumerate(word))
    return whole % 2**64
