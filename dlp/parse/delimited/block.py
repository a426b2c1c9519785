"""A stretch of regular rows as one batch: positions of cells by NumPy, passages only on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dlp.batch import Kind
from dlp.model import Carrier, Passage
from dlp.parse.delimited import grammar
from dlp.parse.delimited.likely import mentions
from dlp.parse.delimited.table import Table, passage
from dlp.vocabulary import Vocabulary

_OVERHEAD = 1_000
_QUOTE, _LINE_FEED, _RETURN = 0x22, 0x0A, 0x0D

Places = NDArray[np.int64]
Flags = NDArray[np.bool_]
_NOT_LETTERS = np.ones(256, np.bool_)
_NOT_LETTERS[[0x27, *range(0x41, 0x5B), *range(0x61, 0x7B)]] = False  # an apostrophe parts no word


class Layout:
    """What the columns of a table are to a batch.

    Args:
        table: The table.
        delimiter: Between its cells.
        looked_at: Columns that give a passage for every cell.

    Attributes:
        counted: Columns whose cells are findings by their place.
        by_field: Those of them where a filler is none.
        typed: Columns that the rows' pattern checks.
        people: Columns that tell whom a row is about, providers too.
    """

    def __init__(self, table: Table, delimiter: str, looked_at: Sequence[int]) -> None:
        self.table, self.delimiter, self.looked_at = table, delimiter, tuple(looked_at)
        self.typed = [i for i in range(table.width) if i not in set(looked_at)]
        roles = table.columns
        self.counted = [i for i in self.typed if grammar.is_counted(roles[i])]
        self.by_field = [i for i in self.counted if roles[i].carrier is Carrier.IDENTIFIER_FIELD]
        self.names = [i for i in self.counted if grammar.is_asked_about(roles[i])]
        self.people = [i for i, role in enumerate(roles) if role.category is not None]
        self.kinds: dict[Kind, list[int]] = {}
        for index in self.counted:
            role = roles[index]
            if role.category is not None:
                kind = Kind(role.carrier or Carrier.FREE_TEXT, role.category)
                self.kinds.setdefault(kind, []).append(index)


class Rows:
    """Regular rows of a table.

    Args:
        layout: Of the table.
        data: The lines, each with its end.
        offset: Of ``data`` in the member.
        number: Of the first row, from 1.
        odd: Where in ``data`` lines start that don't belong to the batch.
    """

    def __init__(
        self, layout: Layout, data: bytes, offset: int, number: int, odd: Collection[int]
    ) -> None:
        self._layout, self._data, self._offset, self._number = layout, data, offset, number
        starts, ends = self._cells()
        self._rows = len(starts)
        left_out = np.zeros(self._rows, np.bool_)
        if len(odd):
            left_out[np.searchsorted(starts[:, 0], np.fromiter(odd, np.int64), "right") - 1] = True
        lengths = ends - starts
        long = lengths[:, layout.typed] > grammar.LONGEST
        left_out |= long.any(axis=1)
        self._left_out = left_out
        self._several = self._of_several_words(starts, ends)
        self.counts: Mapping[Kind, int] = self._count(lengths)
        self._fresh: tuple[Places, Places] | None = (starts, ends)

    @property
    def start(self) -> int:
        """As :class:`~dlp.batch.Batch` says."""
        return self._offset

    @property
    def weight(self) -> int:
        """Bytes of memory: the lines themselves."""
        return len(self._data) + self._rows * (1 + len(self._several)) + _OVERHEAD

    def _cells(self) -> tuple[Places, Places]:
        """First byte of every cell, and the one past its last, quotes left out."""
        data = np.frombuffer(self._data, np.uint8)
        marks = (data == ord(self._layout.delimiter)) | (data == _LINE_FEED)
        ends = np.flatnonzero(marks).reshape(-1, self._layout.table.width)
        starts = np.empty_like(ends)
        flat = starts.reshape(-1)
        flat[0] = 0
        flat[1:] = ends.reshape(-1)[:-1] + 1
        last = ends[:, -1]
        returned = (last > 0) & (data[last - 1] == _RETURN)
        ends[:, -1] -= returned & (last > starts[:, -1])
        if b'"' in self._data:
            quoted = (data[starts] == _QUOTE) & (ends > starts)
            starts += quoted
            ends -= quoted
        return starts, ends

    def _places(self) -> tuple[Places, Places]:
        """The cells again; kept only while the batch is new."""
        return self._fresh if self._fresh is not None else self._cells()

    def _count(self, lengths: Places) -> dict[Kind, int]:
        filled = (lengths > 0) & ~self._left_out[:, None]
        for column, several in self._several.items():
            filled[:, column] &= ~several
        by_column = filled.sum(axis=0).tolist()
        counts = Counter[Kind]()
        for kind, indices in self._layout.kinds.items():
            counts[kind] = sum(by_column[index] for index in indices)
        return {kind: count for kind, count in counts.items() if count}

    def _of_several_words(self, starts: Places, ends: Places) -> dict[int, Flags]:
        """For every column of names, which cells aren't one word of letters."""
        if not self._layout.names:
            return {}
        others = np.cumsum(_NOT_LETTERS[np.frombuffer(self._data, np.uint8)], dtype=np.int32)
        # Cells are never first and last in the data: a line end follows.
        return {
            column: (ends[:, column] > starts[:, column])
            & (others[ends[:, column] - 1] - others[starts[:, column]] > 0)
            for column in self._layout.names
        }

    def line(self, index: int) -> tuple[int, int]:
        """First byte of a line in the data, and the one past its end."""
        starts, _ = self._places()
        first = self._data.rfind(b"\n", 0, int(starts[index, 0])) + 1
        return first, self._data.index(b"\n", first) + 1

    def left_out(self) -> list[int]:
        """Lines that are not in the batch."""
        return np.flatnonzero(self._left_out).tolist()

    def passages(self) -> Iterator[Passage]:
        """The cells of columns that are looked at one by one, and names of several words."""
        yield from self._names()
        columns = self._layout.looked_at
        if columns:
            table = self._layout.table
            starts, ends = (place[:, columns].tolist() for place in self._places())
            out = self._left_out.tolist()
            for row in range(self._rows):
                if out[row]:
                    continue
                for index, start, end in zip(columns, starts[row], ends[row], strict=True):
                    text = self._data[start:end].decode("ascii") if end > start else ""
                    role = table.role(index, text) if text else None
                    if role is not None:
                        yield passage(
                            self._number + row, index, text, self._offset + start, end - start, role
                        )

    def _names(self) -> Iterator[Passage]:
        starts, ends = self._places()
        for column, several in self._several.items():
            for row in np.flatnonzero(several & ~self._left_out).tolist():
                yield from self._fields(row, (column,), starts, ends)

    def settle(self) -> None:
        """Keep the lines alone from now on."""
        self._fresh = None

    def first(self, kind: Kind, limit: int) -> Iterator[Passage]:
        """The first fields of a kind."""
        columns = self._layout.kinds.get(kind, [])
        starts, ends = self._places()
        for row in np.flatnonzero(~self._left_out).tolist():
            if limit <= 0:
                return
            asked = [c for c in columns if c not in self._several or not self._several[c][row]]
            for each in self._fields(row, asked, starts, ends):
                yield each
                limit -= 1
                if limit <= 0:
                    return

    def _fields(
        self, row: int, columns: Iterable[int], starts: Places, ends: Places
    ) -> Iterator[Passage]:
        for index in columns:
            start, end = int(starts[row, index]), int(ends[row, index])
            if end > start:
                text = self._data[start:end].decode("ascii")
                role = self._layout.table.columns[index]
                place = self._offset + start
                yield passage(self._number + row, index, text, place, end - start, role)

    def likely(self, vocabulary: Vocabulary) -> Iterator[Passage]:
        """Fields of the rows that the vocabulary may speak of."""
        starts, ends = self._places()
        told = self._of_people(starts, ends)
        wanted = mentions(told, vocabulary, self._layout.delimiter)
        if wanted is not None and not wanted:
            return
        rows = self._speaking(wanted, starts) if wanted is not None else range(self._rows)
        for row in rows:
            if self._left_out[row]:
                continue
            fields = list(self._fields(row, self._layout.people, starts, ends))
            if wanted is not None or any(map(vocabulary.may_mean, fields)):
                yield from fields

    def _of_people(self, starts: Places, ends: Places) -> bytes:
        """The data with nothing but the cells that tell whom a row is about."""
        people = self._layout.people
        step = np.zeros(len(self._data) + 1, np.int8)
        step[starts[:, people]] += 1
        step[ends[:, people]] -= 1
        inside = np.cumsum(step[:-1], dtype=np.int8).view(np.bool_)
        data = np.frombuffer(self._data, np.uint8)
        return np.where(inside, data, np.uint8(_LINE_FEED)).tobytes()

    def _speaking(self, places: list[int], starts: Places) -> list[int]:
        """Rows that have one of the places."""
        flat = np.searchsorted(starts.reshape(-1), np.array(places), "right") - 1
        found: list[int] = np.unique(np.maximum(flat, 0) // self._layout.table.width).tolist()
        return found
