"""Files in a text's own letters that have their marks: uuencoded lines (POSIX) and Ascii85.

A passage may hold a piece of either: each full line of uuencode is decoded on its own.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_LINES: Final = re.compile(
    r"^(?:(begin [0-7]{3,4} [^\r\n]{0,255}\r?\n)((?:[ -`]{1,62}\r?(?:\n|\Z))+)"
    r"|(?:M[ -`]{60}[ \t]*\r?(?:\n|\Z))+(?:[!-L][ -`]{4,60}\r?(?:\n|\Z))?)",
    re.MULTILINE,
)
_ASCII85: Final = re.compile(r"<~([!-uz\s]{10,})~>")
_FULL: Final = 45
"""Bytes of a full uuencoded line."""


class Piece(NamedTuple):
    """An encoded piece.

    Attributes:
        start: First character.
        end: One past the last.
        scheme: Its name.
        data: Decoded.
    """

    start: int
    end: int
    scheme: str
    data: bytes


def text_files(text: str) -> Iterator[Piece]:
    """The files in a text; linear, and what is given is shorter than the text."""
    if "\n" in text:
        for found in _LINES.finditer(text):
            lines = found[2] if found[1] else found.group()
            if data := b"".join(map(_line, lines.splitlines())):
                yield Piece(*found.span(), "uuencode", data)
    for found in _ASCII85.finditer(text):
        if data := _ascii85(found[1]):
            yield Piece(*found.span(), "ascii85", data)


def _line(line: str) -> bytes:
    """A line's bytes, none for what isn't one: ``end``, or one whose length belies it."""
    count = (ord(line[0]) - 32) & 63 if line else 0
    needed = -(-count // 3) * 4
    # Blanks at its end may have been cut off; some encoders add one character.
    if not 0 < count <= _FULL or len(line.rstrip()) > needed + 2:
        return b""
    try:
        return binascii.a2b_uu(line.ljust(needed + 1)[: needed + 1])
    except binascii.Error:
        return b""


def _ascii85(text: str) -> bytes:
    try:
        return base64.a85decode(text)
    except ValueError:
        return b""
