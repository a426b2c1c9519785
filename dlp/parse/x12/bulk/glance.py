"""Whether a block may hold anybody of whom a few words speak, found without its segments.

A claim file without notes has open text all the same: its own name. Comparing every column with
those few words took as long as the first look at the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import re2

from dlp.detect.typos import MIN_LENGTH, deletions
from dlp.parse.x12.delimiters import Delimiters
from dlp.vocabulary import Vocabulary

_MOST_LETTERS: Final = 200
"""Of all words together; the automaton of more has too many states to pay."""
_MOST_IDS: Final = 200
_MEMORY: Final = 32 * 2**20
COMPARED: Final = 8
"""Last bytes of an id that columns are compared by."""
ZIP: Final = 5
"""Digits of a ZIP code that columns are compared by."""
_BREAK: Final = "[^0-9a-z]"
_GAP: Final = f"{_BREAK}*"
_ANY: Final = "[a-z]?"


class Glance:
    """One expression that matches wherever :class:`~dlp.parse.x12.bulk.likely.Likely` finds one.

    Args:
        vocabulary: The open text; as it is now.
        marks: The set's separators.
    """

    def __init__(self, vocabulary: Vocabulary, marks: Delimiters) -> None:
        letters = sum(map(len, vocabulary.words))
        self._pays = letters <= _MOST_LETTERS and len(vocabulary.ids) <= _MOST_IDS
        self._expression: Any = None
        if self._pays and (alternatives := [*_alternatives(vocabulary, marks)]):
            options = re2.Options()
            options.max_mem, options.case_sensitive = _MEMORY, False
            self._expression = re2.compile("|".join(alternatives).encode("ascii"), options)

    def may_name(self, data: bytes) -> bool:
        """False only if no regular segment of the block means anything to the open text."""
        if not self._pays or not data.isascii():
            return True
        return self._expression is not None and self._expression.search(data) is not None


def _alternatives(vocabulary: Vocabulary, marks: Delimiters) -> Iterator[str]:
    element = re.escape(marks.element.decode("ascii"))
    for word in vocabulary.words:
        yield from _names(word)
        if word.isascii() and word.isdigit():
            # A house number, a ZIP code (perhaps with four digits more), a post office box.
            yield f"{element}{word}" + ("" if len(word) == ZIP else " ")
            yield f"{element}p[.]?o[.]? box {word}{_BREAK}"
    for day in vocabulary.days:
        yield f"{day:08}"
    for value in filter(str.isascii, vocabulary.ids):
        before = "" if len(value) >= COMPARED else f"(?:{_BREAK}|0)"
        yield f"{before}{value[-COMPARED:]}{_BREAK}"


def _names(word: str) -> Iterator[str]:
    """The word in a name, its letters perhaps apart ("DE LA CRUZ"), one typing error allowed."""
    if _is_plain(word):
        yield f"{_BREAK}{_GAP.join(word)}{_BREAK}"
    if len(word) >= MIN_LENGTH - 1:
        for part in filter(_is_plain, set(deletions(word))):
            yield _BREAK + _ANY + f"{_GAP}{_ANY}{_GAP}".join(part) + _GAP + _ANY + _BREAK


def _is_plain(word: str) -> bool:
    """Whether a regular segment's name can have it."""
    return word.isascii() and word.isalpha()
