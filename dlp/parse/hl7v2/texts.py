"""Texts that go on from segment to segment: a report, an OBX a line; a comment, an NTE a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.model import Passage
from dlp.parse.hl7v2.fields import Line
from dlp.parse.lines import Lines

_AMONG: Final = {"OBX": ("NTE",)}
"""Segments that stand among the lines of a text and don't end it."""


class Texts:
    """Puts the lines of each text together. Those of a message's texts are never many at once."""

    def __init__(self) -> None:
        self._open: dict[str, Lines] = {}

    def before(self, segment: str) -> Iterator[Passage]:
        """What ended when a segment begins; "" ends everything."""
        for text in list(self._open):
            if segment != text and segment not in _AMONG.get(text, ()):
                yield from self._open.pop(text).end()

    def add(self, line: Line) -> Iterator[Passage]:
        """A line of a text; gives what is long enough to be read."""
        yield from self._open.setdefault(line.text, Lines()).add(line.passage)
