"""Packets as a stream: RFC 9580 sections 4.2 (lengths), 5.6 (compression) and 6 (armor).

For messages that Sequoia has opened before: what it accepted has to be walked here, nothing has to
be judged.
"""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from keys.openpgp_packets import is_armored

_PIECE: Final = 2**16
_HEAD: Final = 4096
_TWO_OCTETS, _PARTIAL, _FIVE_OCTETS = 192, 224, 255
_INDETERMINATE: Final = 3
_ENDLESS: Final = 2**63
_ZIP, _ZLIB = 1, 2
_WINDOWS: Final = {_ZIP: -15, _ZLIB: 15}


class StreamError(Exception):
    """The bytes aren't packets, or end within one; the text quotes none of them."""


class Readable(Protocol):
    """Bytes in order."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""
        ...


def exactly(source: Readable, size: int) -> bytes:
    """The next ``size`` bytes.

    Raises:
        StreamError: There are fewer.
    """
    data = bytearray()
    while len(data) < size:
        piece = source.read(size - len(data))
        if not piece:
            raise StreamError("cut short")
        data += piece
    return bytes(data)


class Body:
    """What is in a packet, to be read before the next packet is asked for."""

    def __init__(self, source: Readable, left: int, *, partial: bool = False) -> None:
        self._source, self._left, self._partial = source, left, partial

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end.

        Raises:
            StreamError: The message ends before the packet does.
        """
        while self._left == 0 and self._partial:
            self._left, self._partial = _new_length(self._source)
        wanted = min(size, self._left)
        piece = self._source.read(wanted) if wanted else b""
        if wanted and not piece and self._left < _ENDLESS // 2:
            raise StreamError("cut short")
        self._left -= len(piece)
        return piece

    def skip(self) -> None:
        """Go to its end."""
        while self.read(_PIECE):
            pass


def packets(source: Readable) -> Iterator[tuple[int, Body]]:
    """Tag and body of each packet.

    Raises:
        StreamError: These are none.
    """
    while first := source.read(1):
        head = first[0]
        if not head & 0x80:
            raise StreamError("no packet")
        if head & 0x40:
            left, partial = _new_length(source)
            tag, body = head & 0x3F, Body(source, left, partial=partial)
        else:
            tag, body = head >> 2 & 0x0F, Body(source, _old_length(source, head & 3))
        yield tag, body
        body.skip()


def written(tag: int, body: bytes) -> bytes:
    """A packet."""
    return bytes([0xC0 | tag, _FIVE_OCTETS]) + len(body).to_bytes(4, "big") + body


def parted(data: bytes) -> Iterator[bytes]:
    """Packets that stand one after the other.

    Raises:
        StreamError: These are none.
    """
    for tag, body in packets(io.BytesIO(data)):
        yield written(tag, at_most(body, len(data)))


def unpacked(body: Readable) -> Readable:
    """The packets in a compressed data packet (section 5.6).

    Raises:
        StreamError: It is neither ZIP nor ZLIB, which alone Sequoia is built with.
    """
    (algorithm,) = exactly(body, 1)
    if algorithm not in _WINDOWS:
        raise StreamError("packed in another way")
    return _Inflated(body, _WINDOWS[algorithm])


def binary(source: Readable) -> Readable:
    """The packets of a message, armored or not."""
    head = at_most(source, _HEAD)
    joined = _Pieces(_then(head, source))
    return _Pieces(_unarmored(joined)) if is_armored(head) else joined


def at_most(source: Readable, size: int) -> bytes:
    """The next ``size`` bytes, fewer at the end."""
    data = bytearray()
    while len(data) < size and (piece := source.read(size - len(data))):
        data += piece
    return bytes(data)


class _Pieces:
    """Pieces of any size, read as one."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def read(self, size: int, /) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


class _Inflated(_Pieces):
    def __init__(self, body: Readable, window: int) -> None:
        super().__init__(_inflated(body, window))


def _inflated(body: Readable, window: int) -> Iterator[bytes]:
    """At most a piece at a time: a few bytes may become gigabytes."""
    inflater = zlib.decompressobj(window)
    try:
        while not inflater.eof and (piece := inflater.unconsumed_tail or body.read(_PIECE)):
            yield inflater.decompress(piece, _PIECE)
    except zlib.error:
        raise StreamError("packed content that can't be unpacked") from None


def _then(head: bytes, source: Readable) -> Iterator[bytes]:
    yield head
    while piece := source.read(_PIECE):
        yield piece


def _unarmored(source: Readable) -> Iterator[bytes]:
    """Section 6.2: headers to the first blank line, Base64, a checksum, the end."""
    lines = _lines(source)
    for line in lines:
        if not line:
            break
    for line in lines:
        if line.startswith((b"=", b"-")):
            return
        try:
            yield base64.b64decode(line, validate=True)
        except binascii.Error:
            raise StreamError("no armor") from None


def _lines(source: Readable) -> Iterator[bytes]:
    rest = b""
    while piece := source.read(_PIECE):
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.strip() for line in lines)
        if len(rest) > _PIECE:
            raise StreamError("no armor")
    yield rest.strip()


def _new_length(source: Readable) -> tuple[int, bool]:
    """Section 4.2.1: a length, and whether another follows it."""
    (first,) = exactly(source, 1)
    if first < _TWO_OCTETS:
        return first, False
    if first < _PARTIAL:
        (second,) = exactly(source, 1)
        return ((first - _TWO_OCTETS) << 8) + second + _TWO_OCTETS, False
    if first == _FIVE_OCTETS:
        return int.from_bytes(exactly(source, 4), "big"), False
    return 1 << (first & 0x1F), True


def _old_length(source: Readable, kind: int) -> int:
    """Section 4.2.2; the last kind goes to the end of the message."""
    if kind == _INDETERMINATE:
        return _ENDLESS
    return int.from_bytes(exactly(source, 1 << kind), "big")
