"""Names of styles and fonts in a Word 97 document's tables ([MS-DOC] 2.9.260, 2.9.271, 2.9.286).

Every document names dozens that Word or LibreOffice bring along, which the name model takes for
people; whatever else stands in their place is left to be read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from dlp.parse.office.styles import is_built_in
from dlp.parse.slots import is_label

_STYLES: Final = 0x00A2
_FONTS: Final = 0x0112
"""Where the FIB says place and length ([MS-DOC] 2.5.6: fcStshf, fcSttbfFfn)."""
_FONT_FIXED: Final = 39
"""Bytes of an FFN before its names."""
_MOST: Final = 10_000


def without_designs(document: bytes, table: bytes) -> bytes:
    """The table stream with noughts for the names of built-in styles and of fonts.

    Args:
        document: The stream ``WordDocument``.
        table: The stream that goes with it.
    """
    left = bytearray(table)
    for start, end in (*_styles(table, *_place(document, _STYLES)),
                       *_fonts(table, *_place(document, _FONTS))):  # fmt: skip
        left[start:end] = bytes(end - start)
    return bytes(left)


def _place(document: bytes, at: int) -> tuple[int, int]:
    """Start and end in the table stream; nothing where the FIB is too short."""
    if len(document) < at + 8:
        return 0, 0
    start, size = struct.unpack_from("<II", document, at)
    return start, start + size


def _styles(table: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where names of built-in styles stand: an STSH is its head's size, its head and the styles."""
    base = _number(table, start + 4)
    at = start + 2 + _number(table, start)
    for _ in range(_MOST):
        size = _number(table, at)
        if at + 2 > min(end, len(table)):
            return
        name = at + 2 + base
        length = 2 * _number(table, name)
        if size and name + 2 + length <= at + 2 + size:
            text = table[name + 2 : name + 2 + length].decode("utf-16-le", "replace")
            if all(is_built_in(part) for part in text.split(",")):
                yield name + 2, name + 2 + length
        # Each begins at an even place.
        at += 2 + size + (size & 1)


def _fonts(table: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where fonts' names stand: their count, a size, and each behind its length."""
    at = start + 4
    while at < min(end, len(table)):
        after = at + 1 + table[at]
        names = table[at + 1 + _FONT_FIXED : after].decode("utf-16-le", "replace")
        if all(is_label(name) for name in names.split("\0") if name):
            yield min(at + 1 + _FONT_FIXED, after), min(after, len(table))
        at = after


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")
