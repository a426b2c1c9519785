"""Where the parser stands in a file, and the making of passages from there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from dlp.model import Carrier, Category, NotReadableError, Obstacle, Passage, Subject
from dlp.parse.x12.anchor import AFTER_LOOPS, Anchor, loops_of, place_of
from dlp.parse.x12.delimiters import Delimiters

# Looked up once: an enum's attribute costs as much as a small function call on Python 3.11.
_FIELD: Final = Carrier.IDENTIFIER_FIELD
_PERSON: Final = Subject.PERSON
_MOST_PARTS: Final = 20_000
"""Of one segment: a million elements, a passage each, took 700 MiB."""


class Standing(NamedTuple):
    """Where a :class:`Walk` is between two segments; enough to go on from there.

    Attributes:
        subject: Whom the entity in force is.
        records: The last record that was begun.
        person: The person in force.
        patient: The person whom the coming claims are about.
        unnamed: Whether that person's name is still to come.
        anchor: The loop.
        counts: Segments of the loop, by name.
        set_counts: Loops of the set, by the name of their first segment.
    """

    subject: Subject
    records: int
    person: int
    patient: int
    unnamed: bool
    anchor: Anchor
    counts: dict[bytes, int]
    set_counts: dict[bytes, int]


def decoded(raw: bytes) -> str:
    """Text of an element: UTF-8, or Latin-1 where it isn't that."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class Walk:
    """Position, subject in force and output of one parse. One segment is current at a time.

    Attributes:
        out: Passages made and not yet given out.
        set: Number of the transaction set, "" outside one.
        name: Name of the set, such as ``837P``.
        answered: Number of the set that an acknowledgement speaks of.
        subject: Whom the entity in force (NM1, N1, HL level) is.
        elements: The current segment's elements, its name first.
    """

    def __init__(self) -> None:
        """Before the first interchange."""
        self.out: list[Passage] = []
        self.set = ""
        self.name = ""
        self.answered = b""
        self.subject = Subject.PROVIDER
        self.records = 0
        self.person = 0
        self._patient = 0
        self._unnamed = False
        self.elements: list[bytes] = []
        self.delimiters = Delimiters(b"*", b":", b"", b"~")
        self._segment = b""
        self._ordinal = 0
        self._offset = 0
        self._anchor = Anchor("X12")
        self._subs: frozenset[bytes] = frozenset()
        self._marks: frozenset[bytes] = frozenset()
        self._counts: dict[bytes, int] = {}
        self._set_counts: dict[bytes, int] = {}
        self._set_anchor = self._anchor

    @property
    def loop(self) -> bytes:
        """The segment that opened the loop we are in: CLM, CLP, HL, INS and so on."""
        return self._anchor.top

    def enter(self, prefix: str, number: str = "", name: str = "") -> None:
        """Start counting anew: in an interchange (no number) or a transaction set."""
        self.set, self.name = number, name
        tops, self._subs = loops_of(number)
        self._marks = tops | self._subs | AFTER_LOOPS
        self._anchor = self._set_anchor = Anchor(prefix)
        self._counts = self._set_counts = {}
        self.subject = Subject.PROVIDER
        self.person = self._patient = 0
        self._unnamed = False

    def standing(self) -> Standing:
        """Where we are, to :meth:`stand` there again in the same set."""
        return Standing(
            self.subject, self.records, self.person, self._patient, self._unnamed,
            self._anchor, dict(self._counts), dict(self._set_counts),
        )  # fmt: skip

    def stand(self, standing: Standing) -> None:
        """Be somewhere else in the open set, inside a loop."""
        self.subject, self.records, self.person = standing[:3]
        self._patient, self._unnamed, self._anchor = standing[3:6]
        self._counts, self._set_counts = standing[6:]

    def twin(self) -> Walk:
        """Another walk in the same set, with nothing made yet."""
        other = Walk()
        other.delimiters = self.delimiters
        other.enter(self._set_anchor.prefix, self.set, self.name)
        return other

    def new_record(self, subject: Subject, *, unnamed: bool = False) -> None:
        """A new person or organisation is in force.

        Args:
            subject: Which of the two.
            unnamed: Whether a name is still to come: the next person's name is theirs.
        """
        self.subject = subject
        if self._unnamed and not unnamed and subject is _PERSON:
            self._unnamed = False
            return
        self._unnamed = unnamed
        # Its place and not a counter: whoever starts in the middle of a file knows it too.
        self.records = self._offset + 1
        if subject is _PERSON:
            self.person = self.records

    def keep_patient(self) -> None:
        """The person in force is who the coming claims are about."""
        self._patient = self.person

    def back_to_patient(self) -> None:
        """Claims and service lines speak of the patient again, whoever was named since."""
        self.subject = _PERSON
        if self.loop in (b"CLM", b"HL"):
            self.person = self._patient
            self._unnamed = False

    def count(self, segment: bytes) -> int:
        """The ordinal of a segment in its loop, opening a loop if it does."""
        if segment in self._marks:
            return self._open(segment)
        counts = self._counts
        ordinal = counts[segment] = counts.get(segment, 0) + 1
        return ordinal

    def _open(self, segment: bytes) -> int:
        anchor = self._anchor
        if segment in AFTER_LOOPS:
            self._anchor, self._counts = self._set_anchor, self._set_counts
            ordinal = self._counts[segment] = self._counts.get(segment, 0) + 1
            return ordinal
        if segment in self._subs:
            ordinal = (anchor.sub_ordinal if anchor.sub == segment else 0) + 1
            self._anchor = Anchor(anchor.prefix, anchor.top, anchor.top_ordinal, segment, ordinal)
        else:
            ordinal = self._set_counts[segment] = self._set_counts.get(segment, 0) + 1
            self._anchor = Anchor(self._set_anchor.prefix, segment, ordinal)
        self._counts = {}
        return ordinal

    def at(self, segment: bytes, ordinal: int, offset: int, elements: list[bytes]) -> None:
        """Make a segment the current one."""
        self._segment, self._ordinal = segment, ordinal
        self._offset, self.elements = offset, elements

    def place(self, element: int = 0) -> str:
        """The readable place of the current segment or one of its elements."""
        return place_of(self._anchor, self._segment, self._ordinal, (element, 0, 0))

    def value(self, element: int) -> bytes:
        """An element's bytes, b"" where the segment ends before it."""
        return self.elements[element] if element < len(self.elements) else b""

    def start(self, element: int) -> int:
        """The byte in the member at which an element starts."""
        return self._offset + sum(map(len, self.elements[:element])) + element

    def composites(self, element: int) -> Iterator[tuple[int, int, list[bytes]]]:
        """Each repetition of an element: its ordinal from 0, its first byte, its components."""
        raw = self.value(element)
        if not raw:
            return
        mark = self.delimiters.repetition
        start = self.start(element)
        for ordinal, one in enumerate(raw.split(mark) if mark else [raw]):
            yield ordinal, start, one.split(self.delimiters.component)
            start += len(one) + 1

    def emit(
        self,
        element: int,
        category: Category | None,
        check: re.Pattern[bytes] | None = None,
        *,
        part: str = "",
        subject: Subject | None = None,
        fault: str = "",
        carrier: Carrier = _FIELD,
    ) -> None:
        """A passage of a whole element, if it has content."""
        # Positional all the way: this and add() are a third of the parser's time.
        if element < len(self.elements) and (raw := self.elements[element]):
            start = self._offset + sum(map(len, self.elements[:element])) + element
            self.add(raw, start, (element, 0, 0), category, check, part, subject, fault, carrier)

    def open_text(self, element: int, fault: str = "") -> None:
        """A passage of free text from a whole element."""
        self.emit(element, None, subject=_PERSON, fault=fault, carrier=Carrier.FREE_TEXT)

    def add(  # noqa: PLR0917 - called for every passage: keywords cost a tenth of the parse
        self,
        raw: bytes,
        offset: int,
        place: tuple[int, int, int],
        category: Category | None,
        check: re.Pattern[bytes] | None = None,
        part: str = "",
        subject: Subject | None = None,
        fault: str = "",
        carrier: Carrier = _FIELD,
    ) -> None:
        """A passage of any part of the current segment.

        Content that fails ``check`` isn't what its place promises: it goes out as a fault for
        the detectors to read, and without a category.

        Args:
            raw: The bytes.
            offset: The first one's place in the member.
            place: Element, component (0: all of it) and repetition (from 0).
            category: What the place means.
            check: What the content must match in full to be that.
            part: As in :class:`~dlp.model.Passage`.
            subject: Whom it is about, the entity in force by default.
            fault: Why it doesn't belong, or what to say when the check fails.
            carrier: The kind of place.
        """
        if not raw or raw.isspace():
            return
        if check is not None:
            if check.fullmatch(raw):
                if category is None:
                    return
                fault = ""
            else:
                fault = fault or "text in an identifier element"
                category, part, carrier = None, "", Carrier.CODED
        whose = subject or self.subject
        where = partial(place_of, self._anchor, self._segment, self._ordinal, place)
        record = self.person if whose is _PERSON else self.records
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        self.out.append(
            Passage(
                text, where, carrier, category, whose,
                offset, len(raw), fault, record, part,
            )
        )  # fmt: skip

    def text_at(
        self, raw: bytes, offset: int, place: tuple[int, int, int], fault: str = ""
    ) -> None:
        """A passage of free text from a part of the current segment; see :meth:`add`."""
        self.check_room()
        self.add(
            raw, offset, place, None,
            subject=Subject.PERSON, fault=fault, carrier=Carrier.FREE_TEXT,
        )  # fmt: skip

    def check_room(self) -> None:
        """Raise ``NotReadableError`` at a segment of more passages than memory should hold."""
        if len(self.out) >= _MOST_PARTS:
            detail = f"a segment has more than {_MOST_PARTS:,} parts that don't belong in it"
            raise NotReadableError(Obstacle.TOO_LARGE, detail, self.place(0))

    def whole_segment(self, raw: bytes, fault: str) -> None:
        """A passage of a segment of which we know nothing; its separators read as blanks."""
        marks = self.delimiters
        blank = raw
        for mark in (marks.element, marks.component, marks.repetition):
            blank = blank.replace(mark, b" ") if mark else blank
        self.text_at(raw, self._offset, (0, 0, 0), fault)
        if self.out and blank != raw:
            self.out[-1] = self.out[-1]._replace(text=decoded(blank))
