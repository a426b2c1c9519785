"""Which cells of a table some words, numbers and days may be in: one linear scan for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import re2

from dlp.detect.address_index import SUFFIXES, shortened
from dlp.detect.typos import MIN_LENGTH, deletions
from dlp.vocabulary import Vocabulary

_MOST: Final = 150
"""Words, ids and days; the automaton of many more outgrows its memory."""
_SHORT: Final = 3


def mentions(data: bytes, vocabulary: Vocabulary, delimiter: str) -> list[int] | None:
    """Places in cells that the vocabulary may speak of; None if it is too large to tell.

    Over-approximates :meth:`~dlp.vocabulary.Vocabulary.may_mean` for cells of printable ASCII.
    """
    if len(vocabulary) > _MOST:
        return None
    terms = "|".join(_terms(vocabulary, delimiter))
    if not terms:
        return []
    scan = _compiled(terms)
    if scan is None:
        return None
    return [found.start(1) for found in scan.finditer(data)]


@lru_cache(maxsize=4)
def _compiled(terms: str) -> re2._Regexp[bytes] | None:
    options = re2.Options()
    options.max_mem = 32 * 2**20
    options.log_errors = False
    options.case_sensitive = False
    try:
        return re2.compile(f"({terms})".encode(), options)
    except re2.error:
        return None


def _terms(vocabulary: Vocabulary, delimiter: str) -> Iterator[str]:
    # What is found never goes over from one cell to the next, or it could hide what is there.
    gap = f"[^0-9A-Za-z\r\n\\x{ord(delimiter):02x}]{{0,3}}"
    words = {word for word in vocabulary.words if word.isascii()}
    longer = {word for word in SUFFIXES if shortened(word) in words}
    for word in sorted(words | longer):
        yield _word(word)
    for word in sorted(words):
        if len(word) >= MIN_LENGTH - 1 and word.isalpha():
            yield from _misspelt(word)
    for value in sorted(vocabulary.ids):
        if value.isascii() and value.isalnum():
            yield gap.join(value)
    for mail in sorted(vocabulary.emails):
        if mail.isascii():
            yield re.escape(mail)
    for day in sorted(vocabulary.days):
        yield _day(day)


def _word(word: str) -> str:
    if len(word) <= _SHORT:
        return rf"(?:\b|_){re.escape(word)}(?:\b|_)"
    return "[ '-]?".join(map(re.escape, word))


def _misspelt(word: str) -> Iterator[str]:
    """Every word that shares a deletion with this one."""
    for part in dict.fromkeys(deletions(word)):
        if len(part) >= MIN_LENGTH - 1:
            yield "|".join(f"{part[:i]}[a-z ']?{part[i:]}" for i in range(len(part) + 1))


def _day(day: int) -> str:
    year, month, date = day // 10_000, day // 100 % 100, day % 100
    either = f"(?:0?{month}[-/]?0?{date}|0?{date}[-/]?0?{month})"
    return f"{year:04d}[-/]?{either}|{either}[-/]?{year:04d}"
