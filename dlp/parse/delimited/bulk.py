"""Rows by the block: one linear scan tells which lines hold nothing but what their columns say."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import re2

from dlp.batch import Batch
from dlp.budget import Meter
from dlp.content import Content
from dlp.decode import LONGEST_LINE, lines_at
from dlp.model import Passage, Source
from dlp.parse.delimited import grammar, labels
from dlp.parse.delimited.block import Layout, Rows
from dlp.parse.delimited.rows import Row, rows, split
from dlp.parse.delimited.table import Table
from dlp.piece import Piece
from dlp.streams import read_exactly

_MOST_COLUMNS: Final = 400
"""Beyond, the automaton of a row outgrows its memory and a table is wide rather than long."""
_FEWEST: Final = 16
"""Rows; fewer in a stretch are read sooner one by one."""


def bulk(table: Table, delimiter: str, content: Content) -> Bulk | None:
    """What reads a table by the block; None for one that has no typed column or too many."""
    if table.width > _MOST_COLUMNS:
        return None
    cells = [grammar.cell(column, delimiter) for column in table.columns]
    if not any(cells):
        return None
    one_by_one = tuple(i for i, cell in enumerate(cells) if cell is None)
    layout = Layout(table, delimiter, one_by_one, content.site.not_phi)
    written = [grammar.padded(c) if c else grammar.anything(delimiter) for c in cells]
    places = grammar.fillers(layout.by_field, delimiter)
    try:
        regular = re2.compile(f"(?:{grammar.row(written, delimiter)})+".encode(), _options())
        fillers = re2.compile(places.encode(), _options()) if places else None
    except re2.error:
        return None  # too large a pattern: a table of many columns with many values
    return Bulk(content, table, layout, regular, fillers, labels.screen(delimiter))


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = 32 * 2**20
    options.log_errors = False
    return options


@dataclass(frozen=True, slots=True)
class Bulk:
    """A table's reader by the block.

    Attributes:
        content: The table's member.
        table: For the rows that are read one by one.
        layout: Which columns are counted, kept, or looked at.
        regular: Lines that keep to their columns.
        fillers: Lines that may have a filler in a column where it counts for nothing.
        labels: Cells that say what others are, from where on rows depend on one another.
    """

    content: Content
    table: Table
    layout: Layout
    regular: re2._Regexp[bytes]
    fillers: re2._Regexp[bytes] | None
    labels: re2._Regexp[bytes]

    def read(self, meter: Meter, offset: int, number: int, block: int) -> Iterator[Passage | Batch]:
        """The rows from ``offset`` on, the first of them of this ``number``.

        Raises:
            NotReadableError: As the reader of single rows.
        """
        source = self.content.source
        while data := _whole_lines(source, offset, block):
            at = 0
            if self.table.labels.active or self.labels.search(data):
                break
            while at < len(data):
                meter.check_time()
                found = self.regular.match(data, at)
                stop = found.end() if found else at
                count = data.count(b"\n", at, stop)
                if count >= _FEWEST:
                    meter.take(stop - at)
                    piece = data if (at, stop) == (0, len(data)) else data[at:stop]
                    yield from self._regular(piece, meter, offset + at, number)
                    number, at = number + count, stop
                if at >= len(data):
                    break
                stop = max(stop, at)
                end = _line_end(data, stop)
                if _goes_on(data[stop:end], self.layout.delimiter):
                    yield from self._rest(meter, offset + at, number)
                    return
                for row in self._split(data[at:end], meter, offset + at, number):
                    yield from self.table.passages(row)
                    number += 1
                at = end
            offset += len(data)
        yield from self._rest(meter, offset, number)

    def _regular(
        self, data: bytes, meter: Meter, offset: int, number: int
    ) -> Iterator[Passage | Batch]:
        """A stretch of regular lines: a batch, cells of text, and the lines with fillers."""
        again = self.content.source if self.content.lasting else None
        taken = Rows(self.layout, Piece(data, offset, again), number, self._odd(data))
        yield taken
        yield from taken.passages()
        uncharged = Meter(meter.budget, started=meter.started)
        for index in taken.left_out():
            start, end = taken.line(index)
            for row in self._split(data[start:end], uncharged, offset + start, number + index):
                yield from self.table.passages(row)
        taken.settle()

    def _odd(self, data: bytes) -> list[int]:
        """Where the lines start that may have a filler."""
        return [found.start() for found in self.fillers.finditer(data)] if self.fillers else []

    def _split(self, data: bytes, meter: Meter, offset: int, number: int) -> Iterator[Row]:
        """Rows that are looked at cell by cell; the last doesn't go on after ``data``."""
        yield from rows(lines_at(io.BytesIO(data), meter, offset), self.layout.delimiter, number)

    def _rest(self, meter: Meter, offset: int, number: int) -> Iterator[Passage]:
        """Everything from ``offset`` on, one by one."""
        source = self.content.source
        source.seek(offset)
        for row in rows(lines_at(source, meter, offset), self.layout.delimiter, number):
            yield from self.table.passages(row)


def _whole_lines(source: Source, offset: int, block: int) -> bytes:
    """Lines from ``offset`` on; none where the next line has no end, or is too long to be one."""
    while True:
        data = read_exactly(source, offset, block)
        end = data.rfind(b"\n") + 1
        if end or len(data) < block or block > LONGEST_LINE:
            return data if end == len(data) else data[:end]
        block *= 2


def _line_end(data: bytes, start: int) -> int:
    end = data.find(b"\n", start)
    return len(data) if end < 0 else end + 1


def _goes_on(line: bytes, delimiter: str) -> bool:
    """Whether a quoted cell may not end in this line."""
    if b'"' not in line:
        return False
    text = line.removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")
    return "\r" in text or split(text, delimiter) is None
