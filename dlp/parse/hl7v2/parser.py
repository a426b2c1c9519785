"""HL7 v2 messages, ER7 encoding: one segment at a time, every field seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import NotReadableError, Obstacle, Source
from dlp.parse.hl7v2.escapes import Delimiters
from dlp.parse.hl7v2.fields import Line, Segment, items
from dlp.parse.hl7v2.texts import Texts
from dlp.streams import CHUNK

_LONGEST: Final = 64 * 2**20
"""Bytes of a segment, held in memory: an OBX may carry a whole document in Base64."""
_HEADS: Final = (b"MSH", b"FHS", b"BHS")
_BLANK: Final = b" \t\x0b\x1c\x00\xef\xbb\xbf"
"""MLLP's frame bytes, a byte order mark, padding."""


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything in the fields of every segment, in order.

    Memory is that of the longest segment, at most 64 MiB.

    Raises:
        NotReadableError: ``malformed`` if it doesn't begin with a header segment, ``too-large`` for
            a longer segment, or a spent budget.
    """
    marks, ordinals, messages = Delimiters(), Counter[str](), 0
    texts = Texts()
    begun = False
    for ordinal, (offset, line) in enumerate(_lines(content.source, meter), 1):
        name = line[:3].decode("latin-1")
        if line.startswith(_HEADS):
            marks, begun = Delimiters.declared(line), True
            if name == "MSH":
                messages += 1
                ordinals = Counter()
        elif not begun:
            raise NotReadableError(Obstacle.MALFORMED, "an HL7 v2 file begins with MSH, FHS or BHS")
        ordinals[name] += 1
        place = f"{name}#{ordinals[name]}"
        where = f"message {messages} {place}" if messages > 1 else place
        yield from texts.before(name)
        for item in items(Segment(name, line, offset, where, marks, ordinal)):
            if isinstance(item, Line):
                yield from texts.add(item)
            else:
                yield item
    yield from texts.before("")


def _lines(source: Source, meter: Meter) -> Iterator[tuple[int, bytes]]:
    """Segments with their places, without frame bytes and blank lines."""
    offset = 0
    for line in _raw_lines(source, meter):
        lead = len(line) - len(line.lstrip(_BLANK))
        text = line.strip(_BLANK)
        if b"\0" in text:
            raise NotReadableError(
                Obstacle.MALFORMED, "HL7 v2 with NUL bytes (UTF-16?); send it as UTF-8"
            )
        if text:
            yield offset + lead, text
        offset += len(line) + 1


def _raw_lines(source: Source, meter: Meter) -> Iterator[bytes]:
    """Lines ended by CR or LF; a long one is put together once, when its end comes."""
    source.seek(0)
    held: list[bytes] = []
    size = 0
    while data := source.read(CHUNK):
        meter.take(len(data))
        first, *others = data.replace(b"\r", b"\n").split(b"\n")
        held.append(first)
        size += len(first)
        if size > _LONGEST:
            raise NotReadableError(Obstacle.TOO_LARGE, f"a segment of more than {_LONGEST} bytes")
        if others:
            yield b"".join(held)
            yield from others[:-1]
            held, size = [others[-1]], len(others[-1])
    yield b"".join(held)
