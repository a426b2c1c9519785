"""Tables in marked-up text: what a row's first cell, or a column's title, says of a cell."""

from __future__ import annotations

from typing import Final

from dlp.model import Passage
from dlp.parse.keyed import Told, is_title, told

_MOST: Final = 200
"""Cells of a row that are followed."""


class Cells:
    """The cell that a text stands in, told by start tags alone."""

    def __init__(self) -> None:
        self._titles: list[str] = []
        self._row: list[str] = []

    def start(self, local: str) -> None:
        """A tag begins."""
        if local == "table":
            self._titles, self._row = [], []
        elif local == "tr":
            self._titles = self._titles or self._row
            self._row = []
        elif local in ("td", "th") and len(self._row) < _MOST:
            self._row.append("")

    def passage(self, said: Passage) -> Passage:
        """A passage, with what its cell says of it."""
        found = self.told(said.text)
        return said._replace(category=found.category, part=found.part) if found else said

    def told(self, text: str) -> Told | None:
        """What a line of text is by its column's title or the cell before it."""
        if not self._row:
            return None
        index, value = len(self._row) - 1, text.strip()
        self._row[index] = self._row[index] or value
        above = self._titles[index] if index < len(self._titles) else ""
        before = self._row[index - 1] if index else ""
        labels = (label.rstrip(" :") for label in (above, before) if is_title(label.rstrip(" :")))
        return next(filter(None, (told(label, value) for label in labels)), None)
