"""OpenPGP packets that aren't encrypted, with what a person may have written into them.

Key material and signature values are numbers; of them only runs of printable characters are read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Item
from dlp.model import NotReadableError, Obstacle, Uninspectable
from dlp.parse.numbers import runs
from dlp.unpack.entry import Entry, comment, fault, opaque

_MOST: Final = 10_000
"""Packets."""
_SIGNATURE, _USER_ID, _ATTRIBUTE, _MARKER, _PADDING = 2, 13, 17, 10, 21
_KEYS: Final = frozenset({6, 14, 12})
"""Public key, public subkey, and trust, which a key ring may say of them."""
_ENCRYPTED: Final = frozenset({1, 3, 9, 18, 20})
_SECRET: Final = frozenset({5, 7})
_TWO_OCTETS, _PARTIAL, _FIVE_OCTETS = 192, 224, 255
_OLD_LENGTHS: Final = {0: 1, 1: 2, 2: 4}

_TEXTS: Final = frozenset({6, 24, 26, 28})
"""Subpackets of text: regular expression, key server, policy, signer's user id."""
_NOTATION, _REASON, _EMBEDDED = 20, 29, 32
_NUMBERS: Final = frozenset(
    {2, 3, 4, 5, 7, 9, 11, 12, 16, 21, 22, 23, 25, 27, 30, 31, 33, 34, 35, 37, 39}
)
"""Subpackets of times, flags, algorithms, key ids and digests."""
_READABLE: Final = 0x80
_SALTS: Final = frozenset({b"salt@notations.sequoia-pgp.org", b"salt@notations.openpgpjs.org"})
"""Notations of random bytes that two programs put into every signature; no one's mail address."""
_OPAQUE_MOST: Final = 64
_AREA: Final = {4: 2, 5: 2, 6: 4}
"""Octets of a subpacket area's length, by the signature's version."""
_JPEG_HEADER: Final = 16
_NESTED: Final = 3
"""Signatures inside one another."""


def packets(data: bytes, place: str, meter: Meter) -> Iterator[Item]:
    """Every packet; what can't be read as one is a fault.

    Raises:
        NotReadableError: Only a spent budget, or more than 10,000 packets.
    """
    at = number = 0
    while at < len(data):
        meter.check_time()
        number += 1
        if number > _MOST:
            raise NotReadableError(Obstacle.TOO_MANY_ENTRIES, f"more than {_MOST} OpenPGP packets")
        where = f"{place}packet {number}"
        found = _header(data, at)
        if found is None or found[1] + found[2] > len(data):
            yield fault("bytes that are no OpenPGP packet", where)
            yield from runs(data[at:], where)
            return
        tag, start, size = found
        yield from _packet(tag, data[start : start + size], number, where)
        at = start + size


def _header(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Tag, first byte of the body and its length (RFC 9580 section 4.2); None for none or open."""
    first = data[at]
    if not first & 0x80:
        return None
    if first & 0x40:
        found = _length(data, at + 1)
        return (first & 0x3F, *found) if found else None
    octets = _OLD_LENGTHS.get(first & 3)
    if octets is None:
        return None
    start = at + 1 + octets
    return first >> 2 & 0x0F, start, int.from_bytes(data[at + 1 : start], "big")


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """Where what follows a length starts, and the length (sections 4.2.1 and 5.2.3.7)."""
    octets = data[at : at + 5]
    if not octets:
        return None
    first = octets[0]
    if first < _TWO_OCTETS:
        return at + 1, first
    if first == _FIVE_OCTETS:
        return at + 5, int.from_bytes(octets[1:], "big")
    if first < _PARTIAL and len(octets) > 1:
        return at + 2, ((first - _TWO_OCTETS) << 8) + octets[1] + _TWO_OCTETS
    return None


def _packet(tag: int, body: bytes, number: int, where: str) -> Iterator[Item]:
    if tag == _SIGNATURE:
        yield from _signature(body, where)
    elif tag == _USER_ID:
        yield from comment(body, f"{where} user id")
    elif tag == _ATTRIBUTE:
        yield from _attribute(body, number, where)
    elif tag in _KEYS or (tag, body) == (_MARKER, b"PGP"):
        yield from runs(body, where)
    elif tag in _ENCRYPTED:
        yield Uninspectable(Obstacle.ENCRYPTED, "an encrypted OpenPGP message", where)
    else:
        said = "an OpenPGP secret key" if tag in _SECRET else f"an OpenPGP packet of type {tag}"
        yield Uninspectable(Obstacle.UNSUPPORTED_TYPE, f"{said} is not inspected", where)
        yield from runs(body, where)


def _signature(body: bytes, where: str, depth: int = 0) -> Iterator[Item]:
    """A signature's subpackets (section 5.2.3); an old one has none."""
    octets = _AREA.get(body[0] if body else 0, 0)
    at = 4
    for area in ("hashed", "unhashed") if octets else ():
        size = int.from_bytes(body[at : at + octets], "big")
        inside = body[at + octets : at + octets + size]
        if len(inside) != size or len(body) < at + octets:
            yield fault("a signature that is cut short", where)
            break
        yield from _subpackets(inside, f"{where} {area}", depth)
        at += octets + size
    yield from runs(body[at:], where)


def _subpackets(data: bytes, where: str, depth: int) -> Iterator[Item]:
    at = number = 0
    while at < len(data):
        number += 1
        found = _subpacket_length(data, at)
        if found is None or not found[1] or found[0] + found[1] > len(data):
            yield fault("a signature's part that is cut short", where)
            yield from runs(data[at:], where)
            return
        start, size = found
        kind, body = data[start] & 0x7F, data[start + 1 : start + size]
        yield from _subpacket(kind, body, f"{where} subpacket {number}", depth)
        at = start + size


def _subpacket_length(data: bytes, at: int) -> tuple[int, int] | None:
    """As a packet's, save that there are no partial lengths (section 5.2.3.7)."""
    first = data[at]
    if _PARTIAL <= first < _FIVE_OCTETS and at + 1 < len(data):
        return at + 2, ((first - _TWO_OCTETS) << 8) + data[at + 1] + _TWO_OCTETS
    return _length(data, at)


def _subpacket(kind: int, body: bytes, where: str, depth: int) -> Iterator[Item]:
    if kind in _TEXTS:
        yield from comment(body, where)
    elif kind == _REASON:
        yield from comment(body[1:], where)
    elif kind == _NOTATION:
        yield from _notation(body, where)
    elif kind == _EMBEDDED and depth < _NESTED:
        yield from _signature(body, where, depth + 1)
    elif kind in _NUMBERS:
        yield from runs(body, where)
    else:
        yield from _unknown(body, where)


def _notation(body: bytes, where: str) -> Iterator[Item]:
    """A name and a value, which is text if it says so (section 5.2.3.24)."""
    name_size, size = int.from_bytes(body[4:6], "big"), int.from_bytes(body[6:8], "big")
    name, value = body[8 : 8 + name_size], body[8 + name_size :]
    if len(value) != size:
        yield fault("a notation that is cut short", where)
    if name not in _SALTS:
        yield from comment(name, f"{where} name")
    if body[:1] and body[0] & _READABLE:
        yield from comment(value, where)
    elif len(value) > _OPAQUE_MOST:
        yield fault(f"a notation of {len(value)} bytes whose meaning isn't known", where)
    else:
        yield from runs(value, where)


def _attribute(body: bytes, number: int, where: str) -> Iterator[Item]:
    """A user attribute: an image, or nothing known (section 5.12)."""
    at = 0
    while at < len(body):
        found = _subpacket_length(body, at)
        if found is None or not found[1] or found[0] + found[1] > len(body):
            yield fault("a user attribute that is cut short", where)
            yield from runs(body[at:], where)
            return
        start, size = found
        inside = body[start + 1 : start + size]
        if body[start] == 1 and len(inside) > _JPEG_HEADER:
            yield from runs(inside[:_JPEG_HEADER], where)
            yield Entry(number, "", io.BytesIO(inside[_JPEG_HEADER:]), kind="image")
        else:
            yield from _unknown(inside, where)
        at = start + size


def _unknown(data: bytes, where: str) -> Iterator[Item]:
    texts, faults = opaque(data, where)
    yield from texts
    yield from faults
