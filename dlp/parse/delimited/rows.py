"""Records and cells with their byte places, quotes resolved (RFC 4180, and what people write)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from dlp.decode import Line
from dlp.model import NotReadableError, Obstacle

MOST_COLUMNS: Final = 16_384
"""As many as a spreadsheet has."""
LONGEST_RECORD: Final = 2**20
"""Characters of a record with line ends in quotes. Beyond, its first quote was a stray one."""
_MOST_LINES: Final = 2_000


class Cell(NamedTuple):
    """One cell.

    Attributes:
        text: Its content, without quotes.
        start: First character in the record.
        end: One past the last.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """One record.

    Attributes:
        number: From 1, as a spreadsheet counts (a quoted line end starts no row).
        raw: The record as written.
        cells: Its cells.
        offset: First byte in the member.
        encoding: Of ``raw``.
    """

    number: int
    raw: str
    cells: list[Cell]
    offset: int
    encoding: str

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Byte offset and length of characters ``start`` to ``end`` of the record."""
        before = len(self.raw[:start].encode(self.encoding))
        return self.offset + before, len(self.raw[start:end].encode(self.encoding))


def rows(lines: Iterator[Line], delimiter: str, first: int = 1) -> Iterator[Row]:
    """Records of a table, the first one of the number ``first``.

    Raises:
        NotReadableError: On more than 16,384 columns, and whatever ``lines`` raises.
    """
    waiting: deque[Line] = deque()
    number = first - 1
    while (line := _next(waiting, lines)) is not None:
        number += 1
        cells = split(line.text, delimiter)
        if cells is None:
            line, cells = _joined(line, waiting, lines, delimiter)
        yield Row(number, line.text, cells, line.offset, line.encoding)


def _next(waiting: deque[Line], lines: Iterator[Line]) -> Line | None:
    return waiting.popleft() if waiting else next(lines, None)


def _joined(
    first: Line, waiting: deque[Line], lines: Iterator[Line], delimiter: str
) -> tuple[Line, list[Cell]]:
    """A record whose quoted cell goes on over lines; or the line alone if the quote is stray."""
    taken = [first]
    size = len(first.text)
    while size < LONGEST_RECORD and len(taken) < _MOST_LINES:
        line = _next(waiting, lines)
        if line is None:
            break
        taken.append(line)
        size += len(line.text)
        if '"' in line.text:
            raw = "".join(part.text + part.end for part in taken[:-1]) + line.text
            cells = split(raw, delimiter)
            if cells is not None:
                encoding = max((part.encoding for part in taken), key=_breadth)
                return Line(raw, first.offset, encoding, line.end), cells
    waiting.extendleft(reversed(taken[1:]))
    return first, split(first.text, delimiter, quotes=False) or []


def _breadth(encoding: str) -> int:
    return ("ascii", "cp1252", "utf-8").index(encoding) if encoding[:4] != "utf-1" else 3


def split(raw: str, delimiter: str, *, quotes: bool = True) -> list[Cell] | None:
    """The cells of a record; None if a quoted one doesn't end in it.

    Raises:
        NotReadableError: On more than 16,384 columns.
    """
    if raw.count(delimiter) >= MOST_COLUMNS:
        raise NotReadableError(Obstacle.TOO_LARGE, f"a row of more than {MOST_COLUMNS} columns")
    cells: list[Cell] = []
    at = 0
    if not quotes or '"' not in raw:
        for text in raw.split(delimiter):
            cells.append(Cell(text, at, at + len(text)))
            at += len(text) + 1
        return cells
    while at <= len(raw):
        cell, at = (
            _quoted(raw, at, delimiter) if raw[at : at + 1] == '"' else _bare(raw, at, delimiter)
        )
        if cell is None:
            return None
        cells.append(cell)
    return cells


def _bare(raw: str, at: int, delimiter: str) -> tuple[Cell, int]:
    end = raw.find(delimiter, at)
    end = len(raw) if end < 0 else end
    return Cell(raw[at:end], at, end), end + 1


def _quoted(raw: str, at: int, delimiter: str) -> tuple[Cell | None, int]:
    close = raw.find('"', at + 1)
    while close >= 0 and raw[close + 1 : close + 2] == '"':
        close = raw.find('"', close + 2)
    if close < 0:
        return None, at
    end = raw.find(delimiter, close)
    end = len(raw) if end < 0 else end
    inner = raw[at + 1 : close].replace('""', '"')
    if end == close + 1:
        return Cell(inner, at + 1, close), end + 1
    # Something between the closing quote and the delimiter is content too.
    return Cell(inner + raw[close + 1 : end], at + 1, end), end + 1
