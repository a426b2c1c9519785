"""Signed data (RFC 5652 section 5): what is signed is a member, the certificates' texts are read.

Signature values, keys and serial numbers are numbers; of them only runs of printable characters
are read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, NotReadableError, Obstacle, Passage
from dlp.parse.cms.ber import BerError, Primitive, primitives
from dlp.parse.numbers import runs
from dlp.streams import CHUNK
from dlp.unpack.entry import Entry, fault

_LARGEST: Final = 64 * 2**20
"""Bytes, held in memory."""
_MOST: Final = 1_000_000
"""Elements."""
_CONTENT: Final = (0, 1, 0, 2, 1, 0)
"""ContentInfo's content, SignedData's third element, its content: whole, or in pieces."""
_TEXTS: Final = {
    12: "utf-8", 18: "latin-1", 19: "latin-1", 20: "latin-1", 22: "latin-1", 26: "latin-1",
    27: "latin-1", 28: "utf-32-be", 30: "utf-16-be",
}  # fmt: skip
"""Tags of strings, and what they are encoded in."""
_OCTETS: Final = 4
_OTHER_CLASS: Final = 0xC0
_TAG: Final = 0x1F
_NESTED: Final = 4
"""Octet strings of BER inside one another, as certificates' extensions are."""
_EXTENSION: Final = 64 * 2**10
"""Bytes of an octet string that is looked into; of a longer one runs of characters are read."""
_PRINTABLE: Final = re.compile(rb"[\t\n\r\x20-\x7e]+")
_HEADER: Final = re.compile(rb"\s*[!-9;-~]{1,60}:")
_MAIL: Final = b"MIME-Version: 1.0\r\nContent-Description: signed\r\n"


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything in signed data.

    Held in memory, at most 64 MiB.

    Raises:
        NotReadableError: ``too-large`` or ``too-many-entries`` for more, or a spent budget.
    """
    data = _read(content, meter)
    signed: list[bytes] = []
    try:
        for number, element in enumerate(primitives(data), 1):
            if number > _MOST:
                raise NotReadableError(Obstacle.TOO_MANY_ENTRIES, f"more than {_MOST} elements")
            meter.check_time()
            if element.path[: len(_CONTENT)] == _CONTENT:
                signed.append(element.body)
            else:
                yield from _said(element, f"element {number}")
    except BerError as error:
        yield fault("signed data that is damaged or cut short")
        yield from runs(data[error.at :], "the rest")
    if whole := b"".join(signed):
        yield Entry(1, "", io.BytesIO(_as_mail(whole)), kind="signed content")


def _read(content: Content, meter: Meter) -> bytes:
    content.source.seek(0)
    parts, size = [], 0
    while data := content.source.read(CHUNK):
        meter.take(len(data))
        size += len(data)
        if size > _LARGEST:
            raise NotReadableError(Obstacle.TOO_LARGE, f"more than {_LARGEST} bytes of S/MIME")
        parts.append(data)
    return b"".join(parts)


def _as_mail(data: bytes) -> bytes:
    """A MIME entity has one header at least; with two more it is known for a mail's."""
    return _MAIL + data.lstrip() if _HEADER.match(data) else data


def _said(element: Primitive, where: str, depth: int = 0) -> Iterator[Passage]:
    if element.first & _OTHER_CLASS:
        # An alternative name's mail address, say: of a kind that only its place tells.
        yield from _plain(element.body, where)
    elif encoding := _TEXTS.get(element.first & _TAG):
        text = element.body.decode(encoding, "replace")
        if text.strip():
            yield Passage(text, where, Carrier.FREE_TEXT)
    elif element.first & _TAG == _OCTETS and depth < _NESTED and len(element.body) <= _EXTENSION:
        yield from _nested(element.body, where, depth + 1)
    else:
        yield from runs(element.body, where)


def _plain(data: bytes, where: str) -> Iterator[Passage]:
    if _PRINTABLE.fullmatch(data):
        yield Passage(data.decode("ascii"), where, Carrier.FREE_TEXT)
    else:
        yield from runs(data, where)


def _nested(data: bytes, where: str, depth: int) -> Iterator[Passage]:
    """An octet string: BER again if it is that to its end, else numbers."""
    try:
        inside = list(primitives(data))
    except BerError:
        inside = []
    if not inside:
        yield from _plain(data, where)
    for element in inside:
        yield from _said(element, where, depth)
