"""The ISA segment: 106 bytes at fixed places, from which every separator is read.

X12.5 (interchange control structures), appendix B of each HIPAA implementation guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dlp.model import NotReadableError, Obstacle

ISA_LENGTH: Final = 106
"""Bytes of an ISA segment, its terminator included."""

_WIDTHS: Final = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
"""Characters of ISA01 to ISA16."""

_REPETITION_SINCE: Final = b"00402"
"""ISA11 is the repetition separator from this version on (before, it was always ``U``)."""

_FORBIDDEN: Final = re.compile(rb"[A-Za-z0-9 .\-\t\v\f\x80-\xff]")
"""Never a separator: it would cut words, numbers or dates, and what was cut could hide text."""

WELL_FORMED: Final = re.compile(
    rb"ISA([^A-Za-z0-9\s])" + rb"\1".join(rb".{%d}" % width for width in _WIDTHS), re.DOTALL
)
"""An ISA as far as a search can tell; :func:`read_isa` has the last word."""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The separators of one interchange, each one byte.

    Attributes:
        element: Between elements.
        component: Between components of a composite element.
        repetition: Between repetitions of an element, b"" where the version has none.
        terminator: After each segment.
    """

    element: bytes
    component: bytes
    repetition: bytes
    terminator: bytes


def read_isa(raw: bytes, ordinal: int) -> Delimiters:
    """The separators that an ISA segment declares.

    Args:
        raw: At least :data:`ISA_LENGTH` bytes that start with ``ISA``, or what there is of them.
        ordinal: Which ISA of the file this is, for the message.

    Raises:
        NotReadableError: If an element isn't at its fixed place or a separator can't be one.
    """
    where = f"ISA#{ordinal}"
    element = raw[3:4]
    _check_layout(raw, element, where)
    component, terminator = raw[104:105], raw[105:106]
    declared = raw[82:83]
    repetition = b""
    if raw[84:89] >= _REPETITION_SINCE and not _FORBIDDEN.match(declared):
        repetition = declared
    _check_marks([element, component, *([repetition] if repetition else [])], terminator, where)
    return Delimiters(element, component, repetition, terminator)


def _check_marks(inner: list[bytes], terminator: bytes, where: str) -> None:
    used = [*inner, terminator]
    if (
        len(set(used)) < len(used)
        or any(_FORBIDDEN.match(one) for one in used)
        or any(one in b"\r\n" for one in inner)
    ):
        raise _malformed("its separators are not different punctuation marks", where)


def _check_layout(raw: bytes, element: bytes, where: str) -> None:
    if len(raw) < ISA_LENGTH:
        raise _malformed(f"the file ends inside its {ISA_LENGTH}-byte header", where)
    place = 3
    for number, width in enumerate(_WIDTHS, 1):
        if raw[place : place + 1] != element or element in raw[place + 1 : place + 1 + width]:
            # A separator that came early belongs to this element, a late one to the one before.
            raise _malformed(
                f"the header is not the {ISA_LENGTH} bytes it must be: its elements must be "
                f"padded to their fixed lengths, and here they stop being so",
                f"{where}-{number:02}",
            )
        place += width + 1


def _malformed(detail: str, where: str) -> NotReadableError:
    return NotReadableError(Obstacle.MALFORMED, f"{detail}; send it again from its source", where)
