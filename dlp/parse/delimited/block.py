"""A stretch of regular rows as one batch: positions of cells by NumPy, passages only on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dlp.batch import Kind
from dlp.detect.reading import words
from dlp.model import Carrier, Passage
from dlp.parse.delimited import grammar
from dlp.parse.delimited.likely import mentions
from dlp.parse.delimited.table import Table, passage
from dlp.piece import Piece
from dlp.vocabulary import Vocabulary

_OVERHEAD = 1_000
_MOST_LISTED = 50_000
_QUOTE, _LINE_FEED, _RETURN = 0x22, 0x0A, 0x0D

Places = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Layout:
    """What the columns of a table are to a batch.

    Args:
        table: The table.
        delimiter: Between its cells.
        looked_at: Columns that give a passage for every cell.
        not_phi: Says whether the site lists a name as no PHI; None where it lists none.

    Attributes:
        counted: Columns whose cells are findings by their place.
        by_field: Those of them where a filler is none.
        typed: Columns that the rows' pattern checks.
        names: Columns with names that the site may list.
        people: Columns that tell whom a row is about, providers too.
    """

    def __init__(
        self,
        table: Table,
        delimiter: str,
        looked_at: Sequence[int],
        not_phi: Callable[[str], bool] | None = None,
    ) -> None:
        self.table, self.delimiter, self.looked_at = table, delimiter, tuple(looked_at)
        self._not_phi = not_phi
        self._listed: dict[str, bool] = {}
        self.typed = [i for i in range(table.width) if i not in set(looked_at)]
        roles = table.columns
        self.counted = [i for i in self.typed if grammar.is_counted(roles[i])]
        self.by_field = [i for i in self.counted if roles[i].carrier is Carrier.IDENTIFIER_FIELD]
        self.names = [i for i in self.counted if not_phi and grammar.is_asked_about(roles[i])]
        self.people = [i for i, role in enumerate(roles) if role.category is not None]
        self.kinds: dict[Kind, list[int]] = {}
        for index in self.counted:
            role = roles[index]
            if role.category is not None:
                kind = Kind(role.carrier or Carrier.FREE_TEXT, role.category)
                self.kinds.setdefault(kind, []).append(index)

    def is_listed(self, name: str) -> bool:
        """Whether the site lists a name as no PHI; one word alone never is."""
        known = self._listed.get(name)
        if known is None:
            if len(self._listed) >= _MOST_LISTED:
                self._listed.clear()
            known = bool(self._not_phi and len(words(name)) > 1 and self._not_phi(name))
            self._listed[name] = known
        return known


class Cells(NamedTuple):
    """Lines, and where in them their cells are: a row each.

    Attributes:
        data: The lines.
        starts: First byte of every cell.
        ends: The one past its last.
    """

    data: bytes
    starts: Places
    ends: Places


class Rows:
    """Regular rows of a table.

    Args:
        layout: Of the table.
        piece: The lines, each with its end.
        number: Of the first row, from 1.
        odd: Where in the piece lines start that don't belong to the batch.
    """

    def __init__(self, layout: Layout, piece: Piece, number: int, odd: Collection[int]) -> None:
        self._layout, self._piece, self._number = layout, piece, number
        cells = self._cut()
        self._fresh: Cells | None = cells
        starts, ends = cells.starts, cells.ends
        self._rows = len(starts)
        left_out = np.zeros(self._rows, np.bool_)
        if len(odd):
            # By the lines' ends: the first cell of a line may start behind a quote.
            left_out[np.searchsorted(ends[:, -1], np.fromiter(odd, np.int64), "left")] = True
        lengths = ends - starts
        long = lengths[:, layout.typed] > grammar.LONGEST
        left_out |= long.any(axis=1)
        self._left_out = left_out
        for column in layout.table.homes:
            layout.table.live_in(set(self._column(cells, column)))
        self._listed = {column: self._of_site(cells, column) for column in layout.names}
        self.counts: Mapping[Kind, int] = self._count(lengths)

    @property
    def start(self) -> int:
        """As :class:`~dlp.batch.Batch` says."""
        return self._piece.offset

    @property
    def weight(self) -> int:
        """Bytes of memory: the lines themselves, unless they can be read again."""
        return self._piece.weight + self._rows * (1 + len(self._listed)) + _OVERHEAD

    def _cut(self) -> Cells:
        """Every cell's place, quotes left out."""
        lines = self._piece.bytes()
        data = np.frombuffer(lines, np.uint8)
        marks = (data == ord(self._layout.delimiter)) | (data == _LINE_FEED)
        ends = np.flatnonzero(marks).reshape(-1, self._layout.table.width)
        starts = np.empty_like(ends)
        flat = starts.reshape(-1)
        flat[0] = 0
        flat[1:] = ends.reshape(-1)[:-1] + 1
        last = ends[:, -1]
        returned = (last > 0) & (data[last - 1] == _RETURN)
        ends[:, -1] -= returned & (last > starts[:, -1])
        if b'"' in lines:
            quoted = (data[starts] == _QUOTE) & (ends > starts)
            starts += quoted
            ends -= quoted
        return Cells(lines, starts, ends)

    def _cells(self) -> Cells:
        """The cells again; kept only while the batch is new."""
        return self._fresh or self._cut()

    def _count(self, lengths: Places) -> dict[Kind, int]:
        filled = (lengths > 0) & ~self._left_out[:, None]
        for column, listed in self._listed.items():
            filled[:, column] &= ~listed
        by_column = filled.sum(axis=0).tolist()
        counts = Counter[Kind]()
        for kind, indices in self._layout.kinds.items():
            counts[kind] = sum(by_column[index] for index in indices)
        return {kind: count for kind, count in counts.items() if count}

    def _of_site(self, cells: Cells, column: int) -> Flags:
        """Which cells of a column hold a name that the site lists."""
        names = self._column(cells, column)
        return np.fromiter(map(self._layout.is_listed, names), np.bool_, self._rows)

    @staticmethod
    def _column(cells: Cells, column: int) -> Iterator[str]:
        rows = zip(cells.starts[:, column].tolist(), cells.ends[:, column].tolist(), strict=True)
        return (cells.data[start:end].decode("ascii") for start, end in rows)

    def line(self, index: int) -> tuple[int, int]:
        """First byte of a line in the piece, and the one past its end."""
        data, starts, _ = self._cells()
        first = data.rfind(b"\n", 0, int(starts[index, 0])) + 1
        return first, data.index(b"\n", first) + 1

    def left_out(self) -> list[int]:
        """Lines that are not in the batch."""
        return np.flatnonzero(self._left_out).tolist()

    def passages(self) -> Iterator[Passage]:
        """The cells of columns that are looked at one by one."""
        columns = self._layout.looked_at
        if columns:
            table, (data, *places) = self._layout.table, self._cells()
            starts, ends = (place[:, columns].tolist() for place in places)
            out = self._left_out.tolist()
            for row in range(self._rows):
                if out[row]:
                    continue
                for index, start, end in zip(columns, starts[row], ends[row], strict=True):
                    text = data[start:end].decode("ascii") if end > start else ""
                    role = table.role(index, text) if text else None
                    if role is not None:
                        yield passage(
                            self._number + row, index, text, self.start + start, end - start, role
                        )

    def settle(self) -> None:
        """Keep only what can't be made again."""
        self._fresh = None
        self._piece.release()

    def first(self, kind: Kind, limit: int) -> Iterator[Passage]:
        """The first fields of a kind."""
        columns = self._layout.kinds.get(kind, [])
        cells = self._cells()
        for row in np.flatnonzero(~self._left_out).tolist():
            if limit <= 0:
                return
            asked = [c for c in columns if c not in self._listed or not self._listed[c][row]]
            for each in self._fields(row, asked, cells):
                yield each
                limit -= 1
                if limit <= 0:
                    return

    def _fields(self, row: int, columns: Iterable[int], cells: Cells) -> Iterator[Passage]:
        for index in columns:
            start, end = int(cells.starts[row, index]), int(cells.ends[row, index])
            if end > start:
                text = cells.data[start:end].decode("ascii")
                role = self._layout.table.columns[index]
                place = self.start + start
                yield passage(self._number + row, index, text, place, end - start, role)

    def likely(self, vocabulary: Vocabulary) -> Iterator[Passage]:
        """Fields of the rows that the vocabulary may speak of."""
        cells = self._cells()
        told = self._of_people(cells)
        wanted = mentions(told, vocabulary, self._layout.delimiter)
        if wanted is not None and not wanted:
            return
        rows = self._speaking(wanted, cells.starts) if wanted is not None else range(self._rows)
        for row in rows:
            if self._left_out[row]:
                continue
            fields = list(self._fields(row, self._layout.people, cells))
            if wanted is not None or any(map(vocabulary.may_mean, fields)):
                yield from fields

    def _of_people(self, cells: Cells) -> bytes:
        """The lines with nothing but the cells that tell whom a row is about."""
        people, data = self._layout.people, np.frombuffer(cells.data, np.uint8)
        step = np.zeros(len(data) + 1, np.int8)
        step[cells.starts[:, people]] += 1
        step[cells.ends[:, people]] -= 1
        inside = np.cumsum(step[:-1], dtype=np.int8).view(np.bool_)
        return np.where(inside, data, np.uint8(_LINE_FEED)).tobytes()

    def _speaking(self, places: list[int], starts: Places) -> list[int]:
        """Rows that have one of the places."""
        flat = np.searchsorted(starts.reshape(-1), np.array(places), "right") - 1
        found: list[int] = np.unique(np.maximum(flat, 0) // self._layout.table.width).tolist()
        return found
