"""Fields that are lines of one text, read as that text.

A report in HL7 v2 is one OBX a line, a long remark in X12 one NTE a line: a name, or a label and
its value, stand on both sides of a line's end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from dlp.model import Carrier, Passage
from dlp.parse.place import bytes_of

LONGEST: Final = 4096
"""Characters of lines read together; the last line of them begins the next text too."""
_END, _BLANK = "\n", " "


@dataclass(frozen=True, slots=True)
class LinesPlace:
    """A place in a text whose lines are fields.

    Attributes:
        lines: The fields, at least one, each with its place in bytes.
        starts: The first character of each in the text.
    """

    lines: tuple[Passage, ...]
    starts: tuple[int, ...]

    def __call__(self) -> str:
        """Where the text starts."""
        return self.at(0)

    def at(self, start: int) -> str:
        """Where the character ``start`` of the text stands."""
        where = self.lines[self._line(start)].where
        return where if isinstance(where, str) else where()

    def split(self, start: int, end: int) -> Iterator[tuple[Passage, int, int]]:
        """Each line that has a part of some characters of the text, and which of its own."""
        for index in range(self._line(start), len(self.lines)):
            line, base = self.lines[index], self.starts[index]
            if base >= end:
                return
            first, last = max(start - base, 0), min(end - base, len(line.text))
            if first < last:
                yield line, first, last

    def spans(self, start: int, end: int) -> tuple[int, int]:
        """From characters to bytes; what stands between two lines is in what spans both."""
        places = [bytes_of(*part) for part in self.split(start, end)]
        if not places:
            return self.lines[self._line(start)].offset or 0, 0
        (first, _), (last, length) = places[0], places[-1]
        return first or 0, (last or 0) + (length or 0) - (first or 0)

    def _line(self, start: int) -> int:
        return max(bisect_right(self.starts, start) - 1, 0)


def joined(lines: list[Passage]) -> Passage:
    """Lines as one text; one alone is itself.

    Each has a line's end after it, or a blank if the next is only a separator away.

    Args:
        lines: At least one, in the order of their bytes.
    """
    if len(lines) == 1:
        return lines[0]
    ends = [_BLANK if _is_next(*two) else _END for two in pairwise(lines)]
    texts = [line.text + end for line, end in zip(lines, [*ends, ""], strict=True)]
    place = LinesPlace(tuple(lines), tuple(accumulate(map(len, texts[:-1]), initial=0)))
    first, end = lines[0].offset or 0, after(lines[-1])
    return Passage(
        "".join(texts), place, Carrier.FREE_TEXT,
        offset=first, length=end - first, spans=place.spans,
    )  # fmt: skip


def _is_next(line: Passage, other: Passage) -> bool:
    return other.offset == after(line) + 1


def after(line: Passage) -> int:
    """The byte after a line."""
    return (line.offset or 0) + (line.length or 0)


class Lines:
    """Collects the lines of one text, and gives it in pieces of bounded length."""

    def __init__(self) -> None:
        self._lines: list[Passage] = []
        self._size = 0

    def add(self, line: Passage) -> Iterator[Passage]:
        """The next line; gives what is long enough to be read.

        A line that says what the last one says goes on with nothing, and comes alone: short texts
        that are met again cost nothing.
        """
        if self._lines and line.text == self._lines[-1].text:
            yield line
            return
        if self._lines and self._size + len(line.text) > LONGEST:
            last = self._lines[-1]
            yield from self.end()
            if len(last.text) + len(line.text) <= LONGEST:
                self._keep(last)
        self._keep(line)

    def end(self) -> Iterator[Passage]:
        """Gives what there is: the text has ended."""
        lines, self._lines, self._size = self._lines, [], 0
        if lines:
            yield joined(lines)

    def _keep(self, line: Passage) -> None:
        self._lines.append(line)
        self._size += len(line.text) + len(_END)
