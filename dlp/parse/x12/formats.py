"""Naming what an interchange carries, from its ST and GS segments."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import NotReadableError
from dlp.parse.x12.delimiters import ISA_LENGTH, WELL_FORMED, Delimiters, read_isa

_GUIDES: Final = {
    "096": "837I", "097": "837D", "098": "837P",  # 4010
    "222": "837P", "223": "837I", "224": "837D",  # 5010
    "298": "837P", "299": "837I", "300": "837D",  # 5010 post-adjudicated claims data
    "323": "837I", "324": "837P", "325": "837D",  # 8020
    "214": "277CA", "167": "277CA", "364": "277CA",
}  # fmt: skip
"""Implementation guides ("X222") that say more than the number of the transaction set does."""

HEALTH_CARE: Final = frozenset(
    {"837P", "837I", "837D", "837", "835", "270", "271", "276", "277", "277CA", "278", "834"}
    | {"820", "275", "999", "997", "TA1"}
)
"""Sets whose elements we know; ``837`` is one whose guide the file doesn't name."""

_GUIDE: Final = re.compile(rb"00\d{4}X(\d{3})")
_LONGEST_PREFIX: Final = 1024
"""Bytes of a carrier's own header before the ISA that are put up with."""
_PADDED_START: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?[\r\n\t \x00]*ISA([^A-Za-z0-9\s])[A-Za-z0-9 ]{2}\1"
)


def set_name(st01: bytes, guide: bytes) -> str:
    """The name of a transaction set: ``837P``, ``835``, ``277CA`` or ``810``.

    Args:
        st01: The set's number.
        guide: ST03 where there is one, else GS08: version and implementation guide.
    """
    number = st01.decode("ascii", "replace")
    found = _GUIDE.match(guide)
    named = _GUIDES.get(found[1].decode("ascii")) if found else None
    return named if named and named.startswith(number) else number


def identify(head: bytes) -> str | None:
    """The format that a member's first bytes announce, or None if it isn't X12.

    It is that of the first transaction set; ``x12/TA1`` where there is none before the IEA, and
    ``x12/unknown`` where the head is too short or too damaged to tell.

    Args:
        head: The first bytes, at least some KiB unless the member is shorter.
    """
    if found := _PADDED_START.match(head):
        start = found.end() - 7
    elif found := WELL_FORMED.search(head, 0, _LONGEST_PREFIX + ISA_LENGTH):
        start = found.start()
    else:
        return None
    return f"x12/{_first_set(head[start:])}"


def _first_set(head: bytes) -> str:
    element = re.escape(head[3:4])
    try:
        end = re.escape(read_isa(head[:ISA_LENGTH], 1).terminator)
    except NotReadableError:
        # Damaged: the parser will say so. The name only tells an analyst what it was to be.
        end = rb"~\r\n"
    start, value = rb"[%b]\s*" % end, rb"[^%b%b]*" % (element, end)
    gs = re.search(start + rb"GS(?:%b%b){7}%b(\w+)" % (element, value, element), head)
    st = re.search(
        start + rb"ST%b(\d{3})(?:%b%b)?(?:%b(\w+))?" % (element, element, value, element), head
    )
    if st:
        return set_name(st[1], st[2] or (gs[1] if gs else b""))
    return "TA1" if re.search(start + rb"TA1" + element, head) else "unknown"


def set_of(elements: list[bytes], gs08: bytes) -> str:
    """The name of the set that an ST segment (with its name as element 0) opens."""
    st01 = elements[1] if len(elements) > 1 else b""
    st03 = elements[3] if len(elements) > 3 else b""  # noqa: PLR2004 - ST03
    return set_name(st01, st03 or gs08)


__all__ = ["HEALTH_CARE", "Delimiters", "identify", "set_name", "set_of"]
