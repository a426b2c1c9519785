"""From the model's probabilities to names and addresses: joined, grown, judged by what is near."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.detect.letterheads import is_organisations
from dlp.detect.places import is_payers
from dlp.detect.reading import Reading
from dlp.detect.words import is_word
from dlp.model import Category, Match
from dlp.names.model import Tag

_START: Final = 0.2
"""A word begins or goes on with a name from here on; what is made of it is judged as a whole."""
_ADDRESS: Final = 0.4
_STREET_ALONE: Final = 0.8
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_SAID_BACKWARDS: Final = 0.35
_DETECTOR: Final = "name-model"
_ADDRESS_DETECTOR: Final = "address-model"
_GAP: Final = 3
_BETWEEN: Final = re.compile(r"[ \u00a0]?['\u2019.\-]?[ \u00a0]?|[ ]?\n[ ]?")
_COMMA: Final = re.compile(r" ?,\s?")
_ADDRESS_GAP: Final = re.compile(r"[\s,.#\-]{0,4}")
_SUFFIX: Final = re.compile(
    r"(?i)\b(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|court|ct|boulevard|blvd|circle|cir|place"
    r"|pl|terrace|way|parkway|pkwy|highway|hwy|trail|square|loop)\b"
)

_NO_ADDRESS: Final = re.compile(
    r"(?i)^[0-9]{1,4} [a-z]$|\b(?:[0-9]{2,3}/[0-9]{2,3}|[ctl][0-9]{1,2}-[ctls]?[0-9]{1,2}"
    r"|drg|tob|los|cpt|icd|hcpcs|ndc|bp|hr|bmi|spo2|recheck|trough|dose|doses|bid|tid|prn|mg|mcg|ml|visits|units|mod|modifier|poc|dx|rx|ref)\b"
)
"""What notes count and code; no street is called so."""


class Scored(NamedTuple):
    """A word that the model takes for more than nothing.

    Attributes:
        start: First character.
        end: One past the last.
        chances: By :class:`~dlp.names.model.Tag`.
    """

    start: int
    end: int
    chances: tuple[float, ...]

    @property
    def name(self) -> float:
        """How likely it is a part of a name."""
        return self.chances[Tag.GIVEN] + self.chances[Tag.SURNAME]

    @property
    def address(self) -> float:
        """How likely it is a part of an address."""
        return sum(self.chances[Tag.BUILDING :])

    @property
    def tag(self) -> Tag:
        """What it most likely is."""
        return max(Tag, key=lambda tag: self.chances[tag])


class Name(NamedTuple):
    """A name as the model has it.

    Attributes:
        start: First character.
        end: One past the last.
        words: Its words, at least one.
    """

    start: int
    end: int
    words: tuple[Scored, ...]

    @property
    def chance(self) -> float:
        """The mean of its words."""
        return sum(word.name for word in self.words) / len(self.words)


def names(text: str, scored: list[Scored]) -> Iterator[Name]:
    """Words of one name joined, in order of place."""
    held: list[Scored] = []
    for word in scored:
        if word.name < _START or not text[word.start].isalpha():
            continue
        if held and not _same_name(text, held[-1], word):
            yield _name(held)
            held = []
        held.append(word)
    if held:
        yield _name(held)


def _name(words: list[Scored]) -> Name:
    return Name(words[0].start, words[-1].end, tuple(words))


def _same_name(text: str, left: Scored, right: Scored) -> bool:
    gap = text[left.end : right.start]
    if len(gap) > _GAP:
        return False
    if _COMMA.fullmatch(gap):
        return _reads_last_first(left, right)
    if "." in gap and left.end - left.start > 1:
        return False
    return _BETWEEN.fullmatch(gap) is not None


def _reads_last_first(left: Scored, right: Scored) -> bool:
    """Whether ``left, right`` is one person and not two of a list."""
    return (
        left.chances[Tag.SURNAME] >= left.chances[Tag.GIVEN]
        and right.chances[Tag.GIVEN] >= right.chances[Tag.SURNAME]
    )


def addresses(reading: Reading, scored: list[Scored]) -> Iterator[Match]:
    """Words of one address joined; those that say where somebody lives."""
    held: list[Scored] = []
    for word in scored:
        if word.address < _ADDRESS:
            continue
        gap = reading.text[held[-1].end : word.start] if held else ""
        if held and not _ADDRESS_GAP.fullmatch(gap):
            yield from _address(reading, held)
            held = []
        held.append(word)
    if held:
        yield from _address(reading, held)


def _address(reading: Reading, words: list[Scored]) -> Iterator[Match]:
    tags = {word.tag for word in words}
    start, end = words[0].start, words[-1].end
    chance = sum(word.address for word in words) / len(words)
    confidence = 0.0
    numbered = any(w.tag is Tag.BUILDING and reading.text[w.start].isdigit() for w in words)
    if Tag.STREET in tags and (numbered or {Tag.CITY, Tag.STATE} <= tags):
        confidence = 0.45 + 0.4 * chance
    elif {Tag.CITY, Tag.STATE, Tag.ZIP} <= tags:
        confidence = 0.4 + 0.35 * chance
    elif Tag.STREET in tags and chance > _STREET_ALONE:
        named = _SUFFIX.search(reading.text[start:end])
        confidence = 0.55 if named and len(words) > 1 else 0.35
    elif Tag.ZIP in tags and tags & {Tag.CITY, Tag.STATE}:
        confidence = 0.3 + 0.25 * chance
    if confidence > _SAID_BACKWARDS and _ends_in_a_count(reading, words):
        confidence = _SAID_BACKWARDS
    theirs = is_payers(reading, start, end) or is_organisations(reading, start)
    written = reading.text[start:end]
    if confidence and (theirs or _NO_ADDRESS.search(written)):
        confidence = 0.35
    if confidence:
        yield Match(Category.ADDRESS, start, end, confidence, _ADDRESS_DETECTOR)


def _ends_in_a_count(reading: Reading, words: list[Scored]) -> bool:
    """Whether a number stands behind what may be a street, as in "oral 5 tabs".

    Where streets are called so, something more tells: a suffix, a town, or a word that no text but
    an address has, as in "Søndergade 52".
    """
    if {Tag.CITY, Tag.STATE, Tag.ZIP} & {word.tag for word in words}:
        return False
    text = reading.text[words[0].start : words[-1].end]
    if not text[0].isalpha() or not text[-1].isdigit() or _SUFFIX.search(text):
        return False
    return all(map(is_word, _LETTERS.findall(text.lower())))
