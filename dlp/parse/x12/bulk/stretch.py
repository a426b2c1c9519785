"""A stretch of a claim set taken in bulk: the fields that the walker needn't look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np

from config.states import code_of
from dlp.batch import Kind
from dlp.detect.protected import ProtectedCodes
from dlp.model import Carrier, Category, Passage, Subject
from dlp.parse.x12.bulk import grammar
from dlp.parse.x12.bulk.columns import (
    LONGEST,
    PERSON_REFS,
    CodeBook,
    Column,
    columns,
    identities,
    suspicious,
)
from dlp.parse.x12.bulk.layout import Ints, Layout, Mask
from dlp.parse.x12.bulk.likely import Likely, may_name_any
from dlp.parse.x12.bulk.loops import Loops
from dlp.parse.x12.plan import Plans, plans
from dlp.parse.x12.walk import Standing, Walk
from dlp.piece import Piece
from dlp.vocabulary import Vocabulary

_FEW: Final = 4
_OBJECTS: Final = 2_000
"""Bytes that a stretch costs besides its data."""


@lru_cache(maxsize=1)
def shipped() -> ProtectedCodes:
    """The protected codes that come with the product."""
    return ProtectedCodes()


@dataclass(frozen=True, slots=True)
class _Table:
    layout: Layout
    loops: Loops
    regular: Mask
    columns: list[Column]
    kinds: dict[Kind, list[Ints]]


class Stretch:
    """Segments of one claim set, all in loops: a :class:`~dlp.batch.Batch` of the regular ones.

    Args:
        piece: The block, ending with a terminator.
        low: The first segment in the block.
        high: One past the last.
        walk: Stands before the first; it is read, not moved.
        book: Labels of codes.
        layout: The block's, if it is at hand.

    Attributes:
        odd: The segments that the walker has to look at.
    """

    def __init__(
        self, piece: Piece, low: int, high: int, walk: Walk, book: CodeBook,
        layout: Layout | None = None,
    ) -> None:  # fmt: skip
        self._piece, self._offset, self._low, self._high = piece, piece.offset, low, high
        self._walk, self._begin, self._book = walk.twin(), walk.standing(), book
        self._plans: Plans = plans(walk.delimiters, walk.set)
        self._table: _Table | None = self._look(layout or Layout(piece.bytes(), walk.delimiters))
        self.odd: Ints = np.flatnonzero(~self._table.regular) + low
        self._counts = self._count(self._table)
        self._states = frozenset(filter(None, map(code_of, self._where(self._table))))

    def _count(self, table: _Table) -> Counter[Kind]:
        counts: Counter[Kind] = Counter()
        for kind, places in table.kinds.items():
            if count := sum(map(len, places)):
                counts[kind] = count
        return counts

    def _where(self, table: _Table) -> Iterator[str]:
        """The different second elements of its persons' N4."""
        layout = table.layout
        places = layout.of(b"N4", self._low, self._high)
        places = places[table.loops.speaks_of_person(places) & table.regular[places - self._low]]
        codes = np.unique(layout.value(places, 2))
        return (int(code).to_bytes(8, "little").rstrip(b"\0").decode("latin-1") for code in codes)

    def _by_kind(self, layout: Layout, found: list[Column]) -> dict[Kind, list[Ints]]:
        """The segments of every kind of field."""
        kinds: dict[Kind, list[Ints]] = {}
        for column in found:
            for kind, which in self._book.split(layout, column):
                segments = column.segments if which is None else column.segments[which]
                kinds.setdefault(kind, []).append(segments)
        return kinds

    def _look(self, layout: Layout) -> _Table:
        """Find out which segments are regular, and their columns."""
        loops = Loops(layout, self._low, self._high, self._begin, self._offset)
        regular = self._fitting(layout)
        found = list(columns(layout, loops, self._low, self._high))
        for column in found:
            regular[suspicious(layout, column) - self._low] = False
        self._too_long(layout, regular)
        kept = self._kept(found, regular)
        return _Table(layout, loops, regular, kept, self._by_kind(layout, kept))

    def _again(self, *, by_kind: bool = False) -> _Table:
        """What :meth:`_look` found; only the odd segments were kept. Codes only by kind."""
        layout = Layout(self._piece.bytes(), self._walk.delimiters)
        loops = Loops(layout, self._low, self._high, self._begin, self._offset)
        regular = np.ones(self._high - self._low, np.bool_)
        regular[self.odd - self._low] = False
        made = columns if by_kind else identities
        found = list(made(layout, loops, self._low, self._high))
        kept = self._kept(found, regular)
        kinds = self._by_kind(layout, kept) if by_kind else {}
        return _Table(layout, loops, regular, kept, kinds)

    def _kept(self, found: Iterable[Column], regular: Mask) -> list[Column]:
        return [
            column.take(regular[column.segments - self._low] & (column.lengths > 0))
            for column in found
        ]

    def _too_long(self, layout: Layout, regular: Mask) -> None:
        """Names that aren't counted, but read where they are long."""
        for name, element in ((b"NM1", 3), (b"SBR", 4)):
            segments = layout.of(name, self._low, self._high)
            _, lengths = layout.element(segments, element)
            regular[segments[lengths > LONGEST] - self._low] = False

    def _fitting(self, layout: Layout) -> Mask:
        """Which segments the automaton takes."""
        run = grammar.run_of_segments(
            self._walk.delimiters, PERSON_REFS, several=not self._book.asks_names
        )
        regular = np.zeros(self._high - self._low, np.bool_)
        starts, low = layout.starts, self._low
        end = int(layout.ends[self._high - 1]) + 1
        stop = min(end + 2, len(layout.data))
        while low < self._high:
            match: Any = run.match(layout.data, int(starts[low]), stop)
            if match is None:
                low += 1
                continue
            after = int(np.searchsorted(layout.ends, match.end() - 1, "right"))
            after = min(after, self._high)
            regular[low - self._low : after - self._low] = True
            low = after + 1
        return regular

    def release(self) -> None:
        """Keep what can't be made again when asked for."""
        self._table = None
        self._piece.release()

    def table(self) -> _Table:
        """The columns, made again if they were let go."""
        return self._table or self._again()

    def _in_order(self, table: _Table, kind: Kind) -> Iterator[int]:
        """The segments with fields of a kind; the first few without sorting all."""
        places = np.concatenate(table.kinds[kind])
        some = _FEW * len(table.kinds[kind])
        bound = -1
        if len(places) > some:
            bound = int(np.partition(places, some)[some])
            yield from np.unique(places[places <= bound]).tolist()
        yield from np.unique(places[places > bound]).tolist()

    @property
    def counts(self) -> Mapping[Kind, int]:
        """As :class:`~dlp.batch.Batch` says."""
        return self._counts

    @property
    def start(self) -> int:
        """As :class:`~dlp.batch.Batch` says."""
        return self._offset

    @property
    def states(self) -> frozenset[str]:
        """Postal codes of the states that its persons live in."""
        return self._states

    @property
    def weight(self) -> int:
        """As :class:`~dlp.batch.Batch` says."""
        return self._piece.weight + self.odd.nbytes + _OBJECTS

    def first(self, kind: Kind, limit: int) -> Iterator[Passage]:
        """As :class:`~dlp.batch.Batch` says."""
        if limit <= 0 or kind not in self._counts:
            return
        table = self._table or self._again(by_kind=True)
        for segment in self._in_order(table, kind):
            for passage in self._passages(table, segment):
                if self._kind(passage) == kind:
                    yield passage
                    limit -= 1
                    if not limit:
                        return

    def _kind(self, passage: Passage) -> Kind | None:
        if passage.category is None or passage.subject is Subject.PROVIDER:
            return None
        labels = (
            self._book.of(passage.part, passage.text.encode()) if passage.part in _CODES else ()
        )
        return Kind(passage.carrier, passage.category, labels)

    def likely(self, vocabulary: Vocabulary) -> Iterator[Passage]:
        """As :class:`~dlp.batch.Batch` says."""
        if not may_name_any(vocabulary, self._walk.delimiters, self._piece.bytes()):
            return
        table = self.table()
        likely = Likely(table.layout, vocabulary)
        told: set[bytes] = set()
        for segment in likely.among(table.columns, table.regular, self._low).tolist():
            raw = self._raw(table.layout, segment)
            if raw in told:
                continue
            if raw.startswith(b"NM1"):
                told.add(raw)
                yield from self._named(table, segment, raw)
            else:
                yield from self._passages(table, segment)

    def _named(self, table: _Table, segment: int, raw: bytes) -> Iterator[Passage]:
        """Whom a regular NM1 names, without its walker: notes may speak of a hundred thousand."""
        start = self._offset + int(table.layout.starts[segment])
        elements = raw.split(self._walk.delimiters.element)
        whose = Subject.PERSON if elements[1] in _PATIENTS else Subject.PROVIDER
        parts = _WHOLE if elements[2] == b"2" else _PARTS
        at = start
        for number, element in enumerate(elements):
            part = parts.get(number)
            if element and part is not None and (number != _ID or whose is Subject.PERSON):
                category = Category.MEMBER_ID if number == _ID else Category.NAME
                yield Passage(
                    element.decode("ascii"), partial(self._place, segment, number),
                    Carrier.IDENTIFIER_FIELD, category, whose, at, len(element), "",
                    start + 1, part,
                )  # fmt: skip
            at += len(element) + 1

    def _place(self, segment: int, element: int) -> str:
        self.stand_at(self._walk, segment)
        return self._walk.place(element)

    def _raw(self, layout: Layout, segment: int) -> bytes:
        return layout.data[int(layout.starts[segment]) : int(layout.ends[segment])]

    def _passages(self, table: _Table, segment: int) -> list[Passage]:
        """What the walker makes of one segment."""
        walk = self._walk
        self.stand_at(walk, segment, table)
        plan = self._plans.find(b"*".join(walk.elements[:1]) + walk.delimiters.element)
        if plan is not None and plan.read is not None:
            plan.read(walk)
        out, walk.out = walk.out, []
        return out

    def stand_at(self, walk: Walk, segment: int, table: _Table | None = None) -> tuple[bytes, int]:
        """Make a segment a walk's current one; its bytes and its first one's place."""
        table = table or self.table()
        start, raw = int(table.layout.starts[segment]), self._raw(table.layout, segment)
        elements = raw.split(walk.delimiters.element)
        standing: Standing = table.loops.before(segment)
        walk.stand(standing)
        walk.at(elements[0], standing.counts[elements[0]], self._offset + start, elements)
        return raw, self._offset + start

    def leave(self, walk: Walk) -> None:
        """Have a walk stand behind the last segment."""
        walk.stand(self.table().loops.end())


_ID: Final = 9
_WHOLE: Final = {3: "full", _ID: ""}
_PARTS: Final = {3: "last", 4: "first", 5: "middle", 7: "suffix", _ID: ""}
"""Elements of NM1 and what they are of a name."""
_PATIENTS: Final = frozenset(code.encode() for code in grammar.PATIENTS)
_CODES: Final = frozenset({"icd10cm", "cpt", "hcpcs", "cdt", "revenue", "ndc"})
