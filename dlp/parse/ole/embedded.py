"""Files inside the streams of a compound file: packages, pictures, objects."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Container, Iterator
from typing import Final

from dlp.budget import Meter
from dlp.model import NotReadableError
from dlp.parse.ole.slides import OBJECT, Atom
from dlp.parse.slots import is_author

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"IEND\xaeB`\x82"
_JPEG: Final = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")
_JPEG_END: Final = b"\xff\xd9"
_METAFILES: Final = {0xF01A: 16, 0xF01B: 16, 0xF01C: 16}
"""EMF, WMF and PICT, and the size of their unique id ([MS-ODRAW] 2.2.24 to 2.2.26)."""
_METAFILE_HEADER: Final = 34
_SECTION: Final = 44
"""Where a property set says where its first section is."""
_THUMBNAIL, _CLIPBOARD, _MOST_PROPERTIES = 17, 0x47, 100
_NARROW, _WIDE = 0x1E, 0x1F
"""VT_LPSTR in bytes, VT_LPWSTR in characters."""
_PRINTABLE: Final = re.compile(rb"[\t\r\n\x20-\x7e]")
_MOSTLY: Final = 0.8
_MOST: Final = 64 * 2**20
_MOST_PICTURES: Final = 2_000


def packaged(stream: bytes) -> tuple[str, bytes] | None:
    """The name and bytes of the file in an ``Ole10Native`` stream; None if it is none."""
    at = 6
    strings = []
    for _ in range(2):
        end = stream.find(b"\0", at)
        if end < 0:
            return None
        strings.append(stream[at:end].decode("cp1252", "replace"))
        at = end + 1
    at += 4
    size = int.from_bytes(stream[at : at + 4], "little")
    at += 4 + size
    length = int.from_bytes(stream[at : at + 4], "little")
    data = stream[at + 4 : at + 4 + length]
    return (strings[0], data) if length and len(data) == length else None


def pictures(stream: bytes) -> Iterator[bytes]:
    """PNG and JPEG files that a stream holds, by how they begin and end."""
    at, count = 0, 0
    while count < _MOST_PICTURES and (at := stream.find(_PNG, at)) >= 0:
        end = stream.find(_PNG_END, at)
        stop = end + len(_PNG_END) if end >= 0 else len(stream)
        yield stream[at:stop]
        at, count = stop, count + 1
    starts = [found.start() for found in _JPEG.finditer(stream)][:_MOST_PICTURES]
    done = 0
    for number, start in enumerate(starts):
        # A thumbnail stands inside the picture that it is of.
        following = next((s for s in starts[number + 1 :] if s > start + 2), len(stream))
        end = stream.rfind(_JPEG_END, start, following)
        if start >= done and end >= 0:
            yield stream[start : end + 2]
            done = end + 2


def thumbnail(properties: bytes) -> tuple[int, int]:
    """Where the picture of the first page stands in SummaryInformation ([MS-OLEPS] 2.21).

    Returns:
        First byte and the one past the last, both 0 for none.
    """
    for number, kind, start, size in _properties(properties):
        picture = properties[start : start + size]
        # What is written like text is read like text, whatever it is called.
        shown = len(_PRINTABLE.findall(picture)) > _MOSTLY * max(len(picture), 1)
        if number == _THUMBNAIL and kind == _CLIPBOARD and len(picture) == size and not shown:
            return start, start + size
    return 0, 0


def without_writers(properties: bytes, numbers: Container[int]) -> bytes:
    """A property set without the names of who wrote the document.

    Args:
        properties: The stream.
        numbers: Properties that hold such names.
    """
    data = bytearray(properties)
    for number, kind, start, size in _properties(properties):
        held = properties[start : start + size * (2 if kind == _WIDE else 1)]
        if number in numbers and kind in (_NARROW, _WIDE) and is_author(_text(held, kind)):
            data[start : start + len(held)] = bytes(len(held))
    return bytes(data)


def _text(held: bytes, kind: int) -> str:
    return held.decode("utf-16-le" if kind == _WIDE else "cp1252", "replace").rstrip("\0")


def _properties(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """The first section's properties: number, type, first byte of the value and its size."""

    def number(at: int) -> int:
        return int.from_bytes(data[at : at + 4], "little")

    section = number(_SECTION)
    for index in range(min(number(section + 4), _MOST_PROPERTIES)):
        start = section + number(section + 12 + 8 * index)
        yield number(section + 8 + 8 * index), number(start), start + 8, number(start + 4)


def inflated(atom: Atom, meter: Meter) -> bytes | None:
    """What a compressed metafile or object record holds; None for any other record.

    Raises:
        NotReadableError: It is a bomb.
    """
    if atom.kind == OBJECT:
        return _inflate(atom.data[4:], meter) if atom.instance else atom.data
    if atom.kind in _METAFILES:
        # Two unique ids where the instance is odd.
        start = _METAFILES[atom.kind] * (1 + (atom.instance & 1)) + _METAFILE_HEADER
        return _inflate(atom.data[start:], meter)
    return None


def _inflate(data: bytes, meter: Meter) -> bytes:
    packer = zlib.decompressobj()
    out = io.BytesIO()
    try:
        while data and out.tell() < _MOST:
            piece = packer.decompress(data, 2**20)
            out.write(piece)
            meter.take(len(piece))
            meter.check_ratio(max(len(data), 1), out.tell())
            data = packer.unconsumed_tail
    except zlib.error:
        return out.getvalue()
    except NotReadableError:
        raise
    return out.getvalue()
