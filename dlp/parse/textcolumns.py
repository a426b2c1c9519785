"""Columns in a text: a report's heads, and what stands under them further down.

Words near a number tell what it is; the head of a report's column stands pages above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.model import Category
from dlp.parse.delimited.labels import Label, fits, label

_CELL: Final = re.compile(r"\S+(?: \S+)*")
_WORD: Final = re.compile(r"\S+")
_APART: Final = re.compile(r"\S(?: {2,}|\t)\s*\S")
_RULE: Final = re.compile(r"[\s=_*+|-]*")
_RECORD: Final = re.compile(r"\d{5}")
_PATIENCE: Final = 8
"""Lines in which nothing stands under any head, after which the columns have ended."""
_LONGEST: Final = 400
"""Characters; a longer line is nobody's report."""

Span = tuple[int, int, Category]


class Columns:
    """Follows a text line by line."""

    def __init__(self) -> None:
        """Before the first line."""
        self._heads: list[tuple[int, int, Label]] = []
        self._missed = 0
        self._before = ""

    def read(self, line: str) -> Iterator[Span]:
        """First character, the one past the last and the category of what a head names."""
        if not self._heads and "  " not in line and "\t" not in line:
            self._before = line
            return
        if len(line) > _LONGEST or _RULE.fullmatch(line):
            return
        before, self._before = self._before, line
        if _APART.search(line) and (heads := list(_heads(line, before))):
            self._heads, self._missed = heads, 0
        elif self._heads:
            found = list(self._under(line))
            self._missed = 0 if found else self._missed + 1
            if self._missed > _PATIENCE:
                self._heads = []
            yield from found

    def _under(self, line: str) -> Iterator[Span]:
        for word in _WORD.finditer(line):
            for start, end, said in self._heads:
                if word.start() < end and word.end() > start and _fits(said, word.group()):
                    yield (*word.span(), said.category)
                    break


def _fits(said: Label, text: str) -> bool:
    """As a label's neighbour fits; down a column of records' numbers five digits are no count."""
    if said.category is Category.MEDICAL_RECORD_NUMBER and _RECORD.fullmatch(text):
        return True
    return fits(said, text)


def _heads(line: str, before: str) -> Iterator[tuple[int, int, Label]]:
    """The heads in a line; a head may have begun in the line before: ``SOC SEC`` over ``NO``."""
    above = [] if any(map(str.isdigit, before)) else list(_CELL.finditer(before))
    for cell in _CELL.finditer(line):
        over = [a.group() for a in above if a.start() < cell.end() and a.end() > cell.start()]
        titles = (cell.group(), *(f"{first} {cell.group()}" for first in over))
        said = next(filter(None, map(label, titles)), None)
        if said and said.category is not Category.NAME:
            yield (*cell.span(), said)
