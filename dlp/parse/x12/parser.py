"""The X12 parser: a member's bytes to passages, in one pass at constant memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content
from dlp.detect.protected import ProtectedCodes
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Subject
from dlp.parse.x12.bulk import (
    CLAIMS,
    MOST_ODD,
    CodeBook,
    Layout,
    Stretch,
    is_worthwhile,
    plain_runs,
    shipped,
)
from dlp.parse.x12.embedded import is_readable
from dlp.parse.x12.envelope import Envelope
from dlp.parse.x12.formats import identify
from dlp.parse.x12.framing import PADDING, Binary, Block, Framer, Opening, Outside, Segments
from dlp.parse.x12.plan import Plan, examine, plans
from dlp.parse.x12.walk import Walk, decoded

_HEAD: Final = 64 * 2**10
_LEADING: Final = re.compile(b"[%s]*" % re.escape(PADDING))
_OWN_SEGMENT: Final = re.compile(rb"Z[A-Z0-9]{1,2}")
"""Names that partners may make up; any other unknown name might be content, and isn't shown."""
_UNKNOWN: Final = "segment not in this transaction's guide"


def parse(
    content: Content,
    meter: Meter,
    *,
    met: set[str] | None = None,
    protected: ProtectedCodes | None = None,
) -> Iterator[Passage | Stretch]:
    """What an X12 member holds: what is to be looked at, and fields by the thousand.

    Claims (837) are taken in bulk, megabytes at a time; everything else, and every segment of a
    claim that has more to say than its position does, comes as passages in the order of the file.
    Both ways give the same findings as :func:`parse_slowly`.

    Args:
        content: Its source is read from its start.
        meter: Charged with every byte.
        met: Takes the format of each transaction set (``x12/837P``; ``x12/TA1`` where there are
            only acknowledgements of interchanges), for a caller that judges
            them itself. Without it a member whose sets differ from what :func:`identify` says of
            it is not readable: otherwise an 835 could hide behind an 837.
        protected: Protected codes, the shipped ones by default. They must be those that the
            detectors know: bulk fields are counted by their labels.

    Raises:
        NotReadableError: ``malformed`` when envelopes are damaged, the file is cut short or a
            segment has no end; ``unsupported-type`` for sets that aren't of health care, for
            binary data in a 275 that isn't text, and for a mix of sets. The passages before the
            damage, and all where only the mix or the binary is at fault, come first.
    """
    return _read(content, meter, met, CodeBook(protected or shipped()))


def parse_slowly(
    content: Content, meter: Meter, *, met: set[str] | None = None
) -> Iterator[Passage]:
    """As :func:`parse`, each field as a passage: what the bulk path is measured against."""
    for item in _read(content, meter, met, None):
        if isinstance(item, Passage):
            yield item


def _read(
    content: Content, meter: Meter, met: set[str] | None, book: CodeBook | None
) -> Iterator[Passage | Stretch]:
    source = content.source
    source.seek(0)
    announced = identify(source.read(_HEAD))
    reader = _Reader(announced, met, book)
    for frame in Framer(source, meter):
        if isinstance(frame, Block):
            yield from reader.block(frame)
            continue
        if isinstance(frame, Segments):
            yield from reader.segments(frame)
            continue
        if isinstance(frame, Opening):
            reader.open(frame)
        elif isinstance(frame, Binary):
            reader.binary(frame)
        else:
            reader.outside(frame)
        yield from reader.take()
    reader.finish()


class _Reader:
    def __init__(self, announced: str | None, met: set[str] | None, book: CodeBook | None) -> None:
        self._book = book
        self._walk = Walk()
        self._envelope = Envelope(self._walk)
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
            low = yield from self._into_loop(frame, layout, low, high)
            if low < high:
                yield from self._stretch(frame, layout, low, high)
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
        stretch = Stretch(frame.data, frame.offset, low, high, walk, self._book, layout)
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

    def binary(self, frame: Binary) -> None:
        """A BIN or BDS segment: read as text if it is text, else the file can't be cleared."""
        walk = self._walk
        self._envelope.segment()
        walk.at(frame.name, walk.count(frame.name), frame.offset, [frame.name])
        element = 2 if frame.name == b"BIN" else 3
        if frame.payload is not None:
            walk.text_at(frame.payload, frame.offset, (element, 0, 0), "embedded data")
        if (frame.payload is None or not is_readable(frame.payload)) and self._later is None:
            self._later = NotReadableError(
                Obstacle.UNSUPPORTED_TYPE,
                f"{frame.length} bytes of embedded binary data are not inspected",
                walk.place(element),
            )

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
