"""Social Security numbers without hyphens, title or head, down a report's column.

One such number is any number. Forty in one place of their lines that are all valid, spread and in
no order are what a table's column of them would be, and are taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from dlp.parse.delimited import titlewords, values

_NINE: Final = re.compile(r"(?<![\w.,$#/-])\d{9}(?![\w.,/-])")
_FEW: Final = 40
_MOST: Final = 16
"""Places in a line that are followed."""
_LONGEST: Final = 400
"""Characters; a longer line is nobody's report."""
_AROUND: Final = 4

LineT = TypeVar("LineT")


class Number(NamedTuple, Generic[LineT]):
    """A number and its line.

    Attributes:
        line: What the caller calls it.
        start: First character.
        end: One past the last.
    """

    line: LineT
    start: int
    end: int


class Bare(Generic[LineT]):
    """Follows a text line by line."""

    def __init__(self) -> None:
        """Before the first line."""
        self._waiting: dict[int, list[tuple[Number[LineT], str]]] = {}
        self._known: dict[int, bool] = {}
        self._heads = ""

    def read(self, text: str, line: LineT) -> Iterator[Number[LineT]]:
        """The numbers that are known to be SSNs with this line, those before it included.

        Args:
            text: The line.
            line: What to call it.
        """
        if len(text) > _LONGEST:
            return
        if not any(map(str.isdigit, text)):
            self._heads = text if any(map(str.isalpha, text)) else self._heads
            return
        for found in _NINE.finditer(text):
            number = Number(line, *found.span())
            if self._known.get(found.start()):
                yield number
            elif found.start() not in self._known:
                yield from self._wait(number, found.group())

    def _wait(self, number: Number[LineT], digits: str) -> Iterator[Number[LineT]]:
        place = number.start
        if place not in self._waiting and len(self._waiting) >= _MOST:
            return
        waiting = self._waiting.setdefault(place, [])
        waiting.append((number, digits))
        if len(waiting) < _FEW:
            return
        del self._waiting[place]
        above = self._heads[max(0, place - _AROUND) : number.end + _AROUND]
        words = titlewords.tokens(above)
        other = titlewords.is_other_key(words) or titlewords.speaks_of_others(words)
        self._known[place] = not other and values.are_bare_ssns([text for _, text in waiting])
        if self._known[place]:
            yield from (each for each, _ in waiting)
