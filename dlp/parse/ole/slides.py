"""A PowerPoint 97 stream, record by record ([MS-PPT] 2.3.1), whatever its edits still show.

All records are read, not only those that the last edit points to: an old slide is still there.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.budget import Meter
from dlp.model import Carrier, Passage
from dlp.parse import cells

_HEADER: Final = struct.Struct("<HHI")
_CONTAINER: Final = 0xF
_DEEPEST: Final = 64
_CHARS, _BYTES, _STRING = 0x0FA0, 0x0FA8, 0x0FBA
OBJECT: Final = 0x1011
"""ExOleObjStg: an embedded object or the project of macros."""
_ENCRYPTED_TOKEN: Final = 0xF3D1C4DF


_SHAPE, _ANCHOR = 0xF00A, 0xF00F
"""OfficeArtFSP, which begins a shape, and OfficeArtChildAnchor, where one of a group's stands."""
_TOP: Final = struct.Struct("<4xi8x")
_BREAKS: Final = re.compile(r"[\r\n\x0b]+")


class Atom(NamedTuple):
    """A record that holds no others.

    Attributes:
        kind: recType.
        instance: recInstance.
        data: Its bytes.
    """

    kind: int
    instance: int
    data: bytes

    @property
    def text(self) -> str | None:
        """What a text record says; None for any other."""
        if self.kind in (_CHARS, _STRING):
            return self.data.decode("utf-16-le", "replace")
        # TextBytesAtom: the low bytes of characters whose high byte is 0.
        return self.data.decode("latin-1") if self.kind == _BYTES else None


def atoms(stream: bytes, meter: Meter) -> Iterator[Atom | None]:
    """Every record; a last None where the stream breaks off or is none.

    Args:
        stream: The stream ``PowerPoint Document``, or ``Pictures``.
        meter: Asked for the time.
    """
    at = 0
    ends: list[int] = []
    while at + _HEADER.size <= len(stream):
        meter.check_time()
        while ends and at >= ends[-1]:
            ends.pop()
        version, kind, size = _HEADER.unpack_from(stream, at)
        at += _HEADER.size
        limit = ends[-1] if ends else len(stream)
        if at + size > limit:
            yield None
            return
        if version & _CONTAINER == _CONTAINER and len(ends) < _DEEPEST:
            ends.append(at + size)
            continue
        yield Atom(kind, version >> 4, stream[at : at + size])
        at += size
    if stream[at:].strip(b"\0"):
        yield None


class Cells(cells.Cells):
    """The cells of tables: shapes of a group ([MS-ODRAW] 2.2.39), row by row."""

    def __init__(self) -> None:
        super().__init__()
        self._top: int | None = None
        self._anchored = False

    def take(self, atom: Atom) -> None:
        """Go to the shape that a record begins or puts in its place."""
        if atom.kind == _SHAPE:
            self._anchored = False
        elif atom.kind == _ANCHOR and len(atom.data) == _TOP.size:
            (top,) = _TOP.unpack(atom.data)
            if top != self._top:
                self.start("tr")
            self._top, self._anchored = top, True
            self.start("td")

    def passages(self, text: str, where: str) -> Iterator[Passage]:
        """A text, and those of its lines that a label says something of."""
        if not self._anchored and self._top is not None:
            self.leave()
            self._top = None
        lines = _BREAKS.split(text.strip())
        if len(lines) == 1:
            yield self.passage(Passage(text, where, Carrier.FREE_TEXT))
            return
        yield Passage(text, where, Carrier.FREE_TEXT)
        said = (self.passage(Passage(line, where, Carrier.FREE_TEXT)) for line in lines)
        yield from (line for line in said if line.category)


def is_encrypted(current_user: bytes) -> bool:
    """Whether CurrentUserAtom.headerToken says that the document is encrypted."""
    return int.from_bytes(current_user[12:16], "little") == _ENCRYPTED_TOKEN
