"""The table parser: one pass, columns typed from the first rows and held to it afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from dlp.budget import Meter
from dlp.content import Content
from dlp.decode import lines
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Source
from dlp.parse.delimited import headers, values
from dlp.parse.delimited.columns import TEXT, Column, by_columns, type_columns
from dlp.parse.delimited.dialect import Dialect, sniff
from dlp.parse.delimited.people import with_names
from dlp.parse.delimited.rows import Cell, Row, rows

_SAMPLE_ROWS: Final = 500
_SAMPLE_CHARACTERS: Final = 2 * 2**20
"""What types the columns; at most this much is held in memory."""
_LONGEST_CELL: Final = 256 * 2**10
_LONGEST_TITLE: Final = 60
_HEAD: Final = 64 * 2**10


def parse(content: Content, meter: Meter) -> Iterator[Passage]:
    """The passages of a table, in the order of the file.

    A cell in a column whose header names a category, and whose values agree, is an identifier
    field. One in a column that only its values give away is free text with a category. A cell that
    breaks its column's type, a cell of a text column, a row of another width (a comment, a total)
    and a header in words are free text. Numbers, dates and codes that keep to their column are
    nobody's and make no passage.

    Args:
        content: Its source is read from its start; the ending of its name tips the balance
            between dialects.
        meter: Charged with every byte.

    Raises:
        NotReadableError: On more than 16,384 columns, cells over 256 KiB, bytes that aren't text,
            or a spent budget.
    """
    source = content.source
    source.seek(0)
    dialect = sniff(_head(source), content.name) or Dialect("csv", ",")
    reading = rows(lines(source, meter), dialect.delimiter)
    sample = _sample(reading)
    table = _Table([row for row in sample if any(c.text.strip() for c in row.cells)])
    for row in chain(sample, reading):
        yield from table.passages(row)


def _head(source: Source) -> bytes:
    head = b""
    while len(head) < _HEAD and (data := source.read(_HEAD - len(head))):
        head += data
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    return head


def _sample(reading: Iterator[Row]) -> list[Row]:
    sample: list[Row] = []
    size = 0
    for row in reading:
        sample.append(row)
        size += len(row.raw)
        if len(sample) >= _SAMPLE_ROWS or size >= _SAMPLE_CHARACTERS:
            break
    return sample


class _Table:
    """The columns of a table, and what each row makes of them."""

    def __init__(self, sample: Sequence[Row]) -> None:
        widths = Counter(len(row.cells) for row in sample)
        # Among equally common widths the wider: short rows are notes more often than long ones.
        self._width = max(widths, key=lambda width: (widths[width], width)) if widths else 1
        body = [row for row in sample if self._fitted(row) is not None]
        self._header = body[0].number if body and _is_header(body) else 0
        titles = [cell.text for cell in self._fitted(body[0]) or ()] if self._header else []
        data = [
            [cell.text for cell in self._fitted(row) or ()]
            for row in body[1 if self._header else 0 :]
        ]
        titles = titles or [""] * self._width
        cells = by_columns(data, self._width)
        self._columns = with_names(type_columns(titles, cells), titles, cells)

    def _fitted(self, row: Row) -> list[Cell] | None:
        """The row's cells if it has the table's width, give or take empty cells at its end."""
        cells = row.cells
        if len(cells) == self._width:
            return cells
        if len(cells) > self._width and not any(c.text for c in cells[self._width :]):
            return cells[: self._width]
        if 1 < len(cells) == self._width - 1:
            # A trailing delimiter that only some rows have.
            return [*cells, Cell("", len(row.raw), len(row.raw))]
        return None

    def passages(self, row: Row) -> Iterator[Passage]:
        """What one row says."""
        if len(row.raw) > _LONGEST_CELL and any(len(c.text) > _LONGEST_CELL for c in row.cells):
            raise NotReadableError(
                Obstacle.TOO_LARGE,
                f"a cell of more than {_LONGEST_CELL} bytes",
                f"row {row.number}",
            )
        if row.number == self._header:
            yield from _titles(row)
            return
        cells = self._fitted(row)
        if cells is None:
            yield from _odd_row(row)
            return
        for index, (cell, column) in enumerate(zip(cells, self._columns, strict=True)):
            text = cell.text.strip()
            if not text:
                continue
            if column.shapes and column.fits(text):
                if column.carrier is not None:
                    yield _passage(row, index, cell, column)
            elif not values.is_blank(text):
                yield _passage(row, index, cell, TEXT)


def _is_header(body: Sequence[Row]) -> bool:
    """Whether the first row of a table names its columns."""
    titles = [cell.text.strip() for cell in body[0].cells]
    filled = [title for title in titles if title]
    if not filled or any(len(title) > _LONGEST_TITLE for title in filled):
        return False
    if any(any(shape(title) for shape in values.PLAIN[:2]) for title in filled):
        return False  # a number or a date is data
    if any(values.telling(title) for title in filled):
        return False
    known = sum(1 for title in filled if headers.read(title))
    if known and known * 3 >= len(filled):
        return True
    below = [cell.text for row in body[1:50] for cell in row.cells]
    typed = sum(1 for text in below if text and any(s(text[:100]) for s in values.PLAIN))
    return (
        bool(known)
        or typed > 0
        or (len(body) > 1 and len({title.lower() for title in filled}) == len(titles) > 1)
    )


def _titles(row: Row) -> Iterator[Passage]:
    """Titles in words; ``BENE_LAST_NAME`` and its like name columns, not people."""
    for index, cell in enumerate(row.cells):
        if headers.read(cell.text) is None and " " in cell.text.strip():
            yield _passage(row, index, cell, TEXT)


def _odd_row(row: Row) -> Iterator[Passage]:
    """A comment, a total, a row cut short: as it stands, for its words belong together."""
    if not row.raw.strip():
        return
    offset, length = row.place(0, len(row.raw))
    yield Passage(row.raw, f"row {row.number}", Carrier.FREE_TEXT, offset=offset, length=length)


def _passage(row: Row, index: int, cell: Cell, column: Column) -> Passage:
    offset, length = row.place(cell.start, cell.end)
    return Passage(
        cell.text,
        f"row {row.number} column {letters(index)}",
        column.carrier or Carrier.FREE_TEXT,
        column.category,
        column.subject,
        offset,
        length,
        record=row.number,
        part=column.part,
    )


def letters(index: int) -> str:
    """A column's name in a spreadsheet: 0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
