"""Plain text: paragraphs as passages, so that a name broken over two lines is still one name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content
from dlp.decode import Line, lines
from dlp.model import Carrier, Category, Passage
from dlp.parse.place import LinePlace
from dlp.parse.textcolumns import Columns

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
    columns = Columns()
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
            for start, end, category in columns.read(line.text):
                yield _under_head(line, number, start, end, category)
    if block:
        yield from _passages(block, first)


def _under_head(line: Line, number: int, start: int, end: int, category: Category) -> Passage:
    """What the head of its column says that it is."""
    text = line.text[start:end]
    return Passage(
        text,
        LinePlace(number, text),
        Carrier.FREE_TEXT,
        category,
        offset=line.offset + len(line.text[:start].encode(line.encoding)),
        length=len(text.encode(line.encoding)),
    )


def _passages(block: list[Line], first: int) -> Iterator[Passage]:
    # Line ends are kept as they are, so that character places map to byte places.
    text = "".join(line.text + line.end for line in block)
    whole = LinePlace(first, text)
    for start, end in _cuts(text):
        piece = text[start:end]
        before = len(text[:start].encode(block[0].encoding))
        yield Passage(
            piece,
            LinePlace(whole.line(start), piece),
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
