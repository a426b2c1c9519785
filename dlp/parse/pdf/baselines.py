"""Text of a page put together by where it stands: a form's boxes hold a letter each.

A page may draw its letters one by one, in any order, and a form's labels before all its answers.
What stands on one baseline is one line to whoever reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby, pairwise
from math import isfinite
from typing import Any, Final, NamedTuple

_MOST: Final = 50_000
"""Pieces of a page."""
_WIDTH: Final = 0.5
"""Of a letter, in its size: the mean of common fonts."""
_PITCH: Final = 1.7
"""Sizes from one letter of a word to the next, in boxes of a form."""
_NEAR, _FAR = 0.15, 3.0
"""Sizes between pieces of a word, and between columns."""
_STEEP: Final = 0.01
_LONGEST: Final = 2_000
_SPELLED: Final = re.compile(r"(?<!\S)\S(?: \S(?!\S)){3,}")
"""Four letters and more with a blank between each."""


class _Piece(NamedTuple):
    baseline: int
    left: float
    size: float
    text: str


class Baselines:
    """Takes what a page draws, piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []

    def take(
        self, text: str, around: Sequence[float], matrix: Sequence[float], font: Any, size: float  # noqa: ANN401, ARG002 - pypdf's visitor
    ) -> None:  # fmt: skip
        """A piece of text, the matrix of the page's coordinates and the text's own."""
        said = text.replace("\n", "")
        if not said or len(self._pieces) >= _MOST or len(said) > _LONGEST:
            return
        across, up = around[0], around[3]
        if max(abs(around[1]), abs(around[2]), abs(matrix[1]), abs(matrix[2])) > _STEEP:
            return  # Lines that aren't level are read as they are drawn.
        left, base = matrix[4] * across + around[4], matrix[5] * up + around[5]
        height = abs(size * matrix[3] * up) or 1.0
        if all(map(isfinite, (left, base, height))):
            self._pieces.append(_Piece(round(base / 2), left, height, said))

    def lines(self) -> list[str]:
        """The lines that are made of more than one piece."""
        ordered = sorted(self._pieces, key=lambda piece: (-piece.baseline, piece.left))
        level = groupby(ordered, key=lambda piece: piece.baseline)
        rows = (list(pieces) for _, pieces in level)
        return [_joined(row) for row in rows if len(row) > 1]


def closed_up(line: str) -> str:
    """A line without the blanks between letters that stand in a box each."""
    return _SPELLED.sub(lambda found: found[0].replace(" ", ""), line)


def _joined(row: Sequence[_Piece]) -> str:
    parts = [row[0].text]
    for before, piece in pairwise(row):
        parts += [_between(before, piece), piece.text]
    return "".join(parts)


def _between(before: _Piece, piece: _Piece) -> str:
    """What a reader sees between two pieces: nothing within a word."""
    step, size = piece.left - before.left, max(before.size, piece.size)
    gap = step - len(before.text) * _WIDTH * before.size
    if len(before.text) == len(piece.text) == 1:
        return "" if step <= _PITCH * size else "  "
    if 1 in (len(before.text), len(piece.text)) and gap < _NEAR * size:
        return ""
    return "  " if gap > _FAR * size else " "
