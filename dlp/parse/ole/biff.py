"""A workbook stream's records ([MS-XLS] 2.1.4), each string cut off from what follows it.

Without that a string grows into the next record's or token's first byte: a sheet called by a
number reads as that number and a letter.
"""

from __future__ import annotations

import re
from typing import Final

_HEAD: Final = 4
"""Bytes of a record's type and size."""
_BETWEEN: Final = b"\0\0\0"
_RUN: Final = re.compile(rb"[\t\r\n\x20-\x7e\x80-\xff]{4,}")
_FORMULAS: Final = frozenset(
    {0x0006, 0x0018, 0x0021, 0x01B0, 0x01B1, 0x01B2, 0x01BE, 0x0221, 0x04BC}
)
"""Formula, name, array, formatting and validation: strings stand among tokens there."""


def apart(stream: bytes) -> bytes:
    """The records' content with a gap between any two; the stream itself where it has none."""
    parts, at = [], 0
    while at + _HEAD <= len(stream):
        kind = int.from_bytes(stream[at : at + 2], "little")
        size = int.from_bytes(stream[at + 2 : at + _HEAD], "little")
        at += _HEAD
        if not kind and not size:
            # What fills up the last sector.
            continue
        if at + size > len(stream):
            return stream
        body = stream[at : at + size]
        parts.append(_cut(body) if kind in _FORMULAS else body)
        at += size
    return _BETWEEN.join((*parts, stream[at:]))


def _cut(body: bytes) -> bytes:
    """A record whose counted strings end where their count says (ShortXLUnicodeString)."""
    parts, done = [], 0
    for run in _RUN.finditer(body):
        start = run.start()
        length = body[start - 2] if start > 1 and body[start - 1] == 0 else 0
        if 0 < length < len(run[0]):
            parts += [body[done : start + length], _BETWEEN]
            done = start + length
    return b"".join((*parts, body[done:]))
