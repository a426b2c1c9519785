"""Which segments of a stretch the file's open text may speak of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dlp.detect.address_index import shortened
from dlp.detect.reading import words
from dlp.model import Category
from dlp.parse.x12.bulk.columns import Column
from dlp.parse.x12.bulk.glance import COMPARED, ZIP, Glance
from dlp.parse.x12.bulk.layout import NUMBER, Ints, Layout, Mask, among, key
from dlp.parse.x12.delimiters import Delimiters
from dlp.screen import WordScreen
from dlp.vocabulary import Vocabulary

_DAYS: Final = frozenset({Category.BIRTH_DATE, Category.DEATH_DATE, Category.SERVICE_DATE})
_LONGEST_HOUSE: Final = 6
"""Digits of a house number in a street that the bulk path takes."""
_MIDDLE: Final = 5
"""NM105, a middle name."""


def may_name_any(vocabulary: Vocabulary, marks: Delimiters, data: bytes) -> bool:
    """False only if :class:`Likely` finds nothing in a block, whose layout isn't asked for."""
    asked = _Asked.of(vocabulary)
    glance = asked.glances.get(marks) or asked.glances.setdefault(marks, Glance(vocabulary, marks))
    return glance.may_name(data)


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
        found += [
            self._with_neighbours(segments, regular, low) for segments in self._addressed(columns)
        ]
        return np.unique(np.concatenate(found))

    def _with_neighbours(self, segments: Ints, regular: Mask, low: int) -> Ints:
        """Street and city of one address together: each means something with the other alone."""
        around = np.unique(np.concatenate([segments - 1, segments, segments + 1]))
        around = around[(around >= low) & (around < low + len(regular))]
        kinds = self._layout.ids[around]
        which = (kinds == NUMBER[b"N3"]) | (kinds == NUMBER[b"N4"])
        found: Ints = around[which & regular[around - low]]
        return found

    def _known(self, starts: Ints, lengths: Ints) -> Mask:
        """Which names have a word that may be meant."""
        hits, unknown = self._asked.screen.may_name(self._layout.words(starts), lengths)
        several = np.flatnonzero(unknown)
        at = zip(starts[several].tolist(), lengths[several].tolist(), strict=True)
        names = [self._data[start : start + length] for start, length in at]
        hits[several] = self._asked.screen.may_name_part(names)
        return hits

    def _named(self, names: Ints) -> Ints:
        """Persons and providers: any word of any part of a name."""
        hits = np.zeros(len(names), np.bool_)
        for element in (3, 4, 5):
            starts, lengths = self._layout.element(names, element)
            # Nobody is known by an initial.
            some = np.flatnonzero(lengths > (element == _MIDDLE))
            hits[some] |= self._known(starts[some], lengths[some])
        found: Ints = names[hits]
        return found

    def _addressed(self, columns: list[Column]) -> Iterator[Ints]:
        """A street by its number and one more word, a city by its ZIP code."""
        ids = self._layout.ids
        for column in columns:
            if column.category is not Category.ADDRESS or not len(column.segments):
                continue
            if ids[column.segments[0]] == NUMBER[b"N3"]:
                yield column.segments[self._streets(column)]
            else:
                zips = self._layout.keys(column.starts, np.minimum(column.lengths, ZIP))
                yield column.segments[among(zips, self._asked.zips)]

    def _streets(self, column: Column) -> Ints:
        """The places in a column of streets whose number and one more word are in the text."""
        known = self._vocabulary.words
        hits = (self._layout.keys(column.starts, np.ones_like(column.starts)) | 32) == ord("p")
        for size, numbers in self._asked.houses.items():
            starts = self._layout.keys(column.starts, np.full_like(column.starts, size))
            hits |= among(starts, numbers)
        found = [
            place
            for place in np.flatnonzero(hits).tolist()
            if _is_street(self._text(column, place), known)
        ]
        return np.array(found, np.int64)

    def _text(self, column: Column, place: int) -> bytes:
        start = int(column.starts[place])
        return self._data[start : start + int(column.lengths[place])]

    def _days(self, column: Column) -> Mask:
        hits = among(
            self._layout.keys(column.starts, np.minimum(column.lengths, COMPARED)), self._asked.days
        )
        ranged = np.where(column.lengths > COMPARED, column.starts + COMPARED + 1, column.starts)
        return hits | among(
            self._layout.keys(ranged, np.full(len(ranged), COMPARED)), self._asked.days
        )

    def _ids(self, column: Column) -> Mask:
        """Compared by their last eight bytes, which leading zeros don't change."""
        sizes = np.minimum(column.lengths, COMPARED)
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
        self.screen = WordScreen(vocabulary)
        self.days = _sorted(key(b"%08d" % day) for day in vocabulary.days)
        self.ids = _sorted(
            ending for word in vocabulary.ids if word.isascii() for ending in _endings(word)
        )
        numbers = {word.encode() for word in vocabulary.words if word.isascii() and word.isdigit()}
        self.zips = _sorted(key(word) for word in numbers if len(word) == ZIP)
        sizes = {len(word) for word in numbers if len(word) <= _LONGEST_HOUSE}
        self.houses = {
            size + 1: _sorted(key(word + b" ") for word in numbers if len(word) == size)
            for size in sizes
        }
        self.glances: dict[Delimiters, Glance] = {}

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> _Asked:
        """The one made for this vocabulary as it is now."""
        last = cls._last
        if last is None or last[0] is not vocabulary or last[1] != len(vocabulary):
            last = cls._last = (vocabulary, len(vocabulary), cls(vocabulary))
        return last[2]


def _sorted(keys: Iterable[int]) -> NDArray[np.uint64]:
    return np.array(sorted(set(keys)), np.uint64)


def _endings(word: str) -> Iterator[int]:
    """The last eight bytes of an id, with the zeros that may stand before it."""
    raw = word.encode("ascii")
    for zeros in range(max(0, COMPARED - len(raw)) + 1):
        yield key((b"0" * zeros + raw)[-COMPARED:])
