"""NCPDP Telecommunication D.0 in its own bytes, one field at a time.

Segments begin with 0x1E, repeated transactions with 0x1D, fields with 0x1C and their two-character
id. What stands before the first separator is a transmission's fixed header, and in a batch (1.2)
its envelope.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Source
from dlp.parse.ncpdp.fields import FIELDS, TEXTS, fits
from dlp.parse.ncpdp.headers import parts
from dlp.streams import CHUNK

_LONGEST: Final = 2**20
_MARKS: Final = re.compile(rb"[\x1c\x1d\x1e]")
_FIELD: Final = re.compile(r"[A-Z0-9]{2}")
_END: Final = "\x03"
_FRAME: Final = "\x02\x03\r\n\x00 "
"""What stands around transmissions."""
_PLAIN: Final = re.compile(r"[A-Za-z]?|[0-9]{1,3}|[0-9]{1,8}[{}A-R]")
"""Flags, counts and signed amounts (overpunched): too short to identify anybody."""


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Every field of every segment, and every header, in order; at the memory of one field.

    Raises:
        NotReadableError: ``too-large`` for a field over 1 MiB, ``malformed`` for bytes that are no
            text, or a spent budget.
    """
    reading = _Reading()
    for mark, raw, offset in _pieces(content.source, meter):
        yield from reading.piece(mark, raw, offset)


class _Reading:
    def __init__(self) -> None:
        self._segments = self._record = 0
        self._segment = "header"

    def piece(self, mark: bytes, raw: bytes, offset: int) -> Iterator[Item]:
        """One field, or what stands before a segment."""
        text, end, rest = _decoded(raw).partition(_END)
        yield from self._part(mark, text, offset)
        if rest.strip(_FRAME):
            # Between two transactions of a batch: the next one's header.
            self._segment = "header"
            yield from self._part(b"", rest, offset + len(text) + len(end))

    def _part(self, mark: bytes, text: str, offset: int) -> Iterator[Item]:
        if mark == b"\x1c" and _FIELD.fullmatch(text[:2]):
            yield from self._field(text[:2], text[2:], offset + 2)
            return
        if mark in (b"\x1d", b"\x1e"):
            self._segments += 1
            self._record += 1
        if text.strip(_FRAME):
            for part, start in parts(text):
                if part.strip(_FRAME) and not _PLAIN.fullmatch(part.strip()):
                    yield Passage(part, self._where("header"), Carrier.FREE_TEXT,
                                  offset=offset + start, length=len(part))  # fmt: skip

    def _field(self, name: str, text: str, offset: int) -> Iterator[Item]:
        if name == "AM":
            self._segment = f"AM{text[:2]}" if text[:2].isdigit() else "segment"
            self._record += 1
            if len(text) <= 2:  # noqa: PLR2004 - the segment's number alone
                return
        where, known = self._where(name), FIELDS.get(name)
        value = text.rstrip(_FRAME.replace(" ", ""))
        if known and fits(known, value):
            yield Passage(
                value, where, known.carrier, known.category, known.subject, offset, len(value),
                record=self._record, part=known.part,
            )  # fmt: skip
            if len(value) == len(text):
                return
            value, offset = text[len(value) :], offset + len(value)
        if not value.strip(_FRAME) or _PLAIN.fullmatch(value.strip()):
            return
        yield Passage(value, where, Carrier.FREE_TEXT, offset=offset, length=len(value))
        if known is None and name not in TEXTS:
            # An id that nobody defined may be the beginning of what it should introduce.
            yield Passage(name + value, where, Carrier.FREE_TEXT, offset=offset - 2,
                          length=len(value) + 2)  # fmt: skip

    def _where(self, name: str) -> str:
        return f"segment {self._segments} {self._segment} {name}"


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        # One character a byte, so that places stay what they are.
        return raw.decode("latin-1")


def _pieces(source: Source, meter: Meter) -> Iterator[tuple[bytes, bytes, int]]:
    """Separator, what follows it up to the next one, and where that begins."""
    source.seek(0)
    mark, held, offset = b"", b"", 0
    while True:
        data = source.read(CHUNK)
        meter.take(len(data))
        held += data
        at = 0
        for found in _MARKS.finditer(held):
            yield mark, held[at : found.start()], offset + at
            mark, at = found.group(), found.end()
        held, offset = held[at:], offset + at
        if not data:
            yield mark, held, offset
            return
        if len(held) > _LONGEST:
            raise NotReadableError(
                Obstacle.TOO_LARGE, f"an NCPDP field of more than {_LONGEST} bytes"
            )
