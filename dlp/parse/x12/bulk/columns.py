"""The fields of regular segments by column: which elements hold what, how many, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlp.batch import Kind
from dlp.detect.protected import ProtectedCodes
from dlp.model import Carrier, Category, Label
from dlp.parse.x12.bulk.grammar import PATIENTS
from dlp.parse.x12.bulk.layout import Ints, Layout, Mask, among, key
from dlp.parse.x12.bulk.loops import Loops
from dlp.parse.x12.care import CARE_DATES, COVERAGE_DATES, DEATH_DATES
from dlp.parse.x12.references import PERSONS

LONGEST: Final = 60
"""Bytes of a field that is taken by its position; a longer one may have to be read."""
_MOST_WORDS: Final = 5
_SHORTEST_SENTENCE: Final = 2 * _MOST_WORDS
_SEEN: Final = 16
_CARD_LENGTHS: Final = (15, 16)
_HIDDEN: Final = 8
_START: Final = 3
"""Bytes of a code that tell whether it is worth looking up."""
_MOST_KNOWN: Final = 50_000

_REFS: Final = {
    category: np.array(
        sorted(key(code) for code, its in PERSONS.items() if its is category), np.uint64
    )
    for category in sorted(set(PERSONS.values()))
}
PERSON_REFS: Final = "|".join(sorted(code.decode() for code in PERSONS))
_DATES: Final = {
    category: np.array(sorted(map(key, codes)), np.uint64)
    for category, codes in (
        (Category.SERVICE_DATE, CARE_DATES),
        (Category.OTHER_DATE, COVERAGE_DATES - CARE_DATES),
        (Category.DEATH_DATE, DEATH_DATES),
    )
}
_PATIENTS: Final = np.array(sorted(key(code.encode()) for code in PATIENTS), np.uint64)


class Column(NamedTuple):
    """Fields of one category: their segments, first bytes and lengths (some may be empty)."""

    category: Category
    segments: Ints
    starts: Ints
    lengths: Ints
    system: str = ""

    def take(self, which: Ints | Mask) -> Column:
        """Some of the fields."""
        return self._replace(
            segments=self.segments[which], starts=self.starts[which], lengths=self.lengths[which]
        )


def columns(layout: Layout, loops: Loops, low: int, high: int) -> Iterator[Column]:
    """Every field that is a finding by its position, of all segments that may be regular."""
    yield from identities(layout, loops, low, high)
    yield from _codes(layout, low, high)


def identities(layout: Layout, loops: Loops, low: int, high: int) -> Iterator[Column]:
    """Those of them that say who somebody is."""
    yield from _people(layout, loops, low, high)
    yield from _numbers(layout, low, high)
    yield from _dates(layout, low, high)


def _of(
    layout: Layout, category: Category, segments: Ints, *elements: int, system: str = ""
) -> Iterator[Column]:
    for element in elements:
        yield Column(category, segments, *layout.element(segments, element), system)


def _people(layout: Layout, loops: Loops, low: int, high: int) -> Iterator[Column]:
    names = layout.of(b"NM1", low, high)
    patients = names[among(layout.value(names, 1), _PATIENTS)]
    yield from _of(layout, Category.NAME, patients, 3, 4, 5, 7)
    yield from _of(layout, Category.MEMBER_ID, patients, 9)
    for name, elements in ((b"N3", (1, 2)), (b"N4", (1, 2, 3))):
        places = layout.of(name, low, high)
        places = places[loops.speaks_of_person(places)]
        yield from _of(layout, Category.ADDRESS, places, *elements)
    yield from _of(layout, Category.BIRTH_DATE, layout.of(b"DMG", low, high), 2)


def _numbers(layout: Layout, low: int, high: int) -> Iterator[Column]:
    yield from _of(layout, Category.MEMBER_ID, layout.of(b"SBR", low, high), 3)
    yield from _of(layout, Category.ACCOUNT_NUMBER, layout.of(b"CLM", low, high), 1)
    references = layout.of(b"REF", low, high)
    qualifiers = layout.value(references, 1)
    for category, codes in _REFS.items():
        yield from _of(layout, category, references[among(qualifiers, codes)], 2)


def _dates(layout: Layout, low: int, high: int) -> Iterator[Column]:
    dates = layout.of(b"DTP", low, high)
    codes = layout.value(dates, 1)
    for category, wanted in _DATES.items():
        yield from _of(layout, category, dates[among(codes, wanted)], 3)


def _codes(layout: Layout, low: int, high: int) -> Iterator[Column]:
    diagnoses = layout.of(b"HI", low, high)
    for element in range(1, 13):
        diagnoses = diagnoses[layout.sizes[diagnoses] >= element]
        if not len(diagnoses):
            break
        starts, lengths = layout.element(diagnoses, element)
        # All of its qualifiers have three letters (ABK), and one code follows them.
        yield Column(Category.DIAGNOSIS, diagnoses, starts + 4, lengths - 4, "icd10cm")
    for name, element in ((b"SV1", 1), (b"SV2", 2), (b"SVD", 3)):
        yield from _procedures(layout, layout.of(name, low, high), element)
    dental = layout.of(b"SV3", low, high)
    starts, lengths = layout.element(dental, 1)
    yield Column(Category.PROCEDURE, dental, starts + 3, np.minimum(lengths - 3, 5), "cdt")
    revenue = layout.of(b"SV2", low, high)
    yield from _of(layout, Category.PROCEDURE, revenue, 1, system="revenue")
    yield from _of(layout, Category.MEDICATION, layout.of(b"LIN", low, high), 3, system="ndc")


def _procedures(layout: Layout, segments: Ints, element: int) -> Iterator[Column]:
    """Composites ``HC:99213:25``: the code has five places always."""
    starts, lengths = layout.element(segments, element)
    segments, starts, lengths = (each[lengths > 0] for each in (segments, starts, lengths))
    starts, lengths = starts + 3, np.minimum(lengths - 3, 5)
    first = layout.keys(starts, np.minimum(lengths, 1))
    digit = (first >= ord("0")) & (first <= ord("9"))
    for which, system in ((digit, "cpt"), (~digit, "hcpcs")):
        yield Column(Category.PROCEDURE, segments[which], starts[which], lengths[which], system)


_NUMBERED: Final = frozenset(
    {Category.MEMBER_ID, Category.ACCOUNT_NUMBER, Category.CLAIM_NUMBER, Category.OTHER_ID}
    | {Category.MEDICAL_RECORD_NUMBER}
)


def suspicious(layout: Layout, column: Column) -> Ints:
    """The segments whose field may be more than its position says.

    Too long, a card's length, or a name of more words than the walker takes for one.
    """
    odd: Mask = column.lengths > LONGEST
    if column.category is Category.NAME:
        odd |= _is_sentence(layout, column)
    if column.category in _NUMBERED:
        shortest, longest = _CARD_LENGTHS
        odd |= (column.lengths >= shortest) & (column.lengths <= longest)
    found: Ints = column.segments[odd]
    return found


def _is_sentence(layout: Layout, column: Column) -> Mask:
    """Which names have more words than the walker takes for a name."""
    odd = np.zeros(len(column.lengths), np.bool_)
    long = np.flatnonzero(column.lengths > _SHORTEST_SENTENCE)
    blanks = (layout.words(column.starts[long]) == ord(" ")).sum(axis=1)
    # What follows a shorter field is counted too: too many, never too few.
    for place in long[(blanks >= _MOST_WORDS) | (column.lengths[long] > _SEEN)].tolist():
        odd[place] = _text(layout, column, place).count(b" ") >= _MOST_WORDS
    return odd


class CodeBook:
    """Protected classes of codes met before; a file has a few thousand different ones.

    Args:
        protected: Asked for each code once.
        asks_names: Whether a name of several words may be one that the site lists as no PHI.
    """

    def __init__(self, protected: ProtectedCodes, *, asks_names: bool = False) -> None:
        self._protected, self.asks_names = protected, asks_names
        self._known: dict[tuple[str, bytes], tuple[Label, ...]] = {}
        self._starts: dict[str, NDArray[np.uint64]] = {}

    def of(self, system: str, code: bytes) -> tuple[Label, ...]:
        """The labels of one code."""
        known = self._known.get((system, code))
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            text = code.decode("ascii")
            known = self._known[system, code] = self._protected.labels(system, text)
        return known

    def split(self, layout: Layout, column: Column) -> Iterator[tuple[Kind, Mask | None]]:
        """The kinds in a column without empty fields, and which of its fields are of each."""
        if not column.system:
            yield Kind(Carrier.IDENTIFIER_FIELD, column.category), None
            return
        marked = np.flatnonzero(self._may_have(layout, column))
        if not len(marked):
            yield Kind(Carrier.IDENTIFIER_FIELD, column.category), None
            return
        some = column.take(marked)
        keys = _keys(layout, some)
        _, firsts, groups = np.unique(keys, return_index=True, return_inverse=True)
        labels = [self.of(column.system, _text(layout, some, first)) for first in firsts]
        numbers = {each: number for number, each in enumerate(dict.fromkeys([(), *labels]))}
        kinds = np.zeros(len(column.segments), np.uint8)
        kinds[marked] = np.array([numbers[each] for each in labels], np.uint8)[groups]
        for each, number in numbers.items():
            yield Kind(Carrier.IDENTIFIER_FIELD, column.category, each), kinds == number

    def _may_have(self, layout: Layout, column: Column) -> Mask:
        """Which codes start like a protected one: few do, and only those are looked up."""
        starts = self._starts.get(column.system)
        if starts is None:
            words = {word.encode("ascii") for word in self._protected.starts(column.system)}
            starts = self._starts[column.system] = np.array(sorted(map(key, words)), np.uint64)
        keys = layout.keys(column.starts, np.minimum(column.lengths, _START))
        return among(keys, starts) | among(keys & np.uint64(0xFFFF), starts)


def _keys(layout: Layout, column: Column) -> NDArray[np.uint64]:
    """One number for each code: up to eight bytes whole, of longer ones their place."""
    keys = layout.keys(column.starts, column.lengths)
    long = column.lengths > _HIDDEN
    # No code starts with two bytes of 255, so a place there is never taken for one.
    places = column.starts.astype(np.uint64) | np.uint64(0xFFFF << 48)
    return np.where(long, places, keys)


def _text(layout: Layout, column: Column, index: int) -> bytes:
    start = int(column.starts[index])
    return layout.data[start : start + int(column.lengths[index])]
