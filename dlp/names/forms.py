"""Names in forms that the model often lets pass: with an initial, in a salutation, announced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.detect.cues import STAFF_AFTER, THINGS_AFTER, has_dotted_degree, is_staff_before
from dlp.detect.reading import Reading, plain
from dlp.detect.words import is_given_name, is_not_name, is_word, vocabulary
from dlp.model import Category, Match
from dlp.names.filter import CUES, SAID, is_ordinary, is_surname_too
from dlp.names.openings import find_openings, is_opener

_DETECTOR: Final = "name-pattern"
_CONFIDENCE: Final = 0.55
_LETTERS: Final = r"[A-Za-z][A-Za-z'\u2019\-]{1,20}"
_AFTER: Final = re.compile(rf"(?:(?<=[\s(:])|^)({_LETTERS}), ([A-Za-z])(?=[\s.,:;)]|$)")
_BEFORE: Final = re.compile(rf"(?:(?<=[\s(:])|^)([A-Za-z])\. ({_LETTERS})(?=[\s.,:;)]|$)")
_GIVEN: Final = re.compile(
    rf"(?:(?<=[\s(:])|^)({_LETTERS}) ([A-Za-z])(?:\. ?({_LETTERS})(?=[\s.,:;)]|$)|(?=\.))"
)
_FILED: Final = re.compile(rf"(?:(?<=[\s(:])|^)({_LETTERS}), ({_LETTERS}) ([A-Z])(?=[\s.,:;)]|$)")
_SALUTATION: Final = re.compile(rf"(?:^|\n)(?i:dear|hello|hi) ({_LETTERS})(?=,|:|\r?\n)")
_NOT_DEAR: Final = vocabulary(
    "sir sirs madam team all everyone patient patients customer provider providers doctor member "
    "colleague colleagues friend friends there folks billing support office staff client parent"
)
_ANNOUNCED: Final = re.compile(
    r"(?i)(?:(?<=[\s(:])|^)(?:patient|pt\.?|member|subscriber|caller|insured) "
    rf"({_LETTERS}) ([a-z]{{2,16}})"
)
_DONE: Final = SAID | vocabulary("was is has had seen will may")
# Species ("E. coli"), and grades or classes with a letter ("Hepatitis, C").
_SPECIES: Final = vocabulary(
    "coli aureus diff difficile pylori faecalis faecium pneumoniae albicans influenzae fragilis "
    "pyogenes epidermidis aeruginosa burgdorferi vaginalis trachomatis gonorrhoeae meningitidis "
    "cerevisiae jejuni enteritidis vulgaris acnes"
)
_SENTENCE_STARTS: Final = vocabulary(
    "the he she they it we i patient pt please call will has had was is no not this that claim"
)
_NOT_INITIALS: Final = frozenset("aiAI")
_COUNTING: Final = frozenset("ABCDEFIVX")
_HOUSE_NUMBER: Final = re.compile(r"[0-9] $")
"""``1200 S. Park``: a direction."""
_WORD: Final = re.compile(r"[A-Za-z']+")
_REACH: Final = 24


def find_forms(reading: Reading) -> Iterator[Match]:
    """Names by their written form, where it or a word beside it tells. Linear."""
    text = reading.folded
    for match in _AFTER.finditer(text):
        # "Smith, A": a comma before "a" or "I" goes on with the sentence where case says nothing.
        if match[2] not in _NOT_INITIALS or match[1].isupper():
            yield from _judged(text, match.start(1), match.end(2), match[1], match[2])
    for match in _BEFORE.finditer(text):
        yield from _judged(text, match.start(1), match.end(2), match[2], match[1])
    for match in _FILED.finditer(text):
        yield from _filed(text, match)
    for match in _SALUTATION.finditer(text):
        if plain(match[1]) not in _NOT_DEAR:
            yield Match(Category.NAME, match.start(1), match.end(1), _CONFIDENCE, _DETECTOR)
    for match in _ANNOUNCED.finditer(text):
        yield from _announced(match)
    for match in _GIVEN.finditer(text):
        yield from _given(text, match)
    yield from find_openings(text)


def _filed(text: str, match: re.Match[str]) -> Iterator[Match]:
    """``OKONKWO, CHIDI B``: as lists have it, in words that are nothing else."""
    surname, given, _ = match.groups()
    if _is_staffs(text, match.start(), match.end()):
        return
    if surname[0].isupper() and given[0].isupper():
        norms = (plain(surname), plain(given))
        if not any(is_ordinary(norm) or is_not_name(norm) for norm in norms):
            yield Match(Category.NAME, match.start(), match.end(), _CONFIDENCE, _DETECTOR)


def _announced(match: re.Match[str]) -> Iterator[Match]:
    """``Patient Okafor denies``: a word between a person and what is said of one."""
    name, norm = match[1], plain(match[1])
    if match[2].lower() not in _DONE or is_not_name(norm) or norm in _DONE:
        return
    listed = is_given_name(norm) or (is_surname_too(norm) and name[0].isupper())
    if listed or (not is_ordinary(norm) and name[0].isupper()):
        yield Match(Category.NAME, match.start(1), match.end(1), _CONFIDENCE, _DETECTOR)


def _given(text: str, match: re.Match[str]) -> Iterator[Match]:
    """``Mei P.`` and ``Mark E. Park``: a given name goes first."""
    given, initial, surname = match.groups()
    norm = plain(given)
    if given[0].islower() is not initial.islower() or not _may_be_given(text, match, norm):
        return
    # "Mark E. The": the next sentence, or a name. One that goes on in another case is none.
    whole = bool(surname) and surname[0].isupper() and plain(surname) not in _SENTENCE_STARTS
    end = match.end() if whole else match.end(2)
    before, after = _beside(text, match.start(), end)
    if _is_staffs(text, match.start(), end):
        return
    if whole or not is_word(norm) or before in CUES or after in SAID:
        yield Match(Category.NAME, match.start(), end, _CONFIDENCE, _DETECTOR)


def _may_be_given(text: str, match: re.Match[str], norm: str) -> bool:
    """A given name by the list, or behind a word that announces somebody: ``from Emeka S``."""
    if is_given_name(norm):
        return True
    before, _ = _beside(text, match.start(), match.end())
    whole = match[3] is None and before in CUES and norm not in CUES
    return whole and not is_ordinary(norm) and not is_not_name(norm)


def _judged(text: str, start: int, end: int, surname: str, initial: str) -> Iterator[Match]:
    norm = plain(surname)
    if surname[0].islower() is not initial.islower() or norm in _SPECIES or _is_nobodys(norm):
        return
    before, after = _beside(text, start, end)
    degree = has_dotted_degree(text[start + len(surname) : start + len(surname) + _REACH])
    if degree or _is_staffs(text, start, end):
        return
    known = is_ordinary(norm) or surname.islower()
    if not known or before in CUES or after in SAID or _signs(text, start, end, norm, initial):
        yield Match(Category.NAME, start, end, _CONFIDENCE, _DETECTOR)


def _is_nobodys(norm: str) -> bool:
    """An eponym, drug or place that isn't a surname as well, such as Bell and Washington."""
    return is_not_name(norm) and not is_surname_too(norm)


def _signs(text: str, start: int, end: int, norm: str, initial: str) -> bool:
    """Whether an initial makes a name of a surname that is a word: ``T. Bell``, ``R. Washington``.

    Letters that count the items of a list do so only where a person's act or visit follows.
    """
    if not (initial.isupper() and is_surname_too(norm)) or _HOUSE_NUMBER.search(
        text[max(0, start - 8) : start]
    ):
        return False
    return initial not in _COUNTING or is_opener(text[end : end + _REACH])


def _is_staffs(text: str, start: int, end: int) -> bool:
    """Whether what stands right before or after says who treats or works there, or a house."""
    before = _WORD.findall(text[max(0, start - _REACH) : start].lower())
    nearest, after = _beside(text, start, end)
    further = before[-2] if len(before) > 1 else ""
    if is_staff_before(nearest, further) or has_dotted_degree(text[end : end + _REACH]):
        return True
    return after in STAFF_AFTER or after in THINGS_AFTER


def _beside(text: str, start: int, end: int) -> tuple[str, str]:
    """The words right before and after, in lower case; "" at a sentence's end."""
    before = text[max(0, start - _REACH) : start].lower()
    after = text[end : end + _REACH].lower()
    left, right = _WORD.findall(before), _WORD.match(after.lstrip(" .,"))
    gap = before[-3:].strip()
    return left[-1] if left and gap not in (".", "!") else "", right[0] if right else ""
