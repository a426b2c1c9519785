"""Dates in XML that are written in parts: ``<BirthDate><Year>1961</Year>…``, or in attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.model import Carrier, Passage
from dlp.parse import inparts
from dlp.parse.keyed import told
from dlp.parse.xmlevents import Attribute
from dlp.parse.xmlpath import Path

_MOST: Final = 16
"""Numbers of an element that are remembered."""
_LONGEST: Final = 4


class Parts:
    """The short numbers of the elements open at a place of a document."""

    def __init__(self) -> None:
        self._parts: list[list[tuple[str, str]]] = [[]]

    def enter(self, attributes: tuple[Attribute, ...]) -> None:
        """Go into an element."""
        self._parts.append([])
        for attribute in attributes:
            self._take(self._parts[-1], attribute.name, attribute.text)

    def learn(self, local: str, text: str) -> None:
        """Take the innermost element's text for a part of what is around it."""
        if len(self._parts) > 1:
            self._take(self._parts[-2], local, text)

    @staticmethod
    def _take(parts: list[tuple[str, str]], name: str, text: str) -> None:
        if len(text) <= _LONGEST and text.isdecimal() and len(parts) < _MOST:
            parts.append((name, text))

    def leave(self, path: Path) -> Iterator[Passage]:
        """Go out of the innermost element, which the path still has: what its parts make.

        Such a date has no place of its own, so it isn't redacted.
        """
        parts = self._parts.pop()
        around, key = ("", "", *path.names)[-2:]
        whole = inparts.listed([part for _, part in parts])
        if whole and (found := told(key, whole, around)):
            yield Passage(whole, path.where(), Carrier.FREE_TEXT, found.category)
            return
        for shared, date in inparts.named(parts):
            found = told(shared, date, key) if shared else told(key, date, around)
            if found:
                yield Passage(date, path.where(), Carrier.FREE_TEXT, found.category)
