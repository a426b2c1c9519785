"""Surnames with an initial (``Osei, K``, ``J. Park``): a form that the model often lets pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.detect.cues import STAFF_AFTER, STAFF_BEFORE, THINGS_AFTER
from dlp.detect.reading import Reading, plain
from dlp.detect.words import is_not_name, vocabulary
from dlp.model import Category, Match
from dlp.names.filter import CUES, SAID, is_ordinary

_DETECTOR: Final = "name-pattern"
_CONFIDENCE: Final = 0.55
_LETTERS: Final = r"[A-Za-z][A-Za-z'\u2019\-]{1,20}"
_AFTER: Final = re.compile(rf"(?:(?<=[\s(:])|^)({_LETTERS}), ([A-Za-z])(?=[\s.,:;)]|$)")
_BEFORE: Final = re.compile(rf"(?:(?<=[\s(:])|^)([A-Za-z])\. ({_LETTERS})(?=[\s.,:;)]|$)")
# Species ("E. coli"), and grades or classes with a letter ("Hepatitis, C").
_SPECIES: Final = vocabulary(
    "coli aureus diff difficile pylori faecalis faecium pneumoniae albicans influenzae fragilis "
    "pyogenes epidermidis aeruginosa burgdorferi vaginalis trachomatis gonorrhoeae meningitidis "
    "cerevisiae jejuni enteritidis vulgaris acnes"
)
_NOT_INITIALS: Final = frozenset("aiAI")
_WORD: Final = re.compile(r"[A-Za-z']+")
_REACH: Final = 24


def find_initials(reading: Reading) -> Iterator[Match]:
    """A surname with one initial, where a word beside it or the surname itself says so. Linear."""
    text = reading.folded
    for match in _AFTER.finditer(text):
        # "Smith, A": a comma before "a" or "I" goes on with the sentence where case says nothing.
        if match[2] not in _NOT_INITIALS or match[1].isupper():
            yield from _judged(text, match.start(1), match.end(2), match[1], match[2])
    for match in _BEFORE.finditer(text):
        yield from _judged(text, match.start(1), match.end(2), match[2], match[1])


def _judged(text: str, start: int, end: int, surname: str, initial: str) -> Iterator[Match]:
    norm = plain(surname)
    if surname[0].islower() is not initial.islower() or norm in _SPECIES or is_not_name(norm):
        return
    before, after = _beside(text, start, end)
    if before in STAFF_BEFORE or after in STAFF_AFTER or after in THINGS_AFTER:
        return
    known = is_ordinary(norm) or surname.islower()
    if not known or before in CUES or after in SAID:
        yield Match(Category.NAME, start, end, _CONFIDENCE, _DETECTOR)


def _beside(text: str, start: int, end: int) -> tuple[str, str]:
    """The words right before and after, in lower case; "" at a sentence's end."""
    before = text[max(0, start - _REACH) : start].lower()
    after = text[end : end + _REACH].lower()
    left, right = _WORD.findall(before), _WORD.match(after.lstrip(" .,"))
    gap = before[-3:].strip()
    return left[-1] if left and gap not in (".", "!") else "", right[0] if right else ""
