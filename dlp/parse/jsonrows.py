"""Rows whose titles stand apart: ``{"columns": [...], "rows": [[...]]}`` and what is like it.

Databases and data frames give a result's column names once, as a list of words or of objects that
have a name each, and rows as lists. The list and the rows have the same length, and nothing else
need join them: a cell is told by its title and its shape together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.parse.jsonleaf import Array, Leaf, Object, Value, text_of
from dlp.parse.jsontree import Record
from dlp.parse.keyed import is_title
from dlp.parse.pairs import is_named, may_label

_MOST: Final = 1_000
"""Titles of one list."""
_LONGEST: Final = 60
_COUNTER: Final = 3
"""Characters of a title, and its digits."""
_MOST_LISTS: Final = 256
"""Lengths of lists that are told apart."""


class Titles:
    """The lists of titles met so far, by their length."""

    def __init__(self) -> None:
        self._lists: dict[int, list[str]] = {}
        self._met: set[int] = set()
        self._path: tuple[str, ...] = ()
        self._words: list[str] = []
        #: Lengths of lists that were read before their titles were met.
        self.late: set[int] = set()

    def record(self, record: Record) -> None:
        """Take in a record: a list's elements come as records of their own."""
        if record.path != self._path:
            self.end()
            self._path = record.path
        word = "" if isinstance(record.value, Array) else word_of(record.value)
        if word and len(self._words) < _MOST:
            self._words.append(word)

    def end(self) -> None:
        """The records of a path are over."""
        words, self._words = self._words, []
        self.learn(words)

    def learn(self, words: list[str]) -> bool:
        """Take a list for one of titles if some of it are, and no fewer than of the one before."""
        width, share = len(words), _titles(words)
        if not share or share < _titles(self._lists.get(width, [])):
            return False
        if len(self._lists) < _MOST_LISTS:
            self._lists[width] = words
            self.late |= self._met & {width}
        return True

    def of(self, row: Array) -> list[str]:
        """The titles of a list's elements; none where nothing names them, or they are titles."""
        if self.learn([word_of(inner) for inner in row.elements]):
            return []
        width = len(row.elements)
        found = self._lists.get(width, [])
        if not found and len(self._met) < _MOST_LISTS and all(map(_is_cell, row.elements)):
            self._met.add(width)
        return found


def word_of(value: Value) -> str:
    """What may be a title: a string, or the name that an object has."""
    if isinstance(value, Leaf):
        return text_of(value).text.strip() if value.quoted else ""
    if isinstance(value, Object):
        alone = len(value.members) == 1
        for key, inner in value.members:
            name = text_of(key).text
            called = may_label(name) or (alone and is_named(name))
            if called and isinstance(inner, Leaf) and inner.quoted:
                return text_of(inner).text.strip()
    return ""


def pair(value: Array) -> str:
    """What a list of two calls its second: ``["ssn", …]``; "" for any other list."""
    if len(value.elements) != 2 or not isinstance(value.elements[1], Leaf):  # noqa: PLR2004 - a pair
        return ""
    first, second = map(word_of, value.elements)
    return first if is_title(first) and not is_title(second) else ""


def rows_in(value: Value, widths: set[int]) -> Iterator[Array]:
    """The lists of some lengths in a value."""
    if isinstance(value, Object):
        for _, inner in value.members:
            yield from rows_in(inner, widths)
    elif isinstance(value, Array):
        if len(value.elements) in widths and all(map(_is_cell, value.elements)):
            yield value
            return
        for inner in value.elements:
            yield from rows_in(inner, widths)


def _titles(words: list[str]) -> int:
    """How many of a list's words are titles, none where one of them is a value."""
    if not 0 < len(words) <= _MOST or not all(words) or any(map(_is_value, words)):
        return 0
    return sum(map(is_title, words))


def _is_value(word: str) -> bool:
    """Asked before the dearer question, of each row of a long list."""
    return len(word) > _LONGEST or sum(map(str.isdigit, word)) > _COUNTER


def _is_cell(value: Value) -> bool:
    """A value, or an object that wraps one: ``{"v": …}``."""
    if isinstance(value, Object):
        return len(value.members) == 1 and _is_cell(value.members[0][1])
    return isinstance(value, Leaf)
