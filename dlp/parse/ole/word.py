"""The text of a Word 97 document by its piece table ([MS-DOC] 2.4.1, 2.5, 2.8.35, 2.9.177)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.model import Carrier, Passage
from dlp.parse.cells import Cells

_IDENT: Final = 0xA5EC
_WORD_97: Final = 0xC1
"""nFib from which on the piece table stands where it is looked for."""
_FLAGS: Final = 0x0A
_TABLE_1: Final = 0x0200
_CLX: Final = 0x01A2
_PRC, _PCDT = 1, 2
_NARROW: Final = 0x40000000
_MOST_PIECES: Final = 1_000_000
_ENDS: Final = re.compile(r"[\r\x07\x0b\x0c]")
"""Ends of paragraphs, cells, lines and pages."""
_CELL: Final = "\x07"
_MARKS: Final = re.compile(r"[\x00-\x08\x0e-\x1f]+")
"""Fields' brackets, anchors of notes and pictures: no character of the text."""


class Piece(NamedTuple):
    """A run of the document's text in its stream.

    Attributes:
        start: First byte.
        length: Bytes.
        wide: Whether a character takes two.
    """

    start: int
    length: int
    wide: bool


def table_name(document: bytes) -> str:
    """The stream that holds the document's tables."""
    flags = int.from_bytes(document[_FLAGS : _FLAGS + 2], "little")
    return "1Table" if flags & _TABLE_1 else "0Table"


def pieces(document: bytes, table: bytes) -> list[Piece] | None:
    """The pieces in the order of the text, notes and headers behind the main text.

    Args:
        document: The stream ``WordDocument``.
        table: The stream that :func:`table_name` names.

    Returns:
        None where they can't be told: Word 6 and 95, and damaged files.
    """
    if len(document) < _CLX + 8:
        return None
    ident, version = struct.unpack_from("<HH", document)
    if ident != _IDENT or version < _WORD_97:
        return None
    start, size = struct.unpack_from("<II", document, _CLX)
    plc = _plc(table[start : start + size])
    if plc is None or (len(plc) - 4) % 12:
        return None
    count = (len(plc) - 4) // 12
    if not 0 < count <= _MOST_PIECES:
        return None
    return _told(document, plc, count)


def _plc(clx: bytes) -> bytes | None:
    """The array of pieces, behind any number of property modifiers."""
    at = 0
    while at + 3 <= len(clx) and clx[at] == _PRC:
        at += 3 + int.from_bytes(clx[at + 1 : at + 3], "little")
    if at + 5 > len(clx) or clx[at] != _PCDT:
        return None
    size = int.from_bytes(clx[at + 1 : at + 5], "little")
    plc = clx[at + 5 : at + 5 + size]
    return plc if len(plc) == size and size >= 4 else None  # noqa: PLR2004 - one position


def _told(document: bytes, plc: bytes, count: int) -> list[Piece] | None:
    positions = struct.unpack_from(f"<{count + 1}I", plc)
    found = []
    for number in range(count):
        (place,) = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * number + 2)
        characters = positions[number + 1] - positions[number]
        wide = not place & _NARROW
        start = place & (_NARROW - 1) if wide else (place & (_NARROW - 1)) // 2
        piece = Piece(start, characters * (2 if wide else 1), wide)
        if characters < 0 or start + piece.length > len(document):
            return None
        found.append(piece)
    # Text that is said more than once would cost its length each time.
    return found if sum(piece.length for piece in found) <= 2 * len(document) else None


def passages(document: bytes, found: list[Piece]) -> Iterator[Passage]:
    """The paragraphs of the text: deleted, hidden and field text too, as it stands there."""
    text = "".join(
        document[piece.start : piece.start + piece.length].decode(
            "utf-16-le" if piece.wide else "cp1252", "replace"
        )
        for piece in found
    )
    ordinal, cells = 0, _Cells()
    for paragraph, end in _paragraphs(text):
        said = _MARKS.sub(" ", paragraph).strip()
        cells.take(said, end)
        if said:
            ordinal += 1
            passage = Passage(said, f"document paragraph {ordinal}", Carrier.FREE_TEXT)
            yield cells.passage(passage)


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """Each, and the mark that ends it, "" for the last."""
    at = 0
    for end in _ENDS.finditer(text):
        yield text[at : end.start()], end[0]
        at = end.end()
    yield text[at:], ""


class _Cells(Cells):
    """The cells of a document: each ends in a mark, and a row in one more ([MS-DOC] 2.4.3)."""

    def __init__(self) -> None:
        super().__init__()
        self._in_row = False

    def take(self, said: str, end: str) -> None:
        """Go to the cell of a paragraph."""
        if end != _CELL:
            self._in_row = False
            self.leave()
        elif said:
            line = "" if self._in_row else self.line
            if not self._in_row:
                self.start("tr")
            self._in_row = True
            self.start("td")
            # A cell's own lines end as paragraphs do.
            self.line = line
        elif self._in_row:
            self._in_row = False


def rest(document: bytes, found: list[Piece]) -> bytes:
    """The stream without its pieces: what fast saves left behind, and structures."""
    data = bytearray(document)
    for piece in found:
        data[piece.start : piece.start + piece.length] = bytes(piece.length)
    return bytes(data)
