"""What is taken out of one passage: its matches together, since what is left depends on all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from dlp.model import Match, Passage
from dlp.pseudonym import LENGTH

_SAID: Final = re.compile(r"[^\W_]")
_LIMITS: Final = (50, 80, 264)
"""Greatest lengths of X12's elements of free text: REF02, NTE02 and K301, MSG01."""


class Piece(NamedTuple):
    """Characters to take out.

    Attributes:
        start: The first one in the passage's text.
        end: One past the last.
        match: The longest match in them.
    """

    start: int
    end: int
    match: Match


class Taken:
    """The pieces of a passage that go.

    Args:
        fmt: The member's format.
        passage: Where they stand.
        matches: What was found there, in any order.
    """

    def __init__(self, fmt: str, passage: Passage, matches: Sequence[Match]) -> None:
        self.fmt, self.passage = fmt, passage
        self.pieces = joined(matches)

    @property
    def all_of_it(self) -> bool:
        """Whether no letter or digit would be left."""
        left, at = "", 0
        for piece in self.pieces:
            left += self.passage.text[at : piece.start]
            at = piece.end
        return not _SAID.search(left + self.passage.text[at:])

    @property
    def may_grow(self) -> bool:
        """Whether the passage takes pseudonyms that are longer than the values."""
        if not self.fmt.startswith("x12/"):
            return True
        size = len(self.passage.text)
        limit = next((limit for limit in _LIMITS if size <= limit), size)
        grown = sum(max(0, LENGTH - (piece.end - piece.start)) for piece in self.pieces)
        return size + grown <= limit


def joined(matches: Iterable[Match]) -> list[Piece]:
    """Matches in order, those that overlap as one piece."""
    pieces: list[Piece] = []
    for match in sorted(matches, key=lambda m: (m.start, -m.end, -m.confidence, m.category)):
        if pieces and match.start < pieces[-1].end:
            last = pieces[-1]
            longest = max(last.match, match, key=lambda m: m.end - m.start)
            pieces[-1] = Piece(last.start, max(last.end, match.end), longest)
        else:
            pieces.append(Piece(match.start, match.end, match))
    return pieces
