"""The tag structure of TIFF 6.0 and of EXIF 2.32, which is the same: every text in every tag."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.budget import Meter
from dlp.model import Carrier, Category, Passage
from dlp.parse.image.block import written
from dlp.parse.image.room import Span, behind_rows, between
from dlp.parse.image.strings import is_stamp, passages, text_of
from dlp.parse.slots import is_label

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8,
                 13: 4, 16: 8, 17: 8, 18: 8}  # fmt: skip
_POINTERS: Final = frozenset({0x8769, 0x8825, 0xA005, 0x014A})
"""EXIF, GPS and interoperability directories, and sub-images."""
_GPS: Final = 0x8825
_STRIPS: Final = 0x0111
_PRIVATE: Final = 0x8000
_TEXTUAL: Final = frozenset({1, 2, 6, 7})
_WHOLE_NUMBERS: Final = frozenset({3, 4, 13, 16, 18})
_SUB_IMAGES: Final = 0x014A
_DEVICE: Final = frozenset({0x010F, 0x0110, 0x0131, 0x013C, 0xA433, 0xA434})
"""Make, model, software, host computer, and a lens's make and model: "NIKON Z 6" is nobody."""
_PIXELS: Final = frozenset({0x0111, 0x0117, 0x0144, 0x0145, 0x0140, 0x0201, 0x0202, 0x8773})
"""Places, lengths and tables of pixels; the colour profile."""
_RESOURCES: Final = frozenset({0x02BC, 0x83BB, 0x8649})
"""XMP, IPTC and Photoshop's block inside a TIFF: the caller reads them."""
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_MOST_TAGS: Final = 20_000
_MOST_VALUE: Final = 2**20


class Tags(NamedTuple):
    """What a tag structure holds.

    Attributes:
        texts: Its text.
        blocks: XMP, IPTC and Photoshop blocks, by tag.
        thumbnail: Bytes of a JPEG thumbnail, b"" for none.
        whole: Whether every directory could be read.
        end: One past the last byte that a directory, a value or pixels take up.
    """

    texts: list[Passage]
    blocks: list[tuple[int, bytes]]
    thumbnail: bytes
    whole: bool
    end: int = 0


class _Tag(NamedTuple):
    number: int
    kind: int
    value: bytes


class _Waiting(NamedTuple):
    """A directory to be read.

    Attributes:
        at: Where it begins, 0 for none.
        is_gps: Whether it says where a picture was taken.
        sure: Whether there must be one.
        ends: Whether it says at its end where the next one is.
    """

    at: int
    is_gps: bool = False
    sure: bool = True
    ends: bool = True


class _Reader:
    """Numbers of one file: byte order, and the wide offsets of BigTIFF."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.order = "<" if data[:2] == b"II" else ">"
        self.big = data[2:4] in (b"+\0", b"\0+")
        #: What the parts that were met take up.
        self.used: list[Span] = [(0, 16 if self.big else 8)]

    @property
    def end(self) -> int:
        """One past the last byte that a part takes up."""
        return max(end for _, end in self.used)

    def number(self, code: str, at: int) -> int:
        found: int = struct.unpack_from(self.order + code, self.data, at)[0]
        return found

    @property
    def first(self) -> int:
        return self.number("Q", 8) if self.big else self.number("I", 4)

    def directory(self, at: int) -> tuple[list[_Tag], int]:
        """The tags of a directory and the place of the next one, 0 for none."""
        width, entry, code = (8, 20, "Q") if self.big else (2, 12, "I")
        count = self.number("Q" if self.big else "H", at)
        if count > _MOST_TAGS:
            raise ValueError(count)
        tags = [self._tag(at + width + place * entry, code) for place in range(count)]
        after = at + width + count * entry
        self.used.append((at, after + struct.calcsize("<" + code)))
        return tags, self.number(code, after) if after < len(self.data) else 0

    def _tag(self, at: int, code: str) -> _Tag:
        number, kind = self.number("H", at), self.number("H", at + 2)
        wide = struct.calcsize("<" + code)
        count, place = self.number(code, at + 4), at + 4 + wide
        size = _SIZES.get(kind, 1) * count
        if size > wide:
            place = self.number(code, place)
            self.used.append((place, place + size))
        return _Tag(number, kind, self.data[place : place + min(size, _MOST_VALUE)])


def read(data: bytes, where: str, meter: Meter) -> Tags:
    """Every directory that can be reached.

    Args:
        data: From the byte order mark on.
        where: Said of the texts.
        meter: Checked for time.
    """
    found = Tags([], [], b"", whole=True)
    reader = _Reader(data)
    seen: set[int] = set()
    thumbnail = b""
    try:
        waiting = [_Waiting(reader.first)]
        while waiting:
            place = waiting.pop()
            if not place.at or place.at in seen or len(seen) >= _MOST_TAGS:
                continue
            seen.add(place.at)
            meter.check_time()
            tags, following = reader.directory(place.at) if place.sure else _tried(reader, place.at)
            waiting += [_Waiting(following, sure=place.ends), *_below(reader, tags)]
            found.texts.extend(_gps(reader, tags, where) if place.is_gps else ())
            found.texts.extend(_texts(tags, where))
            found.blocks.extend((tag.number, tag.value) for tag in tags if tag.number in _RESOURCES)
            thumbnail = thumbnail or _thumbnail(reader, tags)
            found.texts.extend(_pixels(reader, tags, where))
    except (struct.error, ValueError, OverflowError):
        return found._replace(thumbnail=thumbnail, whole=False)
    for text in between(data, reader.used):
        found.texts.extend(passages(text_of(text), f"{where} between its parts"))
    return found._replace(thumbnail=thumbnail, end=reader.end)


def _integers(reader: _Reader, tag: _Tag) -> list[int]:
    code = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(tag.kind, "I")
    size = struct.calcsize("<" + code)
    count = min(len(tag.value) // size, _MOST_TAGS)
    return list(struct.unpack_from(f"{reader.order}{count}{code}", tag.value))


def _pixels(reader: _Reader, tags: list[_Tag], where: str) -> Iterator[Passage]:
    """Note where pixels stand, and give what text stands among them."""
    by = {tag.number: _integers(reader, tag) for tag in tags if tag.kind in _WHOLE_NUMBERS}
    for starts, sizes in ((0x0111, 0x0117), (0x0144, 0x0145), (0x0201, 0x0202)):
        pairs = zip(by.get(starts, ()), by.get(sizes, ()), strict=False)
        spans = [(start, start + size) for start, size in pairs]
        reader.used.extend(spans)
        if starts == _STRIPS:
            yield from passages(text_of(behind_rows(reader.data, spans, by)), f"{where} pixels")


def _tried(reader: _Reader, at: int) -> tuple[list[_Tag], int]:
    """A directory that may be none: EXIF's own are the last of their kind.

    Many writers leave out the four bytes that would say so, and values stand in their place.
    """
    met = len(reader.used)
    try:
        tags, following = reader.directory(at)
    except (struct.error, ValueError):
        tags, following = [], 0
    if not tags or not all(tag.kind in _SIZES and tag.value for tag in tags):
        del reader.used[met:]
        return [], 0
    return tags, following


def _below(reader: _Reader, tags: list[_Tag]) -> Iterator[_Waiting]:
    for tag in tags:
        if tag.number in _POINTERS:
            ends = tag.number == _SUB_IMAGES
            for at in _integers(reader, tag):
                yield _Waiting(at, is_gps=tag.number == _GPS, ends=ends)


def _texts(tags: list[_Tag], where: str) -> Iterator[Passage]:
    for tag in tags:
        if tag.number in _PIXELS or tag.number in _RESOURCES:
            continue
        if tag.kind not in _TEXTUAL:
            private = written(tag.value) if tag.number >= _PRIVATE else ()
            for block in private:
                yield from passages(text_of(block.data), f"{where} tag 0x{tag.number:04X}")
            continue
        text = _value(tag)
        if tag.number in _DEVICE and is_label(text.strip("\0 ")):
            continue
        if len(text.strip()) > 1 and not is_stamp(text):
            yield from passages(text, f"{where} tag 0x{tag.number:04X}")


def _value(tag: _Tag) -> str:
    if 0x9C9B <= tag.number <= 0x9C9F:  # noqa: PLR2004 - Windows' XPTitle to XPSubject
        return tag.value.decode("utf-16-le", "replace").rstrip("\0")
    if tag.value[:8] in (b"ASCII\0\0\0", b"UNICODE\0", b"\0\0\0\0\0\0\0\0"):
        rest = tag.value[8:]
        wide = "utf-16-le" if rest[1:2] == b"\0" else "utf-16-be"
        return rest.decode(wide, "replace") if tag.value[:1] == b"U" else text_of(rest)
    return text_of(tag.value)


def _gps(reader: _Reader, tags: list[_Tag], where: str) -> Iterator[Passage]:
    """Latitude and longitude as one address: a place smaller than a state (45 CFR 164.514)."""
    degrees = {tag.number: tag for tag in tags if tag.number in (2, 4) and tag.kind == 5}  # noqa: PLR2004
    sides = {tag.number: tag.value[:1].decode("latin-1") for tag in tags if tag.number in (1, 3)}
    if len(degrees) == 2:  # noqa: PLR2004 - both
        text = " ".join(
            f"{_degrees(reader, tag):.5f} {sides.get(number - 1, '')}"
            for number, tag in sorted(degrees.items())
        )
        place = f"{where} GPS position"
        yield Passage(text, place, Carrier.IDENTIFIER_FIELD, Category.ADDRESS)


def _degrees(reader: _Reader, tag: _Tag) -> float:
    count = min(len(tag.value) // 4, 6) // 2 * 2
    parts = struct.unpack_from(f"{reader.order}{count}I", tag.value)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return float(sum(top / max(bottom, 1) / 60**place for place, (top, bottom) in enumerate(pairs)))


def _thumbnail(reader: _Reader, tags: list[_Tag]) -> bytes:
    places = {tag.number: _integers(reader, tag) for tag in tags
              if tag.number in (_THUMBNAIL, _THUMBNAIL_LENGTH)}  # fmt: skip
    start, size = places.get(_THUMBNAIL), places.get(_THUMBNAIL_LENGTH)
    return reader.data[start[0] : start[0] + size[0]] if start and size else b""
