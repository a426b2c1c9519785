"""The nesting of ISA, GS and ST, and what their trailers say about them (X12.6, section 3)."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from dlp.detect import checksums
from dlp.model import Carrier, Category, NotReadableError, Obstacle, Subject
from dlp.parse.x12 import content
from dlp.parse.x12.formats import HEALTH_CARE, set_of
from dlp.parse.x12.walk import Walk

_MOST_SETS: Final = 1_000
_SET_NUMBER: Final = re.compile(rb"\d{3}")


def _is_ssn(raw: bytes) -> bool:
    number = raw.strip()
    return number.isdigit() and checksums.ssn(number.decode("ascii"))


class Envelope:
    """Where in the envelopes the parser is.

    Damaged nesting is an error, since what a segment means can't be trusted then. Wrong counts
    and control numbers are only reported: the receiver's translator rejects such a file, but it
    can be read to its end.

    Attributes:
        segments: Segments of the open set, so far.
        set_open: Whether we are between ST and SE.
        acknowledges: Whether a TA1 was met.
        formats: Names of the sets met.
    """

    def __init__(self, walk: Walk, interchanges: set[str]) -> None:
        """Before the first interchange; ``interchanges`` takes each set's digest."""
        self._walk = walk
        self._digests = interchanges
        self._partners: tuple[bytes, ...] = ()
        self._interchanges = self._groups = self._groups_here = 0
        self._sets = self._sets_here = 0
        self._controls: list[bytes] = []
        self._gs08 = b""
        self.segments = 0
        self.set_open = False
        self.acknowledges = False
        self.formats: set[str] = set()

    def segment(self) -> None:
        """Count a segment of a set.

        Raises:
            NotReadableError: If there is no set it could belong to.
        """
        if not self.set_open:
            raise self._damaged("a segment stands outside any transaction set (ST to SE)")
        self.segments += 1

    def isa(self) -> None:
        """ISA: the interchange begins; its free elements should be blank."""
        self._interchanges += 1
        self._groups_here = 0
        walk = self._walk
        self._controls = [walk.value(13)]
        self._partners = tuple(walk.value(element) for element in (5, 6, 7, 8))
        walk.enter(f"X12 ISA#{self._interchanges}")
        walk.at(b"ISA", 1, walk.start(0), walk.elements)
        for qualifier, element in ((1, 2), (3, 4)):
            unused = walk.value(qualifier) == b"00"
            if unused and _is_ssn(walk.value(element)):
                walk.emit(element, Category.SSN, subject=Subject.PERSON, carrier=Carrier.FREE_TEXT)
                continue
            walk.open_text(element, "content where only blanks belong" if unused else "")
        for element in (6, 8):
            walk.emit(element, None, content.LABEL)

    def unclosed(self) -> None:
        """ISA where none can be: the interchange before it was not closed."""
        raise self._damaged("an interchange (ISA) begins inside another")

    def ta1(self) -> None:
        """TA1, interchange acknowledgement: stands before the first group."""
        if len(self._controls) != 1:
            raise self._damaged("an interchange acknowledgement (TA1) stands inside a group")
        self.acknowledges = True

    def lost(self) -> None:
        """BIN or BDS that :mod:`~dlp.parse.x12.framing` did not see as such."""
        raise self._damaged("binary data stands after too much padding")

    def gs(self) -> None:
        """GS: a functional group begins."""
        if len(self._controls) != 1:
            raise self._damaged("a functional group (GS) begins inside another")
        walk = self._walk
        self._groups += 1
        self._groups_here += 1
        self._sets_here = 0
        self._controls.append(walk.value(6))
        self._gs08 = walk.value(8).strip()
        for element in (2, 3):
            walk.emit(element, None, content.LABEL)

    def st(self) -> None:
        """ST: a transaction set begins.

        Raises:
            NotReadableError: If it isn't one of health care, or begins in the wrong place.
        """
        if len(self._controls) != 2 or self.set_open:  # noqa: PLR2004 - ISA and GS are open
            raise self._damaged("a transaction set (ST) begins outside a group or inside another")
        walk = self._walk
        name = set_of(walk.elements, self._gs08)
        self._sets += 1
        self._sets_here += 1
        self._controls.append(walk.value(2))
        self.segments, self.set_open = 1, True
        if not _SET_NUMBER.fullmatch(walk.value(1)):
            raise self._damaged("ST01 is not the number of a transaction set")
        if name not in HEALTH_CARE:
            raise NotReadableError(
                Obstacle.UNSUPPORTED_TYPE,
                "a transaction set that is not one of health care",
                f"X12 GS#{self._groups} ST#{self._sets}",
            )
        self.formats.add(name)
        self._note(walk.value(1))
        walk.enter(f"{name} ST#{self._sets}", name[:3], name)
        walk.at(b"ST", 1, walk.start(0), walk.elements)

    def _note(self, number: bytes) -> None:
        """Remember the set by what names it; a batch sent again has the same control numbers."""
        if len(self._digests) < _MOST_SETS:
            named = (*self._partners, *self._controls[:2], number, self._controls[2])
            text = b"\x1f".join(value.strip() for value in named)
            self._digests.add(hashlib.sha256(text).hexdigest())

    def se(self) -> None:
        """SE: the set ends."""
        self.segments += 1
        self._close(3, "SE", self.segments)
        self.set_open = False
        self._walk.enter(f"X12 ISA#{self._interchanges}")

    def ge(self) -> None:
        """GE: the group ends."""
        self._close(2, "GE", self._sets_here)

    def iea(self) -> None:
        """IEA: the interchange ends."""
        self._close(1, "IEA", self._groups_here)

    def _close(self, depth: int, name: str, count: int) -> None:
        if len(self._controls) != depth:
            raise self._damaged(f"{name} does not close what is open")
        walk = self._walk
        control = self._controls.pop()
        declared = walk.value(1).strip()
        if declared.isdigit() and int(declared[:18]) != count:
            self._wrong(1, f"{name}01 counts wrongly")
        if walk.value(2).strip().lstrip(b"0") != control.strip().lstrip(b"0"):
            self._wrong(2, f"{name}02 is not the control number of the header")

    def _wrong(self, element: int, fault: str) -> None:
        self._walk.emit(element, None, subject=Subject.PROVIDER, fault=fault, carrier=Carrier.CODED)

    def _damaged(self, detail: str) -> NotReadableError:
        return NotReadableError(
            Obstacle.MALFORMED, f"{detail}: the file is damaged", self._walk.place()
        )
