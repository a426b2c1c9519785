"""Plain text: paragraphs as passages, so that a name broken over two lines is still one name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Final

from dlp.budget import Meter
from dlp.content import Content
from dlp.decode import Line, lines
from dlp.model import Carrier, Category, Passage
from dlp.parse.keyed import Told
from dlp.parse.place import LinePlace
from dlp.parse.sqltext import Statements
from dlp.parse.textboxes import Boxes
from dlp.parse.textcolumns import Columns
from dlp.parse.textssns import Bare

PARAGRAPH: Final = 4096
"""Characters of a passage; a longer paragraph is cut at a line, a longer line at a space."""
OVERLAP: Final = 200
"""Characters that two pieces of one long line share, so that nothing is lost in the cut."""


def parse(content: Content, meter: Meter) -> Iterator[Passage]:
    """All of a text, as free text.

    Raises:
        NotReadableError: On control characters, an unknown encoding, a line over 1 MiB, or a
            spent budget.
    """
    block: list[Line] = []
    tables = _Tables()
    first, size = 1, 0
    for number, line in enumerate(lines(content.source, meter), 1):
        # Only lines of one encoding share a passage, or byte places could not be told.
        fits = size + len(line.text) <= PARAGRAPH and (
            not block or block[0].encoding == line.encoding
        )
        if block and not (fits and line.text.strip()):
            yield from _passages(block, first)
            block, size = [], 0
        if line.text.strip():
            if not block:
                first = number
            block.append(line)
            size += len(line.text) + 1
            yield from tables.read(line, number)
    if block:
        yield from _passages(block, first)


class _Tables:
    """Everything in a text's lines that something in other lines names."""

    def __init__(self) -> None:
        self._columns, self._boxes, self._statements = Columns(), Boxes(), Statements()
        self._bare: Bare[tuple[Line, int]] = Bare()

    def read(self, line: Line, number: int) -> Iterator[Passage]:
        for start, end, category in self._columns.read(line.text):
            yield _named(line, number, start, end, Told(category))
        for start, end, told in self._boxes.read(line.text):
            yield _named(line, number, start, end, told)
        for start, end, told in self._statements.read(line.text):
            yield _named(line, number, start, end, told)
        for (its_line, its_number), start, end in self._bare.read(line.text, (line, number)):
            yield _named(its_line, its_number, start, end, Told(Category.SSN))


def _named(line: Line, number: int, start: int, end: int, told: Told) -> Passage:
    """What the head of its column, or a statement, says that it is."""
    text = line.text[start:end]
    return Passage(
        text,
        LinePlace(number, text),
        Carrier.FREE_TEXT,
        told.category,
        offset=line.offset + _bytes_before(line, start),
        length=len(text.encode(line.encoding)),
        record=number,
        part=told.part,
    )


def _bytes_before(line: Line, start: int) -> int:
    """How many bytes a line's first characters are: asked of each value in a dump's long lines."""
    if line.text.isascii() and not line.encoding.startswith(("utf-16", "utf-32")):
        return start
    return _places(line.text, line.encoding)[start]


@lru_cache(maxsize=1)
def _places(text: str, encoding: str) -> list[int]:
    widths = (len(character.encode(encoding)) for character in text)
    return list(accumulate(widths, initial=0))


def _passages(block: list[Line], first: int) -> Iterator[Passage]:
    # Line ends are kept as they are, so that character places map to byte places.
    text = "".join(line.text + line.end for line in block)
    last = before = 0
    for start, end in _cuts(text):
        piece = text[start:end]
        before += len(text[last:start].encode(block[0].encoding))
        last = start
        yield Passage(
            piece,
            # Only a line alone is ever cut.
            LinePlace(first, piece),
            Carrier.FREE_TEXT,
            offset=block[0].offset + before,
            length=len(piece.encode(block[0].encoding)),
        )


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Pieces of at most :data:`PARAGRAPH` characters, cut at white space where there is some."""
    start = 0
    while len(text) - start > PARAGRAPH + OVERLAP:
        end = max(text.rfind(" ", start + OVERLAP + 1, start + PARAGRAPH), start + PARAGRAPH // 2)
        yield start, end
        start = end - OVERLAP
    yield start, len(text)
