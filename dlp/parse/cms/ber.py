"""Basic encoding rules (ITU-T X.690), as far as walking over them needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

_DEEPEST: Final = 64
_CONSTRUCTED: Final = 0x20
_LONG_TAG: Final = 0x1F
_INDEFINITE: Final = 0x80
_LONGEST_LENGTH: Final = 0x84
_LONGEST_TAG: Final = 5
_END: Final = b"\x00\x00"


class BerError(ValueError):
    """The bytes aren't BER from here on.

    Attributes:
        at: Where.
    """

    def __init__(self, at: int) -> None:
        super().__init__("not BER")
        self.at = at


class Primitive(NamedTuple):
    """An element that has no elements in it.

    Attributes:
        path: Its ordinal and those of the elements around it, from 0, the outermost first.
        first: Its first octet: class and, for tags under 31, the tag.
        body: Its content.
    """

    path: tuple[int, ...]
    first: int
    body: bytes


@dataclass(slots=True)
class _Frame:
    """An element whose elements are being read.

    Attributes:
        path: Its own.
        end: One past its last byte; None if a mark ends it.
        limit: One past the last byte that it may have.
        count: Elements in it so far.
    """

    path: tuple[int, ...]
    end: int | None
    limit: int
    count: int = 0


def primitives(data: bytes) -> Iterator[Primitive]:
    """Every primitive element, in order; without recursion.

    Raises:
        BerError: For what isn't BER, cut short, or nested deeper than 64.
    """
    frames = [_Frame((), len(data), len(data))]
    at = 0
    while True:
        while frames and frames[-1].end == at:
            frames.pop()
        if not frames:
            return
        frame = frames[-1]
        if frame.end is None and data[at : at + 2] == _END:
            at += 2
            frames.pop()
            continue
        first, start, size = _header(data, at, frame.limit)
        path = (*frame.path, frame.count)
        frame.count += 1
        if first & _CONSTRUCTED:
            if len(frames) > _DEEPEST:
                raise BerError(at)
            end = None if size is None else start + size
            frames.append(_Frame(path, end, frame.limit if end is None else end))
            at = start
        elif size is None:
            raise BerError(at)
        else:
            yield Primitive(path, first, data[start : start + size])
            at = start + size


def _header(data: bytes, at: int, limit: int) -> tuple[int, int, int | None]:
    """First octet, start of the content, its length or None for indefinite (section 8.1)."""
    begin = at
    if at + 2 > limit:
        raise BerError(begin)
    first = data[at]
    at += 1
    if first & _LONG_TAG == _LONG_TAG:
        stop = at + _LONGEST_TAG
        while at < min(stop, limit) and data[at] & 0x80:
            at += 1
        at += 1
    if at >= limit:
        raise BerError(begin)
    length = data[at]
    at += 1
    if length == _INDEFINITE:
        return first, at, None
    if length > _LONGEST_LENGTH:
        raise BerError(begin)
    if length > _INDEFINITE:
        octets = length - _INDEFINITE
        length = int.from_bytes(data[at : at + octets], "big")
        at += octets
    if at + length > limit:
        raise BerError(begin)
    return first, at, length
