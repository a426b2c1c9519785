"""The reading of frames: segments to passages, claims in bulk, attachments to members."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Generator, Iterator
from typing import Final

from dlp.content import Item
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Source, Subject, Uninspectable
from dlp.parse.x12.bulk import (
    CLAIMS,
    MOST_ODD,
    CodeBook,
    Layout,
    Stretch,
    is_worthwhile,
    plain_runs,
)
from dlp.parse.x12.embedded import unpacked
from dlp.parse.x12.envelope import Envelope
from dlp.parse.x12.framing import (
    LONGEST_BINARY,
    PADDING,
    Binary,
    Block,
    Opening,
    Outside,
    Segments,
)
from dlp.parse.x12.plan import Plan, examine, plans
from dlp.parse.x12.walk import Walk, decoded
from dlp.piece import Piece
from dlp.unpack.entry import Entry

_LEADING: Final = re.compile(b"[%s]*" % re.escape(PADDING))
_OWN_SEGMENT: Final = re.compile(rb"Z[A-Z0-9]{1,2}")
"""Names that partners may make up; any other unknown name might be content, and isn't shown."""
_UNKNOWN: Final = "segment not in this transaction's guide"


class Reader:
    """Takes the frames of one member, in order.

    Args:
        announced: The format that the member's head announces.
        met: Takes the formats met; None for a caller that judges the announced one alone.
        book: Labels of codes for the bulk path, None to walk all.
        again: The member's source, if it can be read again when all of it was read.
        interchanges: Takes the digest of each transaction set's control numbers.
    """

    def __init__(
        self,
        announced: str | None,
        met: set[str] | None,
        book: CodeBook | None,
        again: Source | None = None,
        interchanges: set[str] | None = None,
    ) -> None:
        self._book, self._again = book, again
        self._attachments = 0
        self._walk = Walk()
        self._envelope = Envelope(self._walk, set() if interchanges is None else interchanges)
        self._announced = announced
        self._met = met
        self._later: NotReadableError | None = None
        self._controls: dict[bytes, Callable[[], None]] = {
            b"ISA": self._envelope.unclosed,
            b"TA1": self._envelope.ta1,
            b"BIN": self._envelope.lost,
            b"BDS": self._envelope.lost,
            b"GS": self._envelope.gs,
            b"ST": self._st,
            b"SE": self._se,
            b"GE": self._envelope.ge,
            b"IEA": self._envelope.iea,
        }

    def take(self) -> list[Passage]:
        """The passages made since the last call."""
        out, self._walk.out = self._walk.out, []
        return out

    def finish(self) -> None:
        """Raise what had to wait until everything was read."""
        if not self._envelope.formats:
            if not self._envelope.acknowledges:
                raise NotReadableError(
                    Obstacle.MALFORMED, "an interchange without any transaction set in it"
                )
            if self._met is not None:
                self._met.add("x12/TA1")
        if self._later:
            raise self._later

    def open(self, frame: Opening) -> None:
        """An ISA segment."""
        walk = self._walk
        walk.delimiters = frame.delimiters
        self._use("")
        walk.at(b"ISA", 1, frame.offset, frame.raw.split(frame.delimiters.element))
        self._envelope.isa()
        # ISA11 and ISA16 are the separators themselves, so the segment is looked at by element.
        plan = self._plans.find(frame.raw)
        if plan is not None:
            examine(walk, plan)

    def _use(self, number: str) -> None:
        self._plans = plans(self._walk.delimiters, number)

    def block(self, frame: Block) -> Iterator[Passage | Stretch]:
        """Many segments, in bulk where they are a claim's."""
        if self._book is None or not is_worthwhile(self._walk, frame.data):
            yield from self._one_by_one(frame, 0, len(frame.data))
            return
        layout = Layout(frame.data, self._walk.delimiters)
        done = 0
        for low, high in plain_runs(layout):
            yield from self._one_by_one(frame, done, layout.begin(low))
            start = yield from self._into_loop(frame, layout, low, high)
            if start < high:
                yield from self._stretch(frame, layout, start, high)
            done = layout.begin(high)
        yield from self._one_by_one(frame, done, len(frame.data))

    def _one_by_one(self, frame: Block, start: int, end: int) -> Iterator[Passage]:
        if start < end:
            raws = frame.data[start : end - 1].split(self._walk.delimiters.terminator)
            yield from self.segments(Segments(frame.offset + start, raws))

    def _into_loop(
        self, frame: Block, layout: Layout, low: int, high: int
    ) -> Generator[Passage, None, int]:
        """Walk to where the bulk path may begin; the first segment that it may take."""
        while low < high and (self._walk.set != CLAIMS or not self._walk.loop):
            # Sets of other kinds are walked to their end.
            step = high if self._walk.set not in ("", CLAIMS) else low + 1
            yield from self._one_by_one(frame, layout.begin(low), layout.begin(step))
            low = step
        return low

    def _stretch(
        self, frame: Block, layout: Layout, low: int, high: int
    ) -> Iterator[Passage | Stretch]:
        walk = self._walk
        assert self._book is not None  # noqa: S101 - block() asked
        piece = Piece(frame.data, frame.offset, self._again)
        stretch = Stretch(piece, low, high, walk, self._book, layout)
        if len(stretch.odd) > (high - low) * MOST_ODD:
            yield from self._one_by_one(frame, layout.begin(low), layout.begin(high))
            return
        self._envelope.segments += high - low
        if stretch.counts:
            yield stretch
        for segment in stretch.odd.tolist():
            raw, _ = stretch.stand_at(walk, segment)
            plan = self._plans.find(raw)
            if plan is not None:
                if plan.read:
                    plan.read(walk)
                if not plan.clean(raw):
                    examine(walk, plan)
            yield from self.take()
        stretch.leave(walk)
        stretch.release()

    def segments(self, frame: Segments) -> Iterator[Passage]:
        """A run of segments; the hot loop."""
        walk, envelope = self._walk, self._envelope
        mark = walk.delimiters.element
        offset = frame.offset
        for raw in frame.raws:
            start, offset = offset, offset + len(raw) + 1
            if raw[:1] in PADDING_BYTES:
                start, raw = _unpadded(start, raw)  # noqa: PLW2901 - line ends aren't the segment's
                if not raw:
                    continue
            plan = self._plans.known.get(raw[:3]) or self._plans.find(raw)
            if plan is not None and plan.ordinary and plan.clean(raw):
                # Only a set's plans have ordinary segments, so here one is open.
                envelope.segments += 1
                ordinal = walk.count(plan.name)
                if plan.read is None:
                    continue
                walk.at(plan.name, ordinal, start, raw.split(mark))
                plan.read(walk)
            else:
                self._unusual(raw, start, plan)
            if walk.out:
                yield from walk.out
                walk.out.clear()

    def _unusual(self, raw: bytes, start: int, plan: Plan | None) -> None:
        """A segment of the envelope, one with open text or of wrong types, or an unknown one."""
        walk = self._walk
        elements = raw.split(walk.delimiters.element)
        if plan is None or elements[0] != plan.name:
            self._unknown(raw, start, elements)
            return
        control = self._controls.get(plan.name)
        if control is None:
            self._envelope.segment()
        ordinal = walk.count(plan.name)
        walk.at(plan.name, ordinal, start, elements)
        if control:
            control()
        if plan.read:
            plan.read(walk)
        if not plan.clean(raw):
            examine(walk, plan)

    def _unknown(self, raw: bytes, start: int, elements: list[bytes]) -> None:
        name = elements[0] if _OWN_SEGMENT.fullmatch(elements[0]) else b"SEG"
        walk = self._walk
        walk.at(name, walk.count(name), start, elements)
        self._envelope.segment()
        walk.whole_segment(raw, _UNKNOWN)

    def _st(self) -> None:
        self._envelope.st()
        name = f"x12/{self._walk.name}"
        self._use(self._walk.set)
        if self._met is not None:
            self._met.add(name)
            return
        if self._announced is None or self._announced == "x12/unknown":
            self._announced = name
        if name != self._announced and self._later is None:
            self._later = NotReadableError(
                Obstacle.UNSUPPORTED_TYPE,
                f"more than one kind of transaction set ({self._announced}, then {name}): send "
                "each kind in a file of its own",
                self._walk.place(),
            )

    def _se(self) -> None:
        self._envelope.se()
        self._use("")

    def binary(self, frame: Binary) -> Item:
        """A BIN or BDS segment: a document of its own, read like any other."""
        walk = self._walk
        self._envelope.segment()
        self._attachments += 1
        ordinal = walk.count(frame.name)
        walk.at(frame.name, ordinal, frame.offset, [frame.name])
        if frame.payload is None:
            return Uninspectable(
                Obstacle.TOO_LARGE,
                f"an attachment of {frame.length} bytes; {LONGEST_BINARY} are read at most",
                walk.place(2 if frame.name == b"BIN" else 3),
            )
        document = unpacked(frame.coding, frame.payload)
        source = io.BytesIO(document) if document else None
        return Entry(self._attachments, "", source, kind="attachment")

    def outside(self, frame: Outside) -> None:
        """What stands before, between or after interchanges."""
        self._walk.out.append(
            Passage(
                decoded(frame.raw),
                f"outside the interchange, byte {frame.offset}",
                Carrier.FREE_TEXT,
                None,
                Subject.PERSON,
                frame.offset,
                len(frame.raw),
                "data outside the interchange",
            )
        )


PADDING_BYTES: Final = frozenset(PADDING[at : at + 1] for at in range(len(PADDING)))


def _unpadded(start: int, raw: bytes) -> tuple[int, bytes]:
    found = _LEADING.match(raw)
    skip = found.end() if found else 0
    return start + skip, raw[skip:]
