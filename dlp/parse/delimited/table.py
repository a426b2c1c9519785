"""A table's columns, and what each of its rows makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from config.states import code_of
from dlp.model import Carrier, NotReadableError, Obstacle, Passage
from dlp.parse.delimited import headers, titlewords, values
from dlp.parse.delimited.columns import TEXT, Column, by_columns, type_columns
from dlp.parse.delimited.labels import Labels
from dlp.parse.delimited.people import with_names
from dlp.parse.delimited.rows import Cell, Row

_LONGEST_CELL: Final = 256 * 2**10
_LONGEST_TITLE: Final = 60
_MOST_ABOVE: Final = 10
"""Rows that may stand above a table's header: what it is, of when, for whom."""


class Table:
    """The columns of a table, and what each row makes of them."""

    def __init__(self, sample: Sequence[Row], states: set[str] | None = None) -> None:
        """Type the columns by the first rows, without blank ones.

        Args:
            sample: The first rows.
            states: Takes the states that persons live in.
        """
        widths = Counter(len(row.cells) for row in sample)
        # Among equally common widths the wider: short rows are notes more often than long ones.
        self.width = max(widths, key=lambda width: (widths[width], width)) if widths else 1
        body = [row for row in sample if self._fitted(row) is not None]
        above = _above(body)
        self._above = frozenset(row.number for row in body[:above])
        body = body[above:]
        self._header = body[0].number if body and _is_header(body) else 0
        titles = [cell.text for cell in self._fitted(body[0]) or ()] if self._header else []
        data = [
            [cell.text for cell in self._fitted(row) or ()]
            for row in body[1 if self._header else 0 :]
        ]
        titles = titles or [""] * self.width
        cells = by_columns(data, self.width)
        self._states = set[str]() if states is None else states
        #: Columns that say in which state somebody lives.
        self.homes = [i for i, title in enumerate(titles) if headers.is_state(title)]
        self._met: set[tuple[int, str]] = set()
        self.columns = with_names(type_columns(titles, cells), titles, cells)
        self.labels = Labels(titles, self.columns)

    def _fitted(self, row: Row) -> list[Cell] | None:
        """The row's cells if it has the table's width, give or take empty cells at its end."""
        cells = row.cells
        if len(cells) == self.width:
            return cells
        if len(cells) > self.width and not any(c.text for c in cells[self.width :]):
            return cells[: self.width]
        if 1 < len(cells) == self.width - 1:
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
            told = self.labels.of_titles([values.shown(cell.text) for cell in row.cells])
            yield from (_passage(row, i, row.cells[i], column) for i, column in told.items())
            yield from _titles(row, told)
            return
        told = self.labels.read([values.shown(cell.text) for cell in row.cells])
        if row.number in self._above:
            yield from (
                _passage(row, index, cell, told.get(index, TEXT))
                for index, cell in enumerate(row.cells)
                if cell.text.strip()
            )
            return
        cells = self._fitted(row)
        if cells is None:
            yield from _odd_row(row)
            yield from (_passage(row, i, row.cells[i], column) for i, column in told.items())
            return
        for index in self.homes:
            self.live_in((cells[index].text,))
        for index, cell in enumerate(cells):
            column = self.role(index, cell.text)
            if index in told and (column is None or column == TEXT):
                column = told[index]
            if column is not None:
                yield _passage(row, index, cell, column)

    def live_in(self, states: Iterable[str]) -> None:
        """Note states that persons live in, as written."""
        self._states.update(filter(None, map(code_of, states)))

    def role(self, index: int, content: str) -> Column | None:
        """What a cell is: its column's, or text where it breaks the type; None for nobody's."""
        text = values.shown(content)
        if not text:
            return None
        column = self.columns[index]
        if column.shapes and column.fits(text):
            return TEXT if self._is_new_word(index, column, text) else _said(column)
        return None if values.is_blank(text) else TEXT

    def _is_new_word(self, index: int, column: Column, text: str) -> bool:
        """Whether a word of a column of few is met for the first time."""
        if not column.words or (index, text) in self._met:
            return False
        self._met.add((index, text))
        return True


def _said(column: Column) -> Column | None:
    return None if column.carrier is None else column


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


def _above(body: Sequence[Row]) -> int:
    """How many rows of one or a few cells stand above a header that fills the table's width."""
    for number, row in enumerate(body[: _MOST_ABOVE + 1]):
        filled = sum(1 for cell in row.cells if cell.text.strip())
        if filled * 3 > len(row.cells) and filled > 1:
            full = filled * 3 > len(row.cells) * 2
            named = any(headers.read(cell.text) for cell in row.cells)
            return number if full and named and _is_header(body[number:]) else 0
    return 0


def _titles(row: Row, told: Collection[int]) -> Iterator[Passage]:
    """Titles that say more than a title does; ``BENE_LAST_NAME`` and its like name columns.

    A file's only line looks like a header if it speaks of a patient, and "Patient" names a column.
    """
    for index, cell in enumerate(row.cells):
        written = " " in cell.text.strip() or any(map(str.isdigit, cell.text))
        if written and index not in told and not titlewords.is_title(cell.text):
            yield _passage(row, index, cell, TEXT)


def _odd_row(row: Row) -> Iterator[Passage]:
    """A comment, a total, a row cut short: as it stands, for its words belong together."""
    if not row.raw.strip():
        return
    offset, length = row.place(0, len(row.raw))
    yield Passage(row.raw, f"row {row.number}", Carrier.FREE_TEXT, offset=offset, length=length)


def _passage(row: Row, index: int, cell: Cell, column: Column) -> Passage:
    offset, length = row.place(cell.start, cell.end)
    return passage(row.number, index, cell.text, offset, length, column)


def passage(
    number: int, index: int, text: str, offset: int, length: int, column: Column
) -> Passage:
    """A cell as its column says.

    Args:
        number: Of the row, from 1.
        index: Of the column, from 0.
        text: Its content.
        offset: First byte in the member.
        length: In bytes.
        column: What it is.
    """
    return Passage(
        text,
        f"row {number} column {letters(index)}",
        column.carrier or Carrier.FREE_TEXT,
        column.category,
        column.subject,
        offset,
        length,
        record=number,
        part=column.part,
    )


def letters(index: int) -> str:
    """A column's name in a spreadsheet: 0 is A, 26 is AA."""
    return _LETTERS.get(index) or _lettered(index)


def _lettered(index: int) -> str:
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


_LETTERS: Final = {index: _lettered(index) for index in range(1_024)}
