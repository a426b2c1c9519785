"""Whom each segment of a block speaks of and in which loop it stands, for all of them at once.

The same rules as :class:`~dlp.parse.x12.walk.Walk` and the readers follow one segment at a time, as
arrays: what changes the state is an event, and the state anywhere is that of the last event before.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from dlp.model import Subject
from dlp.parse.x12.anchor import Anchor
from dlp.parse.x12.bulk.layout import NAMES, NUMBER, Ints, Layout, Mask, among, key
from dlp.parse.x12.people import ORGANISERS, PERSONS
from dlp.parse.x12.walk import Standing

_UNNAMED, _PERSON, _PROVIDER, _BACK = 1, 2, 3, 4
_PATIENT_LEVELS: Final = np.array(sorted(map(key, (b"22", b"23", b"PT"))), np.uint64)
_PERSON_LEVELS: Final = np.array(sorted(map(key, (b"22", b"23", b"PT", b"EV", b"SS"))), np.uint64)
_PERSON_CODES: Final = np.array(sorted(map(key, PERSONS)), dtype=np.uint64)
_PROVIDER_CODES: Final = np.array(sorted(map(key, ORGANISERS)), dtype=np.uint64)
_ABOUT_PERSON: Final = tuple(
    NUMBER[name] for name in b"CLM LX SV1 SV2 SV3 SV5 SV6 SVD CAS UM SBR".split()
)


class Loops:
    """The state at every segment of a range that lies inside loops of one claim set.

    Args:
        layout: The block.
        low: The range's first segment.
        high: One past its last.
        begin: The state before the first.
        offset: The block's first byte in the member.
    """

    def __init__(self, layout: Layout, low: int, high: int, begin: Standing, offset: int) -> None:
        self._layout, self._low, self._high, self._begin = layout, low, high, begin
        ids = layout.ids[low:high]
        self._levels = layout.of(b"HL", low, high)
        self._claims = layout.of(b"CLM", low, high)
        self._lines = layout.of(b"LX", low, high)
        self._tops = np.sort(np.concatenate([self._levels, self._claims]))
        names = layout.of(b"NM1", low, high)
        self.is_person = self._whose(names)
        self._subjects(ids, names)
        self._events(ids, names, offset)

    def _whose(self, names: Ints) -> Mask:
        """As :func:`dlp.parse.x12.people.nm1` tells persons from providers."""
        codes, kinds = self._layout.value(names, 1), self._layout.value(names, 2)
        found: Mask = among(codes, _PERSON_CODES) | (
            (kinds != key(b"2")) & ~among(codes, _PROVIDER_CODES)
        )
        return found

    def _subjects(self, ids: np.ndarray, names: Ints) -> None:
        subjects = _SUBJECT_OF_NAME[ids]
        levels = self._layout.value(self._levels, 3)
        self._level_values = levels
        subjects[self._levels - self._low] = np.where(among(levels, _PERSON_LEVELS), 1, 2)
        subjects[names - self._low] = np.where(self.is_person, 1, 2)
        self._changes = np.flatnonzero(subjects) + self._low
        first = 1 if self._begin.subject is Subject.PERSON else 2
        self._whom = np.concatenate([[first], subjects[self._changes - self._low]])

    def speaks_of_person(self, segments: Ints) -> Mask:
        """Whether a person is in force before each of some segments."""
        found: Mask = self._whom[np.searchsorted(self._changes, segments)] == 1
        return found

    def _events(self, ids: np.ndarray, names: Ints, offset: int) -> None:
        kinds = np.zeros(len(ids), np.uint8)
        low, begin = self._low, self._begin
        kinds[self._claims - low] = kinds[self._lines - low] = _BACK
        kinds[names - low] = np.where(self.is_person, _PERSON, _PROVIDER)
        patients = among(self._level_values, _PATIENT_LEVELS)
        kinds[self._levels[patients] - low] = _UNNAMED
        others = self._layout.of(b"SBR", low, self._high)
        kinds[others[~self._in_level(others)] - low] = _UNNAMED
        self._at = np.flatnonzero(kinds) + low
        kinds = kinds[self._at - low]
        own = self._layout.starts[self._at] + (offset + 1)
        self._unnamed = np.concatenate([[begin.unnamed], kinds == _UNNAMED])
        value = np.where(
            self._unnamed[:-1] & (kinds == _PERSON), np.concatenate([[begin.person], own[:-1]]), own
        )
        kept = np.zeros(len(kinds), np.bool_)
        people = np.flatnonzero(kinds == _PERSON)
        kept[people] = self._in_level(self._at[people])
        self._patients = _latest(value, kept, begin.patient)
        value = np.where(kinds == _BACK, self._patients[:-1], value)
        self._people = _latest(value, kinds != _PROVIDER, begin.person)
        self._records = _latest(value, kinds != _BACK, begin.records)

    def _in_level(self, segments: Ints) -> Mask:
        """Whether the loop of some segments is an HL's, not a claim's."""
        places = np.searchsorted(self._tops, segments, "right")
        is_level = np.concatenate(
            [[self._begin.anchor.top == b"HL"], self._layout.ids[self._tops] == NUMBER[b"HL"]]
        )
        found: Mask = is_level[places]
        return found

    def before(self, segment: int) -> Standing:
        """The state at a segment: its loop and its ordinal counted, its reader not yet run."""
        event = int(np.searchsorted(self._at, segment))
        subject = self._whom[int(np.searchsorted(self._changes, segment))]
        anchor, start = self._anchor(segment)
        return Standing(
            Subject.PERSON if subject == 1 else Subject.PROVIDER,
            int(self._records[event]), int(self._people[event]), int(self._patients[event]),
            bool(self._unnamed[event]), anchor, self._counted(anchor, start, segment), {},
        )  # fmt: skip

    def _anchor(self, segment: int) -> tuple[Anchor, int]:
        """The loop that a segment stands in or opens, and the loop's first segment (or -1)."""
        carried = self._begin.anchor
        tops = int(np.searchsorted(self._tops, segment, "right"))
        top = int(self._tops[tops - 1]) if tops else -1
        name, ordinal = carried.top, carried.top_ordinal
        if tops:
            name = NAMES[self._layout.ids[top]]
            same = self._levels if name == b"HL" else self._claims
            ordinal = int(np.searchsorted(same, top, "right"))
            ordinal += self._begin.set_counts.get(name, 0)
        lines = int(np.searchsorted(self._lines, segment, "right"))
        sub = lines - int(np.searchsorted(self._lines, top))
        start = int(self._lines[lines - 1]) if sub else top
        if not tops:
            sub += carried.sub_ordinal
        if not sub:
            return Anchor(carried.prefix, name, ordinal), start
        return Anchor(carried.prefix, name, ordinal, b"LX", sub), start

    def _counted(self, anchor: Anchor, start: int, segment: int) -> dict[bytes, int]:
        """The ordinal of one segment, by its name."""
        number = self._layout.ids[segment]
        name = NAMES[number]
        if start == segment:
            return {name: anchor.sub_ordinal or anchor.top_ordinal}
        low = start + 1 if start >= 0 else self._low
        count = int(np.count_nonzero(self._layout.ids[low : segment + 1] == number))
        return {name: count + (self._begin.counts.get(name, 0) if start < 0 else 0)}

    def end(self) -> Standing:
        """The state after the last segment, with all that a walk counts."""
        last = self._high - 1
        anchor, start = self._anchor(last)
        subject, event = self._whom[-1], len(self._at)
        low = start + 1 if start >= 0 else self._low
        numbers = np.bincount(self._layout.ids[low : self._high])
        counts = {} if start >= 0 else dict(self._begin.counts)
        for number in np.flatnonzero(numbers):
            name = NAMES[number]
            counts[name] = counts.get(name, 0) + int(numbers[number])
        set_counts = dict(self._begin.set_counts)
        for name, found in ((b"HL", self._levels), (b"CLM", self._claims)):
            if len(found):
                set_counts[name] = set_counts.get(name, 0) + len(found)
        return Standing(
            Subject.PERSON if subject == 1 else Subject.PROVIDER,
            int(self._records[event]), int(self._people[event]), int(self._patients[event]),
            bool(self._unnamed[event]), anchor, counts, set_counts,
        )  # fmt: skip


def _latest(values: Ints, which: Mask, first: int) -> Ints:
    """Before each event and after the last: the value of the last event of some kind."""
    places = np.where(which, np.arange(1, len(values) + 1), 0)
    latest = np.concatenate([[0], np.maximum.accumulate(places)]) if len(values) else [0]
    found: Ints = np.concatenate([[first], values])[latest]
    return found


_SUBJECT_OF_NAME: Final = np.zeros(256, np.uint8)
_SUBJECT_OF_NAME[list(_ABOUT_PERSON)] = 1
