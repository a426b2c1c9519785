"""Readable places by ordinals: ``837P ST#1 CLM#3 NTE#1-02``."""

from __future__ import annotations

from typing import Final, NamedTuple

_ANCHORS: Final[dict[str, tuple[frozenset[bytes], frozenset[bytes]]]] = {
    "837": (frozenset({b"HL", b"CLM"}), frozenset({b"LX"})),
    "835": (frozenset({b"LX", b"CLP"}), frozenset({b"SVC"})),
    "834": (frozenset({b"INS"}), frozenset({b"HD"})),
    "820": (frozenset({b"ENT"}), frozenset({b"RMR"})),
    "275": (frozenset({b"LX"}), frozenset()),
    "999": (frozenset({b"AK2"}), frozenset()),
    "997": (frozenset({b"AK2"}), frozenset()),
}
_HIERARCHY: Final[tuple[frozenset[bytes], frozenset[bytes]]] = (frozenset({b"HL"}), frozenset())
AFTER_LOOPS: Final = frozenset({b"PLB", b"SE"})
"""Segments that belong to the set, not to its last claim."""


class Anchor(NamedTuple):
    """The part of a place that all segments of a loop share."""

    prefix: str
    top: bytes = b""
    top_ordinal: int = 0
    sub: bytes = b""
    sub_ordinal: int = 0


def loops_of(number: str) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """The segments that open a transaction set's loops, and those that open loops inside them."""
    return _ANCHORS.get(number, _HIERARCHY)


def place_of(
    anchor: Anchor, name: bytes, ordinal: int, part: tuple[int, int, int] = (0, 0, 0)
) -> str:
    """The readable place of a segment by its ordinal, or of an element (component, repetition)."""
    element, component, repetition = part
    words = [anchor.prefix]
    if name in (b"ISA", b"ST"):
        return f"{anchor.prefix}-{element:02}" if element else anchor.prefix
    if anchor.top and not (anchor.top == name and not anchor.sub):
        words.append(f"{anchor.top.decode()}#{anchor.top_ordinal}")
    elif anchor.top:
        ordinal = anchor.top_ordinal
    if anchor.sub and anchor.sub != name:
        words.append(f"{anchor.sub.decode()}#{anchor.sub_ordinal}")
    elif anchor.sub:
        ordinal = anchor.sub_ordinal
    last = f"{name.decode('ascii', 'replace')}#{ordinal}"
    if element:
        last += f"-{element:02}"
    if repetition:
        last += f"[{repetition + 1}]"
    if component:
        last += f"-{component}"
    return " ".join([*words, last])
