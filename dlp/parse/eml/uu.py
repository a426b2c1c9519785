"""Files inside the text of a mail: uuencode (POSIX) and yEnc 1.3."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_BEGIN: Final = re.compile(
    rb"^(?:begin(-base64)? [0-7]{3,4} ([^\r\n]{0,255})|=ybegin ([^\r\n]{0,500}))\r?\n", re.MULTILINE
)
_NAME: Final = re.compile(rb"name=(.*)")
_ESCAPE: Final = re.compile(rb"=(.)", re.DOTALL)
_SHIFT: Final = bytes((value - 42) % 256 for value in range(256))
_LINE: Final = re.compile(rb"[ -`]{1,120}")


class File(NamedTuple):
    """A file in a text.

    Attributes:
        start: First byte of its header line.
        end: One past its last line.
        name: As its header says.
        data: Decoded.
    """

    start: int
    end: int
    name: str
    data: bytes


def files(data: bytes, start: int, end: int) -> Iterator[File]:
    """The files in a text, in order; linear."""
    at = start
    while found := _BEGIN.search(data, at, end):
        decode = _yenc if found[3] is not None else _base64 if found[1] else _uu
        content, at = decode(_lines(data, found.end(), end), found.end())
        if content:
            name = found[2] if found[3] is None else (_NAME.search(found[3]) or [b"", b""])[1]
            yield File(found.start(), at, name.decode("utf-8", "replace"), content)


_Lines = Iterator[tuple[bytes, int]]


def _lines(data: bytes, at: int, end: int) -> _Lines:
    """Lines without their ends, and where the next one starts."""
    while at < end:
        at, start = data.find(b"\n", at, end) + 1 or end, at
        yield data[start:at].rstrip(b"\r\n"), at


def _uu(lines: _Lines, at: int) -> tuple[bytes, int]:
    parts: list[bytes] = []
    for line, after in lines:
        if line == b"end":
            return b"".join(parts), after
        if not _LINE.fullmatch(line):
            break
        at = after
        # Some encoders pad lines; the length byte says how much of it counts.
        parts.append(_lenient(line[: ((line[0] - 32) & 63) * 4 // 3 + 5]))
    return b"".join(parts), at


def _lenient(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        return b""


def _base64(lines: _Lines, at: int) -> tuple[bytes, int]:
    parts: list[bytes] = []
    for line, after in lines:
        at = after
        if line == b"====":
            break
        parts.append(line)
    try:
        return base64.b64decode(b"".join(parts)), at
    except binascii.Error:
        return b"", at


def _yenc(lines: _Lines, at: int) -> tuple[bytes, int]:
    parts: list[bytes] = []
    for line, after in lines:
        at = after
        if line.startswith(b"=yend"):
            break
        if not line.startswith(b"=ypart"):
            parts.append(_ESCAPE.sub(lambda found: bytes([(found[1][0] - 64) % 256]), line))
    return b"".join(parts).translate(_SHIFT), at
