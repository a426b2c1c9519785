"""The words, numbers and dates of a file's open text, to ask of a million fields which ones matter.

The dictionary of a file's people is large, its open text is small. So the text is collected first,
and only those people are learned whom some word of it may name: memory follows the text, not the
number of patients. Every answer may say yes too often, never no too often.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import numpy as np

from dlp.detect.address_index import shortened
from dlp.detect.dates import find_dates, parse_date
from dlp.detect.id_index import EMAIL, SHORTEST
from dlp.detect.name_index import MOST_JOINED, PARTICLES
from dlp.detect.reading import Reading, seen, words
from dlp.detect.typos import MIN_LENGTH, deletions
from dlp.detect.values import identifier, phone
from dlp.model import Category, Passage

_RUNS: Final = re.compile(r"[0-9A-Za-z]+")
_MOST_RUNS: Final = 6
"""As many pieces as :class:`~dlp.detect.id_index.IdIndex` joins to one id."""
_LONGEST_ID: Final = 48
_PHONES: Final = frozenset({Category.PHONE, Category.FAX})
_DATES: Final = frozenset({Category.BIRTH_DATE, Category.DEATH_DATE, Category.SERVICE_DATE})
_MOST_SEEN: Final = 20_000
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Vocabulary:
    """Everything that some open text may say of somebody.

    Args:
        texts: The first open passages of a file; :meth:`add` takes the others.

    Attributes:
        words: As :func:`dlp.detect.reading.words` gives them (lower case, no accents), streets
            and directions also in their short form, and "de la Cruz" also as one.
        ids: Letters and digits in upper case, of up to six neighbouring pieces, with and without
            leading zeros, a country code, and a prefix of letters; none too short to be known by.
        days: Every day that a date in the text may mean, as ``yyyymmdd``.
        emails: In lower case.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.words: set[str] = set()
        self.ids: set[str] = set()
        self.days: set[int] = set()
        self.emails: set[str] = set()
        self._seen: set[int] = set()
        self._typos: array[int] | None = None
        for text in texts:
            self.add(text)

    def __bool__(self) -> bool:
        return bool(self.words)

    def __len__(self) -> int:
        return len(self.words) + len(self.ids) + len(self.days) + len(self.emails)

    def add(self, text: str) -> None:
        """Take in one more passage; a text met before costs nothing."""
        key = hash(text)
        if key in self._seen:
            return
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(key)
        self._typos = None
        whole = seen(text)
        self._take(Reading(whole[0] if whole else text))

    def _take(self, reading: Reading) -> None:
        norms = [token.norm for token in reading.tokens]
        for place, norm in enumerate(norms):
            if norm and norm not in self.words:
                self.words.update((norm, shortened(norm)))
            if norm in PARTICLES:
                ends = range(place + 2, place + MOST_JOINED + 1)
                self.words.update("".join(norms[place:end]) for end in ends)
        if reading.has_digits:
            self.ids.update(_ids(reading.folded))
            for written in find_dates(reading):
                self.days.update(written.days)
        if "@" in reading.folded:
            found = EMAIL.finditer(reading.data)
            self.emails.update(match.group().decode().casefold() for match in found)

    def may_mean(self, passage: Passage) -> bool:
        """Whether the text may speak of what one identifier field holds.

        Of a name's parts any may be what the text has; the caller keeps a record together.
        """
        category, text = passage.category, passage.text
        if category is Category.NAME:
            return any(map(self.may_name, _name_words(text)))
        if category is Category.ADDRESS:
            return not self.words.isdisjoint(map(shortened, words(text)))
        if category in _DATES:
            return not self.days.isdisjoint(parse_date(text))
        if category is Category.EMAIL:
            return text.strip().casefold() in self.emails
        value = phone(text) if category in _PHONES else identifier(text)
        return value in self.ids or value.lstrip("0") in self.ids

    def says(self, word: str) -> bool:
        """Whether a word (lower case, no accents) is in the text."""
        return word in self.words

    def may_name(self, word: str) -> bool:
        """Whether a word of a name (lower case, no accents) may be meant, one typo allowed."""
        if word in self.words:
            return True
        return len(word) >= MIN_LENGTH and any(map(self.may_misspell, deletions(word)))

    def may_misspell(self, part: str) -> bool:
        """Whether a word of the text is this one, or this one with a letter more."""
        hashes, sought = self._misspelt(), hash(part)
        place = bisect_left(hashes, sought)
        return place < len(hashes) and hashes[place] == sought

    def _misspelt(self) -> array[int]:
        """Hashes, in order, of the words with a letter left out; made when first asked for.

        Eight bytes each, where a set of the words takes a hundred.
        """
        if self._typos is None:
            long = (word for word in self.words if len(word) >= MIN_LENGTH - 1)
            hashes = array("q", (hash(part) for word in long for part in deletions(word)))
            self._typos = array("q", np.unique(np.frombuffer(hashes, np.int64)).tobytes())
        return self._typos

    def named_among(self, candidates: Collection[str]) -> set[str]:
        """Those of many words that :meth:`may_name` says may be meant."""
        return {word for word in candidates if self.may_name(word)}


def _name_words(text: str) -> tuple[str, ...]:
    """The words of a surname, and all of them as one ("DELACRUZ" for "DE LA CRUZ")."""
    parts = words(text)
    return (*parts, "".join(parts)) if len(parts) > 1 else parts


def _ids(text: str) -> Iterator[str]:
    """What :class:`~dlp.detect.id_index.IdIndex` may look up in a text."""
    runs = [run.upper() for run in _RUNS.findall(text)]
    for index in range(len(runs)):
        joined = ""
        for run in runs[index : index + _MOST_RUNS]:
            joined += run
            if len(joined) > _LONGEST_ID:
                break
            if any(map(str.isdigit, joined)):
                written = {joined, joined.lstrip("0"), joined.lstrip(_LETTERS), joined[1:]}
                yield from (each for each in written if len(each) >= SHORTEST)
