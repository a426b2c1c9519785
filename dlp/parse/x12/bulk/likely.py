"""Which segments of a stretch the file's open text may speak of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from dlp.detect.address_index import shortened
from dlp.detect.reading import words
from dlp.model import Category
from dlp.parse.x12.bulk.columns import Column
from dlp.parse.x12.bulk.layout import NUMBER, Ints, Layout, Mask, among, key
from dlp.vocabulary import Vocabulary

_DAYS: Final = frozenset({Category.BIRTH_DATE, Category.DEATH_DATE, Category.SERVICE_DATE})
_SHORT: Final = 8
_MIDDLE: Final = 5
"""NM105, a middle name."""


class Likely:
    """Compares the columns of one stretch with the words, ids and days of open text.

    Args:
        layout: The block.
        vocabulary: The open text.
    """

    def __init__(self, layout: Layout, vocabulary: Vocabulary) -> None:
        self._layout, self._data = layout, layout.data
        self._vocabulary = vocabulary
        self._asked = _Asked.of(vocabulary)

    def among(self, columns: list[Column], regular: Mask, low: int) -> Ints:
        """The segments, in order, each once."""
        found: list[Ints] = [np.empty(0, np.int64)]
        for column in columns:
            if column.category in _DAYS:
                found.append(column.segments[self._days(column)])
            elif not column.system and column.category not in (Category.NAME, Category.ADDRESS):
                found.append(column.segments[self._ids(column)])
        names = self._layout.of(b"NM1", low, low + len(regular))
        found.append(self._named(names[regular[names - low]]))
        for segments in self._addressed(columns):
            found.append(self._with_neighbours(segments, regular, low))
        return np.unique(np.concatenate(found))

    def _with_neighbours(self, segments: Ints, regular: Mask, low: int) -> Ints:
        """Street and city of one address together: each means something with the other alone."""
        around = np.unique(np.concatenate([segments - 1, segments, segments + 1]))
        around = around[(around >= low) & (around < low + len(regular))]
        kinds = self._layout.ids[around]
        which = (kinds == NUMBER[b"N3"]) | (kinds == NUMBER[b"N4"])
        found: Ints = around[which & regular[around - low]]
        return found

    def _values(self, starts: Ints, lengths: Ints) -> list[bytes]:
        data = self._data
        return [
            data[at : at + size] for at, size in zip(starts.tolist(), lengths.tolist(), strict=True)
        ]

    def _named(self, names: Ints) -> Ints:
        """Persons and providers: any word of any part of a name."""
        hits = np.zeros(len(names), np.bool_)
        for element in (3, 4, 5):
            starts, lengths = self._layout.element(names, element)
            # Nobody is known by an initial.
            some = np.flatnonzero(lengths > (element == _MIDDLE))
            values = self._values(starts[some], lengths[some])
            known = self._asked.names(set(values))
            if known:
                hits[some] |= np.fromiter(map(known.__contains__, values), np.bool_, len(values))
        found: Ints = names[hits]
        return found

    def _addressed(self, columns: list[Column]) -> Iterator[Ints]:
        """A street by its number and one more word, a city by its ZIP code."""
        known = self._vocabulary.words
        ids = self._layout.ids
        for column in columns:
            if column.category is not Category.ADDRESS or not len(column.segments):
                continue
            values = self._values(column.starts, column.lengths)
            if ids[column.segments[0]] == NUMBER[b"N3"]:
                hits = [_is_street(value, known) for value in values]
            else:
                hits = [value[:5].decode("ascii", "replace") in known for value in values]
            yield column.segments[np.array(hits, np.bool_)]

    def _days(self, column: Column) -> Mask:
        hits = among(
            self._layout.keys(column.starts, np.minimum(column.lengths, _SHORT)), self._asked.days
        )
        ranged = np.where(column.lengths > _SHORT, column.starts + _SHORT + 1, column.starts)
        return hits | among(
            self._layout.keys(ranged, np.full(len(ranged), _SHORT)), self._asked.days
        )

    def _ids(self, column: Column) -> Mask:
        """Compared by their last eight bytes, which leading zeros don't change."""
        sizes = np.minimum(column.lengths, _SHORT)
        keys = self._layout.upper_keys(column.starts + column.lengths - sizes, sizes)
        return among(keys, self._asked.ids)


def _is_street(value: bytes, known: set[str]) -> bool:
    first = value.partition(b" ")[0].decode("ascii", "replace")
    if first in known:
        return any(shortened(word) in known for word in words(value.decode("latin-1"))[1:])
    parts = words(value.decode("latin-1")) if not first.isdigit() else ()
    return any(part.isdigit() and part in known for part in parts)


class _Asked:
    """A vocabulary's answers in the form that columns are compared with; the last one's kept."""

    _last: tuple[Vocabulary, int, _Asked] | None = None

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._names: dict[bytes, bool] = {}
        days = [key(b"%08d" % day) for day in vocabulary.days]
        self.days = np.array(sorted(days), np.uint64)
        endings = {ending for word in vocabulary.ids if word.isascii() for ending in _endings(word)}
        self.ids = np.array(sorted(endings), np.uint64)

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> _Asked:
        """The one made for this vocabulary as it is now."""
        last = cls._last
        if last is None or last[0] is not vocabulary or last[1] != len(vocabulary):
            last = cls._last = (vocabulary, len(vocabulary), cls(vocabulary))
        return last[2]

    def names(self, values: set[bytes]) -> set[bytes]:
        """Those of which some word may be meant."""
        if len(self._names) > 200_000:  # noqa: PLR2004 - some 20 MB
            self._names.clear()
        known = self._names
        for value in values:
            if value not in known:
                known[value] = self._may_be(value)
        return {value for value in values if known[value]}

    def _may_be(self, value: bytes) -> bool:
        parts = words(value.decode("latin-1"))
        joined = ("".join(parts),) if len(parts) > 1 else ()
        return any(map(self._vocabulary.may_name, (*parts, *joined)))


def _endings(word: str) -> Iterator[int]:
    """The last eight bytes of an id, with the zeros that may stand before it."""
    raw = word.encode("ascii")
    for zeros in range(max(0, _SHORT - len(raw)) + 1):
        yield key((b"0" * zeros + raw)[-_SHORT:])
