"""Text that elements interrupt, put together: ``Marisol <b>Quintero</b>``.

An element that has text of its own beside that of its children is one to be read by people,
whatever its name: there tags mark words up and don't part them. Where elements have text or
children, as data has, every text stays alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.model import Passage
from dlp.parse.narrative import joined, line_end
from dlp.parse.xmlevents import Text

_MOST: Final = 500
_LONGEST: Final = 64 * 2**10
"""Pieces and characters of one text; what follows is another."""
_BREAKS: Final = frozenset({"br", "lb", "tab"})
"""Elements that part words, in what makes of XML for documents have them."""


class Mixed:
    """The pieces of the text that is being read."""

    def __init__(self) -> None:
        self._runs: list[Text] = []
        self._alone: list[Passage] = []
        self._chains: list[tuple[int, ...]] = []
        self._owners: set[tuple[int, ...]] = set()
        self._where, self._size = "", 0

    def start(self, local: str) -> None:
        """An element begins; a line's end parts words."""
        if local in _BREAKS and self._runs:
            self._runs.append(line_end(self._runs[-1]))

    def add(
        self, run: Text, chain: tuple[int, ...], where: str, alone: list[Passage]
    ) -> Iterator[Passage]:
        """Take a run of text; what it ends is given.

        Args:
            run: The run.
            chain: The elements around it, by serial.
            where: Its place.
            alone: What it says on its own.
        """
        if not run.text.strip():
            if self._runs and self._size < _LONGEST:
                self._runs.append(run)
                self._size += len(run.text)
            return
        if not self._goes_on(chain):
            yield from self.end()
            self._where = where
        self._runs.append(run)
        self._chains.append(chain)
        self._owners.add(chain)
        self._alone += alone
        self._size += len(run.text)

    def _goes_on(self, chain: tuple[int, ...]) -> bool:
        """Whether a text belongs to the one before: one stands in the other's element."""
        if not self._chains or len(self._chains) >= _MOST or self._size > _LONGEST:
            return False
        last = self._chains[-1]
        shared = next(
            (i for i, (a, b) in enumerate(zip(last, chain, strict=False)) if a != b),
            min(len(last), len(chain)),
        )
        return shared == min(len(last), len(chain)) or last[:shared] in self._owners

    def end(self) -> Iterator[Passage]:
        """What the pieces say: each on its own, or what they make together."""
        runs, alone, chains = self._runs, self._alone, self._chains
        self._runs, self._alone, self._chains, self._size = [], [], [], 0
        self._owners = set()
        if len(chains) <= 1:
            yield from alone
            return
        yield from (passage for passage in alone if passage.category)
        while not runs[-1].text.strip():
            runs.pop()
        yield joined(runs, self._where)
